"""The column that is to be predicted: classes, or numbers."""

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from plainnet.data.class_names import Label, is_absent, name_labels
from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array
from plainnet.tables.numbers import Found, find_numbers, is_enough, read_floats, read_numbers
from plainnet.tables.table import EXACT, Table, texts_of, values_of
from plainnet.tables.task import TASKS, Task
from plainnet.tables.values import NO_NUMBER, Cells, is_missing, missing_note

log = logging.getLogger(__name__)

MOST_CLASSES = 20
"""Different whole numbers that are still taken for classes."""


@dataclass(frozen=True, eq=False)
class Target:
    """What is right for each row that says so."""

    y: Array
    """Class numbers int64, or numbers float64, `(n,)`."""
    classes: tuple[str, ...]
    """Of a classification, in natural order; of a regression none."""
    labels: tuple[Label, ...]
    """The label of each class, as the table was given it."""
    rows: Array
    """The rows of the table that have a value, `(n,)`."""


def task_of(table: Table, name: str, wanted: str = "auto") -> Task:
    """Whether a column holds classes, or numbers to be predicted.

    Numbers with fractions, or more than twenty different ones, are taken for numbers, unless they
    are digits only: written with zeros in front, or so large that float64 makes one of two.

    Raises:
        SettingError: `wanted` is neither of them nor `auto`, or does not fit the column.
        DataError: there is no such column.
    """
    if wanted not in TASKS:
        raise SettingError(f"The task must be one of {', '.join(TASKS)}, but got {wanted!r}.")
    if wanted == "classification":  # however numbers are written, its cells are names
        table[name]  # a DataError if there is none
        return "classification"
    read = target_numbers(table, name).read
    whole = not read.unread.any() and read.present
    values = read.values if whole else None
    if wanted == "regression" and values is None:
        raise SettingError(
            f"The column {name!r} of {table.name} holds more than numbers, so it cannot be "
            "predicted as one; take classification, or another target."
        )
    if wanted == "regression":
        return "regression"
    if values is None:
        if is_enough(read) and len(np.unique(read.values[np.isfinite(read.values)])) > MOST_CLASSES:
            raise _no_number(table, name, read.unread)
        return "classification"
    known = np.unique(values[np.isfinite(values)])
    many = len(known) > MOST_CLASSES or (known != np.rint(known)).any()
    return "regression" if many and not _are_codes(table[name], known) else "classification"


def target_numbers(table: Table, name: str, format: str = "") -> Found:
    """The column as numbers, in this format, or if that is "" in the one that its cells are in.

    Raises:
        DataError: there is no such column, or its cells may say two things.
    """
    values = table[name]
    if values.dtype == np.float64:
        return Found(read_floats(values, format), format)
    cells = Cells(values)
    if format:
        return Found(read_numbers(cells, format), format)
    found = find_numbers(cells, table.delimiter)
    if found.ambiguous:
        raise DataError(f"The target {name!r} of {table.name}: {found.note}.")
    return found


def target_of(table: Table, name: str, task: Task, format: str = "") -> Target:
    """The target of each row that has one; how many have none is told.

    Args:
        table: the rows.
        name: the column.
        task: what it is for.
        format: how numbers are written in it; "": as its cells say.

    Raises:
        DataError: there is no such column, no row has a value, or a cell is no number though
            numbers are to be predicted.
    """
    if task == "regression":
        read, _, note, _ = target_numbers(table, name, format)
        if read.unread.any():
            raise _no_number(table, name, read.unread)
        if note:
            log.warning("Target %r of %s: %s.", name, table.name, note)
        rows = np.flatnonzero(np.isfinite(read.values))
        target = Target(read.values[rows], (), (), rows)
    else:
        named = name_labels(
            _labels(table, name),
            f"The column {name!r} of {table.name}",
            natural=True,
            absent=lambda label: _is_absent(label, table.missing),
        )
        rows = np.flatnonzero(named.y >= 0)
        target = Target(named.y[rows], named.classes, named.labels, rows)
    told = _left_out(table, name, task, rows)
    if not len(rows):
        raise DataError(f"No row of {table.name} has a value of {name!r}; give them one{told}.")
    if (left := len(table) - len(rows)) > 0:
        log.warning("Left out: %s rows of %s without %r%s.", f"{left:,}", table.name, name, told)
    return target


def _is_absent(label: object, missing: Collection[str]) -> bool:
    return is_missing(label.strip(), missing) if isinstance(label, str) else is_absent(label)


def labels_note(table: Table, name: str) -> str:
    """What is to be said of dates and the like, whose classes are called by texts."""
    values = table[name]
    if name not in table.given or _labels(table, name) is not values:
        return ""
    row = next((i for i, text in enumerate(texts_of(values)) if text), 0)
    given = table.given[name][row]
    given = given.as_py() if hasattr(given, "as_py") else given
    return (
        f"its values, such as {given!r:.60}, are no texts, numbers or booleans, "
        f"so their classes are called by {texts_of(values[row : row + 1])[0]!r:.60} and the like, "
        "and predict answers with these"
    )


def _left_out(table: Table, name: str, task: Task, rows: Array) -> str:
    """What the cells hold that are taken for no class, if they hold something."""
    if task == "regression" or len(rows) == len(table):
        return ""
    texts = Counter(texts_of(np.delete(table[name], rows)))
    note = missing_note(texts)
    return f": {note}" if note else ""


def _are_codes(values: Array, known: Array) -> bool:
    """Whether whole numbers are rather digits: `007`, or more than float64 tells apart."""
    if values.dtype == np.float64:
        return False
    texts = {text for text in Cells(values).coded[0] if text.lower() not in NO_NUMBER}
    if any(text[0] == "0" and text.isdigit() and len(text) > 1 for text in texts):
        return True
    return bool((np.abs(known) > EXACT).any()) and len(texts) > len(known)


def _labels(table: Table, name: str) -> Array:
    """The labels in a column as they came, or where they are dates and the like as texts."""
    values = table[name]
    given = table.given.get(name, values)
    if hasattr(given, "to_pylist"):  # as of pyarrow
        given = values_of(given.to_pylist())
    if given.dtype.kind == "O":
        cells = _without_decimals(given)
        return cells if all(is_absent(cell) or _is_label(cell) for cell in cells) else values
    return given if given.dtype.kind in "biufUT" else values


def _without_decimals(given: Array) -> Array:
    """Objects with decimals as whole numbers if all of them are whole, else as floats."""
    decimals = [c for c in given if isinstance(c, Decimal) and not c.is_nan()]
    whole = all(c.is_finite() and c == c.to_integral_value() for c in decimals)

    def plain(cell: Any) -> Any:
        if not isinstance(cell, Decimal):
            return cell
        return None if cell.is_nan() else int(cell) if whole else float(cell)

    return values_of([plain(cell) for cell in given]) if decimals else given


def _is_label(cell: object) -> bool:
    return isinstance(cell, (str, bool, int, float, np.bool, np.number))


def _no_number(table: Table, name: str, unread: Array) -> DataError:
    row = int(unread.argmax())
    text = texts_of(table[name])[row]
    return DataError(
        f"{table.name}, {table.where(row)}, has {text!r:.40} where a number of {name!r} is "
        "expected; mend it, or leave the row out."
    )
