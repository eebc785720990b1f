"""Curves behind the metrics: ROC, precision-recall, and calibration in bins.

N samples, K classes with indices from 0; `y` `(N,)` are the true classes, `P` `(N, K)` the
probabilities. Errors are those of `metrics.py`: ShapeError for sizes that do not match, DataError
for no samples, class indices out of range and values without a score.
"""

from dataclasses import dataclass
from math import isnan

import numpy as np

from plainnet.checks import check_whole
from plainnet.errors import DataError
from plainnet.metrics.metrics import log_loss, roc_auc
from plainnet.metrics.weighting import weighted
from plainnet.network.arrays import Array

BINS = 10


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve with a point for each threshold t, in falling order: "positive" means score ≥ t."""

    x: Array
    """`(M,)` float64, not falling."""
    y: Array
    """`(M,)` float64."""
    thresholds: Array
    """`(M,)`, falling; the first is ∞, where nothing is called positive."""
    area: float
    """The area under the curve."""


def roc_curve(y_is_positive: Array, score: Array, weights: Array | None = None) -> Curve:
    """Return the true positive rate (y) against the false positive rate (x).

    It runs from (0, 0) to (1, 1), with a point for each different score; the area is `roc_auc`. T.
    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006) 861–874.

    Args:
        y_is_positive: True or 1 for the positive samples, False or 0 for the others, `(N,)`.
        score: `(N,)`, higher for the positive ones.
        weights: the weight of each sample `(N,)`; None: all equal.

    Raises:
        DataError: the samples are all positive, or all negative.
    """
    weights, y_is_positive, score = weighted(weights, y_is_positive, score)
    area = roc_auc(y_is_positive, score, weights)  # first: it checks both
    if isnan(area):
        raise DataError(
            "A ROC curve needs positive samples and others, but all are of one kind; add samples "
            "of the other kind, or leave the curve out."
        )
    found, wrong, thresholds = _counts(y_is_positive, score, weights)
    return Curve(wrong / wrong[-1], found / found[-1], thresholds, area)


def precision_recall_curve(
    y_is_positive: Array, score: Array, weights: Array | None = None
) -> Curve:
    """Return precision (y) against recall (x).

    At the threshold ∞ no sample is called positive, and the precision counts as 1. The area is the
    average precision Σ (Rᵢ − Rᵢ₋₁) Pᵢ, without interpolation between the points: straight lines
    would be too optimistic (J. Davis and M. Goadrich, "The relationship between precision-recall
    and ROC curves", ICML 2006).

    Args:
        y_is_positive: True or 1 for the positive samples, False or 0 for the others, `(N,)`.
        score: `(N,)`, higher for the positive ones.
        weights: the weight of each sample `(N,)`; None: all equal.

    Raises:
        DataError: no sample is positive.
    """
    weights, y_is_positive, score = weighted(weights, y_is_positive, score)
    roc_auc(y_is_positive, score)  # it checks both
    found, wrong, thresholds = _counts(y_is_positive, score, weights)
    if not found[-1]:
        raise DataError(
            "A precision-recall curve needs positive samples, but none is; add some, or leave the "
            "curve out."
        )
    called = found + wrong
    precision = np.where(called > 0, found / np.where(called > 0, called, 1), 1.0)
    recall = found / found[-1]
    area = float(np.diff(recall) @ precision[1:])
    return Curve(recall, precision, thresholds, area)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The accuracy of answers by their confidence.

    The confidence of an answer is the probability of the most probable class. B bins of equal width
    divide 0 … 1; bin b holds the confidences in (b/B, (b+1)/B], the first bin also 0.
    """

    edges: Array
    """`(B + 1,)` from 0 to 1."""
    counts: Array
    """The number of samples in each bin, int64 `(B,)`, or the sum of their weights, float64."""
    confidence: Array
    """The mean confidence in each bin, `(B,)`; NaN in an empty bin."""
    accuracy: Array
    """The accuracy in each bin, `(B,)`; NaN in an empty bin."""

    @property
    def error(self) -> float:
        """The expected calibration error Σ_b (n_b / N) |accuracy_b − confidence_b|; 0 is perfect.

        C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks",
        ICML 2017, equation 3; after M. P. Naeini, G. F. Cooper and M. Hauskrecht, AAAI 2015.
        """
        filled = self.counts > 0
        gap = abs(self.accuracy - self.confidence)[filled]
        return float(gap @ self.counts[filled] / self.counts.sum())

    @property
    def mean_confidence(self) -> float:
        """The mean confidence of all answers; above the accuracy if they are overconfident."""
        filled = self.counts > 0
        return float(self.confidence[filled] @ self.counts[filled] / self.counts.sum())


def calibration(y: Array, P: Array, bins: int = BINS, weights: Array | None = None) -> Calibration:
    """Compare confidence and accuracy, bin by bin.

    Args:
        y: class indices `(N,)`, in 0 … K−1.
        P: probabilities `(N, K)`, K ≥ 2, each row with the sum 1.
        bins: their number, at least 1.
        weights: the weight of each sample `(N,)`; None: all equal.
    """
    weights, y, P = weighted(weights, y, P)
    bins = check_whole("number of bins", bins, 1)
    log_loss(y, P)  # it checks y and P against each other
    P = np.asarray(P, np.float64)
    confidence = P.max(axis=1)
    right = P.argmax(axis=1) == np.asarray(y)
    if P.shape[1] == 2:  # as `answers_from`: of ½ and ½, class 1
        right = (P[:, 1] >= 0.5) == (np.asarray(y) == 1)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(place, weights, minlength=bins)
    n = np.where(counts > 0, counts, np.nan)
    w = np.ones(len(place)) if weights is None else weights
    return Calibration(
        edges=edges,
        counts=counts,
        confidence=np.bincount(place, w * confidence, bins) / n,
        accuracy=np.bincount(place, w * right, bins) / n,
    )


def _counts(
    y_is_positive: Array, score: Array, weights: Array | None
) -> tuple[Array, Array, Array]:
    """Return positives and negatives at or above each threshold, and the thresholds from ∞ down."""
    positive, score = np.asarray(y_is_positive) == 1, np.asarray(score, np.float64)
    order = np.argsort(-score, kind="stable")
    score, positive = score[order], positive[order]
    last = np.append(np.flatnonzero(score[1:] != score[:-1]), len(score) - 1)  # of equal scores
    w = np.ones(len(score), np.int64) if weights is None else weights[order].astype(np.float64)
    found, wrong = ((w * one).cumsum()[last] for one in (positive, ~positive))
    return np.append(0, found), np.append(0, wrong), np.append(np.inf, score[last])
