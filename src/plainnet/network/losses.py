"""The losses, from logits: how wrong an answer Z is, and in which direction it should move.

A logit is the last layer's plain output, before sigmoid or softmax. Loss and output function are
one formula each here, which stays finite for logits of any size (to 1e38 in float32) and has the
simplest gradient there is: what was answered minus what was right.

Dimensions: N samples, K outputs; Z and dZ are `(N, K)`. Each loss is a mean over samples. With
sample weights w it is Σ w_i J_i / Σ w_i, so a weight of 2 counts as the sample twice; a batch whose
weights are all zero has loss 0 and gradient 0.
"""

from types import ModuleType

import numpy as np
from numpy.typing import DTypeLike

from plainnet.errors import DataError, ShapeError
from plainnet.network.arrays import Array, Scratch


class Loss:
    """The contract of every loss: `value_and_grad`, and a check of the targets at the door."""

    def __init__(self) -> None:
        self.xp: ModuleType = np
        self._scratch: Scratch | None = None

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """The mean loss J and dZ, its gradient with respect to Z.

        Args:
            Z: logits `(N, K)`.
            y: what was right; its form is the class's own.
            weights: of the samples `(N,)`, none of them negative; None: all 1.

        Returns:
            J and dZ `(N, K)`; dZ is valid until the next call.
        """
        raise NotImplementedError

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        """The targets in the form that the loss is computed with, if it can be.

        Args:
            y: the targets.
            n_samples: how many rows the inputs have.
            n_out: how many outputs K the network has.
            dtype: what the network computes in: targets that are numbers come back in it, so that
                a float32 step does not meet a float64.

        Raises:
            ShapeError: `y` does not fit n_samples and n_out.
            DataError: `y` has values that the loss cannot take.
        """
        raise NotImplementedError

    def figures(self, Z: Array, y: Array) -> dict[str, float]:
        """What people want to know beside the loss; of a classification `{"accuracy": …}`."""
        return {}

    def scratch(self, Z: Array, name: str = "dZ") -> Array:
        """A buffer of the shape and dtype of Z."""
        if self._scratch is None or self._scratch.dtype != Z.dtype:
            self._scratch = Scratch(self.xp, Z.dtype)
        return self._scratch(name, Z.shape)


def shares(n: int, weights: Array | None) -> Array | float:
    """What each of n samples counts in the mean: 1/N, or w / Σ w as a column `(N, 1)`."""
    if weights is None:
        return 1 / n
    total = float(weights.sum())
    return weights[:, None] / total if total > 0 else weights[:, None]


def _columns(y: Array, Z: Array) -> Array:
    """Targets `(N,)` of a network with one output as a column `(N, 1)`."""
    return y.reshape(Z.shape)


class _RealTargets(Loss):
    """Targets of the shape of Z; `(N,)` will do where the network has one output."""

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        if y.shape != (n_samples, n_out) and not (n_out == 1 and y.shape == (n_samples,)):
            raise ShapeError(
                f"{type(self).__name__} needs targets of shape ({n_samples}, {n_out}), one for "
                f"each output of the network, but got {y.shape}."
            )
        if not np.isfinite(y).all():
            raise DataError(
                f"The targets hold {np.size(y) - np.isfinite(y).sum()} values that are not finite; "
                "remove those samples or fill in what is missing."
            )
        return y.reshape(n_samples, n_out).astype(dtype or y.dtype, copy=False)


class MeanSquaredError(_RealTargets):
    """J = mean of (Z − y)² over samples and outputs; for regression. y is `(N, K)` or `(N,)`."""

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        r = shares(len(Z), weights)  # 1/N
        dZ = self.scratch(Z)
        self.xp.subtract(Z, _columns(y, Z), out=dZ)  # Z − y
        J = float((r * dZ**2).sum()) / Z.shape[1]  # J = 1/(N K) Σ (Z − y)²
        dZ *= r
        dZ *= 2 / Z.shape[1]  # dZ = 2 (Z − y) / (N K)
        return J, dZ


class SigmoidCrossEntropy(_RealTargets):
    """J = −mean of y ln p + (1−y) ln(1−p), with p = 1 / (1 + e^−Z).

    For a yes-or-no answer (K = 1: the article's cost), or for K questions answered independently.
    y is 0 or 1, or a probability between; `(N,)` or `(N, K)`; the mean is over samples and outputs.
    """

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        columns = super().check_targets(y, n_samples, n_out, dtype)
        if y.min() < 0 or y.max() > 1:
            raise DataError(
                f"SigmoidCrossEntropy needs targets between 0 and 1, but got values from "
                f"{y.min()} to {y.max()}; for more than two classes use SoftmaxCrossEntropy."
            )
        return columns

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        y = _columns(y, Z)
        r = shares(len(Z), weights)
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

    def figures(self, Z: Array, y: Array) -> dict[str, float]:
        """The share of right answers at the threshold of ½."""
        return {"accuracy": float(((Z >= 0) == (_columns(y, Z) >= 0.5)).mean())}


class SoftmaxCrossEntropy(Loss):
    """J = −mean of ln P[i, y_i], with P = softmax(Z): one of K classes, y `(N,)` in 0 … K−1."""

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        if y.shape != (n_samples,):
            raise ShapeError(
                f"SoftmaxCrossEntropy needs one class number for each of {n_samples} samples, "
                f"shape ({n_samples},), but got {y.shape}."
            )
        if not np.issubdtype(y.dtype, np.integer):
            raise DataError(
                f"SoftmaxCrossEntropy needs whole class numbers, but got {y.dtype}; "
                "convert them with y.astype(int)."
            )
        if y.min() < 0 or y.max() >= n_out:
            raise DataError(
                f"A network with {n_out} outputs knows the classes 0 to {n_out - 1}, but the "
                f"targets go from {y.min()} to {y.max()}."
            )
        return y

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        xp, right = self.xp, (self.xp.arange(len(Z))[:, None], y[:, None])  # each row's class
        r = shares(len(Z), weights)
        dZ = self.scratch(Z)
        xp.subtract(Z, Z.max(axis=1, keepdims=True), out=dZ)  # e^Z could overflow
        z = dZ[right]
        xp.exp(dZ, out=dZ)
        total = dZ.sum(axis=1, keepdims=True)
        # −ln P[i, y_i] = ln Σ e^Z − Z[i, y_i]
        J = float((r * (xp.log(total) - z)).sum())
        dZ *= r / total  # P / N
        dZ[right] -= r  # dZ = (P − [one-hot y]) / N
        return J, dZ

    def probabilities(self, Z: Array) -> Array:
        """P = softmax(Z) = e^Z / Σ_K e^Z, `(N, K)`; each row sums to 1."""
        P: Array = self.xp.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        return P

    def labels(self, Z: Array) -> Array:
        """The most probable class of each sample, `(N,)`."""
        labels: Array = Z.argmax(axis=1)
        return labels

    def figures(self, Z: Array, y: Array) -> dict[str, float]:
        """The share of right answers."""
        return {"accuracy": float((self.labels(Z) == y).mean())}


def sigmoid(Z: Array, xp: ModuleType = np) -> Array:
    """1 / (1 + e^−Z), exact to the last digits also where it is close to 0."""
    e = xp.exp(-xp.abs(Z))  # in (0, 1]: cannot overflow
    p: Array = xp.where(Z >= 0, 1, e) / (1 + e)
    return p
