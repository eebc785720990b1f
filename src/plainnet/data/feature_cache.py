"""The cache of features on the disk, picture by picture.

Each picture has a record of its own, under its content, in one file for each extractor: a picture
that joins a data set costs only itself, and what was computed before a process was killed is kept.
"""

import hashlib
import logging
import struct
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from os import PathLike
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import PIL

from plainnet.data.picture_cache import VERSION
from plainnet.data.row_cache import cache_folder_text
from plainnet.errors import PictureError
from plainnet.files.cache_folder import CacheFolder, cache_folder
from plainnet.files.record_file import NOTE_BYTES, RecordFile
from plainnet.network.arrays import Array
from plainnet.pictures.files import FileLook, Header
from plainnet.pictures.gathering import OnHeader, OnUnreadable, Progress
from plainnet.pictures.survey import digests

log = logging.getLogger(__name__)

MAX_BYTES_IN_MEMORY = 2**26
"""The size up to which features are held in memory."""
APPENDED_AT_ONCE = 64
"""The number of pictures after which their features are written."""
Outcome = Array | PictureError
Make = Callable[[Sequence[int]], Generator[Outcome, None, None]]
"""Yields the features of these pictures in order, or the error of one without."""
_HEADER = struct.Struct("<8sII")


class Keys(Protocol):
    """The keys of N pictures, by their content."""

    def __len__(self) -> int:
        """Return the number of pictures."""

    def find(self) -> None:
        """Determine all keys before any picture is decoded."""

    def key(self, i: int) -> bytes:
        """Return the key of a picture that was found or decoded; b"" if it must not be cached."""

    def note(self, i: int) -> bytes:
        """Return what is cached with the features."""

    def noted(self, i: int, note: bytes) -> None:
        """Take what was cached with the features."""


class FileKeys:
    """The keys of picture files; the cached note is what a file's header says.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Sequence[str | PathLike[str]]) -> None:
        self.paths, self.looks = paths, [FileLook() for _ in paths]

    def __len__(self) -> int:
        return len(self.paths)

    def find(self) -> None:
        """Digest each file."""
        for path, look in zip(self.paths, self.looks, strict=True):
            with suppress(OSError, PictureError):
                look.open(path).close()

    def key(self, i: int) -> bytes:
        """Return the digest; b"" if the file changed while it was read."""
        with suppress(OSError):
            return b"" if self.looks[i].is_outdated(self.paths[i]) else self.looks[i].digest
        return b""

    def note(self, i: int) -> bytes:
        """Return the header, packed."""
        header = self.looks[i].header
        return _HEADER.pack(header.format.encode()[:8], *header.size) if header else b""

    def noted(self, i: int, note: bytes) -> None:
        """Unpack the header."""
        form, height, width = _HEADER.unpack(note)
        if form := form.rstrip(b"\0"):
            self.looks[i].header = Header(form.decode("ascii", "replace"), (height, width))

    def report(self, on_header: OnHeader | None) -> None:
        """Call `on_header` with each readable file and its header."""
        for path, look in zip(self.paths, self.looks, strict=True):
            if on_header is not None and look.header is not None:
                on_header(Path(path), look.header)


class MirroredKeys(FileKeys):
    """The keys of the mirror images of picture files."""

    def key(self, i: int) -> bytes:
        """Return a digest of the file's."""
        own = super().key(i)
        return own and hashlib.blake2b(b"mirrored " + own, digest_size=16).digest()


class ArrayKeys:
    """The keys of the pictures of an array uint8 `(N, height, width, channels)`."""

    def __init__(self, X: Array) -> None:
        self.X, self._keys = X, list[bytes]()

    def __len__(self) -> int:
        return len(self.X)

    def find(self) -> None:
        """Digest each picture."""
        size = repr(self.X.shape[1:3]).encode()
        self._keys = [
            hashlib.blake2b(size + digest.tobytes(), digest_size=16).digest()
            for digest in digests(self.X)
        ]

    def key(self, i: int) -> bytes:
        """Return the digest of size and pixels."""
        if not self._keys:
            self.find()
        return self._keys[i]

    def note(self, i: int) -> bytes:  # noqa: ARG002
        """Return nothing."""
        return b""

    def noted(self, i: int, note: bytes) -> None:
        """Take nothing."""


def read_features(
    origin: str,
    extractor: str,
    width: int,
    keys: Keys,
    make: Make,
    *,
    on_unreadable: OnUnreadable | None = None,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Return the features of N pictures from the user's cache folder, and make those missing there.

    If they cannot be cached, they are made in memory and a warning is logged.

    Args:
        origin: the source of the pictures, for messages.
        extractor: the fingerprint of the extractor.
        width: the number of features of a picture.
        keys: of the pictures.
        make: makes the missing features.
        on_unreadable: takes the error of a picture without features, which is then left out;
            without it the first such error is raised. It is called after all features are made.
        progress: called with (done, total).

    Returns:
        The features float32 `(n, width)`, in memory or if they are large on the disk, and the
        indices of their pictures, `(n,)`.

    Raises:
        PictureError: a picture has no features, and there is no `on_unreadable`.
    """
    with closing(_Reading(origin, extractor, width, keys)) as reading:
        missing = reading.find()
        if progress is not None and len(missing) < len(keys):
            progress(len(keys) - len(missing), len(keys))
        errors: dict[int, PictureError] = {}
        with closing(make(missing)) as made:
            for n, (i, outcome) in enumerate(zip(missing, made, strict=True), start=1):
                if not isinstance(outcome, PictureError):
                    reading.take(i, outcome)
                elif on_unreadable is None:
                    raise outcome
                else:
                    errors[i] = outcome
                if progress is not None:
                    progress(len(keys) - len(missing) + n, len(keys))
        for error in errors.values():
            cast(OnUnreadable, on_unreadable)(error)
        kept = np.setdiff1d(np.arange(len(keys)), [*errors], assume_unique=True)
        return reading.features(kept), kept


class _Reading:
    """The features of N pictures: in a file of records, in memory, or both."""

    def __init__(self, origin: str, extractor: str, width: int, keys: Keys) -> None:
        self.origin, self.keys = origin, keys
        self.numbers: Array = np.full(len(keys), -1, np.int64)
        """The number of each picture's record; -1 without one."""
        self.X = np.empty((len(keys), width), np.float32)  # takes no memory until it is written
        """The features of the pictures that have no record."""
        self.waiting: dict[int, Array] = {}
        """The features of the pictures whose records are not yet written."""
        self.file: RecordFile | None = None
        try:
            if (where := cache_folder()) is not None:
                self.folder = CacheFolder(where)
                depends = repr((VERSION, PIL.__version__, extractor, width)).encode()
                key = hashlib.blake2b(depends, digest_size=16).hexdigest()
                self.folder.make_room(0)
                self.file = self.folder.records(key, width)
        except OSError as error:
            self._give_up(error)

    def find(self) -> list[int]:
        """Find the cached features; return the indices of the pictures without."""
        if self.file and not self.file.is_empty():
            self.keys.find()
            wanted = [self.keys.key(i) for i in range(len(self.keys))]
            found = self.file.find(wanted)
            for i, key in enumerate(wanted):
                if key in found:
                    self.numbers[i], note = found[key]
                    self.keys.noted(i, note)
        return np.flatnonzero(self.numbers < 0).tolist()

    def take(self, i: int, features: Array) -> None:
        """Take the features of a picture, and write them after a while."""
        self.waiting[i] = features
        if len(self.waiting) == APPENDED_AT_ONCE:
            self._append()

    def features(self, kept: Array) -> Array:
        """Return the features of these pictures, `(n, width)`."""
        self._append()
        numbers = self.numbers[kept]
        if self.X.nbytes > MAX_BYTES_IN_MEMORY and self.file and (numbers >= 0).all():
            return cast(Array, self.file.rows(numbers))
        self._load()
        return self.X if len(kept) == len(self.X) else self.X[kept]

    def close(self) -> None:
        """Write what is in memory only, and close the file."""
        self._append()
        if self.file:
            self.file.close()

    def _append(self) -> None:
        """Write the waiting records; without a key or a file, keep the features in memory."""
        keys = {i: key for i in self.waiting if self.file and (key := self.keys.key(i))}
        rows = [*keys]
        if self.file and rows:
            X = np.stack([self.waiting[i] for i in rows])
            notes = [self.keys.note(i).ljust(NOTE_BYTES, b"\0") for i in rows]
            try:
                self.folder.make_room(len(rows) * self.file.record_bytes)
                first = self.file.append(X, [*keys.values()], notes)
                self.numbers[rows] = np.arange(first, first + len(rows))
            except OSError as error:
                self._give_up(error)
        for i, features in self.waiting.items():
            if self.numbers[i] < 0:
                self.X[i] = features
        self.waiting = {}

    def _load(self) -> None:
        """Read the features in the file into memory."""
        if self.file and len(rows := np.flatnonzero(self.numbers >= 0)):
            self.X[rows] = np.asarray(self.file.rows(self.numbers[rows]))
            self.numbers[rows] = -1

    def _give_up(self, error: OSError) -> None:
        """Log why features are not cached any more, and go on in memory."""
        self._load()
        log.warning(
            "The features of %s are held in memory, because they cannot be cached in %s (%s); "
            "name another folder in PLAINNET_CACHE.",
            self.origin,
            cache_folder_text(),
            error.strerror or error,
        )
        if self.file:
            self.file.close()
        self.file = None
