"""How numbers are written wherever a person reads them: 152.13, 218,543, -0.0012346, 1.2e9."""

from collections.abc import Sequence
from decimal import Decimal
from math import floor, isfinite, log10

DIGITS = 5
"""Of a number that stands alone."""
LARGE, SMALL = 1e9, 1e-4
"""From the one on, and below the other, numbers are powers of ten."""


def number(value: float, *, to: float = 0.0, digits: int = DIGITS) -> str:
    """A number with the digits that count.

    Args:
        value: the number; NaN is a dash.
        to: differences of this size have to be seen, however many digits that takes, and smaller
            ones not.
        digits: that count, of a fraction; whole numbers up to 1e9 are written whole.
    """
    value = float(value) + 0.0  # no minus in front of a zero
    if not isfinite(value):
        return "–" if value != value else f"{value}"
    if not value:
        return "0"
    power = floor(log10(abs(value)))
    if to:
        digits = min(15, max(3, power - floor(log10(abs(to))) + 1))
    if SMALL <= abs(value) < (1e15 if digits > DIGITS else LARGE):
        return _plain(Decimal(f"{value:.{max(0, digits - 1 - power)}f}"))
    return _power(Decimal(f"{value:.{digits - 1}e}"))


def signed(value: float, *, to: float = 0.0, digits: int = DIGITS) -> str:
    """A difference: as `number`, with a plus where it is above 0."""
    return f"{'+' if value > 0 else ''}{number(value, to=to, digits=digits)}"


def percent(share: float) -> str:
    """0.523 → `52.3 %`."""
    return f"{100 * share:.1f} %"


def decimal(value: float) -> str:
    """0.52345 → `0.523`."""
    return f"{value:.3f}"


def mean_text(mean: float, scale: float) -> str:
    """`218,543 ± 51,812`: the mean with as many digits as the scale calls for."""
    return f"{number(mean, to=scale / 100)} ± {number(scale)}"


def axis_numbers(values: Sequence[float]) -> list[str]:
    """The numbers beside an axis, each exact and all in one style."""
    exact = [Decimal(repr(float(value))) for value in values]
    plain, powers = ([write(value) for value in exact] for write in (_plain, _power))
    longest, largest = max(map(len, plain), default=0), max(map(abs, exact), default=0)
    shorter = max(map(len, powers), default=0) < longest - 2
    return powers if shorter and not SMALL <= largest < LARGE else plain


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _power(value: Decimal) -> str:
    """1200000000 → `1.2e9`; 50 → `50`, for powers are for what is large or small."""
    power = value.adjusted() if value else 0
    if -2 <= power <= 2:
        return _plain(value)
    return f"{_plain(value.scaleb(-power))}e{power}"
