"""What a classifier and a regressor differ in: each says it of itself, `Learner` does the rest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from plainnet.data import Dataset, Splits
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.regression import RegressionEvaluation
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.labels import Labels
from plainnet.models.samples import Samples
from plainnet.network import Array, Loss, Rng


class Kind(ABC):
    """A kind of learner."""

    kind: ClassVar[str]
    """The name of the class in a model file, and in messages."""
    task: ClassVar[str]
    """What it does with a table: `classification` or `regression`."""
    described: ClassVar[Collection[str]]
    """What a model file says of its answers, by name, beside what its `outputs` mean."""

    @property
    @abstractmethod
    def n_out(self) -> int:
        """How many outputs its network has."""

    @property
    @abstractmethod
    def loss(self) -> Loss:
        """What is made smaller."""

    @abstractmethod
    def dataset(self, X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """A data set of arrays; of validation data `like` the training data."""

    @abstractmethod
    def check_kind(self, data: Dataset) -> None:
        """A DataError if it is not what this kind learns from."""

    def check_settings(self, data: Dataset, watched: bool) -> None:  # noqa: B027
        """A SettingError if the recipe does not fit the data, which are `watched` or not."""

    @abstractmethod
    def split(self, data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """The rows to learn from, and the share of them that is held out."""

    @abstractmethod
    def targets(self, data: Dataset) -> Array:
        """What the loss takes for these samples."""

    def weights_for(self, data: Dataset) -> Array | None:
        """What each sample counts in the loss; None: all the same."""
        return data.weights

    @property
    def figures(self) -> Callable[..., Mapping[str, float]] | None:
        """What is measured after each epoch beside the loss; None: what the loss offers."""
        return None

    def end_network(self) -> None:  # noqa: B027
        """What is done on the validation samples when a network has been trained."""

    def end_training(self) -> None:  # noqa: B027
        """What is done on them when all have."""

    @abstractmethod
    def answer_of(self, member: EnsembleMember, raw: Array) -> Array:
        """One network's answers, which can be averaged."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What a model file says of its answers."""

    @abstractmethod
    def restore(self, metadata: Mapping[str, Any]) -> None:
        """Take it over from a model file, or raise ValueError."""

    @property
    @abstractmethod
    def outputs(self) -> str:
        """What the networks' outputs mean, in words."""

    @abstractmethod
    def _counts(self, data: Dataset) -> Sequence[int]:
        """How many samples there are, of each class if there are classes."""

    @abstractmethod
    def evaluate(
        self,
        data: Samples | Splits,
        y: Labels | None = None,
        *,
        target: str | int | None = None,
        weights: Array | None = None,
    ) -> Evaluation | RegressionEvaluation:
        """Everything that can be measured on samples of which is known what is right.

        Args:
            data: whatever `fit` takes, with what is right for each sample.
            y: what is right, where the data do not say it.
            target: the column of a table that says it; None: that of the training.
            weights: what each sample counts, `(N,)`.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
        """

    @abstractmethod
    def told_answers(self) -> str:
        """What its answers are, for messages; "" before training: `3 classes`."""
