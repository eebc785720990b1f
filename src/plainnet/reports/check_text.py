"""The findings of `check` as text for a terminal."""

from collections.abc import Callable, Collection, Sequence

from plainnet.pictures.check import DataReport
from plainnet.pictures.check.data_report import KINDS, Finding
from plainnet.reports.text import count, indented, printable, table

MOST_CLASSES = 8
"""Most classes that are listed with their counts."""
MOST_LISTED = 5
"""Most findings listed of one kind."""


def check_text(findings: DataReport) -> str:
    """Return what was checked, the number of findings of each kind, and the first few of each."""
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
        listed = "\n".join(_first(found, "--page and --json list them all."))
        blocks.append(f"{KINDS[kind][0]}: {_title(kind, findings)}\n{indented(listed)}")
    return "\n\n".join(blocks)


def check_sentences(findings: DataReport) -> list[str]:
    """Return a sentence for each of the first few problems and warnings of each kind."""
    more, by_kind = "`plainnet check` shows them all.", findings.by_kind().values()
    return [one for found in by_kind if found[0].severity != "note" for one in _first(found, more)]


def check_line(findings: DataReport, without: Collection[str] = ()) -> str:
    """Count problems and warnings by kind, except the kinds in `without`; "" if there are none."""
    return "; ".join(
        f"{len(found):,} × {_title(kind, findings)}"
        for kind, found in findings.by_kind().items()
        if found[0].severity != "note" and kind not in without
    )


def _title(kind: str, findings: DataReport) -> str:
    """Return the name of a kind of findings."""
    title = KINDS[kind][1]
    return title if findings.is_pictures else title.replace("picture", "sample")


def _first(found: Sequence[Finding], more: str) -> list[str]:
    """Return the sentences of the first findings, and `more` if there are others."""
    sentences = [printable(finding.sentence) for finding in found[:MOST_LISTED]]
    left = len(found) - MOST_LISTED
    return [*sentences, f"and {left:,} more; {more}"] if left > 0 else sentences


def looked_at(findings: DataReport) -> str:
    """Return the number of samples checked: `1,399 pictures` or `150 samples`."""
    return count(findings.n, "picture" if findings.is_pictures else "sample")


def classes_line(counts: dict[str, int], written: Callable[[str], str] = printable) -> str:
    """Return `cat 700, dog 699`; of many classes, their number and the range of their sizes."""
    if len(counts) > MOST_CLASSES:
        return f"{len(counts)} classes of {min(counts.values()):,} to {max(counts.values()):,}"
    return ", ".join(f"{written(name)} {n:,}" for name, n in counts.items())


def _looked_at(findings: DataReport) -> str:
    lines = [f"{printable(str(findings.path))}: {looked_at(findings)}"]
    for part, counts in findings.counts.items():
        line = f"  {part:10}  {findings.sizes[part]:,}"
        lines.append(f"{line}: {classes_line(counts)}" if counts else line)
    return "\n".join(lines)


def _nothing(findings: DataReport) -> str:
    found = ["there are no duplicates"]
    if findings.is_pictures:
        files = findings.has_files
        found = ["all files can be read and are named correctly"] if files else []
        found += ["there are no duplicates, exact or near"]
        found += [f"no picture is of a single colour{' or of odd size' if files else ''}"]
    if any(findings.counts.values()):
        found += ["the classes are of similar size"]
    divide = "; " if findings.is_pictures else ", "
    found[1:] = [*found[1:-1], *(f"and {last}" for last in found[1:][-1:])]
    return f"Nothing was found: {divide.join(found)}."
