"""Permutation importance: how much worse answers become when one column is shuffled.

L. Breiman, Random forests, Machine learning 45 (2001), section 10, for a fixed model and any
measure of error, as in A. Fisher, C. Rudin, F. Dominici, All models are wrong, but many are useful,
JMLR 20 (2019), section 3.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import nan, sqrt
from statistics import NormalDist

import numpy as np

from plainnet.digits import signed
from plainnet.metrics.classification import answers_from
from plainnet.metrics.costs import Costs
from plainnet.metrics.evaluation import Interval, Score
from plainnet.metrics.weighting import effective_size, mean
from plainnet.network.arrays import Array, Rng


@dataclass(frozen=True, eq=False)
class Criterion:
    """A measure of error: the mean loss of N samples, its root, or its share of a baseline's."""

    score: Score
    """The score of a rise, without its value."""
    losses: Callable[[Array], Array]
    """The loss of each sample, float64 `(N,)`, of answers to all of them."""
    is_root: bool = False
    """Whether the measure is the root of the mean."""
    baseline: Array | None = None
    """Losses `(N,)`: the measure is the mean divided by theirs."""

    def rise(self, before: Array, after: Array, donors: Array, weights: Array | None) -> Score:
        """Return how far the measure rises, with its 95 % interval.

        Sample i with the column of sample k has the loss h(i, k); a rise is a mean over i and k of
        the same samples, a V-statistic of degree 2. To the first order a sample contributes what it
        adds as i and what it adds as k. The variance of these sums gives the interval (W.
        Hoeffding, A class of statistics with asymptotically normal distribution, 1948), less what
        the chance of R shuffles adds to them; root and baseline come in by their derivatives.

        Args:
            before: the loss of each sample, `(N,)`.
            after: the losses after each of R shuffles, `(R, N)`.
            donors: the sample k whose column each sample received, `(R, N)`.
            weights: of the samples `(N,)`; None: all equal.
        """
        n, w = len(before), _relative(weights, len(before))
        old, new = float((w * before).mean()), float((w * after).mean())
        value, x = new - old, after - before
        if self.is_root:
            ends = sqrt(old), sqrt(new)
            value = ends[1] - ends[0]
            slopes = [0.5 / end if end else 0.0 for end in ends]  # d√m / dm
            x = slopes[1] * after - slopes[0] * before
        if self.baseline is not None:
            unit = float((w * self.baseline).mean())
            value = value / unit if unit else nan
            x = (x - value * self.baseline) / (unit or nan)
        return replace(self.score, value=value, interval=_interval(value, w * x, w, donors, n))


def _points(share: float) -> str:
    """Format a difference of shares in percentage points: `+3.2`."""
    return f"{100 * share:+.1f}" if abs(share) >= 0.0005 else "0.0"


def three_decimals(value: float) -> str:
    """Format a difference with a sign: `+0.123`."""
    return f"{value:+.3f}" if abs(value) >= 0.0005 else "0.000"


ABOUT_CLASSES = (
    ("log_loss_rise", "rise of log loss", three_decimals, "By how much the log loss rises."),
    ("accuracy_fall", "accuracy points lost", _points, "By how much the accuracy falls."),
)
"""Key, name, format and meaning of the scores."""
ABOUT_NUMBERS = (
    ("rmse_rise", "rise of RMSE", partial(signed, digits=3), "By how much the RMSE rises."),
    ("r2_fall", "fall of R²", three_decimals, "By how much R² falls."),
)


def criteria_of_classes(
    y: Array, threshold: float = 0.5, costs: Costs | None = None
) -> tuple[Criterion, Criterion]:
    """Return the criteria of probabilities `(N, K)`, log loss and accuracy.

    Args:
        y: the true classes `(N,)`.
        threshold: the probability from which class 1 of two is answered.
        costs: of wrong answers, by which those to more classes are chosen; None: all cost the same.
    """

    def log_losses(P: Array) -> Array:
        right = np.maximum(P[np.arange(len(y)), y], np.finfo(P.dtype).tiny)
        losses: Array = -np.log(right, dtype=np.float64)
        return losses

    def mistakes(P: Array) -> Array:
        wrong: Array = (answers_from(P, threshold, costs) != y).astype(np.float64)
        return wrong

    rise, fall = (score_of_rise(*about) for about in ABOUT_CLASSES)
    return Criterion(rise, log_losses), Criterion(fall, mistakes)


def criteria_of_numbers(y: Array, weights: Array | None) -> tuple[Criterion, Criterion]:
    """Return the criteria of predicted numbers `(N,)`, RMSE and R².

    Args:
        y: the true numbers `(N,)`.
        weights: the weight of each sample `(N,)`; None: all equal.
    """

    def squares(answers: Array) -> Array:
        found: Array = np.square(answers - y)
        return found

    rise, fall = (score_of_rise(*about) for about in ABOUT_NUMBERS)
    baseline = np.square(y - mean(y, weights))  # 1 − R² = mean square / theirs
    return Criterion(rise, squares, is_root=True), Criterion(fall, squares, baseline=baseline)


def score_of_rise(key: str, name: str, written: Callable[[float], str], meaning: str) -> Score:
    """Return the score of a rise, or of a fall, without its value."""
    return Score(key=key, name=name, value=nan, written=written, meaning=meaning)


def shuffles(n: int, repeats: int, weights: Array | None, rng: Rng) -> Array:
    """Return the sample whose column each of n samples receives, for each repeat `(R, n)`.

    Without weights these are permutations. With weights a sample gives its column to as many others
    as its weight says.
    """
    rows = [rng.permutation(resampled(n, n, weights, rng)) for _ in range(repeats)]
    return np.stack(rows)


def resampled(n: int, size: int, weights: Array | None, rng: Rng) -> Array:
    """Return the indices of `size` of n samples, each as often as its weight says, in order.

    Systematic sampling: the expected numbers, rounded up or down (L. Kish, Survey sampling, 1965,
    section 4). If all weights are equal and size = n, it is each sample once.
    """
    if weights is None:
        chosen = rng.choice(n, size, replace=False) if size < n else np.arange(n)
        return np.sort(chosen)
    reached = np.cumsum(weights, dtype=np.float64)
    marks = (np.arange(size) + rng.random()) / size * reached[-1]
    found: Array = np.minimum(np.searchsorted(reached, marks, side="right"), n - 1)
    return found


def _relative(weights: Array | None, n: int) -> Array:
    """Return weights with the mean 1."""
    if weights is None:
        return np.ones(n)
    relative: Array = weights.astype(np.float64) / weights.mean(dtype=np.float64)
    return relative


def _interval(value: float, x: Array, w: Array, donors: Array, n: int) -> Interval:
    """Return the interval of a value from weighted contributions x `(R, N)` to it."""
    free = effective_size(w) - 1
    if free <= 0:
        return nan, nan
    x = x - w * x.mean()
    own = x.mean(axis=0)  # Σᵣ x(i, kᵣ) / R
    given = np.bincount(donors.ravel(), x.ravel(), n) / len(x)
    by_chance = float(np.square(x).mean()) / len(x)
    variance = float(np.square(own + given).mean()) - by_chance
    variance = max(variance, float(np.square(own).mean()))  # never below that of i alone
    away = NormalDist().inv_cdf(0.975) * sqrt(variance / free * effective_size(w) / n)
    return value - away, value + away
