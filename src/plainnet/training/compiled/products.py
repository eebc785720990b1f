"""Matrix products, tile by tile.

They take less time than those of a BLAS library for the matrices of a usual training step, which
such a library first copies into another order.
"""

from typing import Any

from plainnet.training.compiled.jit import inlined, part, reordered
from plainnet.training.compiled.parts import NARROW
from plainnet.training.compiled.tiles import LINE, ROWS, VECTORS, tile
from plainnet.training.compiled.views import columns_of, every, matrix, row, rows_of, vector

HALF = ROWS // 2
BLOCK = 16
"""Rows that are transposed together: their numbers are neighbours in a line of the cache."""
STRIP = 4 * ROWS
"""Rows of a large W that are multiplied by some samples while they are in the cache."""
TALL, WIDE = 48, 6144
"""The rows of A and the bytes of a row of B from which it pays to copy B."""
whole_1, whole_2, whole_3 = (tile(ROWS, vectors) for vectors in (1, 2, 3))
half_1, half_2, half_3 = (tile(HALF, vectors) for vectors in (1, 2, 3))
row_1, row_2, row_3 = (tile(1, vectors) for vectors in (1, 2, 3))


@inlined
def product(A: Any, B: Any, C: Any, b: Any) -> None:
    """Write C = A B + b, for A `(m, k)` in any order, and B `(k, n)` and C `(m, n)` in rows."""
    all_tiles(every(A, 0, 1), every(B, 0, 1), every(C, 0, 1), b)  # compiled once for all orders


@part
def packed_product(A: Any, B: Any, C: Any, b: Any, s: Any) -> None:
    """Write the same; a wide B is copied for many rows of A, as many columns as a tile has at once.

    In scratch memory s their rows lie side by side, and do not push each other out of the cache.
    """
    (K, n), columns = B.shape, VECTORS * LINE // B.itemsize
    if len(A) < TALL or B.strides[0] < WIDE or len(s) < K * columns:
        all_tiles(A, B, C, b)
        return
    for start in range(0, n, columns):
        stop = min(start + columns, n)
        own_B = every(matrix(s, 0, K, stop - start), 0, 1)
        copy_rows(columns_of(B, start, stop), own_B)
        all_tiles(A, own_B, columns_of(C, start, stop), vector(b, start, stop))


@inlined
def copy_rows(A: Any, copies: Any) -> None:
    """Copy a matrix, in rows."""
    for i in range(len(A)):
        given, copy = row(A, i), row(copies, i)
        for j in range(len(given)):
            copy[j] = given[j]


@part
def all_tiles(A: Any, B: Any, C: Any, b: Any) -> None:
    """Compute the tiles of a product."""
    (m, n), lanes, j = C.shape, LINE // A.itemsize, 0
    while j < n:
        left = (n - j + lanes - 1) // lanes
        vectors = VECTORS if left > VECTORS + 1 else (left + 1) // 2 if left > VECTORS else left
        columns, i = min(n - j, vectors * lanes), 0
        for rows in (ROWS, HALF, 1):
            while i + rows <= m:
                one_tile(rows, vectors, A, B, C, b, i, j, columns)
                i += rows
        j += columns


@inlined
def one_tile(
    rows: Any, vectors: Any, A: Any, B: Any, C: Any, b: Any, i: Any, j: Any, n: Any
) -> None:
    """Compute a tile of a product."""
    if rows == ROWS:
        if vectors == 1:
            whole_1(A, B, C, b, i, j, n)
        elif vectors == 2:
            whole_2(A, B, C, b, i, j, n)
        else:
            whole_3(A, B, C, b, i, j, n)
    elif rows == HALF:
        if vectors == 1:
            half_1(A, B, C, b, i, j, n)
        elif vectors == 2:
            half_2(A, B, C, b, i, j, n)
        else:
            half_3(A, B, C, b, i, j, n)
    elif vectors == 1:
        row_1(A, B, C, b, i, j, n)
    elif vectors == 2:
        row_2(A, B, C, b, i, j, n)
    else:
        row_3(A, B, C, b, i, j, n)


@reordered
def narrow_product(X: Any, W: Any, Y: Any, b: Any, s: Any) -> None:
    """Write Y = X W + b for a few columns; `s` is scratch memory for Wᵀ."""
    n_in, n_out = W.shape
    turned, last = matrix(s, 0, n_out, n_in), len(X) - 1
    transpose(W, turned)
    for i in range(0, len(X), 4):  # the last row more than once, so that all have the same sums
        i_1, i_2, i_3 = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        for j in range(n_out):
            y = y_1 = y_2 = y_3 = X.dtype.type(0)
            for h in range(n_in):
                w = turned[j, h]
                y, y_1 = y + X[i, h] * w, y_1 + X[i_1, h] * w
                y_2, y_3 = y_2 + X[i_2, h] * w, y_3 + X[i_3, h] * w
            Y[i, j], Y[i_1, j], Y[i_2, j], Y[i_3, j] = y + b[j], y_1 + b[j], y_2 + b[j], y_3 + b[j]


@inlined
def product_of_transposed(X: Any, dY: Any, dW: Any, zeros: Any, s: Any) -> None:
    """Write dW = Xᵀ dY; `s` is scratch memory for a narrow dW, `zeros` is as long as its sides."""
    n_in, n_out = dW.shape
    if n_out > NARROW:
        product(X.T, dY, dW, zeros)
        return
    turned = matrix(s, 0, n_out, n_in)
    product(dY.T, X, turned, zeros)
    transpose(turned, dW)


@part
def product_by_transpose(dY: Any, W: Any, dX: Any, zeros: Any, s: Any) -> None:
    """Write dX = dY Wᵀ for a large W as dXᵀ = W dYᵀ, some samples and rows of W at a time.

    `s` is scratch memory for n (n_in + n_out) numbers; `zeros` are as many as a tile has columns.
    """
    (n, n_out), n_in, columns = dY.shape, len(W), VECTORS * LINE // dY.itemsize
    for first in range(0, n, columns):
        last = min(first + columns, n)
        transpose(rows_of(dY, first, last), matrix(s, first * n_out, n_out, last - first))
    for start in range(0, n_in, STRIP):
        stop = min(start + STRIP, n_in)
        for first in range(0, n, columns):
            last = min(first + columns, n)
            turned_dY = matrix(s, first * n_out, n_out, last - first)
            turned_dX = matrix(s, n * n_out, stop - start, last - first)
            product(rows_of(W, start, stop), turned_dY, turned_dX, zeros)
            transpose(turned_dX, columns_of(rows_of(dX, first, last), start, stop))


@inlined
def transpose(W: Any, turned: Any) -> None:
    """Write Wᵀ."""
    transpose_blocks(every(W, 0, 1), every(turned, 0, 1))


@part
def transpose_blocks(W: Any, turned: Any) -> None:
    """Write Wᵀ, some rows of W at a time."""
    n_in, n_out = W.shape
    for first in range(0, n_in, BLOCK):
        last = min(first + BLOCK, n_in)
        for j in range(n_out):
            for i in range(first, last):
                turned[j, i] = W[i, j]
