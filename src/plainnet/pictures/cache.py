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

import errno
import hashlib
import io
import logging
import math
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import PIL

from plainnet.errors import PictureError
from plainnet.network.arrays import Array
from plainnet.pictures.cache_folder import CacheFolder, cache_folder
from plainnet.pictures.decoding import Size, checked_size
from plainnet.pictures.reading import OnUnreadable, Progress, each_picture, read_pictures
from plainnet.training.stored import Stored, select

log = logging.getLogger(__name__)

RULE = 2
"""Of decoding, as in `decoding.py`, and of what is kept: to be counted up when either changes."""
WORTH = 2**22
"""Bytes that decoded pictures take at least to be kept."""
WHOLE = 2**16
"""Bytes of a file up to which all of its content is in the key."""
_PIECE = 2**14
_LOOKED_AT = 16  # rows whose digest tells a damaged file


def read_cached(
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
        The pictures, uint8 `(N, height, width, channels)`, on the disk as `Stored` or in memory,
        and which of the paths they are, as indices `(N,)`.

    Raises:
        PictureError: a picture cannot be read, and there is no `on_unreadable`.
    """
    shape = (len(paths), *checked_size(size), 1 if grey else 3)
    try:
        where = cache_folder() if math.prod(shape) >= WORTH else None
        if where is not None:
            kept = _Kept(CacheFolder(where), folder, paths, shape)
            X = kept.open()
            if X is None:
                kept.build(strict=on_unreadable is None, progress=progress)
                X = kept.open()
            elif progress is not None:
                progress(len(paths), len(paths))
            if X is not None:
                return _told(X, paths, kept.unreadable, on_unreadable)
            raise OSError(errno.EIO, "what was written there is gone")
    except OSError as error:
        log.warning(
            "The pictures are held in memory, for they cannot be kept in %s (%s); name another "
            "folder for them in PLAINNET_CACHE.",
            where_to_keep(),
            error.strerror or error,
        )
    return read_pictures(paths, size, grey, on_unreadable=on_unreadable, progress=progress)


def where_to_keep() -> str:
    """The folder as a message names it."""
    try:
        return str(cache_folder())
    except OSError:
        return "a folder of yours"


def _told(
    X: Stored, paths: Sequence[Path], unreadable: dict[int, str], on_unreadable: OnUnreadable | None
) -> tuple[Array, Array]:
    """Those that could be read, once the others have been told."""
    for i, reason in unreadable.items():
        error = PictureError(f"{paths[i]}{reason}")
        if on_unreadable is None:
            raise error
        on_unreadable(error)
    rows = np.setdiff1d(np.arange(len(paths)), [*unreadable], assume_unique=True)
    return select(cast(Array, X), rows) if unreadable else cast(Array, X), rows


@dataclass
class _Kept:
    """Pictures `shape` of some files, in the folder or not yet."""

    store: CacheFolder
    folder: Path
    paths: Sequence[Path]
    shape: tuple[int, ...]
    unreadable: dict[int, str] = field(default_factory=dict)
    """By the number of its path, why a picture cannot be read: the sentence after the path."""
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = _key(self.folder, self.paths, self.shape)

    def open(self) -> Stored | None:
        """What is kept, with `unreadable`; None where there is nothing, or nothing sound."""
        facts = self.store.facts(self.key)
        try:
            if facts is None or facts["shape"] != [*self.shape]:
                return None
            X = Stored(self.store.file(self.key), np.uint8, self.shape, len(_header(self.shape)))
            if _looked_at(X) != facts["look"]:
                return None
            self.unreadable = {int(i): str(reason) for i, reason in facts["unreadable"].items()}
            return X
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def build(self, *, strict: bool, progress: Progress | None) -> None:
        """Decode the pictures and keep them.

        Raises:
            OSError: they cannot be kept.
            PictureError: one cannot be read, and it is `strict`.
        """
        facts: dict[str, Any] = {"shape": self.shape, "folder": self.folder.name, "unreadable": {}}
        looked, rows = hashlib.blake2b(digest_size=16), set(_rows_looked_at(len(self.paths)))
        header, blank = _header(self.shape), np.zeros(self.shape[1:], np.uint8)
        _, height, width, channels = self.shape
        pictures = each_picture(self.paths, (height, width), channels == 1)
        size = len(header) + math.prod(self.shape)
        with self.store.new(self.key, size, facts) as file, closing(pictures):
            file.write(header)
            for i, picture in enumerate(pictures):
                if isinstance(picture, PictureError):
                    if strict:
                        raise picture
                    facts["unreadable"][i] = _reason(picture, self.paths[i])
                    picture = blank
                file.write(picture.data)
                if i in rows:
                    looked.update(picture.data)
                if progress is not None:
                    progress(i + 1, len(self.paths))
            facts["look"] = looked.hexdigest()
            if _key(self.folder, self.paths, self.shape) != self.key:
                raise OSError(errno.EBUSY, "the pictures were changed while they were read")


def _key(folder: Path, paths: Sequence[Path], shape: tuple[int, ...]) -> str:
    made = hashlib.blake2b(digest_size=16)
    made.update(repr((RULE, PIL.__version__, shape)).encode())
    for path in paths:
        name = os.fsencode(os.path.relpath(path, folder))
        made.update(b"%d %s " % (len(name), name))
        try:
            content = _content(path)
        except OSError as error:  # which cannot be read now, and perhaps can later
            content = b"unreadable %d" % (error.errno or 0)
        made.update(b"%d " % len(content))
        made.update(content)
    return made.hexdigest()


def _content(path: Path) -> bytes:
    """What tells a file from another: its content, or of a long one its length, time and parts."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    with io.FileIO(handle) as file:
        found = os.fstat(handle)
        if found.st_size <= WHOLE:
            return file.read(WHOLE + 1)
        parts = [b"%d %d " % (found.st_size, found.st_mtime_ns)]
        for start in (0, (found.st_size - _PIECE) // 2, found.st_size - _PIECE):
            file.seek(start)
            parts.append(file.read(_PIECE))
        return b"".join(parts)


def _header(shape: tuple[int, ...]) -> bytes:
    """Of a .npy file of bytes."""
    file = io.BytesIO()
    facts = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
    return file.getvalue()


def _rows_looked_at(n: int) -> list[int]:
    return sorted({*np.linspace(0, n - 1, _LOOKED_AT).astype(int).tolist()})


def _looked_at(X: Stored) -> str:
    """A digest of some rows."""
    return hashlib.blake2b(X[_rows_looked_at(len(X))].data, digest_size=16).hexdigest()


def _reason(error: PictureError, path: Path) -> str:
    """Why a picture cannot be read, as it is kept.

    Raises:
        OSError: the disk is to blame, not the picture, and may do better another time.
    """
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.EIO, errno.EMFILE, errno.ENFILE):
        raise OSError(cause.errno, f"{path} could not be read: {cause.strerror}")
    return str(error).removeprefix(str(path))
