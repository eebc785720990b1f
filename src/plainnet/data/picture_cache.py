"""The cache of decoded pictures on the disk: decoded once, later read row by row.

So a later training on the same pictures starts at once, and its memory does not grow with their
number. Pictures that take less than `MIN_BYTES` are not cached, because decoding them is fast.

The key contains everything that the cached rows depend on: the size and channels, the version of
the decoding and of Pillow, and each file's name within the folder, length and digest (`FileLook`).
Names and order of the files count, because a row is found by its index. The prefix of the key is
known without reading a file: if nothing is cached under this prefix, each file is read only once,
for its digest and its pixels.
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
from plainnet.network.arrays import Array
from plainnet.pictures.decoding import Size, checked_size
from plainnet.pictures.files import FileLook
from plainnet.pictures.gathering import OnHeader, OnUnreadable, Progress
from plainnet.pictures.reading import each_picture

VERSION = 6
"""The version of the decoding and of the cached rows; increase it with each change to them."""
MIN_BYTES = 2**22
"""The size from which decoded pictures are cached."""


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
    """Read pictures as `read_pictures` does, but decode them only the first time.

    If they cannot be cached, they are read into memory and a warning is logged.

    Args:
        folder: the folder to which the names of the files are relative.
        paths: the files, all in the folder.
        size: the side of a square, or (height, width); in pixels.
        grey: one channel instead of three.
        on_unreadable: as in `read_pictures`, but called after all pictures are read.
        progress: called with (done, total).
        on_header: called with each readable file and its header.

    Returns:
        The pictures, uint8 `(N, height, width, channels)`, on the disk as `MemoryMappedRows` or in
        memory, and the indices of their paths, `(N,)`.

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
    keep = math.prod(shape) >= MIN_BYTES
    read = read_cached(rows, keep, on_unreadable=on_unreadable, progress=progress)
    files.report(on_header)
    return read


class FilesKey:
    """The cache key of picture files; files that were opened are not read again for it.

    Args:
        folder: the folder to which the names of the files are relative.
        paths: the files.
        shape: the shape of the decoded pictures, `(N, height, width, channels)`.
    """

    def __init__(self, folder: Path, paths: Sequence[Path], shape: tuple[int, ...]) -> None:
        self.paths, self.looks = paths, [FileLook() for _ in paths]
        """The digest and header of each file, noted when it is opened."""
        made = _key(shape)
        for path in paths:
            name = os.fsencode(path).removeprefix(os.fsencode(folder / "_")[:-1])
            made.update(b"%d %s %d " % (len(name), name, _length(path)))
        self._names = made.digest()
        self.prefix = self._names[:4].hex()
        """The first characters of the key."""

    def __call__(self) -> str:
        """Return the key, 32 hexadecimal digits.

        Raises:
            OSError: a file has changed since it was opened.
        """
        made = hashlib.blake2b(self._names, digest_size=12)
        for path, look in zip(self.paths, self.looks, strict=True):
            if not look.digest:
                with suppress(OSError, PictureError):
                    look.open(path).close()
            elif look.is_outdated(path):
                raise OSError(errno.EBUSY, "the pictures changed while they were read")
            made.update(look.digest)
        return self.prefix + made.hexdigest()

    def report(self, on_header: OnHeader | None) -> None:
        """Call `on_header` with each readable file and its header."""
        for path, look in zip(self.paths, self.looks, strict=True):
            if on_header is not None and look.header is not None:
                on_header(path, look.header)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _key(shape: tuple[int, ...]) -> "hashlib.blake2b":
    return hashlib.blake2b(repr((VERSION, PIL.__version__, shape)).encode(), digest_size=16)
