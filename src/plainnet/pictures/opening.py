"""One picture, opened: a file, the content of one, an open file, an image of Pillow, or an array.

Whatever a picture is handed in as, it becomes an image of Pillow here, and is then read in one way,
so that an object gives the answer that its file gives.
"""

import hashlib
import io
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from plainnet.errors import PictureError
from plainnet.network.arrays import Array
from plainnet.pictures.readable import FOR_PILLOW

PathLike = str | os.PathLike[str]
BYTES = (bytes, bytearray, memoryview)
WHOLE = 2**16
"""Bytes of a file up to which all of its content is in its digest."""
_PIECE = 2**14
_one_at_a_time = threading.RLock()
"""Held while an object is read that several threads may have been given."""


class Header(NamedTuple):
    """What a picture file says of itself."""

    format: str
    """As Pillow calls it: `JPEG`, `PNG`, …."""
    size: tuple[int, int]
    """(height, width) of the upright picture, in pixels."""


class FileLook:
    """What is noted of a picture file while its pixels are read, so that it is read once.

    The digest is of all of its content up to 64 kB. A hundred thousand photographs of 3 MB would
    take longer to be read than a training may; of a longer file it is of its length, the time of
    its last change, and 16 kB each of its beginning, its middle and its end. The time alone would
    not do: unpacked and copied files can have another content, the same length and the same time.
    """

    digest: bytes = b""
    """16 bytes; empty before the file was opened."""
    header: Header | None = None
    """None before it was decoded, and of what is no picture."""
    _state: tuple[int, int] | None = None

    def open(self, path: str | os.PathLike[str]) -> IO[bytes]:
        """As `open_regular`, with the same errors; what is digested whole is given from memory."""
        digest = hashlib.blake2b(digest_size=16)
        self._state = None
        try:
            file = open_regular(path)
            try:
                found = os.fstat(file.fileno())
                if found.st_size <= WHOLE:
                    with file:
                        content = file.read()
                    digest.update(content)
                    return io.BytesIO(content)
                self._state = found.st_size, found.st_mtime_ns
                digest.update(b"%d %d " % self._state)
                for start in (0, (found.st_size - _PIECE) // 2, found.st_size - _PIECE):
                    file.seek(start)
                    digest.update(file.read(_PIECE))
                file.seek(0)
                return file
            except BaseException:
                file.close()
                raise
        except (OSError, PictureError) as error:  # cannot be read now, and perhaps can later
            digest.update(b"unreadable %d" % (getattr(error, "errno", 0) or 0))
            raise
        finally:
            self.digest = digest.digest()

    def is_outdated(self, path: str | os.PathLike[str]) -> bool:
        """Whether a long file has been changed since it was opened."""
        if self._state is None:  # its pixels are of the very bytes that were digested
            return False
        found = os.stat(path)  # noqa: PTH116 - of any path
        return (found.st_size, found.st_mtime_ns) != self._state


def is_path(given: Any) -> bool:
    """Whether this is the name of a file. Bytes never are: they are the content of one."""
    return isinstance(given, (str, os.PathLike))


def is_single(given: Any) -> bool:
    """Whether this is one picture, or the name of one, whatever it holds; arrays are looked into.

    Paths, the content of a file as bytes, open files and all else with `read` or `read_bytes`, and
    images of Pillow.
    """
    return (
        is_path(given)
        or isinstance(given, (Image.Image, *BYTES))
        or (
            not hasattr(given, "__array__")
            and (hasattr(given, "read") or hasattr(given, "read_bytes"))
        )
    )


@contextmanager
def opened(picture: Any, look: FileLook | None = None) -> Iterator[tuple[Image.Image, bool]]:
    """The picture as an image, and whether it is ours to be changed.

    Args:
        picture: as `read_picture` takes it.
        look: of a path, what is noted of the file.

    Raises:
        OSError: Pillow, or the disk, has something against it.
        PictureError: it is no picture; without its name.
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


def open_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file for reading; what is no file, such as a FIFO, is refused and never waited for.

    Raises:
        OSError: it cannot be opened.
        PictureError: it is a folder, a FIFO, a socket or a device.
    """
    # A FIFO would be waited for without O_NONBLOCK, which means nothing to a regular file.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise PictureError(what_it_is(mode), code="no-file")
    return os.fdopen(handle, "rb")


def what_it_is(mode: int) -> str:
    """The rest of a sentence about what is no regular file, by its `st_mode`."""
    if stat.S_ISDIR(mode):
        return "is a folder; expected a picture file."
    kinds = {"FIFO": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    kind = next((kind for kind, is_one in kinds.items() if is_one(mode)), "device")
    return f"is a {kind}, not a file; write what comes from it to a file first."


def _undecoded(image: Image.Image) -> bytes | None:
    """The content of a file that was opened but not decoded yet, where its file is read otherwise.

    A JPEG may be decoded to fewer pixels right away, and this gives other last bits than shrinking
    those that it has. A TIFF that Pillow opened by its name comes out garbled if it lies on its
    side and its pixels are mapped into memory (Pillow 13.0). A PNG says only before it is decoded
    how its transparent value is to be read.
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
    """What bytes, or an open file, hold of a picture.

    An open file is read from its beginning, as Pillow does, and stays at the place where it was; a
    stream that cannot go back is read to its end.
    """
    if isinstance(given, BYTES):
        content: Any = bytes(given)
    elif not hasattr(given, "read"):
        content = given.read_bytes()
    elif isinstance(given, io.TextIOBase):
        reason = 'is a file that was opened as text; open it with mode "rb".'
        raise PictureError(reason, code="no-file")
    else:
        with _one_at_a_time:
            content = _read_all(given)
    if not isinstance(content, bytes):
        reason = f"gives {type(content).__name__} when it is read; expected bytes."
        raise PictureError(reason, code="no-file")
    if not content:
        reason = "is empty, or was read to its end already; expected a picture file."
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
    """An array of one picture, `(H, W)` or `(H, W, 1 to 4)`, as an image of Pillow."""
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (2,), (3,), (4,)):
        raise PictureError(
            f"is an array of {array.dtype} {array.shape}; expected (height, width) or (height, "
            "width, channels) with 1 to 4 channels.",
            code="values",
        )
    levels = eight_bits(array if array.shape[2:] != (1,) else array[..., 0])
    return Image.fromarray(np.ascontiguousarray(levels))


def eight_bits(values: Array) -> Array:
    """The values of pictures as uint8, scaled by what their kind of number can hold.

    uint8 and bool say it themselves; uint16 goes from 0 to 65535 and floating point from 0 to 1.
    Other whole numbers are 8 bits where none is above 255, and else 16.

    Raises:
        PictureError: values beyond that; without the picture's name.
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
            f"holds values from {low:g} to {high:g}; expected 0 to {top} in a picture of its kind, "
            f"{values.dtype}, so scale it, or store it with 8 bits a channel.",
            code="values",
        )
    levels: Array = np.rint(values.astype(np.float32) * (255 / top)).astype(np.uint8)
    return levels
