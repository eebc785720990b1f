"""Metrics of answers to N samples, one function each.

K classes have indices from 0; `y` `(N,)` are the true classes, `answers` `(N,)` the answered ones,
and `P` `(N, K)` the probabilities. Sums are float64. With `weights` `(N,)`, a sample of weight 2
counts twice, and one of weight 0 does not count.

Each function raises ShapeError for sizes that do not match, and DataError for no samples, for class
indices that are not whole or out of range, and for values without a score.
"""

from math import nan, sqrt

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import DataError, ShapeError
from plainnet.metrics.weighting import mean, weighted
from plainnet.network.arrays import Array, Shape
from plainnet.network.numbers import unmasked


def accuracy(y: Array, answers: Array, weights: Array | None = None) -> float:
    """Return the share of correct answers, 0 to 1."""
    weights, y, answers = weighted(weights, y, answers)
    y, answers = _class_numbers("y", y), _class_numbers("answers", answers)
    _check_shape("answers", answers, y.shape)
    return mean(y == answers, weights)


def majority_baseline(y: Array, n_classes: int, weights: Array | None = None) -> tuple[int, float]:
    """Return the most frequent class of y, and the accuracy of always answering it.

    Returns:
        The class (the first of equals), and its share.
    """
    weights, y = weighted(weights, y)
    support = np.bincount(_class_numbers("y", y, n_classes), weights)
    return int(support.argmax()), float(support.max() / support.sum())


def wilson_interval(correct: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the confidence interval of the share that `correct` of `n` estimates.

    The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical
    inference", Journal of the American Statistical Association 22 (1927) 209–212. It stays inside
    [0, 1], contains correct / n, and is accurate for few samples and for shares close to 0 or 1.

    Raises:
        DataError: n is below 1, or correct is not in 0 … n.
        SettingError: confidence is not between 0 and 1.
    """
    from statistics import NormalDist  # its import takes as long as three of our own modules

    if not (n >= 1 and 0 <= correct <= n):
        raise DataError(
            f"An interval needs at least one sample and from 0 to n right answers, but got "
            f"{correct} right of n = {n}; count both over the same samples."
        )
    check_number("confidence", confidence, "(0, 1)")
    p = correct / n
    z = NormalDist().inv_cdf((1 - confidence) / 2)  # the lower tail; only z² is used
    q = z**2 / n
    centre = (p + q / 2) / (1 + q)
    half_width = sqrt(q * (p * (1 - p) + q / 4)) / (1 + q)
    # p lies inside; at p = 0 or 1 it is the end itself, which rounding must not move past it
    return max(0.0, min(p, centre - half_width)), min(1.0, max(p, centre + half_width))


def confusion_matrix(
    y: Array, answers: Array, n_classes: int, weights: Array | None = None
) -> Array:
    """Count samples of class i (row) that were answered as class j (column), int64 `(K, K)`.

    With weights, it sums them, in float64.
    """
    weights, y, answers = weighted(weights, y, answers)
    y = _class_numbers("y", y, n_classes)
    answers = _class_numbers("answers", answers, n_classes)
    _check_shape("answers", answers, y.shape)
    cells = np.bincount(y * n_classes + answers, weights, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def precision_recall_f1(confusion: Array) -> tuple[Array, Array, Array]:
    """Return precision, recall and F1, each `(K,)`, from a confusion matrix `(K, K)`.

    Precision is the correct share of the answers k, recall the correctly answered share of the
    samples of class k, and F1 their harmonic mean. 0/0 counts as 0, as in scikit-learn.
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ShapeError(
            f"A confusion matrix has one row and one column for each class, shape (K, K), "
            f"but got {confusion.shape}; make it with confusion_matrix."
        )
    right, support, answered = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    precision = right / np.where(answered > 0, answered, 1)  # 0/0 becomes 0/1
    recall = right / np.where(support > 0, support, 1)
    either = answered + support
    f1 = 2 * right / np.where(either > 0, either, 1)
    return precision, recall, f1


def roc_auc(y_is_positive: Array, score: Array, weights: Array | None = None) -> float:
    """Return the area under the ROC curve of two classes.

    It is the probability that a random positive sample scores higher than a random negative one,
    where a tie counts half: U / (n₊ n₋), with U the pairs in which the positive one scores higher.
    H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18 (1947) 50–60; as the area: J.
    A. Hanley and B. J. McNeil, Radiology 143 (1982) 29–36.

    Args:
        y_is_positive: True or 1 for the positive samples, False or 0 for the others, `(N,)`.
        score: `(N,)`, higher for the positive ones, not NaN.
        weights: the weight of each sample `(N,)`; None: all equal.

    Returns:
        0 to 1, where ½ is chance; NaN if all samples are positive, or all negative.
    """
    weights, y_is_positive, score = weighted(weights, y_is_positive, score)
    positive = _class_numbers("y_is_positive", y_is_positive, 2) == 1
    score = unmasked(score, "The score")
    _check_shape("score", score, positive.shape)
    if np.isnan(score).any():
        raise DataError(
            f"The AUC needs a number as the score of each sample, but {np.isnan(score).sum()} of "
            f"{len(score)} are NaN; look for what made them, or leave those samples out."
        )
    if positive.all() or not positive.any():
        return nan
    w = np.ones(len(score)) if weights is None else weights.astype(np.float64)
    place = np.unique(score, return_inverse=True)[1]
    of_positive, of_negative = (np.bincount(place, w * one) for one in (positive, ~positive))
    below = of_negative.cumsum() - of_negative / 2  # negatives under each different score
    return float(of_positive @ below / (of_positive.sum() * of_negative.sum()))


def roc_auc_one_vs_rest(y: Array, P: Array, weights: Array | None = None) -> float:
    """Return the unweighted mean over the classes k of the AUC of P[:, k] for "is it k?".

    Classes without samples in `y` are left out; NaN if `y` has one class only.
    """
    weights, y, P = weighted(weights, y, P)
    y, P = _classes_and_probabilities(y, P)
    return float(np.mean([roc_auc(y == k, P[:, k], weights) for k in np.unique(y)]))


def log_loss(y: Array, P: Array, weights: Array | None = None) -> float:
    """Return the mean of −ln P[i, y_i], in nats.

    A probability of 0 counts as the smallest normal number of the dtype of P (float32: 1.2e-38), so
    that one certain mistake weighs much (float32: 87, float64: 708) but leaves the mean finite.
    """
    weights, y, P = weighted(weights, y, P)
    y, P = _classes_and_probabilities(y, P)
    right = np.maximum(P[np.arange(len(y)), y], np.finfo(P.dtype).tiny)
    return mean(-np.log(right, dtype=np.float64), weights)


def check_probabilities(P: Array) -> Array:
    """Return P `(N, K)`, K ≥ 2, as a float array, if each row is a distribution."""
    P = unmasked(P, "P")
    if P.dtype not in (np.float16, np.float32):
        P = P.astype(np.float64, copy=False)
    if P.ndim != 2 or P.shape[1] < 2:
        raise ShapeError(
            f"P must hold a probability for each sample and class, shape (N, K) with K of at least "
            f"2, but got {P.shape}; for one p for yes or no give np.column_stack([1 - p, p])."
        )
    with np.errstate(invalid="ignore", over="ignore"):  # ∞ − ∞; the sum is refused below
        total = P.sum(axis=1, dtype=np.float64)
        valid = (P >= 0).all(axis=1) & (abs(total - 1) <= 0.01)  # allows rounded probabilities
    if not valid.all():
        first = int(valid.argmin())
        raise DataError(
            f"Each row of P must be finite, at least 0 and sum to 1, but {(~valid).sum()} of "
            f"{len(P)} rows are not; row {first} goes from {P[first].min()} to {P[first].max()} "
            f"with the sum {total[first]:g}. Give what softmax returns, not logits."
        )
    return P


def _class_numbers(name: str, values: Array, n_classes: int | None = None) -> Array:
    """Return class indices as int64 `(N,)`, N ≥ 1, if they are whole and in 0 … n_classes − 1."""
    values = unmasked(values, name)
    if values.ndim != 1:
        raise ShapeError(
            f"{name} must be one class number for each sample, shape (N,), but got {values.shape}; "
            f"use ravel() on a single column, argmax(axis=1) on one-hot rows."
        )
    if len(values) == 0:
        raise DataError(f"{name} is empty, and a metric needs at least one sample to count.")
    if values.dtype.kind not in "biu":
        raise DataError(
            f"{name} must be whole class numbers, but got {values.dtype}; convert with astype(int)."
        )
    if n_classes is not None and (values.min() < 0 or values.max() >= n_classes):
        raise DataError(
            f"{name} must hold class numbers from 0 to below {n_classes}, the number of classes, "
            f"but goes from {values.min()} to {values.max()}; number the classes from 0."
        )
    return values.astype(np.int64)


def _classes_and_probabilities(y: Array, P: Array) -> tuple[Array, Array]:
    """Return both after checks: class indices `(N,)` in 0 … K−1 and distributions `(N, K)`."""
    P = check_probabilities(P)
    n_classes = P.shape[1]
    y = _class_numbers("y", y, n_classes)
    _check_shape("P", P, (len(y), n_classes))
    return y, P


def _check_shape(name: str, values: Array, expected: Shape) -> None:
    if values.shape != expected:
        raise ShapeError(
            f"{name} must fit the {expected[0]} samples of y, shape {expected}, but got "
            f"{values.shape}; give both for the same samples, in the same order."
        )
