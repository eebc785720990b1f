"""Pictures that a user gives in any form, as a model takes them."""

import logging
import os
from collections.abc import Iterable, Sized
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.data import Dataset, PictureExtractor
from plainnet.data.mistaken import looks_like
from plainnet.errors import DataError
from plainnet.models.recipe import Recipe
from plainnet.network import Array
from plainnet.pictures import read_pictures, resize_pictures
from plainnet.pictures.decoding import DEFAULT_SIZE
from plainnet.pictures.files import is_path, is_single
from plainnet.pictures.given import array_of, in_array, numbers_in, pictures_in, stacked_arrays
from plainnet.pictures.grey import are_grey, in_grey
from plainnet.pictures.scanning import is_picture_file, left_out_line, scan

log = logging.getLogger(__name__)


def raw_pictures(samples: Any, shape: tuple[int, ...]) -> Array:
    """Return pictures uint8 `(N, *shape)`, read and resized as needed.

    Args:
        samples: as `pictures_in` takes them; a folder stands for the pictures in it.
        shape: (height, width, channels).

    Raises:
        DataError: the samples are not pictures; as `PictureError`, one cannot be read.
    """
    height, width, channels = shape
    pictures = given_pictures(samples, shape)
    if isinstance(pictures, list):
        return read_pictures(pictures, (height, width), channels == 1)[0]
    X = resize_pictures(pictures, (height, width), channels == 1)
    return np.repeat(X, 3, axis=3) if X.shape[3] < channels else X


def given_pictures(samples: Any, shape: tuple[int, ...]) -> Array | list[Any]:
    """Return pictures as `pictures_in` does, with folders replaced by their pictures.

    Raises:
        DataError: there are none.
    """
    try:
        pictures = pictures_in(samples, shape)
    except DataError as error:
        raise DataError(f"The model was trained on pictures. {error}") from error
    if not isinstance(pictures, list):
        return pictures
    found = [one for given in pictures for one in _in_folder(given)]
    for one in found:
        if mistaken := no_picture(one):
            raise DataError(mistaken)
    if not found:
        where = f"in {pictures[0]}" if pictures else "among the samples"
        raise DataError(f"There are no pictures {where}; name a picture or another folder.")
    return found


def pictures_to_learn(samples: Any, recipe: Recipe, extractor: PictureExtractor | None) -> Any:
    """Return training samples: pictures as uint8 `(N, H, W, 1 or 3)`, feature vectors unchanged.

    Arrays of one size keep it, unless the recipe asks for another. Files, and objects that stand
    for them, are read like those of a folder.

    Raises:
        DataError: pictures of an unknown form; as `PictureError`, one cannot be read.
    """
    if not is_single(samples):
        array = array_of(samples)
        if array is not None and array.dtype.kind not in "OUT":
            return _batch(array, samples)
        if array is not None and array.ndim != 1:
            return samples
        if array is None and not isinstance(samples, Iterable):
            raise DataError(
                "Samples must be an array of numbers, pictures, a path or a table, but got "
                f"{samples!r:.60}."
            )
        items = list(samples) if array is None else array.tolist()
        array = numbers_in(items)
        if array is None:
            array = stacked_arrays(items)
        if array is not None:
            return _batch(array, array)
        if not any(is_single(item) or array_of(item) is not None for item in items):
            return samples if isinstance(samples, Sized) else items
        samples = items
    pictures = pictures_in(samples)
    if not isinstance(pictures, list):
        return pictures
    if extractor is None:
        return read_pictures(pictures, recipe.size or DEFAULT_SIZE, recipe.grey)[0]
    height, width, channels = extractor.shape
    return read_pictures(pictures, (height, width), channels == 1)[0]


def grey_if_all_are(data: Dataset) -> Dataset:
    """Reduce a data set whose pictures are all grey to one channel, and log a warning."""
    if not data.is_pictures or data.X.shape[3] == 1 or not are_grey(data.X):
        return data
    log.warning(
        "%s holds grey pictures only: the training uses one channel, and pictures in colour will "
        "be turned grey, as with grey=True or --grey.",
        data.name,
    )
    return replace(data, X=in_grey(data.X))


def _batch(array: Array, samples: Any) -> Any:
    """Return an array of pictures as uint8 `(N, H, W, 1 or 3)`, anything else unchanged."""
    if array.ndim not in (3, 4) or not array.size or array.dtype.kind not in "biuf":
        return samples
    try:
        return in_array(array, batch=True)
    except DataError as error:
        raise DataError(f"{error} Or give feature vectors, X.reshape(len(X), -1).") from error


def no_picture(given: Any) -> str | None:
    """Return a sentence if `given` is the path of a table or arrays, else None."""
    is_other = is_path(given) and not is_picture_file(os.fsdecode(given))
    found = looks_like(given) if is_other else None
    if found in (None, "a picture", "a folder of pictures"):
        return None
    path = os.fsdecode(given)
    return f"The model was trained on pictures, but {path} is {found}; give it pictures."


def _in_folder(given: Any) -> list[Any]:
    """Return the pictures in a folder, or `given` itself."""
    is_folder = is_path(given) and os.path.isdir(given)  # noqa: PTH112 - which never raises
    if not is_folder:
        return [given]
    inside, left_out = scan(given)
    if left_out:
        log.warning("Left out of %s: %s.", given, left_out_line(left_out, Path(given)))
    return [*inside]
