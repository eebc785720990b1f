"""A network as ONNX nodes: the layers, then probabilities and the predicted class.

N samples are rows, as everywhere; K classes.
"""

from collections.abc import Sequence

import numpy as np

from plainnet.export.folding import folded
from plainnet.files.onnx_nodes import INT64, Nodes
from plainnet.metrics.costs import Costs, cost_matrix
from plainnet.network import Network
from plainnet.network.layer_row import write_layers


def network_nodes(nodes: Nodes, network: Network, X: str, prefix: str = "") -> str:
    """Add a network; return the name of its output, the logits `(N, n_out)`.

    Args:
        nodes: the nodes to add to; parameters are named as in a model file.
        network: a network whose layers all have an ONNX form.
        X: the name of its inputs `(N, n_in)`.
        prefix: a prefix of all names, to distinguish several networks in one graph.

    Raises:
        SettingError: a layer has no ONNX form.
    """
    return write_layers(nodes, folded(network.layers), X, f"{prefix}layers.")


def class_nodes(nodes: Nodes, Z: str, n_out: int) -> str:
    """Add the probabilities of the classes: the softmax of the logits.

    For a single logit they are [1 − p, p] `(N, 2)` with p = σ(Z); σ(−Z) is more exact than 1 − p.
    """
    if n_out != 1:
        return nodes.add("Softmax", Z, axis=1)
    no, yes = nodes.add("Sigmoid", nodes.add("Neg", Z)), nodes.add("Sigmoid", Z)
    return nodes.add("Concat", no, yes, axis=1)


def average_nodes(nodes: Nodes, values: Sequence[str], weights: Sequence[float], name: str) -> str:
    """Add the weighted mean of values of the same shape."""
    if len(values) == 1:
        return nodes.add("Identity", values[0], name=name)
    if len({*weights}) > 1:
        values = [nodes.add("Mul", *pair) for pair in zip(values, weights, strict=True)]
    total = nodes.add("Sum", *values)
    return nodes.add("Div", total, float(sum(weights)), name=name)


def sharpened_nodes(nodes: Nodes, P: str, sharpness: float, name: str) -> str:
    """Add Pˢ / Σ Pˢ of probabilities `(N, K)`."""
    power = nodes.add("Pow", P, sharpness)
    total = nodes.add("ReduceSum", power, np.array([1]), keepdims=1)
    return nodes.add("Div", power, total, name=name)


def cheapest_nodes(nodes: Nodes, P: str, costs: Costs) -> str:
    """Add the number of the class with the lowest expected cost, int64 `(N,)`, of three or more."""
    expected = nodes.add("MatMul", P, nodes.constant(cost_matrix(costs), "costs"))
    return nodes.add("ArgMin", expected, axis=1, keepdims=0)


def answer_nodes(nodes: Nodes, P: str, K: int, threshold: float) -> str:
    """Add the number of the predicted class, int64 `(N,)`: with two classes, 1 if p ≥ threshold."""
    if K != 2:
        return nodes.add("ArgMax", P, axis=1, keepdims=0)
    p = nodes.add("Gather", P, 1, axis=1)
    yes = nodes.add("GreaterOrEqual", p, threshold)
    return nodes.add("Cast", yes, to=INT64)
