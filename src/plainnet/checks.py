"""Settings are checked at the door, declaratively, so that the code behind it can be naked."""

import math
from numbers import Integral, Real

from plainnet.errors import SettingError


def check_number(name: str, value: float, interval: str) -> None:
    """Refuse a number outside of an interval, written as in mathematics: `[0, 1)`, `(0, inf)`.

    Raises:
        SettingError: `value` is no number, NaN, or outside.
    """
    low, high = (float(bound) for bound in interval[1:-1].split(","))
    inside = (
        isinstance(value, Real)
        and not math.isnan(value)
        and (value > low or (interval[0] == "[" and value == low))
        and (value < high or (interval[-1] == "]" and value == high))
    )
    if not inside:
        raise SettingError(f"The {name} must be a number in {interval}, but got {value!r}.")


def check_whole(name: str, value: int, least: int) -> None:
    """Refuse anything but a whole number ≥ `least`.

    Raises:
        SettingError: `value` is something else.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SettingError(f"The {name} must be a whole number ≥ {least}, but got {value!r}.")
