"""How the rows of a table come over HTTP.

An uploaded table is read from a temporary file with a name of its own; of the name that the sender
gives only the ending counts.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plainnet.errors import DataError, PlainnetError
from plainnet.serving.forms import File, Form, Given
from plainnet.serving.tensors import Tensor


class TableForm(Form):
    """Rows of a table: a tensor for each column, with its name."""

    json_example = '[{"age": 22, "job": "baker"}]'

    def described(self) -> list[dict[str, Any]]:
        """Return an input for each column: FP64 for numbers, BYTES for dates and texts."""
        columns = [] if self.model.columns is None else self.model.columns.columns
        return [
            {
                "name": column.name,
                "datatype": "FP64" if _takes_floats(column) else "BYTES",
                "shape": [-1],
            }
            for column in columns
        ]

    def of_tensors(self, tensors: Mapping[str, Tensor]) -> Given:
        """Return columns by name."""
        if "" in tensors:
            raise DataError(
                "The rows of a table have named columns and cannot be sent as raw bytes."
            )
        self.check_names(tensors)
        return self._rows({name: _cells(tensor) for name, tensor in tensors.items()})

    def of_json(self, content: Any) -> Given:
        """Return rows: one object, or a list of them; other columns may be there."""
        rows = [content] if isinstance(content, dict) else content
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataError(f"Give rows in JSON as {self.json_example}.")
        cells = [(name, cell) for row in rows for name, cell in row.items()]
        for name, cell in cells:
            if not isinstance(cell, str | int | float | None):
                raise DataError(
                    f"The cell {name!r:.60} must be a number, a text, true, false or null, but is "
                    f"{cell!r:.60}."
                )
        return self._rows({name: [row.get(name) for row in rows] for name in dict(cells)})

    def of_files(self, files: Sequence[File]) -> Given:
        """Return the rows of one .csv or .parquet file."""
        from plainnet.tables.files import READERS, read_table  # only where there is a table

        if len(files) != 1:
            raise DataError(f"Give one table at a time, but got {len(files)} files.")
        [(name, content)] = files
        ending = Path(name).suffix.lower()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"table{ending if ending in READERS else '.csv'}")
            path.write_bytes(content)
            try:
                table = read_table(path)
                raw = self.model.inputs.raw(table)  # before the file is removed
                return Given(raw, len(raw), len(raw), is_raw=True)
            except PlainnetError as error:
                shown = f"{Path(name).name or 'the table'!r:.80}"
                raise DataError(str(error).replace(str(path), shown)) from None

    def _rows(self, columns: Mapping[str, Any]) -> Given:
        lengths = {name: len(cells) for name, cells in columns.items()}
        if len({*lengths.values()}) > 1:
            raise DataError(f"The columns have different lengths: {lengths!r:.200}.")
        n = next(iter(lengths.values()), 0)
        if n == 0:
            raise DataError("There are no rows; give at least one.")
        return Given(columns, n, n)


def _takes_floats(column: Any) -> bool:
    return column.kind == "number" and column.format in ("", "1234.5")


def _cells(tensor: Tensor) -> Any:
    """Return the cells of a column."""
    if tensor.shape[1:] not in ((), (1,)) or not tensor.shape:
        raise DataError(f"The column {tensor.name!r} has the shape [N], not {list(tensor.shape)}.")
    if not isinstance(tensor.values, list):
        return tensor.values.ravel()
    try:
        return [None if one is None else one.decode() for one in tensor.values]
    except UnicodeDecodeError as error:
        raise DataError(f"The column {tensor.name!r} holds no UTF-8 ({error}).") from None
