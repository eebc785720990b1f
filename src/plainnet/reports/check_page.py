"""The findings of `check` as a page, with the pictures concerned side by side."""

from collections.abc import Sequence

from plainnet.pictures.check import DataReport, Finding, picture_of
from plainnet.pictures.check.data_report import KINDS
from plainnet.reports.check_text import classes_line, looked_at
from plainnet.reports.html import Html, bullets, cards, element, page, picture, table
from plainnet.reports.text import count, on_a_page

MOST_SHOWN = 48
"""Most findings of one kind that are shown with their pictures."""
MOST_TOGETHER = 6
"""Most pictures shown of one finding."""
_SIDE = 160  # of a thumbnail, in pixels
_TALLEST = 9  # of a thumbnail on the page, in rem

_NEARLY = "They were compressed again, resized, or taken a moment apart."
_WORDS = {
    "leak": "A model measured on pictures it was trained on seems better than it is. Keep each in "
    "one part only.",
    "near-leak": f"{_NEARLY} Keep each in one part only.",
    "two-classes": "At least one of the two must be in the wrong class.",
    "near-two-classes": f"{_NEARLY} Check that each is in the class it belongs to.",
    "duplicate": "Keep one of them: otherwise a random split may put the same picture into both "
    "parts.",
    "near-duplicate": f"{_NEARLY} Keep one of them.",
    "one-colour": "There is nothing to learn from them; leave them out.",
    "small": "Enlarged to the size of the others, they are blurred.",
    "odd-shape": "They are distorted when they are stretched to a square.",
}
"""Explanation of each kind that is shown with its pictures."""


def check_page(findings: DataReport) -> str:
    """Return a self-contained HTML page: what was checked, and all findings.

    Raises:
        PictureError: a picture can no longer be read.
    """
    severities = findings.severities()
    kind_of = "pictures" if findings.is_pictures else "samples"
    figures = [(f"{findings.n:,}", f"{kind_of} that can be read")]
    figures += [
        (f"{n:,}", severity if n == 1 else f"{severity}s") for severity, n in severities.items()
    ]
    parts = [
        (part, f"{findings.sizes[part]:,}", classes_line(counts, on_a_page))
        for part, counts in findings.counts.items()
    ]
    sections = [
        part
        for kind, found in findings.by_kind().items()
        for part in _section(findings, kind, found)
    ]
    if not sections:
        sections = [element("p", "Nothing was found.", class_="good")]
    return page(
        f"Check of {findings.path.resolve().name}",
        element("h1", f"Check of {findings.path.resolve().name}"),
        element("p", f"{looked_at(findings)} in {findings.path}", class_="faint"),
        cards(figures),
        table(("part", kind_of, "classes"), parts, texts=(0, 2)),
        *sections,
        styles=("check",),
    )


def _section(findings: DataReport, kind: str, found: Sequence[Finding]) -> list[Html]:
    severity, title = KINDS[kind]
    mark = "bad" if severity == "problem" else "faint"
    number = element("span", count(len(found), severity), class_=f"{mark} found")
    head = element("h2", f"{title[0].upper()}{title[1:]} ", number)
    if kind not in _WORDS or not findings.is_pictures:
        return [head, *_sentences(found)]
    shown = [_card(findings, finding) for finding in found[:MOST_SHOWN]]
    body = [
        element("p", _WORDS[kind]),
        _grid(shown, "pairs" if len(found[0].files) > 1 else "singles"),
    ]
    if len(found) > MOST_SHOWN:
        body += _sentences(found[MOST_SHOWN:])
    return [head, *body]


def _sentences(found: Sequence[Finding]) -> list[Html]:
    return [bullets(finding.sentence for finding in found)]


def _card(findings: DataReport, finding: Finding) -> Html:
    """Show the pictures of one finding side by side, each with its name."""
    shown = [_figure(findings, name) for name in finding.files[:MOST_TOGETHER]]
    more = len(finding.files) - len(shown)
    if more > 0:
        shown.append(element("div", f"and {count(more, 'more picture')}", class_="faint"))
    wide = "finding several" if len(shown) > 2 else "finding"
    return element("div", _grid(shown), class_=wide)


def _figure(findings: DataReport, name: str) -> Html:
    pixels = picture_of(findings, name, _SIDE)
    folder, slash, file = name.rpartition("/")
    lines = (folder + slash, Html("<br>"), file) if slash else (name,)
    caption = element("div", *lines, class_="faint picture-name")
    if pixels is None:
        return element("div", caption)
    height, width = pixels.shape[:2]
    widest = f"max-width: {_TALLEST * width / height:.2f}rem"
    return element("div", element("div", picture(pixels, alt=name), style=widest), caption)


def _grid(parts: Sequence[Html], style: str = "") -> Html:
    """Put parts side by side, as many in a row as fit."""
    return element("div", *parts, class_=f"side-by-side {style}".strip())
