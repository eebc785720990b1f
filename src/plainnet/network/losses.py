"""The losses, from logits: how wrong an answer Z is, and in which direction it should move.

A logit is the last layer's plain output, before sigmoid or softmax. Loss and output function are
one formula each here, which stays finite for logits of any size (to 1e38 in float32) and has the
simplest gradient there is: what was answered minus what was right.

Dimensions: N samples, K outputs; Z and dZ are `(N, K)`. Each loss is a mean over samples. With
sample weights w it is Σ w_i J_i / Σ w_i, so a weight of 2 counts as the sample twice; a batch whose
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
    """What each of n samples counts in the mean: 1/N, or w / Σ w as a column `(N, 1)`."""
    if weights is None:
        return 1 / n
    weights = weights.astype(np.float64) if weights.dtype == np.float16 else weights
    total = float(weights.sum())
    return weights[:, None] / total if total > 0 else weights[:, None]


def _columns(y: Array, Z: Array) -> Array:
    """Targets `(N,)` of a network with one output as a column `(N, 1)`."""
    return y.reshape(Z.shape)


class MeanSquaredError(Loss):
    """J = mean of (Z − y)² over samples and outputs; for regression. y is `(N, K)` or `(N,)`."""

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
    """What both have: label smoothing, which asks for answers that are a little less sure.

    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception architecture (2016),
    section 7. A logit is then best at a finite value; with targets of 0 and 1 it grows for ever.

    Args:
        smoothing: s, the share of each target that is dealt out evenly to all answers, 0 ≤ s < 1.

    Raises:
        SettingError: `smoothing` is outside of its range.
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

    def _smooth(self, y: Array, answers: int) -> None:
        """(1−s) y + s / answers, in place."""
        y *= 1 - self.smoothing
        y += self.smoothing / answers


class SigmoidCrossEntropy(_CrossEntropy):
    """J = −mean of y ln p + (1−y) ln(1−p), with p = 1 / (1 + e^−Z).

    For a yes-or-no answer (K = 1: the article's cost), or for K questions answered independently.
    y is 0 or 1, or a probability between; `(N,)` or `(N, K)`; the mean is over samples and outputs.
    With `smoothing` s, (1−s) y + s/2 stands for y.
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
        """y, smoothed if so wished."""
        if not self.smoothing:
            return y
        T = self.scratch(Z, "targets")
        T[...] = y
        self._smooth(T, 2)  # (1−s) y + s/2
        return T

    def probabilities(self, Z: Array) -> Array:
        """p = 1 / (1 + e^−Z), `(N, K)`."""
        return sigmoid(Z, self.xp)

    def both(self, Z: Array) -> Array:
        """[1 − p, p] `(N, 2)` of one output: no, yes. 1 − p as σ(−Z), which keeps its digits."""
        both: Array = self.xp.concatenate([sigmoid(-Z, self.xp), sigmoid(Z, self.xp)], axis=1)
        return both

    def labels(self, Z: Array) -> Array:
        """1 where p ≥ ½, else 0: `(N,)` with one output, else `(N, K)`."""
        yes = (Z >= 0).astype(np.int64)
        return yes[:, 0] if yes.shape[1] == 1 else yes

    def metrics(self, Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
        """The share of right answers at the threshold of ½."""
        right = (Z >= 0) == (_columns(y, Z) >= 0.5)
        return {"accuracy": float(np.average(right.mean(axis=1), weights=weights))}


class SoftmaxCrossEntropy(_CrossEntropy):
    """J = −mean of Σ_k y_k ln P_k, with P = softmax(Z): one of K classes.

    y is the number of the right class, `(N,)` in 0 … K−1, for which J = −mean of ln P[i, y_i]; or a
    probability for each class, `(N, K)`. With `smoothing` s, (1−s) y_k + s/K stands for y_k.
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
        T = self._targets(y, Z) if y.ndim == 2 or self.smoothing else None  # None: of a class alone
        dZ = self.scratch(Z)
        xp.subtract(Z, Z.max(axis=1, keepdims=True), out=dZ)  # e^Z could overflow
        z = dZ[right] if T is None else (T * dZ).sum(axis=1, keepdims=True)
        xp.exp(dZ, out=dZ)
        total = dZ.sum(axis=1, keepdims=True)
        # −Σ_k y_k ln P_k = ln Σ e^Z − Σ_k y_k Z_k, for a class alone ln Σ e^Z − Z[i, y_i]
        J = float((r * (xp.log(total) - z)).sum())
        dZ *= r / total  # P / N
        if T is None:
            dZ[right] -= r  # dZ = (P − [one-hot y]) / N
        else:
            T *= r
            dZ -= T  # dZ = (P − y) / N
        return J, dZ

    def _targets(self, y: Array, Z: Array) -> Array:
        """y as probabilities, smoothed if so wished: a copy to work in."""
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
        """P = softmax(Z) = e^Z / Σ_K e^Z, `(N, K)`; each row sums to 1."""
        P: Array = self.xp.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        return P

    def labels(self, Z: Array) -> Array:
        """The most probable class of each sample, `(N,)`."""
        labels: Array = Z.argmax(axis=1)
        return labels

    def metrics(self, Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
        """The share of right answers; of probabilities the most probable class is the right one."""
        right = self.labels(Z) == (y if y.ndim == 1 else self.labels(y))
        return {"accuracy": float(np.average(right, weights=weights))}


def sigmoid(Z: Array, xp: ModuleType = np) -> Array:
    """1 / (1 + e^−Z), exact to the last digits also where it is close to 0."""
    e = xp.exp(-xp.abs(Z))  # in (0, 1]: cannot overflow
    p: Array = xp.where(Z >= 0, 1, e) / (1 + e)
    return p
