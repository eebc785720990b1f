"""Refusal: the answers that a classifier had better withhold.

An answer is withheld if the sample is unlike all training samples, as far as features that did not
learn from them show it, or if the model is right too seldom at its confidence.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from plainnet.errors import SettingError
from plainnet.files.schema import read
from plainnet.metrics.familiarity import Familiarity
from plainnet.metrics.selective import Reliability
from plainnet.network import Array

UNSURE, UNLIKE = "unsure", "unlike"
"""The reasons to withhold an answer; "" if it is given."""
TENSOR = "refusal.directions"


@dataclass(frozen=True, eq=False)
class Refusal:
    """What a classifier knows about when to withhold its answer."""

    reliability: Reliability
    familiarity: Familiarity | None = None
    """None: the features learned from the training samples, so that all of these are familiar."""

    def reasons(self, raw: Array, A: Array, chosen: Array, wrong: float) -> list[str]:
        """Return for each of N answers why it is withheld; "" if it is given.

        Args:
            raw: the samples, raw rows.
            A: the probabilities `(N, K)`.
            chosen: the index of the answered class, `(N,)`.
            wrong: the share of wrong answers to accept, at each confidence.

        Raises:
            SettingError: too few samples were held out, or too many answers to them were wrong.
        """
        unsure = confidence(A, chosen) < self.reliability.least(wrong)
        known = self.familiarity
        unlike = np.zeros(len(A), bool) if known is None else known.is_unlike(raw)
        reasons: list[str] = np.where(unlike, UNLIKE, np.where(unsure, UNSURE, "")).tolist()
        return reasons

    def describe(self) -> dict[str, Any]:
        """Return the entry of a model file."""
        limit = {} if self.familiarity is None else {"limit": self.familiarity.limit}
        return asdict(self.reliability) | limit

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
        given, familiarity = dict(description), None
        if "limit" in given:
            limit = read(float, given.pop("limit"), "limit of familiar samples")
            familiarity = Familiarity(tensors.pop(TENSOR), limit)
            if familiarity.directions.shape[1] != d:
                raise ValueError(f"its familiar samples do not have {d} features")
        return cls(read(Reliability, given, "refusal"), familiarity)


def needed_refusal(refusal: Refusal | None, wrong: float) -> Refusal:
    """Return what a model knows about when to withhold its answer.

    Args:
        refusal: of the model.
        wrong: the share of wrong answers to accept, at each confidence.

    Raises:
        SettingError: it knows nothing: its answers are numbers, or no samples were held out in its
            training; or too few were, or too many answers to them were wrong.
    """
    if refusal is None:
        raise SettingError(
            "This model cannot say when it is unsure: that takes classes, and samples that were "
            "held out in its training; train a classifier with a validation share above 0."
        )
    refusal.reliability.least(wrong)
    return refusal


def confidence(A: Array, chosen: Array) -> Array:
    """Return the probability of each answer, float64 `(N,)`."""
    p: Array = A[np.arange(len(A)), chosen].astype(np.float64)
    return p
