"""Selective answers: from which confidence on an answer is right often enough to be given.

How often the answers of a confidence are right is measured on held-out samples by isotonic
regression: it rises with the confidence, and adjacent answers that violate this are pooled (M. Ayer
and others: An empirical distribution function for sampling with incomplete information, 1955; B.
Zadrozny and C. Elkan: Transforming classifier scores into accurate multiclass probability
estimates, 2002). With few held-out samples a long run of right answers can be luck, so the
calibrated probability has to be high enough as well.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import SettingError
from plainnet.metrics.weighting import weighted
from plainnet.network.arrays import Array

ENOUGH = 30
"""The number of held-out samples from which the confidence of answers can be judged."""


@dataclass(frozen=True)
class Reliability:
    """How often answers were right, by their confidence; it is small, and part of a model file."""

    n: int = 0
    """The number of held-out samples."""
    confidences: tuple[Annotated[float, "[0, 1]"], ...] = ()
    """The lowest confidence of each group of answers, increasing."""
    frequencies: tuple[Annotated[float, "[0, 1]"], ...] = ()
    """The share of right answers in each group, increasing."""

    def __post_init__(self) -> None:
        c, f = np.array(self.confidences), np.array(self.frequencies)
        fits = len(c) == len(f) and bool(len(c)) == bool(self.n)
        if not fits or (np.diff(c) <= 0).any() or (np.diff(f) < 0).any():
            raise ValueError("the confidences of held-out answers do not match how often they hold")

    @classmethod
    def of(cls, confidences: Array, right: Array, weights: Array | None = None) -> Self:
        """Measure answers to held-out samples.

        Args:
            confidences: the probability of each answer, `(N,)`.
            right: whether it was right, bool `(N,)`.
            weights: the weight of each sample `(N,)`; None: all equal.
        """
        weights, c, r = weighted(weights, confidences, right)
        w = np.ones(len(c)) if weights is None else weights
        order = np.argsort(c, kind="stable")
        groups = _pooled(c[order], r[order] * w[order], w[order])
        return cls(len(c), *(tuple(part) for part in zip(*groups, strict=True)))

    def least(self, wrong: float) -> float:
        """Return the confidence from which at most this share of the answers is wrong.

        It is at least 1 − wrong.

        Raises:
            SettingError: the share is not between 0 and 1, there are too few held-out answers, or
                even the most confident ones are wrong more often.
        """
        wrong = check_number("share of wrong answers", wrong, "(0, 1)")
        if self.n < ENOUGH:
            raise SettingError(
                f"Only {self.n} samples were held out in the training, too few to say when the "
                f"model is unsure, which takes {ENOUGH}; train it again with more data, or a "
                "larger validation share."
            )
        least = 1 - self.frequencies[-1]
        if least > wrong:
            raise SettingError(
                f"Even of the most confident answers to held-out samples {100 * least:.1f} % were "
                f"wrong, so none can be given of which at most {100 * wrong:g} % are; allow more."
            )
        group = next(i for i, share in enumerate(self.frequencies) if 1 - share <= wrong)
        return max(self.confidences[group], 1 - wrong)


def coverage_curve(
    confidences: Array, right: Array, weights: Array | None = None
) -> tuple[Array, Array]:
    """Return coverage and accuracy of the most confident answers, each `(M,)`.

    It has a point for each different confidence: the share of answers with at least this one, and
    how many of these are right. R. El-Yaniv and Y. Wiener, "On the foundations of noise-free
    selective classification", JMLR 11 (2010).

    Args:
        confidences: `(N,)`.
        right: bool `(N,)`.
        weights: the weight of each sample `(N,)`; None: all equal.
    """
    weights, c, right = weighted(weights, confidences, right)
    w = np.ones(len(c)) if weights is None else weights
    order = np.argsort(-c, kind="stable")
    last = np.flatnonzero(np.diff(c[order], append=np.nan) != 0)
    n = np.cumsum(w[order])[last]
    return n / n[-1], np.cumsum((right * w)[order])[last] / n


def _pooled(c: Array, r: Array, w: Array) -> list[tuple[float, float]]:
    """Return the lowest confidence and the frequency Σ r / Σ w of each group of answers.

    Neighbours are pooled until the frequencies rise from group to group.

    Args:
        c: the confidences, increasing; equal ones are in one group.
        r: the weights of right answers, 0 for wrong ones.
        w: the weights.
    """
    starts = np.flatnonzero(np.diff(c, prepend=np.nan) != 0)
    sums = (np.add.reduceat(each, starts).tolist() for each in (r, w))
    groups: list[tuple[float, float, float]] = []
    for low, right, weight in zip(c[starts].tolist(), *sums, strict=True):
        while groups and groups[-1][1] * weight >= right * groups[-1][2]:
            low, *more = groups.pop()
            right, weight = right + more[0], weight + more[1]
        groups.append((low, right, weight))
    return [(low, right / weight) for low, right, weight in groups]
