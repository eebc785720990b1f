"""Some rows of a table at a time: of Parquet and of large CSV they are read when asked for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from plainnet.tables.files import is_csv, read_table
from plainnet.tables.large_csv import store_csv
from plainnet.tables.opened_csv import opened_csv
from plainnet.tables.parquet import opened_parquet, table_of_arrow
from plainnet.tables.table import Table

LARGE_CSV = 2**26
"""The size of a CSV file from which its rows are not all read into memory."""
Take = Callable[[int, int], Table]
"""`take(start, stop)` returns these rows, counted from 0."""


def opened_rows(path: Path) -> tuple[int, Take]:
    """Return the number of rows in a file, and a function that takes some of them.

    Raises:
        FileError, DataError: the file cannot be read, or holds no table.
        MissingExtraError: pyarrow is not installed.
    """
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    if is_csv(path) and path.is_file() and path.stat().st_size > LARGE_CSV:
        with opened_csv(path) as opened:
            stored = store_csv(opened)
        return len(stored.cells), stored.rows
    table = read_table(path)
    return len(table), lambda start, stop: table.take(np.arange(start, stop))


def _parquet(path: Path) -> tuple[int, Take]:
    with opened_parquet(path) as file:
        about = file.metadata
    ends = np.cumsum([about.row_group(i).num_rows for i in range(about.num_row_groups)])

    def take(start: int, stop: int) -> Table:
        first, last = np.searchsorted(ends, [start, stop - 1], side="right")
        groups = [int(i) for i in range(first, last + 1)]
        with opened_parquet(path) as file:
            found = file.read_row_groups(groups, use_threads=False)
        before = int(ends[first - 1]) if first else 0
        return table_of_arrow(found.slice(start - before, stop - start), str(path))

    return about.num_rows, take
