"""Pictures as function arguments: one or many, in any form, by one rule.

A path, the content of a file, an open file or a Pillow image is one picture. A list or another
iterable holds pictures in any of these forms. For an array, the shape decides:

| shape | meaning |
|---|---|
| `(H, W)` | a grey picture; or flattened ones, if a row is as long as a picture of the model |
| `(H, W, C)`, C from 1 to 4 | one picture: grey, grey and alpha, RGB, RGBA |
| `(N, H, W)` | N grey pictures |
| `(N, H, W, C)`, C from 1 to 4 | N pictures |
| `(N, C, H, W)`, C 1, 3 or 4, W above 4 | N pictures, in PyTorch's order |

So `(3, H, W)` means three grey pictures. Because it could also be one colour picture with its
channels first, a model of colour pictures refuses it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AnySet
from typing import Any, cast

import numpy as np
from PIL import Image

from plainnet.errors import DataError, PictureError
from plainnet.files.rows import MemoryMappedRows, as_samples
from plainnet.network.arrays import Array, Shape
from plainnet.network.numbers import is_masked_array, unmasked
from plainnet.pictures.decoding import in_mode
from plainnet.pictures.files import is_single
from plainnet.pictures.opening import eight_bits

CHANNELS = (1, 2, 3, 4)
_EXPECTED = (
    "Pictures are files, their content, open files, Pillow images, or arrays of numbers (height,"
    " width), (height, width, channels) or (N, height, width, channels) with 1 to 4 channels"
)


def pictures_in(samples: Any, shape: Shape = (0, 0, 0)) -> Array | list[Any]:
    """Return the pictures in an argument as an array, or as a list of single pictures.

    Args:
        samples: pictures in any form.
        shape: (height, width, channels) of the model's pictures.

    Returns:
        uint8 `(N, H, W, 1 or 3)`, or a list of arguments for `read_picture`.

    Raises:
        DataError: the samples are not pictures.
    """
    if is_single(samples):
        return [samples]
    array = array_of(samples)
    if array is None:
        items = _items(samples)
        array = numbers_in(items)
        stacked = None if array is not None else stacked_arrays(items)
        if stacked is not None and not _are_rows(stacked[0], shape):
            return in_array(stacked, shape, batch=True)
        if array is None:
            return [one for item in items for one in pictures_in(item, shape)]
    if array.dtype.kind in "OUT":  # paths or images
        return pictures_in(array.ravel().tolist(), shape)
    return in_array(array, shape)


def in_array(array: Array, shape: Shape = (0, 0, 0), batch: bool = False) -> Array:
    """Return an array of pictures as uint8 `(N, H, W, 1 or 3)`, transparent pixels on white.

    Args:
        array: an array of numbers.
        shape: (height, width, channels) of the model's pictures.
        batch: whether the first axis counts pictures.

    Raises:
        DataError: the array does not hold pictures.
    """
    X = array
    if _are_rows(X, shape):
        X = X.reshape(-1, *shape[:2], X.shape[-1] // math.prod(shape[:2]))
    elif X.ndim == 2 and not batch:
        X = X[None, ..., None]
    elif X.ndim == 3 and not batch and X.shape[2] in CHANNELS:
        X = X[None]
    elif X.ndim == 3:
        if shape[2] == 3 and X.shape[0] in (3, 4) and not batch:
            raise DataError(
                f"An array {X.shape} can be {X.shape[0]} grey pictures or one colour picture with "
                "its channels first; pass (N, height, width, 1) or (height, width, channels)."
            )
        X = X.reshape(*X.shape, 1)
    elif X.ndim == 4 and X.shape[3] not in CHANNELS and X.shape[1] in (1, 3, 4):
        X = np.moveaxis(np.asarray(X), 1, 3)
    if X.ndim != 4 or X.shape[3] not in CHANNELS or not X.size or X.dtype.kind not in "biuf":
        raise DataError(f"{_EXPECTED}, but got {array.dtype} {array.shape}.")
    try:
        levels = X if X.dtype == np.uint8 else eight_bits(np.asarray(X))
    except PictureError as error:
        raise DataError(f"The array {array.shape} {error.reason}") from error
    return levels if levels.shape[3] in (1, 3) else _on_white(np.asarray(levels))


def numbers_in(items: Sequence[Any]) -> Array | None:
    """Return numbers in a list, or in nested lists, as one array; None for anything else."""
    if not items or not isinstance(items[0], (bool, int, float, np.generic, list, tuple)):
        return None
    try:
        made = np.asarray(items)
    except ValueError:  # different lengths
        return None
    return made if made.dtype.kind in "biuf" else None


def stacked_arrays(items: Sequence[Any]) -> Array | None:
    """Stack arrays of one picture each with the same shape; None for anything else."""
    if not items or is_single(items[0]):
        return None
    arrays = [array_of(item) for item in items]
    first = arrays[0]
    if first is None or first.dtype.kind not in "biuf":
        return None
    alike = all(a is not None and (a.shape, a.dtype) == (first.shape, first.dtype) for a in arrays)
    one_each = first.ndim < 3 or (first.ndim == 3 and first.shape[2] in CHANNELS)
    return np.stack(cast(list[Array], arrays)) if alike and one_each else None


def _are_rows(X: Array, shape: Shape) -> bool:
    """Whether these are flattened pictures of this height and width, grey or RGB, one a row."""
    pixels = math.prod(shape[:2])
    return X.ndim in (1, 2) and X.size > 0 and X.shape[-1] in (pixels, 3 * pixels)


def array_of(samples: Any) -> Array | None:
    """Return an array, or the array of an object with `__array__`; else None.

    Raises:
        DataError: the conversion fails, or values are masked.
    """
    if hasattr(samples, "toarray"):  # sparse: iterating over rows would not end
        return cast(Array, unmasked(samples, "The array"))
    if is_masked_array(samples) and samples.mask.any():
        raise DataError("A masked array has invalid values; fill them in, or leave them out.")
    if isinstance(samples, (np.ndarray, MemoryMappedRows)):
        return as_samples(samples)
    if not (hasattr(samples, "__array__") or hasattr(samples, "__array_interface__")):
        return None
    try:
        return np.asarray(samples)
    except Exception as error:  # PyTorch's error for tensors on a GPU, or with gradients
        raise DataError(
            f"{type(samples).__name__} cannot be converted to an array: {error}"
        ) from error


def _items(samples: Any) -> list[Any]:
    """Return the items of a list or of another ordered iterable."""
    if isinstance(samples, (AnySet, Mapping)) or not isinstance(samples, Iterable):
        raise DataError(f"{_EXPECTED}, but got {samples!r:.60}.")
    return list(samples)


def _on_white(levels: Array) -> Array:
    """Convert pictures uint8 `(N, H, W, 2 or 4)` to RGB, like transparent files."""
    pictures = np.empty((*levels.shape[:3], 3), np.uint8)
    for one, out in zip(levels, pictures, strict=True):
        out[...] = in_mode(Image.fromarray(np.ascontiguousarray(one)), "RGB")
    return pictures
