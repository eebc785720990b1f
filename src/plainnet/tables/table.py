"""A table in memory: columns by name, each of numbers or of texts.

Numbers are float64, NaN if missing. Texts are NumPy's strings of variable width, which take 16
bytes a cell if they are short; they have no surrounding spaces, and are "" if missing. A column
with integers that float64 cannot represent is a column of texts, their digits.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np

from plainnet.data.class_names import composed
from plainnet.data.folders import first_few
from plainnet.errors import DataError
from plainnet.metrics.weighting import check_weights
from plainnet.network.arrays import Array
from plainnet.network.numbers import is_masked_array
from plainnet.pictures.gathering import Progress

MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "null", "?"})
"""The default texts, in lower case, that mark a missing value."""
TEXT = np.dtypes.StringDType()
_DAY = timedelta(days=1)
EXACT = 2**53
"""The largest integer up to which float64 represents all integers exactly."""


class ReadColumns(Mapping[str, Any]):
    """Columns that are too large for memory together: each is read whenever it is asked for.

    Args:
        read: reads a column by its name: an array, or an array of pyarrow.
        names: the names, in order.
        n_rows: the number of rows in the file.
        key: returns a digest of the file's state.
        rows: the rows of the file that are the rows here, `(N,)`; None: all.
        progress: called with (column, columns) when one was read, and with (row, rows) while
            features are made.
    """

    def __init__(
        self,
        read: Callable[[str], Any],
        names: Sequence[str],
        n_rows: int,
        key: Callable[[], str],
        rows: Array | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._read, self.names, self.key = read, tuple(names), key
        self.rows, self.progress = rows, progress
        self.n_rows = n_rows if rows is None else len(rows)

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        values = self._read(name)
        if self.progress is not None:
            self.progress(self.names.index(name) + 1, len(self))
        return values if self.rows is None else _taken(values, self.rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names  # without reading it

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: Array) -> "ReadColumns":
        """Return the columns of these rows, given as indices or a mask."""
        chosen = np.arange(self.n_rows)[rows] if self.rows is None else self.rows[rows]
        n_rows = len(chosen)
        return ReadColumns(self._read, self.names, n_rows, self.key, chosen, self.progress)


@dataclass(frozen=True, eq=False)
class Table:
    """A table of N rows.

    >>> len(Table("animals", {"legs": np.array([2, 4, 4])}))
    3

    Raises:
        DataError: the columns differ in length, or there is no row or no column.
    """

    name: str
    """The source of the table, for messages."""
    columns: Mapping[str, Array]
    """The columns by name, in order: float64 or text, `(N,)`. Those of a CSV file are `Texts`."""
    lines: Array | None = None
    """The line of the file in which each row ends, `(N,)`; None without a file."""
    delimiter: str = ""
    """The delimiter of its file; "" if it has none."""
    index: tuple[str, ...] = ()
    """The columns that are a saved index of a data frame, and not features."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """The original columns of data in memory or in Parquet, so that the labels of a target keep
    their type. `take` discards them."""
    missing: frozenset[str] = MISSING
    """The texts, in any case, that mark a missing value in a column of texts."""
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The texts of the columns in which they have an order, in that order."""
    weights: Array | None = None
    """The weight of each row, `(N,)`; None if all are equal."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The kinds of columns that the user has named; those of the others are inferred."""

    def __post_init__(self) -> None:
        lengths: dict[str, int] = {}
        if not isinstance(self.columns, ReadColumns):
            lengths = {name: len(values) for name, values in self.columns.items()}
        if len(set(lengths.values())) > 1:
            (first, n), *others = lengths.items()
            other = next(one for one in others if one[1] != n)
            raise DataError(
                f"{self.name} has {n} values of {first!r} but {other[1]} of {other[0]!r}; give one "
                "value for each row."
            )
        if not self.columns or not len(self):
            raise DataError(f"{self.name} has no rows; give at least one below the header.")

    def __len__(self) -> int:
        if isinstance(self.columns, ReadColumns):
            return self.columns.n_rows
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Array:
        if name not in self.columns:
            raise DataError(
                f"{self.name} has no column {name!r}{_meant(name, self.columns)}; its columns are "
                f"{first_few(list(self.columns))}."
            )
        return self.columns[name]

    def weighed(self, weights: Any) -> "Table":
        """Return the table with these weights, without the rows of weight 0.

        Raises:
            ShapeError, DataError: the weights are not valid for its rows.
        """
        if weights is None:
            return self
        w, rows = check_weights(weights, len(self)), np.flatnonzero(weights)
        table, given = self, self.given
        if len(rows) < len(w):
            table, given, w = self.take(rows), _rows_of(given, rows), w[rows]
        alike = bool((w == 1).all())
        return replace(table, given=given, weights=None if alike else w.astype(np.float64))

    def take(self, rows: Array) -> "Table":
        """Return the table of these rows, given as indices or a mask."""
        columns = _rows_of(self.columns, rows)
        lines = None if self.lines is None else self.lines[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, columns=columns, lines=lines, weights=weights, given={})

    def where(self, row: int | np.intp) -> str:
        """Return the position of a row: `line 17` of a file, else `row 16`, counted from 0."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"


def _rows_of(columns: Mapping[str, Any], rows: Array) -> Mapping[str, Any]:
    """Return these rows of columns."""
    if isinstance(columns, ReadColumns):
        return columns.take(rows)
    return {name: _taken(values, rows) for name, values in columns.items()}


def _taken(values: Any, rows: Array) -> Any:
    """Return these rows of a column, which may be one of pyarrow."""
    return values.take(rows) if hasattr(values, "to_pylist") else values[rows]


def raw_column(values: Any) -> Array:
    """Return the values of a column as float64 or texts; None and NaN are missing.

    Durations are numbers, in days.
    """
    array = values_of(values)
    if array.dtype.kind in "iuf":
        inexact = array.dtype.kind != "f" and array.size and not _is_exact(array.min(), array.max())
        return array.astype(TEXT if inexact else np.float64)
    if array.dtype.kind == "m":
        return array / np.timedelta64(1, "D")
    if array.dtype.kind in "MT" or array.dtype == TEXT:
        return array.astype(TEXT) if array.dtype.kind != "M" else _dates(array)
    cells = array.tolist()
    if (kinds := {*map(type, cells)}) == {float} or (
        kinds == {int} and max(map(abs, cells)) <= EXACT
    ):  # the usual cells at once
        return np.array(cells, np.float64)
    cells = [cell / _DAY if isinstance(cell, timedelta) else cell for cell in cells]
    numbers = [cell for cell in cells if _is_number(cell)]
    known = len(numbers) + sum(cell is None for cell in cells)
    if numbers and known == len(cells) and _is_exact(*numbers):
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    return np.array([_text(cell) for cell in cells], TEXT)


def values_of(values: Any) -> Array:
    """Return values as an array without changing any; a list becomes an array of objects.

    Masked values become None.
    """
    if is_masked_array(values):
        masked, values = np.ma.getmaskarray(values), np.ma.getdata(values).astype(object)
        values[masked] = None
    return np.asarray(values) if hasattr(values, "dtype") else np.asarray(values, object)


def ordered_texts(dtype: Any) -> tuple[str, ...]:
    """Return the texts of an ordered categorical of pandas in their order; () for other types."""
    if not getattr(dtype, "ordered", False) or not hasattr(dtype, "categories"):
        return ()
    return level_texts(dtype.categories)


def level_texts(values: Any) -> tuple[str, ...]:
    """Return the levels of an ordered column as texts; () if they are numbers."""
    levels = raw_column(values)
    return () if levels.dtype == np.float64 else tuple(map(composed, texts_of(levels)))


def texts_of(values: Array) -> list[str]:
    """Return the cells of a column as texts, "" if missing; integers have no decimal point."""
    if values.dtype != np.float64:
        texts: list[str] = values.tolist()
        return texts
    return [_text(cell) for cell in values.tolist()]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool)


def _is_exact(*numbers: Any) -> bool:
    """Whether float64 represents all integers among the numbers exactly."""
    return all(isinstance(n, (float, np.floating)) or abs(int(n)) <= EXACT for n in numbers)


def _text(cell: Any) -> str:
    if isinstance(cell, bytes):
        cell = cell.decode(errors="backslashreplace")
    text = str(cell).strip()
    if isinstance(cell, str):  # the texts of `missing` apply
        return text
    if cell is None or text in ("nan", "NaT", "<NA>"):  # missing values of pandas
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else text


def _dates(array: Array) -> Array:
    texts = np.datetime_as_string(array)
    if np.datetime_data(array.dtype)[0] in ("ms", "us", "ns"):  # as isoformat writes them
        seconds = array.astype("M8[s]")
        texts = np.where(array == seconds, np.datetime_as_string(seconds), texts)
    return np.where(np.isnat(array), "", texts).astype(TEXT)


def _meant(name: str, names: Mapping[str, Array]) -> str:
    """Return the name that an unknown one may stand for: `, but 'Species'`."""
    alike = [other for other in names if other.strip().lower() == name.strip().lower()]
    return f", but {alike[0]!r}" if alike else ""
