"""The ONNX form of a kind of answers: what all kinds have in common."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from plainnet.export.inputs import Input
from plainnet.export.network_nodes import network_nodes
from plainnet.files.onnx_nodes import Nodes
from plainnet.models import Model
from plainnet.models.answers import Answers
from plainnet.network import Array

NETWORK_LIMIT = 1e-4
"""Largest difference of a probability without resizing, or of a number in units of its spread."""
PICTURE_LIMIT = 0.01
"""Largest difference of a probability for pictures of any size."""
LEAST_STEPS = 2 / NETWORK_LIMIT
"""Least number of float32 steps in a unit: answers cannot agree more closely than one step."""

Kind = TypeVar("Kind", bound=Answers)


class ExportedAnswers(ABC, Generic[Kind]):
    """The ONNX form of a kind of answers.

    Args:
        model: a trained model.
        answers: the model's answers.
        numbers: whether to answer with the numbers of classes instead of their names.
        coverage: of the prediction intervals to add; None: none are added.

    Raises:
        SettingError: numbers of classes were requested for a quantity, or intervals that it has
            not.
    """

    def __init__(
        self, model: Model, answers: Kind, numbers: bool, coverage: float | None = None
    ) -> None:
        self.model, self.answers, self.numbers = model, answers, numbers
        self.coverage = coverage
        if coverage is not None:
            answers.check_coverage(coverage)

    @abstractmethod
    def outputs(self, N: int | str) -> list[Input]:
        """Describe the outputs of the graph."""

    @abstractmethod
    def nodes(self, nodes: Nodes, X: str) -> None:
        """Add the nodes from the networks' inputs to the outputs."""

    @abstractmethod
    def golden(self, samples: Any, i: int) -> dict[str, Array]:
        """Return plainnet's answers for the i-th samples, as a golden set holds them."""

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """Return the metadata about the answers, by key."""

    def _weights(self) -> list[float]:
        """Return the weight of each network's answers."""
        return [member.weight for member in self.model.networks]

    def _networks(self, nodes: Nodes, X: str) -> list[tuple[str, str, float]]:
        """Add all networks; return the prefix of names, the output and temperature of each."""
        several = len(self.model.networks) > 1
        prefixes = [f"members.{i}." if several else "" for i in range(len(self.model.networks))]
        return [
            (prefix, network_nodes(nodes, network, X, prefix), temperature)
            for prefix, (network, temperature, _) in zip(prefixes, self.model.networks, strict=True)
        ]
