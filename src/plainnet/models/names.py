"""The names of a recipe's settings, and the parts they stand for.

Add a row for your own part, and `Classifier(activation="…")` knows it. To load a file that names
it, add the row first.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from plainnet.network import (
    BatchNorm,
    Initializer,
    Layer,
    LayerNorm,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    glorot_uniform,
    he_normal,
    lecun_normal,
    random,
    zeros,
)
from plainnet.training import (
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
    Schedule,
    schedules,
)

INITIALIZERS: dict[str, Initializer | None] = {
    "auto": None,
    "zeros": zeros,
    "random": random(0.01),
    "lecun": lecun_normal,
    "he": he_normal,
    "glorot": glorot_uniform,
}
NORMALIZATIONS: dict[str, Callable[[int], Layer] | None] = {
    "auto": None,
    "none": None,
    "batch": BatchNorm,
    "layer": LayerNorm,
}


class OptimizerRow(NamedTuple):
    """An optimizer by its name."""

    optimizer: Callable[..., Optimizer]
    """A function of the learning rate and `weight_decay`."""
    usual_rate: float
    """The default learning rate."""


OPTIMIZERS: dict[str, OptimizerRow] = {
    "gradient-descent": OptimizerRow(GradientDescent, 0.1),
    "momentum": OptimizerRow(Momentum, 0.02),
    "nesterov": OptimizerRow(Nesterov, 0.02),
    "rmsprop": OptimizerRow(RMSprop, 0.001),
    "adam": OptimizerRow(Adam, 0.001),
    "adamw": OptimizerRow(AdamW, 0.001),
}
SCHEDULES: dict[str, Callable[[float, int], Schedule]] = {
    "constant": lambda rate, steps: schedules.constant(rate),  # noqa: ARG005
    "step": lambda rate, steps: schedules.step_decay(rate, max(1, -(-steps // 3))),
    "exponential": lambda rate, steps: schedules.exponential(rate, 0.01 ** (1 / steps)),
    "cosine": schedules.cosine,
    "warm-up": lambda rate, steps: schedules.warm_up(
        schedules.cosine(rate, steps), max(1, steps // 20)
    ),
    "one-cycle": schedules.one_cycle,
    "flat-cosine": schedules.flat_cosine,
    "coslog": schedules.coslog,
}
ENCODINGS: dict[str, Callable[[list[list[float]]], Layer] | None] = {
    "auto": None,
    "none": None,
    "piecewise-linear": PiecewiseLinear,
    "learned": PiecewiseLinearEmbedding,
}
"""The layer of the edges of each column's bins."""
POLYNOMIAL = "polynomial"
ELSEWHERE: Mapping[str, str] = {
    "alpha": "weight_decay",
    "early_stopping": "patience",
    "hidden_layer_sizes": "hidden",
    "l2": "weight_decay",
    "lr": "learning_rate",
    "max_iter": "epochs",
    "random_state": "seed",
    "solver": "optimizer",
}
"""The names of settings in other libraries, for messages."""
