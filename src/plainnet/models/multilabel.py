"""Yes or no to several targets as the answer: multi-label classification."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.data import Dataset, TargetColumn, spread_folds, spread_split
from plainnet.errors import DataError, SettingError
from plainnet.files.schema import read
from plainnet.metrics.multilabel import (
    MultilabelEvaluation,
    criteria_of_labels,
    evaluate_labels,
)
from plainnet.metrics.weighting import weighted
from plainnet.models.calibrated import calibrated_metrics, temperature_of
from plainnet.models.classes import Classes
from plainnet.models.ensemble import EnsembleMember, check_temperature, mean_of
from plainnet.models.labels import Labels
from plainnet.models.recipe import Recipe
from plainnet.models.samples import make_dataset
from plainnet.models.several import Several, stored_targets
from plainnet.network import Array, MemberMean, Rng, SigmoidCrossEntropy, SigmoidMemberMean

if TYPE_CHECKING:
    from plainnet.metrics.importance import Criterion


@dataclass(frozen=True)
class Multilabel(Several[Classes]):
    """One of two classes for each of k targets, independent of each other; the second is yes."""

    part_type = Classes
    kind = Classes.kind
    task = Classes.task
    evaluation_type = MultilabelEvaluation
    can_be_targets = True
    described = ("targets", "temperature", "outputs")
    stopping_metric = Classes.stopping_metric

    @staticmethod
    def dataset(X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """Make a data set of samples and a column of classes for each target."""
        return make_dataset(X, y, like)

    @staticmethod
    def check_recipe(recipe: Recipe, data: Dataset, has_validation: bool) -> None:
        """Raise a SettingError for weights of classes, or thresholds that cannot be chosen."""
        if recipe.class_weight not in ("auto", "none"):
            raise SettingError(
                f"class_weight = {recipe.class_weight!r:.60} weights the samples of a class, but "
                "each sample has a class for every target; leave it out."
            )
        for i in range(len(data.targets)):
            Classes.check_recipe(recipe, data.of_target(i), has_validation)

    @staticmethod
    def split(data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """Hold out about the same share of every class of every target."""
        return spread_split(data.y, share, rng)

    @staticmethod
    def folds(data: Dataset, n: int, rng: Rng) -> Sequence[Array]:
        """Deal the samples of every class of every target out about evenly."""
        return spread_folds(data.y, n, rng)

    @staticmethod
    def deal(data: Dataset, n: int, rng: Rng) -> list[Array]:
        """Deal them out in the same way; the only sample of a class is in no fold."""
        if (n := min(n, len(data) // 2)) < 2:
            return []
        yes = data.y.sum(axis=0)
        alone = ((data.y == 1) & (yes == 1)) | ((data.y == 0) & (yes == len(data) - 1))
        rows = np.flatnonzero(alone.any(axis=1))
        return [np.setdiff1d(fold, rows) for fold in spread_folds(data.y, n, rng)]

    @staticmethod
    def counts(data: Dataset) -> list[int]:
        """Count the samples."""
        return [len(data)]

    @classmethod
    def of(cls, data: Dataset) -> Self:
        """Make the answers of the classes in the training samples.

        Raises:
            DataError: a target has more than two classes.
        """
        for name, classes, _ in data.targets:
            if len(classes) != 2:
                raise DataError(
                    f"{data.name} has {len(classes)} classes of {name!r}, but several targets need "
                    "two each; train a model for it alone, or one column for each of its classes."
                )
        return super().of(data)

    @property
    def columns(self) -> tuple[TargetColumn, ...]:
        """The targets with their classes."""
        parts = zip(self.names, self.parts, strict=True)
        return tuple(TargetColumn(name, part.names, part.labels) for name, part in parts)

    @property
    def thresholds(self) -> dict[str, float]:
        """The probability from which the second class of each target is answered."""
        parts = zip(self.names, self.parts, strict=True)
        return {name: part.threshold for name, part in parts}

    # -- training --------------------------------------------------------------------------------

    @property
    def mean_of_members(self) -> type[MemberMean]:
        """The mean of probabilities, as logits."""
        return SigmoidMemberMean

    def loss(self, recipe: Recipe) -> SigmoidCrossEntropy:
        """Return the sigmoid's cross-entropy, a mean over the targets."""
        return SigmoidCrossEntropy(recipe.label_smoothing)

    def targets(self, data: Dataset) -> Array:
        """Return 1 for the second class, else 0, `(N, k)`."""
        return super().targets(data).astype(np.float64)

    def stopping_metrics(
        self,
        data: Dataset,  # noqa: ARG002
        recipe: Recipe,  # noqa: ARG002
    ) -> Callable[..., Mapping[str, float]]:
        """Measure accuracy, and the loss at its best temperature: what it will be once calibrated.

        Both are means over the targets.
        """
        return calibrated_metrics(SigmoidCrossEntropy())

    def fit_temperature(
        self, recipe: Recipe, validation: Dataset, outputs_of: Callable[[Array], Array]
    ) -> float:
        """Minimize the validation loss of all targets; 1 for too few samples."""
        y, Z = self.targets(validation), outputs_of(validation.X)
        return temperature_of(self.loss(recipe), Z, y, validation.weights)

    # -- answering -------------------------------------------------------------------------------

    def decode(self, A: Array) -> Array:
        """Return labels in the type of the training data, `(N, k)`."""
        chosen = self.choose(A)
        columns = [part.label_of[chosen[:, i]] for i, part in enumerate(self.parts)]
        alike = len({column.dtype.kind for column in columns}) == 1
        return np.stack([c if alike else c.astype(object) for c in columns], axis=1)

    def measure(self, data: Dataset, A: Array) -> MultilabelEvaluation:
        """Evaluate probabilities."""
        parts = [
            part.measure(alone, a)
            for part, alone, a in zip(self.parts, self.each(data), self.parts_of(A), strict=True)
        ]
        weights, y, chosen = weighted(data.weights, self.right(data), self.choose(A))
        return evaluate_labels(parts, self.names, chosen == y, y, weights)

    def criteria(self, data: Dataset) -> tuple[Criterion, Criterion]:
        """Return mean log loss and Hamming loss."""
        return criteria_of_labels(self.right(data), [*self.thresholds.values()])

    # -- words and files -------------------------------------------------------------------------

    @property
    def summary(self) -> str:
        """The number of targets: `yes or no to 3 targets`."""
        return f"yes or no to {len(self.names)} targets" if self.names else ""

    @property
    def decision(self) -> Mapping[str, Any]:
        """The thresholds, unless all are ½."""
        usual = all(threshold == 0.5 for threshold in self.thresholds.values())
        return {} if usual else {"thresholds": self.thresholds}

    def facts(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return name, classes and threshold of each target, and the last network's temperature."""
        parts = zip(self.names, self.parts, strict=True)
        targets = [
            {"target": name, "classes": [*part.names], "threshold": part.threshold}
            for name, part in parts
        ]
        return {"targets": targets, "temperature": networks[-1].temperature}

    def describe(self, networks: Sequence[EnsembleMember]) -> dict[str, Any]:
        """Return name, classes, labels, threshold and costs of each target, and the temperature."""
        targets = []
        for name, part in zip(self.names, self.parts, strict=True):
            known = part.describe(networks)
            kept = {key: known[key] for key in PART if key in known}
            targets.append({"name": name, **kept})
        temperature = check_temperature(networks[-1].temperature)
        outputs = self.outputs(networks)
        return {"targets": targets, "temperature": temperature, "outputs": outputs}

    def outputs(self, networks: Sequence[EnsembleMember]) -> str:
        """Describe a logit for each target."""
        several = f"P is {mean_of(networks)}, each with its temperature; "
        mean = several if len(networks) > 1 else ""
        return (
            "a logit z for each target; P(class 1) = 1 / (1 + exp(-z / temperature)), "
            f"P(class 0) = 1 - that; {mean}"
            "the answer is class 1 where P(class 1) >= threshold of the target"
        )

    @classmethod
    def restore(cls, metadata: Mapping[str, Any]) -> Self:
        """Read what `describe` returned."""
        names, parts = [], []
        for one in stored_targets(metadata):
            if not isinstance(one, dict) or not {"name", "classes"} <= {*one} <= {"name", *PART}:
                raise ValueError(f"a target must have a name and classes, but is {one!r:.80}")
            names.append(read(str, one["name"], "name of a target"))
            parts.append(Classes.restore(one))
        if any(len(part.names) != 2 for part in parts):
            raise ValueError(f"its targets need two classes each: {names!r:.80}")
        return cls.named(names, parts)


PART = ("classes", "labels", "threshold", "costs")
"""The entries of a target in a model file, beside its name."""


def with_thresholds(answers: Multilabel, thresholds: Mapping[str, float]) -> Multilabel:
    """Return the answers with these thresholds; those of other targets stay.

    Raises:
        SettingError: an unknown target, or a threshold out of [0, 1].
    """
    if unknown := [name for name in thresholds if name not in answers.names]:
        raise SettingError(
            f"There is no target {unknown[0]!r} for a threshold; the targets are "
            f"{', '.join(answers.names)}."
        )
    new = {
        name: check_number(f"threshold of {name!r}", value, "[0, 1]")
        for name, value in {**answers.thresholds, **thresholds}.items()
    }
    return answers.changed(lambda part, i: replace(part, threshold=new[answers.names[i]]))
