"""What answers say of themselves: their names, and facts for people, programs and model files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from plainnet.models.ensemble import EnsembleMember
from plainnet.network import Array


class AnswersInWords(ABC):
    """The part of `Answers` that names and describes them."""

    kind: ClassVar[str]
    """The kind of model in a model file and in messages: `classifier`, `regressor`."""
    described: ClassVar[Collection[str]]
    """The entries of `describe` in a model file."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The names of the classes (at least two), of the target, or of several targets."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; () for a quantity, and with several targets."""
        return ()

    def probabilities(self, a: Array) -> dict[str, float]:
        """Return the probability of each of the `classes` in one mean answer."""
        return dict(zip(self.classes, np.atleast_1d(a).tolist(), strict=False))

    @abstractmethod
    def parse(self, text: str) -> str | float:
        """Return the right answer that a user wrote: the name of a class, or a number.

        Raises:
            SettingError: the text is neither.
        """

    @abstractmethod
    def written(self, answer: Any) -> str:
        """Format one of the answers of `plain` for people."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """A summary for messages, such as `3 classes`; "" before training."""

    @property
    def decision(self) -> Mapping[str, Any]:
        """The settings of the decision that differ from the usual, such as a threshold."""
        return {}

    @abstractmethod
    def facts(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return the facts about these networks' answers for programs, as JSON values."""

    @abstractmethod
    def describe(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return the entries of a model file about these networks' answers."""

    @abstractmethod
    def outputs(self, networks: Sequence[EnsembleMember]) -> str:
        """Describe the outputs of these networks in words."""

    @classmethod
    @abstractmethod
    def restore(cls, metadata: Mapping[str, Any]) -> Self:
        """Read the answers from the metadata of a model file.

        Raises:
            ValueError: entries of `describe` are missing or malformed.
        """
