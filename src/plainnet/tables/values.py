"""What the cells of a column say: numbers, dates, true and false, or nothing."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.table import texts_of
from plainnet.training.regression import LARGEST

MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "null", "?"})
"""In any column, in small or large letters: there is no value."""
ALSO_MISSING = frozenset({"-", "--", ".", "none"})
"""In columns of numbers and dates also these."""
NO_NUMBER = MISSING | ALSO_MISSING

_POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d*)(,\d+)?([eE][+-]?\d+)?", re.ASCII)
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
    """The texts of a column, and what is asked of them more than once."""

    def __init__(self, values: Array) -> None:
        self.texts = texts_of(values)

    @cached_property
    def coded(self) -> tuple[list[str], Array]:
        """The different texts, as they first appear, and the number of each cell's `(N,)`."""
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(text, len(numbers)) for text in self.texts]
        return list(numbers), np.array(codes, np.int64)

    def read(self, reader: Reader) -> Read:
        """Read each different text once."""
        different, codes = self.coded
        values, unread = np.full(len(different), np.nan), np.zeros(len(different), bool)
        for i, text in enumerate(different):
            if text.lower() in NO_NUMBER:
                continue
            value = reader(text)
            if value is not None and abs(value) < LARGEST:
                values[i] = value
            else:
                unread[i] = True
        return Read(values[codes], unread[codes])

    def numbers(self, decimal_comma: bool = False) -> Read:
        """Numbers with a point, or where that may be and reads more cells, with a comma."""
        try:  # most columns hold nothing else
            texts = ["nan" if text.lower() in NO_NUMBER else text for text in self.texts]
            values = np.array(list(map(float, texts)))
            if not (np.abs(values) >= LARGEST).any() and not any("_" in text for text in texts):
                return Read(values, np.zeros(len(values), bool))
        except ValueError:
            pass
        with_point = self.read(point_number)
        if decimal_comma and with_point.unread.any() and any("," in text for text in self.texts):
            with_comma = self.read(comma_number)
            if with_comma.unread.sum() < with_point.unread.sum():
                return with_comma
        return with_point


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value."""
    return text.lower() in MISSING


def as_read(values: Array) -> Read:
    """Numbers that are numbers already; those of 1e100 and more count as missing."""
    sound = np.abs(values) < LARGEST
    return Read(np.where(sound, values, np.nan), np.zeros(len(values), bool))


def point_number(text: str) -> float | None:
    """`-1.5e3`."""
    return float(text) if _POINT.fullmatch(text) else None


def comma_number(text: str) -> float | None:
    """`-1,5`, `1.234,5`: points are between thousands."""
    if not _COMMA.fullmatch(text) or not any(c.isdigit() for c in text):
        return None
    try:
        return float(text.replace(".", "").replace(",", "."))
    except ValueError:  # such as `e5`
        return None


def flag(text: str) -> float | None:
    """`true` is 1, `false` 0."""
    return {"true": 1.0, "false": 0.0}.get(text.lower())


def date(text: str) -> float | None:
    """The days since 1970 of `2024-05-31` or `2024-05-31T12:30:00Z`; without a zone as in UTC."""
    if not _DATE.fullmatch(text):
        return None
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() / _DAY
    except OverflowError:
        return None
