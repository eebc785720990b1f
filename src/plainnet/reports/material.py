"""What a report is made of: a model, the samples it was measured on, and what is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np

from plainnet.data import Dataset
from plainnet.metrics.curves import calibration
from plainnet.metrics.evaluation import Evaluation, evaluate_probabilities
from plainnet.metrics.regression import RegressionEvaluation, evaluate_numbers
from plainnet.models import Classifier, Model, Regressor
from plainnet.models.labels import right_classes
from plainnet.network import Array
from plainnet.reports.text import count, on_a_page

if TYPE_CHECKING:
    from plainnet.tables import TableEncoder

Part = Literal["test", "validation", "training", "other"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Known(ABC):
    """A model, and what it was measured on."""

    title: str
    """What the run is called."""
    part: Part = "other"
    """What the samples were in the training; "other": they are from elsewhere."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many samples of each class each part has: `{"training": {"cat": 50, …}, …}`; where there
    are no classes, of "" alone."""

    @property
    @abstractmethod
    def learner(self) -> Model:
        """The model."""

    @property
    @abstractmethod
    def n(self) -> float:
        """How many samples it was measured on."""

    @property
    def columns(self) -> TableEncoder | None:
        """What makes features of a table, if the model was trained on one."""
        return self.learner.columns

    @property
    def is_pictures(self) -> bool:
        """Whether the model answers for pictures; otherwise for feature vectors."""
        return bool(self.learner.picture_shape)

    @property
    def thing(self) -> str:
        """`picture`, `row` of a table, or `sample`."""
        if self.columns is not None:
            return "row"
        return "picture" if self.is_pictures else "sample"

    @property
    def things(self) -> str:
        """`pictures`, `rows` or `samples`."""
        return f"{self.thing}s"

    def counted(self, n: float, which: str = "") -> str:
        """`1 picture`, `200 test pictures`."""
        return count(n, f"{which} {self.thing}".strip())

    @property
    def measured_on(self) -> str:
        """`200 test pictures`."""
        named = {"test": "test", "validation": "validation", "training": "training", "other": ""}
        return self.counted(self.n, named[self.part])


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured(Known):
    """A classifier and how well it answers, without the samples that this was measured on."""

    classifier: Classifier
    evaluation: Evaluation
    """What was measured."""

    @property
    def learner(self) -> Model:
        """The classifier."""
        return self.classifier

    @property
    def n(self) -> float:
        """How many samples it was measured on."""
        return self.evaluation.n

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the K classes, fit to be shown."""
        return tuple(map(on_a_page, self.classifier.classes))

    @property
    def mean_confidence(self) -> float | None:
        """The mean probability of its answers, where that is known."""
        return None


@dataclass(frozen=True, eq=False, kw_only=True)
class Material(Known):
    """What every page says; what is not known is left empty, and its section out."""

    data: Dataset
    """The N samples that everything is measured on."""
    history: Sequence[Mapping[str, float]] = ()
    """The training, a row an epoch, as `Epoch.figures` has it."""
    kept_epoch: int | None = None
    """The number of the epoch whose parameters were kept."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the training was told, by name."""
    command: str = ""
    """What repeats it in a shell."""
    findings: Sequence[str] | None = None
    """What the check of the data found, a sentence each; None: it was not checked."""

    @property
    def n(self) -> float:
        """How many samples there are."""
        return len(self.data)

    @property
    def place(self) -> str:
        """How one of the samples is found again: by the `line` of its file, or its `number`."""
        return "number" if self.data.lines is None else "line"

    def places(self, rows: Array) -> list[str]:
        """Where these samples are found; numbers count from 1."""
        lines = self.data.lines
        return [f"{one:,}" for one in (rows + 1 if lines is None else lines[rows]).tolist()]


@dataclass(frozen=True, eq=False, kw_only=True)
class Report(Material, Measured):
    """Everything that a page says of a classifier."""

    P: Array
    """The probabilities answered for the samples, `(N, K)`."""

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
        classifier.answers.check_data(data)
        data = data.counted()
        P = classifier.predict_proba(data)
        y = right_classes(classifier.classes, data)
        given = classifier.classes, classifier.threshold, data.weights
        found = evaluate_probabilities(y, P, *given)
        return cls(title=title, classifier=classifier, evaluation=found, data=data, P=P, **known)

    @cached_property
    def y(self) -> Array:
        """The right class of each sample, by the model's numbers, int64 `(N,)`."""
        return right_classes(self.classifier.classes, self.data)

    @cached_property
    def answers(self) -> Array:
        """The class that was answered for each sample, int64 `(N,)`."""
        return self.classifier.answers.choose(self.P)

    @cached_property
    def confidence(self) -> Array:
        """The probability of that answer, `(N,)`."""
        confidence: Array = self.P[np.arange(len(self.P)), self.answers]
        return confidence

    @property
    def mean_confidence(self) -> float:
        """The mean probability of its answers."""
        return calibration(self.y, self.P, weights=self.data.weights).mean_confidence


@dataclass(frozen=True, eq=False, kw_only=True)
class RegressionReport(Material):
    """Everything that a page says of a regressor."""

    regressor: Regressor
    answers: Array
    """The numbers answered for the samples, float64 `(N,)`."""
    evaluation: RegressionEvaluation
    """What was measured on them."""

    @classmethod
    def of(cls, title: str, regressor: Regressor, data: Dataset, **known: Any) -> Self:
        """Ask the regressor for its answers, and measure them; as `Report.of`."""
        regressor.answers.check_data(data)
        data = data.counted()
        answers = regressor.predict(data)
        found = evaluate_numbers(data.y, answers, regressor.target, data.weights)
        parts: dict[str, Any] = {"regressor": regressor, "answers": answers, "evaluation": found}
        return cls(title=title, data=data, **parts, **known)

    @property
    def learner(self) -> Model:
        """The regressor."""
        return self.regressor


AnyReport = Report | RegressionReport


def report_of(title: str, learner: Model, data: Dataset, **known: Any) -> AnyReport:
    """The report of either kind."""
    if isinstance(learner, Regressor):
        return RegressionReport.of(title, learner, data, **known)
    return Report.of(title, cast(Classifier, learner), data, **known)
