"""The sections of a report that are words and tables; "" where there is nothing to say."""

from collections.abc import Mapping, Sequence

import numpy as np

from plainnet.metrics.curves import calibration
from plainnet.reports.html import Html, bullets, cards, element, table
from plainnet.reports.material import Known, Material, Report
from plainnet.reports.model_card import caution, verdict, weak_classes
from plainnet.reports.report_charts import MOST_IN_A_MATRIX
from plainnet.reports.settings import setting_text, settings_used, threshold_text
from plainnet.reports.text import columns_told, network_line, on_a_page, percent, printable

MOST_ROWS = 100
MOST_CONFUSIONS = 15
MOST_NAMES = 8

NOTHING = Html("")


def headline(report: Report) -> Html:
    """The verdict, and the few figures that count."""
    measured = report.evaluation
    low, high = measured.interval
    right = (
        f"right: {measured.correct:,} of {report.measured_on}; 95 % interval {percent(low)} to "
        f"{percent(high)}"
    )
    calibrated = calibration(report.y, report.P, weights=report.data.weights)
    always = f"by always answering “{on_a_page(measured.baseline_class)}”"
    shown: list[tuple[str, str]] = [
        (percent(measured.accuracy), right),
        (percent(measured.baseline_accuracy), always),
        (f"{measured.log_loss:.3f}", "log loss"),
        (percent(calibrated.error), "expected calibration error"),
    ]
    if measured.roc_auc == measured.roc_auc:  # not NaN
        shown.insert(2, (f"{measured.roc_auc:.3f}", "area under the ROC curve (chance: ½)"))
    return judged(shown, verdict(report), report)


def judged(shown: Sequence[tuple[str, str]], verdict: tuple[str, str], report: Known) -> Html:
    """The figures that count, the verdict on them, and what they can tell about new samples."""
    kind, told = verdict
    warned = "note bad" if report.part == "training" else "faint"
    return Html(
        cards(shown)
        + element("p", told, class_=f"note {kind}")
        + element("p", caution(report), class_=warned)
    )


def facts(report: Report) -> Html:
    """What was trained on what."""
    classifier = report.classifier
    shape = classifier.preprocessing.shape
    inputs = f"{shape[0]:,} features"
    if classifier.extractor is not None:
        inputs = printable(classifier.extractor.told())
    elif report.is_pictures:
        colour = "grey" if classifier.preprocessing.grey else "in colour"
        inputs = f"pictures of {shape[1]} × {shape[0]} pixels, {colour}"
    rows: list[tuple[str, str]] = [("classes", _names(report.classes)), ("inputs", inputs)]
    if data := report.settings.get("data"):
        rows.insert(0, ("data", printable(str(data))))
    for part, counts in report.counts.items():
        rows.append((f"{part} {report.things}", _per_class(counts)))
    rows += trained(report)
    if threshold := threshold_text(classifier):
        rows.append(("threshold", threshold))
    return table((), [(element("b", name), told) for name, told in rows], texts=(0, 1))


def trained(report: Material) -> list[tuple[str, str]]:
    """The network, and how it was trained."""
    learner, used = report.learner, settings_used(report.learner)
    hidden = f"{used['activation']}, dropout {used['dropout']}" if learner.recipe.hidden else "no"
    rows = [("network", network_line(learner.network)), ("hidden layers", hidden)]
    if len(learner.networks) > 1:
        rows.insert(1, ("ensemble", f"{len(learner.networks)} networks like this, averaged"))
    learning = f"{used['optimizer']}, learning rate {used['learning rate']}, {used['schedule']}"
    rows.append(("learning", f"{learning}; batches of {used['batch size']}"))
    if report.is_pictures and learner.preprocessing.is_pictures:
        rows.append(("augmentation", used["augment"]))
    if report.history:
        seconds = sum(row.get("seconds", 0.0) for row in report.history)
        rows.append(("epochs", f"{len(report.history)} in {duration(seconds)}"))
        if report.kept_epoch is not None:
            rows[-1] = ("epochs", f"{rows[-1][1]}, epoch {report.kept_epoch} kept")
    return rows


def columns(report: Material) -> Html:
    """What was made of each column of a table, and what was left out."""
    made_by = report.columns
    if made_by is None:
        return NOTHING
    shown = table(("column", "taken as", ""), columns_told(made_by), texts=(0, 1, 2))
    told = "What is not known when an answer is wanted must not be among them."
    return Html(element("p", told, class_="faint") + shown)


def class_table(report: Report) -> Html:
    """Each class with its figures; of very many the weakest."""
    measured = report.evaluation
    answered = measured.confusion.sum(axis=0)
    order = np.arange(len(report.classes))
    told = ""
    if len(order) > MOST_IN_A_MATRIX:
        order = np.argsort(measured.f1 + (measured.support == 0), kind="stable")[:MOST_ROWS]
        told = "The weakest first."
        if len(order) < len(report.classes):
            told = f"The {len(order)} weakest of {len(report.classes)}."
    rows = [
        (
            report.classes[k],
            f"{measured.support[k]:,}",
            percent(measured.precision[k]) if answered[k] else "–",
            percent(measured.recall[k]) if measured.support[k] else "–",
            percent(measured.f1[k]) if measured.support[k] else "–",
        )
        for k in order
    ]
    meaning = (
        "Precision: of the answers with this class, how many were right. Recall: of the "
        f"{report.things} of this class, how many were found. F1: their harmonic mean."
    )
    shown = table(("class", report.things, "precision", "recall", "F1"), rows)
    words = " ".join(part for part in (meaning, told, weak_classes(report)) if part)
    return Html(shown + element("p", words, class_="faint"))


def wrong_rows(report: Report) -> Html:
    """The surest wrong answers for rows of a table, which can be found again by their line."""
    wrong = np.flatnonzero(report.answers != report.y)
    if report.columns is None or not len(wrong):
        return NOTHING
    surest = wrong[np.argsort(-report.confidence[wrong], kind="stable")][:MOST_CONFUSIONS]
    rows = [
        (
            place,
            report.classes[report.y[i]],
            report.classes[report.answers[i]],
            percent(report.confidence[i]),
        )
        for i, place in zip(surest.tolist(), report.places(surest), strict=True)
    ]
    return table((report.place, "right class", "answered", "probability"), rows, texts=(1, 2))


def confusion_table(report: Report) -> Html:
    """The largest confusions, for more classes than a matrix can show."""
    if len(report.classes) <= MOST_IN_A_MATRIX:
        return NOTHING
    counts = report.evaluation.confusion.copy()
    np.fill_diagonal(counts, 0)
    worst = np.argsort(-counts, axis=None, kind="stable")[:MOST_CONFUSIONS]
    pairs = [divmod(int(place), len(counts)) for place in worst if counts.flat[place]]
    rows = [
        (
            report.classes[i],
            report.classes[j],
            f"{counts[i, j]:,}",
            percent(counts[i, j] / report.evaluation.support[i]),
        )
        for i, j in pairs
    ]
    if not rows:
        return element("p", f"None of these {report.things} was taken for another class.")
    header = ("right class", "answered", report.things, "of the class")
    return Html(element("h3", "What was taken for what most often") + table(header, rows, (0, 1)))


def findings(report: Material) -> Html:
    """What the check of the data found."""
    if report.findings is None:
        return NOTHING
    if not report.findings:
        return element("p", "Nothing that stands out.")
    return bullets(map(printable, report.findings))


def settings(report: Material) -> Html:
    """The settings, and the command that repeats the training."""
    others = {
        name.replace("_", " "): setting_text(value)
        for name, value in report.settings.items()
        if name != "data"
    }
    rows = [*{**settings_used(report.learner), **others}.items()]
    command = Html("")
    if report.command:
        command = Html(
            element("p", "To repeat this training:")
            + element("pre", printable(report.command), class_="wrap")
        )
    return Html(command + table(("setting", "value"), rows, texts=(0, 1)))


def duration(seconds: float) -> str:
    """`0.8 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _names(classes: Sequence[str]) -> str:
    more = f", … ({len(classes):,} in all)" if len(classes) > MOST_NAMES else ""
    return ", ".join(classes[:MOST_NAMES]) + more


def _per_class(counts: Mapping[str, int]) -> str:
    total = f"{sum(counts.values()):,}"
    if len(counts) > MOST_NAMES and len(set(counts.values())) == 1:
        return f"{total}; {min(counts.values()):,} of each class"
    if len(counts) > MOST_NAMES:
        return f"{total}; from {min(counts.values()):,} to {max(counts.values()):,} of a class"
    return f"{total}: " + ", ".join(f"{on_a_page(name)} {n:,}" for name, n in counts.items())
