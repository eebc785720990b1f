"""Fingerprints to detect duplicate pictures: identical, compressed again, or in another size.

A picture becomes a grey thumbnail of 32 × 32 pixels, less its mean and divided by its length: a
vector a of length 1. For two of them |a − b|² = 2 − 2r, with r their correlation. Split in two by
the discrete cosine transform (Ahmed, Natarajan and Rao 1974), which is orthonormal, it is the
distance in the 27 lowest frequencies and that in all higher ones. Twins satisfy three conditions:

- The low frequencies agree. After sorting by one of them, only neighbours need to be compared,
  512 pictures with 512 in one matrix product, and few candidates remain.
- The high ones agree by themselves. In the low ones two pictures can resemble each other by
  chance: bright above, dark below.
- No pixel of the thumbnail differs by much. A digit drawn by another hand differs in few pixels,
  but strongly; compression differs a little everywhere.

Measured on 1,399 photographs, mostly of 500 × 374 pixels, and a copy of each: JPEG of quality 90,
75 and 50, WebP of quality 50, and half as large by four filters as JPEG of quality 50 to 90 or PNG.
All were found, except with the filter that only drops pixels (1,394), and so were 1,393 of those a
quarter as large. Of the 978,000 pairs of photographs one counts as twins, correctly; in the high
frequencies different photographs differ by 0.6 and more, copies at quality 50 by at most 0.003, and
those of half the size mostly by less than 0.02. Of the 2.4 billion pairs in MNIST none counts as
twins, in Fashion-MNIST 96, most of them one product photographed twice.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Self

import numpy as np

from plainnet.network.arrays import Array
from plainnet.pictures.survey import walk

Pairs = tuple[Array, Array]
"""Pairs of rows in two sets of pictures: two int64 arrays `(n,)`."""

SIDE = 32
"""The side of a thumbnail in pixels."""
FLAT = 8
"""The largest range of levels, of 255, in a thumbnail that shows nothing."""
LOW = 0.004
"""The largest squared distance of twins in the low frequencies."""
FINE = 0.15
"""The largest squared distance of twins in the high frequencies, as a share of the two thumbnails'
mean energy in these."""
PEAK = 48
"""The largest difference of a pixel between twins' thumbnails, of 255 levels."""

_HIGHEST = 6  # the largest sum of a low frequency's two orders
_TILE = 512
_AT_ONCE = 4096  # pairs whose thumbnails are compared at once
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601, as files are read


class Fingerprints:
    """The thumbnails of N pictures, and their low frequencies.

    Args:
        X: pictures, uint8 `(N, height, width, 1 or 3)` of any size.
    """

    def __init__(self, X: Array) -> None:
        self.thumbnails = _thumbnails(X)
        """The thumbnails, uint8 `(N, 1024)`."""
        self.flat = np.ptp(self.thumbnails, axis=1) <= FLAT
        """The pictures of one colour, which have no twins: bool `(N,)`."""
        self.low = np.empty((len(X), len(_COSINES)), np.float32)
        """The low frequencies of the vectors of length 1: `(N, 27)`."""
        for begin in range(0, len(X), _AT_ONCE):
            rows = slice(begin, begin + _AT_ONCE)
            self.low[rows] = _unit(self.thumbnails[rows]) @ _COSINES.T
        self.half = np.square(self.low).sum(1) / 2
        """Half the squared lengths of the low frequencies: float32 `(N,)`."""

    def __len__(self) -> int:
        return len(self.thumbnails)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Concatenate several sets of pictures."""
        if len(parts) == 1:
            return parts[0]
        everything = cls.__new__(cls)
        for name in ("thumbnails", "flat", "low", "half"):
            setattr(everything, name, np.concatenate([getattr(part, name) for part in parts]))
        return everything

    def candidates(
        self, other: "Fingerprints", progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Pairs]:
        """Yield pairs of rows that may be twins, a few at a time, in any order.

        Args:
            other: other pictures; or the same object, and then each pair comes once, as i < j.
            progress: called with (done, total), in rows.
        """
        same = other is self
        widest = self.low.std(axis=0).argmax()  # the frequency with the largest spread
        ours, theirs = (np.argsort(prints.low[:, widest]) for prints in (self, other))
        left, right = self._factors()[0][ours], other._factors()[1][theirs].T
        key, reach = right[widest], LOW**0.5
        for top in range(0, len(self), _TILE):
            rows = left[top : top + _TILE]
            end = np.searchsorted(key, rows[-1, widest] + reach, "right")
            begin = top if same else np.searchsorted(key, rows[0, widest] - reach)
            for column in range(begin, end, _TILE):
                product = rows @ right[:, column : min(column + _TILE, end)]
                i, j = np.divmod(np.flatnonzero(product >= -LOW / 2), product.shape[1])
                i, j = i + top, j + column
                if same:
                    i, j = np.sort([ours[i[i < j]], ours[j[i < j]]], axis=0)
                else:
                    i, j = ours[i], theirs[j]
                for at in range(0, len(i), _AT_ONCE):
                    yield i[at : at + _AT_ONCE], j[at : at + _AT_ONCE]
            if progress is not None:
                progress(min(top + _TILE, len(self)), len(self))

    def twins(self, other: "Fingerprints", i: Array, j: Array) -> Array:
        """Return whether `self[i]` and `other[j]` are the same picture, bool for each pair."""
        a, b = self.thumbnails[i], other.thumbnails[j]
        peak = np.maximum(a, b) - np.minimum(a, b)
        whole = np.square(_unit(a) - _unit(b)).sum(1)
        low = np.square(self.low[i] - other.low[j]).sum(1)
        fine = 1 - self.half[i] - other.half[j]
        verdict: Array = (low <= LOW) & (whole - low <= FINE * fine) & (peak.max(1) <= PEAK)
        return verdict

    def _factors(self) -> Pairs:
        """Return left and right factors with products −|p − q|²/2 = p·q − |p|²/2 − |q|²/2.

        Pictures that show nothing get a length that puts them far from all others.
        """
        half, one = np.where(self.flat, np.float32(2), self.half), np.ones_like(self.half)
        return np.column_stack([self.low, -half, one]), np.column_stack([self.low, one, -half])


def _thumbnails(X: Array) -> Array:
    """Return grey means over the areas of the thumbnails' pixels; uint8 `(N, 1024)`."""
    n, height, width, channels = X.shape
    if (height, width, channels) == (SIDE, SIDE, 1):
        return X.reshape(n, -1)
    down, across = _areas(height), _areas(width)
    thumbnails = np.empty((n, SIDE * SIDE), np.uint8)

    def shrink(start: int, block: Array) -> None:
        pixels = block.astype(np.float32)
        grey = pixels[..., 0] if channels == 1 else pixels @ _LUMA
        small = np.rint(down @ grey @ across.T)
        thumbnails[start : start + len(block)] = small.reshape(len(small), -1)

    walk(X, shrink)
    return thumbnails


def _areas(n: int) -> Array:
    """Return the share of each of n pixels in each pixel of a thumbnail: `(32, n)`."""
    edges, pixels = np.linspace(0, n, SIDE + 1), np.arange(n)
    begin = np.maximum(edges[:-1, None], pixels)
    end = np.minimum(edges[1:, None], pixels + 1)
    shares: Array = np.maximum(end - begin, 0) * (SIDE / n)
    return shares.astype(np.float32)


def _unit(thumbnails: Array) -> Array:
    """Return thumbnails minus their mean as vectors of length 1: float32 `(n, 1024)`."""
    a = thumbnails.astype(np.float32)
    a -= a.mean(axis=1, keepdims=True)
    a /= np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1)
    return a


def _low_frequencies() -> Array:
    """Return the cosine transform's low-frequency functions without the constant: `(27, 1024)`."""
    order, place = np.arange(_HIGHEST + 1)[:, None], np.arange(SIDE) + 0.5
    cosines = np.cos(np.pi * order * place / SIDE) * np.sqrt(2 / SIDE)
    cosines[0] /= np.sqrt(2)
    functions = [
        np.outer(cosines[u], cosines[v]).ravel()
        for u in range(_HIGHEST + 1)
        for v in range(_HIGHEST + 1 - u)
    ]
    return np.array(functions[1:], np.float32)


_COSINES = _low_frequencies()
