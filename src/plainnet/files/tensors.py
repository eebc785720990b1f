"""A `.safetensors` file: tensors by name, and one JSON text that says what they are.

Reading believes nothing: see `header.py`. It takes no more memory than the tensors that are asked
for, and a constant. So the tensors are not read by safetensors: it maps the file into memory, which
takes two to three times its size, and ends the process if the file becomes shorter meanwhile.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors.numpy import save

from plainnet.errors import FileError, ModelFileError
from plainnet.files.header import LONGEST, check_json, parse_header, parse_json
from plainnet.files.writing import write_file
from plainnet.network import Array

KEY = "plainnet"
BLOCK = 1 << 20
"""Bytes that are read at a time."""


def write_tensors(path: Path, tensors: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
    """Write them as a whole, or not at all.

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
        if int.from_bytes(data[:8], "little") > LONGEST:
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
    """The tensors and the facts of a file that `write_tensors` has written.

    Raises:
        ModelFileError: the file is missing, cut short, or of another kind; `what` it should be.
    """
    with open_tensors(path, f"plainnet {what}") as file:
        facts = file.facts()
        return {name: file.read(name) for name in file.entries}, facts


class TensorFile:
    """An open file whose header is sound; its tensors are read one by one."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._file = file
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        self._body = 8 + length
        if self._body > size:
            whole = f"its header should be {length:,} bytes long, but {size:,} are there"
            raise ValueError(whole if length <= LONGEST else "it does not begin like one")
        if length > LONGEST:
            raise ValueError(f"its header is {length:,} bytes long, more than {LONGEST:,}")
        self.entries, self.texts = parse_header(path, self._exactly(length))

    def facts(self) -> dict[str, Any]:
        """What `write_tensors` was told beside the tensors; a ValueError if there is no such."""
        text = self.texts.get(KEY)
        if text is None:
            raise ValueError("a safetensors file that something else has written")
        if more := sorted({*self.texts} - {KEY}):
            raise ValueError(f"something else has written {more[0]!r:.60} into it")
        facts = parse_json(text.encode())
        if not isinstance(facts, dict):
            raise ValueError("its description is no JSON object")
        return facts

    def read(self, name: str, out: Array | None = None) -> Array:
        """A tensor, written into `out` where one is given: contiguous and of the same shape.

        Raises:
            ValueError: it holds numbers that are not finite, or the file has become shorter.
        """
        dtype, shape, start = self.entries[name]
        read: Array = np.empty(shape, dtype.newbyteorder("=")) if out is None else out
        flat, step = read.reshape(-1), BLOCK // dtype.itemsize
        self._file.seek(self._body + start)
        for at in range(0, flat.size, step):
            part = flat[at : at + step]
            block = np.frombuffer(self._exactly(part.size * dtype.itemsize), dtype)
            if dtype.kind == "f" and not np.isfinite(block).all():
                raise ValueError(f"{name} holds values that are not finite")
            part[...] = block
        return read

    def _exactly(self, n: int) -> bytes:
        read = self._file.read(n)
        if len(read) < n:
            raise ValueError("it is cut short")
        return read


@contextmanager
def open_tensors(
    path: Path, what: str, way_out: str = "copy it again or train anew"
) -> Iterator[TensorFile]:
    """Open a file; any ValueError within becomes a sentence about it.

    Args:
        path: of the file.
        what: it should be.
        way_out: for those who have no such file.

    Raises:
        ModelFileError: the file is missing, cut short, or of another kind.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError("it is no plain file")
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
