"""Few samples, many features: the same training in the span of the samples, many times faster.

The gradient of the first layer, dW = Xᵀ dZ, lies in the span of the samples: with N samples of
n_in > N features W can only move in N of its n_in dimensions. So take an orthonormal basis Q of
them, in which X = C Qᵀ, and train coordinates instead:

    X W = C Qᵀ W = C V    with C `(N, N)` instead of X, and V = Qᵀ W instead of W.

Gradient descent, momentum and Nesterov's momentum commute with the rotation Q (RMSprop and Adam do
not: they scale each coordinate separately), and Q preserves norms. So W = W₀ + Q (V − QᵀW₀) at
every step: the result is exact, up to rounding. The part of W₀ outside the span only decays with
the optimizer's weight decay; one more input, always 0, tracks its remaining share.

`train_in_subspace` does so where the result is the same and faster, and updates the network after
each epoch. `Subspace` trains a small network instead of the original, and updates that at the end.
"""

import copy
import logging
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np

from plainnet.errors import SettingError
from plainnet.network import Array, Dense, Loss, Network, Rng
from plainnet.network.replicas import copies
from plainnet.training.arguments import check_parts, checked_samples
from plainnet.training.engine import claimed
from plainnet.training.epoch import Epochs
from plainnet.training.optimizer import Optimizer
from plainnet.training.optimizers import GradientDescent, Momentum, Nesterov
from plainnet.training.regularization import Regularization
from plainnet.training.schedules import Schedule
from plainnet.training.trainer import Training, train
from plainnet.training.validation import Held, Validation, checked_validation, measure

log = logging.getLogger(__name__)

COMMUTING = (GradientDescent, Momentum, Nesterov)
"""The optimizers whose steps do not depend on the orthonormal basis of the weights."""

BLOCK_COLUMNS = 1024
"""Number of features converted to float64 at once."""

RANK_TOLERANCE = 1e-12
"""Squared singular values below this share of the largest are rounding errors of X Xᵀ."""

LEAST_SAVING = 2
"""How many times the cost of the factorisation a subspace must save."""


def train_in_subspace(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    *,
    epochs: int,
    batch_size: int | None = None,
    rng: Rng | int | None = 0,
    weights: Array | None = None,
    schedule: Schedule | None = None,
    clip_norm: float | None = None,
    validation: Held | None = None,
) -> Epochs:
    """Train as `train` does, in the span of the samples where that is equivalent and faster.

    The network and its state are updated after each epoch, the optimizer's memory when the stream
    ends, and `grad` never. Of changes between two epochs only that of the learning rate has an
    effect. The arguments are those of `train`.

    Raises:
        ShapeError, DataError, SettingError: at the call, before anything is computed.
        DivergedError: while iterating, when the loss is no longer finite.
    """
    check_parts(network, loss, optimizer)
    X, y, weights = checked_samples(network, loss, X, y, weights)
    given: dict[str, Any] = {
        "epochs": epochs,
        "batch_size": batch_size,
        "rng": rng,
        "weights": weights,
        "schedule": schedule,
        "regularization": Regularization(clip_norm=clip_norm),
    }
    direct = train(network, loss, optimizer, X, y, **given, validation=validation)
    if not subspace_pays(network, optimizer, X, epochs):
        return direct
    direct.close()  # it has checked the arguments
    held = checked_validation(network, loss, validation)
    return Training(_in_subspace(network, loss, optimizer, X, y, given, held))


def _in_subspace(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    given: Mapping[str, Any],
    held: Validation | None,
) -> Epochs:
    with Subspace(network, optimizer, X) as small:
        stream = train(small.network, loss, small.optimizer, small.X, y, **given)
        while True:
            small.optimizer.learning_rate = optimizer.learning_rate
            with claimed(network):
                epoch = next(stream, None)
                if epoch is None:
                    return
                small.expand()
            optimizer.learning_rate = small.optimizer.learning_rate
            yield replace(epoch, validation=measure(network, loss, small.optimizer, held))


def has_subspace(network: Network, optimizer: Optimizer, X: Array) -> bool:
    """Return whether training on samples X `(N, …)` in their span is equivalent."""
    first = network.layers[0]
    return (
        type(optimizer) in COMMUTING
        and optimizer.t == 0
        and type(network) is Network  # a subclass may use its inputs in other ways
        and network.xp is np
        and type(first) is Dense
        and not first.rate_factors
        and bool(len(X) < X[0].size)
    )


def subspace_pays(network: Network, optimizer: Optimizer, X: Array, epochs: int) -> bool:
    """Return whether training on samples X `(N, …)` in their span is equivalent and faster.

    The first layer takes some 4 N n_in n_units operations an epoch, in the span 4 N N n_units; the
    factorisation takes some 4 N N n_in.
    """
    if not has_subspace(network, optimizer, X):
        return False
    n, n_in = len(X), int(X[0].size)
    return epochs * int(network.layers[0].n_out or 0) * (n_in - n) > LEAST_SAVING * n * n_in


class Subspace:
    """A small network to train instead of one with many features.

    ::

        with Subspace(network, optimizer, X) as small:
            for epoch in train(small.network, loss, small.optimizer, small.X, y, epochs=1000):
                print(epoch.number, epoch.loss)

    At the end, however the block is left, `network` and `optimizer` are as if they had been trained
    on X. Within the block only `expand()` changes them.

    Args:
        network: the original; its first layer is a Dense layer.
        optimizer: the original, before its first step: gradient descent, momentum or Nesterov's.
        X: inputs `(N, …)` with N < n_in; all samples of the training.

    Raises:
        SettingError: the training would not be equivalent.
    """

    def __init__(self, network: Network, optimizer: Optimizer, X: Array) -> None:
        if not has_subspace(network, optimizer, X):
            raise SettingError(
                "A training in the span of its samples needs a network that begins with a Dense "
                "layer, a new GradientDescent, Momentum or Nesterov, and fewer samples than "
                f"features, but got {network}, {type(optimizer).__name__} after {optimizer.t} "
                f"steps and samples of shape {X.shape}; use train."
            )
        X = np.asarray(X).reshape(len(X), -1).astype(network.dtype, copy=False)
        self._originals = network, optimizer
        Q, C = basis(X)
        W = network.parameters["layers.0.W"]
        V = Q.T @ W  # (rank, n_units)
        log.info(
            "fewer samples than features: training in the %d dimensions that the samples span "
            "instead of %d (the same result, faster)",
            *Q.T.shape,
        )
        self._Q, self._outside = Q, W - Q @ V
        self.X: Array = np.hstack([C, np.zeros((len(X), 1), X.dtype)])
        """The coordinates of the samples in their span, `(N, rank + 1)`."""
        first = Dense(self.X.shape[1], W.shape[1])
        rest = copies(network.layers, network.theta, network.grad)[1:]  # sharing their generators
        self.network = Network([first, *rest], dtype=network.dtype)
        """The small network, to train instead of the original."""
        for name, value in network.parameters.items():
            self.network.parameters[name][...] = (
                np.vstack([V, np.ones_like(W[:1])]) if name == "layers.0.W" else value
            )
        for name, value in network.state.items():
            self.network.state[name][...] = value
        self.optimizer = copy.copy(optimizer)
        """The small network's optimizer, to use instead of the original."""
        self.optimizer.memory = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.expand()
        original = self._originals[1]
        original.t, original.learning_rate = self.optimizer.t, self.optimizer.learning_rate
        for name, memory in self.optimizer.memory.items():
            original.memory.setdefault(name, np.zeros_like(self._originals[0].theta))
            self._expand(memory, original.memory[name])

    def expand(self) -> None:
        """Update the parameters and the state of the original network."""
        network = self._originals[0]
        self._expand(self.network.theta, network.theta)
        for name, value in self.network.state.items():
            network.state[name][...] = value

    def _expand(self, small: Array, large: Array) -> None:
        """Convert a vector of the small network's parameters to one of the original's."""
        rows, units = self.X.shape[1], self._outside.shape[1]
        V = small[: rows * units].reshape(rows, units)
        W = large[: self._outside.size].reshape(self._outside.shape)
        np.matmul(self._Q, V[:-1], out=W)
        W += V[-1] * self._outside  # W = Q V + the rest outside of the span
        large[self._outside.size :] = small[rows * units :]


def basis(X: Array) -> tuple[Array, Array]:
    """Compute an orthonormal basis Q `(n_in, rank)` of the rows of X, and C with X = C Qᵀ.

    In float64 they come from the QR factorisation, exact to the last digits. In float32 they come
    from the eigenvectors of X Xᵀ, computed in float64, in a fifth of the time: with the singular
    value decomposition X = U S Qᵀ, X Xᵀ = U S² Uᵀ, C = U S and Q = Xᵀ U / S. The neglected part is
    smaller than the rounding of X.
    """
    if X.dtype != np.float32:
        Q, R = np.linalg.qr(X.T)
        return Q, R.T
    G = np.zeros((len(X), len(X)))
    for start in range(0, X.shape[1], BLOCK_COLUMNS):
        part = X[:, start : start + BLOCK_COLUMNS].astype(np.float64)
        G += part @ part.T
    squares, U = np.linalg.eigh(G)
    kept = squares > RANK_TOLERANCE * squares.max()
    S, U = np.sqrt(squares[kept]), U[:, kept]
    return X.T @ (U / S).astype(X.dtype), (U * S).astype(X.dtype)
