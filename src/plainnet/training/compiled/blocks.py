"""A large first W, shared out by inputs, as parts of the compiled steps.

The inputs of the first layer are cut into the same few blocks for any number of threads, and

    Y = X W + b = Σ_blocks X[:, block] W[block] + b.

Each thread computes the products of its own blocks, and later updates the same rows of W, which
stay in its processor's cache meanwhile.
"""

from typing import Any

from plainnet.training.compiled.jit import inlined, part, small
from plainnet.training.compiled.parts import BLOCKS
from plainnet.training.compiled.products import packed_product
from plainnet.training.compiled.team import own
from plainnet.training.compiled.tiles import ROWS
from plainnet.training.compiled.views import columns_of, every, matrix, rows_of


@small
def own_inputs(n_in: Any, team: Any) -> Any:
    """Return the first and the last + 1 of a thread's inputs."""
    size, some = block_size(n_in), own(BLOCKS, 1, team)
    return min(some[0] * size, n_in), min(some[1] * size, n_in)


@small
def block_size(n_in: Any) -> Any:
    """Return the inputs of a block."""
    return (n_in + BLOCKS * ROWS - 1) // (BLOCKS * ROWS) * ROWS


@inlined
def products_of(n: Any, n_out: Any, memory: Any) -> Any:
    """Return the products of all blocks for n samples, `(blocks · n, n_out)`, in this memory."""
    return matrix(memory, 0, BLOCKS * n, n_out)


@inlined
def block_products(X: Any, W: Any, b: Any, zeros: Any, products: Any, s: Any, team: Any) -> None:
    """Write the products of a thread's own blocks; that of the first block contains b."""
    some, n, n_in, size = own(BLOCKS, 1, team), len(X), len(W), block_size(len(W))
    for block in range(some[0], some[1]):
        start, stop = min(block * size, n_in), min((block + 1) * size, n_in)
        own_X, own_W = columns_of(X, start, stop), rows_of(W, start, stop)
        Y = every(rows_of(products, block * n, (block + 1) * n), 0, 1)
        packed_product(own_X, every(own_W, 0, 1), Y, b if block == 0 else zeros, s)


@part
def add_up(P: Any, some: Any, Y: Any) -> None:
    """Write Y of some samples from all products P."""
    n = len(P) // BLOCKS
    for i in range(some[0], some[1]):
        for j in range(Y.shape[1]):
            left, right = P[i, j] + P[n + i, j], P[2 * n + i, j]
            Y[i - some[0], j] = left + (right + P[3 * n + i, j])
