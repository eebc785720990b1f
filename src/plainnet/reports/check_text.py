"""What `check` found, as text for a terminal."""

from collections.abc import Callable, Collection, Sequence

from plainnet.pictures.check import DataReport
from plainnet.pictures.check.data_report import KINDS, Finding
from plainnet.reports.text import count, indented, printable, table

MOST_CLASSES = 8
"""Classes that are told one by one."""
MOST_TOLD = 5
"""Findings of one kind that are told one by one."""


def check_text(findings: DataReport) -> str:
    """What was looked at; how much of what was found; and the first few of each kind."""
    blocks = [_looked_at(findings)]
    of_kind = findings.by_kind()
    if not of_kind:
        blocks.append(_nothing(findings))
    else:
        rows = [
            (_title(kind, findings), severity, len(of_kind[kind]))
            for kind, (severity, _) in KINDS.items()
            if kind in of_kind
        ]
        blocks.append(table(("found", "", "number"), rows, texts=(0, 1)))
    for kind, found in of_kind.items():
        told = "\n".join(_first(found, "--page and --json list them all."))
        blocks.append(f"{KINDS[kind][0]}: {_title(kind, findings)}\n{indented(told)}")
    return "\n\n".join(blocks)


def check_sentences(findings: DataReport) -> list[str]:
    """The first few problems and warnings of each kind, a sentence each."""
    more = "`plainnet check` shows them all."
    of_kind = findings.by_kind().values()
    return [
        told for found in of_kind if found[0].severity != "note" for told in _first(found, more)
    ]


def check_line(findings: DataReport, without: Collection[str] = ()) -> str:
    """How many problems and warnings there are of each kind; "" if there are none.

    `without` are kinds that are told elsewhere.
    """
    told = [
        f"{len(found):,} × {_title(kind, findings)}"
        for kind, found in findings.by_kind().items()
        if found[0].severity != "note" and kind not in without
    ]
    return "; ".join(told)


def _title(kind: str, findings: DataReport) -> str:
    """What findings of a kind are called."""
    title = KINDS[kind][1]
    return title if findings.is_pictures else title.replace("picture", "sample")


def _first(found: Sequence[Finding], more: str) -> list[str]:
    """Sentences of some findings of one kind, and where the others are."""
    told = [printable(finding.sentence) for finding in found[:MOST_TOLD]]
    left = len(found) - MOST_TOLD
    return [*told, f"and {left:,} more; {more}"] if left > 0 else told


def looked_at(findings: DataReport) -> str:
    """`1,399 pictures` or `150 samples`."""
    return count(findings.n, "picture" if findings.is_pictures else "sample")


def classes_line(counts: dict[str, int], written: Callable[[str], str] = printable) -> str:
    """`cat 700, dog 699`, or of many classes how many there are and how large."""
    if len(counts) > MOST_CLASSES:
        return f"{len(counts)} classes of {min(counts.values()):,} to {max(counts.values()):,}"
    return ", ".join(f"{written(name)} {n:,}" for name, n in counts.items())


def _looked_at(findings: DataReport) -> str:
    lines = [f"{printable(str(findings.path))}: {looked_at(findings)}"]
    for part, counts in findings.counts.items():
        lines.append(f"  {part:10}  {sum(counts.values()):,}: {classes_line(counts)}")
    return "\n".join(lines)


def _nothing(findings: DataReport) -> str:
    if not findings.is_pictures:
        return "Nothing was found: no sample is there twice, and the classes are of similar size."
    files = "all can be read and are named as they should be; " if findings.has_files else ""
    return (
        f"Nothing was found: {files}no picture is there twice, exactly or nearly; none is of one "
        f"colour{' or of odd size' if files else ''}; and the classes are of similar size."
    )
