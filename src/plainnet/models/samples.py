"""Samples in all forms that a user may give, as data sets."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, cast

import numpy as np

from plainnet.data import Dataset, PictureExtractor, Splits, TargetColumn, read_data
from plainnet.data.class_matching import class_indices
from plainnet.data.class_names import check_few_fractions, name_labels, plain_text
from plainnet.data.target_column import numbered_targets
from plainnet.errors import DataError
from plainnet.files.rows import as_samples
from plainnet.models.class_weights import without_0
from plainnet.models.features import Features, extractor_of
from plainnet.models.labels import Labels
from plainnet.models.picture_samples import (
    grey_if_all_are,
    pictures_to_learn,
)
from plainnet.models.recipe import Recipe
from plainnet.models.swapped import check_order, shape_of
from plainnet.network import Array
from plainnet.network.numbers import unmasked
from plainnet.pictures import resize_pictures

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

OF_PICTURES = ("backbone", "patches")
"""The kinds of inputs whose features are those of pictures."""

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


def training_data(
    data: Samples | Dataset | Splits,
    y: Labels | None,
    validation: Any,
    recipe: Recipe,
    make: Callable[..., Dataset],
    features: Features | None = None,
    weights: Any = None,
) -> tuple[Dataset, Dataset | None, bool]:
    """Return training samples, validation samples if given, and whether there are test samples.

    `make` makes data sets of arrays. Samples of weight 0 are left out.

    Raises:
        DataError: the data cannot be trained on.
    """
    extractor = extractor_of(features, recipe)
    if isinstance(data, (str, Path)) and y is None:
        data = _read(data, recipe, extractor)
    if isinstance(data, (Splits, Dataset)):
        if y is not None:
            raise DataError("A data set already holds its classes or numbers; leave y out.")
        splits = data if isinstance(data, Splits) else Splits(Path(), train=data)
        train, watch, tested = splits.train, splits.validation, splits.test is not None
    elif y is None:
        raise _no_answers(data)
    else:
        check_order(data, y)
        train = make(pictures_to_learn(data, recipe, extractor), y)
        watch, tested = None, False
    if train is None:
        raise DataError("There is nothing to train on, only test data; add training samples.")
    if weights is not None:
        train = replace(train, weights=unmasked(weights, "The array of weights"))
    train = train.counted()
    train.check_for_training()
    train = _fitted(train, recipe, extractor)
    if extractor is not None:  # the one that has learned from the training samples
        extractor = cast("PictureExtractor", train.extractor)
    if validation is not None:
        watch = _validation(validation, recipe, extractor, partial(make, like=train))
    watch = None if watch is None else _fitted(watch.counted(), recipe, extractor)
    one_channel = grey_if_all_are(train)
    if one_channel is not train and watch is not None and watch.is_pictures:
        watch = replace(watch, X=resize_pictures(watch.X, grey=True))
    return one_channel, watch, tested


def _no_answers(data: Any) -> DataError:
    """Return the error for samples without right answers."""
    from plainnet.tables.in_memory import has_names  # only for a message

    if has_names(data):
        return DataError(
            "To train on a table, name the column to predict, fit(data, target=…), or give it "
            "separately, fit(X, y)."
        )
    return DataError(
        "To train on an array of samples, also give the class or number of each: fit(X, y)."
    )


def _read(path: str | Path, recipe: Recipe, extractor: PictureExtractor | None) -> Splits:
    if extractor is not None:
        return extractor.read(path)
    return read_data(path, size=recipe.size, grey=recipe.grey)


def _validation(
    given: Any,
    recipe: Recipe,
    extractor: PictureExtractor | None,
    make: Callable[[Any, Labels], Dataset],
) -> Dataset:
    """Return the validation samples; of a path its validation part, or its only one."""
    if isinstance(given, (str, Path)):
        given = _read(given, recipe, extractor)
    if isinstance(given, Splits):
        given = given.validation or given.train or given.test
        if given is None:
            raise DataError("The validation data hold no samples; add some.")
    if isinstance(given, Dataset):
        return given
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise DataError(
            "The validation data must be samples with classes or numbers, (X, y) or "
            f"(X, y, weights), a path or a data set, but got {type(given).__name__}."
        )
    X, y, *rest = given
    check_order(X, y)
    weights, X, y = without_0(rest[0] if rest else None, X, y)
    made = make(pictures_to_learn(X, recipe, extractor), y)
    return (
        made
        if weights is None
        else replace(made, weights=unmasked(weights, "The array of weights"))
    )


def _fitted(data: Dataset, recipe: Recipe, extractor: PictureExtractor | None) -> Dataset:
    """Resize pictures as the recipe asks, or extract their features."""
    if extractor is not None:
        return data if data.extractor is extractor else extractor.of(data)
    made_of_pictures = data.extractor is not None and data.extractor.inputs in OF_PICTURES
    if made_of_pictures or (recipe.size is None and not recipe.grey):
        return data
    if not data.is_pictures:
        raise DataError(
            f"{data.name} holds feature vectors, which have no size and no colour; leave out size "
            "and grey."
        )
    return replace(data, X=resize_pictures(data.X, recipe.size, recipe.grey))


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
