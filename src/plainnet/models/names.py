"""The names that a recipe's settings can have, and what each stands for."""

from collections.abc import Callable, Mapping

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
