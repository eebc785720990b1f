"""An append-only file of rows under keys, which several processes may share.

All records have one length: a checksum, a key, a note and a row of float32. Whoever appends holds
the operating system's lock meanwhile. A killed process leaves at most a part of a record at the
end, which the next one removes; a damaged record has a wrong checksum and counts as missing. So
what was written stays where it is, and a process can go on reading a file that another extends or
removes.
"""

import os
from collections.abc import Collection, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.files.lock import exclusively
from plainnet.files.rows import BLOCK_BYTES, MappedFile, MemoryMappedRows
from plainnet.network.arrays import Array

KEY_BYTES, NOTE_BYTES = 16, 16
_HEADER_BYTES = 64
_FIELDS_BYTES = 8 + KEY_BYTES + NOTE_BYTES
"""The bytes of a record before its row, a multiple of four."""


class RecordFile:
    """Rows of `width` float32 under keys of 16 bytes, each with a note of 16 bytes.

    It stays open, so that the numbers of its records stay right.

    Args:
        path: the file; it is created if it is missing or has another width.
        width: the number of values in a row.

    Raises:
        OSError: the file cannot be opened or created.
    """

    def __init__(self, path: Path, width: int) -> None:
        self.path, self.width = path, width
        fields: Any = [("sum", "V8"), ("key", f"V{KEY_BYTES}"), ("note", f"V{NOTE_BYTES}")]
        self._dtype = np.dtype([*fields, ("row", "<f4", (width,))])
        self._header = f"plainnet records 1, {width} float32".encode().ljust(_HEADER_BYTES)
        self._handle = self._opened()
        if os.fstat(self._handle).st_size >= _HEADER_BYTES and not self._is_ours():
            os.close(self._handle)
            path.unlink(missing_ok=True)
            self._handle = self._opened()

    @property
    def record_bytes(self) -> int:
        """The size of a record."""
        return self._dtype.itemsize

    def is_empty(self) -> bool:
        """Whether the file holds no record."""
        return os.fstat(self._handle).st_size < _HEADER_BYTES + self.record_bytes

    def close(self) -> None:
        """Close the file; arrays of `rows` stay readable."""
        os.close(self._handle)

    def find(self, keys: Collection[bytes]) -> dict[bytes, tuple[int, bytes]]:
        """Return the number and note of the record of each key that has an intact one."""
        wanted, found = {*keys}, dict[bytes, tuple[int, bytes]]()
        size, start = self._dtype.itemsize, 0
        with os.fdopen(os.dup(self._handle), "rb") as file:
            file.seek(_HEADER_BYTES)
            while block := file.read(max(BLOCK_BYTES // size, 1) * size):
                records = np.frombuffer(block, self._dtype, len(block) // size)
                for i, key in enumerate(records["key"].tolist()):
                    if key in wanted and _sum(records[i]) == records[i]["sum"].tobytes():
                        found[key] = start + i, records[i]["note"].tobytes()
                start += len(records)
        return found

    def append(self, rows: Array, keys: Sequence[bytes], notes: Sequence[bytes]) -> int:
        """Append rows `(n, width)` with their keys and notes; return the number of the first.

        Raises:
            OSError: they cannot be written, or the file cannot be locked.
        """
        records = np.empty(len(rows), self._dtype)
        records["row"] = rows
        for record, key, note in zip(records, keys, notes, strict=True):
            record["key"], record["note"] = np.void(key), np.void(note)
            record["sum"] = np.void(_sum(record))
        with exclusively(self._handle), os.fdopen(os.dup(self._handle), "r+b") as file:
            if file.seek(0, os.SEEK_END) < _HEADER_BYTES:
                file.truncate(0)
                file.seek(0)
                file.write(self._header)
            number = (file.seek(0, os.SEEK_END) - _HEADER_BYTES) // records.itemsize
            end = _HEADER_BYTES + number * records.itemsize
            file.truncate(end)  # a part of a record, left by a killed process
            file.seek(end)
            file.write(records.tobytes())
        return number

    def rows(self, numbers: Array) -> MemoryMappedRows:
        """Return the rows of these records, `(n, width)`, read from the disk when they are used."""
        held = (os.fstat(self._handle).st_size - _HEADER_BYTES) // self._dtype.itemsize
        source = _Records(self._handle, self._dtype, held)
        whole = MemoryMappedRows.of(source, np.float32, (held, self.width))
        return whole.select(numbers)

    def _opened(self) -> int:
        return os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)

    def _is_ours(self) -> bool:
        with os.fdopen(os.dup(self._handle), "rb") as file:
            file.seek(0)
            return file.read(_HEADER_BYTES) == self._header


class _Records(MappedFile):
    """The rows of the records in a mapped file, `(N, width)`."""

    def __init__(self, handle: int, dtype: np.dtype[Any], n: int) -> None:
        words = dtype.itemsize // 4
        super().__init__(handle, np.dtype("<f4"), (n, words), _HEADER_BYTES)
        self.array = self.array[:, _FIELDS_BYTES // 4 :]
        self.width = self.array.shape[1]


def _sum(record: Any) -> bytes:
    """Return the checksum of a record."""
    return blake2b(memoryview(record.tobytes())[8:], digest_size=8).digest()
