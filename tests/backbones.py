"""Small ONNX models of pictures, made here: what a test knows of them it can compute by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet.network import Array

onnx: Any = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

FLOAT, UINT8 = int(TensorProto.FLOAT), int(TensorProto.UINT8)
Side = int | str | None


def save(
    path: Path,
    nodes: list[Any],
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    constants: dict[str, Array] | None = None,
    **how: Any,
) -> Path:
    """A model of these nodes; inputs and outputs by name as (type, shape)."""
    taken, given = (
        [helper.make_tensor_value_info(name, *shown) for name, shown in some.items()]
        for some in (inputs, outputs)
    )
    held = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "backbone", taken, given, held)
    opset = helper.make_opsetid("", how.pop("opset", 13))
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path, **how)
    return path


def glass(
    path: Path,
    layout: str = "NCHW",
    dtype: int = FLOAT,
    batch: Side = "N",
    side: Side = 12,
    channels: Side = 3,
    ends: str = "features",
) -> Path:
    """A backbone whose features are the means of its input's channels.

    Args:
        path: of the file.
        layout: of the input; that of a map is the same.
        dtype: of the input.
        batch: how many pictures at once, or a name for any number.
        side: of the pictures.
        channels: of them.
        ends: `features` `(N, c)`, `column` `(N, c, 1, 1)`, a `map` `(N, c, h, w)`, or `tokens`
            `(N, 2, c)`: the means, and zeros.
    """
    node = helper.make_node
    nodes, x = [node("Cast", ["pixels"], ["levels"], to=FLOAT)], "levels"
    shape: list[Any] = [batch, channels, side, side]
    out: list[Any] = [batch, channels, None, None] if ends == "map" else [None] * 2
    if layout == "NHWC":
        shape = [batch, side, side, channels]
        if ends != "map":
            nodes.append(node("Transpose", [x], ["turned"], perm=[0, 3, 1, 2]))
            x = "turned"
    if ends == "map":
        nodes.append(node("Identity", [x], ["out"]))
        out = [None] * 4
    else:
        nodes.append(node("GlobalAveragePool", [x], ["out" if ends == "column" else "column"]))
        out = [None] * (4 if ends == "column" else 2)
    if ends in ("features", "tokens"):
        nodes.append(node("Flatten", ["column"], ["out" if ends == "features" else "flat"]))
    if ends == "tokens":
        nodes.append(node("Unsqueeze", ["flat", "one"], ["token"]))
        nodes.append(node("Sub", ["token", "token"], ["zeros"]))
        nodes.append(node("Concat", ["token", "zeros"], ["out"], axis=1))
        out = [None] * 3
    return save(
        path, nodes, {"pixels": (dtype, shape)}, {"out": (FLOAT, out)}, {"one": np.array([1])}
    )


def convolutional(path: Path, d: int = 12, side: Side = 16, batch: Side = "N", **how: Any) -> Path:
    """Two convolutions with random filters, ReLU and global pooling: features `(N, d)`."""
    rng, node = np.random.default_rng(0), helper.make_node
    nodes = [
        node("Conv", ["pixels", "W1"], ["Z1"], strides=[2, 2], pads=[1] * 4),
        node("Relu", ["Z1"], ["A1"]),
        node("Conv", ["A1", "W2"], ["Z2"], strides=[2, 2], pads=[1] * 4),
        node("Relu", ["Z2"], ["A2"]),
        node("GlobalAveragePool", ["A2"], ["P"]),
        node("Flatten", ["P"], ["features"]),
    ]
    constants = {
        "W1": rng.normal(scale=0.2, size=(8, 3, 3, 3)).astype(np.float32),
        "W2": rng.normal(scale=0.2, size=(d, 8, 3, 3)).astype(np.float32),
    }
    inputs = {"pixels": (FLOAT, [batch, 3, side, side])}
    return save(path, nodes, inputs, {"features": (FLOAT, [batch, d])}, constants, **how)
