"""An ONNX file answers as plainnet does: each layer, the resize, classifiers, photographs."""

import json
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from plainnet import Classifier, network
from plainnet.cli.command_line import main
from plainnet.errors import FileError, MissingExtraError, ModelFileError, SettingError
from plainnet.export import export_onnx, golden_path, onnx_model, verify_onnx
from plainnet.export.inputs import exported
from plainnet.export.network_nodes import answer_nodes, network_nodes
from plainnet.export.picture_nodes import resize_nodes
from plainnet.files.onnx_nodes import OPSET, Nodes
from plainnet.models.classes import Classes
from plainnet.network import (
    Array,
    BatchNorm,
    ByColumns,
    Dense,
    Embedding,
    Layer,
    LayerNorm,
    Network,
    PiecewiseLinear,
)
from plainnet.pictures import picture_files, read_pictures, resize_pictures

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnx.reference")
runtime = pytest.importorskip("onnxruntime")

LAYERS: dict[str, Callable[[], Layer]] = {
    "Dense": lambda: Dense(6, 6),
    "DenseNTP": lambda: network.DenseNTP(6, 6),
    "Scaling": lambda: network.Scaling(6),
    "ReLU": network.ReLU,
    "Parametric": lambda: network.Parametric(6, "mish"),
    "LeakyReLU": lambda: network.LeakyReLU(0.2),
    "Sigmoid": network.Sigmoid,
    "Tanh": network.Tanh,
    "SiLU": network.SiLU,
    "GELU": network.GELU,
    "SELU": network.SELU,
    "Mish": network.Mish,
    "Dropout": lambda: network.Dropout(0.5),
    "BatchNorm": lambda: BatchNorm(6, epsilon=1e-3),
    "LayerNorm": lambda: LayerNorm(6, epsilon=1e-3),
    "PiecewiseLinear": lambda: PiecewiseLinear(bins=[1] * 6),
    "Embedding": lambda: Embedding([1, 2, 3, 1, 2, 3], 1),
    "PeriodicEmbedding": lambda: network.PeriodicEmbedding(6),
    "PiecewiseLinearEmbedding": lambda: network.PiecewiseLinearEmbedding(bins=[3, 2] * 3, length=2),
    "PerMember": lambda: network.PerMember(3, [Dense(2, 3), network.ReLU()]),
    "Residual": lambda: network.Residual([Dense(6, 2), network.Tanh(), Dense(2, 6)]),
    "MemberScaling": lambda: network.MemberScaling(6, 3),
    "EnsembleDense": lambda: network.EnsembleDense(2, 4, 3),
    "MemberDense": lambda: network.MemberDense(2, 4, 3),
    "MemberMean": lambda: network.MemberMean(2, 3),
    "SoftmaxMemberMean": lambda: network.SoftmaxMemberMean(2, 3),
    "SigmoidMemberMean": lambda: network.SigmoidMemberMean(2, 3),
    "Conv2D": lambda: network.Conv2D((1, 3, 2), 4, 2, 2),
    "DepthwiseConv2D": lambda: network.DepthwiseConv2D((3, 1, 2)),
    "MaxPool2D": lambda: network.MaxPool2D((3, 2, 1), 2, 1),
    "AveragePool2D": lambda: network.AveragePool2D((3, 2, 1), 3, 1, "same"),
    "GlobalAveragePool2D": lambda: network.GlobalAveragePool2D((3, 1, 2)),
    "BatchNorm2D": lambda: network.BatchNorm2D((3, 1, 2), epsilon=1e-3),
    "ByColumns": lambda: ByColumns([([5, 0], []), ([2, 3, 4], [Dense(3, 4), BatchNorm(4)])]),
}

FLOAT32_ALONE = {"Conv2D", "DepthwiseConv2D", "AveragePool2D"}
"""What ONNX Runtime has in float32 only; in float64 the reference of onnx computes it."""


def session_of(model: Any) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def model_of(
    nodes: Nodes,
    given: tuple[Any, list[Any]],
    name: str,
    kind: Any,
    shape: list[Any],
    opset: int = OPSET,
) -> Any:
    """Nodes from the one input "X" to the output of this name and type."""
    make = onnx.helper.make_tensor_value_info
    made = nodes.model("tested", [make("X", *given)], [make(name, kind, shape)])
    made.opset_import[0].version = opset
    onnx.checker.check_model(made, full_check=True)
    return made


def network_model(net: Network, n_in: int, opset: int = OPSET) -> Any:
    nodes = Nodes(np.float64 if net.dtype == np.float64 else np.float32)
    kind = onnx.TensorProto.DOUBLE if net.dtype == np.float64 else onnx.TensorProto.FLOAT
    name = network_nodes(nodes, net, nodes.name("X"))
    return model_of(nodes, (kind, ["N", n_in]), name, kind, ["N", net.n_out], opset)


def shaken(layers: list[Layer], dtype: Any = np.float32) -> Network:
    """A network whose parameters and state are all random."""
    net, rng = Network(layers, dtype=dtype), np.random.default_rng(1)
    net.theta += rng.normal(0, 0.3, net.theta.shape)
    for value in net.state.values():
        value[...] = rng.uniform(0.5, 2, value.shape)
    return net


def classifier_of(
    shape: tuple[int, ...], K: int = 2, temperature: float = 1.0, **recipe: Any
) -> Classifier:
    """One that has learned a little, from noise with a hint."""
    rng = np.random.default_rng(2)
    y = np.arange(40) % K
    hint = y.reshape(-1, *[1] * len(shape))
    X = rng.normal(3 * hint, 4, (40, *shape)).astype(np.float32)
    if len(shape) == 3:
        X = (120 + 12 * X).clip(0, 255).astype(np.uint8)
    settings = {"hidden": (12, 8), "epochs": 3, "batch_size": 8, "validation_share": 0}
    settings |= {"ensemble": 1}
    made = Classifier(**{**settings, **recipe}).fit(X, np.array([f"class {k}" for k in y]))
    made.temperature = temperature
    return made


# -- layers --------------------------------------------------------------------------------------


def test_the_table_holds_every_layer() -> None:
    known = {name for name in network.__all__ if _is_layer(getattr(network, name))}
    assert {*LAYERS} == known - {"Layer"}


def _is_layer(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Layer)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_the_same(name: str, dtype: Any) -> None:
    layer = LAYERS[name]()
    net = shaken([Dense(4, 6), layer, Dense(layer.n_out or 6, 3)], dtype)
    X = np.random.default_rng(3).normal(0, 2, (50, 4)).astype(dtype)
    model = network_model(net, 4)
    if dtype == np.float64 and name in FLOAT32_ALONE:
        (Z,) = onnx.reference.ReferenceEvaluator(model).run(None, {"X": X})
    else:
        (Z,) = session_of(model).run(None, {"X": X})
    assert Z.dtype == dtype
    atol = 2e-6 if dtype == np.float32 else 1e-8  # ONNX has an epsilon in float32
    np.testing.assert_allclose(Z, net.forward(X), rtol=0, atol=atol)


def test_the_columns_of_a_table_mean_the_same() -> None:
    """Numbers outside of all bins and on their edges, categories that are unknown or missing."""
    bins = [[-1, 0, 0.5, 4], [0, 0.1]]
    codes: Any = [[1, 3], [0, 2], [np.nan, 4], [-1, 1], [9, 0]]
    numbers: Any = [[-2.0, 0.05], [-1, 0], [0.5, 0.1], [9, -3], [0.2, 3]]
    branches: list[Any] = [
        ([0, 1], [network.PiecewiseLinear(bins, bounded=False), Dense(4, 2)]),
        ([1, 0], [network.PiecewiseLinear([bins[1], bins[0]])]),
        ([2, 3], [network.Embedding([1, 3], 2), network.Dropout(0.2)]),
        ([1], []),
    ]
    X = np.hstack([numbers, codes]).astype(np.float32)
    for dtype in (np.float32, np.float64):
        net = Network([network.ByColumns(branches)], dtype=dtype)
        (Z,) = session_of(network_model(net, 4)).run(None, {"X": X.astype(dtype)})
        np.testing.assert_allclose(Z, net.forward(X), rtol=0, atol=1e-6)
        net.layers.clear()  # so that another network can take them


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D", "MaxPool2D", "AveragePool2D"])
def test_windows_of_pictures_mean_the_same(kind: str) -> None:
    rng = np.random.default_rng(0)
    for kernel, stride, padding in product((1, 2, 3, 4), (1, 2, 3), ("same", "valid")):
        channels = (4,) if kind == "Conv2D" else ()
        layer = getattr(network, kind)((5, 7, 3), *channels, kernel, stride, padding)
        net = shaken([layer])
        X = rng.normal(size=(3, 105)).astype(np.float32)
        (Y,) = session_of(network_model(net, 105)).run(None, {"X": X})
        np.testing.assert_allclose(Y, net.forward(X), rtol=0, atol=1e-5, err_msg=repr(layer))


def test_what_is_built_means_the_same_in_every_operator_set_from_13_on() -> None:
    layers: list[Layer] = [make() for make in LAYERS.values()]
    net = shaken([Dense(4, 6), *(p for one in layers for p in (one, Dense(one.n_out or 6, 6)))])
    newest = onnx.defs.onnx_opset_version()
    used = {node.op_type for node in network_model(net, 4, newest).graph.node}
    assert {"Gemm", "BatchNormalization", "Sqrt"} <= used
    nodes = Nodes()
    pixels = resize_nodes(nodes, nodes.name("X"), (8, 9), grey=True)
    given = (onnx.TensorProto.UINT8, ["N", "H", "W", 3])
    model_of(nodes, given, pixels, onnx.TensorProto.FLOAT, ["N", 8, 9, 1], newest)
    assert not {node.op_type for node in network_model(net, 4).graph.node} ^ used


def test_a_layer_of_ones_own_has_no_form_in_onnx() -> None:
    class Doubled(network.ReLU):
        pass

    nodes = Nodes()
    with pytest.raises(SettingError, match=r"Layer 1 \(Doubled\) has no form in ONNX; .*Dense"):
        network_nodes(nodes, Network([Dense(2, 2), Doubled()]), nodes.name("X"))


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.95, 1.0])
def test_two_classes_are_told_apart_by_the_threshold(threshold: float) -> None:
    p = np.array([0, 0.3, 0.29999998, 0.5, 0.49999997, 0.95, 1], np.float32)
    P = np.stack([1 - p, p], axis=1)
    nodes = Nodes()
    name = answer_nodes(nodes, nodes.name("X"), 2, threshold)
    given = (onnx.TensorProto.FLOAT, ["N", 2])
    model = model_of(nodes, given, name, onnx.TensorProto.INT64, ["N"])
    (answers,) = session_of(model).run(None, {"X": P})
    asked = Classifier()
    asked.threshold = threshold
    assert (answers == asked.answers.choose(P)).all()


# -- the resize ----------------------------------------------------------------------------------


def resized(size: tuple[int, int], grey: bool) -> Any:
    nodes = Nodes()
    name = resize_nodes(nodes, nodes.name("X"), size, grey)
    given = (onnx.TensorProto.UINT8, ["N", "H", "W", 3])
    shape = ["N", *size, 1 if grey else 3]
    return session_of(model_of(nodes, given, name, onnx.TensorProto.FLOAT, shape))


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", [(16, 16), (12, 20)])
def test_the_resize_is_that_of_plainnet(size: tuple[int, int], grey: bool) -> None:
    session, rng = resized(size, grey), np.random.default_rng(4)
    h, w = size
    sides = [size, (h, w + 7), (h + 9, w), (4, 4), (5, 31), (h * 2, w * 3), (31, 24), (640, 5)]
    for height, width in [*sides, (8 * h, 9 * w), (37, 250), (301, 433)]:
        X = rng.integers(0, 256, (2, height, width, 3), np.uint8)
        (given,) = session.run(None, {"X": X})
        wanted = resize_pictures(X, size, grey)
        assert given.shape == wanted.shape
        off = np.abs(given - wanted)
        # Pillow rounds once more where it averages over blocks, and starts with either direction
        reduced = min(height // h, width // w) > 1 or height > 3 * h or width > 3 * w
        assert off.max() <= 1 + reduced, (height, width)
        assert off.mean() < (0.01 if height == h or width == w else 0.5), (height, width)
        if (height, width) == size:
            assert not off.any()


def test_a_photograph_of_twelve_megapixels() -> None:
    X = np.random.default_rng(6).integers(0, 256, (1, 3000, 4000, 3), np.uint8)
    (given,) = resized((64, 64), False).run(None, {"X": X})
    assert np.abs(given - resize_pictures(X, 64)).max() <= 2


# -- whole classifiers ---------------------------------------------------------------------------

KINDS: dict[str, Callable[[], Classifier]] = {
    "two classes": lambda: classifier_of((10, 12, 3)),
    "three classes": lambda: classifier_of((10, 12, 3), 3),
    "grey": lambda: classifier_of((10, 12, 1), 4),
    "features": lambda: classifier_of((7,)),
    "features, 5 classes": lambda: classifier_of((7,), 5),
    "temperature": lambda: classifier_of((7,), temperature=2.5),
    "ensemble": lambda: classifier_of((10, 12, 3), 3, ensemble=3),
    "ensemble of two classes": lambda: classifier_of((7,), temperature=0.5, ensemble=2),
    "batch normalization": lambda: classifier_of((10, 12, 3), normalization="batch"),
    "layer normalization": lambda: classifier_of((7,), 3, normalization="layer"),
    "leaky-relu": lambda: classifier_of((7,), activation="leaky-relu"),
    "tanh": lambda: classifier_of((7,), activation="tanh", dropout=0),
    "sigmoid": lambda: classifier_of((7,), activation="sigmoid", input_dropout=0.1),
    "silu": lambda: classifier_of((7,), 3, activation="silu", dropout=0.1),
    "no hidden layer": lambda: classifier_of((10, 12, 3), hidden=()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_classifier_answers_the_same(kind: str, tmp_path: Path) -> None:
    asked = KINDS[kind]()
    export_onnx(asked, path := tmp_path / "a.onnx")
    found = verify_onnx(path)
    assert found.sound
    assert found.network <= 1e-6
    own = exported(asked).golden(asked)[0].samples
    rng = np.random.default_rng(5)
    X = rng.permuted(own, axis=0)  # other samples than those of the golden set
    session = session_of(path.read_bytes())
    (given,) = session.get_inputs()
    assert given.name == ("pictures" if X.ndim == 4 else "features")
    P, labels = session.run(["probabilities", "label"], {given.name: X})
    assert P.dtype == np.float32
    np.testing.assert_allclose(P, asked.predict_proba(X), rtol=0, atol=1e-6)
    assert labels.tolist() == asked.predict(X).tolist()
    assert len(P[:0]) == len(session.run(None, {given.name: X[:0]})[0])  # none at all, too
    assert (found.pictures is None) == (X.ndim == 2)


def test_the_threshold_and_numbers_instead_of_names(tmp_path: Path) -> None:
    asked = classifier_of((7,))
    X = exported(asked).golden(asked)[0].samples
    asked.threshold = float(np.median(asked.predict_proba(X)[:, 1]) + 1e-4)
    assert {*asked.predict(X)} == {"class 0", "class 1"}
    for numbers in (False, True):
        export_onnx(asked, path := tmp_path / "a.onnx", numbers=numbers)
        assert verify_onnx(path).sound
        _, labels = session_of(path.read_bytes()).run(None, {"features": X})
        wanted = asked.answers.choose(asked.predict_proba(X)) if numbers else asked.predict(X)
        assert labels.tolist() == wanted.tolist()
        assert labels.dtype == (np.int64 if numbers else object)


def test_a_close_decision_may_go_either_way(tmp_path: Path) -> None:
    asked = classifier_of((10, 12, 3))
    large = exported(asked).golden(asked)[-1].samples
    asked.threshold = float(asked.predict_proba(large)[0, 1])  # as close as can be
    export_onnx(asked, path := tmp_path / "a.onnx")
    assert verify_onnx(path).sound
    with np.load(golden_path(path)) as file:
        assert file["close_3"].tolist() == [True]
        assert not file["close_0"].all()


def test_what_the_file_says_of_itself() -> None:
    asked = classifier_of((10, 12, 3), 3, ensemble=2)
    asked.answers = Classes(("Katze", "猫", "cat\udce9"))  # the last one of a damaged file name
    model = onnx_model(asked)
    assert [(s.domain, s.version) for s in model.opset_import] == [("", 13)]
    assert (model.ir_version, model.producer_name) == (7, "plainnet")
    said = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(said["plainnet.classes"]) == [*asked.classes]
    assert said["plainnet.shape"] == "[10, 12, 3]"
    assert said["plainnet.networks"] == "2"
    assert "RGB" in said["plainnet.input"]
    assert {*said} > {"plainnet.version", "plainnet.temperatures", "numpy.version"}
    assert "plainnet.threshold" not in said
    names = next(t for t in model.graph.initializer if t.name == "labels").string_data
    assert [name.decode() for name in names] == ["Katze", "猫", "cat\\udce9"]
    assert "members.1.layers.0.W" in {t.name for t in model.graph.initializer}


def test_nothing_learned_yet(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="is not trained"):
        export_onnx(Classifier(), tmp_path / "a.onnx")
    assert not [*tmp_path.iterdir()]


# -- photographs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "limit"), [("dense", 0.01), ("conv", 0.03)])
def test_photographs(real_data: Path, tmp_path: Path, network: str, limit: float) -> None:
    """Each photograph, decoded in full, is answered as the file itself by plainnet."""
    files = [*picture_files(real_data / "catdog"), *picture_files(real_data / "photos")]
    small, _ = read_pictures(files, 64)
    known = [i for i, file in enumerate(files) if file.parent.name in ("cat", "dog")]
    names = [files[i].parent.name for i in known]
    asked = Classifier(network=network, epochs=2, augment="none").fit(small[known], names)
    export_onnx(asked, path := tmp_path / "a.onnx")
    session = session_of(path.read_bytes())

    def answer(file: Path) -> tuple[Array, str]:
        with Image.open(file) as image:
            picture = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        P, labels = session.run(None, {"pictures": picture[None]})
        return P[0], labels[0]

    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(answer, files)]
    wanted = asked.predict_proba(small)
    np.testing.assert_allclose(wanted[:3], asked.predict_proba(files[:3]), atol=1e-6)
    P = np.stack([p for p, _ in answers])
    assert np.abs(P - wanted).max() < limit
    close = np.abs(wanted[:, 1] - wanted[:, 0]) <= 2 * limit
    same = asked.predict(small) == np.array([label for _, label in answers])
    assert (same | close).all()
    assert len(files) > 1400


# -- bad input, and the command ------------------------------------------------------------------

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    classifier_of((10, 12, 3)).save(folder / "model.safetensors")
    return folder


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    monkeypatch.chdir(tmp_path)
    return run


def test_export_writes_and_verifies(trained: Path, plainnet: Command, tmp_path: Path) -> None:
    code, out, err = plainnet("export", trained, "--onnx", "pets.onnx")
    assert (code, err) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pets.golden.npz", "pets.onnx"]
    assert "written  pets.onnx" in out
    assert (
        "input    pictures       uint8    (N, H, W, 3)  RGB, upright, any height and width" in out
    )
    assert "probabilities  float32  (N, 2)        of class 0, class 1" in out
    assert "label          string" in out
    assert f"verified by ONNX Runtime {runtime.__version__} on 11 samples: the same answers" in out
    assert plainnet("export", "--verify", "pets.onnx")[0] == 0
    code, out, err = plainnet("export", "--verify", "pets.onnx", "--json")
    shown = json.loads(out)["verification"]
    assert (code, err, shown["sound"], shown["samples"]) == (0, "", True, 11)
    code, out, _ = plainnet("export", trained, "--onnx", "n.onnx", "--numbers", "--json")
    assert json.loads(out)["golden"] == "n.golden.npz"
    assert code == 0


def test_the_example_of_the_documentation(
    trained: Path, plainnet: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plainnet("export", trained, "--onnx", "pets.onnx")
    Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save("photo.jpg")
    page = (Path(__file__).parents[1] / "docs" / "interchange.md").read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", page[page.index("## ONNX") :], re.DOTALL)
    assert code is not None
    exec(code[1], {})
    asked = Classifier.load(trained / "model.safetensors")
    assert capsys.readouterr().out.startswith(str(asked.predict("photo.jpg")[0]))


def test_verify_of_a_changed_file(trained: Path, plainnet: Command, tmp_path: Path) -> None:
    plainnet("export", trained, "--onnx", "pets.onnx")
    model = onnx.load("pets.onnx")
    (b,) = (t for t in model.graph.initializer if t.dims == [1] and t.name.endswith(".b"))
    b.CopyFrom(onnx.numpy_helper.from_array(np.array([-9], np.float32), b.name))
    onnx.save(model, "pets.onnx")
    code, out, err = plainnet("export", "--verify", "pets.onnx")
    assert code == 1
    assert "other answers" in out
    assert err.startswith("Error: the answers of pets.onnx differ from plainnet's by more than ")
    code, out, _ = plainnet("export", "--verify", "pets.onnx", "--json")
    shown = json.loads(out)["verification"]
    assert (code, shown["sound"]) == (1, False)
    assert shown["largest_difference"] > 0.1


def test_without_onnxruntime_nothing_is_verified(
    trained: Path, plainnet: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, out, err = plainnet("export", trained, "--onnx", "pets.onnx")
    assert code == 0
    assert "written  pets.onnx" in out
    assert err.startswith("not verified: Running an ONNX file needs onnxruntime")
    code, out, _ = plainnet("export", trained, "--onnx", "pets.onnx", "--json")
    assert (code, json.loads(out)["verification"]) == (0, None)
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[onnx\]"'):
        verify_onnx("pets.onnx")


def test_without_onnx(trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = Classifier.load(trained / "model.safetensors")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r'needs onnx, .*pip install "\.\[onnx\]"'):
        export_onnx(asked, tmp_path / "a.onnx")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "Name either a run to export, or a file to --verify"),
        (("RUN", "--verify", "a.onnx"), "Name either a run to export, or a file to --verify"),
        (("RUN",), "Say what to write: --onnx FILE"),
        (("--onnx", "a.onnx", "--verify", "a.onnx"), "leave out --onnx"),
        (("nowhere", "--onnx", "a.onnx"), "nowhere"),
        ((".", "--onnx", "a.onnx"), "holds no model.safetensors"),
        (("RUN", "--onnx", "pets.png"), r"pets\.png is not named as one; end it in \.onnx"),
        (("RUN", "--onnx", "folder.onnx"), r"folder\.onnx could not be written \(Is a directory\)"),
        (("RUN", "--onnx", "no/a.onnx"), "create its folder first"),
        (("--verify", "nothing.onnx"), r"There is no file nothing\.onnx"),
        (("--verify", "text.onnx"), r"text\.onnx cannot be run by ONNX Runtime \("),
        (("--verify", "lonely.onnx"), r"There is no golden set lonely\.golden\.npz beside"),
    ],
)
def test_refused(
    words: tuple[str, ...], why: str, trained: Path, plainnet: Command, tmp_path: Path
) -> None:
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "text.onnx").write_text("not protobuf")
    if "lonely.onnx" in words:
        export_onnx(Classifier.load(trained / "model.safetensors"), "lonely.onnx")
        golden_path("lonely.onnx").unlink()
    code, out, err = plainnet("export", *(trained if word == "RUN" else word for word in words))
    assert (code, out) == (2, "")
    assert err.count("Error: ") == 1
    assert "Traceback" not in err
    assert re.search(why, err), err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_without_permission(trained: Path, tmp_path: Path) -> None:
    (closed := tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(FileError, match="could not be written"):
        export_onnx(Classifier.load(trained / "model.safetensors"), closed / "a.onnx")


def test_damaged_files(trained: Path, tmp_path: Path) -> None:
    export_onnx(Classifier.load(trained / "model.safetensors"), path := tmp_path / "a.onnx")
    content, golden = path.read_bytes(), golden_path(path)
    whole = golden.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFileError, match=r"a\.onnx cannot be run by ONNX Runtime"):
        verify_onnx(path)
    path.write_bytes(content)
    for damaged in (b"", b"PK", whole[:-30], whole[: len(whole) // 2]):
        golden.write_bytes(damaged)
        with pytest.raises(FileError, match=r"The golden set .*a\.golden\.npz cannot be read"):
            verify_onnx(path)
    rest: dict[str, Any] = {
        "probabilities_0": np.zeros(1),
        "labels_0": np.zeros(1),
        "close_0": np.zeros(1),
    }
    with golden.open("wb") as file:
        np.savez(file, samples_0=np.zeros((1, 7), np.float32), **rest)
    with pytest.raises(ModelFileError, match="cannot be run on its golden set"):
        verify_onnx(path)
    with golden.open("wb") as file:
        np.savez(file, samples_0=np.zeros((1, 9, 9, 3), np.uint8), **rest)
    with pytest.raises(ModelFileError, match="but its golden set expects finite "):
        verify_onnx(path)
    with golden.open("wb") as file:
        np.savez(file, more=0)
    with pytest.raises(FileError, match="it is empty"):
        verify_onnx(path)
