"""What a model answers: classes or a quantity, and what follows from that.

`inputs → networks → answers`: the answers say what the networks' outputs mean. Everything that
differs between a classifier and a regressor is here and in `classes.py` and `quantity.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from plainnet.data import Dataset
from plainnet.data.class_names import Label
from plainnet.metrics.evaluation import Evaluation
from plainnet.models.attribution_target import Explained
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.labels import Labels
from plainnet.models.recipe import Recipe
from plainnet.network import Array, Loss, Rng


class Answers(ABC):
    """A kind of answers: before training an empty one, then as the training samples have them."""

    kind: ClassVar[str]
    """The kind of model in a model file, and in messages: `classifier`, `regressor`."""
    task: ClassVar[str]
    """What is done with a table: `classification` or `regression`."""
    evaluation_type: ClassVar[type[Evaluation]]
    """What `measure` returns."""
    described: ClassVar[Collection[str]]
    """The entries that `describe` makes in a model file."""
    can_be_targets: ClassVar[bool]
    """Whether a loss says anything of answers that are their own targets; of a quantity it is 0."""

    # -- before a training -----------------------------------------------------------------------

    @staticmethod
    @abstractmethod
    def dataset(X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """Make a data set of arrays; of validation data `like` the training data."""

    @staticmethod
    @abstractmethod
    def check_data(data: Dataset) -> None:
        """Raise a DataError unless the data hold this kind of answers."""

    @staticmethod
    def check_recipe(recipe: Recipe, data: Dataset, has_validation: bool) -> None:
        """Raise a SettingError if the recipe does not fit the data."""
        _ = recipe, data, has_validation  # most recipes fit all data

    @staticmethod
    @abstractmethod
    def split(data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """The rows to learn from, and the share of them that is held out."""

    @staticmethod
    @abstractmethod
    def folds(data: Dataset, n: int, rng: Rng) -> Sequence[Array]:
        """The rows of each of n folds of a cross-validation."""

    @staticmethod
    def weights_for(data: Dataset, recipe: Recipe) -> Array | None:  # noqa: ARG004
        """The weight of each sample in the loss; None: all the same."""
        return data.weights

    @staticmethod
    @abstractmethod
    def counts(data: Dataset) -> list[int]:
        """How many samples there are, of each class if there are classes."""

    @classmethod
    @abstractmethod
    def of(cls, data: Dataset) -> Self:
        """The answers that these training samples have."""

    # -- training --------------------------------------------------------------------------------

    @property
    @abstractmethod
    def n_out(self) -> int:
        """How many outputs a network has."""

    @abstractmethod
    def loss(self, recipe: Recipe) -> Loss:
        """What is minimized."""

    @abstractmethod
    def targets(self, data: Dataset) -> Array:
        """What the loss takes for these samples."""

    @abstractmethod
    def to_targets(self, A: Array) -> Array:
        """What the loss would take if these answers of the model were right."""

    @property
    def epoch_metrics(self) -> Callable[..., Mapping[str, float]] | None:
        """What is measured after each epoch beside the loss; None: what the loss offers."""
        return None

    def fit_temperature(
        self,
        recipe: Recipe,  # noqa: ARG002
        validation: Dataset,  # noqa: ARG002
        outputs_of: Callable[[Array], Array],  # noqa: ARG002
    ) -> float:
        """The temperature of a trained network, from its outputs for the validation samples."""
        return 1.0

    def tuned(
        self,
        recipe: Recipe,  # noqa: ARG002
        validation: Dataset,  # noqa: ARG002
        answer: Callable[[Dataset], Array],  # noqa: ARG002
    ) -> Self:
        """The answers with the threshold that the recipe asks for, on the validation samples."""
        return self

    # -- answering -------------------------------------------------------------------------------

    @abstractmethod
    def from_outputs(self, Z: Array, temperature: float) -> Array:
        """The answers of one network from its outputs `(N, n_out)`; those of several are averaged.

        Z may be overwritten.
        """

    @abstractmethod
    def choose(self, A: Array) -> Array:
        """The answers `(N,)` as `right` has them: indices of classes, or numbers."""

    @abstractmethod
    def decode(self, A: Array) -> Array:
        """What a user is answered, `(N,)`: classes by their labels, or numbers."""

    @abstractmethod
    def plain(self, A: Array) -> list[Any]:
        """The answers by the names of the classes, or as Python's numbers."""

    @abstractmethod
    def right(self, data: Dataset) -> Array:
        """The right answer for each sample, `(N,)`: the index of its class, or its number.

        Raises:
            DataError: samples of a class that the model has not learned.
        """

    @abstractmethod
    def measure(self, data: Dataset, A: Array) -> Evaluation:
        """Score the mean answers of the networks for these samples.

        Raises:
            DataError: as `right`.
        """

    @abstractmethod
    def explained(self, A: Array, of: Label | np.generic | None) -> Explained:
        """What is explained of the answer `(1, …)` for one sample.

        Args:
            A: the mean answer of the networks.
            of: a class; None: the answer.

        Raises:
            SettingError: an unknown class, or one of a quantity.
        """

    # -- words and files -------------------------------------------------------------------------

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The names of the classes, at least two, or the one name of the target."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; () of a quantity."""
        return ()

    def probabilities(self, a: Array) -> dict[str, float]:
        """The probability of each class in one mean answer; {} of a quantity."""
        return dict(zip(self.classes, np.atleast_1d(a).tolist(), strict=False))

    @abstractmethod
    def parse(self, text: str) -> str | float:
        """What a user calls right: the name of a class, or a number.

        Raises:
            SettingError: it is none.
        """

    @abstractmethod
    def written(self, answer: Any) -> str:
        """One of the answers that `plain` gives, for people."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """What they are, for messages; "" before training: `3 classes`."""

    @property
    def decision(self) -> Mapping[str, float]:
        """What decides between answers beside their probabilities, where it is not as usual."""
        return {}

    @abstractmethod
    def facts(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """What a program may want to know of the answers of these networks, ready for JSON."""

    @abstractmethod
    def describe(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """What a model file says of the answers of these networks."""

    @abstractmethod
    def outputs(self, n: int) -> str:
        """What the outputs of n networks mean, in words."""

    @classmethod
    @abstractmethod
    def restore(cls, metadata: Mapping[str, Any]) -> Self:
        """From a model file.

        Raises:
            ValueError: it lacks what `describe` says, or holds something else.
        """
