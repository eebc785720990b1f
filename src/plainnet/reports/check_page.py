"""What `check` found, as a page with the pictures in question side by side."""

from collections.abc import Sequence

from plainnet.pictures.check import DataReport, Finding, picture_of
from plainnet.pictures.check.data_report import KINDS
from plainnet.reports.check_text import classes_line, looked_at
from plainnet.reports.html import Html, bullets, cards, element, page, picture, table
from plainnet.reports.text import count, on_a_page

MOST_SHOWN = 48
"""Findings of one kind that are shown with their pictures."""
MOST_TOGETHER = 6
"""Pictures of one finding that are shown."""
_SIDE = 160  # of a thumbnail, in pixels
_TALLEST = 9  # of a thumbnail on the page, in rem

_NEARLY = "Compressed anew, in another size, or taken a moment apart."
_WORDS = {
    "leak": "Measured on pictures it was trained on, a model seems better than it is. Keep each "
    "in one part.",
    "near-leak": f"{_NEARLY} Keep each in one part.",
    "two-classes": "At least one of the two must be in the wrong class.",
    "near-two-classes": f"{_NEARLY} Look whether each is in the class it belongs to.",
    "duplicate": "Keep one of them: what is held out at random may otherwise be trained on too.",
    "near-duplicate": f"{_NEARLY} Keep one of them.",
    "one-colour": "There is nothing to learn from them; leave them out.",
    "small": "Enlarged to the size of the others they are a blur.",
    "odd-shape": "They are squeezed when they are stretched to a square.",
}
"""What is said of the kinds that are shown with their pictures."""


def check_page(findings: DataReport) -> str:
    """A self-contained HTML page: what was looked at, and everything that was found.

    Raises:
        PictureError: a picture that could be read before no longer can.
    """
    severities = findings.severities()
    kind_of = "pictures" if findings.is_pictures else "samples"
    figures = [(f"{findings.n:,}", f"{kind_of} that can be read")]
    figures += [
        (f"{n:,}", severity if n == 1 else f"{severity}s") for severity, n in severities.items()
    ]
    parts = [
        (part, f"{sum(counts.values()):,}", classes_line(counts, on_a_page))
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
    """The pictures of one finding side by side, each with its name."""
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


def _grid(parts: Sequence[Html], of_what: str = "") -> Html:
    """As many side by side as fit."""
    return element("div", *parts, class_=f"side-by-side {of_what}".strip())
