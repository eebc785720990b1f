"""A backbone: a frozen pretrained network in an ONNX file, which turns pictures into features.

It runs once for each picture, its features are cached, and a network of ours is trained on them.
The model file contains the backbone's file.
"""

import hashlib
import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np

from plainnet.checks import at_home
from plainnet.data.dataset import Dataset, Splits
from plainnet.data.feature_cache import ArrayKeys, FileKeys, Keys, Make, Outcome, read_features
from plainnet.data.reading_extractor import PictureExtractor
from plainnet.data.sources import read_data
from plainnet.errors import DataError, FileError, PictureError
from plainnet.files.rows import select
from plainnet.network.arrays import Array
from plainnet.pictures.backbone.choice import choose_view, padded
from plainnet.pictures.backbone.input_spec import InputSpec, read_config
from plainnet.pictures.backbone.mirrored import mirrored_features
from plainnet.pictures.backbone.model import OnnxModel
from plainnet.pictures.decoding import Size, checked_size
from plainnet.pictures.files import FileLook, PathLike
from plainnet.pictures.gathering import OnHeader, OnUnreadable, Progress, gathered
from plainnet.pictures.reading import each_picture, resize_pictures

log = logging.getLogger(__name__)

VERSION = 1
"""The version of the features; increase it when the same backbone gives other features."""
TENSOR = "extractor.backbone"
Outcomes = Generator[Outcome, None, None]
_opening = Lock()


class Backbone(PictureExtractor):
    """An ONNX model that makes features of pictures; `Backbone.open` reads one.

    >>> backbone = Backbone.open("backbone.onnx")  # doctest: +SKIP

    Args:
        content: the content of the ONNX file.
        name: the name of the file.
        view: the input of the model.
        n_features: the number of features of a picture.
        model: the opened model of the content, if there is one.
        origin: where its weights come from, and their licence, in sentences; "" if unknown.
    """

    kind, takes = "backbone", "picture files, or uint8 arrays (N, height, width, channels)"

    def __init__(
        self,
        content: bytes,
        name: str,
        view: InputSpec,
        n_features: int,
        model: OnnxModel | None = None,
        origin: str = "",
    ) -> None:
        self.content, self.name, self.view, self.n_features = content, name, view, n_features
        self.origin = origin
        self.shape, self.average = view.shape, view.average
        self.digest = _digest(content)
        identity = (VERSION, self.digest, sorted(view.describe().items()))
        self.fingerprint = _digest(repr(identity).encode())
        self._model = model

    @classmethod
    def open(cls, path: PathLike, *, size: Size | None = None) -> Self:
        """Read an ONNX file, and the settings file beside it.

        Missing settings get defaults, and a warning is logged.

        Args:
            path: the file; docs/features.md has the requirements.
            size: the size of the input pictures, for a model that takes any size.

        Raises:
            FileError: the file cannot be read, or does not make features of pictures.
            SettingError: the size or the file beside it does not fit the model.
            MissingExtraError: onnx or onnxruntime is not installed.
        """
        path = at_home(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise FileError(
                f"The backbone {path} cannot be read ({error.strerror or error}); name an ONNX "
                "file, or efficientnet-lite0."
            ) from error
        model = OnnxModel(content, str(path))
        config, beside = read_config(path)
        sides = None if size is None else checked_size(size)
        view, n_features, assumed = choose_view(model, config, beside, sides)
        if assumed:
            log.warning(
                "The settings of %s do not give its input, so %s are assumed; set them in %s.",
                path,
                " and ".join(assumed),
                beside or path.with_suffix(".json"),
            )
        model.name = path.name
        return cls(content, path.name, view, n_features, model)

    @property
    def model(self) -> OnnxModel:
        """The model that runs; the content of a model file is opened on first use."""
        if self._model is None:
            with _opening:  # only one thread opens it
                if self._model is None:
                    self._model = OnnxModel(self.content, self.name)
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}  # a copy opens it again

    # -- data sets -------------------------------------------------------------------------------

    def read(
        self,
        path: PathLike,
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> Splits:
        """Read the pictures at a path with `read_data`, as features."""
        splits = read_data(
            path, read_files=self.read_files, on_unreadable=on_unreadable, progress=progress
        )

        def made(data: Dataset | None) -> Dataset | None:
            if data is None or data.paths is None:  # arrays
                return data and self.of(data, progress=progress)
            return replace(data, extractor=self)

        train, validation, test = map(made, (splits.train, splits.validation, splits.test))
        return replace(splits, train=train, validation=validation, test=test)

    def of(self, data: Dataset, *, progress: Progress | None = None) -> Dataset:
        """Return the data set of the features of a data set of pictures."""
        if not data.is_pictures:
            raise DataError(
                f"{data.name} holds feature vectors, but {self.name} takes pictures; give it "
                "pictures."
            )

        def make(rows: Sequence[int]) -> Outcomes:
            return self.of_each(self._pictures(select(data.X, np.array(rows, int))))

        X, _ = self.cached(data.name, ArrayKeys(data.X), make, progress=progress)
        return replace(data, X=X, extractor=self)

    def read_files(
        self,
        folder: Path,
        paths: Sequence[Path],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
        on_header: OnHeader | None = None,
    ) -> tuple[Array, Array]:
        """Return features of the files of a data set, from the cache; see `read_features`."""
        files = FileKeys(paths)

        def make(rows: Sequence[int]) -> Outcomes:
            return self._of_files([paths[i] for i in rows], [files.looks[i] for i in rows])

        how: dict[str, Any] = {"on_unreadable": on_unreadable, "progress": progress}
        read = self.cached(folder.name, files, make, **how)
        files.report(on_header)
        return read

    def mirrored(self, paths: Sequence[PathLike]) -> tuple[Array, Array]:
        """Return features of the mirror images of files, and the indices of the files."""
        return mirrored_features(self, paths)

    def cached(self, origin: str, keys: Keys, make: Make, **how: Any) -> tuple[Array, Array]:
        """Return features from the cache, made if they are not there; see `read_features`."""
        return read_features(origin, self.fingerprint, self.n_features, keys, make, **how)

    # -- prediction -------------------------------------------------------------------------------

    def extract(self, samples: Any) -> Array:
        """Return features of a list of pictures, or of an array uint8 `(N, H, W, C)`."""
        if isinstance(samples, list):
            return self.of_files(samples)[0]
        features = np.empty((len(samples), self.n_features), np.float32)
        return gathered(self.of_each(self._pictures(samples)), features)[0]

    def of_files(
        self,
        paths: Sequence[PathLike],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> tuple[Array, Array]:
        """Return features of files, and the indices of the files; see `read_pictures`."""
        features = np.empty((len(paths), self.n_features), np.float32)
        made = self._of_files(paths)
        return gathered(made, features, on_unreadable=on_unreadable, progress=progress)

    def _of_files(self, paths: Sequence[PathLike], looks: Sequence[FileLook] = ()) -> Outcomes:
        pictures = each_picture(paths, self.view.size, self.view.channels == 1, looks=looks)
        with closing(pictures):
            yield from self.of_each(pictures)

    def _pictures(self, X: Array) -> Iterable[Array]:
        """Yield the pictures of an array of any size as inputs, one by one."""
        _, _, channels = self.shape
        for start in range(0, len(X), self.view.batch):
            some = resize_pictures(
                X[start : start + self.view.batch], self.view.size, channels == 1
            )
            yield from np.broadcast_to(some, (*some.shape[:3], channels))

    def of_each(self, pictures: Iterable[Outcome]) -> Outcomes:
        """Yield the features of each picture, a batch at a time, and errors in their place."""
        waiting: list[Outcome] = []
        good = 0
        for picture in pictures:
            waiting.append(picture)
            good += not isinstance(picture, PictureError)
            if good == self.view.batch:
                yield from self._of_batch(waiting)
                waiting, good = [], 0
        yield from self._of_batch(waiting)

    def _of_batch(self, waiting: list[Outcome]) -> Outcomes:
        pictures = [one for one in waiting if not isinstance(one, PictureError)]
        features = iter(self._features(np.stack(pictures)) if pictures else ())
        for one in waiting:
            yield one if isinstance(one, PictureError) else next(features)

    def _features(self, pictures: Array) -> Array:
        """Return features `(n, n_features)` of at most a batch of pictures uint8 `(n, *shape)`."""
        X = padded(self.model, self.view(pictures))
        Y = self.view.pooled(self.model.run(X, [self.view.output])[0][: len(pictures)])
        if Y.shape != (len(pictures), self.n_features):
            raise DataError(
                f"The backbone {self.name} returned features {Y.shape} for {len(pictures)} "
                f"pictures, but {self.n_features} for each are expected; export it again."
            )
        return Y

    # -- the model file --------------------------------------------------------------------------

    def summary(self) -> str:
        """Return a summary in one line."""
        return (
            f"{self.n_features:,} features of {self.name}, from pictures of {self.view.summary()}"
        )

    def describe(self) -> dict[str, Any]:
        """Return name, digest, features, view and any origin as JSON values."""
        own = {"name": self.name, "digest": self.digest, "n_features": self.n_features}
        origin = {"origin": self.origin} if self.origin else {}
        return own | {"view": self.view.describe()} | origin

    def tensors(self) -> dict[str, Array]:
        """Return the ONNX file as bytes."""
        return {TENSOR: np.frombuffer(self.content, np.uint8)}

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> Self:
        """Return the backbone in a model file; its content is opened on first use."""
        needed = {"name", "digest", "n_features", "view"}
        if {*tensors} != {TENSOR} or {*description} - {"origin"} != needed:
            raise ValueError("its backbone is incomplete")
        held = tensors[TENSOR]
        name, origin = description["name"], description.get("origin", "")
        texts = isinstance(name, str) and isinstance(origin, str)
        if held.dtype != np.uint8 or held.ndim != 1 or not texts:
            raise ValueError("its backbone is not a file")
        view, n_features = InputSpec.restore(description["view"]), description["n_features"]
        made = cls(held.tobytes(), name, view, n_features, origin=origin)
        if made.digest != description["digest"]:
            raise ValueError("its backbone is damaged")
        return made


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
