"""The right answers in files of arrays: indices of classes, numbers, and several targets."""

from collections.abc import Sequence

import numpy as np

from plainnet.data.class_arrays import class_text, in_line
from plainnet.data.class_matching import match
from plainnet.data.class_names import MAX_FRACTIONS, Named, name_labels, plain_text
from plainnet.data.target_column import TargetColumn, numbered_targets
from plainnet.errors import DataError
from plainnet.network.arrays import Array

MOST_LABELS = 2
"""The most different values in a column of classes, if there are several targets."""


def decoded(y: Array, whose: str) -> Array:
    """Return an array whose bytes, if it holds any, are texts."""
    if y.dtype.kind != "S":
        return y
    return np.array([class_text(label, whose) for label in y.ravel().tolist()]).reshape(y.shape)


def holds_numbers(y: Array) -> bool:
    """Return whether an array holds more different fractions than there can be classes."""
    if y.dtype.kind != "f":
        return False
    different = np.unique(in_line(y))
    return int(np.count_nonzero(different != np.rint(different))) > MAX_FRACTIONS


def numbers(y: Array, whose: str) -> Array:
    """Return numbers to predict, float64 in the shape of y.

    Raises:
        DataError: y holds something else.
    """
    if y.dtype.kind not in "biuf":
        raise DataError(f"{whose} is {y.dtype}; expected numbers, as in the training part.")
    return y.astype(np.float64)


def indices(named: Named, classes: Sequence[str], whose: str) -> Array:
    """Return the index of each label's class, int64 `(N,)`.

    Raises:
        DataError: a label is not one of the classes.
    """
    places = match(named.classes, classes)
    if unknown := [label for label, k in zip(named.classes, places, strict=True) if k is None]:
        known = ", ".join(map(repr, classes[:10])) + (", …" if len(classes) > 10 else "")
        raise DataError(
            f"{whose} holds the label {min(unknown)!r}, which is not one of the classes: {known}."
        )
    return np.array(places, np.int64)[named.y]


def targets_in(y: Array, names: Array | None, whose: str) -> tuple[TargetColumn, ...]:
    """Return the targets of a training array `(N, k)`: classes, or numbers.

    Args:
        y: the array; if no column has more than two different values, they are classes.
        names: of the targets, `(k,)`; None: numbered.
        whose: the source, for messages.

    Raises:
        DataError: the names are not k different ones, or y holds texts of more than two kinds.
    """
    k, given = y.shape[1], numbered_targets(y.shape[1])
    if names is not None:
        given = tuple(plain_text(class_text(name, whose)) for name in np.ravel(names).tolist())
    if len({*given}) != k or len(given) != k:
        raise DataError(f"{whose} names {len({*given})} targets, but y has {k} columns; name each.")
    columns = decoded(y, whose).T
    if all(len(np.unique(column)) <= MOST_LABELS for column in columns):
        each = [name_labels(column, whose) for column in columns]
        return tuple(
            TargetColumn(n, one.classes, one.labels) for n, one in zip(given, each, strict=True)
        )
    if y.dtype.kind not in "biuf":
        raise DataError(
            f"{whose} holds {k} columns of texts in y, and more than two different ones in one of "
            "them; several targets are numbers, or have two classes each."
        )
    return tuple(map(TargetColumn, given))


def several(y: Array, targets: Sequence[TargetColumn], whose: str) -> Array:
    """Return the answers `(N, k)` to these targets: indices of classes, or numbers.

    Raises:
        DataError: y has another number of columns, an unknown class, or no numbers.
    """
    if y.ndim != 2 or y.shape[1] != len(targets):
        raise DataError(
            f"{whose} is {y.shape}, but there are {len(targets)} targets; expected a "
            "column for each."
        )
    if not targets[0].classes:
        return numbers(y, whose)
    columns = zip(decoded(y, whose).T, targets, strict=True)
    return np.stack([indices(name_labels(c, whose), t.classes, whose) for c, t in columns], axis=1)
