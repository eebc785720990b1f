"""Decoded pictures, kept on the disk: decoded once, read from there ever after, row by row.

So a training on the same pictures starts at once, and the memory that it takes does not grow with
their number. Pictures that take less than `WORTH` are not kept: they are decoded in a moment.

The key is made of all that what is kept depends on: the wanted size and channels, the rule of
decoding and Pillow's version, and of each file its name within the folder, its length and its
content. Up to 64 kB that is all of the content. A hundred thousand photographs of 3 MB would take
longer to be read than a training may; of a longer file it is 16 kB each of its beginning, its
middle and its end, and the time of its last change. The time alone would not do: unpacked and
copied files can have another content, the same length and the same time. Names and the order of
the files count, for a row is found by its number.
"""

import hashlib
import math
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import PIL

from plainnet.data.row_cache import CachedRows, read_cached
from plainnet.errors import PictureError
from plainnet.files.rows import blocks
from plainnet.network.arrays import Array
from plainnet.pictures.decoding import Size, checked_size
from plainnet.pictures.opening import open_regular
from plainnet.pictures.reading import OnUnreadable, Progress, each_picture

RULE = 6
"""Of decoding, as in `decoding.py`, and of what is kept: to be counted up when either changes."""
WORTH = 2**22
"""Bytes that decoded pictures take at least to be kept."""
WHOLE = 2**16
"""Bytes of a file up to which all of its content is in the key."""
_PIECE = 2**14


def read_cached_pictures(
    folder: Path,
    paths: Sequence[Path],
    size: Size,
    grey: bool = False,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """As `read_pictures`, which decodes them at the first time; later they are there already.

    Where they cannot be kept they are read into memory, and a warning is logged.

    Args:
        folder: that the names of the files are told from.
        paths: the files, all of them in the folder.
        size: the side of a square, or (height, width); in pixels.
        grey: one channel instead of three.
        on_unreadable: as in `read_pictures`, but called when all pictures have been read.
        progress: called with (done, total).

    Returns:
        The pictures, uint8 `(N, height, width, channels)`, on the disk as `MemoryMappedRows` or in
        memory, and which of the paths they are, as indices `(N,)`.

    Raises:
        PictureError: a picture cannot be read, and there is no `on_unreadable`.
    """
    sides = checked_size(size)
    shape = (len(paths), *sides, 1 if grey else 3)
    rows = CachedRows(
        "pictures",
        folder.name,
        paths,
        shape,
        np.uint8,
        key=partial(key_of_files, folder, paths, shape),
        make=partial(each_picture, paths, sides, grey),
    )
    worth = math.prod(shape) >= WORTH
    return read_cached(rows, worth, on_unreadable=on_unreadable, progress=progress)


def key_of_files(
    folder: Path, paths: Sequence[Path], shape: tuple[int, ...], more: str = ""
) -> str:
    """The key of what is made of pictures, decoded from these files to this shape.

    Args:
        folder: that the names of the files are told from.
        paths: the files.
        shape: `(N, height, width, channels)`.
        more: what else it depends on.
    """
    made = _key(shape, more)
    for path in paths:
        name = os.fsencode(os.path.relpath(path, folder))
        made.update(b"%d %s " % (len(name), name))
        try:
            content = _content(path)
        except (OSError, PictureError) as error:  # cannot be read now, and perhaps can later
            content = b"unreadable %d" % (getattr(error, "errno", 0) or 0)
        made.update(b"%d " % len(content))
        made.update(content)
    return made.hexdigest()


def key_of_array(X: Array, shape: tuple[int, ...], more: str = "") -> str:
    """The same of pictures in an array, resized to this shape."""
    made = _key(shape, more)
    made.update(repr(X.shape).encode())
    for _, block in blocks(X):
        made.update(np.ascontiguousarray(block).data)
    return made.hexdigest()


def _key(shape: tuple[int, ...], more: str) -> "hashlib.blake2b":
    made = hashlib.blake2b(digest_size=16)
    made.update(repr((RULE, PIL.__version__, shape)).encode() + more.encode())
    return made


def _content(path: Path) -> bytes:
    """What tells a file from another: its content, or of a long one its length, time and parts."""
    with open_regular(path) as file:
        found = os.fstat(file.fileno())
        if found.st_size <= WHOLE:
            return file.read(WHOLE + 1)
        parts = [b"%d %d " % (found.st_size, found.st_mtime_ns)]
        for start in (0, (found.st_size - _PIECE) // 2, found.st_size - _PIECE):
            file.seek(start)
            parts.append(file.read(_PIECE))
        return b"".join(parts)
