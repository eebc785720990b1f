"""The features of a table's rows, in memory or, for large tables, in a file of the cache folder."""

import json
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from plainnet.errors import DataError, PictureError
from plainnet.network.arrays import Array
from plainnet.tables.column import Category, Column, Number
from plainnet.tables.standardizing import standardized
from plainnet.tables.table import ReadColumns, Table
from plainnet.tables.values import ENOUGH, as_read
from plainnet.version import __version__

log = logging.getLogger(__name__)

_BLOCK_ROWS = 2**14
"""The number of rows that are made together."""
FEW_ROWS = 100
"""The rows up to which the calls take longer than the numbers: columns then share them."""


def features_of(
    table: Table, columns: Sequence[Column], describe: Callable[[], Mapping[str, Any]]
) -> Array:
    """Return the features of a table's rows, float32 `(N, n_features)`.

    Those of a table whose columns are read one at a time are written to the cache folder.

    Args:
        table: the rows.
        columns: the columns that give features.
        describe: returns what they depend on besides the table, as JSON values.

    Raises:
        DataError: too many cells cannot be read.
        FileError: the cache folder lacks space for a large table.
    """
    places = _places(columns)
    n_features = places[-1].stop
    if isinstance(table.columns, ReadColumns):
        return _on_disk(table, table.columns, columns, n_features, describe)
    X = np.empty((len(table), n_features), np.float32)
    few = len(table) <= FEW_ROWS
    together = _fill_numbers(table, columns, places, X) if few else set()
    for column, place in zip(columns, places, strict=True):
        if column.name not in together:
            column.fill(_numbers(table, column), X[:, place])
    return X


def _fill_numbers(
    table: Table, columns: Sequence[Column], places: Sequence[slice], X: Array
) -> set[str]:
    """Write the features of columns of numbers in one step, and return the columns' names.

    If a cell of them is no number, write none.
    """
    chosen = [(one, place.start) for one, place in zip(columns, places, strict=True)]
    alike = [(one, start) for one, start in chosen if type(one) is Number and one.takes_floats]
    given = [table[column.name] for column, _ in alike]
    if not alike or any(values.dtype != np.float64 for values in given):
        return set()
    read = as_read(np.stack(given, axis=1))
    if read.unread.any():
        return set()
    settings = np.array([(column.median, column.mean, column.scale) for column, _ in alike])
    z, missing = standardized(read.values, *settings.T)
    X[:, [start for _, start in alike]] = z
    for i, (column, start) in enumerate(alike):
        if column.has_missing:
            X[:, start + 1] = missing[:, i]
    return {column.name for column, _ in alike}


def _places(columns: Sequence[Column]) -> list[slice]:
    """Return the place of each column's features in a row."""
    ends = [*accumulate(column.n_features for column in columns)]
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def _on_disk(
    table: Table,
    read: ReadColumns,
    columns: Sequence[Column],
    n_features: int,
    describe: Callable[[], Mapping[str, Any]],
) -> Array:
    """Return the features, read from the disk a few rows at a time."""
    import hashlib

    from plainnet.data.row_cache import CachedRows, read_cached

    def key() -> str:
        depends = f"{__version__} {read.key()} {json.dumps(describe())}".encode()
        rows = b"" if read.rows is None else read.rows.tobytes()
        return hashlib.blake2b(depends + rows, digest_size=16).hexdigest()

    def shown(done: int, total: int) -> None:
        if read.progress is not None and (done % _BLOCK_ROWS == 0 or done == total):
            read.progress(done, total)

    rows = CachedRows(
        what="features",
        origin=table.name,
        names=range(len(table)),
        shape=(len(table), n_features),
        dtype=np.float32,
        key=key,
        make=lambda: _rows(table, columns, n_features),
        fits_memory=False,
    )
    return read_cached(rows, True, progress=shown)[0]


def _rows(
    table: Table, columns: Sequence[Column], n_features: int
) -> Generator[Array | PictureError, None, None]:
    """Yield the features of each row: columns are read into a file, which is read by rows."""
    import tempfile  # here and above: only for large tables

    from plainnet.tables.disk_space import room_for

    n, places = len(table), _places(columns)
    widths = [column.n_numbers for column in columns]
    before = np.cumsum([0, *widths]).tolist()
    with tempfile.TemporaryFile(dir=room_for(n * (8 * before[-1] + 4 * n_features))) as file:
        for column in columns:
            file.write(np.ascontiguousarray(_numbers(table, column), np.float64).data)
        for start in range(0, n, _BLOCK_ROWS):
            X = np.empty((min(_BLOCK_ROWS, n - start), n_features), np.float32)
            for i, (column, place) in enumerate(zip(columns, places, strict=True)):
                file.seek(8 * (before[i] * n + start * widths[i]))
                numbers = np.frombuffer(file.read(8 * widths[i] * len(X)), np.float64)
                column.fill(numbers, X[:, place])
            yield from X


def _numbers(table: Table, column: Column) -> Array:
    """Return a column as numbers `(N,)`, and report cells that cannot be read."""
    read = column.numbers(table)
    if isinstance(column, Number) and read.unread.any():
        _report_unread(table, column, read.unread)
    elif isinstance(column, Category) and not (read.values >= 0).any():
        log.warning(
            "Column %r of %s: none of its cells holds a category of the training.",
            *(column.name, table.name),
        )
    return read.values


def _report_unread(table: Table, column: Number, unread: Array) -> None:
    """Warn of cells that count as missing; raise if they are too many, or in another format."""
    values = table[column.name]
    row, n = int(unread.argmax()), int(unread.sum())
    message = (
        f"Column {column.name!r} of {table.name}: {n:,} of {len(table):,} cells are not a "
        f"{column.noun}, the first, {str(values[row])!r:.40}, in {table.where(row)}"
    )
    if form := column.form_of(values[unread], table.delimiter):
        message += f"; {form}"
    if column.format:
        message += f"; those of the training are written as {column.format}"
    if 2 * n > len(table) or (form and n > (1 - ENOUGH) * len(table)):
        raise DataError(f"{message}; write it as in training.")
    log.warning("%s, and count as missing.", message)
