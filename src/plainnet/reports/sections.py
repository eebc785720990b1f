"""What reports say of one kind of evaluation only: the table of kinds, and what each has to offer.

Scores and verdicts need no entry here: texts, pages and cards loop over those of any evaluation.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from plainnet.data import Dataset
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.regression import RegressionEvaluation
from plainnet.models import Model
from plainnet.models.answers import Answers
from plainnet.models.attribution import RowExplanation
from plainnet.network import Array
from plainnet.reports.html import Html
from plainnet.reports.report_charts import Figure
from plainnet.reports.report_data import MeasuredModel, ModelContext, Report

E = TypeVar("E", bound=Evaluation)
BY_EVALUATION: Mapping[type[Evaluation], str] = {
    ClassificationEvaluation: "plainnet.reports.class_sections",
    RegressionEvaluation: "plainnet.reports.number_sections",
}
"""The module of each kind, imported when it is needed; its `SECTIONS` are the kind's."""


class Section(NamedTuple):
    """A heading of a page, and what stands under it; empty parts are left out."""

    heading: str
    parts: Sequence[Html]


class Sections(ABC, Generic[E]):
    """What a kind adds to what is said of every evaluation."""

    hub_tasks: ClassVar[Mapping[bool, str]]
    """What hubs of models call the task: of pictures (True), and of other samples."""
    usage: ClassVar[tuple[str, str]]
    """How a model is asked about samples in Python, and a remark on the answer."""
    onnx_answers: ClassVar[str]
    """Where its ONNX graph leads to from raw samples."""

    def text(self, evaluation: E) -> Iterator[str]:  # noqa: ARG002
        """Blocks under the scores in a terminal."""
        return iter(())

    @abstractmethod
    def subject(self, context: ModelContext) -> str:
        """What the network does, as a clause: `tells cat and dog apart`."""

    @abstractmethod
    def answers_row(self, answers: Answers, names: Sequence[str]) -> tuple[str, str]:
        """What it answers, beside a word for that: `classes`; with the names as they are shown."""

    @abstractmethod
    def task(self, context: ModelContext) -> str:
        """The same in full: `says which of 2 classes a picture belongs to: “cat”, “dog”`."""

    @abstractmethod
    def right_answers(self, data: Dataset) -> str:
        """How many samples each class has, or in what range the numbers lie."""

    @abstractmethod
    def taken_for(self, data: Dataset) -> str:
        """What the target of a table was taken for, and what makes the other of it; or ""."""

    @abstractmethod
    def from_average(self, told: RowExplanation) -> str:
        """From where to where the contributions of a row lead."""

    @abstractmethod
    def answered(self, answers: Answers, A: Array) -> str:
        """The answers of one pass: that for one sample, or how they are distributed."""

    @abstractmethod
    def targets(self, model: Model, right: str | float | None) -> str:
        """What the loss of one pass takes as right; None: the answer, or what the data say."""

    @abstractmethod
    def limits(self, context: ModelContext) -> Iterator[str]:
        """What it cannot do, a sentence or two each, whatever was measured."""

    def measured_limits(self, measured: MeasuredModel[E]) -> Iterator[str]:  # noqa: ARG002
        """Where it was found to be weak."""
        return iter(())

    def tables(self, measured: MeasuredModel[E]) -> Iterator[Sequence[Sequence[str]]]:  # noqa: ARG002
        """Tables of a model card under the scores, each with its header."""
        return iter(())

    @abstractmethod
    def sections(self, report: Report[E]) -> Iterator[Section]:
        """The middle of the page."""

    @abstractmethod
    def figures(self, report: Report[E]) -> Iterator[Figure]:
        """The charts in it."""


def sections_of(kind: type[Evaluation]) -> Sections[Any]:
    """What there is to say of this kind, or of the nearest that it is derived from."""
    module = next(BY_EVALUATION[one] for one in kind.__mro__ if one in BY_EVALUATION)
    found: Sections[Any] = import_module(module).SECTIONS
    return found
