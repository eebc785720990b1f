"""What makes feature vectors of what a user has: it is made once and travels with the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from plainnet.network.arrays import Array
from plainnet.pictures.opening import PathLike
from plainnet.pictures.reading import OnUnreadable, Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plainnet.data.dataset import Dataset, Splits


class Extractor:
    """The contract of everything that stands between a user's files and feature vectors.

    A `Dataset` whose features an extractor made carries it, the learner that learns from the
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

    def read(
        self,
        path: PathLike,
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> Splits:
        """The data at a path as feature vectors, with their classes.

        Raises:
            DataError: what lies there is not what it takes.
            FileError: it cannot be read.
        """
        raise NotImplementedError

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


class PictureExtractor(Extractor):
    """One that makes features of pictures, and so can be asked about files, and shown."""

    inputs = "backbone"
    name: str
    """What it is called."""
    shape: tuple[int, int, int]
    """Of the pictures that it looks at: (height, width, channels)."""
    average: Array
    """The colour that says least to it: uint8 `(channels,)`."""
    fingerprint: str
    """The same for what makes the same features, and for nothing else."""

    def limit(self) -> str:
        """That it inherits the faults of a network that was trained elsewhere."""
        return (
            f"It knows of them what {self.name} makes of them, a network that was trained before "
            "and elsewhere: what that one cannot tell apart, and what was wrong with its data, is "
            "wrong with it too."
        )

    def of(self, data: Dataset, *, progress: Progress | None = None) -> Dataset:
        """A data set of pictures as one of their features.

        Raises:
            DataError: it holds no pictures.
        """
        raise NotImplementedError

    def of_files(
        self,
        paths: Sequence[PathLike],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> tuple[Array, Array]:
        """Features of picture files, and of which of them; see `read_pictures`.

        Raises:
            PictureError: a picture cannot be read, and there is no `on_unreadable`.
        """
        raise NotImplementedError
