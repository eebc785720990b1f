"""Cross-validation of a regression: each number is predicted by a training that has not seen it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Dataset, Splits, random_folds
from plainnet.metrics.regression import RegressionEvaluation, evaluate_numbers
from plainnet.models.recipe import Recipe
from plainnet.models.regressor import Regressor
from plainnet.network import Array


class NumberFold(NamedTuple):
    """One of the regressors, and what it answered."""

    number: int
    """1, 2, 3, …"""
    rows: Array
    """The samples that it had not seen, `(n,)`."""
    answers: Array
    """Its numbers for them, `(n,)`."""
    evaluation: RegressionEvaluation


def cross_validate_numbers(
    data: Dataset, regressor: Regressor, folds: int = 5
) -> Iterator[NumberFold]:
    """Train one like this on all folds but one, and ask it for that one; for each in turn.

    A fold is the test part of its training, as far as the recipe asks whether there is one.

    Args:
        data: all samples, with a target.
        regressor: whose recipe each has; its seed also deals the samples out.
        folds: how many, at least 2.

    Raises:
        SettingError: fewer than 2 folds.
        DataError: there are fewer than two samples for each fold.
    """
    folds = check_whole("number of folds", folds, 2)
    recipe = regressor.recipe
    counting, rng = data.counting(), np.random.default_rng([recipe.seed, folds])
    parts = [counting[rows] for rows in random_folds(len(counting), folds, rng)]
    return (_fold(i, rows, data, recipe) for i, rows in enumerate(parts, start=1))


def pool_numbers(data: Dataset, folds: Sequence[NumberFold]) -> RegressionEvaluation:
    """What all folds say together: each sample once."""
    answers = np.full(len(data), np.nan)  # of samples of weight 0
    for fold in folds:
        answers[fold.rows] = fold.answers
    return evaluate_numbers(data.y, answers, data.target or "y", data.weights)


def _fold(number: int, rows: Array, data: Dataset, recipe: Recipe) -> NumberFold:
    others = np.setdiff1d(data.counting(), rows)
    held_out = data.take(rows)
    splits = Splits(Path(), train=data.take(others), test=held_out)
    regressor = Regressor(**recipe.to_dict()).fit(splits)
    answers = regressor.predict(held_out)
    given = held_out.y, answers, data.target or "y", held_out.weights
    return NumberFold(number, rows, answers, evaluate_numbers(*given))
