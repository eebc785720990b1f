"""Classes in files of arrays: names that may be bytes, numbers that may be a column."""

from typing import Any

import numpy as np

from plainnet.data.class_names import Label, class_name, name_labels
from plainnet.errors import DataError
from plainnet.network.arrays import Array


def class_text(name: Any, whose: str) -> str:
    """Return the name of a class in a file of arrays: UTF-8 bytes, a text or a number.

    Raises:
        DataError: the name is something else.
    """
    try:
        return class_name(name.decode() if isinstance(name, bytes) else name)
    except UnicodeDecodeError:
        why = "is not UTF-8; save the names of the classes as UTF-8, or as texts"
    except ValueError:
        why = "is not the name of a class; save the names of the classes as texts"
    raise DataError(f"{whose} holds {name!r:.60}, which {why}.")


def class_labels(classes: Array, whose: str) -> tuple[Label, ...]:
    """Return the classes that a file of arrays lists, as texts or numbers.

    Raises:
        DataError: the classes are something else.
    """
    given = np.ravel(classes).tolist()
    named = [class_text(one, whose) for one in given]
    plain = zip(given, named, strict=True)
    return tuple(name if isinstance(one, (bytes, str)) else one for one, name in plain)


def class_numbers(y: Array, whose: str) -> Array:
    """Return indices of classes from a file of arrays: int64 `(N,)`, from 0.

    Raises:
        DataError: the labels are something else.
    """
    named = name_labels(in_line(y), whose)
    if not all(isinstance(label, (bool, int, float)) and label == int(label) for label in named[2]):
        raise DataError(f"{whose} is {y.dtype}; expected the index of each sample's class, from 0.")
    return np.array([int(label) for label in named.labels], np.int64)[named.y]


def in_line(y: Array) -> Array:
    """Return a row or a column of labels as a one-dimensional array."""
    return y.ravel() if y.size == max(y.shape, default=0) else y
