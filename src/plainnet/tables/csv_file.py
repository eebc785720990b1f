"""Reading CSV: a header with the names of the columns, then a row for each sample."""

from pathlib import Path
from typing import cast

import numpy as np

from plainnet.network.arrays import Array
from plainnet.pictures.gathering import Progress
from plainnet.tables.csv_blocks import read_blocks
from plainnet.tables.opened_csv import OpenedCsv, opened_csv
from plainnet.tables.table import TEXT, Table

LARGE_BYTES = 2**29
"""The size of a file from which its columns are read one at a time; all of them would take some
1 GiB in memory."""


def read_csv(path: Path, *, progress: Progress | None = None) -> Table:
    """Read the table in a file; the columns of a large one are read when they are asked for.

    Args:
        path: the file.
        progress: called with (rows read, 0) from time to time; the total is unknown.

    Raises:
        FileError: the file cannot be read.
        DataError: the file is not a table; the message names the line.
    """
    with opened_csv(path) as opened:
        if path.stat().st_size > LARGE_BYTES:
            from plainnet.tables.large_csv import store_csv  # others need no place on the disk

            return store_csv(opened, progress).table(progress)
        width = len(opened.names)
        usual = read_blocks(path, opened.delimiter, opened.header_lines, width, progress)
        columns, lines = _cell_by_cell(opened, progress) if usual is None else usual
        named = dict(zip(opened.names, cast(list[Array], columns), strict=True))
        return Table(str(path), named, lines, opened.delimiter, opened.identifiers)


def _cell_by_cell(opened: OpenedCsv, progress: Progress | None) -> tuple[list[Array], Array]:
    """Return the columns of an unusual file, and the line in which each row ends."""
    parts: list[list[Array]] = [[] for _ in opened.names]
    lines: list[Array] = []
    for columns, ends in opened.chunks():
        lines.append(ends)
        for part, cells in zip(parts, columns, strict=True):
            part.append(np.array(cells, TEXT))
        if progress is not None:
            progress(sum(map(len, lines)), 0)
    if not lines:
        raise opened.without_rows()
    return [np.concatenate(part) for part in parts], np.concatenate(lines)
