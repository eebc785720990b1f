"""The target column: classes, or numbers."""

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import numpy as np

from plainnet.data.class_names import Label, is_absent, name_labels
from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array
from plainnet.tables.numbers import Found, find_numbers, is_enough, read_floats, read_numbers
from plainnet.tables.parquet import different_values, text_types
from plainnet.tables.table import EXACT, TEXT, Table, texts_of, values_of
from plainnet.tables.task import TASKS, Task
from plainnet.tables.texts import Texts
from plainnet.tables.values import NO_NUMBER, Cells, is_missing, missing_note

log = logging.getLogger(__name__)

MAX_INTEGER_CLASSES = 20
"""The number of different integers that still count as classes."""


@dataclass(frozen=True, eq=False)
class Target:
    """The target of each row that has one."""

    y: Array
    """Indices of classes int64, or numbers float64, `(n,)`."""
    classes: tuple[str, ...]
    """The classes in natural order; empty for regression."""
    labels: tuple[Label, ...]
    """The label of each class, as given in the table."""
    rows: Array
    """The rows of the table that have a value, `(n,)`."""


def task_of(table: Table, name: str, wanted: str = "auto") -> Task:
    """Infer whether a column holds classes or numbers.

    Numbers with fractions, or more than twenty different numbers, mean regression, unless they are
    codes: written with leading zeros, or so large that float64 cannot distinguish them.

    Raises:
        SettingError: `wanted` is not a task or `auto`, or does not fit the column.
        DataError: there is no such column.
    """
    if wanted not in TASKS:
        raise SettingError(f"The task must be one of {', '.join(TASKS)}, but got {wanted!r}.")
    if wanted == "classification":  # cells are names in any number format
        table[name]  # a DataError if there is none
        return "classification"
    read = target_numbers(table, name).read
    whole = not read.unread.any() and read.present
    values = read.values if whole else None
    if wanted == "regression" and values is None:
        raise SettingError(
            f"The column {name!r} of {table.name} does not hold numbers only, so it cannot be the "
            "target of a regression; choose classification, or another target."
        )
    if wanted == "regression":
        return "regression"
    if values is None:
        if (
            is_enough(read)
            and len(np.unique(read.values[np.isfinite(read.values)])) > MAX_INTEGER_CLASSES
        ):
            raise _not_a_number(table, name, read.unread)
        return "classification"
    known = np.unique(values[np.isfinite(values)])
    many = len(known) > MAX_INTEGER_CLASSES or (known != np.rint(known)).any()
    return "regression" if many and not _are_codes(table[name], known) else "classification"


def target_numbers(table: Table, name: str, format: str = "") -> Found:
    """Read the column as numbers in this format, or if it is "", in the format of its cells.

    Raises:
        DataError: there is no such column, or its cells have two readings.
    """
    values = table[name]
    if values.dtype == np.float64:
        return Found(read_floats(values, format), format)
    cells = Cells.of(values)
    if format:
        return Found(read_numbers(cells, format), format)
    found = find_numbers(cells, table.delimiter)
    if found.ambiguous:
        raise DataError(f"The target {name!r} of {table.name}: {found.note}.")
    return found


def target_of(table: Table, name: str, task: Task, format: str = "") -> Target:
    """Return the target of each row that has one; warn of rows without one.

    Args:
        table: the rows.
        name: the column.
        task: classification or regression.
        format: the format of its numbers; "" to infer it from the cells.

    Raises:
        DataError: there is no such column, no row has a value, or a cell of a regression target
            is not a number.
    """
    if task == "regression":
        read, _, note, _ = target_numbers(table, name, format)
        if read.unread.any():
            raise _not_a_number(table, name, read.unread)
        if note:
            log.warning("Target %r of %s: %s.", name, table.name, note)
        rows = np.flatnonzero(np.isfinite(read.values))
        target = Target(read.values[rows], (), (), rows)
    else:
        labels, codes, _ = _labels(table, name)
        named = name_labels(
            labels,
            f"The column {name!r} of {table.name}",
            natural=True,
            absent=lambda label: _is_absent(label, table.missing),
        )
        y = named.y if codes is None else named.y[codes]
        rows = np.flatnonzero(y >= 0)
        target = Target(y[rows], named.classes, named.labels, rows)
    remark = _left_out(table, name, task, rows)
    if not len(rows):
        raise DataError(f"No row of {table.name} has a value of {name!r}; add values{remark}.")
    if (left := len(table) - len(rows)) > 0:
        log.warning("Left out: %s rows of %s without %r%s.", f"{left:,}", table.name, name, remark)
    return target


def _is_absent(label: object, missing: Collection[str]) -> bool:
    return is_missing(label.strip(), missing) if isinstance(label, str) else is_absent(label)


def labels_note(table: Table, name: str) -> str:
    """Return a remark on dates and similar values, whose classes are named by texts."""
    values = table[name]
    if name not in table.given or _labels(table, name)[2]:
        return ""
    row = next((i for i, text in enumerate(texts_of(values)) if text), 0)
    given = table.given[name][row]
    given = given.as_py() if hasattr(given, "as_py") else given
    return (
        f"its values, such as {given!r:.60}, are not texts, numbers or booleans, "
        f"so the classes are named by texts such as {texts_of(values[row : row + 1])[0]!r:.60}, "
        "and predict returns these"
    )


def _left_out(table: Table, name: str, task: Task, rows: Array) -> str:
    """Return a remark on the texts of cells that count as missing."""
    if task == "regression" or len(rows) == len(table):
        return ""
    left = np.ones(len(table), bool)
    left[rows] = False
    texts = Counter(texts_of(table[name][left]))
    note = missing_note(texts)
    return f": {note}" if note else ""


def _are_codes(values: Array, known: Array) -> bool:
    """Whether integers are codes: `007`, or more digits than float64 distinguishes."""
    if values.dtype == np.float64:
        return False
    texts = {text for text in Cells.of(values).coded[0] if text.lower() not in NO_NUMBER}
    if any(text[0] == "0" and text.isdigit() and len(text) > 1 for text in texts):
        return True
    return bool((np.abs(known) > EXACT).any()) and len(texts) > len(known)


def _labels(table: Table, name: str) -> tuple[Array, Array | None, bool]:
    """Return the labels of a column as given, or as texts if they are dates and the like.

    With them comes the index of each row's label, or None if there is one for each row, and whether
    they are as given.
    """
    values, codes = table[name], None
    given = table.given.get(name, values)
    if hasattr(given, "to_pylist"):  # as of pyarrow
        given, codes = _given_by_pyarrow(given)
    if given.dtype.kind == "O":
        cells = _without_decimals(given)
        if all(is_absent(cell) or _is_label(cell) for cell in cells):
            return cells, codes, True
    elif given is not values and given.dtype.kind in "biufUT":
        return given, codes, True
    if isinstance(values, Texts):
        different, codes = Cells.of(cast(Array, values)).different
        return np.array(different, TEXT), codes, given is values
    return values, None, given is values


def _given_by_pyarrow(given: Any) -> tuple[Array, Array | None]:
    """Return labels, each different text, boolean or integer once."""
    from pyarrow import types

    kind = given.type.value_type if types.is_dictionary(given.type) else given.type
    if not (types.is_integer(kind) or types.is_boolean(kind) or kind in text_types()):
        return values_of(given.to_pylist()), None
    different, codes = different_values(given)
    return values_of(different), codes


def _without_decimals(given: Array) -> Array:
    """Return objects with decimals as integers if all of them are integers, else as floats."""
    decimals = [c for c in given if isinstance(c, Decimal) and not c.is_nan()]
    whole = all(c.is_finite() and c == c.to_integral_value() for c in decimals)

    def plain(cell: Any) -> Any:
        if not isinstance(cell, Decimal):
            return cell
        return None if cell.is_nan() else int(cell) if whole else float(cell)

    return values_of([plain(cell) for cell in given]) if decimals else given


def _is_label(cell: object) -> bool:
    return isinstance(cell, (str, bool, int, float, np.bool, np.number))


def _not_a_number(table: Table, name: str, unread: Array) -> DataError:
    row = int(unread.argmax())
    text = texts_of(table[name])[row]
    return DataError(
        f"{table.name}, {table.where(row)}, has {text!r:.40} instead of a number in {name!r}; "
        "correct it, or leave the row out."
    )
