"""The losses, computed from logits: their values and gradients.

A logit is an output of the last layer, before sigmoid or softmax. Output function and loss are one
formula here: it stays finite for logits of any size (to 1e38 in float32), and its gradient is
simply prediction minus target.

Dimensions: N samples, K outputs; Z and dZ are `(N, K)`. Each loss is a mean over samples. With
sample weights w it is Σ w_i J_i / Σ w_i, so a weight of 2 equals the sample twice; a batch whose
weights are all zero has loss 0 and gradient 0.
"""

import copy
from types import ModuleType
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from plainnet.checks import check_number
from plainnet.errors import DataError, ShapeError
from plainnet.network.arrays import Array
from plainnet.network.loss import Loss
from plainnet.network.targets import class_numbers, class_probabilities, real_targets

__all__ = [
    "Loss",
    "MeanSquaredError",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "mean_weights",
    "sigmoid",
]


def mean_weights(n: int, weights: Array | None) -> Array | float:
    """Return the share of each of n samples in the mean: 1/N, or w / Σ w as a column `(N, 1)`."""
    if weights is None:
        return 1 / n
    weights = weights.astype(np.float64) if weights.dtype == np.float16 else weights
    total = float(weights.sum())
    return weights[:, None] / total if total > 0 else weights[:, None]


def _columns(y: Array, Z: Array) -> Array:
    """Return the targets in the shape of Z: `(N,)` becomes a column `(N, 1)`."""
    return y.reshape(Z.shape)


class MeanSquaredError(Loss):
    """J = mean of (Z − y)² over samples and outputs; for regression. y is `(N, K)` or `(N,)`.

    >>> MeanSquaredError().value_and_grad(np.array([[1.0], [3.0]]), np.array([[0.0], [3.0]]))[0]
    0.5
    """

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        return real_targets(type(self).__name__, y, n_samples, n_out, dtype)

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        r = mean_weights(len(Z), weights)  # 1/N
        dZ = self.scratch(Z)
        self.xp.subtract(Z, _columns(y, Z), out=dZ)  # Z − y
        J = float((r * dZ**2).sum()) / Z.shape[1]  # J = 1/(N K) Σ (Z − y)²
        dZ *= r
        dZ *= 2 / Z.shape[1]  # dZ = 2 (Z − y) / (N K)
        return J, dZ


class _CrossEntropy(Loss):
    """The common part of both cross-entropies: label smoothing, against overconfidence.

    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception architecture (2016),
    section 7. The best logit is then finite; with targets of 0 and 1 it grows without bound.

    Args:
        smoothing: s, the share of each target that is distributed evenly to all classes, 0 ≤ s < 1.

    Raises:
        SettingError: `smoothing` is out of its range.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        self.smoothing = check_number("label smoothing", smoothing, "[0, 1)")

    @property
    def measured(self) -> Self:
        if not self.smoothing:
            return self
        plain = copy.copy(self)
        plain.smoothing = 0.0
        return plain

    def _smooth(self, y: Array, n_classes: int) -> None:
        """Replace y by (1−s) y + s / n_classes, in place."""
        y *= 1 - self.smoothing
        y += self.smoothing / n_classes


class SigmoidCrossEntropy(_CrossEntropy):
    """J = −mean of y ln p + (1−y) ln(1−p), with p = 1 / (1 + e^−Z).

    For two classes (K = 1: the article's cost), or for K independent questions of yes or no.
    y is 0 or 1, or a probability between; `(N,)` or `(N, K)`; the mean is over samples and outputs.
    With `smoothing` s, y is replaced by (1−s) y + s/2.

    >>> J, dZ = SigmoidCrossEntropy().value_and_grad(np.array([[0.0], [0.0]]), np.array([0, 1]))
    >>> round(J, 6), dZ.tolist()
    (0.693147, [[0.25], [-0.25]])
    """

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        columns = real_targets(type(self).__name__, y, n_samples, n_out, dtype)
        if y.min() < 0 or y.max() > 1:
            raise DataError(
                f"SigmoidCrossEntropy needs targets between 0 and 1, but got values from "
                f"{y.min()} to {y.max()}; for more than two classes use SoftmaxCrossEntropy."
            )
        return columns

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        y = self._targets(_columns(y, Z), Z)
        r = mean_weights(len(Z), weights)
        xp = self.xp
        # −y ln p − (1−y) ln(1−p) = ln(1 + e^Z) − y Z, and ln(1 + e^Z) = max(Z, 0) + ln(1 + e^−|Z|),
        # where nothing overflows; in this order no digit of a small loss cancels
        J_i = xp.maximum(Z, 0) - y * Z + xp.log1p(xp.exp(-xp.abs(Z)))
        J = float((r * J_i).sum()) / Z.shape[1]
        dZ = self.scratch(Z)
        dZ[...] = sigmoid(Z, xp)
        dZ -= y
        dZ *= r
        dZ *= 1 / Z.shape[1]  # dZ = (p − y) / (N K)
        return J, dZ

    def _targets(self, y: Array, Z: Array) -> Array:
        """Return y, smoothed where `smoothing` is set."""
        if not self.smoothing:
            return y
        T = self.scratch(Z, "targets")
        T[...] = y
        self._smooth(T, 2)  # (1−s) y + s/2
        return T

    def probabilities(self, Z: Array) -> Array:
        """Compute p = 1 / (1 + e^−Z), `(N, K)`."""
        return sigmoid(Z, self.xp)

    def both(self, Z: Array) -> Array:
        """Compute [1 − p, p] `(N, 2)` of one output; 1 − p as σ(−Z), which keeps its digits."""
        xp, e = self.xp, self.xp.exp(-self.xp.abs(Z))  # as in `sigmoid`
        both: Array = xp.concatenate([xp.where(Z <= 0, 1, e), xp.where(Z >= 0, 1, e)], axis=1)
        both /= 1 + e
        return both

    def labels(self, Z: Array) -> Array:
        """Return 1 where p ≥ ½, else 0: `(N,)` with one output, else `(N, K)`."""
        yes = (Z >= 0).astype(np.int64)
        return yes[:, 0] if yes.shape[1] == 1 else yes

    def metrics(self, Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
        """Compute the accuracy at a threshold of ½."""
        right = (Z >= 0) == (_columns(y, Z) >= 0.5)
        return {"accuracy": float(np.average(right.mean(axis=1), weights=weights))}


class SoftmaxCrossEntropy(_CrossEntropy):
    """J = −mean of Σ_k y_k ln P_k, with P = softmax(Z): one of K classes.

    y is the number of the true class, `(N,)` in 0 … K−1, for which J = −mean of ln P[i, y_i]; or a
    probability for each class, `(N, K)`. With `smoothing` s, y_k is replaced by (1−s) y_k + s/K.

    >>> J, dZ = SoftmaxCrossEntropy().value_and_grad(np.zeros((1, 4)), np.array([2]))
    >>> round(J, 6), dZ.tolist()
    (1.386294, [[0.25, 0.25, -0.75, 0.25]])
    """

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        name = type(self).__name__
        if y.shape == (n_samples,):
            return class_numbers(name, y, n_out)
        if y.shape == (n_samples, n_out):
            return class_probabilities(name, y, dtype)
        raise ShapeError(
            f"{name} needs one class number for each of {n_samples} samples, shape ({n_samples},), "
            f"or a probability for each of {n_out} classes, shape ({n_samples}, {n_out}), "
            f"but got {y.shape}."
        )

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        xp, right = self.xp, (self.xp.arange(len(Z))[:, None], y[:, None])  # each row's class
        r = mean_weights(len(Z), weights)
        T = self._targets(y, Z) if y.ndim == 2 or self.smoothing else None  # None: classes
        dZ = self.scratch(Z)
        xp.subtract(Z, Z.max(axis=1, keepdims=True), out=dZ)  # e^Z could overflow
        z = dZ[right] if T is None else (T * dZ).sum(axis=1, keepdims=True)
        xp.exp(dZ, out=dZ)
        total = dZ.sum(axis=1, keepdims=True)
        # −Σ_k y_k ln P_k = ln Σ e^Z − Σ_k y_k Z_k, for one class ln Σ e^Z − Z[i, y_i]
        J = float((r * (xp.log(total) - z)).sum())
        dZ *= r / total  # P / N
        if T is None:
            dZ[right] -= r  # dZ = (P − [one-hot y]) / N
        else:
            T *= r
            dZ -= T  # dZ = (P − y) / N
        return J, dZ

    def _targets(self, y: Array, Z: Array) -> Array:
        """Return y as probabilities, smoothed where `smoothing` is set: a copy to overwrite."""
        T = self.scratch(Z, "targets")
        if y.ndim == 2:
            T[...] = y
        else:
            T[...] = 0
            T[self.xp.arange(len(Z)), y] = 1
        if self.smoothing:
            self._smooth(T, T.shape[1])  # (1−s) y + s/K
        return T

    def probabilities(self, Z: Array) -> Array:
        """Compute P = softmax(Z) = e^Z / Σ_K e^Z, `(N, K)`; each row sums to 1."""
        P: Array = Z - Z.max(axis=1, keepdims=True)  # e^Z could overflow
        self.xp.exp(P, out=P)
        P /= P.sum(axis=1, keepdims=True)
        return P

    def labels(self, Z: Array) -> Array:
        """Return the most probable class of each sample, `(N,)`."""
        labels: Array = Z.argmax(axis=1)
        return labels

    def metrics(self, Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
        """Compute the accuracy; of target probabilities the most probable class is the true one."""
        right = self.labels(Z) == (y if y.ndim == 1 else self.labels(y))
        return {"accuracy": float(np.average(right, weights=weights))}


def sigmoid(Z: Array, xp: ModuleType = np) -> Array:
    """Compute 1 / (1 + e^−Z), exact to the last digits also where it is close to 0."""
    e = xp.exp(-xp.abs(Z))  # in (0, 1]: cannot overflow
    p: Array = xp.where(Z >= 0, 1, e) / (1 + e)
    return p
