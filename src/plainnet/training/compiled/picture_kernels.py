"""The passes of convolution, BatchNorm with ReLU, and pooling as compiled kernels.

The formulas are those of `network/convolution.py`, `network/normalization.py` and
`network/pooling.py`. Read them there; `tests/test_conv_network.py` compares the kernels with
them. Pictures are `(N, height, width, channels)`.

A convolution works on some windows at once, `tile` of them in P: as many as a cache holds beside W.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled import blas  # noqa: F401 - for `np.dot`
from plainnet.training.compiled.jit import compiled

ROWS = 64
"""The rows of a block whose sums are added up in the dtype of the network, and then in float64."""


@compiled
def convolve(
    X: Any, W: Any, b: Any, k: Any, stride: Any, top: Any, left: Any, rectified: Any, P: Any, Y: Any
) -> None:
    """Write Y = P W + b, or with `rectified` max(0, P W + b).

    Y is `(N, rows, columns, channels)`; windows are `stride` pixels apart, and the first one begins
    `top` and `left` pixels before the picture. P is scratch memory `(tile, window)`.
    """
    n, rows, columns, channels = Y.shape
    zero = Y.dtype.type(0)
    flat, pixels = Y.reshape(n * rows * columns, channels), X.reshape(-1, X.shape[3])
    for start in range(0, len(flat), len(P)):
        own = flat[start : start + len(P)]
        windows = P[: len(own)]
        if k == 1 and stride == 1:
            windows = pixels[start : start + len(own)]
        else:
            gather(X, start, rows, columns, k, stride, top, left, windows)
        np.dot(windows, W, own)  # Y = P W
        for i in range(own.shape[0]):
            for j in range(channels):
                y = own[i, j] + b[j]  # Y = P W + b
                own[i, j] = zero if rectified and y <= zero else y  # NaN where y is


@compiled
def weight_gradient(
    X: Any, dY: Any, k: Any, top: Any, left: Any, P: Any, part: Any, dW: Any
) -> None:
    """Write dW = Pᵀ dY; `part` is scratch memory of the shape of dW."""
    n, rows, columns, channels = dY.shape
    flat = dY.reshape(n * rows * columns, channels)
    dW[:] = 0
    for start in range(0, len(flat), len(P)):
        own = flat[start : start + len(P)]
        windows = P[: len(own)]
        gather(X, start, rows, columns, k, 1, top, left, windows)
        np.dot(windows.T, own, part)
        for i in range(dW.shape[0]):
            for j in range(channels):
                dW[i, j] += part[i, j]


@compiled
def gather(
    X: Any, start: Any, rows: Any, columns: Any, k: Any, stride: Any, top: Any, left: Any, P: Any
) -> None:
    """Write the windows from number `start` on into P, with 0 for padding."""
    n, height, width, depth = X.shape
    lines, size = X.reshape(n * height, width * depth), k * depth
    sample, row, column = start // columns // rows, start // columns % rows, start % columns
    for i in range(len(P)):
        y, x = row * stride - top, column * stride - left
        if y >= 0 and x >= 0 and y + k <= height and x + k <= width:
            for dy in range(k):
                place = P[i, dy * size : (dy + 1) * size]
                pixels = lines[sample * height + y + dy, x * depth : x * depth + size]
                for j in range(size):
                    place[j] = pixels[j]
        else:
            gather_padded(X[sample], y, x, P[i].reshape(k, k, depth))
        column += 1  # faster than to divide for each window
        if column == columns:
            column = 0
            row += 1
        if row == rows:
            row = 0
            sample += 1


@compiled
def gather_padded(X: Any, y: Any, x: Any, P: Any) -> None:
    """Write the window of a picture that begins at row y, column x, with 0 outside."""
    height, width, depth = X.shape
    P[:] = 0
    for i in range(max(-y, 0), min(P.shape[0], height - y)):
        for j in range(max(-x, 0), min(P.shape[1], width - x)):
            for c in range(depth):
                P[i, j, c] = X[y + i, x + j, c]


@compiled
def filter_any(
    X: Any,
    W: Any,
    b: Any,
    k: Any,
    stride: Any,
    top: Any,
    left: Any,
    rectified: Any,
    padded: Any,
    Y: Any,
) -> None:
    """Write Y = Σ_places P · W + b, each channel with its own filter, or with `rectified` its ReLU.

    `padded` is scratch memory for a picture with its padding, which must be 0.
    """
    n, rows, columns, channels = Y.shape
    zero = Y.dtype.type(0)
    for sample in range(n):
        pad(X[sample], top, left, padded)
        for i in range(rows):
            outputs = Y[sample, i].reshape(-1)
            for j in range(columns):
                y = outputs[j * channels : (j + 1) * channels]
                for c in range(channels):
                    y[c] = b[c]
                for dy in range(k):
                    line = padded[i * stride + dy].reshape(-1)
                    for dx in range(k):
                        begin, w = (j * stride + dx) * channels, W[dy * k + dx]
                        pixel = line[begin : begin + channels]
                        for c in range(channels):
                            y[c] += pixel[c] * w[c]
                if rectified:
                    for c in range(channels):
                        y[c] = zero if y[c] <= zero else y[c]


@compiled
def filter_3(
    X: Any,
    W: Any,
    b: Any,
    k: Any,
    stride: Any,
    top: Any,
    left: Any,
    rectified: Any,
    padded: Any,
    Y: Any,
) -> None:
    """Write what `filter_any` does for k = 3, with one pass over Y instead of nine."""
    n, rows, columns, channels = Y.shape
    zero, line = Y.dtype.type(0), k * channels
    w0, w1, w2, w3, w4, w5, w6, w7, w8 = W[0], W[1], W[2], W[3], W[4], W[5], W[6], W[7], W[8]
    for sample in range(n):
        pad(X[sample], top, left, padded)
        for i in range(rows):
            first = padded[i * stride].reshape(-1)
            second = padded[i * stride + 1].reshape(-1)
            third = padded[i * stride + 2].reshape(-1)
            outputs = Y[sample, i].reshape(-1)
            for j in range(columns):
                y = outputs[j * channels : (j + 1) * channels]
                begin = j * stride * channels
                p = first[begin : begin + line]
                q = second[begin : begin + line]
                r = third[begin : begin + line]
                for c in range(channels):
                    d, e = c + channels, c + 2 * channels  # the pixels to the right
                    s = b[c] + p[c] * w0[c] + p[d] * w1[c] + p[e] * w2[c]
                    s += q[c] * w3[c] + q[d] * w4[c] + q[e] * w5[c]
                    s += r[c] * w6[c] + r[d] * w7[c] + r[e] * w8[c]
                    y[c] = zero if rectified and s <= zero else s


@compiled
def pad(X: Any, top: Any, left: Any, padded: Any) -> None:
    """Write a picture X `(height, width, channels)` into `padded`, after its padding."""
    height, width, channels = X.shape
    for i in range(height):
        line = padded[top + i].reshape(-1)[left * channels : (left + width) * channels]
        own = X[i].reshape(-1)
        for j in range(len(own)):
            line[j] = own[j]


@compiled
def means(X: Any, total: Any, part: Any, mu: Any, var: Any) -> None:
    """Write the mean and the variance of each column of X, by blocks of rows.

    Chan, Golub, LeVeque: Algorithms for computing the sample variance (1983): each block has its
    own mean, so that no digits are lost. `total` is scratch memory `(2, n)` in float64, `part`
    `(2, n)` in the dtype of X.
    """
    N, n = X.shape
    total[:] = 0
    for start in range(0, N, ROWS):
        stop = min(start + ROWS, N)
        size = stop - start
        part[:] = 0
        for i in range(start, stop):
            for j in range(n):
                part[0, j] += X[i, j]
        for j in range(n):
            part[0, j] /= size
        for i in range(start, stop):
            for j in range(n):
                d = X[i, j] - part[0, j]
                part[1, j] += d * d
        for j in range(n):
            d = part[0, j] - total[0, j]
            total[0, j] += d * size / stop
            total[1, j] += part[1, j] + d * d * start * size / stop
    for j in range(n):
        mu[j] = total[0, j]
        var[j] = total[1, j] / N


@compiled
def scale(X: Any, a: Any, c: Any, rectified: Any, Y: Any) -> None:
    """Write Y = a X + c, or with `rectified` max(0, a X + c)."""
    zero = Y.dtype.type(0)
    for i in range(X.shape[0]):
        if rectified:
            for j in range(X.shape[1]):
                y = X[i, j] * a[j] + c[j]
                Y[i, j] = zero if y <= zero else y  # max(0, y), and NaN where y is
        else:
            for j in range(X.shape[1]):
                Y[i, j] = X[i, j] * a[j] + c[j]


@compiled
def sums(X: Any, Y: Any, dY: Any, mu: Any, rectified: Any, total: Any, part: Any) -> None:
    """Write Σ dY and Σ dY · (X − μ) of each column, float64 `(2, n)`; first back through ReLU."""
    N, n = X.shape
    zero = dY.dtype.type(0)
    total[:] = 0
    for start in range(0, N, ROWS):
        part[:] = 0
        for i in range(start, min(start + ROWS, N)):
            if rectified:
                for j in range(n):
                    dY[i, j] = dY[i, j] if Y[i, j] > zero else zero
            for j in range(n):
                part[0, j] += dY[i, j]
                part[1, j] += dY[i, j] * (X[i, j] - mu[j])
        for j in range(n):
            total[0, j] += part[0, j]
            total[1, j] += part[1, j]


@compiled
def unscale(X: Any, dY: Any, a: Any, c: Any, d: Any) -> None:
    """Overwrite dY with a dY + c X + d."""
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            dY[i, j] = a[j] * dY[i, j] + c[j] * X[i, j] + d[j]


@compiled
def pool(X: Any, Y: Any) -> None:
    """Write the maximum of each 2 × 2 pixels: NaN where one of them is."""
    for n in range(Y.shape[0]):
        for i in range(Y.shape[1]):
            for j in range(Y.shape[2]):
                for c in range(Y.shape[3]):
                    upper = np.maximum(X[n, 2 * i, 2 * j, c], X[n, 2 * i, 2 * j + 1, c])
                    lower = np.maximum(X[n, 2 * i + 1, 2 * j, c], X[n, 2 * i + 1, 2 * j + 1, c])
                    Y[n, i, j, c] = np.maximum(upper, lower)


@compiled
def unpool(X: Any, Y: Any, dY: Any, dX: Any) -> None:
    """Write dX: the first of the largest of 2 × 2 pixels gets dY, the others 0."""
    zero = dX.dtype.type(0)
    if X.shape[1] % 2 or X.shape[2] % 2:
        dX[:] = 0  # pixels in no window
    for n in range(Y.shape[0]):
        for i in range(Y.shape[1]):
            for j in range(Y.shape[2]):
                for c in range(Y.shape[3]):
                    y, d = Y[n, i, j, c], dY[n, i, j, c]
                    one = X[n, 2 * i, 2 * j, c] == y
                    two = X[n, 2 * i, 2 * j + 1, c] == y and not one
                    three = X[n, 2 * i + 1, 2 * j, c] == y and not (one or two)
                    four = not (one or two or three)
                    dX[n, 2 * i, 2 * j, c] = d if one else zero
                    dX[n, 2 * i, 2 * j + 1, c] = d if two else zero
                    dX[n, 2 * i + 1, 2 * j, c] = d if three else zero
                    dX[n, 2 * i + 1, 2 * j + 1, c] = d if four else zero
