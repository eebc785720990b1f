"""Decoded pictures, kept on the disk: decoded once, read from there ever after, row by row.

So a training on the same pictures starts at once, and the memory that it takes does not grow with
their number. Pictures that take less than `WORTH` are not kept: they are decoded in a moment.

The key is made of all that what is kept depends on: the wanted size and channels, the rule of
decoding and Pillow's version, and of each file its name within the folder, its length and its
digest, as `FileLook` says. Names and the order of the files count, for a row is found by its
number. The key begins with what is known without reading a file: where nothing is kept under such a
beginning, each file is read once, for its digest and its pixels.
"""

import errno
import hashlib
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import PIL

from plainnet.data.row_cache import CachedRows, read_cached
from plainnet.errors import PictureError
from plainnet.files.rows import blocks
from plainnet.network.arrays import Array
from plainnet.pictures.decoding import Size, checked_size
from plainnet.pictures.opening import FileLook
from plainnet.pictures.reading import OnHeader, OnUnreadable, Progress, each_picture

RULE = 6
"""Of decoding, as in `decoding.py`, and of what is kept: to be counted up when either changes."""
WORTH = 2**22
"""Bytes that decoded pictures take at least to be kept."""


def read_cached_pictures(
    folder: Path,
    paths: Sequence[Path],
    size: Size,
    grey: bool = False,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
    on_header: OnHeader | None = None,
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
        on_header: called with each file that could be read and what it says of itself.

    Returns:
        The pictures, uint8 `(N, height, width, channels)`, on the disk as `MemoryMappedRows` or in
        memory, and which of the paths they are, as indices `(N,)`.

    Raises:
        PictureError: a picture cannot be read, and there is no `on_unreadable`.
    """
    sides = checked_size(size)
    shape = (len(paths), *sides, 1 if grey else 3)
    files = FilesKey(folder, paths, shape)
    rows = CachedRows(
        "pictures",
        folder.name,
        paths,
        shape,
        np.uint8,
        key=files,
        make=partial(each_picture, paths, sides, grey, looks=files.looks),
        prefix=files.prefix,
        looks=files.looks,
    )
    worth = math.prod(shape) >= WORTH
    read = read_cached(rows, worth, on_unreadable=on_unreadable, progress=progress)
    files.tell(on_header)
    return read


class FilesKey:
    """The key of what is made of picture files; files that have been opened are not read for it.

    Args:
        folder: that the names of the files are told from.
        paths: the files.
        shape: of what they are decoded to, `(N, height, width, channels)`.
        more: what else it depends on.
    """

    def __init__(
        self, folder: Path, paths: Sequence[Path], shape: tuple[int, ...], more: str = ""
    ) -> None:
        self.paths, self.looks = paths, [FileLook() for _ in paths]
        """What is noted of each file when it is opened."""
        made = _key(shape, more)
        for path in paths:
            name = os.fsencode(os.path.relpath(path, folder))
            made.update(b"%d %s %d " % (len(name), name, _length(path)))
        self._names = made.digest()
        self.prefix = self._names[:4].hex()
        """What the key begins with."""

    def __call__(self) -> str:
        """The key: 32 hexadecimal digits.

        Raises:
            OSError: a file has been changed since it was opened.
        """
        made = hashlib.blake2b(self._names, digest_size=12)
        for path, look in zip(self.paths, self.looks, strict=True):
            if not look.digest:
                with suppress(OSError, PictureError):
                    look.open(path).close()
            elif look.is_outdated(path):
                raise OSError(errno.EBUSY, "the pictures were changed while they were read")
            made.update(look.digest)
        return self.prefix + made.hexdigest()

    def tell(self, on_header: OnHeader | None) -> None:
        """Call it with each file that could be read, and what it says of itself."""
        for path, look in zip(self.paths, self.looks, strict=True):
            if on_header is not None and look.header is not None:
                on_header(path, look.header)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


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
