"""Format numbers for people: 152.13, 218,543, -0.0012346, 1.2e9."""

from collections.abc import Sequence
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

DIGITS = 5
"""The number of significant digits of a number without context."""
PLAIN_BELOW, PLAIN_FROM = 1e9, 1e-4
"""The range of numbers that are written without a power of ten."""


def number(value: float, *, to: float = 0.0, digits: int = DIGITS) -> str:
    """Format a number with its significant digits.

    Args:
        value: the number; NaN becomes a dash.
        to: the smallest difference that must be visible, whatever number of digits it takes.
        digits: the number of significant digits of a fraction; integers below 1e9 keep all theirs.
    """
    value = float(value) + 0.0  # no minus in front of a zero
    if not isfinite(value):
        return "–" if value != value else f"{value}"
    if not value:
        return "0"
    power = floor(log10(abs(value)))
    if to:
        digits = min(15, max(3, power - floor(log10(abs(to))) + 1))
    from decimal import Decimal  # here, because it takes a millisecond

    if PLAIN_FROM <= abs(value) < (1e15 if digits > DIGITS else PLAIN_BELOW):
        return _plain(Decimal(f"{value:.{max(0, digits - 1 - power)}f}"))
    return _power(Decimal(f"{value:.{digits - 1}e}"))


def signed(value: float, *, to: float = 0.0, digits: int = DIGITS) -> str:
    """Format a difference like `number`, with a plus if it is above 0."""
    return f"{'+' if value > 0 else ''}{number(value, to=to, digits=digits)}"


def percent(share: float) -> str:
    """Format 0.523 as `52.3 %`.

    >>> percent(0.1234)
    '12.3 %'
    """
    return f"{100 * share:.1f} %"


def decimal(value: float) -> str:
    """Format 0.52345 as `0.523`."""
    return f"{value:.3f}"


def mean_text(mean: float, scale: float) -> str:
    """Format a mean as `218,543 ± 51,812`, with as many digits as the scale needs."""
    return f"{number(mean, to=scale / 100)} ± {number(scale)}"


def axis_numbers(values: Sequence[float]) -> list[str]:
    """Format the numbers of an axis, each exactly and all in one style."""
    from decimal import Decimal

    exact = [Decimal(repr(float(value))) for value in values]
    plain, powers = ([write(value) for value in exact] for write in (_plain, _power))
    longest, largest = max(map(len, plain), default=0), max(map(abs, exact), default=0)
    shorter = max(map(len, powers), default=0) < longest - 2
    return powers if shorter and not PLAIN_FROM <= largest < PLAIN_BELOW else plain


def _plain(value: "Decimal") -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _power(value: "Decimal") -> str:
    """Format 1200000000 as `1.2e9`, but 50 as `50`."""
    power = value.adjusted() if value else 0
    if -2 <= power <= 2:
        return _plain(value)
    return f"{_plain(value.scaleb(-power))}e{power}"
