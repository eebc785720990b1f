"""A classifier as one ONNX graph: from raw pictures or features to the names of classes.

Input: `pictures`, uint8 `(N, H, W, 3)`: red, green and blue, upright, of any size; or `features`,
float32 `(N, n)`. Outputs: `probabilities`, float32 `(N, K)`, and `label`, the name of the class
answered `(N,)`, or its number, int64. These names stay. docs/interchange.md tells of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plainnet.classifier import Classifier
from plainnet.errors import FileError, SettingError
from plainnet.exchange.golden import golden_bytes, golden_path
from plainnet.exchange.network_nodes import (
    answer_nodes,
    average_nodes,
    class_nodes,
    network_nodes,
)
from plainnet.exchange.nodes import OPSET, Nodes, onnx_module
from plainnet.exchange.picture_nodes import resize_nodes, scale_nodes
from plainnet.files import write_file
from plainnet.network import Array
from plainnet.version import __version__

if TYPE_CHECKING:
    import onnx

IR_VERSION = 7
"""Of the file format: that of operator set 13."""
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
    onnx, nodes, K = onnx_module(), Nodes(), len(classifier.classes)
    if not classifier.classes:
        raise SettingError("This classifier has not learned anything yet; call fit(…) first.")
    tensor, types = onnx.helper.make_tensor_value_info, onnx.TensorProto
    if classifier.preprocessing.is_pictures:
        given = tensor(nodes.name("pictures"), types.UINT8, ["N", "H", "W", 3])
    else:
        given = tensor(nodes.name("features"), types.FLOAT, ["N", *classifier.preprocessing.shape])
    classifier_nodes(nodes, classifier, given.name, labels_of(classifier, numbers))
    outputs = [
        tensor(PROBABILITIES, types.FLOAT, ["N", K]),
        tensor(LABEL, types.INT64 if numbers else types.STRING, ["N"]),
    ]
    model = onnx.helper.make_model(
        nodes.graph("plainnet", [given], outputs),
        producer_name="plainnet",
        producer_version=__version__,
        ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    onnx.helper.set_model_props(model, metadata_of(classifier))
    onnx.checker.check_model(model, full_check=True)
    return model  # type: ignore[no-any-return]


def classifier_nodes(nodes: Nodes, classifier: Classifier, given: str, labels: Array) -> None:
    """From the input `given` to the outputs."""
    preprocessing, K = classifier.preprocessing, len(classifier.classes)
    raw = given
    if preprocessing.is_pictures:
        raw = resize_nodes(nodes, given, preprocessing.size, preprocessing.grey)
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
    shape, pictures = classifier.preprocessing.shape, classifier.preprocessing.is_pictures
    facts = {
        "plainnet.version": __version__,
        "plainnet.classes": _sound(json.dumps(classifier.classes, ensure_ascii=False)),
        "plainnet.input": "uint8 (N, H, W, 3): RGB, upright, any height and width"
        if pictures
        else f"float32 (N, {shape[0]}): features as in training, not scaled",
        "plainnet.shape": json.dumps(shape),
        "plainnet.networks": str(len(classifier.members)),
        "plainnet.temperatures": json.dumps([member.temperature for member in classifier.members]),
        "numpy.version": np.__version__,
    }
    return facts | (
        {"plainnet.threshold": repr(classifier.threshold)} if len(classifier.classes) == 2 else {}
    )


def _sound(text: str) -> str:
    """What UTF-8 cannot say, of a damaged file name, as escapes."""
    return text.encode(errors="backslashreplace").decode()
