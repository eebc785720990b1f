"""Data sets from tables: from a table, or a folder of tables, and a target to `Splits`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.checks import at_home, either
from plainnet.data import Dataset, Splits
from plainnet.data.class_names import plain_text
from plainnet.errors import DataError, SettingError
from plainnet.network.arrays import Array
from plainnet.pictures.gathering import Progress
from plainnet.tables.encoder import TableEncoder
from plainnet.tables.files import table_at, tables_at
from plainnet.tables.in_memory import check_index, table_of
from plainnet.tables.inference import FEW_VALUES
from plainnet.tables.table import Table, raw_column, texts_of
from plainnet.tables.target_reader import TargetReader
from plainnet.tables.task import NAMED_KINDS, Task


def read_tables(
    data: Any,
    target: str | int | Sequence[str | int],
    *,
    drop: Sequence[str | int] | str = (),
    task: str = "auto",
    missing: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    weights: Any = None,
    validation: Any = None,
    progress: Progress | None = None,
) -> Splits:
    """Read the rows of a table, with features and target.

    >>> read_tables("houses.csv", "price").train.X.shape
    (60, 2)

    Args:
        data: a .csv or .parquet file, a folder with train.csv and optionally validation.csv and
            test.csv, a data frame, columns by name, or rows.
        target: the name of the column to predict, a text or an integer; or several names, as a
            list, or as a text with commas if no column has this text as its name.
        drop: columns to leave out.
        task: `classification`, `regression`, or `auto`: a target with fractions or with more than
            twenty different numbers is regression.
        missing: texts, in any case, that mark a missing value in columns of texts and in the
            target, where an empty cell is always missing. None: `NA`, `N/A`, `null`, `?` and
            similar; []: none, so that `NA` can be a class.
        kinds: `number`, `category`, `date` or `text` for columns by name, which are else inferred.
        weights: the weight of each row of the training table, `(N,)`; weight 0 leaves a row out.
        validation: a separate validation table, in any form of `data`.
        progress: called with (done, total) while a file is read.

    Raises:
        DataError: the data are not a table, lack the column, or have nothing to learn from.
        SettingError: the task is unknown, or does not fit the target; or a kind is unknown.
        FileError: the file cannot be read.
        MissingExtraError: pyarrow is not installed.
    """
    targets, drop = column_names_in(target), dropped(drop)
    path = at_home(data) if isinstance(data, (str, Path)) else Path()
    files: dict[str, Any] = {"train": data}
    if isinstance(data, (str, Path)):
        files = {**tables_at(path)}
    if "train" not in files:
        raise DataError(f"{path} holds no train.csv to learn from; add it.")
    if validation is not None:
        files["validation"] = validation
    table = _read(files.pop("train"), missing, kinds, progress).weighed(weights)
    columns, train_set = _train_set(table, meant_by(targets, table), drop, task)
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
    kinds: Mapping[str, str] | None = None,
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
        kinds: see `read_tables`.
        weights: the weight of each row, `(N,)`, not 0.
        validation: a pair of data and y, optionally with weights, not 0; None: none.

    Raises:
        DataError: y is also a column of the table, or is in another order than its rows; or the
            validation is not such a pair.
    """
    check_index(data, y)
    table = _read(data, missing, kinds).weighed(weights)
    left_out, named = dropped(drop), _names_of(y)
    for i, name in enumerate(named):
        values = np.asarray(y).reshape(len(y), -1)[:, i]
        if name not in left_out and _is_column(values, table, name):
            raise _a_column(name, table)
    if isinstance(y, str):
        raise _a_column(y, table)
    blank = make(np.zeros((len(table), 1), np.float32), y, None)
    named = tuple(one.name for one in blank.targets) or named or ("y",)
    called = {name: _unused(name, table) for name in named}
    learned: Task = "regression" if task == "regression" else "classification"
    targets = TargetReader.unread([*called.values()], learned)
    columns = TableEncoder.choose(table, targets, left_out)
    X = columns.fit_targets(table, blank.y, blank.classes)
    train = _with_columns(replace(blank, X=X), columns, table, called)
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
    return Splits(Path(), train=train, validation=_with_columns(watch, columns, held, called))


def column_names_in(names: Any) -> tuple[str, ...]:
    """Return the names of the columns that a text, an integer, or several of these name.

    Raises:
        SettingError: a name is something else, or comes twice.
    """
    alone = isinstance(names, (str, int, np.integer))
    given = [names] if alone or not isinstance(names, Iterable) else [*names]
    for name in given or [names]:
        if not isinstance(name, (str, int, np.integer)) or isinstance(name, bool):
            raise SettingError(
                "The target must be the name of a column, or a list of several names, but got "
                f"{name!r:.60}."
            )
    found = tuple(plain_text(str(name)) for name in given)
    if len({*found}) < len(found):
        raise SettingError(f"The targets must be different columns, but are {', '.join(found)}.")
    return found


def meant_by(names: Sequence[str], table: Table) -> tuple[str, ...]:
    """Return the names of columns; `price,rent` is two of them, unless a column is named so."""
    found: list[str] = []
    for name in names:
        parts = [plain_text(part) for part in name.split(",")]
        known = name not in table.columns and all(part in table.columns for part in parts)
        found += parts if known else [name]
    return column_names_in(found)


def dropped(names: Sequence[str | int] | str) -> tuple[str, ...]:
    """Return the names of the columns to leave out; a single text is one name."""
    alone = isinstance(names, (str, int))
    return tuple(plain_text(str(name)) for name in ([names] if alone else names))


def _with_columns(
    made: Dataset, columns: TableEncoder, table: Table, called: Mapping[str, str]
) -> Dataset:
    """Return the data set of a table's features with their encoder and its names of the targets."""
    targets = (one._replace(name=called.get(one.name, one.name)) for one in made.targets)
    alone = made.holds_numbers and not made.targets
    return replace(
        made,
        extractor=columns,
        name=table.name,
        lines=table.lines,
        weights=table.weights,
        source=columns.rows_of(table),
        target=columns.targets.names[0] if alone else None,
        targets=tuple(targets),
    )


def _unused(name: str, table: Table) -> str:
    """Return the name for a target that no column of the table has."""
    while name in table.columns:
        name += "_"
    return name


def _names_of(y: Any) -> tuple[str, ...]:
    """Return the name of a series, or of a frame's columns; () if there is none."""
    labels = [*getattr(y, "columns", ())]
    if not labels and getattr(y, "name", None) is not None:
        labels = [y.name]
    if len(labels) > 1 and not all(isinstance(label, str) for label in labels):
        labels = []  # the numbers of columns without names
    return tuple(plain_text(str(label)) for label in labels)


def _is_column(values: Array, table: Table, name: str) -> bool:
    """Whether these are the cells of the table's column with this name."""
    if name not in table.columns:
        return False
    return texts_of(raw_column(values)) == texts_of(table[name])


def _a_column(name: str, table: Table) -> DataError:
    """Return the error for targets that are a column of the table."""
    return DataError(
        f"{name!r} is a column of {table.name}; to predict it from the other columns, call "
        "fit(data, target=…), or pass data without it."
    )


def _read(
    data: Any,
    missing: Sequence[str] | None,
    kinds: Mapping[str, str] | None,
    progress: Progress | None = None,
) -> Table:
    """Read a table in which these texts mark missing values, and columns have these kinds."""
    named = {plain_text(str(name)): kind for name, kind in (kinds or {}).items()}
    for name, kind in named.items():
        if kind not in NAMED_KINDS:
            raise SettingError(
                f"The kind of the column {name!r} must be {either(NAMED_KINDS)}, but got "
                f"{kind!r:.60}."
            )
    table = replace(table_at(data, progress=progress), kinds=named)
    if missing is None:
        return table
    texts = [missing] if isinstance(missing, str) else missing
    return replace(table, missing=frozenset({"", *(text.strip().lower() for text in texts)}))


def _train_set(
    table: Table, targets: Sequence[str], drop: Sequence[str], task: str
) -> tuple[TableEncoder, Dataset]:
    columns = TableEncoder.fit(table, targets, drop, task)
    made = columns.dataset(table, training=True)
    if len(made.classes) > max(FEW_VALUES, len(made) / 2):
        raise DataError(
            f"{table.name} has {len(made.classes):,} different values of {targets[0]!r} in "
            f"{len(made):,} rows, too many to learn; choose another target."
        )
    return columns, made
