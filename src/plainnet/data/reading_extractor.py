"""Extractors that also read data sets of features from a path."""

from collections.abc import Sequence
from pathlib import Path

from plainnet.data.dataset import Dataset, Splits
from plainnet.data.extractor import Extractor
from plainnet.network.arrays import Array
from plainnet.pictures.files import PathLike
from plainnet.pictures.gathering import OnHeader, OnUnreadable, Progress


class ReadingExtractor(Extractor):
    """An extractor that also reads the data at a path."""

    def read(
        self,
        path: PathLike,
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> Splits:
        """Read the data at a path as feature vectors with their classes.

        Raises:
            DataError: the extractor does not take this kind of data.
            FileError: the data cannot be read.
        """
        raise NotImplementedError


class PictureExtractor(ReadingExtractor):
    """An extractor that makes features of pictures."""

    inputs = "backbone"
    name: str
    """The name of the extractor."""
    shape: tuple[int, int, int]
    """The shape of its input pictures: (height, width, channels)."""
    average: Array
    """The neutral colour for occlusion: uint8 `(channels,)`."""
    fingerprint: str
    """A digest that is equal for extractors that make the same features."""
    origin: str = ""
    """The source of its weights and their licence, in sentences; "" if unknown."""

    def limit(self) -> str:
        """Return sentences: the faults inherited from the pretrained network, and its origin."""
        return (
            f"It sees the pictures only through the features of {self.name}, a pretrained network, "
            f"and inherits its limits and the faults of its training data. {self.origin}"
        ).rstrip()

    def of(self, data: Dataset, *, progress: Progress | None = None) -> Dataset:
        """Return the data set of the features of a data set of pictures.

        Raises:
            DataError: the data set does not hold pictures.
        """
        raise NotImplementedError

    def read_files(
        self,
        folder: Path,
        paths: Sequence[Path],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
        on_header: OnHeader | None = None,
    ) -> tuple[Array, Array]:
        """Return features of the files of a data set, and their indices, from the cache if there.

        Raises:
            PictureError: a picture cannot be read, and there is no `on_unreadable`.
        """
        raise NotImplementedError

    def mirrored(self, paths: Sequence[PathLike]) -> tuple[Array, Array]:
        """Return features of the mirror images of files, and the indices of the files.

        They are taken from the cache if they are there; unreadable files are left out.
        """
        raise NotImplementedError

    def of_files(
        self,
        paths: Sequence[PathLike],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> tuple[Array, Array]:
        """Return features of picture files, and the indices of the files; see `read_pictures`.

        Raises:
            PictureError: a picture cannot be read, and there is no `on_unreadable`.
        """
        raise NotImplementedError
