"""Duplicate samples: in one class, in several classes, or in several parts.

Pictures of any size are compared by `fingerprints`; a picture of one colour shows nothing and has
no duplicates. Feature vectors are the same if all their numbers are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from plainnet.data.dataset import Dataset, Splits
from plainnet.network.arrays import Array
from plainnet.pictures.check.data_report import parts_of
from plainnet.pictures.check.fingerprints import Fingerprints, Pairs
from plainnet.pictures.check.inspection import header
from plainnet.pictures.decoding import read_picture

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


class Sample(NamedTuple):
    """One of the samples of `Splits`."""

    part: str
    row: int


Comparable = Fingerprints | list[bytes]
"""The fingerprints of pictures, or the digests of feature vectors."""


class Leak(NamedTuple):
    """A training sample that validation or test contains as well."""

    row: int
    """The row in the training part."""
    twin: Sample
    """The same sample, in validation or test."""


def leaks(
    splits: Splits,
    progress: Progress | None = None,
    compared: Mapping[str, Comparable] | None = None,
) -> tuple[Leak, ...]:
    """Return the training samples that validation or test contains, exactly or nearly, by row.

    On such samples, a memorizing network appears to generalize. Of several duplicates
    the first is named, one in validation before one in test.

    >>> leaks(read_data("pets"))
    ()

    Args:
        splits: pictures of any size, or feature vectors, as `read_data` gives them.
        progress: called with (done, total) while they are compared.
        compared: the `comparables` of the splits, if they are there already.
    """
    found: dict[int, Sample] = {}
    if splits.train is None or len(parts_of(splits)) == 1:
        return ()
    others = dict(comparables(splits) if compared is None else compared)
    ours = others.pop("train")
    for part, theirs in others.items():
        twins = _first_twins(ours, theirs, progress)
        for row in np.flatnonzero(twins < len(theirs)).tolist():
            found.setdefault(row, Sample(part, int(twins[row])))
    return tuple(Leak(row, found[row]) for row in sorted(found))


def without_leaks(splits: Splits, found: Iterable[Leak]) -> Splits:
    """Return the splits without these samples in the training part.

    >>> splits = read_data("pets")
    >>> len(without_leaks(splits, leaks(splits)).train)
    12

    Args:
        splits: the data.
        found: what `leaks` has returned for them.

    Raises:
        DataError: no training sample is left.
    """
    if splits.train is None:
        return splits
    kept = np.ones(len(splits.train), bool)
    kept[[leak.row for leak in found]] = False
    return replace(splits, train=splits.train.take(kept))


def groups(
    compared: Mapping[str, Comparable], progress: Progress | None = None
) -> list[tuple[Sample, ...]]:
    """Return groups of samples that are the same, exactly or nearly, each group in order.

    What is alike is grouped: if a is the same as b, and b as c, the three are one group.

    Args:
        compared: the `comparables` of the splits.
        progress: called with (done, total) while they are compared.
    """
    samples = [Sample(part, row) for part, of in compared.items() for row in range(len(of))]
    everything = _joined([*compared.values()])
    roots = _Roots(len(samples))
    for i, j in _pairs(everything, everything, progress, roots.apart):
        roots.join(i, j)
    order = np.argsort(roots.of, kind="stable")
    ends = np.flatnonzero(np.diff(roots.of[order])) + 1
    return [
        tuple(samples[row] for row in group.tolist())
        for group in np.split(order, ends)
        if len(group) > 1
    ]


def exactly_the_same(splits: Splits, group: Sequence[Sample]) -> bool:
    """Whether samples are the same byte by byte or, for files, pixel by pixel."""
    parts = parts_of(splits)
    if len({_content(parts[part], row) for part, row in group}) == 1:
        return True
    if any(parts[part].paths is None for part, _ in group):
        return False
    sizes = {_size(parts[part], row) for part, row in group}
    return len(sizes) == 1 and len({_pixels(parts[part], row) for part, row in group}) == 1


class _Roots:
    """Disjoint sets of numbers, in which each number points to the smallest of its set."""

    def __init__(self, n: int) -> None:
        self.of = np.arange(n)

    def apart(self, i: Array, j: Array) -> Array:
        """Return which of these pairs are in different sets."""
        different: Array = self.of[i] != self.of[j]
        return different

    def join(self, i: Array, j: Array) -> None:
        """Join the sets of each pair."""
        for a, b in zip(i.tolist(), j.tolist(), strict=True):
            low, high = sorted((self._root(a), self._root(b)))
            self.of[high] = low
        while ((straight := self.of[self.of]) != self.of).any():
            self.of = straight

    def _root(self, i: int) -> int:
        while self.of[i] != i:
            i = int(self.of[i])
        return i


def comparables(splits: Splits) -> dict[str, Comparable]:
    """Return the fingerprints or digests of each part's samples."""
    return {
        part: Fingerprints(data.X)
        if data.is_pictures
        else [_content(data, row) for row in range(len(data))]
        for part, data in parts_of(splits).items()
    }


def _joined(comparables: Sequence[Comparable]) -> Comparable:
    """Concatenate the fingerprints or digests of several parts."""
    prints = [one for one in comparables if isinstance(one, Fingerprints)]
    if len(prints) == len(comparables):
        return Fingerprints.joined(prints)
    return [digest for one in comparables if isinstance(one, list) for digest in one]


def _pairs(
    ours: Comparable,
    theirs: Comparable,
    progress: Progress | None,
    wanted: Callable[[Array, Array], Array] | None = None,
) -> Iterator[Pairs]:
    """Yield pairs of rows that are the same, among the candidates that `wanted` accepts."""
    if isinstance(ours, Fingerprints) and isinstance(theirs, Fingerprints):
        for i, j in ours.candidates(theirs, progress):
            if wanted is not None:
                open_ = wanted(i, j)
                i, j = i[open_], j[open_]
            if len(i):
                same = ours.twins(theirs, i, j)
                yield i[same], j[same]
    elif isinstance(ours, list) and isinstance(theirs, list):
        first: dict[bytes, int] = {}
        for row, digest in enumerate(theirs):
            first.setdefault(digest, row)
        shared = [(row, first[digest]) for row, digest in enumerate(ours) if digest in first]
        i, j = np.array(shared, np.int64).reshape(-1, 2).T
        yield i, j


def _first_twins(ours: Comparable, theirs: Comparable, progress: Progress | None) -> Array:
    """Return the first duplicate in `theirs` of each row, or `len(theirs)` for none: `(N,)`."""
    first = np.full(len(ours), len(theirs))
    for i, j in _pairs(ours, theirs, progress, lambda i, j: j < first[i]):
        np.minimum.at(first, i, j)
    return first


def _content(data: Dataset, row: int) -> bytes:
    """Return a digest of a sample's file or, without a file, of its numbers."""
    if data.paths is not None:
        return _digest(data.paths[row].read_bytes())
    values = data.X[row] if data.is_pictures else data.X[row] + 0.0  # −0 becomes 0
    return _digest(values.tobytes(), f"{values.shape} {values.dtype}".encode())


def _size(data: Dataset, row: int) -> tuple[int, int]:
    return header(data.paths[row]).size if data.paths is not None else (0, 0)


def _pixels(data: Dataset, row: int) -> bytes:
    """A digest of all pixels in a sample's file."""
    if data.paths is None:
        return b""
    return _digest(read_picture(data.paths[row], _size(data, row)).tobytes())


def _digest(*contents: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for content in contents:
        digest.update(content)
    return digest.digest()
