"""The charts of a report, each with its title and how to read it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np

from plainnet.metrics.curves import Curve, calibration, precision_recall_curve, roc_curve
from plainnet.network import Array
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Bars, Line, chart
from plainnet.reports.html import Html, element
from plainnet.reports.material import Material, Report
from plainnet.reports.matrix import confusion_chart
from plainnet.reports.text import percent
from plainnet.reports.widths import shortened

MOST_IN_A_MATRIX = 20
"""Classes. Of more, the largest confusions are told instead."""
MOST_BESIDE = 10
"""Classes whose matrix can stand beside another chart."""
MOST_CURVES = 4
SQUARE = 300
"""Height of a chart whose two axes are alike."""


@dataclass(frozen=True)
class Figure:
    """A chart, and what stands around it."""

    name: str
    """Of its file, without the ending."""
    title: str
    svg: Html
    caption: str
    wide: bool = False
    """Whether it needs the whole width of a page."""

    def html(self) -> Html:
        """As it stands in a page."""
        title, caption = element("h3", self.title), element("figcaption", self.caption)
        svg = element("div", self.svg, class_="scroll")
        return element("figure", title, svg, caption, class_="wide" if self.wide else "narrow")


def charts(*figures: Figure) -> Html:
    """Several, side by side where there is room; "" of none."""
    shown = [figure.html() for figure in figures]
    return element("div", *shown, class_="charts") if shown else Html("")


def all_figures(report: Report) -> list[Figure]:
    """Every chart that there is something to show in."""
    return [
        *learning_figures(report),
        *confusion_figures(report),
        *curve_figures(report),
        calibration_figure(report),
    ]


def learning_figures(report: Material) -> Iterator[Figure]:
    """Loss, and accuracy or RMSE, over the epochs, with a mark at the epoch that was kept."""
    rows = report.history
    if not rows:
        return
    epochs = _column(rows, "epoch")
    x = Axis("epoch", min(epochs[0], epochs[-1] - 1), epochs[-1], "whole")
    kept = report.kept_epoch
    marks = [] if kept is None else [(kept, f"kept: {kept}")]
    loss, watched = _column(rows, "loss"), _column(rows, "validation_loss")
    lines = [Line("training", epochs, loss, series=2, dashed=True)]
    caption = "Lower is better. The mean over the epoch's batches, each before its step."
    if np.isfinite(watched).any():
        lines.append(Line("validation", epochs, watched))
        caption = (
            "Lower is better. Training: the mean over the epoch's batches, each before its step, "
            "under the training's own difficulties such as dropout. Validation: at the end of the "
            "epoch. Where the validation loss rises while the other falls, the network learns its "
            "training samples by heart."
        )
    svg = chart("Loss by epoch", x, _loss_axis(np.append(loss, watched)), lines, marks=marks)
    yield Figure("loss", "Loss", svg, caption)
    rmse = _column(rows, "validation_RMSE")
    if np.isfinite(rmse).any():
        line = Line("validation", epochs, rmse)
        svg = chart("RMSE by epoch", x, _loss_axis(rmse), [line], marks=marks)
        caption = "The root of the mean squared error on the validation samples, in the unit of "
        yield Figure("rmse", "RMSE", svg, f"{caption}what is predicted. Lower is better.")
    accuracy = _column(rows, "validation_accuracy")
    if np.isfinite(accuracy).any():
        lines = [Line("validation", epochs, accuracy)]
        if counts := report.counts.get("validation"):
            always = np.full(len(rows), max(counts.values()) / sum(counts.values()))
            lines.insert(0, Line("always one answer", epochs, always, series=0, dashed=True))
        lowest = min(np.nanmin(line.y) for line in lines)
        low = floor(10 * lowest - 1e-9) / 10 if lowest > 0.4 else 0
        y = Axis("", low, 1, "percent")
        svg = chart("Validation accuracy by epoch", x, y, lines, marks=marks)
        caption = "The share of the validation samples answered rightly after each epoch."
        yield Figure("accuracy", "Accuracy", svg, caption)


def confusion_figures(report: Report) -> Iterator[Figure]:
    """The confusion matrix, unless there are more classes than one can read in it."""
    if len(report.classes) <= MOST_IN_A_MATRIX:
        svg = confusion_chart("Confusion matrix", report.classes, report.evaluation.confusion)
        caption = "Each row is a right class. Blue was answered rightly, red was not; the deeper "
        caption += "the colour, the larger the share of the row."
        wide = len(report.classes) > MOST_BESIDE
        yield Figure("confusion", "What was taken for what", svg, caption, wide)


def curve_figures(report: Report) -> Iterator[Figure]:
    """ROC and precision-recall, unless the samples are all of one class."""
    if len(np.unique(report.y)) < 2:
        return
    curves = _curves(report, roc_curve)
    x, y = Axis("of the others, called so", 0, 1, "percent"), Axis("found", 0, 1, "percent")
    chance = Line("", [0, 1], [0, 1], series=0, dashed=True)
    svg = chart("ROC curve", x, y, [chance, *_lines(report, curves)], height=SQUARE)
    told = "How many of a class are found, against how many others are taken for it, at each "
    told += "threshold of the probability. Up and to the left is better; the dashed line is chance."
    yield Figure("roc", "ROC", svg, f"{told} {_shown(report, curves)}")
    curves = _curves(report, precision_recall_curve)
    x, y = Axis("recall: found", 0, 1, "percent"), Axis("precision", 0, 1, "percent")
    svg = chart("Precision-recall curve", x, y, _lines(report, curves), height=SQUARE)
    told = "Of the samples called so, how many are (precision), against how many are found "
    told += "(recall). Up and to the right is better. The number is the average precision."
    yield Figure(
        "precision-recall", "Precision and recall", svg, f"{told} {_shown(report, curves)}"
    )


def calibration_figure(report: Report) -> Figure:
    """How sure the answers were, and how often they were right then."""
    found = calibration(report.y, report.P, weights=report.data.weights)
    lowest = floor(10 / len(report.classes)) / 10  # the most probable of K has at least 1 / K
    bins = found.edges[:-1] >= lowest - 1e-9
    edges, counts = found.edges[np.append(bins, True)], found.counts[bins].tolist()
    ideal = Line("as sure as right", [lowest, 1], [lowest, 1], series=0, dashed=True)
    svg = chart(
        "Calibration",
        Axis("probability of the answer", lowest, 1, "percent"),
        Axis("answered rightly", 0, 1, "percent"),
        [ideal],
        bars=Bars(edges, found.accuracy[bins], [_short(n) if n else "" for n in counts]),
        height=SQUARE,
    )
    caption = (
        "Of the answers given with such a probability, how many were right? The number in a bar "
        f"is how many answers it stands for. Expected calibration error {percent(found.error)}: "
        "the mean distance from the dashed line."
    )
    if (heat := report.classifier.temperature) != 1:
        caption += f" A temperature of {heat:.2f}, fitted to the validation samples, is included"
        caption += ", so on these it looks a little better." if report.part == "validation" else "."
    return Figure("calibration", "As sure as right?", svg, caption)


def _curves(report: Report, of: Callable[..., Curve]) -> dict[int, Curve]:
    """The curve of each class that has samples; of two classes, that of class 1."""
    numbers = [1] if len(report.classes) == 2 else np.unique(report.y).tolist()
    w = report.data.weights
    return {k: of(report.y == k, report.P[:, k], w) for k in numbers}


def _lines(report: Report, curves: Mapping[int, Curve]) -> list[Line]:
    """All of them, or the worst and the best one."""
    order = sorted(curves, key=lambda k: curves[k].area)
    if len(order) > MOST_CURVES:
        order = [*order[: MOST_CURVES - 1], order[-1]]
    return [
        Line(f"{shortened(report.classes[k], 30)}: {curves[k].area:.3f}", *_xy(curves[k]), i + 1)
        for i, k in enumerate(order)
    ]


def _xy(curve: Curve) -> tuple[Array, Array]:
    return curve.x, curve.y


def _shown(report: Report, curves: Mapping[int, Curve]) -> str:
    """Which classes the curves are of, and their mean."""
    if len(report.classes) == 2:
        return ""
    mean = np.mean([curve.area for curve in curves.values()])
    few = len(curves) > MOST_CURVES
    which = f"the {MOST_CURVES - 1} lowest and the highest of" if few else "all"
    return (
        f"Each class against the rest; shown are {which} {len(curves)}, their mean is {mean:.3f}."
    )


def _loss_axis(values: Array) -> Axis:
    """From 0, or logarithmic where most of the curve would lie flat on the ground."""
    values = values[np.isfinite(values)]
    high, low = float(values.max()), float(values.min())
    if low > 0 and high > 12 * np.median(values):
        return Axis("", low / 1.1, high * 1.1, "log")
    return Axis("", 0, high * 1.05 or 1)


def _column(rows: Sequence[Mapping[str, float]], name: str) -> Array:
    """One figure of each epoch, NaN where it was not measured."""
    return np.array([row.get(name, np.nan) for row in rows], np.float64)


def _short(n: int) -> str:
    """At most four characters, for a bar is narrow."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if n >= size * 0.9995:
            return f"{n / size:.{int(n < 9.95 * size)}f}{letter}"
    return f"{n}"
