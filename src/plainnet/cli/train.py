"""`plainnet train`: from data to a run folder."""

import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from plainnet.checks import at_home
from plainnet.cli import tables
from plainnet.cli.distributed import follow, helping, is_helper, workers_for
from plainnet.cli.features import CHOSEN, choose_features, features_for, found
from plainnet.cli.interrupt import begun_whole, code_of
from plainnet.cli.learning import EVENTS, train_run
from plainnet.cli.options import PathType, Sections, given, print_json
from plainnet.cli.reading import check_before_reading, checked, read_and_report
from plainnet.cli.report import report_training
from plainnet.data import Splits
from plainnet.errors import SettingError
from plainnet.metrics.evaluation import Evaluation
from plainnet.models import RUNS, AnyModel, Recipe, new_run, resumable_run, resumed_run
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import say
from plainnet.reports.evaluation_text import evaluation_text
from plainnet.reports.learning_curve import FEW, how_sure
from plainnet.reports.tensorboard import needs_tensorboard
from plainnet.training import Workers

SAMPLES = {"picture": "PICTURE", "row": "TABLE.csv", "sample": "FEATURES.npy"}
"""Placeholder of the files to predict, by the noun of the model's inputs."""
REPEATED = ("minutes", "tensorboard", "report", "workers", "as_json")
"""Options that a resumed training takes, too."""


@click.command("train", cls=Sections)
@click.argument("data", type=PathType(), required=False)
@click.option("--out", type=PathType(), help="The run, a new folder. [runs/NAME-1, -2, …]")
@click.option(
    "--drop-leaks",
    is_flag=True,
    help="Leave out training samples that are in the validation or test part as well.",
)
@click.option(
    "--resume",
    metavar="RUN",
    type=PathType(),
    help="Continue a run that was stopped, with its own settings; DATA is needed only if the data "
    "were moved.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0),
    default=5,
    help="Time between checkpoints within a long epoch. [5]",
)
@click.option(
    "--tensorboard",
    type=PathType(),
    metavar="FOLDER",
    help="Write the metrics of each epoch to this folder, for TensorBoard.",
)
@click.option("--report/--no-report", default=True, help="Write a page about the run, report.html.")
@click.option(
    "--distributed",
    is_flag=True,
    help="Share the training out to the processes that mpiexec has started: "
    "mpiexec -n 4 plainnet train DATA --distributed.",
)
@click.option(
    "--workers",
    default=1,
    metavar="N",
    help="Networks of an ensemble to train at once, each in a process of its own; the model does "
    "not depend on it. [1]",
)
@tables.training_options
def command(data: Path | None, resume: Path | None, distributed: bool, **options: Any) -> int:
    """Train a network on DATA, and write the model as a run folder.

    DATA is a folder with a folder of pictures for each class. These may be inside train, validation
    and test folders; otherwise some pictures are held out for validation.

    DATA can also be a table, a .csv or .parquet file: --target names the column to predict, as
    classes or as a number. In a folder of tables, they are named train, validation and test. It can
    also be a folder with MNIST-style IDX files or a course's two .h5 files, or an .npz file with
    arrays X and y.

    A training that was stopped can be continued: `plainnet train --resume RUN` ends with the same
    result as a training without a break.
    """
    settings = _settings_of(resume, options) if resume else {}
    if data is None and resume is not None:
        data = _data_of(settings, resume)
    if data is None:
        raise click.UsageError("Missing argument 'DATA': name the data to train on.")
    how = {name: options.pop(name) for name in ("strict", "drop_leaks")}
    together = workers_for(distributed, settings if resume else None)
    with helping(together):
        return _train(data, resume, settings, how, together=together, **options)


def _settings_of(run: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run to resume; other options than REPEATED would contradict them."""
    others = [value for name, value in options.items() if name not in REPEATED]
    if not all(value is None or value is False or value == () for value in others):
        raise SettingError("--resume continues with the run's own settings; leave others out.")
    return resumable_run(run)


def _train(
    data: Path,
    resume: Path | None,
    settings: dict[str, Any],
    how: dict[str, bool],
    *,
    out: Path | None,
    minutes: float,
    tensorboard: Path | None,
    report: bool,
    features: Path | None,
    as_json: bool,
    workers: int,
    together: Workers | None,
    **options: Any,
) -> int:
    """Train, write the run and print the results; return the exit code."""
    table, hint = tables.pop_table_options(options), ""
    chosen: Mapping[str, Any] = {CHOSEN: settings[CHOSEN]} if CHOSEN in settings else {}
    if resume:
        table, options = settings, settings["recipe"]
        how = {name: bool(settings.get(name)) for name in how}
    asked = tables.TableOptions.of(table)
    if not resume:
        check_apart(out or RUNS, data)
        check_before_reading(data, asked, features, Recipe.of(given(options)))
        features, hint, chosen = choose_features(features, data, given(options))
    recipe = Recipe.of(given(options))
    extractor, noted = features_for(features, settings, recipe)
    noted |= {**how, **chosen, **_events(tensorboard, settings, data)}
    noted |= asked.noted() if asked else {}
    with begun_whole(
        _run(resume, out, data, together)
    ) as folder:  # otherwise a signal could leave an empty folder
        read = partial(read_and_report, size=recipe.size, grey=recipe.grey, strict=how["strict"])
        splits = read(data, extractor=extractor, asked=asked)
        model = tables.model_for(splits.train, given(options), asked)
        splits, findings = checked(splits, drop_leaks=how["drop_leaks"])
        go: dict[str, Any] = {"resume": bool(resume), "minutes": minutes, "workers": together}
        if is_helper(together):
            return follow(model, splits, folder, **go)
        code, results = train_run(model, splits, folder, noted=noted, at_once=workers, **go)
        wanted = report and model.history and (results or not code)
        page, stopped = _page(model, splits, folder, findings) if wanted else (None, 0)
    _print_results(results, page, model, folder, splits if as_json else None, hint)
    return code or stopped


def _run(
    resume: Path | None, out: Path | None, data: Path, workers: Workers | None
) -> AbstractContextManager[Path]:
    """Return the folder of the run as a context, which only the first worker writes to.

    Enter it whole: otherwise a signal could leave an empty folder.
    """
    if is_helper(workers):
        return nullcontext(resume or Path())
    return resumed_run(resume) if resume else new_run(out, name_of_run(data))


def _page(
    model: AnyModel, splits: Splits, folder: Path, findings: Sequence[str] | None
) -> tuple[Path | None, int]:
    """Write the page about the training; return its path, if any, and the exit code if stopped."""
    try:
        return report_training(model, splits, folder, findings), 0
    except KeyboardInterrupt as stop:
        return None, code_of(stop)


def _print_results(
    results: Mapping[str, Evaluation],
    page: Path | None,
    model: AnyModel,
    folder: Path,
    splits: Splits | None,
    hint: str,
) -> None:
    """Print the scores and the files written, as JSON if the data are given; then any hint."""
    if not model.history:
        return
    if hint:
        say(hint)
    if splits is not None:
        measured = {name: result.to_dict() for name, result in results.items()}
        facts = {**_facts(model), **left_out_facts(splits)}
        print_json({"run": str(folder), **facts, **measured})
        return
    for name, result in results.items():
        print(f"{evaluation_text(result, name)}\n")
    if results and (few := _few(model, [*results.values()][-1])):
        print(f"{few}\n")
    print(*([f"report   {page}"] if page else []), _where(model, folder), sep="\n")


def _few(model: AnyModel, result: Evaluation) -> str:
    """Say how uncertain the scores of few pictures are, and what shows more; "" if of many."""
    counts = model.trained["samples"]["training"]
    if not (model.picture_shape and model.answers.classes) or min(counts) >= FEW:
        return ""
    sure = how_sure(result.scores()[0], int(result.n) // len(counts), "pictures")
    more = "`plainnet cross-validate DATA --learning-curve` measures on all of them, and estimates"
    return f"{sure} {more} what more would give." if sure else ""


def _events(folder: Path | None, settings: Mapping[str, Any], data: Path) -> dict[str, str]:
    """Return the setting for TensorBoard's folder: the one given, or that of a resumed run."""
    noted = settings.get(EVENTS)
    if folder is None and isinstance(noted, str):
        folder = Path(str(settings.get("from", "."))) / noted
    if folder is None:
        return {}
    needs_tensorboard()
    check_apart(folder, data, "The event files", "--tensorboard")
    return {EVENTS: str(folder)}


def check_apart(out: Path, data: Path, what: str = "The run", option: str = "--out") -> None:
    """Refuse an output folder inside the data, where it would be read as a class."""
    if _real(out).is_relative_to(_real(data)):
        raise SettingError(
            f"{what} would be written into {data} itself, where the next training would take it "
            f"for a class; name a folder elsewhere with {option}."
        )


def _data_of(settings: Mapping[str, Any], run: Path) -> Path:
    """Find the data of a resumed run, even if it began in another working directory."""
    noted = Path(settings["data"])
    where = found(settings, noted)
    if where is None:
        raise SettingError(
            f"The run was trained on {noted}, which is missing; name where the data are now: "
            f"plainnet train DATA --resume {shlex.quote(str(run))}."
        )
    return where


def name_of_run(data: Path) -> str:
    """Name a run after its data: the folder, or the file without its ending."""
    path = _real(data)
    return (path.stem if path.is_file() else path.name) or "run"


def _real(path: Path) -> Path:
    return Path(os.path.realpath(at_home(path)))  # unlike resolve(), it accepts circular links


def _kept(model: AnyModel) -> int:
    kept = model.best_epoch
    return kept.number if kept else 0


def _kept_text(model: AnyModel) -> str:
    n, epochs = len(model.networks), len(model.latest_history)
    last = f", in the last of {n} networks" if n > 1 else ""
    return f"epoch {_kept(model)} of {epochs}{last}"


def _facts(model: AnyModel) -> dict[str, Any]:
    return {
        "classes": [],  # of a regressor
        **model.answers.facts(model.networks),
        "networks": len(model.networks),
        "epochs": len(model.history),
        "kept_epoch": _kept(model),
        "parameters": model.network.n_parameters,
        "seconds": round(sum(epoch.seconds for epoch in model.history), 3),
    }


def _where(model: AnyModel, folder: Path) -> str:
    lines = [
        f"kept     {_kept_text(model)}",
        f"written  {folder}",
        f"try      plainnet predict {shlex.quote(str(folder))} {SAMPLES[model.inputs.noun]}",
    ]
    return "\n".join(lines)
