"""The classifier, which learns classes."""

from __future__ import annotations  # so that help() shows names, not what they stand for

from typing import TYPE_CHECKING, Any, cast

from plainnet.errors import SettingError
from plainnet.models.settings import ClassifierSettings, takes
from plainnet.models.trainable import TrainableModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from plainnet.data import Splits
    from plainnet.data.class_names import Label
    from plainnet.metrics.classification import ClassificationEvaluation  # noqa: F401 - see below
    from plainnet.models.attribution import Explanation, RowExplanation
    from plainnet.models.classes import Classes
    from plainnet.models.labels import Labels, TargetNames
    from plainnet.models.multilabel import Multilabel
    from plainnet.models.samples import Samples
    from plainnet.network import Array, Rng


@takes(ClassifierSettings)
class Classifier(TrainableModel["ClassificationEvaluation"]):
    """A model that learns the classes of pictures, feature vectors or tables.

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

    answers: Classes | Multilabel

    def __init__(self, **settings: Unpack[ClassifierSettings]) -> None:
        super().__init__(**settings)

    @property
    def answers_type(self) -> type[Classes]:
        """The kind of answers to one target."""
        from plainnet.models.classes import Classes

        return Classes

    @property
    def several_type(self) -> type[Multilabel]:
        """The kind of answers to several targets."""
        from plainnet.models.multilabel import Multilabel

        return Multilabel

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of several targets; () for one."""
        return self.answers.names if len(self.answers.parts) > 1 else ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the probabilities; empty before training.

        Raises:
            SettingError: the model predicts several targets, as with `labels` and `threshold`.
        """
        return self._alone.names

    @property
    def labels(self) -> tuple[Label, ...]:
        """The label of each class, in the type of the training data, as `predict` returns it."""
        return self._alone.labels

    @property
    def threshold(self) -> float:
        """The probability from which the second of two classes is answered."""
        return self._alone.threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        from dataclasses import replace

        self.answers = replace(self._alone, threshold=value)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """With several targets, the threshold of each; those that are set change."""
        return cast("Multilabel", self.answers).thresholds

    @thresholds.setter
    def thresholds(self, values: Mapping[str, float]) -> None:
        from plainnet.models.multilabel import with_thresholds

        self.answers = with_thresholds(cast("Multilabel", self.answers), values)

    @property
    def _alone(self) -> Classes:
        if self.targets:
            raise SettingError(
                f"This classifier predicts {', '.join(self.targets)}; see targets, thresholds, and "
                "answers.parts for the classes of each."
            )
        return cast("Classes", self.answers)

    def predict(self, samples: Samples, *, unsure: float | None = None) -> Array:
        """Return the class answered for each sample, `(N,)`, usually the most probable.

        With several targets there is a column for each, `(N, k)`, in the order of `targets`.

        Classes have the type that `fit` received: numbers, booleans or texts. In text files and
        folders they are names.

        Args:
            samples: as for `predict_proba`.
            unsure: withhold answers, None in their place, where the model is wrong more often than
                this share, such as 0.05, at its confidence, or where a picture is unlike all those
                of the training; see docs/pictures.md. None: always answer.

        Raises:
            SettingError: too few samples were held out in the training to judge that.
        """
        if unsure is None:
            return self.answers.decode_own(self.mean_answers(samples, loaded=True))
        self.check_trained()
        raw = self.inputs.raw(samples)
        A = self.answers_of(raw, self.held_out_rows(samples), loaded=True)
        answers = self.answers.decode(A).astype(object)
        answers[self.withheld(raw, A, unsure) != ""] = None
        return answers

    def predict_proba(self, samples: Samples) -> Array:
        """Return the probability of each class, float32 `(N, K)`, in the order of `classes`.

        With several targets it is that of the second class of each, `(N, k)`.

        Args:
            samples: pictures as paths or folders, an array of pictures of any size, or features.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture cannot be read.
            DivergedError: the answers are not finite.
        """
        A = self.mean_answers(samples, loaded=True)
        return A[:, :, 1] if A.ndim == 3 else A

    def score(
        self,
        samples: Samples | Splits,
        y: Labels | None = None,
        *,
        target: TargetNames | None = None,
        weights: Array | None = None,
    ) -> float:
        """Return the accuracy on the data of `evaluate`, most often samples and their classes y.

        With several targets it is the share of samples with all answers right.

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
        """Distribute the answer to one sample over its pixels, columns or features.

        Both kinds of explanation have `answer`, `of`, `relevance`, and `evidence`, its sum.

        Args:
            sample: one picture, one row of a table, or one feature vector.
            of: the class to explain; None: the answer. With several targets the name of one, whose
                answer is explained; None: the first.
            method: for pictures `gradient`, `smooth`, `occlusion` or, of convolutions, `class-map`;
                None: `gradient`, or `occlusion` for a backbone.
            samples: the number of noisy copies, for `smooth`.
            noise: their standard deviation, as a share of the inputs' range, for `smooth`.
            patch: side of a patch in pixels, for `occlusion`; None: an eighth of the shorter side.
            rng: generator or seed of the noise.

        Raises:
            DataError: not exactly one sample, or one of another kind.
            SettingError: the model is not trained, the class or method is unknown, or a setting is
                out of range.
        """
        from plainnet.models.attribution import explain  # only when it is asked for

        how: dict[str, Any] = {"samples": samples, "noise": noise, "patch": patch, "rng": rng}
        return explain(self, sample, of=of, method=method, **how)
