"""Classes as files of arrays hold them: names that may be bytes, numbers that may be a column."""

from typing import Any

import numpy as np

from plainnet.data.class_names import Label, class_name, name_labels
from plainnet.errors import DataError
from plainnet.network.arrays import Array


def class_text(name: Any, whose: str) -> str:
    """The name of a class as a file of arrays holds it: UTF-8, a text or a number.

    Raises:
        DataError: it is something else.
    """
    try:
        return class_name(name.decode() if isinstance(name, bytes) else name)
    except UnicodeDecodeError:
        why = "is not UTF-8; save the names of the classes as UTF-8, or as texts"
    except ValueError:
        why = "names no class; save the names of the classes as texts"
    raise DataError(f"{whose} holds {name!r:.60}, which {why}.")


def class_labels(classes: Array, whose: str) -> tuple[Label, ...]:
    """The classes that a file of arrays lists: names, or where it has numbers these.

    Raises:
        DataError: they are something else.
    """
    given = np.ravel(classes).tolist()
    named = [class_text(one, whose) for one in given]
    plain = zip(given, named, strict=True)
    return tuple(name if isinstance(one, (bytes, str)) else one for one, name in plain)


def class_numbers(y: Array, whose: str) -> Array:
    """Numbers of classes from 0 on, as a file of arrays holds them: int64 `(N,)`.

    Raises:
        DataError: they are something else.
    """
    named = name_labels(in_line(y), whose)
    if not all(isinstance(label, (bool, int, float)) and label == int(label) for label in named[2]):
        raise DataError(
            f"{whose} is {y.dtype}; expected the number of each sample's class, from 0 on."
        )
    return np.array([int(label) for label in named.labels], np.int64)[named.y]


def in_line(y: Array) -> Array:
    """A row or a column of labels as one line of them."""
    return y.ravel() if y.size == max(y.shape, default=0) else y
