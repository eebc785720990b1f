"""What a user may hand in, turned into what a classifier works with."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe
from plainnet.errors import DataError
from plainnet.network import Array
from plainnet.pictures import (
    Dataset,
    Splits,
    picture_files,
    read_data,
    read_pictures,
    resize_pictures,
)
from plainnet.pictures.sources import DEFAULT_SIZE
from plainnet.training.stored import as_samples, not_finite

Samples = str | Path | Sequence[str | Path] | Array
"""A picture, a folder of pictures, several of either, or an array of samples."""
Labels = Sequence[Any] | Array
"""The class of each sample: names or whole numbers."""


def make_dataset(X: Any, y: Labels, classes: Sequence[str] | None = None) -> Dataset:
    """A data set of arrays.

    Args:
        X: pictures, uint8 `(N, H, W)` or `(N, H, W, C)`, or feature vectors `(N, n)`.
        y: the class of each sample.
        classes: their names in order; None: those in `y`, sorted.

    Raises:
        DataError: X and y are no data set, or y has a class that is not in `classes`.
    """
    labels = plain_labels(y)
    found, numbers = np.unique(labels, return_inverse=True)
    names = [str(name) for name in found.tolist()]
    if classes is not None:
        numbers = numbers_of(names, classes, "The array")[numbers]
    return Dataset(
        _array(X), numbers.reshape(labels.shape), tuple(classes or names), name="The array"
    )


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


def training_data(
    data: Samples | Dataset | Splits,
    y: Labels | None,
    validation: tuple[Array, Labels] | None,
    recipe: Recipe,
) -> tuple[Dataset, Dataset | None, bool]:
    """What to train on, what to watch the training with if that is given, and whether a test part
    has come with them.

    Raises:
        DataError: nothing can be learned from it.
    """
    if isinstance(data, (str, Path)) and y is None:
        data = read_data(data, size=recipe.size, grey=recipe.grey)
    if isinstance(data, (Splits, Dataset)):
        if y is not None:
            raise DataError("A data set holds its classes already; leave y out.")
        splits = data if isinstance(data, Splits) else Splits(Path(), train=data)
        train, watch, tested = splits.train, splits.validation, splits.test is not None
    elif y is None:
        raise DataError("To learn from an array of samples, give their classes too: fit(X, y).")
    else:
        train, watch, tested = make_dataset(_pictures(data, recipe), y), None, False
    if train is None:
        raise DataError("There is nothing to train on, only test data; add training samples.")
    train.check_for_training()
    if validation is not None:
        if not isinstance(validation, tuple) or len(validation) != 2:
            raise DataError("The validation data must be a pair of samples and classes, (X, y).")
        X, labels = validation
        watch = make_dataset(_pictures(X, recipe), labels, classes=train.classes)
    return _fitted(train, recipe), None if watch is None else _fitted(watch, recipe), tested


def raw_samples(samples: Samples, preprocessing: Preprocessing) -> Array:
    """Raw samples `(N, …)` as the preprocessing takes them, read and resized where needed.

    Raises:
        DataError: samples of another kind or shape than the preprocessing was made for.
        PictureError: a picture that cannot be read.
    """
    if (paths := _paths(samples)) is not None:
        return _read(paths, preprocessing)
    X = _array(samples)
    if not preprocessing.is_pictures:
        return _sound_features(preprocessing.check(X[None] if X.ndim == 1 else X))
    given = as_samples(samples)
    if X.ndim == 2 and X.shape[1] == preprocessing.mean.size:  # flattened, one a row
        X = given.reshape(-1, *preprocessing.shape)
    elif X.ndim == 2:  # one grey picture
        X = given[None, ..., None]
    X = X[None] if X.ndim == 3 else X  # one picture
    if X.dtype != np.uint8 or X.ndim != 4 or X.shape[3] not in (1, 3) or not X.size:
        raise DataError(
            "The model was trained on pictures and takes picture files, or uint8 arrays (N, height,"
            f" width, channels) with 1 or 3 channels, but got {given.dtype} {given.shape}."
        )
    X = resize_pictures(X, preprocessing.size, preprocessing.grey)
    if X.shape[3] == 1 and not preprocessing.grey:
        X = np.repeat(X, 3, axis=3)
    return preprocessing.check(X)


def _paths(samples: Any) -> list[Path] | None:
    """The files and folders, if that is what the samples are."""
    if isinstance(samples, (str, os.PathLike)):
        return [Path(samples)]
    if not isinstance(samples, (Sequence, np.ndarray)):
        return None
    if isinstance(samples, np.ndarray) and samples.dtype.kind not in "OU":
        return None
    names = samples.ravel().tolist() if isinstance(samples, np.ndarray) else list(samples)
    if names and all(isinstance(name, (str, os.PathLike)) for name in names):
        return [Path(name) for name in names]
    return None


def _read(paths: list[Path], preprocessing: Preprocessing) -> Array:
    if not preprocessing.is_pictures:
        raise DataError(
            f"The model was trained on feature vectors and takes an array "
            f"(N, {preprocessing.shape[0]}), but got the name of a file, {paths[0]}."
        )
    files = [file for path in paths for file in (picture_files(path) if path.is_dir() else [path])]
    if not files:
        raise DataError(f"There are no pictures in {paths[0]}; name a picture or another folder.")
    return read_pictures(files, preprocessing.size, preprocessing.grey)[0]


def _sound_features(X: Array) -> Array:
    if not len(X):
        raise DataError(f"There are no samples to answer for in an array of shape {X.shape}.")
    found, row, column = not_finite(X)
    if found:
        raise DataError(
            f"Features must be finite numbers, but row {row}, column {column} is {X[row][column]}; "
            "fill it in, or leave the row out."
        )
    return X


def _pictures(samples: Any, recipe: Recipe) -> Any:
    """The pictures of a list of files; what is an array already stays as it is."""
    if (paths := _paths(samples)) is None:
        return samples
    return read_pictures(paths, recipe.size or DEFAULT_SIZE, recipe.grey)[0]


def _fitted(data: Dataset, recipe: Recipe) -> Dataset:
    """Pictures of the size and colour that the recipe asks for."""
    if recipe.size is None and not recipe.grey:
        return data
    if not data.is_pictures:
        raise DataError(
            f"{data.name} holds feature vectors, which have no size and no colour; leave out size "
            "and grey."
        )
    return replace(data, X=resize_pictures(data.X, recipe.size, recipe.grey))


def _array(X: Any) -> Array:
    """Grey pictures `(N, H, W)` with their channel, feature vectors in float32."""
    try:
        array = as_samples(X)
    except ValueError:  # lists of different lengths
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise DataError(
            "Samples must be an array of numbers, all of one length, or the names of picture "
            f"files, but got {type(X).__name__} of {array.dtype}."
        )
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] not in (1, 3):
        return array.reshape(*array.shape, 1)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused
        return array.astype(np.float32, copy=False) if array.ndim <= 2 else array
