"""The winner beside the default settings, on samples that the search has never seen.

The best of many trials looks better than it is: by luck it suits the samples that it was chosen by
(the winner's curse; Cawley, Talbot: On Over-fitting in Model Selection, 2010). So both models are
measured on other samples, and the difference has an interval, from samples drawn again in pairs
(the bootstrap; Efron, Tibshirani, 1993).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from plainnet.data import Dataset
from plainnet.metrics.evaluation import Interval
from plainnet.models import AnyModel
from plainnet.network import Array
from plainnet.tuning.trial import score_of

RESAMPLES = 1000
"""How often the samples are drawn again."""
ENOUGH = 5000
"""Of more samples than this, fewer draws are as exact."""


@dataclass(frozen=True)
class Comparison:
    """The winner and the default settings on unseen samples."""

    metric: str
    """The key of the score."""
    name: str
    """The score for people."""
    higher_is_better: bool
    samples: int
    """The unseen samples."""
    winner: float
    winner_interval: Interval
    default: float
    default_interval: Interval
    gain: float
    """How much better the winner is than the default; below 0 if it is worse."""
    gain_interval: Interval
    gain_in_search: float
    """The same by the samples that the winner was chosen by."""
    subject: str = "winner"
    """What is compared with the default: the `winner`, or the `ensemble` of the best trials."""

    @property
    def curse(self) -> float:
        """The winner's curse: the part of the gain in the search that was luck."""
        return self.gain_in_search - self.gain

    @property
    def verdict(self) -> str:
        """A sentence: whether the winner is better beyond noise."""
        low, high = self.gain_interval
        if low > 0:
            return f"The {self.subject} is better than the default settings, beyond noise."
        if high < 0:
            return f"The {self.subject} is worse than the default settings: use the default."
        return (
            f"On these samples the difference between the {self.subject} and the default settings "
            "is within noise."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "curse": self.curse, "verdict": self.verdict}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Comparison":
        """Read the result of `to_dict`."""
        given = {name: value for name, value in stored.items() if name not in ("curse", "verdict")}
        pairs = {name: tuple(value) for name, value in given.items() if name.endswith("_interval")}
        return cls(**{**given, **pairs})


def compare(
    models: tuple[AnyModel, AnyModel],
    searched: tuple[float | None, float | None],
    unseen: Dataset,
    metric: str,
    seed: int,
    subject: str = "winner",
) -> Comparison:
    """Measure the winner and the default on unseen samples.

    Args:
        models: trained with the winner's settings, and with the default ones.
        searched: the values of the winner and the default by the samples of the search.
        unseen: samples that neither the search nor the models have learned from.
        metric: the key of the score.
        seed: of the samples drawn again.
        subject: what the first model is called.
    """
    measures = [_measure(model, unseen, metric) for model in models]
    whole = np.arange(len(unseen))
    winner, default = (measure(whole) for measure in measures)
    score = score_of(models[0].evaluate(unseen), metric)
    sign = 1.0 if score.higher_is_better else -1.0
    drawn = _resampled(measures, len(unseen), np.random.default_rng([seed, len(unseen)]))
    return Comparison(
        metric=metric,
        name=score.name,
        higher_is_better=score.higher_is_better,
        samples=len(unseen),
        winner=winner,
        winner_interval=_interval(drawn[:, 0]),
        default=default,
        default_interval=_interval(drawn[:, 1]),
        gain=sign * (winner - default),
        gain_interval=_interval(sign * (drawn[:, 0] - drawn[:, 1])),
        gain_in_search=0.0
        if None in searched
        else sign * ((searched[0] or 0) - (searched[1] or 0)),
        subject=subject,
    )


def validated(model: AnyModel, metric: str) -> float | None:
    """Return the score of a model on its validation samples."""
    data = model.validation
    return None if data is None else score_of(model.evaluate(data), metric).value


def _measure(model: AnyModel, data: Dataset, metric: str) -> Callable[[Array], float]:
    """Return a function that measures a model on some rows of the data; each is answered once."""
    A = model.mean_answers(data)
    answers = model.answers.without_intervals()

    def measured(rows: Array) -> float:
        return score_of(answers.measure(data.take(rows), A[rows]), metric).value

    return measured


def _resampled(measures: list[Callable[[Array], float]], n: int, rng: np.random.Generator) -> Array:
    """Return the scores of both models on samples drawn again, `(draws, 2)`."""
    draws = RESAMPLES if n <= ENOUGH else max(RESAMPLES * ENOUGH // n, 200)
    rows = (rng.integers(n, size=n) for _ in range(draws))
    return np.array([[measure(some) for measure in measures] for some in rows])


def _interval(values: Array) -> Interval:
    """Return the 95 % interval of drawn values."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
