"""`plainnet explain` for a run that was trained on a table: which columns spoke for an answer."""

from pathlib import Path

import numpy as np

from plainnet.classifier import Classifier, Regressor
from plainnet.classifier.explain_row import RowExplanation, explain_row
from plainnet.errors import SettingError
from plainnet.faces.options import print_json
from plainnet.reports import printable, table
from plainnet.reports.text import number
from plainnet.tables import Table, read_table


def explain_table(
    learner: Classifier | Regressor, path: Path, line: int | None, of: str | None, as_json: bool
) -> None:
    """Explain the row that ends in this line; None: the first."""
    if of is not None and isinstance(learner, Regressor):
        raise SettingError(f"--class is for classes, but this run predicts {learner.target!r}.")
    read = read_table(path)
    row = 0 if line is None else _row(read, line)
    told = explain_row(learner, read.take(np.array([row])), of=of)
    place = f"{path}:{row + 1 if read.lines is None else read.lines[row]}"
    if as_json:
        parts = zip(told.columns, told.cells, told.contributions.tolist(), strict=True)
        print_json(
            {
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
    print(_text(told, place, isinstance(learner, Regressor)))


def _row(read: Table, line: int) -> int:
    lines = np.arange(1, len(read) + 1) if read.lines is None else read.lines
    if not len(found := np.flatnonzero(lines == line)):
        raise SettingError(
            f"No row of {read.name} ends in line {line}; they end in lines from {lines[0]} to "
            f"{lines[-1]}."
        )
    return int(found[0])


def _text(told: RowExplanation, place: str, is_number: bool) -> str:
    if is_number:
        begin, end = number(told.average), number(told.score)
        way = f"from {begin}, the answer for an average row, to {end}"
    else:
        way = f"in the logit of {told.of}, from {told.average:+.3g} for an average row to "
        way += f"{told.score:+.3g}"
    answer = number(told.answer) if isinstance(told.answer, float) else told.answer
    rows = [
        (name, cell or "(missing)", f"{value:+.3g}")
        for name, cell, value in zip(told.columns, told.cells, told.contributions, strict=True)
    ]
    lines = [("row", place), ("answer", answer), ("way", way)]
    head = "\n".join(f"{name:<10}{printable(text)}" for name, text in lines)
    return f"{head}\n\n{table(('column', 'value', 'led by'), rows, texts=(0, 1))}"
