"""Cross-validation: the quality of a recipe on few samples, with none held back.

Each sample is answered once, by a model that was not trained on it. What is fitted to the samples,
such as the encoder of a table, is fitted to the other folds alone. Stone: Cross-validatory choice
and assessment of statistical predictions (1974).
"""

from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Dataset, Splits
from plainnet.metrics.evaluation import Evaluation
from plainnet.models.answers import Answers
from plainnet.models.trainable import Scored, TrainableModel
from plainnet.network import Array
from plainnet.training.processes import HERE, Processes


class Fold(NamedTuple):
    """One of the models, with its answers."""

    number: int
    """1, 2, 3, …"""
    rows: Array
    """The samples that it was not trained on, `(n,)`."""
    A: Array
    """Its answers for them: probabilities `(n, K)`, or numbers `(n,)`."""
    evaluation: Evaluation
    model: TrainableModel[Any]
    """The model, without its training samples."""


def cross_validate(
    data: Dataset, like: TrainableModel[Scored], folds: int = 5, processes: Processes = HERE
) -> Iterator[Fold]:
    """For each fold, train a model on all other folds and evaluate it on this one.

    A fold counts as the test part where the recipe asks whether there is one.

    Args:
        data: all samples.
        like: an untrained model with the settings for all; its seed also determines the folds.
        folds: their number, at least 2.
        processes: who trains; the folds are in order, and the same whoever it is.

    Raises:
        SettingError: fewer than 2 folds.
        DataError: data of another kind, a class with fewer samples than folds, or fewer than two
            samples per fold.
    """
    folds = check_whole("number of folds", folds, 2)
    answers = like.answers_type_for(data)
    answers.check_data(data)
    counting, rng = data.counting(), np.random.default_rng([like.recipe.seed, folds])
    counted = data if len(counting) == len(data) else data.take(counting)
    parts = [counting[rows] for rows in answers.folds(counted, folds, rng)]
    return _in_order(processes.run(_fold, [*enumerate(parts, start=1)], data, like))


def pool(data: Dataset, folds: Sequence[Fold], like: TrainableModel[Scored]) -> Scored:
    """Evaluate the answers of all folds of `cross_validate` together."""
    return cast("Scored", _answers(data.counted(), like).measure(data, pooled_answers(data, folds)))


def pooled_answers(data: Dataset, folds: Sequence[Fold]) -> Array:
    """Return the answers of all folds, in the order of the samples; NaN for weight 0."""
    shape = len(data), *folds[0].A.shape[1:]
    A = np.full(shape, np.nan, folds[0].A.dtype)
    for fold in folds:
        A[fold.rows] = fold.A
    return A


def pooled_model(data: Dataset, folds: Sequence[Fold]) -> TrainableModel[Any]:
    """Return the model of the last fold, with answers as all folds are measured by."""
    model = copy(folds[-1].model)
    model.answers = _answers(data.counted(), model)
    return model


def _in_order(folds: Iterator[tuple[int, Fold]]) -> Iterator[Fold]:
    """Yield the folds in the order of their numbers, as soon as all before are there."""
    early: dict[int, Fold] = {}
    number = 0
    for i, fold in folds:
        early[i] = fold
        while number in early:
            yield early.pop(number)
            number += 1


def _fold(part: tuple[int, Array], data: Dataset, like: TrainableModel[Any]) -> Fold:
    number, rows = part
    others = np.setdiff1d(data.counting(), rows)
    train, held_out = data.take(others).refit(data.take(rows))
    splits = Splits(Path(), train=train, test=held_out)
    model = type(like)(**like.get_params()).fit(splits)
    A = model.mean_answers(held_out)
    model.training = model.validation = None  # a table is encoded again in each fold
    return Fold(number, rows, A, _answers(held_out, like).measure(held_out, A), model)


def _answers(data: Dataset, like: TrainableModel[Any]) -> Answers:
    """Return the answers that all folds are measured by, with the costs of errors if given."""
    return like.answers_type_for(data).of(data).priced(like.recipe)
