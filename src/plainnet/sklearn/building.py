"""Building the parts of a training from parameters: network, optimizer, schedule.

The weights are drawn as scikit-learn draws them, from the same generator, in the same order: the
same seed gives the same numbers.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from plainnet.checks import check_whole
from plainnet.network import Array, BatchNorm, Dense, Dropout, Layer, LayerNorm, Network, zeros
from plainnet.sklearn.parameters import ACTIVATIONS, Parameters
from plainnet.training import (
    AdamHat,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
    Schedule,
    schedules,
)

NORMALIZATIONS: dict[str | None, list[Callable[[int], Layer]]] = {
    None: [],
    "batch": [BatchNorm],
    "layer": [LayerNorm],
}


def hidden_sizes(p: Parameters) -> list[int]:
    """Return the units of each hidden layer."""
    sizes: Any = p.hidden_layer_sizes
    each = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    return [check_whole("number of units in hidden_layer_sizes", size, 1) for size in each]


def make_layers(p: Parameters, n_in: int, n_out: int) -> list[Layer]:
    """Return the layers of the network, with all parameters 0."""
    layers: list[Layer] = []
    *inner, last = pairwise([n_in, *hidden_sizes(p), n_out])
    for rows, columns in inner:
        layers += [Dense(rows, columns, zeros)]
        layers += [make(columns) for make in NORMALIZATIONS[p.normalization]]
        layers += [make() for make in ACTIVATIONS[p.activation]]
        layers += [Dropout(p.dropout)] if p.dropout else []
    return [*layers, Dense(*last, zeros)]


def build(p: Parameters, n_in: int, n_out: int, dtype: Any, random: Any) -> Network:
    """Return the network with initial parameters drawn from a `RandomState`."""
    network = Network(make_layers(p, n_in, n_out), dtype=dtype)
    gain = 2 if p.activation == "logistic" else 6
    for part in dense(network):
        bound = math.sqrt(gain / sum(part.W.shape))  # Glorot, Bengio (2010), eq. 16, where 6
        part.W[...] = random.uniform(-bound, bound, part.W.shape)
        part.b[...] = random.uniform(-bound, bound, part.b.shape)
    for layer in network.layers:
        if layer.is_stochastic:
            layer.rng = np.random.default_rng(random.randint(2**31))
    return network


def dense(network: Network) -> list[Dense]:
    """Return the layers with weights, in order."""
    return [layer for layer in network.layers if isinstance(layer, Dense)]


def make_optimizer(p: Parameters) -> Optimizer:
    """Return the optimizer of `solver`, before its first step."""
    rate, adam = p.learning_rate_init, (p.beta_1, p.beta_2, p.epsilon)
    match p.solver:
        case "adam":
            return AdamHat(rate, *adam)
        case "adamw":
            return AdamW(rate, *adam, weight_decay=p.weight_decay)
        case "rmsprop":
            return RMSprop(rate, p.rho, p.epsilon)
        case _ if p.momentum == 0:
            return GradientDescent(rate)
        case _ if p.nesterovs_momentum:
            return Nesterov(rate, p.momentum)
        case _:
            return Momentum(rate, p.momentum)


def make_schedule(p: Parameters, steps: int, taken: int) -> Schedule | None:
    """Return the learning rate of each step after those `taken`; None if it changes by epoch.

    Args:
        p: the parameters.
        steps: the number of steps of a whole training.
        taken: the number of steps of the optimizer in earlier calls.
    """
    if callable(p.learning_rate):
        rate: Schedule = p.learning_rate
    elif p.learning_rate == "cosine":
        rate = schedules.cosine(p.learning_rate_init, steps)
    elif p.learning_rate == "one_cycle":
        rate = schedules.one_cycle(p.learning_rate_init, steps)
    else:
        return None
    return lambda step: rate(taken + step)


def shuffling(random: Any) -> Callable[[int], Array]:
    """Return a function that shuffles the last epoch's order again, as scikit-learn does."""
    rows = np.arange(0)

    def order(n: int) -> Array:
        nonlocal rows
        places = np.arange(n)
        random.shuffle(places)
        rows = rows[places] if len(rows) == n else places
        return rows

    return order
