"""The names that a recipe's settings can have, and what each stands for."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, TypeVar

from plainnet.network import (
    BatchNorm,
    Initializer,
    Layer,
    LayerNorm,
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
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

T = TypeVar("T")

ACTIVATIONS: Mapping[str, type[Layer]] = {
    "relu": ReLU,
    "leaky-relu": LeakyReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
}
INITIALIZERS: Mapping[str, Initializer | None] = {
    "auto": None,
    "zeros": zeros,
    "random": random(0.01),
    "lecun": lecun_normal,
    "he": he_normal,
    "glorot": glorot_uniform,
}
NORMALIZATIONS: Mapping[str, Callable[[int], Layer] | None] = {
    "auto": None,
    "none": None,
    "batch": BatchNorm,
    "layer": LayerNorm,
}
OPTIMIZERS: Mapping[str, type[Optimizer]] = {
    "gradient-descent": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
USUAL_RATES: Mapping[str, float] = {
    "gradient-descent": 0.1,
    "momentum": 0.02,
    "nesterov": 0.02,
    "rmsprop": 0.001,
    "adam": 0.001,
    "adamw": 0.001,
}
SCHEDULES: Mapping[str, Callable[[float, int], Schedule]] = {
    "constant": lambda rate, steps: schedules.constant(rate),  # noqa: ARG005
    "step": lambda rate, steps: schedules.step_decay(rate, max(1, -(-steps // 3))),
    "exponential": lambda rate, steps: schedules.exponential(rate, 0.01 ** (1 / steps)),
    "cosine": schedules.cosine,
    "warm-up": lambda rate, steps: schedules.warm_up(
        schedules.cosine(rate, steps), max(1, steps // 20)
    ),
    "one-cycle": schedules.one_cycle,
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "normalization": NORMALIZATIONS,
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}
WHOLE: Mapping[str, tuple[str, int]] = {
    "batch_size": ("batch size", 1),
    "epochs": ("number of epochs", 1),
    "patience": ("patience", 0),
    "ensemble": ("number of networks in an ensemble", 1),
    "seed": ("seed", 0),
}
"""Settings that are whole numbers: what messages call them, and the least."""
NUMBERS: Mapping[str, tuple[str, str]] = {
    "dropout": ("dropout", "[0, 1)"),
    "input_dropout": ("input dropout", "[0, 1)"),
    "learning_rate": ("learning rate", "(0, inf)"),
    "weight_decay": ("weight decay", "[0, inf)"),
    "clip_norm": ("norm to clip gradients at", "(0, inf)"),
    "max_norm": ("largest norm of the weights into a unit", "(0, inf)"),
    "label_smoothing": ("label smoothing", "[0, 1)"),
    "averaging": ("averaging", "[0, 1)"),
    "validation_share": ("share of validation samples", "[0, 1)"),
    "precision": ("wanted precision", "(0, 1]"),
    "recall": ("wanted recall", "(0, 1]"),
}
"""Settings that are numbers: what messages call them, and where they may lie."""
UNSET = ("learning_rate", "clip_norm", "max_norm", "validation_share", "precision", "recall")
"""Those that may be None."""
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
"""What other libraries call some of the settings, for messages."""


def setting(default: T, text: str) -> T:
    """A field of the recipe with what `help(Classifier)` says of it."""
    made: T = field(default=default, metadata={"help": text})
    return made
