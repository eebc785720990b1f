"""The samples of a search, and those that it never sees."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from plainnet.data import Dataset, Splits, read_data
from plainnet.errors import DataError
from plainnet.models import AnyModel
from plainnet.models.class_weights import without_0
from plainnet.models.features import extractor_of
from plainnet.models.labels import align_targets
from plainnet.models.named import named_data
from plainnet.models.recipe import Recipe
from plainnet.models.training_samples import training_data

LEAST_UNSEEN = 10
"""The least number of samples to measure a winner on."""


@dataclass(frozen=True)
class Parts:
    """The samples of a search."""

    search: Splits
    """The samples that trials learn from and are measured on."""
    unseen: Dataset
    """The samples that the winner is measured on."""
    given: bool
    """Whether the unseen samples are the test part of the data, not held out here."""

    @property
    def train(self) -> Dataset:
        """The samples that trials learn from."""
        return cast(Dataset, self.search.train)

    @property
    def learned(self) -> Splits:
        """What the winner is trained on: as `train` is given it, with the test part of the data."""
        return replace(self.search, test=self.unseen if self.given else None)

    @property
    def whole(self) -> Splits:
        """All samples, with the unseen ones as the test part."""
        return replace(self.search, test=self.unseen)


def parts_for(
    model: AnyModel,
    data: Any,
    y: Any,
    share: float,
    *,
    target: Any = None,
    features: Any = None,
    **given: Any,
) -> Parts:
    """Read samples in any form that `fit` takes, and set the unseen ones apart."""
    answers, recipe = model.answers_type, model.recipe
    how: dict[str, Any] = dict.fromkeys(("missing", "kinds", "weights", "validation")) | {
        "drop": ()
    }
    how |= given
    how["weights"], data, y = without_0(how["weights"], data, y)
    named = named_data(data, y, target, answers.dataset, answers.task, **how)
    if named is not None:
        return set_apart(model, named, share)
    if isinstance(data, (str, Path)) and y is None:
        data, features = _read(Path(data), recipe, features), None
    parts = recipe, answers.dataset, features, how["weights"]
    train, watch, _ = training_data(data, y, how["validation"], *parts)
    test = data.test if isinstance(data, Splits) else None
    path = data.path if isinstance(data, Splits) else Path()
    return set_apart(model, Splits(path, train, watch, test), share)


def set_apart(model: AnyModel, data: Splits, share: float) -> Parts:
    """Set samples apart that the search never sees: the test part, or a share of the others.

    Raises:
        DataError: no training samples, or too few to set some apart.
    """
    if data.train is None:
        raise DataError(f"{data.path} holds test data only; a search needs training data too.")
    answers = model.answers_type_for(data.train)
    answers.check_data(data.train)
    train = data.train.counted()
    watch = None if data.validation is None else align_targets(train, data.validation)
    if data.test is not None:
        unseen = align_targets(train, data.test)
        return Parts(Splits(data.path, train, watch), unseen, given=True)
    rng = np.random.default_rng([model.recipe.seed, len(train)])
    kept, held_out = answers.split(train, share, rng)
    if len(held_out) < LEAST_UNSEEN:
        raise DataError(
            f"Of {len(train)} samples only {len(held_out)} can be set apart to measure the winner "
            f"on, too few to say anything; add samples, or a test part."
        )
    searched, unseen = train.take(kept).refit(train.take(held_out))
    if watch is not None and searched.extractor is not train.extractor:
        _, watch = train.take(kept).refit(watch)
    return Parts(Splits(data.path, searched, watch), unseen, given=False)


def _read(path: Path, recipe: Recipe, features: Any) -> Splits:
    extractor = extractor_of(features, recipe)
    if extractor is not None:
        return extractor.read(path)
    return read_data(path, size=recipe.size, grey=recipe.grey)
