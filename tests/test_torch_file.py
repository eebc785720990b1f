"""Files of PyTorch before 1.6: what is read, and that nothing else is done."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainnet.errors import FileError
from plainnet.files.torch_file import FORMAT, MAGIC, read_torch
from plainnet.network import Array

FLOATS, WHOLE = b"ctorch\nFloatStorage\n", b"ctorch\nLongStorage\n"
ORDERED = b"ccollections\nOrderedDict\n)R"
REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
NUMBERS = np.arange(12, dtype=np.float32)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def whole(value: int) -> bytes:
    held = value.to_bytes(12, "little", signed=True)
    return b"\x8a" + bytes([len(held)]) + held


def several(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def items(*pairs: bytes) -> bytes:
    return b"(" + b"".join(pairs) + b"u"


def tensor(
    offset: int = 0,
    shape: Sequence[int] = (12,),
    strides: Sequence[int] = (1,),
    count: int = 12,
    key: str = "1",
    kind: bytes = FLOATS,
) -> bytes:
    stored = several(text("storage"), kind, text(key), text("cpu"), whole(count), b"N") + b"Q"
    sides, steps = several(*map(whole, shape)), several(*map(whole, strides))
    return REBUILD + several(stored, whole(offset), sides, steps, b"\x89", ORDERED) + b"R"


def file(
    views: bytes, storages: Sequence[tuple[str, Array]] = (("1", NUMBERS),), little: bool = True
) -> bytes:
    """A whole file, of the program for its dictionary of tensors."""
    machine = b"}" + items(text("little_endian"), b"\x88" if little else b"\x89")
    keys = b"](" + b"".join(text(key) for key, _ in storages) + b"e"
    parts = [whole(MAGIC), whole(FORMAT), machine, views, keys]
    numbers = [struct.pack("<q", X.size) + X.tobytes() for _, X in storages]
    return b"".join([b"\x80\x02" + part + b"." for part in parts] + numbers)


def of(*tensors: bytes) -> bytes:
    return ORDERED + items(*(text(f"t{i}") + one for i, one in enumerate(tensors)))


def refused(content: bytes, why: str) -> None:
    with pytest.raises(FileError, match=why):
        read_torch(content, "w.pth")


def test_views_of_one_storage_and_of_another() -> None:
    counts = np.array([7], np.int64)
    views = of(
        tensor(), tensor(1, (2, 3), (1, 4)), tensor(0, (), (), 1, "2", WHOLE), tensor(3, (4,), (0,))
    )
    found = read_torch(file(views, [("1", NUMBERS), ("2", counts)]), "w.pth")
    np.testing.assert_array_equal(found["t0"], NUMBERS)
    np.testing.assert_array_equal(found["t1"], [[1, 5, 9], [2, 6, 10]])
    assert found["t2"] == 7
    assert found["t2"].dtype == np.int64
    np.testing.assert_array_equal(found["t3"], [3] * 4)
    assert not any(X.flags.writeable for X in found.values())


def test_the_state_of_the_dictionary_is_left_out() -> None:
    state = b"}" + items(text("_metadata"), ORDERED)
    assert [*read_torch(file(of(tensor()) + state + b"b"), "w.pth")] == ["t0"]


def test_as_pytorch_writes_and_reads_it(tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed")
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    state = module.state_dict()
    state["turned"] = state["0.weight"].permute(3, 0, 2, 1)[1:, :, 1:]
    made = io.BytesIO()
    torch.save(state, made, _use_new_zipfile_serialization=False)
    found = read_torch(made.getvalue(), "w.pth")
    assert [*found] == [*state]
    for name, X in state.items():
        np.testing.assert_array_equal(found[name], X.numpy())


@pytest.mark.parametrize(
    "call",
    [
        b"cos\nsystem\n(X\x0a\x00\x00\x00touch HEREtR",
        b"(X\x0a\x00\x00\x00touch HEREios\nsystem\n",
        b"(cos\nsystem\nX\x0a\x00\x00\x00touch HEREo",
        b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93(X\x0a\x00\x00\x00touch HEREtR",
        b"cbuiltins\nexec\n(X\x12\x00\x00\x00open('HERE', 'w') tR",
        b"cbuiltins\neval\n",
        b"ctorch._utils\n_rebuild_parameter\n",
        b"ctorch\nload\n",
        b"ccollections\nOrderedDict\n)\x81",  # NEWOBJ
        b"\x82\x01",  # EXT1
        b"Pkey\n",  # PERSID
        b"G" + b"\0" * 8,
    ],
)
def test_nothing_runs(call: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(file(of(tensor(), call)), "which is not allowed")
    refused(b"\x80\x02" + call + b".", "which is not allowed")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("views", "why"),
    [
        (of(tensor(offset=1)), "outside of its storage"),
        (of(tensor(shape=(13,))), "outside of its storage"),
        (of(tensor(shape=(4,), strides=(4,))), "outside of its storage"),
        (of(tensor(shape=(3, 4), strides=(4, 2))), "outside of its storage"),
        (of(tensor(shape=(2**70,), strides=(0,))), "outside of its storage"),
        (of(tensor(shape=(13,), strides=(0,))), "outside of its storage"),
        (of(tensor(shape=(0,))), "outside of its storage"),
        (of(tensor(offset=12, shape=(), strides=())), "outside of its storage"),
        (of(tensor(shape=(2, 2))), "shorter"),
        (of(tensor(shape=(1,) * 65, strides=(1,) * 65)), "w.pth"),
        (of(tensor(offset=-1)), "unknown way"),
        (of(tensor(offset=11, strides=(-1,))), "unknown way"),
        (of(tensor(shape=(-1,))), "unknown way"),
        (of(tensor(count=13)), "not as long"),
        (of(tensor(count=-1)), "not as long"),
        (of(tensor(key="2")), "not those of its tensors"),
        (of(tensor(), tensor(key="2")), "not those of its tensors"),
        (of(tensor(), tensor(kind=WHOLE)), "not those of its tensors"),
        (of(tensor(kind=b"ccollections\nOrderedDict\n")), "storage is malformed"),
        (of(tensor(kind=b"N")), "storage is malformed"),
        (ORDERED, "not those of its tensors"),
        (of(text("no tensor")), "more than tensors"),
        (tensor(), "more than tensors"),
        (b"N" + items(text("t0"), tensor()), "other than a dictionary"),
        (ORDERED + items(b"N", tensor()), "dictionary of texts"),
        (ORDERED + items(text("t0")), "w.pth"),
        (b"}" + text("a") + b"a", "APPEND"),
        (b"}" + b"(Ne", "other than a list"),
        (of(tensor() + b"}b"), "other than a dictionary"),
        (b"ccollections\nOrderedDict\n}b", "other than a dictionary"),
        (b"ccollections\nOrderedDict\n(NtR", "unknown way"),
        (REBUILD + b")R", "unknown way"),
        (b"h\x05", "w.pth"),
        (b"u", "w.pth"),
        (b"NN", "w.pth"),
        (b"S'\\o'\n", "asks for STRING, which"),
        (b"ios\nsystem\n", "asks for INST, which"),
        (b"ctorch\n\\o\n", r"GLOBAL 'torch \\\\o'"),
        (b"", "w.pth"),
    ],
)
def test_files_that_are_refused(views: bytes, why: str) -> None:
    refused(file(views), why)


def test_files_around_the_tensors_that_are_refused() -> None:
    good = file(of(tensor()))
    refused(good + b"\0", "1 bytes follow its end")
    refused(file(of(tensor()), little=False), "not little-endian")
    refused(file(of(tensor()), [("1", NUMBERS), ("2", NUMBERS)]), "not those of its tensors")
    refused(file(of(tensor()), [("1", NUMBERS), ("1", NUMBERS)]), "not those of its tensors")
    refused(b"PK\x03\x04" + good, "before version 1.6")
    refused(good.replace(whole(FORMAT), whole(FORMAT + 1)), "does not begin as one")
    for end in range(len(good)):
        refused(good[:end], "w.pth")


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 255)), min_size=1, max_size=4))
@example([(97, ord("\\"))])  # an escape in a name
def test_a_changed_file_gives_tensors_or_an_error(changes: list[tuple[int, int]]) -> None:
    content = bytearray(file(of(tensor(1, (2, 3), (1, 4)))))
    for at, byte in changes:
        content[at % len(content)] = byte
    try:
        found = read_torch(bytes(content), "w.pth")
    except FileError:
        return
    assert all(X.size <= 12 and X.copy().shape == X.shape for X in found.values())
