"""What is right for each sample, as a user says it and as a model numbers it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plainnet.errors import DataError
from plainnet.network import Array
from plainnet.pictures import Dataset

Labels = Sequence[Any] | Array
"""What is right for each sample: of classes names or whole numbers, of a regression numbers."""


def plain_labels(y: Labels) -> Array:
    """Labels as an array of whole numbers or of strings.

    Raises:
        DataError: they are something else, such as fractions or None.
    """
    try:
        labels = np.asarray(y)
    except ValueError:  # lists of different lengths
        labels = np.array(None)
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels.flat):
        return labels.astype(str)
    if labels.dtype.kind == "b":
        return labels.astype(str)
    if labels.dtype.kind == "f" and labels.size and (labels == np.rint(labels)).all():
        return labels.astype(np.int64)
    if labels.dtype.kind not in "iuU":
        raise DataError(
            f"The class of each sample must be a name or a whole number, but y is {labels.dtype} "
            f"{labels.shape}; name the classes, or number them from 0 on."
        )
    return labels


def numbers_of(names: Sequence[str], classes: Sequence[str], whose: str) -> Array:
    """The place of each name in `classes`, which a DataError names if there is none."""
    if unknown := sorted({*names} - {*classes}):
        known = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
        raise DataError(
            f"{whose} holds the class {unknown[0]!r}, but the model knows only {known}; leave its "
            "samples out, or train with them."
        )
    return np.array([list(classes).index(name) for name in names], np.int64)


def right_classes(classes: Sequence[str], data: Dataset) -> Array:
    """The class of each sample, numbered as in `classes`, int64 `(N,)`.

    Raises:
        DataError: samples of a class that is not in `classes`.
    """
    present = np.unique(data.y)
    places = np.zeros(len(data.classes), np.int64)
    places[present] = numbers_of([data.classes[k] for k in present], classes, data.name)
    y: Array = places[data.y]
    return y


def numbered_as(classes: Sequence[str], data: Dataset) -> Dataset:
    """The data set with its classes numbered as in `classes`; of numbers to predict as it is.

    Raises:
        DataError: samples of a class that is not in `classes`.
    """
    if data.target is not None or data.classes == tuple(classes):
        return data
    return replace(data, y=right_classes(classes, data), classes=tuple(classes))
