"""What is measured of answers: scores and a verdict. Texts, pages and JSON loop over them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Literal, NamedTuple, Self

from plainnet.errors import DataError

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric of an evaluation, with what is needed to read it."""

    key: str
    """The name in JSON: `roc_auc`."""
    name: str
    """The name for people: `ROC AUC`."""
    value: float
    """The score; NaN where these samples do not determine it."""
    written: Callable[[float], str]
    """How such a value is written: as a share, a decimal, a number in the target's unit."""
    meaning: str
    """What it measures, in a sentence."""
    interval: Interval | None = None
    """The 95 % confidence interval, if there is one; NaN for a single sample."""
    baseline: float | None = None
    """The score of the constant answer that `Evaluation.always` names, if it is of interest."""
    higher_is_better: bool = True
    note: str = ""
    """A remark on the value: `37 right`."""

    @property
    def is_known(self) -> bool:
        """Whether these samples determine it."""
        return not isnan(self.value)

    @property
    def text(self) -> str:
        """The value as it is written: `92.5 %`."""
        return self.written(self.value)

    @property
    def interval_text(self) -> str:
        """`95 % interval 80.1 % to 97.4 %`; "" if there is none."""
        if self.interval is None:
            return ""
        low, high = self.interval
        if isnan(low):
            return "of one sample"
        return f"95 % interval {self.written(low)} to {self.written(high)}"

    @property
    def beats_baseline(self) -> bool | None:
        """Whether the whole interval is better than the baseline; None if it includes it."""
        low, high = self.interval or (nan, nan)
        baseline = nan if self.baseline is None else self.baseline
        if low > baseline or high < baseline:
            return (low > baseline) == self.higher_is_better
        return None

    def facts(self) -> dict[str, Any]:
        """The score, its interval and its baseline for JSON; None where there is no number."""
        facts: dict[str, Any] = {self.key: _plain(self.value)}
        if self.interval is not None:
            facts[f"{self.key}_interval_95"] = [_plain(end) for end in self.interval]
        if self.baseline is not None:
            facts[f"baseline_{self.key}"] = _plain(self.baseline)
        return facts


class Verdict(NamedTuple):
    """Whether answers are shown to be better than a constant one."""

    kind: Literal["good", "bad"]
    text: str
    """A sentence."""


class Evaluation(ABC):
    """How well samples of which the right answers are known were answered.

    A metric is added in one place, `scores`: all that prints, draws or writes JSON loops over them.
    """

    n: float
    """The number of samples, or the sum of their weights."""

    @abstractmethod
    def scores(self) -> tuple[Score, ...]:
        """All metrics; the first, with interval and baseline, is the one to judge by."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The names of the classes, at least two, or the one name of the target."""

    @property
    @abstractmethod
    def always(self) -> str:
        """The constant answer that the baselines are of: `always answering “cat”`."""

    @abstractmethod
    def verdict(self, things: str = "samples") -> Verdict:
        """Whether the answers are better than the constant one; samples are called `things`."""

    @abstractmethod
    def renamed(self, rename: Callable[[str], str]) -> Self:
        """The same with the names of classes or target changed, such as to be shown on a page."""

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """What `to_dict` holds beside the scores."""

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain Python values, ready for JSON; None where there is no number."""
        facts: dict[str, Any] = {"n": self.n}
        for score in self.scores():
            facts |= score.facts()
        return facts | self.details()

    @classmethod
    @abstractmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave, such as from the quality in a model file.

        Raises:
            DataError: it is something else.
        """


def malformed(error: Exception) -> DataError:
    """What `from_dict` raises for values of another kind."""
    return DataError(f"The stored evaluation is malformed ({error}).")


def _plain(value: float) -> float | None:
    return None if isnan(value) else value
