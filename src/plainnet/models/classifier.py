"""The classifier: what users call to learn classes and to answer with them."""

from __future__ import annotations  # so that help() shows names, not what they stand for

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from plainnet.data import Splits
from plainnet.data.class_names import Label
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.models.classes import Classes
from plainnet.models.labels import Labels
from plainnet.models.samples import Samples
from plainnet.models.settings import ClassifierSettings, takes
from plainnet.models.trainable import TrainableModel
from plainnet.network import Array, Rng

if TYPE_CHECKING:
    from plainnet.models.attribution import Explanation, RowExplanation


@takes(ClassifierSettings)
class Classifier(TrainableModel[ClassificationEvaluation]):
    """Learns the classes of pictures, feature vectors or tables, and answers for new samples.

    ::

        classifier = Classifier(epochs=20).fit("pets")  # a folder of pictures for each class
        classifier.predict("photo.jpg")  # array(['cat'])
        classifier.evaluate("other_pets").accuracy
        classifier.save("pets.safetensors")  # Classifier.load("pets.safetensors") reads it

    Args:
        settings: of the `Recipe`, by name: `hidden=(128, 64)`, `epochs=20`, `seed=1`, ….

    Raises:
        SettingError: an unknown name, or a value out of its range.
    """

    answers_type = Classes
    answers: Classes

    def __init__(self, **settings: Unpack[ClassifierSettings]) -> None:
        super().__init__(**settings)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities; empty before training."""
        return self.answers.names

    @property
    def labels(self) -> tuple[Label, ...]:
        """The label of each class in the type that was learned from: what `predict` answers."""
        return self.answers.labels

    @property
    def threshold(self) -> float:
        """Of two classes, from which probability on the second is answered."""
        return self.answers.threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        self.answers = replace(self.answers, threshold=value)

    def predict(self, samples: Samples) -> Array:
        """The class answered for each sample, `(N,)`: mostly the most probable.

        Classes are answered as they were given to `fit`: numbers as numbers, booleans as booleans;
        those of files of texts, and of folders, by their names.
        """
        return self.answers.decode(self.predict_proba(samples))

    def predict_proba(self, samples: Samples) -> Array:
        """The probability of each class, float32 `(N, K)`, in the order of `classes`.

        Args:
            samples: pictures as paths or folders, an array of pictures of any size, or features.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture that cannot be read.
            DivergedError: the answers are no finite numbers.
        """
        return self.mean_answers(samples)

    def score(
        self,
        samples: Samples | Splits,
        y: Labels | None = None,
        *,
        target: str | int | None = None,
        weights: Array | None = None,
    ) -> float:
        """The share of right answers on what `evaluate` takes: mostly samples and their classes y.

        Raises:
            DataError, SettingError: as `evaluate`.
        """
        return self.evaluate(samples, y, target=target, weights=weights).accuracy

    def explain(
        self,
        sample: Samples,
        *,
        of: Label | None = None,
        method: str | None = None,
        samples: int = 50,
        noise: float = 0.15,
        patch: int | None = None,
        rng: Rng | int | None = 0,
    ) -> Explanation | RowExplanation:
        """Share the answer for one sample out among its pixels, columns or features.

        Both kinds of explanation have `answer`, `of`, `relevance` and the `evidence` that it sums
        up to.

        Args:
            sample: one picture, one row of a table, or one feature vector.
            of: the class that is explained; None: the answer.
            method: of pictures `gradient`, `smooth` or `occlusion`; None: `gradient`, or
                `occlusion` where a backbone makes the features.
            samples: noisy copies, of `smooth`.
            noise: their standard deviation, as a share of the inputs' range, of `smooth`.
            patch: side of a patch in pixels, of `occlusion`; None: an eighth of the shorter side.
            rng: generator or seed of the noise.

        Raises:
            DataError: not one sample, or one of another kind.
            SettingError: nothing has been learned yet, an unknown class or method, or a setting
                out of its range.
        """
        from plainnet.models.attribution import explain  # only when it is asked for

        how: dict[str, Any] = {"samples": samples, "noise": noise, "patch": patch, "rng": rng}
        return explain(self, sample, of=of, method=method, **how)
