"""The header of a `.safetensors` file, checked before anything that it speaks of is read.

Eight bytes of length, little-endian; so many bytes of JSON, which name each tensor's dtype, shape
and place; then the tensors, one after another. Whoever made the file may have said anything in it.
So sizes are compared before they are believed, and the JSON is measured before it is parsed: a
header of at most 32 MiB, 50 brackets deep, whose Python objects take at most some 128 MiB.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

LONGEST = 32 << 20
"""Bytes of a header."""
DEEPEST = 50
"""Brackets inside of one another."""
LARGEST = 128 << 20
"""Bytes that the parsed JSON may take."""
MOST_TENSORS = 1 << 16
DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(spelled)
    for name, spelled in {
        **{"F16": "<f2", "F32": "<f4", "F64": "<f8"},
        **{"U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"},
        **{"I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8"},
    }.items()
}
_WIDEST, _MOST_SIDES = 1 << 40, 8
_COSTS = {b"[": 120, b"{": 120, b":": 120, b",": 40, b'"': 30}
"""Bytes of memory that each of these in a JSON text stands for, at most."""


class Entry(NamedTuple):
    """A tensor as the header describes it."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    """In bytes behind the header."""
    stop: int


def parse_header(text: bytes, body: int) -> tuple[dict[str, Entry], dict[str, str]]:
    """The tensors by name, in the order of their places, and the texts beside them.

    Args:
        text: the JSON.
        body: bytes of the file behind it, which the tensors have to fill without gap or overlap.

    Raises:
        ValueError: anything else; the message says what.
    """
    described = parse_json(text)
    if not isinstance(described, dict):
        raise ValueError("its header is no JSON object")
    texts = described.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(said, str) for said in texts.values()):
        raise ValueError("its metadata are no texts by name")
    if len(described) > MOST_TENSORS:
        raise ValueError(f"it holds {len(described):,} tensors, more than {MOST_TENSORS:,}")
    entries = {name: _entry(name, described[name]) for name in described}
    entries = dict(sorted(entries.items(), key=lambda item: item[1][2:]))
    end = 0
    for name, entry in entries.items():
        if entry.start != end:
            raise ValueError(f"the tensor {name!r} begins at byte {entry.start}, not at {end}")
        end = entry.stop
    if end != body:
        raise ValueError(f"its tensors take {end:,} bytes, but {body:,} are there")
    return entries, texts


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
    """The description of one tensor, if its parts fit each other."""
    if not isinstance(described, dict) or {*described} != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the tensor {name!r} is not described by dtype, shape and data_offsets")
    spelled, shape, place = described["dtype"], described["shape"], described["data_offsets"]
    dtype = DTYPES.get(spelled) if isinstance(spelled, str) else None
    if dtype is None:
        raise ValueError(f"the tensor {name!r} is of {spelled!r:.20}, none of {', '.join(DTYPES)}")
    if not _are_sizes(shape) or len(shape) > _MOST_SIDES:
        raise ValueError(f"the tensor {name!r} has the impossible shape {shape!r:.60}")
    if not _are_sizes(place) or len(place) != 2:
        raise ValueError(f"the tensor {name!r} has the impossible place {place!r:.60}")
    start, stop = place
    size = math.prod(shape) * dtype.itemsize
    if stop - start != size:
        raise ValueError(
            f"the tensor {name!r} of {spelled} {shape} needs {size} bytes, but has {stop - start}"
        )
    return Entry(dtype, tuple(shape), start, stop)


def _are_sizes(numbers: Any) -> bool:
    """Whether these are whole numbers that a size could be."""
    return isinstance(numbers, list) and all(type(n) is int and 0 <= n < _WIDEST for n in numbers)
