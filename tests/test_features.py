"""A network that learns on what a frozen backbone makes of pictures: trained, kept, and used."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import PLAIN
from PIL import Image
from safetensors.numpy import load_file, save_file

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.data import read_data
from plainnet.demo.drawing import draw_animal
from plainnet.errors import DataError, MissingExtraError, ModelFileError, SettingError
from plainnet.models import load_run
from plainnet.models.attribution import explain_pixels
from plainnet.network import Array
from plainnet.pictures import picture_files, read_pictures

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from backbones import FLOAT, convolutional, glass, save
from onnx import helper

from plainnet.pictures.backbone.backbone import Backbone
from plainnet.pictures.backbone.model import OnnxModel

SETTINGS: dict[str, Any] = {
    **{"hidden": (8,), "epochs": 6, "batch_size": 8, "seed": 2},
    "augment": "none",  # without mirror images
}
OPTIONS = (
    *("--hidden", "8", "--epochs", "6", "--batch-size", "8", "--seed", "2", "--augment", "none"),
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn pictures, a backbone, and a classifier that learned on its features."""
    folder, rng = tmp_path_factory.mktemp("features"), np.random.default_rng(0)
    for kind in ("cat", "fox"):
        (folder / "pets" / kind).mkdir(parents=True)
        for i in range(24):
            draw_animal(kind, rng, 30).save(folder / "pets" / kind / f"{kind}-{i}.png")
    convolutional(folder / "net.onnx").with_suffix(".json").write_text('{"mean": 0.5, "std": 0.5}')
    made = Classifier(**SETTINGS).fit(folder / "pets", features=folder / "net.onnx")
    (folder / "run").mkdir()
    made.save(folder / "run" / "model.safetensors")
    return folder


@pytest.fixture
def files(here: Path) -> list[Path]:
    return picture_files(here / "pets")


# -- in Python -------------------------------------------------------------------------------------


def test_it_learns_on_the_features(here: Path, files: list[Path]) -> None:
    backbone = Backbone.open(here / "net.onnx")
    data = backbone.read(here / "pets").train
    assert data is not None
    by_hand = Classifier(**PLAIN | SETTINGS).fit(np.asarray(data.X), np.array(data.classes)[data.y])
    loaded = load_run(here / "run")
    np.testing.assert_array_equal(loaded.network.theta, by_hand.network.theta)
    P = loaded.predict_proba([str(path) for path in files])
    np.testing.assert_allclose(P, by_hand.predict_proba(backbone.of_files(files)[0]), atol=1e-6)


def test_a_saved_classifier_needs_nothing_beside_it(
    here: Path, files: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(here / "run" / "model.safetensors", tmp_path / "elsewhere" / "m.safetensors")
    loaded = Classifier.load(tmp_path / "elsewhere" / "m.safetensors")
    fresh = Classifier(**SETTINGS).fit(here / "pets", features=here / "net.onnx")
    P = fresh.predict_proba(files)
    np.testing.assert_array_equal(loaded.predict_proba(files), P)
    assert isinstance(loaded.extractor, Backbone)
    assert loaded.extractor.content == (here / "net.onnx").read_bytes()
    loaded.save(tmp_path / "again.safetensors")
    again = Classifier.load(tmp_path / "again.safetensors")
    np.testing.assert_array_equal(again.predict_proba(files), P)


def test_all_that_can_be_asked(here: Path, files: list[Path]) -> None:
    classifier = load_run(here / "run")
    P = classifier.predict_proba(files)
    pictures, _ = read_pictures(files, 16)
    np.testing.assert_array_equal(classifier.predict_proba(pictures), P)
    np.testing.assert_allclose(classifier.predict_proba(here / "pets"), P, atol=1e-6)
    np.testing.assert_allclose(classifier.predict_proba(files[3]), P[3:4], atol=1e-6)
    np.testing.assert_allclose(classifier.predict_proba(pictures[3]), P[3:4], atol=1e-6)
    flat = pictures.reshape(len(pictures), -1)
    np.testing.assert_array_equal(classifier.predict_proba(flat), P)
    X = classifier.inputs.raw(files)
    np.testing.assert_array_equal(classifier.predict_proba(X), P)
    grey = pictures[0, :, :, 0]
    assert classifier.predict_proba(grey).shape == (1, 2)
    opaque = np.dstack([pictures[3], np.full((16, 16), 255, np.uint8)])
    np.testing.assert_allclose(classifier.predict_proba(opaque), P[3:4], atol=1e-6)
    wrongs: list[Any] = [np.zeros((2, 16, 16, 5), np.uint8), np.zeros((0, 16, 16, 3), np.uint8)]
    for wrong in [*wrongs, [1, 2]]:
        with pytest.raises(DataError, match=r"Pictures are files, .* or arrays of numbers"):
            classifier.predict_proba(wrong)
    with pytest.raises(DataError, match=r"trained on features \(12,\) and takes arrays \(N, 12\)"):
        classifier.predict_proba(np.zeros((2, 13), np.float32))


def test_arrays_and_lists_of_files(here: Path, files: list[Path]) -> None:
    pictures, _ = read_pictures(files, 16)
    y = [path.parent.name for path in files]
    how: dict[str, Any] = {"features": here / "net.onnx", "validation": (pictures[::5], y[::5])}
    of_arrays = Classifier(**SETTINGS).fit(pictures, y, **how)
    of_files = Classifier(**SETTINGS).fit(files, y, **how)
    np.testing.assert_array_equal(of_arrays.network.theta, of_files.network.theta)
    data = read_data(here / "pets", size=16)
    of_data = Classifier(**SETTINGS).fit(data, features=Backbone.open(here / "net.onnx"))
    np.testing.assert_allclose(of_data.network.theta, load_run(here / "run").network.theta)
    assert of_data.picture_shape == (16, 16, 3)


def test_its_size_is_that_of_the_recipe(here: Path, tmp_path: Path) -> None:
    path = convolutional(tmp_path / "any.onnx", side="any")
    classifier = Classifier(**SETTINGS, size=20).fit(here / "pets", features=path)
    assert classifier.picture_shape == (20, 20, 3)
    classifier.save(tmp_path / "m.safetensors")
    assert Classifier.load(tmp_path / "m.safetensors").picture_shape == (20, 20, 3)
    with pytest.raises(SettingError, match=r"16 × 16 .* 20 × 20"):
        Classifier(**SETTINGS, size=20).fit(here / "pets", features=here / "net.onnx")
    with pytest.raises(SettingError, match="colour; leave out grey"):
        Classifier(grey=True).fit(here / "pets", features=here / "net.onnx")


def test_an_ensemble_and_many_classes(here: Path, files: list[Path], tmp_path: Path) -> None:
    y = np.arange(len(files)) % 3
    settings = {**SETTINGS, "ensemble": 3, "hidden": ()}
    classifier = Classifier(**settings).fit(files, y, features=here / "net.onnx")
    P = classifier.predict_proba(files)
    assert P.shape == (48, 3)
    classifier.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(
        Classifier.load(tmp_path / "m.safetensors").predict_proba(files), P
    )


def test_occlusion_finds_what_the_backbone_looks_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backbone that sees the upper left quarter only, and two classes that differ there."""
    node = helper.make_node
    nodes = [
        node("Slice", ["x", "begin", "end"], ["corner"]),
        node("GlobalAveragePool", ["corner"], ["mean"]),
        node("Flatten", ["mean"], ["out"]),
    ]
    constants = {"begin": np.array([0, 0, 0, 0]), "end": np.array([99, 3, 8, 8])}
    inputs = {"x": (FLOAT, ["N", 3, 16, 16])}
    save(tmp_path / "a.onnx", nodes, inputs, {"out": (FLOAT, [None, 3])}, constants)
    rng = np.random.default_rng(0)
    X, y = rng.integers(90, 160, (60, 16, 16, 3), np.uint8), np.arange(60) % 2
    X[y == 1, :8, :8] += 80
    how: dict[str, Any] = {"validation_share": 0.0, "learning_rate": 0.05}
    classifier = Classifier(hidden=(), epochs=30, **how).fit(X, y, features=tmp_path / "a.onnx")
    assert classifier.score(X, y) == 1
    seen = explain_pixels(classifier, X[1])
    assert (seen.method, seen.of) == ("occlusion", "1")
    assert seen.relevance.shape == (16, 16)
    assert seen.relevance[:7, :7].min() > 0
    np.testing.assert_allclose(seen.relevance[9:], 0, atol=1e-6)
    np.testing.assert_allclose(seen.relevance[:, 9:], 0, atol=1e-6)
    np.testing.assert_array_equal(seen.picture, X[1])
    shown: list[int] = []
    run = OnnxModel.run

    def counted(self: OnnxModel, X: Array, *which: Any) -> list[Array]:
        shown.append(len(X))
        return run(self, X, *which)

    monkeypatch.setattr(OnnxModel, "run", counted)
    np.testing.assert_array_equal(explain_pixels(classifier, X[1]).relevance, seen.relevance)
    assert sum(shown) <= 64 + 4  # each takes a pass of a large network
    overlapping = explain_pixels(classifier, X[1], patch=2).relevance
    assert np.corrcoef(seen.relevance.ravel(), overlapping.ravel())[0, 1] > 0.9
    assert seen.relevance.sum() == pytest.approx(overlapping.sum(), rel=0.2)
    for method in ("gradient", "smooth"):
        with pytest.raises(SettingError, match=f"{method} needs a gradient, .*; use occlusion"):
            explain_pixels(classifier, X[1], method=method)


# -- model files -----------------------------------------------------------------------------------


def altered(path: Path, change: Callable[[dict[str, Array], dict[str, Any]], object]) -> None:
    """Rewrite a model file with other tensors or another description of its backbone."""
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    facts = json.loads(header["__metadata__"]["plainnet"])
    tensors = load_file(path)
    change(tensors, facts["extractor"])
    save_file(tensors, path, {"plainnet": json.dumps(facts)})


def flip(tensors: dict[str, Array], seen: dict[str, Any]) -> None:
    tensors["extractor.backbone"] = tensors["extractor.backbone"].copy()
    tensors["extractor.backbone"][40] ^= 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flip, "its backbone is damaged"),
        (lambda tensors, seen: tensors.pop("extractor.backbone"), "its backbone is incomplete"),
        (lambda tensors, seen: tensors.update({"extractor.more": np.ones(3)}), "is incomplete"),
        (lambda tensors, seen: tensors.update({"extractor.backbone": np.ones(3)}), "is not a file"),
        (lambda tensors, seen: seen.update(kind="magic"), "made by 'magic', which is unknown"),
        (lambda tensors, seen: seen.update(n_features=13), "parts do not match"),
        (lambda tensors, seen: seen.update(n_features=None), "parts do not match"),
        (lambda tensors, seen: seen.update(view=[]), "not a valid classifier"),
        (lambda tensors, seen: seen["view"].pop("std"), "not a valid classifier"),
        (lambda tensors, seen: seen["view"].update(std=[1, 0, 1]), "std of a backbone"),
        (lambda tensors, seen: seen["view"].update(std="abc"), "not a valid classifier"),
        (lambda tensors, seen: seen["view"].update(size=[16]), "not a valid classifier"),
        (
            lambda tensors, seen: seen["view"].update(size=[1e9, 16]),
            r"backbone.size\[0\] must be a whole number",
        ),
        (lambda tensors, seen: seen["view"].update(channels=2), "number for each of 2 channels"),
        (lambda tensors, seen: seen["view"].update(layout=[1]), "backbone.layout must be a text"),
        (lambda tensors, seen: seen["view"].update(batch=0), "batch of a backbone"),
        (lambda tensors, seen: seen["view"].update(output=3), "not a valid classifier"),
        (lambda tensors, seen: seen["view"].update(more=3), "not a valid classifier"),
    ],
)
def test_model_files_that_do_not_fit_themselves(
    here: Path, tmp_path: Path, change: Any, why: str
) -> None:
    path = Path(shutil.copy(here / "run" / "model.safetensors", tmp_path / "m.safetensors"))
    altered(path, change)
    with pytest.raises(ModelFileError, match=why):
        Classifier.load(path)


def test_without_onnxruntime_it_is_read_but_not_asked(
    here: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    classifier = load_run(here / "run")
    assert classifier.classes == ("cat", "fox")
    assert classifier.predict_proba(np.zeros((1, 12), np.float32)).shape == (1, 2)
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[onnx\]"'):
        classifier.predict(files)


# -- in the shell ----------------------------------------------------------------------------------

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Command]:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        assert isinstance(left.value.code, int)
        return left.value.code, *capsys.readouterr()

    before = signal.getsignal(signal.SIGINT)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    yield run
    signal.signal(signal.SIGINT, before)


def refused(done: tuple[int, str, str], why: str) -> None:
    code, out, err = done
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert re.search(why, err), err


def test_train_and_all_that_follows(plainnet: Command, here: Path) -> None:
    code, out, err = plainnet("train", here / "pets", "--features", here / "net.onnx", *OPTIONS)
    assert code == 0, err
    assert "try      plainnet predict runs/pets-1 PICTURE" in out
    assert "network     12 → 8 → 1" in err
    model = load_run(Path("runs/pets-1"))
    np.testing.assert_array_equal(model.network.theta, load_run(here / "run").network.theta)
    noted = json.loads(Path("runs/pets-1/settings.json").read_text())
    assert noted["features"] == str(here / "net.onnx")
    seen = "12 features of net.onnx, from pictures of 16 × 16 pixels, RGB, (level / 255 − "
    assert f"features {seen}" in " ".join(plainnet("summary", "runs/pets-1")[1].split())
    facts = json.loads(plainnet("summary", "runs/pets-1", "--json")[1])
    assert facts["extractor"]["n_features"] == 12
    code, out, _ = plainnet("evaluate", "runs/pets-1", here / "pets")
    assert (code, "48 samples" in out) == (0, True)
    code, out, _ = plainnet("trace", "runs/pets-1", here / "pets/cat/cat-0.png", "--page", "t.html")
    assert (code, "(1, 12)" in out) == (0, True)
    page = Path("t.html").read_text()
    assert "as the backbone sees it" in page
    assert f"Inputs: {seen}" in page
    assert plainnet("explain", "runs/pets-1", here / "pets/cat/cat-0.png")[0] == 0
    Image.open("cat-0-explained.png").verify()
    assert plainnet("graph", "runs/pets-1")[0] == 0


def test_predict_tells_what_it_cannot_read(plainnet: Command, here: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    shutil.copy(here / "pets/cat/cat-0.png", tmp_path / "new" / "a.png")
    (tmp_path / "new" / "b.png").write_text("none")
    shutil.copy(here / "pets/fox/fox-0.png", tmp_path / "new" / "c.png")
    code, out, err = plainnet("predict", here / "run", tmp_path / "new", "--json")
    found = json.loads(out)
    assert code == 2
    assert [Path(row["file"]).name for row in found["predictions"]] == ["a.png", "c.png"]
    assert [Path(row["file"]).name for row in found["unread"]] == ["b.png"]
    assert "b.png is not a picture that can be read" in err
    P = load_run(here / "run").predict_proba([here / "pets/cat/cat-0.png"])
    assert found["predictions"][0]["probabilities"]["cat"] == pytest.approx(P[0, 0], abs=1e-5)


def test_the_report_shows_the_pictures(plainnet: Command, here: Path) -> None:
    plainnet("train", here / "pets", "--features", here / "net.onnx", *OPTIONS)
    page = Path("runs/pets-1/report.html").read_text()
    assert "12 features of net.onnx" in page
    assert "the features of net.onnx, a pretrained network" in page
    assert "convolutions" not in page
    assert "The first layer" not in page
    gallery = page[page.index("Least confident answers") :]
    shown = re.findall(r"<img[^>]*data:image/png;base64.*?((?:cat|fox)-\d+\.png)", gallery, re.S)
    assert len(shown) == 8  # all that were held out
    assert f"--features {here / 'net.onnx'}" in page
    shutil.copytree(here / "pets", "moved")
    code, _, err = plainnet("report", "runs/pets-1", "moved", "--out", "other.html")
    assert code == 0, err
    assert Path("other.html").read_text().count("<img") >= 12


def test_the_report_knows_what_was_held_out(plainnet: Command, here: Path) -> None:
    plainnet("train", here / "pets", "--features", here / "net.onnx", *OPTIONS)
    code, out, _ = plainnet("report", "runs/pets-1", here / "pets", "--json")
    assert (code, json.loads(out)["part"], json.loads(out)["n"]) == (0, "validation", 8)


def test_cross_validate(plainnet: Command, here: Path) -> None:
    code, out, _ = plainnet(
        "cross-validate", here / "pets", "--features", here / "net.onnx", "--folds", "2", *OPTIONS
    )
    assert (code, "48 samples" in out) == (0, True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--features", "none.onnx"), r"backbone none\.onnx cannot be read"),
        (("--features", "{here}/net.onnx", "--grey"), "leave out grey"),
        (("--features", "{here}/net.onnx", "--size", "64"), "but size is 64 × 64; leave that out"),
        (("--features", "{here}/pets/cat/cat-0.png"), r"cat-0\.png is not a valid ONNX file"),
    ],
)
def test_what_train_refuses(
    plainnet: Command, here: Path, options: tuple[str, ...], why: str
) -> None:
    words = [word.format(here=here) for word in options]
    refused(plainnet("train", here / "pets", *words), why)
    assert not Path("runs").exists()


def test_a_killed_training_goes_on_with_the_same_backbone_only(
    plainnet: Command, here: Path, tmp_path: Path
) -> None:
    net, run = tmp_path / "net.onnx", tmp_path / "run"
    for ending in (".onnx", ".json"):
        shutil.copy(here / f"net{ending}", net.with_suffix(ending))
    options = (*OPTIONS, "--epochs", "300", "--features", net)
    command = [sys.executable, "-m", "plainnet", "train", here / "pets", "--out", run, *options]
    work = subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True)
    assert work.stderr is not None
    with work.stderr:
        for line in work.stderr:
            if line.startswith("epoch  20/300"):
                work.kill()
                break
    work.wait(60)
    assert (run / "checkpoint.safetensors").exists()
    assert not (run / "model.safetensors").exists()

    said = net.with_suffix(".json")
    said.rename(tmp_path / "aside.json")
    refused(plainnet("train", "--resume", run), "has changed since the run began")
    (tmp_path / "aside.json").rename(said)
    net.rename(tmp_path / "aside")
    refused(plainnet("train", "--resume", run), "features of .*, which is missing; put the file")
    glass(net, side=16)
    refused(plainnet("train", "--resume", run), "has changed since the run began")
    (tmp_path / "aside").rename(net)
    refused(plainnet("train", "--resume", run, "--features", net), "leave others out")
    code, _, err = plainnet("train", "--resume", run)
    assert code == 0, err
    assert "resumed     after" in err
    assert plainnet("train", here / "pets", "--out", tmp_path / "whole", *options)[0] == 0
    whole = load_run(tmp_path / "whole").network.theta
    np.testing.assert_array_equal(load_run(run).network.theta, whole)
