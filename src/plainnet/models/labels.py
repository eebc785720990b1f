"""Right answers as a user gives them, and as indices of a model's classes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plainnet.data import Dataset, TargetColumn
from plainnet.data.class_matching import class_indices
from plainnet.data.class_names import class_name
from plainnet.data.target_column import numbered_targets
from plainnet.errors import DataError
from plainnet.files.schema import read
from plainnet.network import Array

Labels = Collection[Any] | Array
"""The right answer for each sample: names or whole numbers of classes, or numbers to predict; of
several targets a column for each."""
TargetNames = str | int | Sequence[str | int]
"""The name of the column of a table to predict, or the names of several."""


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


def align_targets(like: Dataset, data: Dataset) -> Dataset:
    """Return the data set with the targets and classes in the order of another; numbers stay.

    Raises:
        DataError: a target is missing, or a sample's class is not a class of the other.
    """
    if like.targets:
        return align_to(like.targets, data)
    if data.holds_numbers or data.classes == like.classes:
        return data
    return replace(data, y=right_classes(like.classes, data), classes=like.classes, labels=())


def align_to(targets: tuple[TargetColumn, ...], data: Dataset) -> Dataset:
    """Return the data set with several targets, found by their names, in this order.

    Targets that came without names are taken by their places.

    Raises:
        DataError: the data set lacks a target, or a sample's class is not among its classes.
    """
    if data.targets == targets:
        return data
    names, held = [one.name for one in targets], [one.name for one in data.targets]
    if held == list(numbered_targets(len(names))):
        held = names
    found = [name if name in held else name.rstrip("_") for name in names]  # as tables rename them
    if sorted(held) != sorted(found):
        raise DataError(
            f"{data.name} has the targets {', '.join(held)}, but the model predicts "
            f"{', '.join(names)}; give data with these."
        )
    parts = [
        (one.classes, data.of_target(held.index(name)))
        for one, name in zip(targets, found, strict=True)
    ]
    y = [right_classes(classes, part) if classes else part.y for classes, part in parts]
    return replace(data, y=np.stack(y, axis=1), targets=targets)


def read_labels(metadata: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return names and labels of the classes in a model file; older files lack labels.

    Raises:
        ValueError: they are malformed.
    """
    names: tuple[str, ...] = read(tuple[str, ...], metadata.get("classes"), "classes")
    if len(set(names)) < max(2, len(names)):
        raise ValueError(f"its classes must be two or more different names, but are {names}")
    labels: tuple[Any, ...] = read(tuple[Any, ...], metadata.get("labels", [*names]), "labels")
    if "labels" in metadata and tuple(map(class_name, labels)) != names:
        raise ValueError(f"its classes are {names!r:.80}, but their labels {labels!r:.80}")
    return names, labels
