"""Reading the target of a table, or several targets."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from plainnet.data import TargetColumn
from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array
from plainnet.tables.table import Table
from plainnet.tables.target import Target, labels_note, target_numbers, target_of, task_of
from plainnet.tables.task import Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TargetReader:
    """What is known of the columns to predict."""

    names: tuple[str, ...]
    """The columns."""
    task: Task
    """Classification or regression; it is the same for all of them."""
    formats: tuple[str, ...]
    """The format of the numbers of each, as for other columns; "" for classes."""

    @classmethod
    def unread(cls, names: Sequence[str], task: Task) -> Self:
        """Return a reader of columns that are not in the table, such as the y of `fit(X, y)`."""
        return cls(tuple(names), task, ("",) * len(names))

    @classmethod
    def fit(cls, table: Table, names: Sequence[str], task: str = "auto") -> Self:
        """Infer task and formats from a training table, and log remarks.

        Args:
            table: the table with all its rows.
            names: the columns.
            task: `classification`, `regression`, or `auto`, which infers it from the columns.

        Raises:
            DataError: there is no such column, or its cells have two readings.
            SettingError: an unknown task, or one that does not fit a column.
        """
        tasks = {name: task_of(table, name, task) for name in names}
        if len({*tasks.values()}) > 1:
            raise _mixed(tasks)
        chosen, formats = tasks[names[0]], []
        for name in names:
            if chosen == "regression":
                form, note = target_numbers(table, name)[1:3]
            else:
                form, note = "", labels_note(table, name)
            formats.append(form)
            if note:
                log.warning("Target %r: %s.", name, note)
        return cls(tuple(names), chosen, tuple(formats))

    def read(self, table: Table) -> tuple[Array, dict[str, Any]]:
        """Return the rows that have all targets, and the fields of a `Dataset` about these.

        Raises:
            DataError: a column is missing, or no row has a value of each.
        """
        each = [
            target_of(table, name, self.task, form)
            for name, form in zip(self.names, self.formats, strict=True)
        ]
        if len(each) == 1:
            return each[0].rows, self._alone(each[0])
        whole = np.full(len(table), True)
        for one in each:
            whole &= np.isin(np.arange(len(table)), one.rows)
        rows = np.flatnonzero(whole)
        if not len(rows):
            raise DataError(
                f"No row of {table.name} has a value of each of {', '.join(self.names)}; add "
                "values, or train a model for each."
            )
        y = [one.y[np.searchsorted(one.rows, rows)] for one in each]
        columns = zip(self.names, each, strict=True)
        targets = tuple(TargetColumn(name, one.classes, one.labels) for name, one in columns)
        return rows, {"y": np.stack(y, axis=1), "targets": targets}

    def _alone(self, target: Target) -> dict[str, Any]:
        """Return the fields of a data set about a single target."""
        name = self.names[0] if self.task == "regression" else None
        return {"y": target.y, "classes": target.classes, "labels": target.labels, "target": name}

    def describe(self) -> dict[str, Any]:
        """Return names, task and formats as JSON values; those of a single target alone."""
        several = len(self.names) > 1
        return {
            "target": list(self.names) if several else self.names[0],
            "task": self.task,
            "target_format": list(self.formats) if several else self.formats[0],
        }


def _mixed(tasks: dict[str, Task]) -> SettingError:
    """Return the error for targets of both kinds."""
    of: dict[Task, list[str]] = {"regression": [], "classification": []}
    for name, task in tasks.items():
        of[task].append(name)
    numbers, classes = (", ".join(names) for names in of.values())
    return SettingError(
        f"One model predicts numbers or classes, but of its targets these are numbers: {numbers}; "
        f"and these are classes: {classes}. Train a model for each kind; the task regression or "
        "classification predicts all of them as the one or the other, if they can be."
    )
