"""The course of a training: loss and other metrics by epoch."""

from collections.abc import Sequence
from math import floor
from typing import Any

import numpy as np

from plainnet.errors import DataError, SettingError
from plainnet.models import Model
from plainnet.network import Array
from plainnet.plots.plot import Plot, plot_of
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, chart
from plainnet.reports.html import Html
from plainnet.reports.report_charts import loss_axis
from plainnet.training import Epoch

USUAL = ("loss", "accuracy", "RMSE")
"""The metrics that are drawn if they were recorded, unless others are named."""


def plot_history(
    history: Model | Sequence[Epoch], *, metrics: str | Sequence[str] | None = None
) -> Plot:
    """Draw loss and other metrics by epoch: a chart for each metric.

    The loss of the training is dashed; it is the mean over an epoch's batches, each before its
    step. Everything else was measured on the validation samples after the epoch. Each network of an
    ensemble has a line of its own. The best epoch of a model with one network is marked.

    >>> from plainnet import Adam, Epoch
    >>> plot_history([Epoch(1, 10, 0.7, 0.01, 0.1), Epoch(2, 20, 0.5, 0.01, 0.1)])
    <Plot: loss by epoch: 0.7 in epoch 1, 0.5 in epoch 2>

    Args:
        history: a trained `Classifier` or `Regressor`, or what `fit` returned.
        metrics: names of recorded metrics, such as `loss`, `accuracy`; None: the loss, and accuracy
            or RMSE where they were recorded.

    Raises:
        DataError: there are no epochs, as in a loaded model.
        SettingError: a metric was not recorded.
    """
    model: Any = history if hasattr(history, "history") else None
    epochs: Any = history if model is None else model.history
    if not epochs:
        raise DataError("There is no history: a loaded model has none, its run's report shows it.")
    runs, names = _runs(epochs), _names(epochs, metrics)
    best = model.best_epoch if model is not None and len(runs) == 1 else None
    marks = [] if best is None else [(best.number, f"epoch {best.number} kept")]
    first, last = epochs[0], epochs[-1]
    about = ", ".join(
        f"{name} by epoch: {ends}" for name in names if (ends := _ends(name, first, last))
    )
    return plot_of(about, [_chart(name, runs, marks) for name in names])


def _runs(history: Sequence[Epoch]) -> list[list[Epoch]]:
    """Return the epochs of each network; the numbers of each begin again."""
    runs: list[list[Epoch]] = []
    for epoch in history:
        if not runs or epoch.number <= runs[-1][-1].number:
            runs.append([])
        runs[-1].append(epoch)
    return runs


def _names(history: Sequence[Epoch], metrics: str | Sequence[str] | None) -> list[str]:
    recorded = {"loss", *(name for epoch in history for name in epoch.validation)}
    if metrics is None:
        return [name for name in USUAL if name in recorded]
    names = [metrics] if isinstance(metrics, str) else [*metrics]
    for name in names:
        if name not in recorded:
            raise SettingError(f"No {name!r} was recorded, only {', '.join(sorted(recorded))}.")
    return names


def _chart(name: str, runs: list[list[Epoch]], marks: list[tuple[float, str]]) -> Html:
    lines = []
    for i, run in enumerate(runs):
        x = [epoch.number for epoch in run]
        if name == "loss":
            label = "training" if i == 0 else ""
            lines.append(Line(label, x, [epoch.loss for epoch in run], series=2, dashed=True))
        watched = [epoch.validation.get(name, np.nan) for epoch in run]
        if np.isfinite(watched).any():
            lines.append(Line("validation" if i == 0 else "", x, watched))
    ends = [epoch.number for run in runs for epoch in run]
    low, high = min(ends), max(ends)
    x_axis = Axis("epoch", min(low, high - 1), high, "whole")
    y_axis = _y_axis(name, np.concatenate([np.asarray(line.y, float) for line in lines]))
    return chart(f"{name} by epoch", x_axis, y_axis, lines, marks=marks)


def _y_axis(name: str, values: Array) -> Axis:
    if name == "accuracy":
        lowest = np.nanmin(values)
        return Axis(name, floor(10 * lowest - 1e-9) / 10 if lowest > 0.4 else 0, 1, "percent")
    finite = values[np.isfinite(values)]
    if finite.min() < 0:
        return Axis(name, float(finite.min()), float(finite.max()))
    return loss_axis(values, name)


def _ends(name: str, first: Epoch, last: Epoch) -> str:
    ends = [
        (epoch.number, epoch.loss if name == "loss" else epoch.validation.get(name, np.nan))
        for epoch in (first, last)
    ]
    return ", ".join(f"{value:.4g} in epoch {number}" for number, value in dict(ends).items())
