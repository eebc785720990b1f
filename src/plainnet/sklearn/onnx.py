"""The estimators in ONNX: `skl2onnx` converts a pipeline that ends in one of them.

::

    from skl2onnx import to_onnx
    from plainnet.sklearn.onnx import register_skl2onnx

    register_skl2onnx()  # once, before the first conversion
    model = to_onnx(pipeline, X[:1].astype(np.float32), options={"zipmap": False})

The options are those of skl2onnx's own classifiers: `zipmap`, `nocl` and `output_class_labels`.
"""

from typing import Any

import numpy as np

from plainnet.errors import MissingExtraError, SettingError
from plainnet.export.network_nodes import class_nodes, network_nodes
from plainnet.files.onnx_nodes import DOUBLE, FLOAT, INT64, Node, Nodes, tensor_of
from plainnet.network import Array
from plainnet.sklearn.classifier import PlainNetClassifier
from plainnet.sklearn.regressor import PlainNetRegressor

OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}


def register_skl2onnx() -> None:
    """Tell skl2onnx how to convert `PlainNetClassifier` and `PlainNetRegressor`.

    Raises:
        MissingExtraError: skl2onnx is not installed.
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError:
        raise MissingExtraError.of("Converting estimators", "skl2onnx", extra="skl2onnx") from None
    update_registered_converter(
        PlainNetClassifier,
        "PlainNetClassifier",
        _classifier_shapes,
        _convert_classifier,
        options=OPTIONS,
    )
    update_registered_converter(
        PlainNetRegressor, "PlainNetRegressor", _regressor_shapes, _convert_regressor
    )


def _classifier_shapes(operator: Any) -> None:
    """Set the types of the label and of the probabilities."""
    from skl2onnx.common.data_types import Int64TensorType
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    _check_network(operator)
    calculate_linear_classifier_output_shapes(operator)
    if operator.raw_operator._multilabel:
        N, K = operator.inputs[0].get_first_dimension(), operator.raw_operator.n_outputs_
        operator.outputs[0].set_type(Int64TensorType([N, K]))


def _check_network(operator: Any) -> None:
    """Raise a SettingError for an estimator that a preset trained."""
    if hasattr(operator.raw_operator, "model_"):
        raise SettingError(
            f"This {type(operator.raw_operator).__name__} was trained with a preset, which "
            "skl2onnx cannot convert; call plainnet.export.export_onnx(estimator.model_, path)."
        )


def _regressor_shapes(operator: Any) -> None:
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    _check_network(operator)
    kind = DoubleTensorType if _is_double(operator) else FloatTensorType
    N, K = operator.inputs[0].get_first_dimension(), operator.raw_operator.n_outputs_
    operator.outputs[0].set_type(kind([N, K]))


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of label and probabilities, as in `predict` and `predict_proba`."""
    from skl2onnx.common.utils_classifier import get_label_classes

    asked, nodes = operator.raw_operator, _nodes(operator)
    Z = _logits(nodes, operator)
    if asked._multilabel:
        P = nodes.add("Sigmoid", Z)
        label = nodes.add("Cast", nodes.add("Greater", Z, 0.0), to=INT64)
    else:
        P = class_nodes(nodes, Z, asked.n_outputs_)
        if asked.n_outputs_ == 1:
            z = nodes.add("Reshape", Z, np.array([-1]))
            number = nodes.add("Cast", nodes.add("Greater", z, 0.0), to=INT64)
        else:
            number = nodes.add("ArgMax", Z, axis=1, keepdims=0)
        classes = _as_labels(np.asarray(get_label_classes(scope, asked)))
        label = nodes.add("Gather", nodes.constant(classes, "classes"), number)
    _pour(nodes, scope, operator, container, (label, P))


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of the numbers `(N, outputs)`, also for one output, as skl2onnx does."""
    nodes = _nodes(operator)
    Z = _logits(nodes, operator)
    answer = "Exp" if operator.raw_operator.out_activation_ == "exp" else "Identity"
    _pour(nodes, scope, operator, container, (nodes.add(answer, Z),))


def _nodes(operator: Any) -> Nodes:
    return Nodes(np.float64 if _is_double(operator) else np.float32)


def _is_double(operator: Any) -> bool:
    return type(operator.inputs[0].type).__name__ == "DoubleTensorType"


def _logits(nodes: Nodes, operator: Any) -> str:
    """Add the nodes from the input "X" to the logits; integers and booleans become floats."""
    kind = DOUBLE if _is_double(operator) else FLOAT
    X = nodes.add("Cast", nodes.name("X"), to=kind)
    return network_nodes(nodes, operator.raw_operator.network_, X)


def _as_labels(classes: Array) -> Array:
    """Return labels for ONNX: strings, or integers of 64 bits.

    Raises:
        SettingError: the labels are other numbers.
    """
    if classes.dtype.kind in "OU":
        return classes.astype(str)
    with np.errstate(invalid="ignore"):
        whole = classes.astype(np.int64)
    if [*map(int, classes.tolist())] != whole.tolist():
        raise SettingError(
            f"A class is {classes.max()}, but ONNX labels are integers of 64 bits; fit with y "
            "as texts, y.astype(str)."
        )
    return whole


def _pour(
    nodes: Nodes, scope: Any, operator: Any, container: Any, outputs: tuple[str, ...]
) -> None:
    """Pass the nodes to skl2onnx, under unused names."""
    names = {"X": operator.inputs[0].full_name}
    given = [output.full_name for output in operator.outputs]
    names |= dict(zip(outputs, given, strict=False))  # skl2onnx itself adds the class labels
    own = [node for node in nodes.nodes if isinstance(node, Node)]  # there are no others
    for name in [*nodes.constants, *(node.output for node in own)]:
        names.setdefault(name, scope.get_unique_variable_name(name))
    for name, array in nodes.constants.items():
        tensor = tensor_of(array, names[name])
        content = list(tensor.string_data) or array.ravel()
        container.add_initializer(names[name], tensor.data_type, array.shape, content)
    for node in own:
        container.add_node(
            node.op,
            [names[name] for name in node.inputs],
            names[node.output],
            name=scope.get_unique_operator_name(node.op),
            **node.attributes,
        )
