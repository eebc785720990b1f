"""The answer of an ensemble in one network, and the loss that its members learn with.

While training, each member has answers and a loss of its own, and the mean of the losses is
followed. When the network answers, it gives the mean of the members' answers. Members that learn
with the loss of their mean are no ensemble: none could stand alone. See TabM, in `ensembles.py`.
"""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

import math
from typing import Any

from numpy.typing import DTypeLike

from plainnet.checks import check_whole
from plainnet.errors import ShapeError
from plainnet.network.arrays import Array
from plainnet.network.layer import Layer
from plainnet.network.loss import Loss


class MemberMean(Layer):
    """While training Y = X; when answering the mean of the members: `(N, n)` from `(N, k·n)`.

    The last layer of an ensemble whose outputs are numbers.

    >>> Network([MemberDense(3, 2, members=4), MemberMean(2, members=4)])
    Network(12 → MemberDense 8 → MemberMean 2; 32 parameters)

    Args:
        n: outputs of each member.
        members: k.

    Raises:
        SettingError: a size is not a whole number ≥ 1.
    """

    formula = "Y = 1/k Σ_k X"
    backward_formulas = ("dX = dY / k",)
    answering = False
    """Whether the last forward pass was one of an answering network."""

    def __init__(self, n: int, members: int) -> None:
        kind = type(self).__name__
        self.n = self.n_out = check_whole(f"number of outputs of {kind}", n, 1)
        self.members = check_whole(f"number of members of {kind}", members, 1)
        self.n_in = self.n_out_training = self.n * self.members

    @property
    def settings(self) -> dict[str, Any]:
        return {"n": self.n, "members": self.members}

    def forward(self, X: Array, training: bool = False) -> Array:
        self.answering = not training
        return X if training else self._mean(X.reshape(-1, self.members, self.n))

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        if not self.answering:
            return dY
        dX: Array = self._back(dY[:, None, :]).reshape(len(dY), -1)
        return dX

    def _mean(self, X: Array) -> Array:
        """Y `(N, n)` from X `(N, k, n)`."""
        Y: Array = X.mean(axis=1)  # Y = 1/k Σ_k X
        return Y

    def _back(self, dY: Array) -> Array:
        """dX `(N, k, n)` from dY `(N, 1, n)`."""
        return (dY / self.members).repeat(self.members, axis=1)  # dX = dY / k


class SoftmaxMemberMean(MemberMean):
    """The mean of the members' softmax probabilities, as logits: Y = ln (1/k Σ_k softmax(X)).

    Softmax of Y is that mean. For the rest see `MemberMean`.

    >>> Network([MemberDense(3, 5, members=4), SoftmaxMemberMean(5, members=4)])
    Network(12 → MemberDense 20 → SoftmaxMemberMean 5; 80 parameters)
    """

    L: Array  # (N, k, n), the logarithms of the members' probabilities
    Q: Array  # (N, k, n), the share of each member in the mean

    formula = "Y = ln (1/k Σ_k P), P = softmax(X)"
    backward_formulas = ("dX = Q · dY − P · (Σ_n Q · dY)",)

    def _mean(self, X: Array) -> Array:
        xp = self.xp
        Z = X - X.max(axis=2, keepdims=True)
        self.L = Z - xp.log(xp.exp(Z).sum(axis=2, keepdims=True))  # L = ln P
        Y, self.Q = self._log_mean(self.L)
        return Y

    def _back(self, dY: Array) -> Array:
        G = self.Q * dY
        dX: Array = G - self.xp.exp(self.L) * G.sum(axis=2, keepdims=True)
        return dX  # dX = Q · dY − P · (Σ_n Q · dY)

    def _log_mean(self, L: Array) -> tuple[Array, Array]:
        """ln (1/k Σ_k e^L), and the share of each member in the sum."""
        top = L.max(axis=1, keepdims=True)  # so that no e^L is 0 for all members
        E = self.xp.exp(L - top)
        total = E.sum(axis=1, keepdims=True)
        log_mean = self.xp.log(total) + top - math.log(self.members)
        return log_mean[:, 0], E / total


class SigmoidMemberMean(SoftmaxMemberMean):
    """The mean of the members' sigmoid probabilities, as logits: Y = ln (p / (1 − p)).

    p = 1/k Σ_k σ(X), and sigmoid of Y is p. For the rest see `MemberMean`.

    >>> Network([MemberDense(3, 1, members=4), SigmoidMemberMean(1, members=4)])
    Network(12 → MemberDense 4 → SigmoidMemberMean 1; 16 parameters)
    """

    Q0: Array  # (N, k, n), the share of each member in the mean of 1 − σ(X)
    p: Array  # (N, k, n), σ(X)

    formula = "Y = ln (p / (1 − p)), p = 1/k Σ_k σ(X)"
    backward_formulas = ("dX = dY · (Q₁ (1 − σ) + Q₀ σ)",)

    def _mean(self, X: Array) -> Array:
        xp, N = self.xp, len(X)
        yes = xp.minimum(X, 0) - xp.log1p(xp.exp(-xp.abs(X)))  # ln σ(X)
        self.p = xp.exp(yes)
        both = xp.concatenate([yes, yes - X])  # ln (1 − σ) = ln σ − X
        means, shares = self._log_mean(both)
        self.Q, self.Q0 = shares[:N], shares[N:]
        Y: Array = means[:N] - means[N:]
        return Y

    def _back(self, dY: Array) -> Array:
        dX: Array = dY * (self.Q * (1 - self.p) + self.Q0 * self.p)
        return dX  # dX = dY · (Q₁ (1 − σ) + Q₀ σ)


class MeanOverMembers(Loss):
    """J = 1/k Σ_k J_k: the mean of the losses of an ensemble's members, all with the same targets.

    For a network that ends with `MemberMean` or its like. What such a network answers, the mean of
    its members, is measured with the plain loss.

    >>> loss = MeanOverMembers(MeanSquaredError(), members=2, n_out=1)
    >>> loss.value_and_grad(np.array([[1.0, 3.0]]), np.array([[1.0]]))[0]
    2.0

    Args:
        loss: J_k, of one member.
        members: k.
        n_out: outputs of each member.

    Raises:
        SettingError: a size is not a whole number ≥ 1.
    """

    def __init__(self, loss: Loss, members: int, n_out: int) -> None:
        self.loss = loss
        self.members = check_whole("number of members of MeanOverMembers", members, 1)
        self.n_out = check_whole("number of outputs of MeanOverMembers", n_out, 1)

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        return self.loss.check_targets(y, n_samples, self.n_out, dtype)

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        k, n = self.members, self.n_out
        if Z.shape[1] == n:  # of a network that answers
            return self.loss.value_and_grad(Z, y, weights)
        if Z.shape[1] != k * n:
            raise ShapeError(
                f"The outputs of {k} members with {n} outputs each are {k * n}, but the network "
                f"gives {Z.shape[1]}; end it with MemberMean({n}, {k}) or its like."
            )
        xp = self.xp
        each = xp.repeat(y, k, axis=0), None if weights is None else xp.repeat(weights, k)
        J, dZ = self.loss.value_and_grad(Z.reshape(-1, n), *each)  # the mean over N k rows
        return J, dZ.reshape(Z.shape)

    @property
    def measured(self) -> Loss:
        return self.loss.measured

    def metrics(self, Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
        return self.loss.metrics(Z, y, weights)
