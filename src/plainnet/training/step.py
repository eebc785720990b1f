"""One step: forward, loss, backward, update."""

import math

from plainnet.errors import DivergedError
from plainnet.network import Array, Loss, Network
from plainnet.training import fused
from plainnet.training.fused_step import fused_gradient
from plainnet.training.optimizer import Optimizer
from plainnet.training.penalty import add_l2


def train_step(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    weights: Array | None = None,
    clip_norm: float | None = None,
    l2: float = 0.0,
) -> float:
    """Forward, loss, backward, update: one step on one batch; returns the loss before it."""
    J = gradient(network, loss, X, y, weights, fuse=fused.pays(optimizer.t, network.n_parameters))
    if not math.isfinite(J):
        raise DivergedError(
            f"The loss became {J} after {optimizer.t} steps, with learning rate "
            f"{optimizer.learning_rate:g}; try {optimizer.learning_rate / 10:g}, clip_norm=1, or "
            "inputs scaled to a mean of 0 and a spread of 1."
        )
    if l2 and (n := count(X, weights)):
        J += add_l2(network, l2 / n)
    if clip_norm is not None:
        clip(network.grad, clip_norm)
    optimizer.step(network.theta, network.grad, network.n_weights)
    return J


def gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, *, fuse: bool
) -> float:
    """The loss of a batch, with `network.grad` written; `fuse`: in compiled loops if there are."""
    J = fused_gradient(network, loss, X, y, weights) if fuse else None
    if J is None:
        Z = network.forward(X, training=True)
        J, dZ = loss.value_and_grad(Z, y, weights)
        network.backward(dZ)
    return J


def count(X: Array, weights: Array | None) -> float:
    """How many samples a batch counts as: the sum of their weights."""
    return len(X) if weights is None else float(weights.sum())


def clip(grad: Array, norm: float) -> float:
    """Scale `grad` down, in place, to a Euclidean norm of at most `norm`; returns what it was.

    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013),
    algorithm 1.
    """
    length = math.sqrt(float(grad @ grad))
    if not math.isfinite(length):  # the squares overflow long before the gradient does
        largest = float(abs(grad).max())
        length = largest * math.sqrt(float(((grad / largest) ** 2).sum()))
    if length > norm:
        grad *= norm / length
    return length
