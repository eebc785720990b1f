"""A `.safetensors` file: tensors by name, and one JSON text that describes them.

Reading does not trust the file: see `header.py`. It takes the memory of the requested tensors and a
constant. The tensors are not read by safetensors, because that maps the file into memory, which
takes two to three times its size, and ends the process if the file becomes shorter meanwhile.

A network is not mapped from its file either: a mapped file that becomes shorter would end a process
at any time, the checks read every byte in any case, and the parameters of a network lie in another
order than in a file, at the beginning of a line of the processor's cache. Loading and checking 200
MB that the system holds in memory takes 15 to 35 ms of processor time where they are mapped, 40 to
70 ms where they are read into their place; 5 MB take 0.5 and 1 ms.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from plainnet.errors import FileError, ModelFileError
from plainnet.files.header import MAX_HEADER_BYTES, check_json, parse_header, parse_json
from plainnet.files.writing import write_file
from plainnet.network import Array
from plainnet.network.arrays import unwritten_vector

KEY = "plainnet"
BLOCK_BYTES = 1 << 20
"""The number of bytes read at a time."""
TRUNCATED = "it is truncated"


def write_tensors(path: Path, tensors: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts completely, or not at all.

    Raises:
        FileError: the file cannot be written, or could not be read; an older one is still there
            then.
    """
    # what UTF-8 cannot say, of a damaged file name, as JSON's own escapes
    text = json.dumps(facts, ensure_ascii=False).encode(errors="backslashreplace")
    content = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    try:
        check_json(text)
        data = save(content, metadata={KEY: text.decode()})
        if int.from_bytes(data[:8], "little") > MAX_HEADER_BYTES:
            raise ValueError("its description is too long")
    except MemoryError as error:
        raise FileError(f"{path} was not written for lack of memory; close something.") from error
    except ValueError as error:
        raise FileError(
            f"{path} was not written, because it could not be read again ({error}); have fewer "
            "classes, epochs or networks."
        ) from error
    write_file(path, data)


def read_tensors(path: Path, what: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read the tensors and the facts of a file from `write_tensors`.

    Raises:
        ModelFileError: the file is missing, truncated, or not a `what`.
    """
    with open_tensors(path, f"plainnet {what}") as file:
        facts = file.facts()
        return {name: file.read(name) for name in file.entries}, facts


class TensorFile:
    """An open file with a valid header, whose tensors are read one by one."""

    def __init__(self, path: Path, file: BufferedReader) -> None:
        self._file = file
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        self._body = 8 + length
        if self._body > size:
            whole = f"its header should be {length:,} bytes long, but {size:,} are there"
            raise ValueError(whole if length <= MAX_HEADER_BYTES else "it does not begin like one")
        if length > MAX_HEADER_BYTES:
            raise ValueError(f"its header is {length:,} bytes long, more than {MAX_HEADER_BYTES:,}")
        self.entries, self.texts = parse_header(path, self._exactly(length))

    def facts(self) -> dict[str, Any]:
        """Return the facts of `write_tensors`; raise a ValueError if there are none."""
        text = self.texts.get(KEY)
        if text is None:
            raise ValueError("a safetensors file from another program")
        if more := sorted({*self.texts} - {KEY}):
            raise ValueError(f"another program has written {more[0]!r:.60} into it")
        facts = parse_json(text.encode())
        if not isinstance(facts, dict):
            raise ValueError("its description is not a JSON object")
        return facts

    def read(self, name: str, out: Array | None = None) -> Array:
        """Read a tensor, into `out` if given, which is contiguous and of the same shape.

        Raises:
            ValueError: a number is not finite, or the file has become shorter.
        """
        dtype, shape, start = self.entries[name]
        read = out
        if read is None:  # its memory goes back to the system with the last reference
            read = unwritten_vector(np, math.prod(shape), dtype.newbyteorder("=")).reshape(shape)
        flat, step = read.reshape(-1), BLOCK_BYTES // dtype.itemsize
        self._file.seek(self._body + start)
        for at in range(0, flat.size, step):
            part = flat[at : at + step]
            if part.dtype == dtype:  # no copy between the file and its place
                if self._file.readinto(part.data) < part.nbytes:
                    raise ValueError(TRUNCATED)
            else:
                part[...] = np.frombuffer(self._exactly(part.size * dtype.itemsize), dtype)
            if dtype.kind == "f" and not np.isfinite(part).all():
                raise ValueError(f"{name} holds values that are not finite")
        return read

    def _exactly(self, n: int) -> bytes:
        read = self._file.read(n)
        if len(read) < n:
            raise ValueError(TRUNCATED)
        return read


@contextmanager
def open_tensors(
    path: Path, what: str, way_out: str = "copy it again or train again"
) -> Iterator[TensorFile]:
    """Open a file; a ValueError inside becomes a ModelFileError about it.

    Args:
        path: the file.
        what: the expected kind of file.
        way_out: the way out in the message.

    Raises:
        ModelFileError: the file is missing, truncated, or of another kind.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError("it is not a regular file")
        with path.open("rb") as file:
            yield TensorFile(path, file)
    except OSError as error:
        ours = what.startswith("plainnet ")
        raise ModelFileError(
            f"The {what.removeprefix('plainnet ')} {path} cannot be read "
            f"({error.strerror or error}); name a "
            f"{'run folder or file that `plainnet train` has written' if ours else what}."
        ) from error
    except MemoryError as error:
        raise ModelFileError(
            f"{path} needs more memory than there is; close something, or read it elsewhere."
        ) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise ModelFileError(
            f"{path} is no {what} ({error}); it may be cut short or of another kind, so {way_out}."
        ) from error
