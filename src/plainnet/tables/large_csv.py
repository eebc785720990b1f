"""CSV files larger than memory: one pass writes their cells to the disk, column by column."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from plainnet.errors import DataError
from plainnet.network.arrays import Array
from plainnet.pictures.gathering import Progress
from plainnet.tables.csv_blocks import each_block
from plainnet.tables.disk_space import room_for
from plainnet.tables.opened_csv import OpenedCsv, opened_csv
from plainnet.tables.stored_cells import StoredCells
from plainnet.tables.table import ReadColumns, Table

_ON_DISK = 3
"""The bytes on the disk for each byte of the file, at most: an empty cell takes four."""


class StoredCsv(NamedTuple):
    """The rows of a file, on the disk."""

    path: Path
    names: list[str]
    delimiter: str
    identifiers: tuple[str, ...]
    """The columns that are a saved index of a data frame."""
    cells: StoredCells
    state: str
    """What changes with the file."""

    def table(self, progress: Progress | None = None) -> Table:
        """Return all rows; a column is read when it is asked for."""
        how: Any = {"names": self.names, "n_rows": len(self.cells), "key": self._key}
        columns = ReadColumns(self._column, **how, progress=progress)
        return Table(str(self.path), columns, self.cells.lines, self.delimiter, self.identifiers)

    def rows(self, start: int, stop: int) -> Table:
        """Return these rows, counted from 0, in memory."""
        columns, lines = self.cells.rows(start, stop)
        named = dict(zip(self.names, cast(list[Array], columns), strict=True))
        return Table(str(self.path), named, lines, self.delimiter, self.identifiers)

    def _column(self, name: str) -> Any:
        return self.cells.column(self.names.index(name))

    def _key(self) -> str:
        return self.state


def store_csv(opened: OpenedCsv, progress: Progress | None = None) -> StoredCsv:
    """Write the cells of a file to the disk, in one pass.

    Args:
        opened: the file.
        progress: called with (rows read, 0).

    Raises:
        FileError: the file cannot be read, or there is too little room on the disk.
        DataError: the file is not a table.
    """
    path = opened.path
    state, size = _state(path), path.stat().st_size
    room = room_for(_ON_DISK * size, f"read {path}, which is large,")

    def stored(blocks: Iterator[bool], cells: StoredCells) -> StoredCells | None:
        for is_usual in blocks:
            if not is_usual:
                return None
            if progress is not None:
                progress(len(cells), 0)
        return cells

    again = _cells_again, (path, state)
    width = len(opened.names)
    cells = StoredCells(width, room, again)
    if stored(_usual(opened, cells), cells) is None:
        cells = StoredCells(width, room, again)
        stored(_unusual(opened, cells), cells)
    if not len(cells):
        raise opened.without_rows()
    return StoredCsv(path, opened.names, opened.delimiter, opened.identifiers, cells, state)


def _usual(opened: OpenedCsv, cells: StoredCells) -> Iterator[bool]:
    """Store block after block; yield whether it is usual."""
    width = len(opened.names)
    for block in each_block(opened.path, opened.delimiter, opened.header_lines, width):
        if block is not None:
            cells.append(*block)
        yield block is not None


def _unusual(opened: OpenedCsv, cells: StoredCells) -> Iterator[bool]:
    for columns, lines in opened.chunks():
        cells.append_texts(columns, lines)
        yield True


def _cells_again(path: Path, state: str) -> StoredCells:
    """Return the cells in another process.

    Raises:
        DataError: the file is not as it was.
    """
    if _state(path) != state:
        raise DataError(f"{path} changed while it was read; start again.")
    with opened_csv(path) as opened:
        return store_csv(opened).cells


def _state(path: Path) -> str:
    found = path.stat()
    return f"{path.absolute()} {found.st_size} {found.st_mtime_ns}"
