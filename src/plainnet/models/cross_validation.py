"""Cross-validation: how well a recipe does on few samples, without giving any of them away.

Each sample is answered exactly once, by a model that has not seen it. Stone: Cross-validatory
choice and assessment of statistical predictions (1974).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Dataset, Splits
from plainnet.metrics.evaluation import Evaluation
from plainnet.models.trainable import Scored, TrainableModel
from plainnet.network import Array


class Fold(NamedTuple):
    """One of the models, and what it answered."""

    number: int
    """1, 2, 3, …"""
    rows: Array
    """The samples that it had not seen, `(n,)`."""
    A: Array
    """Its answers for them: probabilities `(n, K)`, or numbers `(n,)`."""
    evaluation: Evaluation


def cross_validate(data: Dataset, like: TrainableModel[Scored], folds: int = 5) -> Iterator[Fold]:
    """Train a model on all folds but one, and ask it for that one; for each in turn.

    A fold is the test part of its training, as far as the recipe asks whether there is one.

    Args:
        data: all samples.
        like: a model of the same settings as all of them; its seed also deals the samples out.
        folds: how many, at least 2.

    Raises:
        SettingError: fewer than 2 folds.
        DataError: the data are not what such a model learns from, a class has fewer samples than
            there are folds, or there are fewer than two samples for each fold.
    """
    folds = check_whole("number of folds", folds, 2)
    like.answers_type.check_data(data)
    counting, rng = data.counting(), np.random.default_rng([like.recipe.seed, folds])
    counted = data if len(counting) == len(data) else data.take(counting)
    parts = [counting[rows] for rows in like.answers_type.folds(counted, folds, rng)]
    return (_fold(i, rows, data, like) for i, rows in enumerate(parts, start=1))


def pool(data: Dataset, folds: Sequence[Fold], like: TrainableModel[Scored]) -> Scored:
    """Score the answers of all folds of `cross_validate` together: each sample once."""
    shape = len(data), *folds[0].A.shape[1:]
    A = np.full(shape, np.nan, folds[0].A.dtype)  # NaN of samples of weight 0
    for fold in folds:
        A[fold.rows] = fold.A
    return cast("Scored", like.answers_type.of(data.counted()).measure(data, A))


def _fold(number: int, rows: Array, data: Dataset, like: TrainableModel[Any]) -> Fold:
    others = np.setdiff1d(data.counting(), rows)
    held_out = data.take(rows)
    splits = Splits(Path(), train=data.take(others), test=held_out)
    model = type(like)(**like.get_params()).fit(splits)
    A = model.mean_answers(held_out)
    return Fold(number, rows, A, like.answers_type.of(held_out).measure(held_out, A))
