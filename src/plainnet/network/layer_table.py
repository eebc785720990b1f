"""The layers that files and other programs know: one row each in one table.

A row gives the class behind a name in a model file, the layer's ONNX form, and its name in PyTorch.
A layer without a row can be trained, traced and copied, but not saved. To save, load and export a
layer of your own, add its row, also in the program that loads it: the file holds only the name, and
the table decides which code runs.
"""

from functools import partial

import numpy as np

from plainnet.errors import SettingError
from plainnet.network.activations import (
    GELU,
    GELU_CUBE,
    GELU_SLOPE,
    MISH_IS_LINEAR,
    SELU,
    SELU_ALPHA,
    SELU_SCALE,
    LeakyReLU,
    Mish,
    Sigmoid,
    SiLU,
    Tanh,
)
from plainnet.network.arrays import Array
from plainnet.network.by_columns import ByColumns
from plainnet.network.composite import PerMember, Residual
from plainnet.network.convolution import Conv2D, DepthwiseConv2D
from plainnet.network.embeddings import Embedding, PiecewiseLinear
from plainnet.network.ensemble_writers import (
    write_ensemble_dense,
    write_member_dense,
    write_member_mean,
    write_member_scaling,
    write_periodic,
    write_piecewise_embedding,
    write_sigmoid_mean,
    write_softmax_mean,
)
from plainnet.network.ensembles import EnsembleDense, MemberDense, MemberScaling
from plainnet.network.layer import Layer
from plainnet.network.layer_row import LAYERS, Graph, LayerRow, Writer, row_of
from plainnet.network.layers import Dense, Dropout, ReLU
from plainnet.network.member_mean import MemberMean, SigmoidMemberMean, SoftmaxMemberMean
from plainnet.network.normalization import BatchNorm, BatchNorm2D, LayerNorm
from plainnet.network.number_embeddings import PeriodicEmbedding, PiecewiseLinearEmbedding
from plainnet.network.picture_writers import (
    write_average_pool,
    write_batch_norm_2d,
    write_conv,
    write_depthwise_conv,
    write_global_average_pool,
    write_max_pool,
)
from plainnet.network.pooling import AveragePool2D, GlobalAveragePool2D, MaxPool2D
from plainnet.network.realmlp import DenseNTP, Parametric, Scaling
from plainnet.network.writers import (
    write_by_columns,
    write_embedding,
    write_per_member,
    write_piecewise_linear,
    write_residual,
)


def operator(op: str) -> Writer:
    """Return the writer of a layer that is one ONNX operator without parameters.

    >>> LayerRow(Tanh, onnx=operator("Tanh")).layer.__name__
    'Tanh'
    """
    return partial(_write_operator, op)


def _write_operator(op: str, graph: Graph, layer: Layer, X: str, name: str) -> str:
    return graph.add(op, X, name=f"{name}.{type(layer).__name__}")


def _write_dense(graph: Graph, layer: Dense, X: str, name: str) -> str:
    W, b = graph.constant(layer.W, f"{name}.W"), graph.constant(layer.b, f"{name}.b")
    return graph.add("Gemm", X, W, b, name=f"{name}.Dense")  # Y = X W + b


def _write_dense_ntp(graph: Graph, layer: DenseNTP, X: str, name: str) -> str:
    W, b = graph.constant(layer.W * layer.scale, f"{name}.W"), graph.constant(layer.b, f"{name}.b")
    return graph.add("Gemm", X, W, b, name=f"{name}.DenseNTP")  # Y = X (W / √n_in) + b


def _write_scaling(graph: Graph, layer: Scaling, X: str, name: str) -> str:
    gamma = graph.constant(layer.gamma, f"{name}.gamma")
    return graph.add("Mul", X, gamma, name=f"{name}.Scaling")  # Y = γ · X


def _write_parametric(graph: Graph, layer: Parametric, X: str, name: str) -> str:
    row = row_of(layer.activation)
    if row is None or row.onnx is None:
        raise SettingError(
            f"{layer} has no form in ONNX, because {layer.activation} has none; add a row with a "
            "writer to plainnet.network.LAYERS."
        )
    f = row.onnx(graph, layer.activation, X, name)
    alpha = graph.constant(layer.alpha, f"{name}.alpha")
    moved = graph.add("Mul", graph.add("Sub", f, X), alpha)
    return graph.add("Add", X, moved, name=f"{name}.Parametric")  # Y = X + α (f(X) − X)


def _write_leaky_relu(graph: Graph, layer: LeakyReLU, X: str, name: str) -> str:
    """Write elementary operators, because ONNX Runtime has LeakyRelu in float32 only."""
    small = graph.add("Mul", X, layer.slope)
    return graph.add("Max", X, small, name=f"{name}.LeakyReLU")  # Y = max(X, s X)


def _write_silu(graph: Graph, layer: SiLU, X: str, name: str) -> str:  # noqa: ARG001
    return graph.add("Mul", X, graph.add("Sigmoid", X), name=f"{name}.SiLU")  # Y = X σ(X)


def _write_gelu(graph: Graph, layer: GELU, X: str, name: str) -> str:  # noqa: ARG001
    square = graph.add("Mul", graph.add("Mul", X, X), GELU_SLOPE * GELU_CUBE)
    V = graph.add("Mul", X, graph.add("Add", square, GELU_SLOPE))  # V = 2 √(2/π) (X + 0.044715 X³)
    return graph.add("Mul", X, graph.add("Sigmoid", V), name=f"{name}.GELU")  # Y = X σ(V)


def _write_selu(graph: Graph, layer: SELU, X: str, name: str) -> str:  # noqa: ARG001
    """Of elementary operators: ONNX Runtime has Selu in float32 only."""
    E = graph.add("Exp", graph.add("Min", X, 0.0))
    left = graph.add("Mul", graph.add("Sub", E, 1.0), SELU_SCALE * SELU_ALPHA)
    right = graph.add("Mul", graph.add("Max", X, 0.0), SELU_SCALE)
    return graph.add("Add", left, right, name=f"{name}.SELU")


def _write_mish(graph: Graph, layer: Mish, X: str, name: str) -> str:  # noqa: ARG001
    E = graph.add("Exp", graph.add("Min", X, MISH_IS_LINEAR))
    n = graph.add("Mul", E, graph.add("Add", E, 2.0))
    T = graph.add("Div", n, graph.add("Add", n, 2.0))  # T = n / (n + 2)
    return graph.add("Mul", X, T, name=f"{name}.Mish")  # Y = X T


def _write_nothing(graph: Graph, layer: Dropout, X: str, name: str) -> str:  # noqa: ARG001
    return X  # dropout is for training


def _write_batch_norm(graph: Graph, layer: BatchNorm, X: str, name: str) -> str:
    given = [
        graph.constant(getattr(layer, part), f"{name}.{part}")
        for part in ("gamma", "beta", "mean", "var")
    ]
    return graph.add(
        "BatchNormalization", X, *given, epsilon=layer.epsilon, name=f"{name}.BatchNorm"
    )


def _write_layer_norm(graph: Graph, layer: LayerNorm, X: str, name: str) -> str:
    """Write elementary operators, because LayerNormalization exists only from set 17 on."""
    mean: Array = np.full((layer.n, 1), 1 / layer.n)
    column = graph.constant(mean, f"{name}.mean")
    centred = graph.add("Sub", X, graph.add("MatMul", X, column))  # X − μ
    var = graph.add("MatMul", graph.add("Mul", centred, centred), column)  # σ²
    root = graph.add("Sqrt", graph.add("Add", var, layer.epsilon))
    X_hat = graph.add("Div", centred, root)  # X̂ = (X − μ) / √(σ² + ε)
    scaled = graph.add("Mul", X_hat, graph.constant(layer.gamma, f"{name}.gamma"))
    beta = graph.constant(layer.beta, f"{name}.beta")
    return graph.add("Add", scaled, beta, name=f"{name}.LayerNorm")  # Y = γ · X̂ + β


LAYERS |= {
    "Dense": LayerRow(Dense, _write_dense, "Linear({n_in}, {n_out})"),
    "ReLU": LayerRow(ReLU, operator("Relu"), "ReLU()"),
    "LeakyReLU": LayerRow(LeakyReLU, _write_leaky_relu, "LeakyReLU({slope})"),
    "Sigmoid": LayerRow(Sigmoid, operator("Sigmoid"), "Sigmoid()"),
    "Tanh": LayerRow(Tanh, operator("Tanh"), "Tanh()"),
    "SiLU": LayerRow(SiLU, _write_silu, "SiLU()"),
    "GELU": LayerRow(GELU, _write_gelu, "GELU(approximate='tanh')"),
    "SELU": LayerRow(SELU, _write_selu, "SELU()"),
    "Mish": LayerRow(Mish, _write_mish, "Mish()"),
    "Dropout": LayerRow(Dropout, _write_nothing, "Dropout({rate})"),
    "BatchNorm": LayerRow(
        BatchNorm, _write_batch_norm, "BatchNorm1d({n}, eps={epsilon}, momentum={momentum})"
    ),
    "LayerNorm": LayerRow(LayerNorm, _write_layer_norm, "LayerNorm({n}, eps={epsilon})"),
    "Conv2D": LayerRow(
        Conv2D, write_conv, "Conv2D({shape_in}, {channels}, {kernel}, {stride}, {pads})"
    ),
    "DepthwiseConv2D": LayerRow(
        DepthwiseConv2D,
        write_depthwise_conv,
        "DepthwiseConv2D({shape_in}, {kernel}, {stride}, {pads})",
    ),
    "MaxPool2D": LayerRow(
        MaxPool2D, write_max_pool, "MaxPool2D({shape_in}, {kernel}, {stride}, {pads})"
    ),
    "AveragePool2D": LayerRow(
        AveragePool2D, write_average_pool, "AveragePool2D({shape_in}, {kernel}, {stride}, {pads})"
    ),
    "GlobalAveragePool2D": LayerRow(
        GlobalAveragePool2D, write_global_average_pool, "GlobalAveragePool2D({shape_in})"
    ),
    "BatchNorm2D": LayerRow(
        BatchNorm2D, write_batch_norm_2d, "BatchNorm2D({n}, eps={epsilon}, momentum={momentum})"
    ),
    "Scaling": LayerRow(Scaling, _write_scaling),
    "DenseNTP": LayerRow(DenseNTP, _write_dense_ntp),
    "Parametric": LayerRow(Parametric, _write_parametric),
    "ByColumns": LayerRow(ByColumns, write_by_columns),
    "Embedding": LayerRow(Embedding, write_embedding),
    "PiecewiseLinear": LayerRow(PiecewiseLinear, write_piecewise_linear),
    "PeriodicEmbedding": LayerRow(PeriodicEmbedding, write_periodic),
    "PiecewiseLinearEmbedding": LayerRow(PiecewiseLinearEmbedding, write_piecewise_embedding),
    "PerMember": LayerRow(PerMember, write_per_member),
    "Residual": LayerRow(Residual, write_residual),
    "MemberScaling": LayerRow(
        MemberScaling, write_member_scaling, "MemberScaling({each_in}, {members})"
    ),
    "EnsembleDense": LayerRow(EnsembleDense, write_ensemble_dense),
    "MemberDense": LayerRow(
        MemberDense, write_member_dense, "MemberDense({each_in}, {each_out}, {members})"
    ),
    "MemberMean": LayerRow(MemberMean, write_member_mean, "MemberMean({n}, {members})"),
    "SoftmaxMemberMean": LayerRow(
        SoftmaxMemberMean, write_softmax_mean, "SoftmaxMemberMean({n}, {members})"
    ),
    "SigmoidMemberMean": LayerRow(
        SigmoidMemberMean, write_sigmoid_mean, "SigmoidMemberMean({n}, {members})"
    ),
}
