"""What a classifier and a regressor have in common: learning, asking an ensemble, being kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from plainnet.classifier.checkpoint import Checkpoint
from plainnet.classifier.fitting import fit_epochs
from plainnet.classifier.kind import Kind
from plainnet.classifier.member import Member, temperatures_of, tensors_of
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe
from plainnet.classifier.samples import Labels, Samples, raw_samples, training_data
from plainnet.classifier.saved import describe, restore, restore_extractor, restore_members
from plainnet.errors import DivergedError, ModelFileError, SettingError
from plainnet.files import read_model, write_model
from plainnet.network import Array, Network, Rng
from plainnet.pictures import Dataset, Extractor, Splits
from plainnet.tables import read_tables
from plainnet.training import Epoch, Epochs

Saved = tuple[Network, dict[str, Any], dict[str, Array]]
"""What `read_model` gives."""


class Learner(Kind):
    """Learns from samples and answers for new ones; `Classifier` and `Regressor` say what.

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """

    network: Network
    preprocessing: Preprocessing
    extractor: Extractor | None = None
    """What makes feature vectors of what is handed in, if something does."""

    def __init__(self, **settings: Any) -> None:
        self.recipe = Recipe.of(settings)
        self.history: list[Epoch] = []
        """One record an epoch; of a loaded one empty."""
        self.training: Dataset | None = None
        """What it was trained on; of a loaded one None."""
        self.validation: Dataset | None = None
        """What the training was watched on, given or held out; of a loaded one None."""
        self.temperature = 1.0
        """Logits are divided by it, so that a probability of 80 % is right in 80 of 100 cases."""
        self.earlier: list[Member] = []
        """Of an ensemble, the networks before this one."""
        self.quality: dict[str, Any] = {}
        """What was measured, by the name of the data; travels in the model file."""

    # -- learning --------------------------------------------------------------------------------

    def fit(
        self,
        data: Samples | Dataset | Splits,
        y: Labels | None = None,
        *,
        target: str | None = None,
        drop: Sequence[str] = (),
        validation: Any = None,
    ) -> Self:
        """Learn from a folder of class folders, another source of `read_data`, or arrays X and y.

        Or, with a `target`, from a table: a .csv or .parquet file, a data frame, columns by name.

        Args:
            data: a path, what `read_data` gives, or samples: uint8 `(N, H, W, C)`, floats `(N, n)`.
            y: what is right for each sample, where `data` is an array: of a classifier the class,
                names or numbers, of a regressor the number.
            target: the column of a table that is to be predicted.
            drop: columns of a table that are not to be learned from.
            validation: `(X, y)`, with a target another table; None: held out of the training data,
                as the recipe says.

        Raises:
            DataError: nothing can be learned from the data.
        """
        for _ in self.fit_epochs(data, y, target=target, drop=drop, validation=validation):
            pass
        return self

    def fit_epochs(
        self,
        data: Samples | Dataset | Splits,
        y: Labels | None = None,
        *,
        target: str | None = None,
        drop: Sequence[str] = (),
        validation: Any = None,
        checkpoint: Checkpoint | None = None,
    ) -> Epochs:
        """As `fit`, but epoch by epoch: stop with `break`, and keep what was reached.

        With a `checkpoint` the training is written to the disk as it goes, and goes on, to the last
        bit as if it had never stopped, from what is there. The history begins with its epochs then,
        the stream with the first new one.
        """
        if target is None and drop:
            raise SettingError("drop leaves out columns of a table; name its target as well.")
        if target is not None:
            how: dict[str, Any] = {"drop": drop, "task": self.task, "validation": validation}
            data, validation = read_tables(data, target, **how), None
        train_set, watch = training_data(data, y, validation, self.recipe, self.dataset)
        self.check_kind(train_set)
        return fit_epochs(self, train_set, watch, checkpoint)

    def begin(
        self, train_set: Dataset, watch: Dataset | None, preprocessing: Preprocessing
    ) -> None:
        """Forget what was learned, for these data."""
        self.training, self.validation = train_set, watch
        self.history, self.quality, self.earlier = [], {}, []
        self.preprocessing, self.extractor = preprocessing, train_set.extractor

    def begin_network(self, rng: Rng) -> None:
        """A new network for the data, before it has learned anything."""
        n_in, self.temperature = self.preprocessing.mean.size, 1.0
        self.network = self.recipe.make_network(n_in, self.n_out, rng)

    @property
    def members(self) -> list[Member]:
        """The networks whose answers are averaged; most often one."""
        return [*self.earlier, Member(self.network, self.temperature)]

    @property
    def stops_early(self) -> bool:
        """Whether the training ends when its validation loss does not get lower any more."""
        return self.recipe.patience > 0 and self.validation is not None

    @property
    def kept_epoch(self) -> Epoch | None:
        """The epoch whose parameters were kept; None before training."""
        if not self.history:
            return None
        if not self.stops_early:
            return self.history[-1]
        return min(reversed(self.latest_history), key=lambda epoch: epoch["validation_loss"])

    @property
    def latest_history(self) -> list[Epoch]:
        """Of an ensemble, the records of its latest network only; else all."""
        return self.history[-self.history[-1].number :] if self.history else []

    # -- answering -------------------------------------------------------------------------------

    def _answers(self, samples: Samples) -> Array:
        """The mean of the networks' answers."""
        self._check_trained()
        raw = raw_samples(samples, self.preprocessing, self.extractor)
        with np.errstate(over="ignore", invalid="ignore"):
            members = self.members
            A = self._answer(members[0], raw)
            for member in members[1:]:
                A += self._answer(member, raw)
            A /= A.dtype.type(len(members))
        if not np.isfinite(A).all():
            raise DivergedError(
                "The network has weights so large that its answers are no finite numbers; train it "
                "anew with a lower learning rate, or leave out samples with extreme values."
            )
        return A

    # -- keeping ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write one `.safetensors` file with everything that answering needs.

        Raises:
            FileError: it cannot be written; an older file is still there then.
        """
        self._check_trained()
        answers = self._description()
        metadata = describe(self.kind, answers, self.preprocessing, self.recipe, self.quality)
        metadata["earlier"] = temperatures_of(self.earlier)
        tensors = {**self.preprocessing.tensors(), **tensors_of(self.earlier)}
        if self.extractor is not None:
            metadata["extractor"] = {"kind": self.extractor.kind, **self.extractor.describe()}
            tensors |= self.extractor.tensors()
        write_model(Path(path), self.network, metadata, tensors)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file; reading is strict, and nothing in the file can run code.

        Raises:
            ModelFileError: the file is missing, cut short, of another kind, or does not fit itself.
        """
        return cls.of_file(path, read_model(Path(path)))

    @classmethod
    def of_file(cls, path: str | Path, saved: Saved) -> Self:
        """The same from what `read_model` gave for the file at `path`."""
        network, metadata, tensors = saved
        earlier, tensors = restore_members(path, metadata, tensors, network)
        extractor, tensors = restore_extractor(path, metadata, tensors)
        preprocessing, recipe, quality = restore(cls.kind, path, metadata, tensors)
        self = cls()
        self._restore(path, metadata)
        if extractor is not None and extractor.n_features != preprocessing.mean.size:
            raise ModelFileError(
                f"{path} does not fit itself: {extractor.n_features} features are made, and "
                f"{preprocessing.mean.size} are taken; copy it again or train anew."
            )
        if (network.n_in, network.n_out) != (preprocessing.mean.size, self.n_out):
            raise ModelFileError(
                f"{path} does not fit itself: its network maps {network.n_in} features to "
                f"{network.n_out} outputs, its preprocessing gives {preprocessing.mean.size} for "
                f"{self._told_answers()}; copy it again or train anew."
            )
        self.network, self.preprocessing, self.recipe = network, preprocessing, recipe
        self.extractor, self.quality, self.earlier = extractor, quality, earlier
        return self

    def _check_trained(self) -> None:
        if not self._told_answers():
            raise SettingError(f"This {self.kind} has not learned anything yet; call fit(…) first.")
