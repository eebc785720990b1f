"""Answers to samples as values: a name or a number for each target, with interval and shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from plainnet.models.answers import Answers
from plainnet.network import Array


class Answered(NamedTuple):
    """The answer to one target of a sample."""

    part: Answers
    """The meaning of the answer."""
    answer: Any
    """A name or a number; None if it is withheld."""
    ends: list[float]
    """The ends of its interval; [] without one."""
    shares: dict[str, float]
    """The probability of each class; {} for a number."""
    withheld: str = ""
    """Why there is no answer; "" if there is one."""

    def withheld_for(self, why: str) -> Answered:
        """Return it without its answer, for this reason; itself if that is ""."""
        return self._replace(answer=None, withheld=why) if why else self

    def facts(self) -> dict[str, Any]:
        """Return answer, interval and probabilities as JSON values, as far as there are."""
        known = {"withheld": self.withheld, "interval": self.ends, "probabilities": self.shares}
        return {"answer": self.answer, **{name: value for name, value in known.items() if value}}


def answered(
    answers: Answers, A: Array, coverage: float | None = None
) -> Iterator[tuple[Answered, ...]]:
    """Yield the answers to each sample, one for each target.

    Args:
        answers: the meaning of A.
        A: the model's answers to N samples.
        coverage: of the intervals around numbers; None: without.

    Raises:
        SettingError: there are no intervals of this coverage.
    """
    columns = []
    for part, a in zip(answers.parts, answers.parts_of(A), strict=True):
        ends = repeat([]) if coverage is None else part.around(a, coverage).tolist()
        columns.append(map(Answered, repeat(part), part.plain(a), ends, map(part.probabilities, a)))
    yield from zip(*columns, strict=True)


def facts_of(answers: Answers, given: Sequence[Answered]) -> dict[str, Any]:
    """Return the answers to one sample as JSON values; with several targets by their names."""
    each = [one.facts() for one in given]
    if len(each) == 1:
        return each[0]
    parts = [*zip(answers.names, each, strict=True)]
    keys = dict.fromkeys(key for facts in each for key in facts)
    return {key: {name: facts[key] for name, facts in parts if key in facts} for key in keys}
