"""Data sets from tables: from a table, or a folder of tables, and a target to `Splits`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.checks import at_home
from plainnet.data import Dataset, Splits
from plainnet.data.class_names import plain_text
from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array
from plainnet.pictures.reading import Progress
from plainnet.tables.encoder import TableEncoder
from plainnet.tables.files import table_at, tables_at
from plainnet.tables.in_memory import check_index, table_of
from plainnet.tables.inference import FEW_VALUES
from plainnet.tables.table import Table, raw_column, texts_of
from plainnet.tables.task import Task


def read_tables(
    data: Any,
    target: str | int,
    *,
    drop: Sequence[str | int] | str = (),
    task: str = "auto",
    missing: Sequence[str] | None = None,
    weights: Any = None,
    validation: Any = None,
    progress: Progress | None = None,
) -> Splits:
    """Read the rows of a table, with features and target.

    Args:
        data: a .csv or .parquet file, a folder with train.csv and optionally validation.csv and
            test.csv, a data frame, columns by name, or rows.
        target: the name of the column to predict, a text or an integer.
        drop: columns to leave out.
        task: `classification`, `regression`, or `auto`: a target with fractions or with more than
            twenty different numbers is regression.
        missing: texts, in any case, that mark a missing value in columns of texts and in the
            target, where an empty cell is always missing. None: `NA`, `N/A`, `null`, `?` and
            similar; []: none, so that `NA` can be a class.
        weights: the weight of each row of the training table, `(N,)`; weight 0 leaves a row out.
        validation: a separate validation table, in any form of `data`.
        progress: called with (done, total) while a file is read.

    Raises:
        DataError: the data are not a table, lack the column, or have nothing to learn from.
        SettingError: the task is unknown, or does not fit the target.
        FileError: the file cannot be read.
        MissingExtraError: pyarrow is not installed.
    """
    target, drop = column_name(target), dropped(drop)
    path = at_home(data) if isinstance(data, (str, Path)) else Path()
    files: dict[str, Any] = {"train": data}
    if isinstance(data, (str, Path)):
        files = {**tables_at(path)}
    if "train" not in files:
        raise DataError(f"{path} holds no train.csv to learn from; add it.")
    if validation is not None:
        files["validation"] = validation
    table = _read(files.pop("train"), missing, progress).weighed(weights)
    columns, train_set = _train_set(table, target, drop, task)
    parts: dict[str, Any] = {"train": train_set}
    for part, held in files.items():
        parts[part] = columns.dataset(table_at(held, progress=progress))
    return Splits(path, **parts)


def read_named(
    data: Any,
    y: Any,
    make: Callable[[Array, Any, Dataset | None], Dataset],
    task: str,
    *,
    drop: Sequence[str | int] | str = (),
    missing: Sequence[str] | None = None,
    weights: Any = None,
    validation: Any = None,
) -> Splits:
    """Return rows of named columns and their targets y as `Splits`.

    Args:
        data: a data frame, columns by name, or rows.
        y: the target of each row, `(N,)`.
        make: makes a data set of features and y; for validation data, like the given data set.
        task: classification or regression.
        drop: columns to leave out.
        missing: see `read_tables`.
        weights: the weight of each row, `(N,)`, not 0.
        validation: a pair of data and y, optionally with weights, not 0; None: none.

    Raises:
        DataError: y is also a column of the table, or is in another order than its rows; or the
            validation is not such a pair.
    """
    check_index(data, y)
    table = _read(data, missing).weighed(weights)
    left_out, named = dropped(drop), _name_of(y)
    target = "y" if named is None else plain_text(str(named))
    if isinstance(y, str) or (target not in left_out and _is_column(y, table, target)):
        raise DataError(
            f"{y if isinstance(y, str) else target!r} is a column of {table.name}; to predict it "
            "from the other columns, call fit(data, target=…), or pass data without it."
        )
    while target in table.columns:
        target += "_"
    learned: Task = "regression" if task == "regression" else "classification"
    columns = TableEncoder.choose(table, target, learned, left_out)
    blank = make(np.zeros((len(table), 1), np.float32), y, None)
    X = columns.fit_targets(table, blank.y, blank.classes)
    train = _with_columns(replace(blank, X=X), columns, table)
    if validation is None:
        return Splits(Path(), train=train)
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise DataError(
            "The validation data must be a pair like the training data, (X, y), optionally with "
            f"sample weights, (X, y, weights), but got {type(validation).__name__}."
        )
    held_X, held_y, held_weights = (*validation, None)[:3]
    check_index(held_X, held_y)
    held = table_of(held_X, "The validation table").weighed(held_weights)
    watch = make(columns.extract_table(held), held_y, train)
    return Splits(Path(), train=train, validation=_with_columns(watch, columns, held))


def column_name(name: Any) -> str:
    """Return the name of a column that a text or an integer names.

    Raises:
        SettingError: the name is something else, such as a list of names.
    """
    if isinstance(name, (str, int, np.integer)) and not isinstance(name, bool):
        return plain_text(str(name))
    raise SettingError(
        f"The target must be the name of one column, but got {name!r:.60}; a model predicts one "
        "column."
    )


def dropped(names: Sequence[str | int] | str) -> tuple[str, ...]:
    """Return the names of the columns to leave out; a single text is one name."""
    alone = isinstance(names, (str, int))
    return tuple(plain_text(str(name)) for name in ([names] if alone else names))


def _with_columns(made: Dataset, columns: TableEncoder, table: Table) -> Dataset:
    """Return the data set of a table's features with their encoder."""
    target = columns.target if made.holds_numbers else None
    more: dict[str, Any] = {"name": table.name, "lines": table.lines, "weights": table.weights}
    more["source"] = columns.rows_of(table)
    return replace(made, extractor=columns, target=target, **more)


def _name_of(y: Any) -> Any:
    """Return the name of a series, or of the single column of a frame; None if there is none."""
    columns: Any = getattr(y, "columns", ())
    return columns[0] if len(columns) == 1 else getattr(y, "name", None)


def _is_column(y: Any, table: Table, name: str) -> bool:
    """Whether y is the column of the table with this name."""
    if name not in table.columns or _name_of(y) is None:
        return False
    return texts_of(raw_column(np.asarray(y).ravel())) == texts_of(table[name])


def _read(data: Any, missing: Sequence[str] | None, progress: Progress | None = None) -> Table:
    """Read a table in which these texts mark missing values."""
    table = table_at(data, progress=progress)
    if missing is None:
        return table
    texts = [missing] if isinstance(missing, str) else missing
    return replace(table, missing=frozenset({"", *(text.strip().lower() for text in texts)}))


def _train_set(
    table: Table, target: str, drop: Sequence[str], task: str
) -> tuple[TableEncoder, Dataset]:
    columns = TableEncoder.fit(table, target, drop, task)
    made = columns.dataset(table, training=True)
    if len(made.classes) > max(FEW_VALUES, len(made) / 2):
        raise DataError(
            f"{table.name} has {len(made.classes):,} different values of {target!r} in "
            f"{len(made):,} rows, too many to learn; choose another target."
        )
    return columns, made
