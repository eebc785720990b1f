"""The settings of a recipe: each is one field with default, check and help.

To add a setting, add its field here and use it; for type checkers, name it in `settings.py`, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from plainnet.checks import (
    either,
    is_same,
)
from plainnet.data.class_names import class_name
from plainnet.errors import SettingError
from plainnet.models.class_weights import checked_class_weight
from plainnet.models.names import (
    INITIALIZERS,
    NORMALIZATIONS,
    OPTIMIZERS,
    SCHEDULES,
)
from plainnet.models.setting import (
    ValueType,
    flag,
    named_numbers,
    number,
    one_of,
    setting,
    sides,
    units,
    whole,
)
from plainnet.network import ACTIVATIONS
from plainnet.pictures.augment.augmentation import (
    FEW_PICTURES,
    MANY_PICTURES,
    NAMED,
    augmentation_of,
)

BATCH_NORM_BELOW = 2000
"""The number of pictures below which `auto` chooses BatchNorm, and more than 40 epochs."""
MOST_AUTO_EPOCHS = 160
"""The largest number of epochs that `auto` chooses."""
LEAST_AUTO_STEPS = 320
"""The smallest number of steps that `auto` chooses for feature vectors. On the 150 irises, where 40
epochs are 80 steps, this gains 4 points of accuracy."""


def _check_augment(_: str, value: Any) -> str | dict[str, float]:
    augmentation = augmentation_of(value)
    if isinstance(value, Mapping):
        return {str(name): getattr(augmentation, name) for name in value}
    return str(value)


def _check_class_weight(_: str, value: Any) -> str | Mapping[str, float]:
    return checked_class_weight(value)


def _check_positive(_: str, label: Any) -> str:
    try:
        return class_name(label)
    except ValueError as error:
        raise SettingError(f"positive must name a class, but {error}.") from None


@dataclass(frozen=True)
class RecipeSettings:
    """The checked settings of a training; the defaults do well on most data."""

    hidden: tuple[int, ...] = setting(
        (256, 128),
        units,
        "Units of each hidden layer; () is logistic regression.",
        section="Network",
        metavar="UNITS",
        option_help="Units of each hidden layer, such as 128,64; none: no hidden layer.",
    )
    activation: str = setting(
        "relu",
        one_of(ACTIVATIONS),
        f"Activation after each hidden layer: {either(ACTIVATIONS)}.",
        section="Network",
    )
    initializer: str = setting(
        "auto",
        one_of(INITIALIZERS),
        f"Initial weights: {either(INITIALIZERS)}.",
        section="Network",
        left_open="what suits the activation",
    )
    normalization: str = setting(
        "auto",
        one_of(NORMALIZATIONS),
        f"Normalization before each activation: {either(NORMALIZATIONS)}.",
        section="Network",
        left_open=f"batch for fewer than {BATCH_NORM_BELOW:,} pictures, else none",
    )
    dropout: float = setting(
        0.2,
        number("dropout", "[0, 1)"),
        "Share of the hidden units that each step drops at random.",
        section="Network",
        metavar="SHARE",
    )
    input_dropout: float = setting(
        0.0,
        number("input dropout", "[0, 1)"),
        "Share of the inputs that each step drops at random.",
        section="Network",
        metavar="SHARE",
    )
    augment: str | Mapping[str, float] = setting(
        "auto",
        named_numbers(_check_augment),
        f"Random changes of training pictures, new in each epoch: {either(NAMED)}, or settings "
        'such as {"flip": 0.5, "shift": 0.1, "mix_up": 0.2}. Mild and strong mirror colour '
        "pictures: use handwriting for text. Feature vectors are not changed.",
        section="Training",
        metavar="HOW",
        left_open=f"strong for fewer than {FEW_PICTURES} pictures in colour, else mild for at most "
        f"{MANY_PICTURES:,}, else none",
        option_help=f"Change training pictures at random in each epoch: {either(NAMED)}, or "
        "settings such as flip=0.5,shift=0.1,mix_up=0.2. Mild and strong mirror colour "
        "pictures: use handwriting for text.",
    )
    epochs: int | None = setting(
        None,
        whole("number of epochs", 1),
        "Passes over all samples, at most.",
        section="Training",
        left_open=f"40; for fewer than {BATCH_NORM_BELOW:,} pictures enough to show 80,000, at "
        f"most {MOST_AUTO_EPOCHS}; for few feature vectors enough for {LEAST_AUTO_STEPS} steps",
    )
    batch_size: int = setting(64, whole("batch size", 1), "Samples per step.", section="Training")
    optimizer: str = setting(
        "adam",
        one_of(OPTIMIZERS),
        f"Optimizer: {either(OPTIMIZERS)}.",
        section="Training",
    )
    learning_rate: float | None = setting(
        None,
        number("learning rate", "(0, inf)"),
        "Highest learning rate of the schedule.",
        section="Training",
        metavar="RATE",
        left_open="what suits the optimizer, less for wide inputs",
    )
    schedule: str = setting(
        "cosine",
        one_of(SCHEDULES),
        f"Learning rate over time: {either(SCHEDULES)}.",
        section="Training",
    )
    weight_decay: float = setting(
        1e-4,
        number("weight decay", "[0, inf)"),
        "Strength of the decay of the weights.",
        section="Training",
        metavar="RATE",
    )
    clip_norm: float | None = setting(
        None,
        number("norm to clip gradients at", "(0, inf)"),
        "Norm to which longer gradients are scaled down.",
        section="Training",
        metavar="NORM",
        left_open="none",
    )
    max_norm: float | None = setting(
        None,
        number("largest norm of the weights into a unit", "(0, inf)"),
        "Largest norm of the weights into each unit.",
        section="Training",
        metavar="NORM",
        left_open="none",
    )
    label_smoothing: float = setting(
        0.0,
        number("label smoothing", "[0, 1)"),
        "Share of each target that is spread over all classes.",
        section="Training",
        metavar="SHARE",
    )
    class_weight: str | Mapping[str, float] = setting(
        "balanced",
        named_numbers(_check_class_weight),
        "balanced: all classes have equal weight in the loss, whatever their numbers of samples; "
        "none: all samples have; or the weight of a sample by its class, such as "
        '{"cat": 2}, and 1 for the others.',
        section="Training",
        metavar="WEIGHTS",
        option_help="balanced: all classes have equal weight, whatever their numbers of samples; "
        "none: all samples have; or the weight of a sample by its class, cat=2,dog=0.5.",
    )
    averaging: float = setting(
        0.0,
        number("averaging", "[0, 1)"),
        "Decay of a running mean of the weights, which is then kept, such as 0.999; 0: keep the "
        "last weights.",
        section="Training",
        metavar="DECAY",
    )
    # With a schedule that ends low, the last epoch is better than the luckiest one on a few
    # hundred validation samples.
    patience: int = setting(
        0,
        whole("patience", 0),
        "Stop when the validation loss has not improved for this many epochs, and keep the epoch "
        "with the lowest; 0: train to the end and keep the last.",
        section="Training",
        metavar="EPOCHS",
    )
    ensemble: int = setting(
        1,
        whole("number of networks in an ensemble", 1),
        "Number of networks whose answers are averaged: slower, but better.",
        section="Training",
        metavar="K",
    )
    seed: int = setting(0, whole("seed", 0), "Seed of all random numbers.", section="Training")
    size: tuple[int, int] | None = setting(
        None,
        sides,
        "Height and width of pictures, in pixels.",
        section="Data",
        metavar="SIZE",
        left_open="64 x 64 for files, unchanged for arrays",
        option_help="Height and width of pictures, in pixels: 64, or 48x64.",
    )
    grey: bool = setting(False, flag, "Use brightness only, no colour.", section="Data")
    validation_share: float | None = setting(
        None,
        number("share of validation samples", "[0, 1)"),
        "Share of the training samples to hold out if no validation data are given; 0: none.",
        section="Data",
        metavar="SHARE",
        left_open=f"0.15; 0 for fewer than {FEW_PICTURES} pictures with a test part, if nothing "
        "else needs it",
    )
    precision: float | None = setting(
        None,
        number("wanted precision", "(0, 1]"),
        "Two classes only: choose the threshold so that precision on the validation data is at "
        "least this.",
        section="Decision",
        metavar="SHARE",
        left_open="the threshold is ½",
    )
    recall: float | None = setting(
        None,
        number("wanted recall", "(0, 1]"),
        "Two classes only: choose the threshold so that recall on the validation data is at least "
        "this.",
        section="Decision",
        metavar="SHARE",
        left_open="the threshold is ½",
    )
    positive: str | None = setting(
        None,
        ValueType(_check_positive),
        "Class that precision and recall are for.",
        section="Decision",
        metavar="CLASS",
        left_open="the second",
    )

    def __post_init__(self) -> None:
        for name, value in self._checked():
            if not is_same(
                value, getattr(self, name)
            ):  # such as NumPy's numbers, which JSON refuses
                object.__setattr__(self, name, value)
        if self.precision is not None and self.recall is not None:
            raise SettingError("One threshold gives a precision or a recall; give one of them.")
        if self.positive is not None and self.precision is None and self.recall is None:
            raise SettingError(
                "positive says which class a precision or recall is for; give one of them as well."
            )

    def _checked(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the checked value of each setting, in Python's own types."""
        for field in fields(RecipeSettings):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                yield field.name, field.metadata["setting"].values.check(field.name, value)
