"""The table encoder: an extractor that turns the rows of a table into feature vectors."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, Self

import numpy as np

from plainnet.checks import at_home
from plainnet.data import Dataset, Extractor, ReadingExtractor, Splits
from plainnet.data.folders import first_few
from plainnet.errors import DataError, PictureError, SettingError
from plainnet.metrics.moments import moments
from plainnet.network.arrays import Array
from plainnet.pictures.gathering import Progress
from plainnet.tables.column import Column
from plainnet.tables.encoded_rows import EncodedRows
from plainnet.tables.encoder_description import read_description
from plainnet.tables.features_of_tables import features_of
from plainnet.tables.files import read_table, table_at, tables_at
from plainnet.tables.table import MISSING, Table
from plainnet.tables.target_encoding import TargetEncoding, Targets, write_out_of_fold
from plainnet.tables.target_reader import TargetReader

log = logging.getLogger(__name__)


class TableEncoder(ReadingExtractor):
    """An encoder of a table's columns, fitted to a training table.

    >>> TableEncoder.fit(read_table(Path("houses.csv")), "price").features
    ('rooms', 'area')

    Args:
        targets: the columns that are predicted.
        columns: the columns that give features, in their order.
        left_out: the other columns, with the reason.
        identifiers: the columns among these that only identify rows.
        averages: the mean of each feature in training, float32 `(n_features,)`; None: unknown
            yet, 0.
        missing: see `Table`.
    """

    kind = "table"
    takes = "tables"
    inputs = "table"

    def __init__(
        self,
        targets: TargetReader,
        columns: Sequence[Column],
        left_out: Mapping[str, str],
        identifiers: Sequence[str] = (),
        averages: Array | None = None,
        missing: frozenset[str] = MISSING,
    ) -> None:
        self.missing, self.targets = missing, targets
        self.columns, self.left_out = tuple(columns), dict(left_out)
        self.identifiers = tuple(identifiers)
        self.n_columns = len(self.columns)
        self.n_features = sum(len(column.features) for column in self.columns)
        self.averages = np.zeros(self.n_features, np.float32) if averages is None else averages

    @classmethod
    def fit(
        cls, table: Table, target: str | Sequence[str], drop: Sequence[str] = (), task: str = "auto"
    ) -> Self:
        """Fit an encoder to a training table.

        Args:
            table: the table with all its rows; only the task is inferred from the target.
            target: the column to predict, or several.
            drop: columns to leave out.
            task: `classification`, `regression`, or `auto`, which infers it from the target.

        Raises:
            DataError: there is no such column, or no column is left to learn from.
            SettingError: an unknown task, or the target is dropped.
        """
        drop, names = ([some] if isinstance(some, str) else some for some in (drop, target))
        targets = TargetReader.fit(table, names, task)
        if both := [name for name in names if name in drop]:
            raise SettingError(f"{both[0]!r} is the target and cannot be dropped as well.")
        return cls.choose(table, targets, drop)

    @classmethod
    def choose(
        cls,
        table: Table,
        targets: TargetReader,
        drop: Sequence[str] = (),
        level: int = logging.WARNING,
    ) -> Self:
        """Fit with known targets, and log remarks; they need not be in the table."""
        from plainnet.tables.inference import choose_columns  # only to train

        for name in (*drop, *table.kinds):
            table[name]  # a DataError if there is none
        if both := [name for name in targets.names if name in table.kinds]:
            raise SettingError(
                f"{both[0]!r} is the target; its kind follows from the task, so name none for it."
            )
        used = [name for name in table.columns if name not in (*targets.names, *drop)]
        chosen = choose_columns(table, used, level)
        left_out = dict.fromkeys(drop, "dropped on request") | chosen.left_out
        if not chosen.columns:
            named = [*map(repr, targets.names)]
            raise DataError(
                f"{table.name} has no usable column to predict {first_few(named)} from: "
                + "; ".join(f"{name}: {why}" for name, why in list(left_out.items())[:5])
                + ("." if left_out else "it has no other column.")
            )
        parts = chosen.columns, left_out, chosen.identifiers
        return cls(targets, *parts, missing=table.missing)

    def fit_targets(self, table: Table, y: Array, classes: Sequence[str]) -> Array:
        """Fit the columns that are encoded by the target; return the features of the training rows.

        These features differ from those that `extract_table` returns for the same rows, as a row
        must not know its own target.

        Args:
            table: the training rows, with their weights.
            y: indices of classes, or numbers, `(N,)`, or a column for each target.
            classes: the names of the classes; () for numbers, and with several targets.
        """
        table = replace(table, missing=self.missing)
        targets = Targets.of(y, classes, self.targets.names, table.weights)
        self.columns = tuple(
            column.fit_targets(table, targets) if isinstance(column, TargetEncoding) else column
            for column in self.columns
        )
        self.n_features = sum(len(column.features) for column in self.columns)
        X = self.target_features(self.extract_table(table), table, y, classes)
        self.averages = moments(X, table.weights)[0].astype(np.float32)
        return X

    def target_features(self, X: Array, table: Table, y: Array, classes: Sequence[str]) -> Array:
        """Return the features X of training rows, those of the target from these rows alone."""
        return write_out_of_fold(X, self.parts(), table, y, classes)

    @property
    def features(self) -> tuple[str, ...]:
        """The name of each feature."""
        return tuple(name for column in self.columns for name in column.features)

    def parts(self) -> Iterator[tuple[Column, slice]]:
        """Yield each column with the slice of its features."""
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
        """Read a table with its targets, or a folder of tables called train, validation, test.

        Raises:
            DataError: the file is not a table, or lacks a column.
            FileError: the file cannot be read.
        """
        path = at_home(path)
        parts: dict[str, Any] = {
            part: self.dataset(read_table(file, progress=progress))
            for part, file in tables_at(path).items()
        }
        return Splits(path, **parts)

    def dataset(self, table: Table, training: bool = False) -> Dataset:
        """Return the rows that have all targets, with features and targets.

        Args:
            table: the rows.
            training: whether these are the training rows, to which `fit_targets` is applied.

        Raises:
            DataError: a column is missing, or no row has a target.
        """
        table = replace(table, missing=self.missing)
        rows, known = self.targets.read(table)
        if len(rows) < len(table):
            table = table.take(rows)
        y, classes = known["y"], known.get("classes", ())
        return Dataset(
            self.fit_targets(table, y, classes) if training else self.extract_table(table),
            **known,
            name=table.name,
            extractor=self,
            lines=table.lines,
            weights=table.weights,
            source=self.rows_of(table),
        )

    def rows_of(self, table: Table) -> EncodedRows:
        """Return the rows of a table, to which another encoder can be fitted."""
        return EncodedRows(replace(table, given={}), np.arange(len(table)), self)

    def refit(self, table: Table, y: Array, classes: Sequence[str]) -> tuple[Extractor, Array]:
        """Return an encoder like this one of other rows, without remarks, and their features."""
        used = {*self.targets.names, *(column.name for column in self.columns)}
        drop = [name for name in table.columns if name not in used]
        made = type(self).choose(table, self.targets, drop, level=logging.DEBUG)
        return made, made.fit_targets(table, y, classes)

    def extract(self, samples: Any) -> Array:
        """Return features float32 `(N, n_features)` of a file, a data frame, columns or rows.

        Raises:
            DataError: the samples are not a table, or lack a column.
            FileError: the file cannot be read.
        """
        if isinstance(samples, EncodedRows):
            return self.extract_table(samples.read())
        if isinstance(samples, np.ndarray) and samples.dtype.names is None:
            names = first_few([column.name for column in self.columns])
            raise DataError(
                f"The model was trained on named columns, {names}, but got an array of shape "
                f"{samples.shape} without names; give a data frame, or {{'a': [1, 2]}}."
            )
        return self.extract_table(table_at(samples))

    def extract_table(self, table: Table) -> Array:
        """Return features float32 `(N, n_features)` of a `Table`."""
        if lacking := [column.name for column in self.columns if column.name not in table.columns]:
            raise DataError(
                f"{table.name} lacks {first_few([repr(name) for name in lacking])}, which the "
                f"model needs; its columns are {first_few(list(table.columns))}."
            )
        if table.missing != self.missing:
            table = replace(table, missing=self.missing)
        return features_of(table, self.columns, self.describe)

    def summary(self) -> str:
        """Return a summary such as `12 features of 5 columns`."""
        counts = {"feature": self.n_features, "column": len(self.columns)}
        return " of ".join(f"{n:,} {what}{'s' * (n > 1)}" for what, n in counts.items())

    def describe(self) -> dict[str, Any]:
        """Return the target and the columns as JSON values."""
        return {
            **self.targets.describe(),
            "columns": [column.describe() for column in self.columns],
            "left_out": self.left_out,
            "identifiers": list(self.identifiers),
            **({"missing": sorted(self.missing)} if self.missing != MISSING else {}),
        }

    def tensors(self) -> dict[str, Array]:
        """Return the mean of each feature."""
        return {"extractor.averages": self.averages}

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> Self:
        """Return the encoder that a model file describes.

        Raises:
            ValueError, PlainnetError: the description is malformed.
        """
        if {*tensors} != {"extractor.averages"}:
            raise ValueError(f"its table has the tensors {[*tensors]!r:.80}")
        described, columns = read_description(description)
        averages = tensors["extractor.averages"]
        targets = TargetReader(described.target, described.task, described.target_format)
        parts = columns, described.left_out, described.identifiers, averages
        made = cls(targets, *parts, frozenset(described.missing))
        valid = averages.dtype == np.float32 and averages.shape == (made.n_features,)
        if not valid or not np.isfinite(averages).all():
            raise ValueError(f"its averages must be {made.n_features} finite float32")
        return made
