"""The parts of a report that depend on the kind of evaluation.

Scores and verdicts are not among them: texts, pages and cards loop over those of any evaluation.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from plainnet.data import Dataset
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.evaluation import Evaluation
from plainnet.metrics.label_errors import NO_SUSPECTS, SuspectedLabels
from plainnet.metrics.multi_regression import MultiRegressionEvaluation
from plainnet.metrics.multilabel import MultilabelEvaluation
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
    MultiRegressionEvaluation: "plainnet.reports.several_numbers",
    MultilabelEvaluation: "plainnet.reports.several_labels",
}
"""The module of each kind, imported when it is needed; it defines `SECTIONS`."""


class Section(NamedTuple):
    """A heading of a page and the parts below it; empty parts are left out."""

    heading: str
    parts: Sequence[Html]


class Sections(ABC, Generic[E]):
    """The parts of texts, pages and cards for one kind of evaluation."""

    hub_tasks: ClassVar[Mapping[bool, str]]
    """Names of the task on model hubs: for pictures (True) and for other samples (False)."""
    usage: ClassVar[tuple[str, str]]
    """Call in Python for a prediction, and a comment on the answer."""
    onnx_answers: ClassVar[str]
    """Output of the ONNX graph, as a phrase with "to"."""

    def text(self, evaluation: E) -> Iterator[str]:  # noqa: ARG002
        """Yield blocks of text below the scores in a terminal."""
        return iter(())

    @abstractmethod
    def subject(self, context: ModelContext) -> str:
        """Say what the network does, as a clause: `distinguishes cat and dog`."""

    @abstractmethod
    def answers_row(self, answers: Answers, names: Sequence[str]) -> tuple[str, str]:
        """Return a label and the answers, such as `classes` and `cat, dog`."""

    @abstractmethod
    def task(self, context: ModelContext) -> str:
        """Say the same in full: `says which of 2 classes a picture belongs to: “cat”, “dog”`."""

    @abstractmethod
    def right_answers(self, data: Dataset) -> str:
        """Summarize the targets: samples of each class, or the range of the numbers."""

    @abstractmethod
    def taken_for(self, data: Dataset) -> str:
        """Say as what a table's target is predicted, and the option that changes it; or ""."""

    @abstractmethod
    def from_average(self, explanation: RowExplanation) -> str:
        """Give the answers that the contributions of a row lead from and to."""

    @abstractmethod
    def answered(self, answers: Answers, A: Array) -> str:
        """Give the answer for one sample, or the distribution of several answers."""

    @abstractmethod
    def targets(self, model: Model, right: str | float | None) -> str:
        """Say which target the loss of a trace uses; None: the answer, or the data's target."""

    @abstractmethod
    def limits(self, context: ModelContext) -> Iterator[str]:
        """Yield limits of every such model, in one or two sentences each."""

    def measured_limits(self, measured: MeasuredModel[E]) -> Iterator[str]:  # noqa: ARG002
        """Yield the weaknesses that the evaluation shows."""
        return iter(())

    def tables(self, measured: MeasuredModel[E]) -> Iterator[Sequence[Sequence[str]]]:  # noqa: ARG002
        """Yield tables of a model card, each beginning with its header."""
        return iter(())

    @abstractmethod
    def sections(self, report: Report[E]) -> Iterator[Section]:
        """Yield the sections about answers and mistakes."""

    def suspects(self, report: Report[E]) -> SuspectedLabels:  # noqa: ARG002
        """Return the labels that are probably wrong, by answers of networks without the sample."""
        return NO_SUSPECTS

    @abstractmethod
    def figures(self, report: Report[E]) -> Iterator[Figure]:
        """Yield the charts of these sections."""


def sections_of(kind: type[Evaluation]) -> Sections[Any]:
    """Return the sections of this kind of evaluation, or of its nearest base class."""
    module = next(BY_EVALUATION[one] for one in kind.__mro__ if one in BY_EVALUATION)
    found: Sections[Any] = import_module(module).SECTIONS
    return found
