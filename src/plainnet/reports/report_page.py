"""The report of a run: one page that says what was learned, how well, and where the limits are.

::

    report = Report.of("pets-1", classifier, test, part="test", history=rows)
    write_report(Path("runs/pets-1"), report)     # runs/pets-1/report.html
    write_figures(Path("figures"), report)        # figures/loss.svg, figures/roc.svg, …
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from plainnet.errors import FileError
from plainnet.files.writing import write_file
from plainnet.reports import regression_page as regression
from plainnet.reports import report_parts as parts
from plainnet.reports import report_pictures as pictures
from plainnet.reports.charts import svg_file
from plainnet.reports.html import Html, element, page
from plainnet.reports.material import AnyReport, Material, RegressionReport, Report
from plainnet.reports.model_card import model_card
from plainnet.reports.report_charts import (
    all_figures,
    calibration_figure,
    charts,
    confusion_figures,
    curve_figures,
    learning_figures,
)
from plainnet.version import __version__

NAME = "report.html"


def report_html(report: AnyReport) -> str:
    """The whole page; it needs nothing beside it and runs no script."""
    if isinstance(report, RegressionReport):
        told, head, content = regression.subtitle, regression.headline, regression.sections
        return _page(report, told(report), head(report), content(report))
    return _page(report, _subtitle(report), parts.headline(report), _sections(report))


def _page(
    report: Material, told: str, headline: Html, sections: Iterator[tuple[str, list[Html]]]
) -> str:
    body = [
        element("section", element("h2", title), *(part for part in content if part))
        for title, content in sections
        if any(content)
    ]
    made = f"Written by plainnet {__version__} on {date.today().isoformat()}."
    return page(
        report.title,
        element("h1", report.title),
        element("p", told, class_="faint"),
        headline,
        *body,
        element("p", made, class_="faint"),
    )


def write_report(path: Path, report: AnyReport) -> Path:
    """Write the page as `path`, or as `report.html` into the folder that `path` is.

    Returns:
        Where it was written.

    Raises:
        FileError: it cannot be written; an older one is still there then.
    """
    target = path / NAME if path.is_dir() else path
    write_file(target, report_html(report))
    return target


def write_figures(folder: Path, report: AnyReport) -> list[Path]:
    """Write each chart as an SVG file of its own, in the colours of the day.

    Args:
        folder: made where it is not there yet; older charts in it are replaced.
        report: what is shown.

    Raises:
        FileError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise FileError(
            f"The folder {folder} for the figures could not be made ({error}); choose another."
        ) from error
    written = []
    figures = (
        [*learning_figures(report), *regression.answer_figures(report)]
        if isinstance(report, RegressionReport)
        else all_figures(report)
    )
    for figure in figures:
        written.append(folder / f"{figure.name}.svg")
        write_file(written[-1], svg_file(figure.svg))
    return written


def _sections(report: Report) -> Iterator[tuple[str, list[Html]]]:
    """Headings, and what stands under each."""
    yield "What was trained on what", [parts.facts(report)]
    yield "How it learned", [charts(*learning_figures(report))]
    mixed_up = [*confusion_figures(report), *curve_figures(report), calibration_figure(report)]
    yield "How it answers", [parts.confusion_table(report), charts(*mixed_up)]
    yield "Class by class", [parts.class_table(report)]
    yield "The surest mistakes", [parts.wrong_rows(report)]
    yield "Pictures to look at", [pictures.mistakes(report)]
    yield "The first layer's weights", [pictures.first_weights(report)]
    yield "The columns", [parts.columns(report)]
    yield "The check of the data", [parts.findings(report)]
    yield "Model card", [model_card(report)]
    yield "Settings", [parts.settings(report)]


def _subtitle(report: Report) -> str:
    classes = report.classes
    named = " and ".join(classes) if len(classes) == 2 else f"{len(classes)} classes"
    return (
        f"A neural network that tells {named} apart, measured on {report.measured_on}: how well it "
        "answers, where it errs, and what that is worth."
    )
