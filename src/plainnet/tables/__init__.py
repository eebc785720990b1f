"""Tables: from CSV, Parquet and data frames to feature vectors.

- `read_table` reads a file as a `Table`, with columns by name; `table_of` takes data in memory.
- `TableEncoder`, an `Extractor`, is fitted to a training table and turns columns into features.
- `overview` summarizes each column before a training.
- `read_tables` reads a table or a folder of tables as `Splits`, given the name of the target.

The names are imported on first use, so that programs with pictures do not wait for them. This room
may import data and below.
"""

from typing import TYPE_CHECKING

from plainnet.on_first_use import on_first_use
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

if not TYPE_CHECKING:  # so that a type checker knows these names and no others
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "plainnet.tables.column": "Category Column Date Number",
            "plainnet.tables.column_summary": "ColumnSummary overview",
            "plainnet.tables.encoder": "TableEncoder",
            "plainnet.tables.files": "is_table read_table",
            "plainnet.tables.in_memory": "table_of",
            "plainnet.tables.sources": "read_tables",
            "plainnet.tables.table": "Table",
        },
    )
