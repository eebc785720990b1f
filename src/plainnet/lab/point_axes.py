"""What the two axes of the plane, and the targets, are in the table that points came from."""

from typing import Any

from plainnet.checks import check_number
from plainnet.errors import SettingError

Axes = tuple[tuple[Any, ...], ...]
"""The name of a column with its middle and its unit, for x, for y and for a number as target; for
classes the name of the target with those of the classes. () if points came from no table."""
MOST_NAME = 100
"""The largest length of a name."""


def checked_axes(axes: Any) -> Axes:
    """Return the axes, checked.

    Raises:
        SettingError: they are no axes.
    """
    if not isinstance(axes, tuple | list) or len(axes) not in (0, 3):
        raise _refused(axes)
    return tuple(_checked(axis, i == 2) for i, axis in enumerate(axes))


def _checked(axis: Any, is_target: bool) -> tuple[Any, ...]:
    if not isinstance(axis, tuple | list) or not 2 <= len(axis) <= 6:
        raise _refused(axis)
    name, *rest = axis
    texts = [name, *rest] if is_target and isinstance(rest[0], str) else [name]
    if not all(isinstance(text, str) and len(text) <= MOST_NAME for text in texts):
        raise _refused(axis)
    if len(texts) > 1:
        return tuple(texts)
    if len(rest) != 2:
        raise _refused(axis)
    middle = check_number("middle of an axis", rest[0], "(-inf, inf)")
    return name, middle, check_number("unit of an axis", rest[1], "(0, inf)")


def _refused(axes: Any) -> SettingError:
    return SettingError(
        "The axes must be those of x, y and the target, each with its name, middle and unit, or "
        f"the names of the classes, but got {axes!r:.60}."
    )
