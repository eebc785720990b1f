"""`plainnet compare`: how runs differ, and whether that is beyond noise."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import click
import numpy as np

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.overwriting import check_kind
from plainnet.cli.reading import read_and_report
from plainnet.cli.report import TRAINED_AS, history_of, parts_of_run, run_settings, title_of
from plainnet.data import Dataset
from plainnet.errors import PlainnetError, SettingError
from plainnet.files.writing import write_file
from plainnet.models import AnyModel, load_any
from plainnet.models.evaluating import PARTS, parts_of, read_for
from plainnet.network import Array
from plainnet.reports import printable, say
from plainnet.reports.comparison import ComparedRun, differences, setting_rows
from plainnet.reports.comparison_page import comparison_page, comparison_text
from plainnet.reports.report_data import MeasuredModel
from plainnet.reports.text import count


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=PathType(), metavar="RUN RUN…")
@click.option(
    "--data",
    type=PathType(),
    metavar="DATA",
    help="Measure all runs on this data. [the samples that all of them held out, or their test "
    "part]",
)
@click.option("--page", type=PathType(), metavar="FILE", help="Write an .html page, with curves.")
@json_option
def command(runs: tuple[Path, ...], data: Path | None, page: Path | None, as_json: bool) -> None:
    """Compare runs: their scores, the settings that differ, and what may be noise.

    Each RUN is a run folder or a model file. If they were trained on the same data, all of them
    answer the samples that none has learned from; the difference to the first is then measured on
    pairs of answers, which shows smaller differences than the scores alone.
    """
    check_kind(page, "--page", "a page", (".html", ".htm"))
    if len(runs) < 2:
        raise SettingError(f"Only one run is named, {runs[0]}; name the ones to compare it with.")
    models = [load_any(run) for run in runs]
    _check_answers(runs, models)
    found = _measured(runs, models, data)
    if as_json:
        print_json(_facts(found))
    else:
        print(comparison_text(found))
    if page is not None:
        write_file(page, comparison_page(found))
        say(f"written  {printable(str(page))}")


def _check_answers(runs: Sequence[Path], models: Sequence[AnyModel]) -> None:
    """Refuse models whose answers mean different things."""
    for run, model in zip(runs[1:], models[1:], strict=True):
        if model.kind != models[0].kind or model.answers.names != models[0].answers.names:
            names = (", ".join(one.answers.names[:6]) for one in (models[0], model))
            raise SettingError(
                f"{runs[0]} and {run} answer different things, {' and '.join(names)}; compare runs "
                "with the same classes, or the same target."
            )


def _measured(
    runs: Sequence[Path], models: Sequence[AnyModel], data: Path | None
) -> list[ComparedRun]:
    """Measure all runs on the same samples, or give the scores of their trainings."""
    titles = [title_of(run) for run in runs]
    if len({*titles}) < len(titles):
        titles = [printable(str(run)) for run in runs]
    known = [
        ComparedRun(title=title, model=m, settings=run_settings(run), history=history_of(run))
        for title, run, m in zip(titles, runs, models, strict=True)
    ]
    part, samples = _same_samples(runs, known, data)
    if not samples:
        return [_stored(run) for run in known]
    things = f"{part} {models[0].inputs.noun}".strip()
    on = count(len(samples[0][0]), things)
    return [
        replace(
            run,
            evaluation=run.model.answers.measure(D, A),
            measured_on=on,
            data=D,
            A=A,
            may_have_learned=data is not None,
        )
        for run, (D, A) in zip(known, samples, strict=True)
    ]


def _stored(run: ComparedRun) -> ComparedRun:
    """Return a run with the scores in its model file."""
    found = MeasuredModel.stored(run.title, run.model)
    if found is None:
        return run
    return replace(run, evaluation=found.evaluation, measured_on=found.measured_on)


def _same_samples(
    runs: Sequence[Path], known: Sequence[ComparedRun], data: Path | None
) -> tuple[str, list[tuple[Dataset, Array]]]:
    """Return the samples that no run learned from, with the answers of each; [] without any.

    The first value names the part of the data: `test`, `validation`; "" for other data.
    """
    each: list[dict[str, tuple[Dataset, Array]]] = []
    for path, run in zip(runs, known, strict=True):
        where = data or Path(str(run.settings.get("data", "")))
        try:
            each.append(_answered(path, run, where, own=data is None))
        except (PlainnetError, OSError) as error:
            if data is not None:
                raise
            say(f"The data of {run.title} cannot be used ({str(error).rstrip('.')}).")
            return "", []
    for part in PARTS if data is not None else PARTS[:2]:
        if all(part in one for one in each):
            taken = _common([one[part] for one in each])
            if taken:
                return ("" if data is not None else TRAINED_AS[part]), taken
    return "", []


def _answered(
    path: Path, run: ComparedRun, data: Path, own: bool
) -> dict[str, tuple[Dataset, Array]]:
    """Return each part of the data that a run has not learned from, with its answers."""
    splits = read_for(run.model, data, read_and_report)
    parts = parts_of(splits)
    if own:
        found = parts_of_run(path, run.model, splits, run.settings)
        parts = {name: part for name, part in found.parts.items() if found.own and name != "train"}
    else:
        parts = dict([*parts.items()][:1])
    return {name: (part, run.model.mean_answers(part)) for name, part in parts.items()}


def _common(each: Sequence[tuple[Dataset, Array]]) -> list[tuple[Dataset, Array]]:
    """Return the samples that are in all data sets, in one order, with their answers."""
    keys = [_keys(data) for data, _ in each]
    shared = [key for key in keys[0] if all(key in other for other in keys[1:])]
    if not shared:
        return []
    taken = []
    for (data, A), places in zip(each, keys, strict=True):
        rows = np.array([places[key] for key in shared])
        taken.append((data.take(rows), A[rows]))
    return taken


def _keys(data: Dataset) -> dict[Any, int]:
    """Return the row of each sample, by its file, its line, or its content and how often it was."""
    if data.paths is not None:
        return {path.resolve(): i for i, path in enumerate(data.paths)}
    if data.lines is not None:
        return {line: i for i, line in enumerate(data.lines.tolist())}
    keys: dict[Any, int] = {}
    for i, row in enumerate(data.X):
        content = blake2b(np.ascontiguousarray(row).data, digest_size=16).digest()
        key, again = (content, 0), 0
        while key in keys:
            key = (content, again := again + 1)
        keys[key] = i
    return keys


def _facts(runs: Sequence[ComparedRun]) -> dict[str, Any]:
    found = differences(runs)
    pairs = [
        {"run": run.title, **asdict(one), "beyond_noise": one.is_beyond_noise}
        for run, one in zip(runs[1:], found, strict=False)
    ]
    settings = {row[0]: row[1:] for row in setting_rows(runs)}
    return {
        "runs": [run.facts() for run in runs],
        "same_samples": bool(found),
        "differences_to_the_first": pairs,
        "settings_that_differ": settings,
    }
