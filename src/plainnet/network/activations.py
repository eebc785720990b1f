"""More activations: one function f, applied to each entry, and dX = dY · f'(X).

Each derivative is derived in `docs/derivations.md` and held against finite differences by
`tests/test_layers.py`. See `layer.py` for the letters and the buffer rule.
"""

from typing import Any

from plainnet.checks import check_number
from plainnet.network.arrays import Array
from plainnet.network.initializers import he_normal, lecun_normal, wide_normal
from plainnet.network.layer import Layer


class LeakyReLU(Layer):
    """Y = X where X > 0, else slope · X, with 0 ≤ slope ≤ 1: no unit ever dies.

    Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models (2013).

    Raises:
        SettingError: the slope is outside of 0 … 1.
    """

    formula = "Y = max(X, s X)"
    backward_formulas = ("dX = dY · (1 where X > 0, else s)",)
    initializer = he_normal
    X: Array

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = check_number("slope of LeakyReLU", slope, "[0, 1]")

    @property
    def settings(self) -> dict[str, Any]:
        return {"slope": self.slope}

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        Y = self.scratch("Y", X.shape)
        self.xp.multiply(X, self.slope, out=Y)
        self.xp.maximum(X, Y, out=Y)  # Y = max(X, slope · X)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        gain = self.scratch("gain", dY.shape)
        self.xp.greater(self.X, 0, out=gain)
        gain *= 1 - self.slope
        gain += self.slope  # 1 where X > 0, else slope
        dY *= gain  # dX = dY · (1 or slope)
        return dY


class Sigmoid(Layer):
    """Y = 1 / (1 + e^−X), computed as (1 + tanh(X/2)) / 2, which cannot overflow."""

    formula = "Y = 1 / (1 + e^−X)"
    backward_formulas = ("dX = dY · Y (1 − Y)",)
    initializer = wide_normal
    spreads = True
    Y: Array

    def forward(self, X: Array, training: bool = False) -> Array:
        self.Y = self.scratch("Y", X.shape)
        self.xp.multiply(X, 0.5, out=self.Y)
        self.xp.tanh(self.Y, out=self.Y)
        self.Y += 1
        self.Y *= 0.5  # Y = (1 + tanh(X/2)) / 2
        return self.Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        slope = self.scratch("slope", dY.shape)
        self.xp.subtract(1, self.Y, out=slope)
        slope *= self.Y  # σ' = Y (1 − Y)
        dY *= slope  # dX = dY · Y (1 − Y)
        return dY


class Tanh(Layer):
    """Y = tanh(X)."""

    formula = "Y = tanh(X)"
    backward_formulas = ("dX = dY · (1 − Y²)",)
    initializer = lecun_normal
    spreads = True
    Y: Array

    def forward(self, X: Array, training: bool = False) -> Array:
        self.Y = self.scratch("Y", X.shape)
        self.xp.tanh(X, out=self.Y)  # Y = tanh(X)
        return self.Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        slope = self.scratch("slope", dY.shape)
        self.xp.multiply(self.Y, self.Y, out=slope)
        self.xp.subtract(1, slope, out=slope)  # tanh' = 1 − Y²
        dY *= slope  # dX = dY · (1 − Y²)
        return dY
