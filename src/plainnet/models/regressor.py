"""A network that predicts a number, with its preprocessing and the unit of its answers.

::

    regressor = Regressor(hidden=(64, 32)).fit(X, prices)
    regressor.predict(X[:3])                            # array([312000., 154500., …])
    regressor.save("prices.safetensors")
"""

from __future__ import annotations  # so that help() shows names, not what they stand for

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from plainnet.data import Dataset, Splits, random_split
from plainnet.errors import DataError, SettingError
from plainnet.metrics.moments import moments
from plainnet.metrics.regression import RegressionEvaluation, evaluate_numbers
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.evaluating import data_to_evaluate
from plainnet.models.labels import Labels
from plainnet.models.learner import Learner
from plainnet.models.model_metadata import target_of
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Recipe
from plainnet.models.samples import Samples, make_numbers
from plainnet.models.settings import RegressorSettings, takes
from plainnet.network import Array, MeanSquaredError, Rng
from plainnet.training import logits

if TYPE_CHECKING:
    from plainnet.models.explain_row import RowExplanation
    from plainnet.network.trace import Trace

CLASSES_ONLY = {
    "label_smoothing": "spreads a target over classes",
    "class_weight": "says what classes count",
    "precision": "is wanted of a class",
    "recall": "is wanted of a class",
    "positive": "names a class",
}
"""Settings that say nothing where a number is predicted."""
PLAIN = {"class_weight": "none"}
"""What they are then, where that is not the usual."""


@takes(RegressorSettings)
class Regressor(Learner):
    """Learns a number for each sample, and predicts it for new ones.

    The network learns (y − mean) / scale, by the mean squared error; mean and scale are those of
    the training samples, and travel in the model file.

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, a value out of its range, or a setting that is for classes.
    """

    kind = "regressor"
    described = ("target",)
    task = "regression"
    target: str = ""
    """The name of what is predicted; "" before training."""
    mean, scale = 0.0, 1.0
    """Answers are network output × scale + mean."""

    def __init__(self, **settings: Unpack[RegressorSettings]) -> None:
        super().__init__(**{**PLAIN, **settings})
        usual = Recipe.of(PLAIN)
        for name, why in CLASSES_ONLY.items():
            if (value := getattr(self.recipe, name)) != getattr(usual, name):
                raise SettingError(
                    f"{name} = {value!r} {why}, but here a number is predicted; leave it out."
                )

    # -- learning --------------------------------------------------------------------------------

    @property
    def n_out(self) -> int:
        """One output, the number."""
        return 1

    @property
    def loss(self) -> MeanSquaredError:
        """Of the standardized numbers."""
        return MeanSquaredError()

    @property
    def figures(self) -> Callable[..., Mapping[str, float]]:
        """The root of the mean squared error, in the unit of the target."""

        def measure(Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
            errors = Z.astype(np.float64) - y
            return {"RMSE": self.scale * sqrt(np.average(np.square(errors)[:, 0], weights=weights))}

        return measure

    def dataset(self, X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """Samples and the number of each."""
        return make_numbers(X, y, like.target or "y" if like else "y")

    def check_kind(self, data: Dataset) -> None:
        """Refuse classes."""
        if data.target is None:
            raise DataError(
                f"{data.name} holds samples of classes, and a regressor predicts a number; take a "
                "Classifier, or give numbers, fit(X, y)."
            )

    def split(self, data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """At random."""
        return random_split(len(data), share, rng)

    def begin(
        self, train_set: Dataset, watch: Dataset | None, preprocessing: Preprocessing
    ) -> None:
        """Forget what was learned, for these data."""
        super().begin(train_set, watch, preprocessing)
        self.target = train_set.target or "y"
        (self.mean,), (self.scale,) = map(
            np.ndarray.tolist, moments(train_set.y[:, None], train_set.weights)
        )

    def targets(self, data: Dataset) -> Array:
        """(y − mean) / scale, computed in float64."""
        standardized: Array = (data.y - self.mean) / self.scale
        return standardized

    # -- answering -------------------------------------------------------------------------------

    def predict(self, samples: Samples) -> Array:
        """The number predicted for each sample, float64 `(N,)`, in the unit of the target.

        Args:
            samples: as those that were learned from.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture that cannot be read.
            DivergedError: the answers are no finite numbers.
        """
        return self.mean_answers(samples)

    def answer_of(self, member: EnsembleMember, raw: Array) -> Array:
        """One network's answers, in the unit of the target."""
        Z = logits(member.network, raw, prepare=self.preprocessing)
        answers: Array = Z[:, 0].astype(np.float64) * self.scale + self.mean
        return answers

    def score(
        self,
        samples: Samples | Splits,
        y: Labels | None = None,
        *,
        target: str | int | None = None,
        weights: Array | None = None,
    ) -> float:
        """R² on what `evaluate` takes: 1 is perfect, 0 as good as always answering the mean.

        Raises:
            DataError, SettingError: as `evaluate`.
        """
        return self.evaluate(samples, y, target=target, weights=weights).r2

    def evaluate(
        self,
        data: Samples | Splits,
        y: Labels | None = None,
        *,
        target: str | int | None = None,
        weights: Array | None = None,
    ) -> RegressionEvaluation:
        """Everything that can be measured on samples with known numbers.

        Args:
            data: whatever `fit` takes: samples with their y, a data set; of a model that was
                trained on a table a table with its target, the test part of a folder of tables.
            y: the number of each sample, where the data do not say it.
            target: the column of a table that says it; None: that of the training.
            weights: what each sample counts, `(N,)`; None: what the data say, or all the same.

        Raises:
            DataError: samples of another kind.
            SettingError: nothing has been learned yet, or a target of what is no table.
        """
        self.check_trained()
        found = data_to_evaluate(self, data, y, target=target, weights=weights)
        return evaluate_numbers(found.y, self.predict(found), self.target, found.weights)

    def explain(self, sample: Samples) -> RowExplanation:
        """Share the number predicted for one row out among its columns, or its features.

        Args:
            sample: one row of a table, or one feature vector.

        Raises:
            DataError: not one row, or the model was trained on pictures.
            SettingError: nothing has been learned yet.
        """
        from plainnet.models.explain_row import explain_row  # only when it is asked for

        return explain_row(self, sample)

    def trace(
        self, samples: Samples, y: Labels | str | float | None = None, *, training: bool = False
    ) -> Trace:
        """Follow samples through the network: forward, the loss and backward, step by step.

        Of an ensemble it is the last network. `plainnet.reports.trace_text` makes a text of it.

        Args:
            samples: as `predict` takes them; all of them are one batch.
            y: the number of each sample, or of all; None: what the target column of a table says.
            training: work as while training (Dropout leaves units out) and not as when answering.

        Raises:
            DataError: samples of another kind, or y does not fit them.
            SettingError: nothing has been learned yet.
        """
        from plainnet.models.tracing import trace_answers  # only when it is asked for

        return trace_answers(self, samples, y, training=training)

    # -- keeping ---------------------------------------------------------------------------------

    def description(self) -> dict[str, Any]:
        """What a model file says of its answers."""
        return {"target": {"name": self.target, "mean": self.mean, "scale": self.scale}}

    def restore(self, metadata: Mapping[str, Any]) -> None:
        """Take over what a model file says of them."""
        self.target, self.mean, self.scale = target_of(metadata)

    @property
    def outputs(self) -> str:
        """What the networks' outputs mean, in words."""
        n = len(self.earlier) + 1
        mean = f"the mean of that of {n} networks" if n > 1 else "that"
        return f"one number z, z * scale + mean of the target; the answer is {mean}"

    def _counts(self, data: Dataset) -> Sequence[int]:
        return [len(data)]

    def told_answers(self) -> str:
        """What they are, for messages."""
        return f"one number, {self.target}" if self.target else ""
