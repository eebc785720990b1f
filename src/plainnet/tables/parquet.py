"""Reading Parquet, through pyarrow."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np

from plainnet.data.class_names import plain_text
from plainnet.errors import DataError, FileError, MissingExtraError
from plainnet.network.arrays import Array
from plainnet.pictures.gathering import Progress
from plainnet.tables.column_names import column_names, index_columns
from plainnet.tables.table import EXACT, TEXT, ReadColumns, Table, level_texts, raw_column
from plainnet.tables.texts import Texts

log = logging.getLogger(__name__)

LARGE_BYTES = 2**30
"""The size in memory from which the columns of a file are read one at a time."""
_CELL_BYTES = 16
"""The size of a cell in memory, with the value as given."""


@contextmanager
def opened_parquet(path: Path) -> Iterator[Any]:
    """Open a file as a `pyarrow.parquet.ParquetFile`.

    The file is opened by pyarrow: its threads would release a file of Python's, and a thread that
    does so while the interpreter ends aborts the process.

    Raises:
        FileError: the file cannot be read.
        DataError: the file is not valid Parquet.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError.of("Reading .parquet files", "pyarrow", extra="parquet") from error
    try:
        path.open("rb").close()  # its errors say why in the system's words alone
        with (
            pyarrow.OSFile(os.fsencode(path)) as file,
            pyarrow.parquet.ParquetFile(file, pre_buffer=False) as parquet,
        ):
            yield parquet
    except pyarrow.ArrowException as error:
        raise DataError(f"{path} is not a valid Parquet file ({error}); save it again.") from error
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror or error}; check how it is spelled and that "
            "you may read it."
        ) from error


def read_parquet(path: Path, *, progress: Progress | None = None) -> Table:
    """Read the table in a file; columns of lists and records are left out with a warning.

    The columns of a large file are read when they are asked for.

    Args:
        path: the file.
        progress: called with (done, total) while features are made of a large file.

    Raises:
        FileError: the file cannot be read.
        DataError: the file is not valid Parquet, or has no columns.
        MissingExtraError: pyarrow is not installed.
    """
    with opened_parquet(path) as file:
        cells = file.metadata.num_rows * file.metadata.num_columns
        read = file.read() if _CELL_BYTES * cells <= LARGE_BYTES else None
    return _large(path, progress) if read is None else table_of_arrow(read, str(path))


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
    orders: dict[str, tuple[str, ...]] = {}
    for key, called in zip(keys, names, strict=True):
        if (column := _column(read.column(key), pyarrow.types)) is None:
            log.warning("Left out: column %r of %s does not hold plain values.", called, name)
        else:
            columns[called], given[called] = column, read.column(key)
            if levels := _levels(read.column(key)):
                orders[called] = levels
    index = _index(read.schema, dict(zip(names, keys, strict=True)))
    marked = tuple(called for called in columns if called in index)
    return Table(name, columns, index=marked, given=given, orders=orders)


def _levels(column: Any) -> tuple[str, ...]:
    """Return the texts of an ordered dictionary in their order; () for other columns."""
    if not getattr(column.type, "ordered", False) or not column.num_chunks:
        return ()
    return level_texts(column.unify_dictionaries().chunk(0).dictionary.to_pylist())


def _large(path: Path, progress: Progress | None) -> Table:
    """Return a table whose columns are read one at a time."""
    import pyarrow

    def key() -> str:
        found = path.stat()
        return f"{path.absolute()} {found.st_size} {found.st_mtime_ns}"

    def given(name: str) -> Any:
        with opened_parquet(path) as file:
            if key() != opened:
                raise DataError(f"{path} changed while it was read; start again.")
            return file.read([keys[name]], use_threads=False).column(keys[name])

    def column(name: str) -> Array:
        return cast(Array, _column(given(name), pyarrow.types))  # not None, or it was left out

    opened = key()
    with opened_parquet(path) as file:
        schema, n_rows = file.schema_arrow, file.metadata.num_rows
    keys = dict(zip(column_names(schema.names, str(path)), schema.names, strict=True))
    for called, field in zip(list(keys), schema, strict=True):
        kind = field.type.value_type if pyarrow.types.is_dictionary(field.type) else field.type
        binary = pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)
        values = given(called) if binary else pyarrow.chunked_array([], field.type)
        if _column(values, pyarrow.types) is None:
            log.warning("Left out: column %r of %s does not hold plain values.", called, path)
            del keys[called]
    ordered = {
        called for called in keys if getattr(schema.field(keys[called]).type, "ordered", False)
    }
    orders = {called: levels for called in ordered if (levels := _levels(given(called)))}
    held = ReadColumns(given, list(keys), n_rows, key)
    columns = ReadColumns(column, list(keys), n_rows, key, progress=progress)
    index = _index(schema, keys)
    return Table(str(path), columns, index=index, given=held, orders=orders)


def _index(schema: Any, keys: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns that are a saved index, by the names they have here."""
    noted = {plain_text(str(key)) for key in _pandas_index(schema)}
    index = {*index_columns(list(keys.values()), list(keys)), *noted}
    return tuple(called for called in keys if called in index)


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


def different_values(values: Any) -> tuple[list[Any], Array]:
    """Return the different values of a column of pyarrow, and the index of each cell's `(N,)`."""
    import pyarrow

    if pyarrow.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if values.type == pyarrow.string_view():
        values = values.cast(pyarrow.large_string())
    encoded = values.dictionary_encode().unify_dictionaries()
    different = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    codes = [chunk.indices.fill_null(len(different)).to_numpy() for chunk in encoded.chunks]
    missing = [None] if values.null_count else []
    return [*different, *missing], np.concatenate([np.empty(0, np.int64), *codes])


def _each(values: Any, read: Callable[[list[Any]], Array | None]) -> Array | None:
    """Return a column whose different values are each read once."""
    different, codes = different_values(values)
    cells = read(different)
    if cells is None or cells.dtype != TEXT or not len(cells):
        return None if cells is None else cells[codes]
    return cast(Array, Texts.of(cells.tolist(), codes))


def text_types() -> tuple[Any, ...]:
    """Return the types of texts."""
    import pyarrow

    return pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()


def _decoded(cells: list[Any]) -> Array | None:
    """Decode bytes as texts, which old programs wrote; None if they are not texts."""
    try:
        return raw_column([None if cell is None else cell.decode() for cell in cells])
    except UnicodeDecodeError:
        return None


def _digits(cells: list[Any]) -> Array:
    return np.array(["" if cell is None else str(int(cell)) for cell in cells], TEXT)


def _texts(cells: list[Any]) -> Array:
    return np.array(["" if cell is None else str(cell).strip() for cell in cells], TEXT)


def _column(values: Any, types: Any) -> Array | None:
    """Return a column as float64 or texts; None for lists, records or bytes that are not UTF-8."""
    kind = values.type
    if types.is_dictionary(kind):
        kind, values = kind.value_type, values.cast(kind.value_type)
    whole = types.is_integer(kind) or (types.is_decimal(kind) and kind.scale <= 0)
    if whole and not _is_exact(values):
        return _each(values, _digits)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        numbers: Array = values.cast("float64", safe=False).to_numpy()  # NaN if missing
        return numbers.astype(np.float64, copy=False)
    if types.is_boolean(kind) or kind in text_types():
        return _each(values, _texts)
    if any(
        of(kind) for of in (types.is_date, types.is_timestamp, types.is_time, types.is_duration)
    ):
        return _each(values, raw_column)
    if types.is_binary(kind) or types.is_large_binary(kind):
        return _each(values, _decoded)
    if types.is_null(kind):
        return np.full(len(values), "", TEXT)
    return None
