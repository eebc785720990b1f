"""More activations: one function f, applied to each entry, and dX = dY · f'(X).

Each derivative is derived in `docs/derivations.md` and compared with finite differences in
`tests/test_layers.py`. See `layer.py` for the letters and the buffer rule.
"""

import math
from types import ModuleType
from typing import Any

from plainnet.checks import check_number
from plainnet.network.arrays import Array
from plainnet.network.initializers import he_normal, lecun_normal, wide_normal
from plainnet.network.layer import Layer
from plainnet.network.layers import ReLU


def sigmoid(xp: ModuleType, X: Array, out: Array) -> Array:
    """σ(X) = (1 + tanh(X/2)) / 2, written into `out`, which can be X; tanh cannot overflow."""
    xp.multiply(X, 0.5, out=out)
    xp.tanh(out, out=out)
    out += 1
    out *= 0.5
    return out


class LeakyReLU(Layer):
    """Y = X where X > 0, else slope · X, with 0 ≤ slope ≤ 1; units cannot die.

    Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models (2013).

    >>> Network.dense([2, 8, 1], activation=LeakyReLU(0.1))
    Network(2 → Dense 8 → LeakyReLU → Dense 1; 33 parameters)

    Raises:
        SettingError: the slope is not in 0 … 1.
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
    """Y = 1 / (1 + e^−X), computed as (1 + tanh(X/2)) / 2, which cannot overflow.

    >>> Network.dense([2, 8, 1], activation=Sigmoid)
    Network(2 → Dense 8 → Sigmoid → Dense 1; 33 parameters)
    """

    formula = "Y = 1 / (1 + e^−X)"
    backward_formulas = ("dX = dY · Y (1 − Y)",)
    initializer = wide_normal
    spreads = True
    Y: Array

    def forward(self, X: Array, training: bool = False) -> Array:
        self.Y = sigmoid(self.xp, X, self.scratch("Y", X.shape))  # Y = σ(X)
        return self.Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        slope = self.scratch("slope", dY.shape)
        self.xp.subtract(1, self.Y, out=slope)
        slope *= self.Y  # σ' = Y (1 − Y)
        dY *= slope  # dX = dY · Y (1 − Y)
        return dY


class Tanh(Layer):
    """Y = tanh(X).

    >>> Network.dense([2, 8, 1], activation=Tanh)
    Network(2 → Dense 8 → Tanh → Dense 1; 33 parameters)
    """

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


class SiLU(Layer):
    """Y = X σ(X), with σ the sigmoid: a ReLU without a kink. Also known as swish.

    Elfwing, Uchibe, Doya: Sigmoid-weighted linear units (2018).

    >>> Network.dense([2, 8, 1], activation=SiLU)
    Network(2 → Dense 8 → SiLU → Dense 1; 33 parameters)
    """

    formula = "Y = X σ(X)"
    backward_formulas = ("dX = dY · (σ + Y (1 − σ))",)
    initializer = he_normal
    S: Array  # σ(X)
    Y: Array

    def forward(self, X: Array, training: bool = False) -> Array:
        self.S = sigmoid(self.xp, X, self.scratch("S", X.shape))
        self.Y = self.scratch("Y", X.shape)
        self.xp.multiply(X, self.S, out=self.Y)  # Y = X σ(X)
        return self.Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        slope = self.scratch("slope", dY.shape)
        self.xp.subtract(1, self.S, out=slope)
        slope *= self.Y
        slope += self.S
        dY *= slope  # dX = dY · (σ + Y (1 − σ))
        return dY


class GELU(Layer):
    """Y = X σ(V) with V = 2 √(2/π) (X + 0.044715 X³), the form with tanh.

    Hendrycks, Gimpel: Gaussian error linear units (2016), section 2: X Φ(X), with Φ the normal
    distribution's cumulative function, to 5e-4. σ(V) is their ½ (1 + tanh(V/2)).

    >>> Network.dense([2, 8, 1], activation=GELU)
    Network(2 → Dense 8 → GELU → Dense 1; 33 parameters)
    """

    formula = "Y = X σ(V), V = 2 √(2/π) (X + 0.044715 X³)"
    backward_formulas = ("dX = dY · (σ + Y (1 − σ) V')",)
    initializer = he_normal
    X: Array
    S: Array  # σ(V)
    Y: Array

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X, self.Y, S = X, self.scratch("Y", X.shape), self.scratch("S", X.shape)
        self.xp.multiply(X, X, out=S)
        S *= GELU_SLOPE * GELU_CUBE
        S += GELU_SLOPE
        S *= X  # V = 2 √(2/π) (X + 0.044715 X³)
        self.S = sigmoid(self.xp, S, S)
        self.xp.multiply(X, S, out=self.Y)  # Y = X σ(V)
        return self.Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        slope, rest = self.scratch("slope", dY.shape), self.scratch("rest", dY.shape)
        self.xp.multiply(self.X, self.X, out=slope)
        slope *= 3 * GELU_SLOPE * GELU_CUBE
        slope += GELU_SLOPE  # V' = 2 √(2/π) (1 + 3 · 0.044715 X²)
        self.xp.subtract(1, self.S, out=rest)
        rest *= self.Y
        slope *= rest
        slope += self.S
        dY *= slope  # dX = dY · (σ + Y (1 − σ) V')
        return dY


GELU_SLOPE, GELU_CUBE = 2 * math.sqrt(2 / math.pi), 0.044715


class SELU(Layer):
    """Y = λ X where X > 0, else λ α (e^X − 1): mean 0 and variance 1 are a fixed point.

    Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks (2017), eq. 2.

    >>> Network.dense([2, 8, 1], activation=SELU)
    Network(2 → Dense 8 → SELU → Dense 1; 33 parameters)
    """

    formula = "Y = λ X where X > 0, else λ α (e^X − 1)"
    backward_formulas = ("dX = dY · (λ where X > 0, else λ α e^X)",)
    initializer = lecun_normal
    X: Array
    E: Array  # λ α e^X where X ≤ 0, else λ α

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X, Y = X, self.scratch("Y", X.shape)
        E = self.E = self.scratch("E", X.shape)
        zeros = self.scratch("zeros", X.shape, fill=0)
        self.xp.minimum(X, zeros, out=E)
        self.xp.exp(E, out=E)
        E *= SELU_SCALE * SELU_ALPHA
        self.xp.maximum(X, zeros, out=Y)
        Y *= SELU_SCALE
        Y += E
        Y -= SELU_SCALE * SELU_ALPHA  # Y = λ max(0, X) + λ α (e^min(0, X) − 1)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        slope = self.scratch("slope", dY.shape)
        self.xp.greater(self.X, 0, out=slope)
        slope *= SELU_SCALE - SELU_SCALE * SELU_ALPHA
        slope += self.E  # λ where X > 0, else λ α e^X
        dY *= slope  # dX = dY · (λ or λ α e^X)
        return dY


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # λ, α


class Mish(Layer):
    """Y = X tanh(ln(1 + e^X)). Misra: Mish, a self regularized non-monotonic activation (2020).

    With E = e^X the tanh is the quotient T = n / (n + 2) with n = E (E + 2). From X = 40 on it is
    1 to the last digit, so E is limited to e^40, whose square is finite in float32.

    >>> Network.dense([2, 8, 1], activation=Mish)
    Network(2 → Dense 8 → Mish → Dense 1; 33 parameters)
    """

    formula = "Y = X T, T = tanh(ln(1 + e^X))"
    backward_formulas = ("dX = dY · (T + X T')",)
    initializer = he_normal
    X: Array
    E: Array  # e^X
    D: Array  # n + 2
    T: Array

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X, Y, T = X, self.scratch("Y", X.shape), self.scratch("T", X.shape)
        E, D = self.scratch("E", X.shape), self.scratch("D", X.shape)
        self.xp.minimum(X, self.scratch("most", X.shape, fill=MISH_IS_LINEAR), out=E)
        self.xp.exp(E, out=E)
        self.xp.add(E, 2, out=T)
        T *= E  # n = E (E + 2)
        self.xp.add(T, 2, out=D)
        T /= D  # T = n / (n + 2)
        self.xp.multiply(X, T, out=Y)  # Y = X T
        self.E, self.D, self.T = E, D, T
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        slope = self.scratch("slope", dY.shape)
        self.xp.add(self.E, 1, out=slope)
        slope *= self.E
        slope *= 4
        slope /= self.D
        slope /= self.D  # T' = 4 E (E + 1) / (n + 2)²
        slope *= self.X
        slope += self.T
        dY *= slope  # dX = dY · (T + X T')
        return dY


MISH_IS_LINEAR = 40.0

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky-relu": LeakyReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "silu": SiLU,
    "gelu": GELU,
    "selu": SELU,
    "mish": Mish,
}
"""The activations by the name in `Classifier(activation="…")`; made without arguments."""
