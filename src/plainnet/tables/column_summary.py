"""Summaries of a table's columns before a training: what each column holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from plainnet.tables.column import Number
from plainnet.tables.inference import choose
from plainnet.tables.table import Table
from plainnet.tables.values import Cells, is_missing


@dataclass(frozen=True)
class ColumnSummary:
    """The summary of one column."""

    name: str
    kind: str
    """`number`, `date`, `category`, or `left out`."""
    missing: int
    """Cells without a value."""
    different: int
    """Different values."""
    examples: tuple[str, ...]
    """The most frequent values; for numbers the lowest and the highest."""
    note: str
    """Why the column would be left out, or a remark on it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {
            "column": self.name,
            "kind": self.kind,
            "missing": self.missing,
            "different": self.different,
            "examples": list(self.examples),
            "note": self.note,
        }


def overview(table: Table) -> list[ColumnSummary]:
    """Summarize each column of a table, as a training would use it.

    >>> [column.kind for column in overview(read_table(Path("houses.csv")))]
    ['number', 'number', 'number']
    """
    return [_summary(table, name) for name in table.columns]


def _summary(table: Table, name: str) -> ColumnSummary:
    choice = choose(table, name)
    different, codes = Cells.of(table[name]).coded
    counts = np.bincount(codes, minlength=len(different))
    missing = np.array([is_missing(text, table.missing) for text in different])
    kind = "left out" if choice.column is None else choice.column.kind
    known = np.flatnonzero(~missing)
    n_missing = int(counts[missing].sum())
    if isinstance(choice.column, Number):
        values = choice.column.read(table[name], table.delimiter).values
        n_missing, ends = int(np.isnan(values).sum()), (np.nanargmin(values), np.nanargmax(values))
        examples = (" to ".join(different[codes[row]] for row in ends),)
    else:
        order = known[np.argsort(-counts[known], kind="stable")][:3]
        examples = tuple(different[i] for i in order)
    return ColumnSummary(name, kind, n_missing, len(known), examples, choice.why)
