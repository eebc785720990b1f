"""`plainnet train`: from a folder of pictures to a run folder."""

import os
import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from plainnet.checks import at_home
from plainnet.cli.features import features_for, found
from plainnet.cli.interrupt import begun_whole, code_of
from plainnet.cli.learning import EVENTS, train_run
from plainnet.cli.options import (
    PathType,
    Sections,
    features_option,
    given,
    json_option,
    print_json,
    recipe_options,
)
from plainnet.cli.reading import checked, read_told
from plainnet.cli.report import report_training
from plainnet.cli.tables import (
    TableOptions,
    check_target,
    model_for,
    pop_table_options,
    table_options,
)
from plainnet.data import Splits
from plainnet.errors import SettingError
from plainnet.metrics.evaluation import Evaluation
from plainnet.models import (
    RUNS,
    AnyModel,
    Recipe,
    new_run,
    resumable_run,
    resumed_run,
)
from plainnet.pictures.check.data_report import left_out_facts
from plainnet.reports import evaluation_text
from plainnet.reports.tensorboard import needs_tensorboard

SAMPLES = {"picture": "PICTURE", "row": "TABLE.csv", "sample": "FEATURES.npy"}
"""What a run can be asked about, by the kind of its inputs."""


@click.command("train", cls=Sections)
@click.argument("data", type=PathType(), required=False)
@click.option("--out", type=PathType(), help="The run, a new folder. [runs/NAME-1, -2, …]")
@click.option("--strict", is_flag=True, help="Stop at an unreadable picture, do not leave it out.")
@click.option(
    "--drop-leaks",
    is_flag=True,
    help="Leave out training samples that are in the validation or test part as well.",
)
@click.option(
    "--resume",
    metavar="RUN",
    type=PathType(),
    help="Go on with a run that was stopped, with its own settings; DATA says where the data are "
    "if they were moved.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0),
    default=5,
    help="That an epoch may take before a checkpoint is written in its midst. [5]",
)
@click.option(
    "--tensorboard",
    type=PathType(),
    metavar="FOLDER",
    help="Write the figures of each epoch there, for TensorBoard.",
)
@click.option("--report/--no-report", default=True, help="Write a page about the run, report.html.")
@features_option
@recipe_options
@table_options
@json_option
def command(
    data: Path | None,
    out: Path | None,
    strict: bool,
    drop_leaks: bool,
    resume: Path | None,
    minutes: float,
    tensorboard: Path | None,
    report: bool,
    features: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Learn to tell the classes in DATA apart, and write what was learned as a run folder.

    DATA is a folder with a folder of pictures for each class. There may be train, validation and
    test folders around these; otherwise some pictures are held out to watch the training.

    Nothing is lost when a training is stopped, by whatever: `plainnet train --resume RUN` goes on
    where it was, and comes out as if it had never stopped.

    DATA can also be a table, a .csv or .parquet file: --target names the column to be predicted,
    as classes or as a number. In a folder it is called train, beside validation and test. Or a
    folder with MNIST-style IDX files or with the deep-learning course's two .h5
    files, or an .npz file with arrays X and y.
    """
    table, how = pop_table_options(options), {"strict": strict, "drop_leaks": drop_leaks}
    others = (out, features, *table.values(), *how.values(), *given(options))
    if resume and any(others):
        raise SettingError(
            "--resume goes on with the settings that the run began with; leave the others out."
        )
    asked, settings = TableOptions.of(table), resumable_run(resume) if resume else {}
    if resume:
        data, options = data or _where_it_was(settings, resume), settings["recipe"]
        asked, how = TableOptions.of(settings), {name: bool(settings.get(name)) for name in how}
    elif data is None:
        raise click.UsageError("Missing argument 'DATA': name what to learn from.")
    else:
        _check_apart(out or RUNS, data)
        check_target(data, asked, features)
    recipe = Recipe.of(given(options))
    extractor, noted = features_for(features, settings, recipe)
    noted |= how | _events(tensorboard, settings, data) | (asked.noted() if asked else {})
    run = resumed_run(resume) if resume else new_run(out, _name(data))
    with begun_whole(run) as folder:  # or a kill could leave an empty one
        seen = partial(read_told, size=recipe.size, grey=recipe.grey, strict=how["strict"])
        splits = seen(data, extractor=extractor, asked=asked)
        model = model_for(splits.train, given(options), asked)
        splits, findings = checked(splits, drop_leaks=how["drop_leaks"])
        go: dict[str, Any] = {"resume": bool(resume), "minutes": minutes, "noted": noted}
        code, results = train_run(model, splits, folder, **go)
        wanted = report and model.history and (results or not code)
        page, stopped = _page(model, splits, folder, findings) if wanted else (None, 0)
    if not model.history:
        return code
    _tell(results, page, model, folder, splits if as_json else None)
    return code or stopped


def _page(
    model: AnyModel, splits: Splits, folder: Path, findings: Sequence[str] | None
) -> tuple[Path | None, int]:
    """The page about the training, where it could be written; the exit code, if it was stopped."""
    try:
        return report_training(model, splits, folder, findings), 0
    except KeyboardInterrupt as stop:
        return None, code_of(stop)


def _tell(
    results: Mapping[str, Evaluation],
    page: Path | None,
    model: AnyModel,
    folder: Path,
    splits: Splits | None,
) -> None:
    """What was measured, and what was written where; as JSON of these data, if they are given."""
    if splits is not None:
        measured = {name: result.to_dict() for name, result in results.items()}
        facts = {**_facts(model), **left_out_facts(splits)}
        print_json({"run": str(folder), **facts, **measured})
        return
    for name, result in results.items():
        print(f"{evaluation_text(result, name)}\n")
    print(*([f"report   {page}"] if page else []), _where(model, folder), sep="\n")


def _events(folder: Path | None, settings: Mapping[str, Any], data: Path) -> dict[str, str]:
    """What is to be noted of the folder for TensorBoard: this one, or that the run began with."""
    noted = settings.get(EVENTS)
    if folder is None and isinstance(noted, str):
        folder = Path(str(settings.get("from", "."))) / noted
    if folder is None:
        return {}
    needs_tensorboard()
    _check_apart(folder, data, "The event files", "--tensorboard")
    return {EVENTS: str(folder)}


def _check_apart(out: Path, data: Path, what: str = "The run", option: str = "--out") -> None:
    """A SettingError if it were to lie in the data, where it would be taken for a class."""
    if _real(out).is_relative_to(_real(data)):
        raise SettingError(
            f"{what} would be written into {data} itself, where the next training would take it "
            f"for a class; name a folder elsewhere with {option}."
        )


def _where_it_was(settings: dict[str, Any], run: Path) -> Path:
    """The data of a run that goes on, also from another folder than it began in."""
    noted = Path(settings["data"])
    where = found(settings, noted)
    if where is None:
        raise SettingError(
            f"The run was trained on {noted}, which is not here; name where it is now: "
            f"plainnet train DATA --resume {shlex.quote(str(run))}."
        )
    return where


def _name(data: Path) -> str:
    """What a run on this data is called: as the folder, or the file without its ending."""
    path = _real(data)
    return (path.stem if path.is_file() else path.name) or "run"


def _real(path: Path) -> Path:
    # unlike resolve, at peace with links in a ring
    return Path(os.path.realpath(at_home(path)))


def _kept(model: AnyModel) -> int:
    kept = model.best_epoch
    return kept.number if kept else 0


def _kept_text(model: AnyModel) -> str:
    n, epochs = len(model.networks), len(model.latest_history)
    last = f", in the last of {n} networks" if n > 1 else ""
    return f"epoch {_kept(model)} of {epochs}{last}"


def _facts(model: AnyModel) -> dict[str, Any]:
    return {
        "classes": [],  # of a number
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
