"""One pass through a network as a section of a page, also for a phone."""

from collections.abc import Iterator

from plainnet.network.trace import Trace
from plainnet.reports.html import Html, element
from plainnet.reports.trace_text import COLUMNS, Section, Step, cells, trace_sections

_STYLE = Html("""<style>
.trace table { width: 100%; table-layout: fixed; } .trace th:first-child { width: 42%; }
.trace td, .trace th { white-space: nowrap; }
.trace td { border-bottom: none; padding-top: .1rem; padding-bottom: .1rem; }
.trace td.text { font-family: ui-monospace, monospace; font-size: .87rem; padding-left: 1.2rem;
  white-space: normal; overflow-wrap: normal; }
.trace tr.step th { text-align: left; padding: .7rem 0 .2rem; border-top: 1px solid var(--line);
  border-bottom: none; white-space: normal; overflow-wrap: anywhere; }
.trace tr.step .faint { font-weight: 400; margin-left: .6rem; }
@media (max-width: 44rem) {
  .trace thead { display: none; }
  .trace table, .trace tbody { display: block; }
  .trace tr { display: flex; flex-wrap: wrap; column-gap: .9rem; padding-bottom: .3rem; }
  .trace tr.step th { flex: 1 0 100%; }
  .trace td { padding: 0; text-align: left; }
  .trace td.text { flex: 1 0 100%; padding-left: 0; font-weight: 600; }
  .trace td:empty { display: none; }
  .trace td[data-name]::before { content: attr(data-name) " "; color: var(--faint);
    font-size: .82rem; }
}
</style>""")


def trace_section(trace: Trace, title: str = "One pass, step by step") -> Html:
    """The pass under a heading: forward, the loss, backward."""
    parts = [_STYLE, element("h2", title)]
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
