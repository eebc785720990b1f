"""How ONNX computes the layers of tables: embeddings and composites, of elementary operators."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from plainnet.network.arrays import Array
from plainnet.network.by_columns import ByColumns
from plainnet.network.composite import PerMember, Residual
from plainnet.network.embeddings import Embedding, PiecewiseLinear
from plainnet.network.layer_row import Graph, write_layers


def write_by_columns(graph: Graph, layer: ByColumns, X: str, name: str) -> str:
    """Y = [F₁(X₁) | F₂(X₂) | …]."""
    joined = []
    for k, (columns, chain) in enumerate(zip(layer.columns, layer.chains.values(), strict=True)):
        own = graph.add("Gather", X, _whole(graph, columns, f"{name}.{k}.columns"), axis=1)
        joined.append(write_layers(graph, chain, own, f"{name}.{k}."))
    return graph.add("Concat", *joined, axis=1, name=f"{name}.ByColumns")


def write_piecewise_linear(graph: Graph, layer: PiecewiseLinear, X: str, name: str) -> str:
    """Y = clip((x − e) / w, low, high)."""
    return encoded(graph, layer, X, name, f"{name}.PiecewiseLinear")


def encoded(graph: Graph, layer: PiecewiseLinear, X: str, name: str, called: str = "") -> str:
    """The piecewise-linear encoding of X."""
    columns = np.repeat(range(len(layer.bins)), layer.bins)
    each = graph.add("Gather", X, _whole(graph, columns, f"{name}.columns"), axis=1)
    above = graph.add("Sub", each, graph.constant(layer.lower, f"{name}.lower"))  # x − e
    share = graph.add("Div", above, graph.constant(layer.bin_width, f"{name}.bin_width"))
    low, high = (graph.constant(bound, f"{name}.bound") for bound in layer.bounds())
    return graph.add("Min", graph.add("Max", share, low), high, name=called)


def write_embedding(graph: Graph, layer: Embedding, X: str, name: str) -> str:
    """Y = W[c], where W has a first row of zeros, for the categories that are not known."""
    n: Array = np.array(layer.sizes, float)
    start: Array = np.array([*accumulate(layer.sizes, initial=0)][:-1], float)
    codes = graph.add("Round", X)
    above = graph.add("GreaterOrEqual", codes, 1.0)
    below = graph.add("LessOrEqual", codes, graph.constant(n, f"{name}.sizes"))
    rows = graph.add("Add", codes, graph.constant(start, f"{name}.start"))
    known = graph.add("Where", graph.add("And", above, below), rows, 0.0)
    table = graph.constant(np.vstack([np.zeros_like(layer.W[:1]), layer.W]), f"{name}.W")
    Y = graph.add("Gather", table, graph.add("Cast", known, to=7), axis=0)  # 7: int64
    return reshape(graph, Y, [-1, layer.n_out or 0], f"{name}.Embedding")


def write_per_member(graph: Graph, layer: PerMember, X: str, name: str) -> str:
    """Y = F(X), member by member; the sizes of both reshapes are those of one sample."""
    rows = reshape(graph, X, [-1, (layer.n_in or 0) // layer.members])
    Y = write_layers(graph, layer.chains[""], rows, f"{name}.")
    return reshape(graph, Y, [-1, layer.n_out or 0], f"{name}.PerMember")


def write_residual(graph: Graph, layer: Residual, X: str, name: str) -> str:
    """Y = X + F(X)."""
    change = write_layers(graph, layer.chains[""], X, f"{name}.")
    return graph.add("Add", X, change, name=f"{name}.Residual")


def reshape(graph: Graph, X: str, shape: Sequence[int], name: str = "") -> str:
    """The same numbers in another shape; -1 is as many as there are."""
    return graph.add("Reshape", X, _whole(graph, shape, "shape"), name=name)


def _whole(graph: Graph, values: Sequence[int] | Array, name: str) -> str:
    """A constant of whole numbers."""
    return graph.constant(np.array(values, np.int64), name)
