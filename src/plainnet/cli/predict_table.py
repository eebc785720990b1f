"""`plainnet predict` for a run that was trained on a table: an answer for each row of others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from plainnet.cli.answers import (
    STDOUT,
    csv_text,
    header,
    with_threshold,
    write_csv,
)
from plainnet.cli.options import print_json
from plainnet.digits import number
from plainnet.errors import DataError, PlainnetError
from plainnet.models import Classifier, Regressor
from plainnet.network import Array
from plainnet.reports import percent, printable, say, table
from plainnet.tables import Table, TableEncoder, read_table
from plainnet.tables.table import texts_of

MOST_SHOWN = 3
"""Classes whose probability a person is shown; a CSV file and --json have them all."""
MOST_ROWS = 20
"""Rows that are shown where a file has them all."""


@dataclass(frozen=True, eq=False)
class _Answered:
    """One table, and what was answered for its rows."""

    path: Path
    table: Table
    answers: list[Any]
    """Class names, or numbers."""
    P: Array | None
    """The probabilities `(N, K)` of a classifier."""


def predict_tables(
    learner: Classifier | Regressor,
    columns: TableEncoder,
    paths: tuple[Path, ...],
    csv_file: Path | None,
    as_json: bool,
) -> int:
    """Answer, print, and write; 2 if a table could not be answered for, else 0."""
    done: list[_Answered] = []
    unread: dict[str, str] = {}
    for path in paths:
        try:
            done.append(_answered(learner, path))
        except PlainnetError as error:
            unread[str(path)] = f"{path} cannot be answered for: {error}"
            say(f"Error: {printable(unread[str(path)])}")
    if as_json:
        predictions = [_facts(learner, one, row) for one in done for row in range(len(one.table))]
        told = [{"file": name, "error": error} for name, error in unread.items()]
        print_json({**learner.answers.decision, "predictions": predictions, "unread": told})
    elif done and csv_file != STDOUT:
        print(_text(learner, done, None if csv_file is None else MOST_ROWS))
    if csv_file is not None:  # last, so that a full disk does not cost the answers
        write_csv(csv_file, _csv(learner, columns, done))
    return 2 if unread else 0


def _answered(learner: Classifier | Regressor, path: Path) -> _Answered:
    if path.is_dir():
        raise DataError("it is a folder; name its tables.")
    read = read_table(path)
    if isinstance(learner, Regressor):
        return _Answered(path, read, learner.predict(read).tolist(), None)
    P = learner.predict_proba(read)
    return _Answered(path, read, [learner.classes[k] for k in learner.answers.choose(P)], P)


def _place(one: _Answered, row: int) -> int:
    """The line of a CSV file; of others the row, counted from 1."""
    return row + 1 if one.table.lines is None else int(one.table.lines[row])


def _facts(learner: Classifier | Regressor, one: _Answered, row: int) -> dict[str, Any]:
    kind = "row" if one.table.lines is None else "line"
    told = {"file": str(one.path), kind: _place(one, row), "answer": one.answers[row]}
    if isinstance(learner, Classifier) and one.P is not None:
        p = one.P[row].astype(float).round(6).tolist()
        told["probabilities"] = dict(zip(learner.classes, p, strict=True))
    return told


def _text(learner: Classifier | Regressor, done: list[_Answered], most: int | None) -> str:
    pairs = [(one, row) for one in done for row in range(len(one.table))]
    rows = [
        (f"{one.path}:{_place(one, row)}", *_shown(learner, one, row)) for one, row in pairs[:most]
    ]
    if isinstance(learner, Regressor):
        told = table(("row", learner.target), rows)
    else:
        told = table(("row", "answer", "probabilities"), rows, texts=(0, 1, 2))
    left = len(pairs) - len(rows)
    return with_threshold(learner, f"{told}\n… and {left:,} more" if left else told)


def _shown(learner: Classifier | Regressor, one: _Answered, row: int) -> tuple[str, ...]:
    """The number, or the class and the most probable ones."""
    if isinstance(learner, Regressor):
        return (number(one.answers[row], to=learner.scale / 1000),)
    p = cast(Array, one.P)[row]
    likely = np.argsort(-p, kind="stable")[:MOST_SHOWN]
    return one.answers[row], "  ".join(f"{learner.classes[k]} {percent(p[k])}" for k in likely)


def _csv(learner: Classifier | Regressor, columns: TableEncoder, done: list[_Answered]) -> str:
    """A row for each row, with the columns that tell them apart."""
    named = [name for name in columns.identifiers if all(name in one.table.columns for one in done)]
    classes = () if isinstance(learner, Regressor) else learner.classes
    names = header(["file", "line"], named, classes)
    return csv_text([names, *(row for one in done for row in _rows(one, named))])


def _rows(one: _Answered, named: list[str]) -> Iterator[list[Any]]:
    held = [texts_of(one.table[name]) for name in named]
    for row, answer in enumerate(one.answers):
        told = f"{answer:.10g}" if one.P is None else answer
        shares = [] if one.P is None else [f"{v:.6f}" for v in one.P[row]]
        yield [one.path, _place(one, row), *(cells[row] for cells in held), told, *shares]
