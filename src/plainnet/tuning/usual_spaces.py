"""The usual spaces: narrow ones around the default settings of each kind of data.

The defaults were chosen on many data sets, so good settings are most often near them. Which
settings are varied, and how far, follows the literature:

- tables: Holzmüller, Grinsztajn, Steinwart: Better by Default (2024), the space of RealMLP;
  Gorishniy, Kotelnikov, Babenko: TabM (2024), appendix;
- features and pictures: Kadra, Lindauer, Hutter, Grabocka: Well-tuned Simple Nets Excel on Tabular
  Datasets (2021), whose point is to search over regularization.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from plainnet.data import Dataset
from plainnet.models import Recipe
from plainnet.models.defaults import Kind, kind_of, variants
from plainnet.models.recipe import ResolvedRecipe
from plainnet.tuning.space import LAYERS, UNITS, Choice, Range, Space, nearest_point


@dataclass(frozen=True)
class Around:
    """Numbers between the default value divided and multiplied by a factor."""

    factor: float
    whole: bool = False

    def range(self, value: float) -> Range:
        """Return the range around a value, on a logarithmic scale."""
        low, high = value / self.factor, value * self.factor
        if self.whole:
            return Range(max(round(low), 2), round(high), log=True, whole=True)
        return Range(float(f"{low:.3g}"), float(f"{high:.3g}"), log=True)


UsualSpace = Mapping[str, Range | Choice | Around]
RATE, DECAY, WIDTH = Around(3), Around(100), Around(2, whole=True)
SMOOTHING = Range(0, 0.1)
OF_FEATURES: UsualSpace = {
    LAYERS: Range(0, 2, whole=True),
    UNITS: WIDTH,
    "dropout": Range(0, 0.6),
    "input_dropout": Range(0, 0.5),
    "learning_rate": RATE,
    "weight_decay": DECAY,
    "label_smoothing": SMOOTHING,
}
OF_PICTURES: UsualSpace = {
    "augment": Choice(("mild", "none", "strong")),
    "dropout": Range(0, 0.5),
    "learning_rate": RATE,
    "weight_decay": DECAY,
    "label_smoothing": SMOOTHING,
}
SPACES: Mapping[Kind | Literal["conv"], UsualSpace] = {
    "columns": {
        "encoding": Choice(("learned", "piecewise-linear")),
        "members": Choice((1, 2, 4, 8)),
        LAYERS: Range(1, 3, whole=True),
        UNITS: WIDTH,
        "activation": Choice(("silu", "relu", "mish")),
        "dropout": Range(0, 0.3),
        "learning_rate": RATE,
        "weight_decay": DECAY,
        "bins": WIDTH,
    },
    "features": OF_FEATURES,
    "patches": OF_FEATURES,
    "pictures": {
        LAYERS: Range(1, 3, whole=True),
        UNITS: WIDTH,
        "normalization": Choice(("none", "batch")),
        **OF_PICTURES,
    },
    "conv": OF_PICTURES,
}
"""The usual space for each kind of data, and for pictures that convolutions learn from."""


def usual_space(data: Dataset, default: ResolvedRecipe) -> Space:
    """Return the usual space around the default settings of a network, resolved for the data."""
    kind = "conv" if default.network == "conv" else kind_of(data)
    values = default_values(data, default)
    return {
        name: of.range(values[name]) if isinstance(of, Around) else of
        for name, of in SPACES[kind].items()
    }


def default_values(data: Dataset, recipe: ResolvedRecipe) -> dict[str, Any]:
    """Return the value of each dimension in resolved settings."""
    values = recipe.to_dict()
    hidden = values["hidden"]
    rate = recipe.make_optimizer(data.X.shape[1]).learning_rate
    return values | {LAYERS: len(hidden), UNITS: max(hidden, default=128), "learning_rate": rate}


def first_points(
    space: Space, data: Dataset, recipe: Recipe, resolved: ResolvedRecipe
) -> Sequence[Mapping[str, Any]]:
    """Return the points of the first trials: the default settings, then other known good ones.

    Where columns are learned from, these are the variants of the network that `--best` has.

    Args:
        space: the space; of each recipe the point is taken that is closest to it.
        data: the training samples.
        recipe: the default settings.
        resolved: the same, resolved for the data.
    """
    recipes = [resolved.of_network(0, recipe)]
    if kind_of(data) == "columns":
        best = variants("best", data)
        names = tuple(name for name in best if name != "linear")
        known = replace(resolved, variants=names, ensemble=len(names))
        recipes += [known.of_network(i, recipe) for i in range(len(names))]
    points: list[Mapping[str, Any]] = []
    for one in recipes:
        point = nearest_point(space, default_values(data, one))
        points += [point] if point not in points else []
    return points
