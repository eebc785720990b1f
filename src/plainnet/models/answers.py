"""Answers: classes or a quantity, and everything that depends on which of the two.

`inputs → networks → answers`: the answers give the networks' outputs their meaning. All differences
between a classifier and a regressor are here and in `classes.py` and `quantity.py`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from plainnet.data import Dataset
from plainnet.data.class_names import Label
from plainnet.errors import SettingError
from plainnet.metrics.evaluation import Evaluation
from plainnet.models.answers_in_data import AnswersInData
from plainnet.models.answers_in_words import AnswersInWords
from plainnet.models.ensemble import Shared
from plainnet.models.recipe import Recipe
from plainnet.network import Array, Loss, MemberMean

if TYPE_CHECKING:
    from plainnet.metrics.importance import Criterion
    from plainnet.models.attribution_target import Explained


class Answers(AnswersInData, AnswersInWords):
    """A kind of answers, without names before training, with those of the data afterwards.

    One answer is a row `(…)` of A: a number, or a probability for each class. With several targets
    it is a column of such rows, `(k, …)`.
    """

    evaluation_type: ClassVar[type[Evaluation]]
    """The type of the result of `measure`."""
    can_be_targets: ClassVar[bool]
    """Whether the loss with the answers as targets is of interest; for a quantity it is 0."""

    # -- one target, or several ------------------------------------------------------------------

    @property
    def parts(self) -> tuple[Answers, ...]:
        """The answers to each target by itself."""
        return (self,)

    def part_about(self, of: str) -> Answers:  # noqa: ARG002
        """Return the part that an explanation is about, by what it says of itself."""
        return self

    def parts_of(self, A: Array) -> list[Array]:
        """Return the model's answers to each target by itself, `(N, …)`."""
        return [A]

    # -- training --------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def of(cls, data: Dataset) -> Self:
        """Make the answers of these training samples."""

    @property
    @abstractmethod
    def n_out(self) -> int:
        """The number of a network's outputs."""

    @property
    def mean_of_members(self) -> type[MemberMean]:
        """The layer that makes one answer of those of a network's members."""
        return MemberMean

    @abstractmethod
    def loss(self, recipe: Recipe) -> Loss:
        """Return the loss to minimize."""

    @abstractmethod
    def targets(self, data: Dataset) -> Array:
        """Return the targets of the loss for these samples."""

    @abstractmethod
    def to_targets(self, A: Array) -> Array:
        """Return the targets of the loss if the answers A of the model were right."""

    @property
    def epoch_metrics(self) -> Callable[..., Mapping[str, float]] | None:
        """The metrics of an epoch beside the loss; None: those of the loss."""
        return None

    stopping_metric: ClassVar[str] = "validation_loss"
    """The metric by which a training stops and the best epoch is kept."""

    def stopping_metrics(
        self,
        data: Dataset,  # noqa: ARG002
        recipe: Recipe,  # noqa: ARG002
    ) -> Callable[..., Mapping[str, float]] | None:
        """Return a function like `epoch_metrics` that also measures the `stopping_metric`.

        Args:
            data: the training samples.
            recipe: says how classes are weighted.
        """
        return self.epoch_metrics

    def fit_temperature(
        self,
        recipe: Recipe,  # noqa: ARG002
        validation: Dataset,  # noqa: ARG002
        outputs_of: Callable[[Array], Array],  # noqa: ARG002
    ) -> float:
        """Return the temperature of a trained network, from its outputs for validation samples."""
        return 1.0

    def tuned(
        self,
        recipe: Recipe,  # noqa: ARG002
        validation: Dataset,  # noqa: ARG002
        answer: Callable[[Dataset], Array],  # noqa: ARG002
    ) -> Self:
        """Return the answers with what is chosen on validation samples, such as a threshold."""
        return self

    def priced(self, recipe: Recipe) -> Self:  # noqa: ARG002
        """Return answers that minimize the costs of errors that the recipe gives, if it does."""
        return self

    def bounded(self, data: Dataset) -> Self:  # noqa: ARG002
        """Return answers that stay within the range of these training samples."""
        return self

    # -- answering -------------------------------------------------------------------------------

    def calibrated(self, data: Dataset, A: Array) -> Self:  # noqa: ARG002
        """Calibrate mean answers to samples that their networks have not learned from."""
        return self

    def sharpened(self, all_: Shared, calibrated: Shared | None) -> Self:  # noqa: ARG002
        """Sharpen the mean of all networks; see `Probabilities.sharpened`."""
        return self

    def uncalibrated(self) -> Self:
        """Leave out what `calibrated` and `sharpened` found."""
        return self

    def of_mean(self, A: Array, held_out: bool = False) -> Array:  # noqa: ARG002
        """Return the answers for the mean of the networks', or of those that held a sample out."""
        return A

    @abstractmethod
    def from_outputs(self, Z: Array, temperature: float) -> Array:
        """Return one network's answers to outputs `(N, n_out)`; those of several are averaged.

        Z may be overwritten.
        """

    def around(self, A: Array, coverage: float) -> Array:  # noqa: ARG002
        """Return the ends of prediction intervals, `(N, 2)`; with several targets `(N, k, 2)`.

        Raises:
            SettingError: the answers are classes, or there were too few validation samples.
        """
        message = "A prediction interval is for a number, but this model predicts classes; use "
        raise SettingError(message + "their probabilities.")

    def check_coverage(self, coverage: float) -> None:
        """Raise the error of `around` if there are no prediction intervals of this coverage."""
        for part in self.parts:
            part.around(np.empty(0), coverage)

    def without_intervals(self) -> Self:
        """Return answers without what prediction intervals follow from."""
        return self

    @abstractmethod
    def choose(self, A: Array) -> Array:
        """Return the answers `(N,)` in the form of `right`: indices of classes, or numbers.

        With several targets these and the others below are `(N, k)`.
        """

    @abstractmethod
    def decode(self, A: Array) -> Array:
        """Return the answers `(N,)` for the user: labels, or numbers."""

    def decode_own(self, A: Array) -> Array:
        """Return the same of the model's own answers, which need no check."""
        return self.decode(A)

    @abstractmethod
    def plain(self, A: Array) -> list[Any]:
        """Return the answers as names of classes, or as Python's numbers.

        With several targets an answer is a dictionary of these by the names of the targets.
        """

    @abstractmethod
    def right(self, data: Dataset) -> Array:
        """Return the right answers `(N,)`: indices of classes, or numbers.

        Raises:
            DataError: the model has not learned the class of a sample.
        """

    @abstractmethod
    def measure(self, data: Dataset, A: Array) -> Evaluation:
        """Evaluate the networks' mean answers to these samples.

        Raises:
            DataError: as `right`.
        """

    @abstractmethod
    def criteria(self, data: Dataset) -> tuple[Criterion, Criterion]:
        """Return the measures of error by which columns matter, the first for their order.

        Raises:
            DataError: as `right`.
        """

    @abstractmethod
    def curves(self, A: Array) -> tuple[tuple[str, ...], Array]:
        """Return what a curve over a column shows: C names, and the answers as `(N, C)`."""

    @property
    def curve_units(self) -> tuple[Array, Array]:
        """The zeros and the units in which curves of different units can share an axis, `(C,)`."""
        return np.zeros(1), np.ones(1)

    @abstractmethod
    def explained(self, A: Array, of: Label | np.generic | None) -> Explained:
        """Return what an attribution explains of the answer `(1, …)` to one sample.

        Args:
            A: the networks' mean answer.
            of: a class; None: the answer. With several targets one of their names; None: the first.

        Raises:
            SettingError: an unknown class or target, or a class for a quantity.
        """
