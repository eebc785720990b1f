"""Few samples, many features: the same training in the span of the samples, many times faster.

The gradient of the first layer, dW = Xᵀ dZ, lies in the span of the samples: with N samples of
n_in > N features W can only move in N of its n_in dimensions. So take an orthonormal basis Q of
them, in which X = C Qᵀ, and train coordinates instead:

    X W = C Qᵀ W = C V    with C `(N, N)` in the place of X and V = Qᵀ W in that of W.

Gradient descent, momentum and Nesterov's commute with the rotation Q (RMSprop and Adam do not:
they look at each coordinate by itself), norms keep their length, and so W = W₀ + Q (V − QᵀW₀) at
every step: not an approximation, the same numbers. What of W₀ lies outside the span only decays
with L2; one more input, always 0, carries how much of it is left.

It needs samples that stay as they are: nothing may be drawn anew between two epochs.
"""

import copy
import logging

import numpy as np

from plainnet.network import Array, Dense, Network
from plainnet.network.replicas import copies
from plainnet.training.optimizer import Optimizer
from plainnet.training.optimizers import GradientDescent, Momentum, Nesterov

log = logging.getLogger(__name__)

COMMUTING = (GradientDescent, Momentum, Nesterov)
"""Optimizers that do not care in which orthonormal basis a weight is written down."""

COLUMNS = 1024
"""Features that are made float64 at once."""

NEGLIGIBLE = 1e-12
"""Squares of singular values below this part of the largest are rounding errors of X Xᵀ."""

PAYS = 2
"""What is saved must be so many times what the factorisation costs."""


def span_pays(network: Network, optimizer: Optimizer, X: Array, epochs: int) -> bool:
    """Whether training on samples X `(N, …)` in their span is the same, and faster.

    An epoch costs the first layer some 4 N n_in n_units operations, in the span 4 N N n_units; the
    factorisation costs some 4 N N n_in.
    """
    first = network.layers[0]
    if not (type(optimizer) in COMMUTING and optimizer.t == 0 and network.xp is np):
        return False
    if type(network) is not Network:  # who knows what another one does with its inputs
        return False
    if type(first) is not Dense or first.n_out is None:
        return False
    n, n_in = len(X), X[0].size
    return bool(epochs * first.n_out * (n_in - n) > PAYS * n * n_in)


class Span:
    """A training in the span of its samples.

    Train `network` and `optimizer` on `C`; `settle()` brings the originals up to date.

    Args:
        network: the original; its first layer is a Dense layer.
        optimizer: the original, before its first step.
        X: inputs `(N, n_in)` with N < n_in.
    """

    def __init__(self, network: Network, optimizer: Optimizer, X: Array) -> None:
        self._originals = network, optimizer
        Q, C = basis(X)
        W = network.parameters["layers.0.W"]
        V = Q.T @ W  # (rank, n_units)
        log.info(
            "fewer samples than features: training in the %d dimensions that the samples span, "
            "not in %d (the same result, faster)",
            *Q.T.shape,
        )
        self._Q, self._outside = Q, W - Q @ V
        self.C: Array = np.hstack([C, np.zeros((len(X), 1), X.dtype)])  # (N, rank + 1)
        first = Dense(self.C.shape[1], W.shape[1])
        rest = copies(network.layers, network.theta, network.grad)[1:]  # sharing their generators
        self.network = Network([first, *rest], dtype=network.dtype)
        for name, value in network.parameters.items():
            self.network.parameters[name][...] = (
                np.vstack([V, np.ones_like(W[:1])]) if name == "layers.0.W" else value
            )
        for name, value in network.state.items():
            self.network.state[name][...] = value
        self.optimizer = copy.copy(optimizer)
        self.optimizer.memory = {}

    def settle(self) -> None:
        """Write parameters, state, and what the optimizer remembers back into the originals."""
        network, optimizer = self._originals
        self._expand(self.network.theta, network.theta)
        for name, value in self.network.state.items():
            network.state[name][...] = value
        optimizer.t = self.optimizer.t
        for name, memory in self.optimizer.memory.items():
            optimizer.memory.setdefault(name, np.zeros_like(network.theta))
            self._expand(memory, optimizer.memory[name])

    def _expand(self, small: Array, large: Array) -> None:
        """A vector over the small network's parameters as one over the original's, in place."""
        rows, units = self.C.shape[1], self._outside.shape[1]
        V = small[: rows * units].reshape(rows, units)
        W = large[: self._outside.size].reshape(self._outside.shape)
        np.matmul(self._Q, V[:-1], out=W)
        W += V[-1] * self._outside  # W = Q V + what is left outside
        large[self._outside.size :] = small[rows * units :]


def basis(X: Array) -> tuple[Array, Array]:
    """An orthonormal basis Q `(n_in, rank)` of the rows of X, their coordinates C: X = C Qᵀ.

    In float64 from the QR factorisation, exact to the last digits. In float32 from the eigenvectors
    of X Xᵀ, computed in float64, which takes a fifth of the time: with X = U S Qᵀ (the singular
    value decomposition), X Xᵀ = U S² Uᵀ, C = U S and Q = Xᵀ U / S. What is left out there is
    smaller than the rounding of X.
    """
    if X.dtype != np.float32:
        Q, R = np.linalg.qr(X.T)
        return Q, R.T
    G = np.zeros((len(X), len(X)))
    for start in range(0, X.shape[1], COLUMNS):
        part = X[:, start : start + COLUMNS].astype(np.float64)
        G += part @ part.T
    squares, U = np.linalg.eigh(G)
    kept = squares > NEGLIGIBLE * squares.max()
    S, U = np.sqrt(squares[kept]), U[:, kept]
    return X.T @ (U / S).astype(X.dtype), (U * S).astype(X.dtype)
