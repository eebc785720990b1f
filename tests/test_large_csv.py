"""CSV files larger than memory: the same encoder, features and answers, with little memory."""

import csv
import gc
import pickle
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest

from plainnet import Classifier, Dataset, Regressor
from plainnet.errors import DataError
from plainnet.files.rows import MemoryMappedRows
from plainnet.tables import csv_blocks, csv_file, large_csv, read_table, read_tables, row_ranges
from plainnet.tables.opened_csv import opened_csv
from plainnet.tables.table import ReadColumns, texts_of
from plainnet.tables.values import Cells


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of many kinds of columns, in blocks of some ten rows."""
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(csv_blocks, "_BLOCK_BYTES", 1000)
    rng, n = np.random.default_rng(0), 600
    columns = {
        "a": rng.normal(5, 2, n).round(3),
        "written": [f"{x:,.2f}" for x in rng.normal(3000, 2000, n)],
        "kind": rng.choice(["x", "y ", "e\u0301", "é", "NA", 'q"', "two\nlines"], n),
        "flag": rng.choice(["true", "false", ""], n),
        "day": np.datetime64("2020-01-01") + rng.integers(0, 900, n),
        "size": rng.normal(0, 3, n).round(2),
        "class": rng.choice(["low", " high", ""], n),
    }
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def train_set(path: Path, target: str) -> Dataset:
    train = read_tables(path, target).train
    assert train is not None
    return train


@pytest.mark.parametrize("target", ["size", "class"])
def test_a_large_file_gives_the_same_features(
    target: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = train_set(path, target)
    monkeypatch.setattr(csv_file, "LARGE_BYTES", 0)
    large = train_set(path, target)
    assert isinstance(small.X, np.ndarray)
    assert isinstance(large.X, MemoryMappedRows)
    assert np.asarray(large.X).tobytes() == small.X.tobytes()
    assert large.y.tobytes() == small.y.tobytes()
    assert large.lines is not None
    assert small.lines is not None
    assert large.lines.tolist() == small.lines.tolist()
    assert small.extractor is not None
    assert large.extractor is not None
    assert large.extractor.describe() == small.extractor.describe()


def test_it_is_trained_on_and_answered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for limit in (2**29, 0):
        monkeypatch.setattr(csv_file, "LARGE_BYTES", limit)
        model = Regressor(hidden=(8,), epochs=2, seed=0, ensemble=1).fit(str(path), target="size")
        answers.append([model.predict(str(path)).tobytes(), model.evaluate(str(path)).to_dict()])
    assert answers[0] == answers[1]
    monkeypatch.setattr(csv_file, "LARGE_BYTES", 0)
    with path.open("a") as file:
        file.write("1,2\n")
    with pytest.raises(DataError, match=r"line \d+, has 2 fields"):
        read_table(path)


def test_some_rows_of_a_large_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_table(path)
    monkeypatch.setattr(row_ranges, "LARGE_CSV", 0)
    n, take = row_ranges.opened_rows(path)
    assert n == 600
    assert whole.lines is not None
    for start, stop in ((0, 600), (0, 1), (599, 600), (7, 311), (100, 107)):
        some = take(start, stop)
        assert some.lines is not None
        assert some.lines.tolist() == whole.lines[start:stop].tolist()
        for name in whole.columns:
            assert texts_of(some[name]) == texts_of(whole[name])[start:stop]


def test_other_processes_read_it_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "LARGE_BYTES", 0)
    table = read_table(path)
    assert isinstance(table.columns, ReadColumns)
    again = pickle.loads(pickle.dumps(table.columns))
    assert texts_of(again["kind"]) == texts_of(table["kind"])
    kept = pickle.dumps(table.columns)
    path.write_text("a,b\n1,2\n")
    assert len(texts_of(table["kind"])) == 600  # its cells are on the disk
    with pytest.raises(DataError, match=r"t\.csv changed while it was read"):
        pickle.loads(kept)


def test_little_of_a_large_file_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(csv_blocks, "_BLOCK_BYTES", 2**17)
    path, rng = tmp_path / "t.csv", np.random.default_rng(0)
    rows = "\n".join(",".join(f"{x:.6f}" for x in row) for row in rng.normal(size=(2000, 30)))
    path.write_text(",".join(f"c{i}" for i in range(30)) + "\n" + (rows + "\n") * 20)
    size = path.stat().st_size
    tracemalloc.start()
    try:
        with opened_csv(path) as opened:
            stored = large_csv.store_csv(opened)
        writing = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert len(stored.rows(15_000, 15_500)) == 500
        some_rows = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert len(stored.table()["c17"]) == 40_000
        column = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(stored.cells) == 40_000
    assert size > 10e6
    assert writing < 0.4 * size
    assert some_rows < 0.2 * size
    assert column < 0.2 * size


def test_a_column_that_was_read_is_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "LARGE_BYTES", 0)
    table = read_table(path)
    gc.collect()
    gc.disable()
    try:
        for name in table.columns:
            values = table[name]
            assert len(Cells.of(values).coded[1]) == 600
            held = weakref.ref(values)
            del values
            assert held() is None
    finally:
        gc.enable()


def test_the_classes_of_a_large_file_are_chosen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "LARGE_BYTES", 0)
    model = Classifier(hidden=(8,), epochs=1, seed=0, ensemble=1).fit(path, target="class")
    assert model.classes == ("high", "low")
