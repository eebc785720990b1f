"""Conformal prediction intervals: an answer and quantiles of the residuals of validation samples.

The samples have not been learned from, so the residual of a new one falls among theirs as one of
them would: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman: Distribution-free predictive inference for
regression (2018), section 5.2, whose local scale is here a function of the answer. Where each
network held out another part, the residuals are those of CV+ (Barber, Candès, Ramdas, Tibshirani:
Predictive inference with the jackknife+, 2021), but the centre is the mean of all networks, which
errs less than one of them; docs/tables.md compares the coverage and width of both.
"""

from dataclasses import dataclass, field
from math import ceil, floor
from typing import Annotated, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import SettingError
from plainnet.metrics.weighting import effective_size
from plainnet.network.arrays import Array

GROUP = 100
"""The number of validation samples from which one local scale is estimated."""
MOST_GROUPS = 10
MOST_KEPT = 200
"""The largest number of order statistics that are kept of each side."""
ROUNDING = 1e-9
"""The relative error that sums of weights may have."""
LEAST_SCALE = 0.1
"""The smallest local scale, as a share of the mean one."""


@dataclass(frozen=True)
class Tail:
    """The upper half of some scores, up to `MOST_KEPT` of them."""

    scores: tuple[float, ...] = ()
    """Increasing."""
    ranks: tuple[float, ...] = ()
    """How many samples have at most this score."""

    @classmethod
    def of(cls, scores: Array, weights: Array) -> Self:
        """Keep what quantiles above the median need, evenly by rank, and the largest score."""
        order = np.argsort(scores, kind="stable")
        ranks = np.cumsum(weights[order])
        first = int(np.searchsorted(ranks, ranks[-1] / 2))
        kept = np.unique(np.linspace(first, len(ranks) - 1, MOST_KEPT).round().astype(int))
        return cls(tuple(scores[order][kept].tolist()), tuple(ranks[kept].tolist()))

    def at(self, rank: float) -> float:
        """Return the smallest kept score that at least `rank` samples do not exceed."""
        place = int(np.searchsorted(self.ranks, rank * (1 - ROUNDING)))
        return self.scores[min(place, len(self.scores) - 1)]


@dataclass(frozen=True)
class PredictionIntervals:
    """What prediction intervals follow from; it is small, and part of the model file."""

    n: Annotated[float, "[0, inf)"] = 0.0
    """The number of validation samples, the effective one if they have weights; 0: no intervals."""
    levels: tuple[float, ...] = ()
    """Answers, increasing, for which the scale is known; between them it is interpolated."""
    scales: tuple[Annotated[float, "(0, inf)"], ...] = ()
    """The mean |y − answer| of samples with such answers."""
    lower: Tail = field(default_factory=Tail)
    """The scores (answer − y) / scale."""
    upper: Tail = field(default_factory=Tail)
    """The scores (y − answer) / scale."""

    def __post_init__(self) -> None:
        tails = (self.lower, self.upper)
        pairs = [(self.levels, self.scales), *((tail.scores, tail.ranks) for tail in tails)]
        for values, others in pairs:
            if len(values) != len(others) or bool(values) != bool(self.n):
                raise ValueError("the numbers of the prediction intervals do not match")
        ordered = self.levels, *(values for t in tails for values in (t.scores, t.ranks))
        if any((np.diff(values) < 0).any() for values in ordered):
            raise ValueError("the numbers of the prediction intervals are not in order")

    @classmethod
    def of(cls, answers: Array, y: Array, weights: Array | None = None) -> Self:
        """Measure the residuals of validation samples.

        Args:
            answers: `(N,)`, of networks that have not learned from the sample; N > 0.
            y: the true numbers `(N,)`.
            weights: the weight of each sample `(N,)`, above 0; None: all equal.
        """
        n = float(len(y)) if weights is None else effective_size(weights)
        w = np.ones(len(y)) if weights is None else weights * (n / weights.sum(dtype=np.float64))
        levels, scales = _local_scales(answers, np.abs(y - answers), w, n)
        scores = (y - answers) / np.interp(answers, levels, scales)
        numbers = tuple(levels.tolist()), tuple(scales.tolist())
        return cls(n, *numbers, Tail.of(-scores, w), Tail.of(scores, w))

    def allows(self, coverage: float) -> bool:
        """Return whether there were enough validation samples for intervals of this coverage."""
        return (self.n + 1) * (1 + coverage) / 2 <= self.n * (1 + ROUNDING)

    def around(self, answers: Array, coverage: float) -> Array:
        """Return the lower and upper ends of prediction intervals, `(N, 2)`.

        Args:
            answers: `(N,)`.
            coverage: the share of true numbers that shall lie inside, 0 < coverage < 1.

        Raises:
            SettingError: too few validation samples for the coverage, or none.
        """
        lower, upper = self.quantiles(coverage)
        scale = np.interp(answers, self.levels, self.scales)
        return np.stack([answers - lower * scale, answers + upper * scale], axis=1)

    def quantiles(self, coverage: float) -> tuple[float, float]:
        """Return how far the ends of an interval lie from the answer, in units of the scale.

        Each end is exceeded by at most (1 − coverage) / 2 of the samples: it is the score of rank
        ⌈(n + 1) (1 + coverage) / 2⌉ among n. Arguments and errors are those of `around`.
        """
        coverage = check_number("coverage", coverage, "(0, 1)")
        if not self.n:
            raise SettingError(
                "The model has no prediction intervals, because there were no validation samples "
                "in its training; train it again with a validation share above 0."
            )
        if not self.allows(coverage):
            raise SettingError(self._too_few(coverage))
        rank = (self.n + 1) * (1 + coverage) / 2
        return self.lower.at(rank), self.upper.at(rank)

    def _too_few(self, coverage: float) -> str:
        needed = ceil((1 + coverage) / (1 - coverage) - ROUNDING)
        most = floor(1000 * (self.n - 1) / (self.n + 1)) / 10
        way_out = f"ask for at most {most:g} %, or train with more" if most > 0 else "give more"
        return (
            f"A prediction interval of {100 * coverage:g} % needs at least {needed:,} validation "
            f"samples, but there were {self.n:.4g} in the training; {way_out}."
        )


def _local_scales(answers: Array, errors: Array, w: Array, n: float) -> tuple[Array, Array]:
    """Return the mean answer and the mean error of groups of equal size by their answers."""
    order = np.argsort(answers, kind="stable")
    groups = min(max(int(n // GROUP), 1), MOST_GROUPS)
    edges = np.arange(1, groups) / groups * w.sum()
    bounds = answers[order][np.searchsorted(np.cumsum(w[order]), edges)]
    group = np.searchsorted(bounds, answers, side="right")  # equal answers are in one group
    sums = np.array([np.bincount(group, w * each) for each in (np.ones(len(w)), answers, errors)])
    size, levels, scales = sums[:, sums[0] > 0]
    mean = float(scales.sum() / size.sum())
    scales = np.maximum(scales / size, LEAST_SCALE * mean) if mean else np.ones(len(size))
    levels, first = np.unique(levels / size, return_index=True)
    return levels, scales[first]
