"""The tensors of the Open Inference Protocol, in JSON and in binary form.

Binary tensors are those of Triton's extension `binary_tensor_data`: little-endian, row by row; each
element of BYTES follows its length, an unsigned integer of 4 bytes.
"""

import base64
import binascii
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from plainnet.errors import DataError
from plainnet.network import Array

DTYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    **{
        f"{sign}INT{8 * n}": np.dtype(f"<{kind}{n}")
        for sign, kind in (("U", "u"), ("", "i"))
        for n in (1, 2, 4, 8)
    },
    **{f"FP{8 * n}": np.dtype(f"<f{n}") for n in (2, 4, 8)},
}
"""The dtypes of the numeric datatypes; BYTES has none."""
_NAMES = {dtype.str: name for name, dtype in DTYPES.items()}
MOST_DIMENSIONS = 8
_TYPES: Mapping[str, set[type]] = {
    "b": {bool},
    "i": {int},
    "u": {int},
    "f": {int, float, type(None)},
}
"""What JSON values of each kind of dtype are in Python."""

Values = Array | list[bytes | None]


@cache
def datatype_of(dtype: np.dtype[Any]) -> str:
    """Return the name of a dtype in the protocol."""
    return _NAMES[dtype.newbyteorder("<").str]


@dataclass(frozen=True)
class Tensor:
    """A tensor."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Values
    """An array of this shape; of BYTES a flat list, in which None is a missing value."""

    @classmethod
    def of(cls, name: str, values: Array) -> "Tensor":
        """Make a tensor of an array; texts become BYTES."""
        if values.dtype.kind in "OUT":
            texts = [str(text).encode() for text in values.ravel().tolist()]
            return cls(name, "BYTES", values.shape, list(texts))
        return cls(name, datatype_of(values.dtype), values.shape, values)

    @property
    def content(self) -> bytes:
        """The only element of BYTES."""
        [content] = self.values
        return content if isinstance(content, bytes) else b""

    def described(self) -> dict[str, Any]:
        """Return name, shape and datatype as JSON values."""
        return {"name": self.name, "shape": [*self.shape], "datatype": self.datatype}

    def data(self) -> list[Any]:
        """Return the values as JSON values, row by row."""
        if isinstance(self.values, list):
            return [None if one is None else one.decode() for one in self.values]
        numbers: list[Any] = self.values.ravel().tolist()
        return numbers

    def binary(self) -> bytes:
        """Return the values in binary form."""
        if isinstance(self.values, list):
            parts = [one or b"" for one in self.values]
            return b"".join(struct.pack("<I", len(one)) + one for one in parts)
        return self.values.astype(DTYPES[self.datatype], copy=False).tobytes()


def tensor_of_json(name: str, datatype: str, shape: Any, data: Any, is_base64: bool) -> Tensor:
    """Return a tensor whose values are JSON, nested as its shape or flat.

    Args:
        name: of the tensor.
        datatype: of its elements.
        shape: its shape as in the request.
        data: its values as in the request; null is a missing value of FP16 to FP64 and BYTES.
        is_base64: whether its texts are base64, for BYTES.

    Raises:
        DataError: the values do not fit.
    """
    sides = _checked(name, datatype, shape)
    if not isinstance(data, list):
        raise DataError(f"The input {name!r} has no data; give a list, or binary_data_size.")
    flat, types = _flat(name, data, sides)
    if datatype == "BYTES":
        texts = [_bytes_of(name, text, is_base64) for text in flat]
        return Tensor(name, datatype, sides, texts)
    dtype = DTYPES[datatype]
    if not types <= _TYPES[dtype.kind]:
        raise DataError(f"The data of the input {name!r} must be {datatype}, but are {_few(data)}.")
    if dtype.kind in "iu" and flat:
        ends = np.iinfo(dtype)
        if min(flat) < ends.min or max(flat) > ends.max:
            raise DataError(f"The data of the input {name!r} are out of the range of {datatype}.")
    try:
        with np.errstate(over="ignore"):  # infinity is refused where it matters
            values = np.array(flat, np.float64 if dtype.kind == "f" else dtype).astype(dtype)
    except OverflowError:
        raise DataError(f"The data of the input {name!r} are out of range.") from None
    return Tensor(name, datatype, sides, values.reshape(sides))


def tensor_of_binary(name: str, datatype: str, shape: Any, content: bytes) -> Tensor:
    """Return a tensor in binary form.

    Raises:
        DataError: the bytes do not fit.
    """
    sides = _checked(name, datatype, shape)
    if datatype == "BYTES":
        elements = _elements(name, content)
        _check_count(name, len(elements), sides)
        return Tensor(name, datatype, sides, elements)
    dtype = DTYPES[datatype]
    size = math.prod(sides) * dtype.itemsize
    if len(content) != size:
        raise DataError(
            f"The input {name!r}, {datatype} {list(sides)}, needs {size:,} bytes, but its "
            f"binary_data_size is {len(content):,}."
        )
    if dtype == np.bool_:
        values: Array = np.frombuffer(content, np.uint8) != 0
    else:
        values = np.frombuffer(content, dtype)
    return Tensor(name, datatype, sides, values.reshape(sides))


def _checked(name: str, datatype: str, shape: Any) -> tuple[int, ...]:
    """Return the shape of a tensor if it and the datatype are possible."""
    if datatype != "BYTES" and datatype not in DTYPES:
        raise DataError(
            f"The input {name!r} has the datatype {datatype!r:.40}; there are "
            f"{', '.join([*DTYPES, 'BYTES'])}."
        )
    whole = isinstance(shape, list) and len(shape) <= MOST_DIMENSIONS
    if not whole or any(type(side) is not int or side < 0 for side in shape):
        raise DataError(
            f"The shape of the input {name!r} must be at most {MOST_DIMENSIONS} whole numbers ≥ 0, "
            f"but is {str(shape)[:60]}."
        )
    return tuple(shape)


def _check_count(name: str, n: int, shape: Sequence[int]) -> None:
    """Raise a DataError unless there are as many values as the shape says."""
    if n != math.prod(shape):
        raise DataError(
            f"The input {name!r} of shape {list(shape)} needs {math.prod(shape):,} values, but has "
            f"{n:,}."
        )


def _flat(name: str, data: list[Any], shape: tuple[int, ...]) -> tuple[list[Any], set[type]]:
    """Return the elements of lists that are nested as the shape, or are flat, and their types."""
    sides: tuple[int, ...] = (len(data),)
    flat, types = data, {*map(type, data)}
    while list in types:
        lengths = {len(one) if isinstance(one, list) else -1 for one in flat}
        if len(lengths) > 1:
            raise DataError(f"The input {name!r} has lists of different lengths, {_few(data)}.")
        sides = *sides, lengths.pop()
        flat = [one for part in flat for one in part]
        types = {*map(type, flat)}
    if len(sides) > 1 and sides != shape:
        raise DataError(
            f"The input {name!r} has the shape {list(shape)}, but its data {list(sides)}."
        )
    _check_count(name, len(flat), shape)
    return flat, types


def _few(data: list[Any]) -> str:
    """Return the beginning of data for a message."""
    return f"{data[:3]!r:.60}"


def _bytes_of(name: str, text: Any, is_base64: bool) -> bytes | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise DataError(f"The data of the input {name!r} must be texts, but hold {text!r:.60}.")
    if not is_base64:
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"The data of the input {name!r} are not base64 ({error}).") from None


def _elements(name: str, content: bytes) -> list[bytes | None]:
    """Return the elements of a binary tensor of BYTES."""
    found: list[bytes | None] = []
    place = 0
    while place < len(content):
        end = place + 4
        length = int.from_bytes(content[place:end], "little")
        if len(content) < end + length:
            raise DataError(
                f"The binary data of the input {name!r} end within the element {len(found)}; each "
                "is its length in 4 bytes, little-endian, and then its bytes."
            )
        found.append(content[end : end + length])
        place = end + length
    return found
