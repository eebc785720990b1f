"""A classifier as one ONNX graph: from raw pictures or features to the names of classes.

Input: `pictures`, uint8 `(N, H, W, 3)`: red, green and blue, upright, of any size; or `features`,
float32 `(N, n)`. Outputs: `probabilities`, float32 `(N, K)`, and `label`, the name of the class
answered `(N,)`, or its number, int64. These names stay. docs/interchange.md tells of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from plainnet.classifier import Classifier
from plainnet.errors import FileError, SettingError
from plainnet.exchange.backbone_nodes import backbone_nodes, batch_of
from plainnet.exchange.golden import golden_bytes, golden_path
from plainnet.exchange.network_nodes import (
    answer_nodes,
    average_nodes,
    class_nodes,
    network_nodes,
)
from plainnet.exchange.nodes import Nodes, onnx_module
from plainnet.exchange.picture_nodes import resize_nodes, scale_nodes
from plainnet.files import write_file
from plainnet.network import Array
from plainnet.pictures.backbone import Backbone
from plainnet.version import __version__

if TYPE_CHECKING:
    import onnx

PROBABILITIES, LABEL = "probabilities", "label"


def export_onnx(classifier: Classifier, path: str | Path, *, numbers: bool = False) -> None:
    """Write an ONNX file, and beside it `golden_path(path)`, which `verify_onnx` holds it against.

    Args:
        classifier: that has learned something.
        path: the file to write; its name ends in `.onnx`.
        numbers: as in `onnx_model`.

    Raises:
        MissingExtraError: onnx is not installed.
        SettingError: nothing was learned yet, or a layer is not one of plainnet's own.
        FileError: the file cannot be written, or is not named as one.
    """
    path = Path(path)
    if path.suffix.lower() != ".onnx":
        raise FileError(
            f"An ONNX file is written, but {path} is not named as one; end it in .onnx."
        )
    model = onnx_model(classifier, numbers=numbers)
    write_file(path, model.SerializeToString())
    write_file(golden_path(path), golden_bytes(classifier, labels_of(classifier, numbers)))


def onnx_model(classifier: Classifier, *, numbers: bool = False) -> onnx.ModelProto:
    """The classifier as an ONNX model, checked.

    Args:
        classifier: that has learned something.
        numbers: whether `label` is the number of a class rather than its name: for programs that
            know no text.

    Raises:
        MissingExtraError: onnx is not installed.
        SettingError: nothing was learned yet, or a layer is not one of plainnet's own.
    """
    package, nodes, K = onnx_module(), Nodes(), len(classifier.classes)
    if not classifier.classes:
        raise SettingError("This classifier has not learned anything yet; call fit(…) first.")
    tensor, types = package.helper.make_tensor_value_info, package.TensorProto
    taken = input_of(classifier)
    given = nodes.name(taken.name)
    _answer_nodes(nodes, classifier, _raw(nodes, classifier, given), labels_of(classifier, numbers))
    kind = types.UINT8 if taken.dtype == "uint8" else types.FLOAT
    N = taken.shape[0]
    outputs = [
        tensor(PROBABILITIES, types.FLOAT, [N, K]),
        tensor(LABEL, types.INT64 if numbers else types.STRING, [N]),
    ]
    model: onnx.ModelProto = nodes.model("plainnet", [tensor(given, kind, taken.shape)], outputs)
    model.producer_name, model.producer_version = "plainnet", __version__
    package.helper.set_model_props(model, metadata_of(classifier))
    package.checker.check_model(model, full_check=True)
    return model


class Input(NamedTuple):
    """What the graph takes."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    what: str

    def told(self) -> str:
        """`uint8 (N, H, W, 3), RGB, upright, any height and width`."""
        return f"{self.dtype} ({', '.join(map(str, self.shape))}), {self.what}"


def input_of(classifier: Classifier) -> Input:
    """What the classifier's graph takes.

    Raises:
        SettingError: the classifier takes what has no form in ONNX.
    """
    extractor, shape = classifier.extractor, classifier.preprocessing.shape
    if extractor is not None and not isinstance(extractor, Backbone):
        raise SettingError(
            f"The classifier takes {extractor.takes}, which have no form in ONNX; one that takes "
            "pictures or plain feature vectors can be exported."
        )
    if extractor is None and len(shape) == 1:
        return Input("features", "float32", ("N", *shape), "as in training, not scaled")
    N = (extractor and batch_of(extractor)) or "N"
    return Input("pictures", "uint8", (N, "H", "W", 3), "RGB, upright, any height and width")


def _raw(nodes: Nodes, classifier: Classifier, given: str) -> str:
    """What the preprocessing takes, of the input."""
    preprocessing, extractor = classifier.preprocessing, classifier.extractor
    if isinstance(extractor, Backbone):
        return backbone_nodes(nodes, given, extractor)
    if preprocessing.is_pictures:
        return resize_nodes(nodes, given, preprocessing.size, preprocessing.grey)
    return given


def _answer_nodes(nodes: Nodes, classifier: Classifier, raw: str, labels: Array) -> None:
    """From what the preprocessing takes to the outputs."""
    preprocessing, K = classifier.preprocessing, len(classifier.classes)
    X, answers = scale_nodes(nodes, raw, preprocessing.mean, preprocessing.scale), []
    for i, member in enumerate(classifier.members):
        prefix = f"members.{i}." if classifier.earlier else ""
        Z = network_nodes(nodes, member.network, X, prefix)
        if member.temperature != 1:
            Z = nodes.add("Div", Z, nodes.constant(member.temperature, f"{prefix}temperature"))
        answers.append(class_nodes(nodes, Z, 1 if K == 2 else K))
    P = average_nodes(nodes, answers, PROBABILITIES)
    number = answer_nodes(nodes, P, K, classifier.threshold)
    nodes.add("Gather", nodes.constant(labels, "labels"), number, name=LABEL)


def labels_of(classifier: Classifier, numbers: bool) -> Array:
    """What the graph answers for each class: its number or its name, in sound UTF-8."""
    if numbers:
        return np.arange(len(classifier.classes))
    return np.array([_sound(name) for name in classifier.classes])


def metadata_of(classifier: Classifier) -> dict[str, str]:
    """What the file says of the model beside its graph, by key."""
    facts = {
        "plainnet.version": __version__,
        "plainnet.classes": _sound(json.dumps(classifier.classes, ensure_ascii=False)),
        "plainnet.input": input_of(classifier).told(),
        "plainnet.shape": json.dumps(classifier.preprocessing.shape),
        "plainnet.networks": str(len(classifier.members)),
        "plainnet.temperatures": json.dumps([member.temperature for member in classifier.members]),
        "numpy.version": np.__version__,
    }
    if len(classifier.classes) == 2:
        facts["plainnet.threshold"] = repr(classifier.threshold)
    if classifier.extractor is not None:
        facts["plainnet.features"] = _sound(classifier.extractor.told())
    return facts


def _sound(text: str) -> str:
    """What UTF-8 cannot say, of a damaged file name, as escapes."""
    return text.encode(errors="backslashreplace").decode()
