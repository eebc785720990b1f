"""From a table, or a folder of tables, and the name of a column to what can be learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import DataError
from plainnet.pictures import Dataset, Splits
from plainnet.pictures.reading import Progress
from plainnet.tables.choosing import FEW
from plainnet.tables.columns import Columns
from plainnet.tables.files import table_at, tables_at


def read_tables(
    data: Any,
    target: str,
    *,
    drop: Sequence[str] = (),
    task: str = "auto",
    validation: Any = None,
    progress: Progress | None = None,
) -> Splits:
    """The rows of a table with their features and their target.

    Args:
        data: a .csv or .parquet file, a folder with train.csv and perhaps validation.csv and
            test.csv, a data frame, columns by name, or rows.
        target: the column that is to be predicted.
        drop: columns that are left out.
        task: `classification`, `regression`, or `auto`: a target with fractions or with more than
            twenty different numbers is regression.
        validation: a table of its own to watch the training with, as `data`.
        progress: called with (done, total) while a file is read.

    Raises:
        DataError: it is no table, lacks the column, or nothing can be learned from it.
        SettingError: an unknown task, or one that does not fit.
        FileError: it cannot be read.
        MissingExtraError: pyarrow is not installed.
    """
    path = Path(data).expanduser() if isinstance(data, (str, Path)) else Path()
    files: dict[str, Any] = {"train": data}
    if isinstance(data, (str, Path)):
        files = {**tables_at(path)}
    if "train" not in files:
        raise DataError(f"{path} holds no train.csv to learn from; add it.")
    if validation is not None:
        files["validation"] = validation
    columns, train_set = _train_set(files.pop("train"), target, drop, task, progress)
    parts = {"train": train_set}
    for part, held in files.items():
        parts[part] = columns.dataset(table_at(held, progress=progress))
    return Splits(path, **parts)


def _train_set(
    data: Any, target: str, drop: Sequence[str], task: str, progress: Progress | None
) -> tuple[Columns, Dataset]:
    table = table_at(data, progress=progress)
    columns = Columns.fit(table, target, drop, task)
    made = columns.dataset(table)
    if len(made.classes) > max(FEW, len(made) / 2):
        raise DataError(
            f"{table.name} has {len(made.classes):,} different values of {target!r} in "
            f"{len(made):,} rows, too many to learn any of them; choose another target."
        )
    columns.averages = made.X.mean(axis=0, dtype=np.float64).astype(np.float32)
    return columns, made
