"""What a report is made of: a classifier, the samples it was measured on, and what is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np

from plainnet.classifier import Classifier
from plainnet.classifier.samples import numbers_of
from plainnet.network import Array
from plainnet.pictures import Dataset
from plainnet.reports.text import count, printable
from plainnet.training.evaluation import Evaluation, evaluate_probabilities

Part = Literal["test", "validation", "training", "other"]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that a page says; what is not known is left empty, and its section out."""

    title: str
    """What the run is called."""
    classifier: Classifier
    data: Dataset
    """The N samples that everything is measured on."""
    P: Array
    """The probabilities answered for them, `(N, K)`."""
    evaluation: Evaluation
    """What was measured on them."""
    part: Part = "other"
    """What they were in the training; "other": samples from elsewhere."""
    history: Sequence[Mapping[str, float]] = ()
    """The training, a row an epoch, as `Epoch.figures` has it."""
    kept_epoch: int | None = None
    """The number of the epoch whose parameters were kept."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many samples of each class each part has: `{"training": {"cat": 50, …}, …}`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the training was told, by name."""
    command: str = ""
    """What repeats it in a shell."""
    findings: Sequence[str] | None = None
    """What the check of the data found, a sentence each; None: it was not checked."""

    @classmethod
    def of(cls, title: str, classifier: Classifier, data: Dataset, **known: Any) -> Self:
        """Ask the classifier for its answers, and measure them.

        Args:
            title: what the run is called.
            classifier: trained.
            data: samples with known classes.
            known: the other fields, by name.

        Raises:
            DataError: samples of another kind, or a class that the model has not learned.
        """
        P = classifier.predict_proba(data)
        y = right_classes(classifier.classes, data)
        evaluation = evaluate_probabilities(y, P, classifier.classes, classifier.threshold)
        return cls(title, classifier, data, P, evaluation, **known)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the K classes, fit to be shown."""
        return tuple(map(printable, self.classifier.classes))

    @cached_property
    def y(self) -> Array:
        """The right class of each sample, by the model's numbers, int64 `(N,)`."""
        return right_classes(self.classifier.classes, self.data)

    @cached_property
    def answers(self) -> Array:
        """The class that was answered for each sample, int64 `(N,)`."""
        return self.classifier.answers(self.P)

    @cached_property
    def confidence(self) -> Array:
        """The probability of that answer, `(N,)`."""
        confidence: Array = self.P[np.arange(len(self.P)), self.answers]
        return confidence

    @property
    def is_pictures(self) -> bool:
        """Whether the model answers for pictures; otherwise for feature vectors."""
        return self.classifier.preprocessing.is_pictures

    @property
    def thing(self) -> str:
        """`picture` or `sample`."""
        return "picture" if self.is_pictures else "sample"

    @property
    def things(self) -> str:
        """`pictures` or `samples`."""
        return f"{self.thing}s"

    def counted(self, n: int, which: str = "") -> str:
        """`1 picture`, `200 test pictures`."""
        return count(n, f"{which} {self.thing}".strip())

    @property
    def measured_on(self) -> str:
        """`200 test pictures`."""
        named = {"test": "test", "validation": "validation", "training": "training", "other": ""}
        return self.counted(self.evaluation.n, named[self.part])


def right_classes(classes: Sequence[str], data: Dataset) -> Array:
    """The class of each sample, numbered as in `classes`, int64 `(N,)`.

    Raises:
        DataError: samples of a class that is not in `classes`.
    """
    present = np.unique(data.y)
    places = np.zeros(len(data.classes), np.int64)
    places[present] = numbers_of([data.classes[k] for k in present], classes, data.name)
    y: Array = places[data.y]
    return y
