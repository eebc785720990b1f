"""The recipe: all choices of a training in one frozen, checked, printable record."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from plainnet.checks import did_you_mean, of_python
from plainnet.data import Dataset
from plainnet.errors import SettingError
from plainnet.models import defaults
from plainnet.models.column_features import column_sizes
from plainnet.models.convolutional import usual_channels, usual_epochs
from plainnet.models.layers import network_layers
from plainnet.models.names import ELSEWHERE, OPTIMIZERS, POLYNOMIAL, SCHEDULES
from plainnet.models.network_settings import (
    BATCH_NORM_BELOW,
    CONVOLVED_FROM,
    CONVOLVED_TO,
    LEAST_SIDE,
)
from plainnet.models.recipe_settings import MOST_AUTO_EPOCHS, RecipeSettings
from plainnet.models.variants import Variants
from plainnet.network import (
    Layer,
    MemberMean,
    Network,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.pictures.augment.augmentation import FEW_PICTURES, usual
from plainnet.training import Average, Optimizer, PolynomialAverage, Schedule


@dataclass(frozen=True)
class Recipe(RecipeSettings):
    """The settings of a model and its training; the defaults do well on most data.

    >>> Recipe(hidden=(64,), epochs=20).hidden
    (64,)
    """

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Make a recipe of names and values.

        Lists are accepted as tuples, and one whole number as one hidden layer, one convolution or
        the side of a square picture.

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
        for name in ("hidden", "channels"):
            if isinstance(given.get(name), int):
                given[name] = (given[name],)
        if isinstance(given.get("size"), int):
            given["size"] = (given["size"],) * 2
        return cls(**given)

    def to_dict(self) -> dict[str, Any]:
        """Return names and values as JSON values."""
        return asdict(self)

    def resolve(self, data: Dataset, *, tested: bool, validated: bool = False) -> "ResolvedRecipe":
        """Return the recipe with every `auto` setting resolved for these training samples.

        Args:
            data: all training samples, before some are held out.
            tested: whether there are test samples.
            validated: whether there are validation samples beside them.
        """
        kind, resolved = defaults.kind_of(data), self.to_dict()
        resolved["network"] = self._network(data)
        if resolved["network"] == "conv":
            usual = asdict(defaults.CONVOLUTIONS) | self._convolved(data, tested)
        else:
            usual = asdict(defaults.BY_KIND[kind]) | self._of_size(data, kind, tested)
        for name, value in usual.items():
            if getattr(self, name) in (None, "auto"):
                resolved[name] = value
        if data.targets and self.class_weight == "auto":
            resolved["class_weight"] = "none"  # a sample has a class for each target
        resolved["ensemble"] = self.ensemble or resolved["ensemble"] * len(resolved["variants"])
        self._check_variants(resolved["variants"])
        if self.patience is not None and self.patience_growth is None:
            resolved["patience_growth"] = 0.0
        if self.patience is None and not (validated or resolved["validation_share"]):
            resolved["patience"] = 0  # nothing shows when to stop
        if resolved["ensemble"] == 1 or validated or not resolved["validation_share"]:
            resolved["bagging"] = "none"
        return ResolvedRecipe(**resolved)

    def _network(self, data: Dataset) -> str:
        """Return the kind of network that learns from these samples."""
        if self.network != "auto":
            return self.network
        if self.channels is not None:
            return "conv"
        usual = data.is_pictures and self.hidden is None and self.normalization != "layer"
        many = CONVOLVED_FROM <= len(data) <= CONVOLVED_TO
        return "conv" if usual and many and min(data.X.shape[1:3]) >= LEAST_SIDE else "dense"

    def _convolved(self, data: Dataset, tested: bool) -> dict[str, Any]:
        """Return the defaults of a network of convolutions that depend on the pictures.

        Raises:
            SettingError: the samples are no pictures.
        """
        if not data.is_pictures:
            raise SettingError(
                "A conv network learns from pictures, but the samples are rows of numbers; leave "
                "network and channels out."
            )
        height, width, depth = data.X.shape[1:]
        channels = self.channels or usual_channels((height, width, depth))
        few = len(data) < BATCH_NORM_BELOW
        spared = few and tested and not (self.patience or self.moves_threshold)
        return {
            "channels": channels,
            "augment": usual(data.X),
            "normalization": "batch",
            "batch_size": 32 if few else 64,
            "validation_share": 0.0 if spared else 0.15,
            "epochs": usual_epochs((height, width, depth), channels, len(data)),
            "learning_rate": defaults.LEARNING_RATES.get(self.optimizer),
            "ensemble": 1,
            "variants": ("usual",),
        }

    def _check_variants(self, variants: Variants) -> None:
        if (self.ensemble or 0) % len(variants):
            raise SettingError(
                f"An ensemble has equally many networks of each variant, but {self.ensemble} is "
                f"not a multiple of {len(variants)}, the number of variants."
            )

    def _of_size(self, data: Dataset, kind: defaults.Kind, tested: bool) -> dict[str, Any]:
        """Return the defaults that depend on how many samples there are."""
        n = len(data)
        if kind == "columns":
            size = self.batch_size or defaults.batch_size(n)
            return {
                "augment": "none",
                "normalization": "none",
                "activation": defaults.activation(n),
                "bins": defaults.bins(n),
                "batch_size": size,
                "epochs": defaults.epochs(n, size),
                "ensemble": defaults.networks(self.effort, n),
                "variants": ("usual",) if self.ensemble else defaults.variants(self.effort, data),
                "learning_rate": defaults.LEARNING_RATES.get(self.optimizer),
                "validation_share": 0.15,
            }
        small = data.is_pictures and n < BATCH_NORM_BELOW
        watched = self.patience or self.moves_threshold
        spared = small and tested and n < FEW_PICTURES and not watched
        few = defaults.FEW_PATCHES if kind == "patches" and n < FEW_PICTURES else {}
        return {
            "augment": usual(data.X) if data.is_pictures else "none",
            "normalization": "batch" if small else "none",
            "epochs": min(40 * BATCH_NORM_BELOW // n, MOST_AUTO_EPOCHS) if small else 40,
            "ensemble": 1,
            "variants": ("usual",),
            "validation_share": 0.0 if spared else 0.15,
            **few,
        }

    def make_loss(self, n_out: int) -> SigmoidCrossEntropy | SoftmaxCrossEntropy:
        """Make the loss: the sigmoid's cross-entropy for one output, else softmax's."""
        kind = SigmoidCrossEntropy if n_out == 1 else SoftmaxCrossEntropy
        return kind(smoothing=self.label_smoothing)


@dataclass(frozen=True, repr=False, eq=False)  # `Recipe` has these
class ResolvedRecipe(Recipe):
    """A recipe with every `auto` setting resolved for the given data."""

    network: str = "dense"
    hidden: tuple[int, ...] = (256, 128)
    activation: str = "relu"
    dropout: float = 0.0
    normalization: str = "none"
    encoding: str = "none"
    augment: str | Mapping[str, float] = "none"
    epochs: int = 40
    batch_size: int = 64
    schedule: str = "cosine"
    class_weight: str | Mapping[str, float] = "none"
    averaging: float | str = 0.0
    patience: int = 0
    patience_growth: float = 0.0
    ensemble: int = 1
    variants: tuple[str | Mapping[str, Any], ...] = ("usual",)
    bagging: str = "none"
    validation_share: float = 0.15

    @classmethod
    def restored(cls, recipe: Recipe, chosen: Mapping[str, Any]) -> Self:
        """Make the record again of a recipe and what `chosen` returned for it.

        What older files do not say is as it was before there was a choice: this class's defaults.
        """
        given = {name: v for name, v in recipe.to_dict().items() if v is not None and v != "auto"}
        return cls.of({**given, **chosen})

    def chosen(self, recipe: Recipe) -> dict[str, Any]:
        """Return the values of the settings that the original recipe left open."""
        theirs = recipe.to_dict()
        changed = {name: v for name, v in self.to_dict().items() if v != theirs[name]}
        return {name: [*v] if isinstance(v, tuple) else v for name, v in changed.items()}  # as JSON

    @property
    def networks_each(self) -> int:
        """The number of networks of each variant."""
        return self.ensemble // len(self.variants)

    def of_network(self, number: int, recipe: Recipe) -> Self:
        """Return the settings of a network, counted from 0.

        A named variant changes those that the original recipe leaves open. The width of its layers
        belongs to its encoding, and its learning rate to the usual optimizer.
        """
        variant = self.variants[min(number // self.networks_each, len(self.variants) - 1)]
        if isinstance(variant, Mapping):
            return replace(self, **variant)
        changes, usual = defaults.VARIANTS[variant], Recipe().to_dict()
        open_ = {name: v for name, v in changes.items() if getattr(recipe, name) == usual[name]}
        if "encoding" in changes and "encoding" not in open_:
            open_.pop("hidden", None)
        if self.learning_rate is None:
            open_.pop("learning_rate", None)
        return replace(self, **open_)

    @property
    def tolerance(self) -> float:
        """How much worse than the best a later epoch may be that is kept; see `keep_best`."""
        return defaults.ENSEMBLE_TOLERANCE if self.bagging == "folds" else 0.0

    def kept_of(self, values: Sequence[float]) -> int:
        """Return which epoch of a training with this validation metric is kept, from 0."""
        from plainnet.training.streams import is_kept

        kept, record = 0, math.inf
        for i, value in enumerate(values):
            if is_kept(value, record, self.tolerance):
                kept, record = i, min(value, record)
        return kept

    def make_network(
        self,
        first: Sequence[Layer],
        shape: Sequence[int],
        n_out: int,
        rng: Any,
        mean: type[MemberMean] = MemberMean,
    ) -> Network:
        """Make the network, with initial weights; see `network_layers`.

        Args:
            first: the layers in front of its own, such as an encoding.
            shape: of the inputs behind them: `(n_in,)`, or that of pictures.
            n_out: how many outputs the network has.
            rng: the generator of the weights.
            mean: makes one answer of those of the members, if there are several.
        """
        layers = [*first, *network_layers(self, shape, n_out, column_sizes(first), mean)]
        return Network(layers, rng=rng).spread_biases(rng)  # it saves steps, of few features many

    def make_average(self) -> Average | None:
        """Make the running mean of the weights, if there is one."""
        if self.averaging == POLYNOMIAL:
            return PolynomialAverage()
        return Average(float(self.averaging)) if self.averaging else None

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
