"""A trace of one pass through a network as a section of a page."""

from collections.abc import Iterator

from plainnet.network.trace import Trace
from plainnet.reports.html import Html, element
from plainnet.reports.styles import style
from plainnet.reports.trace_text import COLUMNS, Section, Step, cells, trace_sections


def trace_section(trace: Trace, title: str = "One pass, step by step") -> Html:
    """Return the trace under a heading: forward pass, loss, backward pass."""
    parts = [Html(f"<style>\n{style('trace')}</style>"), element("h2", title)]
    for section in trace_sections(trace):
        parts += [
            element("h3", section.title),
            element("p", section.note, class_="faint"),
            element("div", _table(section), class_="scroll trace"),
        ]
    return element("section", *parts)


def _table(section: Section) -> Html:
    names = [element("th", name, **_text(i)) for i, name in enumerate(COLUMNS)]
    rows = [row for step in section.steps for row in _rows(step)]
    return element("table", element("thead", element("tr", *names)), element("tbody", *rows))


def _rows(step: Step) -> Iterator[Html]:
    if step.heading:
        note = element("span", step.note, class_="faint") if step.note else ""
        heading = element("th", step.heading, note, colspan=len(COLUMNS))
        yield element("tr", heading, class_="step")
    for label, value in step.rows:
        numbers = [
            element("td", cell, data_name=name)
            for name, cell in zip(COLUMNS[1:], cells(value), strict=True)
        ]
        yield element("tr", element("td", label, class_="text"), *numbers)


def _text(column: int) -> dict[str, str]:
    return {} if column else {"class_": "text"}
