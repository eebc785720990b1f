"""The mistakes of a classifier: the most confident ones, and the least confident answers."""

from collections.abc import Iterator

import numpy as np

from plainnet.digits import percent
from plainnet.errors import PictureError
from plainnet.network import Array
from plainnet.pictures.check.inspection import read_within
from plainnet.reports.class_charts import ClassReport
from plainnet.reports.html import Html, element, gallery, picture, table
from plainnet.reports.report_pictures import small
from plainnet.reports.text import printable

MOST_PICTURES = 12
"""Most pictures in a gallery."""
MOST_ROWS = 15
"""Most mistakes listed of a table."""
MOST_PIXELS = 96
"""Largest width and height of a picture, so that the page stays small."""


def picture_mistakes(report: ClassReport) -> Html:
    """Show the most confident mistakes and least confident answers; "" if not about pictures."""
    if not (report.data.is_pictures or (report.is_pictures and report.data.paths)):
        return Html("")
    wrong = _confident_mistakes(report)[:MOST_PICTURES]
    two_best = np.sort(report.A, axis=1)[:, -2:]
    least = np.argsort(two_best[:, 1] - two_best[:, 0], kind="stable")[:MOST_PICTURES]
    none = element("p", "There are none: every picture was classified correctly.")
    confident = "Wrong answers with the highest probability."
    return Html(
        element("h3", "Most confident mistakes")
        + (
            element("p", confident, class_="faint") + gallery(_shown(report, wrong))
            if len(wrong)
            else none
        )
        + element("h3", "Least confident answers")
        + element("p", "Where the two most probable classes are closest.", class_="faint")
        + gallery(_shown(report, least))
    )


def row_mistakes(report: ClassReport) -> Html:
    """List the most confident mistakes by the line of their row; "" if not about a table."""
    wrong = _confident_mistakes(report)[:MOST_ROWS]
    if report.columns is None or not len(wrong):
        return Html("")
    rows = [
        (place, report.names[report.y[i]], report.names[report.answers[i]], percent(p))
        for i, p, place in zip(wrong, _confidence(report)[wrong], report.places(wrong), strict=True)
    ]
    shown = table((report.place, "true class", "predicted", "probability"), rows, texts=(1, 2))
    return Html(element("p", "Wrong answers with the highest probability.", class_="faint") + shown)


def _confidence(report: ClassReport) -> Array:
    """Return the probability of each answer, `(N,)`."""
    confidence: Array = report.A[np.arange(len(report.A)), report.answers]
    return confidence


def _confident_mistakes(report: ClassReport) -> Array:
    """Return the row numbers of wrong answers, the most confident first."""
    wrong = np.flatnonzero(report.answers != report.y)
    return wrong[np.argsort(-_confidence(report)[wrong], kind="stable")]


def _shown(report: ClassReport, rows: Array) -> Iterator[Html]:
    for i in rows.tolist():
        if (pixels := thumbnail(report, i)) is None:
            continue
        answer, right = report.answers[i], report.y[i]
        order = np.argsort(-report.A[i], kind="stable")[:3].tolist()
        others = [k for k in dict.fromkeys([int(right), *order]) if k != answer]
        texts = {k: f"{report.names[k]}: {percent(report.A[i, k])}" for k in (answer, *others)}
        name = printable(report.data.paths[i].name) if report.data.paths else ""
        kind = "good" if answer == right else "bad"
        verdict = "right" if answer == right else f"is {report.names[right]}"
        lines: list[str] = [element("b", texts[answer]), element("span", verdict, class_=kind)]
        lines += [*(texts[k] for k in others[:2]), name]
        caption = Html("<br>".join(element("span", line) for line in lines if line))
        alt = f"{report.names[right]}, answered as {report.names[answer]}"
        yield picture(pixels, caption, alt=alt)


def thumbnail(report: ClassReport, i: int) -> Array | None:
    """Return the picture of a sample; for one made into features, read its file again.

    None: it is not a picture, or its file is gone.
    """
    if report.data.is_pictures:
        return small(report.data.X[i], MOST_PIXELS)
    try:
        return read_within(report.data.paths[i], MOST_PIXELS) if report.data.paths else None
    except (OSError, PictureError):
        return None
