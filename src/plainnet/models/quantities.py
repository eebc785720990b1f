"""Several numbers as answers, each in the unit of its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from plainnet.data import Dataset, TargetColumn
from plainnet.files.schema import read
from plainnet.metrics.multi_regression import (
    MultiRegressionEvaluation,
    criteria_of_several,
    evaluate_several,
)
from plainnet.metrics.regression import INTERVAL_COVERAGE
from plainnet.models.ensemble import EnsembleMember, mean_of
from plainnet.models.quantity import LATER, Quantity
from plainnet.models.recipe import Recipe
from plainnet.models.several import Several, stored_targets
from plainnet.network import Array, MeanSquaredError

if TYPE_CHECKING:
    from plainnet.metrics.importance import Criterion


@dataclass(frozen=True)
class Quantities(Several[Quantity]):
    """A number for each of k targets, standardized with its own mean and scale."""

    part_type = Quantity
    kind = Quantity.kind
    task = Quantity.task
    evaluation_type = MultiRegressionEvaluation
    can_be_targets = False
    described = ("targets", "outputs")
    dataset = staticmethod(Quantity.dataset)
    split = staticmethod(Quantity.split)
    folds = staticmethod(Quantity.folds)
    deal = staticmethod(Quantity.deal)
    counts = staticmethod(Quantity.counts)

    @property
    def columns(self) -> tuple[TargetColumn, ...]:
        """The targets."""
        return tuple(map(TargetColumn, self.names))

    def loss(self, recipe: Recipe) -> MeanSquaredError:  # noqa: ARG002
        """Return the mean squared error of standardized numbers, a mean over the targets."""
        return MeanSquaredError()

    def decode(self, A: Array) -> Array:
        """Return the numbers themselves, `(N, k)`."""
        return A

    def measure(self, data: Dataset, A: Array) -> MultiRegressionEvaluation:
        """Evaluate numbers, and prediction intervals of 90 % if there are any."""
        ends = [
            part.around(a, INTERVAL_COVERAGE) if part.intervals.allows(INTERVAL_COVERAGE) else None
            for part, a in zip(self.parts, self.parts_of(A), strict=True)
        ]
        return evaluate_several(self.right(data), A, self.names, data.weights, ends)

    @property
    def curve_units(self) -> tuple[Array, Array]:
        """The mean and the scale of each target."""
        mean, scale = np.array([(part.mean, part.scale) for part in self.parts]).T
        return mean, scale

    def criteria(self, data: Dataset) -> tuple[Criterion, Criterion]:
        """Return relative RMSE and mean R²."""
        return criteria_of_several(self.right(data), data.weights)

    @property
    def summary(self) -> str:
        """The names of the numbers: `2 numbers, price and rent`."""
        *names, last = self.names or ("",)
        return f"{len(self.names)} numbers, {', '.join(names)} and {last}" if names else ""

    def facts(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return name, mean and scale of each target."""
        return {"targets": [part.facts(networks) for part in self.parts]}

    def describe(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return name, mean and scale of each target."""
        targets = [asdict(part) for part in self.parts]
        return {"targets": targets, "outputs": self.outputs(networks)}

    def outputs(self, networks: Sequence[EnsembleMember]) -> str:
        """Describe a standardized number for each target."""
        mean = mean_of(networks) if len(networks) > 1 else "that"
        return f"a number z for each target, z * scale + mean of the target; the answer is {mean}"

    @classmethod
    def restore(cls, metadata: Mapping[str, Any]) -> Self:
        """Read what `describe` returned."""
        parts = [read(Quantity, one, "target", later=LATER) for one in stored_targets(metadata)]
        return cls.named([part.name for part in parts], parts)
