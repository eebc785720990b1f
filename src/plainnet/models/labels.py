"""Right answers as a user gives them, and as indices of a model's classes."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plainnet.data import Dataset
from plainnet.data.class_matching import class_indices
from plainnet.network import Array

Labels = Collection[Any] | Array
"""The right answer for each sample: names or whole numbers of classes, or numbers to predict."""


def right_classes(classes: Sequence[str], data: Dataset) -> Array:
    """Return the class of each sample as an index of `classes`, int64 `(N,)`.

    Raises:
        DataError: a sample's class is not in `classes`.
    """
    if data.classes == tuple(classes):
        return data.y
    present = np.unique(data.y)
    places = np.zeros(len(data.classes), np.int64)
    places[present] = class_indices([data.classes[k] for k in present], classes, data.name)
    y: Array = places[data.y]
    return y


def align_classes(classes: Sequence[str], data: Dataset) -> Dataset:
    """Return the data set with the classes in the order of `classes`; numbers stay.

    Raises:
        DataError: a sample's class is not in `classes`.
    """
    if data.holds_numbers or data.classes == tuple(classes):
        return data
    return replace(data, y=right_classes(classes, data), classes=tuple(classes), labels=())
