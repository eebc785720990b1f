"""A learning curve as text and as a chart, and how sure few samples make one."""

import numpy as np

from plainnet.metrics.evaluation import Score
from plainnet.metrics.learning_curve import LearningCurve
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Band, Line, chart
from plainnet.reports.report_charts import Figure
from plainnet.reports.text import table

FEW = 100
"""The number of samples of a class below which a result is said to be uncertain."""


def curve_text(curve: LearningCurve, score: Score, things: str) -> str:
    """Return a table of sizes and scores, and a sentence on twice as many samples."""
    rows = [
        (f"{n:,.0f}", score.written(mean), f"{score.written(low)} to {score.written(high)}")
        for n, mean, (low, high) in zip(
            curve.sizes, curve.means, curve.intervals.tolist(), strict=True
        )
    ]
    header = (f"training {things}", score.name, "95 % interval")
    return f"{table(header, rows, texts=())}\n{twice(curve, score, things)}"


def twice(curve: LearningCurve, score: Score, things: str) -> str:
    """Say what twice as many samples would give."""
    n = 2 * float(curve.sizes[-1])
    low, high = map(score.written, curve.interval_at(n))
    return (
        f"Twice as many {things} would give about {score.written(curve.at(n))} ({low} to {high}), "
        "if they are of the same kind."
    )


def how_sure(score: Score, least: int, things: str) -> str:
    """Say how uncertain a score of few samples is; "" if there are enough.

    Args:
        score: the first score.
        least: the number of samples of the rarest class.
        things: the word for samples.
    """
    if least >= FEW or score.interval is None or np.isnan(score.interval[0]):
        return ""
    return (
        f"Measured on {least:,} {things} a class, {score.text} can be anything from "
        f"{score.written(score.interval[0])} to {score.written(score.interval[1])}; four times as "
        "many would halve that."
    )


def curve_figure(curve: LearningCurve, score: Score, things: str) -> Figure:
    """Draw the scores by the number of training samples, and the power law to twice as many."""
    n, last = curve.sizes, float(curve.sizes[-1])
    ahead = np.geomspace(n[0], 2 * last, 40)
    law = np.array([curve.at(one) for one in ahead])
    low, high = curve.intervals.T
    values = np.concatenate([law, low, high])
    share = curve.higher_is_better
    bottom, top = float(values.min()), float(values.max())
    gap = (top - bottom) / 10 or 0.01
    y = Axis("", max(bottom - gap, 0), min(top + gap, 1) if share else top + gap)
    if share:
        y = Axis("", y.low, y.high, "percent")
    svg = chart(
        f"{score.name} by the number of training {things}",
        Axis(f"training {things}", float(n[0]), 2 * last, "log"),
        y,
        [
            Line("power law", ahead, law, series=2, dashed=True),
            Line("measured", n, curve.means),
        ],
        band=Band(n, low, high),
    )
    caption = (
        f"The mean over the folds with its 95 % interval, and a + b · n^(−c) fitted to the error. "
        f"{twice(curve, score, things)}"
    )
    return Figure("learning-curve", "What more would give", svg, caption)
