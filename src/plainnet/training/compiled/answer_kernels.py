"""The answers of a network to many samples, block by block, as a kernel.

The first Dense layer, the encoding in front of it, and the factors of the members are one table: a
sample is a few rows of it with a factor each, and their sum is the first layer's output. See
docs/derivations.md, Answers by a table. A block of samples passes all layers while it is in the
processor's cache. Each sum is in an order of its own sample, so that an answer has the same bits
whatever samples stand beside it.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.exponential import sigmoid
from plainnet.training.compiled.jit import inlined, kernel, part
from plainnet.training.compiled.member_averages import average
from plainnet.training.compiled.products import narrow_product, product

BLOCK = 128
"""Samples that pass all layers together."""
TOGETHER = 4
"""Rows of the table that are added in one pass over the sum."""
NARROW = 2
"""The columns of a product for which a tile is too wide."""
RELU = 0
"""The kind of an activation that is not SiLU."""


@kernel
def answer_samples(
    X: Any, encoding: Any, tables: Any, hidden: Any, heads: Any, mean: Any, Z: Any
) -> None:
    """Write Z `(N, K)` of X `(N, n_in)`.

    Args:
        X: the samples.
        encoding: the columns that are encoded, the other ones, the first bin of each column and the
            end of all, the lower ends and widths of the bins, and whether they are bounded.
        tables: the rows of each of k members, `(k, rows, H)`: one for each of the other columns,
            then two for each bin; and b of the first layer.
        hidden: the units of the hidden layers, the kinds of their activations, and as vectors all
            W and b between them.
        heads: W `(k, H, K)` and b `(k, K)` of the last layers.
        mean: what is averaged over the members: NUMBERS, SOFTMAX or SIGMOID.
        Z: the outputs.
    """
    (rows, bias), (sizes, kinds, weights, biases), (W_last, b_last) = tables, hidden, heads
    (k, _, K), widest, dtype = W_last.shape, sizes.max(), X.dtype
    most = TOGETHER + len(encoding[1]) + 2 * len(encoding[0])
    numbers, factors = np.empty((BLOCK, most), np.int64), np.zeros((BLOCK, most), dtype)
    counts, last = np.empty(BLOCK, np.int64), np.empty((k, BLOCK, K), dtype)
    memory = np.empty(BLOCK * widest, dtype), np.empty(BLOCK * widest, dtype)
    turned = np.empty(NARROW * widest, dtype)
    for start in range(0, len(X), BLOCK):
        n = min(BLOCK, len(X) - start)
        find_rows(X[start : start + n], encoding, numbers, factors, counts)
        for m in range(k):
            A, w, b = memory[0][: n * sizes[0]].reshape(n, sizes[0]), 0, 0
            add_rows(rows[m], bias, numbers, factors, counts, A)
            activate(A, kinds[0])
            for i in range(1, len(sizes)):
                n_in, n_out = sizes[i - 1], sizes[i]
                Y = memory[i % 2][: n * n_out].reshape(n, n_out)
                W = weights[w : w + n_in * n_out].reshape(n_in, n_out)
                product(A, W, Y, biases[b : b + n_out])  # Y = X W + b
                activate(Y, kinds[i])
                A, w, b = Y, w + n_in * n_out, b + n_out
            if K > NARROW:
                product(A, W_last[m], last[m, :n], b_last[m])
            else:
                narrow_product(A, W_last[m], last[m, :n], b_last[m], turned)
        average(last, mean, Z[start : start + n])


@part
def find_rows(X: Any, encoding: Any, numbers: Any, factors: Any, counts: Any) -> None:
    """Write which rows of the table make a sample, their factors, and how many they are."""
    columns, others, firsts, lower, width, bounded = encoding
    n, plain, zero, one = len(X), len(others), X.dtype.type(0), X.dtype.type(1)
    x, bins = np.empty(n, X.dtype), np.empty(n, np.int32)
    for j in range(len(columns)):
        for i in range(n):
            x[i], bins[i] = X[i, columns[j]], firsts[j]
        for b in range(firsts[j] + 1, firsts[j + 1]):
            add_where(x, lower[b], bins)
        for i in range(n):
            b = bins[i]
            f = (x[i] - lower[b]) / width[b]
            if bounded:
                f = zero if f < zero else one if f > one else f
            numbers[i, 2 * j], factors[i, 2 * j] = plain + 2 * b, one
            numbers[i, 2 * j + 1], factors[i, 2 * j + 1] = plain + 2 * b + 1, f
    for i in range(n):
        found = 2 * len(columns)
        for j in range(plain):
            y = X[i, others[j]]
            if y != zero:  # NaN too
                numbers[i, found], factors[i, found] = j, y
                found += 1
        counts[i] = found
        for j in range(found, min(found + TOGETHER, numbers.shape[1])):
            numbers[i, j], factors[i, j] = 0, zero


@part
def add_where(x: Any, edge: Any, bins: Any) -> None:
    """Add 1 to the bins of numbers that are not below an edge."""
    one, zero = np.int32(1), np.int32(0)
    for i in range(len(x)):
        bins[i] += one if x[i] >= edge else zero


@part
def add_rows(table: Any, bias: Any, numbers: Any, factors: Any, counts: Any, Y: Any) -> None:
    """Write the bias and the sum of each sample's rows times their factors."""
    for i in range(len(Y)):
        for h in range(Y.shape[1]):
            Y[i, h] = bias[h]
        for e in range(0, counts[i], TOGETHER):
            a, b, c, d = factors[i, e], factors[i, e + 1], factors[i, e + 2], factors[i, e + 3]
            A, B = table[numbers[i, e]], table[numbers[i, e + 1]]
            C, D = table[numbers[i, e + 2]], table[numbers[i, e + 3]]
            for h in range(Y.shape[1]):
                Y[i, h] += (a * A[h] + b * B[h]) + (c * C[h] + d * D[h])


@inlined
def activate(Y: Any, kind: Any) -> None:
    """Apply ReLU or SiLU."""
    zero = Y.dtype.type(0)
    for i in range(Y.shape[0]):
        for h in range(Y.shape[1]):
            y = Y[i, h]
            if kind == RELU:
                Y[i, h] = zero if y <= zero else y  # max(0, y), and NaN where y is
            else:
                Y[i, h] = y * sigmoid(y)
