"""Which columns of a table, or which features, spoke for an answer, and which against it.

What is explained is one number s: of a classifier how much the network prefers a class, its logit
against those of the others (`question.contrast`), of a regressor the predicted number itself. The
difference s(row) − s(average row) is shared out among the features, on the straight way from the
one to the other: (x − x̄) times the mean of ∂s/∂x along it; features are summed up by their columns.
So the contributions add up to the difference, but for the steps in which the way is gone.
Sundararajan, Taly, Yan: Axiomatic attribution for deep networks (2017), integrated gradients.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from plainnet.data.class_names import Label
from plainnet.errors import DataError, SettingError
from plainnet.models.classifier import Classifier
from plainnet.models.question import Question, class_asked, prepared
from plainnet.models.regressor import Regressor
from plainnet.models.samples import Samples, raw_samples
from plainnet.network import Array
from plainnet.tables import TableEncoder
from plainnet.tables.files import table_at

STEPS = 200
"""Of the way: it has a kink wherever a unit is switched on or off."""


@dataclass(frozen=True, eq=False)
class RowExplanation:
    """Why a row was answered as it was."""

    answer: str | float
    """A class, or a number."""
    of: str
    """The class that is explained, or the target."""
    score: float
    """s(row): of a class in units of the logit, else the number."""
    average: float
    """s(average row), which the contributions lead away from."""
    columns: tuple[str, ...]
    """By the size of their contribution, the largest first; features by number, `feature 0`, …."""
    cells: tuple[str, ...]
    """What stands in them."""
    contributions: Array
    """float64 `(C,)`: above 0 what raised s."""

    @property
    def relevance(self) -> Array:
        """The contributions."""
        return self.contributions

    @property
    def evidence(self) -> float:
        """s(row) − s(average row), which is what the contributions share out."""
        return self.score - self.average


class _Row(NamedTuple):
    """One row, and the average row of the training."""

    raw: Array  # (1, n), features
    average: Array  # (1, n)
    names: list[str]  # of its columns
    cells: list[str]
    parts: list[slice]  # the features of each column


def explain_row(
    learner: Classifier | Regressor, sample: Samples, *, of: Label | np.generic | None = None
) -> RowExplanation:
    """Share the answer for one row out among its columns, or its features.

    Args:
        learner: trained on a table, or on feature vectors.
        sample: a table of one row, or one feature vector.
        of: the class that is explained; None: the answer.

    Raises:
        DataError: the model was trained on pictures, or it is not one row.
        SettingError: an unknown class, or one of a regressor.
    """
    row = _row(learner, sample)
    answer, of, question = _asked(learner, row.raw, of)
    x, start = prepared(learner, row.raw), prepared(learner, row.average)
    steps = (np.arange(STEPS) + 0.5)[:, None] / STEPS
    way = start + steps * (x - start)
    gradient = question.gradients(way.astype(x.dtype)).mean(axis=0, dtype=np.float64)
    shares = (x[0].astype(np.float64) - start[0]) * gradient
    contributions = np.array([shares[place].sum() for place in row.parts])
    order = np.argsort(-np.abs(contributions), kind="stable")
    offset = learner.mean if isinstance(learner, Regressor) else 0.0
    return RowExplanation(
        answer,
        of,
        float(question.scores(x)[0]) + offset,
        float(question.scores(start)[0]) + offset,
        tuple(row.names[i] for i in order),
        tuple(row.cells[i] for i in order),
        contributions[order],
    )


def _row(learner: Classifier | Regressor, sample: Samples) -> _Row:
    """The one row that is to be explained."""
    learner.check_trained()
    if learner.picture_shape:
        of_number = (
            "was trained on pictures, and the pixels that led to a number are not explained; "
            "trace(picture) follows a picture through the network"
        )
        of_class = "was trained on pictures; give it a picture, whose pixels it explains"
        raise DataError(f"This model {of_number if learner.kind == 'regressor' else of_class}.")
    columns = learner.extractor
    if not isinstance(columns, TableEncoder):
        raw, n = raw_samples(sample, learner.preprocessing), learner.preprocessing.mean.size
        names, parts = [f"feature {i}" for i in range(n)], [slice(i, i + 1) for i in range(n)]
        digits = 12 if learner.preprocessing.needs_double else 6
        average, cells = learner.preprocessing.mean[None], [f"{v:.{digits}g}" for v in raw[0]]
    else:
        table = table_at(sample)
        raw, average = columns.extract_table(table), columns.averages[None]
        parts = [place for _, place in columns.parts()]
        names = [column.name for column in columns.columns]
        cells = [str(table[name][0]) for name in names]
    if len(raw) != 1:
        raise DataError(f"One row is explained at a time, but got {len(raw)}; choose one.")
    return _Row(raw, average, names, cells, parts)


def _asked(
    learner: Classifier | Regressor, raw: Array, of: Label | np.generic | None
) -> tuple[str | float, str, Question]:
    """The answer, what is explained, and the question to the networks."""
    if isinstance(learner, Classifier):
        (k,) = learner.answers(learner.answers_of(raw))
        answer = learner.classes[k]
        asked = answer if of is None else class_asked(learner.classes, of)
        return answer, asked, Question.about(learner, raw, asked)
    if of is not None:
        raise SettingError(
            f"of names a class, but this model predicts the number {learner.target!r}."
        )
    members = learner.members
    c = np.array([learner.scale / len(members)])
    networks = tuple((member.network, c) for member in members)
    question = Question(networks, raw, learner.preprocessing.shape, learner)
    return float(learner.answers_of(raw)[0]), learner.target, question
