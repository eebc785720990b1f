"""The charts of a classifier: confusion matrix, ROC, precision and recall, calibration."""

from collections.abc import Callable, Iterator, Mapping
from math import floor

import numpy as np

from plainnet.digits import percent
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.curves import Curve, calibration, precision_recall_curve, roc_curve
from plainnet.metrics.selective import coverage_curve
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Bars, Line, chart
from plainnet.reports.matrix import confusion_chart
from plainnet.reports.report_charts import SQUARE, Figure
from plainnet.reports.report_data import Report
from plainnet.reports.widths import shortened

MOST_IN_A_MATRIX = 20
"""Most classes in a confusion matrix; with more, the largest confusions are listed instead."""
MOST_BESIDE = 10
"""Most classes of a matrix that fits beside another chart."""
MOST_CURVES = 4
"""Most curves in one chart."""

ClassReport = Report[ClassificationEvaluation]


def confusion_figures(report: ClassReport) -> Iterator[Figure]:
    """Yield the confusion matrix, unless there are too many classes to read it."""
    if len(report.names) <= MOST_IN_A_MATRIX:
        svg = confusion_chart("Confusion matrix", report.names, report.evaluation.confusion)
        caption = (
            "Rows: the true class; columns: the predicted class. Correct answers are blue, wrong "
            "ones red; the deeper the colour, the larger the share of the row."
        )
        wide = len(report.names) > MOST_BESIDE
        yield Figure("confusion", "Confusion matrix", svg, caption, wide)


def curve_figures(report: ClassReport) -> Iterator[Figure]:
    """Yield the ROC and precision-recall curves, unless all samples are of one class."""
    if len(np.unique(report.y)) < 2:
        return
    curves = _curves(report, roc_curve)
    x, y = Axis("false positive rate", 0, 1, "percent"), Axis("true positive rate", 0, 1, "percent")
    chance = Line("", [0, 1], [0, 1], series=0, dashed=True)
    svg = chart("ROC curve", x, y, [chance, *_lines(report, curves)], height=SQUARE)
    caption = (
        "At each threshold of the probability: the share of a class that is found, against the "
        "share of the other classes mistaken for it. Up and to the left is better; the dashed "
        f"line is chance. {_shown(report, curves)}"
    )
    yield Figure("roc", "ROC curve", svg, caption)
    curves = _curves(report, precision_recall_curve)
    x, y = Axis("recall", 0, 1, "percent"), Axis("precision", 0, 1, "percent")
    svg = chart("Precision-recall curve", x, y, _lines(report, curves), height=SQUARE)
    caption = (
        "Precision: of the samples predicted as a class, the share that belongs to it. Recall: of "
        "the samples of a class, the share predicted as it. Up and to the right is better. The "
        f"number is the average precision. {_shown(report, curves)}"
    )
    yield Figure("precision-recall", "Precision and recall", svg, caption)


def coverage_figure(report: ClassReport) -> Figure:
    """Draw the accuracy of the most confident answers against their share."""
    sure = report.A[np.arange(report.n), report.answers].astype(np.float64)
    x, y = coverage_curve(sure, report.answers == report.y, report.data.weights)
    accuracy = float(y[-1])
    low = min(floor(10 * min(y.min(), accuracy) - 1e-9) / 10, 0.9)
    svg = chart(
        "Accuracy by coverage",
        Axis("share answered, the most confident first", 0, 1, "percent"),
        Axis("accuracy of these", low, 1, "percent"),
        [
            Line("all answers", [0, 1], [accuracy] * 2, series=0, dashed=True),
            Line("", [0, *x], [y[0], *y]),
        ],
        height=SQUARE,
    )
    some = [
        f"{percent(y[np.searchsorted(x, share)])} of the surest {share:.0%}"
        for share in (0.5, 0.8, 0.9, 0.95)
    ]
    command = ", as `plainnet predict --unsure` does" if report.model.refusal else ""
    caption = (
        f"What it would gain to withhold the least confident answers{command}. Right are "
        f"{', '.join(some)}; of all {percent(accuracy)}."
    )
    return Figure("coverage", "Answering only when sure", svg, caption)


def calibration_figure(report: ClassReport) -> Figure:
    """Draw accuracy against predicted probability."""
    found = calibration(report.y, report.A, weights=report.data.weights)
    lowest = floor(10 / len(report.names)) / 10  # the most probable of K has at least 1 / K
    bins = found.edges[:-1] >= lowest - 1e-9
    edges, counts = found.edges[np.append(bins, True)], found.counts[bins].tolist()
    ideal = Line("ideal", [lowest, 1], [lowest, 1], series=0, dashed=True)
    svg = chart(
        "Calibration",
        Axis("probability of the answer", lowest, 1, "percent"),
        Axis("accuracy", 0, 1, "percent"),
        [ideal],
        bars=Bars(edges, found.accuracy[bins], [_short(n) if n else "" for n in counts]),
        height=SQUARE,
    )
    caption = (
        "How often answers with a given probability are correct; ideally, as often as the "
        "probability says. The number in a bar counts its answers. Expected calibration error "
        f"{percent(found.error)}: the mean distance from the dashed line."
    )
    if (temperature := report.model.temperature) != 1 and report.part != "folds":
        caption += f" Logits are divided by a temperature of {temperature:.2f}, fitted to the "
        caption += "validation samples"
        caption += "; on these it looks a little better." if report.part == "validation" else "."
    return Figure("calibration", "Calibration", svg, caption)


def _curves(report: ClassReport, of: Callable[..., Curve]) -> dict[int, Curve]:
    """Compute the curve of each class that has samples; of two classes, that of class 1."""
    numbers = [1] if len(report.names) == 2 else np.unique(report.y).tolist()
    w = report.data.weights
    return {k: of(report.y == k, report.A[:, k], w) for k in numbers}


def _lines(report: ClassReport, curves: Mapping[int, Curve]) -> list[Line]:
    """Return all curves, or the worst ones and the best."""
    order = sorted(curves, key=lambda k: curves[k].area)
    if len(order) > MOST_CURVES:
        order = [*order[: MOST_CURVES - 1], order[-1]]
    return [
        Line(f"{shortened(report.names[k], 30)}: {curve.area:.3f}", curve.x, curve.y, i)
        for i, (k, curve) in enumerate(((k, curves[k]) for k in order), 1)
    ]


def _shown(report: ClassReport, curves: Mapping[int, Curve]) -> str:
    """Say which classes are shown, and the mean over all."""
    if len(report.names) == 2:
        return ""
    mean = np.mean([curve.area for curve in curves.values()])
    few = len(curves) > MOST_CURVES
    which = f"the {MOST_CURVES - 1} lowest and the highest of" if few else "all"
    return f"Each class against the rest: {which} {len(curves)}; their mean is {mean:.3f}."


def _short(n: int) -> str:
    """Write a count in at most four characters, since a bar is narrow."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if n >= size * 0.9995:
            return f"{n / size:.{int(n < 9.95 * size)}f}{letter}"
    return f"{n}"
