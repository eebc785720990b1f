"""Features or pixels: a short comparison decides, is printed, and stays with the run."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet.cli import features as cli_features
from plainnet.cli.command_line import cli
from plainnet.cli.features import CHOSEN, choose_features
from plainnet.data import PictureExtractor
from plainnet.data.folders import training_files
from plainnet.models.feature_choice import FeatureComparison, compare_features
from plainnet.network import Array
from plainnet.pictures.backbone import packaged
from plainnet.pictures.patches import dictionary


@pytest.fixture(scope="module", autouse=True)
def few_patches() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(dictionary, "PICTURES", 100)
    patch.setattr(dictionary, "ENTRIES", 32)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures whose brightness shows their class, in train and test folders."""
    folder, rng = tmp_path_factory.mktemp("choice"), np.random.default_rng(0)
    for i in range(52):
        part, name = ("train", "test")[i >= 48], ("cat", "dog")[i % 2]
        pixels = rng.integers(0, 90, (64, 64, 3), np.uint8) + np.uint8(i % 2 * 150)
        path = folder / part / name / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


class Told(PictureExtractor):
    """An extractor that knows the class, or nothing."""

    def __init__(self, knows: bool) -> None:
        self.knows, self.seen = knows, list[Path]()

    def read_files(self, folder: Path, paths: Sequence[Path], **how: Any) -> tuple[Array, Array]:
        self.seen += paths
        rng = np.random.default_rng(0)
        is_dog = np.array([path.parent.name == "dog" for path in paths], np.float32)
        X = rng.normal(size=(len(paths), 4)).astype(np.float32)
        X[:, 0] += 8 * is_dog * self.knows
        return X, np.arange(len(paths))


def test_only_training_pictures_are_compared_on(pets: Path) -> None:
    files = training_files(pets)
    assert len(files) == 48
    assert {path.parent.parent.name for path, _ in files} == {"train"}
    told = Told(True)
    found = compare_features(pets, files, told, False)
    assert found is not None
    assert sorted(told.seen) == sorted(path for path, _ in files)
    assert found.n == 48
    assert found.prefers_features


@pytest.mark.parametrize("convolved", [True, False])
def test_the_better_one_is_chosen(pets: Path, convolved: bool) -> None:
    found = compare_features(pets, training_files(pets), Told(False), convolved)
    assert found is not None
    assert found.pixels > 0.9 > found.features
    assert not found.prefers_features
    assert "of 48 held-out pictures" in found.text


def test_patches_stand_in_for_convolutions(tmp_path: Path) -> None:
    """Bars at any place, upright or lying, which Dense layers hardly tell apart."""
    rng = np.random.default_rng(0)
    for i in range(60):
        pixels = rng.integers(90, 120, (32, 32, 3), np.uint8)
        at = int(rng.integers(2, 28))
        pixels[(slice(at, at + 3), slice(None))[:: 1 if i % 2 else -1]] = (250, 200, 20)
        path = tmp_path / ("lying", "upright")[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    found = compare_features(tmp_path, training_files(tmp_path), Told(False), True)
    assert found is not None
    assert found.pixels > 0.9
    assert not found.prefers_features
    assert "patches" in found.text


def test_many_pictures_are_not_all_looked_at(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainnet.models.feature_choice.MOST_PICTURES", 24)
    told = Told(True)
    found = compare_features(pets, training_files(pets), told, False)
    assert found is not None
    assert found.n == len(told.seen) == 24
    assert sum(path.parent.name == "cat" for path in told.seen) == 12


def test_few_pictures_say_nothing(pets: Path) -> None:
    assert compare_features(pets, training_files(pets)[:33], Told(True), False) is None


@pytest.mark.parametrize("knows", [True, False])
def test_what_is_chosen_is_printed_and_kept(
    pets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    knows: bool,
) -> None:
    monkeypatch.setattr(packaged, "is_installed", lambda: True)
    monkeypatch.setattr(cli_features, "extractor_of", lambda *_: Told(knows))
    choice = choose_features(None, pets, {})
    assert (choice.features is not None) == knows
    said = capsys.readouterr().err
    other = "none learns from the pixels" if knows else f"{packaged.NAME} uses it"
    assert f"--features {other}" in said
    assert "held-out pictures" in choice.noted[CHOSEN]
    assert choice.noted[CHOSEN].startswith(packaged.NAME if knows else "pixels: ")
    if not knows:  # the run goes on with the pixels, and says why
        monkeypatch.undo()
        monkeypatch.setattr(packaged, "is_installed", lambda: True)
        compared = FeatureComparison(48, 0.5, 1.0, 0.001)
        monkeypatch.setattr(cli_features, "compare_features", lambda *_: compared)
        monkeypatch.setattr(cli_features, "extractor_of", lambda named, recipe: None)
        how = ("--epochs", "1", "--hidden", "4", "--network", "dense", "--no-report")
        command = ["train", str(pets), "--out", str(tmp_path / "run"), *how]
        cli.main(command, standalone_mode=False)
        settings = json.loads((tmp_path / "run" / "settings.json").read_text())
        assert settings[CHOSEN].startswith("pixels: of 48 held-out pictures 50.0 % right")
        assert "features" not in settings


def test_small_pictures_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(24):
        path = tmp_path / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (28, 28), i).save(path)
    monkeypatch.setattr(packaged, "is_installed", lambda: True)
    choice = choose_features(None, tmp_path, {})
    assert choice.features is None
    assert choice.noted == {CHOSEN: "pixels, for pictures that are grey or small"}
