"""The thing a user keeps: preprocessing, network and class names, trained, saved and asked as one.

::

    classifier = Classifier(hidden=(128, 64)).fit("pictures")   # a folder of class folders
    classifier.predict("photo.jpg")                              # array(['cat'])
    classifier.save("cats.safetensors")
    Classifier.load("cats.safetensors").predict_proba("photo.jpg")
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from plainnet.classifier.checkpoint import Checkpoint
from plainnet.classifier.fitting import fit_epochs
from plainnet.classifier.member import Member, temperatures_of, tensors_of
from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe, Settled
from plainnet.classifier.samples import (
    Labels,
    Samples,
    numbers_of,
    plain_labels,
    raw_samples,
    training_data,
)
from plainnet.classifier.saved import describe, number_of, restore, restore_members
from plainnet.errors import DataError, DivergedError, ModelFileError, SettingError
from plainnet.files import read_model, write_model
from plainnet.network import Array, Network, Rng, SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.pictures import Dataset, Splits
from plainnet.training import Epoch, Epochs, logits
from plainnet.training.evaluation import Evaluation, answers_from, evaluate_probabilities


class Classifier:
    """Learns the classes of pictures or feature vectors, and answers for new ones.

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """

    network: Network
    preprocessing: Preprocessing
    settled: Settled
    """The recipe as the latest training took it, which left nothing open."""
    classes: tuple[str, ...] = ()
    """Class names, in the order of the probabilities; empty before training."""

    def __init__(self, **settings: Any) -> None:
        self.recipe = Recipe.of(settings)
        self.history: list[Epoch] = []
        """One record an epoch; of a loaded classifier empty."""
        self.training: Dataset | None = None
        """What it was trained on; of a loaded classifier None."""
        self.validation: Dataset | None = None
        """What the training was watched on, given or held out; of a loaded classifier None."""
        self.temperature = 1.0
        """Logits are divided by it, so that a probability of 80 % is right in 80 of 100 cases."""
        self.threshold = 0.5
        """Of two classes, from which probability on the second is answered."""
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
        validation: tuple[Array, Labels] | None = None,
    ) -> Self:
        """Learn from a folder of class folders, another source of `read_data`, or arrays X and y.

        Args:
            data: a path, what `read_data` gives, or samples: uint8 `(N, H, W, C)`, floats `(N, n)`.
            y: the class of each sample, names or numbers, where `data` is an array.
            validation: `(X, y)`; None: held out of the training data, as the recipe says.

        Raises:
            DataError: nothing can be learned from the data.
        """
        for _ in self.fit_epochs(data, y, validation=validation):
            pass
        return self

    def fit_epochs(
        self,
        data: Samples | Dataset | Splits,
        y: Labels | None = None,
        *,
        validation: tuple[Array, Labels] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Epochs:
        """As `fit`, but epoch by epoch: stop with `break`, and keep what was reached.

        With a `checkpoint` the training is written to the disk as it goes, and goes on, to the last
        bit as if it had never stopped, from what is there. The history begins with its epochs then,
        the stream with the first new one.
        """
        train_set, watch, tested = training_data(data, y, validation, self.recipe)
        self.settled = self.recipe.settled(train_set, tested=tested)
        return fit_epochs(self, train_set, watch, checkpoint)

    def begin(
        self, train_set: Dataset, watch: Dataset | None, preprocessing: Preprocessing
    ) -> None:
        """Forget what was learned, for these data."""
        self.training, self.validation, self.classes = train_set, watch, train_set.classes
        self.history, self.quality, self.earlier, self.threshold = [], {}, [], 0.5
        self.preprocessing = preprocessing

    def begin_network(self, rng: Rng) -> None:
        """A new network for the data, before it has learned anything."""
        n_in, self.temperature = self.preprocessing.mean.size, 1.0
        self.network = self.settled.make_network(n_in, outputs_for(self.classes), rng)

    @property
    def members(self) -> list[Member]:
        """The networks whose probabilities are averaged; most often one."""
        return [*self.earlier, Member(self.network, self.temperature)]

    @property
    def loss(self) -> SigmoidCrossEntropy | SoftmaxCrossEntropy:
        """Two classes are one yes-or-no question; more are one choice."""
        return self.recipe.make_loss(outputs_for(self.classes))

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

    def predict_proba(self, samples: Samples) -> Array:
        """The probability of each class, float32 `(N, K)`, in the order of `classes`.

        Args:
            samples: pictures as paths or folders, an array of pictures of any size, or features.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture that cannot be read.
            DivergedError: the answers are no finite numbers.
        """
        self._check_trained()
        raw = raw_samples(samples, self.preprocessing)
        with np.errstate(over="ignore", invalid="ignore"):
            members = self.members
            P = self._answer(members[0], raw)
            for member in members[1:]:
                P += self._answer(member, raw)
            P /= P.dtype.type(len(members))
        if not np.isfinite(P).all():
            raise DivergedError(
                "The network has weights so large that its answers are no finite numbers; train it "
                "anew with a lower learning rate, or leave out samples with extreme values."
            )
        return P

    def _answer(self, member: Member, raw: Array) -> Array:
        """One network's probabilities."""
        Z, loss = logits(member.network, raw, prepare=self.preprocessing), self.loss
        Z /= Z.dtype.type(member.temperature)
        return loss.both(Z) if isinstance(loss, SigmoidCrossEntropy) else loss.probabilities(Z)

    def predict(self, samples: Samples) -> Array:
        """The name of the class answered for each sample, `(N,)`: mostly the most probable."""
        return np.array(self.classes)[self.answers(self.predict_proba(samples))]

    def answers(self, P: Array) -> Array:
        """The class numbers answered for probabilities `(N, K)`, `(N,)`."""
        return answers_from(P, self.threshold)

    def score(self, samples: Samples, y: Labels) -> float:
        """The share of right answers; y holds the class of each sample.

        Raises:
            DataError: there are not as many classes as samples.
        """
        answers, right = self.predict(samples), plain_labels(y).astype(str)
        if answers.shape != right.shape:
            raise DataError(
                f"There are {len(answers)} samples and there should be as many classes, but y is "
                f"of shape {right.shape}."
            )
        return float((answers == right).mean())

    def evaluate(self, data: Dataset) -> Evaluation:
        """Everything that can be measured on samples with known classes.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
        """
        if not isinstance(data, Dataset):
            raise DataError(
                f"evaluate takes a Dataset, such as read_data(folder).train, but got {data!r:.60}."
            )
        P = self.predict_proba(data.X)
        names = [name for name, count in data.counts().items() if count]
        places = dict(zip(names, numbers_of(names, self.classes, data.name), strict=True))
        y = np.array([places.get(name, 0) for name in data.classes])[data.y]
        return evaluate_probabilities(y, P, self.classes, self.threshold)

    # -- keeping ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write one `.safetensors` file with everything that answering needs.

        Raises:
            FileError: it cannot be written; an older file is still there then.
        """
        self._check_trained()
        metadata = describe(self.classes, self.preprocessing, self.recipe, self.quality)
        metadata |= {"temperature": self.temperature, "threshold": self.threshold}
        metadata["earlier"] = temperatures_of(self.earlier)
        tensors = {**self.preprocessing.tensors(), **tensors_of(self.earlier)}
        write_model(Path(path), self.network, metadata, tensors)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file; reading is strict, and nothing in the file can run code.

        Raises:
            ModelFileError: the file is missing, cut short, of another kind, or does not fit itself.
        """
        network, metadata, tensors = read_model(Path(path))
        earlier, tensors = restore_members(path, metadata, tensors, network)
        classes, preprocessing, recipe, quality = restore(path, metadata, tensors)
        outputs = outputs_for(classes)
        if (network.n_in, network.n_out) != (preprocessing.mean.size, outputs):
            raise ModelFileError(
                f"{path} does not fit itself: its network maps {network.n_in} features to "
                f"{network.n_out} outputs, its preprocessing gives {preprocessing.mean.size} for "
                f"{len(classes)} classes; copy it again or train anew."
            )
        self = cls()
        self.network, self.preprocessing, self.recipe = network, preprocessing, recipe
        self.classes, self.quality = classes, quality
        self.temperature = number_of("temperature", path, metadata, 1.0, "(0, inf)")
        self.threshold = number_of("threshold", path, metadata, 0.5, "[0, 1]")
        self.earlier = earlier
        return self

    def _check_trained(self) -> None:
        if not self.classes:
            raise SettingError("This classifier has not learned anything yet; call fit(…) first.")


def outputs_for(classes: Sequence[str]) -> int:
    """Two classes are one question, answered by one output; more are one choice among as many."""
    return 1 if len(classes) == 2 else len(classes)
