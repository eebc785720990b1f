"""The product X W of a few rows X, for answers.

A library of matrix products copies both matrices into another order first, which pays only where
there are many rows. On processors with AVX-512, OpenBLAS leaves that out up to `UNCOPIED`
multiply-adds, and then computes eight rows in half the time. So X W is a sum of such products here:
of a few rows of X and as many rows of W as remain in a core's cache while all of X passes. They
have one thread in any case. A training, whose steps allocate no array, does not use it.
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
FEWEST_COLUMNS, MOST_COLUMNS = 64, 4000
"""The columns of W for which blocks are neither too narrow nor too low."""
MOST_ROWS = 16
"""The most rows of X; with more, the copies cost little, and two threads of a library less."""
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
    whole, step = len(X) - len(X) % rows, UNCOPIED // (rows * n_out)
    blocks, sums = X[:whole].reshape(-1, rows, n_in), out
    for k in range(0, n_in, step):
        some = slice(k, k + step)
        np.matmul(blocks[:, :, some], W[some], out=sums[:whole].reshape(-1, rows, n_out))
        if whole < len(X):  # the last rows, some of them once more
            np.matmul(X[-rows:, some], W[some], out=sums[-rows:])
        if k:
            out += sums  # Y = Σ X_k W_k
        elif step < n_in:
            sums = np.empty_like(out)


def _in_blocks(X: Array, W: Array, out: Array) -> bool:
    """Return whether blocks are possible, and faster."""
    n, n_out = len(X), W.shape[1]
    if not (1 < n <= MOST_ROWS and UNCOPIED < n * W.size <= SMALL_PRODUCT):
        return False
    if not FEWEST_COLUMNS <= n_out <= MOST_COLUMNS:
        return False
    alike = X.dtype == W.dtype == out.dtype == np.float32 and out.flags.c_contiguous
    return alike and leaves_out()


@cache
def leaves_out() -> bool:
    """Return whether this is a processor and an OpenBLAS that leaves out the copies."""
    config: Any = np.show_config("dicts")
    library = config.get("Build Dependencies", {}).get("blas", {}).get("name")
    has_avx512 = not AVX512.isdisjoint(config.get("SIMD Extensions", {}).get("found", ()))
    return library == LIBRARY and has_avx512 and "OPENBLAS_CORETYPE" not in os.environ
