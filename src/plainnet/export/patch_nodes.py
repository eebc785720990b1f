"""Features of patches as ONNX nodes, as `pictures/patches/dictionary.py` computes them.

Whitened patches are a convolution with filters of mean 0, divided by the contrast s of a patch:
((P − m) / s − μ) V = P (I − 11ᵀ/d) V / s − μ V.
"""

import numpy as np

from plainnet.export.picture_nodes import resize_nodes
from plainnet.files.onnx_nodes import Nodes
from plainnet.network import Array
from plainnet.pictures.patches.dictionary import CONTRAST, SIDE, Dictionary, halves, windows_along

GREY = 127.5
"""Subtracted from levels, so that squares stay small; it does not change (P − m) / s."""


def patch_nodes(nodes: Nodes, pictures: str, dictionary: Dictionary) -> str:
    """Add nodes for the features `(N, n_features)` of pictures.

    Args:
        nodes: the nodes to add to.
        pictures: the name of uint8 pictures `(N, H, W, 3)`, red, green and blue.
        dictionary: the patches.
    """
    height, width, channels = dictionary.shape
    X = resize_nodes(nodes, pictures, (height, width), channels == 1)
    X = nodes.add("Sub", nodes.add("Transpose", X, perm=[0, 3, 1, 2]), GREY)
    z = _distances(nodes, _whitened(nodes, X, dictionary), dictionary.entries)
    mean = _mean(nodes, z, (1,), len(dictionary.entries), keepdims=1)
    similarity = nodes.add("Relu", nodes.add("Sub", mean, z))  # max(0, μ(z) − z)
    down, across = (halves(windows_along(n, dictionary.stride)) for n in (height, width))
    parts = [_quadrant(nodes, similarity, i, j) for i in down for j in across]
    return nodes.add("Concat", *parts, axis=1)


def _whitened(nodes: Nodes, X: str, dictionary: Dictionary) -> str:
    """Add the normalised and whitened patches `(N, d, rows, columns)`."""
    V, shift = dictionary.whitening
    d, stride = len(V), dictionary.stride
    V = V - V.mean(axis=0)  # (I − 11ᵀ/d) V
    m = _convolved(nodes, X, np.full((d, 1), 1 / d), stride)
    squares = _convolved(nodes, nodes.add("Mul", X, X), np.full((d, 1), 1 / d), stride)
    var = nodes.add("Sub", squares, nodes.add("Mul", m, m))
    s = nodes.add("Sqrt", nodes.add("Add", nodes.add("Max", var, 0.0), CONTRAST))
    Z = nodes.add("Div", _convolved(nodes, X, V, stride), s)
    return nodes.add("Sub", Z, shift.reshape(1, d, 1, 1))


def _distances(nodes: Nodes, Z: str, C: Array) -> str:
    """Add the distances from the entries C `(K, d)`: `(N, K, rows, columns)`."""
    K, d = C.shape
    products = nodes.add("Conv", Z, -2 * C.reshape(K, d, 1, 1), (C * C).sum(axis=1))
    norms = nodes.add("ReduceSum", nodes.add("Mul", Z, Z), np.array([1]), keepdims=1)
    squares = nodes.add("Add", products, norms)  # ‖z − c‖² = ‖z‖² − 2 z · c + ‖c‖²
    return nodes.add("Sqrt", nodes.add("Max", squares, 0.0))


def _convolved(nodes: Nodes, X: str, W: Array, stride: int) -> str:
    """Add P W of all windows P, W `(d, outputs)`, whose rows are by line, pixel and channel."""
    filters = W.T.reshape(W.shape[1], SIDE, SIDE, -1).transpose(0, 3, 1, 2)
    return nodes.add("Conv", X, filters, strides=[stride] * 2)


def _quadrant(nodes: Nodes, A: str, down: slice, across: slice) -> str:
    """Add the mean of some rows and columns of A `(N, K, rows, columns)`: `(N, K)`."""
    starts, ends = np.array([down.start, across.start]), np.array([down.stop, across.stop])
    part = nodes.add("Slice", A, starts, ends, np.array([2, 3]))
    return _mean(nodes, part, (2, 3), int(np.prod(ends - starts)), keepdims=0)


def _mean(nodes: Nodes, A: str, axes: tuple[int, ...], n: int, keepdims: int) -> str:
    """Add a mean as a sum, which all operator sets from 13 on write alike."""
    total = nodes.add("ReduceSum", A, np.array(axes), keepdims=keepdims)
    return nodes.add("Div", total, float(n))
