"""The cells of a large CSV file on the disk, from which a column, or some rows, are read alone.

They are in a file without a name, which ends with its process. It holds block after block: of each
column the lengths of the cells, and then of each column their bytes.
"""

import tempfile
import weakref
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.texts import PAD, Texts, padded

_LENGTH = np.dtype("<u4")


class _Block(NamedTuple):
    """Where some rows are in the file."""

    start: int
    """The first byte of its lengths."""
    n: int
    """How many rows."""
    ends: tuple[int, ...]
    """The byte after the cells of each column, counted from the first cell; before them a 0."""


class StoredCells:
    """The cells of N rows.

    Args:
        width: the number of columns.
        folder: where the file is; None: where the system has such files.
        again: makes the same cells in another process.
    """

    def __init__(
        self, width: int, folder: Path | None, again: tuple[Callable[..., Any], tuple[Any, ...]]
    ) -> None:
        self.width, self._again = width, again
        self._file: Any = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it ends with this
        weakref.finalize(self, self._file.close)
        self._blocks: list[_Block] = []
        self._lines: list[Array] = []

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._again

    def append(self, data: Array, starts: Array, ends: Array, lines: Array) -> None:
        """Add rows.

        Args:
            data: a buffer of UTF-8, uint8.
            starts: the first byte of each cell, `(n, width)`.
            ends: the byte after each cell, `(n, width)`.
            lines: the line of the file in which each row ends, `(n,)`.
        """
        lengths, parts = (ends - starts).T, []
        for begin, length in zip(starts.T, lengths, strict=True):
            at = np.cumsum(length) - length
            place = np.repeat(begin - at, length)
            place += np.arange(len(place))
            parts.append(data[place])
        self._write(lengths.astype(_LENGTH), parts, lines)

    def append_texts(self, columns: Iterable[Sequence[str]], lines: Array) -> None:
        """Add rows as the texts of each column."""
        raw = [[text.encode() for text in column] for column in columns]
        lengths = np.array([[len(text) for text in column] for column in raw], _LENGTH)
        self._write(lengths, [np.frombuffer(b"".join(c), np.uint8) for c in raw], lines)

    def _write(self, lengths: Array, parts: Sequence[Array], lines: Array) -> None:
        ends = tuple(np.cumsum([0, *map(len, parts)]).tolist())
        self._blocks.append(_Block(self._file.tell(), len(lines), ends))
        self._lines.append(lines)
        self._file.write(lengths.tobytes())
        for part in parts:
            self._file.write(part.data)

    def __len__(self) -> int:
        return sum(block.n for block in self._blocks)

    @property
    def lines(self) -> Array:
        """The line of the file in which each row ends, `(N,)`."""
        return np.concatenate(self._lines)

    def column(self, i: int) -> Texts:
        """Return a column."""
        return self._texts(i, self._blocks)

    def rows(self, start: int, stop: int) -> tuple[list[Texts], Array]:
        """Return the columns of some rows, and the line in which each of these ends."""
        firsts = np.cumsum([0, *(block.n for block in self._blocks)])
        some = slice(*(np.searchsorted(firsts, [start, stop], "right") - [1, 0]).tolist())
        inside = slice(start - int(firsts[some.start]), stop - int(firsts[some.start]))
        columns = [self._texts(i, self._blocks[some])[inside] for i in range(self.width)]
        return columns, np.concatenate(self._lines[some])[inside]

    def _texts(self, i: int, blocks: Sequence[_Block]) -> Texts:
        """Return a column of some blocks."""
        sizes = [block.ends[i + 1] - block.ends[i] for block in blocks]
        data = padded(sum(sizes))
        lengths = np.empty(sum(block.n for block in blocks), _LENGTH)
        rows, places = (np.cumsum([0, *each]).tolist() for each in ([b.n for b in blocks], sizes))
        for block, row, place in zip(blocks, pairwise(rows), pairwise(places), strict=True):
            self._file.seek(block.start + _LENGTH.itemsize * i * block.n)
            self._file.readinto(lengths[slice(*row)].data)
            self._file.seek(block.start + _LENGTH.itemsize * self.width * block.n + block.ends[i])
            self._file.readinto(data[PAD:][slice(*place)].data)
        ends = PAD + np.cumsum(lengths, dtype=np.int64)
        kind = np.int64 if len(data) >= 2**32 else np.uint32
        return Texts(data, (ends - lengths).astype(kind), ends.astype(kind))
