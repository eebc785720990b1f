"""From a table, or a folder of tables, and the name of a column to what can be learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plainnet.errors import DataError
from plainnet.pictures import Splits
from plainnet.pictures.reading import Progress
from plainnet.tables.columns import Columns
from plainnet.tables.files import read_table, tables_at
from plainnet.tables.table import table_of


def read_tables(
    data: Any,
    target: str,
    *,
    drop: Sequence[str] = (),
    task: str = "auto",
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
        progress: called with (done, total) while a file is read.

    Raises:
        DataError: it is no table, lacks the column, or nothing can be learned from it.
        SettingError: an unknown task, or one that does not fit.
        FileError: it cannot be read.
        MissingExtraError: pyarrow is not installed.
    """
    if not isinstance(data, (str, Path)):
        table = table_of(data)
        columns = Columns.fit(table, target, drop, task)
        return Splits(Path(), train=columns.dataset(table))
    path = Path(data).expanduser()
    files = tables_at(path)
    if "train" not in files:
        raise DataError(f"{path} holds no train.csv to learn from; add it.")
    table = read_table(files.pop("train"), progress=progress)
    columns = Columns.fit(table, target, drop, task)
    parts = {"train": columns.dataset(table)}
    del table  # a large one need not stay while others are read
    for part, file in files.items():
        parts[part] = columns.dataset(read_table(file, progress=progress))
    return Splits(path, **parts)
