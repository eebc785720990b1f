"""A quantity as the answer: one number, in the unit of the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import sqrt
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np

from plainnet.data import Dataset, random_folds, random_split
from plainnet.data.class_names import Label
from plainnet.digits import number
from plainnet.errors import SettingError
from plainnet.files.schema import read
from plainnet.metrics.conformal import PredictionIntervals
from plainnet.metrics.moments import moments
from plainnet.metrics.regression import (
    INTERVAL_COVERAGE,
    LARGEST_NUMBER,
    RegressionEvaluation,
    evaluate_numbers,
)
from plainnet.models.answers import Answers
from plainnet.models.ensemble import EnsembleMember, mean_of
from plainnet.models.labels import Labels
from plainnet.models.recipe import Recipe
from plainnet.models.samples import make_numbers
from plainnet.network import Array, MeanSquaredError, Rng

if TYPE_CHECKING:
    from plainnet.metrics.importance import Criterion
    from plainnet.models.attribution_target import Explained

LATER = ("lowest", "highest", "intervals")
"""The fields that older model files lack."""


@dataclass(frozen=True)
class Quantity(Answers):
    """A number, output × scale + mean, with the mean and scale of the training samples."""

    name: str = ""
    """The name of the target; "" before training."""
    mean: Annotated[float, "(-inf, inf)"] = 0.0
    scale: Annotated[float, "(0, inf)"] = 1.0
    lowest: float = -LARGEST_NUMBER
    """The lower bound of the answers."""
    highest: float = LARGEST_NUMBER
    """The upper bound of the answers."""
    intervals: PredictionIntervals = field(default_factory=PredictionIntervals)
    """What prediction intervals follow from, if there were validation samples."""

    kind = "regressor"
    task = "regression"
    evaluation_type = RegressionEvaluation
    can_be_targets = False
    described = ("target", "outputs")

    @staticmethod
    def dataset(X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """Make a data set of samples and their numbers."""
        return make_numbers(X, y, like)

    @staticmethod
    def split(data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """Hold out random samples."""
        return random_split(len(data), share, rng)

    @staticmethod
    def folds(data: Dataset, n: int, rng: Rng) -> Sequence[Array]:
        """Deal the samples out at random."""
        return random_folds(len(data), n, rng)

    @staticmethod
    def deal(data: Dataset, n: int, rng: Rng) -> list[Array]:
        """Deal the samples out at random, at least two to each fold."""
        n = min(n, len(data) // 2)
        return random_folds(len(data), n, rng) if n > 1 else []

    @staticmethod
    def counts(data: Dataset) -> list[int]:
        """Count the samples."""
        return [len(data)]

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """Take mean and scale from the training samples."""
        mean, scale = moments(data.y[:, None], data.weights)
        return cls(data.target or "y", mean.item(), scale.item())

    def bounded(self, data: Dataset) -> Self:
        """Bound the answers by the smallest and the largest number of the training samples."""
        return replace(self, lowest=float(data.y.min()), highest=float(data.y.max()))

    @property
    def n_out(self) -> int:
        """One output, the number."""
        return 1

    def loss(self, recipe: Recipe) -> MeanSquaredError:  # noqa: ARG002
        """Return the mean squared error of standardized numbers."""
        return MeanSquaredError()

    def targets(self, data: Dataset) -> Array:
        """Return (y − mean) / scale, computed in float64."""
        return self.to_targets(data.y)

    def to_targets(self, A: Array) -> Array:
        """Return (A − mean) / scale."""
        standardized: Array = (A - self.mean) / self.scale
        return standardized

    @property
    def epoch_metrics(self) -> Callable[..., Mapping[str, float]]:
        """The root of the mean squared error, in the unit of the target."""

        def measure(Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
            """Return the RMSE of standardized outputs Z and targets y."""
            errors = Z.astype(np.float64) - y
            return {"RMSE": self.scale * sqrt(np.average(np.square(errors)[:, 0], weights=weights))}

        return measure

    def tuned(
        self,
        recipe: Recipe,  # noqa: ARG002
        validation: Dataset,
        answer: Callable[[Dataset], Array],
    ) -> Self:
        """Measure the residuals that prediction intervals follow from."""
        given = answer(validation), validation.y, validation.weights
        return replace(self, intervals=PredictionIntervals.of(*given))

    def around(self, A: Array, coverage: float) -> Array:
        """Return the ends of prediction intervals, `(N, 2)`."""
        return self.intervals.around(A, coverage)

    def without_intervals(self) -> Self:
        """Leave the residuals out."""
        return replace(self, intervals=PredictionIntervals())

    def from_outputs(self, Z: Array, temperature: float) -> Array:  # noqa: ARG002
        """Return numbers `(N,)` in the unit of the target, float64."""
        numbers: Array = Z[:, 0].astype(np.float64) * self.scale + self.mean
        return np.clip(numbers, self.lowest, self.highest, out=numbers)

    def choose(self, A: Array) -> Array:
        """Return the numbers themselves."""
        return A

    decode = choose

    def plain(self, A: Array) -> list[float]:
        """Return Python's floats."""
        numbers: list[float] = A.tolist()
        return numbers

    def right(self, data: Dataset) -> Array:
        """Return numbers in the unit of the target."""
        return data.y

    def measure(self, data: Dataset, A: Array) -> RegressionEvaluation:
        """Evaluate numbers, and prediction intervals of 90 % if there are any."""
        enough = self.intervals.allows(INTERVAL_COVERAGE)
        ends = self.around(A, INTERVAL_COVERAGE) if enough else None
        return evaluate_numbers(data.y, A, self.name, data.weights, ends)

    def criteria(self, data: Dataset) -> tuple[Criterion, Criterion]:
        """Return RMSE and R²."""
        from plainnet.metrics.importance import criteria_of_numbers  # only if asked for

        return criteria_of_numbers(data.y, data.weights)

    def curves(self, A: Array) -> tuple[tuple[str, ...], Array]:
        """Show the number."""
        return self.names, A[:, None]

    def explained(self, A: Array, of: Label | np.generic | None) -> Explained:
        """Explain the number itself."""
        if of is not None:
            raise SettingError(
                f"of names a class, but this model predicts the number {self.name!r}."
            )
        from plainnet.models.attribution_target import Explained  # only if asked for

        return Explained(float(A[0]), self.name, np.array([self.scale]), self.mean)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of the target, alone."""
        return (self.name,)

    def parse(self, text: str) -> float:
        """Return the number."""
        try:
            return float(text)
        except ValueError:
            raise SettingError(f"--right must be a number, but got {text!r}.") from None

    def written(self, answer: Any) -> str:
        """Format the number, with digits down to a thousandth of the scale."""
        return number(answer, to=self.scale / 1000)

    @property
    def summary(self) -> str:
        """The name of the number: `one number, price`."""
        return f"one number, {self.name}" if self.name else ""

    def facts(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:  # noqa: ARG002
        """Return name, mean and scale."""
        return {"target": self.name, "mean": self.mean, "scale": self.scale}

    def describe(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return name, mean and scale."""
        return {"target": asdict(self), "outputs": self.outputs(networks)}

    def outputs(self, networks: Sequence[EnsembleMember]) -> str:
        """Describe one standardized number."""
        mean = mean_of(networks) if len(networks) > 1 else "that"
        return f"one number z, z * scale + mean of the target; the answer is {mean}"

    @classmethod
    def restore(cls, metadata: Mapping[str, Any]) -> Self:
        """Read what `describe` returned."""
        target: Self = read(cls, metadata.get("target"), "target", later=LATER)
        return target
