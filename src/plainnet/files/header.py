"""The header of a `.safetensors` file, measured before it is parsed.

Eight bytes of length, little-endian; so many bytes of JSON, which name each tensor's dtype, shape
and place; then the tensors, one after another. Whoever made the file may have said anything in it.
Whether the tensors fit each other and the file, safetensors judges. What it does not bound is
bounded here: a header of at most 32 MiB, 50 brackets deep, whose Python objects take at most some
128 MiB.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

LONGEST = 32 << 20
"""Bytes of a header."""
DEEPEST = 50
"""Brackets inside of one another."""
LARGEST = 128 << 20
"""Bytes that the parsed JSON may take."""
DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(spelled)
    for name, spelled in {
        **{"F16": "<f2", "F32": "<f4", "F64": "<f8"},
        **{"U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"},
        **{"I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8"},
    }.items()
}
_COSTS = {b"[": 120, b"{": 120, b":": 120, b",": 40, b'"': 30}
"""Bytes of memory that each of these in a JSON text stands for, at most."""


class Entry(NamedTuple):
    """A tensor as the header describes it."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    """In bytes behind the header."""


def parse_header(path: Path, text: bytes) -> tuple[dict[str, Entry], dict[str, str]]:
    """The tensors by name, in the order of their places, and the texts beside them.

    Args:
        path: of the file, whose tensors have to fill it without gap or overlap.
        text: the JSON in it.

    Raises:
        ValueError: anything else; the message says what.
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
    """What a JSON text says, if it is neither too deep nor too much and says nothing twice.

    Raises:
        ValueError: it is no such text.
    """
    check_json(text)
    return json.loads(text.decode(), object_pairs_hook=_once)  # UTF-8, and nothing else


def check_json(text: bytes) -> None:
    """Measure a JSON text, sound or not, without parsing it.

    Raises:
        ValueError: it is too deep, or would take too much memory.
    """
    plain = text.replace(rb"\\", b"").replace(rb"\"", b"")
    cost = plain.count(b'"') * _COSTS[b'"']
    if cost <= LARGEST:
        plain = re.sub(rb'"[^"]*"', b"", plain)
        cost += sum(plain.count(mark) * _COSTS[mark] for mark in (b"[", b"{", b":", b","))
    if cost > LARGEST:
        raise ValueError("its description has too many parts")
    depth = 0
    for mark in re.sub(rb"[^][{}]+", b"", plain):
        depth += 1 if mark in b"[{" else -1
        if depth > DEEPEST:
            raise ValueError(f"its description is more than {DEEPEST} brackets deep")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"it says {name!r:.60} twice")
        made[name] = value
    return made


def _entry(name: str, described: Any) -> Entry:
    """A tensor of a header that safetensors has judged; it lets more spellings pass than one."""
    if not isinstance(described, dict) or {*described} != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the tensor {name!r} is not described by dtype, shape and data_offsets")
    spelled = described["dtype"]
    dtype = DTYPES.get(spelled) if isinstance(spelled, str) else None
    if dtype is None:
        raise ValueError(f"the tensor {name!r} is of {spelled!r:.20}, none of {', '.join(DTYPES)}")
    return Entry(dtype, tuple(described["shape"]), described["data_offsets"][0])
