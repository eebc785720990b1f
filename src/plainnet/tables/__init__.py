"""Tables: from CSV, Parquet and data frames to feature vectors.

- `read_table` reads a file as a `Table`, with columns by name; `table_of` takes data in memory.
- `TableEncoder`, an `Extractor`, is fitted to a training table and turns columns into features.
- `overview` summarizes each column before a training.
- `read_tables` reads a table or a folder of tables as `Splits`, given the name of the target.

The names are imported on first use, so that programs with pictures do not wait for them. This room
may import data and below.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from plainnet.tables.task import NAMED_KINDS, TASKS, Task

if TYPE_CHECKING:
    from plainnet.tables.column import Category, Column, Date, Number
    from plainnet.tables.column_summary import ColumnSummary, overview
    from plainnet.tables.encoder import TableEncoder
    from plainnet.tables.files import is_table, read_table
    from plainnet.tables.in_memory import table_of
    from plainnet.tables.sources import read_tables
    from plainnet.tables.table import Table

__all__ = [
    "NAMED_KINDS",
    "TASKS",
    "Category",
    "Column",
    "ColumnSummary",
    "Date",
    "Number",
    "Table",
    "TableEncoder",
    "Task",
    "is_table",
    "overview",
    "read_table",
    "read_tables",
    "table_of",
]

_WHERE = {
    **dict.fromkeys(("Category", "Column", "Date", "Number"), "column"),
    "TableEncoder": "encoder",
    **dict.fromkeys(("is_table", "read_table"), "files"),
    **dict.fromkeys(("ColumnSummary", "overview"), "column_summary"),
    "read_tables": "sources",
    "Table": "table",
    "table_of": "in_memory",
}


if not TYPE_CHECKING:  # so that a type checker knows these names and no others

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            here = sys.modules[__name__]  # Python suggests a similar name from it
            message = f"module '{__name__}' has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=here)
        value = globals()[name] = getattr(import_module(f"plainnet.tables.{_WHERE[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
