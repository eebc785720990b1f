"""How ONNX computes ensembles and the embeddings of numbers that learn, of elementary operators."""

import math

import numpy as np

from plainnet.network.arrays import Array
from plainnet.network.ensembles import EnsembleDense, MemberDense, MemberScaling
from plainnet.network.layer_row import Graph
from plainnet.network.member_mean import MemberMean, SigmoidMemberMean, SoftmaxMemberMean
from plainnet.network.number_embeddings import PeriodicEmbedding, PiecewiseLinearEmbedding
from plainnet.network.writers import encoded, reshape


def write_member_scaling(graph: Graph, layer: MemberScaling, X: str, name: str) -> str:
    """Y = X · r."""
    column = reshape(graph, X, [-1, 1, layer.each_in])
    Y = graph.add("Mul", column, graph.constant(layer.r, f"{name}.r"))
    return reshape(graph, Y, [-1, layer.n_out or 0], f"{name}.MemberScaling")


def write_ensemble_dense(graph: Graph, layer: EnsembleDense, X: str, name: str) -> str:
    """Y = ((X · r) W) · s + b."""
    A = reshape(graph, X, [-1, layer.members, layer.each_in])
    if layer.scaled_inputs:
        A = graph.add("Mul", A, graph.constant(layer.r, f"{name}.r"))
    H = graph.add("MatMul", A, graph.constant(layer.W, f"{name}.W"))
    scaled = graph.add("Mul", H, graph.constant(layer.s, f"{name}.s"))
    Y = graph.add("Add", scaled, graph.constant(layer.b, f"{name}.b"))
    return reshape(graph, Y, [-1, layer.n_out or 0], f"{name}.EnsembleDense")


def write_member_dense(graph: Graph, layer: MemberDense, X: str, name: str) -> str:
    """Y = X W + b of each member."""
    Y = _columns_times(graph, reshape(graph, X, [-1, layer.members, layer.each_in]), layer.W, name)
    Y = graph.add("Add", Y, graph.constant(layer.b, f"{name}.b"))
    return reshape(graph, Y, [-1, layer.n_out or 0], f"{name}.MemberDense")


def write_member_mean(graph: Graph, layer: MemberMean, X: str, name: str) -> str:
    """Y = 1/k Σ_k X."""
    total = _sum(graph, reshape(graph, X, [-1, layer.members, layer.n]))
    return graph.add("Div", total, float(layer.members), name=f"{name}.MemberMean")


def write_softmax_mean(graph: Graph, layer: SoftmaxMemberMean, X: str, name: str) -> str:
    """Y = ln (1/k Σ_k softmax(X))."""
    L = graph.add("LogSoftmax", reshape(graph, X, [-1, layer.members, layer.n]), axis=2)
    shift = -math.log(layer.members)
    return graph.add("Add", _log_sum(graph, L, layer), shift, name=f"{name}.SoftmaxMemberMean")


def write_sigmoid_mean(graph: Graph, layer: SigmoidMemberMean, X: str, name: str) -> str:
    """Y = ln Σ_k σ(X) − ln Σ_k (1 − σ(X))."""
    Z = reshape(graph, X, [-1, layer.members, layer.n])
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", Z)))
    rest = graph.add("Log", graph.add("Add", small, 1.0))
    yes = graph.add("Sub", graph.add("Min", Z, 0.0), rest)  # ln σ(X)
    above, below = _log_sum(graph, yes, layer), _log_sum(graph, graph.add("Sub", yes, Z), layer)
    return graph.add("Sub", above, below, name=f"{name}.SigmoidMemberMean")


def write_periodic(graph: Graph, layer: PeriodicEmbedding, X: str, name: str) -> str:
    """Y = [x, cos(2π x w + b) V + c]."""
    x = reshape(graph, X, [-1, layer.n, 1])
    w = graph.constant(2 * math.pi * layer.w, f"{name}.w")
    P = graph.add("Add", graph.add("Mul", x, w), graph.constant(layer.b, f"{name}.b"))
    # ONNX Runtime has Cos in float32 only, but Sin in both
    C = graph.add("Sin", graph.add("Add", P, math.pi / 2))
    mixed = _columns_times(graph, C, layer.V, name)
    mixed = graph.add("Add", mixed, graph.constant(layer.c, f"{name}.c"))
    Y = graph.add("Concat", x, mixed, axis=2)
    return reshape(graph, Y, [-1, layer.n_out or 0], f"{name}.PeriodicEmbedding")


def write_piecewise_embedding(
    graph: Graph, layer: PiecewiseLinearEmbedding, X: str, name: str
) -> str:
    """Y = x w + b + P V: V as one matrix, with a block for each column, and so is w."""
    d, e = len(layer.bins), layer.length
    column = np.repeat(np.arange(d), layer.bins)
    blocks: Array = np.zeros((len(column), d, e))
    blocks[np.arange(len(column)), column] = layer.V
    lines: Array = np.zeros((d, d, e))
    lines[np.arange(d), np.arange(d)] = layer.w
    V = graph.constant(blocks.reshape(-1, d * e), f"{name}.V")
    w = graph.constant(lines.reshape(-1, d * e), f"{name}.w")
    bent = graph.add("MatMul", encoded(graph, layer, X, name), V)
    line = graph.add("Gemm", X, w, graph.constant(layer.b.reshape(-1), f"{name}.b"))
    return graph.add("Add", line, bent, name=f"{name}.PiecewiseLinearEmbedding")


def _columns_times(graph: Graph, A: str, W: Array, name: str) -> str:
    """`(N, k, n)` times W `(k, n, m)`, as `(N, k, m)`: a product for each of the k."""
    front = graph.add("Transpose", A, perm=[1, 0, 2])
    product = graph.add("MatMul", front, graph.constant(W, f"{name}.W"))
    return graph.add("Transpose", product, perm=[1, 0, 2])


def _sum(graph: Graph, A: str) -> str:
    """Σ_k of `(N, k, n)`."""
    return graph.add("ReduceSum", A, graph.constant(np.array([1])), keepdims=0)


def _log_sum(graph: Graph, L: str, layer: MemberMean) -> str:
    """ln Σ_k e^L of `(N, k, n)`, with the largest L taken out."""
    each = [
        graph.add("Gather", L, graph.constant(np.array(i)), axis=1) for i in range(layer.members)
    ]
    top = graph.add("Max", *each)
    E = graph.add("Exp", graph.add("Sub", L, reshape(graph, top, [-1, 1, layer.n])))
    return graph.add("Add", graph.add("Log", _sum(graph, E)), top)
