"""Evaluations of several predicted numbers: each by itself, and all of them together.

Numbers in different units are compared in units of the spread of their targets.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isnan, nan, sqrt
from typing import Any, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.digits import decimal, percent
from plainnet.metrics.evaluation import Score, Verdict, malformed
from plainnet.metrics.importance import Criterion, score_of_rise, three_decimals
from plainnet.metrics.regression import (
    RegressionEvaluation,
    evaluate_numbers,
    mean_with_interval,
    stored_ends,
)
from plainnet.metrics.weighting import mean, weighted
from plainnet.network.arrays import Array

ABOUT_SEVERAL = (
    (
        *("relative_rmse_rise", "rise of relative RMSE", three_decimals),
        "By how much the relative RMSE rises.",
    ),
    ("r2_fall", "fall of mean R²", three_decimals, "By how much the mean R² falls."),
)
"""Key, name, format and meaning of the scores of importance."""


@dataclass(frozen=True)
class MultiRegressionEvaluation(RegressionEvaluation):
    """An evaluation of predicted numbers for each of k targets.

    Its own numbers are means over the targets, with errors in units of the spread of each target:
    `rmse` is the root of the mean over samples and targets of (error / spread)². They are without
    targets that are always the same, and NaN if all are. `bias` is in `parts` alone.
    """

    parts: tuple[RegressionEvaluation, ...] = ()
    """The evaluation of each target, in its own unit."""

    def scores(self) -> tuple[Score, ...]:
        """Return relative RMSE and mean R²; with prediction intervals also their mean coverage."""
        constant = [part.target for part in self.parts if not part.baseline_rmse]
        coverage = Score(
            key="coverage",
            name="mean coverage",
            value=self.coverage,
            written=percent,
            meaning="The mean share of targets in their prediction interval of 90 %.",
        )
        return (
            Score(
                key="relative_rmse",
                name="relative RMSE",
                value=self.rmse,
                written=decimal,
                meaning="The root of the mean squared error in units of each target's spread.",
                interval=self.rmse_interval,
                baseline=self.baseline_rmse,
                higher_is_better=False,
                note=f"without {', '.join(constant)}, always the same here" if constant else "",
            ),
            Score(
                key="relative_mae",
                name="relative MAE",
                value=self.mae,
                written=decimal,
                meaning="The mean absolute error in units of each target's spread.",
                interval=self.mae_interval,
                baseline=self.baseline_mae,
                higher_is_better=False,
            ),
            Score(
                key="r2",
                name="mean R²",
                value=self.r2,
                written=decimal,
                meaning="The mean over the targets of the explained share of their variance.",
            ),
            *([] if isnan(self.coverage) else [coverage]),
        )

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names of the targets."""
        return tuple(part.target for part in self.parts)

    @property
    def always(self) -> str:
        """The constant answer: the mean of each target."""
        return "always answering the means"

    def verdict(self, things: str = "samples") -> Verdict:
        """Compare the relative RMSE with that of always answering the means, which is 1."""
        if isnan(self.rmse):
            return self.parts[0].verdict(things)
        better = self.scores()[0].beats_baseline
        if better is None:
            text = f"Not shown to be better than {self.always}: the interval includes it."
            return Verdict("bad", text)
        if not better:
            return Verdict("bad", f"Worse than {self.always}.")
        weak = [part.target for part in self.parts if part.verdict().kind == "bad"]
        but = f" By itself this is not shown for {', '.join(weak)}." if weak else ""
        share = 100 * (1 - self.rmse)
        return Verdict(
            "good",
            f"Its error is {share:.0f} % smaller than that of {self.always}: the whole interval "
            f"lies below it.{but}",
        )

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """Return a copy with other names of the targets."""
        return replace(self, parts=tuple(part.renamed(rename) for part in self.parts))

    def details(self) -> dict[str, Any]:
        """Return the evaluation of each target."""
        return {"targets": {part.target: part.to_dict() for part in self.parts}}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the result of `to_dict`."""
        try:
            parts = tuple(map(RegressionEvaluation.from_dict, stored["targets"].values()))
            if len(parts) < 2 or [*stored["targets"]] != [part.target for part in parts]:
                raise ValueError(f"its targets are {[*stored['targets']]!r:.80}")
            values = _shared(parts)
            for name in ("rmse", "mae"):
                values[name] = _known(stored, f"relative_{name}")
                values[f"baseline_{name}"] = _known(stored, f"baseline_relative_{name}")
                values[f"{name}_interval"] = stored_ends(stored, f"relative_{name}")
            return cls(**values)
        except (AttributeError, KeyError, TypeError, ValueError) as why:
            raise malformed(why) from why


def evaluate_several(
    y: Array,
    answers: Array,
    targets: Sequence[str],
    weights: Array | None = None,
    intervals: Sequence[Array | None] | None = None,
) -> MultiRegressionEvaluation:
    """Evaluate predicted numbers for several targets against the true ones.

    Args:
        y: the true numbers `(N, k)`, N > 0.
        answers: the predicted ones `(N, k)`.
        targets: their k names.
        weights: the weight of each sample `(N,)`; None: all equal.
        intervals: the ends of each target's prediction intervals of 90 %, `(N, 2)`, or None.

    Raises:
        ShapeError: the sizes do not match.
        DataError: there are no samples, or some numbers are not finite.
    """
    ends = intervals or [None] * len(targets)
    parts = tuple(
        evaluate_numbers(y[:, i], answers[:, i], name, weights, ends[i])
        for i, name in enumerate(targets)
    )
    weights, y, answers = weighted(weights, y, answers)
    means, spreads = (
        np.array([getattr(p, n) for p in parts]) for n in ("baseline", "baseline_rmse")
    )
    known = spreads > 0
    if not known.any():
        values = _shared(parts) | dict.fromkeys(
            ("rmse", "mae", "baseline_rmse", "baseline_mae"), nan
        )
        values |= dict.fromkeys(("rmse_interval", "mae_interval"), (nan, nan))
        return MultiRegressionEvaluation(**values)
    Z, T = ((values - means)[:, known] / spreads[known] for values in (answers, y))
    off = (np.square(T) - 1) / 2  # of the spread, as a share: it is that of these samples as well
    square, low, high = mean_with_interval(_relative(np.square(Z - T), 2 * off, weights), weights)
    mae, *mae_interval = mean_with_interval(_relative(np.abs(Z - T), off, weights), weights)
    return MultiRegressionEvaluation(
        **_shared(parts),
        rmse=sqrt(square),
        rmse_interval=(sqrt(low), sqrt(high)),
        mae=mae,
        mae_interval=(mae_interval[0], mae_interval[1]),
        baseline_rmse=1.0,
        baseline_mae=mean(np.abs(T).mean(axis=1), weights),
    )


def _relative(errors: Array, off: Array, weights: Array | None) -> Array:
    """Return the contributions `(N,)` to the mean error, with those by way of the spread.

    Without these the interval would be too narrow. They are its derivatives (delta method).

    Args:
        errors: in units of the spreads or their squares, `(N, k)`.
        off: by how far each sample changes that unit, as a share of it, `(N, k)`; its mean is 0.
        weights: the weight of each sample `(N,)`; None: all equal.
    """
    means = np.array([mean(column, weights) for column in errors.T])
    contributions: Array = (errors - means * off).mean(axis=1)
    return contributions


def _known(stored: Mapping[str, Any], name: str) -> float:
    """Return a stored number of at least 0; NaN for None."""
    return nan if stored[name] is None else check_number(name, stored[name], "[0, inf)")


def _shared(parts: tuple[RegressionEvaluation, ...]) -> dict[str, Any]:
    """Return what follows from the evaluations of the targets; standardized, their mean is 0."""
    names, coverage = ", ".join(part.target for part in parts), [part.coverage for part in parts]
    known = {"n": parts[0].n, "parts": parts, "coverage": float(np.mean(coverage))}
    return {"target": names, "bias": nan, "baseline": 0.0, **known}


def criteria_of_several(y: Array, weights: Array | None) -> tuple[Criterion, Criterion]:
    """Return the criteria of predicted numbers `(N, k)`, relative RMSE and mean R².

    Args:
        y: the true numbers `(N, k)`.
        weights: the weight of each sample `(N,)`; None: all equal.
    """
    means = np.array([mean(column, weights) for column in y.T])
    spreads = np.sqrt([mean(np.square(c - m), weights) for c, m in zip(y.T, means, strict=True)])
    losses = partial(_losses, y, spreads=spreads)  # 1 − mean R² = their mean
    baseline = losses(np.broadcast_to(means, y.shape))
    rise, fall = (score_of_rise(*about) for about in ABOUT_SEVERAL)
    return Criterion(rise, losses, is_root=True), Criterion(fall, losses, baseline=baseline)


def _losses(y: Array, answers: Array, spreads: Array) -> Array:
    """Return the mean over the targets of (error / spread)², `(N,)`, of those with a spread."""
    known = spreads > 0
    if not known.any():
        return np.zeros(len(y))
    errors = (answers[:, known] - y[:, known]) / spreads[known]
    losses: Array = np.square(errors).mean(axis=1)
    return losses
