"""Table files: recognizing them, and reading one by its kind."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from plainnet.checks import at_home
from plainnet.data.folders import part_of, warn_left_out
from plainnet.errors import DataError
from plainnet.pictures.gathering import Progress
from plainnet.pictures.scanning import is_picture_file
from plainnet.tables.csv_file import read_csv
from plainnet.tables.in_memory import table_of
from plainnet.tables.parquet import read_parquet
from plainnet.tables.table import Table

Reader = Callable[[Path, Progress | None], Table]
"""A function `read(path, progress)` that returns the table in a file."""
READERS: dict[str, Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), lambda path, on: read_csv(path, progress=on)),
    **dict.fromkeys((".parquet", ".pq"), lambda path, on: read_parquet(path, progress=on)),
}
"""The readers by the extension of a file. Add a row for your own format."""


def is_table(path: Path) -> bool:
    """Whether a file has a table's extension, or a folder holds a training table and no folders.

    >>> is_table(Path("houses.csv")), is_table(Path("pets"))
    (True, False)
    """
    if path.is_dir():
        return not any(inside.is_dir() for inside in path.iterdir()) and "train" in parts_in(path)
    return path.suffix.lower() in READERS


def is_csv(path: Path) -> bool:
    """Whether a file is read as CSV."""
    return READERS.get(path.suffix.lower(), READERS[".csv"]) is READERS[".csv"]


def tables_at(path: Path) -> dict[str, Path]:
    """Return the path of a table as the part `train`, or the tables of a folder by their part.

    A warning names the other files in the folder.

    Raises:
        DataError: the folder holds no table, or two for one part.
    """
    if not path.is_dir():
        return {"train": path}
    if found := parts_in(path):
        warn_left_out(path, {file.name for file in found.values()})
        return found
    raise DataError(
        f"{path} holds no tables called train, validation or test (.csv or .parquet); name a "
        "table, or a folder with such tables."
    )


def read_table(path: Path, *, progress: Progress | None = None) -> Table:
    """Read the table in a file; an unknown extension is read as CSV.

    >>> [*read_table(Path("houses.csv")).columns]
    ['rooms', 'area', 'price']

    Args:
        path: of the file.
        progress: a function `progress(done, total)` of bytes read, or of columns.

    Raises:
        DataError, FileError: it is no table, or cannot be read.
        MissingExtraError: pyarrow is not installed.
    """
    if path.is_dir() or is_picture_file(path.name):
        what = "a folder" if path.is_dir() else "a picture"
        raise DataError(f"{path} is {what}; name a table, a .csv or .parquet file.")
    return READERS.get(path.suffix.lower(), READERS[".csv"])(path, progress)


def table_at(data: Any, *, progress: Progress | None = None) -> Table:
    """Return the table in a file, or the table of data in memory."""
    if isinstance(data, (str, PathLike)):
        return read_table(at_home(data), progress=progress)
    return table_of(data)


def parts_in(folder: Path) -> dict[str, Path]:
    """Return the tables in a folder by their part, except train.txt, which may be anything.

    Raises:
        DataError: there are two for one part.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        part = part_of(path.stem)
        ending = path.suffix.lower()
        if part is None or not path.is_file() or ending not in READERS or ending == ".txt":
            continue
        if part in found:
            raise DataError(f"{found[part]} and {path} are both {part} data; keep one.")
        found[part] = path
    return found
