"""The usual layers: forward and backward on one screen, one formula a line.

Each backward pass is derived in `docs/derivations.md` and compared with finite differences in
`tests/test_layers.py`. N samples are rows; see `layer.py` for the letters and the buffer rule.
"""

import math
from types import ModuleType
from typing import Any, cast

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.network.arrays import Array, Rng, Scratch
from plainnet.network.initializers import Initializer, he_normal
from plainnet.network.layer import Layer, Parameters


class Dense(Layer):
    """Y = X W + b: every output is a weighted sum of every input, plus a bias.

    >>> Network([Dense(3, 2)]).forward(np.zeros((4, 3))).shape
    (4, 2)

    Args:
        n_in: number of input features.
        n_out: number of output features.
        initializer: the initial W; None: the one that suits the next activation.

    Raises:
        SettingError: a size is not a whole number ≥ 1.
    """

    W: Array  # (n_in, n_out)
    b: Array  # (n_out,)
    dW: Array
    db: Array
    X: Array  # (N, n_in), of the last forward

    formula = "Y = X W + b"
    backward_formulas = ("dW = Xᵀ dY", "db = Σ_N dY", "dX = dY Wᵀ")

    def __init__(self, n_in: int, n_out: int, initializer: Initializer | None = None) -> None:
        n_in = check_whole("number of inputs of a Dense layer", n_in, 1)
        n_out = check_whole("number of outputs of a Dense layer", n_out, 1)
        self.n_in, self.n_out = n_in, n_out
        self.weights = {"W": (n_in, n_out)}
        self.biases = {"b": (n_out,)}
        self.multiply_adds = n_in * n_out
        self._initializer = initializer

    @property
    def settings(self) -> dict[str, Any]:
        return {"n_in": self.n_in, "n_out": self.n_out}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        draw = self._initializer or suited
        self.W[...] = self.xp.asarray(draw(rng, *self.W.shape))
        self.b[...] = 0

    def spread(self, rng: Rng) -> None:
        """Draw b in front of an activation, as the weights of one more input that is always 1.

        With b = 0 every unit has its kink, or its middle, at the mean sample, and a network of tanh
        is an odd function. With an initializer of the user's, b stays 0.
        """
        if self._initializer is None:
            n_in, n_out = self.W.shape
            self.b[...] = self.xp.asarray(rng.standard_normal(n_out) / math.sqrt(n_in))

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X, dot = X, self.xp.dot
        Y = self.scratch("Y", (len(X), self.b.size))
        if not training and dot is np.dot and len(X) * self.multiply_adds > 1e6:
            from plainnet.network.products import dot  # in blocks where that is faster
        dot(X, self.W, out=Y)  # Y = X W
        Y += self.b  # Y = X W + b
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        ones = self.scratch("ones", (len(dY),), fill=1)
        self.xp.dot(self.X.T, dY, out=self.dW)  # dW = Xᵀ dY
        self.xp.dot(ones, dY, out=self.db)  # db = Σ_N dY, as the product 1ᵀ dY: faster than sum
        if not need_dX:
            return None
        dX = self.scratch("dX", self.X.shape)
        self.xp.dot(dY, self.W.T, out=dX)  # dX = dY Wᵀ
        return dX


class ReLU(Layer):
    """Y = max(0, X). At the kink X = 0 the derivative is taken as 0."""

    formula = "Y = max(0, X)"
    backward_formulas = ("dX = dY · [X > 0]",)
    initializer = he_normal
    Y: Array

    def forward(self, X: Array, training: bool = False) -> Array:
        self.Y = self.scratch("Y", X.shape)
        zeros = self.scratch("zeros", X.shape, fill=0)  # array by array: 3 times faster than with 0
        self.xp.maximum(X, zeros, out=self.Y)  # Y = max(0, X)
        return self.Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        positive = self.scratch("positive", dY.shape)
        self.xp.greater(self.Y, 0, out=positive)  # 1 where X > 0, else 0
        dY *= positive  # dX = dY · [X > 0]
        return dY


class Dropout(Layer):
    """Y = X · M while training, with M = 0 at the given rate, else 1 / (1 − rate); otherwise Y = X.

    "Inverted" dropout: the remaining features are enlarged while training, so that their
    expectation stays and prediction needs no change. Srivastava, Hinton, Krizhevsky, Sutskever,
    Salakhutdinov: Dropout (2014), section 10.

    Args:
        rate: the share of features set to zero, 0 ≤ rate < 1.
        rng: the generator of the masks; the network provides one if it is None.

    Raises:
        SettingError: the rate is not in 0 … 1.
    """

    formula = "Y = X · M"
    backward_formulas = ("dX = dY · M",)
    is_stochastic = True
    M: Array | None = None

    def __init__(self, rate: float = 0.5, rng: Rng | None = None) -> None:
        self.rate = check_number("rate of Dropout, the share of features left out,", rate, "[0, 1)")
        self.rng = rng

    def bind(self, xp: ModuleType, dtype: np.dtype[Any], parameters: Parameters) -> None:
        super().bind(xp, dtype, parameters)
        self._host = Scratch(np, dtype)

    @property
    def settings(self) -> dict[str, Any]:
        return {"rate": self.rate}

    def forward(self, X: Array, training: bool = False) -> Array:
        if not training or self.rate == 0:
            self.M = None
            return X  # Y = X
        M = self.M = self.scratch("M", X.shape)
        U = self._host("U", X.shape)
        cast(Rng, self.rng).random(dtype=M.dtype, out=U)  # random numbers are drawn on the host
        self.xp.greater_equal(self.xp.asarray(U), self.rate, out=M)
        M *= 1 / (1 - self.rate)  # M = [U ≥ rate] / (1 − rate)
        Y = self.scratch("Y", X.shape)
        self.xp.multiply(X, M, out=Y)  # Y = X · M
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        if self.M is not None:
            dY *= self.M  # dX = dY · M
        return dY
