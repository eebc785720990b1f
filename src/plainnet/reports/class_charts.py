"""The charts of a classifier: confusion matrix, ROC, precision and recall, calibration."""

from collections.abc import Callable, Iterator, Mapping
from math import floor

import numpy as np

from plainnet.digits import percent
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.curves import Curve, calibration, precision_recall_curve, roc_curve
from plainnet.network import Array
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Bars, Line, chart
from plainnet.reports.matrix import confusion_chart
from plainnet.reports.report_charts import SQUARE, Figure
from plainnet.reports.report_data import Report
from plainnet.reports.widths import shortened

MOST_IN_A_MATRIX = 20
"""Classes. Of more, the largest confusions are listed instead."""
MOST_BESIDE = 10
"""Classes whose matrix can stand beside another chart."""
MOST_CURVES = 4

ClassReport = Report[ClassificationEvaluation]


def confusion_figures(report: ClassReport) -> Iterator[Figure]:
    """The confusion matrix, unless there are more classes than one can read in it."""
    if len(report.names) <= MOST_IN_A_MATRIX:
        svg = confusion_chart("Confusion matrix", report.names, report.evaluation.confusion)
        caption = "How often each class (row) was answered as each class (column). Correct answers "
        caption += (
            "are blue, wrong ones red; the deeper the colour, the larger the share of the row."
        )
        wide = len(report.names) > MOST_BESIDE
        yield Figure("confusion", "Confusion matrix", svg, caption, wide)


def curve_figures(report: ClassReport) -> Iterator[Figure]:
    """ROC and precision-recall, unless the samples are all of one class."""
    if len(np.unique(report.y)) < 2:
        return
    curves = _curves(report, roc_curve)
    x, y = Axis("false positive rate", 0, 1, "percent"), Axis("true positive rate", 0, 1, "percent")
    chance = Line("", [0, 1], [0, 1], series=0, dashed=True)
    svg = chart("ROC curve", x, y, [chance, *_lines(report, curves)], height=SQUARE)
    caption = (
        "The share of a class that is found, against the share of the others that are taken for "
        "it, at each threshold of the probability. Up and to the left is better; the dashed line "
        f"is chance. {_shown(report, curves)}"
    )
    yield Figure("roc", "ROC curve", svg, caption)
    curves = _curves(report, precision_recall_curve)
    x, y = Axis("recall", 0, 1, "percent"), Axis("precision", 0, 1, "percent")
    svg = chart("Precision-recall curve", x, y, _lines(report, curves), height=SQUARE)
    caption = (
        "Precision: of the answers with a class, the share that is correct. Recall: of the samples "
        "of a class, the share that is found. Up and to the right is better. The number is the "
        f"average precision. {_shown(report, curves)}"
    )
    yield Figure("precision-recall", "Precision and recall", svg, caption)


def calibration_figure(report: ClassReport) -> Figure:
    """How often answers of a certain probability are correct."""
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
        "How often answers of a certain probability are correct; ideally as often as the "
        "probability says. The number in a bar is how many answers it stands for. Expected "
        f"calibration error {percent(found.error)}: the mean distance from the dashed line."
    )
    if (heat := report.model.temperature) != 1:
        caption += f" A temperature of {heat:.2f}, fitted to the validation samples, is included"
        caption += ", so on these it looks a little better." if report.part == "validation" else "."
    return Figure("calibration", "Calibration", svg, caption)


def _curves(report: ClassReport, of: Callable[..., Curve]) -> dict[int, Curve]:
    """The curve of each class that has samples; of two classes, that of class 1."""
    numbers = [1] if len(report.names) == 2 else np.unique(report.y).tolist()
    w = report.data.weights
    return {k: of(report.y == k, report.A[:, k], w) for k in numbers}


def _lines(report: ClassReport, curves: Mapping[int, Curve]) -> list[Line]:
    """All of them, or the worst and the best one."""
    order = sorted(curves, key=lambda k: curves[k].area)
    if len(order) > MOST_CURVES:
        order = [*order[: MOST_CURVES - 1], order[-1]]
    return [
        Line(f"{shortened(report.names[k], 30)}: {curves[k].area:.3f}", *_xy(curves[k]), i + 1)
        for i, k in enumerate(order)
    ]


def _xy(curve: Curve) -> tuple[Array, Array]:
    return curve.x, curve.y


def _shown(report: ClassReport, curves: Mapping[int, Curve]) -> str:
    """Which classes the curves are of, and their mean."""
    if len(report.names) == 2:
        return ""
    mean = np.mean([curve.area for curve in curves.values()])
    few = len(curves) > MOST_CURVES
    which = f"the {MOST_CURVES - 1} lowest and the highest of" if few else "all"
    return (
        f"Each class against the rest; shown are {which} {len(curves)}, their mean is {mean:.3f}."
    )


def _short(n: int) -> str:
    """At most four characters, for a bar is narrow."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if n >= size * 0.9995:
            return f"{n / size:.{int(n < 9.95 * size)}f}{letter}"
    return f"{n}"
