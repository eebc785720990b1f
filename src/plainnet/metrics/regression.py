"""How far predicted numbers are from the right ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import nan, sqrt
from statistics import NormalDist
from typing import Any, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.digits import decimal, number, signed
from plainnet.errors import DataError, ShapeError
from plainnet.metrics.evaluation import Evaluation, Interval, Score, Verdict, malformed
from plainnet.metrics.weighting import effective_size, mean, plain_count, weighted
from plainnet.network.arrays import Array
from plainnet.network.numbers import unmasked

LARGEST = 1e100
"""Numbers are below this, so that their squares can be summed up."""
STORED = {
    **dict.fromkeys(("n", "rmse", "mae", "baseline_rmse", "baseline_mae"), "[0, inf)"),
    **dict.fromkeys(("bias", "baseline"), "(-inf, inf)"),
}
"""The numbers of a stored evaluation, and the range of each."""


@dataclass(frozen=True)
class RegressionEvaluation(Evaluation):
    """How far N answers were from N right numbers, in the unit of these numbers."""

    target: str
    """The name of what was predicted."""
    n: float
    """How many they are; of weighted samples the sum of the weights."""
    rmse: float
    """The root of the mean squared error: √(mean of (answer − y)²)."""
    rmse_interval: Interval
    """Where the true one may lie, with 95 % confidence; NaN for a single sample."""
    mae: float
    """The mean of |answer − y|."""
    mae_interval: Interval
    bias: float
    """The mean of answer − y: above 0, the answers are too high on average."""
    baseline: float
    """The mean of y: the best answer of one who always gives the same."""
    baseline_rmse: float
    """The root of the mean squared error of always answering it."""
    baseline_mae: float
    """The mean absolute error of always answering it."""

    @property
    def r2(self) -> float:
        """R² = 1 − Σ (answer − y)² / Σ (mean of y − y)²: 1 perfect, 0 as always the mean.

        NaN where all y are the same.
        """
        return 1 - (self.rmse / self.baseline_rmse) ** 2 if self.baseline_rmse else nan

    def scores(self) -> tuple[Score, ...]:
        """RMSE, MAE, R² and bias."""
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
                meaning="The explained share of the variance: 1 is perfect, 0 as always the mean.",
            ),
            Score(
                key="bias",
                name="bias",
                value=self.bias,
                written=signed,
                meaning="The mean of prediction − target.",
                note=f"on average the answers are too {side} by that" if self.bias else "",
            ),
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
        """Whether the RMSE is below that of the mean."""
        always = f"always answering the mean, whose RMSE is {number(self.baseline_rmse)}"
        if not self.baseline_rmse:
            return Verdict(
                "bad",
                f"All these {things} have the same right answer: what moves it, they cannot show.",
            )
        if (better := self.scores()[0].beats_baseline) is None:
            return Verdict(
                "bad", f"Not shown to be better than {always}, which the interval includes."
            )
        if not better:
            return Verdict("bad", f"Worse than {always}.")
        share = 100 * (1 - self.rmse / self.baseline_rmse)
        return Verdict(
            "good",
            f"Its error is {share:.0f} % smaller than that of {always}: the whole interval lies "
            "below that.",
        )

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """The same with another name of the target."""
        return replace(self, target=rename(self.target))

    def details(self) -> dict[str, Any]:
        """The name of the target, and its mean."""
        return {"target": self.target, "baseline": self.baseline}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave."""
        try:
            values: dict[str, Any] = {
                name: check_number(name, stored[name], bounds) for name, bounds in STORED.items()
            }
            values["n"] = plain_count(values["n"])
            for name in ("rmse", "mae"):
                values[f"{name}_interval"] = _ends(stored, name)
            return cls(target=str(stored["target"]), **values)
        except (KeyError, TypeError, ValueError) as why:
            raise malformed(why) from why


def evaluate_numbers(
    y: Array, answers: Array, target: str = "y", weights: Array | None = None
) -> RegressionEvaluation:
    """Measure answers against what was right.

    The intervals are those of the normal distribution for a mean, of the absolute and of the
    squared errors; for few samples, or a few huge errors, they are a little too narrow. Of weighted
    samples they are those of the effective sample size.

    Args:
        y: the right numbers `(N,)`, N > 0.
        answers: `(N,)`.
        target: what they are called.
        weights: what each sample counts `(N,)`; None: all the same.

    Raises:
        ShapeError: they do not fit each other.
        DataError: there are none, or some are not finite.
    """
    y, answers = (
        unmasked(values, what).astype(np.float64, copy=False)
        for values, what in ((y, "y"), (answers, "The answers"))
    )
    if y.ndim != 1 or y.shape != answers.shape:
        raise ShapeError(
            f"There must be a number and an answer for each sample, (N,), but y is {y.shape} and "
            f"the answers are {answers.shape}."
        )
    weights, y, answers = weighted(weights, y, answers)
    if not len(y) or not (np.abs([y, answers]) < LARGEST).all():
        raise DataError(
            f"Numbers can be measured where there are some and all are finite and below 1e100, but "
            f"got {len(y)}; leave out the samples without one."
        )
    # in units of a power of 2, which changes no digit, so that squares of any size stay numbers
    unit = float(np.ldexp(1.0, np.frexp(np.abs([y, answers]).max())[1]))
    y, answers = y / unit, answers / unit
    error = answers - y
    square, low, high = _mean(np.square(error), weights)
    mae, *mae_interval = _mean(np.abs(error), weights)
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
    )


def _ends(stored: Mapping[str, Any], name: str) -> Interval:
    """The interval of a stored metric; NaN of a single sample."""
    low, high = (nan if end is None else end for end in stored[f"{name}_interval_95"])
    return (
        (low, high)
        if low != low
        else (check_number(name, low, "[0, inf)"), check_number(name, high, "[0, inf)"))
    )


def _mean(values: Array, weights: Array | None) -> tuple[float, float, float]:
    """The mean of values ≥ 0, and the two ends of its interval."""
    middle = mean(values, weights)
    n = len(values) if weights is None else effective_size(weights)
    if n <= 1:
        return middle, nan, nan
    variance = mean(np.square(values - middle), weights) / (n - 1)  # of the mean
    away = NormalDist().inv_cdf(0.975) * sqrt(variance)
    return middle, max(0.0, middle - away), middle + away
