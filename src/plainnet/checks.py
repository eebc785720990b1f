"""Argument checks: validate on entry, so that the code behind can assume valid values."""

import math
import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from plainnet.errors import SettingError


def plain(value: Any) -> Any:
    """Convert a NumPy scalar, or an array without dimensions, to Python's own type."""
    alone = hasattr(value, "item") and getattr(value, "ndim", None) == 0
    return value.item() if alone else value


def of_python(value: Any) -> Any:
    """Convert scalars and sequences, also NumPy's, to Python's own numbers, texts and tuples."""
    value = value.tolist() if hasattr(value, "tolist") else value
    plain = isinstance(value, tuple) and not any(hasattr(one, "tolist") for one in value)
    return tuple(map(of_python, value)) if isinstance(value, (list, tuple)) and not plain else value


def is_same(value: Any, other: Any) -> bool:
    """Return whether both are equal and have the same types, also inside of containers."""
    if type(value) is not type(other):
        return False
    if isinstance(value, Mapping):
        return is_same((*value.items(),), (*other.items(),))
    if isinstance(value, tuple):
        return len(value) == len(other) and all(map(is_same, value, other))
    return bool(value == other)


def check_number(name: str, value: float, interval: str) -> float:
    """Return a number as a plain float, if it lies in an interval: `[0, 1)`, `(0, inf)`, ….

    An np.float64 in a formula would turn a float32 step into a slow float64 one.

    Raises:
        SettingError: `value` is not a number, or lies outside of the interval.
    """
    value = plain(value)
    low, high = (float(bound) for bound in interval[1:-1].split(","))
    try:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        number = float(value) if is_number else math.nan
    except OverflowError:  # an integer larger than any float
        number = math.inf
    inside = (number > low or (interval[0] == "[" and number == low)) and (
        number < high or (interval[-1] == "]" and number == high)
    )
    if not inside:
        raise SettingError(f"The {name} must be a number in {interval}, but got {value!r}.")
    return number


def check_whole(name: str, value: int, least: int) -> int:
    """Return a number as a plain int, if it is a whole number ≥ `least`.

    Raises:
        SettingError: `value` is something else.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SettingError(f"The {name} must be a whole number ≥ {least}, but got {value!r}.")
    return int(value)


def check_flag(name: str, value: bool) -> bool:
    """Return a boolean as a plain bool.

    Raises:
        SettingError: `value` is something else.
    """
    value = plain(value)
    if not isinstance(value, bool):
        raise SettingError(f"{name} must be True or False, but got {value!r}.")
    return value


def check_path(path: Any, way_out: str) -> Path:
    """Return a path, with `~` as the home folder.

    Raises:
        SettingError: `path` is not a path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise SettingError(
            f"A path is expected, a text or a Path, but got {path!r:.60}; {way_out}."
        )
    return at_home(path)


def at_home(path: str | os.PathLike[str]) -> Path:
    """Replace `~` by the home folder; a name such as `~$draft.csv` is not changed."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser fails on such a name


def either(names: Iterable[str]) -> str:
    """Join names as `a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}"


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """Return ` (did you mean 'hidden'?)` for a message if a known name is close, else ""."""
    from difflib import get_close_matches  # only for an error

    close = get_close_matches(str(given), [*known], 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
