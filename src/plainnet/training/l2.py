"""The L2 penalty as a part of the loss: it penalizes large weights."""

from weakref import WeakKeyDictionary

from plainnet.network import Array, Network
from plainnet.training.optimizer import BLOCK


def add_l2(network: Network, strength: float) -> float:
    """Add λW to the gradient of the weights, in place; return the penalty λ/2 ‖W‖².

    Biases, γ and β are not penalized. Only the first call allocates memory.

    Args:
        network: with the gradient of a batch in `grad`.
        strength: λ ≥ 0.
    """
    theta, grad, total = network.theta, network.grad, 0.0
    if (scratch := _memory.get(network)) is None:
        scratch = _memory[network] = network.xp.empty_like(theta[:BLOCK])
    for start in range(0, network.n_weights, BLOCK):
        block = slice(start, min(start + BLOCK, network.n_weights))
        W, s = theta[block], scratch[: block.stop - start]
        network.xp.multiply(W, strength, out=s)
        grad[block] += s  # dW ← dW + λ W
        total += float(s @ W)
    return total / 2  # λ/2 ‖W‖²


_memory: "WeakKeyDictionary[Network, Array]" = WeakKeyDictionary()
