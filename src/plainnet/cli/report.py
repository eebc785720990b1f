"""`plainnet report`: a page about a run."""

import csv
import json
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import click

from plainnet.cli.options import PathType, json_option, print_json
from plainnet.cli.reading import HELD_OUT, check_part, choose_part, read_and_report
from plainnet.cli.tables import of_table
from plainnet.cli.training_options import part_option
from plainnet.data import Dataset, Splits
from plainnet.models import AnyModel, load_any
from plainnet.models.evaluating import PARTS, parts_of, read_for
from plainnet.models.run_folder import split_of
from plainnet.pictures.check import check_splits, leaks, without_leaks
from plainnet.reports import printable, say
from plainnet.reports.check_text import check_sentences
from plainnet.reports.repeating import train_command
from plainnet.reports.report_data import Part, Report
from plainnet.reports.report_page import NAME, write_figures, write_report


@click.command("report")
@click.argument("run", type=PathType())
@click.argument("data", type=PathType())
@part_option
@click.option(
    "--out",
    type=PathType(),
    help="The page. [RUN/report.html; for data other than the run's own, RUN/report-NAME.html]",
)
@click.option("--figures", type=PathType(), help="Folder to write each chart to, as SVG.")
@json_option
def command(
    run: Path, data: Path, part: str | None, out: Path | None, figures: Path | None, as_json: bool
) -> None:
    """Write a page about RUN, measured on DATA: one self-contained HTML file.

    It shows scores and baselines, learning curves, the confusion matrix, calibration and the most
    confident mistakes, or the errors of predicted numbers, and the limits of the model.

    RUN is a run folder or a model file. DATA is anything that `plainnet train` takes.
    """
    model = load_any(run)
    settings = run_settings(run)
    check_part(data, part, HELD_OUT)
    splits = read_for(model, data, read_and_report)
    findings = None if of_table(splits) else check_sentences(check_splits(splits))
    own, known, parts = parts_of_run(run, model, splits, settings)
    name = choose_part(data, parts, part)
    rows = history_of(run)
    report = Report.of(
        title_of(run),
        model,
        parts[name],
        part=TRAINED_AS[name] if own else "other",
        history=rows,
        kept_epoch=model.trained.get("kept_epoch"),
        counts={TRAINED_AS[n]: _counts(p) for n, p in reversed(parts.items())} if known else {},
        settings=settings,
        command=train_command(settings, model.recipe, type(model)().recipe) if settings else "",
        findings=findings,
    )
    written = write_report(out or _beside(run, data, own), report)
    charts = write_figures(figures, report) if figures else []
    if as_json:
        shown = {"report": str(written), "figures": [*map(str, charts)], "part": name}
        print_json({**shown, **report.evaluation.to_dict()})
        return
    print(f"written  {printable(str(written))}")
    if figures:
        print(f"figures  {len(charts)} in {printable(str(figures))}")


TRAINED_AS: Mapping[str, Part] = {"test": "test", "validation": "validation", "train": "training"}
"""The names of the parts in a training."""


def report_training(
    model: AnyModel, splits: Splits, folder: Path, findings: Sequence[str] | None
) -> Path | None:
    """Write the page about a training that has just ended; print a sentence if that fails.

    The model is measured on the test samples, or else on the validation samples, or else on the
    training samples.

    Returns:
        The path of the page, or None if it could not be written.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the sentence.
    """
    choices: dict[Part, Dataset | None] = {
        "test": splits.test,
        "validation": model.validation,
        "training": model.training,
    }
    parts = {name: data for name, data in choices.items() if data is not None}
    name = next(iter(parts))
    settings = run_settings(folder)
    kept = model.best_epoch
    try:
        report = Report.of(
            title_of(folder),
            model,
            parts[name],
            part=name,
            history=[epoch.as_row() for epoch in model.latest_history],
            kept_epoch=kept.number if kept else None,
            findings=findings,
            counts={name: _counts(parts[name]) for name in reversed(parts)},
            settings=settings,
            command=train_command(settings, model.recipe, type(model)().recipe),
        )
        return write_report(folder, report)
    except (Exception, KeyboardInterrupt) as error:  # without its page, the run is still complete
        again = f"plainnet report {shlex.quote(str(folder))} {shlex.quote(str(splits.path))}"
        stopped = isinstance(error, KeyboardInterrupt)
        why = str(error).rstrip(". ") or ("it was stopped" if stopped else type(error).__name__)
        say(f"The run is complete, but its report was not written ({why}); to try again: {again}")
        if stopped:
            raise
        return None


class RunParts(NamedTuple):
    """The parts of some data, and what a run did with them."""

    own: bool
    """Whether the run was trained on these data."""
    known: bool
    """Whether it is also known which samples it held out."""
    parts: dict[str, Dataset]


def parts_of_run(
    run: Path, model: AnyModel, splits: Splits, settings: Mapping[str, Any]
) -> RunParts:
    """Return the parts of data; those that a run was trained on are split as it did."""
    if not _same(settings.get("data"), splits.path):
        return RunParts(False, False, parts_of(splits))
    if settings.get("drop_leaks"):
        splits = without_leaks(splits, leaks(splits))
    parts, known = parts_of(splits), True
    if "validation" in model.trained.get("samples", {}) and "validation" not in parts:
        parts, known = _with_held_out(run, model, parts)
    return RunParts(True, known, parts)


def _with_held_out(
    run: Path, model: AnyModel, parts: dict[str, Dataset]
) -> tuple[dict[str, Dataset], bool]:
    """Split the training part as the run did; the second value says whether that is possible."""
    split = split_of(run, model, parts["train"]) if "train" in parts else None
    if split is None:
        say(
            f"{printable(str(run))} does not say which of these samples it has held out, or they "
            "have changed since; all of them count as training samples."
        )
        return parts, False
    found = {**parts, "train": split[0], "validation": split[1]}
    return {name: found[name] for name in PARTS if name in found}, True


def _counts(data: Dataset) -> dict[str, int]:
    """Count the samples of each class, or all samples if there are no classes."""
    return data.counts() or {"": len(data)}


def run_settings(run: Path) -> dict[str, Any]:
    """Read the settings of a run; {} if there are none.

    They are without the recipe, which is in the model, and without the working directory and the
    folder of event files, which are private.
    """
    with suppress(OSError, ValueError):
        settings = json.loads((run / "settings.json").read_text("utf-8"))
        if isinstance(settings, dict):
            return {
                name: value
                for name, value in settings.items()
                if name not in ("recipe", "from", "tensorboard")
            }
    return {}


def history_of(run: Path) -> list[dict[str, float]]:
    """Read the rows of the run's history; [] if there is none, or it is malformed."""
    with (
        suppress(OSError, ValueError, TypeError, KeyError),
        (run / "history.csv").open(newline="") as file,
    ):
        rows = [
            {name: float(value) for name, value in row.items() if value}
            for row in csv.DictReader(file)
        ]
        return rows[-int(rows[-1]["epoch"]) :] if rows else []  # the last network of an ensemble
    return []


def _same(noted: object, data: Path) -> bool:
    """Say whether the run was trained on this data."""
    return isinstance(noted, str) and Path(noted).resolve() == data.resolve()


def _beside(run: Path, data: Path, own: bool) -> Path:
    """Return the default path of the page."""
    name = NAME if own else f"report-{data.resolve().stem or 'data'}.html"
    return run / name if run.is_dir() else run.with_name(f"{run.stem}-{name}")


def title_of(run: Path) -> str:
    """Return the name of a run or a model file."""
    path = run.resolve()
    return printable(path.name if path.is_dir() else path.stem)
