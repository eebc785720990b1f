"""The parts of a report on a predicted quantity: predicted against true values, and errors."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, cast

import numpy as np

from plainnet.data import Dataset
from plainnet.digits import mean_text, number, signed
from plainnet.metrics.regression import RegressionEvaluation
from plainnet.models import Model
from plainnet.models.answers import Answers
from plainnet.models.attribution import RowExplanation
from plainnet.models.quantity import Quantity
from plainnet.network import Array
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Bars, Line, Points, chart
from plainnet.reports.html import Html, table
from plainnet.reports.report_charts import SQUARE, Figure, charts
from plainnet.reports.report_data import ModelContext, Report
from plainnet.reports.sections import Section, Sections
from plainnet.reports.text import count

MOST_POINTS = 2000
"""Most dots in a chart; of more samples, a random choice is shown."""
MOST_ERRORS = 15
"""Most samples in the list of the largest errors."""
BINS = 24
"""Bars in the histogram of errors."""

NumberReport = Report[RegressionEvaluation]


class NumberSections(Sections[RegressionEvaluation]):
    """The parts of a report on a regressor."""

    hub_tasks: ClassVar = {False: "tabular-regression"}  # hubs have none for pictures
    usage = "predict({})", "in the unit of the target"
    onnx_answers = "to the number"

    def subject(self, context: ModelContext) -> str:
        """Name the target."""
        return f"predicts {context.names[0]}"

    def answers_row(self, answers: Answers, names: Sequence[str]) -> tuple[str, str]:
        """Give the target and its spread."""
        quantity = cast(Quantity, answers)
        unit = f"{mean_text(quantity.mean, quantity.scale)} in training"
        return "predicts", f"{names[0]}, {unit}"

    def task(self, context: ModelContext) -> str:
        """Describe the regression."""
        return f"predicts {context.names[0]}, a number"

    def right_answers(self, data: Dataset) -> str:
        """Give the range and the mean of the target."""
        ends = data.y.min(), data.y.max(), data.y.mean()
        low, high, mean = (number(end, to=data.y.std() / 100) for end in ends)
        return f"{data.target} from {low} to {high}, on average {mean}"

    def taken_for(self, data: Dataset) -> str:  # noqa: ARG002
        """Say that it is a number."""
        return "a number; --task classification predicts it as classes"

    def from_average(self, explanation: RowExplanation) -> str:
        """Give the answers for an average row and for this one."""
        begin, end = number(explanation.average), number(explanation.score)
        answer = float(explanation.answer)
        off = abs(explanation.score - answer) > 1e-3 * abs(explanation.evidence)
        bound = f", beyond the training targets; the answer is {number(answer)}" if off else ""
        return f"from {begin}, the answer for an average row, to {end}{bound}"

    def answered(self, answers: Answers, A: Array) -> str:
        """Give the number of one sample, or the mean of several."""
        mean = f"{answers.names[0]} {number(float(A.mean()))}"
        return mean if len(A) == 1 else f"{count(len(A))}, on average {mean}"

    def targets(self, model: Model, right: str | float | None) -> str:
        """Give the number and how it is standardized."""
        answers = cast(Quantity, model.answers)
        taken = "what the table says" if right is None else number(float(right))
        return f"right is {taken}; y = (right − {number(answers.mean)}) / {number(answers.scale)}"

    def limits(self, context: ModelContext) -> Iterator[str]:
        """Warn about extrapolation, and say what intervals hold for."""
        answers = cast(Quantity, context.model.answers)
        yield (
            "It answers for any input. Most targets in training were between "
            f"{usual_range(answers)}; far outside of this range, its answers are guesses."
        )
        yield interval_limit(answers, context)

    def sections(self, report: NumberReport) -> Iterator[Section]:
        """Yield charts and the largest errors."""
        yield Section("How well it answers", [charts(*self.figures(report))])
        yield Section("Largest errors", [_largest(report)])

    def figures(self, report: NumberReport) -> Iterator[Figure]:
        """Yield predicted against true values, and the distribution of errors."""
        yield _answers_figure(report)
        yield _errors_figure(report)


SECTIONS = NumberSections()


def usual_range(quantity: Quantity) -> str:
    """Return the ends between which most targets of the training lie."""
    mean, scale = quantity.mean, quantity.scale
    low, high = (number(mean + side * scale, to=scale / 100) for side in (-2, 2))
    return f"{low} and {high}"


def interval_limit(quantity: Quantity, context: ModelContext) -> str:
    """Say what prediction intervals hold for, or that there are none."""
    source = f"for {context.things} from the same source"
    if quantity.intervals.n:
        return (
            "A prediction interval, as of predict_interval or plainnet predict --interval 90, "
            f"holds as often as it says on average, and only {source}."
        )
    return (
        "An answer is one number without an interval: RMSE and MAE describe the errors as a whole, "
        f"and only {source}."
    )


def _answers_figure(report: NumberReport) -> Figure:
    y, answers = report.y, report.answers
    low, high = _ends(np.concatenate([y, answers]))
    shown, some = np.arange(len(y)), ""
    if len(y) > MOST_POINTS:
        shown = np.random.default_rng(0).choice(len(y), MOST_POINTS, replace=False)
        some = f" {MOST_POINTS:,} of {len(y):,} are shown, chosen at random."
    ideal = Line("ideal", [low, high], [low, high], series=0, dashed=True)
    svg = chart(
        "Predicted against true",
        Axis("true", low, high),
        Axis("predicted", low, high),
        [ideal],
        points=Points(y[shown], answers[shown]),
        height=SQUARE,
    )
    caption = f"Each dot is a {report.thing}; the closer to the line, the better.{some}"
    return Figure("answers", "Predicted against true", svg, caption)


def _errors_figure(report: NumberReport) -> Figure:
    errors = report.answers - report.y
    edges = _edges(errors)
    counts = np.histogram(np.clip(errors, edges[0], edges[-1]), edges)[0].astype(float)
    svg = chart(
        "Errors",
        Axis("predicted − true", edges[0], edges[-1]),
        Axis("", 0, float(counts.max()) * 1.05, "whole"),
        [],
        bars=Bars(edges, np.where(counts > 0, counts, np.nan), [""] * BINS),
        marks=[(0.0, "0")],
        height=SQUARE,
    )
    caption = (
        f"The number of {report.things} by error; to the right of 0 the prediction was too high. "
        "The first and last bar include all larger errors."
    )
    return Figure("errors", "Errors", svg, caption)


def _largest(report: NumberReport) -> Html:
    errors, to = report.answers - report.y, report.evaluation.rmse / 100
    worst = np.argsort(-np.abs(errors), kind="stable")[:MOST_ERRORS]
    rows = [
        (
            place,
            number(report.y[i], to=to),
            number(report.answers[i], to=to),
            signed(errors[i], to=to),
        )
        for i, place in zip(worst.tolist(), report.places(worst), strict=True)
    ]
    return table((report.place, "true", "predicted", "error"), rows, texts=())


def _ends(values: Array) -> tuple[float, float]:
    """Return limits a little beyond the lowest and the highest value."""
    low, high = float(values.min()), float(values.max())
    margin = 0.03 * (high - low) or max(abs(low), 1.0) * 0.1
    return low - margin, high + margin


def _edges(errors: Array) -> Array:
    """Return the edges of bins around 0 that hold nearly all errors."""
    far = float(np.percentile(np.abs(errors), 99)) * 1.1 or 1.0
    edges: Array = np.linspace(-far, far, BINS + 1)
    return edges
