"""Features of the mirror images of picture files, cached beside those of the pictures."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from typing import Any, Protocol

from plainnet.data.feature_cache import Keys, Make, MirroredKeys, Outcome
from plainnet.errors import PictureError
from plainnet.network.arrays import Array
from plainnet.pictures.backbone.input_spec import InputSpec
from plainnet.pictures.files import PathLike
from plainnet.pictures.reading import each_picture


class _Backbone(Protocol):
    view: InputSpec

    def of_each(self, pictures: Iterable[Outcome]) -> Generator[Outcome, None, None]:
        """Yield the features of each picture."""

    def cached(self, origin: str, keys: Keys, make: Make, **how: Any) -> tuple[Array, Array]:
        """Return features from the cache."""


def mirrored_features(backbone: _Backbone, paths: Sequence[PathLike]) -> tuple[Array, Array]:
    """Return features of the mirror images of files, and the indices of the readable files."""
    files = MirroredKeys(paths)

    def make(rows: Sequence[int]) -> Generator[Outcome, None, None]:
        looks = [files.looks[i] for i in rows]
        view = backbone.view
        pictures = each_picture(
            [paths[i] for i in rows], view.size, view.channels == 1, looks=looks
        )
        with closing(pictures):
            yield from backbone.of_each(map(_flipped, pictures))

    return backbone.cached("mirror images", files, make, on_unreadable=lambda _: None)


def _flipped(picture: Outcome) -> Outcome:
    """Return the mirror image of a picture `(height, width, channels)`."""
    return picture if isinstance(picture, PictureError) else picture[:, ::-1]
