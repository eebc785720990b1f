"""The report on a data set: the kinds of findings, and a record of all findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from plainnet.data.dataset import Dataset, Splits
from plainnet.pictures.scanning import PICTURES, counts_of

Severity = Literal["problem", "warning", "note"]
"""The severity: it harms or falsifies a training; it may do so; it is good to know."""
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "note")
PARTS = ("train", "validation", "test")

KINDS: Mapping[str, tuple[Severity, str]] = {
    "empty": ("problem", "empty files"),
    "cut-short": ("problem", "truncated pictures"),
    "no-picture": ("problem", "files with a picture's extension that are not pictures"),
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
    "other-files": ("note", "files that are not pictures, left out"),
    "hidden": ("note", "hidden files, left out"),
}
"""The kinds of findings in the order of the report, with their severity and title."""


@dataclass(frozen=True)
class Finding:
    """One finding."""

    kind: str
    """The kind, one of KINDS."""
    files: tuple[str, ...]
    """The pictures of the finding: files relative to the data, or `train[146]` in arrays."""
    sentence: str
    """The finding in words, with the way out."""

    @property
    def severity(self) -> Severity:
        """The severity of this kind of finding."""
        return KINDS[self.kind][0]

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "files": list(self.files),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class DataReport:
    """A checked data set with all findings, the most severe first."""

    path: Path
    """The path of the data."""
    findings: tuple[Finding, ...]
    splits: Splits = field(repr=False)
    """The readable samples; picture files as grey thumbnails."""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """The number of readable samples of each class, by part; {} in each without classes."""
        return {part: data.counts() for part, data in parts_of(self.splits).items()}

    @property
    def sizes(self) -> dict[str, int]:
        """The number of readable samples, by part."""
        return {part: len(data) for part, data in parts_of(self.splits).items()}

    @property
    def n(self) -> int:
        """The number of readable samples."""
        return sum(self.sizes.values())

    @property
    def is_pictures(self) -> bool:
        """Whether the samples are pictures rather than feature vectors."""
        return all(data.is_pictures for data in parts_of(self.splits).values())

    @property
    def has_files(self) -> bool:
        """Whether each sample is a file."""
        return all(data.paths is not None for data in parts_of(self.splits).values())

    def by_kind(self) -> dict[str, list[Finding]]:
        """Return the findings by kind, in the order of KINDS."""
        of_kind: dict[str, list[Finding]] = {}
        for finding in self.findings:
            of_kind.setdefault(finding.kind, []).append(finding)
        return of_kind

    def severities(self) -> dict[Severity, int]:
        """Return the number of findings of each severity."""
        given = [finding.severity for finding in self.findings]
        return {severity: given.count(severity) for severity in SEVERITIES}

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "data": str(self.path),
            "samples": self.n,
            "classes": self.counts,
            **left_out_facts(self.splits),
            **{f"{severity}s": n for severity, n in self.severities().items()},
            "findings": [finding.to_dict() for finding in self.findings],
        }


def left_out_facts(splits: Splits) -> dict[str, Any]:
    """Return, as JSON values, the numbers of files left out of a folder, and the pictures."""
    if splits.left_out is None:
        return {}
    files = [
        {"file": relative(one.path, splits.path), "kind": one.kind, "reason": one.reason}
        for one in splits.left_out
        if one.kind in PICTURES
    ]
    return {"left_out": {**counts_of(splits.left_out), "files": files}}


def parts_of(splits: Splits) -> dict[str, Dataset]:
    """Return the existing parts by name."""
    parts = {part: getattr(splits, part) for part in PARTS}
    return {part: data for part, data in parts.items() if data is not None}


def name_of(splits: Splits, part: str, row: int) -> str:
    """Return the name of a sample: its file relative to the data, or its part and row."""
    paths = parts_of(splits)[part].paths
    return f"{part}[{row}]" if paths is None else relative(paths[row], splits.path)


def relative(path: Path, folder: Path) -> str:
    """Return a file's path relative to a folder, with slashes."""
    return path.relative_to(folder).as_posix()
