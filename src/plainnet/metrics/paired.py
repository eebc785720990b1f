"""The difference of two models on the same samples, and whether it is beyond noise.

Both answer the same samples, so what is hard for both cancels. The interval is the paired
percentile bootstrap (B. Efron and R. Tibshirani: An introduction to the bootstrap, 1993, chapter
13); for right and wrong answers, the exact test of McNemar (Note on the sampling error of the
difference between correlated proportions or percentages, 1947) decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, log

import numpy as np

from plainnet.metrics.evaluation import Interval
from plainnet.network.arrays import Array, Rng

RESAMPLES = 2000
"""The number of bootstrap samples."""
NOISE = 0.05
"""The probability below which a difference is beyond noise."""
_AT_ONCE = 2**21


@dataclass(frozen=True)
class PairedDifference:
    """The score of model B minus that of model A, on the same N samples."""

    value: float
    interval: Interval
    """The 95 % interval."""
    p: float | None = None
    """The probability of at least such a difference by chance; None: the interval decides."""
    only_a: int = 0
    """The samples that only A answers correctly."""
    only_b: int = 0
    """The samples that only B answers correctly."""

    @property
    def is_beyond_noise(self) -> bool:
        """Whether chance is an unlikely explanation."""
        if self.p is not None:
            return self.p < NOISE
        return self.interval[0] > 0 or self.interval[1] < 0


def paired_accuracy(
    right_a: Array, right_b: Array, rng: Rng, weights: Array | None = None
) -> PairedDifference:
    """Compare the accuracy of two models.

    Args:
        right_a: whether each answer of A is right, bool `(N,)`.
        right_b: the same of B.
        rng: draws the bootstrap samples.
        weights: the weight of each sample `(N,)`; None: all equal.
    """
    change = right_b.astype(np.float64) - right_a
    value, interval = _bootstrap(change[:, None], lambda means: means[..., 0], rng, weights)
    only_a, only_b = int((change < 0).sum()), int((change > 0).sum())
    p = mcnemar(only_a, only_b) if weights is None else None
    return PairedDifference(value, interval, p, only_a, only_b)


def paired_rmse(
    errors_a: Array, errors_b: Array, rng: Rng, weights: Array | None = None
) -> PairedDifference:
    """Compare the root of the mean squared error of two models.

    Args:
        errors_a: answer − truth of each sample, `(N,)`.
        errors_b: the same of B.
        rng: draws the bootstrap samples.
        weights: the weight of each sample `(N,)`; None: all equal.
    """
    squares = np.stack([errors_a, errors_b], axis=1).astype(np.float64) ** 2

    def difference(means: Array) -> Array:
        """Return RMSE(B) − RMSE(A)."""
        roots: Array = np.sqrt(means)
        return np.diff(roots, axis=-1)[..., 0]

    return PairedDifference(*_bootstrap(squares, difference, rng, weights))


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    If neither model is better, each sample that only one of them answers correctly is as likely
    that of A as of B: a binomial distribution with ½.
    """
    n, few = only_a + only_b, min(only_a, only_b)
    logs = [lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2) for k in range(few + 1)]
    return min(1.0, 2 * sum(map(exp, logs)))


def _bootstrap(
    values: Array, of: Callable[[Array], Array], rng: Rng, weights: Array | None
) -> tuple[float, Interval]:
    """Return a function of the means of the columns, and its 95 % percentile interval."""
    n = len(values)
    w = np.ones(n) if weights is None else weights
    sums = np.column_stack([values * w[:, None], w])

    def measured(total: Array) -> Array:
        return of(total[..., :-1] / total[..., -1:])

    some = max(_AT_ONCE // n, 1)
    drawn = [
        measured(sums[rng.integers(0, n, (min(some, RESAMPLES - start), n))].sum(axis=1))
        for start in range(0, RESAMPLES, some)
    ]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975]).tolist()
    return float(measured(sums.sum(axis=0))), (low, high)
