"""Extractors: objects that make feature vectors of a user's files, and are saved with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

from plainnet.network.arrays import Array


class Source(Protocol):
    """The rows that a fitted extractor made features of; the extractor also takes them."""

    def take(self, rows: Array | Sequence[int] | slice) -> Source:
        """Return these rows, in this order."""

    def by(self, extractor: Any) -> Source:
        """Return the same rows for the features of another extractor of the same kind."""

    def fit_extractor(
        self, y: Array, classes: Sequence[str], weights: Array | None
    ) -> tuple[Extractor, Array]:
        """Fit an extractor to these rows alone; return it, and the features of the rows.

        Args:
            y: indices of classes, or numbers, `(N,)`.
            classes: the names of the classes; () for numbers.
            weights: the weight of each row, `(N,)`; None if all are equal.
        """

    def target_features(
        self, X: Array, y: Array, classes: Sequence[str], weights: Array | None
    ) -> Array:
        """Return the features X with those that depend on the target from these rows alone."""


class Extractor:
    """The contract for making feature vectors of a user's data.

    A `Dataset` carries the extractor of its features, a model fitted to the data set keeps it, and
    the model file holds the results of its `describe` and `tensors`.
    """

    kind: ClassVar[str]
    """The name of the class in a model file."""
    takes: ClassVar[str]
    """The input of the extractor, for messages: `picture files`."""
    inputs: ClassVar[str] = "extracted"
    """The kind of a model's inputs that its features are."""
    n_features: int
    """The number of features of a sample."""
    n_columns: int = 0
    """The number of a table's columns that give features; 0 for anything but a table."""

    def extract(self, samples: Any) -> Array:
        """Return features float32 `(N, n_features)` of the samples for a prediction.

        Raises:
            DataError: the extractor does not take this kind of samples.
        """
        raise NotImplementedError

    def summary(self) -> str:
        """Return a summary for people: the features and what they are made of."""
        return f"{self.n_features:,} features of {self.takes}"

    def limit(self) -> str:
        """Return a sentence on its limits for the model card; "" without special limits."""
        return ""

    def describe(self) -> dict[str, Any]:
        """Return the extractor's description in a model file, as JSON values."""
        raise NotImplementedError

    def tensors(self) -> dict[str, Array]:
        """Return its arrays by their names in a model file: `extractor.…`."""
        return {}

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> Self:
        """Return the extractor that a model file describes.

        Raises:
            ValueError, PlainnetError: the description is malformed.
        """
        raise NotImplementedError
