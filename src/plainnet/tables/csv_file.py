"""Reading CSV: a header with the names of the columns, then a row for each sample.

Fields are parted by a comma, a semicolon, a tab or a bar, whichever parts the first lines most
evenly. The file is UTF-8, with or without the mark that some programs put in front.
"""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import DataError, FileError
from plainnet.network.arrays import Array
from plainnet.pictures.reading import Progress
from plainnet.tables.in_memory import column_names, index_columns
from plainnet.tables.table import TEXT, Table

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LOOKED_AT = 2**16
"""Characters that the delimiter is told from."""
_AT_ONCE = 2**13
"""Rows that are turned into columns together."""


def read_csv(path: Path, *, progress: Progress | None = None) -> Table:
    """The table in a file.

    Args:
        path: the file.
        progress: called with (rows read, 0), now and then: how many there are is not known.

    Raises:
        FileError: it cannot be read.
        DataError: it is no table; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.read(_LOOKED_AT)
            delimiter = delimiter_of(start)
            file.seek(0)
            return _table(path, file, delimiter, progress)
    except UnicodeDecodeError as error:
        raise _no_utf8(path) from error
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror}; check how it is spelled and that you may "
            "read it."
        ) from error


def delimiter_of(text: str) -> str:
    """What parts the fields in these first lines of a file; a comma where nothing does."""
    best, found = (0.0, 0), ","
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
        except csv.Error:
            continue
        rows = rows[:-1] if len(rows) > 2 and len(text) >= _LOOKED_AT else rows  # the last is cut
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and (alike, width) > best:
            best, found = (alike, width), delimiter
    return found


def _table(path: Path, file: io.TextIOWrapper, delimiter: str, progress: Progress | None) -> Table:
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        header = next((row for row in reader if row), [])
        names = _names(path, header)
        parts: list[list[Array]] = [[] for _ in names]
        lines: list[Array] = []
        rows = _rows(path, reader, len(names), delimiter)
        while chunk := list(islice(rows, _AT_ONCE)):
            lines.append(np.array([line for line, _ in chunk], np.int64))
            for part, cells in zip(
                parts, zip(*(row for _, row in chunk), strict=True), strict=True
            ):
                part.append(np.array([cell.strip() for cell in cells], TEXT))
            if progress is not None:
                progress(sum(map(len, lines)), 0)
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}, is no sound CSV ({error}); is there a quotation mark "
            "that nothing closes?"
        ) from error
    if not lines:
        raise DataError(f"{path} holds the names of columns and no rows below them; add some.")
    columns = {name: np.concatenate(part) for name, part in zip(names, parts, strict=True)}
    index = index_columns(header, names)
    return Table(str(path), columns, np.concatenate(lines), delimiter == ";", index)


def _rows(path: Path, reader: Any, width: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The line in which each row ends, and its cells; empty lines are passed over."""
    for row in reader:
        if len(row) == width:
            yield reader.line_num, row
        elif row:
            raise DataError(
                f"{path}, line {reader.line_num}, has {len(row)} fields, but the first line names "
                f"{width} columns, parted by {_NAMES[delimiter]}; mend that line, or put fields "
                f"that hold {_NAMES[delimiter]} into quotation marks."
            )


def _names(path: Path, header: list[str]) -> list[str]:
    """The names of the columns; those without one are called by their number."""
    if not header:
        raise DataError(f"{path} is empty; a table begins with the names of its columns.")
    names = column_names(header, f"{path}, line 1,")
    if len(names) == 1:
        raise DataError(
            f"{path} has one column only, {names[0]!r:.60}; its fields must be parted by commas, "
            "semicolons, tabs or bars (|)."
        )
    return names


def _no_utf8(path: Path) -> DataError:
    """Where a file leaves UTF-8, and what to do."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                found = f"0x{line[error.start]:02X}"
                if number == 1 and line[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    return DataError(f"{path} is UTF-16; save it as UTF-8.")
                if b"\0" in line:
                    return DataError(f"{path} is no text, as a CSV table is; name a table.")
                return DataError(
                    f"{path}, line {number}, is not UTF-8 (byte {found}); save it as UTF-8, "
                    f"perhaps with `iconv -f windows-1252 -t utf-8`."
                )
    return DataError(f"{path} is not UTF-8; save it as UTF-8.")
