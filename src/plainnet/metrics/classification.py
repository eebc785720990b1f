"""Evaluations of classifiers, and the answers that follow from probabilities."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.digits import decimal, percent
from plainnet.errors import ShapeError
from plainnet.metrics.costs import Costs, chosen, constant_costs, cost_score, read_costs
from plainnet.metrics.curves import calibration
from plainnet.metrics.evaluation import Evaluation, Interval, Score, Verdict, malformed
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
class ClassificationEvaluation(Evaluation):
    """An evaluation of N samples of K classes: a few measurements, from which the rest follows.

    With sample weights, every count is a sum of weights.
    """

    classes: tuple[str, ...]
    """The names of the K classes."""
    confusion: Array
    """The samples of class i (row) answered as class j (column), int64 `(K, K)`; float64 if they
    have weights."""
    roc_auc: float
    """Area under the ROC curve of class 1; for K > 2 the mean over each class against the rest.

    NaN if all samples are of one class."""
    log_loss: float
    """Mean of −ln P(right class)."""
    effective_size: float | None = None
    """The effective number of weighted samples; None: `n`."""
    calibration_error: float = nan
    """The mean distance between confidence and accuracy; NaN if it was not stored."""
    mean_confidence: float = nan
    """The mean probability of the answers; NaN if it was not stored."""
    costs: Costs | None = None
    """The costs of wrong answers; None: all cost the same."""

    @property
    def n(self) -> float:  # type: ignore[override]
        """The number of samples, or the sum of their weights."""
        return plain_count(self.confusion.sum())

    @property
    def correct(self) -> float:
        """The number of correct answers."""
        return plain_count(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The share of correct answers."""
        return self.correct / self.n

    @property
    def interval(self) -> Interval:
        """The 95 % confidence interval of the accuracy (Wilson)."""
        return wilson_interval(self.accuracy * self._size, self._size)

    @property
    def _size(self) -> float:
        return self.n if self.effective_size is None else self.effective_size

    @property
    def support(self) -> Array:
        """The number of samples of each class, int64 `(K,)`."""
        support: Array = self.confusion.sum(axis=1)
        return support

    @property
    def baseline_class(self) -> str:
        """The best constant answer, of equals the first: the most frequent class, or with costs
        the one of the lowest mean cost.
        """
        return self.classes[self._constant]

    @property
    def baseline_accuracy(self) -> float:
        """The accuracy of always answering `baseline_class`."""
        return plain_count(self.support[self._constant]) / self.n

    @property
    def _constant(self) -> int:
        if self.costs is None:
            return int(self.support.argmax())
        return int(constant_costs(self.support, self.costs).argmin())

    @property
    def precision(self) -> Array:
        """The correct share of the answers k, `(K,)`; 0 if k was never answered."""
        return precision_recall_f1(self.confusion)[0]

    @property
    def recall(self) -> Array:
        """The correctly answered share of the samples of class k, `(K,)`; 0 if there are none."""
        return precision_recall_f1(self.confusion)[1]

    @property
    def f1(self) -> Array:
        """The harmonic mean of precision and recall, `(K,)`; 0 if both are 0."""
        return precision_recall_f1(self.confusion)[2]

    def scores(self) -> tuple[Score, ...]:
        """Return accuracy, log loss, ROC AUC and calibration error; with costs first their mean."""
        c = self.costs
        return (
            *([] if c is None else [cost_score(self.confusion, self.classes, c, self._size)]),
            Score(
                key="accuracy",
                name="accuracy",
                value=self.accuracy,
                written=percent,
                meaning="The share of correct answers.",
                interval=self.interval,
                baseline=self.baseline_accuracy,
                note=f"{self.correct:,} correct",
            ),
            Score(
                key="log_loss",
                name="log loss",
                value=self.log_loss,
                written=decimal,
                meaning="The mean of −ln P(right class); 0 is best.",
                higher_is_better=False,
            ),
            Score(
                key="roc_auc",
                name="ROC AUC",
                value=self.roc_auc,
                written=decimal,
                meaning="The area under the ROC curve: 1 is perfect, ½ is chance.",
            ),
            Score(
                key="calibration_error",
                name="calibration error",
                value=self.calibration_error,
                written=percent,
                meaning="The mean distance between the probability of answers and their accuracy.",
                higher_is_better=False,
            ),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.classes

    @property
    def always(self) -> str:
        """The constant answer."""
        return f"always answering “{self.baseline_class}”"

    def verdict(self, things: str = "samples") -> Verdict:
        """Compare the accuracy, or the mean cost, with that of the best constant answer."""
        if (self.support > 0).sum() == 1:
            return Verdict(
                "bad",
                f"All these {things} are of one class, “{self.classes[int(self.support.argmax())]}”"
                "; that does not show how well it is distinguished from the others.",
            )
        first = self.scores()[0]
        baseline = first.written(first.baseline or 0.0)
        would, side = f"be right for {baseline} of these {things}", "above"
        if self.costs is not None:
            would, side = f"cost {baseline} on average", "below"
        if (better := first.beats_baseline) is None:
            low, high = map(first.written, first.interval or ())
            return Verdict(
                "bad",
                f"Not shown to be better than {self.always}: that would {would}, and the interval "
                f"from {low} to {high} includes it.",
            )
        than = f"than {self.always}, which would {would}"
        if better:
            return Verdict("good", f"Better {than}: the whole interval lies {side} it.")
        return Verdict("bad", f"Worse {than}.")

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """Return a copy with other names of the classes."""
        return replace(self, classes=tuple(map(rename, self.classes)))

    def details(self) -> dict[str, Any]:
        """Return the counts, the confusion matrix and the metrics of each class."""
        columns = [self.support, self.precision, self.recall, self.f1]
        keys = ("class", "support", "precision", "recall", "f1")
        rows = zip(self.classes, *(column.tolist() for column in columns), strict=True)
        weighed = {} if self.effective_size is None else {"effective_size": self.effective_size}
        return {
            "correct": self.correct,
            "mean_confidence": None if isnan(self.mean_confidence) else self.mean_confidence,
            "baseline_class": self.baseline_class,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "per_class": [dict(zip(keys, row, strict=True)) for row in rows],
            **weighed,
            **({} if self.costs is None else {"costs": np.array(self.costs).tolist()}),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the result of `to_dict`; older versions of it lack the calibration."""
        try:
            classes = tuple(str(name) for name in stored["classes"])
            confusion = np.array(stored["confusion"])
            auc, loss, error, confidence, size = (
                None if value is None else check_number(name, value, bounds)
                for name, value, bounds in (
                    ("AUC", stored["roc_auc"], "[0, 1]"),
                    ("log loss", stored["log_loss"], "[0, inf)"),
                    ("calibration error", stored.get("calibration_error"), "[0, 1]"),
                    ("mean confidence", stored.get("mean_confidence"), "[0, 1]"),
                    ("effective sample size", stored.get("effective_size"), "[1, inf)"),
                )
            )
            given = stored.get("costs")
            costs = None if given is None else read_costs(given, len(classes))
        except (KeyError, TypeError, ValueError) as why:
            raise malformed(why) from why
        K = len(classes)
        dtype = np.int64 if size is None else np.float64
        whole = confusion.shape == (K, K) and confusion.dtype == dtype
        if not (K >= 2 and whole and confusion.min() >= 0 and confusion.any()):
            raise malformed(f"its confusion matrix must hold {K} × {K} counts")
        values = (nan if value is None else value for value in (auc, loss, error, confidence))
        auc, loss, error, confidence = values
        return cls(classes, confusion, auc, loss, size, error, confidence, costs)


def answers_from(P: Array, threshold: float = 0.5, costs: Costs | None = None) -> Array:
    """Return the index of the class answered for each row of P `(N, K)`, int64 `(N,)`.

    Of two classes it is class 1 if P[:, 1] ≥ threshold; of more, the most probable one, or with
    costs that of the lowest expected cost (the first of equals).
    """
    return chosen(check_probabilities(P), threshold, costs)


def evaluate_probabilities(
    y: Array,
    P: Array,
    classes: Sequence[str],
    threshold: float = 0.5,
    weights: Array | None = None,
    costs: Costs | None = None,
) -> ClassificationEvaluation:
    """Evaluate probabilities against the true classes.

    Args:
        y: class indices `(N,)`, in 0 … K−1.
        P: probabilities `(N, K)`, K ≥ 2, each row with the sum 1.
        classes: the names of the K classes, in the order of the columns.
        threshold: the probability from which class 1 of two is answered.
        weights: the weight of each sample `(N,)`; None: all equal.
        costs: of wrong answers; None: all cost the same.

    Raises:
        ShapeError: the sizes of y, P and classes do not match.
        DataError: no samples, class indices out of range, or rows of P that are not distributions.
    """
    weights, y, P = weighted(weights, y, P)
    P = check_probabilities(P)
    n_classes = P.shape[1]
    if len(classes) != n_classes:
        raise ShapeError(
            f"P has {n_classes} columns and needs as many class names, but got {len(classes)}; "
            "name every class, in the order of the columns."
        )
    loss = log_loss(y, P, weights)  # first: it checks y and P
    calibrated = calibration(y, P, weights=weights)
    return ClassificationEvaluation(
        log_loss=loss,
        roc_auc=roc_auc(y, P[:, 1], weights)
        if n_classes == 2
        else roc_auc_one_vs_rest(y, P, weights),
        confusion=confusion_matrix(y, answers_from(P, threshold, costs), n_classes, weights),
        classes=tuple(classes),
        effective_size=None if weights is None else effective_size(weights),
        calibration_error=calibrated.error,
        mean_confidence=calibrated.mean_confidence,
        costs=costs,
    )
