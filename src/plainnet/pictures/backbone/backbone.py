"""A backbone: a network that others have trained, frozen, as an ONNX file that makes features.

It looks at each picture once, what it makes of them is kept in the user's cache folder, and a
network of ours learns on top. Its file travels inside the model file.
"""

import hashlib
import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np

from plainnet.checks import at_home
from plainnet.data.dataset import Dataset, Splits
from plainnet.data.picture_cache import FilesKey, key_of_array
from plainnet.data.reading_extractor import PictureExtractor
from plainnet.data.row_cache import CachedRows, read_cached
from plainnet.data.sources import read_data
from plainnet.errors import DataError, FileError, PictureError
from plainnet.network.arrays import Array
from plainnet.pictures.backbone.choice import choose_view, padded
from plainnet.pictures.backbone.input_spec import InputSpec, read_config
from plainnet.pictures.backbone.model import OnnxModel
from plainnet.pictures.decoding import (
    Size,
    checked_size,
)
from plainnet.pictures.opening import FileLook, PathLike
from plainnet.pictures.reading import (
    OnHeader,
    OnUnreadable,
    Progress,
    each_picture,
    gathered,
    resize_pictures,
)

log = logging.getLogger(__name__)

RULE = 1
"""Of what is kept: to be counted up when the same backbone gives other features."""
IN_MEMORY = 2**26
"""Bytes of features up to which they are held in memory."""
TENSOR = "extractor.backbone"
Outcome = Array | PictureError
Outcomes = Generator[Outcome, None, None]
_opening = Lock()


class Backbone(PictureExtractor):
    """Features of pictures, made by an ONNX model; `Backbone.open` reads one.

    Args:
        content: of the ONNX file.
        name: of it.
        view: what it is shown.
        n_features: how many it makes of a picture.
        model: of the content, if it has been opened already.
    """

    kind, takes = "backbone", "picture files, or uint8 arrays (N, height, width, channels)"

    def __init__(
        self,
        content: bytes,
        name: str,
        view: InputSpec,
        n_features: int,
        model: OnnxModel | None = None,
    ) -> None:
        self.content, self.name, self.view, self.n_features = content, name, view, n_features
        self.shape, self.average = view.shape, view.average
        self.digest = _digest(content)
        identity = (RULE, self.digest, sorted(view.describe().items()))
        self.fingerprint = _digest(repr(identity).encode())
        self._model = model

    @classmethod
    def open(cls, path: PathLike, *, size: Size | None = None) -> Self:
        """Read an ONNX file, and the file beside it that says how it wants pictures.

        What nothing says is assumed, and a warning is logged.

        Args:
            path: the file; docs/features.md says what it has to be.
            size: of the pictures that it is shown, for one that takes them in any size.

        Raises:
            FileError: it cannot be read, or is no model of pictures that makes features.
            SettingError: the size or the file beside it does not fit the model.
            MissingExtraError: onnx or onnxruntime is not installed.
        """
        path = at_home(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise FileError(
                f"The backbone {path} cannot be read ({error.strerror or error}); name an ONNX "
                "file."
            ) from error
        model = OnnxModel(content, str(path))
        wishes, beside = read_config(path)
        sides = None if size is None else checked_size(size)
        view, n_features, assumed = choose_view(model, wishes, beside, sides)
        if assumed:
            log.warning(
                "Nothing says how %s wants pictures, so %s are assumed; %s can say it.",
                path,
                " and ".join(assumed),
                beside or path.with_suffix(".json"),
            )
        model.name = path.name
        return cls(content, path.name, view, n_features, model)

    @property
    def model(self) -> OnnxModel:
        """What runs; of a model file opened when it is needed first."""
        if self._model is None:
            with _opening:  # once, however many threads ask
                if self._model is None:
                    self._model = OnnxModel(self.content, self.name)
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}  # a copy opens the file itself

    # -- data sets -------------------------------------------------------------------------------

    def read(
        self,
        path: PathLike,
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> Splits:
        """The pictures at a path, as `read_data` finds them, as features."""
        splits = read_data(
            path, read_files=self._read_files, on_unreadable=on_unreadable, progress=progress
        )

        def made(data: Dataset | None) -> Dataset | None:
            if data is None or data.paths is None:  # of arrays
                return data and self.of(data, progress=progress)
            return replace(data, extractor=self)

        train, validation, test = map(made, (splits.train, splits.validation, splits.test))
        return replace(splits, train=train, validation=validation, test=test)

    def of(self, data: Dataset, *, progress: Progress | None = None) -> Dataset:
        """A data set of pictures as one of their features."""
        if not data.is_pictures:
            raise DataError(
                f"{data.name} holds feature vectors, but {self.name} makes features of pictures; "
                "give it pictures."
            )
        key = partial(key_of_array, data.X, (len(data), *self.shape), self.fingerprint)

        def make() -> Outcomes:  # as often as it is asked for
            return self._of_each(self._pictures(data.X))

        rows = self._rows(data.name, range(len(data)), key, make)
        return replace(data, X=_held(read_cached(rows, True, progress=progress)[0]), extractor=self)

    def _read_files(
        self,
        folder: Path,
        paths: Sequence[Path],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
        on_header: OnHeader | None = None,
    ) -> tuple[Array, Array]:
        """Features of the files of a data set, made once and kept; see `read_cached`."""
        files = FilesKey(folder, paths, (len(paths), *self.shape), self.fingerprint)
        make = partial(self._of_files, paths, files.looks)
        rows = replace(
            self._rows(folder.name, paths, files, make), prefix=files.prefix, looks=files.looks
        )
        X, kept = read_cached(rows, True, on_unreadable=on_unreadable, progress=progress)
        files.report(on_header)
        return _held(X), kept

    def _rows(self, origin: str, names: Sequence[object], key: Any, make: Any) -> CachedRows:
        shape = (len(names), self.n_features)
        return CachedRows("features", origin, names, shape, np.float32, key, make, check_all=True)

    # -- answering -------------------------------------------------------------------------------

    def extract(self, samples: Any) -> Array:
        """Features of a list of what `read_picture` takes, or of pictures uint8 `(N, H, W, C)`."""
        if isinstance(samples, list):
            return self.of_files(samples)[0]
        features = np.empty((len(samples), self.n_features), np.float32)
        return gathered(self._of_each(self._pictures(samples)), features)[0]

    def of_files(
        self,
        paths: Sequence[PathLike],
        *,
        on_unreadable: OnUnreadable | None = None,
        progress: Progress | None = None,
    ) -> tuple[Array, Array]:
        """Features of files, and of which of them; see `read_pictures`."""
        features = np.empty((len(paths), self.n_features), np.float32)
        made = self._of_files(paths)
        return gathered(made, features, on_unreadable=on_unreadable, progress=progress)

    def _of_files(self, paths: Sequence[PathLike], looks: Sequence[FileLook] = ()) -> Outcomes:
        pictures = each_picture(paths, self.view.size, self.view.channels == 1, looks=looks)
        with closing(pictures):
            yield from self._of_each(pictures)

    def _pictures(self, X: Array) -> Iterable[Array]:
        """Pictures of an array of any size, one by one as they are shown."""
        _, _, channels = self.shape
        for start in range(0, len(X), self.view.batch):
            some = resize_pictures(
                X[start : start + self.view.batch], self.view.size, channels == 1
            )
            yield from np.broadcast_to(some, (*some.shape[:3], channels))

    def _of_each(self, pictures: Iterable[Outcome]) -> Outcomes:
        """The features of each picture; a batch at a time, around those that cannot be read."""
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
        """Features `(n, n_features)` of pictures uint8 `(n, *shape)`, at most a batch of them."""
        X = padded(self.model, self.view(pictures))
        Y = self.view.pooled(self.model.run(X, [self.view.output])[0][: len(pictures)])
        if Y.shape != (len(pictures), self.n_features):
            raise DataError(
                f"The backbone {self.name} gives features {Y.shape} of {len(pictures)} pictures, "
                f"but {self.n_features} of each are expected; export it anew."
            )
        return Y

    # -- keeping ---------------------------------------------------------------------------------

    def told(self) -> str:
        """What it makes of what, in a line."""
        return f"{self.n_features:,} features of {self.name}, from pictures of {self.view.told()}"

    def describe(self) -> dict[str, Any]:
        """Name, digest, features and view."""
        return {
            "name": self.name,
            "digest": self.digest,
            "n_features": self.n_features,
            "view": self.view.describe(),
        }

    def tensors(self) -> dict[str, Array]:
        """The ONNX file, as bytes."""
        return {TENSOR: np.frombuffer(self.content, np.uint8)}

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: Mapping[str, Array]) -> Self:
        """From what a model file holds; the ONNX file is opened when it is needed."""
        if {*tensors} != {TENSOR} or {*description} != {"name", "digest", "n_features", "view"}:
            raise ValueError("its backbone is not whole")
        held = tensors[TENSOR]
        name, n_features = description["name"], description["n_features"]
        if held.dtype != np.uint8 or held.ndim != 1 or not isinstance(name, str):
            raise ValueError("its backbone is no file")
        view = InputSpec.restore(description["view"])
        made = cls(held.tobytes(), name, view, n_features)
        if made.digest != description["digest"]:
            raise ValueError("its backbone is damaged")
        return made


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _held(X: Array) -> Array:
    """Features in memory, unless they are very many."""
    return np.asarray(X) if X.size * X.dtype.itemsize <= IN_MEMORY else X
