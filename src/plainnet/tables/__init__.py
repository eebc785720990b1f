"""Tables: from CSV, Parquet and data frames to feature vectors.

- `read_table`: a file as a `Table`, columns by name; `table_of`: what is in memory already.
- `Columns`: what is made of each column, fitted to a training table; an `Extractor`.
- `overview`: what each column holds, before anything is learned from it.
- `read_tables`: a table or a folder of tables as `Splits`, with the name of what is predicted.
"""

from plainnet.tables.column import Category, Column, Date, Number
from plainnet.tables.columns import Columns
from plainnet.tables.files import is_table, read_table
from plainnet.tables.overview import Looked, overview
from plainnet.tables.sources import read_tables
from plainnet.tables.table import Table, table_of

__all__ = [
    "Category",
    "Column",
    "Columns",
    "Date",
    "Looked",
    "Number",
    "Table",
    "is_table",
    "overview",
    "read_table",
    "read_tables",
    "table_of",
]
