"""Which columns matter: their importance as a chart and a table, and their curves."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, floor
from typing import Any

import numpy as np

from plainnet.digits import number
from plainnet.models.importance import Importance
from plainnet.models.partial_dependence import PartialDependence
from plainnet.network import Array
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Band, Line, chart
from plainnet.reports.html import Html, element, table
from plainnet.reports.importance_text import importance_rows
from plainnet.reports.report_charts import Figure, charts
from plainnet.reports.report_data import Report
from plainnet.reports.row_chart import Row, row_chart
from plainnet.reports.sections import Section
from plainnet.reports.text import on_a_page

HEADING = "Which columns matter"
CAUTION = (
    "An interval is that of new rows from the same source and other shuffles, for this model; a "
    "column whose interval includes 0 may not matter at all. Columns that say nearly the same "
    "stand in for each other: each of them then seems to matter less than it does. None of this "
    "shows causes."
)
MOST_BARS, MOST_CATEGORIES, MOST_CLASSES = 20, 12, 4
"""Most columns, categories, and classes or targets in a chart."""
FEW_VALUES = 3
"""Numbers of so many different values have bars, as categories do."""
LOW = 150
"""Height of a curve, in pixels."""


def columns_that_matter(report: Report[Any]) -> Section:
    """Return the section; it is empty if the columns were not measured."""
    if report.importance is None:
        return Section(HEADING, [])
    about, *curves = column_figures(report)
    measured = report.importance
    parts = [
        element("p", _how(report, measured)),
        charts(about),
        table(*importance_rows(measured)),
        element("p", CAUTION, class_="faint"),
    ]
    if curves:
        parts += [element("h3", "Answers by column"), element("p", _about_curves(report))]
        parts.append(charts(*curves))
    return Section(HEADING, parts)


def column_figures(report: Report[Any]) -> Iterator[Figure]:
    """Yield the importance of the columns, and the curves of those that matter most."""
    if report.importance is None:
        return
    yield _importance_figure(report.importance)
    curves = [_comparable(report, curve) for curve in report.curves]
    axis = _answer_axis(report, curves)
    for i, curve in enumerate(curves, 1):
        few = curve.kind == "number" and len(curve.values) <= FEW_VALUES
        draw = _bars if few or curve.kind == "category" else _curve
        svg, remark = draw(curve, axis)
        name, title = f"column-{i}", on_a_page(curve.column)
        yield Figure(name, title, svg, remark)


def _importance_figure(measured: Importance) -> Figure:
    shown = measured.columns[:MOST_BARS]
    scores = [column.scores[0] for column in shown]
    rows = [
        Row(on_a_page(column.column), [score.value], score.interval)
        for column, score in zip(shown, scores, strict=True)
    ]
    ends = [0.0, *(end for row in rows for end in (*row.values, *(row.interval or ())))]
    low, high = np.nanmin(ends), np.nanmax(ends)
    margin = 0.04 * (high - low) or 1.0
    label = scores[0].name
    axis = Axis(label, float(low - margin * (low < 0)), float(high + margin))
    left = len(measured.columns) - len(shown)
    others = f" The {left} columns of lowest importance are in the table only." if left else ""
    caption = (
        f"By how much the {label.removeprefix('rise of ')} rises when the column is shuffled; "
        f"the line is the 95 % interval.{others}"
    )
    svg = row_chart("Importance of columns", axis, rows)
    return Figure("importance", "Importance", svg, caption)


def _how(report: Report[Any], measured: Importance) -> str:
    """Say on which rows the columns were shuffled, and by whom they were answered."""
    n = report.counted(measured.rows, "" if report.part == "other" else report.part)
    some = f", chosen at random from {measured.of_rows:,}" * (measured.rows < measured.of_rows)
    folds = ", each answered only by the networks that held it out" * measured.out_of_fold
    return (
        f"Each column is shuffled {measured.repeats} times among {n}{some}{folds}; the more the "
        "answers worsen, the more they rely on it (permutation importance)."
    )


def _about_curves(report: Report[Any]) -> str:
    """Explain how the curves were made."""
    of = report.model.answers.parts[0]
    answers = "the probability" if of.classes else report.names[0]
    if len(report.names) > 1 and not of.classes:
        answers = "the answers"
    spread = (
        f" The area or line around it holds the middle 80 % of the {report.things}; the marks "
        "above an axis are the values tried, quantiles of the column."
    )
    return (
        f"The mean of {answers} if the column had this value in all {report.things}, and the "
        "others stayed as they are (partial dependence)."
        f"{spread * (len(report.names) <= 2)} Bars begin at the mean of all answers."
    )


def _curve(curve: PartialDependence, y: Axis) -> tuple[Html, str]:
    """Draw the curve of a number or a date."""
    x = np.array(curve.values, float)
    kind: Any = "date" if curve.kind == "date" else "number"
    across = Axis(on_a_page(curve.column), float(x[0]), float(x[-1]), kind)
    shown = _shown(curve)
    names = ["" if len(shown) == 1 else on_a_page(curve.names[k]) for k in shown]
    lines = [
        Line(name, x, curve.mean[:, k], series=i)
        for i, (k, name) in enumerate(zip(shown, names, strict=True), 1)
    ]
    band = None
    if len(shown) == 1:
        band = Band(x, curve.low[:, shown[0]], curve.high[:, shown[0]])
    about = f"Answers by {on_a_page(curve.column)}"
    return chart(about, across, y, lines, band=band, height=LOW), ""


def _bars(curve: PartialDependence, y: Axis) -> tuple[Html, str]:
    """Draw a bar for each category, or dots for each class."""
    shown, most = _shown(curve), MOST_CATEGORIES
    rows = []
    for i, value in enumerate(curve.values[:most]):
        ends = (curve.low[i, shown[0]], curve.high[i, shown[0]]) if len(shown) == 1 else None
        rows.append(Row(_written(value), curve.mean[i, shown].tolist(), ends))
    names = [on_a_page(curve.names[k]) for k in shown] if len(shown) > 1 else []
    svg = row_chart(
        f"Answers by {on_a_page(curve.column)}",
        y,
        rows,
        start=float(curve.average[shown[0]]),
        names=names,
    )
    left = len(curve.values) - most
    return svg, f"The {most} most frequent of {len(curve.values)} categories." if left > 0 else ""


def _written(value: Any) -> str:
    return on_a_page(value) if isinstance(value, str) else number(value)


def _shown(curve: PartialDependence) -> list[int]:
    """Return the classes that are drawn, the most probable on average, or the one number."""
    likely: Array = np.argsort(-curve.average, kind="stable")[:MOST_CLASSES]
    return sorted(likely.tolist())


def _comparable(report: Report[Any], curve: PartialDependence) -> PartialDependence:
    """Return the curves of several targets in units that they share, the steepest of them."""
    zero, unit = report.model.answers.curve_units
    if len(curve.names) != len(zero):
        return curve
    arrays = {name: getattr(curve, name) for name in ("mean", "low", "high", "average")}
    arrays = {name: (values - zero) / unit for name, values in arrays.items()}
    steepest = np.argsort(-np.ptp(arrays["mean"], axis=0), kind="stable")[:MOST_CLASSES]
    shown = np.sort(steepest)
    names = tuple(curve.names[k] for k in shown)
    return replace(curve, names=names, **{n: values[..., shown] for n, values in arrays.items()})


def _answer_axis(report: Report[Any], curves: Sequence[PartialDependence]) -> Axis:
    """Return one axis for the answers in all curves, so that they can be compared."""
    ends = []
    for curve in curves:
        shown = _shown(curve)
        drawn = (curve.low, curve.high) if len(shown) == 1 else (curve.mean,)
        ends += [values[:, shown] for values in drawn]
    if not ends:
        return Axis("", 0, 1)
    low = min(float(one.min()) for one in ends)
    high = max(float(one.max()) for one in ends)
    if report.model.answers.parts[0].classes:
        name = (
            f"probability of {report.names[1]}"
            if report.model.answers.n_out == 1
            else "probability"
        )
        return Axis(name, floor(10 * low) / 10, ceil(10 * high) / 10, "percent")
    margin = 0.05 * (high - low)
    several = len(report.model.answers.parts) > 1
    name = "answer − mean, in spreads of its target" if several else report.names[0]
    return Axis(name, low - margin, high + margin)
