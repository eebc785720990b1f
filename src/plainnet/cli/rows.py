"""Reading rows of a table, or feature vectors, for `explain` and `trace`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import SettingError
from plainnet.models import AnyModel
from plainnet.models.rows import rows_of
from plainnet.network import Array
from plainnet.tables import read_table

LINE_HELP = (
    "For a table, the line in which the row ends; for Parquet and .npy files, the number of the "
    "row, as `plainnet predict` counts them."
)
Take = Callable[[Array], Any]
"""A function that takes the samples in these rows."""


def rows_at(
    model: AnyModel, path: Path, line: int | None, most: int | None = None
) -> tuple[Any, list[str]]:
    """Return the rows of a file as the model takes them, and the name of each.

    Args:
        model: a model trained on a table, or on feature vectors.
        path: a table, or a .npy file.
        line: the line of a single row; None: all rows.
        most: the largest number of rows; None: no limit.

    Raises:
        SettingError: no row ends at this line.
        DataError, FileError: the file cannot be read.
    """
    take, lines = BY_NOUN[model.inputs.noun](path)
    rows = np.flatnonzero(np.full(len(lines), True) if line is None else lines == line)[:most]
    if line is not None and not len(rows):
        raise SettingError(
            f"No row of {path} is at line {line}; they are at lines from {lines[0]} to {lines[-1]}."
        )
    return take(rows), [f"{path}:{place}" for place in lines[rows]]


def _vectors(path: Path) -> tuple[Take, Array]:
    X = rows_of(path)
    return X.__getitem__, np.arange(len(X))


def _table(path: Path) -> tuple[Take, Array]:
    table = read_table(path)
    return table.take, np.arange(1, len(table) + 1) if table.lines is None else table.lines


BY_NOUN: Mapping[str, Callable[[Path], tuple[Take, Array]]] = {"sample": _vectors, "row": _table}
"""Functions that return how to take rows and their line numbers, by the noun of the inputs."""
