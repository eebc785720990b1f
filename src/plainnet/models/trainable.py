"""What `Classifier` and `Regressor` have in common: a model that is trained, measured and saved."""

from __future__ import annotations  # so that help() shows names, not what they stand for

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import numpy as np

from plainnet.data import Dataset, Splits
from plainnet.data.class_names import Label
from plainnet.errors import PlainnetError
from plainnet.files.model_file import read_model
from plainnet.metrics.evaluation import Evaluation
from plainnet.models.checkpoint import Checkpoint
from plainnet.models.class_weights import without_0
from plainnet.models.evaluating import data_to_evaluate
from plainnet.models.features import Features
from plainnet.models.fitting import fit_epochs
from plainnet.models.labels import Labels, align_classes
from plainnet.models.model import Model
from plainnet.models.named import named_data
from plainnet.models.samples import Samples, training_data
from plainnet.models.serialization import model_at, restore_model, save_model
from plainnet.models.settings import Configured
from plainnet.network import Array
from plainnet.training import Epochs

if TYPE_CHECKING:
    from plainnet.network.trace import Trace

Scored = TypeVar("Scored", bound=Evaluation)


class TrainableModel(Configured, Model, Generic[Scored]):
    """Learns from samples and answers for new ones; `Classifier` and `Regressor` say what.

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """

    def __init__(self, **settings: Any) -> None:
        Configured.__init__(self, **settings)
        Model.__init__(self)

    # -- learning --------------------------------------------------------------------------------

    def fit(
        self,
        data: Samples | Dataset | Splits,
        y: Labels | None = None,
        *,
        target: str | int | None = None,
        drop: Sequence[str | int] | str = (),
        missing: Sequence[str] | None = None,
        weights: Array | None = None,
        validation: Any = None,
        features: Features | None = None,
    ) -> Self:
        """Learn from a folder of class folders, another source of `read_data`, or arrays X and y.

        Or, with a `target`, from a table: a .csv or .parquet file, a data frame, columns by name.
        A data frame X with y is such a table, too: its columns are matched by name from then on.

        Args:
            data: a path, what `read_data` gives, or samples: uint8 `(N, H, W, C)`, floats `(N, n)`.
            y: what is right for each sample, where `data` is an array: of a classifier the class,
                names or numbers, of a regressor the number.
            target: the column of a table that is to be predicted.
            drop: columns of a table that are not to be learned from.
            missing: of a table, what says in its texts that there is no value; None: `NA`, `null`,
                `?` and the like; []: nothing but an empty cell.
            weights: what each sample counts, `(N,)`: 2 is as if it were there twice, 0 as if it
                were not, whatever it holds. None: all the same.
            validation: `(X, y)` or `(X, y, weights)`, a path or a data set, with a target another
                table; None: held out of the training data, as the recipe says.
            features: an ONNX file that makes features of the pictures, on which the network learns
                and which travels with it; see docs/features.md.

        Raises:
            DataError: nothing can be learned from the data.
        """
        given: dict[str, Any] = {"target": target, "drop": drop, "missing": missing}
        given["features"] = features
        for _ in self.fit_epochs(data, y, weights=weights, validation=validation, **given):
            pass
        return self

    def fit_epochs(
        self,
        data: Samples | Dataset | Splits,
        y: Labels | None = None,
        *,
        target: str | int | None = None,
        drop: Sequence[str | int] | str = (),
        missing: Sequence[str] | None = None,
        weights: Array | None = None,
        validation: Any = None,
        features: Features | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Epochs:
        """Train as `fit` does, but epoch by epoch: stop with `break`, and keep what was reached.

        With a `checkpoint` the training is written to the disk as it goes, and goes on, to the last
        bit as if it had never stopped, from what is there. The history begins with its epochs then,
        the stream with the first new one.
        """
        answers = self.answers_type
        weights, data, y = without_0(weights, data, y)
        how: dict[str, Any] = {"drop": drop, "missing": missing, "validation": validation}
        named = named_data(data, y, target, answers.dataset, answers.task, weights=weights, **how)
        if named is not None:  # which knows the weights as well
            data, y, validation, weights = named, None, None, None
        recipe = self._next or self.recipe
        how_made = recipe, answers.dataset, features, weights
        train_set, watch, tested = training_data(data, y, validation, *how_made)
        answers.check_data(train_set)
        if watch is not None:
            answers.check_data(watch)
            watch = align_classes(train_set.classes, watch)
        before, self.recipe, self._next = self.recipe, recipe, None
        try:
            train_set = self._counting(train_set)
            self.resolved_recipe = recipe.resolve(train_set, tested=tested)
            return fit_epochs(self, train_set, watch, checkpoint)
        except PlainnetError:  # what was learned before stays, and so does what it was learned by
            self.recipe, self._next = before, recipe
            raise

    def _counting(self, data: Dataset) -> Dataset:
        """The data without samples that count nothing in the loss, as of a class of weight 0."""
        weights = self.answers.weights_for(data, self.recipe)
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
        target: str | int | None = None,
        weights: Array | None = None,
    ) -> Scored:
        """Measure everything that can be measured on samples of which is known what is right.

        Args:
            data: whatever `fit` and the command line take: a folder or file, a data set, samples
                with their y; of a model that was trained on a table a table with its target. Of
                what has parts it is the test part, else the validation part, else that for
                training.
            y: the class, or the number, of each sample, where the data do not say it.
            target: the column of a table that says it; None: that of the training.
            weights: what each sample counts, `(N,)`; None: what the data say, or all the same.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
            SettingError: nothing has been learned yet, or a target of what is no table.
        """
        self.check_trained()
        found = data_to_evaluate(self, data, y, target=target, weights=weights)
        self.answers.right(found)  # raises for an unknown class before anything is answered
        return cast("Scored", self.answers.measure(found, self.mean_answers(found)))

    def trace(
        self, samples: Samples, y: Labels | Label | None = None, *, training: bool = False
    ) -> Trace:
        """Follow samples through the network: forward, the loss and backward, step by step.

        Of an ensemble it is the last network. `plainnet.reports.trace_text` makes a text of it.

        Args:
            samples: as `predict` takes them; all of them are one batch.
            y: the class, or the number, of each sample, or of all; None: of classes what the model
                answers, else what the target column of a table says.
            training: work as while training (Dropout leaves units out) and not as when answering.

        Raises:
            DataError: samples of another kind, or y does not fit them.
            SettingError: nothing has been learned yet.
        """
        from plainnet.models.tracing import trace_answers  # only when it is asked for

        return trace_answers(self, samples, y, training=training)

    # -- keeping ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write one `.safetensors` file with everything that answering needs.

        Raises:
            FileError: it cannot be written; an older file is still there then.
        """
        self.check_trained()
        save_model(path, self)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file, or that of a run folder; nothing in a file can run code.

        Args:
            path: what `save` has written, or a folder that `plainnet train` has.

        Raises:
            ModelFileError: the file is missing, cut short, of another kind, or does not fit itself.
            MissingExtraError: it makes its features with a package that is not installed.
        """
        file = model_at(path)
        return restore_model(cls(), file, read_model(file))


AnyModel = TrainableModel[Any]
"""A classifier or a regressor."""
