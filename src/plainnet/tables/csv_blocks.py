"""Reading the usual CSV a few megabytes at a time, as places in the file's bytes.

`read_blocks` keeps all of the file in memory, `each_block` one block of it.

A file is usual if quotation marks only open and close cells, or stand doubled inside one, and if
each row has all its cells. Any other file, and every error, is left to `csv_file.py`, which reads
cell by cell and gives the same cells.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from plainnet.network.arrays import Array
from plainnet.pictures.gathering import Progress
from plainnet.tables.texts import PAD, Texts, padded

_BLOCK_BYTES = 2**22
_QUOTE, _SPACE, _END, _RETURN = b'" \n\r'
_IS_SPACE = np.zeros(256, bool)
_IS_SPACE[[*b" \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"]] = True
_IS_BLANK = np.arange(256) == _SPACE
_LONGEST_ROW = 16 * _BLOCK_BYTES
"""The longest row in bytes; a longer one is not usual, as a quotation mark may not be closed."""
_TOGETHER = 16
"""The number of bytes that are skipped in all cells at once."""


class _Rows(NamedTuple):
    """The rows of a block."""

    starts: Array
    """The first byte of each cell, `(n, width)`."""
    ends: Array
    """The byte after each cell, `(n, width)`."""
    lines: Array
    """The line in which each row ends, counted from the block's first, `(n,)`."""
    n_lines: int
    """All lines of the block."""
    stop: int
    """The byte after the block."""


def read_blocks(
    path: Path, delimiter: str, header_lines: int, width: int, progress: Progress | None = None
) -> tuple[list[Texts], Array] | None:
    """Return the columns below the header, and the line in which each row ends; None if unusual.

    Args:
        path: the file, without NULs.
        delimiter: its delimiter.
        header_lines: the lines up to the end of the header.
        width: the number of columns.
        progress: called with (rows read, 0).

    Raises:
        OSError: the file cannot be read.
    """
    raw, end = _load(path)
    start = PAD
    for _ in range(header_lines):
        start = raw.find(b"\n", start, end) + 1
        if not start:
            return None
    if not _is_text(raw, PAD, end):
        return None
    data = np.frombuffer(raw, np.uint8)
    kind = np.uint32 if end < 2**32 else np.int64
    parts: list[tuple[Array, Array, Array]] = []
    line, n = header_lines, 0
    while start < end:
        rows = _rows(data, start, end, ord(delimiter), width)
        if rows is None:
            return None
        parts.append((rows.starts.T.astype(kind), rows.ends.T.astype(kind), line + rows.lines))
        line, n, start = line + rows.n_lines, n + len(rows.lines), rows.stop
        if progress is not None:
            progress(n, 0)
    if not n:
        return None
    starts, ends = (np.concatenate([part[i] for part in parts], axis=1) for i in range(2))
    columns = [Texts(data, *places) for places in zip(starts, ends, strict=True)]
    return columns, np.concatenate([lines for _, _, lines in parts])


def each_block(
    path: Path, delimiter: str, header_lines: int, width: int
) -> Iterator[tuple[Array, Array, Array, Array] | None]:
    """Yield data, starts, ends and lines of each block of rows below the header; None if unusual.

    Starts and ends are the places of the cells in the data, `(n, width)`, and lines those in which
    rows end, `(n,)`. Other arguments and errors are those of `read_blocks`.
    """
    line, left = header_lines, b""
    with path.open("rb") as file:
        for _ in range(header_lines):
            header = file.readline(_BLOCK_BYTES)
            if not header.endswith(b"\n") or not _is_text(header, 0, len(header)):
                yield None
                return
        last = False
        while not last:
            read = file.read(_BLOCK_BYTES)
            last = len(read) < _BLOCK_BYTES
            content = left + read
            if last and content and content[-1] != _END:
                content += b"\n"
            data, start, end = padded(len(content)), PAD, PAD + len(content)
            data[PAD:end] = np.frombuffer(content, np.uint8)
            while start < end:
                rows = _rows(data, start, end, ord(delimiter), width, last)
                if rows is not None and rows.stop == start and len(content) < _LONGEST_ROW:
                    break  # the rest of a row is still to be read
                usual = rows is not None and rows.stop > start
                if rows is None or not (usual and _is_text(content, start - PAD, rows.stop - PAD)):
                    yield None
                    return
                yield data, rows.starts, rows.ends, line + rows.lines
                line, start = line + rows.n_lines, rows.stop
            left = content[start - PAD :]


def _load(path: Path) -> tuple[bytearray, int]:
    """Return the file with zeros around it, and the end of its content; a last line ends, too."""
    size = path.stat().st_size
    raw = bytearray(-(-(size + 1 + 2 * PAD) // 8) * 8)
    with path.open("rb") as file, memoryview(raw) as view:
        end = PAD + file.readinto(view[PAD : PAD + size])
    if raw[end - 1] != _END:
        raw[end] = _END
        end += 1
    return raw, end


def _is_text(raw: bytes | bytearray, start: int, end: int) -> bool:
    """Whether the lines are UTF-8 and none of them ends with a carriage return alone."""
    if raw.count(b"\r", start, end) != raw.count(b"\r\n", start, end):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(start, end, _BLOCK_BYTES):
            part = raw[at : min(at + _BLOCK_BYTES, end)]
            if decoder.getstate()[0] or not part.isascii():
                decoder.decode(part)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _rows(
    data: Array, start: int, end: int, delimiter: int, width: int, last: bool = True
) -> _Rows | None:
    """Return the rows of the next block, at least one line; None if they are unusual.

    If the data are not the last of the file, a row may be cut off; there may be none, then.
    """
    size = _BLOCK_BYTES
    while True:
        block = data[start : min(start + size, end)]
        is_quote, is_end = block == _QUOTE, block == _END
        divides = (block == delimiter) | is_end
        quoted = bool(is_quote.any())
        if quoted:
            divides &= ~np.logical_xor.accumulate(is_quote)
        at = np.flatnonzero(divides)
        row_ends = np.flatnonzero(is_end[at])
        if len(row_ends) or start + size >= end:
            break
        size *= 2
    if not len(row_ends):  # a quotation mark is not closed, or not yet
        none = np.empty((0, width), np.int64)
        return None if last else _Rows(none, none, none[:, 0], 0, start)
    at = at[: row_ends[-1] + 1]
    stop = int(at[-1]) + 1
    if last and start + size >= end and start + stop < end:
        return None
    ends = at + start
    starts = np.empty_like(ends)
    starts[0], starts[1:] = start, ends[:-1] + 1
    ends = ends - (is_end[at] & (data[ends - 1] == _RETURN) & (ends > starts))
    lines = np.searchsorted(np.flatnonzero(is_end[:stop]), at[row_ends]) + 1
    fields = np.diff(row_ends, prepend=-1)
    if (fields != width).any():
        blank = (fields == 1) & (ends[row_ends] == starts[row_ends])
        if (fields[~blank] != width).any():
            return None
        kept = np.ones(len(at), bool)
        kept[row_ends[blank]] = False
        starts, ends, lines = starts[kept], ends[kept], lines[~blank]
    if quoted and not _unquote(data, starts, ends, start, is_quote[:stop]):
        return None
    _strip(data, starts, ends)
    shape = len(lines), width
    n_lines = int(np.count_nonzero(is_end[:stop]))
    return _Rows(starts.reshape(shape), ends.reshape(shape), lines, n_lines, start + stop)


def _unquote(data: Array, starts: Array, ends: Array, first: int, is_quote: Array) -> bool:
    """Move the places of cells between their quotation marks; return whether all are usual.

    Of two quotation marks within a cell one is removed from the data.
    """
    _skip(data, starts, starts, ends, _IS_BLANK)
    quoted = (data[starts] == _QUOTE) & (data[ends - 1] == _QUOTE) & (ends - starts > 1)
    if np.count_nonzero(is_quote) != 2 * np.count_nonzero(quoted):
        until = np.concatenate([[0], np.cumsum(is_quote)])
        inside = until[ends - first] - until[starts - first] - 2 * quoted
        for i in np.flatnonzero(inside).tolist():
            text = data[starts[i] + 1 : ends[i] - 1].tobytes()
            if not quoted[i] or b'"' in text.replace(b'""', b""):
                return False
            text = text.replace(b'""', b'"')
            data[starts[i] + 1 : starts[i] + 1 + len(text)] = np.frombuffer(text, np.uint8)
            ends[i] = starts[i] + len(text) + 2
    starts += quoted
    ends -= quoted
    return True


def _strip(data: Array, starts: Array, ends: Array) -> None:
    """Move the places of cells between the spaces around them."""
    _skip(data, starts, starts, ends, _IS_SPACE)
    _skip(data, ends, starts, ends, _IS_SPACE)
    beyond = (data[starts] > 0x7F) | (data[ends - 1] > 0x7F)  # such as a space that does not break
    for i in np.flatnonzero(beyond & (starts < ends)).tolist():
        text = data[starts[i] : ends[i]].tobytes().decode()
        starts[i] += len(text.encode()) - len(text.lstrip().encode())
        ends[i] = starts[i] + len(text.strip().encode())


def _skip(data: Array, places: Array, starts: Array, ends: Array, skipped: Array) -> None:
    """Move places, the starts or the ends of cells, past the bytes that are to be skipped."""
    step, last = (1, 0) if places is starts else (-1, 1)
    rows = np.flatnonzero(skipped[data[places - last]] & (starts < ends))
    for _ in range(_TOGETHER):
        if not len(rows):
            return
        places[rows] += step
        rows = rows[skipped[data[places[rows] - last]] & (starts[rows] < ends[rows])]
    for i in rows.tolist():  # a cell with very many
        found = np.flatnonzero(~skipped[data[starts[i] : ends[i]]])
        inside = len(found) > 0
        places[i] = starts[i] + found[-last] + last if inside else (starts[i] if last else ends[i])
