"""Grey pictures are noticed, and learned from in one channel."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.data import Dataset, Splits, read_data
from plainnet.files.rows import MemoryMappedRows
from plainnet.network import Array
from plainnet.pictures import resize_pictures
from plainnet.pictures.grey import are_grey, in_grey

SAID = "holds grey pictures only: the training uses one channel"
HOW: dict[str, Any] = {"hidden": (6,), "epochs": 2, "seed": 4, "size": 8}


def picture(number: int, kind: str) -> Array:
    noise = np.random.default_rng(number).normal(60 if kind == "dark" else 180, 30, (12, 14))
    return noise.clip(0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Grey pictures in three modes, RGB among them."""
    for kind in ("dark", "light"):
        (tmp_path / "grey" / kind).mkdir(parents=True)
        for i in range(12):
            image = Image.fromarray(picture(i, kind)).convert(["L", "RGB", "LA"][i % 3])
            image.save(tmp_path / "grey" / kind / f"{i}.png")
    return tmp_path / "grey"


def test_grey_pictures_are_learned_as_with_grey(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    classifier = Classifier(**HOW).fit(str(folder))
    assert caplog.messages == [
        f"{folder} {SAID}, and pictures in colour will be turned grey, as with grey=True or --grey."
    ]
    caplog.clear()
    expected = Classifier(**HOW, grey=True).fit(str(folder))
    assert caplog.messages == []
    assert classifier.picture_shape == (8, 8, 1)
    assert np.array_equal(classifier.network.theta, expected.network.theta)
    colour = np.random.default_rng(0).integers(0, 256, (4, 20, 20, 3), np.uint8)
    assert np.array_equal(classifier.predict_proba(colour), expected.predict_proba(colour))
    luma = np.stack([np.asarray(Image.fromarray(one).convert("L")) for one in colour])
    assert np.array_equal(classifier.predict_proba(luma), expected.predict_proba(colour))


def test_one_picture_in_colour_is_enough(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.new("RGB", (12, 14), (90, 90, 91)).save(folder / "dark" / "0.png")
    assert Classifier(**HOW).fit(str(folder)).picture_shape == (8, 8, 3)
    assert caplog.messages == []


def test_what_is_watched_and_tested_is_turned_grey_too(folder: Path) -> None:
    data = read_data(folder, size=8).train
    assert data is not None
    rng = np.random.default_rng(1)
    X = rng.integers(0, 256, (10, 8, 8, 3), np.uint8)
    other = Dataset(X, np.arange(10) % 2, data.classes)
    classifier = Classifier(**HOW).fit(Splits(folder, data, other, other))
    assert classifier.validation is not None
    assert np.array_equal(classifier.validation.X, resize_pictures(X, grey=True))
    assert classifier.evaluate(other).n == 10


def test_arrays(caplog: pytest.LogCaptureFixture) -> None:
    grey = np.stack([picture(i, kind) for i in range(12) for kind in ("dark", "light")])
    y = ["dark", "light"] * 12
    colour = np.repeat(grey[..., None], 3, axis=3)
    classifier = Classifier(**HOW).fit(colour, y)
    assert SAID in caplog.text
    assert np.array_equal(classifier.network.theta, Classifier(**HOW).fit(grey, y).network.theta)
    flat = resize_pictures(colour, 8).reshape(24, -1)
    expected = classifier.predict_proba(resize_pictures(grey[..., None], 8))
    assert np.array_equal(classifier.predict_proba(flat), expected)


@pytest.mark.parametrize("on_disk", [False, True])
def test_luma_is_that_of_pillow(tmp_path: Path, on_disk: bool) -> None:
    X: Any = np.random.default_rng(0).integers(0, 256, (400, 30, 30, 3), np.uint8)
    expected = np.stack([np.asarray(Image.fromarray(one).convert("L")) for one in X])[..., None]
    if on_disk:
        X.tofile(tmp_path / "x")
        X = MemoryMappedRows(tmp_path / "x", np.uint8, X.shape)
    made = in_grey(X)
    assert isinstance(made, MemoryMappedRows) == on_disk
    assert np.array_equal(made, expected)
    assert np.array_equal(made[7:9], expected[7:9])
    assert not are_grey(X)
    assert are_grey(np.repeat(expected, 3, axis=3))
