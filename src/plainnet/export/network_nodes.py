"""A network as ONNX nodes: each layer, then from the logits to probabilities and an answer.

N samples are rows, as everywhere; K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from plainnet.errors import SettingError
from plainnet.export.nodes import INT64, Nodes
from plainnet.network import (
    Array,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
)


def network_nodes(nodes: Nodes, network: Network, X: str, prefix: str = "") -> str:
    """The name of the network's output `(N, n_out)`, its logits.

    Args:
        nodes: where the nodes and the parameters go; these are named as in a model file.
        network: whose layers are all plainnet's own.
        X: the name of its inputs `(N, n_in)`.
        prefix: of all names, which tells several networks in one graph apart.

    Raises:
        SettingError: a layer is not one of plainnet's own.
    """
    for i, layer in enumerate(network.layers):
        if type(layer) not in _LAYERS:
            raise SettingError(
                f"Layer {i} ({type(layer).__name__}) has no form in ONNX; networks of "
                f"{', '.join(known.__name__ for known in _LAYERS)} can be exported."
            )
        X = _LAYERS[type(layer)](nodes, layer, X, f"{prefix}layers.{i}")
    return X


def class_nodes(nodes: Nodes, Z: str, n_out: int) -> str:
    """The probabilities of the classes: softmax of the logits.

    Of one logit [1 − p, p] `(N, 2)` with p = σ(Z); 1 − p as σ(−Z) keeps its digits.
    """
    if n_out != 1:
        return nodes.add("Softmax", Z, axis=1)
    no, yes = nodes.add("Sigmoid", nodes.add("Neg", Z)), nodes.add("Sigmoid", Z)
    return nodes.add("Concat", no, yes, axis=1)


def average_nodes(nodes: Nodes, values: Sequence[str], name: str) -> str:
    """The mean of some values of one shape."""
    if len(values) == 1:
        return nodes.add("Identity", values[0], name=name)
    total = nodes.add("Sum", *values)
    return nodes.add("Div", total, float(len(values)), name=name)


def answer_nodes(nodes: Nodes, P: str, K: int, threshold: float) -> str:
    """The class number answered, int64 `(N,)`: of two classes 1 where its p ≥ threshold."""
    if K != 2:
        return nodes.add("ArgMax", P, axis=1, keepdims=0)
    p = nodes.add("Gather", P, 1, axis=1)
    yes = nodes.add("GreaterOrEqual", p, threshold)
    return nodes.add("Cast", yes, to=INT64)


# -- layer by layer --------------------------------------------------------------------------------


def _dense(nodes: Nodes, layer: Any, X: str, name: str) -> str:
    W, b = nodes.constant(layer.W, f"{name}.W"), nodes.constant(layer.b, f"{name}.b")
    return nodes.add("Gemm", X, W, b, name=f"{name}.Dense")  # Y = X W + b


def _plain(op: str, nodes: Nodes, layer: Any, X: str, name: str) -> str:
    return nodes.add(op, X, name=f"{name}.{type(layer).__name__}")


def _leaky_relu(nodes: Nodes, layer: Any, X: str, name: str) -> str:
    """Of elementary operators: ONNX Runtime has LeakyRelu in float32 only."""
    small = nodes.add("Mul", X, layer.slope)
    return nodes.add("Max", X, small, name=f"{name}.LeakyReLU")  # Y = max(X, s X)


def _same(nodes: Nodes, layer: Any, X: str, name: str) -> str:  # noqa: ARG001
    return X  # dropout is for training


def _batch_norm(nodes: Nodes, layer: Any, X: str, name: str) -> str:
    given = [
        nodes.constant(getattr(layer, part), f"{name}.{part}")
        for part in ("gamma", "beta", "mean", "var")
    ]
    return nodes.add(
        "BatchNormalization", X, *given, epsilon=layer.epsilon, name=f"{name}.BatchNorm"
    )


def _layer_norm(nodes: Nodes, layer: Any, X: str, name: str) -> str:
    """Of elementary operators: LayerNormalization is there from operator set 17 on only."""
    mean: Array = np.full((layer.n, 1), 1 / layer.n)
    column = nodes.constant(mean, f"{name}.mean")
    centred = nodes.add("Sub", X, nodes.add("MatMul", X, column))  # X − μ
    var = nodes.add("MatMul", nodes.add("Mul", centred, centred), column)  # σ²
    root = nodes.add("Sqrt", nodes.add("Add", var, layer.epsilon))
    X_hat = nodes.add("Div", centred, root)  # X̂ = (X − μ) / √(σ² + ε)
    scaled = nodes.add("Mul", X_hat, nodes.constant(layer.gamma, f"{name}.gamma"))
    beta = nodes.constant(layer.beta, f"{name}.beta")
    return nodes.add("Add", scaled, beta, name=f"{name}.LayerNorm")  # Y = γ · X̂ + β


_LAYERS: Mapping[type[Layer], Callable[[Nodes, Any, str, str], str]] = {
    Dense: _dense,
    ReLU: partial(_plain, "Relu"),
    LeakyReLU: _leaky_relu,
    Sigmoid: partial(_plain, "Sigmoid"),
    Tanh: partial(_plain, "Tanh"),
    Dropout: _same,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
}
