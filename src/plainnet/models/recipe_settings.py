"""The settings of a recipe: each is one field with default, check and help.

To add a setting, add its field here and use it; for type checkers, name it in `settings.py`, too.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from plainnet.checks import either, is_same
from plainnet.errors import SettingError
from plainnet.models.class_weights import checked_class_weight
from plainnet.models.convolutional import LEAST_EPOCHS, MOST_EPOCHS
from plainnet.models.cost_setting import error_costs
from plainnet.models.defaults import FEW_PATCHES, LEAST_STEPS, NETWORKS, by_kind
from plainnet.models.names import OPTIMIZERS, POLYNOMIAL, SCHEDULES
from plainnet.models.network_settings import BATCH_NORM_BELOW, NetworkSettings
from plainnet.models.setting import (
    flag,
    named_numbers,
    number,
    number_or,
    one_class,
    one_of,
    setting,
    sides,
    whole,
)
from plainnet.models.variants import checked_variants
from plainnet.pictures.augment.augmentation import (
    FEW_PICTURES,
    MANY_PICTURES,
    NAMED,
    augmentation_of,
)

MOST_AUTO_EPOCHS = 160
"""The largest number of epochs that `auto` chooses."""

THRESHOLD_SETTINGS = ("precision", "recall", "cost")
"""The settings that move the threshold between two classes; at most one of them is given."""


def _check_augment(_: str, value: Any) -> str | dict[str, float]:
    augmentation = augmentation_of(value)
    if isinstance(value, Mapping):
        return {str(name): getattr(augmentation, name) for name in value}
    return str(value)


def _check_class_weight(_: str, value: Any) -> str | Mapping[str, float]:
    return "auto" if isinstance(value, str) and value == "auto" else checked_class_weight(value)


@dataclass(frozen=True, repr=False, eq=False)  # `Recipe` has these
class RecipeSettings(NetworkSettings):
    """The checked settings of a training; the defaults do well on most data."""

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
        f"most {MOST_AUTO_EPOCHS}; for conv networks {LEAST_EPOCHS} to {MOST_EPOCHS}, so that it "
        "takes about ten minutes at most; for tables and vectors of few numbers enough for "
        f"{LEAST_STEPS:,} steps, 60 to 600",
    )
    batch_size: int | None = setting(
        None,
        whole("batch size", 1),
        "Samples per step.",
        section="Training",
        left_open=f"{by_kind('batch_size')}, fewer for small data sets",
    )
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
        "auto",
        one_of(ChainMap({"auto": None}, SCHEDULES)),
        f"Learning rate over time: {either(SCHEDULES)}.",
        section="Training",
        left_open=by_kind("schedule"),
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
        "auto",
        named_numbers(_check_class_weight),
        "balanced: all classes have equal weight in the loss, whatever their numbers of samples; "
        "none: all samples have; or the weight of a sample by its class, such as "
        '{"cat": 2}, and 1 for the others.',
        section="Training",
        metavar="WEIGHTS",
        left_open=by_kind("class_weight"),
        option_help="balanced: all classes have equal weight, whatever their numbers of samples; "
        "none: all samples have; or the weight of a sample by its class, cat=2,dog=0.5.",
    )
    averaging: float | str = setting(
        "auto",
        number_or("averaging", "[0, 1)", ("auto", POLYNOMIAL)),
        "Decay of a running mean of the weights, which is then kept, such as 0.999; polynomial: "
        "the mean reaches back over a tenth of the steps taken; 0: keep the last weights.",
        section="Training",
        metavar="DECAY",
        left_open=by_kind("averaging"),
    )
    # With a schedule that ends low, the last epoch is better than the luckiest one on a few
    # hundred validation samples.
    patience: int | None = setting(
        None,
        whole("patience", 0),
        "Stop when the validation loss has not improved for this many epochs, and keep the epoch "
        "with the lowest; 0: train to the end and keep the last.",
        section="Training",
        metavar="EPOCHS",
        left_open=by_kind("patience"),
    )
    patience_growth: float | None = setting(
        None,
        number("growth of the patience", "[0, inf)"),
        "Extra epochs to wait for each epoch up to the best one.",
        section="Training",
        metavar="SHARE",
        left_open=f"{by_kind('patience_growth')}, and with a patience of your own",
    )
    effort: str = setting(
        "default",
        one_of(NETWORKS),
        "How much time to give to tables and vectors of few numbers: "
        "quick: one network, or a few; default: an ensemble; best: one of several variants.",
        section="Training",
        switches={
            "quick": "Tables and vectors of few numbers: one network, or a few; the fastest.",
            "best": "Tables and vectors of few numbers: several variants of the network, "
            f"{NETWORKS['best']} of each; the most accurate, and the slowest.",
        },
    )
    ensemble: int | None = setting(
        None,
        whole("number of networks in an ensemble", 1),
        "Number of networks whose answers are averaged: slower, but better.",
        section="Training",
        metavar="K",
        left_open="what the effort says for tables and vectors of few numbers, "
        f"{FEW_PATCHES['ensemble']} for patches of fewer than {FEW_PICTURES} pictures, else 1",
    )
    bagging: str = setting(
        "auto",
        one_of({"auto": None, "none": None, "folds": None}),
        "What the networks of an ensemble are validated on: none: all on the same samples; folds: "
        "each on another part, so that all samples are learned from, and each has an answer of "
        "networks that have not seen it.",
        section="Training",
        left_open=by_kind("bagging"),
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
        left_open=f"0.15; 0 for fewer than {FEW_PICTURES} pictures with a test part, of a conv "
        f"network {BATCH_NORM_BELOW:,}, if nothing else needs it",
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
    cost: Mapping[str, float] | None = setting(
        None,
        error_costs,
        'What errors cost, for answers of the lowest expected cost: {"fn": 5, "fp": 1} of two '
        'classes, or {"cat": 5, "cat>dog": 9} of a cat, and of a cat answered by dog; else 1.',
        section="Decision",
        metavar="COSTS",
        left_open="all cost the same",
        option_help="What errors cost, for answers of the lowest expected cost: fn=5,fp=1 of two "
        "classes, 'cat=5,cat>dog=9' of a cat, and of a cat answered by dog, or a .csv file.",
    )
    positive: str | None = setting(
        None,
        one_class,
        "Class that precision, recall and cost are for.",
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
        object.__setattr__(self, "variants", checked_variants(self.variants, RecipeSettings))
        self.check_layers()
        aims = [name for name in THRESHOLD_SETTINGS if getattr(self, name) is not None]
        if len(aims) > 1:
            raise SettingError(
                f"There is one threshold for {' and '.join(aims)}; give one of them."
            )
        if self.positive is not None and not aims:
            raise SettingError(
                f"positive says which class a {either(THRESHOLD_SETTINGS)} is for; give one of "
                "them as well."
            )

    @property
    def moves_threshold(self) -> bool:
        """Whether it asks for another threshold between two classes than ½."""
        return any(getattr(self, name) is not None for name in THRESHOLD_SETTINGS)

    def _checked(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the checked value of each setting, in Python's own types."""
        for field in fields(RecipeSettings):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                yield field.name, field.metadata["setting"].values.check(field.name, value)
