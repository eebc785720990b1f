"""The run folder: everything that one training writes.

::

    runs/pets-1/
      model.safetensors   the classifier or regressor; all that answering needs
      settings.json       the recipe and where the data came from
      checkpoint.safetensors   during the training: all that resuming needs; of further networks
                               of an ensemble checkpoint.safetensors.2, .3, …
      history.csv         one row per epoch
      held_out.json       which training samples were held out, if any were
      metrics.json        the evaluations on validation and test data
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.data import Dataset
from plainnet.errors import ModelFileError
from plainnet.files.lock import locked
from plainnet.files.writing import check_writable, new_folder, numbered_folder, write_file
from plainnet.models.checkpoint import fingerprint
from plainnet.models.serialization import CHECKPOINT, MODEL
from plainnet.models.trainable import AnyModel

RUNS = Path("runs")
"""The default folder for runs."""

LOCK = ".training.lock"
"""A file that is locked while a training writes; after a killed one it remains, unlocked."""
SETTINGS = "settings.json"
HELD_OUT = "held_out.json"
_FILES = (MODEL, SETTINGS, "history.csv", "metrics.json", HELD_OUT)


@contextmanager
def new_run(folder: Path | None, stem: str = "run") -> Iterator[Path]:
    """Make a folder for a run, and remove it if it holds neither model nor checkpoint at the end.

    It is made before the work begins, so that an unwritable place is noticed before an evening's
    training.

    Args:
        folder: the folder; None: the next free one below `runs`, named after the stem.
        stem: the beginning of its name.

    Raises:
        FileError: as `own_folder`.
    """
    with own_folder(folder, stem) as made:
        try:
            yield made
        finally:
            if not ((made / MODEL).exists() or (made / CHECKPOINT).exists()):
                for name in _FILES:
                    with suppress(OSError):
                        (made / name).unlink(missing_ok=True)


@contextmanager
def own_folder(folder: Path | None, stem: str = "run") -> Iterator[Path]:
    """Make a folder and lock it against other trainings; remove it if it is empty at the end.

    Args:
        folder: new, empty, or left by a killed training; None: the first of `runs/<stem>-1`, `-2`,
            … that is free.
        stem: of the name of the folder in `runs`.

    Raises:
        FileError: it holds files, another training writes into it, or it cannot be made.
    """
    target = folder or RUNS / stem
    own = folder is None or not os.path.lexists(folder)
    parents = [path for path in target.parents if not os.path.lexists(path)]
    made = folder or numbered_folder(RUNS, stem)
    try:
        try:
            made.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError):
            new_folder(made)  # raises the reason
        killed = (made / LOCK).exists()
        with locked(made / LOCK, f"The folder {made}"):
            if killed:
                tidy_run(made)
            yield new_folder(made, allowed=(LOCK, SETTINGS) if killed else (LOCK,))
    finally:
        with suppress(OSError, ValueError):  # not empty: it stays
            for path in [made, *parents] if own else []:
                path.rmdir()


@contextmanager
def resumed_run(folder: Path) -> Iterator[Path]:
    """Return the folder of a run to resume, locked until the end.

    Raises:
        ModelFileError: there is nothing to resume.
        FileError: another training has resumed it, or it is not writable.
    """
    resumable_run(folder)
    check_writable(folder)
    with locked(folder / LOCK, f"The run {folder}"):
        resumable_run(folder)  # it may have ended meanwhile
        yield folder


def start_run(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings before the work begins.

    Args:
        folder: of the run.
        settings: what `settings.json` is to hold.

    Raises:
        FileError: the file cannot be written.
    """
    write_file(folder / SETTINGS, _json(settings))


def keep_run(folder: Path, model: AnyModel) -> None:
    """Write the model and its history, after which the training cannot be lost.

    Args:
        folder: of the run.
        model: trained.

    Raises:
        FileError: a file cannot be written.
    """
    model.save(folder / MODEL)
    rows = [epoch.as_row() for epoch in model.history]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(folder / "history.csv", text.getvalue())
    held_out: dict[str, Any] = {}
    if model.folds is not None:
        held_out = {"folds": [rows.tolist() for rows in model.folds]}
    elif model.held_out is not None:
        held_out = {"rows": model.held_out.tolist()}
    if held_out:
        held_out["data"] = fingerprint(model.training, model.validation)
        write_file(folder / HELD_OUT, json.dumps(held_out))


def split_of(folder: Path, model: AnyModel, train: Dataset) -> tuple[Dataset, Dataset] | None:
    """Return the samples that a run was trained on, and those that it held out.

    Args:
        folder: the run.
        model: of the run; it learns which of its networks held out which samples.
        train: all its training samples.

    Returns:
        Both parts; None if the folder does not record them, or the data have changed.
    """
    try:
        facts = json.loads((folder / HELD_OUT).read_text("utf-8"))
        folds = [np.array(rows, np.int64) for rows in facts.get("folds", [])]
        rows = np.unique(np.concatenate(folds)) if folds else np.array(facts["rows"], np.int64)
        others = train if folds else train.take(np.setdiff1d(np.arange(len(train)), rows))
        parts = others, train.take(rows)
        if fingerprint(*parts) != facts["data"]:
            return None
        if folds:
            model.training, model.validation, model.folds = *parts, folds
        return parts
    except (OSError, ValueError, LookupError, TypeError):
        return None


def finish_run(folder: Path, model: AnyModel, metrics: Mapping[str, Any]) -> None:
    """Write the evaluations, also into the model file.

    Args:
        folder: of the run.
        model: trained.
        metrics: the evaluations by the name of the data, as JSON.

    Raises:
        FileError: a file cannot be written.
    """
    model.quality = dict(metrics)
    model.save(folder / MODEL)
    write_file(folder / "metrics.json", _json(metrics))


def resumable_run(folder: Path) -> dict[str, Any]:
    """Return the settings of a run that can be resumed.

    Raises:
        ModelFileError: it is not a run, or its training is complete.
    """
    if not (folder / CHECKPOINT).exists():
        done = (folder / MODEL).exists()
        raise ModelFileError(
            f"The training of {folder} is complete and cannot resume; to train longer, start a new "
            "training with more --epochs."
            if done
            else f"{folder} holds no {CHECKPOINT}; name the folder of a run that was stopped."
        )
    try:
        settings = json.loads((folder / SETTINGS).read_text("utf-8"))
        if not isinstance(settings["data"], str):
            raise TypeError("data is no path")
        return {**settings, "recipe": dict(settings["recipe"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(
            f"The settings of the run {folder} cannot be read ({error}), so it cannot resume; "
            "start a new training."
        ) from error


def tidy_run(folder: Path) -> None:
    """Remove incomplete files of a killed process."""
    for name in (CHECKPOINT, *_FILES):
        for path in folder.glob(f".{name}.*"):
            with suppress(OSError):
                path.unlink()


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
