"""A `.safetensors` file: tensors by name, and one JSON text that says what they are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from plainnet.errors import FileError, ModelFileError
from plainnet.files.writing import write_file
from plainnet.network import Array

KEY = "plainnet"


def write_tensors(path: Path, tensors: Mapping[str, Array], facts: Mapping[str, Any]) -> None:
    """Write them as a whole, or not at all.

    Raises:
        FileError: the file cannot be written; an older one is still there then.
    """
    # what UTF-8 cannot say, of a damaged file name, as JSON's own escapes
    text = json.dumps(facts, ensure_ascii=False).encode(errors="backslashreplace").decode()
    content = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    try:
        data = save(content, metadata={KEY: text})
    except MemoryError as error:
        raise FileError(f"{path} was not written for lack of memory; close something.") from error
    write_file(path, data)


def read_tensors(path: Path, what: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The tensors and the facts of a file that `write_tensors` has written.

    Raises:
        ModelFileError: the file is missing, cut short, or of another kind; `what` it should be.
    """
    try:
        content = path.read_bytes()
        return load(content), _facts(content)
    except OSError as error:
        raise ModelFileError(
            f"The {what} {path} cannot be read ({error.strerror or error}); "
            "name a run folder or file that `plainnet train` has written."
        ) from error
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error).removeprefix("Error while deserializing: ")
        raise ModelFileError(
            f"{path} is no plainnet {what} ({reason}); it may be cut short or of another kind, "
            "so copy it again or train anew."
        ) from error


def _facts(content: bytes) -> dict[str, Any]:
    """The JSON text in the header: eight bytes of length, then the header itself."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    text = header.get("__metadata__", {}).get(KEY)
    if text is None:
        raise ValueError("a safetensors file that something else has written")
    facts = json.loads(text)
    if not isinstance(facts, dict):
        raise ValueError("its description is no JSON object")
    return facts
