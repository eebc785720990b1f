"""What a look at the data brings up: kinds of findings, and a record of them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from plainnet.data.dataset import Dataset, Splits
from plainnet.pictures.scanning import PICTURES, counts_of

Severity = Literal["problem", "warning", "note"]
"""What spoils or falsifies a training; what may do so; what is good to know."""
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "note")
PARTS = ("train", "validation", "test")

KINDS: Mapping[str, tuple[Severity, str]] = {
    "empty": ("problem", "empty files"),
    "cut-short": ("problem", "pictures cut short"),
    "no-picture": ("problem", "files that are no pictures, named as such"),
    "unreadable": ("problem", "pictures that cannot be used"),
    "other-format": ("problem", "pictures of formats that cannot be read"),
    "leak": ("problem", "the same picture in several parts"),
    "near-leak": ("problem", "nearly the same picture in several parts"),
    "two-classes": ("problem", "the same picture in several classes"),
    "near-two-classes": ("warning", "nearly the same picture in several classes"),
    "duplicate": ("warning", "the same picture again"),
    "near-duplicate": ("warning", "nearly the same picture again"),
    "alike": ("warning", "class folders whose names look the same"),
    "imbalance": ("warning", "classes of very different size"),
    "one-colour": ("warning", "pictures of one colour"),
    "small": ("warning", "very small pictures"),
    "odd-shape": ("warning", "very long or very wide pictures"),
    "wrong-extension": ("note", "pictures with the extension of another format"),
    "stray": ("note", "pictures outside the class folders"),
    "other-files": ("note", "files that are no pictures, left alone"),
    "hidden": ("note", "hidden files, left alone"),
}
"""Every kind of finding, in the order in which they are told: how grave it is, and its title."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    kind: str
    """One of KINDS."""
    files: tuple[str, ...]
    """The pictures it is about: files relative to the data, or of arrays such as `train[146]`."""
    sentence: str
    """What is so, and the way out."""

    @property
    def severity(self) -> Severity:
        """How grave a finding of this kind is."""
        return KINDS[self.kind][0]

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "files": list(self.files),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class DataReport:
    """What was looked at, and all that was found, the gravest first."""

    path: Path
    """The data."""
    findings: tuple[Finding, ...]
    splits: Splits = field(repr=False)
    """The samples that can be read; of picture files as grey thumbnails."""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many readable samples each class has, by part."""
        return {part: data.counts() for part, data in parts_of(self.splits).items()}

    @property
    def n(self) -> int:
        """How many samples could be read."""
        return sum(len(data) for data in parts_of(self.splits).values())

    @property
    def is_pictures(self) -> bool:
        """Whether the samples are pictures; otherwise they are feature vectors."""
        return all(data.is_pictures for data in parts_of(self.splits).values())

    @property
    def has_files(self) -> bool:
        """Whether each sample is a file."""
        return all(data.paths is not None for data in parts_of(self.splits).values())

    def by_kind(self) -> dict[str, list[Finding]]:
        """The findings of each kind that there are any of, in the order of KINDS."""
        of_kind: dict[str, list[Finding]] = {}
        for finding in self.findings:
            of_kind.setdefault(finding.kind, []).append(finding)
        return of_kind

    def severities(self) -> dict[Severity, int]:
        """How many findings of each severity there are."""
        given = [finding.severity for finding in self.findings]
        return {severity: given.count(severity) for severity in SEVERITIES}

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return {
            "data": str(self.path),
            "samples": self.n,
            "classes": self.counts,
            **left_out_facts(self.splits),
            **{f"{severity}s": n for severity, n in self.severities().items()},
            "findings": [finding.to_dict() for finding in self.findings],
        }


def left_out_facts(splits: Splits) -> dict[str, Any]:
    """Of a folder of pictures, for machines: how many files are left out, and which pictures."""
    if splits.left_out is None:
        return {}
    files = [
        {"file": relative(one.path, splits.path), "kind": one.kind, "reason": one.reason}
        for one in splits.left_out
        if one.kind in PICTURES
    ]
    return {"left_out": {**counts_of(splits.left_out), "files": files}}


def parts_of(splits: Splits) -> dict[str, Dataset]:
    """The parts that are there, by name."""
    parts = {part: getattr(splits, part) for part in PARTS}
    return {part: data for part, data in parts.items() if data is not None}


def name_of(splits: Splits, part: str, row: int) -> str:
    """How a sample is called: its file relative to the data, or its part and row."""
    paths = parts_of(splits)[part].paths
    return f"{part}[{row}]" if paths is None else relative(paths[row], splits.path)


def relative(path: Path, folder: Path) -> str:
    """A file in a folder as people write it: from the folder on, with slashes."""
    return path.relative_to(folder).as_posix()
