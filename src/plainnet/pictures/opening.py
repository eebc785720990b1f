"""Opening one picture: a file, its content, an open file, a Pillow image, or an array.

Every form becomes a Pillow image here and is then read in the same way, so that an object gives the
same answer as its file.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from plainnet.errors import PictureError
from plainnet.network.arrays import Array
from plainnet.pictures.files import BYTES, FileLook, is_path, is_single, open_regular
from plainnet.pictures.readable import FOR_PILLOW

_one_at_a_time = threading.RLock()
"""The lock for reading an object that several threads may share."""


@contextmanager
def opened(picture: Any, look: FileLook | None = None) -> Iterator[tuple[Image.Image, bool]]:
    """Yield the picture as an image, and whether the caller may change it.

    Args:
        picture: see `read_picture`.
        look: takes notes on the file of a path.

    Raises:
        OSError: Pillow or the disk reports an error.
        PictureError: it is not a picture; the error has no name yet.
    """
    frame = 0
    if isinstance(picture, Image.Image):
        with _one_at_a_time:
            frame = picture.tell()
            content = _undecoded(picture)
            if content is None:
                picture.load()
                picture.getexif()
        if content is None:
            yield picture, False
            return
        picture = content
    if is_path(picture):
        opening = open_regular(picture) if look is None else look.open(picture)
        with opening as file, Image.open(file, formats=FOR_PILLOW) as image:
            yield image, True
    elif is_single(picture):
        with Image.open(io.BytesIO(_content(picture)), formats=FOR_PILLOW) as image:
            image.seek(frame)
            yield image, True
    else:
        yield image_of(np.asarray(picture)), True


def _undecoded(image: Image.Image) -> bytes | None:
    """Return the content of an open, undecoded file whose format needs it; else None.

    A JPEG decoded at a reduced size gives other last bits than shrinking all its pixels. A TIFF
    that Pillow opened by name is garbled if it lies on its side and its pixels are memory-mapped
    (Pillow 13.0). A PNG shows only before decoding how to read its transparent value.
    """
    special = (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        TiffImagePlugin.TiffImageFile,
    )
    if not isinstance(image, special) or not image.tile:
        return None
    return None if image.fp is None or image.fp.closed else _content(image.fp)


def _content(given: Any) -> bytes:
    """Return the content of bytes or of an open file.

    An open file is read from its beginning, as in Pillow, and its position is restored; a
    stream that cannot seek is read to its end.
    """
    if isinstance(given, BYTES):
        content: Any = bytes(given)
    elif not hasattr(given, "read"):
        content = given.read_bytes()
    elif isinstance(given, io.TextIOBase):
        reason = 'is a file opened as text; open it with mode "rb".'
        raise PictureError(reason, code="no-file")
    else:
        with _one_at_a_time:
            content = _read_all(given)
    if not isinstance(content, bytes):
        reason = f"returns {type(content).__name__} when it is read; expected bytes."
        raise PictureError(reason, code="no-file")
    if not content:
        reason = "is empty, or was already read to its end; expected a picture file."
        raise PictureError(reason, code="empty")
    return content


def _read_all(file: Any) -> Any:
    try:
        place = file.tell()
        file.seek(0)
    except (AttributeError, OSError):
        return file.read()
    try:
        return file.read()
    finally:
        file.seek(place)


def image_of(array: Array) -> Image.Image:
    """Convert an array of one picture, `(H, W)` or `(H, W, 1 to 4)`, to a Pillow image."""
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (2,), (3,), (4,)):
        raise PictureError(
            f"is an array of {array.dtype} {array.shape}; expected (height, width) or (height, "
            "width, channels) with 1 to 4 channels.",
            code="values",
        )
    levels = eight_bits(array if array.shape[2:] != (1,) else array[..., 0])
    return Image.fromarray(np.ascontiguousarray(levels))


def eight_bits(values: Array) -> Array:
    """Convert the values of pictures to uint8, scaled by the range of their dtype.

    uint16 ranges from 0 to 65535 and floating point from 0 to 1. Other integers count as 8 bits
    if none is above 255, else as 16.

    Raises:
        PictureError: a value is out of range; the error has no name yet.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind not in "iuf":
        raise PictureError(f"is an array of {values.dtype}; expected numbers.", code="values")
    if not values.size:
        return values.astype(np.uint8)
    low, high = values.min(), values.max()
    if values.dtype.kind == "f":
        top = 1
    else:
        is_16_bits = values.dtype.str[1:] == "u2"  # in either byte order
        top = 65535 if is_16_bits or not 0 <= low <= high <= 255 else 255
    if not (low >= 0 and high <= top):  # NaN is neither
        raise PictureError(
            f"holds values from {low:g} to {high:g}; expected 0 to {top} for the dtype "
            f"{values.dtype}, so scale it, or store it with 8 bits a channel.",
            code="values",
        )
    levels: Array = np.rint(values.astype(np.float32) * (255 / top)).astype(np.uint8)
    return levels
