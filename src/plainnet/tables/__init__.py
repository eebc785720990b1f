"""Tables: from CSV, Parquet and data frames to feature vectors.

- `read_table`: a file as a `Table`, columns by name; `table_of`: what is in memory already.
- `TableEncoder`: what is made of each column, fitted to a training table; an `Extractor`.
- `overview`: what each column holds, before anything is learned from it.
- `read_tables`: a table or a folder of tables as `Splits`, with the name of what is predicted.

They are imported when they are first asked for: who has pictures does not wait for them.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from plainnet.tables.task import TASKS, Task

if TYPE_CHECKING:
    from plainnet.tables.column import Category, Column, Date, Number
    from plainnet.tables.column_summary import ColumnSummary, overview
    from plainnet.tables.encoder import TableEncoder
    from plainnet.tables.files import is_table, read_table
    from plainnet.tables.in_memory import table_of
    from plainnet.tables.sources import read_tables
    from plainnet.tables.table import Table

__all__ = [
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
            here = sys.modules[__name__]  # of which Python suggests a name that is close
            what = f"module '{__name__}' has no attribute {name!r}"
            raise AttributeError(what, name=name, obj=here)
        value = globals()[name] = getattr(import_module(f"plainnet.tables.{_WHERE[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
