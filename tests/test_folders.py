"""Class folders: what is read from them, and a sentence for every wrong layout."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plainnet.data import Dataset, Splits, read_data
from plainnet.errors import DataError, PictureError
from plainnet.pictures import read_pictures

LAYOUT = r"one folder for each class(.|\n)*pets/\n.*cat/"


def pictures_in(root: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 12), (i, 100, 200)).save(root / name)
    return root


def train(splits: Splits) -> Dataset:
    assert splits.train is not None
    return splits.train


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return pictures_in(tmp_path / "pets", "dog/10.png", "dog/2.png", "cat/a/b/c.jpg", "cat/b.PNG")


def test_class_folders(pets: Path) -> None:
    splits = read_data(str(pets), size=(6, 8))
    data = train(splits)
    assert (splits.path, splits.validation, splits.test) == (pets, None, None)
    assert (data.classes, data.y.tolist()) == (("cat", "dog"), [0, 0, 1, 1])
    assert data.paths is not None
    assert [path.relative_to(pets).as_posix() for path in data.paths] == [
        *("cat/a/b/c.jpg", "cat/b.PNG", "dog/2.png", "dog/10.png")
    ]
    assert np.array_equal(data.X, read_pictures(data.paths, (6, 8))[0])
    assert data.name == str(pets)


def test_class_folders_are_64_pixels_in_colour_unless_asked(pets: Path) -> None:
    assert train(read_data(pets)).X.shape == (4, 64, 64, 3)
    assert train(read_data(pets, size=7, grey=True)).X.shape == (4, 7, 7, 1)


def test_strays_and_hidden_things_are_left_alone(pets: Path) -> None:
    pictures_in(pets, "overview.png", ".thumbnails/1.png", "__MACOSX/1.png", "cat/.1.png")
    (pets / "readme.txt").touch()
    (pets / "cat" / "notes.txt").touch()
    assert train(read_data(pets)).counts() == {"cat": 2, "dog": 2}


def test_links_to_folders(pets: Path, tmp_path: Path) -> None:
    (pets / "fish").symlink_to(pictures_in(tmp_path / "elsewhere", "1.png"))
    assert train(read_data(pets)).counts() == {"cat": 2, "dog": 2, "fish": 1}


@pytest.mark.parametrize("validation", ["val", "valid", "Validation", "dev", "Validation_set"])
def test_parts(tmp_path: Path, validation: str) -> None:
    root = pictures_in(
        tmp_path,
        *("TRAIN/b/1.png", "TRAIN/a/1.png", "TRAIN/c/1.png", "TRAIN/b/2.png"),
        *(f"{validation}/c/3.png", f"{validation}/a/1.png", "test/b/1.png"),
    )
    seen: list[tuple[int, int]] = []
    splits = read_data(root, size=4, progress=lambda *done: seen.append(done))
    assert splits.validation is not None
    assert splits.test is not None
    for data, name, y in [
        (train(splits), "TRAIN", [0, 1, 1, 2]),
        (splits.validation, validation, [0, 2]),
        (splits.test, "test", [1]),
    ]:
        assert (data.classes, data.y.tolist()) == (("a", "b", "c"), y)
        assert data.name == str(root / name)
        assert data.paths is not None
        assert all(path.is_relative_to(root / name) for path in data.paths)
        assert np.array_equal(data.X, read_pictures(data.paths, 4)[0])
    assert seen == [(i + 1, 7) for i in range(7)]  # of all, not of each part


def test_parts_without_train(tmp_path: Path) -> None:
    splits = read_data(pictures_in(tmp_path, "test/b/1.png", "test/a/1.png"))
    assert splits.train is None
    assert splits.test is not None
    assert splits.test.classes == ("a", "b")


def test_parts_under_other_names_are_not_learned_as_classes_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("cat/1.png", "dog/2.png")
    root = pictures_in(
        tmp_path / "a", *(f"{part}/{name}" for part in ("P1", "P2") for name in names)
    )
    assert train(read_data(root)).classes == ("P1", "P2")
    assert "the classes are P1, P2, and each of them holds the folders cat, dog;" in caplog.text
    caplog.clear()
    pictures_in(root, "P2/3.png")
    assert train(read_data(root)).classes == ("P1", "P2")
    assert not caplog.text
    root = pictures_in(tmp_path / "b", *names, "Test/3.png")
    assert train(read_data(root)).classes == ("Test", "cat", "dog")
    assert f"{root / 'Test'} counts as a class, because it holds no class folders" in caplog.text


def test_folders_of_one_class_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = pictures_in(tmp_path, "cat/1.png", "cat /2.png", "dog/3.png")
    assert train(read_data(root)).y.tolist() == [0, 0, 1]
    assert "the folders 'cat', 'cat ' are one class" in caplog.text


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    root = pictures_in(tmp_path, "train/1.png", "plane/1.png")
    assert train(read_data(root)).classes == ("plane", "train")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["train/a/1.png", "train/b/1.png", "bus/1.png"], "train, and in addition bus; expected"),
        (["train/a/1.png", "train/b/1.png", "test/1.png"], "train, and in addition test; expected"),
        (["train/a/1.png", "train/b/1.png", "Training/a/1.png"], "are both train data; keep one"),
        (["train/a/1.png", "train/b/1.png", "test/c/1.png"], "test/c has no counterpart in .*a, b"),
        (["a/1.png"], f"holds only one class folder, a; expected two or more, {LAYOUT}"),
        (
            ["a/b/1.png", "a/c/1.png"],
            r"one class folder.*\(if they are in .*/a, name that folder",
        ),
        (["train/a/1.png", "test/a/1.png"], "only one class folder, a"),
        (["1.png", "2.png"], f"holds pictures but no class folders. (.|\n)*{LAYOUT}"),
    ],
)
def test_layout_errors(tmp_path: Path, names: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_data(pictures_in(tmp_path, *names))


def test_one_class_folder_by_mistake(pets: Path) -> None:
    pictures_in(pets / "bird", "1.png")
    with pytest.raises(DataError, match=f"one class of several, name the folder above, {pets};"):
        read_data(pets / "bird")


def test_empty_class_folders(pets: Path) -> None:
    (pets / "fish").mkdir()
    (pets / "fish" / "1.heic").touch()
    with pytest.raises(
        DataError, match=rf"class folder {pets}/fish holds no pictures \(.jpg .*\); add some, or"
    ):
        read_data(pets)
    shutil.rmtree(pets / "cat")
    shutil.rmtree(pets / "dog")
    with pytest.raises(
        DataError, match=rf"holds no pictures \(.*\) in its folders, fish;.*{LAYOUT}"
    ):
        read_data(pets)


def test_unreadable_pictures(pets: Path) -> None:
    (pets / "dog" / "2.png").write_bytes(b"")
    with pytest.raises(PictureError, match=r"2\.png is an empty file"):
        read_data(pets)
    errors: list[PictureError] = []
    data = train(read_data(pets, on_unreadable=errors.append))
    assert len(errors) == 1
    assert data.counts() == {"cat": 2, "dog": 1}
    assert data.paths is not None
    assert data.paths[2] == pets / "dog" / "10.png"
    (pets / "dog" / "10.png").write_bytes(b"")
    with pytest.raises(DataError, match=f"None of the pictures in {pets}/dog can be read; a class"):
        read_data(pets, on_unreadable=errors.append)


def test_real_class_folders(real_data: Path) -> None:
    data = train(read_data(real_data / "catdog", size=32))
    assert data.X.shape == (1399, 32, 32, 3)
    assert data.counts() == {"cat": 700, "dog": 699}


def test_real_photos_are_not_in_class_folders(real_data: Path) -> None:
    with pytest.raises(DataError, match="holds pictures but no class folders"):
        read_data(real_data / "photos")
