"""Classes as answers: names, labels, and the threshold between two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from plainnet.checks import check_number
from plainnet.data import Dataset, stratified_folds, stratified_split
from plainnet.data.class_matching import class_meant
from plainnet.data.class_names import Label, is_one_hot, label_array, name_labels
from plainnet.errors import SettingError
from plainnet.metrics.classification import ClassificationEvaluation, evaluate_probabilities
from plainnet.metrics.costs import Costs, chosen, read_costs
from plainnet.metrics.metrics import check_probabilities
from plainnet.models.calibrated import calibrated_metrics, temperature_of
from plainnet.models.class_calibration import Probabilities, described_outputs
from plainnet.models.class_weights import classes_weighted, weights_by_class, weights_of
from plainnet.models.ensemble import EnsembleMember, check_temperature
from plainnet.models.error_costs import costs_of
from plainnet.models.labels import Labels, read_labels, right_classes
from plainnet.models.recipe import Recipe
from plainnet.models.samples import columns_in, make_dataset
from plainnet.models.threshold import cheapest_threshold, check_threshold_settings, choose_threshold
from plainnet.network import (
    Array,
    MemberMean,
    Rng,
    SigmoidCrossEntropy,
    SigmoidMemberMean,
    SoftmaxCrossEntropy,
    SoftmaxMemberMean,
)

if TYPE_CHECKING:
    from plainnet.metrics.importance import Criterion
    from plainnet.models.attribution_target import Explained

_SIGMOID, _SOFTMAX = SigmoidCrossEntropy(), SoftmaxCrossEntropy()


@dataclass(frozen=True)
class Classes(Probabilities):
    """One of K classes, chosen by probability."""

    names: tuple[str, ...] = ()
    """The names of the classes, in the order of the probabilities; empty before training."""
    labels: tuple[Label, ...] = ()
    """The label of each class, in the type of the training data."""
    threshold: float = 0.5
    """The probability from which the second of two classes is answered."""
    costs: Costs | None = None
    """What wrong answers cost; None: all cost the same."""

    kind = "classifier"
    task = "classification"
    evaluation_type = ClassificationEvaluation
    can_be_targets = True
    described = (
        *("classes", "labels", "temperature", "threshold", "sharpness", "costs", "outputs"),
    )

    @staticmethod
    def dataset(X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """Make a data set of samples and their classes, names or whole numbers.

        With a column of classes for each of several targets, it is one for `Multilabel`; a single 1
        in every row is a class, and refused.
        """
        if like is None and (columns := columns_in(y)) is not None and is_one_hot(columns):
            name_labels(y, "y")  # raises the error
        return make_dataset(X, y, like)

    @staticmethod
    def check_recipe(recipe: Recipe, data: Dataset, has_validation: bool) -> None:
        """Raise a SettingError for a threshold that cannot be chosen."""
        check_threshold_settings(recipe, data.classes, has_validation)

    @staticmethod
    def check_names(recipe: Recipe, names: Sequence[str]) -> None:
        """Raise a SettingError if the recipe does not fit classes of these names."""
        check_threshold_settings(recipe, tuple(names), has_validation=True)
        if isinstance(recipe.class_weight, Mapping):
            classes_weighted(recipe.class_weight, names)

    @staticmethod
    def split(data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """Hold out the same share of every class."""
        return stratified_split(data.y, share, rng)

    @staticmethod
    def folds(data: Dataset, n: int, rng: Rng) -> Sequence[Array]:
        """Deal the samples of every class out evenly."""
        return stratified_folds(data.y, n, rng, data.classes)

    @staticmethod
    def deal(data: Dataset, n: int, rng: Rng) -> list[Array]:
        """Deal the samples of each class out at random; the only one of a class is in no fold."""
        alone = np.flatnonzero(np.bincount(data.y)[data.y] < 2)
        folds = stratified_folds(data.y, n, rng, least=1)
        return [np.setdiff1d(rows, alone) for rows in folds] if len(alone) else folds

    @staticmethod
    def weights_for(data: Dataset, recipe: Recipe) -> Array | None:
        """Return the samples' own weights times those of their classes."""
        return weights_of(data, recipe.class_weight)

    @staticmethod
    def counts(data: Dataset) -> list[int]:
        """Count the samples of each class."""
        return [*data.counts().values()]

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """Make the answers of the classes in the training samples."""
        return cls(data.classes, data.labels or data.classes)

    @property
    def n_out(self) -> int:
        """One output for two classes, else one per class."""
        return 1 if len(self.names) == 2 else len(self.names)

    @property
    def mean_of_members(self) -> type[MemberMean]:
        """The mean of probabilities, as logits."""
        return SigmoidMemberMean if self.n_out == 1 else SoftmaxMemberMean

    def loss(self, recipe: Recipe) -> SigmoidCrossEntropy | SoftmaxCrossEntropy:
        """Return the sigmoid's cross-entropy for two classes, else softmax's."""
        return recipe.make_loss(self.n_out)

    def targets(self, data: Dataset) -> Array:
        """Return the indices of the classes."""
        return self.right(data)

    def to_targets(self, A: Array) -> Array:
        """Return the indices of the answered classes."""
        return self.choose(A)

    stopping_metric = "validation_calibrated_loss"

    def stopping_metrics(self, data: Dataset, recipe: Recipe) -> Callable[..., Mapping[str, float]]:
        """Measure accuracy, and the loss at its best temperature: what it will be once calibrated.

        The loss weights the classes as the training does.
        """
        loss = SigmoidCrossEntropy() if self.n_out == 1 else SoftmaxCrossEntropy()
        by_class = weights_by_class(data, recipe.class_weight)
        if by_class is None:
            return calibrated_metrics(loss)
        return calibrated_metrics(loss, lambda y: by_class[y.astype(np.intp).ravel()])

    def fit_temperature(
        self, recipe: Recipe, validation: Dataset, outputs_of: Callable[[Array], Array]
    ) -> float:
        """Minimize the validation loss; 1 for too few samples."""
        Z = outputs_of(validation.X)
        return temperature_of(self.loss(recipe), Z, validation.y, validation.weights)

    def priced(self, recipe: Recipe) -> Self:
        """Choose the answers of the lowest expected cost, if the recipe gives costs."""
        if (costs := costs_of(recipe, self.names)) is None:
            return self
        if len(self.names) > 2:
            return replace(self, costs=costs)
        threshold = cheapest_threshold(cast("tuple[float, float]", costs))
        return replace(self, costs=costs, threshold=threshold)

    def tuned(
        self, recipe: Recipe, validation: Dataset, answer: Callable[[Dataset], Array]
    ) -> Self:
        """Choose the threshold for a wanted precision or recall."""
        if recipe.precision is None and recipe.recall is None:
            return self
        given = answer(validation), validation.y, validation.weights
        return replace(self, threshold=choose_threshold(recipe, self.names, *given))

    def from_outputs(self, Z: Array, temperature: float) -> Array:
        """Return probabilities `(N, K)`."""
        if temperature != 1:
            Z /= Z.dtype.type(temperature)
        return _SIGMOID.both(Z) if self.n_out == 1 else _SOFTMAX.probabilities(Z)

    def choose(self, P: Array) -> Array:
        """Return the index `(N,)` of the class answered for each row of probabilities `(N, K)`."""
        return chosen(check_probabilities(P), self.threshold, self.costs)

    def decode(self, A: Array) -> Array:
        """Return labels in the type of the training data: numbers, booleans or texts."""
        return self.label_of[self.choose(A)]

    def decode_own(self, A: Array) -> Array:
        """Return the same of the model's own answers."""
        return self.label_of[chosen(A, self.threshold, self.costs)]

    @cached_property
    def label_of(self) -> Array:
        """The label of each class by its index, in the type of the training data, `(K,)`."""
        return label_array(self.labels or self.names)

    def plain(self, A: Array) -> list[str]:
        """Return names."""
        return [self.names[k] for k in self.choose(A)]

    def right(self, data: Dataset) -> Array:
        """Return indices of classes."""
        return right_classes(self.names, data)

    def measure(self, data: Dataset, A: Array) -> ClassificationEvaluation:
        """Evaluate probabilities."""
        given = self.right(data), A, self.names, self.threshold, data.weights, self.costs
        return evaluate_probabilities(*given)

    def criteria(self, data: Dataset) -> tuple[Criterion, Criterion]:
        """Return log loss and accuracy."""
        from plainnet.metrics.importance import criteria_of_classes  # only if asked for

        return criteria_of_classes(self.right(data), self.threshold, self.costs)

    def curves(self, A: Array) -> tuple[tuple[str, ...], Array]:
        """Show the probability of each class, of two classes only that of the second."""
        first = self.n_out == 1
        return self.names[first:], A[:, first:]

    def explained(self, A: Array, of: Label | np.generic | None) -> Explained:
        """Explain the networks' preference for a class; see `contrast`."""
        from plainnet.models.attribution_target import Explained, class_asked, contrast

        (answer,) = self.plain(A)
        of = answer if of is None else class_asked(self.names, of)
        return Explained(answer, of, contrast(self.names, of, self.n_out))

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of all classes."""
        return self.names

    def parse(self, text: str) -> str:
        """Return the name of the class."""
        place = class_meant(text, self.names)
        if place is None:
            known = ", ".join(self.names[:10])
            raise SettingError(f"The right class must be one of {known}, but got {text!r}.")
        return self.names[place]

    def written(self, answer: Any) -> str:
        """Return the name."""
        return str(answer)

    @property
    def summary(self) -> str:
        """The number of classes: `3 classes`."""
        return f"{len(self.names)} classes" if self.names else ""

    @property
    def decision(self) -> Mapping[str, Any]:
        """The threshold, if it is not ½, or the costs that more than two classes have."""
        if len(self.names) > 2:
            return {} if self.costs is None else {"costs": self.costs}
        return {} if self.threshold == 0.5 else {"threshold": self.threshold}

    def facts(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return names, the last network's temperature, and the threshold between two classes."""
        threshold = self.threshold if self.n_out == 1 else None
        temperature = networks[-1].temperature
        return {"classes": [*self.names], "temperature": temperature, "threshold": threshold}

    def describe(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return names, labels that differ from them, temperature, threshold and costs."""
        labels = {"labels": list(self.labels)} if self.labels not in ((), self.names) else {}
        return {
            "classes": list(self.names),
            **labels,
            "temperature": check_temperature(networks[-1].temperature),
            "threshold": self.threshold,
            **({} if self.sharpness == 1 else {"sharpness": self.sharpness}),
            **({} if self.costs is None else {"costs": np.array(self.costs).tolist()}),
            "outputs": self.outputs(networks),
        }

    def outputs(self, networks: Sequence[EnsembleMember]) -> str:
        """Describe one logit for two classes, else a logit per class."""
        priced = self.costs is not None
        return described_outputs(len(self.names), networks, self.sharpness, priced)

    @classmethod
    def restore(cls, metadata: Mapping[str, Any]) -> Self:
        """Read the answers; older files lack labels, threshold and costs."""
        names, labels = read_labels(metadata)
        threshold = check_number("threshold", metadata.get("threshold", 0.5), "[0, 1]")
        given = metadata.get("costs")
        costs = None if given is None else read_costs(given, len(names))
        sharpness = check_number("sharpness", metadata.get("sharpness", 1.0), "[0.01, 100]")
        return cls(names, labels, threshold, costs, sharpness=sharpness)
