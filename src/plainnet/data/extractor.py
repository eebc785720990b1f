"""What makes feature vectors of what a user has: it is made once and travels with the model."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from plainnet.network.arrays import Array


class Extractor:
    """The contract of everything that stands between a user's files and feature vectors.

    A `Dataset` whose features an extractor made carries it, the model that learns from the
    data set keeps it, and its model file holds what `describe` and `tensors` say of it.
    """

    kind: ClassVar[str]
    """The name of the class in a model file."""
    takes: ClassVar[str]
    """What it makes features of, for messages: `picture files`."""
    inputs: ClassVar[str] = "extracted"
    """The kind of a model's inputs that its features are."""
    n_features: int
    """How many features a sample gets."""

    def extract(self, samples: Any) -> Array:
        """Features `(N, n_features)`, float32, of what a user hands in to be answered.

        Raises:
            DataError: it is not what it takes.
        """
        raise NotImplementedError

    def told(self) -> str:
        """What it makes of what, in a line for people."""
        return f"{self.n_features:,} features of {self.takes}"

    def limit(self) -> str:
        """What it cannot see, as a sentence for the model card; "" if that is nothing special."""
        return ""

    def describe(self) -> dict[str, Any]:
        """What a model file says of it in words."""
        raise NotImplementedError

    def tensors(self) -> dict[str, Array]:
        """Its numbers, by the names they have in a model file: `extractor.…`."""
        return {}

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> Self:
        """From what a model file holds.

        Raises:
            ValueError, PlainnetError: it does not fit itself.
        """
        raise NotImplementedError
