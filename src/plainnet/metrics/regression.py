"""All that is known about predicted numbers from one set of samples with known ones."""

from dataclasses import asdict, dataclass
from math import isnan, nan, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from plainnet.errors import DataError, ShapeError
from plainnet.metrics.weighting import effective_size, mean, plain_count, weighted
from plainnet.network.arrays import Array, unmasked

LARGEST = 1e100
"""Numbers are below this, so that their squares can be summed up."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class RegressionEvaluation:
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

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain Python values, ready for JSON; None where there is no number."""
        told = asdict(self) | {"r2": self.r2}
        for name in ("rmse", "mae"):
            told[f"{name}_interval_95"] = list(told.pop(f"{name}_interval"))
        return {name: _plain(value) for name, value in told.items()}


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
    error = answers - y
    square, low, high = _mean(np.square(error), weights)
    mae, *mae_interval = _mean(np.abs(error), weights)
    baseline = mean(y, weights)
    return RegressionEvaluation(
        target=target,
        n=plain_count(len(y) if weights is None else weights.sum(dtype=np.float64)),
        rmse=sqrt(square),
        rmse_interval=(sqrt(low), sqrt(high)),
        mae=mae,
        mae_interval=(mae_interval[0], mae_interval[1]),
        bias=mean(error, weights),
        baseline=baseline,
        baseline_rmse=sqrt(mean(np.square(y - baseline), weights)),
        baseline_mae=mean(np.abs(y - baseline), weights),
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


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and isnan(value) else value
