"""A check for samples and right answers in the wrong order."""

import math
import os
from collections.abc import Mapping
from typing import Any

from plainnet.errors import DataError
from plainnet.pictures.files import is_single


def check_order(samples: Any, y: Any) -> None:
    """Raise a DataError if the shapes show that y came before the samples."""
    first, second = (shape_of(part) for part in (samples, y))
    if (
        len(first) == 1
        and len(second) > 1
        and math.prod(second[1:]) > 1
        and not _are_files(samples)
        and not _are_named(samples)
    ):
        raise DataError(
            f"The samples come first and their answers second, (X, y), but the first is of shape "
            f"{first} and the second {second}; swap them."
        )


def shape_of(part: Any) -> tuple[int, ...]:
    """Return the shape of an array, or of lists by their first elements."""
    if isinstance(part, (list, tuple)):
        return (len(part), *(shape_of(part[0]) if part else ()))
    if isinstance(part, Mapping):
        return (len(part),)
    return tuple(getattr(part, "shape", ()))


def _are_files(samples: Any) -> bool:
    first = samples[0] if isinstance(samples, (list, tuple)) and samples else None
    if isinstance(first, str):  # which may be the name of a class
        return os.path.exists(first)  # noqa: PTH110 - which never raises
    return is_single(first)


def _are_named(samples: Any) -> bool:
    """Whether samples are columns by name, rows of these, or a structured array."""
    first = samples[0] if isinstance(samples, (list, tuple)) and samples else samples
    return isinstance(first, Mapping) or bool(getattr(getattr(first, "dtype", None), "names", None))
