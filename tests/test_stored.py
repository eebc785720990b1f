"""Arrays on the disk: what they give, and that memory does not grow with them."""

import itertools
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.data import Dataset, read_data
from plainnet.data import npy_files as mapped
from plainnet.errors import DataError, ShapeError
from plainnet.files import rows as stored
from plainnet.files.rows import MemoryMappedRows, as_samples, blocks, not_finite, select
from plainnet.models.checkpoint import fingerprint
from plainnet.models.preprocessing import Preprocessing
from plainnet.network import Array
from plainnet.pictures.check import check
from plainnet.training.batches import Batches, InputPipeline, counting_samples, logits

DTYPES = (np.uint8, np.float32, ">f4", np.float64, np.int16)


def on_disk(path: Path, values: Array, before: int = 0) -> MemoryMappedRows:
    path.write_bytes(bytes(before) + values.tobytes())
    return MemoryMappedRows(path, values.dtype, values.shape, before)


@pytest.fixture(params=[2**23, 64], ids=["held", "let go"])
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes that stay in memory: all that the tests have, or next to nothing."""
    monkeypatch.setattr(stored, "RESIDENT_BYTES", request.param)
    monkeypatch.setattr(stored, "BLOCK_BYTES", request.param)
    return int(request.param)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(50, 7), (50, 4, 5, 3)])
def test_rows_are_those_of_the_array(
    tmp_path: Path, held: int, dtype: str, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    A = rng.integers(0, 256, shape).astype(dtype)
    X = on_disk(tmp_path / "a", A, before=5)
    assert (X.shape, X.ndim, X.size, len(X)) == (A.shape, A.ndim, A.size, 50)
    assert X.dtype == A.dtype.newbyteorder("=")
    mask = rng.random(50) < 0.5
    for key in (3, -1, np.int64(7), slice(5, 30, 3), slice(None), [4, 4, -2], mask, (2, 3), ...):
        assert np.array_equal(X[key], A[key])
    order = rng.permutation(50)
    assert np.array_equal(np.take(X, order, axis=0), A[order])
    out = np.empty((20, *shape[1:]), A.dtype.newbyteorder("="))
    np.take(X, order[:20], axis=0, out=out, mode="clip")
    assert np.array_equal(out, A[order[:20]])
    assert np.array_equal(X, A)
    assert np.array_equal([*X], A)
    assert np.array_equal(np.concatenate([block for _, block in blocks(cast(Array, X))]), A)


def test_selections_of_selections(tmp_path: Path, held: int) -> None:
    A = np.arange(400.0, dtype=np.float32).reshape(40, 10)
    X = on_disk(tmp_path / "a", A)
    mask = np.arange(40) % 3 == 0
    chosen = X.select(mask).select(slice(None, None, -1)).select([0, 3, -1])
    assert np.array_equal(chosen, A[mask][::-1][[0, 3, -1]])
    assert isinstance(chosen.reshape(3, 5, 2), MemoryMappedRows)
    assert np.array_equal(chosen.reshape(3, -1, 2)[1], A[mask][::-1][3].reshape(5, 2))
    assert isinstance(chosen.reshape(-1, 5, 2), MemoryMappedRows)
    assert np.array_equal(chosen.reshape(-1), np.asarray(chosen).ravel())
    assert type(select(A, mask)) is np.ndarray
    with pytest.raises(ValueError, match="cannot be reshaped to"):
        chosen.reshape(3, 7, 2)
    with pytest.raises(IndexError, match="no row 3 among 3"):
        chosen[3]


def test_other_dtypes_are_made_row_by_row(tmp_path: Path, held: int) -> None:
    A = np.array([[1.5, -2, 1e300], [0, 1, 2]])
    X = on_disk(tmp_path / "a", A).astype(np.float32)
    assert isinstance(X, MemoryMappedRows)
    assert X.dtype == X[0].dtype == X[:1].dtype == np.float32
    assert X[0].tolist() == [1.5, -2, np.inf]


def test_it_does_what_arrays_do(tmp_path: Path) -> None:
    A = np.arange(24, dtype=np.uint8).reshape(4, 6)
    X = on_disk(tmp_path / "a", A)
    assert np.array_equal(X / 2 + A, A / 2 + A)
    assert (X.mean(), X.T.shape, X.tobytes()) == (A.mean(), (6, 4), A.tobytes())
    assert np.isfinite(X).all()
    assert repr(X) == "Stored(uint8 (4, 6))"
    with pytest.raises(AttributeError, match="has no attribute 'colour'"):
        X.colour  # noqa: B018


def test_a_file_that_is_too_short(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(10))
    with pytest.raises(ValueError, match="buffer"):
        MemoryMappedRows(tmp_path / "a", np.uint8, (3, 4))


@pytest.mark.parametrize("values", [[(2, 1, np.nan)], [(7, 0, np.inf), (3, 2, -np.inf)], []])
def test_what_is_not_finite(
    tmp_path: Path, held: int, values: list[tuple[int, int, float]]
) -> None:
    A = np.ones((9, 3))
    for row, column, value in values:
        A[row, column] = value
    first = min(values)[:2] if values else (0, 0)
    X = cast(Array, on_disk(tmp_path / "a", A))
    assert not_finite(X) == not_finite(A) == (len(values), *first)
    if values:
        with pytest.raises(DataError, match=f"the first, {A[first]}, in row {first[0]}"):
            Dataset(X, np.arange(9) % 2, ("a", "b"))
        with pytest.raises(DataError, match=f"{len(values)} values that .* sample {first[0]};"):
            counting_samples(X, np.zeros(len(X)), None)


def test_the_same_from_memory_and_disk(tmp_path: Path, held: int) -> None:
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (60, 5, 6, 3), np.uint8)
    for A in (pictures, rng.normal(size=(60, 20)).astype(np.float32)):
        y = np.arange(60) % 2
        X = cast(Array, on_disk(tmp_path / "a", A))
        disk, memory = (Dataset(data, y, ("a", "b")) for data in (X, A))
        assert fingerprint(disk) == fingerprint(memory)
        ours, theirs = Preprocessing.fit(X), Preprocessing.fit(A)
        assert np.array_equal(ours.mean, theirs.mean)
        assert np.array_equal(ours.scale, theirs.scale)
        trained = [
            Classifier(hidden=(5,), epochs=3, batch_size=8, ensemble=2).fit(d)
            for d in (disk, memory)
        ]
        one, other = (classifier.network.theta for classifier in trained)
        assert np.array_equal(one, other)
        taken = disk.take(y == 1)
        assert isinstance(taken.X, MemoryMappedRows)
        assert trained[0].evaluate(taken).to_dict() == trained[1].evaluate(taken).to_dict()
        network, prepare = trained[0].network, trained[0].preprocessing
        assert np.array_equal(
            logits(network, X, prepare=prepare), logits(network, A, prepare=prepare)
        )
        whole = [
            Batches(data, y, pipeline=InputPipeline(prepare), dtype=np.float32).inputs()
            for data in (X, A)
        ]
        assert np.array_equal(*whole)


def test_a_memory_map_of_the_user_stays_on_the_disk(tmp_path: Path) -> None:
    A = np.random.default_rng(2).normal(size=(40, 6))
    np.save(tmp_path / "X.npy", A)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    y = np.arange(40) % 2
    classifier = Classifier(hidden=(4,), epochs=2, ensemble=2).fit(X, y)
    assert classifier.training is not None
    assert isinstance(classifier.training.X, MemoryMappedRows)
    assert np.array_equal(classifier.predict_proba(X), classifier.predict_proba(A))
    assert np.array_equal(as_samples(X[5:]), A[5:])  # a part at an unknown place
    assert np.array_equal(as_samples(X.T), A.T)


# -- arrays in files -------------------------------------------------------------------------------


def as_npy(path: Path, **arrays: Array) -> Path:
    path.mkdir()
    for name, array in arrays.items():
        np.save(path / f"{name}.npy", array)
    return path


def as_npz(path: Path, **arrays: Array) -> Path:
    np.savez(path.with_suffix(".npz"), **arrays)  # type: ignore[arg-type]
    return path.with_suffix(".npz")


def as_compressed(path: Path, **arrays: Array) -> Path:
    np.savez_compressed(path.with_suffix(".npz"), **arrays)  # type: ignore[arg-type]
    return path.with_suffix(".npz")


FORMS = {as_npy: True, as_npz: True, as_compressed: False}


@pytest.mark.parametrize("save", FORMS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.int32])
def test_arrays_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Callable[..., Path], dtype: type
) -> None:
    monkeypatch.setattr(mapped, "MIN_BYTES", 0)
    shape = (30, 6, 7) if dtype is np.uint8 else (30, 9)
    A: Array = np.random.default_rng(3).integers(0, 200, shape).astype(dtype)
    y = np.array(["cat", "dog"])[np.arange(30) % 2]
    path = save(tmp_path / "data", X=A, y=y, X_test=A[:8], y_test=y[:8])
    splits = read_data(path)
    assert splits.train is not None
    assert splits.test is not None
    assert (
        isinstance(splits.train.X, MemoryMappedRows)
        == isinstance(splits.test.X, MemoryMappedRows)
        == FORMS[save]
    )
    right = A[..., None] if dtype is np.uint8 else A
    assert np.array_equal(splits.train.X, right)
    assert np.array_equal(splits.test.X, right[:8])
    assert (splits.train.classes, splits.train.X.dtype) == (("cat", "dog"), right.dtype)
    assert len(check(path).splits.train or ()) == 30


@pytest.mark.parametrize("save", [as_npy, as_npz])
@pytest.mark.parametrize("by_columns", [False, True])
def test_small_arrays_and_those_by_columns_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Callable[..., Path], by_columns: bool
) -> None:
    A: Array = np.random.default_rng(3).normal(size=(30, 9)).astype(np.float32)
    if by_columns:
        A = np.array(A, order="F", copy=True)
        monkeypatch.setattr(mapped, "MIN_BYTES", 0)
    data = read_data(save(tmp_path / "data", X=A, y=np.arange(30) % 2)).train
    assert data is not None
    assert type(data.X) is np.ndarray
    assert np.array_equal(data.X, A)


def test_npy_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "MIN_BYTES", 0)
    A, y = np.ones((20, 3)), np.arange(20) % 2
    folder = as_npy(tmp_path / "data", X=A)
    with pytest.raises(DataError, match=r"holds X\.npy but no y\.npy; add the labels of X"):
        read_data(folder)
    np.save(folder / "y.npy", y)
    whole = (folder / "X.npy").read_bytes()
    for damaged in (whole[:-8], whole[:50], b"", b"\x93NUMPY\x07\x00"):
        (folder / "X.npy").write_bytes(damaged)
        with pytest.raises(DataError, match=r"data \(X\) cannot be read"):
            read_data(folder)
    np.save(folder / "X.npy", np.array([None, 1]), allow_pickle=True)
    with pytest.raises(DataError, match="not of Python objects"):
        read_data(folder)
    np.save(folder / "X.npy", np.ones(5))
    with pytest.raises((DataError, ShapeError), match="X is float64"):
        read_data(folder)


def test_an_npz_file_whose_member_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "MIN_BYTES", 0)
    path = as_npz(tmp_path / "data", X=np.ones((20, 3)), y=np.arange(20) % 2)
    content = path.read_bytes()
    place = content.index(b"(20, 3)")
    path.write_bytes(content[:place] + b"(90, 3)" + content[place + 7 :])
    with pytest.raises(DataError, match=r"\(X\) cannot be read"):
        read_data(path)


# -- memory ----------------------------------------------------------------------------------------

# Without numba and SciPy, which take their 130 MB in the longer training only.
# Parts of files that are mapped do not count: the system takes them back whenever it wants.
PEAK = """
    import sys, threading, time
    sys.modules["numba"] = sys.modules["scipy"] = None
    most = 0
    def watch():
        global most
        while True:
            fields = dict(line.split(":") for line in open("/proc/self/status"))
            most = max(most, int(fields["RssAnon"].split()[0]))
            time.sleep(0.003)
    threading.Thread(target=watch, daemon=True).start()
    from plainnet.cli.command_line import main
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, ended.code
    print("peak", most)
"""


def peak(data: Path, run: Path, epochs: int) -> float:
    """Megabytes of memory that a training has for itself at most."""
    options = ["--epochs", str(epochs), "--out", str(run), "--features", "none"]
    options += ["--network", "dense"]  # what is measured is the way of the data
    command = [sys.executable, "-c", textwrap.dedent(PEAK), "train", str(data), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1]) / 1024


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is asked of Linux")


@on_linux
def test_memory_does_not_grow_with_an_array(tmp_path: Path) -> None:
    rng, peaks = np.random.default_rng(4), []
    for n in (2_000, 20_000):  # pictures that take 12 and 123 MB
        X = rng.integers(0, 256, (n, 48, 43, 3), np.uint8)
        folder = as_npy(tmp_path / str(n), X=X, y=np.arange(n) % 2)
        peaks.append(peak(folder, tmp_path / f"run-{n}", 1))
    assert peaks[1] < 1.1 * peaks[0], peaks


@on_linux
@pytest.mark.slow
def test_memory_does_not_grow_with_a_folder(tmp_path: Path) -> None:
    rng, peaks = np.random.default_rng(5), []
    for n in (1_000, 10_000):  # decoded, they take 12 and 123 MB
        for i, name in zip(range(n), itertools.cycle("ab"), strict=False):
            path = tmp_path / str(n) / name / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((64, 64)).save(path)
        peaks += [peak(tmp_path / str(n), tmp_path / f"run-{n}-{i}", 1) for i in range(2)]
    assert min(peaks[2:]) < 1.1 * min(peaks[:2]), peaks
