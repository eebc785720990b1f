"""What a classifier and a regressor have in common: learning, asking an ensemble, being kept."""

from __future__ import annotations  # so that help() shows names, not what they stand for

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from plainnet.data import Dataset, Extractor, PictureExtractor, Splits
from plainnet.errors import DivergedError, PlainnetError, SettingError
from plainnet.files.model_file import read_model
from plainnet.models.checkpoint import Checkpoint
from plainnet.models.class_weights import without_0
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.features import Features
from plainnet.models.fitting import fit_epochs
from plainnet.models.labels import Labels, align_classes
from plainnet.models.named import named_data
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.recipe import Settled
from plainnet.models.samples import Samples, raw_samples, training_data
from plainnet.models.serialization import learner_of, model_at, write_learner
from plainnet.models.settings import Configured
from plainnet.network import Array, Network, Rng
from plainnet.training import Epoch, Epochs

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder


class Learner(Configured):
    """Learns from samples and answers for new ones; `Classifier` and `Regressor` say what.

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """

    network: Network
    preprocessing: Preprocessing
    settled: Settled
    """The recipe as the latest training took it, which left nothing open; of a loaded one none."""
    extractor: Extractor | None = None
    """What makes feature vectors of what is handed in, if something does."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.history: list[Epoch] = []
        """One record an epoch; of a loaded one empty."""
        self.training: Dataset | None = None
        """What it was trained on; of a loaded one None."""
        self.validation: Dataset | None = None
        """What the training was watched on, given or held out; of a loaded one None."""
        self.temperature = 1.0
        """Logits are divided by it, so that a probability of 80 % is right in 80 of 100 cases."""
        self.earlier: list[EnsembleMember] = []
        """Of an ensemble, the networks before this one."""
        self.quality: dict[str, Any] = {}
        """What was measured, by the name of the data; travels in the model file."""
        self.told: Mapping[str, Any] = {}
        """Of a loaded one, what its file tells of its training."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """What is there after training only is missed with a sentence."""
            if name in ("network", "preprocessing", "settled"):
                raise AttributeError(self._untrained())
            return object.__getattribute__(self, name)  # which raises what is usual

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
        """As `fit`, but epoch by epoch: stop with `break`, and keep what was reached.

        With a `checkpoint` the training is written to the disk as it goes, and goes on, to the last
        bit as if it had never stopped, from what is there. The history begins with its epochs then,
        the stream with the first new one.
        """
        weights, data, y = without_0(weights, data, y)
        how: dict[str, Any] = {"drop": drop, "missing": missing, "validation": validation}
        named = named_data(data, y, target, self.dataset, self.task, weights=weights, **how)
        if named is not None:  # which knows the weights as well
            data, y, validation, weights = named, None, None, None
        recipe = self._next or self.recipe
        how_made = recipe, self.dataset, features, weights
        train_set, watch, tested = training_data(data, y, validation, *how_made)
        self.check_kind(train_set)
        if watch is not None:
            self.check_kind(watch)
            watch = align_classes(train_set.classes, watch)
        before, self.recipe, self._next = self.recipe, recipe, None
        try:
            train_set = self._counting(train_set)
            self.settled = recipe.settled(train_set, tested=tested)
            return fit_epochs(self, train_set, watch, checkpoint)
        except PlainnetError:  # what was learned before stays, and so does what it was learned by
            self.recipe, self._next = before, recipe
            raise

    def _counting(self, data: Dataset) -> Dataset:
        """Without the samples that count nothing in the loss, as those of a class of weight 0."""
        weights = self.weights_for(data)
        if weights is None or weights.all():
            return data
        kept = data.take(np.flatnonzero(weights))
        kept.check_for_training()
        return kept

    def begin(
        self, train_set: Dataset, watch: Dataset | None, preprocessing: Preprocessing
    ) -> None:
        """Forget what was learned, for these data."""
        self.training, self.validation = train_set, watch
        self.history, self.quality, self.earlier, self.told = [], {}, [], {}
        self.preprocessing, self.extractor = preprocessing, train_set.extractor

    def begin_network(self, rng: Rng) -> None:
        """A new network for the data, before it has learned anything."""
        n_in, self.temperature = self.preprocessing.mean.size, 1.0
        self.network = self.settled.make_network(n_in, self.n_out, rng)

    @property
    def members(self) -> list[EnsembleMember]:
        """The networks whose answers are averaged; most often one."""
        return [*self.earlier, EnsembleMember(self.network, self.temperature)]

    @property
    def columns(self) -> TableEncoder | None:
        """What makes features of a table, if it was trained on one."""
        made = self.extractor
        return cast("TableEncoder", made) if made is not None and made.kind == "table" else None

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """Of the pictures that it sees, (height, width, channels); () if it sees none."""
        if isinstance(self.extractor, PictureExtractor):
            return self.extractor.shape
        return self.preprocessing.shape if self.preprocessing.is_pictures else ()

    @property
    def trained_on(self) -> str:
        """What kind of samples it was trained on: `pictures`, `a table` or `feature vectors`."""
        if self.picture_shape:
            return "pictures"
        return "feature vectors" if self.columns is None else "a table"

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

    @property
    def trained(self) -> Mapping[str, Any]:
        """What is known of its training, also of a loaded one's; {} if nothing is.

        The highest `learning_rate` that was used, how many `epochs` the latest network learned and
        which of them was kept (`kept_epoch`), `settled`, what was chosen where the recipe leaves it
        open, and `samples`, how many each part had, of each class if there are classes:
        `{"training": [50, 60], …}`.
        """
        kept = self.kept_epoch
        if kept is None:
            return self.told
        parts = {"training": self.training, "validation": self.validation}
        return {
            "learning_rate": self.recipe.make_optimizer(self.preprocessing.mean.size).learning_rate,
            "epochs": len(self.latest_history),
            "kept_epoch": kept.number,
            "settled": self.settled.chosen(self.recipe),
            "samples": {name: [*self._counts(part)] for name, part in parts.items() if part},
        }

    # -- answering -------------------------------------------------------------------------------

    def mean_answers(self, samples: Samples) -> Array:
        """The mean of the networks' answers."""
        self.check_trained()
        return self.answers_of(raw_samples(samples, self.preprocessing, self.extractor))

    def answers_of(self, raw: Array) -> Array:
        """The same for raw samples, as the preprocessing takes them."""
        with np.errstate(over="ignore", invalid="ignore"):
            members = self.members
            A = self.answer_of(members[0], raw)
            for member in members[1:]:
                A += self.answer_of(member, raw)
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
        self.check_trained()
        write_learner(path, self)

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
        return learner_of(cls, file, read_model(file))

    def check_trained(self) -> None:
        """A SettingError if nothing has been learned yet."""
        if not self.told_answers():
            raise SettingError(self._untrained())

    def _untrained(self) -> str:
        return f"This {self.kind} has not learned anything yet; call fit(…) first."
