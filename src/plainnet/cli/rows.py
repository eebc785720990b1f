"""The rows of a file that a command follows: of a table, or feature vectors."""

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
    "Of a table, the line in which the row ends; of Parquet and .npy files, which of the rows, as "
    "`plainnet predict` counts them."
)
Taken = Callable[[Array], Any]


def rows_at(
    model: AnyModel, path: Path, line: int | None, most: int | None = None
) -> tuple[Any, list[str]]:
    """The rows of a file as the model takes them, and the name of each.

    Args:
        model: trained on a table, or on feature vectors.
        path: a table, or a .npy file.
        line: of the one row that is wanted; None: all.
        most: how many of these; None: all.

    Raises:
        SettingError: no row ends there.
        DataError, FileError: the file cannot be read.
    """
    take, lines = BY_NOUN[model.inputs.noun](path)
    rows = np.flatnonzero(np.full(len(lines), True) if line is None else lines == line)[:most]
    if line is not None and not len(rows):
        raise SettingError(
            f"No row of {path} is at line {line}; they are at lines from {lines[0]} to {lines[-1]}."
        )
    return take(rows), [f"{path}:{place}" for place in lines[rows]]


def _vectors(path: Path) -> tuple[Taken, Array]:
    """What takes rows, and where each is."""
    X = rows_of(path)
    return X.__getitem__, np.arange(len(X))


def _table(path: Path) -> tuple[Taken, Array]:
    table = read_table(path)
    return table.take, np.arange(1, len(table) + 1) if table.lines is None else table.lines


BY_NOUN: Mapping[str, Callable[[Path], tuple[Taken, Array]]] = {"sample": _vectors, "row": _table}
"""What reads the samples of each kind of inputs that has rows."""
