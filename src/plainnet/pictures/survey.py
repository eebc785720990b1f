"""The statistics of all pictures before a training, computed in one pass.

The pass finds pictures without colour, a digest of each, and the sums behind mean and scale. For
pictures on the disk, which do not change, the statistics are stored with the array and serve its
selections, too: the sums of the training part are the sums of all minus those of the part held out.
"""

from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np

from plainnet.files.rows import MemoryMappedRows, blocks, select
from plainnet.network.arrays import Array, Shape

_EXACT = 2**24 // 255**2
"""The number of squares of uint8 that float32 sums without rounding."""


class Sums:
    """The exact sums over n pictures, independent of their order.

    Args:
        shape: `(n, height, width, channels)`.
    """

    def __init__(self, shape: Shape) -> None:
        self.n = shape[0]
        self.total, self.squares = np.zeros((2, *shape[1:]), np.int64)
        """The sums of the values of each pixel and channel, and of their squares."""

    def __call__(self, _: int, block: Array) -> None:
        """Add a block of pictures."""
        for begin in range(0, len(block), _EXACT):
            pixels = block[begin : begin + _EXACT].astype(np.float32)
            self.total += pixels.sum(axis=0).astype(np.int64)
            np.square(pixels, out=pixels)
            self.squares += pixels.sum(axis=0).astype(np.int64)

    def less(self, other: "Sums") -> "Sums":
        """Return the sums without some of the pictures."""
        rest = Sums((self.n - other.n, 0))
        rest.total, rest.squares = self.total - other.total, self.squares - other.squares
        return rest

    def moments(self) -> tuple[Array, Array]:
        """Return mean and variance of each pixel and channel, float64; exactly 0 if constant."""
        whole, rest = np.divmod(self.total, self.n)
        about = self.squares - 2 * whole * self.total + self.n * whole**2
        return self.total / self.n, about / self.n - (rest / self.n) ** 2


class Survey:
    """The survey of N pictures.

    Args:
        shape: `(N, height, width, channels)`.
    """

    def __init__(self, shape: Shape) -> None:
        self.grey = np.empty(shape[0], bool)
        """Whether each picture is grey: bool `(N,)`."""
        self.digests = np.empty((shape[0], 16), np.uint8)
        """The digest of each picture, equal for grey in three channels and in one: `(N, 16)`."""
        self.sums = Sums(shape)

    def __call__(self, start: int, block: Array) -> None:
        """Add a block of pictures; its first picture has the index `start`."""
        self.sums(start, block)
        self.mark(start, block)

    def mark(self, start: int, block: Array) -> None:
        """Record colour and digest of each picture."""
        from hashlib import blake2b  # with OpenSSL, which not every program needs

        grey = self.grey[start : start + len(block)] = without_colour(block)
        for i, picture in enumerate(block):
            content = np.ascontiguousarray(picture[..., :1] if grey[i] else picture)
            digest = blake2b(content.data, digest_size=16).digest()
            self.digests[start + i] = np.frombuffer(digest, np.uint8)


class Known(NamedTuple):
    """A stored survey for some rows of an array."""

    whole: MemoryMappedRows
    """These pictures, or those that they are selected from."""
    survey: Survey
    """The survey of the whole."""
    rows: Array
    """The indices of these rows in the whole: `(N,)`."""


def walk(X: Array, *takers: Callable[[int, Array], None]) -> None:
    """Pass pictures uint8 `(N, H, W, C)` on block by block; survey those on the disk, too.

    Args:
        X: the pictures.
        takers: called with the index of the first picture of a block, and the block.
    """
    survey = Survey(X.shape) if isinstance(X, MemoryMappedRows) and known(X) is None else None
    for start, block in blocks(X):
        for take in takers if survey is None else (survey, *takers):
            take(start, block)
    if survey is not None:
        cast(MemoryMappedRows, X).noted = survey


def known(X: Array, wanted: bool = False) -> Known | None:
    """Return the stored survey of pictures; if `wanted`, survey those on the disk."""
    at, rows = X, np.arange(len(X))
    while isinstance(at, MemoryMappedRows):
        if at.noted is not None:
            return Known(at, at.noted, rows)
        if at.part_of is None:
            break
        at, chosen = cast("tuple[Array, Array]", at.part_of)
        rows = chosen[rows]
    if wanted and isinstance(X, MemoryMappedRows):
        walk(X)
        return known(X)
    return None


def digests(X: Array) -> Array:
    """Return a digest of each picture of uint8 `(N, H, W, C)`, `(N, 16)`; see `Survey`."""
    if (found := known(X, wanted=True)) is not None:
        return found.survey.digests[found.rows]
    survey = Survey(X.shape)
    walk(X, survey.mark)
    return survey.digests


def sums(X: Array) -> Sums:
    """Return the sums of pictures uint8 `(N, H, W, C)`, from the stored survey if there is one."""
    if (found := known(X, wanted=True)) is not None:
        rest = np.setdiff1d(np.arange(len(found.whole)), found.rows)
        if len(rest) < len(X) == len(found.whole) - len(rest):  # else some are there twice
            return found.survey.sums.less(sums_of(select(cast(Array, found.whole), rest)))
    return sums_of(X)


def sums_of(X: Array) -> Sums:
    """Compute the sums of pictures uint8 `(N, H, W, C)` in a separate pass."""
    made = Sums(X.shape)
    walk(X, made)
    return made


def survey_in_grey(X: Array) -> Survey | None:
    """Return the survey of grey pictures `(N, H, W, 3)` for their single channel."""
    found = known(X)
    if found is None or not found.survey.grey[found.rows].all():
        return None
    survey, colour = Survey((len(X), *X.shape[1:3], 1)), sums(X)
    survey.grey[:], survey.digests = True, digests(X)
    survey.sums.total, survey.sums.squares = colour.total[..., :1], colour.squares[..., :1]
    return survey


def without_colour(pictures: Array) -> Array:
    """Return whether each picture of uint8 `(N, H, W, C)` has equal channels: bool `(N,)`."""
    same: Array = np.ones(len(pictures), bool)
    for channel in range(1, pictures.shape[3]):
        same &= (pictures[..., channel] == pictures[..., 0]).all(axis=(1, 2))
    return same
