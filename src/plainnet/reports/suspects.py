"""Suspected wrong labels: as text, as rows of a table, and on a page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plainnet.digits import percent
from plainnet.metrics.label_errors import SuspectedLabels
from plainnet.reports.class_charts import ClassReport
from plainnet.reports.class_mistakes import thumbnail
from plainnet.reports.html import Html, element, gallery, picture, table
from plainnet.reports.text import count, printable
from plainnet.reports.widths import shortened

MOST_SHOWN = 48
"""Most suspected labels shown on a page."""
MOST_LISTED = 5
"""Most suspected labels listed in a terminal."""
COLUMNS = ("label", "probably", "probability_of_label", "probability_of_probably")
"""The columns of a table, after the place of the sample."""
MEANING = (
    "Networks that did not learn from these {things} give them another class, with more than the "
    "probability usual for that class. Some of the labels will be wrong, and some {things} are "
    "only hard; look at each before you change it."
)


def suspect_rows(
    report: ClassReport, found: SuspectedLabels, data: Path
) -> Iterator[dict[str, Any]]:
    """Yield the place of each sample in the data, its label, and the class it probably has."""
    names = report.model.answers.names
    for row, i, j in _each(report, found):
        shares = (round(float(report.A[row, k]), 6) for k in (i, j))
        values = (names[i], names[j], *shares)
        yield _place(report, row, data) | dict(zip(COLUMNS, values, strict=True))


def suspects_text(report: ClassReport, found: SuspectedLabels, data: Path) -> str:
    """Return a heading and the first few suspected labels for a terminal; "" without any."""
    if not len(found):
        return ""
    lines = [f"labels to check: {len(found):,} of {len(report.data):,}"]
    first = [*_each(report, found)][:MOST_LISTED]
    for row, i, j in first:
        place = ":".join(map(str, _place(report, row, data).values()))
        label, probably = (shortened(report.names[k], 20) for k in (i, j))
        percentage = percent(report.A[row, j])
        lines.append(f"  {printable(place)}  is {label}, probably {probably} ({percentage})")
    if len(found) > len(first):
        lines.append(f"  … and {len(found) - len(first):,} more")
    return "\n".join(lines)


def suspects_html(report: ClassReport, found: SuspectedLabels) -> Html:
    """Show the suspected labels as thumbnails, or in a table; "" without any."""
    if not len(found):
        return Html("")
    first = [*_each(report, found)][:MOST_SHOWN]
    of = f"{count(len(found), 'label')} of {len(report.data):,} may be wrong"
    which = f"; the {len(first)} most doubtful are shown. " if len(found) > len(first) else ". "
    about = element("p", of + which + MEANING.format(things=report.things), class_="faint")
    shown = [_figure(report, *one) for one in first]
    return Html(about + (gallery(shown) if any(shown) else _table(report, first)))


def _each(report: ClassReport, found: SuspectedLabels) -> Iterator[tuple[int, int, int]]:
    """Yield the row of each sample, the index of its label, and that of its probable class."""
    labels = report.y[found.rows]
    yield from zip(found.rows.tolist(), labels.tolist(), found.classes.tolist(), strict=True)


def _place(report: ClassReport, row: int, data: Path) -> dict[str, Any]:
    """Return the file of a sample, and its line or row in it, as `plainnet predict` counts them."""
    if report.data.paths is not None:
        return {"file": str(report.data.paths[row])}
    if report.data.lines is not None:
        return {"file": str(data), "line": int(report.data.lines[row])}
    return {"file": str(data), "row": row + (report.columns is not None)}


def _figure(report: ClassReport, row: int, i: int, j: int) -> Html:
    """Show one picture with both classes; "" if there is none."""
    if (pixels := thumbnail(report, row)) is None:
        return Html("")
    label, probably = report.names[i], report.names[j]
    lines = [
        element("b", f"{probably}? {percent(report.A[row, j])}"),
        element("span", f"labelled {label}: {percent(report.A[row, i])}", class_="bad"),
        printable(report.data.paths[row].name) if report.data.paths else "",
    ]
    caption = Html("<br>".join(element("span", line) for line in lines if line))
    return picture(pixels, caption, alt=f"labelled {label}, probably {probably}")


def _table(report: ClassReport, first: list[tuple[int, int, int]]) -> Html:
    rows = [
        (place, *(cell for k in (i, j) for cell in (report.names[k], percent(report.A[row, k]))))
        for (row, i, j), place in zip(first, report.places([one[0] for one in first]), strict=True)
    ]
    header = (report.place, "label", "probability", "probably", "probability")
    return table(header, rows, texts=(1, 3))
