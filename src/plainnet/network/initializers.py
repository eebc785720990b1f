"""The initial weights: functions `(rng, n_in, n_out) -> W (n_in, n_out)`, float64.

The question is always the variance. A sum of n_in products has n_in times the variance of one, so
weights with variance 1/n_in keep the size of the signal from layer to layer. With larger weights it
explodes, with smaller ones it vanishes, and with zeros all units of a layer stay alike.
"""

import math
from collections.abc import Callable

import numpy as np

from plainnet.checks import check_number
from plainnet.network.arrays import Array, Rng

Initializer = Callable[[Rng, int, int], Array]
"""A function `draw(rng, n_in, n_out)` that returns initial weights W `(n_in, n_out)`."""


def zeros(rng: Rng, n_in: int, n_out: int) -> Array:  # noqa: ARG001 - one signature for all
    """Return W = 0, which shows why weights are drawn at random.

    All units of a hidden layer stay equal; with ReLU or tanh only the last bias ever changes.
    """
    return np.zeros((n_in, n_out))


def random(scale: float = 0.01) -> Initializer:
    """Return an initializer that draws W ~ scale · N(0, 1), whatever the size of the layer.

    Raises:
        SettingError: `scale` is negative or not finite.
    """
    scale = check_number("scale of random weights", scale, "[0, inf)")

    def scaled_normal(rng: Rng, n_in: int, n_out: int) -> Array:
        return scale * rng.standard_normal((n_in, n_out))

    return scaled_normal


def lecun_normal(rng: Rng, n_in: int, n_out: int) -> Array:
    """Draw W ~ N(0, 1/n_in), which keeps the variance through a linear layer.

    LeCun, Bottou, Orr, Müller: Efficient BackProp (1998), eq. 16.
    """
    return rng.standard_normal((n_in, n_out)) / math.sqrt(n_in)


def wide_normal(rng: Rng, n_in: int, n_out: int) -> Array:
    """Draw W ~ N(0, 4/n_in), twice LeCun's spread, for a sigmoid, whose slope is at most ¼.

    Four times the spread would compensate the slope; twice is as good in a shallow network, and
    better than LeCun's in a deep one.
    """
    return rng.standard_normal((n_in, n_out)) * (2 / math.sqrt(n_in))


def he_normal(rng: Rng, n_in: int, n_out: int) -> Array:
    """Draw W ~ N(0, 2/n_in), twice LeCun's variance, because ReLU sets half of its inputs to zero.

    He, Zhang, Ren, Sun: Delving Deep into Rectifiers (2015), eq. 10.

    >>> he_normal(np.random.default_rng(0), 100, 50).std().round(2).item()
    0.14
    """
    return rng.standard_normal((n_in, n_out)) * math.sqrt(2 / n_in)


def glorot_uniform(rng: Rng, n_in: int, n_out: int) -> Array:
    """Draw W ~ U(−a, a), a = √(6/(n_in + n_out)), between the forward and the backward variance.

    Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks
    (2010), eq. 16.
    """
    a = math.sqrt(6 / (n_in + n_out))
    return rng.uniform(-a, a, (n_in, n_out))
