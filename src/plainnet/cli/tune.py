"""`plainnet tune`: search for settings that suit the data, and train with the best ones."""

import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from plainnet.cli import tables
from plainnet.cli.features import choose_features, features_for, found
from plainnet.cli.interrupt import begun_whole
from plainnet.cli.learning import train_run
from plainnet.cli.options import (
    Decorated,
    PathType,
    Sectioned,
    Sections,
    engine_option,
    given,
    print_json,
    workers_option,
)
from plainnet.cli.reading import check_before_reading, checked, read_and_report
from plainnet.cli.report import report_training, run_settings, title_of
from plainnet.cli.train import check_apart, name_of_run
from plainnet.errors import DataError, PlainnetError, SettingError
from plainnet.files.writing import write_file
from plainnet.metrics.evaluation import Evaluation
from plainnet.models import CHECKPOINT, RUNS, Recipe, finish_run, own_folder
from plainnet.reports import say
from plainnet.reports.evaluation_text import evaluation_text
from plainnet.reports.repeating import train_command
from plainnet.reports.text import count, duration
from plainnet.reports.tune_page import NAME, tune_page
from plainnet.reports.tune_text import model_line, result_text, trial_line
from plainnet.training.processes import Processes
from plainnet.tuning.material import parts_for
from plainnet.tuning.optuna_package import needs_optuna
from plainnet.tuning.run import SEARCH, locked_search, read_search, result_of, write_search
from plainnet.tuning.space import read_space
from plainnet.tuning.study import Options, Study, begin
from plainnet.tuning.trial import Trial

JOURNAL, TRIALS = "journal.log", "trials"
"""The journal of a search in its run, and the folder for checkpoints of its trials."""
OF_SEARCH = {field.name for field in fields(Options)} - {"seed"}


def _option(*names: str, **how: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*names, cls=Sectioned, section="Search", **how)


@click.command("tune", cls=Sections)
@click.argument("data", type=PathType(), required=False)
@_option("--trials", type=int, help="Number of settings to try. [50]")
@_option("--minutes", type=float, help="Time of the search. [until all trials are done]")
@_option(
    "--metric",
    metavar="NAME",
    help="What to search for: log-loss, accuracy, roc-auc or mean-cost for classes, rmse, mae or "
    "r2 for numbers. [log-loss, rmse]",
)
@_option(
    "--space",
    type=PathType(),
    metavar="FILE",
    help="The settings to vary, a .json or .toml file; see docs/tuning.md. [by the kind of data]",
)
@_option("--per-round", type=int, help="Trials proposed at once. [8]")
@_option(
    "--unseen-share",
    type=float,
    metavar="SHARE",
    help="Share of the samples to measure the winner on, if there is no test part. [0.2]",
)
@_option(
    "--blend",
    type=int,
    metavar="N",
    help="Make one ensemble of the best N trials and the default settings. [1: the winner alone]",
)
@workers_option
@engine_option
@_option(
    "--join",
    metavar="STUDY",
    help="Share the trials with other processes through a journal file on a shared disk, or a "
    "database, postgresql+pg8000://host/name. Without --out it only helps.",
)
@_option("--resume", metavar="RUN", type=PathType(), help="Go on with a search that was stopped.")
@_option("--report/--no-report", default=True, help="Write report.html as well.")
@_option(
    "--drop-leaks",
    is_flag=True,
    help="Leave out training samples that are in the validation or test part as well.",
)
@click.option("--out", type=PathType(), help="The run, a new folder. [runs/NAME-1, -2, …]")
@tables.training_options
def command(
    data: Path | None,
    out: Path | None,
    resume: Path | None,
    join: str | None,
    workers: int,
    engine: str,
    report: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Search for settings that suit DATA, and train with the best ones.

    DATA is anything that `plainnet train` takes. Settings that are given are fixed; others are
    searched for. The first trial has the default settings. At the end the winner is measured beside
    them on samples that the search has never seen.

    A search that was stopped goes on with `plainnet tune --resume RUN`, also after a kill.
    """
    needs_optuna()
    asked = _resumed(resume, options, data) if resume else _asked(data, options)
    where, crew = Path(asked["data"]), Processes(workers, engine)
    if join and not (out or resume):
        with tempfile.TemporaryDirectory() as folder:
            study = _search(_begun(asked, crew, Path(folder), join))
        say(f"{count(len(study.trials), 'trial')} of {study.plan.trials} are done.")
        return 0
    check_apart(out or RUNS, where)
    new = own_folder(_new(out), name_of_run(where))
    run: AbstractContextManager[Path] = locked_search(resume) if resume else new
    with begun_whole(run) as made, _begun_or_gone(made, bool(resume)):
        write_search(made, asked)
        study = _search(_begun(asked, crew, made, join))
        code, results = _train(study, asked, made)
        if code or study.model is None:
            return code
        if report:
            report_training(study.model, study.parts.whole, made, None)
        line = _page(study, made)
    if as_json:
        measured = {name: result.to_dict() for name, result in results.items()}
        print_json({"run": str(made), **result_of(study), "command": line, **measured})
        return 0
    for name, result in results.items():
        print(f"{evaluation_text(result, name)}\n")
    print(result_text(study), "", f"page     {made / NAME}", f"written  {made}", sep="\n")
    print(f"train    {line}")
    return 0


def _asked(data: Path | None, options: dict[str, Any]) -> dict[str, Any]:
    """Return everything that was asked, as JSON values.

    Raises:
        SettingError: options that do not fit each other or the data.
    """
    if data is None:
        raise click.UsageError("Missing argument 'DATA': name the data to search settings for.")
    table = tables.pop_table_options(options)
    of_search = {n: options.pop(n) for n in Options.__dataclass_fields__ if n in options}
    if of_search.get("space") is not None:
        of_search["space"] = read_space(of_search["space"])
    noted = {name: options.pop(name) for name in ("strict", "drop_leaks")}
    features = options.pop("features")
    settings = given(options)
    of_search["seed"] = settings.get("seed", 0)
    Options(**given(of_search))  # raises for impossible values
    check_before_reading(data, tables.TableOptions.of(table), features, Recipe.of(settings))
    features = choose_features(features, data, settings).features
    _, features_noted = features_for(features, {}, Recipe.of(settings))
    return {
        "data": str(data),
        "from": str(Path.cwd()),
        "options": given(of_search),
        "settings": settings,
        "table": {name: value for name, value in table.items() if value},
        "noted": {**noted, **features_noted},
    }


def _resumed(run: Path, options: dict[str, Any], data: Path | None) -> dict[str, Any]:
    """Return what was asked of a search that goes on, with other trials, time or blend.

    Raises:
        SettingError: other options.
    """
    asked = read_search(run)
    new = {name: options.pop(name) for name in ("trials", "minutes", "blend")}
    if any(value not in (None, False, ()) for value in options.values()):
        raise SettingError(
            "--resume goes on with the search as it was asked for; give --trials, --minutes, "
            "--blend, --workers and --engine only."
        )
    asked["options"] = {**asked["options"], "minutes": None, **given(new)}
    where = data or found(asked, Path(asked["data"]))
    if where is None:
        raise SettingError(
            f"The search is about {asked['data']}, which is missing; name where the data are now: "
            f"plainnet tune DATA --resume {shlex.quote(str(run))}."
        )
    return {**asked, "data": str(where)}


def _new(out: Path | None) -> Path | None:
    """Return the folder of a new search.

    Raises:
        SettingError: it holds a search already.
    """
    if out is not None and (out / SEARCH).exists():
        raise SettingError(
            f"{out} holds a search already; go on with it, plainnet tune --resume "
            f"{shlex.quote(str(out))}, or name another folder."
        )
    return out


def _begun(asked: Mapping[str, Any], crew: Processes, folder: Path, join: str | None) -> Study:
    """Read the data, and make or open the study."""
    table = tables.TableOptions.of(asked["table"])
    recipe, noted = Recipe.of(asked["settings"]), asked["noted"]
    features = noted.get("features")
    extractor, _ = features_for(None if features is None else Path(features), noted, recipe)
    how: dict[str, Any] = {"size": recipe.size, "grey": recipe.grey, "strict": noted["strict"]}
    splits = read_and_report(Path(asked["data"]), **how, extractor=extractor, asked=table)
    splits, _ = checked(splits, drop_leaks=noted["drop_leaks"])
    if splits.train is None:
        raise DataError(f"{splits.path} holds test data only; a search needs training data too.")
    model = tables.model_for(splits.train, asked["settings"], table)
    options = Options(**asked["options"])
    parts = parts_for(model, splits, None, options.unseen_share)
    checkpoints = Path(f"{join}.{TRIALS}") if join and "://" not in join else folder / TRIALS
    where: dict[str, Any] = {"journal": join or folder / JOURNAL, "checkpoints": checkpoints}
    where |= {"given": asked["settings"], "shared": bool(join)}
    return begin(model, parts, options, crew, **where)


def _search(study: Study) -> Study:
    """Work on the trials, with a line on stderr for each."""
    done, of = len(study.trials), study.plan.trials
    samples = count(len(study.parts.train))
    say(f"{'search':10}  {samples}; {count(len(study.parts.unseen))} unseen")
    say(f"{'settings':10}  {', '.join(study.space)}")
    if done:
        say(f"{'resumed':10}  after {count(done, 'trial')}")
    values = [trial.value for trial in study.complete if trial.value is not None]

    def report(trial: Trial) -> None:
        if trial.value is not None:
            values.append(trial.value)
        best = (max if study.plan.higher_is_better else min)(values, default=None)
        say(trial_line(trial, study, best))
        if trial.number == 0 and trial.outcome is not None:
            most = trial.outcome.seconds * of / study.place.processes.n
            say(f"{'time':10}  about {duration(most)} at most, if others take as long")

    study.search(report)
    return study


def _train(
    study: Study, asked: Mapping[str, Any], folder: Path
) -> tuple[int, dict[str, Evaluation]]:
    """Train with the winner's settings as `train` does, and measure the winner."""
    write_search(folder, asked, study)  # the search is done, whatever happens now
    say(f"\n{model_line(study)} trained on all samples of the search.")
    model = study.model_type(**study.settings)
    how: dict[str, Any] = {"noted": {**asked["noted"], **asked["table"], "data": asked["data"]}}
    how |= {"resume": (folder / CHECKPOINT).exists(), "at_once": study.place.processes.n_here}
    code, results = train_run(model, study.parts.learned, folder, **how)
    if not code:
        results["test"] = model.evaluate(study.parts.unseen)
        finish_run(folder, model, {name: result.to_dict() for name, result in results.items()})
        study.finish(model)
        write_search(folder, asked, study)
    return code, results


def _page(study: Study, folder: Path) -> str:
    """Write the page about the search; return the command that trains with its winner."""
    usual = study.model_type().recipe
    line = train_command(run_settings(folder), study.model_type(**study.settings).recipe, usual)
    write_file(folder / NAME, tune_page(study, title_of(folder), line))
    return line


@contextmanager
def _begun_or_gone(folder: Path, resumed: bool) -> Iterator[None]:
    """Print how to go on with a search that is stopped; leave nothing of one that cannot begin."""
    try:
        yield
    except PlainnetError:
        if not (resumed or (folder / TRIALS).exists()):
            (folder / SEARCH).unlink(missing_ok=True)
        raise
    except KeyboardInterrupt:
        say(f"To go on:  plainnet tune --resume {shlex.quote(str(folder))}")
        raise
