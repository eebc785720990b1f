"""The rows of a file that a command follows: of a table, or feature vectors."""

from pathlib import Path

import numpy as np

from plainnet.errors import SettingError
from plainnet.models import AnyModel
from plainnet.models.rows import rows_of
from plainnet.network import Array
from plainnet.tables import Table, read_table

LINE_HELP = (
    "Of a table, the line in which the row ends; of Parquet and .npy files, which of the rows, as "
    "`plainnet predict` counts them."
)


def rows_at(learner: AnyModel, path: Path, line: int | None) -> tuple[Table | Array, list[str]]:
    """The rows of a file as the learner takes them, and what each is called.

    Args:
        learner: trained on a table, or on feature vectors.
        path: a table, or a .npy file.
        line: of the one row that is wanted; None: all.

    Raises:
        SettingError: no row ends there.
        DataError, FileError: the file cannot be read.
    """
    samples: Table | Array
    if learner.columns is None:
        samples = rows_of(path)
        lines = np.arange(len(samples))
    else:
        samples = read_table(path)
        lines = np.arange(1, len(samples) + 1) if samples.lines is None else samples.lines
    if line is not None:
        rows = np.flatnonzero(lines == line)
        if not len(rows):
            raise SettingError(
                f"No row of {path} is at line {line}; they are at lines from {lines[0]} to "
                f"{lines[-1]}."
            )
        samples = samples.take(rows) if isinstance(samples, Table) else samples[rows]
        lines = lines[rows]
    return samples, [f"{path}:{place}" for place in lines]
