"""Checking a folder of pictures, or arrays, before a training."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.data.dataset import Dataset, Splits
from plainnet.data.folders import first_few
from plainnet.data.sources import holds_class_folders, read_data
from plainnet.network.arrays import Array
from plainnet.pictures.check.data_report import KINDS, DataReport, Finding, name_of, parts_of
from plainnet.pictures.check.duplicates import (
    Comparable,
    Progress,
    Sample,
    comparables,
    exactly_the_same,
    groups,
)
from plainnet.pictures.check.fingerprints import SIDE, Fingerprints
from plainnet.pictures.check.inspection import alike, outsiders, read_within, shapes, unreadable
from plainnet.pictures.files import PathLike

IMBALANCE = 4
"""The largest ratio of the largest class to the smallest without a finding."""


def check(path: PathLike, *, progress: Progress | None = None) -> DataReport:
    """Check the data in a folder or file of `read_data`, without changing anything.

    The report names files that are unreadable, misnamed or misplaced; pictures of unusual size or
    of one colour; duplicates and near-duplicates; and classes of very different size. For arrays,
    only the checks that need no file apply.

    >>> check("pets").findings
    ()

    Args:
        path: the folder or file.
        progress: called with (done, total), first while files are read, then, from 0 again, while
            samples are compared.

    Raises:
        DataError: the format is unknown, or the data are too damaged to check, such as a class
            without any readable picture.
        FileError: there is nothing at this path, or it cannot be read.
        MissingExtraError: the optional package that reads it is not installed.
    """
    how: dict[str, Any] = {}
    if holds_class_folders(path):
        how = {"size": SIDE, "grey": True, "on_unreadable": lambda _: None, "progress": progress}
    splits = read_data(path, **how)
    return check_splits(splits, progress=progress)


def check_splits(
    splits: Splits,
    *,
    progress: Progress | None = None,
    compared: Mapping[str, Comparable] | None = None,
) -> DataReport:
    """Check data in memory as `check` does; pictures may have any size.

    >>> len(check_splits(read_data("pets")).splits.train)
    12

    Args:
        splits: the data.
        progress: called with (done, total) while samples are compared.
        compared: the `comparables` of the splits, if they are there already.
    """
    compared = comparables(splits) if compared is None else compared
    of_files = all(data.paths is not None for data in parts_of(splits).values())
    found = [
        *(_of_files(splits) if of_files else ()),
        *_repeated(splits, compared, progress),
        *_of_parts(splits, compared),
    ]
    order = list(KINDS)
    found.sort(key=lambda one: order.index(one.kind))
    return DataReport(splits.path, tuple(found), splits)


def picture_of(findings: DataReport, name: str, side: int) -> Array | None:
    """Return one of the pictures of the findings, for display; None if there is no such picture.

    Args:
        findings: the report.
        name: a name in a finding's `files`.
        side: the longer side of the result, in pixels; a picture in an array keeps its size.

    Returns:
        uint8 `(height, width, channels)`.

    Raises:
        PictureError: the file cannot be read.
    """
    parts = parts_of(findings.splits)
    if not findings.has_files:
        part, _, row = name.removesuffix("]").partition("[")
        pixels: Array | None = parts[part].X[int(row)] if findings.is_pictures else None
        return pixels
    path = findings.path / name
    return read_within(path, side) if path.is_file() else None


def _of_files(splits: Splits) -> Iterator[Finding]:
    parts = parts_of(splits).values()
    read = [path for data in parts for path in data.paths or ()]
    left_out = splits.left_out or ()
    yield from unreadable(splits.path, left_out)
    yield from shapes(splits.path, read, splits.headers)
    yield from alike([Path(data.name) for data in parts])
    yield from outsiders(splits.path, left_out)


def _of_parts(splits: Splits, compared: Mapping[str, Comparable]) -> Iterator[Finding]:
    for part, data in parts_of(splits).items():
        yield from _imbalance(part, data)
        if isinstance(prints := compared[part], Fingerprints):
            for row in np.flatnonzero(prints.flat):
                name = name_of(splits, part, int(row))
                yield Finding(
                    "one-colour",
                    (name,),
                    f"{name} has a single colour and shows nothing; leave it out.",
                )


def _imbalance(part: str, data: Dataset) -> Iterator[Finding]:
    if not (counts := {name: n for name, n in data.counts().items() if n}):
        return  # regression has no classes
    small, large = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[large] > IMBALANCE * counts[small]:
        yield Finding(
            "imbalance",
            (),
            f"In {part}, the smallest class, {small}, has {counts[small]:,} and the largest, "
            f"{large}, {counts[large]:,}, more than {IMBALANCE} times as many; add samples of the "
            "small class, and compare accuracies with always answering the large one.",
        )


def _repeated(
    splits: Splits, compared: Mapping[str, Comparable], progress: Progress | None
) -> Iterator[Finding]:
    for group in groups(compared, progress):
        yield _twins(splits, group)


def _classes_of(data: Dataset, row: int) -> str:
    """Return the class of a sample, or those of several targets: `spam = no, urgent = yes`."""
    if not data.targets:
        return data.classes[int(data.y[row])]
    each = zip(data.targets, data.y[row].tolist(), strict=True)
    return ", ".join(f"{target.name} = {target.classes[k]}" for target, k in each)


def _twins(splits: Splits, group: Sequence[Sample]) -> Finding:
    """Return the finding for samples that are the same, or nearly the same."""
    parts = parts_of(splits)
    held = [part for part in parts if any(sample.part == part for sample in group)]
    numbers = any(parts[part].holds_numbers for part in held)
    classes = set() if numbers else {_classes_of(parts[part], row) for part, row in group}
    names = [name_of(splits, *sample) for sample in group]
    exact = exactly_the_same(splits, group)
    what = "the same sample" if not parts[held[0]].is_pictures else "the same picture"
    sentence = f"{_and(names)} are {what if exact else f'nearly {what}'}"
    kind = "duplicate"
    if len(classes) > 1:
        kind = "two-classes"
        sentence += f", in the classes {_and(sorted(classes))}"
    if len(held) > 1:
        kind = "leak"
        sentence += f", in {_and(held)}"
    return Finding(kind if exact else f"near-{kind}", tuple(names), sentence + _REMEDIES[kind])


_REMEDIES = {
    "duplicate": "; keep one of them.",
    "two-classes": "; keep it in the class it belongs to.",
    "leak": "; keep it in one part, or the measured accuracy is too high.",
}


def _and(names: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`, or the first five and the number of the others."""
    if not 1 < len(names) <= 5:
        return first_few(list(names))
    return f"{', '.join(names[:-1])} and {names[-1]}"
