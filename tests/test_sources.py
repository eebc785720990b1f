"""`read_data`: every form of data but class folders, and a sentence for everything else."""

import gzip
import math
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plainnet.data import Dataset, Splits, read_data
from plainnet.errors import (
    DataError,
    FileError,
    MissingExtraError,
    SettingError,
)
from plainnet.pictures import resize_pictures
from plainnet.tables.files import tables_at

Array = NDArray[Any]
RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (6, 8, 8, 3), np.uint8)
GREY = COLOUR[..., 0]
VECTORS = RNG.normal(size=(6, 3))
Y = np.array([0, 1, 0, 1, 1, 0])
LAYOUT = r"one folder for each class(.|\n)*pets/\n.*cat/"


def train(splits: Splits) -> Dataset:
    assert splits.train is not None
    return splits.train


# The .h5 pair


def h5_pair(folder: Path, **changes: Any) -> Path:
    h5py = pytest.importorskip("h5py")
    for part, n in [("train", 6), ("test", 2)]:
        with h5py.File(folder / f"{part}_pets.h5", "w") as file:
            content = {
                f"{part}_set_x": COLOUR[:n],
                f"{part}_set_y": Y[:n],
                "list_classes": np.array([b"non-cat", b"cat"]),
            } | changes
            for key, value in content.items():
                if value is not None:
                    file[key] = value
    return folder


def test_h5_pair(tmp_path: Path) -> None:
    splits = read_data(h5_pair(tmp_path))
    assert train(splits).classes == ("non-cat", "cat")
    assert np.array_equal(train(splits).X, COLOUR)
    assert train(splits).y.tolist() == Y.tolist()
    assert train(splits).paths is None
    assert splits.test is not None
    assert len(splits.test) == 2
    assert splits.validation is None


def test_h5_as_wanted(tmp_path: Path) -> None:
    data = train(read_data(h5_pair(tmp_path), size=4, grey=True))
    assert np.array_equal(data.X, resize_pictures(COLOUR, 4, grey=True))


def test_h5_rows_of_labels_and_numbered_classes(tmp_path: Path) -> None:
    data = train(read_data(h5_pair(tmp_path, train_set_y=Y[np.newaxis], list_classes=[0, 1])))
    assert data.y.tolist() == Y.tolist()
    assert data.classes == ("0", "1")


def test_h5_errors(tmp_path: Path) -> None:
    h5_pair(tmp_path, list_classes=None)
    with pytest.raises(DataError, match=r"train_pets.h5 holds train_set_x, .*; expected .*list_cl"):
        read_data(tmp_path)
    h5_pair(tmp_path)
    (tmp_path / "train_more.h5").touch()
    with pytest.raises(DataError, match=r"train_more.h5 and train_pets.h5"):
        read_data(tmp_path)
    (tmp_path / "train_pets.h5").unlink()
    with pytest.raises(DataError, match=r"train_more.h5 "):
        read_data(tmp_path)


def test_h5_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("train", "test"):
        (tmp_path / f"{part}_pets.h5").touch()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[h5\]"'):
        read_data(tmp_path)


# IDX


def idx(array: Array) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def idx_files(folder: Path, separator: str = "-", ending: str = "") -> Path:
    for stem, n in [("train", 6), ("t10k", 2)]:
        for what, array in [("images", GREY), ("labels", Y)]:
            content = idx(array[:n])
            path = folder / f"{stem}-{what}{separator}idx{array.ndim}-ubyte{ending}"
            path.write_bytes(gzip.compress(content) if ending else content)
    return folder


@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx(tmp_path: Path, separator: str, ending: str) -> None:
    splits = read_data(idx_files(tmp_path, separator, ending))
    data = train(splits)
    assert np.array_equal(data.X, GREY[..., np.newaxis])
    assert data.y.tolist() == Y.tolist()
    assert data.classes == tuple("0123456789")
    assert splits.test is not None
    assert np.array_equal(splits.test.X, GREY[:2, ..., np.newaxis])


def test_idx_at_another_size(tmp_path: Path) -> None:
    assert train(read_data(idx_files(tmp_path), size=5)).X.shape == (6, 5, 5, 1)


def test_idx_without_test(tmp_path: Path) -> None:
    for path in idx_files(tmp_path).glob("t10k*"):
        path.unlink()
    assert read_data(tmp_path).test is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content[:-1], "should hold 400 bytes for its .* but holds 399; download"),
        (lambda content: content + b"\0", "should hold 400 bytes .* but holds 401"),
        (lambda content: content[:9], r"expected at least 16 bytes .* but got 9 that begin with"),
        (lambda content: b"", r"is not an IDX file of 3 dimensions.* but got 0 "),
        (
            lambda content: b"\0\0\x0d" + content[3:],
            r"with \[0, 0, 8, 3\].* with \[0, 0, 13",
        ),
        (lambda content: content[:3] + b"\1" + content[4:], r"that begin with \[0, 0, 8, 1\]"),
    ],
)
def test_idx_errors(tmp_path: Path, change: Any, words: str) -> None:
    path = idx_files(tmp_path) / "train-images-idx3-ubyte"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=f"train-images-idx3-ubyte .*{words}"):
        read_data(tmp_path)


@pytest.mark.parametrize(
    "change", [lambda content: content[:-20], lambda content: content[:10] + b"\xff" * 90]
)
def test_idx_damaged_gz(tmp_path: Path, change: Any) -> None:
    path = idx_files(tmp_path, ending=".gz") / "train-images-idx3-ubyte.gz"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz cannot be read or is trunca"):
        read_data(tmp_path)


def test_idx_missing_labels(tmp_path: Path) -> None:
    (idx_files(tmp_path, ending=".gz") / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"lacks train-labels-idx1-ubyte\[.gz\]; expected pictures"):
        read_data(tmp_path)


# .npz


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez(path := folder / "data.npz", **arrays)
    return path


def test_npz_vectors_stay_as_they_are(tmp_path: Path) -> None:
    data = train(read_data(npz(tmp_path, X=VECTORS, y=Y)))
    assert data.X.dtype == VECTORS.dtype == np.float64
    assert np.array_equal(data.X, VECTORS)
    assert (data.classes, data.y.tolist()) == (("0", "1"), Y.tolist())
    assert train(read_data(npz(tmp_path, X=GREY[:, 0], y=Y))).X.ndim == 2  # not pictures
    assert np.array_equal(train(read_data(npz(tmp_path, X=VECTORS > 0, y=Y))).X, VECTORS > 0)


@pytest.mark.parametrize(("X", "grey", "shape"), [(GREY, False, 1), (COLOUR, False, 3)])
def test_npz_pictures(tmp_path: Path, X: Array, grey: bool, shape: int) -> None:
    path = npz(tmp_path, X=X, y=Y)
    assert train(read_data(path)).X.shape == (6, 8, 8, shape)
    assert np.array_equal(train(read_data(path)).X, X.reshape(6, 8, 8, -1))
    assert train(read_data(path, size=(4, 5))).X.shape == (6, 4, 5, shape)
    assert train(read_data(path, grey=True)).X.shape == (6, 8, 8, 1)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["dog", "cat", "dog", "cat", "cat", "dog"], ("cat", "dog")),
        ([b"dog", b"cat", b"dog", b"cat", b"cat", b"dog"], ("cat", "dog")),
        ([10, 9, 10, 9, 9, 10], ("9", "10")),
        ([True, False, True, False, False, True], ("False", "True")),
        ([2.0, -1.0, 2.0, -1.0, -1.0, 2.0], ("-1", "2")),
        ([[1], [0], [1], [0], [0], [1]], ("0", "1")),
    ],
)
def test_npz_labels(tmp_path: Path, y: Any, classes: tuple[str, ...]) -> None:
    data = train(read_data(npz(tmp_path, X=VECTORS, y=y)))
    assert (data.classes, data.y.tolist()) == (classes, [1, 0, 1, 0, 0, 1])


@pytest.mark.parametrize("y", [Y, np.array(["z", "a"])[Y]])
def test_npz_classes(tmp_path: Path, y: Array) -> None:
    data = train(read_data(npz(tmp_path, X=VECTORS, y=y, classes=["z", "a", "m"])))
    assert (data.classes, data.y.tolist()) == (("z", "a", "m"), Y.tolist())


NUMBERS = np.stack([Y / 3, np.arange(6) * 1e6], axis=1)
LABELS = np.stack([Y, np.arange(6) // 3, 1 - Y], axis=1)


def test_npz_numbers(tmp_path: Path) -> None:
    y = np.arange(30) / 7
    data = train(read_data(npz(tmp_path, X=np.zeros((30, 2)), y=y)))
    assert (data.target, data.y.tolist(), data.classes) == ("y", y.tolist(), ())
    several: dict[str, Any] = {"X": VECTORS, "y": NUMBERS, "X_test": VECTORS[1:]}
    splits = read_data(npz(tmp_path, **several, y_test=NUMBERS[1:], targets=["price", b"rent"]))
    for part, rows in ((splits.train, NUMBERS), (splits.test, NUMBERS[1:])):
        assert part is not None
        assert [one.name for one in part.targets] == ["price", "rent"]
        assert part.holds_numbers
        assert part.y.tolist() == rows.tolist()


@pytest.mark.parametrize("spelled", [int, float, bool, lambda y: np.where(y, "yes", "no"), "S"])
def test_npz_labels_of_several_targets(tmp_path: Path, spelled: Any) -> None:
    y = LABELS.astype(spelled) if isinstance(spelled, (str, type)) else spelled(LABELS)
    splits = read_data(npz(tmp_path, X=VECTORS, y=y, X_val=VECTORS[:1], y_val=y[:1]))
    data = train(splits)
    assert [one.name for one in data.targets] == ["y 0", "y 1", "y 2"]
    assert [len(one.classes) for one in data.targets] == [2, 2, 2]
    assert data.y.tolist() == LABELS.tolist()
    assert splits.validation is not None
    assert splits.validation.y.tolist() == LABELS[:1].tolist()


@pytest.mark.parametrize("validation", ["val", "valid", "dev", "validation"])
def test_npz_parts(tmp_path: Path, validation: str, caplog: pytest.LogCaptureFixture) -> None:
    parts = {f"X_{validation}": VECTORS[:2], f"y_{validation}": [7, 7], "other": 1}
    splits = read_data(npz(tmp_path, X=VECTORS, y=Y + 6, X_test=VECTORS[:1], y_test=[6], **parts))
    assert splits.validation is not None
    assert splits.test is not None
    assert splits.validation.y.tolist() == [1, 1]
    assert (splits.test.y.tolist(), splits.test.classes) == ([0], ("6", "7"))
    assert "data.npz: other; expected X and y, X_validation" in caplog.text


def test_what_else_lies_beside_arrays_and_tables_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("X", "y", "X_tset"):
        np.save(tmp_path / name, VECTORS if name[0] == "X" else Y)
    assert len(train(read_data(tmp_path))) == 6
    folder = tmp_path / "tables"
    folder.mkdir()
    for name in ("train.csv", "test.csv.gz", "holdout.csv", ".hidden"):
        (folder / name).write_text("a,b\n1,2\n")
    assert {*tables_at(folder)} == {"train"}
    assert [text.partition(" tables: ")[2] for text in caplog.messages] == [
        *("X_tset.npy.", "holdout.csv, test.csv.gz.")
    ]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": VECTORS, "y": Y}, "holds x, y; expected arrays named X and y"),
        ({"X": VECTORS, "y": Y, "X_test": VECTORS}, "has no y_test; expected the labels of X_test"),
        (
            {k + e: v for e in ("", "_val", "_dev") for k, v in (("X", VECTORS), ("y", Y))},
            r"\(X_dev\) holds validation data, as .*\(X_val\) does; keep one",
        ),
        ({"X": VECTORS, "y": np.array([None] * 6)}, r"\(y\) cannot be read \(.*not of Python ob"),
        ({"X": VECTORS, "y": Y + np.inf}, r"\(y\) holds .*inf.* in row 0"),
        ({"X": VECTORS, "y": Y + 1j}, r"\(y\) is complex128"),
        ({"X": VECTORS, "y": NUMBERS, "targets": ["a", "a"]}, "names 1 targets, but y has 2 col"),
        ({"X": VECTORS, "y": NUMBERS, "targets": ["a"]}, "names 1 targets, but y has 2 columns"),
        ({"X": VECTORS, "y": Y, "targets": ["a", "b"]}, r"names targets, but y is \(6,\)"),
        ({"X": VECTORS, "y": NUMBERS, "X_val": VECTORS, "y_val": Y}, r"is \(6,\), but there are 2"),
        ({"X": VECTORS, "y": NUMBERS.astype(str)}, "2 columns of texts in y"),
        (
            {"X": VECTORS, "y": LABELS, "X_val": VECTORS, "y_val": LABELS + 1},
            r"\(y_val\) holds the label '2', which is not one",
        ),
        ({"X": VECTORS, "y": np.eye(2)[Y]}, r"\(y\) is float64 .*y\.argmax\(axis=1\)"),
        ({"X": VECTORS, "y": [b"caf\xe9"] * 6}, r"holds b'caf\\xe9', which is not UTF-8; save"),
        (
            {"X": VECTORS, "y": Y, "classes": [b"a", b"caf\xe9"]},
            r"\(classes\) holds b'caf\\xe9', which is not UTF-8; save",
        ),
        (
            {"X": VECTORS, "y": Y, "X_test": VECTORS, "y_test": Y + 1},
            r"\(y_test\) holds the label '2', which is not one of the classes: '0', '1'\.",
        ),
        ({"X": VECTORS, "y": ["a"] * 6, "classes": ["b"]}, "holds the label 'a', which is not one"),
        ({"X": COLOUR / 255, "y": Y}, "must hold pictures as uint8 .* but X is float64"),
        ({"X": VECTORS[:5], "y": Y}, "has 5 samples and needs as many class indices"),
        ({"X": VECTORS * 1e300, "y": Y}, "features that are not finite numbers"),
    ],
)
def test_npz_errors(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=rf"data\.npz .*{words}"):
        read_data(npz(tmp_path, **arrays))


@pytest.mark.parametrize("share", [0, 0.5, 0.95])
def test_npz_cut(tmp_path: Path, share: float) -> None:
    path = npz(tmp_path, X=VECTORS, y=Y)
    path.write_bytes(path.read_bytes()[: math.floor(share * path.stat().st_size)])
    with pytest.raises(DataError, match=r"is truncated or not a valid \.npz file; save"):
        read_data(path)


def test_npz_damaged(tmp_path: Path) -> None:
    path = npz(tmp_path, X=VECTORS, y=Y)
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"\(X\) cannot be read \(.*save it again"):
        read_data(path)


@pytest.mark.parametrize("wanted", [{"size": 8}, {"grey": True}])
def test_vectors_have_no_size_and_no_colour(tmp_path: Path, wanted: Any) -> None:
    with pytest.raises(SettingError, match="size"):
        read_data(npz(tmp_path, X=VECTORS, y=Y), **wanted)


# Anything else


def test_what_is_not_understood(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere cannot be read: No such file.*; check how it is"):
        read_data(tmp_path / "nowhere")
    with pytest.raises(
        DataError,
        match=rf"Cannot tell what .* holds\. Expected an \.npz file .*{LAYOUT}",
    ):
        read_data(tmp_path)
    for i in range(7):
        (tmp_path / f"{i}.csv").touch()
    with pytest.raises(DataError, match=r"found 0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 2 more\)\. "):
        read_data(tmp_path)
    with pytest.raises(DataError, match=r"/0\.csv is a table: name the column"):
        read_data(tmp_path / "0.csv")


# Real data


def test_real_catvnoncat(real_data: Path) -> None:
    pytest.importorskip("h5py")
    splits = read_data(real_data / "catvnoncat")
    assert train(splits).X.shape == (209, 64, 64, 3)
    assert train(splits).counts() == {"non-cat": 137, "cat": 72}
    assert splits.test is not None
    assert splits.test.counts() == {"non-cat": 17, "cat": 33}


@pytest.mark.parametrize(("name", "zeros"), [("mnist", 5923), ("fashion_mnist", 6000)])
def test_real_idx(real_data: Path, name: str, zeros: int) -> None:
    splits = read_data(real_data / name)
    assert train(splits).X.shape == (60000, 28, 28, 1)
    assert train(splits).counts()["0"] == zeros
    assert splits.test is not None
    assert len(splits.test) == 10000
