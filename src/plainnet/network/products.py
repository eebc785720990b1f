"""The product X W of a few rows X, as in answers and in small batches.

A library of matrix products copies both matrices into another order first, which pays only where
there are many rows. On processors with AVX-512, OpenBLAS leaves that out up to `UNCOPIED`
multiply-adds, and then computes eight rows in half the time. So X W is cut into blocks of that size
here, a few rows and as many columns of W as remain in a core's cache while all rows pass. These
products have one thread in any case.
"""

import os
from functools import cache
from typing import Any

import numpy as np

from plainnet.network.arrays import Array

SMALL_PRODUCT = 5e7
"""Multiply-adds of a step's largest product up to which one thread is fastest where other programs
use the processors, too."""
UNCOPIED = 10**6
"""The most multiply-adds of a product that OpenBLAS computes without copying the matrices."""
ROWS = 4
"""The rows of a block: the fewest that make use of each number of W while it is in a register."""
COLUMNS = 64
"""The columns of a block are a multiple of it."""
MOST_INPUTS = UNCOPIED // (ROWS * 2 * COLUMNS)
"""The most inputs; with more, the blocks would be too narrow."""
MOST_NUMBERS = 2**16
"""The most numbers of X: it stays in the cache beside a block of W, and the copies of more rows
cost little."""
LIBRARY = "scipy-openblas"
"""NumPy's name for the OpenBLAS in its own packages."""
AVX512 = {"AVX512_SKX", "X86_V4"}
"""NumPy's names for it, in versions before and from 2.4."""


def dot(X: Array, W: Array, out: Array) -> None:
    """Write X W into `out` `(N, n_out)`, which is in C order; X is `(N, n_in)`."""
    if not _in_blocks(X, W, out):
        np.dot(X, W, out=out)
        return
    rows, (n_in, n_out) = min(ROWS, len(X)), W.shape
    whole = len(X) - len(X) % rows
    X_blocks, Y_blocks = X[:whole].reshape(-1, rows, n_in), out[:whole].reshape(-1, rows, n_out)
    width = UNCOPIED // (rows * n_in) // COLUMNS * COLUMNS
    for j in range(0, n_out, width):
        columns = slice(j, j + width)
        np.matmul(X_blocks, W[:, columns], out=Y_blocks[:, :, columns])
        if whole < len(X):  # the last rows, some of them once more
            np.matmul(X[-rows:], W[:, columns], out=out[-rows:, columns])


def _in_blocks(X: Array, W: Array, out: Array) -> bool:
    """Return whether blocks are possible, and faster."""
    if not (len(X) > 1 and X.size <= MOST_NUMBERS and UNCOPIED < len(X) * W.size <= SMALL_PRODUCT):
        return False
    alike = X.dtype == W.dtype == out.dtype == np.float32 and out.flags.c_contiguous
    return alike and len(W) <= MOST_INPUTS and W.shape[1] >= COLUMNS and leaves_out()


@cache
def leaves_out() -> bool:
    """Return whether this is a processor and an OpenBLAS that leaves out the copies."""
    config: Any = np.show_config("dicts")
    library = config.get("Build Dependencies", {}).get("blas", {}).get("name")
    has_avx512 = not AVX512.isdisjoint(config.get("SIMD Extensions", {}).get("found", ()))
    return library == LIBRARY and has_avx512 and "OPENBLAS_CORETYPE" not in os.environ
