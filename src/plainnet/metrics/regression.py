"""Evaluations of regressors: the distances of predictions from targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isnan, nan, sqrt
from typing import Any, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.digits import decimal, number, percent, signed
from plainnet.errors import DataError, ShapeError
from plainnet.metrics.evaluation import Evaluation, Interval, Score, Verdict, malformed
from plainnet.metrics.metrics import wilson_interval
from plainnet.metrics.weighting import effective_size, mean, plain_count, weighted
from plainnet.network.arrays import Array
from plainnet.network.numbers import unmasked

LARGEST_NUMBER = 1e100
"""The limit of numbers, so that sums of their squares stay finite."""
INTERVAL_COVERAGE = 0.9
"""The coverage of the prediction intervals that an evaluation measures."""
STORED_NUMBERS = {
    **dict.fromkeys(("n", "rmse", "mae", "baseline_rmse", "baseline_mae"), "[0, inf)"),
    **dict.fromkeys(("bias", "baseline"), "(-inf, inf)"),
}
"""The numbers of a stored evaluation, and the range of each."""


@dataclass(frozen=True)
class RegressionEvaluation(Evaluation):
    """An evaluation of N predicted numbers, in the unit of the target."""

    target: str
    """The name of the target."""
    n: float
    """The number of samples, or the sum of their weights."""
    rmse: float
    """The root of the mean squared error: √(mean of (prediction − y)²)."""
    rmse_interval: Interval
    """Its 95 % confidence interval; NaN for a single sample."""
    mae: float
    """The mean absolute error, the mean of |prediction − y|."""
    mae_interval: Interval
    bias: float
    """The mean of prediction − y: above 0 if predictions are too high on average."""
    baseline: float
    """The mean of y, which is the best constant answer."""
    baseline_rmse: float
    """The RMSE of always answering the mean."""
    baseline_mae: float
    """The MAE of always answering the mean."""
    coverage: float = nan
    """The share of y in its prediction interval of 90 %; NaN without intervals."""
    coverage_interval: Interval = (nan, nan)
    """Its 95 % confidence interval (Wilson)."""
    interval_width: float = nan
    """The mean width of these prediction intervals; NaN without intervals."""

    @property
    def r2(self) -> float:
        """R² = 1 − Σ (prediction − y)² / Σ (mean of y − y)²: 1 is perfect, 0 equals the mean.

        NaN if all y are equal.
        """
        return 1 - (self.rmse / self.baseline_rmse) ** 2 if self.baseline_rmse else nan

    def scores(self) -> tuple[Score, ...]:
        """Return RMSE, MAE, R² and bias; with prediction intervals also their coverage."""
        side = "high" if self.bias > 0 else "low"
        return (
            Score(
                key="rmse",
                name="RMSE",
                value=self.rmse,
                written=number,
                meaning="The root of the mean squared error, in the unit of the target.",
                interval=self.rmse_interval,
                baseline=self.baseline_rmse,
                higher_is_better=False,
            ),
            Score(
                key="mae",
                name="MAE",
                value=self.mae,
                written=number,
                meaning="The mean absolute error, in the unit of the target.",
                interval=self.mae_interval,
                baseline=self.baseline_mae,
                higher_is_better=False,
            ),
            Score(
                key="r2",
                name="R²",
                value=self.r2,
                written=decimal,
                meaning="The explained share of the variance: 1 is perfect, 0 equals the mean.",
            ),
            Score(
                key="bias",
                name="bias",
                value=self.bias,
                written=signed,
                meaning="The mean of prediction − target.",
                note=f"on average the answers are too {side} by this" if self.bias else "",
            ),
            *([] if isnan(self.coverage) else [self._covered()]),
        )

    def _covered(self) -> Score:
        return Score(
            key="coverage",
            name="coverage",
            value=self.coverage,
            written=percent,
            meaning="The share of targets in their prediction interval of 90 %.",
            interval=self.coverage_interval,
            note=f"of the 90 % intervals, on average {number(self.interval_width)} wide",
        )

    @property
    def names(self) -> tuple[str]:
        """The name of the target."""
        return (self.target,)

    @property
    def always(self) -> str:
        """The constant answer: the mean."""
        return f"always answering the mean, {number(self.baseline, to=self.baseline_rmse / 100)}"

    def verdict(self, things: str = "samples") -> Verdict:
        """Compare the RMSE with that of always answering the mean."""
        always = f"always answering the mean, whose RMSE is {number(self.baseline_rmse)}"
        if not self.baseline_rmse:
            return Verdict(
                "bad",
                f"All these {things} have the same right answer, so there is nothing to predict.",
            )
        if (better := self.scores()[0].beats_baseline) is None:
            return Verdict(
                "bad", f"Not shown to be better than {always}: the interval includes it."
            )
        if not better:
            return Verdict("bad", f"Worse than {always}.")
        share = 100 * (1 - self.rmse / self.baseline_rmse)
        return Verdict(
            "good",
            f"Its error is {share:.0f} % smaller than that of {always}: the whole interval lies "
            "below it.",
        )

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """Return a copy with another name of the target."""
        return replace(self, target=rename(self.target))

    def details(self) -> dict[str, Any]:
        """Return the name of the target, its mean, and the width of prediction intervals."""
        width = {} if isnan(self.coverage) else {"interval_width": self.interval_width}
        return {"target": self.target, "baseline": self.baseline, **width}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the result of `to_dict`."""
        try:
            values: dict[str, Any] = {
                name: check_number(name, stored[name], bounds)
                for name, bounds in STORED_NUMBERS.items()
            }
            values["n"] = plain_count(values["n"])
            for name in ("rmse", "mae"):
                values[f"{name}_interval"] = stored_ends(stored, name)
            if "coverage" in stored:
                values["coverage"] = check_number("coverage", stored["coverage"], "[0, 1]")
                values["coverage_interval"] = stored_ends(stored, "coverage")
                width = check_number("width", stored["interval_width"], "[0, inf)")
                values["interval_width"] = width
            return cls(target=str(stored["target"]), **values)
        except (KeyError, TypeError, ValueError) as why:
            raise malformed(why) from why


def evaluate_numbers(
    y: Array,
    answers: Array,
    target: str = "y",
    weights: Array | None = None,
    intervals: Array | None = None,
) -> RegressionEvaluation:
    """Evaluate predicted numbers against the true ones.

    The intervals are those of the normal distribution for the mean of the absolute and the squared
    errors. They are slightly too narrow for few samples and for a few huge errors. Weighted samples
    have intervals of their effective sample size.

    Args:
        y: the true numbers `(N,)`, N > 0.
        answers: the predicted ones `(N,)`.
        target: their name.
        weights: the weight of each sample `(N,)`; None: all equal.
        intervals: the ends of the prediction intervals of 90 %, `(N, 2)`; None: there are none.

    Raises:
        ShapeError: the sizes do not match.
        DataError: there are no samples, or some numbers are not finite.
    """
    inside = {} if intervals is None else _coverage(y, intervals, weights)
    weights, y, answers = _checked(weights, y, answers)
    # in units of a power of 2, which changes no digit, so that squares of any size stay numbers
    unit = float(np.ldexp(1.0, np.frexp(np.abs([y, answers]).max())[1]))
    y, answers = y / unit, answers / unit
    error = answers - y
    square, low, high = mean_with_interval(np.square(error), weights)
    mae, *mae_interval = mean_with_interval(np.abs(error), weights)
    baseline = mean(y, weights)
    return RegressionEvaluation(
        target=target,
        n=plain_count(len(y) if weights is None else weights.sum(dtype=np.float64)),
        rmse=unit * sqrt(square),
        rmse_interval=(unit * sqrt(low), unit * sqrt(high)),
        mae=unit * mae,
        mae_interval=(unit * mae_interval[0], unit * mae_interval[1]),
        bias=unit * mean(error, weights),
        baseline=unit * baseline,
        baseline_rmse=unit * sqrt(mean(np.square(y - baseline), weights)),
        baseline_mae=unit * mean(np.abs(y - baseline), weights),
        **inside,
    )


def _coverage(y: Array, intervals: Array, weights: Array | None) -> dict[str, Any]:
    """Return the measured coverage of prediction intervals, and their mean width."""
    weights, y, intervals = weighted(weights, y, intervals)
    low, high = intervals.T
    share = mean(((low <= y) & (y <= high)).astype(np.float64), weights)
    n = len(y) if weights is None else effective_size(weights)
    ends = wilson_interval(min(share, 1.0) * n, n)
    width = mean(high - low, weights)
    return {"coverage": share, "coverage_interval": ends, "interval_width": width}


def _checked(weights: Array | None, y: Array, answers: Array) -> tuple[Any, Array, Array]:
    """Return weights, y and answers in float64 without the samples of weight 0."""
    y, answers = (
        unmasked(values, what).astype(np.float64, copy=False)
        for values, what in ((y, "y"), (answers, "The answers"))
    )
    if y.ndim != 1 or y.shape != answers.shape:
        raise ShapeError(
            f"Each sample needs a number and an answer, both (N,), but y is {y.shape} and the "
            f"answers are {answers.shape}; give both for the same samples."
        )
    weights, y, answers = weighted(weights, y, answers)
    valid = (np.abs([y, answers]) < LARGEST_NUMBER).all(axis=0)
    if not len(y) or not valid.all():
        raise DataError(
            "An evaluation needs finite numbers below 1e100, at least one, but has them for "
            f"{valid.sum()} of {len(y)} samples; leave out the others."
        )
    return weights, y, answers


def stored_ends(stored: Mapping[str, Any], name: str) -> Interval:
    """Return the interval of a stored metric; NaN for a single sample."""
    low, high = (nan if end is None else end for end in stored[f"{name}_interval_95"])
    return (
        (low, high)
        if low != low
        else (check_number(name, low, "[0, inf)"), check_number(name, high, "[0, inf)"))
    )


def mean_with_interval(values: Array, weights: Array | None) -> tuple[float, float, float]:
    """Return the mean of values ≥ 0, and the two ends of its 95 % interval."""
    middle = mean(values, weights)
    n = len(values) if weights is None else effective_size(weights)
    if n <= 1:
        return middle, nan, nan
    variance = mean(np.square(values - middle), weights) / (n - 1)  # of the mean
    from statistics import NormalDist

    away = NormalDist().inv_cdf(0.975) * sqrt(variance)
    return middle, max(0.0, middle - away), middle + away
