"""The thing a user keeps: preprocessing, network and class names, trained, saved and asked as one.

::

    classifier = Classifier(hidden=(128, 64)).fit("pictures")   # a folder of class folders
    classifier.predict("photo.jpg")                              # array(['cat'])
    classifier.save("cats.safetensors")
    Classifier.load("cats.safetensors").predict_proba("photo.jpg")
"""

import platform
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import numpy as np

from plainnet.classifier.preprocessing import Preprocessing
from plainnet.classifier.recipe import Recipe
from plainnet.classifier.samples import Labels, Samples, make_dataset, raw_samples, training_data
from plainnet.errors import ModelFileError, SettingError
from plainnet.files import read_model, write_model
from plainnet.network import Array, Network, SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.pictures import Dataset, Splits, stratified_split
from plainnet.training import Epoch, Epochs, keep_best, logits, stop_early, train
from plainnet.training.evaluation import Evaluation, answers_from, evaluate_probabilities
from plainnet.version import __version__


class Classifier:
    """Learns the classes of pictures or feature vectors, and answers for new ones.

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """

    network: Network
    preprocessing: Preprocessing
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
    ) -> Epochs:
        """As `fit`, but epoch by epoch: stop with `break`, and keep what was reached."""
        recipe = self.recipe
        train_set, self.validation = training_data(data, y, validation, recipe)
        weights_rng, order_rng, split_rng = np.random.default_rng(recipe.seed).spawn(3)
        if self.validation is None and recipe.validation_share:
            kept, held_out = stratified_split(train_set.y, recipe.validation_share, split_rng)
            if len(held_out):
                train_set, self.validation = train_set.take(kept), train_set.take(held_out)
        self.training, self.classes = train_set, train_set.classes
        self.history, self.quality = [], {}
        self.preprocessing = Preprocessing.fit(train_set.X)
        outputs = 1 if len(self.classes) == 2 else len(self.classes)
        self.network = recipe.make_network(self.preprocessing.mean.size, outputs, weights_rng)
        optimizer = recipe.make_optimizer(self.preprocessing.mean.size)
        steps = recipe.epochs * -(-len(train_set) // recipe.batch_size)
        stream = train(
            self.network,
            self.loss,
            optimizer,
            train_set.X,
            train_set.y,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            rng=order_rng,
            schedule=recipe.make_schedule(optimizer.learning_rate, steps),
            clip_norm=recipe.clip_norm,
            validation=(self.validation.X, self.validation.y) if self.validation else None,
            prepare=self.preprocessing,
        )
        return self._watched(stream)

    def _watched(self, stream: Epochs) -> Epochs:
        """The stream with its history, ended early if so wished, its network left as kept."""
        if self._stops_early:
            stream = keep_best(stop_early(stream, patience=self.recipe.patience), self.network)
        else:  # the last whole epoch, also where Ctrl-C cuts the next one short
            stream = keep_best(stream, self.network, figure="epoch", best="highest")
        with closing(stream):
            for epoch in stream:
                self.history.append(epoch)
                yield epoch

    @property
    def loss(self) -> SigmoidCrossEntropy | SoftmaxCrossEntropy:
        """Two classes are one yes-or-no question; more are one choice."""
        return SigmoidCrossEntropy() if len(self.classes) == 2 else SoftmaxCrossEntropy()

    @property
    def _stops_early(self) -> bool:
        return self.recipe.patience > 0 and self.validation is not None

    @property
    def kept_epoch(self) -> Epoch | None:
        """The epoch whose parameters were kept; None before training."""
        if not self.history:
            return None
        if not self._stops_early:
            return self.history[-1]
        return min(reversed(self.history), key=lambda epoch: epoch["validation_loss"])

    # -- answering -------------------------------------------------------------------------------

    def predict_proba(self, samples: Samples) -> Array:
        """The probability of each class, float32 `(N, K)`, in the order of `classes`.

        Args:
            samples: pictures as paths or folders, an array of pictures of any size, or features.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture that cannot be read.
        """
        Z = logits(
            self._trained(), raw_samples(samples, self.preprocessing), prepare=self.preprocessing
        )
        P = self.loss.probabilities(Z)
        return np.hstack([1 - P, P]) if len(self.classes) == 2 else P

    def predict(self, samples: Samples) -> Array:
        """The name of the most probable class of each sample, `(N,)`."""
        return np.array(self.classes)[answers_from(self.predict_proba(samples))]

    def score(self, samples: Samples, y: Labels) -> float:
        """The share of right answers; y holds class names."""
        return float((self.predict(samples) == np.asarray(y).astype(str)).mean())

    def evaluate(self, data: Dataset) -> Evaluation:
        """Everything that can be measured on samples with known classes.

        Raises:
            DataError: a class that the model has not learned.
        """
        names = np.array(data.classes)[data.y]
        y = make_dataset(data.X, names, self.classes).y
        return evaluate_probabilities(y, self.predict_proba(data.X), self.classes)

    # -- keeping ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write one `.safetensors` file with everything that answering needs.

        Raises:
            FileError: it cannot be written; an older file is still there then.
        """
        self._trained()
        metadata = {
            "kind": "classifier",
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.describe(),
            "recipe": self.recipe.to_dict(),
            "quality": self.quality,
            "versions": {
                "plainnet": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }
        write_model(Path(path), self.network, metadata, self.preprocessing.tensors())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model file; reading is strict, and nothing in the file can run code.

        Raises:
            ModelFileError: the file is missing, cut short, of another kind, or does not fit itself.
        """
        network, metadata, tensors = read_model(Path(path))
        try:
            self = cls(**metadata["recipe"])
            self.classes = tuple(str(name) for name in metadata["classes"])
            self.quality = dict(metadata["quality"])
            self.preprocessing = Preprocessing.restore(metadata["preprocessing"], tensors)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"{path} is no whole classifier ({error!r}); copy it again or train anew."
            ) from error
        outputs = 1 if len(self.classes) == 2 else len(self.classes)
        if (network.n_in, network.n_out) != (self.preprocessing.mean.size, outputs):
            raise ModelFileError(
                f"{path} does not fit itself: its network maps {network.n_in} features to "
                f"{network.n_out} outputs, its preprocessing gives {self.preprocessing.mean.size} "
                f"for {len(self.classes)} classes."
            )
        self.network = network
        return self

    def _trained(self) -> Network:
        if not self.classes:
            raise SettingError("This classifier has not learned anything yet; call fit(…) first.")
        return self.network
