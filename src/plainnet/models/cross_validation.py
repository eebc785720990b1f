"""Cross-validation: how well a recipe does on few samples, without giving any of them away.

Each sample is answered exactly once, by a classifier that has not seen it. Stone: Cross-validatory
choice and assessment of statistical predictions (1974).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Dataset, Splits, stratified_folds
from plainnet.metrics.evaluation import Evaluation, evaluate_probabilities
from plainnet.models.classifier import Classifier
from plainnet.models.recipe import Recipe
from plainnet.network import Array


@dataclass(frozen=True, eq=False)
class Fold:
    """One of the classifiers, and what it answered."""

    number: int
    """1, 2, 3, …"""
    rows: Array
    """The samples that it had not seen, `(n,)`."""
    P: Array
    """Its probabilities for them, `(n, K)`."""
    evaluation: Evaluation


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What all folds say together."""

    folds: tuple[Fold, ...]
    P: Array
    """The probabilities of all samples `(N, K)`, each from the fold that had not seen it; NaN of
    those of weight 0, which are in none."""
    pooled: Evaluation
    """Of these."""

    @property
    def accuracies(self) -> Array:
        """Of each fold."""
        return np.array([fold.evaluation.accuracy for fold in self.folds])

    @property
    def mean(self) -> float:
        """Of the folds' accuracies."""
        return float(self.accuracies.mean())

    @property
    def spread(self) -> float:
        """Their standard deviation, of a sample: over n − 1."""
        return float(self.accuracies.std(ddof=1))


def cross_validate(data: Dataset, recipe: Recipe, folds: int = 5) -> Iterator[Fold]:
    """Train a classifier on all folds but one, and ask it for that one; for each in turn.

    A fold is the test part of its training, as far as the recipe asks whether there is one.

    Args:
        data: all samples.
        recipe: of every classifier; its seed also deals the samples out.
        folds: how many, at least 2.

    Raises:
        SettingError: fewer than 2 folds.
        DataError: a class has fewer samples than there are folds.
    """
    folds = check_whole("number of folds", folds, 2)
    counting, rng = data.counting(), np.random.default_rng([recipe.seed, folds])
    dealt = stratified_folds(data.y[counting], folds, rng, data.classes)
    parts = [counting[rows] for rows in dealt]
    return (_fold(i, rows, data, recipe) for i, rows in enumerate(parts, start=1))


def pool(data: Dataset, folds: tuple[Fold, ...]) -> CrossValidation:
    """All folds of `cross_validate` together."""
    P = np.full((len(data), folds[0].P.shape[1]), np.nan, folds[0].P.dtype)
    for fold in folds:
        P[fold.rows] = fold.P
    return CrossValidation(
        folds, P, evaluate_probabilities(data.y, P, data.classes, weights=data.weights)
    )


def _fold(number: int, rows: Array, data: Dataset, recipe: Recipe) -> Fold:
    others = np.setdiff1d(data.counting(), rows)
    held_out = data.take(rows)
    splits = Splits(Path(), train=data.take(others), test=held_out)
    classifier = Classifier(**recipe.to_dict()).fit(splits)
    P = classifier.predict_proba(held_out)
    measured = evaluate_probabilities(held_out.y, P, data.classes, weights=held_out.weights)
    return Fold(number, rows, P, measured)
