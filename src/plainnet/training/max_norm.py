"""Max-norm: a bound on the size of the weights, applied after a step."""

import math
from weakref import WeakKeyDictionary

from plainnet.checks import check_number
from plainnet.network import Array, Network
from plainnet.network.arrays import Scratch

BLOCK_ROWS = 256
"""Rows of W that are squared together: few enough to stay in the processor's cache."""


def limit_norms(network: Network, c: float) -> None:
    """Scale the weights into each unit down to a Euclidean norm of c where it is larger, in place.

    These are the columns of each W `(n_in, n_out)`; biases, γ and β do not change. The weights stay
    bounded however large the learning rate is: Srivastava, Hinton, Krizhevsky, Sutskever,
    Salakhutdinov: Dropout (2014), section 5.1, who recommend c between 3 and 4. Call it after each
    step. Only the first call allocates memory.

    >>> network = Network.dense([2, 3])
    >>> limit_norms(network, 0.1)
    >>> bool((np.linalg.norm(network.parameters["layers.0.W"], axis=0) <= 0.1001).all())
    True

    Args:
        network: changed in place.
        c: the largest norm, > 0.

    Raises:
        SettingError: c is out of its range.
    """
    c = check_number("largest norm of the weights into a unit", c, "(0, inf)")
    if (scratch := _memory.get(network)) is None:
        scratch = _memory[network] = Scratch(network.xp, network.dtype)
    parameters = network.parameters
    for i, layer in enumerate(network.layers):
        for name, shape in layer.weights.items():
            if len(shape) == 2:
                _limit(parameters[f"layers.{i}.{name}"], c, scratch)


def _limit(W: Array, c: float, scratch: Scratch) -> None:
    """Limit the columns of one W; if all are short enough, write nothing."""
    norms = _norms(W, scratch)
    longest = float(norms.max())
    if longest <= c:
        return
    xp = scratch.xp
    if not math.isfinite(longest):  # the squares overflow long before the weights do
        W *= c / xp.maximum(xp.abs(W).max(axis=0), c)
        norms = _norms(W, scratch)
    xp.maximum(norms, c, out=norms)
    xp.divide(c, norms, out=norms)
    W *= norms  # w ← w · min(1, c / ‖w‖)


def _norms(W: Array, scratch: Scratch) -> Array:
    """Compute the Euclidean norm of each column, `(n_out,)`."""
    xp, (n_in, n_out) = scratch.xp, W.shape
    squares, ones = (
        scratch(f"squares {n_out}", (BLOCK_ROWS, n_out)),
        scratch("ones", (BLOCK_ROWS,), fill=1),
    )
    norms, part = scratch(f"norms {n_out}", (n_out,)), scratch(f"part {n_out}", (n_out,))
    norms[...] = 0
    for start in range(0, n_in, BLOCK_ROWS):
        rows = W[start : start + BLOCK_ROWS]
        n = len(rows)
        xp.multiply(rows, rows, out=squares[:n])
        xp.dot(ones[:n], squares[:n], out=part)
        norms += part
    xp.sqrt(norms, out=norms)  # ‖w‖ = √(Σ_n_in W²)
    return norms


_memory: "WeakKeyDictionary[Network, Scratch]" = WeakKeyDictionary()
