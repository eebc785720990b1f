"""The column that is to be predicted: classes, or numbers."""

import logging
from dataclasses import dataclass

import numpy as np

from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array
from plainnet.tables import TASKS, Task
from plainnet.tables.table import Table
from plainnet.tables.values import Cells, as_read, is_missing

log = logging.getLogger(__name__)

MOST_CLASSES = 20
"""Different whole numbers that are still taken for classes."""


@dataclass(frozen=True, eq=False)
class Target:
    """What is right for each row that says so."""

    y: Array
    """Class numbers int64, or numbers float64, `(n,)`."""
    classes: tuple[str, ...]
    """Of a classification, sorted; of a regression none."""
    rows: Array
    """The rows of the table that have a value, `(n,)`."""


def task_of(table: Table, name: str, wanted: str = "auto") -> Task:
    """Whether a column holds classes, or numbers to be predicted.

    Numbers with fractions, or more than twenty different ones, are taken for numbers.

    Raises:
        SettingError: `wanted` is neither of them nor `auto`, or does not fit the column.
        DataError: there is no such column.
    """
    if wanted not in TASKS:
        raise SettingError(f"The task must be one of {', '.join(TASKS)}, but got {wanted!r}.")
    values = _numbers(table, name)
    if wanted == "regression" and values is None:
        raise SettingError(
            f"The column {name!r} of {table.name} holds more than numbers, so it cannot be "
            "predicted as one; take classification, or another target."
        )
    if wanted in ("classification", "regression"):
        return "classification" if wanted == "classification" else "regression"
    if values is None:
        return "classification"
    known = np.unique(values[np.isfinite(values)])
    many = len(known) > MOST_CLASSES or (known != np.rint(known)).any()
    return "regression" if many else "classification"


def target_of(table: Table, name: str, task: Task) -> Target:
    """The target of each row that has one; how many have none is told.

    Raises:
        DataError: there is no such column, no row has a value, or a cell is no number though
            numbers are to be predicted.
    """
    if task == "regression":
        values = _numbers(table, name)
        if values is None:
            raise _no_number(table, name)
        rows = np.flatnonzero(np.isfinite(values))
        y, classes = values[rows], tuple[str, ...]()
    else:
        y, classes, rows = _classes(table, name)
    if not len(rows):
        raise DataError(f"No row of {table.name} has a value of {name!r}; give them one.")
    if (left := len(table) - len(rows)) > 0:
        log.warning("Left out: %s rows of %s without %r.", f"{left:,}", table.name, name)
    return Target(y, classes, rows)


def _numbers(table: Table, name: str) -> Array | None:
    """The column as numbers, NaN where one is missing; None if it holds anything else."""
    values = table[name]
    if values.dtype == np.float64:
        return as_read(values).values
    read = Cells(values).numbers(table.decimal_comma)
    return None if read.unread.any() or not read.present else read.values


def _classes(table: Table, name: str) -> tuple[Array, tuple[str, ...], Array]:
    """Whole numbers are called by their plain digits: `1.0` and `1` are one class."""
    numbers = _numbers(table, name)
    known = None if numbers is None else numbers[np.isfinite(numbers)]
    if numbers is not None and known is not None and (known == np.rint(known)).all():
        values, places = np.unique(known, return_inverse=True)
        classes = tuple(str(int(value)) for value in values)
        return places.astype(np.int64), classes, np.flatnonzero(np.isfinite(numbers))
    different, codes = Cells(table[name]).coded
    names = sorted(text for text in different if not is_missing(text))
    number = {text: i for i, text in enumerate(names)}
    of_code = np.array([number.get(text, -1) for text in different], np.int64)
    y = of_code[codes]
    rows = np.flatnonzero(y >= 0)
    return y[rows], tuple(names), rows


def _no_number(table: Table, name: str) -> DataError:
    cells = Cells(table[name])
    row = int(cells.numbers(table.decimal_comma).unread.argmax())
    text = cells.texts[row]
    return DataError(
        f"{table.name}, {table.where(row)}, has {text!r:.40} where a number of {name!r} is "
        "expected; mend it, or leave the row out."
    )
