"""Tables of data in memory: data frames, columns by name, rows, structured arrays.

The name of a column is a text without surrounding spaces, as in a file: `0` and `"0"` are the same
name, and so are `a` and `a `, and an é of one character and of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plainnet.data.class_names import plain_text
from plainnet.errors import DataError
from plainnet.network.arrays import Array
from plainnet.tables.column_names import column_names, index_columns
from plainnet.tables.table import EXACT, Table, ordered_texts, raw_column, values_of
from plainnet.tables.texts import Texts


def has_names(samples: Any) -> bool:
    """Whether these samples are rows of named columns."""
    if isinstance(samples, (Table, Mapping)) or _is_lazy(samples):
        return True
    if _is_frame(samples) or _is_arrow(samples):
        return True
    if isinstance(samples, (np.ndarray, np.void)):
        return samples.dtype.names is not None
    return isinstance(samples, Sequence) and bool(samples) and isinstance(samples[0], Mapping)


def table_of(samples: Any, name: str = "The table") -> Table:
    """Return the table of a mapping of columns, a data frame, a structured array, or rows.

    >>> [*table_of([{"rooms": 3, "price": 1.5}]).columns]
    ['rooms', 'price']

    Args:
        samples: the values, all columns of the same length.
        name: what errors call the table.

    Raises:
        DataError: the samples are something else, or name a column more than once.
    """
    if isinstance(samples, Table):
        return samples
    if _is_lazy(samples):
        samples = samples.collect()
    elif hasattr(samples, "to_dict") and not hasattr(samples, "columns"):  # a row of a frame
        samples = [samples.to_dict()]
    if not has_names(samples) or (isinstance(samples, Mapping) and not samples):
        raise DataError(
            "A table is a .csv or .parquet file, a data frame, columns by name such as "
            f"{{'age': [22, 38]}}, or rows such as [{{'age': 22}}], but got {samples!r:.60}."
        )
    if _is_arrow(samples):
        from plainnet.tables.parquet import table_of_arrow  # needs pyarrow, which is installed here

        return table_of_arrow(samples, name)
    if isinstance(samples, Mapping):
        given = [(key, _listed(values)) for key, values in samples.items()]
    elif isinstance(samples, Sequence):
        names = dict.fromkeys(key for row in samples for key in row)
        given = [(key, [row.get(key) for row in samples]) for key in names]
    elif _is_frame(samples):
        return _of_frame(samples, name)
    else:
        array = np.atleast_1d(samples)
        given = [(key, array[key]) for key in array.dtype.names or ()]
    return _table(name, given)


def check_index(data: Any, y: Any, what: str = "y") -> None:
    """Raise a DataError if the index of y, or of another argument, has another order."""
    index: Any = getattr(data, "index", None)
    given: Any = getattr(y, "index", None)
    if not hasattr(index, "equals") or not hasattr(given, "equals") or index.equals(given):
        return
    if len(index) == len(given) and {*index} == {*given}:
        raise DataError(
            f"The index of {what} has another order than the data's; pass {what} in the order of "
            f"the data, {what}.loc[X.index]."
        )


def _of_frame(frame: Any, name: str) -> Table:
    """Return the table of a data frame; a named index is also a column, but not a feature."""
    keys = list(frame.columns)
    column_names(keys, name)  # first, because a frame returns both columns of a repeated name
    # the items of pandas come in half the time
    named = frame.items() if hasattr(frame, "items") else ((key, frame[key]) for key in keys)
    columns = [*named]
    given = [(key, _cells(column)) for key, column in columns]
    levels = [level for level in getattr(getattr(frame, "index", None), "names", ()) if level]
    known = {plain_text(str(key)) for key in keys}
    index = [
        (level, _cells(frame.index.get_level_values(level)))
        for level in dict.fromkeys(levels)
        if plain_text(str(level)) not in known
    ]
    ordered = {
        plain_text(str(key)): ordered_texts(getattr(column, "dtype", None))
        for key, column in columns
    }
    orders = {called: levels for called, levels in ordered.items() if levels}
    table = _table(name, given, index)
    return replace(table, orders=orders) if orders else table


def _table(
    name: str, given: Sequence[tuple[Any, Any]], index: Sequence[tuple[Any, Any]] = ()
) -> Table:
    keys = [key for key, _ in given]
    names = column_names(keys, name)
    levels = [(plain_text(str(key)), (key, values)) for key, values in index]
    named = [*zip(names, given, strict=True), *levels]
    given_as = {called: _values(name, called, values) for called, (_, values) in named}
    columns = {name: _column(values) for name, values in given_as.items()}
    marked = (*index_columns(keys, names), *(called for called, _ in levels))
    return Table(name, columns, index=marked, given=given_as)


def _column(values: Array) -> Any:
    """Return the values of a column as float64 or texts; see `raw_column`."""
    if values.dtype.kind == "b":
        values = np.where(values, "True", "False").astype(object)
    texts = Texts.of_cells(values) if values.dtype.kind in "OU" else None
    return raw_column(values) if texts is None else texts


def _cells(column: Any) -> Array:
    """Return the column of a frame as an array without changing a value.

    With missing values, NumPy would get Arrow's integers as float64.
    """
    # NumPy would ask a Series for other names first, which takes longer than all else
    array = column.__array__() if hasattr(type(column), "__array__") else np.asarray(column)
    rounded = array.dtype.kind == "f" and (np.abs(array) > EXACT).any()
    return values_of(list(column)) if rounded else array


def _values(table: str, name: str, values: Any) -> Array:
    try:
        array = values_of(values)
    except ValueError:  # lists of different lengths
        array = np.empty((0, 0))
    if array.ndim != 1:
        raise DataError(
            f"{table} has more than one value for each row in its column {name!r}; give one value, "
            "or use a column for each."
        )
    return array


def _is_frame(samples: Any) -> bool:
    """Whether the samples are a data frame of pandas or polars."""
    return hasattr(samples, "columns") and hasattr(samples, "__getitem__")


def _is_lazy(samples: Any) -> bool:
    """Whether the samples are a lazy frame of polars."""
    kind = type(samples)  # a frame of pandas looks for a column of that name first
    return hasattr(kind, "collect") and hasattr(kind, "collect_schema")


def _is_arrow(samples: Any) -> bool:
    return hasattr(type(samples), "column_names") and hasattr(type(samples), "schema")


def _listed(values: Any) -> Any:
    """Return a single value as a column of one row, other values unchanged."""
    single = isinstance(values, (str, bytes)) or not hasattr(values, "__len__")
    return [values] if single or (isinstance(values, np.ndarray) and not values.ndim) else values
