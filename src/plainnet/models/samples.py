"""Samples in all forms that a user may give, as data sets."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from plainnet.data import Dataset, TargetColumn
from plainnet.data.class_matching import class_indices
from plainnet.data.class_names import check_few_fractions, name_labels, plain_text
from plainnet.data.target_column import numbered_targets
from plainnet.errors import DataError
from plainnet.files.rows import as_samples
from plainnet.models.labels import Labels
from plainnet.models.swapped import shape_of
from plainnet.network import Array
from plainnet.network.numbers import unmasked

if TYPE_CHECKING:
    from PIL import Image

    from plainnet.tables import Table

REMEDIES: Mapping[str, str] = {
    "O": "; np.asarray(X, float) converts objects that are numbers",
    "M": "; X.astype(float) converts dates; in a data frame they can stay dates",
    "m": "; X.astype(float) converts durations",
    "U": "; np.asarray(X, float) converts texts that are numbers",
}
"""The remedy for an array that does not hold numbers, by the kind of its dtype."""

Samples = Union[
    str, os.PathLike[str], "Image.Image", Iterable[Any], Array, Mapping[str, Any], "Table", Dataset
]
"""A picture in any form (a path, the content of a file, an open file, an image of Pillow, an
array), a folder of pictures, several of these, or an array of samples; of a model that was trained
on a table a table: a file, a data frame, columns by name, or rows; or a data set."""


def make_dataset(X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
    """Make a data set of arrays, with a class for each sample, or one for each of several targets.

    Args:
        X: pictures, uint8 `(N, H, W)` or `(N, H, W, C)`, or feature vectors `(N, n)`.
        y: the class of each sample `(N,)`, or a column for each target `(N, k)`.
        like: the training data, whose classes these are; None: those in `y`, sorted.

    Raises:
        DataError: X and y are not a data set, or y has a class that is not in `like`.
    """
    y = unmasked(y, "y", always=False)
    if (columns := columns_in(y)) is not None:
        return _with_several(X, columns, names_for(column_labels(y), columns.shape[1], like))
    numbers, names, labels = named = name_labels(y, "y")
    if like is not None:
        numbers = class_indices(names, like.classes, "y")[numbers]
        return Dataset(as_array(X), numbers, like.classes, name="The array")
    check_few_fractions(named, "y")
    return Dataset(as_array(X), numbers, names, name="The array", labels=labels)


def _with_several(X: Any, columns: Array, names: tuple[str, ...]) -> Dataset:
    """Make a data set of arrays with a class for each of several targets."""
    each = [name_labels(column, "y") for column in columns.T]
    known = zip(names, each, strict=True)
    targets = tuple(TargetColumn(name, one.classes, one.labels) for name, one in known)
    numbers = np.stack([one.y for one in each], axis=1)
    return Dataset(as_array(X), numbers, name="The array", targets=targets)


def columns_in(y: Any) -> Array | None:
    """Return right answers to several targets as an array `(N, k)`; None for a single one."""
    if len(shape_of(y)) != 2:
        return None
    try:
        columns = np.asarray(y)
    except ValueError:  # lists of different lengths
        return None
    return columns if columns.ndim == 2 and columns.shape[1] > 1 else None


def make_numbers(X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
    """Make a data set of arrays with a number, or several, to predict for each sample.

    The targets of `like` name those that come without a name.

    Raises:
        DataError: X and y are not such a data set.
    """
    named, y = column_labels(y), unmasked(y, "y", always=False)
    try:
        numbers = np.asarray(y)
    except ValueError:  # lists of different lengths
        numbers = np.array(None)
    if numbers.dtype.kind not in "biuf":
        raise DataError(
            f"A regressor predicts a number for each sample, but y is {numbers.dtype} "
            f"{numbers.shape}; give numbers, or use a Classifier for classes."
        )
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.ndim != 2 or not numbers.shape[1]:
        target = (like and like.target) or "y"
        return Dataset(as_array(X), numbers, name="The array", target=target)
    targets = tuple(map(TargetColumn, names_for(named, numbers.shape[1], like)))
    return Dataset(as_array(X), numbers, name="The array", targets=targets)


def names_for(named: tuple[str, ...], n: int, like: Dataset | None) -> tuple[str, ...]:
    """Return the names of n targets: their own, else those of `like`, else numbered ones.

    Raises:
        DataError: two have the same name.
    """
    if len({*named}) < len(named):
        raise DataError(f"The columns of y must have different names, but are {', '.join(named)}.")
    known = tuple(one.name for one in like.targets) if like else ()
    return named or (known if len(known) == n else numbered_targets(n))


def column_labels(y: Any) -> tuple[str, ...]:
    """Return the names of a data frame's columns if all are texts; else ()."""
    labels = getattr(y, "columns", ())
    texts = all(isinstance(label, str) for label in labels)
    return tuple(map(plain_text, labels)) if texts else ()


def as_array(X: Any) -> Array:
    """Return samples as an array, grey pictures `(N, H, W)` with their channel."""
    named = isinstance(X, Mapping) or (hasattr(X, "columns") and not hasattr(X, "__array__"))
    try:
        array = np.array(None) if named else as_samples(X)
    except DataError:  # a ValueError, too
        raise
    except ValueError:  # lists of different lengths
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        remedy = REMEDIES.get(array.dtype.kind, "")
        raise DataError(
            "Samples must be an array of numbers, all of one length, or the names of picture "
            f"files, but got {type(X).__name__} of {array.dtype}{remedy}."
        )
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] not in (1, 3):
        return array.reshape(*array.shape, 1)
    return array.astype(np.uint8) if array.dtype.kind == "b" and array.ndim <= 2 else array
