"""Extractors that also read: what lies at a path as data sets of features."""

from collections.abc import Sequence

from plainnet.data.dataset import Dataset, Splits
from plainnet.data.extractor import Extractor
from plainnet.network.arrays import Array
from plainnet.pictures.opening import PathLike
from plainnet.pictures.reading import OnUnreadable, Progress


class ReadingExtractor(Extractor):
    """An extractor of what lies at a path."""

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


class PictureExtractor(ReadingExtractor):
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
