"""Decoding one picture to an array, in the same way for training and prediction.

A network trained on pictures that were shrunk in one way sees something else in pictures shrunk in
another. The whole picture is stretched to the given size, antialiased.

Before that it is averaged over blocks of 2 × 2, 4 × 4 or 8 × 8 pixels if that leaves a little more
than the given size in both directions, and over larger blocks if that leaves much more. A JPEG is
decoded directly at the reduced size, which takes a third of the time. The result differs by about
0.6 of 255 levels from one resize of all pixels; another antialiasing filter would differ by 1.7.
All pictures are averaged, not only JPEG, so that one rule holds for other programs as well
(`export/picture_nodes.py`): a JPEG differs by 0.25 levels from its own pixels.
"""

import math
import operator
import os
import threading
import warnings
from typing import Any

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin

from plainnet.errors import PictureError, SettingError
from plainnet.network.arrays import Array
from plainnet.pictures.files import FileLook, Header, is_path
from plainnet.pictures.opening import eight_bits, opened
from plainnet.pictures.unreadable import picture_error

Size = int | tuple[int, int]
"""The side of a square, or (height, width); in pixels."""
Box = tuple[float, float, float, float]
DEFAULT_SIZE = 64
"""The default size of pictures from files, in pixels."""

SMALLEST_SIDE = 4
LEEWAY = 1.25
"""The least ratio of the size after the first averaging to the given size."""
GAP = 3
"""The least ratio of the size after the second averaging to the given size."""
_BITS, _PHOTOMETRIC = 258, 262
"""The TIFF tags for the number of bits of a value, and for its meaning."""
_LEVELS = {"L;2": 85, "L;4": 17}
"""The distance between the levels of a PNG with 2 and with 4 bits."""
_TURNS = {  # by EXIF orientation, to turn a picture upright; from 5 on it lies on its side
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(
    picture: Any,
    size: Size,
    grey: bool = False,
    name: str | None = None,
    look: FileLook | None = None,
) -> Array:
    """Read one picture as uint8 `(height, width, 3)`, or `(height, width, 1)` if `grey`.

    The picture is rotated by its EXIF orientation, transparent pixels are composited on white, and
    the first of several frames or pages is read; of a Pillow image, the current frame. A
    picture with one deep channel is scaled by the range of the channel, not by the values it
    contains: 16 bits from 0 to 65535, 12 bits to 4095, floating point from 0 to 1. Integers of 32
    bits have no defined range: they count as 8 bits if none is above 255, else as 16.

    >>> read_picture("photo.png", size=16).shape
    (16, 16, 3)

    Args:
        picture: a JPEG, PNG, WebP, GIF, BMP or TIFF file; its content decides, not its extension.
            A path; the content of a file as bytes; an open file, which is read from its beginning
            and keeps its position; a Pillow image; or an array `(H, W)` or `(H, W, channels)`:
            1 or 3 channels, or with transparency 2 or 4.
        size: the side of a square, or (height, width); in pixels.
        grey: one channel, the luma of ITU-R 601.
        name: the name of the picture, for messages.
        look: takes notes on the file of a path.

    Raises:
        PictureError: the picture cannot be read, is below 4 × 4 pixels, or is above Pillow's
            limit for decompression bombs, twice `PIL.Image.MAX_IMAGE_PIXELS` (about 179 million
            pixels). Between once and twice that number, where Pillow warns, it is read.
        SettingError: an impossible size.
    """
    sides = checked_size(size)
    with pillow_warnings_off:
        try:
            with opened(picture, look) as (image, is_ours):
                return _pixels(image, sides, grey, is_ours, look)
        except MemoryError:
            raise
        except Exception as error:  # a damaged file makes decoders raise nearly anything
            path = picture if is_path(picture) else None
            named = name or ("The picture" if path is None else os.fsdecode(path))
            raise picture_error(path, error, named) from error


def checked_size(size: Size) -> tuple[int, int]:
    """Return (height, width) of a size, both at least 1; raise a SettingError otherwise."""
    try:
        height, width = size if isinstance(size, tuple) else (size, size)
        sides = operator.index(height), operator.index(width)
    except (TypeError, ValueError):
        sides = 0, 0
    if min(sides) < 1:
        raise SettingError(
            "The size of pictures must be the side of a square or (height, width), in whole "
            f"pixels, at least 1, but got {size!r}."
        )
    return sides


def shrunk(image: Image.Image, size: tuple[int, int], box: Box | None = None) -> Image.Image:
    """Return a picture stretched to Pillow's size, (width, height).

    The triangle is the cheapest antialiasing filter and never overshoots.

    Args:
        image: the picture, perhaps averaged over blocks.
        size: the width and height of the result.
        box: the area that an averaged picture covers, whose last blocks may be cut.
    """
    if box is None:
        side = block_side(image.size, size)
        box = (0.0, 0.0, image.width / side, image.height / side)
        image = image.reduce(side) if side > 1 else image
    return image.resize(size, Image.Resampling.BILINEAR, box, reducing_gap=GAP)


def block_side(size: tuple[int, int], wanted: tuple[int, int]) -> int:
    """Return the side of the blocks to average over, as for a JPEG: 1, 2, 4 or 8."""
    at_least = _at_least(wanted)
    times = min(size[0] // at_least[0], size[1] // at_least[1])
    return next((side for side in (8, 4, 2) if side <= times), 1)


def _at_least(wanted: tuple[int, int]) -> tuple[int, int]:
    return math.ceil(LEEWAY * wanted[0]), math.ceil(LEEWAY * wanted[1])


def header_of(image: Image.Image) -> Header:
    """Return the header of a picture that is opened but not decoded."""
    lies = orientation_of(image) >= 5
    return Header(image.format or "", image.size if lies else image.size[::-1])


def _pixels(
    image: Image.Image, sides: tuple[int, int], grey: bool, is_ours: bool, look: FileLook | None
) -> Array:
    if min(image.size) < SMALLEST_SIDE:
        raise PictureError(
            f"is only {image.width} × {image.height} pixels; expected at least "
            f"{SMALLEST_SIDE} × {SMALLEST_SIDE}, so leave it out.",
            code="too-small",
        )
    mode = "L" if grey else "RGB"
    _scale_transparent_value(image)  # first, because looking for EXIF data may decode it
    if look is not None:
        look.header = header_of(image)
    wanted = _as_stored(sides, orientation_of(image))
    drafted = image.draft(mode, _at_least(wanted)) if is_ours else None  # None for all but JPEG
    image.load()
    orientation = orientation_of(image)  # again, because loading may rotate a TIFF
    # A reduced decode rounds up to whole pixels; the box is the area that the picture covers.
    small = shrunk(
        in_mode(image, mode), _as_stored(sides, orientation), drafted[1] if drafted else None
    )
    if orientation in _TURNS:  # after shrinking, when there are fewer pixels
        small = small.transpose(_TURNS[orientation])
    return np.array(small).reshape(*sides, -1)


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1, upright, if there is none."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF data; the picture itself may be intact
        return 1


def _as_stored(sides: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return (width, height) before the rotation to (height, width)."""
    height, width = sides
    return (height, width) if orientation in (5, 6, 7, 8) else (width, height)


def _scale_transparent_value(image: Image.Image) -> None:
    """Scale a PNG's transparent value like its pixels, which Pillow 13.0 omits."""
    if not isinstance(image, PngImagePlugin.PngImageFile) or not image.tile:
        return
    clear, stored_as = image.info.get("transparency"), image.tile[0].args
    if isinstance(clear, int) and stored_as in _LEVELS:
        image.info["transparency"] = clear * _LEVELS[stored_as]
    elif isinstance(clear, tuple) and stored_as == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in clear)


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert a picture of any mode to RGB or L, with transparent pixels on white."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif image.has_transparency_data:
        colours = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(colours, mask=colours)
    elif image.mode == "LAB":  # converts to nothing but RGB
        image = image.convert("RGB")
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if image.format == "PNG" and 0 <= values.min() <= values.max() <= 65535:
        values = values.astype(np.uint16)  # Pillow before 11 uses 32 bits
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS, (16,))[0]
    if image.mode.startswith("I;16") and bits < 16:  # 12, from 0 to 4095
        values = (values * np.float32(65535 / (2**bits - 1))).round().astype(np.uint16)
    levels = eight_bits(values)
    if tags.get(_PHOTOMETRIC) == 0:  # white is 0; Pillow inverts only 8 bits
        levels = 255 - levels
    clear = image.info.get("transparency")
    if isinstance(clear, int):  # the value that is transparent
        levels = np.where(values == clear, np.uint8(255), levels)
    return Image.fromarray(levels)


class _PillowWarningsOff:
    """A context without Pillow's warnings in any thread; serious faults become a PictureError.

    Python's own `catch_warnings` restores the filters it found, which fails when threads
    overlap. Here the first thread sets the filter and the last one restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


pillow_warnings_off = _PillowWarningsOff()
