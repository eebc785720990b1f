"""A network as ONNX nodes: each layer, then from the logits to probabilities and an answer.

N samples are rows, as everywhere; K classes.
"""

from collections.abc import Sequence

from plainnet.export.nodes import INT64, Nodes
from plainnet.network import Network
from plainnet.network.layer_row import write_layers


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
    return write_layers(nodes, network.layers, X, f"{prefix}layers.")


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
