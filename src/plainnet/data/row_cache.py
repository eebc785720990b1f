"""Rows that take long to make, kept on the disk: made once, read from there ever after."""

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

from plainnet.errors import PictureCode, PictureError
from plainnet.files.cache_folder import CacheFolder, cache_folder
from plainnet.files.rows import MemoryMappedRows, blocks, select
from plainnet.network.arrays import Array, Shape
from plainnet.pictures.opening import FileLook, Header
from plainnet.pictures.reading import OnUnreadable, Progress, gathered

log = logging.getLogger(__name__)

LOOKED_AT = 16
"""Rows whose digest tells a damaged file, where not all are looked at."""


@dataclass(frozen=True, eq=False)
class CachedRows:
    """What is to be kept: a row of each of N samples."""

    what: str
    """For messages: `pictures`."""
    origin: str
    """What the samples came from, for those who look into the folder."""
    names: Sequence[object]
    """Of the samples: their files."""
    shape: Shape
    """`(N, …)`."""
    dtype: DTypeLike
    key: Callable[[], str]
    """A digest of all that the rows depend on: what is found under it is taken for them. Asked
    again when they have been made."""
    make: Callable[[], Generator[Array | PictureError, None, None]]
    """The rows, in order, or why there is none of a sample."""
    all_looked_at: bool = False
    """Whether a damaged file is told by all rows, not by some of them."""
    prefix: str | None = None
    """How the key begins, if that is known without reading anything."""
    looks: Sequence[FileLook] = ()
    """Of files, what is noted of each when the rows are made, and kept with them."""


def read_cached(
    rows: CachedRows,
    keep: bool,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """The rows, from the user's folder for such things, and made if they are not there.

    Where they cannot be kept they are made in memory, and a warning is logged.

    Args:
        rows: what is wanted.
        keep: whether they are worth being kept.
        on_unreadable: takes the error of a sample without a row, which is then left out; without it
            the first such error is raised. Called when all have been made.
        progress: called with (done, total).

    Returns:
        The rows `(n, …)`, on the disk as `MemoryMappedRows` or in memory, and which samples they
        are of, as indices `(n,)`.

    Raises:
        PictureError: a sample has no row, and there is no `on_unreadable`.
    """
    try:
        where = cache_folder() if keep else None
        if where is not None:
            kept = _Kept(CacheFolder(where), rows)
            X = kept.open()
            if X is None:
                kept.build(strict=on_unreadable is None, progress=progress)
                X = kept.open()
            elif progress is not None:
                progress(len(X), len(X))
            if X is not None:
                return _told(X, rows.names, kept.unreadable, on_unreadable)
            raise OSError(errno.EIO, "what was written there is gone")
    except OSError as error:
        log.warning(
            "The %s are held in memory, for they cannot be kept in %s (%s); name another "
            "folder for them in PLAINNET_CACHE.",
            rows.what,
            _where_to_keep(),
            error.strerror or error,
        )
    X_made = np.empty(rows.shape, rows.dtype)
    return gathered(rows.make(), X_made, on_unreadable=on_unreadable, progress=progress)


def _where_to_keep() -> str:
    """The folder as a message names it."""
    try:
        return str(cache_folder())
    except OSError:
        return "a folder of yours"


def _told(
    X: MemoryMappedRows,
    names: Sequence[object],
    unreadable: dict[int, tuple[PictureCode, str]],
    on_unreadable: OnUnreadable | None,
) -> tuple[Array, Array]:
    """Those that could be read, once the others have been told."""
    for i, (code, reason) in unreadable.items():
        error = PictureError(reason, code=code, name=str(names[i]), path=names[i])
        if on_unreadable is None:
            raise error
        on_unreadable(error)
    rows = np.setdiff1d(np.arange(len(X)), [*unreadable], assume_unique=True)
    return select(cast(Array, X), rows) if unreadable else cast(Array, X), rows


@dataclass
class _Kept:
    """Rows that are in the folder, or not yet."""

    store: CacheFolder
    rows: CachedRows
    unreadable: dict[int, tuple[PictureCode, str]] = field(default_factory=dict)
    """By the number of its sample, why there is no row: the code and the reason of its error."""
    key: str = field(init=False)
    """"" where it is certain, without reading anything, that nothing is kept."""

    def __post_init__(self) -> None:
        prefix = self.rows.prefix
        self.key = self.rows.key() if prefix is None or self.store.holds(prefix) else ""

    def open(self) -> MemoryMappedRows | None:
        """What is kept, with `unreadable`; None where there is nothing, or nothing sound."""
        if not self.key:
            return None
        facts, shape, dtype = self.store.facts(self.key), self.rows.shape, self.rows.dtype
        try:
            if facts is None or facts["shape"] != [*shape]:
                return None
            X = MemoryMappedRows(
                self.store.file(self.key), dtype, shape, len(_header(shape, dtype))
            )
            if self._look(X) != facts["look"]:
                return None
            self.unreadable = {
                int(i): (code, str(reason)) for i, (code, reason) in facts["unreadable"].items()
            }
            for look, told in zip(self.rows.looks, facts.get("headers", ()), strict=True):
                look.header = told and Header(str(told[0]), (int(told[1][0]), int(told[1][1])))
            return X
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def build(self, *, strict: bool, progress: Progress | None) -> None:
        """Make the rows and keep them.

        Raises:
            OSError: they cannot be kept.
            PictureError: one cannot be made, and it is `strict`.
        """
        of, n = self.rows, self.rows.shape[0]
        facts: dict[str, Any] = {"shape": of.shape, "folder": of.origin, "unreadable": {}}
        looked, at = hashlib.blake2b(digest_size=16), {*self._looked_at()}
        header, blank = _header(of.shape, of.dtype), np.zeros(of.shape[1:], of.dtype)
        size = len(header) + math.prod(of.shape) * blank.dtype.itemsize
        with self.store.new(lambda: self.key, size, facts) as file, closing(of.make()) as made:
            file.write(header)
            for i, row in enumerate(made):
                if isinstance(row, PictureError):
                    if strict:
                        raise row
                    _check_disk(row)
                    facts["unreadable"][i] = row.code, row.reason
                    row = blank
                file.write(row.data)
                if i in at:
                    looked.update(row.data)
                if progress is not None:
                    progress(i + 1, n)
            facts["look"] = looked.hexdigest()
            facts["headers"] = [look.header for look in of.looks]
            before, self.key = self.key, of.key()
            if before not in ("", self.key):
                raise OSError(errno.EBUSY, "the pictures were changed while they were read")

    def _looked_at(self) -> list[int]:
        n = self.rows.shape[0]
        if self.rows.all_looked_at:
            return list(range(n))
        return sorted({*np.linspace(0, n - 1, LOOKED_AT).astype(int).tolist()})

    def _look(self, X: MemoryMappedRows) -> str:
        """A digest of the rows that are looked at."""
        looked = hashlib.blake2b(digest_size=16)
        for _, block in blocks(cast(Array, X.select(self._looked_at()))):
            looked.update(block.data)
        return looked.hexdigest()


def _header(shape: Shape, dtype: DTypeLike) -> bytes:
    """Of a .npy file."""
    file = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
    return file.getvalue()


def _check_disk(error: PictureError) -> None:
    """An OSError where the disk is to blame, not the picture, and may do better another time."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.EIO, errno.EMFILE, errno.ENFILE):
        raise OSError(cause.errno, f"{error.path} could not be read: {cause.strerror}")
