"""The recipe: all choices of a training in one frozen, checked, printable record."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Self

from plainnet.checks import (
    did_you_mean,
    of_python,
)
from plainnet.data import Dataset
from plainnet.errors import SettingError
from plainnet.models.names import (
    ELSEWHERE,
    INITIALIZERS,
    NORMALIZATIONS,
    OPTIMIZERS,
    SCHEDULES,
)
from plainnet.models.recipe_settings import (
    BATCH_NORM_BELOW,
    LEAST_AUTO_STEPS,
    MOST_AUTO_EPOCHS,
    RecipeSettings,
)
from plainnet.network import (
    ACTIVATIONS,
    Dense,
    Dropout,
    Layer,
    Network,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.pictures.augment.augmentation import FEW_PICTURES, usual
from plainnet.training import Average, Optimizer, Schedule


@dataclass(frozen=True)
class Recipe(RecipeSettings):
    """The settings of a model and its training; the defaults do well on most data."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Make a recipe of names and values.

        Lists are accepted as tuples, and one whole number as one hidden layer or the side of a
        square picture.

        Raises:
            SettingError: an unknown name, or a value out of its range.
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
        """Return names and values as JSON values."""
        return asdict(self)

    def resolve(self, data: Dataset, *, tested: bool) -> "ResolvedRecipe":
        """Return the recipe with every `auto` setting resolved for these training samples.

        Args:
            data: all training samples, before some are held out.
            tested: whether there are test samples.
        """
        n, resolved = len(data), self.to_dict()
        small = data.is_pictures and n < BATCH_NORM_BELOW
        if self.augment == "auto":
            resolved["augment"] = usual(data.X) if data.is_pictures else "none"
        if self.normalization == "auto":
            resolved["normalization"] = "batch" if small else "none"
        if self.epochs is None:
            resolved["epochs"] = min(40 * BATCH_NORM_BELOW // n, MOST_AUTO_EPOCHS) if small else 40
            if not data.is_pictures:
                resolved["epochs"] = max(40, -(-LEAST_AUTO_STEPS // -(-n // self.batch_size)))
        if self.validation_share is None:
            watched = self.patience or self.precision or self.recall
            spared = small and tested and n < FEW_PICTURES and not watched
            resolved["validation_share"] = 0.0 if spared else 0.15
        return ResolvedRecipe(**resolved)

    def make_network(self, n_in: int, n_out: int, rng: Any) -> Network:
        """Make the network, with initial weights."""
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
        """Make the loss: the sigmoid's cross-entropy for one output, else softmax's."""
        kind = SigmoidCrossEntropy if n_out == 1 else SoftmaxCrossEntropy
        return kind(smoothing=self.label_smoothing)

    def make_average(self) -> Average | None:
        """Make the running mean of the weights, if there is one."""
        return Average(self.averaging) if self.averaging else None

    def make_optimizer(self, n_in: int) -> Optimizer:
        """Make the optimizer, before its first step.

        By default the learning rate is the usual one up to 784 features, and beyond falls with the
        root of their number: a step changes all weights of a unit at once, so the more there are,
        the further the unit moves.
        """
        row, rate = OPTIMIZERS[self.optimizer], self.learning_rate
        if rate is None:
            rate = row.usual_rate * min(1.0, math.sqrt(784 / n_in))
        return row.optimizer(rate, weight_decay=self.weight_decay)

    def make_schedule(self, rate: float, steps: int) -> Schedule:
        """Make the schedule of the learning rate, at most `rate`, for so many steps."""
        return SCHEDULES[self.schedule](rate, steps)


@dataclass(frozen=True)
class ResolvedRecipe(Recipe):
    """A recipe with every `auto` setting resolved for the given data."""

    normalization: str = "none"
    augment: str | Mapping[str, float] = "none"
    epochs: int = 40
    validation_share: float = 0.15

    def chosen(self, recipe: Recipe) -> dict[str, Any]:
        """Return the values of the settings that the original recipe left open."""
        theirs = recipe.to_dict()
        return {name: value for name, value in self.to_dict().items() if value != theirs[name]}
