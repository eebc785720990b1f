"""The parts of a report on classes: confusion matrix, metrics of each class, mistakes, limits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from plainnet.data import Dataset
from plainnet.digits import percent, signed
from plainnet.metrics.classification import ClassificationEvaluation
from plainnet.metrics.label_errors import SuspectedLabels, suspected_labels
from plainnet.models import Model
from plainnet.models.answers import Answers
from plainnet.models.attribution import RowExplanation
from plainnet.network import Array
from plainnet.reports.class_charts import (
    MOST_IN_A_MATRIX,
    ClassReport,
    calibration_figure,
    confusion_figures,
    coverage_figure,
    curve_figures,
)
from plainnet.reports.class_mistakes import picture_mistakes, row_mistakes
from plainnet.reports.class_text import class_blocks, class_rows
from plainnet.reports.html import Html, element, table
from plainnet.reports.report_charts import Figure, charts
from plainnet.reports.report_data import MeasuredModel, ModelContext
from plainnet.reports.sections import Section, Sections

MOST_ROWS = 100
"""Most classes in the table of a page."""
MOST_CONFUSIONS = 15
"""Most pairs of classes in the list of confusions."""
MOST_IN_A_CARD = 50
"""Most classes in the table of a card."""
FEW_SAMPLES = 20
"""Number of samples of a class below which its own metrics say little."""
MOST_NAMES = 12
"""Most names listed in a sentence."""

MeasuredClassifier = MeasuredModel[ClassificationEvaluation]


class ClassSections(Sections[ClassificationEvaluation]):
    """The parts of a report on a classifier."""

    hub_tasks: ClassVar = {True: "image-classification", False: "tabular-classification"}
    usage = "predict_proba({})", "in the order of classifier.classes"
    onnx_answers = "to the names of classes"

    def text(self, evaluation: ClassificationEvaluation) -> Iterator[str]:
        """Return the metrics of each class, and the confusion matrix or its largest entries."""
        return class_blocks(evaluation)

    def subject(self, context: ModelContext) -> str:
        """Name the two classes, or the number of classes."""
        classes = context.names
        named = " and ".join(classes) if len(classes) == 2 else f"{len(classes)} classes"
        return f"distinguishes {named}"

    def answers_row(self, answers: Answers, names: Sequence[str]) -> tuple[str, str]:  # noqa: ARG002
        """List the classes."""
        return "classes", ", ".join(names)

    def task(self, context: ModelContext) -> str:
        """Describe the classification."""
        names = _listed([f"“{name}”" for name in context.names])
        return f"says which of {len(context.names)} classes a {context.thing} belongs to: {names}"

    def right_answers(self, data: Dataset) -> str:
        """Count the samples of each class."""
        return ", ".join(f"{name}: {n:,}" for name, n in data.counts().items())

    def taken_for(self, data: Dataset) -> str:
        """Count the classes, if all their names are whole numbers; else return ""."""
        if not all(name.lstrip("-").isdigit() for name in data.classes):
            return ""
        return f"{len(data.classes)} classes; --task regression predicts it as a number"

    def from_average(self, explanation: RowExplanation) -> str:
        """Give the logits of an average row and of this one."""
        begin, end = (signed(z, digits=3) for z in (explanation.average, explanation.score))
        return f"in the logit of {explanation.of}, from {begin} for an average row to {end}"

    def answered(self, answers: Answers, A: Array) -> str:
        """Give the class of one sample with its probability, or the count of each class."""
        named = answers.plain(A)
        if len(named) == 1:
            return f"{named[0]}, {percent(answers.probabilities(A[0])[named[0]])}"
        counted = Counter(named)
        return ", ".join(f"{counted[name]} {name}" for name in answers.names if counted[name])

    def targets(self, model: Model, right: str | float | None) -> str:
        """Give the class, and say how the percentages are calibrated."""
        taken, T = "taken as right", model.temperature
        if right is not None:
            taken = f"right is {right}, y = {model.answers.names.index(str(right))}"
        return taken + ("" if T == 1 else f"; calibrated: the percentage is of Z / {T:.3g}")

    def limits(self, context: ModelContext) -> Iterator[str]:
        """Warn about samples of no known class."""
        yield (
            "It always answers one of its classes, unless it may withhold answers (--unsure). A "
            f"{context.thing} of anything else is also assigned to one of them, often with a high "
            "probability."
        )

    def measured_limits(self, measured: MeasuredClassifier) -> Iterator[str]:
        """Name weak classes and classes of few samples; say how reliable the probabilities are."""
        yield from (weak_classes(measured), _scarce(measured), _confidence(measured))
        low, high = map(percent, measured.evaluation.interval)
        yield (
            f"The 95 % confidence interval of its accuracy is {low} to {high}, and holds only for "
            f"{measured.things} from the same source."
        )

    def tables(self, measured: MeasuredClassifier) -> Iterator[Sequence[Sequence[str]]]:
        """Yield the metrics of each class."""
        found = measured.evaluation
        if len(found.classes) <= MOST_IN_A_CARD:
            header = ("class", "precision", "recall", "F1", measured.things)
            yield [header, *class_rows(found, found.classes)]

    def sections(self, report: ClassReport) -> Iterator[Section]:
        """Yield charts, metrics of each class, and mistakes."""
        shown = charts(*self.figures(report))
        yield Section("How well it answers", [_largest_confusions(report), shown])
        yield Section("Class by class", [_class_table(report)])
        yield Section("Most confident mistakes", [row_mistakes(report)])
        yield Section("Pictures to look at", [picture_mistakes(report)])

    def suspects(self, report: ClassReport) -> SuspectedLabels:
        """Find them by confident learning."""
        return suspected_labels(report.y, report.A)

    def figures(self, report: ClassReport) -> Iterator[Figure]:
        """Yield confusion matrix, ROC, precision and recall, calibration and coverage."""
        yield from confusion_figures(report)
        yield from curve_figures(report)
        yield calibration_figure(report)
        yield coverage_figure(report)


SECTIONS = ClassSections()


def weak_classes(measured: MeasuredClassifier) -> str:
    """Name the classes with the lowest recall; "" if none stands out."""
    found, seen = measured.shown, np.flatnonzero(measured.shown.support)
    weak = [k for k in seen if found.recall[k] < min(0.5, found.accuracy)]
    weak = weak or [k for k in seen if found.recall[k] < found.accuracy - 0.1]
    right = np.rint(found.recall * found.support).astype(int)
    weakest = sorted(weak, key=lambda k: float(found.recall[k]))[:5]
    named = [f"“{found.classes[k]}” ({right[k]:,} of {found.support[k]:,})" for k in weakest]
    return f"Found least often: {', '.join(named)}." if named else ""


def _scarce(measured: MeasuredClassifier) -> str:
    """Name the classes that were measured on few samples."""
    found = measured.shown
    few = [f"“{found.classes[k]}” ({n})" for k, n in enumerate(found.support) if n < FEW_SAMPLES]
    what = f"Measured on fewer than {FEW_SAMPLES} {measured.things}, so very uncertain"
    return f"{what}: {_listed(few)}." if few else ""


def _confidence(measured: MeasuredClassifier) -> str:
    """Say whether the probabilities are too high or too low on average."""
    found = measured.evaluation
    (low, high), mean = found.interval, found.mean_confidence
    if not (mean < low or mean > high):
        return ""
    too = "high" if mean > high else "low"
    return (
        f"Its probabilities are too {too}: {percent(mean)} on average, with an accuracy of "
        f"{percent(found.accuracy)}. Use them to rank answers, not as chances."
    )


def _listed(names: Sequence[str]) -> str:
    """Join the first names, and say how many more there are."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _class_table(report: ClassReport) -> Html:
    """Return the metrics of each class; of very many classes, the weakest ones."""
    found = report.shown
    answered = found.confusion.sum(axis=0)
    order, which = np.arange(len(found.classes)), ""
    if len(order) > MOST_IN_A_MATRIX:
        order = np.argsort(found.f1 + (found.support == 0), kind="stable")[:MOST_ROWS]
        which = "The weakest first."
        if len(order) < len(found.classes):
            which = f"The {len(order)} weakest of {len(found.classes)}."
    rows = [
        (
            found.classes[k],
            f"{found.support[k]:,}",
            percent(found.precision[k]) if answered[k] else "–",
            percent(found.recall[k]) if found.support[k] else "–",
            percent(found.f1[k]) if found.support[k] else "–",
        )
        for k in order
    ]
    meaning = (
        f"Precision: of the {report.things} predicted as this class, the share that belongs to it. "
        f"Recall: of the {report.things} of this class, the share predicted as it. F1: their "
        "harmonic mean."
    )
    shown = table(("class", report.things, "precision", "recall", "F1"), rows)
    words = " ".join(part for part in (meaning, which, weak_classes(report)) if part)
    return Html(shown + element("p", words, class_="faint"))


def _largest_confusions(report: ClassReport) -> Html:
    """List the largest confusions, if there are more classes than a matrix can show."""
    found = report.shown
    if len(found.classes) <= MOST_IN_A_MATRIX:
        return Html("")
    counts = found.confusion.copy()
    np.fill_diagonal(counts, 0)
    worst = np.argsort(-counts, axis=None, kind="stable")[:MOST_CONFUSIONS]
    pairs = [divmod(int(place), len(counts)) for place in worst if counts.flat[place]]
    rows = [
        (
            found.classes[i],
            found.classes[j],
            f"{counts[i, j]:,}",
            percent(counts[i, j] / found.support[i]),
        )
        for i, j in pairs
    ]
    if not rows:
        return element("p", f"None of these {report.things} was assigned to another class.")
    header = ("true class", "predicted", report.things, "of the class")
    return Html(element("h3", "Largest confusions") + table(header, rows, (0, 1)))
