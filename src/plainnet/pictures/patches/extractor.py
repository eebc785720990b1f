"""The extractor of `--features patches`, and the pictures that another one can be fitted to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from plainnet.data.dataset import Dataset, Splits
from plainnet.data.extractor import Extractor
from plainnet.data.reading_extractor import PictureExtractor
from plainnet.data.sources import read_data
from plainnet.errors import DataError
from plainnet.files.rows import blocks, select
from plainnet.network.arrays import Array
from plainnet.pictures.decoding import DEFAULT_SIZE, Size, checked_size
from plainnet.pictures.files import PathLike
from plainnet.pictures.gathering import OnUnreadable, Progress
from plainnet.pictures.grey import are_grey, in_grey
from plainnet.pictures.patches.dictionary import SIDE, Dictionary
from plainnet.pictures.patches.whitening import Whitening
from plainnet.pictures.reading import read_pictures, resize_pictures
from plainnet.training.threads import one_thread, processors

VERSION = 1
"""The version of the features; increase it when the same pictures give other features."""
TAKES = "picture files, or uint8 arrays (N, height, width, channels)"
TENSORS = V, SHIFT, ENTRIES, AVERAGE = (
    *("extractor.patches.V", "extractor.patches.shift"),
    *("extractor.patches.entries", "extractor.patches.average"),
)
"""The names of the arrays in a model file."""
LARGEST_SIDE = 4096
"""The longest side of a picture, in pixels."""
LARGEST = 1e6
"""The largest number in one of them."""


class PatchReader(PictureExtractor):
    """Makes features of patches of training pictures, after it has learned a dictionary from them.

    Args:
        size: the size of the pictures; None: as `read_data` makes them.
        grey: whether colour becomes grey.
        seed: of the draws.
    """

    kind, inputs, name, takes = "patch reader", "patches", "patches", TAKES

    def __init__(self, size: Size | None = None, grey: bool = False, seed: int = 0) -> None:
        self.size, self.grey, self.seed = None if size is None else checked_size(size), grey, seed
        self.shape = (*checked_size(DEFAULT_SIZE if size is None else size), 1 if grey else 3)
        self.fingerprint = _digest(repr((VERSION, self.size, grey, seed)).encode())

    def read(
        self,
        path: PathLike,
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> Splits:
        """Read the pictures at a path; the dictionary is learned from those for training."""
        how: dict[str, Any] = {"on_unreadable": on_unreadable, "progress": progress}
        splits = read_data(path, size=self.size, grey=self.grey, **how)
        if splits.train is None:
            raise DataError(f"{path} holds test data only; patches are cut from training pictures.")
        return self.fit(splits.train).of_parts(splits)

    def of(self, data: Dataset, *, progress: Progress | None = None) -> Dataset:
        """Learn a dictionary from the pictures of a data set, and return that of their features.

        Features of patches stay as they are.
        """
        if data.extractor is not None and data.extractor.inputs == self.inputs:
            return data
        return self.fit(data).of(data, progress=progress)

    def fit(self, data: Dataset) -> PatchExtractor:
        """Return the extractor that learns from the pictures of a data set, by their weights.

        Raises:
            DataError: they are no pictures.
            SettingError: they are smaller than two patches.
        """
        data = data.counted()
        X = resize_pictures(_pictures_of(data), self.size, self.grey)
        X = in_grey(X) if X.shape[3] == 3 and are_grey(X) else X
        return PatchExtractor.fit(X, data.weights, self.seed)


class PatchExtractor(PictureExtractor):
    """Features of a dictionary of patches; `PatchExtractor.fit` learns one.

    Args:
        dictionary: the patches.
        average: the mean colour of the training pictures, uint8 `(channels,)`.
        seed: the seed of the dictionary, for another one.
    """

    kind, inputs, name, takes = "patches", "patches", "patches", TAKES

    def __init__(self, dictionary: Dictionary, average: Array, seed: int = 0) -> None:
        self.dictionary, self.average, self.seed = dictionary, average, seed
        self.shape, self.n_features = dictionary.shape, dictionary.n_features
        parts = [array.tobytes() for array in self.tensors().values()]
        self.fingerprint = _digest(b"".join([repr((VERSION, self.shape)).encode(), *parts]))

    @classmethod
    def fit(cls, X: Array, weights: Array | None = None, seed: int = 0) -> Self:
        """Learn a dictionary from pictures uint8 `(N, height, width, channels)`.

        Raises:
            SettingError: the pictures are smaller than two patches.
        """
        with one_thread():
            dictionary = Dictionary.fit(X, weights, seed)
        colours = np.concatenate([block.mean(axis=(1, 2)) for _, block in blocks(X)])
        average = np.average(colours, axis=0, weights=weights)
        return cls(dictionary, np.round(average).astype(np.uint8), seed)

    def of(self, data: Dataset, *, progress: Progress | None = None) -> Dataset:
        """Return the data set of the features of a data set of pictures."""
        X = self._conformed(_pictures_of(data))
        features = self._features(X, progress)
        return replace(data, X=features, extractor=self, source=PictureRows(X, self))

    def of_parts(self, splits: Splits) -> Splits:
        """Return the data sets of the features of the parts of some data."""
        parts = splits.train, splits.validation, splits.test
        train, validation, test = (data and self.of(data) for data in parts)
        return replace(splits, train=train, validation=validation, test=test)

    def read(
        self,
        path: PathLike,
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> Splits:
        """Read the pictures at a path as features."""
        how: dict[str, Any] = {"on_unreadable": on_unreadable, "progress": progress}
        return self.of_parts(read_data(path, size=self.shape[:2], grey=self.shape[2] == 1, **how))

    def extract(self, samples: Any) -> Array:
        """Return features of a list of pictures, an array uint8 `(N, H, W, C)`, or some rows."""
        if isinstance(samples, list):
            return self.of_files(samples)[0]
        X = samples.X if isinstance(samples, PictureRows) else samples
        return self._features(self._conformed(X))

    def of_files(
        self,
        paths: Sequence[PathLike],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> tuple[Array, Array]:
        """Return features of files, and the indices of the files; see `read_pictures`."""
        how: dict[str, Any] = {"on_unreadable": on_unreadable, "progress": progress}
        X, rows = read_pictures(paths, self.shape[:2], self.shape[2] == 1, **how)
        return self._features(X), rows

    def _conformed(self, X: Array) -> Array:
        """Return pictures in the extractor's shape."""
        X = resize_pictures(X, self.shape[:2], self.shape[2] == 1)
        return np.repeat(X, 3, axis=3) if X.shape[3] < self.shape[2] else X

    def mirrored_rows(self, X: Array) -> Array:
        """Return features of the mirror images of pictures uint8 `(N, *shape)`."""
        return self._features(X, mirrored=True)

    def _features(
        self, X: Array, progress: Progress | None = None, mirrored: bool = False
    ) -> Array:
        """Return features `(N, n_features)`; those of a picture do not depend on the others."""
        features = np.empty((len(X), self.n_features), np.float32)
        with one_thread(), ThreadPoolExecutor(processors()) as pool:
            for start, block in blocks(X):
                shown = block[:, :, ::-1] if mirrored else block
                for i, row in enumerate(pool.map(self.dictionary.features_of, shown), start):
                    features[i] = row
                if progress is not None:
                    progress(start + len(block), len(X))
        return features

    # -- the model file --------------------------------------------------------------------------

    def summary(self) -> str:
        """Return a summary in one line."""
        height, width, channels = self.shape
        return (
            f"{self.n_features:,} features of {len(self.dictionary.entries)} patches of {SIDE} × "
            f"{SIDE} pixels, from pictures of {height} × {width} × {channels}"
        )

    def limit(self) -> str:
        """Return a sentence on its limits for the model card."""
        return (
            "It sees the pictures only through small patches, which it learned from its training "
            "pictures, and through the quarter of the picture that they are in."
        )

    def describe(self) -> dict[str, Any]:
        """Return the shape of the pictures as JSON values."""
        return {"shape": [*self.shape]}

    def tensors(self) -> dict[str, Array]:
        """Return the whitening, the patches and the mean colour."""
        made = self.dictionary
        arrays = *made.whitening, made.entries, self.average
        return dict(zip(TENSORS, arrays, strict=True))

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> Self:
        """Return the extractor in a model file.

        Raises:
            ValueError: the parts do not fit together.
        """
        if {*description} != {"shape"} or {*tensors} != {*TENSORS}:
            raise ValueError("its patches are incomplete")
        shape = _sides(description["shape"])
        d, K = SIDE * SIDE * shape[2], len(tensors[ENTRIES]) if tensors[ENTRIES].ndim == 2 else 0
        expected = {V: (d, d), SHIFT: (d,), ENTRIES: (max(K, 1), d), AVERAGE: (shape[2],)}
        for name, array in tensors.items():
            dtype = np.uint8 if name == AVERAGE else np.float32
            fits = array.shape == expected[name] and array.dtype == dtype
            if not fits or not (np.abs(array) <= LARGEST).all():
                raise ValueError("its patches are damaged")
        whitening = Whitening(tensors[V], tensors[SHIFT])
        made = Dictionary(shape, whitening, tensors[ENTRIES])
        return cls(made, tensors[AVERAGE])


@dataclass(frozen=True, eq=False)
class PictureRows:
    """The pictures behind features of patches, from which others can be learned; a `Source`."""

    X: Array
    """The pictures, uint8 `(N, height, width, channels)`."""
    extractor: PatchExtractor
    """The extractor that made the features."""

    def take(self, rows: Array | Sequence[int] | slice) -> PictureRows:
        """Return these pictures, in this order."""
        return replace(self, X=select(self.X, rows))

    def by(self, extractor: Any) -> PictureRows:
        """Return the same pictures for the features of another extractor."""
        return replace(self, extractor=extractor)

    def fit_extractor(
        self,
        y: Array,  # noqa: ARG002
        classes: Sequence[str],  # noqa: ARG002
        weights: Array | None,
    ) -> tuple[Extractor, Array]:
        """Learn patches from these pictures alone; return them, and features of the pictures."""
        learned = PatchExtractor.fit(self.X, weights, self.extractor.seed)
        return learned, learned.extract(self.X)

    def target_features(
        self,
        X: Array,
        y: Array,  # noqa: ARG002
        classes: Sequence[str],  # noqa: ARG002
        weights: Array | None,  # noqa: ARG002
    ) -> Array:
        """Return the features X, none of which depends on the target."""
        return X


def _pictures_of(data: Dataset) -> Array:
    if not data.is_pictures:
        raise DataError(
            f"{data.name} holds feature vectors, but patches are cut from pictures; give pictures."
        )
    return data.X


def _sides(shape: object) -> tuple[int, int, int]:
    """Return the described shape of pictures.

    Raises:
        ValueError: patches cannot be cut from such pictures.
    """
    if isinstance(shape, list) and [*map(type, shape)] == [int] * 3 and shape[2] in (1, 3):
        height, width, channels = shape
        if min(height, width) >= 2 * SIDE and max(height, width) <= LARGEST_SIDE:
            return height, width, channels
    raise ValueError("its patches are of no pictures")


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
