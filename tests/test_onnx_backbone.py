"""Backbone and network in one ONNX graph: from raw pictures to the names of classes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier
from plainnet.data import Dataset, Extractor
from plainnet.errors import SettingError
from plainnet.models.kinds_of_inputs import ExtractedInputs
from plainnet.network import Array

onnx: Any = pytest.importorskip("onnx")
runtime: Any = pytest.importorskip("onnxruntime")

from backbones import FLOAT, UINT8, convolutional, glass, save  # noqa: E402
from onnx import helper  # noqa: E402

from plainnet.export import export_onnx, onnx_model, verify_onnx  # noqa: E402
from plainnet.pictures.backbone.backbone import Backbone  # noqa: E402

RNG = np.random.default_rng(0)
PICTURES = np.concatenate(
    [RNG.integers(0, 150, (20, 16, 16, 3)), RNG.integers(90, 256, (20, 16, 16, 3))]
).astype(np.uint8)
CLASSES = np.repeat(["dark", "light"], 20)


def learned(backbone: Backbone) -> Classifier:
    data = Dataset(PICTURES, (CLASSES == "light").astype(int), ("dark", "light"))
    made = Classifier(hidden=(6,), epochs=6, validation_share=0, batch_size=8)
    return made.fit(backbone.of(data))


def answers(model: Any, pictures: Array) -> tuple[Array, Array]:
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    P, labels = session.run(["probabilities", "label"], {"pictures": pictures})
    return P, labels


def old(path: Path) -> Path:
    """Of operator set 9, as it was written in 2019."""
    return convolutional(path, opset=9)


def new(path: Path) -> Path:
    """Of a newer operator set than ours, with what is written otherwise there, and a condition."""
    node, make = helper.make_node, helper.make_tensor_value_info
    inside = [node("Mul", ["m", "two"], ["b"])], [node("Identity", ["m"], ["b"])]
    then, other = (
        helper.make_graph(nodes, "inside", [], [make("b", FLOAT, None)]) for nodes in inside
    )
    nodes = [
        node("ReduceMean", ["pictures", "axes"], ["m"], keepdims=0),
        node("ReduceSum", ["m"], ["total"], keepdims=0),
        node("Greater", ["total", "two"], ["large"]),
        node("If", ["large"], ["labels"], then_branch=then, else_branch=other),
    ]
    return save(
        path,
        nodes,
        {"pictures": (FLOAT, ["N", 3, 16, 16])},
        {"labels": (FLOAT, ["N", 3])},
        {"axes": np.array([2, 3]), "two": np.array(2, np.float32)},
        opset=18,
    )


def turned_map(path: Path) -> Path:
    """(N, h, w, c) in, (N, c, h, w) out, as in models of TensorFlow's that were converted."""
    nodes = [helper.make_node("Transpose", ["x"], ["map"], perm=[0, 3, 1, 2])]
    return save(path, nodes, {"x": (FLOAT, ["N", 16, 16, 3])}, {"map": (FLOAT, [None] * 4)})


KINDS: dict[str, Callable[[Path], Path]] = {
    "convolutions": convolutional,
    "old": old,
    "new": new,
    "NHWC": lambda path: glass(path, "NHWC", side=16),
    "bytes": lambda path: glass(path, "NHWC", UINT8, side=16),
    "grey": lambda path: glass(path, channels=1, side=14),
    "column": lambda path: glass(path, ends="column"),
    "map": lambda path: glass(path, ends="map", side=5),
    "map, NHWC": lambda path: glass(path, "NHWC", ends="map", side=5),
    "map, turned": turned_map,
    "tokens": lambda path: glass(path, ends="tokens"),
    "one at a time": lambda path: convolutional(path, batch=1),
    "three at a time": lambda path: convolutional(path, batch=3),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", [{}, {"colours": "BGR", "mean": 0.3, "std": 0.7, "pool": "first"}])
def test_backbone_and_network_in_one_graph(kind: str, said: dict[str, Any], tmp_path: Path) -> None:
    path = KINDS[kind](tmp_path / "backbone.onnx")
    path.with_suffix(".json").write_text(json.dumps({"pool": "mean"} | said))
    backbone = Backbone.open(path)
    asked = learned(backbone)
    export_onnx(asked, tmp_path / "all.onnx")
    found = verify_onnx(tmp_path / "all.onnx")
    assert found.sound
    assert found.network < 1e-5
    model = onnx.load(tmp_path / "all.onnx")
    own, other = PICTURES[18:21], RNG.integers(0, 256, (3, 50, 61, 3), np.uint8)
    n = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value or 3
    assert n == {"one at a time": 1, "three at a time": 3}.get(kind, 3)
    for pictures in (own[:n], other[:n]):
        P, labels = answers(model, pictures)
        wanted = asked.predict_proba(pictures)
        np.testing.assert_allclose(P, wanted, rtol=0, atol=0.01)
        assert labels.tolist() == asked.predict(pictures).tolist()


def test_what_the_file_says(tmp_path: Path) -> None:
    model = onnx_model(learned(Backbone.open(convolutional(tmp_path / "seen.onnx"))))
    said = {prop.key: prop.value for prop in model.metadata_props}
    assert said["plainnet.features"].startswith("12 features of seen.onnx")
    assert said["plainnet.input"].startswith("uint8 (N, H, W, 3), RGB")
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 13)]
    assert "backbone.W1" in {tensor.name for tensor in model.graph.initializer}


def test_a_newer_operator_set_stays(tmp_path: Path) -> None:
    path = new(tmp_path / "seen.onnx")
    path.with_suffix(".json").write_text('{"mean": 0.3, "std": 0.7}')
    model = onnx_model(learned(Backbone.open(path)))
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 18)]
    assert model.ir_version == 8


def test_an_operator_set_that_is_too_old(tmp_path: Path) -> None:
    made = learned(Backbone.open(convolutional(tmp_path / "seen.onnx")))
    backbone: Any = made.extractor
    seen = onnx.load_model_from_string(backbone.content)
    seen.opset_import[0].version = 8
    seen.graph.node[1].op_type = "Nonsense"
    backbone.content = seen.SerializeToString()
    with pytest.raises(SettingError, match=r"seen\.onnx uses ONNX's operator set 8, which cannot"):
        onnx_model(made)


def test_features_of_other_things_have_no_form_in_onnx() -> None:
    class Words(Extractor):
        kind, takes, n_features = "words", "texts", 3

    asked = Classifier(hidden=(), epochs=1).fit(RNG.normal(size=(20, 3)), np.arange(20) % 2)
    asked.inputs = ExtractedInputs(asked.preprocessing, Words())
    with pytest.raises(SettingError, match="takes texts, which have no form in ONNX"):
        onnx_model(asked)
