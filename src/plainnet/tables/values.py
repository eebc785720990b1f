"""Reading the cells of a column: numbers, dates, true and false, missing values."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple, cast

import numpy as np

from plainnet.data.class_names import composed
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.network.arrays import Array
from plainnet.tables.decimals import read_decimals
from plainnet.tables.iso_dates import read_iso_dates
from plainnet.tables.table import MISSING, texts_of
from plainnet.tables.texts import Texts

ALSO_MISSING = frozenset({"-", "--", ".", "none"})
"""Further texts that mark a missing value in columns of numbers and dates."""
NO_NUMBER = MISSING | ALSO_MISSING
_LONGEST_MARKER = max(map(len, NO_NUMBER))
ENOUGH = 0.95
"""The share of cells, missing ones aside, that must be numbers or dates for such a column."""
_SAMPLE = 500
"""The number of cells that are tried first."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?", re.ASCII)
_DAY = 86_400.0
Reader = Callable[[str], float | None]


class Read(NamedTuple):
    """A column read as numbers."""

    values: Array
    """Float64 `(N,)`, NaN where a cell is missing or cannot be read."""
    unread: Array
    """Which cells hold something that cannot be read, bool `(N,)`."""

    @property
    def present(self) -> int:
        """Cells that are not missing."""
        return int(np.count_nonzero(np.isfinite(self.values) | self.unread))


class Cells:
    """The texts of a column, with cached results."""

    def __init__(self, values: Array) -> None:
        self.values = values
        self._read: dict[Reader, Read] = {}

    @classmethod
    def of(cls, values: Array) -> "Cells":
        """Return the cells of a column; those of a file's column are kept with it."""
        if not isinstance(values, Texts):
            return cls(values)
        if values.noted is None:  # of other places, or both would hold each other in memory
            values.noted = cls(cast(Array, values.copy()))
        return cast(Cells, values.noted)

    @cached_property
    def texts(self) -> list[str]:
        """The text of each cell."""
        return texts_of(self.values)

    @cached_property
    def different(self) -> tuple[list[str], Array]:
        """The different texts, in order of appearance, and the index of each cell's `(N,)`."""
        if isinstance(self.values, Texts) and (coded := self.values.coded()) is not None:
            return coded
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(text, len(numbers)) for text in self.texts]
        return list(numbers), np.array(codes, np.int64)

    @cached_property
    def coded(self) -> tuple[list[str], Array]:
        """`different` in Unicode's composed form: an é may be one character or two."""
        texts, codes = self.different
        if all(map(str.isascii, texts)):
            return texts, codes
        forms: dict[str, int] = {}
        places = [forms.setdefault(composed(text), len(forms)) for text in texts]
        return list(forms), np.array(places, np.int64)[codes]

    @cached_property
    def flags(self) -> Read | None:
        """The column as 1 and 0 if all its cells are true, false or missing; else None."""
        if any(flag(text) is None for text in self.sample):
            return None
        read = self.read(flag)
        return None if read.unread.any() else read

    def read(self, reader: Reader) -> Read:
        """Read each different text once."""
        if reader not in self._read:
            self._read[reader] = self._each(reader)
        return self._read[reader]

    def _each(self, reader: Reader) -> Read:
        different, codes = self.coded
        values, unread = np.full(len(different), np.nan), np.zeros(len(different), bool)
        for i, text in enumerate(different):
            if text.lower() in NO_NUMBER:
                continue
            value = reader(text)
            if value is not None and abs(value) < LARGEST_NUMBER:
                values[i] = value
            else:
                unread[i] = True
        return Read(values[codes], unread[codes])

    @cached_property
    def plain(self) -> Read | None:
        """The numbers of a column whose cells are all like `-1.5e3` or missing; else None."""
        if isinstance(self.values, Texts):
            return _plain(self.values, self.sample)
        values = _floats(self.texts)
        if values is None:
            texts = ["nan" if text.lower() in NO_NUMBER else text for text in self.texts]
            values = _floats(texts)
        if values is None or (np.abs(values) >= LARGEST_NUMBER).any() or "_" in "".join(self.texts):
            return None
        return Read(values, np.zeros(len(values), bool))

    def read_dates(self, reader: Reader) -> Read:
        """Read dates with a reader that takes each `2024-12-31` for this day."""
        if not isinstance(self.values, Texts):
            return self.read(reader)
        days, rest = self._iso_dates
        others = Cells(cast(Array, self.values[rest])).read(reader)
        values, unread = days.copy(), np.zeros(len(days), bool)
        values[rest], unread[rest] = others
        return Read(values, unread)

    @cached_property
    def _iso_dates(self) -> tuple[Array, Array]:
        """The days of a file's column, and the rows that hold something else."""
        values, unread = read_iso_dates(cast(Texts, self.values))
        return values, np.flatnonzero(unread)

    @cached_property
    def nothing(self) -> Read:
        """The column with all its cells unread."""
        values = self.values
        if not isinstance(values, Texts):
            return self.read(_nothing)
        unread = values.ends - values.starts > _LONGEST_MARKER
        short = np.flatnonzero(~unread)
        unread[short] = Cells(cast(Array, values[short])).read(_nothing).unread
        return Read(np.full(len(values), np.nan), unread)

    @cached_property
    def sample(self) -> list[str]:
        """Cells that are not missing, taken from the whole column."""
        values = self.values
        texts = texts_of(values[:: 1 + len(values) // _SAMPLE])
        return [text for text in texts if text.lower() not in NO_NUMBER]


def _nothing(text: str) -> None:
    """Read no text."""


def _floats(texts: list[str]) -> Array | None:
    try:
        return np.array(list(map(float, texts)))
    except ValueError:
        return None


def _plain(texts: Texts, sample: list[str]) -> Read | None:
    """Return the numbers of a file's column as `Cells.plain`; unusual cells are read singly."""
    if _floats(sample) is None:
        return None
    values, unread = read_decimals(texts)
    values[unread] = np.nan
    rest = np.flatnonzero(unread & (texts.ends > texts.starts))
    cells = texts[rest].tolist()
    numbers = _floats(["nan" if text.lower() in NO_NUMBER else text for text in cells])
    if numbers is None or "_" in "".join(cells):
        return None
    values[rest] = numbers
    if (np.abs(values) >= LARGEST_NUMBER).any():
        return None
    return Read(values, np.zeros(len(values), bool))


def is_missing(text: str, missing: Collection[str] = MISSING) -> bool:
    """Whether a text marks a missing value."""
    return not text or text.lower() in missing


def missing_note(texts: Mapping[str, int]) -> str:
    """Return a remark on texts that count as missing, with their counts."""
    found = ", ".join(f"{text!r} ({n:,} times)" for text, n in texts.items() if text)
    remedy = "if it is a value, train with missing=[], or --missing ''"
    return f"{found} counts as missing; {remedy}" if found else ""


def as_read(values: Array) -> Read:
    """Read float64 numbers; infinite ones and those of 1e100 and more are unread."""
    valid = np.abs(values) < LARGEST_NUMBER
    return Read(np.where(valid, values, np.nan), ~valid & ~np.isnan(values))


def flag(text: str) -> float | None:
    """Read `true` as 1 and `false` as 0."""
    return {"true": 1.0, "false": 0.0}.get(text.lower())


def date(text: str) -> float | None:
    """Read `2024-05-31` or `2024-05-31T12:30:00Z` as days since 1970; UTC without a zone."""
    if not _DATE.fullmatch(text):
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() / _DAY
    except OverflowError:
        return None
