"""Memory-mapped samples: an array on the disk, with only the current rows in memory.

The file is mapped into the process, and the pages that were read are released after a few
megabytes: the operating system caches as much as fits, and the process does not grow with the file.
"""

import math
import mmap
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike

from plainnet.network.arrays import Array, Shape
from plainnet.network.numbers import unmasked

Rows = Array | Sequence[int] | slice

BLOCK_BYTES = 2**20
"""The number of bytes of samples in a block."""
RESIDENT_BYTES = 2**23
"""The approximate number of bytes of a file that stay in memory."""
_AROUND = 2**17  # the most bytes that the system reads around a row


class MemoryMappedRows(NDArrayOperatorsMixin):
    """An array `(N, …)` on the disk: rows, slices and `take` read what they need.

    All other operations of an array read the whole array into memory.

    Args:
        path: the file, which must not change.
        dtype: the dtype of the stored values.
        shape: the shape of the array `(N, …)`, row after row, N > 0.
        offset: the position of the array in the file, in bytes.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is too short.
    """

    def __init__(
        self, path: str | PathLike[str], dtype: DTypeLike, shape: Shape, offset: int = 0
    ) -> None:
        with Path(path).open("rb") as file:
            self._file: Source = MappedFile(file.fileno(), np.dtype(dtype), shape, offset)
        self._rows: Array | None = None
        self.dtype: np.dtype[Any] = np.dtype(dtype).newbyteorder("=")
        self.shape = tuple(shape)
        self.part_of: tuple[MemoryMappedRows, Array] | None = None
        """The array that these rows are selected from, and which of its rows they are."""
        self.noted: Any = None
        """Statistics of the rows, so that they need not be computed again."""

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        for _, block in blocks(cast(Array, self)):
            yield from block

    def __repr__(self) -> str:
        return f"Stored({self.dtype} {self.shape})"

    def __deepcopy__(self, memo: dict[int, Any]) -> "MemoryMappedRows":
        return self  # it is never written

    def __reduce__(self) -> tuple[Any, ...]:
        return np.asarray, (np.asarray(self),)  # a pickle may be loaded without the file

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("An array on the disk must be copied to be in memory.")
        whole = self._read(np.arange(len(self)))
        return whole if dtype is None else np.asarray(whole, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **how: Any) -> Any:
        read = [np.asarray(x) if isinstance(x, MemoryMappedRows) else x for x in inputs]
        return getattr(ufunc, method)(*read, **how)

    def __getitem__(self, key: Any) -> Array:
        if isinstance(key, (int, np.integer)):
            row = int(key) + (len(self) if key < 0 else 0)
            if not 0 <= row < len(self):
                raise IndexError(f"There is no row {key} among {len(self)}.")
            return self._read(np.array([row])).reshape(self.shape[1:])
        if isinstance(key, slice):
            return self._read(np.arange(*key.indices(len(self))))
        if isinstance(key, (list, np.ndarray)) and np.ndim(key) == 1:
            return self._read(np.arange(len(self))[key])
        whole: Array = np.asarray(self)[key]
        return whole

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def take(
        self, indices: Any, axis: int | None = None, out: Array | None = None, mode: str = "raise"
    ) -> Array:
        """Take rows for `numpy.take`, always in mode "clip"."""
        if axis != 0 or np.ndim(indices) != 1:
            return np.asarray(self).take(indices, axis, out, cast(Any, mode))
        return self._read(np.asarray(indices), out)

    def select(self, rows: Rows) -> "MemoryMappedRows":
        """Return these rows, in this order, without reading: indices, a mask or a slice."""
        chosen = np.arange(len(self))[rows]
        part = self._like(self._at(chosen), self.dtype, (len(chosen), *self.shape[1:]))
        part.part_of = self, chosen
        return part

    def reshape(self, *shape: Any, **how: Any) -> Any:
        """Reshape each sample without reading; any other shape reads the whole array."""
        wanted = tuple(shape[0]) if len(shape) == 1 and np.ndim(shape[0]) else shape
        n, own = len(self), math.prod(self.shape[1:])
        if wanted[:1] == (-1,) and math.prod(wanted[1:]) == own:
            wanted = (n, *wanted[1:])
        if len(wanted) < 2 or wanted[0] != n or how:
            return np.asarray(self).reshape(*shape, **how)
        known = math.prod(side for side in wanted[1:] if side != -1)
        full = tuple(own // max(known, 1) if side == -1 else side for side in wanted[1:])
        if math.prod(full) != own:
            raise ValueError(f"An array of shape {self.shape} cannot be reshaped to {wanted}.")
        return self._like(self._rows, self.dtype, (n, *full))

    def astype(self, dtype: DTypeLike, copy: bool = True) -> Any:  # noqa: ARG002 - as an array has
        """Return the array in another dtype; rows are converted when they are read."""
        return self._like(self._rows, np.dtype(dtype), self.shape)

    @classmethod
    def of(cls, source: "Source", dtype: DTypeLike, shape: Shape) -> "MemoryMappedRows":
        """Return an array whose rows are read from another source."""
        other = MemoryMappedRows.__new__(MemoryMappedRows)
        other._file, other._rows, other.dtype, other.shape = source, None, np.dtype(dtype), shape
        other.part_of, other.noted = None, None
        return other

    def _like(self, rows: Array | None, dtype: np.dtype[Any], shape: Shape) -> "MemoryMappedRows":
        other = MemoryMappedRows.of(self._file, dtype, shape)
        other._rows = rows
        return other

    def _at(self, rows: Array) -> Array:
        """Return the indices in the file of rows of this array."""
        return rows if self._rows is None else self._rows.take(rows, mode="clip")

    def _read(self, rows: Array, out: Array | None = None) -> Array:
        if out is None:
            out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        target = out if out.flags.c_contiguous else np.empty_like(out, order="C")
        self._file.read(self._at(rows), target.reshape(len(rows), self._file.width))
        if target is not out:
            out[...] = target
        return out


class Source(Protocol):
    """A source of rows."""

    width: int
    """The number of values in a row."""

    def read(self, rows: Array, out: Array) -> None:
        """Write these rows into `out` `(n, width)`, in its dtype."""


class MappedFile:
    """A mapped file as an array `(N, values of a sample)`, read a few rows at a time."""

    def __init__(self, handle: int, dtype: np.dtype[Any], shape: Shape, offset: int) -> None:
        self._map = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
        count = math.prod(shape)
        flat: Array = np.frombuffer(self._map, dtype, count, offset)
        self.width = count // shape[0]
        self.array = flat.reshape(shape[0], self.width)
        self._held, self._row = 0, self.width * dtype.itemsize
        self._lets_go = len(self._map) > RESIDENT_BYTES and hasattr(mmap, "MADV_DONTNEED")

    def read(self, rows: Array, out: Array) -> None:
        """Write these rows into `out`, in its dtype."""
        cost = self._row + _AROUND  # of a separate row; less for adjacent rows
        if len(rows) > 1 and (apart := int(np.ptp(rows)) + 1) * self._row < len(rows) * cost:
            cost = max(apart * self._row // len(rows), 1)
        at_once = max(RESIDENT_BYTES // cost, 1)
        for start in range(0, len(rows), at_once):
            part = rows[start : start + at_once]
            self._copy(part, out[start : start + len(part)])
            self._held += len(part) * cost
            if self._lets_go and self._held >= RESIDENT_BYTES:
                self._map.madvise(mmap.MADV_DONTNEED)
                self._held = 0

    def _copy(self, rows: Array, out: Array) -> None:
        if out.dtype == self.array.dtype:
            np.take(self.array, rows, axis=0, out=out, mode="clip")  # "raise" would copy again
        else:
            with np.errstate(over="ignore"):  # overflow becomes infinite
                out[...] = np.take(self.array, rows, axis=0, mode="clip")


def select(X: Array, rows: Rows) -> Array:
    """Return X[rows], which stays on the disk if X is there."""
    return cast(Array, X.select(rows)) if isinstance(X, MemoryMappedRows) else X[rows]


def as_samples(X: Any) -> Array:
    """Return X as an array, or unchanged if it is on the disk.

    Raises:
        DataError: values are masked.
    """
    if isinstance(X, np.memmap) and X.flags.c_contiguous and X.ndim > 1 and X.size:
        return _of_memmap(X)
    return cast(Array, X) if isinstance(X, MemoryMappedRows) else unmasked(X, "The array")


def _of_memmap(X: Any) -> Array:
    """Convert an array of `numpy.load(…, mmap_mode="r")`; a writable one stays as it is."""
    whole = isinstance(X.base, mmap.mmap)  # not a part of another array with an unknown offset
    if X.mode != "r" or X.filename is None or not whole:
        return np.asarray(X)
    return cast(Array, MemoryMappedRows(X.filename, X.dtype, X.shape, X.offset))


def blocks(X: Array) -> Iterator[tuple[int, Array]]:
    """Yield blocks of samples in memory, each with the index of its first sample."""
    step = max(BLOCK_BYTES // max(X.dtype.itemsize * math.prod(X.shape[1:]), 1), 1)
    for start in range(0, len(X), step):
        yield start, X[start : start + step]


def not_finite(X: Array, largest: float = math.inf) -> tuple[int, int, int]:
    """Return the number of values of X `(N, …)` not below `largest`, and the first position."""
    found, row, column = 0, 0, 0
    if X.dtype.kind not in "fc":  # integers are finite
        return found, row, column
    if type(X) is np.ndarray and _is_below(X, largest):
        return found, row, column
    for start, block in blocks(X):
        if _is_below(block, largest):
            continue
        finite = np.abs(block.reshape(len(block), -1)) < np.float64(largest)  # NaN is not
        if finite.all():
            continue
        if not found:
            row, column = np.argwhere(~finite)[0].tolist()
            row += start
        found += int(np.count_nonzero(~finite))
    return found, row, column


SQUARED = 10_000
"""The most numbers whose squares are added at once: libraries give larger sums several threads."""


def _is_below(X: Array, largest: float) -> bool:
    """Return whether sums of squares show that all numbers of X are below `largest`.

    No number is above the root of its sum, and NaN and ∞ are in it, too.
    """
    width = math.prod(X.shape[1:])
    if width > SQUARED:
        return False
    step = SQUARED // max(width, 1)
    for start in range(0, len(X), step):
        part = X[start : start + step]
        if not math.sqrt(abs(np.vdot(part, part))) < largest / 2:
            return False
    return True
