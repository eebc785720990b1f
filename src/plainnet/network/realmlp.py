"""The layers of RealMLP: a scale for each feature, Dense with N(0, 1), activations that learn.

Holzmüller, Grinsztajn, Steinwart: Better by default: strong pre-tuned MLPs and boosted trees on
tabular data (NeurIPS 2024). The factors on the learning rate are those of the paper. The backward
passes are derived in `docs/derivations.md`; see `layer.py` for the letters and the buffer rule.
"""

import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from plainnet.checks import check_whole, did_you_mean
from plainnet.errors import SettingError
from plainnet.network.activations import ACTIVATIONS
from plainnet.network.arrays import Array, Rng
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer, Parameters
from plainnet.network.layers import Dense
from plainnet.network.products import dot


class Scaling(Layer):
    """Y = γ · X: a learned factor for each feature, 1 at the start.

    As the first layer it is a soft selection of features, which learns at 6 times the learning
    rate. γ does not decay.

    >>> Network([Scaling(2), Dense(2, 1)])
    Network(2 → Scaling 2 → Dense 1; 5 parameters)

    Args:
        n: features.

    Raises:
        SettingError: `n` is not a whole number ≥ 1.
    """

    gamma: Array  # (n,)
    dgamma: Array
    X: Array  # (N, n), of the last forward

    rate_factors: Mapping[str, float] = {"gamma": 6.0}
    formula = "Y = γ · X"
    backward_formulas = ("dγ = Σ_N dY · X", "dX = γ · dY")

    def __init__(self, n: int) -> None:
        self.n = self.n_in = self.n_out = check_whole("number of features of Scaling", n, 1)
        self.biases = {"gamma": (self.n,)}  # as a bias, because it does not decay

    @property
    def settings(self) -> dict[str, Any]:
        return {"n": self.n}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.gamma[...] = 1

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X, Y = X, self.scratch("Y", X.shape)
        self.xp.multiply(X, self.gamma, out=Y)  # Y = γ · X
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        ones, product = self.scratch("ones", (len(dY),), fill=1), self.scratch("product", dY.shape)
        self.xp.multiply(dY, self.X, out=product)
        self.xp.dot(ones, product, out=self.dgamma)  # dγ = Σ_N dY · X
        if not need_dX:
            return None
        dY *= self.gamma  # dX = γ · dY
        return dY


class DenseNTP(Dense):
    """Y = X W / √n_in + b with W, b ~ N(0, 1): the neural tangent parametrization.

    Jacot, Gabriel, Hongler: Neural tangent kernel (2018). The outputs begin as large as those of
    `Dense`, but W is √n_in times larger. A step of Adam, which does not depend on the size of the
    gradient, changes it relatively less, and one learning rate suits layers of any width. Biases
    learn at a tenth of it.

    >>> Network([DenseNTP(3, 2)]).forward(np.zeros((4, 3))).shape
    (4, 2)

    Args:
        n_in: number of input features.
        n_out: number of output features.
        initializer: the initial W, with b = 0; None draws both from N(0, 1).

    Raises:
        SettingError: a size is not a whole number ≥ 1.
    """

    rate_factors: Mapping[str, float] = {"b": 0.1}
    formula = "Y = X W / √n_in + b"
    backward_formulas = ("dW = Xᵀ dY / √n_in", "db = Σ_N dY", "dX = dY Wᵀ / √n_in")

    def __init__(self, n_in: int, n_out: int, initializer: Initializer | None = None) -> None:
        super().__init__(n_in, n_out, initializer)
        self.scale = 1 / math.sqrt(n_in)

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        super().initialize(rng, standard_normal)
        if self._initializer is None:
            self.b[...] = self.xp.asarray(rng.standard_normal(self.b.size))

    def spread(self, rng: Rng) -> None:
        """Leave b as it was drawn."""

    def fit_to(self, X: Array, rng: Rng) -> None:
        """Scale W so that each output has the standard deviation 1 for X, and draw b among them.

        b is minus a random convex combination of five samples' outputs, so that each unit is 0
        somewhere among the samples. Where an initializer was given, both stay as they are.
        """
        if self._initializer is not None:
            return
        self.b[...] = 0
        Y = self.forward(X)
        rounding = 100 * np.finfo(Y.dtype).eps * self.xp.abs(Y).max(axis=0)
        deviations = Y.std(axis=0)
        deviations[deviations <= rounding] = 1
        self.W /= deviations
        drawn = FIVE, self.b.size
        shares, rows = rng.standard_exponential(drawn), rng.integers(len(X), size=drawn)
        shares /= shares.sum(axis=0)
        chosen = self.forward(X)[self.xp.asarray(rows), self.xp.arange(self.b.size)]
        self.b[...] = -(self.xp.asarray(shares) * chosen).sum(axis=0)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        Y = self.scratch("Y", (len(X), self.b.size))
        (dot if self.xp is np and not training else self.xp.dot)(X, self.W, out=Y)
        Y *= self.scale
        Y += self.b  # Y = X W / √n_in + b
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = super().backward(dY, need_dX)  # db = Σ_N dY
        self.dW *= self.scale  # dW = Xᵀ dY / √n_in
        if dX is not None:
            dX *= self.scale  # dX = dY Wᵀ / √n_in
        return dX


class Parametric(Layer):
    """Y = X + α (f(X) − X): between the identity and an activation f, learned for each unit.

    α is 1 at the start, so that Y = f(X), does not decay, and learns at a tenth of the learning
    rate.

    >>> Network([Dense(2, 8), Parametric(8), Dense(8, 1)])
    Network(2 → Dense 8 → Parametric 8 → Dense 1; 41 parameters)

    Args:
        n: features.
        activation: the name of f in `ACTIVATIONS`.

    Raises:
        SettingError: `n` is not a whole number ≥ 1, or there is no such activation.
    """

    alpha: Array  # (n,)
    dalpha: Array
    D: Array  # f(X) − X

    rate_factors: Mapping[str, float] = {"alpha": 0.1}
    formula = "Y = X + α (f(X) − X)"
    backward_formulas = ("dα = Σ_N dY · (f(X) − X)", "dX = (1 − α) dY + α dY · f'(X)")

    def __init__(self, n: int, activation: str = "selu") -> None:
        self.n = self.n_in = self.n_out = check_whole("number of features of Parametric", n, 1)
        if activation not in ACTIVATIONS:
            close = did_you_mean(activation, ACTIVATIONS)
            raise SettingError(
                f"There is no activation {activation!r:.60}{close}; "
                f"there are {', '.join(ACTIVATIONS)}."
            )
        self.biases = {"alpha": (self.n,)}  # as a bias, because it does not decay
        self.name, self.activation = activation, ACTIVATIONS[activation]()

    @property
    def settings(self) -> dict[str, Any]:
        return {"n": self.n, "activation": self.name}

    def bind(self, xp: ModuleType, dtype: np.dtype[Any], parameters: Parameters) -> None:
        super().bind(xp, dtype, parameters)
        self.activation.bind(xp, dtype, {})

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.alpha[...] = 1

    def forward(self, X: Array, training: bool = False) -> Array:
        self.D, Y = self.scratch("D", X.shape), self.scratch("Y", X.shape)
        self.xp.subtract(self.activation.forward(X, training), X, out=self.D)
        self.xp.multiply(self.D, self.alpha, out=Y)
        Y += X  # Y = X + α (f(X) − X)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        ones, part = self.scratch("ones", (len(dY),), fill=1), self.scratch("part", dY.shape)
        self.xp.multiply(dY, self.D, out=part)
        self.xp.dot(ones, part, out=self.dalpha)  # dα = Σ_N dY · (f(X) − X)
        if not need_dX:
            return None
        self.xp.multiply(dY, self.alpha, out=part)
        dY -= part
        dY += self.activation.backward(part)  # dX = (1 − α) dY + α dY · f'(X)
        return dY


FIVE = 5
"""Samples whose outputs the bias of a unit is combined of."""


def standard_normal(rng: Rng, n_in: int, n_out: int) -> Array:
    """W ~ N(0, 1)."""
    return rng.standard_normal((n_in, n_out))
