"""The mean cost of answers, if wrong ones cost different amounts."""

from collections.abc import Sequence
from math import sqrt
from typing import Any, cast

import numpy as np

from plainnet.checks import check_number
from plainnet.digits import number
from plainnet.metrics.evaluation import Score
from plainnet.metrics.metrics import wilson_interval
from plainnet.network.arrays import Array

Costs = tuple[float, float] | tuple[tuple[float, ...], ...]
"""The cost of a wrong answer to a sample of class 0, and to one of class 1; or of K classes the
matrix `(K, K)` of what answer j (column) to a sample of class i (row) costs. Right ones cost 0."""
MOST_NAMED = 5
"""The most classes or errors whose costs are described one by one."""


def cost_matrix(costs: Costs) -> Array:
    """Return what answer j to a sample of class i costs, float64 `(K, K)`."""
    given = np.array(costs, np.float64)
    return given if given.ndim == 2 else np.array([[0, given[0]], [given[1], 0]])


def chosen(P: Array, threshold: float = 0.5, costs: Costs | None = None) -> Array:
    """Return what `answers_from` returns of a model's own probabilities, which need no check."""
    if P.shape[1] > 2 and costs is not None:
        return cheapest(P, costs)
    return (P[:, 1] >= threshold).astype("int64") if P.shape[1] == 2 else P.argmax(axis=1)


def cheapest(P: Array, costs: Costs) -> Array:
    """Return the answer of the lowest expected cost Σᵢ P(i) c(i, j), int64 `(N,)`.

    C. Elkan: The foundations of cost-sensitive learning (2001), section 1.

    Args:
        P: calibrated probabilities `(N, K)`.
        costs: of wrong answers.
    """
    answers: Array = (P @ cost_matrix(costs)).argmin(axis=1)
    return answers


def constant_costs(support: Array, costs: Costs) -> Array:
    """Return the mean cost of always answering each class, `(K,)`.

    Args:
        support: the number of samples of each class `(K,)`.
        costs: of wrong answers.
    """
    mean: Array = support @ cost_matrix(costs) / support.sum()
    return mean


def cost_score(confusion: Array, classes: Sequence[str], costs: Costs, n: float) -> Score:
    """Return the mean cost Σ c p of answers with its 95 % confidence interval.

    p is the share of the errors of cost c. Its Wilson interval (l, u) gives the lower end
    Σ c p − √Σ (c (p − l))², and the upper one likewise: Zou, Donner: Construction of confidence
    limits about effect measures (2008). Without any error the upper end is still above 0.

    Args:
        confusion: the samples of class i (row) answered as class j (column), `(K, K)`.
        classes: the names of the classes.
        costs: of wrong answers.
        n: the number of samples, the effective one if they have weights.
    """
    each = cost_matrix(costs)
    c, kinds = np.unique(each[each > 0], return_inverse=True)
    p = np.bincount(kinds, confusion[each > 0]) / confusion.sum()
    ends = np.array([wilson_interval(share * n, n) for share in p])
    mean = float(c @ p)
    down, up = (sqrt(np.square(c * (p - end)).sum()) for end in ends.T)
    return Score(
        key="mean_cost",
        name="mean cost",
        value=mean,
        written=number,
        meaning=f"The mean cost of an answer; a wrong one costs {described(costs, classes)}.",
        interval=(max(mean - down, 0.0), mean + up),
        baseline=float(constant_costs(confusion.sum(axis=1), costs).min()),
        higher_is_better=False,
    )


def described(costs: Costs, classes: Sequence[str]) -> str:
    """Return costs in words: `5 where “yes” is right and 1 where “no” is right`."""
    each, wrong = cost_matrix(costs), ~np.eye(len(classes), dtype=bool)
    of_class = [np.unique(row[others]) for row, others in zip(each, wrong, strict=True)]
    if all(len(one) == 1 for one in of_class) and len(classes) <= MOST_NAMED:
        texts = [
            f"{number(one[0])} where “{name}” is right"
            for one, name in zip(of_class, classes, strict=True)
        ]
        return _joined(texts)
    values, counts = np.unique(each[wrong], return_counts=True)
    usual = values[counts.argmax()]
    others = np.argwhere(wrong & (each != usual))
    if len(others) > MOST_NAMED:
        return (
            f"from {number(values[0])} to {number(values[-1])}, by the right class and the answer"
        )
    texts = [
        f"{number(each[i, j])} where “{classes[i]}” is answered by “{classes[j]}”"
        for i, j in others
    ]
    return f"{number(usual)}, but {_joined(texts)}"


def _joined(texts: Sequence[str]) -> str:
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last


def read_costs(stored: Any, n_classes: int) -> Costs:
    """Return the costs of so many classes as JSON holds them.

    Raises:
        SettingError, TypeError, ValueError: they are not two numbers above 0, nor a matrix with 0
            on its diagonal and numbers from 0 elsewhere.
    """
    if n_classes == 2:
        first, second = stored
        return cast("Costs", tuple(check_number("cost", c, "(0, inf)") for c in (first, second)))
    rows = tuple(tuple(check_number("cost", c, "[0, inf)") for c in row) for row in stored)
    if {len(row) for row in (rows, *rows)} != {n_classes}:
        raise ValueError(f"its costs are not those of {n_classes} classes")
    if np.trace(rows) or not np.any(rows):
        raise ValueError("its right answers cost something, or its wrong ones nothing")
    return rows
