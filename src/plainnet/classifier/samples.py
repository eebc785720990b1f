"""What a user may hand in, turned into what a classifier works with."""

from collections.abc import Sequence
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

Samples = str | Path | Sequence[str | Path] | Array
"""A picture, a folder of pictures, several of either, or an array of samples."""
Labels = Sequence[Any] | Array
"""The class of each sample: names, or numbers of any kind."""


def make_dataset(X: Any, y: Labels, classes: Sequence[str] | None = None) -> Dataset:
    """A data set of arrays.

    Args:
        X: pictures, uint8 `(N, H, W)` or `(N, H, W, C)`, or feature vectors `(N, n)`.
        y: the class of each sample.
        classes: their names in order; None: those in `y`, sorted.

    Raises:
        DataError: X and y are no data set, or y has a class that is not in `classes`.
    """
    labels = np.asarray(y)
    found, numbers = np.unique(labels, return_inverse=True)
    names = [str(name) for name in found.tolist()]
    if classes is not None:
        if unknown := sorted({*names} - {*classes}):
            raise DataError(
                f"The class {unknown[0]!r} is unknown; there are {', '.join(map(repr, classes))}."
            )
        numbers = np.array([list(classes).index(name) for name in names])[numbers]
    return Dataset(
        _array(X), numbers.reshape(labels.shape), tuple(classes or names), name="the array"
    )


def training_data(
    data: Samples | Dataset | Splits,
    y: Labels | None,
    validation: tuple[Array, Labels] | None,
    recipe: Recipe,
) -> tuple[Dataset, Dataset | None]:
    """What to train on, and what to watch the training with if that is given.

    Raises:
        DataError: nothing can be learned from it.
    """
    if isinstance(data, (str, Path)):
        data = read_data(data, size=recipe.size, grey=recipe.grey)
    if isinstance(data, Splits):
        train, watch = data.train, data.validation
    elif isinstance(data, Dataset):
        train, watch = data, None
    elif y is None:
        raise DataError("To learn from an array of samples, give their classes too: fit(X, y).")
    else:
        train, watch = make_dataset(data, y), None
    if train is None:
        raise DataError("There is nothing to train on, only test data; add training samples.")
    train.check_for_training()
    if validation is not None:
        watch = make_dataset(*validation, classes=train.classes)
    return train, watch


def raw_samples(samples: Samples, preprocessing: Preprocessing) -> Array:
    """Raw samples `(N, …)` as the preprocessing takes them, read and resized where needed.

    Raises:
        DataError: samples of another kind or shape than the preprocessing was made for.
        PictureError: a picture that cannot be read.
    """
    if not isinstance(samples, np.ndarray):
        return preprocessing.check(_read(samples, preprocessing))
    X = _array(samples)
    if not preprocessing.is_pictures:
        return preprocessing.check(X[None] if X.ndim == 1 else X)
    X = X[None] if X.ndim == 3 else X  # one picture
    if X.ndim == 4 and X.shape[1:3] != preprocessing.size:
        X = resize_pictures(X, preprocessing.size)
    return preprocessing.check(X)


def _read(samples: str | Path | Sequence[str | Path], preprocessing: Preprocessing) -> Array:
    if not preprocessing.is_pictures:
        raise DataError(
            f"The model was trained on feature vectors and takes an array "
            f"(N, {preprocessing.shape[0]}), but got the name of a file."
        )
    paths = [samples] if isinstance(samples, (str, Path)) else samples
    files = [f for p in map(Path, paths) for f in (picture_files(p) if p.is_dir() else [p])]
    return read_pictures(files, preprocessing.size, preprocessing.grey)[0]


def _array(X: Any) -> Array:
    """Grey pictures `(N, H, W)` with their channel, feature vectors in float32."""
    array: Array = np.asarray(X)
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] not in (1, 3):
        return array[..., None]
    return array.astype(np.float32) if array.ndim <= 2 else array
