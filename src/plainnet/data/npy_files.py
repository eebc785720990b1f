"""Memory-mapped arrays in .npy files and uncompressed .npz files.

An .npz file is a zip archive of .npy files. An uncompressed member can be read in place; a
compressed one must be loaded.
"""

import math
import zipfile
from pathlib import Path
from typing import IO, cast

import numpy as np

from plainnet.data.picture_cache import MIN_BYTES
from plainnet.files.rows import MemoryMappedRows
from plainnet.network.arrays import Array

_LOCAL_HEADER = 30
"""The number of bytes before the name of a member in a zip archive."""


def stored_npy(path: Path) -> Array | None:
    """Return the array of a .npy file, on the disk; None if it is small or must be loaded.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return _stored(path, file, path.stat().st_size)


def stored_member(path: Path, name: str) -> Array | None:
    """Return the array of a member of an .npz file, on the disk; None as in `stored_npy`.

    The member is named without `.npy`.

    Raises:
        OSError: the file cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            member = archive.getinfo(f"{name}.npy")
        except KeyError:
            return None
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:  # 1: encrypted
        return None
    with path.open("rb") as file:
        file.seek(member.header_offset)
        header = file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\3\4":
            return None
        lengths = np.frombuffer(header, "<u2", 2, offset=26)  # of the name and the extra field
        file.seek(int(lengths.sum(dtype=int)), 1)
        return _stored(path, file, file.tell() + member.file_size)


def _stored(path: Path, file: IO[bytes], end: int) -> Array | None:
    """Return the array whose header is next in the file, and whose values end at `end`."""
    try:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, by_columns, dtype = read(file)
    except (ValueError, KeyError):  # the loader reports the error
        return None
    n_bytes = math.prod(shape) * dtype.itemsize
    simple = dtype.kind in "biuf" and len(shape) > 1 and not by_columns
    if not simple or n_bytes < MIN_BYTES or file.tell() + n_bytes != end:
        return None
    if end > path.stat().st_size:
        return None
    return cast(Array, MemoryMappedRows(path, dtype, shape, file.tell()))
