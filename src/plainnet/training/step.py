"""One step: forward, loss, backward, update."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from plainnet.errors import DivergedError, SettingError
from plainnet.metrics.weighting import check_weights
from plainnet.network import Array, Loss, Network
from plainnet.network.arrays import unmasked
from plainnet.network.passes import check_gradient
from plainnet.training import fused
from plainnet.training.arguments import check_parts, checked_samples
from plainnet.training.fused_step import fused_gradient
from plainnet.training.l2 import add_l2
from plainnet.training.optimizer import Optimizer


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
    """Forward, loss, backward, update: one step on one batch; returns the loss before it.

    Raises:
        SettingError, ShapeError, DataError: at a network's first step, if arguments do not fit; at
            each one, if weights do not, or values are masked.
        DivergedError: the loss is not finite; nothing has been changed.
    """
    check_parts(network, loss, optimizer)
    if network.xp is np:
        X, y = unmasked(X, "X"), unmasked(y, "y")
        weights = None if weights is None else unmasked(weights, "The array of weights")
    if weights is not None:
        X, y, weights = _counting(X, y, weights)
    if not network.proved and network.xp is np and (weights is None or weights.any()):
        X, y, weights = checked_samples(network, loss, X, y, weights)
    with claimed(network):
        return step(network, loss, optimizer, X, y, weights, clip_norm, l2)


def _counting(X: Array, y: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Without the samples of weight 0, unless all have it: it is absence, in BatchNorm too."""
    if weights.shape != (len(X),):
        check_weights(weights, len(X))
    counting = weights > 0
    n = float(counting.sum())
    if n < len(X) and float((weights == 0).sum()) != len(X) - n:  # negative, or NaN
        check_weights(weights, len(X))
    return (X[counting], y[counting], weights[counting]) if 0 < n < len(X) else (X, y, weights)


def step(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    weights: Array | None,
    clip_norm: float | None,
    l2: float,
) -> float:
    """See `train_step`, without its checks."""
    J = gradient(network, loss, X, y, weights, fuse=fused.pays(optimizer.t, network.n_parameters))
    if not math.isfinite(J):
        raise diverged(f"The loss became {J}", optimizer)
    if l2 and (n := count(X, weights)):
        J += add_l2(network, l2 / n)
    if clip_norm is not None:
        clip(network.grad, clip_norm)
    optimizer.step(network.theta, network.grad, network.n_weights)
    return J


def diverged(what: str, optimizer: Optimizer) -> DivergedError:
    """The error of a training that left the finite numbers."""
    return DivergedError(
        f"{what} after {optimizer.t} steps, with learning rate "
        f"{optimizer.learning_rate:g}; try {optimizer.learning_rate / 10:g}, clip_norm=1, or "
        "inputs scaled to a mean of 0 and a spread of 1."
    )


@contextmanager
def claimed(network: Network) -> Iterator[None]:
    """Within it no other thread trains the network.

    Raises:
        SettingError: one does.
    """
    if not network.training.acquire(blocking=False):
        raise SettingError(
            "The network is being trained in another thread; train it in one thread at a time, or "
            "train network.copy()."
        )
    try:
        yield
    finally:
        network.training.release()


def gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, *, fuse: bool
) -> float:
    """The loss of a batch, with `network.grad` written; `fuse`: in compiled loops if there are."""
    J = fused_gradient(network, loss, X, y, weights) if fuse else None
    if J is None:
        Z = network.forward(X, training=True)
        J, dZ = loss.value_and_grad(Z, y, weights)
        if not network.proved:
            check_gradient(loss, J, dZ, Z)
        network.backward(dZ)
    return float(J)


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
