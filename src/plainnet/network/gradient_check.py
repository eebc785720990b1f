"""Check a backward pass: compare its gradient with finite differences.

(J(θ + h) − J(θ − h)) / 2h needs only the forward pass, so it cannot share a mistake with the
backward pass; it is far too slow for training.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plainnet.network.arguments import check_part
from plainnet.network.arrays import Array, Rng
from plainnet.network.loss import Loss
from plainnet.network.network import Network
from plainnet.network.randomness import generator

DIFFERENCE_WIDTHS = (1e-5, 1e-6)
"""The widths h. The smaller one is tried where the larger disagrees, because that may have stepped
over the kink of a ReLU; a wrong gradient disagrees with both."""

SMALLEST_SCALE = 1e-3
"""The scale of errors in smaller gradients: finite differences have an error of some 1e-10."""


@dataclass(frozen=True)
class GradientCheck:
    """The result of `check_gradients`: the largest relative error of each parameter array."""

    errors: dict[str, float]
    """The errors by name, `X` for the inputs: |analytic − numeric| / the largest gradient."""
    checked: int
    """The number of single entries compared."""

    @property
    def worst(self) -> str:
        """The name with the largest error."""
        return max(self.errors, key=lambda name: self.errors[name])

    @property
    def error(self) -> float:
        """The largest error; below 1e-6 for a correct backward pass."""
        return self.errors[self.worst]


def check_gradients(
    network: Network,
    loss: Loss,
    X: Array,
    y: Array,
    weights: Array | None = None,
    *,
    entries: int = 50,
    rng: Rng | int | None = 0,
) -> GradientCheck:
    """Compare a network's gradients with finite differences; the network is not changed.

    The check works on a float64 copy in training mode, with the same masks of Dropout at each
    evaluation. Biases that are zero are drawn at random there: otherwise many sums would lie on
    the kink of ReLU, where there is no derivative to compare with.

    >>> from plainnet import SigmoidCrossEntropy
    >>> X, y = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    >>> check_gradients(Network.dense([3, 4, 1]), SigmoidCrossEntropy(), X, y).error < 1e-6
    True

    Args:
        network: any network, also with layers of your own.
        loss: the loss, whose gradient is checked.
        X: inputs `(N, n_in)`; a few samples suffice.
        y: targets, as the loss takes them.
        weights: of the samples `(N,)`.
        entries: how many entries of each array are compared, drawn at random.
        rng: generator or seed of the entries and biases drawn.
    """
    order = "network, loss, X, y"
    check_part("network", network, Network, "Network.dense([2, 16, 1])", order)
    check_part("loss", loss, Loss, "SoftmaxCrossEntropy()", order)
    rng = generator(rng)
    y = loss.check_targets(np.asarray(y), len(X), network.n_out or np.shape(X)[1])
    twin = network.copy(np.float64)
    for name, value in twin.parameters.items():
        if not value.any() and value.ndim == 1:
            twin.parameters[name][...] = rng.normal(scale=0.1, size=value.shape)
    X = np.array(X, np.float64)
    draws = [copy.deepcopy(layer.rng) for layer in twin.layers]

    def J_and_dZ() -> tuple[float, Array]:
        for layer, drawn in zip(twin.layers, draws, strict=True):
            layer.rng = copy.deepcopy(drawn)  # the same masks at each evaluation
        return loss.value_and_grad(twin.forward(X, training=True), y, weights)

    twin.grad[...] = np.nan  # a gradient is written, not accumulated: no NaN may remain
    dX = twin.backward(J_and_dZ()[1], need_dX=True)
    pairs = {name: (twin.parameters[name], twin.gradients[name]) for name in twin.parameters}
    if dX is not None:
        pairs["X"] = X, dX
    pairs = {name: (value, gradient.copy()) for name, (value, gradient) in pairs.items()}
    errors, checked = {}, 0
    for name, (value, gradient) in pairs.items():
        chosen = rng.permutation(value.size)[:entries]
        errors[name] = largest_error(lambda: J_and_dZ()[0], value, gradient, chosen)
        checked += len(chosen)
    return GradientCheck(errors, checked)


def largest_error(
    f: Callable[[], float], x: Array, gradient: Array, entries: Array | None = None
) -> float:
    """Return the largest error of `gradient` as the derivative of f() by the entries of x.

    Args:
        f: computes the value from the present content of `x`.
        x: float64, of any shape, changed in place and restored.
        gradient: the gradient to check, of the same shape.
        entries: the flat positions to compare; None: all.

    Returns:
        max |gradient − numeric| / max(|gradient|, |numeric|), both maxima over the entries; inf
        where one of them is not finite.
    """
    entries = np.arange(x.size) if entries is None else entries
    numeric = np.array([_derivative(f, x, int(i), gradient.flat[i]) for i in entries])
    analytic = gradient.reshape(-1)[entries]
    if not (np.isfinite(analytic).all() and np.isfinite(numeric).all()):
        return math.inf
    scale = max(np.abs(analytic).max(), np.abs(numeric).max(), SMALLEST_SCALE)
    return float(np.abs(analytic - numeric).max() / scale)


def _derivative(f: Callable[[], float], x: Array, i: int, expected: float) -> float:
    """Return ∂f/∂x_i by central differences, with the width that comes closer to `expected`.

    A gradient of exactly 0, such as that of a bias in front of BatchNorm, disagrees with the
    smaller width by the rounding of f alone.
    """
    held = x.flat[i]
    found = []
    for h in DIFFERENCE_WIDTHS:
        x.flat[i] = held + h
        above = f()
        x.flat[i] = held - h
        below = f()
        x.flat[i] = held
        found.append((above - below) / (2 * h))
        if abs(found[-1] - expected) <= 1e-7 * max(abs(expected), SMALLEST_SCALE):
            break
    return min(found, key=lambda numeric: abs(numeric - expected))
