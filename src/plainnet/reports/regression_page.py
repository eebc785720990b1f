"""What a report says of a regressor: how far its answers are from what is right, and where."""

from collections.abc import Iterator

import numpy as np

from plainnet.digits import mean_text, number, signed
from plainnet.network import Array
from plainnet.reports import report_parts as parts
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Bars, Line, Points, chart
from plainnet.reports.html import Html, bullets, element, table
from plainnet.reports.material import RegressionReport
from plainnet.reports.model_card import caution
from plainnet.reports.regression_card import most_answers
from plainnet.reports.report_charts import SQUARE, Figure, charts, learning_figures
from plainnet.reports.report_pictures import first_weights
from plainnet.reports.text import interval_text, on_a_page, printable

MOST_POINTS = 2000
"""Dots of a chart, drawn at random from more."""
MOST_ERRORS = 15
BINS = 24


def sections(report: RegressionReport) -> Iterator[tuple[str, list[Html]]]:
    """Headings, and what stands under each."""
    yield "What was trained on what", [_facts(report)]
    yield "How it learned", [charts(*learning_figures(report))]
    yield "How it answers", [charts(*answer_figures(report))]
    yield "The largest errors", [_largest(report)]
    yield "The first layer's weights", [first_weights(report)]
    yield "The columns", [parts.columns(report)]
    yield "The check of the data", [parts.findings(report)]
    yield "Model card", [_card(report)]
    yield "Settings", [parts.settings(report)]


def subtitle(report: RegressionReport) -> str:
    """What it is, in a sentence."""
    return (
        f"A neural network that predicts {on_a_page(report.evaluation.target)}, measured on "
        f"{report.measured_on}: how close its answers are, where it errs, and what that is worth."
    )


def headline(report: RegressionReport) -> Html:
    """The verdict, and the few figures that count."""
    measured = report.evaluation
    mean = number(measured.baseline, to=measured.baseline_rmse / 100)
    always = f"RMSE of always answering the mean, {mean}"
    shown: list[tuple[str, str]] = [
        (
            number(measured.rmse),
            f"RMSE on {report.measured_on}; {interval_text(measured.rmse_interval)}",
        ),
        (number(measured.baseline_rmse), always),
        (number(measured.mae), f"mean absolute error; {interval_text(measured.mae_interval)}"),
    ]
    if measured.r2 == measured.r2:  # not NaN
        shown.insert(2, (f"{measured.r2:.3f}", "R² (1: perfect, 0: as always the mean)"))
    return parts.judged(shown, verdict(report), report)


def verdict(report: RegressionReport) -> tuple[str, str]:
    """Whether it is better than always answering the mean: `good` or `bad`, and a sentence."""
    measured = report.evaluation
    low, high = measured.rmse_interval
    always = f"always answering the mean, whose RMSE is {number(measured.baseline_rmse)}"
    if not measured.baseline_rmse:
        return "bad", (
            f"All these {report.things} have the same right answer: what moves it, they cannot "
            "show."
        )
    if high < measured.baseline_rmse:
        share = 100 * (1 - measured.rmse / measured.baseline_rmse)
        return "good", (
            f"Its error is {share:.0f} % smaller than that of {always}: the whole interval lies "
            "below that."
        )
    if low > measured.baseline_rmse:
        return "bad", f"Worse than {always}."
    return "bad", f"Not shown to be better than {always}, which the interval includes."


def answer_figures(report: RegressionReport) -> Iterator[Figure]:
    """Answered against right, and how the errors are spread."""
    y, answers = report.data.y, report.answers
    low, high = _ends(np.concatenate([y, answers]))
    shown = np.arange(len(y))
    told = ""
    if len(y) > MOST_POINTS:
        shown = np.random.default_rng(0).choice(len(y), MOST_POINTS, replace=False)
        told = f" Shown are {MOST_POINTS:,} of {len(y):,}, drawn at random."
    ideal = Line("answered as right", [low, high], [low, high], series=0, dashed=True)
    svg = chart(
        "Answered against right",
        Axis("right", low, high),
        Axis("answered", low, high),
        [ideal],
        points=Points(y[shown], answers[shown]),
        height=SQUARE,
    )
    caption = f"Each dot is a {report.thing}: the closer to the line, the better the answer.{told}"
    yield Figure("answers", "Answered against right", svg, caption)
    errors = answers - y
    edges = _edges(errors)
    counts = np.histogram(np.clip(errors, edges[0], edges[-1]), edges)[0].astype(float)
    svg = chart(
        "The errors",
        Axis("answered − right", edges[0], edges[-1]),
        Axis("", 0, float(counts.max()) * 1.05, "whole"),
        [],
        bars=Bars(edges, np.where(counts > 0, counts, np.nan), [""] * BINS),
        marks=[(0.0, "0")],
        height=SQUARE,
    )
    caption = (
        f"How many {report.things} were answered how far off; to the right of 0 the answer was too "
        "high. What is farther off than the chart is wide is counted in its last bar."
    )
    yield Figure("errors", "The errors", svg, caption)


def _facts(report: RegressionReport) -> Html:
    regressor = report.regressor
    inputs = f"{regressor.preprocessing.mean.size:,} features"
    if regressor.extractor is not None:
        inputs = printable(regressor.extractor.told())
    unit = f"{mean_text(regressor.mean, regressor.scale)} in training"
    rows = [("predicted", f"{on_a_page(regressor.target)}, {unit}"), ("inputs", inputs)]
    if data := report.settings.get("data"):
        rows.insert(0, ("data", printable(str(data))))
    for part, counts in report.counts.items():
        rows.append((f"{part} {report.things}", f"{sum(counts.values()):,}"))
    rows += parts.trained(report)
    return table((), [(element("b", name), told) for name, told in rows], texts=(0, 1))


def _largest(report: RegressionReport) -> Html:
    errors = report.answers - report.data.y
    worst = np.argsort(-np.abs(errors), kind="stable")[:MOST_ERRORS]
    right, answered, to = report.data.y, report.answers, report.evaluation.rmse / 100
    rows = [
        (place, number(right[i], to=to), number(answered[i], to=to), signed(errors[i], to=to))
        for i, place in zip(worst.tolist(), report.places(worst), strict=True)
    ]
    return table((report.place, "right", "answered", "error"), rows, texts=())


def _card(report: RegressionReport) -> Html:
    measured, regressor = report.evaluation, report.regressor
    use = [
        f"It predicts {on_a_page(measured.target)} for {report.things} like those it was trained "
        "and measured on."
    ]
    if counts := report.counts.get("training"):
        use.append(f"It learned from {report.counted(sum(counts.values()))}.")
    learned = most_answers(regressor)
    limits = [
        f"It answers whatever it is asked. Most of what it learned from lay between "
        f"{learned}; far beyond, it guesses.",
        verdict(report)[1],
        caution(report),
        "An answer is one number, without a range of its own: RMSE and MAE say how far off answers "
        f"are on the whole, and for {report.things} from the same source only.",
    ]
    return element(
        "div",
        element("h3", "What it is for"),
        bullets(use),
        element("h3", "Limits"),
        bullets(limits),
    )


def _ends(values: Array) -> tuple[float, float]:
    """A little beyond the lowest and the highest."""
    low, high = float(values.min()), float(values.max())
    margin = 0.03 * (high - low) or max(abs(low), 1.0) * 0.1
    return low - margin, high + margin


def _edges(errors: Array) -> Array:
    """Bins around 0 that hold nearly all errors."""
    far = float(np.percentile(np.abs(errors), 99)) * 1.1 or 1.0
    edges: Array = np.linspace(-far, far, BINS + 1)
    return edges
