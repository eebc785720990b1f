"""What reports say of predicted numbers only: predicted against true, and the errors."""

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
"""Dots of a chart, drawn at random from more."""
MOST_ERRORS = 15
BINS = 24

NumberReport = Report[RegressionEvaluation]


class NumberSections(Sections[RegressionEvaluation]):
    """What is said of a regressor."""

    hub_tasks: ClassVar = {False: "tabular-regression"}  # none of numbers from pictures
    usage = "predict({})", "in the unit of the target"
    onnx_answers = "to the number"

    def subject(self, context: ModelContext) -> str:
        """The target."""
        return f"predicts {context.names[0]}"

    def answers_row(self, answers: Answers, names: Sequence[str]) -> tuple[str, str]:
        """The target and its unit."""
        quantity = cast(Quantity, answers)
        unit = f"{mean_text(quantity.mean, quantity.scale)} in training"
        return "predicts", f"{names[0]}, {unit}"

    def task(self, context: ModelContext) -> str:
        """The target."""
        return f"predicts {context.names[0]}, a number"

    def right_answers(self, data: Dataset) -> str:
        """In what range the numbers lie."""
        ends = data.y.min(), data.y.max(), data.y.mean()
        low, high, mean = (number(end, to=data.y.std() / 100) for end in ends)
        return f"{data.target} from {low} to {high}, on average {mean}"

    def taken_for(self, data: Dataset) -> str:  # noqa: ARG002
        """A number."""
        return "a number; --task classification makes classes of it"

    def from_average(self, told: RowExplanation) -> str:
        """The numbers."""
        begin, end = number(told.average), number(told.score)
        return f"from {begin}, the answer for an average row, to {end}"

    def answered(self, answers: Answers, A: Array) -> str:
        """The number of one sample, or the mean."""
        mean = f"{answers.names[0]} {number(float(A.mean()))}"
        return mean if len(A) == 1 else f"{count(len(A))}, on average {mean}"

    def targets(self, model: Model, right: str | float | None) -> str:
        """The number, and how it is standardized."""
        answers = cast(Quantity, model.answers)
        taken = "what the table says" if right is None else number(float(right))
        return f"right is {taken}; y = (right − {number(answers.mean)}) / {number(answers.scale)}"

    def limits(self, context: ModelContext) -> Iterator[str]:
        """Where it guesses, and what it does not say."""
        answers = cast(Quantity, context.model.answers)
        mean, scale = answers.mean, answers.scale
        low, high = (number(mean + side * scale, to=scale / 100) for side in (-2, 2))
        yield (
            f"It answers whatever it is asked. Most of what it learned from lay between {low} and "
            f"{high}; far beyond, it guesses."
        )
        yield (
            "An answer is one number, without a range of its own: RMSE and MAE say how far off "
            f"answers are on the whole, and for {context.things} from the same source only."
        )

    def sections(self, report: NumberReport) -> Iterator[Section]:
        """Charts, and the largest errors."""
        yield Section("How it answers", [charts(*self.figures(report))])
        yield Section("Largest errors", [_largest(report)])

    def figures(self, report: NumberReport) -> Iterator[Figure]:
        """Predicted against true, and how the errors are distributed."""
        yield _answers_figure(report)
        yield _errors_figure(report)


SECTIONS = NumberSections()


def _answers_figure(report: NumberReport) -> Figure:
    y, answers = report.y, report.answers
    low, high = _ends(np.concatenate([y, answers]))
    shown, some = np.arange(len(y)), ""
    if len(y) > MOST_POINTS:
        shown = np.random.default_rng(0).choice(len(y), MOST_POINTS, replace=False)
        some = f" Shown are {MOST_POINTS:,} of {len(y):,}, drawn at random."
    ideal = Line("ideal", [low, high], [low, high], series=0, dashed=True)
    svg = chart(
        "Predicted against true",
        Axis("true", low, high),
        Axis("predicted", low, high),
        [ideal],
        points=Points(y[shown], answers[shown]),
        height=SQUARE,
    )
    caption = f"Each dot is a {report.thing}: the closer to the line, the better predicted.{some}"
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
        f"How many {report.things} were predicted how far off; to the right of 0 the prediction "
        "was too high. What is farther off than the chart is wide is counted in its last bar."
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
    """A little beyond the lowest and the highest."""
    low, high = float(values.min()), float(values.max())
    margin = 0.03 * (high - low) or max(abs(low), 1.0) * 0.1
    return low - margin, high + margin


def _edges(errors: Array) -> Array:
    """Bins around 0 that hold nearly all errors."""
    far = float(np.percentile(np.abs(errors), 99)) * 1.1 or 1.0
    edges: Array = np.linspace(-far, far, BINS + 1)
    return edges
