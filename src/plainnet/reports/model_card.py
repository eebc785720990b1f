"""The model card: what a network is for and where its limits are, from what is known of it.

After M. Mitchell et al., "Model cards for model reporting", FAT* 2019.
"""

import numpy as np

from plainnet.data import PictureExtractor
from plainnet.reports.html import Html, bullets, element
from plainnet.reports.material import Known, Measured
from plainnet.reports.text import on_a_page, percent, printable

FEW = 20
"""Samples of a class, below which its own figures say little."""
MANY_CLASSES = 12
"""Names that are told one by one."""


def verdict(report: Measured) -> tuple[str, str]:
    """Whether it is better than always giving one answer: `good` or `bad`, and a sentence."""
    measured, always = report.evaluation, _quoted(report, report.evaluation.support.argmax())
    low, high = measured.interval
    baseline = percent(measured.baseline_accuracy)
    if (measured.support > 0).sum() == 1:
        return "bad", (
            f"All these {report.things} are of one class, {always}: how well it is told from the "
            "others, they cannot show."
        )
    if low > measured.baseline_accuracy:
        return "good", (
            f"Better than always answering {always}, which would be right for {baseline} of these "
            f"{report.things}: the whole interval lies above that."
        )
    if high < measured.baseline_accuracy:
        return "bad", (
            f"Worse than always answering {always}, which would be right for {baseline} of these "
            f"{report.things}."
        )
    return "bad", (
        f"Not shown to be better than always answering {always}: that would be right for "
        f"{baseline} of these {report.things}, which the interval from {percent(low)} to "
        f"{percent(high)} includes."
    )


def caution(report: Known) -> str:
    """What the samples that were measured on can tell about new ones."""
    things = report.things
    return {
        "test": f"Measured on {report.measured_on}, which played no part in the training.",
        "validation": (
            f"Measured on {report.measured_on}, which were held out: the network did not learn "
            "from them, but they were watched during the training, and choices made by watching "
            f"flatter it. There are no test {things}, which would be free of that."
        ),
        "training": (
            f"Measured on {report.measured_on}, which the network has learned from: this says how "
            "well it remembers, not how well it answers for new ones."
        ),
        "other": (
            f"Measured on {report.measured_on}. The figures count for new {things} only if the "
            "training has seen none of these."
        ),
    }[report.part]


def weak_classes(report: Measured) -> str:
    """Which classes are found least often; "" where none stands out."""
    measured = report.evaluation
    seen = np.flatnonzero(measured.support)
    weak = [k for k in seen if measured.recall[k] < min(0.5, measured.accuracy)]
    weak = weak or [k for k in seen if measured.recall[k] < measured.accuracy - 0.1]
    found = np.rint(measured.recall * measured.support).astype(int)
    weakest = sorted(weak, key=lambda k: float(measured.recall[k]))[:5]
    told = [f"{_quoted(report, k)} ({found[k]:,} of {measured.support[k]:,})" for k in weakest]
    return f"Found least often: {', '.join(told)}." if told else ""


def model_card(report: Measured) -> Html:
    """Intended use and limits, as two lists."""
    use = [task(report), *learned_from(report)]
    return element(
        "div",
        element("h3", "What it is for"),
        bullets(use),
        element("h3", "Limits"),
        bullets(limits(report)),
    )


def task(report: Measured) -> str:
    """What it tells apart, and of what."""
    classes = report.classes
    names = ", ".join(_quoted(report, k) for k in range(min(len(classes), MANY_CLASSES)))
    more = f" and {len(classes) - MANY_CLASSES} more" if len(classes) > MANY_CLASSES else ""
    return (
        f"It says which of {len(classes)} classes a {report.thing} belongs to: {names}{more}. "
        f"It is meant for {report.things} like those it was trained and measured on."
    )


def learned_from(report: Measured) -> list[str]:
    """How much it was trained on, if that is known."""
    counts = report.counts.get("training")
    if not counts:
        return []
    least = min(counts, key=lambda name: counts[name])
    told = f"It learned from {report.counted(sum(counts.values()))}"
    if len(set(counts.values())) == 1:
        return [f"{told}, {counts[least]:,} of each class."]
    return [f"{told}, {counts[least]:,} of its rarest class, “{on_a_page(least)}”."]


def limits(report: Measured) -> list[str]:
    """What it cannot do, and what is not known of it, a sentence or two each."""
    measured, things = report.evaluation, report.things
    _, told = verdict(report)
    known = [
        f"It always answers one of its classes. A {report.thing} of anything else is given one of "
        "them too, and often with a high probability.",
        told,
        caution(report),
        weak_classes(report),
        _scarce(report),
        _sureness(report),
    ]
    if report.is_pictures:
        height, width, channels = report.classifier.picture_shape
        colour = "in grey" if channels == 1 else "in colour"
        known.append(
            f"It sees pictures of {width} × {height} pixels, to which all are stretched, {colour}. "
            + _through(report)
        )
    low, high = measured.interval
    known.append(
        f"Its accuracy is known no closer than from {percent(low)} to {percent(high)} (95 % "
        f"confidence), and for {things} from the same source only."
    )
    return [limit for limit in known if limit]


def _through(report: Measured) -> str:
    """What stands between the pixels and the network."""
    seen = report.classifier.extractor
    if isinstance(seen, PictureExtractor):
        return (
            f"It knows of them what {printable(seen.name)} makes of them, a network that was "
            "trained before and elsewhere: what that one cannot tell apart, and what was wrong "
            "with its data, is wrong with it too."
        )
    return (
        "It has no convolutions: what is shown larger, turned or elsewhere in the picture than in "
        "training it may not know again."
    )


def _scarce(report: Measured) -> str:
    """Which classes were measured on hardly anything."""
    support = report.evaluation.support
    few = [k for k in range(len(support)) if support[k] < FEW]
    if not few:
        return ""
    told = ", ".join(f"{_quoted(report, k)} ({support[k]})" for k in few[:MANY_CLASSES])
    more = f" and {len(few) - MANY_CLASSES} more" if len(few) > MANY_CLASSES else ""
    return f"Measured on fewer than {FEW} {report.things}, so hardly known: {told}{more}."


def _sureness(report: Measured) -> str:
    """Whether its probabilities can be taken at their word."""
    said, accuracy = report.mean_confidence, report.evaluation.accuracy
    if said is None:
        return ""
    low, high = report.evaluation.interval
    how = f"on average {percent(said)}, but right in {percent(accuracy)}"
    if said > high:
        return f"Its probabilities are too high: {how}. Take them as an order, not as a chance."
    if said < low:
        return f"Its probabilities are too low: {how}. Take them as an order, not as a chance."
    return ""


def _quoted(report: Measured, k: int | np.intp) -> str:
    return f"“{report.classes[int(k)]}”"
