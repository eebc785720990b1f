"""All that is known about a classifier from one set of samples with known classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import DataError, ShapeError
from plainnet.metrics.metrics import (
    check_probabilities,
    confusion_matrix,
    log_loss,
    precision_recall_f1,
    roc_auc,
    roc_auc_one_vs_rest,
    wilson_interval,
)
from plainnet.metrics.weighting import effective_size, plain_count, weighted
from plainnet.network.arrays import Array


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well N samples of K classes were answered: a few measurements, the rest follows.

    Where the samples have weights, all that is counted is a sum of these.
    """

    classes: tuple[str, ...]
    """The names of the K classes."""
    confusion: Array
    """How often class i (row) was answered as class j (column), int64 `(K, K)`, float64 of
    weighted samples."""
    roc_auc: float
    """Area under the ROC curve: of class 1, or for K > 2 the mean of each class against the rest.

    NaN where the samples are all of one class.
    """
    log_loss: float
    """Mean of −ln of the probability given to the right class."""
    effective_size: float | None = None
    """As how many samples that count alike the weighted ones are worth; None: `n`."""

    @property
    def n(self) -> float:
        """How many samples were scored."""
        return plain_count(self.confusion.sum())

    @property
    def correct(self) -> float:
        """How many of them were answered rightly."""
        return plain_count(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The share that was answered rightly."""
        return self.correct / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true accuracy may lie: Wilson's interval of 95 % confidence."""
        if self.effective_size is None:
            return wilson_interval(self.correct, self.n)
        return wilson_interval(self.accuracy * self.effective_size, self.effective_size)

    @property
    def support(self) -> Array:
        """How many samples each class has, int64 `(K,)`."""
        support: Array = self.confusion.sum(axis=1)
        return support

    @property
    def baseline_class(self) -> str:
        """The most frequent class of these samples, the first of equals."""
        return self.classes[int(self.support.argmax())]

    @property
    def baseline_accuracy(self) -> float:
        """The accuracy of always answering `baseline_class`; a classifier has to beat it."""
        return plain_count(self.support.max()) / self.n

    @property
    def precision(self) -> Array:
        """Of the answers k, the share that was right, `(K,)`; 0 where k was never answered."""
        return precision_recall_f1(self.confusion)[0]

    @property
    def recall(self) -> Array:
        """Of the samples of class k, the share that was found, `(K,)`; 0 where there are none."""
        return precision_recall_f1(self.confusion)[1]

    @property
    def f1(self) -> Array:
        """The harmonic mean of precision and recall, `(K,)`; 0 where both are."""
        return precision_recall_f1(self.confusion)[2]

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain Python values, ready for JSON; None where there is no AUC."""
        columns = [self.support, self.precision, self.recall, self.f1]
        keys = ("class", "support", "precision", "recall", "f1")
        rows = zip(self.classes, *(column.tolist() for column in columns), strict=True)
        weighed = {} if self.effective_size is None else {"effective_size": self.effective_size}
        return {
            "n": self.n,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.interval),
            "baseline_class": self.baseline_class,
            "baseline_accuracy": self.baseline_accuracy,
            "roc_auc": None if isnan(self.roc_auc) else self.roc_auc,
            "log_loss": self.log_loss,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "per_class": [dict(zip(keys, row, strict=True)) for row in rows],
            **weighed,
        }

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From what `to_dict` gave, such as a model file's quality.

        Raises:
            DataError: it is something else.
        """
        try:
            classes = tuple(str(name) for name in told["classes"])
            confusion = np.array(told["confusion"])
            auc = nan if told["roc_auc"] is None else check_number("AUC", told["roc_auc"], "[0, 1]")
            loss = check_number("log loss", told["log_loss"], "[0, inf)")
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"What was measured is told as something else ({error}).") from error
        K, size = len(classes), told.get("effective_size")
        if size is not None:
            size = check_number("effective sample size", size, "[1, inf)")
        dtype = np.int64 if size is None else np.float64
        whole = confusion.shape == (K, K) and confusion.dtype == dtype
        if not (K >= 2 and whole and confusion.min() >= 0 and confusion.any()):
            raise DataError(f"The confusion matrix must be {K} × {K} counts, but it is not.")
        return cls(classes, confusion, auc, loss, size)


def answers_from(P: Array, threshold: float = 0.5) -> Array:
    """The class number answered for each row of P `(N, K)`, int64 `(N,)`.

    Of two classes it is class 1 where P[:, 1] ≥ threshold; of more, the most probable, the first of
    equals.
    """
    P = check_probabilities(P)
    answers: Array = (P[:, 1] >= threshold).astype("int64") if P.shape[1] == 2 else P.argmax(axis=1)
    return answers


def evaluate_probabilities(
    y: Array,
    P: Array,
    classes: Sequence[str],
    threshold: float = 0.5,
    weights: Array | None = None,
) -> Evaluation:
    """Score probabilities against what was right.

    Args:
        y: class numbers `(N,)`, in 0 … K−1.
        P: probabilities `(N, K)`, K ≥ 2, each row with the sum 1.
        classes: the names of the K classes, in the order of the columns.
        threshold: of two classes, from which probability on it is class 1.
        weights: what each sample counts `(N,)`; None: all the same.

    Raises:
        ShapeError: y, P and classes do not fit together.
        DataError: no samples, class numbers out of range, or rows of P that are no distribution.
    """
    weights, y, P = weighted(weights, y, P)
    P = check_probabilities(P)
    n_classes = P.shape[1]
    if len(classes) != n_classes:
        raise ShapeError(
            f"P has {n_classes} columns and needs as many class names, but got {len(classes)}; "
            f"name every class, in the order of the columns."
        )
    return Evaluation(
        log_loss=log_loss(y, P, weights),  # first: it checks y and P against each other
        roc_auc=roc_auc(y, P[:, 1], weights)
        if n_classes == 2
        else roc_auc_one_vs_rest(y, P, weights),
        confusion=confusion_matrix(y, answers_from(P, threshold), n_classes, weights),
        classes=tuple(classes),
        effective_size=None if weights is None else effective_size(weights),
    )
