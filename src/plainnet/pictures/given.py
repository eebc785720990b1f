"""Pictures as somebody hands them in: one or many, in any form, told apart by one rule.

`in_list` and `in_array` say it: a path, the content of a file, an open file or an image of Pillow
is one picture; a list, or whatever else can be gone through, holds pictures in any of these forms;
and of an array the shape decides.

| shape | what it is |
|---|---|
| `(H, W)` | a grey picture; or flattened ones, where a row is as long as one that a model sees |
| `(H, W, C)`, C from 1 to 4 | one picture: grey, grey and alpha, RGB, RGBA |
| `(N, H, W)` | N grey pictures |
| `(N, H, W, C)`, C from 1 to 4 | N pictures |
| `(N, C, H, W)`, C 1, 3 or 4, W above 4 | N pictures, as PyTorch has them |

So `(3, H, W)` is three grey pictures. As it might be one in colour with its channels first, a
model of colour pictures refuses it.
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
from plainnet.network.numbers import unmasked
from plainnet.pictures.decoding import in_mode
from plainnet.pictures.opening import eight_bits, is_single

CHANNELS = (1, 2, 3, 4)
_EXPECTED = (
    "Pictures are files, their content, open files, images of Pillow, or arrays of numbers (height,"
    " width), (height, width, channels) or (N, height, width, channels) with 1 to 4 channels"
)


def pictures_in(samples: Any, shape: Shape = (0, 0, 0)) -> Array | list[Any]:
    """What is handed in as pictures, as an array of them or a list of single ones.

    Args:
        samples: in any form.
        shape: (height, width, channels) of the pictures that a model sees.

    Returns:
        uint8 `(N, H, W, 1 or 3)`, or a list of what `read_picture` takes.

    Raises:
        DataError: it holds no pictures.
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
    if array.dtype.kind in "OUT":  # of paths, or of images
        return pictures_in(array.ravel().tolist(), shape)
    return in_array(array, shape)


def in_array(array: Array, shape: Shape = (0, 0, 0), batch: bool = False) -> Array:
    """An array of pictures as uint8 `(N, H, W, 1 or 3)`, transparency laid on white.

    Args:
        array: of numbers.
        shape: (height, width, channels) of the pictures that a model sees.
        batch: whether the first axis counts pictures.

    Raises:
        DataError: it holds no pictures.
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
                f"An array {X.shape} can be {X.shape[0]} grey pictures or one in colour with its "
                "channels first; give (N, height, width, 1) or (height, width, channels)."
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
    """Numbers in a list, or in lists in it, as one array; None where there are others."""
    if not items or not isinstance(items[0], (bool, int, float, np.generic, list, tuple)):
        return None
    try:
        made = np.asarray(items)
    except ValueError:  # of different lengths
        return None
    return made if made.dtype.kind in "biuf" else None


def stacked_arrays(items: Sequence[Any]) -> Array | None:
    """Arrays of one picture each, all of one shape, as one array of them; None of others."""
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
    """What is an array, or says that it can be one; else None.

    Raises:
        DataError: it cannot, or parts of it are masked.
    """
    if hasattr(samples, "toarray"):  # sparse: not to be gone through row by row, without end
        return cast(Array, unmasked(samples, "The array"))
    if np.ma.is_masked(samples):
        raise DataError("A masked array has values that do not count; fill them in, or cut it.")
    if isinstance(samples, (np.ndarray, MemoryMappedRows)):
        return as_samples(samples)
    if not (hasattr(samples, "__array__") or hasattr(samples, "__array_interface__")):
        return None
    try:
        return np.asarray(samples)
    except Exception as error:  # what PyTorch says of tensors on a GPU, or with gradients
        raise DataError(f"{type(samples).__name__} cannot be made an array: {error}") from error


def _items(samples: Any) -> list[Any]:
    """The single things in a list, or in whatever else can be gone through in order."""
    if isinstance(samples, (AnySet, Mapping)) or not isinstance(samples, Iterable):
        raise DataError(f"{_EXPECTED}, but got {samples!r:.60}.")
    return list(samples)


def _on_white(levels: Array) -> Array:
    """Pictures uint8 `(N, H, W, 2 or 4)` in RGB, as transparent files are read."""
    pictures = np.empty((*levels.shape[:3], 3), np.uint8)
    for one, out in zip(levels, pictures, strict=True):
        out[...] = in_mode(Image.fromarray(np.ascontiguousarray(one)), "RGB")
    return pictures
