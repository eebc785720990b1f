"""The report of a run: one page about its training, its scores, its mistakes and its limits.

::

    report = Report.of("pets-1", classifier, test, part="test", history=rows)
    write_report(Path("runs/pets-1"), report)     # runs/pets-1/report.html
    write_figures(Path("figures"), report)        # figures/loss.svg, figures/roc.svg, …
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from plainnet.errors import FileError
from plainnet.files.writing import write_file
from plainnet.reports import report_parts as parts
from plainnet.reports.charts import svg_file
from plainnet.reports.column_figures import column_figures, columns_that_matter
from plainnet.reports.html import Html, element, page
from plainnet.reports.model_card import model_card
from plainnet.reports.report_charts import Figure, charts, learning_figures
from plainnet.reports.report_data import Report
from plainnet.reports.report_pictures import first_weights
from plainnet.reports.sections import Section, Sections, sections_of
from plainnet.version import __version__

NAME = "report.html"


def report_html(report: Report[Any]) -> str:
    """Return the whole page, self-contained and without scripts."""
    body = [
        element("section", element("h2", heading), *(part for part in content if part))
        for heading, content in _sections(report)
        if any(content)
    ]
    return page(
        report.title,
        element("h1", report.title),
        element("p", _subtitle(report), class_="faint"),
        parts.headline(report),
        *body,
        made_by(),
    )


def made_by() -> Html:
    """Return the last line of a page: the version and the day."""
    made = f"Written by plainnet {__version__} on {date.today().isoformat()}."
    return element("p", made, class_="faint")


def write_report(path: Path, report: Report[Any]) -> Path:
    """Write the page to `path`, or to `report.html` in it if `path` is a folder.

    Returns:
        The path of the page.

    Raises:
        FileError: the page cannot be written; an older one is kept.
    """
    target = path / NAME if path.is_dir() else path
    write_file(target, report_html(report))
    return target


def write_figures(folder: Path, report: Report[Any]) -> list[Path]:
    """Write each chart as a separate SVG file, in the colours of the light mode.

    Args:
        folder: created if it is missing; older charts in it are replaced.
        report: the report whose charts are written.

    Raises:
        FileError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise FileError(
            f"The folder {folder} for the charts could not be created ({error}); choose another."
        ) from error
    written = []
    for figure in _figures(report):
        written.append(folder / f"{figure.name}.svg")
        write_file(written[-1], svg_file(figure.svg))
    return written


def _figures(report: Report[Any]) -> Iterator[Figure]:
    """Yield every chart."""
    yield from learning_figures(report)
    yield from _kind(report).figures(report)
    yield from column_figures(report)


def _sections(report: Report[Any]) -> Iterator[Section]:
    """Yield the sections in their order."""
    yield Section("Model and data", [parts.facts(report)])
    yield Section("How it learned", [charts(*learning_figures(report))])
    yield from _kind(report).sections(report)
    yield columns_that_matter(report)
    yield Section("The first layer's weights", [first_weights(report)])
    yield Section("The columns", [parts.columns(report)])
    yield Section("The check of the data", [parts.findings(report)])
    yield Section("Model card", [model_card(report)])
    yield Section("Settings", [parts.settings(report)])


def _subtitle(report: Report[Any]) -> str:
    return (
        f"A neural network that {_kind(report).subject(report)}, measured on {report.measured_on}: "
        "how well it answers, where it is wrong, and how far to trust it."
    )


def _kind(report: Report[Any]) -> Sections[Any]:
    return sections_of(type(report.evaluation))
