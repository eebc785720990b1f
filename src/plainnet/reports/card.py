"""The model card as a file: `README.md` with a YAML head, as hubs of models show it.

It says what `report.html` says in its model card, from what a model file knows of itself. Texts
that a user has chosen (names of classes, of the run, of the data) are quoted, whatever is in them.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from math import isnan, nan
from typing import get_args

import numpy as np

from plainnet.errors import DataError
from plainnet.metrics.evaluation import Evaluation
from plainnet.models import Classifier, Regressor
from plainnet.reports.card_parts import (
    NOT_MEASURED,
    bullets,
    code,
    given_in_python,
    head_lines,
    other_files,
    plain,
    quoted,
    samples_named,
    settings_lines,
    table,
    what_it_is,
    word,
)
from plainnet.reports.material import Measured, Part
from plainnet.reports.model_card import learned_from, limits, task
from plainnet.reports.regression_card import regression_card
from plainnet.reports.text import percent
from plainnet.version import __version__

MOST = 50
"""Classes that have a row of their own, or stand in the head."""


def card_text(
    title: str,
    classifier: Classifier | Regressor,
    *,
    data: str = "",
    license: str = "",
    files: Mapping[str, str] | None = None,
) -> str:
    """The whole card.

    Args:
        title: what the run is called.
        classifier: or a regressor; trained.
        data: the name of what it was trained on; no path.
        license: under which it is given away, as hubs spell it: `mit`; "": left to be said.
        files: the names of what is given away with it: `model`, `onnx`, `weights`.
    """
    files = {"model": "model.safetensors", **(files or {})}
    if isinstance(classifier, Regressor):
        return regression_card(title, classifier, data=data, license=license, files=files)
    known = _known(title, classifier)
    sections = {
        "What it is": what_it_is(classifier),
        "What it is for": [plain(task(known))],
        "How good it is": [*_quality(known)],
        "Limits": [bullets(limits(known) if known.evaluation.n else [ALWAYS_ANSWERS])],
        "What it was trained on": [*_training(known, data)],
        "How to use it": [*_use(known, files)],
    }
    parts = [_head(known, data, license), f"# {plain(title)}"]
    for heading, paragraphs in sections.items():
        parts += [f"## {heading}", *paragraphs]
    parts.append(f"*Written by plainnet {__version__} on {date.today().isoformat()}.*")
    return "\n\n".join(parts) + "\n"


def _known(title: str, classifier: Classifier) -> Measured:
    """What is known of it: of test samples, else of those that were held out, else of none."""
    classes = classifier.classes
    samples = classifier.trained.get("samples", {})
    counts = {part: dict(zip(classes, held, strict=True)) for part, held in samples.items()}
    for part in get_args(Part):
        try:
            found = Evaluation.of(classifier.quality[part])
        except (KeyError, TypeError, DataError):
            continue
        if found.classes == classes:
            return Measured(
                title=title, classifier=classifier, evaluation=found, part=part, counts=counts
            )
    found = Evaluation(classes, np.zeros((len(classes), len(classes)), np.int64), nan, nan)
    return Measured(title=title, classifier=classifier, evaluation=found, counts=counts)


# -- the head ------------------------------------------------------------------------------------


def _head(known: Measured, data: str, license: str) -> str:
    kind = "image-classification" if known.is_pictures else "tabular-classification"
    lines = [
        *head_lines(kind, data, license),
        "labels:",
        *(f"  - {quoted(name)}" for name in known.classifier.classes[:MOST]),
    ]
    if known.evaluation.n:
        lines += ["metrics:", "  - accuracy", *_index(known, kind, data)]
    return "\n".join(["---", *lines, "---"])


def _index(known: Measured, kind: str, data: str) -> list[str]:
    """What was measured, for machines."""
    told, (low, high) = known.evaluation, known.evaluation.interval
    figures = [("accuracy", told.accuracy, f"accuracy (95 % interval {low:.4f} to {high:.4f})")]
    if not isnan(told.roc_auc):
        figures.append(("roc_auc", told.roc_auc, "area under the ROC curve"))
    lines = ["model-index:", f"  - name: {quoted(known.title)}", "    results:"]
    lines += ["      - task:", f"          type: {kind}", "        dataset:"]
    lines += [f"          {key}: {quoted(data or 'unnamed')}" for key in ("type", "name")]
    lines += [f"          split: {known.part}", "        metrics:"]
    for name, value, words in figures:
        lines += [f"          - type: {name}", f"            value: {value:.6f}"]
        lines += [f"            name: {quoted(words)}"]
    return lines


# -- the text ------------------------------------------------------------------------------------

ALWAYS_ANSWERS = "It always answers one of its classes, whatever it is shown."


def _quality(known: Measured) -> Iterator[str]:
    told = known.evaluation
    if not told.n:
        yield NOT_MEASURED
        return
    low, high = told.interval
    rows = [
        ("accuracy", f"{percent(told.accuracy)} ({told.correct:,} of {told.n:,})"),
        ("its 95 % interval", f"{percent(low)} to {percent(high)}"),
        (f"always answering “{told.baseline_class}”", percent(told.baseline_accuracy)),
        ("log loss", f"{told.log_loss:.3f}"),
    ]
    rows += [] if isnan(told.roc_auc) else [("ROC AUC", f"{told.roc_auc:.3f}")]
    yield table(("measured", f"on {known.measured_on}"), rows)
    columns = zip(told.classes, told.precision, told.recall, told.f1, told.support, strict=True)
    classes = [(name, f"{p:.3f}", f"{r:.3f}", f"{f:.3f}", f"{n:,}") for name, p, r, f, n in columns]
    if len(classes) <= MOST:
        yield table(("class", "precision", "recall", "F1", known.things), classes)


def _training(known: Measured, data: str) -> Iterator[str]:
    parts = [known.counts.get(part, {}) for part in ("training", "validation")]
    learned = [*learned_from(known), *([f"The data are called “{data}”."] if data else [])]
    if learned:
        yield plain(" ".join(learned))
    if parts[0] and len(parts[0]) <= MOST:
        rows = [(name, *(f"{part.get(name, 0):,}" for part in parts)) for name in parts[0]]
        yield table(("class", "learned from", "held out"), rows)
    yield bullets(settings_lines(known.classifier))


def _use(known: Measured, files: Mapping[str, str]) -> Iterator[str]:
    model, classifier = files["model"], known.classifier
    yield code("sh", f"plainnet predict {word(model)} {samples_named(classifier)}")
    yield code(
        "python",
        "from plainnet import Classifier\n\n"
        f"classifier = Classifier.load({quoted(model)})\n"
        f"print(classifier.predict_proba({given_in_python(classifier)}))"
        "  # in the order of classifier.classes",
    )
    yield from other_files(classifier, files, "to the names of classes")
