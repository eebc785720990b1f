"""One of several targets of a data set."""

from typing import NamedTuple

from plainnet.data.class_names import Label


class TargetColumn(NamedTuple):
    """The name of one of several targets, and its classes if it is a class."""

    name: str
    classes: tuple[str, ...] = ()
    """The name of each class, by its index; () for a number."""
    labels: tuple[Label, ...] = ()
    """The original labels of the classes; () if they are the names."""


def numbered_targets(n: int) -> tuple[str, ...]:
    """Return the names of n targets that came without names."""
    return tuple(f"y {i}" for i in range(n))
