"""The model card as a file: `README.md` with a YAML head, as model hubs expect it.

It says the same as the model card in `report.html`, using only what the model file holds. Texts
chosen by a user (names of classes, of the run, of the data) are always quoted.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from plainnet.models import Model
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
    yaml_number,
)
from plainnet.reports.model_card import learned_from, limits, task
from plainnet.reports.report_data import MeasuredModel, ModelContext, counts_of
from plainnet.reports.sections import sections_of
from plainnet.version import __version__

MOST_CLASSES = 50
"""Most classes listed in the head and in tables."""


def card_text(
    title: str,
    model: Model,
    *,
    data: str = "",
    license: str = "",
    files: Mapping[str, str] | None = None,
) -> str:
    """Return the whole card as Markdown.

    Args:
        title: the name of the run.
        model: a trained classifier or regressor.
        data: the name of the training data; not a path.
        license: the licence as hubs spell it, such as `mit`; "" leaves a comment to fill in.
        files: names of the files published with it, by kind: `model`, `onnx`, `weights`.
    """
    files = {"model": "model.safetensors", **(files or {})}
    measured = MeasuredModel.stored(title, model)
    context = measured or ModelContext(title=title, model=model, counts=counts_of(model))
    sections = {
        "What it is": what_it_is(model),
        "What it is for": [plain(task(context))],
        "How good it is": [*_quality(measured)] if measured else [NOT_MEASURED],
        "Limits": [bullets(limits(context, measured))],
        "What it was trained on": [*_training(context, data)],
        "How to use it": [*_use(model, files)],
    }
    parts = [_head(context, measured, data, license), f"# {plain(title)}"]
    for heading, paragraphs in sections.items():
        parts += [f"## {heading}", *paragraphs]
    parts.append(f"*Written by plainnet {__version__} on {date.today().isoformat()}.*")
    return "\n\n".join(parts) + "\n"


# -- the head ------------------------------------------------------------------------------------


def _head(
    context: ModelContext, measured: MeasuredModel[Any] | None, data: str, license: str
) -> str:
    model = context.model
    hub_task = sections_of(model.answers.evaluation_type).hub_tasks.get(context.is_pictures, "")
    lines = head_lines(hub_task, data, license)
    if names := model.answers.classes[:MOST_CLASSES]:
        lines += ["labels:", *(f"  - {quoted(name)}" for name in names)]
    if measured:
        lines += _index(measured, hub_task or "other", data)
    return "\n".join(["---", *lines, "---"])


def _index(measured: MeasuredModel[Any], task: str, data: str) -> list[str]:
    """Return the scores in the form that hubs read."""
    scores = [score for score in measured.evaluation.scores() if score.is_known]
    lines = ["metrics:", *(f"  - {score.key}" for score in scores)]
    lines += ["model-index:", f"  - name: {quoted(measured.title)}", "    results:"]
    lines += ["      - task:", f"          type: {task}", "        dataset:"]
    lines += [f"          {key}: {quoted(data or 'unnamed')}" for key in ("type", "name")]
    lines += [f"          split: {measured.part}", "        metrics:"]
    for score in scores:
        remark = f" ({score.interval_text})" if score.interval else ""
        lines += [
            f"          - type: {score.key}",
            f"            value: {yaml_number(score.value)}",
        ]
        lines += [f"            name: {quoted(score.name + remark)}"]
    return lines


# -- the text ------------------------------------------------------------------------------------


def _quality(measured: MeasuredModel[Any]) -> Iterator[str]:
    rows, evaluation = [], measured.evaluation
    for score in evaluation.scores():
        if not score.is_known:
            continue
        remark = f" ({score.note})" if score.note else ""
        rows.append((score.name, f"{score.text}{remark}"))
        if score.interval:
            rows.append(("its 95 % interval", score.ends_text))
        if score.baseline is not None:
            rows.append((f"{evaluation.always}: {score.name}", score.written(score.baseline)))
    yield table(("measured", f"on {measured.measured_on}"), rows)
    for header, *others in sections_of(type(evaluation)).tables(measured):
        yield table(header, others)


def _training(context: ModelContext, data: str) -> Iterator[str]:
    parts = [context.counts.get(part, {}) for part in ("training", "validation")]
    words = [learned_from(context)]
    if context.model.resolved_recipe.bagging == "folds":
        words.append("Each network held out another part of them.")
        parts[1:] = []
    elif len(parts[1]) == 1:
        words.append(f"{context.counted(sum(parts[1].values()))} were held out.")
    if data:
        words.append(f"The data are called “{data}”.")
    if (made := context.columns) is not None:
        words.append(
            f"It predicts from the columns {', '.join(column.name for column in made.columns)}."
        )
    if any(words):
        yield plain(" ".join(filter(None, words)))
    if 1 < len(parts[0]) <= MOST_CLASSES:
        rows = [(name, *(f"{part.get(name, 0):,}" for part in parts)) for name in parts[0]]
        yield table(("class", "learned from", "held out")[: 1 + len(parts)], rows)
    yield bullets(settings_lines(context.model))


def _use(model: Model, files: Mapping[str, str]) -> Iterator[str]:
    name, kind = model.kind, sections_of(model.answers.evaluation_type)
    asked, remark = kind.usage
    yield code("sh", f"plainnet predict {word(files['model'])} {samples_named(model)}")
    yield code(
        "python",
        f"from plainnet import {name.capitalize()}\n\n"
        f"{name} = {name.capitalize()}.load({quoted(files['model'])})\n"
        f"print({name}.{asked.format(given_in_python(model))})  # {remark}",
    )
    yield from other_files(model, files, kind.onnx_answers)
