"""Which columns of a table spoke for an answer, and which against it.

What is explained is one number s: of a classifier how much the network prefers a class, its logit
against those of the others (`question.contrast`), of a regressor the predicted number itself. The
difference s(row) − s(average row) is shared out among the features, on the straight way from the
one to the other: (x − x̄) times the mean of ∂s/∂x along it; features are summed up by their columns.
So the contributions add up to the difference, but for the steps in which the way is gone.
Sundararajan, Taly, Yan: Axiomatic attribution for deep networks (2017), integrated gradients.
"""

from dataclasses import dataclass

import numpy as np

from plainnet.classifier.classifier import Classifier
from plainnet.classifier.question import Question, class_asked
from plainnet.classifier.regressor import Regressor
from plainnet.errors import DataError
from plainnet.network import Array
from plainnet.pictures.class_names import Label
from plainnet.tables import Columns, Table

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
    """By the size of their contribution, the largest first."""
    cells: tuple[str, ...]
    """What stands in them."""
    contributions: Array
    """float64 `(C,)`: above 0 what raised s."""


def explain_row(
    learner: Classifier | Regressor, table: Table, *, of: Label | np.generic | None = None
) -> RowExplanation:
    """Share the answer for one row out among its columns.

    A backward pass writes the network's `grad`; its parameters stay as they are.

    Args:
        learner: trained on a table.
        table: of one row.
        of: the class that is explained; None: the answer.

    Raises:
        DataError: the model was trained on something else, or it is not one row.
        SettingError: an unknown class.
    """
    columns = learner.extractor
    if not isinstance(columns, Columns):
        raise DataError("Columns are explained of a model that was trained on a table.")
    if len(table) != 1:
        raise DataError(f"One row is explained at a time, but got {len(table)}; choose one.")
    raw = columns.extract_table(table)
    answer, of, question = _asked(learner, table, raw, of)
    steps = (np.arange(STEPS) + 0.5)[:, None] / STEPS
    way = columns.averages + steps * (raw - columns.averages)
    gradient = question.gradients(way.astype(question.x.dtype)).mean(axis=0, dtype=np.float64)
    shares = (raw[0].astype(np.float64) - columns.averages) * gradient
    contributions = np.array([shares[place].sum() for _, place in columns.parts()])
    order = np.argsort(-np.abs(contributions), kind="stable")
    names = [column.name for column in columns.columns]
    offset = learner.mean if isinstance(learner, Regressor) else 0.0
    return RowExplanation(
        answer,
        of,
        float(question.scores(raw)[0]) + offset,
        float(question.scores(columns.averages[None])[0]) + offset,
        tuple(names[i] for i in order),
        tuple(str(table[names[i]][0]) for i in order),
        contributions[order],
    )


def _asked(
    learner: Classifier | Regressor, table: Table, raw: Array, of: Label | np.generic | None
) -> tuple[str | float, str, Question]:
    """The answer, what is explained, and the question to the networks."""
    if isinstance(learner, Classifier):
        answer = learner.classes[learner.answers(learner.predict_proba(table))[0]]
        asked = answer if of is None else class_asked(learner.classes, of)
        return answer, asked, Question.about(learner, raw, asked)
    members = learner.members
    c = np.array([learner.scale / len(members)])
    networks = tuple((member.network, c) for member in members)
    question = Question(networks, raw, learner.preprocessing.shape, learner)
    return float(learner.predict(table)[0]), learner.target, question
