"""Evaluations of yes or no to several targets: of each by itself, and of all together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Any, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.digits import decimal, percent
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.evaluation import Interval, Score, Verdict, malformed
from plainnet.metrics.importance import Criterion, criteria_of_classes, score_of_rise
from plainnet.metrics.regression import mean_with_interval, stored_ends
from plainnet.metrics.weighting import mean, plain_count
from plainnet.network.arrays import Array


@dataclass(frozen=True, eq=False)
class MultilabelEvaluation(ClassificationEvaluation):
    """An evaluation of N samples with an answer of yes or no to each of k targets.

    Each target has two classes; the second is yes. The confusion matrix, precision, recall
    and F1 are those of all answers pooled (micro averages), log loss, ROC AUC and calibration error
    are means over the targets, and the accuracy is the share of samples with all answers right.
    """

    targets: tuple[str, ...] = ()
    """The names of the targets."""
    parts: tuple[ClassificationEvaluation, ...] = ()
    """The evaluation of each target."""
    all_right: float = nan
    """The share of samples with all answers right."""
    baseline_all_right: float = nan
    """The same of always giving the best constant answer to each target."""
    hamming_interval: Interval = (nan, nan)
    """The 95 % confidence interval of the Hamming loss."""
    cost_interval: Interval | None = None
    """That of the mean cost, if wrong answers to every target have costs."""

    @property
    def n(self) -> float:  # type: ignore[override]
        """The number of samples, or the sum of their weights."""
        return self.parts[0].n

    @property
    def accuracy(self) -> float:
        """The subset accuracy: the share of samples with all answers right."""
        return self.all_right

    @property
    def correct(self) -> float:
        """The number of samples with all answers right."""
        return plain_count(self.all_right * self.n)

    @property
    def baseline_accuracy(self) -> float:
        """The subset accuracy of always giving the best constant answer to each target."""
        return self.baseline_all_right

    @property
    def hamming_loss(self) -> float:
        """The share of wrong answers among all of them."""
        return float(np.mean([1 - part.accuracy for part in self.parts]))

    @property
    def mean_f1(self) -> float:
        """The mean over the targets of F1 of yes (macro average)."""
        return float(np.mean([part.f1[1] for part in self.parts]))

    def scores(self) -> tuple[Score, ...]:
        """Return Hamming loss, subset accuracy, mean F1, ROC AUC and log loss; with costs first."""
        return (
            *self._costs(),
            Score(
                key="hamming_loss",
                name="Hamming loss",
                value=self.hamming_loss,
                written=percent,
                meaning="The share of wrong answers among those to all targets.",
                interval=self.hamming_interval,
                baseline=float(np.mean([1 - part.baseline_accuracy for part in self.parts])),
                higher_is_better=False,
            ),
            Score(
                key="accuracy",
                name="subset accuracy",
                value=self.accuracy,
                written=percent,
                meaning="The share of samples with the right answer to every target.",
                interval=self.interval,
                baseline=self.baseline_accuracy,
            ),
            Score(
                key="f1",
                name="mean F1",
                value=self.mean_f1,
                written=decimal,
                meaning="The mean over the targets of F1 of their second class.",
            ),
            Score(
                key="roc_auc",
                name="mean ROC AUC",
                value=self.roc_auc,
                written=decimal,
                meaning="The mean area under the targets' ROC curves: 1 is perfect, ½ is chance.",
            ),
            Score(
                key="log_loss",
                name="mean log loss",
                value=self.log_loss,
                written=decimal,
                meaning="The mean over the targets of −ln P(right class); 0 is best.",
                higher_is_better=False,
            ),
        )

    def _costs(self) -> tuple[Score, ...]:
        """Return the mean cost, if there are costs."""
        if self.cost_interval is None:
            return ()
        each = [part.scores()[0] for part in self.parts]
        return (
            replace(
                each[0],
                value=float(np.mean([score.value for score in each])),
                meaning="The mean cost of an answer, over samples and targets.",
                interval=self.cost_interval,
                baseline=float(np.mean([score.baseline for score in each])),
            ),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the targets."""
        return self.targets

    @property
    def always(self) -> str:
        """The constant answer: the most frequent class of each target, or the cheapest one."""
        kind = "most frequent" if self.cost_interval is None else "cheapest"
        return f"always answering the {kind} classes"

    def verdict(self, things: str = "samples") -> Verdict:
        """Compare the Hamming loss, or the mean cost, with that of the best constant answers."""
        first = self.scores()[0]
        if not first.baseline:
            return Verdict(
                "bad", f"All these {things} have the same right answers; that shows little."
            )
        baseline = first.written(first.baseline)
        than = f"{self.always}, where {baseline} of the answers are wrong"
        if self.cost_interval is not None:
            than = f"{self.always}, which would cost {baseline} on average"
        if (better := first.beats_baseline) is None:
            return Verdict("bad", f"Not shown to be better than {than}: the interval includes it.")
        if not better:
            return Verdict("bad", f"Worse than {than}.")
        parts = zip(self.targets, self.parts, strict=True)
        weak = [name for name, part in parts if part.verdict().kind == "bad"]
        but = f" By itself this is not shown for {', '.join(weak)}." if weak else ""
        return Verdict("good", f"Better than {than}: the whole interval lies below it.{but}")

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """Return a copy with other names of targets and classes."""
        parts = tuple(part.renamed(rename) for part in self.parts)
        return replace(self, targets=tuple(map(rename, self.targets)), parts=parts)

    def details(self) -> dict[str, Any]:
        """Return the evaluation of each target."""
        parts = zip(self.targets, self.parts, strict=True)
        return {"targets": {name: part.to_dict() for name, part in parts}}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the result of `to_dict`."""
        try:
            targets = tuple(stored["targets"])
            parts = tuple(map(ClassificationEvaluation.from_dict, stored["targets"].values()))
            if len(parts) < 2 or any(len(part.classes) != 2 for part in parts):
                raise ValueError(f"its targets are {targets!r:.80}")
            return cls(
                **_pooled(parts),
                targets=targets,
                all_right=check_number("accuracy", stored["accuracy"], "[0, 1]"),
                baseline_all_right=check_number("baseline", stored["baseline_accuracy"], "[0, 1]"),
                hamming_interval=stored_ends(stored, "hamming_loss"),
                cost_interval=stored_ends(stored, "mean_cost") if "mean_cost" in stored else None,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as why:
            raise malformed(why) from why


def evaluate_labels(
    parts: Sequence[ClassificationEvaluation],
    targets: Sequence[str],
    right: Array,
    y: Array,
    weights: Array | None = None,
) -> MultilabelEvaluation:
    """Evaluate the answers to several targets of two classes.

    Args:
        parts: the evaluation of each of k targets.
        targets: their names.
        right: whether each answer is right, `(N, k)`.
        y: the index of the true class, 0 or 1, `(N, k)`.
        weights: the weight of each sample `(N,)`, above 0; None: all equal.
    """
    constant = np.array([part.classes.index(part.baseline_class) for part in parts])
    always, every = (np.asarray(ok.all(axis=1), np.float64) for ok in (y == constant, right))
    _, low, high = mean_with_interval(1 - right.mean(axis=1), weights)
    costs, ends = [part.costs for part in parts if part.costs is not None], None
    if len(costs) == len(parts):
        each = np.where(right, 0, np.array(costs)[np.arange(len(parts)), y])
        ends = mean_with_interval(each.mean(axis=1), weights)[1:]
    return MultilabelEvaluation(
        **_pooled(tuple(parts)),
        targets=tuple(targets),
        all_right=min(mean(every, weights), 1.0),
        baseline_all_right=min(mean(always, weights), 1.0),
        hamming_interval=(low, min(high, 1.0)),
        cost_interval=ends,
    )


def _pooled(parts: tuple[ClassificationEvaluation, ...]) -> dict[str, Any]:
    """Return what follows from the evaluation of each target."""
    names = ("roc_auc", "log_loss", "calibration_error", "mean_confidence")
    known = {n: [v for part in parts if not isnan(v := getattr(part, n))] for n in names}
    return {
        "classes": ("no", "yes"),
        "confusion": np.sum([part.confusion for part in parts], axis=0),
        "effective_size": parts[0].effective_size,
        **{name: float(np.mean(values)) if values else nan for name, values in known.items()},
        "parts": parts,
    }


def criteria_of_labels(y: Array, thresholds: Sequence[float]) -> tuple[Criterion, Criterion]:
    """Return the criteria of probabilities `(N, k, 2)`, mean log loss and Hamming loss.

    Args:
        y: the true classes `(N, k)`.
        thresholds: the probability from which yes is answered to each target.
    """
    each = [criteria_of_classes(y[:, i], t) for i, t in enumerate(thresholds)]

    def joined(kind: int) -> Callable[[Array], Array]:
        """Return the mean over the targets of a criterion's losses."""

        def losses(A: Array) -> Array:
            found: Array = np.mean(
                [one[kind].losses(A[:, i]) for i, one in enumerate(each)], axis=0
            )
            return found

        return losses

    first, second = each[0][0].score, each[0][1].score
    rise = score_of_rise(
        "log_loss_rise", "rise of mean log loss", first.written, "By how much the log loss rises."
    )
    points = score_of_rise(
        "hamming_loss_rise",
        "points of Hamming loss",
        second.written,
        "By how much the Hamming loss rises.",
    )
    return Criterion(rise, joined(0)), Criterion(points, joined(1))
