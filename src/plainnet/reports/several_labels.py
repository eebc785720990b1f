"""The parts of a report on several targets of two classes each."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from plainnet.data import Dataset
from plainnet.data.folders import first_few
from plainnet.digits import decimal
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.multilabel import MultilabelEvaluation
from plainnet.models import Model
from plainnet.models.answers import Answers
from plainnet.models.attribution import RowExplanation
from plainnet.network import Array
from plainnet.reports.class_sections import SECTIONS as OF_CLASSES
from plainnet.reports.report_data import ModelContext
from plainnet.reports.several_sections import MOST_TARGETS, SeveralSections


class MultilabelSections(SeveralSections[MultilabelEvaluation]):
    """The parts of a report on a classifier with several targets."""

    alone = OF_CLASSES
    hub_tasks: ClassVar = OF_CLASSES.hub_tasks
    usage = "predict_proba({})", "of the second class of each of classifier.targets"
    onnx_answers = "to the names of classes, a column for each target"
    left_out = ("log_loss", "calibration_error")

    def evaluations(self, evaluation: MultilabelEvaluation) -> Sequence[ClassificationEvaluation]:
        """Return the evaluation of each target."""
        return evaluation.parts

    def more(self, evaluation: MultilabelEvaluation, i: int) -> dict[str, str]:
        """Return the metrics of the second class of a target."""
        part = evaluation.parts[i]
        answered, right = (part.confusion.sum(axis=axis)[1] for axis in (0, 1))
        known = {
            "precision": (part.precision, answered),
            "recall": (part.recall, right),
            "F1": (part.f1, right),
        }
        return {
            name: decimal(float(values[1])) if of else "–" for name, (values, of) in known.items()
        }

    def task(self, context: ModelContext) -> str:
        """Describe the classification."""
        names = first_few([f"“{name}”" for name in context.names])
        return f"says for a {context.thing} which of {len(context.names)} targets apply: {names}"

    def answers_row(self, answers: Answers, names: Sequence[str]) -> tuple[str, str]:
        """List the targets with their classes."""
        parts = zip(names, answers.parts, strict=False)
        shown = [f"{name} ({' or '.join(part.names)})" for name, part in parts]
        return "predicts", ", ".join([*shown, *names[len(shown) :]])

    def right_answers(self, data: Dataset) -> str:
        """Count the samples of the second class of each target."""
        each = []
        for i, one in enumerate(data.targets[:MOST_TARGETS]):
            counts = data.of_target(i).counts()
            name = list(counts)[-1]
            each.append(f"{one.name} {name}: {counts[name]:,}")
        return ", ".join(each)

    def taken_for(self, data: Dataset) -> str:
        """Say what they are taken as, if all classes are whole numbers."""
        names = [name for one in data.targets for name in one.classes]
        if not all(name.lstrip("-").isdigit() for name in names):
            return ""
        return "classes of each; --task regression predicts them as numbers"

    def from_average(self, explanation: RowExplanation) -> str:
        """Give the logits of an average row and of this one."""
        alone = self.alone.from_average(explanation)
        return alone.replace(explanation.of, f"{explanation.of} = {explanation.answer}", 1)

    def answered(self, answers: Answers, A: Array) -> str:
        """Give the answers to each target."""
        parts = zip(answers.names, answers.parts, answers.parts_of(A), strict=True)
        return "; ".join(f"{name} {self.alone.answered(part, a)}" for name, part, a in parts)

    def targets(self, model: Model, right: str | float | None) -> str:  # noqa: ARG002
        """Say what is taken as right, and how the percentages are calibrated."""
        T = model.temperature
        return "taken as right" + ("" if T == 1 else f"; calibrated: each is of Z / {T:.3g}")

    def limits(self, context: ModelContext) -> Iterator[str]:  # noqa: ARG002
        """Warn about targets that depend on each other."""
        yield (
            "Each target is answered by itself: the probability of two answers together is not "
            "the product of theirs where the targets depend on each other."
        )


SECTIONS = MultilabelSections()
