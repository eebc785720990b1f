"""The recipe: every choice of a training in one frozen, checked, printable record."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Self

from plainnet.checks import (
    check_flag,
    check_number,
    check_whole,
    did_you_mean,
    either,
    is_same,
    of_python,
    plain,
)
from plainnet.data import Dataset
from plainnet.data.class_names import class_name
from plainnet.errors import SettingError
from plainnet.models.class_weights import checked_class_weight
from plainnet.models.names import (
    ACTIVATIONS,
    ELSEWHERE,
    INITIALIZERS,
    NORMALIZATIONS,
    NUMBERS,
    OPTIMIZERS,
    SCHEDULES,
    TABLES,
    UNSET,
    USUAL_RATES,
    WHOLE,
    setting,
)
from plainnet.network import (
    Dense,
    Dropout,
    Layer,
    Network,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.pictures.augment.augmentation import FEW, MANY, NAMED, augmentation_of, usual
from plainnet.training import Average, Optimizer, Schedule

SMALL = 2000
"""Pictures below which a training has BatchNorm, and more epochs than 40, unless told otherwise."""
MOST = 160
"""Epochs that it has then at most."""
STEPS = 320
"""That a training on feature vectors makes at least, unless told otherwise. On the 150 irises, of
which 40 epochs are 80 steps, it gains 4 points of accuracy."""


@dataclass(frozen=True)
class Recipe:
    """How a learner is made and trained; the defaults do well on most data."""

    hidden: tuple[int, ...] = setting(
        (256, 128), "Units of each hidden layer; () is logistic regression."
    )
    activation: str = setting("relu", f"Behind each hidden layer: {either(ACTIVATIONS)}.")
    initializer: str = setting(
        "auto", f"The first weights: {either(INITIALIZERS)}; auto suits the activation."
    )
    normalization: str = setting(
        "auto",
        f"In front of each activation: {either(NORMALIZATIONS)}; auto: batch for fewer than "
        f"{SMALL:,} pictures, else none.",
    )
    dropout: float = setting(0.2, "Share of the hidden units that each step leaves out at random.")
    input_dropout: float = setting(0.0, "Share of the inputs that each step leaves out at random.")
    optimizer: str = setting("adam", f"What makes the steps: {either(OPTIMIZERS)}.")
    learning_rate: float | None = setting(
        None, "Highest learning rate; None: the optimizer's usual one, less for wide inputs."
    )
    schedule: str = setting("cosine", f"The learning rate over time: {either(SCHEDULES)}.")
    weight_decay: float = setting(1e-4, "How strongly weights are kept small.")
    clip_norm: float | None = setting(None, "Longer gradients are shortened to this; None: none.")
    max_norm: float | None = setting(
        None, "Largest norm of the weights into each unit; None: no bound."
    )
    label_smoothing: float = setting(0.0, "Share of each target that is spread over all classes.")
    class_weight: str | Mapping[str, float] = setting(
        "balanced",
        "balanced: each class counts alike in the loss, however many samples it happens to have, "
        "which seldom says how many will be met; none: each sample does; or what a sample of a "
        'class counts, such as {"cat": 2}, and 1 of the others.',
    )
    averaging: float = setting(
        0.0,
        "Keep a running mean of the weights, to which each step back counts so many times as much "
        "(such as 0.999); 0: keep the last.",
    )
    augment: str | Mapping[str, float] = setting(
        "auto",
        f"How training pictures are varied, each epoch anew: {either(NAMED)}, or settings such as "
        f'{{"flip": 0.5, "shift": 0.1}}; auto: strong for fewer than {FEW} with colour, else mild '
        f"for up to {MANY:,}, else none. Feature vectors never are.",
    )
    batch_size: int = setting(64, "Samples of a step.")
    epochs: int | None = setting(
        None,
        f"Passes over all samples; None: 40, of fewer than {SMALL:,} pictures so many that 80,000 "
        f"are shown, but at most {MOST}, of few feature vectors so many that {STEPS} steps are "
        "made.",
    )
    # With a schedule that ends low, the end is better than the luckiest epoch on a few hundred
    # validation samples.
    patience: int = setting(
        0,
        "Stop when the validation loss has not got lower for so many epochs, and keep the epoch "
        "where it was lowest; 0: train to the end and keep that.",
    )
    validation_share: float | None = setting(
        None,
        "Share of the training samples that is held out where no validation data is given; 0: "
        f"none. None: 0.15, but none of fewer than {FEW} pictures with a test part, which "
        "measures, if nothing else needs it.",
    )
    precision: float | None = setting(
        None,
        "Two classes only: answer positive only so surely that at least this share of those "
        "answers is right on the validation samples.",
    )
    recall: float | None = setting(
        None,
        "Two classes only: answer positive so readily that at least this share of them is found "
        "on the validation samples.",
    )
    positive: str | None = setting(
        None, "The class that precision and recall are for; None: the second."
    )
    ensemble: int = setting(1, "Networks, trained one after the other, whose answers are averaged.")
    size: tuple[int, int] | None = setting(
        None, "Height and width of pictures; None: 64 x 64 for files, their own for arrays."
    )
    grey: bool = setting(False, "Use brightness only, no colour.")
    seed: int = setting(0, "Of everything that is drawn at random.")

    def __post_init__(self) -> None:
        for name, value in self._checked():
            if not is_same(value, getattr(self, name)):  # such as numbers of NumPy, not for files
                object.__setattr__(self, name, value)
        if self.precision is not None and self.recall is not None:
            raise SettingError("One threshold gives a precision or a recall; choose one of them.")
        if self.positive is not None and self.precision is None and self.recall is None:
            raise SettingError(
                "positive says which class a precision or recall is for; give one of them as well."
            )

    def _checked(self) -> Iterator[tuple[str, Any]]:
        """Each setting by its name, checked, in Python's own types."""
        units = _sequence("hidden", self.hidden, "units of layers such as (128, 64), or ()")
        hidden = "number of units of a hidden layer"
        yield "hidden", tuple(check_whole(hidden, n, 1) for n in units)
        if self.size is not None:
            sides = _sequence("size", self.size, "height and width such as (64, 64)", 2)
            yield "size", tuple(check_whole("size of pictures", n, 1) for n in sides)
        yield "grey", check_flag("grey", self.grey)
        for name, table in TABLES.items():
            yield name, _one_of(name, getattr(self, name), table)
        for name, (told, least) in WHOLE.items():
            if getattr(self, name) is not None or name != "epochs":
                yield name, check_whole(told, getattr(self, name), least)
        for name, (told, interval) in NUMBERS.items():
            if getattr(self, name) is not None or name not in UNSET:
                yield name, check_number(told, getattr(self, name), interval)
        augmentation = augmentation_of(self.augment)
        if isinstance(self.augment, Mapping):
            yield "augment", {str(name): getattr(augmentation, name) for name in self.augment}
        yield "class_weight", checked_class_weight(self.class_weight)
        if self.positive is not None:
            yield "positive", _class_name(self.positive)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """From names and values; unknown names are refused.

        Lists may stand for tuples, and one whole number for one hidden layer or a square picture.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted({*settings} - known):
            name = unknown[0]
            raise SettingError(
                f"There is no setting {name!r}{did_you_mean(ELSEWHERE.get(name, name), known)}; "
                f"there are {', '.join(sorted(known))}."
            )
        given = {name: of_python(value) for name, value in settings.items()}
        if isinstance(given.get("hidden"), int):
            given["hidden"] = (given["hidden"],)
        if isinstance(given.get("size"), int):
            given["size"] = (given["size"],) * 2
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Names and values, as JSON can say them."""
        return asdict(self)

    def settled(self, data: Dataset, *, tested: bool) -> "Settled":
        """The recipe with all that it leaves open settled for these training samples.

        Args:
            data: all of them, before a part is held out.
            tested: whether test samples have come with them.
        """
        n, settled = len(data), self.to_dict()
        small = data.is_pictures and n < SMALL
        if self.augment == "auto":
            settled["augment"] = usual(data.X) if data.is_pictures else "none"
        if self.normalization == "auto":
            settled["normalization"] = "batch" if small else "none"
        if self.epochs is None:
            settled["epochs"] = min(40 * SMALL // n, MOST) if small else 40
            if not data.is_pictures:
                settled["epochs"] = max(40, -(-STEPS // -(-n // self.batch_size)))
        if self.validation_share is None:
            watched = self.patience or self.precision or self.recall
            spared = small and tested and n < FEW and not watched
            settled["validation_share"] = 0.0 if spared else 0.15
        return Settled(**settled)

    def make_network(self, n_in: int, n_out: int, rng: Any) -> Network:
        """The network with fresh weights."""
        initializer = INITIALIZERS[self.initializer]
        layers: list[Layer] = [Dropout(self.input_dropout)] if self.input_dropout else []
        for before, units in pairwise([n_in, *self.hidden]):
            layers += [Dense(before, units, initializer)]
            layers += [make(units)] if (make := NORMALIZATIONS[self.normalization]) else []
            layers += [ACTIVATIONS[self.activation]()]
            layers += [Dropout(self.dropout)] if self.dropout else []
        layers += [Dense([n_in, *self.hidden][-1], n_out, initializer)]
        return Network(layers, rng=rng).spread_biases(rng)  # it saves steps, of few features many

    def make_loss(self, n_out: int) -> SigmoidCrossEntropy | SoftmaxCrossEntropy:
        """One output is one yes-or-no question; more are one choice."""
        kind = SigmoidCrossEntropy if n_out == 1 else SoftmaxCrossEntropy
        return kind(smoothing=self.label_smoothing)

    def make_average(self) -> Average | None:
        """The running mean of the weights, if one is kept."""
        return Average(self.averaging) if self.averaging else None

    def make_optimizer(self, n_in: int) -> Optimizer:
        """The optimizer before its first step.

        A learning rate that is not given is the usual one up to 784 features, and falls with the
        root of their number beyond: a step changes all weights of a unit at once, and the more
        there are, the further the unit moves.
        """
        rate = self.learning_rate
        if rate is None:
            rate = USUAL_RATES[self.optimizer] * min(1.0, math.sqrt(784 / n_in))
        return OPTIMIZERS[self.optimizer](rate, weight_decay=self.weight_decay)

    def make_schedule(self, rate: float, steps: int) -> Schedule:
        """The learning rate over so many steps, at most `rate`."""
        return SCHEDULES[self.schedule](rate, steps)


@dataclass(frozen=True)
class Settled(Recipe):
    """A recipe that leaves nothing open of what the training samples decide."""

    normalization: str = "none"
    augment: str | Mapping[str, float] = "none"
    epochs: int = 40
    validation_share: float = 0.15

    def chosen(self, recipe: Recipe) -> dict[str, Any]:
        """What the recipe that this was made of had left open, by name."""
        theirs = recipe.to_dict()
        return {name: value for name, value in self.to_dict().items() if value != theirs[name]}


def _sequence(
    name: str, value: object, expected: str, length: int | None = None
) -> tuple[Any, ...]:
    if not isinstance(value, tuple) or (length is not None and len(value) != length):
        raise SettingError(f"{name} must be {expected}, but got {value!r}.")
    return value


def _class_name(label: Any) -> str:
    try:
        return class_name(label)
    except ValueError as error:
        raise SettingError(f"positive must name a class, but {error}.") from None


def _one_of(name: str, value: Any, table: Mapping[str, Any]) -> str:
    value = plain(value)
    if not isinstance(value, str) or value not in table:
        raise SettingError(
            f"The {name} must be one of {', '.join(table)}, but got {value!r}"
            f"{did_you_mean(value, table)}."
        )
    return str(value)
