"""From raw pictures to a network's inputs as ONNX nodes, exactly as in `pictures/decoding.py`.

The resize is two matrix products, one along each axis, whose weights the graph computes from the
size of the pictures. ONNX's operator Resize antialiases only from operator set 18 on, which many
programs cannot read yet, and does not average over blocks first.

The weight of raw pixel i in pixel o of the new picture, along an axis that shrinks from n to m
pixels: i lies in block k = ⌊i / B⌋ of B pixels, whose centre is k + ½, in blocks. Pixel o has its
centre at (o + ½) n / (m B), and the triangle around it reaches max(1, n / (m B)) far. Multiplied by
2 m B all of it is in whole numbers: the weight is as max(0, D − |(2k + 1) m B − (2o + 1) n|), with
D = 2 max(n, m B), over the pixels that the block has.
"""

import math

import numpy as np

from plainnet.files.onnx_nodes import DOUBLE, FLOAT, Nodes
from plainnet.models import Preprocessing
from plainnet.network import Array
from plainnet.pictures.decoding import GAP, LEEWAY

LUMA: Array = np.array([[19595.0], [38470.0], [7471.0]])
"""ITU-R 601 in units of 1/65536, as in Pillow; all sums stay below 2²⁴, so float32 is exact."""


def resize_nodes(nodes: Nodes, pictures: str, size: tuple[int, int], grey: bool) -> str:
    """Add resized pictures `(N, height, width, channels)`, float32, of whole levels.

    Args:
        nodes: the nodes to add to.
        pictures: the name of uint8 pictures `(N, H, W, 3)`, red, green and blue.
        size: the new height and width.
        grey: whether to make one channel instead of three.
    """
    h, w = size
    shape = nodes.add("Shape", pictures)
    H, W = (nodes.add("Gather", shape, axis) for axis in (1, 2))
    side = _block_side(nodes, (H, W), size)
    if grey:
        X = _luma(nodes, nodes.add("Cast", pictures, to=FLOAT))
        X = nodes.add("Transpose", X, perm=[0, 3, 1, 2])  # (N, channels, H, W)
    else:  # turned while it is small
        X = nodes.add("Transpose", pictures, perm=[0, 3, 1, 2])
        X = nodes.add("Cast", X, to=FLOAT)
    across, down = _weights(nodes, W, w, side), _weights(nodes, H, h, side)
    X = _rounded(nodes, nodes.add("MatMul", X, nodes.add("Transpose", across, perm=[1, 0])))
    X = _rounded(nodes, nodes.add("MatMul", down, X))  # (N, channels, h, w)
    return nodes.add("Transpose", X, perm=[0, 2, 3, 1])


def scale_nodes(nodes: Nodes, raw: str, preprocessing: Preprocessing) -> str:
    """Add the network's inputs `(N, n_in)`, (raw − mean) / scale, of raw samples `(N, …)`."""
    mean, scale = preprocessing.mean, preprocessing.scale
    rows = nodes.add("Reshape", raw, np.array([0, mean.size]))
    if preprocessing.needs_double:
        rows = nodes.add("Cast", rows, to=DOUBLE)
        centred = nodes.add("Sub", rows, nodes.double(mean, "preprocessing.mean"))
        inputs = nodes.add("Div", centred, nodes.double(scale, "preprocessing.scale"))
        return nodes.add("Cast", inputs, to=FLOAT, name="inputs")
    high = mean.astype(np.float32)
    centred = nodes.add("Sub", rows, nodes.constant(high, "preprocessing.mean"))
    if (low := mean - high).any():  # the digits of the mean that float32 does not hold
        centred = nodes.add("Sub", centred, nodes.constant(low, "preprocessing.mean_rest"))
    with np.errstate(under="ignore"):  # of a feature that is ignored it is 0
        factor = nodes.constant((1 / scale).astype(np.float32), "preprocessing.factor")
    return nodes.add("Mul", centred, factor, name="inputs")


def _luma(nodes: Nodes, X: str) -> str:
    total = nodes.add("Add", nodes.add("MatMul", X, LUMA), 32768.0)
    return nodes.add("Floor", nodes.add("Div", total, 65536.0))


def _rounded(nodes: Nodes, X: str) -> str:
    """Round to whole levels, halves up, as Pillow does after each of the two directions."""
    return nodes.add("Floor", nodes.add("Add", X, 0.5))


def _block_side(nodes: Nodes, sides: tuple[str, str], size: tuple[int, int]) -> str:
    """Add the side of the first blocks, 1, 2, 4 or 8, as `block_side` computes it."""
    times = [nodes.add("Div", n, math.ceil(LEEWAY * m)) for n, m in zip(sides, size, strict=True)]
    least = nodes.add("Min", *times, 8)
    return nodes.add("Gather", np.array([1, 1, 2, 2, 4, 4, 4, 4, 8]), least)


def _weights(nodes: Nodes, n: str, m: int, side: str) -> str:
    """Add the weights `(m, n)` along an axis from n to m pixels; each row sums to 1."""
    add = nodes.add
    again = add("Max", add("Div", n, add("Mul", side, GAP * m)), 1)
    B = add("Mul", side, again)
    i = add("Range", 0, n, 1)
    k = add("Div", i, B)  # ⌊i / B⌋
    pixels = add("Min", add("Sub", n, add("Mul", k, B)), B)  # of block k
    mB = add("Mul", B, m)
    block = add("Mul", add("Add", add("Mul", k, 2), 1), mB)  # (2k + 1) m B
    new = add("Mul", 2 * np.arange(m).reshape(m, 1) + 1, n)  # (2o + 1) n
    D = add("Mul", add("Max", n, mB), 2)
    far = add("Abs", add("Sub", block, new))  # (m, n)
    t = add("Cast", add("Max", add("Sub", D, far), 0), to=FLOAT)
    t = add("Div", t, add("Cast", pixels, to=FLOAT))
    return add("Div", t, add("ReduceSum", t, np.array([1]), keepdims=1))
