"""A table's columns as an extractor: from rows of a table to feature vectors, and back by name."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

import numpy as np

from plainnet.checks import at_home
from plainnet.data import Dataset, ReadingExtractor, Splits
from plainnet.data.folders import first_few
from plainnet.errors import DataError, PictureError, SettingError
from plainnet.files.schema import read
from plainnet.network.arrays import Array
from plainnet.pictures.reading import Progress
from plainnet.tables.column import KINDS, Category, Column, Number
from plainnet.tables.files import read_table, table_at, tables_at
from plainnet.tables.inference import choose
from plainnet.tables.numbers import check_number_format
from plainnet.tables.table import MISSING, Table
from plainnet.tables.target import labels_note, target_numbers, target_of, task_of
from plainnet.tables.task import Task
from plainnet.tables.values import ENOUGH

log = logging.getLogger(__name__)


class TableEncoder(ReadingExtractor):
    """Makes features of a table's columns, as it was fitted to a training table.

    Args:
        target: the column that is predicted.
        task: as classes, or as a number.
        columns: those that give features, in their order.
        left_out: the others, and why.
        identifiers: those of them that tell rows apart.
        averages: of each feature in training, float32 `(n_features,)`; None: not known yet, 0.
        target_format: how the numbers of the target are written, as those of a column.
        missing: see `Table`.
    """

    kind = "table"
    takes = "tables"
    inputs = "table"

    def __init__(
        self,
        target: str,
        task: Task,
        columns: Sequence[Column],
        left_out: Mapping[str, str],
        identifiers: Sequence[str] = (),
        averages: Array | None = None,
        target_format: str = "",
        missing: frozenset[str] = MISSING,
    ) -> None:
        self.missing = missing
        self.target, self.task, self.target_format = target, task, target_format
        self.columns, self.left_out = tuple(columns), dict(left_out)
        self.identifiers = tuple(identifiers)
        self.n_features = sum(len(column.features) for column in self.columns)
        self.averages = np.zeros(self.n_features, np.float32) if averages is None else averages

    @classmethod
    def fit(cls, table: Table, target: str, drop: Sequence[str] = (), task: str = "auto") -> Self:
        """Choose what to make of each column of a training table.

        Args:
            table: all its rows; nothing is learned from the target but its kind.
            target: the column that is to be predicted.
            drop: columns that are left out.
            task: `classification`, `regression`, or `auto`, which the target decides.

        Raises:
            DataError: there is no such column, or none is left to learn from.
            SettingError: an unknown task, or the target is dropped.
        """
        drop = [drop] if isinstance(drop, str) else drop
        chosen_task = task_of(table, target, task)
        if target in drop:
            raise SettingError(f"{target!r} is to be predicted and cannot be dropped as well.")
        made = cls.choose(table, target, chosen_task, drop)
        note = labels_note(table, target)
        if chosen_task == "regression":
            found = target_numbers(table, target)
            made.target_format, note = found.format, found.note
        if note:
            log.warning("Target %r: %s.", target, note)
        return made

    @classmethod
    def choose(cls, table: Table, target: str, task: Task, drop: Sequence[str] = ()) -> Self:
        """The same where the task is known, and the target need not be in the table."""
        for name in drop:
            table[name]  # a DataError if there is none
        columns, left_out = [], dict.fromkeys(drop, "dropped, as you wished")
        identifiers = []
        for name in table.columns:
            if name == target or name in drop:
                continue
            choice = choose(table, name)
            if choice.column is None:
                left_out[name] = choice.why
                identifiers += [name] if choice.is_identifier else []
                log.warning("Left out: column %r, because %s.", name, choice.why)
                continue
            columns.append(choice.column)
            if choice.why:
                log.warning("Column %r: %s.", name, choice.why)
        if not columns:
            raise DataError(
                f"{table.name} has no column to learn {target!r} from: "
                + "; ".join(f"{name}: {why}" for name, why in list(left_out.items())[:5])
                + ("." if left_out else "it has no other column.")
            )
        return cls(target, task, columns, left_out, identifiers, missing=table.missing)

    @property
    def features(self) -> tuple[str, ...]:
        """The name of each feature."""
        return tuple(name for column in self.columns for name in column.features)

    def parts(self) -> Iterator[tuple[Column, slice]]:
        """Each column, and where its features stand."""
        start = 0
        for column in self.columns:
            stop = start + len(column.features)
            yield column, slice(start, stop)
            start = stop

    def read(
        self,
        path: str | PathLike[str],
        *,
        on_unreadable: Callable[[PictureError], None] | None = None,  # noqa: ARG002
        progress: Progress | None = None,
    ) -> Splits:
        """A table with known targets, or a folder of such tables called train, validation, test.

        Raises:
            DataError: it is no table, or lacks a column.
            FileError: it cannot be read.
        """
        path = at_home(path)
        parts: dict[str, Any] = {
            part: self.dataset(read_table(file, progress=progress))
            for part, file in tables_at(path).items()
        }
        return Splits(path, **parts)

    def dataset(self, table: Table) -> Dataset:
        """The rows that have a target, with their features and it.

        Raises:
            DataError: a column is missing, or no row has a target.
        """
        table = replace(table, missing=self.missing)
        right = target_of(table, self.target, self.task, self.target_format)
        if len(right.rows) < len(table):
            table = table.take(right.rows)
        return Dataset(
            self.extract_table(table),
            right.y,
            right.classes,
            labels=right.labels,
            name=table.name,
            extractor=self,
            lines=table.lines,
            weights=table.weights,
            target=self.target if self.task == "regression" else None,
        )

    def extract(self, samples: Any) -> Array:
        """Features float32 `(N, n_features)` of a table: a file, a data frame, columns or rows.

        Raises:
            DataError: it is no table, or lacks a column.
            FileError: it cannot be read.
        """
        if isinstance(samples, np.ndarray) and samples.dtype.names is None:
            names = first_few([column.name for column in self.columns])
            raise DataError(
                f"The model was trained on columns by name, {names}, and an array of shape "
                f"{samples.shape} names none; give a data frame, or {{'a': [1, 2]}}."
            )
        return self.extract_table(table_at(samples))

    def extract_table(self, table: Table) -> Array:
        """The same of a `Table`."""
        if lacking := [column.name for column in self.columns if column.name not in table.columns]:
            raise DataError(
                f"{table.name} lacks {first_few([repr(name) for name in lacking])}, from which "
                f"the model predicts; its columns are {first_few(list(table.columns))}."
            )
        table = replace(table, missing=self.missing)
        X = np.empty((len(table), self.n_features), np.float32)
        for column, place in self.parts():
            unread = column.write(table, X[:, place])
            if isinstance(column, Number) and unread is not None:
                _tell(table, column, unread)
            elif isinstance(column, Category) and not X[:, place].any():
                log.warning(
                    "Column %r of %s: none of its cells holds a category that training knew.",
                    *(column.name, table.name),
                )
        return X

    def told(self) -> str:
        """`12 features of 5 columns`."""
        counts = {"feature": self.n_features, "column": len(self.columns)}
        return " of ".join(f"{n:,} {what}{'s' * (n > 1)}" for what, n in counts.items())

    def describe(self) -> dict[str, Any]:
        """The columns, and what is done with each."""
        return {
            "target": self.target,
            "task": self.task,
            "columns": [column.describe() for column in self.columns],
            "left_out": self.left_out,
            "identifiers": list(self.identifiers),
            "target_format": self.target_format,
            **({"missing": sorted(self.missing)} if self.missing != MISSING else {}),
        }

    def tensors(self) -> dict[str, Array]:
        """The average row."""
        return {"extractor.averages": self.averages}

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> Self:
        """From what a model file holds.

        Raises:
            ValueError, PlainnetError: it does not fit itself.
        """
        if {*tensors} != {"extractor.averages"}:
            raise ValueError(f"its table has the tensors {[*tensors]!r:.80}")
        told: _Described = read(
            _Described, description, "table", later=("target_format", "missing")
        )
        columns = [_restored(column) for column in told.columns]
        names = [column.name for column in columns]
        if not names or len({*names, told.target}) <= len(names):
            raise ValueError("its columns are none, or not of different names")
        check_number_format(told.target_format)
        averages = tensors["extractor.averages"]
        parts = columns, told.left_out, told.identifiers, averages, told.target_format
        made = cls(told.target, told.task, *parts, frozenset(told.missing))
        sound = averages.dtype == np.float32 and averages.shape == (made.n_features,)
        if not sound or not np.isfinite(averages).all():
            raise ValueError(f"its averages must be {made.n_features} finite float32")
        return made


@dataclass(frozen=True)
class _Described:
    """What `describe` gives."""

    target: str
    task: Task
    columns: tuple[Mapping[str, Any], ...]
    left_out: Mapping[str, str]
    identifiers: tuple[str, ...]
    target_format: str = ""
    missing: tuple[str, ...] = tuple(MISSING)


def _restored(described: Any) -> Column:
    told = dict(described)
    kind = told.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"a column is a {kind!r}, which is none of {', '.join(KINDS)}")
    return KINDS[kind].restore(told)


def _tell(table: Table, column: Number, unread: Array) -> None:
    """Say which cells count as missing; a DataError where they are too many, or of another form."""
    values = table[column.name]
    row, n = int(unread.argmax()), int(unread.sum())
    told = (
        f"Column {column.name!r} of {table.name}: {n:,} of {len(table):,} cells are no "
        f"{column.kind}, the first, {str(values[row])!r:.40}, in {table.where(row)}"
    )
    if form := column.form_of(values[unread], table.delimiter):
        told += f"; {form}"
    if column.format:
        told += f"; those of the training are written as {column.format}"
    if 2 * n > len(table) or (form and n > (1 - ENOUGH) * len(table)):
        raise DataError(f"{told}; give it as in training.")
    log.warning("%s, and count as missing.", told)
