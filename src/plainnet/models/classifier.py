"""A classifier: preprocessing, network and class names, trained, saved and asked as one."""

from __future__ import annotations  # so that help() shows names, not what they stand for

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from plainnet.checks import check_number
from plainnet.data import Dataset, Splits, stratified_split
from plainnet.data.class_names import Label, label_array
from plainnet.errors import DataError
from plainnet.metrics.calibration import fit_temperature
from plainnet.metrics.evaluation import Evaluation, answers_from, evaluate_probabilities
from plainnet.models.class_weights import weights_of
from plainnet.models.ensemble import EnsembleMember, check_temperature
from plainnet.models.evaluating import data_to_evaluate
from plainnet.models.labels import Labels, right_classes
from plainnet.models.learner import Learner
from plainnet.models.model_metadata import classes_of, labels_of
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.samples import Samples, make_dataset
from plainnet.models.settings import ClassifierSettings, takes
from plainnet.models.threshold import check_decision, decide
from plainnet.network import Array, Rng, SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.training import logits

if TYPE_CHECKING:
    from plainnet.models.explain import Explanation
    from plainnet.models.explain_row import RowExplanation
    from plainnet.network.trace import Trace

ENOUGH = 30
"""Validation samples that a temperature is fitted to, at least."""


@takes(ClassifierSettings)
class Classifier(Learner):
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

    kind = "classifier"
    described = ("classes", "labels", "temperature", "threshold")
    task = "classification"
    classes: tuple[str, ...] = ()
    """Class names, in the order of the probabilities; empty before training."""
    labels: tuple[Label, ...] = ()
    """The label of each class in the type that was learned from, which `predict` answers with."""

    def __init__(self, **settings: Unpack[ClassifierSettings]) -> None:
        super().__init__(**settings)
        self.threshold = 0.5
        """Of two classes, from which probability on the second is answered."""

    # -- learning --------------------------------------------------------------------------------

    @property
    def n_out(self) -> int:
        """Two classes are one question, answered by one output; more are one choice."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def loss(self) -> SigmoidCrossEntropy | SoftmaxCrossEntropy:
        """Two classes are one yes-or-no question; more are one choice."""
        return self.recipe.make_loss(self.n_out)

    def dataset(self, X: Any, y: Labels, like: Dataset | None = None) -> Dataset:
        """Samples and the class of each, names or whole numbers."""
        return make_dataset(X, y, classes=like.classes if like else None)

    def check_kind(self, data: Dataset) -> None:
        """Refuse numbers."""
        if data.target is not None:
            raise DataError(
                f"{data.name} says a number for each sample, {data.target!r}, and a classifier "
                "learns classes; take a Regressor, or make classes of the numbers."
            )

    def check_settings(self, data: Dataset, watched: bool) -> None:
        """Refuse a wish for a precision or recall that cannot be fulfilled."""
        check_decision(self.recipe, data.classes, watched)

    def split(self, data: Dataset, share: float, rng: Rng) -> tuple[Array, Array]:
        """Of every class the same share is held out."""
        return stratified_split(data.y, share, rng)

    def begin(
        self, train_set: Dataset, watch: Dataset | None, preprocessing: Preprocessing
    ) -> None:
        """Forget what was learned, for these data."""
        super().begin(train_set, watch, preprocessing)
        self.classes, self.threshold = train_set.classes, 0.5
        self.labels = train_set.labels or train_set.classes

    def targets(self, data: Dataset) -> Array:
        """Class numbers."""
        return data.y

    def weights_for(self, data: Dataset) -> Array | None:
        """What each sample counts in the loss, by itself and as the recipe says."""
        return weights_of(data, self.recipe.class_weight)

    def end_network(self) -> None:
        """Fit the temperature to the validation samples, if they are enough to tell."""
        watched = self.validation
        if watched is None or len(watched) < ENOUGH:
            return
        Z = logits(self.network, watched.X, prepare=self.preprocessing)
        loss = self.loss.measured
        y = loss.check_targets(watched.y, len(Z), Z.shape[1])
        self.temperature = fit_temperature(loss, Z, y, watched.weights)

    def end_training(self) -> None:
        """Choose the threshold that the recipe asks for."""
        decide(self)

    # -- answering -------------------------------------------------------------------------------

    def predict_proba(self, samples: Samples) -> Array:
        """The probability of each class, float32 `(N, K)`, in the order of `classes`.

        Args:
            samples: pictures as paths or folders, an array of pictures of any size, or features.

        Raises:
            DataError: samples of another kind; as `PictureError`, a picture that cannot be read.
            DivergedError: the answers are no finite numbers.
        """
        return self.mean_answers(samples)

    def answer_of(self, member: EnsembleMember, raw: Array) -> Array:
        """One network's probabilities."""
        Z, loss = logits(member.network, raw, prepare=self.preprocessing), self.loss
        Z /= Z.dtype.type(member.temperature)
        return loss.both(Z) if isinstance(loss, SigmoidCrossEntropy) else loss.probabilities(Z)

    def predict(self, samples: Samples) -> Array:
        """The class answered for each sample, `(N,)`: mostly the most probable.

        Classes are answered as they were given to `fit`: numbers as numbers, booleans as booleans;
        those of files of texts, and of folders, by their names.
        """
        return label_array(self.labels or self.classes)[self.answers(self.predict_proba(samples))]

    def answers(self, P: Array) -> Array:
        """The class numbers answered for probabilities `(N, K)`, `(N,)`."""
        return answers_from(P, self.threshold)

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

    def evaluate(
        self,
        data: Samples | Splits,
        y: Labels | None = None,
        *,
        target: str | int | None = None,
        weights: Array | None = None,
    ) -> Evaluation:
        """Everything that can be measured on samples with known classes.

        Args:
            data: whatever `fit` and the command line take: a folder or file, a data set, samples
                with their y; of a model that was trained on a table a table with its target. Of
                what has parts it is the test part, else the validation part, else that for
                training.
            y: the class of each sample, where the data do not say it.
            target: the column of a table that says it; None: that of the training.
            weights: what each sample counts, `(N,)`; None: what the data say, or all the same.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
            SettingError: nothing has been learned yet, or a target of what is no table.
        """
        self.check_trained()
        found = data_to_evaluate(self, data, y, target=target, weights=weights)
        right = right_classes(self.classes, found)
        P = self.predict_proba(found)
        return evaluate_probabilities(right, P, self.classes, self.threshold, found.weights)

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
        from plainnet.models.explain import explain_any  # only when it is asked for

        how: dict[str, Any] = {"samples": samples, "noise": noise, "patch": patch, "rng": rng}
        return explain_any(self, sample, of=of, method=method, **how)

    def trace(
        self, samples: Samples, y: Labels | Label | None = None, *, training: bool = False
    ) -> Trace:
        """Follow samples through the network: forward, the loss and backward, step by step.

        Of an ensemble it is the last network. `plainnet.reports.trace_text` makes a text of it.

        Args:
            samples: as `predict` takes them; all of them are one batch.
            y: the class of each sample, or of all; None: what the classifier answers.
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
        labels = {"labels": list(self.labels)} if self.labels not in ((), self.classes) else {}
        return {
            "classes": list(self.classes),
            **labels,
            "temperature": check_temperature(self.temperature),
            "threshold": self.threshold,
        }

    def restore(self, metadata: Mapping[str, Any]) -> None:
        """Take over what a model file says of them."""
        self.classes, self.labels = classes_of(metadata), labels_of(metadata)
        self.temperature = check_temperature(metadata.get("temperature", 1.0))
        self.threshold = check_number("threshold", metadata.get("threshold", 0.5), "[0, 1]")

    @property
    def outputs(self) -> str:
        """What the networks' outputs mean, in words."""
        if len(self.classes) == 2:
            told = (
                "one logit z; P(class 1) = 1 / (1 + exp(-z / temperature)), P(class 0) = 1 - that"
            )
            answer = "the answer is class 1 where P(class 1) >= threshold"
        else:
            told = "a logit for each class; P = softmax(logits / temperature)"
            answer = "the answer is the class of the highest P"
        n = len(self.earlier) + 1
        mean = f"P is the mean of that of {n} networks, each with its temperature; "
        return f"{told}; {mean if n > 1 else ''}{answer}"

    def _counts(self, data: Dataset) -> Sequence[int]:
        return [*data.counts().values()]

    def told_answers(self) -> str:
        """What they are, for messages."""
        return f"{len(self.classes)} classes" if self.classes else ""
