"""How ONNX computes convolutions and pooling: its own operators, between two transposes.

A row holds a picture by height, width, channels; ONNX has the channels first. ONNX Runtime has
these operators in float32 only, apart from MaxPool.
"""

from typing import Any

import numpy as np

from plainnet.network.convolution import Conv2D, DepthwiseConv2D
from plainnet.network.layer_row import Graph
from plainnet.network.normalization import BatchNorm2D
from plainnet.network.pooling import AveragePool2D, GlobalAveragePool2D, MaxPool2D
from plainnet.network.windows import Windowed
from plainnet.network.writers import reshape


def write_conv(graph: Graph, layer: Conv2D, X: str, name: str) -> str:
    """Y = P W + b, with a filter (channels in, k, k) for each channel out."""
    k, (_, _, depth) = layer.kernel, layer.shape_in
    filters = layer.W.reshape(k, k, depth, layer.channels).transpose(3, 2, 0, 1)
    W, b = graph.constant(filters, f"{name}.W"), graph.constant(layer.b, f"{name}.b")
    Y = graph.add("Conv", _channels_first(graph, layer, X), W, b, **_windows(layer))
    return _rows(graph, layer, Y, name)


def write_depthwise_conv(graph: Graph, layer: DepthwiseConv2D, X: str, name: str) -> str:
    """Y = Σ_places P · W + b: as many groups as channels."""
    k, (_, _, depth) = layer.kernel, layer.shape_in
    W = graph.constant(layer.W.T.reshape(depth, 1, k, k), f"{name}.W")
    b = graph.constant(layer.b, f"{name}.b")
    given = _channels_first(graph, layer, X), W, b
    return _rows(graph, layer, graph.add("Conv", *given, group=depth, **_windows(layer)), name)


def write_max_pool(graph: Graph, layer: MaxPool2D, X: str, name: str) -> str:
    """Y = max_places P."""
    Y = graph.add("MaxPool", _channels_first(graph, layer, X), **_windows(layer))
    return _rows(graph, layer, Y, name)


def write_average_pool(graph: Graph, layer: AveragePool2D, X: str, name: str) -> str:
    """Y = Σ_places P / m."""
    Y = graph.add("AveragePool", _channels_first(graph, layer, X), **_windows(layer))
    return _rows(graph, layer, Y, name)


def write_global_average_pool(graph: Graph, layer: GlobalAveragePool2D, X: str, name: str) -> str:
    """Y = Σ_pixels X / m."""
    by_pixel = reshape(graph, X, [-1, layer.pixels, layer.n_out or 0])
    total = graph.add("ReduceSum", by_pixel, graph.constant(np.array([1])), keepdims=0)
    return graph.add("Div", total, float(layer.pixels), name=f"{name}.{_kind(layer)}")


def write_batch_norm_2d(graph: Graph, layer: BatchNorm2D, X: str, name: str) -> str:
    """Y = γ · (X − μ) / √(σ² + ε) + β, of each pixel."""
    given = [
        graph.constant(getattr(layer, part), f"{name}.{part}")
        for part in ("gamma", "beta", "mean", "var")
    ]
    pixels = reshape(graph, X, [-1, layer.n])
    Y = graph.add("BatchNormalization", pixels, *given, epsilon=layer.epsilon)
    return reshape(graph, Y, [-1, layer.n_out or 0], f"{name}.{_kind(layer)}")


def _channels_first(graph: Graph, layer: Windowed, X: str) -> str:
    """The rows of X as (N, channels, height, width)."""
    return graph.add("Transpose", reshape(graph, X, [-1, *layer.shape_in]), perm=[0, 3, 1, 2])


def _rows(graph: Graph, layer: Windowed, Y: str, name: str) -> str:
    """(N, channels, rows, columns) as flat rows again."""
    last = graph.add("Transpose", Y, perm=[0, 2, 3, 1])
    return reshape(graph, last, [-1, layer.n_out or 0], f"{name}.{_kind(layer)}")


def _windows(layer: Windowed) -> dict[str, Any]:
    """The attributes of ONNX's operators with windows."""
    left, right, top, bottom = layer.pads
    pair = {"kernel_shape": [layer.kernel] * 2, "strides": [layer.stride] * 2}
    return {**pair, "pads": [top, left, bottom, right]}


def _kind(layer: object) -> str:
    return type(layer).__name__
