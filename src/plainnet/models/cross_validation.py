"""Cross-validation: the quality of a recipe on few samples, with none held back.

Each sample is answered once, by a model that was not trained on it. What is fitted to the samples,
such as the encoder of a table, is fitted to the other folds alone. Stone: Cross-validatory choice
and assessment of statistical predictions (1974).
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Dataset, Splits
from plainnet.errors import DataError
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.learning_curve import LearningCurve
from plainnet.models.answers import Answers
from plainnet.models.trainable import Scored, TrainableModel
from plainnet.network import Array
from plainnet.training.processes import HERE, Processes

SHARES = (0.1, 0.2, 0.4, 0.7)
"""The shares of the training samples in a learning curve, beside all of them."""
LEAST_A_CLASS = 3
"""The number of training samples of a class, on average, from which a point is measured."""


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
    data: Dataset,
    like: TrainableModel[Scored],
    folds: int = 5,
    processes: Processes = HERE,
    share: float = 1.0,
) -> Iterator[Fold]:
    """For each fold, train a model on all other folds and evaluate it on this one.

    A fold counts as the test part where the recipe asks whether there is one.

    Args:
        data: all samples.
        like: an untrained model with the settings for all; its seed also determines the folds.
        folds: their number, at least 2.
        processes: who trains; the folds are in order, and the same whoever it is.
        share: the share of the other folds to train on; a larger share holds all of a smaller one.

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
    tasks = [(number, rows, share) for number, rows in enumerate(parts, start=1)]
    return processes.in_order(_fold, tasks, data, like)


def learning_curve(
    data: Dataset,
    like: TrainableModel[Any],
    whole: Sequence[Fold],
    processes: Processes = HERE,
    progress: Callable[[int, int], None] | None = None,
) -> LearningCurve:
    """Measure the first score for shares of the training samples, each in all folds.

    Args:
        data: all samples.
        like: as for `cross_validate`.
        whole: its folds with all training samples.
        processes: who trains.
        progress: called with (done, total) after each fold.

    Raises:
        DataError: there are too few samples for a curve.
    """
    n = len(data.counting()) - np.mean([len(fold.rows) for fold in whole])
    least = LEAST_A_CLASS * max(len(data.classes), 2)
    shares = [share for share in SHARES if share * n >= least]
    if not shares:
        raise DataError(
            f"{data.name} has too few samples for a learning curve, which takes {least} in 70 % of "
            "the training part; add some."
        )
    each: list[list[float]] = []
    for share in shares:
        scores: list[float] = []
        for fold in cross_validate(data, like, len(whole), processes, share):
            scores.append(fold.evaluation.scores()[0].value)
            if progress is not None:
                progress(len(each) * len(whole) + len(scores), len(shares) * len(whole))
        each.append(scores)
    first = whole[0].evaluation.scores()[0]
    each.append([fold.evaluation.scores()[0].value for fold in whole])
    sizes = np.round(np.array([*shares, 1.0]) * n)
    return LearningCurve(sizes, np.array(each), first.higher_is_better)


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


def _fold(part: tuple[int, Array, float], data: Dataset, like: TrainableModel[Any]) -> Fold:
    number, rows, share = part
    others = np.setdiff1d(data.counting(), rows)
    if share < 1:
        rng = np.random.default_rng([like.recipe.seed, number])
        answers = like.answers_type_for(data)
        others = others[answers.split(data.take(others), 1 - share, rng)[0]]
    train, held_out = data.take(others).refit(data.take(rows))
    splits = Splits(Path(), train=train, test=held_out)
    model = type(like)(**like.get_params()).fit(splits)
    A = model.mean_answers(held_out)
    model.training = model.validation = None  # a table is encoded again in each fold
    return Fold(number, rows, A, _answers(held_out, like).measure(held_out, A), model)


def _answers(data: Dataset, like: TrainableModel[Any]) -> Answers:
    """Return the answers that all folds are measured by, with the costs of errors if given."""
    return like.answers_type_for(data).of(data).priced(like.recipe)
