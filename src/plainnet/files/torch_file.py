"""Reading arrays from a file of PyTorch, in its format before version 1.6, without running code.

Such a file is five pickles (a magic number, the version of the format, facts about the machine, a
dictionary of tensors, a list of the keys of the storages), and then of each storage an int64 count
and its numbers. A tensor is a view of a storage, with an offset and strides. A pickle is a program
for a stack machine, and an ordinary reader calls whatever it names. This one takes the forms of the
instructions from `pickletools`, which calls nothing, and does only those that make plain values.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pickletools import UP_TO_NEWLINE, opcodes
from typing import Any, NamedTuple

import numpy as np

from plainnet.errors import FileError
from plainnet.network.arrays import Array

MAGIC, FORMAT = 0x1950A86A20F9469CFC6C, 1001
DICTIONARY, TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
DTYPES: Mapping[str, str] = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
NAMES = {DICTIONARY, TENSOR, *DTYPES}
"""All that a file may name; it stands for a value here, and is never looked up."""
CONSTANTS: Mapping[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
NUMBERS_AND_TEXTS = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
TUPLES: Mapping[str, int] = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
INSTRUCTIONS = {opcode.code.encode("latin-1"): opcode for opcode in opcodes}


class Name(NamedTuple):
    """A name of Python's, as a value."""

    text: str


class Storage(NamedTuple):
    """Numbers in the file."""

    dtype: str
    key: str
    size: int


class View(NamedTuple):
    """A tensor: a view of a storage, in numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch(content: bytes, name: str) -> dict[str, Array]:
    """Return the tensors in a file of PyTorch, by name: float32 or int64, read-only views.

    Args:
        content: the content of the file.
        name: the name of the file, for messages.

    Raises:
        FileError: the file is damaged, in another format, or holds more than such tensors.
    """
    try:
        return _read(content)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise FileError(
            f"{name} is not a file of tensors in PyTorch's format before version 1.6 "
            f"({str(error)[:200]}); get it again from where it came from."
        ) from error


def _read(content: bytes) -> dict[str, Array]:
    file = BytesIO(content)
    magic, version, machine, views, keys = (_Machine().value(file) for _ in range(5))
    if (type(magic), type(version)) != (int, int) or (magic, version) != (MAGIC, FORMAT):
        raise ValueError("it does not begin as one")
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise ValueError("its numbers are not little-endian")
    if not isinstance(views, dict) or not all(isinstance(one, View) for one in views.values()):
        raise ValueError("it holds more than tensors")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("its list of storages is malformed")
    numbers = _numbers(content, file.tell(), {view.storage for view in views.values()}, keys)
    return {name: _array(view, numbers[view.storage.key]) for name, view in views.items()}


def _numbers(
    content: bytes, start: int, storages: set[Storage], keys: Sequence[str]
) -> dict[str, Array]:
    """Return the numbers of each storage, which follow in the order of the keys."""
    by_key = {storage.key: storage for storage in storages}
    if len(by_key) != len(storages) or len(keys) != len(storages) or {*keys} != {*by_key}:
        raise ValueError("its storages are not those of its tensors")
    numbers = {}
    for key in keys:
        storage = by_key[key]
        if int.from_bytes(content[start : start + 8], "little") != storage.size:
            raise ValueError(f"storage {key!r:.40} is not as long as its tensors say")
        numbers[key] = np.frombuffer(content, storage.dtype, storage.size, start + 8)
        start += 8 + numbers[key].nbytes
    if start != len(content):
        raise ValueError(f"{len(content) - start} bytes follow its end")
    return numbers


def _array(view: View, numbers: Array) -> Array:
    """Return a view of the numbers of a storage, checked to lie within them."""
    reach = sum((n - 1) * stride for n, stride in zip(view.shape, view.strides, strict=True))
    if not 0 < math.prod(view.shape) <= numbers.size or view.offset + reach >= numbers.size:
        raise ValueError("a tensor lies outside of its storage")
    size = numbers.itemsize
    strides = [stride * size for stride in view.strides]
    return np.ndarray(view.shape, numbers.dtype, numbers, view.offset * size, strides)


def _instructions(file: BytesIO) -> Iterator[tuple[str, Any]]:
    """Yield the name and the argument of each instruction before the next STOP.

    The arguments of the first pickles, written as lines, are refused, as their readers undo escapes
    in whatever they find; GLOBAL's two lines, a module and a name, are read here.
    """
    while (opcode := INSTRUCTIONS[file.read(1)]).name != "STOP":
        if opcode.name == "GLOBAL":
            lines = [file.readline().removesuffix(b"\n").decode("ascii") for _ in range(2)]
            yield opcode.name, " ".join(lines)
        elif opcode.arg is None:
            yield opcode.name, None
        elif opcode.arg.n == UP_TO_NEWLINE:
            raise ValueError(f"it asks for {opcode.name}, which is not allowed")
        else:
            yield opcode.name, opcode.arg.reader(file)


class _Machine:
    """The stack machine of a pickle, for plain values alone."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def value(self, file: BytesIO) -> Any:
        """Return the value of the next pickle in a file."""
        for name, argument in _instructions(file):
            self.step(name, argument)
        (value,) = self.stack
        return value

    def step(self, name: str, argument: Any) -> None:
        """Do one instruction."""
        stack = self.stack
        match name:
            case "PROTO":
                pass
            case "MARK":
                self.marks.append(len(stack))
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self.memo[argument])
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "GLOBAL" if argument in NAMES:
                stack.append(Name(argument))
            case "TUPLE":
                stack.append(tuple(self.since_mark()))
            case "SETITEMS":
                _set(self.since_mark(), stack[-1])
            case "SETITEM":
                _set(self.last(2), stack[-1])
            case "APPENDS":
                _append(self.since_mark(), stack[-1])
            case "BINPERSID":
                stack.append(_storage(stack.pop()))
            case "REDUCE":
                stack.append(_made(*self.last(2)))
            case "BUILD":  # the versions of the modules, which nobody needs
                if not all(isinstance(value, dict) for value in (stack.pop(), stack[-1])):
                    raise ValueError("it sets the state of something other than a dictionary")
            case _ if name in NUMBERS_AND_TEXTS:
                stack.append(argument)
            case _ if name in CONSTANTS:
                stack.append(CONSTANTS[name])
            case _ if name in TUPLES:
                stack.append(tuple(self.last(TUPLES[name])))
            case _:
                raise ValueError(f"it asks for {name} {argument!r:.60}, which is not allowed")

    def last(self, n: int) -> list[Any]:
        """Take the last n values from the stack."""
        return [self.stack.pop() for _ in range(n)][::-1]

    def since_mark(self) -> list[Any]:
        """Take the values after the last mark from the stack."""
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values


def _set(pairs: Sequence[Any], target: Any) -> None:
    """Set items of a dictionary; keys are texts, so that no hash takes long."""
    if not isinstance(target, dict) or not all(isinstance(key, str) for key in pairs[::2]):
        raise ValueError("it sets items of something other than a dictionary of texts")
    target.update(zip(pairs[::2], pairs[1::2], strict=True))


def _append(values: Sequence[Any], target: Any) -> None:
    if not isinstance(target, list):
        raise ValueError("it appends to something other than a list")
    target.extend(values)


def _storage(given: Any) -> Storage:
    """Return a storage: ("storage", type, key, place, count, None)."""
    match given:
        case ("storage", Name(kind), str(key), str(), int(size), None) if kind in DTYPES:
            return Storage(DTYPES[kind], key, size)
    raise ValueError("a storage is malformed")


def _made(function: Any, arguments: Any) -> Any:
    """Return an empty dictionary, or a tensor: (storage, offset, shape, strides, False, {})."""
    match function, arguments:
        case Name(text), () if text == DICTIONARY:
            return {}
        case (
            Name(text),
            (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), dict(hooks)),
        ) if text == TENSOR and not hooks:
            if all(type(n) is int and n >= 0 for n in (offset, *shape, *strides)):
                return View(storage, offset, shape, strides)
    raise ValueError("it calls a function in an unknown way")
