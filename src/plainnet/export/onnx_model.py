"""A classifier or regressor as one ONNX graph: from raw samples to named classes, or a number.

Input: `pictures`, uint8 `(N, H, W, 3)`: red, green and blue, upright, of any size; or `features`,
float32 `(N, n)`; or of a table each column by its name, `(N, 1)` (see `table_nodes.py`). Outputs:
`probabilities`, float32 `(N, K)`, and `label`, the name of the class answered `(N,)`, or its
number, int64; of a regressor `prediction`, float32 `(N,)`, in the unit of the target. Features and
predictions that float32 would round away are float64. These names stay. See docs/interchange.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plainnet.checks import check_path
from plainnet.errors import FileError, SettingError
from plainnet.export.backbone_nodes import backbone_nodes
from plainnet.export.golden import golden_bytes, golden_path
from plainnet.export.inputs import (
    LABEL,
    PREDICTION,
    PROBABILITIES,
    Input,
    inputs_of,
    prediction_dtype,
    sound_text,
)
from plainnet.export.network_nodes import (
    answer_nodes,
    average_nodes,
    class_nodes,
    network_nodes,
)
from plainnet.export.nodes import DOUBLE, FLOAT, Nodes, onnx_module
from plainnet.export.picture_nodes import resize_nodes, scale_nodes
from plainnet.export.table_nodes import table_nodes
from plainnet.files.writing import write_file
from plainnet.models import Classifier, Regressor
from plainnet.network import Array
from plainnet.pictures.backbone.backbone import Backbone
from plainnet.tables import TableEncoder
from plainnet.version import __version__

if TYPE_CHECKING:
    import onnx


def export_onnx(
    learner: Classifier | Regressor, path: str | Path, *, numbers: bool = False
) -> None:
    """Write an ONNX file, and beside it `golden_path(path)`, which `verify_onnx` holds it against.

    Args:
        learner: that has learned something.
        path: the file to write; its name ends in `.onnx`.
        numbers: as in `onnx_model`.

    Raises:
        MissingExtraError: onnx is not installed.
        SettingError: nothing was learned yet, or it cannot be said in ONNX.
        FileError: the file cannot be written, or is not named as one.
    """
    path = check_path(path, "the order is learner, path")
    if path.suffix.lower() != ".onnx":
        raise FileError(
            f"An ONNX file is written, but {path} is not named as one; end it in .onnx."
        )
    model = onnx_model(learner, numbers=numbers)
    labels = labels_of(learner, numbers) if isinstance(learner, Classifier) else None
    write_file(path, model.SerializeToString())
    write_file(golden_path(path), golden_bytes(learner, labels))


def onnx_model(learner: Classifier | Regressor, *, numbers: bool = False) -> onnx.ModelProto:
    """The classifier or regressor as an ONNX model, checked.

    Args:
        learner: that has learned something.
        numbers: whether `label` is the number of a class rather than its name: for programs that
            know no text.

    Raises:
        MissingExtraError: onnx is not installed.
        SettingError: nothing was learned yet, a layer is not one of plainnet's own, a regressor's
            numbers are none of float32, or it is asked for the numbers of classes.
    """
    package, nodes = onnx_module(), Nodes()
    _check(learner, numbers)
    tensor, types = package.helper.make_tensor_value_info, package.TensorProto
    taken = inputs_of(learner)
    given = [tensor(nodes.name(one.name), getattr(types, one.in_onnx), one.shape) for one in taken]
    raw, N = _raw(nodes, learner, taken), taken[0].shape[0]
    if isinstance(learner, Regressor):
        _prediction_nodes(nodes, learner, raw)
        double = prediction_dtype(learner) == "float64"
        outputs = [tensor(PREDICTION, types.DOUBLE if double else types.FLOAT, [N])]
    else:
        _answer_nodes(nodes, learner, raw, labels_of(learner, numbers))
        outputs = [
            tensor(PROBABILITIES, types.FLOAT, [N, len(learner.classes)]),
            tensor(LABEL, types.INT64 if numbers else types.STRING, [N]),
        ]
    model: onnx.ModelProto = nodes.model("plainnet", given, outputs)
    model.producer_name, model.producer_version = "plainnet", __version__
    package.helper.set_model_props(model, metadata_of(learner))
    package.checker.check_model(model, full_check=True)
    return model


def _check(learner: Classifier | Regressor, numbers: bool) -> None:
    """A SettingError if it cannot be exported so."""
    if not learner.is_trained:
        raise SettingError(f"This {learner.kind} has not learned anything yet; call fit(…) first.")
    if numbers and isinstance(learner, Regressor):
        raise SettingError("The numbers of classes are wanted of a regressor; leave numbers out.")


def _raw(nodes: Nodes, learner: Classifier | Regressor, taken: Sequence[Input]) -> str:
    """What the preprocessing takes, of the inputs."""
    preprocessing, extractor = learner.preprocessing, learner.extractor
    if isinstance(extractor, TableEncoder):
        return table_nodes(nodes, extractor, [one.name for one in taken])
    if isinstance(extractor, Backbone):
        return backbone_nodes(nodes, taken[0].name, extractor)
    if preprocessing.is_pictures:
        return resize_nodes(nodes, taken[0].name, preprocessing.size, preprocessing.grey)
    return taken[0].name


def _prefix(learner: Classifier | Regressor, i: int) -> str:
    """Of the names of one network's values."""
    return f"members.{i}." if len(learner.networks) > 1 else ""


def _prediction_nodes(nodes: Nodes, regressor: Regressor, raw: str) -> None:
    """From what the preprocessing takes to the number, in float64 until it is done."""
    X = scale_nodes(nodes, raw, regressor.preprocessing)
    outputs = [
        network_nodes(nodes, member.network, X, _prefix(regressor, i))
        for i, member in enumerate(regressor.networks)
    ]
    z = nodes.add("Cast", average_nodes(nodes, outputs, "standardized"), to=DOUBLE)
    scaled = nodes.add("Mul", z, nodes.double(regressor.scale, "target.scale"))
    y = nodes.add("Add", scaled, nodes.double(regressor.mean, "target.mean"))  # z · scale + mean
    kind = DOUBLE if prediction_dtype(regressor) == "float64" else FLOAT
    nodes.add("Cast", nodes.add("Reshape", y, np.array([-1])), to=kind, name=PREDICTION)


def _answer_nodes(nodes: Nodes, classifier: Classifier, raw: str, labels: Array) -> None:
    """From what the preprocessing takes to the outputs."""
    K = len(classifier.classes)
    X, answers = scale_nodes(nodes, raw, classifier.preprocessing), []
    for i, member in enumerate(classifier.networks):
        prefix = _prefix(classifier, i)
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
    return np.array([sound_text(name) for name in classifier.classes])


def metadata_of(learner: Classifier | Regressor) -> dict[str, str]:
    """What the file says of the model beside its graph, by key."""
    facts = {
        "plainnet.version": __version__,
        "plainnet.input": "; ".join(one.told() for one in inputs_of(learner)),
        "plainnet.shape": json.dumps(learner.preprocessing.shape),
        "plainnet.networks": str(len(learner.networks)),
        "numpy.version": np.__version__,
    }
    if isinstance(learner, Regressor):
        facts["plainnet.target"] = sound_text(learner.target)
    else:
        facts["plainnet.classes"] = sound_text(json.dumps(learner.classes, ensure_ascii=False))
        temperatures = [member.temperature for member in learner.networks]
        facts["plainnet.temperatures"] = json.dumps(temperatures)
        if len(learner.classes) == 2:
            facts["plainnet.threshold"] = repr(learner.threshold)
    if learner.extractor is not None:
        facts["plainnet.features"] = sound_text(learner.extractor.told())
    return facts
