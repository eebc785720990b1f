"""The common part of `Classifier` and `Regressor`: training, evaluation, saving."""

from __future__ import annotations  # so that help() shows names, not what they stand for

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import numpy as np

from plainnet.errors import PlainnetError
from plainnet.models.inspectable import InspectableModel
from plainnet.models.settings import Configured

if TYPE_CHECKING:
    from pathlib import Path

    from plainnet.data import Dataset, Splits
    from plainnet.data.class_names import Label
    from plainnet.metrics.evaluation import Evaluation
    from plainnet.models.checkpoint import Checkpoint
    from plainnet.models.features import Features
    from plainnet.models.labels import Labels, TargetNames
    from plainnet.models.samples import Samples
    from plainnet.network import Array
    from plainnet.network.trace import Trace
    from plainnet.training import Epochs

Scored = TypeVar("Scored", bound="Evaluation")


class TrainableModel(Configured, InspectableModel, Generic[Scored]):
    """A model that is trained on samples; the base class of `Classifier` and `Regressor`.

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """

    def __init__(self, **settings: Any) -> None:
        Configured.__init__(self, **settings)
        InspectableModel.__init__(self)

    # -- learning --------------------------------------------------------------------------------

    def fit(
        self,
        data: Samples | Dataset | Splits,
        y: Labels | None = None,
        *,
        target: TargetNames | None = None,
        drop: Sequence[str | int] | str = (),
        missing: Sequence[str] | None = None,
        kinds: Mapping[str, str] | None = None,
        weights: Array | None = None,
        validation: Any = None,
        features: Features | None = None,
        workers: int = 1,
    ) -> Self:
        """Train on a folder of class folders, another source of `read_data`, or arrays X and y.

        With a `target` it trains on a table: a .csv or .parquet file, a data frame, or columns by
        name. A data frame X with y is also a table, whose columns are later matched by name.

        Args:
            data: a path, the result of `read_data`, or samples: uint8 `(N, H, W, C)`, floats `(N,
                n)`.
            y: the right answers if `data` is an array: classes (names or numbers), or numbers to
                predict.
            target: the column of a table to predict.
            drop: columns of a table to ignore.
            missing: texts in a table for missing values; None: `NA`, `null`, `?` and the like; []:
                only empty cells.
            kinds: `number`, `category`, `date` or `text` for columns that are to be taken so.
            weights: the weight of each sample, `(N,)`: 2 equals the sample twice, 0 leaves it out,
                whatever it holds. None: all equal.
            validation: `(X, y)` or `(X, y, weights)`, a path or a data set, with a target another
                table; None: held out of the training data by the recipe.
            features: `patches`, or a backbone, its name or ONNX file, that makes features of the
                pictures, on which the network is trained; the model contains it; see
                docs/features.md.
            workers: how many networks of an ensemble are trained at once, each in a process of its
                own; the model does not depend on it.

        Raises:
            DataError: the data cannot be trained on.
            MissingExtraError: joblib, for several workers, is not installed.
        """
        given: dict[str, Any] = {"target": target, "drop": drop, "missing": missing}
        given |= {"kinds": kinds, "features": features, "workers": workers}
        for _ in self.fit_epochs(data, y, weights=weights, validation=validation, **given):
            pass
        return self

    def fit_epochs(
        self,
        data: Samples | Dataset | Splits,
        y: Labels | None = None,
        *,
        target: TargetNames | None = None,
        drop: Sequence[str | int] | str = (),
        missing: Sequence[str] | None = None,
        kinds: Mapping[str, str] | None = None,
        weights: Array | None = None,
        validation: Any = None,
        features: Features | None = None,
        checkpoint: Checkpoint | None = None,
        workers: int = 1,
    ) -> Epochs:
        """Train as `fit` does, but epoch by epoch; `break` ends the training and keeps its result.

        With a `checkpoint` the training is written to the disk regularly, and resumes from it with
        the same bits as without a break. The history then begins with the epochs before, the stream
        with the first new one. With several `workers` a network's epochs come when it has ended.
        """
        # what only a training needs is imported by it, so that answers come sooner
        from plainnet.models.class_weights import without_0
        from plainnet.models.fitting import fit_epochs
        from plainnet.models.named import named_data
        from plainnet.models.training_samples import training_data
        from plainnet.training.processes import Processes

        answers, processes = self.answers_type, Processes(workers)
        weights, data, y = without_0(weights, data, y)
        how: dict[str, Any] = {"drop": drop, "missing": missing, "validation": validation}
        how["kinds"] = kinds
        named = named_data(data, y, target, answers.dataset, answers.task, weights=weights, **how)
        if named is not None:  # which knows the weights as well
            data, y, validation, weights = named, None, None, None
        recipe = self._next or self.recipe
        how_made = recipe, answers.dataset, features, weights
        train_set, watch, tested = training_data(data, y, validation, *how_made)
        watch = self._checked(train_set, watch)
        before, self.recipe, self._next = self.recipe, recipe, None
        try:
            train_set = self._counting(train_set)
            self.resolved_recipe = recipe.resolve(
                train_set, tested=tested, validated=watch is not None
            )
            return fit_epochs(self, train_set, watch, checkpoint, processes)
        except PlainnetError:  # what was learned before stays, and so does what it was learned by
            self.recipe, self._next = before, recipe
            raise

    def _checked(self, data: Dataset, watch: Dataset | None) -> Dataset | None:
        """Check the targets of the training data and of validation data; return the latter."""
        from plainnet.models.labels import align_targets

        answers = self.answers_type_for(data)
        answers.check_data(data)
        if watch is None:
            return None
        answers.check_data(watch)
        return align_targets(data, watch)

    def _counting(self, data: Dataset) -> Dataset:
        """Return the data without samples whose loss has weight 0, such as those of a class."""
        weights = self.answers_type_for(data).weights_for(data, self.recipe)
        if weights is None or weights.all():
            return data
        kept = data.take(np.flatnonzero(weights))
        kept.check_for_training()
        return kept

    # -- measuring and looking inside ------------------------------------------------------------

    def evaluate(
        self,
        data: Samples | Splits,
        y: Labels | None = None,
        *,
        target: TargetNames | None = None,
        weights: Array | None = None,
    ) -> Scored:
        """Evaluate the model on samples with known answers.

        Args:
            data: anything that `fit` and the command line take: a folder or file, a data set,
                samples with their y; for a model of tables a table with its target. If there are
                parts, it is the test part, else the validation part, else the training part.
            y: the class or number of each sample, if the data do not contain it.
            target: the column of a table with the right answers; None: that of the training.
            weights: the weight of each sample, `(N,)`; None: those of the data, or all equal.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
            SettingError: the model is not trained, or `target` comes without a table.
        """
        from plainnet.models.evaluating import data_to_evaluate

        self.check_trained()
        found = data_to_evaluate(self, data, y, target=target, weights=weights)
        self.answers.right(found)  # raises for an unknown class before anything is answered
        return cast("Scored", self.measure(found, self.mean_answers(found)))

    def withheld(self, raw: Array, A: Array, wrong: float) -> Array:
        """Return for each answer why it is better withheld: `unsure`, `unlike`, or "".

        They are texts `(N,)`, or with k targets `(N, k)`.

        Args:
            raw: N raw rows.
            A: the answers to them.
            wrong: the share of wrong answers to accept, at each confidence.

        Raises:
            SettingError: see `needed_refusal`.
        """
        from plainnet.models.refusal import needed_refusal

        names = self.answers.names
        refusal = needed_refusal(self.refusal, wrong, names)
        return refusal.reasons(raw, A, self.answers.choose(A), wrong, names)

    def trace(
        self, samples: Samples, y: Labels | Label | None = None, *, training: bool = False
    ) -> Trace:
        """Trace samples through the network: forward, the loss and backward, step by step.

        An ensemble traces its last network. `plainnet.reports.trace_text` makes text of it.

        Args:
            samples: one batch of samples, as `predict` takes them.
            y: the class or number of each sample, or of all; None: the model's own answers if they
                are classes, else the target column of a table.
            training: whether layers work as in training, where Dropout leaves units out.

        Raises:
            DataError: samples of another kind, or y does not match them.
            SettingError: the model is not trained.
        """
        from plainnet.models.tracing import trace_answers  # only when it is asked for

        return trace_answers(self, samples, y, training=training)

    # -- keeping ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write one `.safetensors` file with everything that answering needs.

        Raises:
            FileError: the file cannot be written; an older one stays intact.
        """
        from plainnet.models.serialization import save_model

        self.check_trained()
        save_model(path, self)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file, also that of a run folder; a file cannot run code.

        Args:
            path: a file that `save` wrote, or a folder that `plainnet train` wrote.

        Raises:
            ModelFileError: the file is missing, cut short, of another kind, or inconsistent.
            MissingExtraError: its features need a package that is not installed.
        """
        from plainnet.files.model_file import read_model
        from plainnet.models.serialization import model_at, restore_model

        file = model_at(path)
        return restore_model(cls(), file, read_model(file))


AnyModel = TrainableModel[Any]
"""A classifier or a regressor."""
