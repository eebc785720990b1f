"""Refusal: the answers that a classifier had better withhold.

An answer is withheld if the sample is unlike all training samples, as far as features that did not
learn from them show it, or if the model is right too seldom at its confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from plainnet.errors import SettingError
from plainnet.files.schema import read
from plainnet.network import Array

if TYPE_CHECKING:
    from plainnet.metrics.familiarity import Familiarity
    from plainnet.metrics.selective import Reliability

UNSURE, UNLIKE = "unsure", "unlike"
"""The reasons to withhold an answer; "" if it is given."""
TENSOR = "refusal.directions"


@dataclass(frozen=True, eq=False)
class Refusal:
    """What a classifier knows about when to withhold its answer."""

    reliability: tuple[Reliability, ...]
    """That of the answers to each target."""
    familiarity: Familiarity | None = None
    """None: the features learned from the training samples, so that all of these are familiar."""

    def reasons(
        self, raw: Array, A: Array, chosen: Array, wrong: float, names: Sequence[str]
    ) -> Array:
        """Return why each answer is withheld, texts `(N,)`; "" if it is given.

        With k targets they are `(N, k)`: each answer is withheld by itself.

        Args:
            raw: the samples, raw rows.
            A: the probabilities `(N, K)`, or `(N, k, K)`.
            chosen: the index of the answered class, `(N,)`, or `(N, k)`.
            wrong: the share of wrong answers to accept, at each confidence.
            names: of the targets, for messages.

        Raises:
            SettingError: too few samples were held out, or too many answers to them were wrong.
        """
        unsure = confidence(A, chosen) < np.reshape(self.least(wrong, names), chosen.shape[1:])
        known = self.familiarity
        unlike = np.zeros(len(A), bool) if known is None else known.is_unlike(raw)
        unlike = unlike.reshape(-1, *[1] * (chosen.ndim - 1))
        return np.where(unlike, UNLIKE, np.where(unsure, UNSURE, ""))

    def least(self, wrong: float, names: Sequence[str]) -> list[float]:
        """Return the least confidence of the answers to each target; see `reasons`."""
        if len(self.reliability) == 1:
            return [self.reliability[0].least(wrong)]
        found = []
        for name, one in zip(names, self.reliability, strict=True):
            try:
                found.append(one.least(wrong))
            except SettingError as error:
                raise SettingError(f"Of the target {name!r}: {error}") from None
        return found

    def describe(self) -> dict[str, Any]:
        """Return the entry of a model file."""
        limit = {} if self.familiarity is None else {"limit": self.familiarity.limit}
        first, *others = (asdict(one) for one in self.reliability)
        return (first if not others else {"targets": [first, *others]}) | limit

    def tensors(self) -> dict[str, Array]:
        """Return the arrays of a model file."""
        return {} if self.familiarity is None else {TENSOR: self.familiarity.directions}

    @classmethod
    def restore(cls, description: Mapping[str, Any], tensors: dict[str, Array], d: int) -> Self:
        """Read the entry of a model file, and remove its tensor.

        Args:
            description: the entry.
            tensors: of the file.
            d: the number of features.

        Raises:
            ValueError, SettingError: the entry is malformed.
        """
        from plainnet.metrics.familiarity import Familiarity  # few models have any
        from plainnet.metrics.selective import Reliability

        given, familiarity = dict(description), None
        if "limit" in given:
            limit = read(float, given.pop("limit"), "limit of familiar samples")
            familiarity = Familiarity(tensors.pop(TENSOR), limit)
            if familiarity.directions.shape[1] != d:
                raise ValueError(f"its familiar samples do not have {d} features")
        each = given.pop("targets", None) if {*given} == {"targets"} else [given]
        if not isinstance(each, list):
            raise ValueError(f"its refusal must be a list of those of targets, but is {each!r:.80}")
        return cls(tuple(read(Reliability, one, "refusal") for one in each), familiarity)


def needed_refusal(refusal: Refusal | None, wrong: float, names: Sequence[str]) -> Refusal:
    """Return what a model knows about when to withhold its answer.

    Args:
        refusal: of the model.
        wrong: the share of wrong answers to accept, at each confidence.
        names: of its targets, for messages.

    Raises:
        SettingError: it knows nothing: its answers are numbers, or no samples were held out in its
            training; or too few were, or too many answers to them were wrong.
    """
    if refusal is None:
        raise SettingError(
            "This model cannot say when it is unsure: that takes classes, and samples that were "
            "held out in its training; train a classifier with a validation share above 0."
        )
    refusal.least(wrong, names)
    return refusal


def confidence(A: Array, chosen: Array) -> Array:
    """Return the probability of each answer, float64 in the shape of `chosen`."""
    p: Array = np.take_along_axis(A, chosen[..., None], axis=-1)[..., 0].astype(np.float64)
    return p
