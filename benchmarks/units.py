"""Numbers as people read them."""

from typing import Protocol


class _Spread(Protocol):
    @property
    def median(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def digits(value: float) -> str:
    """Three digits, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def time_text(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= factor:
            return f"{digits(seconds / factor)} {unit}"
    return f"{digits(seconds / 1e-6)} µs"


def times_text(spread: _Spread) -> str:
    """A median with least and most in the same unit."""
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, factor = next((u for u in units if spread.median >= u[1]), units[-1])
    return f"{digits(spread.median / factor)} {unit}{_range(spread, factor)}"


def _range(spread: _Spread, factor: float = 1.0) -> str:
    """Least and most, if there is more than one."""
    if spread.low == spread.high:
        return ""
    return f" ({digits(spread.low / factor)}–{digits(spread.high / factor)})"


def bytes_text(value: float) -> str:
    return f"{digits(value / 1e6)} MB"


def ratio_text(ratio: _Spread) -> str:
    return f"{digits(ratio.median)}×{_range(ratio)}"


def rate_text(per_second: float) -> str:
    """Multiply-adds a second, in thousands of millions."""
    return digits(per_second / 1e9)
