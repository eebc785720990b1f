"""Rows under keys in one file: whoever writes, what was written is found, whole or not at all."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainnet.files.record_file import RecordFile


def key(i: int) -> bytes:
    return i.to_bytes(16, "big")


def row(i: int, width: int = 3) -> np.ndarray:
    return np.random.default_rng(i).normal(size=width).astype(np.float32)


def append(file: RecordFile, *numbers: int) -> int:
    rows = np.stack([row(i, file.width) for i in numbers])
    return file.append(rows, [key(i) for i in numbers], [key(7 * i) for i in numbers])


def held(file: RecordFile, *numbers: int) -> list[int]:
    """Those of these numbers that are found; each must be as it was written."""
    found = file.find([key(i) for i in numbers])
    for i in numbers:
        if key(i) in found:
            place, note = found[key(i)]
            assert note == key(7 * i)
            np.testing.assert_array_equal(np.asarray(file.rows(np.array([place])))[0], row(i))
    return [i for i in numbers if key(i) in found]


def test_what_was_written_is_found(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "a", 3)
    assert file.is_empty()
    assert held(file, 1, 2) == []
    assert append(file, 1, 2) == 0
    assert append(file, 5) == 2
    other = RecordFile(tmp_path / "a", 3)
    assert held(other, 1, 2, 3, 5) == [1, 2, 5]
    append(other, 3)
    assert held(file, 3, 4) == [3]
    mapped = file.rows(np.array([2, 0]))
    file.close()
    (tmp_path / "a").unlink()
    np.testing.assert_array_equal(np.asarray(mapped), [row(5), row(1)])
    append(other, 8)  # nobody finds it any more, but nothing breaks
    assert held(other, 8) == [8]


def test_a_file_of_another_width_is_replaced(tmp_path: Path) -> None:
    append(RecordFile(tmp_path / "a", 3), 1)
    wider = RecordFile(tmp_path / "a", 4)
    assert wider.is_empty()
    append(wider, 1)
    assert [*wider.find([key(1)])] == [key(1)]


@given(st.integers(0, 63 + 4 * 52), st.booleans(), st.integers(0, 255))
def test_a_cut_or_changed_file_gives_no_wrong_row(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: bool, value: int
) -> None:
    path = tmp_path_factory.mktemp("records") / "a"
    file = RecordFile(path, 3)
    append(file, 1, 2, 3, 4)
    file.close()
    content = bytearray(path.read_bytes())
    content = content[:at] if cut else content[:at] + bytes([value]) + content[at + 1 :]
    path.write_bytes(content)
    file = RecordFile(path, 3)
    found = held(file, 1, 2, 3, 4)
    if at >= 64:
        assert len(found) >= (at - 64) // 52 if cut else len(found) >= 3
    append(file, 9)
    assert held(RecordFile(path, 3), 1, 2, 3, 4, 9) == [*found, 9]


def write(path: Path, first: int) -> None:
    file = RecordFile(path, 3)
    for i in range(first, first + 60, 3):
        append(file, i, i + 1, i + 2)
    with path.open("ab") as end:  # the beginning of a record, as of a killed process
        end.write(b"\1" * 20)


def test_several_processes_that_write(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=write, args=(tmp_path / "a", n)) for n in (0, 100, 200)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    file = RecordFile(tmp_path / "a", 3)
    append(file, 999)
    wanted = [first + i for first in (0, 100, 200) for i in range(60)]
    assert held(file, *wanted, 999) == [*wanted, 999]
