"""The files of a search in its run: what was asked, the log of trials, the result.

::

    runs/houses-1/
      search.json    what was asked, from which a search that was stopped goes on; then the result
      journal.log    the trials, in Optuna's format
      trials/        checkpoints of trials that are not finished
      trials.csv     the log: a row for each trial, the same on any number of workers
      tune.html      the page
      …              the files of a training: the model of the winner, its metrics, its report
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plainnet.errors import ModelFileError
from plainnet.files.lock import locked
from plainnet.files.writing import check_writable, write_file
from plainnet.models.run_folder import LOCK
from plainnet.tuning.study import Study

SEARCH, LOG = "search.json", "trials.csv"


def write_search(folder: Path, asked: Mapping[str, Any], study: Study | None = None) -> None:
    """Write what was asked, and the result if there is one.

    Raises:
        FileError: the file cannot be written.
    """
    facts = dict(asked)
    if study is not None:
        facts["result"] = result_of(study)
        write_file(folder / LOG, log_of(study))
    write_file(folder / SEARCH, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def read_search(folder: Path) -> dict[str, Any]:
    """Return what was asked of a search, to go on with it.

    Raises:
        ModelFileError: the folder holds no search.
    """
    try:
        asked = json.loads((folder / SEARCH).read_text("utf-8"))
        if not {"data", "options", "settings"} <= {*asked}:
            raise ValueError("it is incomplete")
    except (OSError, ValueError, TypeError) as error:
        raise ModelFileError(
            f"{folder} holds no search that could go on ({error}); name the run of a search that "
            "was stopped."
        ) from error
    return {name: value for name, value in asked.items() if name != "result"}


@contextmanager
def locked_search(folder: Path) -> Iterator[Path]:
    """Return the folder of a search to go on with, locked until the end.

    Raises:
        ModelFileError: the folder holds no search.
        FileError: another process works in it, or it is not writable.
    """
    read_search(folder)
    check_writable(folder)
    with locked(folder / LOCK, f"The run {folder}"):
        yield folder


def result_of(study: Study) -> dict[str, Any]:
    """Return the result of a search as JSON values."""
    best, compared = study.best, study.comparison
    return {
        "metric": study.metric,
        "trials": len(study.trials),
        "complete": len(study.complete),
        "winner": {"trial": best.number, "value": best.value, "settings": dict(best.settings)},
        "comparison": None if compared is None else compared.to_dict(),
    }


def log_of(study: Study) -> str:
    """Return the log as CSV: number, state, value, epochs and settings of each trial."""
    names = list(study.space)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", study.metric, "epochs", *names])
    for trial in study.trials:
        if trial.outcome is not None:
            outcome = trial.outcome
            point = ["" if trial.number == 0 else trial.params[name] for name in names]
            value = "" if outcome.value is None else repr(outcome.value)
            writer.writerow([trial.number, outcome.state, value, outcome.epochs, *point])
    return text.getvalue()
