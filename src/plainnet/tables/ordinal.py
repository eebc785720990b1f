"""Columns of texts that have an order, such as small, medium, large."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from plainnet.data.class_matching import match
from plainnet.network.arrays import Array
from plainnet.tables.column import Number
from plainnet.tables.table import MISSING, Table
from plainnet.tables.values import Cells, Read, is_missing


@dataclass(frozen=True)
class Ordinal(Number):
    """A column of texts in an order; each is the number of its level, from 0."""

    kind, noun = "ordinal", "known level"
    takes_texts = True
    levels: tuple[str, ...] = ()
    """The texts in their order."""

    @property
    def values(self) -> tuple[str, ...]:
        """The levels."""
        return self.levels

    def read(
        self,
        values: Array,
        delimiter: str = "",  # noqa: ARG002
        missing: Collection[str] = MISSING,
    ) -> Read:
        """Read the number of each cell's level; other texts are unread, unless they are missing."""
        different, codes = Cells.of(values).coded
        found = match(different, self.levels)
        numbers = np.array([np.nan if k is None else k for k in found], np.float64)
        absent = np.array([is_missing(text, missing) for text in different])
        return Read(numbers[codes], (np.isnan(numbers) & ~absent)[codes])

    def form_of(self, values: Array, delimiter: str = "") -> str:  # noqa: ARG002
        """Return "": texts have no format."""
        return ""

    def numbers(self, table: Table) -> Read:
        """Return the number of each row's level, NaN if it is missing or unknown."""
        return self.read(table[self.name], missing=table.missing)

    def summary(self) -> str:
        """Return the levels in their order."""
        few = " < ".join(self.levels[:5])
        more = f" < … ({len(self.levels)} in all)" if len(self.levels) > 5 else ""
        return few + more + ("; missing is marked" if self.has_missing else "")

    def check_format(self) -> None:
        """Raise a ValueError unless the levels are different texts."""
        if self.format or len({*self.levels}) < max(len(self.levels), 1):
            raise ValueError(f"the levels of {self.name!r} are not different texts")
