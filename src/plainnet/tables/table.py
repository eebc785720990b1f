"""A table in memory: columns by name, each of numbers or of texts.

Numbers are float64, NaN where one is missing; texts are NumPy's strings of variable width, which
take 16 bytes a cell where they are short, without the spaces around them, "" where one is missing.
A column with whole numbers that float64 does not hold is one of texts, their digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np

from plainnet.data.folders import first_few
from plainnet.errors import DataError
from plainnet.metrics.weighting import check_weights
from plainnet.network.arrays import Array

MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "null", "?"})
"""What says so where nobody has said otherwise."""
TEXT = np.dtypes.StringDType()
_DAY = timedelta(days=1)
EXACT = 2**53
"""Up to here float64 holds all whole numbers."""


@dataclass(frozen=True, eq=False)
class Table:
    """N rows.

    Raises:
        DataError: the columns are of different length, or there is no row or no column.
    """

    name: str
    """What it came from, for messages."""
    columns: Mapping[str, Array]
    """Float64 or text, `(N,)`, by name, in their order."""
    lines: Array | None = None
    """The line of a file in which each row ends, `(N,)`, if it came from one."""
    delimiter: str = ""
    """What parts the fields of its file, if something does."""
    index: tuple[str, ...] = ()
    """Columns that are the index of a data frame, written down: they are not learned from."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Columns as they came, of what was in memory or in Parquet: the labels of a target keep their
    type. Rows that are taken forget it."""
    missing: frozenset[str] = MISSING
    """What says, in small or large letters, in a column of texts that there is no value."""
    weights: Array | None = None
    """What each row counts when something is fitted to it, `(N,)`; None: all the same."""

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) > 1:
            (first, n), *others = lengths.items()
            other = next(one for one in others if one[1] != n)
            raise DataError(
                f"{self.name} has {n} values of {first!r} but {other[1]} of {other[0]!r}; give one "
                "for each row."
            )
        if not lengths or not len(self):
            raise DataError(f"{self.name} holds no rows; give at least one below the names.")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Array:
        if name not in self.columns:
            raise DataError(
                f"{self.name} has no column {name!r}{_meant(name, self.columns)}; its columns are "
                f"{first_few(list(self.columns))}."
            )
        return self.columns[name]

    def weighed(self, weights: Any) -> "Table":
        """The table with what each of its rows counts, without those of weight 0.

        Raises:
            ShapeError, DataError: they are no weights of its rows.
        """
        if weights is None:
            return self
        w, rows = check_weights(weights, len(self)), np.flatnonzero(weights)
        table, given = self, self.given
        if len(rows) < len(w):
            kept = {
                n: v[rows] if isinstance(v, np.ndarray) else v.take(rows) for n, v in given.items()
            }
            table, given, w = self.take(rows), kept, w[rows]
        alike = bool((w == 1).all())
        return replace(table, given=given, weights=None if alike else w.astype(np.float64))

    def take(self, rows: Array) -> "Table":
        """The table of these rows: indices or a mask."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        lines = None if self.lines is None else self.lines[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, columns=columns, lines=lines, weights=weights, given={})

    def where(self, row: int | np.intp) -> str:
        """`line 17` of a file, else `row 16`, counted from 0."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"


def raw_column(values: Any) -> Array:
    """Any values of a column as float64 or text; None and what is no number are missing.

    Time spans are numbers, in days.
    """
    array = values_of(values)
    if array.dtype.kind in "iuf":
        inexact = array.dtype.kind != "f" and array.size and not _is_exact(array.min(), array.max())
        return array.astype(TEXT if inexact else np.float64)
    if array.dtype.kind == "m":
        return array / np.timedelta64(1, "D")
    if array.dtype.kind in "MT" or array.dtype == TEXT:
        return array.astype(TEXT) if array.dtype.kind != "M" else _dates(array)
    cells = [cell / _DAY if isinstance(cell, timedelta) else cell for cell in array.tolist()]
    numbers = [cell for cell in cells if _is_number(cell)]
    known = len(numbers) + sum(cell is None for cell in cells)
    if numbers and known == len(cells) and _is_exact(*numbers):
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    return np.array([_text(cell) for cell in cells], TEXT)


def values_of(values: Any) -> Array:
    """Values as an array that changes none of them: a list becomes one of objects.

    What is masked becomes None.
    """
    if np.ma.isMaskedArray(values):
        masked, values = np.ma.getmaskarray(values), np.ma.getdata(values).astype(object)
        values[masked] = None
    return np.asarray(values) if hasattr(values, "dtype") else np.asarray(values, object)


def texts_of(values: Array) -> list[str]:
    """The cells of a column as texts, "" where one is missing; whole numbers without a point."""
    if values.dtype != np.float64:
        texts: list[str] = values.tolist()
        return texts
    return [_text(cell) for cell in values.tolist()]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool)


def _is_exact(*numbers: Any) -> bool:
    """Whether float64 holds all of them that are whole numbers."""
    return all(isinstance(n, (float, np.floating)) or abs(int(n)) <= EXACT for n in numbers)


def _text(cell: Any) -> str:
    if isinstance(cell, bytes):
        cell = cell.decode(errors="backslashreplace")
    text = str(cell).strip()
    if isinstance(cell, str):  # which `missing` is for
        return text
    if cell is None or text in ("nan", "NaT", "<NA>"):  # as pandas has it
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else text


def _dates(array: Array) -> Array:
    texts = np.datetime_as_string(array)
    if np.datetime_data(array.dtype)[0] in ("ms", "us", "ns"):  # as isoformat has it
        seconds = array.astype("M8[s]")
        texts = np.where(array == seconds, np.datetime_as_string(seconds), texts)
    return np.where(np.isnat(array), "", texts).astype(TEXT)


def _meant(name: str, names: Mapping[str, Array]) -> str:
    """What a name that is not there may stand for: `, but 'Species'`."""
    alike = [other for other in names if other.strip().lower() == name.strip().lower()]
    return f", but {alike[0]!r}" if alike else ""
