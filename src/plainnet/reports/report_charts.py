"""The charts of a report, each with a title and a caption that explains it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np

from plainnet.metrics.evaluation import Evaluation
from plainnet.network import Array
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, chart
from plainnet.reports.html import Html, element
from plainnet.reports.report_data import Report

SQUARE = 300
"""Height of a square chart, without its numbers and legend, in pixels."""


@dataclass(frozen=True)
class Figure:
    """A chart with its title and caption."""

    name: str
    """Name of its file, without the ending."""
    title: str
    svg: Html
    caption: str
    wide: bool = False
    """Whether it needs the whole width of a page."""

    def html(self) -> Html:
        """Return the figure as a part of a page."""
        title, caption = element("h3", self.title), element("figcaption", self.caption)
        svg = element("div", self.svg, class_="scroll")
        return element("figure", title, svg, caption, class_="wide" if self.wide else "narrow")


def charts(*figures: Figure) -> Html:
    """Put figures side by side where there is room; without figures, return ""."""
    shown = [figure.html() for figure in figures]
    return element("div", *shown, class_="charts") if shown else Html("")


def learning_figures(report: Report[Evaluation]) -> Iterator[Figure]:
    """Yield loss and accuracy or RMSE by epoch, with a mark at the best epoch."""
    rows = report.history
    if not rows:
        return
    epochs = _column(rows, "epoch")
    x = Axis("epoch", min(epochs[0], epochs[-1] - 1), epochs[-1], "whole")
    kept = report.kept_epoch
    marks = [] if kept is None else [(kept, f"epoch {kept} kept")]
    loss, watched = _column(rows, "loss"), _column(rows, "validation_loss")
    lines = [Line("training", epochs, loss, series=2, dashed=True)]
    caption = "Lower is better. The mean over the epoch's batches, each before its step."
    if np.isfinite(watched).any():
        lines.append(Line("validation", epochs, watched))
        caption = (
            "Lower is better. Training: the mean over the epoch's batches, each before its step, "
            "with any dropout and augmentation. Validation: at the end of the epoch. If the "
            "validation loss rises while the training loss falls, the network is overfitting: it "
            "memorizes its training samples."
        )
    svg = chart("Loss by epoch", x, loss_axis(np.append(loss, watched)), lines, marks=marks)
    yield Figure("loss", "Loss", svg, caption)
    rmse = _column(rows, "validation_RMSE")
    if np.isfinite(rmse).any():
        line = Line("validation", epochs, rmse)
        svg = chart("RMSE by epoch", x, loss_axis(rmse), [line], marks=marks)
        caption = "The root of the mean squared error on the validation samples, in the unit of "
        yield Figure("rmse", "RMSE", svg, f"{caption}what is predicted. Lower is better.")
    accuracy = _column(rows, "validation_accuracy")
    if np.isfinite(accuracy).any():
        lines = [Line("validation", epochs, accuracy)]
        counts = report.counts.get("validation")
        if len(counts or ()) < 2:  # there are several targets
            counts = None
        if counts:
            always = np.full(len(rows), max(counts.values()) / sum(counts.values()))
            lines.insert(0, Line("baseline", epochs, always, series=0, dashed=True))
        lowest = min(np.nanmin(line.y) for line in lines)
        low = floor(10 * lowest - 1e-9) / 10 if lowest > 0.4 else 0
        y = Axis("", low, 1, "percent")
        svg = chart("Validation accuracy by epoch", x, y, lines, marks=marks)
        caption = "Accuracy on the validation samples after each epoch"
        caption += "; the baseline is that of always giving the most frequent class." * bool(counts)
        yield Figure("accuracy", "Accuracy", svg, caption + "." * (not counts))


def loss_axis(values: Array, label: str = "") -> Axis:
    """Return an axis from 0, or a logarithmic one if most of the curve would lie flat at 0."""
    values = values[np.isfinite(values)]
    high, low = float(values.max()), float(values.min())
    if low > 0 and high > 12 * np.median(values):
        return Axis(label, low / 1.1, high * 1.1, "log")
    return Axis(label, 0, high * 1.05 or 1)


def _column(rows: Sequence[Mapping[str, float]], name: str) -> Array:
    """Return one metric of each epoch, NaN where it was not measured."""
    return np.array([row.get(name, np.nan) for row in rows], np.float64)
