"""How much each column or feature matters to a model as a whole.

One column after another is shuffled, and how much worse the answers become is its permutation
importance; `metrics/importance.py` has the statistics. What is shuffled are the raw features, so a
table is encoded once.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Dataset
from plainnet.errors import DataError
from plainnet.files.rows import blocks
from plainnet.metrics.evaluation import Evaluation, Score
from plainnet.metrics.importance import Criterion, resampled, shuffles
from plainnet.models.model import Model
from plainnet.network import Array, Rng, generator

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
MOST_ROWS, FEWEST_ROWS = 5000, 500
"""The limits of the number of rows that is chosen."""
MOST_ANSWERS = 1_000_000
"""The number of answers of a network up to which more rows are chosen."""


@dataclass(frozen=True, eq=False)
class ColumnImportance:
    """How much worse the answers become when one column is shuffled."""

    column: str
    """The name of the column; of feature vectors `feature 0`, …."""
    scores: tuple[Score, ...]
    """The rise of log loss or RMSE, then the fall of accuracy or R², each with its interval."""

    @property
    def matters(self) -> bool:
        """Whether the whole interval of the first score is above 0."""
        interval = self.scores[0].interval
        return interval is not None and interval[0] > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the importance as JSON values."""
        facts: dict[str, Any] = {"column": self.column}
        for score in self.scores:
            facts |= score.facts()
        return facts


@dataclass(frozen=True, eq=False)
class Importance:
    """The permutation importance of each column."""

    columns: tuple[ColumnImportance, ...]
    """The columns, the largest rise first."""
    evaluation: Evaluation
    """The evaluation of the same rows before anything is shuffled."""
    rows: int
    """The number of rows that were used."""
    of_rows: int
    """The number of rows that were given."""
    repeats: int
    """The number of shuffles of each column."""
    out_of_fold: bool
    """Whether each row was answered only by the networks that held it out."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        facts = {name: getattr(self, name) for name in ("rows", "of_rows", "repeats")}
        before = self.evaluation.to_dict()
        scores = {score.key: before[score.key] for score in self.evaluation.scores()}
        return {
            **facts,
            "out_of_fold": self.out_of_fold,
            "before": scores,
            "columns": [one.to_dict() for one in self.columns],
        }


def importance(
    model: Model,
    data: Dataset,
    *,
    repeats: int = 5,
    rows: int | None = None,
    rng: Rng | int | None = 0,
    progress: Progress | None = None,
) -> Importance:
    """Measure the permutation importance of each column; see `TrainableModel.importance`.

    Args:
        model: a model of tables or feature vectors.
        data: labelled samples that the model has not learned from, or its own `validation`.
        repeats: the number of shuffles of each column.
        rows: the largest number of rows; None: 5,000, and fewer for many columns and networks.
        rng: generator or seed of the shuffles and of the rows.
        progress: is called with the columns done and their number.
    """
    parts, rng, held_out = model.inputs.parts(), generator(rng), model.held_out_rows(data)
    repeats = check_whole("number of repeats", repeats, 1)
    answering = 1 if held_out else len(model.networks)
    usual = max(FEWEST_ROWS, MOST_ANSWERS // (len(parts) * repeats * answering))
    most = min(MOST_ROWS, usual) if rows is None else check_whole("number of rows", rows, 2)
    if len(data) < 2:
        raise DataError(f"{data.name} holds one row, but shuffling a column needs two; give more.")
    chosen = resampled(len(data), min(len(data), most), None, rng)
    some = data.take(chosen)
    places = held_out and [np.flatnonzero(np.isin(chosen, own)) for own in held_out]
    answer = partial(model.answers_of, rows=places)
    X = np.array(model.inputs.raw(some))
    A, criteria = answer(X), model.answers.criteria(some)
    donors = shuffles(len(X), repeats, some.weights, rng)
    found = []
    for name, part in parts.items():
        after = _losses_after(criteria, answer, X, part, donors)
        scores = tuple(
            one.rise(one.losses(A), losses, donors, some.weights)
            for one, losses in zip(criteria, after, strict=True)
        )
        found.append(ColumnImportance(name, scores))
        if progress:
            progress(len(found), len(parts))
    found.sort(key=lambda one: -one.scores[0].value)
    answers = model.answers.without_intervals() if held_out else model.answers
    before = answers.measure(some, A)
    return Importance(tuple(found), before, len(X), len(data), repeats, bool(held_out))


def _losses_after(
    criteria: Sequence[Criterion],
    answer: Callable[[Array], Array],
    X: Array,
    part: slice,
    donors: Array,
) -> Array:
    """Return the losses by each criterion after each shuffle of some features, `(C, R, N)`."""
    own = X[:, part].copy()
    losses = np.empty((len(criteria), *donors.shape))
    for repeat, rows in enumerate(donors):
        X[:, part] = own[rows]
        A = answer(X)
        for i, criterion in enumerate(criteria):
            losses[i, repeat] = criterion.losses(A)
    X[:, part] = own
    return losses


def warn_of_training_rows(model: Model, data: Dataset) -> None:
    """Warn if most rows are training samples, for which shuffling shows what a model remembers."""
    if model.training is None or data is model.validation:
        return
    learned = {*_digests(model.training)}
    n = sum(digest in learned for digest in _digests(data))
    if 2 * n > len(data):
        log.warning(
            "%s of these %s rows are training samples: shuffling them shows what the model "
            "remembers, not what helps with new ones. Give other rows; without any, those that "
            "were held out are used.",
            *(f"{n:,}", f"{len(data):,}"),
        )


def _digests(data: Dataset) -> Iterator[int]:
    for _, block in blocks(data.X):
        yield from (hash(row.tobytes()) for row in block.astype(np.float64))
