"""A cache of rows that take long to make: made once, later read from the disk."""

import errno
import hashlib
import io
import logging
import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike

from plainnet.errors import FileError, PictureCode, PictureError
from plainnet.files.cache_folder import CacheFolder, cache_folder
from plainnet.files.rows import MemoryMappedRows, blocks, select
from plainnet.network.arrays import Array, Shape
from plainnet.pictures.files import FileLook, Header
from plainnet.pictures.gathering import OnUnreadable, Progress, gathered

log = logging.getLogger(__name__)

CHECKED_ROWS = 16
"""The number of rows whose digest detects a damaged file."""


@dataclass(frozen=True, eq=False)
class CachedRows:
    """Rows to cache, one for each of N samples."""

    what: str
    """The kind of rows, for messages: `pictures`."""
    origin: str
    """The source of the samples, for people who look into the cache folder."""
    names: Sequence[object]
    """The names of the samples: their files."""
    shape: Shape
    """The shape of all rows, `(N, …)`."""
    dtype: DTypeLike
    key: Callable[[], str]
    """Returns a digest of everything that the rows depend on; called again after they are made."""
    make: Callable[[], Generator[Array | PictureError, None, None]]
    """Yields the rows in order, or the error of a sample without a row."""
    prefix: str | None = None
    """The prefix of the key, if it is known without reading a file."""
    fits_memory: bool = True
    """Whether the rows may be made in memory if they cannot be cached."""
    looks: Sequence[FileLook] = ()
    """The notes on each file that are taken when the rows are made, and cached with them."""


def read_cached(
    rows: CachedRows,
    keep: bool,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Return the rows from the user's cache folder, and make them if they are not there.

    If they cannot be cached, they are made in memory and a warning is logged.

    Args:
        rows: the rows.
        keep: whether to cache them.
        on_unreadable: takes the error of a sample without a row, which is then left out; without it
            the first such error is raised. It is called after all rows are made.
        progress: called with (done, total).

    Returns:
        The rows `(n, …)`, on the disk as `MemoryMappedRows` or in memory, and the indices of their
        samples, `(n,)`.

    Raises:
        PictureError: a sample has no row, and there is no `on_unreadable`.
        FileError: the rows cannot be cached and are too large for memory.
    """
    try:
        where = cache_folder() if keep else None
        if where is not None:
            entry = _Entry(CacheFolder(where), rows)
            X = entry.open()
            if X is None:
                entry.build(strict=on_unreadable is None, progress=progress)
                X = entry.open()
            elif progress is not None:
                progress(len(X), len(X))
            if X is not None:
                return _readable(X, rows.names, entry.unreadable, on_unreadable)
            raise OSError(errno.EIO, "the written file is gone")
    except OSError as error:
        if not rows.fits_memory:
            raise FileError(
                f"The {rows.what} of {rows.origin} are too large for memory and cannot be stored "
                f"in {cache_folder_text()} ({error.strerror or error}); name a folder with more "
                "space in PLAINNET_CACHE."
            ) from error
        log.warning(
            "The %s are held in memory, because they cannot be cached in %s (%s); name another "
            "folder in PLAINNET_CACHE.",
            rows.what,
            cache_folder_text(),
            error.strerror or error,
        )
    X_made = np.empty(rows.shape, rows.dtype)
    return gathered(rows.make(), X_made, on_unreadable=on_unreadable, progress=progress)


def cache_folder_text() -> str:
    """Return the cache folder for a message."""
    try:
        return str(cache_folder())
    except OSError:
        return "your cache folder"


def _readable(
    X: MemoryMappedRows,
    names: Sequence[object],
    unreadable: dict[int, tuple[PictureCode, str]],
    on_unreadable: OnUnreadable | None,
) -> tuple[Array, Array]:
    """Report the unreadable samples and return the others."""
    for i, (code, reason) in unreadable.items():
        error = PictureError(reason, code=code, name=str(names[i]), path=names[i])
        if on_unreadable is None:
            raise error
        on_unreadable(error)
    rows = np.setdiff1d(np.arange(len(X)), [*unreadable], assume_unique=True)
    return select(cast(Array, X), rows) if unreadable else cast(Array, X), rows


@dataclass
class _Entry:
    """The rows' entry in the cache folder, which may not exist yet."""

    store: CacheFolder
    rows: CachedRows
    unreadable: dict[int, tuple[PictureCode, str]] = field(default_factory=dict)
    """The code and reason of the error of a sample without a row, by the sample's index."""
    key: str = field(init=False)
    """The key; "" if the prefix shows that nothing is cached."""

    def __post_init__(self) -> None:
        prefix = self.rows.prefix
        self.key = self.rows.key() if prefix is None or self.store.holds(prefix) else ""

    def open(self) -> MemoryMappedRows | None:
        """Return the cached rows and set `unreadable`; None if there are none, or damaged ones."""
        if not self.key:
            return None
        facts, shape, dtype = self.store.facts(self.key), self.rows.shape, self.rows.dtype
        try:
            if facts is None or facts["shape"] != [*shape]:
                return None
            X = MemoryMappedRows(
                self.store.file(self.key), dtype, shape, len(_header(shape, dtype))
            )
            if self._digest(X) != facts["look"]:
                return None
            self.unreadable = {
                int(i): (code, str(reason)) for i, (code, reason) in facts["unreadable"].items()
            }
            for look, one in zip(self.rows.looks, facts.get("headers", ()), strict=True):
                look.header = one and Header(str(one[0]), (int(one[1][0]), int(one[1][1])))
            return X
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def build(self, *, strict: bool, progress: Progress | None) -> None:
        """Make the rows and write them.

        Raises:
            OSError: they cannot be written.
            PictureError: a row cannot be made, and `strict` is true.
        """
        rows, n = self.rows, self.rows.shape[0]
        facts: dict[str, Any] = {"shape": rows.shape, "folder": rows.origin, "unreadable": {}}
        digest, checked = hashlib.blake2b(digest_size=16), {*self._checked_rows()}
        header, blank = _header(rows.shape, rows.dtype), np.zeros(rows.shape[1:], rows.dtype)
        size = len(header) + math.prod(rows.shape) * blank.dtype.itemsize
        with self.store.new(lambda: self.key, size, facts) as file, closing(rows.make()) as made:
            file.write(header)
            for i, row in enumerate(made):
                if isinstance(row, PictureError):
                    if strict:
                        raise row
                    _check_disk(row)
                    facts["unreadable"][i] = row.code, row.reason
                    row = blank
                file.write(row.data)
                if i in checked:
                    digest.update(row.data)
                if progress is not None:
                    progress(i + 1, n)
            facts["look"] = digest.hexdigest()
            facts["headers"] = [look.header for look in rows.looks]
            before, self.key = self.key, rows.key()
            if before not in ("", self.key):
                raise OSError(errno.EBUSY, f"the {rows.what} changed while they were read")

    def _checked_rows(self) -> list[int]:
        n = self.rows.shape[0]
        return sorted({*np.linspace(0, n - 1, CHECKED_ROWS).astype(int).tolist()})

    def _digest(self, X: MemoryMappedRows) -> str:
        """Return a digest of the checked rows."""
        digest = hashlib.blake2b(digest_size=16)
        for _, block in blocks(cast(Array, X.select(self._checked_rows()))):
            digest.update(block.data)
        return digest.hexdigest()


def _header(shape: Shape, dtype: DTypeLike) -> bytes:
    """Return the header of a .npy file."""
    file = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
    return file.getvalue()


def _check_disk(error: PictureError) -> None:
    """Raise an OSError if the cause is the disk, not the picture, and may be temporary."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.EIO, errno.EMFILE, errno.ENFILE):
        raise OSError(cause.errno, f"{error.path} could not be read: {cause.strerror}")
