"""The recipe: every choice of a training in one frozen, checked, printable record."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from plainnet.checks import check_number, check_whole
from plainnet.errors import SettingError
from plainnet.network import (
    Initializer,
    Layer,
    LeakyReLU,
    Network,
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
OPTIMIZERS: Mapping[str, type[Optimizer]] = {
    "gradient-descent": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
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


@dataclass(frozen=True)
class Recipe:
    """How a classifier is made and trained; the defaults do well on most data."""

    hidden: tuple[int, ...] = (256, 128)
    """Units of the hidden layers; none: logistic regression."""
    activation: str = "relu"
    initializer: str = "auto"
    """Of the weights; `auto`: what suits the activation."""
    dropout: float = 0.2
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    weight_decay: float = 1e-4
    clip_norm: float | None = None
    batch_size: int = 64
    epochs: int = 50
    patience: int = 15
    """Epochs to wait for a better result on the validation data; 0: never stop early."""
    validation_share: float = 0.15
    """Of the training samples, held out where no validation data is given; 0: none."""
    size: tuple[int, int] | None = None
    """Height and width of pictures; None: 64 × 64 for files, their own for arrays."""
    grey: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for units in self.hidden:
            check_whole("number of units of a hidden layer", units, 1)
        for name, table in TABLES.items():
            _one_of(name, getattr(self, name), table)
        check_number("dropout", self.dropout, "[0, 1)")
        check_number("learning rate", self.learning_rate, "(0, inf)")
        check_number("weight decay", self.weight_decay, "[0, inf)")
        if self.clip_norm is not None:
            check_number("norm to clip gradients at", self.clip_norm, "(0, inf]")
        check_whole("batch size", self.batch_size, 1)
        check_whole("number of epochs", self.epochs, 1)
        check_whole("patience", self.patience, 0)
        check_number("share of validation samples", self.validation_share, "[0, 1)")
        check_whole("seed", self.seed, 0)
        for side in self.size or ():
            check_whole("size of pictures", side, 1)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """From names and values, lists in the place of tuples; unknown names are refused."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted({*settings} - known):
            raise SettingError(
                f"A recipe has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}."
            )
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()
        }
        return cls(**plain)

    def to_dict(self) -> dict[str, Any]:
        """Names and values, as JSON can say them."""
        return asdict(self)

    def make_network(self, n_in: int, n_out: int, rng: Any) -> Network:
        """The network with fresh weights."""
        return Network.dense(
            [n_in, *self.hidden, n_out],
            activation=ACTIVATIONS[self.activation],
            initializer=INITIALIZERS[self.initializer],
            dropout=self.dropout,
            rng=rng,
        )

    def make_optimizer(self) -> Optimizer:
        """The optimizer before its first step."""
        return OPTIMIZERS[self.optimizer](self.learning_rate, weight_decay=self.weight_decay)

    def make_schedule(self, steps: int) -> Schedule:
        """The learning rate over so many steps."""
        return SCHEDULES[self.schedule](self.learning_rate, steps)


TABLES: Mapping[str, Mapping[str, Any]] = {
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}


def _one_of(name: str, value: str, table: Mapping[str, Any]) -> None:
    if value not in table:
        raise SettingError(f"The {name} must be one of {', '.join(table)}, but got {value!r}.")
