"""The weights before the first step: functions `(rng, n_in, n_out) -> W (n_in, n_out)`, float64.

The question is always the variance. A sum of n_in products has n_in times the variance of one, so
weights with variance 1/n_in keep the signal's size from layer to layer; too large and it explodes,
too small and it fades, and all zero keeps every unit of a layer alike for ever.
"""

import math
from collections.abc import Callable

import numpy as np

from plainnet.checks import check_number
from plainnet.network.arrays import Array, Rng

Initializer = Callable[[Rng, int, int], Array]


def zeros(rng: Rng, n_in: int, n_out: int) -> Array:  # noqa: ARG001 - one signature for all
    """W = 0: it shows why weights are drawn at random.

    All units of a hidden layer stay equal; with ReLU or tanh only the last bias ever moves.
    """
    return np.zeros((n_in, n_out))


def random(scale: float = 0.01) -> Initializer:
    """W ~ scale · N(0, 1), the same for every layer, whatever its size.

    Raises:
        SettingError: `scale` is negative or not finite.
    """
    scale = check_number("scale of random weights", scale, "[0, inf)")

    def scaled_normal(rng: Rng, n_in: int, n_out: int) -> Array:
        return scale * rng.standard_normal((n_in, n_out))

    return scaled_normal


def lecun_normal(rng: Rng, n_in: int, n_out: int) -> Array:
    """W ~ N(0, 1/n_in): keeps the variance through a linear layer.

    LeCun, Bottou, Orr, Müller: Efficient BackProp (1998), eq. 16.
    """
    return rng.standard_normal((n_in, n_out)) / math.sqrt(n_in)


def wide_normal(rng: Rng, n_in: int, n_out: int) -> Array:
    """W ~ N(0, 4/n_in): twice LeCun's spread, for a sigmoid, whose slope is ¼ at most.

    Four times would make up for the slope, twice is as good in a shallow network and better than
    LeCun's in a deep one.
    """
    return rng.standard_normal((n_in, n_out)) * (2 / math.sqrt(n_in))


def he_normal(rng: Rng, n_in: int, n_out: int) -> Array:
    """W ~ N(0, 2/n_in): twice LeCun's variance, for ReLU sets half of its inputs to zero.

    He, Zhang, Ren, Sun: Delving Deep into Rectifiers (2015), eq. 10.
    """
    return rng.standard_normal((n_in, n_out)) * math.sqrt(2 / n_in)


def glorot_uniform(rng: Rng, n_in: int, n_out: int) -> Array:
    """W ~ U(−a, a), a = √(6/(n_in + n_out)): a compromise between forward and backward variance.

    Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks
    (2010), eq. 16.
    """
    a = math.sqrt(6 / (n_in + n_out))
    return rng.uniform(-a, a, (n_in, n_out))
