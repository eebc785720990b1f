"""The answers of a model as colours over two features, with samples on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plainnet.errors import DataError, SettingError, ShapeError
from plainnet.network import Array, Network
from plainnet.plots.plot import Plot, plot_of
from plainnet.reports.axes import Axis
from plainnet.reports.charts import Line, Points, Surface, chart
from plainnet.reports.text import on_a_page

STEPS = 90
"""Cells of the surface from left to right, and from below to above."""
SHADES = 16
"""Steps of a colour."""
SERIES = (2, 1, 3, 4)
"""The colours of the classes: orange, blue, green, purple."""
SQUARE = 330
"""The height of the area inside the axes, in pixels."""


@dataclass(frozen=True)
class _Answers:
    """The answers in the cells, from low x and y on, row by row."""

    values: Array
    """Probabilities `(cells, K)`, or numbers `(cells,)`."""
    classes: Sequence[Any] = ()
    """The label of each class; () for numbers."""


def plot_decision_surface(
    model: Any,
    X: Array,
    y: Any = None,
    *,
    features: tuple[int, int] = (0, 1),
    names: Sequence[str] | None = None,
) -> Plot:
    """Draw what a model answers for each pair of values of two features.

    With classes, the colour is that of the most probable one, deeper where it is more probable.
    With numbers, it is deeper where they are larger. If there are more than two features, the
    others are at their medians in X.

    >>> import numpy as np
    >>> from plainnet import Classifier
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> classifier = Classifier(epochs=3, hidden=(4,)).fit(X, X[:, 0] > X[:, 1])
    >>> plot_decision_surface(classifier, X, X[:, 0] > X[:, 1])
    <Plot: classes False, True over feature 0 and feature 1, with 60 samples>

    Args:
        model: a trained `Classifier` or `Regressor` of feature vectors, a `Network`, or any object
            with `predict_proba` and `classes_`, or `predict`, such as an estimator of scikit-learn.
            One output of a network is the logit of the second class if y holds at most two
            values, and else a number; several outputs are the logits of classes.
        X: samples, `(N, n)`; they say how far the axes reach.
        y: the class or number of each sample, `(N,)`; None: no samples are drawn.
        features: the columns of X along the axes.
        names: names of the columns, `(n,)`; None: `feature 0`, `feature 1`, ….

    Raises:
        ShapeError: X is not `(N, n)` with two columns or more, or y does not fit.
        SettingError: the features are not two columns of X, or there are more than four classes.
        DataError: X is not finite, or the model's answers are not.
    """
    X, labels = _checked(X, y)
    across, down = _two(features, X.shape[1])
    x_axis = _axis(X[:, across], _name(names, across))
    y_axis = _axis(X[:, down], _name(names, down))
    cells = np.repeat(np.median(X, axis=0)[None], STEPS**2, axis=0)
    cells[:, across] = np.tile(_middles(x_axis), STEPS)
    cells[:, down] = np.repeat(_middles(y_axis), STEPS)
    answers = _answers(model, cells, labels)
    if not np.isfinite(answers.values).all():
        raise DataError("The model's answers are not finite; was it trained?")
    points = [] if labels is None else _points(X[:, [across, down]], labels, answers.classes)
    over = f"over {x_axis.label} and {y_axis.label}"
    shown = f", with {len(X):,} samples" if labels is not None else ""
    what = f"classes {', '.join(map(str, answers.classes))}" if answers.classes else "predictions"
    axes, surfaces = (x_axis, y_axis), _surfaces(answers)
    svg = chart(what, *axes, _legend(answers), surface=surfaces, points=points, height=SQUARE)
    return plot_of(f"{what} {over}{shown}", [svg])


def _checked(X: Any, y: Any) -> tuple[Array, Array | None]:
    X = np.asarray(X, np.float64)
    if X.ndim != 2 or X.shape[1] < 2 or not len(X):
        raise ShapeError(f"X must be (N, n) with two features or more, not {X.shape}.")
    if not np.isfinite(X).all():
        raise DataError("X must be finite.")
    labels = None if y is None else np.asarray(y)
    if labels is not None and labels.shape != (len(X),):
        raise ShapeError(f"y must hold one label for each of {len(X)} samples, not {labels.shape}.")
    return X, labels


def _two(features: tuple[int, int], n: int) -> tuple[int, int]:
    if len({*features}) != 2 or not all(0 <= feature < n for feature in features):
        raise SettingError(f"features must be two of the columns 0 to {n - 1}, not {features}.")
    return features


def _name(names: Sequence[str] | None, feature: int) -> str:
    return f"feature {feature}" if names is None else on_a_page(str(names[feature]))


def _axis(values: Array, name: str) -> Axis:
    low, high = float(values.min()), float(values.max())
    beyond = 0.07 * (high - low) or 0.5
    return Axis(name, low - beyond, high + beyond)


def _middles(axis: Axis) -> Array:
    middles: Array = axis.low + (np.arange(STEPS) + 0.5) * (axis.high - axis.low) / STEPS
    return middles


def _answers(model: Any, cells: Array, labels: Array | None) -> _Answers:
    """Return the model's answers to the cells."""
    if isinstance(model, Network):
        return _of_logits(model.predict(cells.astype(model.dtype)), labels)
    if not hasattr(model, "predict_proba"):
        return _Answers(np.asarray(model.predict(cells), np.float64).reshape(len(cells), -1)[:, 0])
    known = getattr(model, "labels", None)
    classes = [*(model.classes_ if known is None else known)]
    return _Answers(np.asarray(model.predict_proba(cells), np.float64), _few(classes))


def _of_logits(Z: Array, labels: Array | None) -> _Answers:
    Z = Z.astype(np.float64)
    if Z.shape[1] > 1:
        e = np.exp(Z - Z.max(axis=1, keepdims=True))
        return _Answers(e / e.sum(axis=1, keepdims=True), _few([*range(Z.shape[1])]))
    known = np.unique(labels) if labels is not None else np.array([0, 1])
    if len(known) > 2:
        return _Answers(Z[:, 0])
    p = (1 + np.tanh(Z[:, 0] / 2)) / 2
    return _Answers(np.column_stack([1 - p, p]), known.tolist() if len(known) == 2 else [0, 1])


def _few(classes: list[Any]) -> list[Any]:
    if len(classes) > len(SERIES):
        raise SettingError(
            f"A surface shows at most {len(SERIES)} classes, each in a colour, but the model has "
            f"{len(classes)}."
        )
    return [one.item() if isinstance(one, np.generic) else one for one in classes]


def _surfaces(answers: _Answers) -> list[Surface]:
    if not answers.classes:
        low, high = float(answers.values.min()), float(answers.values.max())
        bounds = np.linspace(low, high, SHADES + 1)[1:-1] if high > low else np.array([high])
        return [Surface(answers.values.reshape(STEPS, STEPS), bounds)]
    best, k = answers.values.argmax(axis=1), len(answers.classes)
    bounds = np.linspace(1 / k, 1, SHADES + 1)[:-1]  # below the first one there is no colour
    return [
        Surface(np.where(best == i, P, -1).reshape(STEPS, STEPS), bounds, series=SERIES[i])
        for i, P in enumerate(answers.values.T)
    ]


def _points(XY: Array, labels: Array, classes: Sequence[Any]) -> list[Points]:
    if not classes:
        return [Points(XY[:, 0], XY[:, 1], series=2)]
    here = [labels == one for one in classes]
    if not np.any(here, axis=0).all():
        raise DataError(f"y holds labels that are not among the classes {classes}.")
    return [
        Points(XY[rows, 0], XY[rows, 1], series=series)
        for rows, series in zip(here, SERIES, strict=False)
    ]


def _legend(answers: _Answers) -> list[Line]:
    """Return lines without points, which have an entry in the legend only."""
    if answers.classes:
        return [
            Line(on_a_page(str(one)), [], [], series)
            for one, series in zip(answers.classes, SERIES, strict=False)
        ]
    low, high = answers.values.min(), answers.values.max()
    return [Line(f"predictions from {low:.4g} (pale) to {high:.4g}", [], [], 1)]
