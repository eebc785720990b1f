"""The drawn pictures: the same for the same seed, varied, and written where they belong."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plainnet.demo.drawing import KINDS, draw_animal, write_drawn_pictures
from plainnet.errors import FileError, SettingError


def pixels(kind: str, seed: int, size: int = 64) -> np.ndarray:
    return np.asarray(draw_animal(kind, np.random.default_rng(seed), size))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_cat_comes_first_and_the_fox_is_among_the_others() -> None:
    assert KINDS[0] == "cat"
    assert "fox" in KINDS[1:]
    assert len(set(KINDS)) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [8, 33, 64])
def test_every_kind_is_an_rgb_picture_of_the_size_asked(kind: str, size: int) -> None:
    picture = draw_animal(kind, np.random.default_rng(0), size)
    assert picture.mode == "RGB"
    assert picture.size == (size, size)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_pixels(kind: str) -> None:
    np.testing.assert_array_equal(pixels(kind, 7), pixels(kind, 7))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_one_kind_differ_clearly(kind: str) -> None:
    drawn = [pixels(kind, seed).astype(float) for seed in range(6)]
    apart = [np.abs(a - b).mean() for i, a in enumerate(drawn) for b in drawn[:i]]
    assert min(apart) > 8.0  # of 255; the grain alone would give about 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_animal_fills_the_middle_not_the_corners(kind: str) -> None:
    """Over many pictures, the features of a face make the middle busier than the upper corners."""
    drawn = np.stack([pixels(kind, seed, 32).astype(float) for seed in range(12)]).mean(axis=3)
    busy = np.abs(np.diff(drawn, axis=2))
    assert busy[:, 10:24, 8:24].mean() > 2 * busy[:, :6, :5].mean()


def test_drawing_leaves_the_global_generator_alone() -> None:
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    draw_animal("cat", np.random.default_rng(0))
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    np.testing.assert_equal(after, before)


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match=r"one of cat, fox, .*; got 'dragon'"):
        draw_animal("dragon", np.random.default_rng(0))


def test_a_size_too_small_to_draw_in_is_refused() -> None:
    with pytest.raises(SettingError, match="8 pixels or more; got 4"):
        draw_animal("cat", np.random.default_rng(0), 4)


def test_the_folders_hold_half_cats_and_the_others_evenly(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    write_drawn_pictures(folder, np.random.default_rng(0), train=30, test=13, size=16)
    assert names(folder) == ["test", "train"]
    for split, cats, others in (("train", 15, 15), ("test", 7, 6)):
        assert names(folder / split) == ["cat", "other"]
        assert len(names(folder / split / "cat")) == cats
        assert all(name.startswith("cat-") for name in names(folder / split / "cat"))
        kinds = Counter(name.partition("-")[0] for name in names(folder / split / "other"))
        assert set(kinds) == set(KINDS[1:])
        assert kinds.total() == others
        assert max(kinds.values()) - min(kinds.values()) <= 1


def test_the_files_are_named_numbered_png(tmp_path: Path) -> None:
    write_drawn_pictures(tmp_path, np.random.default_rng(0), train=4, test=0, size=16)
    assert names(tmp_path / "train" / "cat") == ["cat-0000.png", "cat-0001.png"]
    with Image.open(tmp_path / "train" / "other" / "fox-0002.png") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (16, 16))


def test_the_same_seed_writes_the_same_pictures(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_drawn_pictures(tmp_path / name, np.random.default_rng(3), train=8, test=4, size=16)
    written = sorted(path.relative_to(tmp_path / "one") for path in tmp_path.glob("one/*/*/*"))
    assert len(written) == 12
    for path in written:
        with Image.open(tmp_path / "one" / path) as one, Image.open(tmp_path / "two" / path) as two:
            np.testing.assert_array_equal(np.asarray(one), np.asarray(two))


def test_a_folder_with_files_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(FileError) as caught:
        write_drawn_pictures(tmp_path, np.random.default_rng(0), train=2, test=2, size=16)
    assert str(caught.value) == (
        f"The folder for the drawn pictures must be new or empty; {tmp_path} has files in it. "
        "Choose another folder, or empty this one first."
    )
    assert names(tmp_path) == ["mine.txt"]


def test_a_path_that_is_no_folder_is_a_file_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("in the way")
    with pytest.raises(FileError, match=r"need a folder that can be written; .*file gave: "):
        write_drawn_pictures(path, np.random.default_rng(0), train=2, test=2, size=16)
