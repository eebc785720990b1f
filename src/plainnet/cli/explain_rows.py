"""`plainnet explain` for a run that was not trained on pictures: columns or features that spoke."""

from pathlib import Path

import numpy as np

from plainnet.cli.answers import with_threshold
from plainnet.cli.options import print_json
from plainnet.cli.rows import rows_at
from plainnet.digits import number, signed
from plainnet.errors import SettingError
from plainnet.models import Classifier, Regressor
from plainnet.models.attribution import RowExplanation, explain_row
from plainnet.reports import printable, table
from plainnet.tables import Table

FIRST = np.array([0])
MOST_SHOWN = 30
"""Columns or features that a person is shown; --json has them all."""


def explain_rows(
    learner: Classifier | Regressor, path: Path, line: int | None, of: str | None, as_json: bool
) -> None:
    """Explain the row at this line; None: the first."""
    if of is not None and isinstance(learner, Regressor):
        raise SettingError(f"--class is for classes, but this run predicts {learner.target!r}.")
    samples, places = rows_at(learner, path, line)
    first = samples.take(FIRST) if isinstance(samples, Table) else samples[FIRST]
    told, place = explain_row(learner, first, of=of), places[0]
    if as_json:
        parts = zip(told.columns, told.cells, told.contributions.tolist(), strict=True)
        print_json(
            {
                **learner.answers.decision,
                "row": place,
                "answer": told.answer,
                "explained": told.of,
                "score": told.score,
                "average": told.average,
                "contributions": [
                    {"column": name, "cell": cell, "contribution": value}
                    for name, cell, value in parts
                ],
            }
        )
        return
    print(with_threshold(learner, _text(told, place, isinstance(learner, Regressor))))


def _text(told: RowExplanation, place: str, is_number: bool) -> str:
    if is_number:
        begin, end = number(told.average), number(told.score)
        way = f"from {begin}, the answer for an average row, to {end}"
    else:
        begin, end = (signed(logit, digits=3) for logit in (told.average, told.score))
        way = f"in the logit of {told.of}, from {begin} for an average row to {end}"
    answer = number(told.answer) if isinstance(told.answer, float) else told.answer
    every = zip(told.columns, told.cells, told.contributions, strict=True)
    rows = [(name, cell or "(missing)", signed(value, digits=3)) for name, cell, value in every]
    left = len(rows) - MOST_SHOWN
    lines = [("row", place), ("answer", answer), ("way", way)]
    head = "\n".join(f"{name:<10}{printable(text)}" for name, text in lines)
    more = f"\n… and {left:,} more, which led less far" if left > 0 else ""
    shown = table(("column", "value", "led by"), rows[:MOST_SHOWN], texts=(0, 1))
    return f"{head}\n\n{shown}{more}"
