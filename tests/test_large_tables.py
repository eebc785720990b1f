"""Parquet files larger than memory: the same encoder and features, a column at a time."""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Dataset, Regressor
from plainnet.errors import DataError, FileError
from plainnet.files.rows import MemoryMappedRows
from plainnet.tables import parquet, read_table, read_tables
from plainnet.tables.disk_space import room_for
from plainnet.tables.row_ranges import opened_rows
from plainnet.tables.table import ReadColumns

pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of many kinds of columns, in row groups of 100 rows."""
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "cache"))
    rng, n = np.random.default_rng(0), 1500
    some = rng.random(n) < 0.1

    def texts(cells: Any) -> Any:
        return pyarrow.array(np.asarray(cells, object), mask=some[::-1])

    numbers = [f"{x:,.2f}" for x in rng.normal(3000, 2000, n)]
    days = np.datetime64("2020-01-01") + rng.integers(0, 900, n)
    rare = [f"{x}" if x < 40 else "true" for x in rng.integers(0, 42, n)]
    columns = {
        "a": pyarrow.array(rng.normal(5, 2, n), mask=some),
        "b": pyarrow.array(rng.integers(0, 9, n)),
        "written": texts(numbers),
        "sorted": pyarrow.array(sorted(rare)),  # the last row groups hold `true` only
        "kind": texts(rng.choice(["x", "y ", "e\u0301", "é", "NA"], n)).dictionary_encode(),
        "flag": pyarrow.array(rng.random(n) < 0.5),
        "day": pyarrow.array(days),
        "moment": pyarrow.array(days + rng.integers(0, 86_400, n).astype("m8[s]")),
        "day as text": texts(days.astype(str)),
        "list": pyarrow.array([[1]] * n),
        "bytes": pyarrow.array([b"one", b"\xff"] * (n // 2)),
        "text in bytes": pyarrow.array([b"one", b" two"] * (n // 2)),
        "size": pyarrow.array(rng.normal(0, 3, n), mask=some),
        "class": texts(rng.choice(["low", " high"], n)),
        "number": pyarrow.array(rng.integers(7, 10, n), mask=some),
    }
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=100)
    return path


def train_sets(path: Path, monkeypatch: pytest.MonkeyPatch, **how: Any) -> list[Dataset]:
    """The data set as it is read in memory, and as it is if the file counts as large."""
    found = []
    for limit in (2**30, 0):
        monkeypatch.setattr(parquet, "LARGE_BYTES", limit)
        train = read_tables(path, **how).train
        assert train is not None
        found.append(train)
    return found


@pytest.mark.parametrize("target", ["size", "class", "number", "flag"])
@pytest.mark.parametrize("weighed", [False, True])
def test_a_large_file_gives_the_same_features(
    target: str,
    weighed: bool,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    weights = np.arange(1500) % 3 if weighed else None
    small, large = train_sets(path, monkeypatch, target=target, weights=weights)
    assert isinstance(small.X, np.ndarray)
    assert isinstance(large.X, MemoryMappedRows)
    assert np.asarray(large.X).tobytes() == small.X.tobytes()
    assert large.y.tobytes() == small.y.tobytes()
    assert (large.classes, large.labels) == (small.classes, small.labels)
    assert (large.weights is None) == (small.weights is None)
    assert small.extractor is not None
    assert large.extractor is not None
    assert large.extractor.describe() == small.extractor.describe()
    averages = [data.extractor.tensors()["extractor.averages"] for data in (small, large)]
    assert averages[0].tobytes() == averages[1].tobytes()
    messages = [record.getMessage() for record in caplog.records]
    half = len(messages) // 2
    assert sorted(messages[:half]) == sorted(messages[half:])
    assert any("'bytes'" in message for message in messages)


def test_a_large_file_trains_and_is_found_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for limit in (2**30, 0, 0):
        monkeypatch.setattr(parquet, "LARGE_BYTES", limit)
        model = Regressor(hidden=(8,), epochs=2, seed=0).fit(str(path), target="size")
        answers.append(model.predict(str(path)).tobytes())
    assert answers[0] == answers[1] == answers[2]
    stored = {file.stat().st_size for file in (tmp_path / "cache").rglob("*.npy")}
    assert len(stored) == 2  # rows with a target, and all rows
    assert not [*(tmp_path / "cache").rglob(".unfinished*")]


@pytest.mark.parametrize("limit", [2**40, 0])
def test_threads_of_pyarrow_never_hold_a_file_of_python(
    limit: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that releases one while the interpreter ends aborts the process."""
    pyarrow = pytest.importorskip("pyarrow")
    opened = []

    def watched(source: Any, **how: Any) -> Any:
        opened.append(source)
        return reader(source, **how)

    reader = pyarrow.parquet.ParquetFile
    monkeypatch.setattr(pyarrow.parquet, "ParquetFile", watched)
    monkeypatch.setattr(parquet, "LARGE_BYTES", limit)
    read_table(path)
    opened_rows(path)[1](10, 20)
    assert opened
    assert all(isinstance(source, pyarrow.OSFile) for source in opened)


def test_a_name_need_not_be_utf_8(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    plain = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"x": [1.0, 2.0, 3.0]}), plain)
    odd = plain.rename(plain.with_name(os.fsdecode(b"caf\xe9.parquet")))
    assert len(read_table(odd)) == opened_rows(odd)[0] == 3


def test_progress_is_shown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "LARGE_BYTES", 0)
    shown: list[tuple[int, int]] = []
    read_tables(path, "class", progress=lambda *done: shown.append(done))
    assert {(1, 13), (13, 13)} < {*shown}  # columns
    assert shown[-1][0] == shown[-1][1] > 1000  # rows


def test_a_file_that_changes_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "LARGE_BYTES", 0)
    table = read_table(path)
    assert isinstance(table.columns, ReadColumns)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DataError, match=r"t\.parquet changed"):
        table["a"]


@pytest.mark.parametrize("free", [10**4, 10**8])
def test_a_folder_without_space(free: int, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "LARGE_BYTES", 0)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - free, free))
    with pytest.raises(FileError, match=r"cannot be stored in .*cache.*bytes.*PLAINNET_CACHE"):
        read_tables(path, "class")


@pytest.mark.parametrize("cache", ["", "off"])
def test_a_folder_without_space_meanwhile(
    cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINNET_CACHE", cache or str(tmp_path))
    (tmp_path / "pictures").mkdir()
    with pytest.raises(FileError, match=r"1,000,000,000,000,000,000 bytes .* PLAINNET_CACHE"):
        room_for(10**18)


MEASURED = """
import json, sys
import pyarrow.parquet
from pathlib import Path
from plainnet import Classifier
from plainnet.tables import features_of_tables, parquet, read_tables

def most():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])

pyarrow.set_memory_pool(pyarrow.system_memory_pool())
parquet.LARGE_BYTES = int(sys.argv[2])
small = Path(sys.argv[1]).with_name("small.parquet")
usual = {"hidden": (8,), "epochs": 1, "variants": ("usual",)}  # the steps of members take more
Classifier(**usual).fit(str(small), target="t")
before = most()
Classifier(**usual, batch_size=1000).fit(sys.argv[1], target="t")
print(json.dumps(most() - before))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    """60 columns of 300,000 float64 are 144 MB, and their features 72 MB."""
    rng, n = np.random.default_rng(0), 300_000
    columns = {f"c{i}": pyarrow.array(rng.normal(size=n)) for i in range(60)}
    columns["t"] = pyarrow.array(np.where(np.asarray(columns["c0"]) > 0, "yes", "no"))
    table = pyarrow.table(columns)
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet", row_group_size=20_000)
    pyarrow.parquet.write_table(table.slice(0, 100), tmp_path / "small.parquet")
    taken = []
    for limit in (2**40, 10**6):
        cache = {**os.environ, "PLAINNET_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-c", MEASURED, str(tmp_path / "t.parquet"), str(limit)]
        done = subprocess.run(command, env=cache, capture_output=True, text=True, check=True)
        taken.append(json.loads(done.stdout))
    assert taken[0] > 216e6
    assert taken[1] < 72e6
