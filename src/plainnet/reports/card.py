"""The model card as a file: `README.md` with a YAML head, as hubs of models show it.

It says what `report.html` says in its model card, from what a model file knows of itself. Texts
that a user has chosen (names of classes, of the run, of the data) are quoted, whatever is in them.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import isnan, nan
from typing import get_args

import numpy as np

from plainnet.classifier import Classifier, Recipe
from plainnet.errors import DataError
from plainnet.reports.material import Measured, Part
from plainnet.reports.model_card import learned_from, limits, task
from plainnet.reports.text import count, network_line, percent, printable
from plainnet.training.evaluation import Evaluation
from plainnet.version import __version__

MOST = 50
"""Classes that have a row of their own, or stand in the head."""


def card_text(
    title: str,
    classifier: Classifier,
    *,
    data: str = "",
    license: str = "",
    files: Mapping[str, str] | None = None,
) -> str:
    """The whole card.

    Args:
        title: what the run is called.
        classifier: trained.
        data: the name of what it was trained on; no path.
        license: under which it is given away, as hubs spell it: `mit`; "": left to be said.
        files: the names of what is given away with it: `model`, `onnx`, `weights`.
    """
    known = _known(title, classifier)
    sections = {
        "What it is": _what_it_is(known),
        "What it is for": [_plain(task(known))],
        "How good it is": [*_quality(known)],
        "Limits": [_bullets(limits(known) if known.evaluation.n else [ALWAYS_ANSWERS])],
        "What it was trained on": [*_training(known, data)],
        "How to use it": [*_use(known, {"model": "model.safetensors", **(files or {})})],
    }
    parts = [_head(known, data, license), f"# {_plain(title)}"]
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
    said = f"license: {_quoted(license)}" if license else "# license: under which you give it away"
    lines = ["library_name: plainnet", said, f"pipeline_tag: {kind}", "tags:"]
    lines += [f"  - {tag}" for tag in ("plainnet", "numpy", "safetensors", kind)]
    lines += ["datasets:", f"  - {_quoted(data)}"] if data else []
    lines += ["labels:", *(f"  - {_quoted(name)}" for name in known.classifier.classes[:MOST])]
    if known.evaluation.n:
        lines += ["metrics:", "  - accuracy", *_index(known, kind, data)]
    return "\n".join(["---", *lines, "---"])


def _index(known: Measured, kind: str, data: str) -> list[str]:
    """What was measured, for machines."""
    told, (low, high) = known.evaluation, known.evaluation.interval
    figures = [("accuracy", told.accuracy, f"accuracy (95 % interval {low:.4f} to {high:.4f})")]
    if not isnan(told.roc_auc):
        figures.append(("roc_auc", told.roc_auc, "area under the ROC curve"))
    lines = ["model-index:", f"  - name: {_quoted(known.title)}", "    results:"]
    lines += ["      - task:", f"          type: {kind}", "        dataset:"]
    lines += [f"          {key}: {_quoted(data or 'unnamed')}" for key in ("type", "name")]
    lines += [f"          split: {known.part}", "        metrics:"]
    for name, value, words in figures:
        lines += [f"          - type: {name}", f"            value: {value:.6f}"]
        lines += [f"            name: {_quoted(words)}"]
    return lines


def _quoted(text: str) -> str:
    """A YAML string in double quotes, in which YAML reads what JSON writes."""
    return json.dumps(printable(text), ensure_ascii=False)


# -- the text ------------------------------------------------------------------------------------

ALWAYS_ANSWERS = "It always answers one of its classes, whatever it is shown."
NOT_MEASURED = (
    "That was not measured, or is not noted in the model. `plainnet evaluate MODEL DATA` tells, on "
    "DATA that played no part in the training."
)


def _what_it_is(known: Measured) -> list[str]:
    classifier = known.classifier
    shape = classifier.picture_shape
    sees = f"{count(classifier.preprocessing.shape[0], 'feature')}"
    if shape:
        colour = "grey" if shape[2] == 1 else "colour"
        sees = f"{colour} pictures, stretched to {shape[1]} × {shape[0]} pixels"
    if classifier.extractor is not None:
        sees = printable(classifier.extractor.told())
    n = len(classifier.members)
    times = f"The mean of {n} networks, each a" if n > 1 else "A"
    return [
        f"{times} fully-connected neural network, made with plainnet: "
        f"{network_line(classifier.network)}. It sees {_plain(sees)}, prepared as (raw − mean) / "
        "scale; all of that is in the model file."
    ]


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
    yield _table(("measured", f"on {known.measured_on}"), rows)
    columns = zip(told.classes, told.precision, told.recall, told.f1, told.support, strict=True)
    classes = [(name, f"{p:.3f}", f"{r:.3f}", f"{f:.3f}", f"{n:,}") for name, p, r, f, n in columns]
    if len(classes) <= MOST:
        yield _table(("class", "precision", "recall", "F1", known.things), classes)


def _training(known: Measured, data: str) -> Iterator[str]:
    told = known.classifier.trained
    parts = [known.counts.get(part, {}) for part in ("training", "validation")]
    learned = [*learned_from(known), *([f"The data are called “{data}”."] if data else [])]
    if learned:
        yield _plain(" ".join(learned))
    if parts[0] and len(parts[0]) <= MOST:
        rows = [(name, *(f"{part.get(name, 0):,}" for part in parts)) for name in parts[0]]
        yield _table(("class", "learned from", "held out"), rows)
    lines = []
    if told:
        kept = f"epoch {told['kept_epoch']} of {told['epochs']} was kept"
        lines = [f"{kept}, the learning rate was {told['learning_rate']:.3g} at most"]
    usual = Recipe().to_dict()
    for name, value in known.classifier.recipe.to_dict().items():
        if value != usual[name] and not (told and name in ("epochs", "learning_rate")):
            words = ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else value
            lines.append(f"{name.replace('_', ' ')}: {words}")
    yield _bullets(lines or ["all settings as usual"])


def _use(known: Measured, files: Mapping[str, str]) -> Iterator[str]:
    model = files["model"]
    samples = "photo.jpg" if known.is_pictures else "features.npy"
    samples = samples if known.columns is None else "table.csv"
    yield _code("sh", f"plainnet predict {_word(model)} {samples}")
    given = "X" if samples == "features.npy" else _quoted(samples)
    yield _code(
        "python",
        "from plainnet import Classifier\n\n"
        f"classifier = Classifier.load({_quoted(model)})\n"
        f"print(classifier.predict_proba({given}))  # in the order of classifier.classes",
    )
    if "onnx" in files:
        yield (
            f"{_span(files['onnx'])} is the same as an ONNX graph, from raw samples to the names "
            "of classes:"
        )
        yield _code(
            "python",
            "import onnxruntime\n\n"
            f"session = onnxruntime.InferenceSession({_quoted(files['onnx'])})\n"
            "names = [output.name for output in session.get_outputs()]\n"
            "answers = session.run(names, {session.get_inputs()[0].name: X})"
            f"  # X: {'uint8 (N, H, W, 3)' if known.is_pictures else 'float32 (N, n)'}",
        )
    if "weights" in files:
        yield (
            f"{_span(files['weights'])} holds the weights alone, named as by PyTorch's "
            "`torch.nn.Sequential`; see docs/interchange.md of plainnet for the lines that load "
            "them in PyTorch, Keras and JAX."
        )


# -- Markdown ------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """A text in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>#|~$&])", r"\\\1", printable(text))


def _span(text: str) -> str:
    """A name as code; backticks in it would end that."""
    return f"`{printable(text)}`" if "`" not in text else _plain(text)


def _word(text: str) -> str:
    return shlex.quote(printable(text))


def _code(language: str, code: str) -> str:
    return f"```{language}\n{code}\n```"


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ("---", *("---:" for _ in header[1:]))
    cells = [map(_plain, header), rule, *(map(_plain, row) for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
