"""The mean cost of answers, if the wrong ones of two classes cost different amounts."""

from collections.abc import Sequence
from math import sqrt
from typing import Any, cast

import numpy as np

from plainnet.checks import check_number
from plainnet.digits import number
from plainnet.metrics.evaluation import Score
from plainnet.metrics.metrics import wilson_interval
from plainnet.network.arrays import Array

Costs = tuple[float, float]
"""The cost of a wrong answer to a sample of class 0, and to one of class 1; a right one costs 0."""


def constant_costs(support: Array, costs: Costs) -> Array:
    """Return the mean cost of always answering class 0, and of always answering class 1, `(2,)`.

    Args:
        support: the number of samples of each class `(2,)`.
        costs: of wrong answers.
    """
    mean: Array = (support * np.array(costs))[::-1] / support.sum()
    return mean


def cost_score(confusion: Array, classes: Sequence[str], costs: Costs, n: float) -> Score:
    """Return the mean cost Σ c p of answers with its 95 % confidence interval.

    p is the share of one kind of errors. Its Wilson interval (l, u) gives the lower end
    Σ c p − √Σ (c (p − l))², and the upper one likewise: Zou, Donner: Construction of confidence
    limits about effect measures (2008). Without any error the upper end is still above 0.

    Args:
        confusion: the samples of class i (row) answered as class j (column), `(2, 2)`.
        classes: the names of the classes.
        costs: of wrong answers.
        n: the number of samples, the effective one if they have weights.
    """
    p = confusion[[0, 1], [1, 0]] / confusion.sum()
    c, ends = np.array(costs), np.array([wilson_interval(share * n, n) for share in p])
    mean = float(c @ p)
    down, up = (sqrt(np.square(c * (p - end)).sum()) for end in ends.T)
    each = (f"{number(c)} where “{name}” is right" for name, c in zip(classes, costs, strict=True))
    return Score(
        key="mean_cost",
        name="mean cost",
        value=mean,
        written=number,
        meaning=f"The mean cost of an answer; a wrong one costs {' and '.join(each)}.",
        interval=(max(mean - down, 0.0), mean + up),
        baseline=float(constant_costs(confusion.sum(axis=1), costs).min()),
        higher_is_better=False,
    )


def read_costs(stored: Any) -> Costs:
    """Return costs as JSON holds them.

    Raises:
        SettingError, TypeError, ValueError: they are not two numbers above 0.
    """
    first, second = stored
    return cast("Costs", tuple(check_number("cost", c, "(0, inf)") for c in (first, second)))
