"""The classes of folders and of files of arrays: their names, their order, the type of labels."""

import gzip
import logging
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.cli.command_line import cli
from plainnet.data import Dataset, Splits, read_data, stratified_folds
from plainnet.errors import DataError, SettingError
from plainnet.network import Array

NFC, NFD = "caf\u00e9", "cafe\u0301"
BIG = 2**53
PLACES = np.array([0, 1, 2] * 20)
X = (np.eye(3)[PLACES] * 4).astype(np.float32)


def train(path: Path) -> Dataset:
    data = read_data(path).train
    assert data is not None
    return data


def learned(path: Path) -> Classifier:
    how: dict[str, Any] = {"hidden": (), "epochs": 30, "learning_rate": 0.1, "validation_share": 0}
    return Classifier(**how).fit(path)


# -- .npz and .npy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        [3, -1, 2],
        np.array([BIG + 1, BIG, BIG + 2]),
        np.array([2**64 - 1, 2**64 - 2, 1], np.uint64),
        np.array([3, 1, 2], np.int8),
        [1.0, 2.0, 0.0],
        [0.5, 1.5, 2.25],
        ["b", NFC, "01"],
        [True, False, False],
    ],
)
@pytest.mark.parametrize("form", ["npz", "npy"])
def test_labels_of_arrays_come_back_as_they_were(values: Any, form: str, tmp_path: Path) -> None:
    y = np.array(values)[PLACES]
    path = tmp_path / "a.npz" if form == "npz" else tmp_path
    if form == "npz":
        np.savez(path, X=X, y=y, X_test=X[:1], y_test=y[:1])
    else:
        np.save(path / "X.npy", X)
        np.save(path / "y.npy", y)
    model = learned(path)
    model.save(tmp_path / "m")
    answers = Classifier.load(tmp_path / "m").predict(X)
    assert (answers == y).mean() == 1
    assert answers.dtype.kind == y.dtype.kind
    assert model.score(X, y) == model.evaluate(path).accuracy == 1


def test_the_parts_of_an_npz_file_may_spell_alike(tmp_path: Path) -> None:
    spelled: list[tuple[Any, Any]] = [([1, 0], [True, False]), (["True", "False"], [1, 0])]
    for y, other in [*spelled, ([NFC, "b"], [NFD, "b"])]:
        np.savez(path := tmp_path / "a.npz", X=X[:2], y=y, X_test=X[:2], y_test=other)
        splits = read_data(path)
        assert splits.train is not None
        assert splits.test is not None
        assert splits.test.y.tolist() == splits.train.y.tolist()


def test_labels_as_positions_in_classes(tmp_path: Path) -> None:
    for y in ([1, 0], [1.0, 0.0], [True, False], [[1], [0]], [[1, 0]]):
        np.savez(path := tmp_path / "a.npz", X=X[:2], y=y, classes=[b"z", b"a"])
        assert (train(path).classes, train(path).y.tolist()) == (("z", "a"), [1, 0])
        assert train(path).labels in ((), ("z", "a"))


@pytest.mark.parametrize(
    ("y", "classes", "numbers"),
    [
        ([10, 20], [10, 20], [0, 1]),  # as np.unique(y) has them
        ([1, 0], [0, 1], [1, 0]),
        ([1.0, 0.0], [10, 20], [1, 0]),
        ([2, 1], [1, 2], [1, 0]),
        ([True, False], [False, True], [1, 0]),
    ],
)
def test_listed_classes_may_be_numbers(
    y: list[Any], classes: list[Any], numbers: list[int], tmp_path: Path
) -> None:
    np.savez(path := tmp_path / "a.npz", X=X[:2], y=y, classes=classes)
    data = train(path)
    assert (data.y.tolist(), data.labels) == (numbers, tuple(classes))
    assert {*map(type, data.labels)} == {type(classes[0])}


def test_numbers_that_may_be_names_or_places(tmp_path: Path) -> None:
    np.savez(path := tmp_path / "a.npz", X=X[:2], y=[0, 1], classes=[1, 0])
    with pytest.raises(DataError, match="holds the numbers 1, 0, and y may hold them or their ind"):
        read_data(path)


# -- .h5 ----------------------------------------------------------------------------------------


def write_h5(folder: Path, **changes: Any) -> Path:
    h5py = pytest.importorskip("h5py")
    for part in ("train", "test"):
        held = {"set_x": np.zeros((4, 2, 2, 3), np.uint8), "set_y": [0, 1, 1, 0]}
        held |= {name: value for name, value in changes.items() if name != "list_classes"}
        with h5py.File(folder / f"{part}_a.h5", "w") as file:
            for name, value in held.items():
                file[f"{part}_{name}"] = value
            file["list_classes"] = changes.get("list_classes", [b"no", b"yes"])
    return folder


@pytest.mark.parametrize("names", [[NFD.encode(), b"b"], [NFC, "b"], [f" {NFC}", "b "]])
def test_the_names_in_an_h5_file(names: list[Any], tmp_path: Path) -> None:
    assert train(write_h5(tmp_path, list_classes=names)).classes == (NFC, "b")
    assert train(write_h5(tmp_path, list_classes=[7, 8])).labels == (7, 8)


@pytest.mark.parametrize("y", [[[0, 1, 1, 0]], [[0], [1], [1], [0]], [0.0, 1.0, 1.0, 0.0]])
def test_the_numbers_in_an_h5_file(y: Any, tmp_path: Path) -> None:
    assert train(write_h5(tmp_path, set_y=y)).y.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"list_classes": [b"no", b"caf\xe9"]}, r"\(list_classes\) holds .*caf\\xe9.* not UTF-8"),
        ({"set_y": np.eye(2)[[0, 1, 1, 0]]}, r"\(train_set_y\) is .*y\.argmax\(axis=1\)"),
        ({"set_y": [0.5, 1, 1, 0]}, r"\(train_set_y\) is float64; expected the index of each"),
        ({"set_y": [0, 1, 2, 0]}, "has 2 classes, numbered from 0 to 1, but y ranges from 0 to 2"),
    ],
)
def test_what_is_wrong_in_an_h5_file(changes: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=why):
        read_data(write_h5(tmp_path, **changes))


# -- IDX ----------------------------------------------------------------------------------------


def idx(array: Array) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def write_idx(folder: Path, y: Any, name: str = "{part}", test: str = "t10k") -> Path:
    y = np.array(y)
    for part in ("train", test):
        start = folder / name.format(part=part)
        pictures = idx(np.zeros((len(y), 2, 2)))
        start.with_name(f"{start.name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pictures))
        start.with_name(f"{start.name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(y)))
    return folder


@pytest.mark.parametrize(
    ("labels", "classes"),
    [(range(62), range(62)), (range(1, 27), range(1, 27)), ([3, 1], range(10)), ([0], range(10))],
)
def test_idx_files_of_more_classes(labels: Any, classes: Any, tmp_path: Path) -> None:
    data = train(write_idx(tmp_path, [*labels] * 2))
    assert data.classes == tuple(map(str, classes))
    assert [int(data.classes[k]) for k in data.y] == [*labels] * 2
    assert data.labels == tuple(classes)


def test_the_idx_files_of_emnist_have_its_name(tmp_path: Path) -> None:
    write_idx(tmp_path, [1, 26], "emnist-letters-{part}", "test")
    splits = read_data(tmp_path)
    assert splits.test is not None
    assert splits.test.classes == train(tmp_path).classes == ("1", "26")
    write_idx(tmp_path, [1, 2], "emnist-digits-{part}", "test")
    with pytest.raises(DataError, match="emnist-digits and of emnist-letters"):
        read_data(tmp_path)


def test_an_unpacked_idx_file_may_still_be_called_gz(tmp_path: Path) -> None:
    expected = train(write_idx(tmp_path, [0, 1, 5]))
    for path in tmp_path.iterdir():
        path.write_bytes(gzip.decompress(path.read_bytes()))
    assert np.array_equal(train(tmp_path).y, expected.y)
    for path in tmp_path.iterdir():
        path.with_suffix("").write_bytes(gzip.compress(path.read_bytes()))  # and packed without
        path.unlink()
    assert np.array_equal(train(tmp_path).y, expected.y)


def test_a_label_of_the_test_part_alone(tmp_path: Path) -> None:
    write_idx(tmp_path, [12, 13])
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.array([12, 14]))))
    with pytest.raises(DataError, match="holds the class '14', but the model knows only 12, 13"):
        read_data(tmp_path)


# -- folders ------------------------------------------------------------------------------------


def write_folders(folder: Path, *names: str) -> Path:
    for shade, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for i in range(2):
            Image.new("RGB", (4, 4), (shade * 50, i, 0)).save(folder / name / f"{i}.png")
    return folder


def parts(folder: Path) -> tuple[Dataset, Dataset]:
    splits: Splits = read_data(folder, size=4)
    assert splits.train is not None
    assert splits.test is not None
    return splits.train, splits.test


def test_folders_are_in_natural_order(tmp_path: Path) -> None:
    data = train(write_folders(tmp_path, "1", "2", "10", "b2", "b10"))
    assert data.classes == ("1", "2", "10", "b2", "b10")
    assert data.paths is not None
    assert [data.classes[k] for k in data.y] == [path.parent.name for path in data.paths]
    assert train(write_folders(tmp_path / "n", "-1", "0", "01", "0.5")).classes[0] == "-1"


@pytest.mark.parametrize(
    ("there", "here"),
    [(NFC, NFD), (NFD, NFC), ("True", "TRUE"), ("1", "1.0")],
)
def test_folders_of_the_parts_may_spell_alike(there: str, here: str, tmp_path: Path) -> None:
    write_folders(tmp_path / "train", there, "z")
    write_folders(tmp_path / "test", here, "z")
    learned_from, tested = parts(tmp_path)
    assert learned_from.classes == tested.classes
    assert learned_from.y.tolist() == tested.y.tolist()


@pytest.mark.parametrize("names", [(NFC, "b"), (NFD, "b"), ("1", "10"), ("True", "False")])
def test_folders_are_answered_as_they_are_called(names: tuple[str, ...], tmp_path: Path) -> None:
    how: dict[str, Any] = {"hidden": (), "epochs": 60, "size": 4, "augment": "none"}
    model = Classifier(**how, validation_share=0).fit(write_folders(tmp_path / "a", *names))
    model.save(tmp_path / "m")
    files = sorted((tmp_path / "a").rglob("*.png"))
    right = np.array([file.parent.name for file in files])
    for asked in (model, Classifier.load(tmp_path / "m")):
        assert (asked.predict(files) == right).mean() == asked.score(files, right) == 1


def test_two_spellings_side_by_side_are_one_class_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_folders(tmp_path, NFC, NFD, "z")
    with caplog.at_level(logging.WARNING):
        data = train(tmp_path)
    assert data.counts() == {NFC: 4, "z": 2}
    assert "are one class, because their names mean the same" in caplog.text


def test_a_folder_without_counterpart_is_named(tmp_path: Path) -> None:
    write_folders(tmp_path / "train", "1", "2")
    write_folders(tmp_path / "test", "01", "2")
    with pytest.raises(
        DataError, match=r"test/01 has no counterpart in .*/train, which holds 1, 2"
    ):
        read_data(tmp_path)


# -- few samples --------------------------------------------------------------------------------


def test_a_class_with_too_few_samples_is_named() -> None:
    y, rng = np.array([0, 0, 0, 1]), np.random.default_rng(0)
    with pytest.raises(DataError, match=r"'fox' .* 1 sample"):
        stratified_folds(y, 2, rng, ("cat", "fox"))
    with pytest.raises(DataError, match=r"'0' .* 3 samples.* 4 folds"):
        stratified_folds(np.array([0, 0, 0, 1, 1, 1, 1]), 4, rng)


@pytest.mark.parametrize("command", ["train", "cross-validate"])
@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--class-weight", "cat=2,cow=1"), r"name 'cow', which is not a class; .* cat, dog, fox"),
        (("--precision", "0.9"), "is for two classes, but there are 3"),
    ],
)
def test_names_of_classes_are_checked_before_a_picture_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, options: Any, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "dog", "fox"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "1.png").write_bytes(b"never looked at")
    with pytest.raises(SettingError, match=why):
        cli.main([command, "pets", *options], standalone_mode=False)
