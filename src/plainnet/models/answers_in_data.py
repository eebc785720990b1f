"""What a kind of answers asks of data before a training: their targets, and how to divide them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from plainnet.data import Dataset
from plainnet.errors import DataError
from plainnet.models.labels import Labels
from plainnet.models.recipe import Recipe
from plainnet.network import Array, Rng


class AnswersInData(ABC):
    """The part of `Answers` that needs nothing but data."""

    task: ClassVar[str]
    """The task on a table: `classification` or `regression`."""
    has_several: ClassVar[bool] = False
    """Whether there are answers to several targets."""

    @staticmethod
    @abstractmethod
    def dataset(X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """Make a data set of arrays; validation data become `like` the training data."""

    @classmethod
    def check_data(cls, data: Dataset) -> None:
        """Raise a DataError unless the data hold this kind of answers."""
        _check_kind(data, numbers=cls.task == "regression")
        _check_targets(data, several=cls.has_several)

    @staticmethod
    def check_recipe(recipe: Recipe, data: Dataset, has_validation: bool) -> None:
        """Raise a SettingError if the recipe does not fit the data."""
        _ = recipe, data, has_validation  # most recipes fit all data

    @staticmethod
    @abstractmethod
    def split(data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """Return the rows to train on, and those to hold out, a share of all."""

    @staticmethod
    @abstractmethod
    def folds(data: Dataset, n: int, rng: Rng) -> Sequence[Array]:
        """Return the rows of each of n folds of a cross-validation."""

    @staticmethod
    @abstractmethod
    def deal(data: Dataset, n: int, rng: Rng) -> list[Array]:
        """Return the rows that each of n networks holds out; rows of a class alone are in none."""

    @staticmethod
    def weights_for(data: Dataset, recipe: Recipe) -> Array | None:  # noqa: ARG004
        """Return the weight of each sample in the loss; None: all equal."""
        return data.weights

    @staticmethod
    @abstractmethod
    def counts(data: Dataset) -> list[int]:
        """Count the samples, per class if there are classes."""


def _check_kind(data: Dataset, numbers: bool) -> None:
    """Raise a DataError for numbers instead of classes, or the other way round."""
    if data.holds_numbers and not numbers:
        names = data.target or ", ".join(one.name for one in data.targets)
        raise DataError(
            f"{data.name} holds a number for each sample, {names!r}, but a classifier learns "
            "classes; use a Regressor, or turn the numbers into classes."
        )
    if numbers and not data.holds_numbers:
        raise DataError(
            f"{data.name} holds samples of classes, but a regressor predicts a number; use a "
            "Classifier, or give numbers, fit(X, y)."
        )


def _check_targets(data: Dataset, several: bool) -> None:
    """Raise a DataError for several targets instead of one, or the other way round."""
    if data.targets and not several:
        names = ", ".join(one.name for one in data.targets)
        raise DataError(
            f"{data.name} holds {len(data.targets)} targets, {names}, but the model predicts one; "
            "give the one that it was trained on."
        )
    if several and not data.targets:
        raise DataError(
            f"{data.name} holds one answer for each sample, but the model predicts several "
            "targets; give a column for each."
        )
