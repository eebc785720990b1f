"""Evaluations: scores and a verdict, over which texts, pages and JSON loop."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Literal, NamedTuple, Self

from plainnet.errors import DataError

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Score:
    """A metric of an evaluation, with all that a reader needs."""

    key: str
    """The name in JSON: `roc_auc`."""
    name: str
    """The name for people: `ROC AUC`."""
    value: float
    """The score; NaN if these samples do not determine it."""
    written: Callable[[float], str]
    """The format of such a value: a share, a decimal, a number in the target's unit."""
    meaning: str
    """A sentence on what the metric measures."""
    interval: Interval | None = None
    """The 95 % confidence interval, if there is one; NaN for a single sample."""
    baseline: float | None = None
    """The score of the constant answer `Evaluation.always`, if it is of interest."""
    higher_is_better: bool = True
    note: str = ""
    """A remark on the value: `37 correct`."""

    @property
    def is_known(self) -> bool:
        """Whether these samples determine it."""
        return not isnan(self.value)

    @property
    def text(self) -> str:
        """The formatted value: `92.5 %`."""
        return self.written(self.value)

    @property
    def interval_text(self) -> str:
        """The formatted interval: `95 % interval 80.1 % to 97.4 %`; "" if there is none."""
        if self.interval is None:
            return ""
        return self.ends_text if isnan(self.interval[0]) else f"95 % interval {self.ends_text}"

    @property
    def ends_text(self) -> str:
        """The ends of the interval alone: `80.1 % to 97.4 %`."""
        low, high = self.interval or (nan, nan)
        return "from one sample" if isnan(low) else f"{self.written(low)} to {self.written(high)}"

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the whole interval is better than the baseline; None if it includes it."""
        low, high = self.interval or (nan, nan)
        baseline = nan if self.baseline is None else self.baseline
        if low > baseline or high < baseline:
            return (low > baseline) == self.higher_is_better
        return None

    def facts(self) -> dict[str, Any]:
        """Return the score, its interval and its baseline for JSON; NaN becomes None."""
        facts: dict[str, Any] = {self.key: _plain(self.value)}
        if self.interval is not None:
            facts[f"{self.key}_interval_95"] = [_plain(end) for end in self.interval]
        if self.baseline is not None:
            facts[f"baseline_{self.key}"] = _plain(self.baseline)
        return facts


class Verdict(NamedTuple):
    """The judgement whether answers are significantly better than a constant one."""

    kind: Literal["good", "bad"]
    text: str
    """A sentence with the reason."""


class Evaluation(ABC):
    """The measurements of answers to samples whose right answers are known.

    A metric is added in one place, `scores`: everything that prints, draws or writes JSON loops
    over it.
    """

    n: float
    """The number of samples, or the sum of their weights."""

    @abstractmethod
    def scores(self) -> tuple[Score, ...]:
        """Return all metrics; the first, with interval and baseline, decides the verdict."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The names of the classes (at least two), of the target, or of several targets."""

    @property
    @abstractmethod
    def always(self) -> str:
        """The constant answer of the baselines: `always answering “cat”`."""

    @abstractmethod
    def verdict(self, things: str = "samples") -> Verdict:
        """Judge the answers against the constant one; `things` is the word for the samples."""

    @abstractmethod
    def renamed(self, rename: Callable[[str], str]) -> Self:
        """Return a copy with the names of classes or target changed, for example for a page."""

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """Return the entries of `to_dict` that are not scores."""

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON values; NaN becomes None."""
        facts: dict[str, Any] = {"n": self.n}
        for score in self.scores():
            facts |= score.facts()
        return facts | self.details()

    @classmethod
    @abstractmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the result of `to_dict`, for example from the `quality` of a model file.

        Raises:
            DataError: it is malformed.
        """


def malformed(error: object) -> DataError:
    """Return the error of `from_dict` for malformed values."""
    return DataError(f"The stored evaluation is malformed ({error}).")


def _plain(value: float) -> float | None:
    return None if isnan(value) else value
