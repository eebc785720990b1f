"""From a table, or a folder of tables, and the name of a column to what can be learned from."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.checks import at_home
from plainnet.data import Dataset, Splits
from plainnet.data.class_names import plain_text
from plainnet.errors import DataError, SettingError
from plainnet.metrics.moments import moments
from plainnet.network.arrays import Array
from plainnet.pictures.reading import Progress
from plainnet.tables.encoder import TableEncoder
from plainnet.tables.files import table_at, tables_at
from plainnet.tables.in_memory import check_index, table_of
from plainnet.tables.inference import FEW
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
    """The rows of a table with their features and their target.

    Args:
        data: a .csv or .parquet file, a folder with train.csv and perhaps validation.csv and
            test.csv, a data frame, columns by name, or rows.
        target: the column that is to be predicted; of one that a number names, that number.
        drop: columns that are left out.
        task: `classification`, `regression`, or `auto`: a target with fractions or with more than
            twenty different numbers is regression.
        missing: texts that say, in small or large letters, that there is no value: in columns of
            texts and in the target, where an empty cell always does. None: `NA`, `N/A`, `null`, `?`
            and the like; []: none, so that `NA` may be a class.
        weights: what each row of the training table counts, `(N,)`; those of weight 0 are left out.
        validation: a table of its own to watch the training with, as `data`.
        progress: called with (done, total) while a file is read.

    Raises:
        DataError: it is no table, lacks the column, or nothing can be learned from it.
        SettingError: an unknown task, or one that does not fit.
        FileError: it cannot be read.
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
    """Rows of columns by name and what is right for each, as a table whose target is y.

    Args:
        data: a data frame, columns by name, or rows.
        y: what is right for each row, `(N,)`.
        make: makes a data set of features and y, that of the validation like the given one.
        task: what it is for.
        drop: columns that are left out.
        missing: as of `read_tables`.
        weights: what each row counts, `(N,)`, none of them 0.
        validation: a pair as `data` and `y`, perhaps with weights, none of them 0;
            None: none.

    Raises:
        DataError: y is a column of the table, too, or in another order than its rows; or the
            validation is no such pair.
    """
    check_index(data, y)
    table = _read(data, missing).weighed(weights)
    left_out, named = dropped(drop), _name_of(y)
    target = "y" if named is None else plain_text(str(named))
    if isinstance(y, str) or (target not in left_out and _is_column(y, table, target)):
        raise DataError(
            f"{y if isinstance(y, str) else target!r} is a column of {table.name} and should be "
            "predicted from the others; name it, fit(data, target=…), or give data without it."
        )
    while target in table.columns:
        target += "_"
    learned: Task = "regression" if task == "regression" else "classification"
    columns = TableEncoder.choose(table, target, learned, left_out)
    train = _with_columns(make(columns.extract_table(table), y, None), columns, table)
    columns.averages = moments(train.X, train.weights)[0].astype(np.float32)
    if validation is None:
        return Splits(Path(), train=train)
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise DataError(
            "The validation data must be a pair as the training data, (X, y), perhaps with the "
            f"weight of each, (X, y, weights), but got {type(validation).__name__}."
        )
    held_X, held_y, held_weights = (*validation, None)[:3]
    check_index(held_X, held_y)
    held = table_of(held_X, "The validation table").weighed(held_weights)
    watch = make(columns.extract_table(held), held_y, train)
    return Splits(Path(), train=train, validation=_with_columns(watch, columns, held))


def column_name(name: Any) -> str:
    """What a column is called that a text or a whole number names.

    Raises:
        SettingError: it is something else, such as a list of names.
    """
    if isinstance(name, (str, int, np.integer)) and not isinstance(name, bool):
        return plain_text(str(name))
    raise SettingError(
        f"The target must be the name of one column, but got {name!r:.60}; one column is predicted "
        "at a time."
    )


def dropped(names: Sequence[str | int] | str) -> tuple[str, ...]:
    """The names of the columns that are left out; a text alone is one name."""
    alone = isinstance(names, (str, int))
    return tuple(plain_text(str(name)) for name in ([names] if alone else names))


def _with_columns(made: Dataset, columns: TableEncoder, table: Table) -> Dataset:
    """The data set of a table's features, which says how they were made."""
    target = columns.target if made.holds_numbers else None
    more: dict[str, Any] = {"name": table.name, "lines": table.lines, "weights": table.weights}
    return replace(made, extractor=columns, target=target, **more)


def _name_of(y: Any) -> Any:
    """What a column that stands alone is called, or the one column of a frame; None: nothing."""
    columns: Any = getattr(y, "columns", ())
    return columns[0] if len(columns) == 1 else getattr(y, "name", None)


def _is_column(y: Any, table: Table, name: str) -> bool:
    """Whether y is the column of the table that is called as it."""
    if name not in table.columns or _name_of(y) is None:
        return False
    return texts_of(raw_column(np.asarray(y).ravel())) == texts_of(table[name])


def _read(data: Any, missing: Sequence[str] | None, progress: Progress | None = None) -> Table:
    """A table in which these texts say that there is no value."""
    table = table_at(data, progress=progress)
    if missing is None:
        return table
    texts = [missing] if isinstance(missing, str) else missing
    return replace(table, missing=frozenset({"", *(text.strip().lower() for text in texts)}))


def _train_set(
    table: Table, target: str, drop: Sequence[str], task: str
) -> tuple[TableEncoder, Dataset]:
    columns = TableEncoder.fit(table, target, drop, task)
    made = columns.dataset(table)
    if len(made.classes) > max(FEW, len(made) / 2):
        raise DataError(
            f"{table.name} has {len(made.classes):,} different values of {target!r} in "
            f"{len(made):,} rows, too many to learn any of them; choose another target."
        )
    columns.averages = moments(made.X, made.weights)[0].astype(np.float32)
    return columns, made
