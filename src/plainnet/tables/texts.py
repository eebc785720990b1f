"""A column of texts, as places in a buffer of UTF-8 that columns may share.

Reading all cells of a column is a few operations of NumPy; no cell is an object until its text is
asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.table import TEXT

PAD = 64
"""The number of bytes before and after the content of a buffer."""
_WORD = 8
_LONGEST = 64
"""The longest cells in bytes whose texts are distinguished by their words."""
_BLOCK = 2**14
"""The number of cells that are read together, so that they stay in the processor's cache."""
_TRIED = 1000
"""The number of cells whose texts are looked up before all are sorted."""
_MANY = 100
"""The number of cells from which finding the different ones takes less time than it saves."""
_FEW = 0.25
"""The largest share of different cells for which it takes less time to find them first."""
_KEPT = np.array([2 ** (8 * n) - 1 for n in range(_WORD + 1)], np.uint64)
"""Masks of the first n bytes of a word."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Texts:
    """The texts of a column, like an array `(N,)` of NumPy's strings of variable width.

    They have no surrounding spaces.

    Args:
        data: the buffer, uint8, a multiple of 8 bytes, with `PAD` bytes before and after the texts.
        starts: the first byte of each cell, `(N,)`.
        ends: the byte after each cell, `(N,)`.
    """

    dtype = TEXT

    def __init__(self, data: Array, starts: Array, ends: Array) -> None:
        self.data, self.starts, self.ends = data, starts, ends
        self.noted: Any = None
        """What has been read of the column, so that it need not be read again."""
        self._coded: tuple[list[str], Array] | None = None

    @property
    def shape(self) -> tuple[int]:
        """The number of cells, as an array has it."""
        return (len(self),)

    @classmethod
    def of(cls, different: Sequence[str], codes: Array) -> "Texts":
        """Return the column whose cells are these of the different texts, without spaces around."""
        raw = [text.encode() for text in different]
        ends = PAD + np.cumsum([len(text) for text in raw], dtype=np.int64)
        data = padded(int(ends[-1]) - PAD)
        data[PAD : ends[-1]] = np.frombuffer(b"".join(raw), np.uint8)
        ends = ends if len(data) >= 2**32 else ends.astype(np.uint32)
        starts = np.concatenate([np.full(1, PAD, ends.dtype), ends[:-1]])
        return cls(data, starts.take(codes), ends.take(codes))

    @classmethod
    def of_cells(cls, cells: Array) -> "Texts | None":
        """Return the column of many objects that are texts or missing, if few are different.

        Each different text is read once. None and NaN are missing.
        """
        if len(cells) < _MANY:
            return None
        given = cells.tolist()
        try:
            different = dict.fromkeys(given)
        except TypeError:  # a cell without a hash
            return None
        texts = [_text(cell) for cell in different]
        if None in texts or not any(texts) or len(texts) > 1 + len(given) * _FEW:
            return None
        numbers: dict[str, int] = {}  # of texts without the spaces around them
        number_of = {
            cell: numbers.setdefault(str(text), len(numbers))
            for cell, text in zip(different, texts, strict=True)
        }
        codes = np.fromiter(map(number_of.__getitem__, given), np.int64, len(given))
        made = cls.of([*numbers], codes)
        made._coded = [*numbers], codes
        return made

    def copy(self) -> "Texts":
        """Return the same column, as if no value of it had been read yet."""
        made = Texts(self.data, self.starts, self.ends)
        made._coded = self._coded
        return made

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (int, np.integer)):
            return str(self.data[self.starts[key] : self.ends[key]].tobytes(), "utf-8")
        return Texts(self.data, self.starts[key], self.ends[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.tolist(), TEXT if dtype is None else dtype)

    def tolist(self) -> list[str]:
        """Return the texts."""
        return self._decoded(self.starts, self.ends)

    def words(self, starts: Array, n: int) -> Iterator[Array]:
        """Yield the next n times eight bytes from each position, the first one lowest, uint64."""
        aligned = self.data.view("<u8")
        place, shift = starts // _WORD, ((starts % _WORD) * 8).astype(np.uint64)
        low = aligned.take(place)
        for i in range(n):
            high = aligned.take(place + (i + 1))
            yield low >> shift | high << np.uint64(64) - shift
            low = high

    def coded(self) -> tuple[list[str], Array] | None:
        """Return the different texts by first appearance, and the index of each cell's `(N,)`.

        None: the cells are too long.
        """
        if self._coded is not None:
            return self._coded
        starts, ends = self.starts.astype(np.int64), self.ends.astype(np.int64)
        lengths = ends - starts
        longest = int(lengths.max(initial=1))
        if longest > _LONGEST:
            return None
        words = [
            word & _KEPT[np.clip(lengths - _WORD * i, 0, _WORD)]
            for i, word in enumerate(self.words(starts, max(-(-longest // _WORD), 1)))
        ]
        keys = words[0]
        for word in words[1:]:
            keys = (keys ^ (keys >> np.uint64(29))) * _MIX + word
        codes, first = _by_appearance(keys)
        if any((word != word[first][codes]).any() for word in words if len(words) > 1):
            return None  # two texts have the same key
        return self._decoded(self.starts[first], self.ends[first]), codes

    def _decoded(self, starts: Array, ends: Array) -> list[str]:
        view = memoryview(self.data.data)
        places = zip(starts.tolist(), ends.tolist(), strict=True)
        return [str(view[start:end], "utf-8") for start, end in places]


def _text(cell: object) -> str | None:
    """Return a cell without spaces around, "" if it is missing; None: it is no text."""
    if isinstance(cell, str):
        return str(cell).strip()
    return "" if cell is None or (isinstance(cell, float) and cell != cell) else None


def padded(n: int) -> Array:
    """Return a buffer of zeros for n bytes of texts, with `PAD` bytes on either side."""
    return np.zeros(-(-(n + 2 * PAD) // _WORD) * _WORD, np.uint8)


def _by_appearance(keys: Array) -> tuple[Array, Array]:
    """Return the index of each key among the different ones, and the first cell of each."""
    # with counts, without which NumPy imports its masked arrays
    some, _ = np.unique(keys[:: 1 + len(keys) // _TRIED], return_counts=True)
    codes = np.searchsorted(some, keys)
    np.minimum(codes, len(some) - 1, out=codes)
    if len(some) > _TRIED // 4 or (some[codes] != keys).any():
        some, codes = np.unique(keys, return_inverse=True)
    first = np.empty(len(some), np.int64)
    first[codes[::-1]] = np.arange(len(keys))[::-1]  # the last one written is the first cell
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[codes], first[order]


def read_blocks(texts: Texts, read: Callable[[Texts], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the numbers float64 `(N,)`, and which cells are not read, bool `(N,)`, by blocks."""
    values, unread = np.empty(len(texts)), np.empty(len(texts), bool)
    for start in range(0, len(texts), _BLOCK):
        part = slice(start, start + _BLOCK)
        values[part], unread[part] = read(texts[part])
    return values, unread
