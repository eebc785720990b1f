"""A large first W, shared out by inputs, as parts of the compiled steps.

The inputs of the first layer are cut into the same few blocks for any number of threads, and

    Y = X W + b = Σ_blocks X[:, block] W[block] + b.

Each thread computes the products of its own blocks, and later updates the same rows of W, which
stay in its processor's cache meanwhile.
"""

from typing import Any

from plainnet.training.compiled.jit import inlined, part
from plainnet.training.compiled.parts import BLOCKS
from plainnet.training.compiled.products import product
from plainnet.training.compiled.team import own
from plainnet.training.compiled.tiles import ROWS


@part
def own_inputs(n_in: Any, team: Any) -> Any:
    """Return the first and the last + 1 of a thread's inputs."""
    size, some = block_size(n_in), own(BLOCKS, 1, team)
    return min(some[0] * size, n_in), min(some[1] * size, n_in)


@part
def block_size(n_in: Any) -> Any:
    """Return the inputs of a block."""
    return (n_in + BLOCKS * ROWS - 1) // (BLOCKS * ROWS) * ROWS


@part
def products_of(n: Any, n_out: Any, memory: Any) -> Any:
    """Return the products of all blocks for n samples, `(blocks, n, n_out)`, in this memory."""
    return memory[: BLOCKS * n * n_out].reshape(BLOCKS, n, n_out)


@inlined
def block_products(X: Any, W: Any, b: Any, zeros: Any, products: Any, team: Any) -> None:
    """Write the products of a thread's own blocks; that of the first block contains b."""
    some, n_in, size = own(BLOCKS, 1, team), len(W), block_size(len(W))
    for block in range(some[0], some[1]):
        start, stop = min(block * size, n_in), min((block + 1) * size, n_in)
        product(X[:, start:stop], W[start:stop], products[block], b if block == 0 else zeros)


@part
def add_up(products: Any, some: Any, Y: Any) -> None:
    """Write Y of some samples."""
    for i in range(some[0], some[1]):
        for j in range(Y.shape[1]):
            left, right = products[0, i, j] + products[1, i, j], products[2, i, j]
            Y[i - some[0], j] = left + (right + products[3, i, j])
