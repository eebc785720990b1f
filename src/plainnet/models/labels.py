"""What is right for each sample, as a user says it and as a model numbers it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plainnet.data import Dataset
from plainnet.data.class_matching import class_indices
from plainnet.network import Array

Labels = Collection[Any] | Array
"""What is right for each sample: of classes names or whole numbers, of a regression numbers."""


def right_classes(classes: Sequence[str], data: Dataset) -> Array:
    """The class of each sample, numbered as in `classes`, int64 `(N,)`.

    Raises:
        DataError: samples of a class that is not in `classes`.
    """
    if data.classes == tuple(classes):
        return data.y
    present = np.unique(data.y)
    places = np.zeros(len(data.classes), np.int64)
    places[present] = class_indices([data.classes[k] for k in present], classes, data.name)
    y: Array = places[data.y]
    return y


def align_classes(classes: Sequence[str], data: Dataset) -> Dataset:
    """The data set with its classes numbered as in `classes`; of numbers to predict as it is.

    Raises:
        DataError: samples of a class that is not in `classes`.
    """
    if data.holds_numbers or data.classes == tuple(classes):
        return data
    return replace(data, y=right_classes(classes, data), classes=tuple(classes), labels=())
