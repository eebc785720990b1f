"""Learning curves: the score by the number of training samples, and what more would give.

The error falls as a power law, e(n) = a + b n^(−c) with a, b ≥ 0: C. Cortes, L. Jackel, S. Solla,
V. Vapnik and J. Denker, "Learning curves: asymptotic values and rate of convergence" (NIPS 1993).
An extrapolation to twice as many samples is reasonable, one to a hundred times as many is not.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plainnet.metrics.evaluation import Interval
from plainnet.network.arrays import Array

RATES = np.linspace(0.1, 2, 39)
"""The exponents c that are tried."""
RESAMPLES = 200
"""The number of bootstrap samples of folds."""


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Scores of S sizes of the training part, each measured on F folds."""

    sizes: Array
    """The number of training samples, increasing: `(S,)`, S ≥ 2."""
    scores: Array
    """The score of each fold, `(S, F)`, F ≥ 2: of a share if higher is better, else an error."""
    higher_is_better: bool

    @property
    def means(self) -> Array:
        """The mean score of each size, `(S,)`."""
        means: Array = self.scores.mean(axis=1)
        return means

    @property
    def intervals(self) -> Array:
        """The 2.5 % and 97.5 % quantiles of bootstrap means over the folds, `(S, 2)`."""
        means = self.scores[:, self._drawn].mean(axis=2)
        ends: Array = np.quantile(means, [0.025, 0.975], axis=1).T
        return ends

    def at(self, n: float) -> float:
        """Return the score that the power law gives for n training samples."""
        return float(self._scores(self._errors.mean(axis=1), n))

    def interval_at(self, n: float) -> Interval:
        """Return the 95 % interval of `at`, by bootstrap over the folds."""
        found = [self._scores(self._errors[:, rows].mean(axis=1), n) for rows in self._drawn]
        low, high = np.quantile(found, [0.025, 0.975]).tolist()
        return low, high

    @property
    def _errors(self) -> Array:
        return 1 - self.scores if self.higher_is_better else self.scores

    @cached_property
    def _drawn(self) -> Array:
        """The folds of each bootstrap sample, `(RESAMPLES, F)`."""
        F = self.scores.shape[1]
        return np.random.default_rng(0).integers(0, F, (RESAMPLES, F))

    def _scores(self, errors: Array, n: float) -> float:
        a, b, c = power_law(self.sizes, errors)
        error: float = a + b * n**-c
        return 1 - error if self.higher_is_better else error


def power_law(n: Array, errors: Array) -> tuple[float, float, float]:
    """Fit errors ≈ a + b n^(−c) by least squares, with a, b ≥ 0; return a, b and c.

    Args:
        n: numbers of samples, `(S,)`.
        errors: `(S,)`, at least 0.
    """
    best = (np.inf, 0.0, 0.0, 1.0)
    for c in RATES.tolist():
        x = n.astype(np.float64) ** -c
        b, a = np.polyfit(x, errors, 1).tolist() if len(n) > 1 else (0.0, float(errors[0]))
        if a < 0:  # the best of the bounds
            a, b = 0.0, float(x @ errors / (x @ x))
        if b < 0:
            a, b = float(errors.mean()), 0.0
        best = min(best, (float(((a + b * x - errors) ** 2).sum()), a, b, c))
    return best[1:]
