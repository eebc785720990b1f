"""Opening CSV: the delimiter, the header with the names of the columns, and rows cell by cell.

The delimiter is a comma, a semicolon, a tab or a bar: the one that divides the first lines most
evenly, or the one that a first line `sep=;` names, as Excel writes it. The file is UTF-8, with or
without a byte order mark.
"""

import csv
import io
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plainnet.errors import DataError, FileError
from plainnet.network.arrays import Array
from plainnet.pictures.files import what_it_is
from plainnet.tables.column_names import column_names, index_columns

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SNIFFED = 2**16
"""The number of characters from which the delimiter is inferred."""
_CHUNK_ROWS = 2**13
"""The number of rows that are turned into columns together."""
_MAX_CELL = 2**31 - 1
"""The longest cell in characters; Python's default is too short for long texts."""
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)


class OpenedCsv(NamedTuple):
    """A file whose header was read."""

    path: Path
    names: list[str]
    """The names of the columns."""
    delimiter: str
    identifiers: tuple[str, ...]
    """The columns that are a saved index of a data frame."""
    header_lines: int
    """The lines up to the end of the header."""
    reader: Any
    """Reads the rows below the header."""

    def chunks(self) -> Iterator[tuple[list[list[str]], Array]]:
        """Yield the cells of each column, and the line in which each row ends, of some rows.

        Raises:
            DataError: a row has another number of cells than the header.
        """
        rows = _rows(self.path, self.reader, len(self.names), self.delimiter)
        while chunk := list(islice(rows, _CHUNK_ROWS)):
            columns = zip(*(row for _, row in chunk), strict=True)
            lines = np.array([line for line, _ in chunk], np.int64)
            yield [[cell.strip() for cell in column] for column in columns], lines

    def without_rows(self) -> DataError:
        """Return the error for a file with a header alone."""
        return DataError(f"{self.path} has a header but no rows below it; add some.")


@contextmanager
def opened_csv(path: Path) -> Iterator[OpenedCsv]:
    """Open a file and read its header; errors of what reads the rows get the file's name.

    Raises:
        FileError: the file cannot be read.
        DataError: the file is not a table; the message names the line.
    """
    csv.field_size_limit(_MAX_CELL)  # for the whole process
    reader: Any = None
    try:
        if not stat.S_ISREG(mode := path.stat().st_mode):
            raise FileError(f"{path} {what_it_is(mode)}")
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.read(_SNIFFED)
            _check_text(path)
            file.seek(0)
            named = _SEPARATOR.match(start)
            delimiter = named[1] if named else delimiter_of(start)
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
            header: list[str] = next(islice((row for row in reader if row), bool(named), None), [])
            names = _names(path, header)
            index = index_columns(header, names)
            yield OpenedCsv(path, names, delimiter, index, reader.line_num, reader)
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    except csv.Error as error:
        raise DataError(
            f"{path}, line {reader.line_num}, is not valid CSV ({error}); is a quotation mark not "
            "closed?"
        ) from error
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror or error}; check how it is spelled and that "
            "you may read it."
        ) from error


def delimiter_of(text: str) -> str:
    """Return the delimiter of these first lines of a file; a comma if there is none."""
    best, found = (0.0, False, 0), ","
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
        except csv.Error:
            continue
        rows = rows[:-1] if len(rows) > 1 and len(text) >= _SNIFFED else rows  # the last is cut off
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows) / max(len(rows), 1)
        # Numbers and names contain commas, too; a semicolon in each line is rarely a coincidence.
        if width > 1 and (alike, delimiter in ";\t", width) > best:
            best, found = (alike, delimiter in ";\t", width), delimiter
    return found


def _rows(path: Path, reader: Any, width: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line in which each row ends, and its cells; skip empty lines."""
    for row in reader:
        if len(row) == width:
            yield reader.line_num, row
        elif row:
            raise DataError(
                f"{path}, line {reader.line_num}, has {len(row)} fields, but the first line names "
                f"{width} columns, separated by {_NAMES[delimiter]}; correct that line, or put "
                f"fields that contain {_NAMES[delimiter]} into quotation marks."
            )


def _check_text(path: Path) -> None:
    """Raise a DataError if the file contains a NUL, so is not a text."""
    number = 1
    with path.open("rb") as file:
        while block := file.read(2**20):
            if (at := block.find(b"\0")) >= 0:
                number += block.count(b"\n", 0, at)
                raise DataError(
                    f"{path}, line {number}, contains a NUL, so it is not a text file, as CSV is; "
                    "save it as UTF-8 without the NUL, or name a table."
                )
            number += block.count(b"\n")


def _names(path: Path, header: list[str]) -> list[str]:
    """Return the names of the columns; a column without a name is named by its number."""
    if not header:
        raise DataError(f"{path} is empty; a table begins with the names of its columns.")
    names = column_names(header, f"{path}, line 1,")
    if len(names) == 1:
        raise DataError(
            f"{path} has only one column, {names[0]!r:.60}; its fields must be separated by "
            "commas, semicolons, tabs or bars (|)."
        )
    return names


def _not_utf8(path: Path) -> DataError:
    """Return the error that names the first bytes that are not UTF-8, and the remedy."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                found = f"0x{line[error.start]:02X}"
                if number == 1 and line[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    return DataError(f"{path} is UTF-16; save it as UTF-8.")
                if b"\0" in line:
                    return DataError(f"{path} is not a text file, as CSV is; name a table.")
                return DataError(
                    f"{path}, line {number}, is not UTF-8 (byte {found}); save it as UTF-8, "
                    f"perhaps with `iconv -f windows-1252 -t utf-8`."
                )
    return DataError(f"{path} is not UTF-8; save it as UTF-8.")
