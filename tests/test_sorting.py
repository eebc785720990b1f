"""Pictures sorted by their answers: copied or linked, never moved, and nothing is overwritten."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from plainnet import Classifier
from plainnet.cli import predicting
from plainnet.cli.command_line import cli
from plainnet.errors import FileError, SettingError
from plainnet.models import AnyModel, TrainableModel
from plainnet.network import Array


def draw(path: Path, light: bool, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 90, (8, 8, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels + np.uint8(150 * light)).save(path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of dark and light pictures, with names that no folder can have."""
    rng, y = np.random.default_rng(0), np.arange(120) % 2
    X = rng.integers(0, 90, (120, 8, 8, 3), np.uint8) + (150 * y[:, None, None, None]).astype("u1")
    names = np.array(["dark/black", "Light"])[y]
    model = Classifier(hidden=(8,), epochs=40, augment="none", validation_share=0.3).fit(X, names)
    path = tmp_path_factory.mktemp("run") / "shades.safetensors"
    model.save(path)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for i in range(6):
        draw(tmp_path / "in" / "ab"[i % 2] / f"{i // 2}.png", light=i % 3 == 0, seed=i)
    return tmp_path / "in"


def sort(run: Path, *how: object) -> Result:
    shown = CliRunner().invoke(cli, ["predict", str(run), *map(str, how)])
    assert shown.exit_code == 0, shown.output
    return shown


def found(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*.png")}


def test_copies(run: Path, pictures: Path, tmp_path: Path) -> None:
    before, out = content(pictures), tmp_path / "out"
    shown = sort(run, pictures, "--sort-into", out)
    expected = ["Light/0.png", "Light/1.png", "dark_black/0.png", "dark_black/1.png"]
    assert found(out) == sorted([*expected, "dark_black/2-2.png", "dark_black/2.png"])
    assert f"4 pictures in {out / 'dark_black'}" in shown.stdout
    assert content(pictures) == before
    assert sorted(content(out).values()) == sorted(before.values())
    places = content(out)
    sort(run, pictures, "--sort-into", out)  # again: everything is there already
    assert content(out) == places
    draw(pictures / "a" / "0.png", light=True, seed=77)
    sort(run, pictures, "--sort-into", out)
    assert content(out).keys() - places.keys() == {out / "Light" / "0-2.png"}
    assert all(content(out)[path] == held for path, held in places.items())


def test_links(run: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        shown = sort(run, pictures, "--sort-into", out, "--link", "--json")
    places = {p["file"]: Path(p["sorted"]) for p in json.loads(shown.stdout)["predictions"]}
    assert len(found(out)) == 6
    for file, place in places.items():
        assert place.is_symlink()
        assert place.samefile(file)
    rows = csv.DictReader(
        io.StringIO(sort(run, pictures, "--sort-into", out, "--link", "--csv", "-").stdout)
    )
    assert {row["file"]: row["sorted"] for row in rows} == {f: str(p) for f, p in places.items()}


def test_answers_that_are_withheld_have_folders_of_their_own(
    run: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withheld(self: AnyModel, raw: Array, A: Array, wrong: float) -> Array:
        return np.array(["unsure", "unlike", *[""] * (len(A) - 2)])

    monkeypatch.setattr(TrainableModel, "withheld", withheld)
    monkeypatch.setitem(predicting.SORTED_AS, "unsure", "light")  # also the name of a class
    sort(run, pictures, "--sort-into", tmp_path / "out", "--unsure", "0.1")
    folders = {path.name: len(found(path)) for path in (tmp_path / "out").iterdir()}
    assert folders["light_"] == folders["none of these"] == 1
    assert sum(folders.values()) == 6


def test_nothing_is_sorted_into_itself(run: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pictures)
    for into in (pictures, pictures / "sorted", tmp_path, tmp_path / "link" / "x"):
        with pytest.raises(SettingError, match="sorted into themselves"):
            cli.main(
                ["predict", str(run), str(pictures), "--sort-into", str(into)],
                standalone_mode=False,
            )
    assert found(tmp_path) == [f"in/{name}" for name in found(pictures)]


def test_what_cannot_be_sorted(run: Path, pictures: Path, tmp_path: Path) -> None:
    command = ["predict", str(run), str(pictures)]
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be made"):
        cli.main([*command, "--sort-into", str(tmp_path / "file")], standalone_mode=False)
    with pytest.raises(SettingError, match="--link is for --sort-into"):
        cli.main([*command, "--link"], standalone_mode=False)
    vectors = Classifier(hidden=(), epochs=1).fit(np.eye(4), [0, 1, 0, 1])
    vectors.save(tmp_path / "v.safetensors")
    with pytest.raises(SettingError, match="from feature vectors"):
        cli.main(
            ["predict", str(tmp_path / "v.safetensors"), "x.npy", "--sort-into", str(tmp_path)],
            standalone_mode=False,
        )


def test_a_full_disk_leaves_no_half_of_a_picture(
    run: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: object, copy: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(FileError, match="No space left on device"):
        cli.main(
            ["predict", str(run), str(pictures), "--sort-into", str(tmp_path / "o")],
            standalone_mode=False,
        )
    assert found(tmp_path / "o") == []
