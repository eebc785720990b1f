"""The header of a `.safetensors` file, measured before it is parsed.

The file has eight bytes of length, little-endian; that many bytes of JSON, which give each tensor's
dtype, shape and position; then the tensors. Its content is not trusted. safetensors checks that the
tensors fit each other and the file. This module adds the limits that it lacks: a header of at most
32 MiB, 50 brackets deep, whose Python objects take at most about 128 MiB.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

MAX_HEADER_BYTES = 32 << 20
"""The largest size of a header."""
MAX_DEPTH = 50
"""The largest depth of nested brackets."""
MAX_JSON_BYTES = 128 << 20
"""The largest memory for the parsed JSON."""
DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(spelled)
    for name, spelled in {
        **{"F16": "<f2", "F32": "<f4", "F64": "<f8"},
        **{"U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"},
        **{"I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8"},
    }.items()
}
_COSTS = {b"[": 120, b"{": 120, b":": 120, b",": 40, b'"': 30}
"""The most bytes of memory that each of these characters in a JSON text can take."""


class Entry(NamedTuple):
    """A tensor as the header describes it."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    """The position in bytes after the header."""


def parse_header(path: Path, text: bytes) -> tuple[dict[str, Entry], dict[str, str]]:
    """Return the tensors by name, in the order of their positions, and the metadata.

    Args:
        path: the file, whose tensors must fill it without gap or overlap.
        text: the JSON of its header.

    Raises:
        ValueError: the header is not valid; the message says why.
    """
    described = parse_json(text)
    try:
        with safe_open(path, "np"):
            pass  # opening it compares the header with the file, and reads no tensor
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    texts = described.pop("__metadata__", None) or {}
    entries = {name: _entry(name, described[name]) for name in described}
    return dict(sorted(entries.items(), key=lambda item: item[1].start)), texts


def parse_json(text: bytes) -> Any:
    """Parse a JSON text within the limits and without duplicate names.

    Raises:
        ValueError: the text is not valid.
    """
    check_json(text)
    return json.loads(text.decode(), object_pairs_hook=_once)  # UTF-8 only


def check_json(text: bytes) -> None:
    """Check the limits of a JSON text, valid or not, without parsing it.

    Raises:
        ValueError: the text is too deep, or would take too much memory.
    """
    plain = text.replace(rb"\\", b"").replace(rb"\"", b"")
    cost = plain.count(b'"') * _COSTS[b'"']
    if cost <= MAX_JSON_BYTES:
        plain = re.sub(rb'"[^"]*"', b"", plain)
        cost += sum(plain.count(mark) * _COSTS[mark] for mark in (b"[", b"{", b":", b","))
    if cost > MAX_JSON_BYTES:
        raise ValueError("its description has too many parts")
    depth = 0
    for mark in re.sub(rb"[^][{}]+", b"", plain):
        depth += 1 if mark in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"its description is more than {MAX_DEPTH} brackets deep")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"it says {name!r:.60} twice")
        made[name] = value
    return made


def _entry(name: str, described: Any) -> Entry:
    """Return a tensor of a header that safetensors accepts, in the one spelling allowed here."""
    if not isinstance(described, dict) or {*described} != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the tensor {name!r} is not described by dtype, shape and data_offsets")
    spelled = described["dtype"]
    dtype = DTYPES.get(spelled) if isinstance(spelled, str) else None
    if dtype is None:
        raise ValueError(f"the tensor {name!r} is of {spelled!r:.20}, none of {', '.join(DTYPES)}")
    return Entry(dtype, tuple(described["shape"]), described["data_offsets"][0])
