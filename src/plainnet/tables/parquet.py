"""Reading Parquet, through pyarrow."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.data.class_names import plain_text
from plainnet.errors import DataError, FileError, MissingExtraError
from plainnet.network.arrays import Array
from plainnet.tables.column_names import column_names, index_columns
from plainnet.tables.table import EXACT, TEXT, Table, raw_column

log = logging.getLogger(__name__)


def read_parquet(path: Path) -> Table:
    """Read the table in a file; columns of lists and records are left out with a warning.

    Raises:
        FileError: the file cannot be read.
        DataError: the file is not valid Parquet, or has no columns.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError.of("Reading .parquet files", "pyarrow", extra="parquet") from error
    try:
        with path.open("rb") as file:
            read = pyarrow.parquet.read_table(file)
    except pyarrow.ArrowException as error:
        raise DataError(f"{path} is not a valid Parquet file ({error}); save it again.") from error
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror or error}; check how it is spelled and that "
            "you may read it."
        ) from error
    return table_of_arrow(read, str(path))


def table_of_arrow(read: Any, name: str) -> Table:
    """Return the table of a pyarrow table; the index that pandas noted is not a feature.

    Raises:
        DataError: the table names a column more than once, or has no columns.
    """
    import pyarrow.types

    keys = list(read.column_names)
    names = column_names(keys, name)
    columns: dict[str, Array] = {}
    given: dict[str, Any] = {}
    for key, called in zip(keys, names, strict=True):
        if (column := _column(read.column(key), pyarrow.types)) is None:
            log.warning("Left out: column %r of %s does not hold plain values.", called, name)
        else:
            columns[called], given[called] = column, read.column(key)
    noted = {plain_text(str(key)) for key in _pandas_index(read.schema)}
    index = {*index_columns(keys, names), *noted}
    marked = tuple(called for called in columns if called in index)
    return Table(name, columns, index=marked, given=given)


def _pandas_index(schema: Any) -> list[str]:
    """Return the columns that pandas' metadata name as the index; a RangeIndex has none."""
    try:
        noted = (schema.pandas_metadata or {}).get("index_columns", [])
    except (ValueError, AttributeError):  # metadata of another program
        return []
    return [name for name in noted if isinstance(name, str)]


def _is_exact(values: Any) -> bool:
    """Whether float64 represents these integers exactly."""
    import pyarrow.compute

    ends = pyarrow.compute.min_max(values).as_py().values()
    return all(end is None or abs(end) <= EXACT for end in ends)


def _text_types() -> tuple[Any, ...]:
    import pyarrow

    return pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()


def _decoded(values: Any) -> Array | None:
    """Decode bytes as texts, which old programs wrote; None if they are not texts."""
    import pyarrow

    try:
        return raw_column(values.cast(pyarrow.large_string()).to_pylist())
    except pyarrow.ArrowInvalid:
        return None


def _column(values: Any, types: Any) -> Array | None:
    """Return a column as float64 or texts; None for lists, records or bytes that are not UTF-8."""
    kind = values.type
    if types.is_dictionary(kind):
        kind, values = kind.value_type, values.cast(kind.value_type)
    whole = types.is_integer(kind) or (types.is_decimal(kind) and kind.scale <= 0)
    if whole and not _is_exact(values):
        return np.array(
            ["" if cell is None else str(int(cell)) for cell in values.to_pylist()], TEXT
        )
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        numbers: Array = values.cast("float64", safe=False).to_numpy()  # NaN if missing
        return numbers.astype(np.float64)
    if types.is_boolean(kind) or kind in _text_types():
        cells = ["" if cell is None else str(cell).strip() for cell in values.to_pylist()]
        return np.array(cells, TEXT)
    if any(
        of(kind) for of in (types.is_date, types.is_timestamp, types.is_time, types.is_duration)
    ):
        return raw_column(values.to_pylist())
    if types.is_binary(kind) or types.is_large_binary(kind):
        return _decoded(values)
    if types.is_null(kind):
        return np.full(len(values), "", TEXT)
    return None
