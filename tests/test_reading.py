"""Many picture files to one array, and finding them."""

import _thread
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from plainnet.errors import FileError, PictureError, SettingError, ShapeError
from plainnet.pictures import picture_files, read_pictures, reading, resize_pictures

Array = NDArray[Any]


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Twelve pictures that tell their number by their colour, (20 i, 0, 255)."""
    paths = [tmp_path / f"{i}.png" for i in range(12)]
    for i, path in enumerate(paths):
        Image.new("RGB", (9 + i, 12), (20 * i, 0, 255)).save(path)
    return paths


@pytest.mark.parametrize("workers", [None, 1, 4])
def test_read_pictures_keeps_the_order(pictures: list[Path], workers: int | None) -> None:
    seen: list[tuple[int, int]] = []
    X, kept = read_pictures(
        pictures, (4, 6), workers=workers, progress=lambda *done: seen.append(done)
    )
    assert X.shape == (12, 4, 6, 3)
    assert X.dtype == np.uint8
    assert kept.tolist() == list(range(12))
    assert X[:, 0, 0, 0].tolist() == [20 * i for i in range(12)]
    assert seen == [(i + 1, 12) for i in range(12)]


def test_more_pictures_than_are_in_work_at_once(pictures: list[Path]) -> None:
    X, kept = read_pictures(pictures * 5, 4, grey=True, workers=2)
    assert X.shape == (60, 4, 4, 1)
    assert len(kept) == 60
    assert np.array_equal(X, np.concatenate([X[:12]] * 5))


def test_unreadable_pictures_are_reported_and_left_out(pictures: list[Path]) -> None:
    for i in (0, 3, 4, 11):
        pictures[i].write_bytes(b"")
    errors: list[PictureError] = []
    X, kept = read_pictures(pictures, 4, on_unreadable=errors.append, workers=4)
    assert kept.tolist() == [1, 2, 5, 6, 7, 8, 9, 10]
    assert X[:, 0, 0, 0].tolist() == [20 * i for i in kept]
    assert [error.path for error in errors] == [pictures[i] for i in (0, 3, 4, 11)]
    assert {error.code for error in errors} == {"empty"}
    with pytest.raises(PictureError) as first:
        read_pictures(pictures, 4, workers=4)
    assert first.value.path == pictures[0]


def test_no_pictures_and_no_workers(pictures: list[Path]) -> None:
    X, kept = read_pictures([], 4)
    assert X.shape == (0, 4, 4, 3)
    assert kept.shape == (0,)
    assert kept.dtype == np.int64
    with pytest.raises(SettingError, match="workers must be a number of threads, at least 1"):
        read_pictures(pictures, 4, workers=0)


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def slow(*asked: object) -> Array:
        calls.append(asked)
        if len(calls) == 5:
            _thread.interrupt_main()  # what Ctrl-C does
        time.sleep(0.05)
        return np.zeros((4, 4, 3), np.uint8)

    monkeypatch.setattr(reading, "read_picture", slow)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            read_pictures(["a.png"] * 1000, 4, workers=2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(calls) < 1000  # those in hand are ended, and no others are begun


def test_resize_pictures_does_what_reading_does(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 256, (2, 90, 120, 3), np.uint8)
    for i, picture in enumerate(X):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    paths = picture_files(tmp_path)
    for grey in (False, True):
        assert (resize_pictures(X, (12, 16), grey) == read_pictures(paths, (12, 16), grey)[0]).all()
    luma = resize_pictures(X, grey=True)
    assert luma.shape == (2, 90, 120, 1)
    assert (luma[0, :, :, 0] == np.asarray(Image.fromarray(X[0]).convert("L"))).all()
    assert resize_pictures(luma, 8).shape == (2, 8, 8, 1)
    assert resize_pictures(X, (90, 120)) is X


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 8, 8), np.uint8),
        np.zeros((2, 8, 8, 4), np.uint8),
        np.zeros((2, 8, 8, 3), np.float32),
    ],
)
def test_resize_of_what_is_not_pictures(array: Array) -> None:
    with pytest.raises(ShapeError, match=r"uint8 array \(N, height, width, channels\).*but got"):
        resize_pictures(array, 4)


def test_picture_files(tmp_path: Path) -> None:
    for name in (
        *("10.jpg", "9.JPEG", "a2.png", "a10.Png", "b/1.webp", "b/c/2.tif", "x.gif", "y.bmp"),
        *("z.jpe", "z.tiff", ".hidden.png", ".git/1.png", "__MACOSX/1.png", "notes.txt", "jpg"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in picture_files(tmp_path)]
    assert found == [
        *("9.JPEG", "10.jpg", "a2.png", "a10.Png", "b/1.webp", "b/c/2.tif"),
        *("x.gif", "y.bmp", "z.jpe", "z.tiff"),
    ]


def test_picture_files_follows_links_but_not_in_circles(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    folder = tmp_path / "folder"
    for name in (elsewhere, folder):
        name.mkdir()
        (name / "1.png").touch()
    (folder / "link").symlink_to(elsewhere)
    (folder / "circle").symlink_to(folder)
    assert picture_files(folder) == [folder / "1.png", folder / "link" / "1.png"]


def test_picture_files_of_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="nowhere cannot be read: No such file or directory; check"):
        picture_files(tmp_path / "nowhere")


def test_real_pictures(real_data: Path) -> None:
    paths = picture_files(real_data / "catdog")[::20] + picture_files(real_data / "photos")
    X, kept = read_pictures(paths, 64)
    assert len(kept) == len(paths)
    assert (read_pictures(paths, 64, workers=1)[0] == X).all()
    full = []
    for path in paths:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            full.append(np.asarray(upright.resize((64, 64), Image.Resampling.BILINEAR)))
    assert np.abs(X - np.stack(full, dtype=float)).mean() < 0.8
