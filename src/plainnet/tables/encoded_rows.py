"""The rows of a table behind a data set's features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from plainnet.data import Extractor
from plainnet.network.arrays import Array
from plainnet.tables.table import Table


class Encoder(Protocol):
    """What an encoder of tables does for a `Source`."""

    def refit(self, table: Table, y: Array, classes: Sequence[str]) -> tuple[Extractor, Array]:
        """Return an encoder fitted to a table and its targets, and their features."""
        ...

    def target_features(self, X: Array, table: Table, y: Array, classes: Sequence[str]) -> Array:
        """Return the features X with those of the target from these rows alone."""
        ...


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """Some rows of a table, to which another encoder can be fitted; a `Source`."""

    table: Table
    """The whole table."""
    rows: Array
    """The indices of the rows, `(n,)`."""
    encoder: Encoder
    """The encoder that made the features."""

    def take(self, rows: Array | Sequence[int] | slice) -> EncodedRows:
        """Return these rows, in this order."""
        return replace(self, rows=self.rows[rows])

    def by(self, extractor: Encoder) -> EncodedRows:
        """Return the same rows for the features of another encoder."""
        return replace(self, encoder=extractor)

    def read(self, weights: Array | None = None) -> Table:
        """Return the rows as a table, with weights."""
        return replace(self.table.take(self.rows), weights=weights)

    def fit_extractor(
        self, y: Array, classes: Sequence[str], weights: Array | None
    ) -> tuple[Extractor, Array]:
        """Fit an encoder to these rows alone; return it, and the features of the rows."""
        return self.encoder.refit(self.read(weights), y, classes)

    def target_features(
        self, X: Array, y: Array, classes: Sequence[str], weights: Array | None
    ) -> Array:
        """Return the features X with those that depend on the target from these rows alone."""
        return self.encoder.target_features(X, self.read(weights), y, classes)
