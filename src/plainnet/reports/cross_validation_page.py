"""The page about a cross-validation: its scores, its mistakes, and the labels to check."""

from collections.abc import Sequence
from typing import Any

from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.learning_curve import LearningCurve
from plainnet.reports import report_parts as parts
from plainnet.reports.html import Html, element, page, table
from plainnet.reports.learning_curve import curve_figure
from plainnet.reports.report_charts import charts
from plainnet.reports.report_data import Report
from plainnet.reports.report_page import made_by
from plainnet.reports.sections import Section, sections_of
from plainnet.reports.suspects import suspects_html


def cross_validation_page(
    report: Report[Any], folds: Sequence[Evaluation], curve: LearningCurve | None = None
) -> str:
    """Return the whole page, self-contained and without scripts.

    Args:
        report: the pooled answers to all samples, and the model of one fold.
        folds: the evaluation of each fold.
        curve: the learning curve, if it was measured.
    """
    kind = sections_of(type(report.evaluation))
    first = report.evaluation.scores()[0]
    figures = [] if curve is None else [curve_figure(curve, first, report.things)]
    sections = [
        Section("Fold by fold", [by_fold(report, folds)]),
        Section("Learning curve", [charts(*figures)]),
        *kind.sections(report),
        Section("Labels to check", [suspects_html(report, kind.suspects(report))]),
        Section("Settings", [parts.settings(report)]),
    ]
    about = (
        f"How well a network that {kind.subject(report)} would do, measured on "
        f"{report.measured_on}: each was answered once, by a network that had not seen it."
    )
    return page(
        f"Cross-validation of {report.title}",
        element("h1", f"Cross-validation of {report.title}"),
        element("p", about, class_="faint"),
        parts.headline(report),
        *(
            element("section", element("h2", section.heading), *filter(None, section.parts))
            for section in sections
            if any(section.parts)
        ),
        made_by(),
    )


def by_fold(report: Report[Any], folds: Sequence[Evaluation]) -> Html:
    """Return a table of the scores of each fold."""
    known = [score for score in report.evaluation.scores() if score.is_known]
    rows = [
        (i, f"{fold.n:,}", *(score.text for score in fold.scores() if score.key in keys))
        for keys in ({score.key for score in known},)
        for i, fold in enumerate(folds, start=1)
    ]
    rows.append((element("b", "all"), f"{report.evaluation.n:,}", *(s.text for s in known)))
    return table(("fold", report.things, *(score.name for score in known)), rows)
