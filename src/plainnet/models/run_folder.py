"""The run folder: everything that one training leaves behind.

::

    runs/pets-1/
      model.safetensors   the classifier or regressor; all that answering needs
      settings.json       the recipe and where the data came from
      checkpoint.safetensors   while it trains: all that going on needs
      history.csv         one row an epoch
      held_out.json       which training samples were held out, if any were
      metrics.json        what was measured, on validation and test data
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np

from plainnet.data import Dataset
from plainnet.errors import ModelFileError
from plainnet.files.lock import locked
from plainnet.files.model_file import read_model
from plainnet.files.writing import check_writable, new_folder, numbered_folder, write_file
from plainnet.models.checkpoint import fingerprint
from plainnet.models.classifier import Classifier
from plainnet.models.regressor import Regressor
from plainnet.models.serialization import CHECKPOINT, MODEL, model_at, restore_model
from plainnet.models.trainable import AnyModel

RUNS = Path("runs")
"""Where a run goes that is not told where to."""

LOCK = ".training.lock"
"""Locked while a training writes into the folder; a killed one leaves the file, unlocked."""
SETTINGS = "settings.json"
HELD_OUT = "held_out.json"
_FILES = (MODEL, SETTINGS, "history.csv", "metrics.json", HELD_OUT)


@contextmanager
def new_run(folder: Path | None, stem: str = "run") -> Iterator[Path]:
    """A new folder for a run, gone again if neither model nor checkpoint is in it at the end.

    It is made before the work begins, so that an evening's training is not the first to find out
    that nothing can be written there. Arguments and errors are those of `own_folder`.
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
    """A new folder into which nobody else trains until the end; it goes again if it is empty then.

    Args:
        folder: new or empty, but for what a killed training has left; None: `runs/<stem>-1`, `-2`,
            …, the first that is free.
        stem: of its name then.

    Raises:
        FileError: it holds something already, another training writes into it, or it cannot be
            made.
    """
    target = folder or RUNS / stem
    own = folder is None or not os.path.lexists(folder)
    parents = [path for path in target.parents if not os.path.lexists(path)]
    made = folder or numbered_folder(RUNS, stem)
    try:
        try:
            made.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError):
            new_folder(made)  # says why it cannot be made
        killed = (made / LOCK).exists()
        with locked(made / LOCK, f"The folder {made}"):
            if killed:
                tidy_run(made)
            yield new_folder(made, but=(LOCK, SETTINGS) if killed else (LOCK,))
    finally:
        with suppress(OSError, ValueError):  # it holds something: that stays
            for path in [made, *parents] if own else []:
                path.rmdir()


@contextmanager
def resumed_run(folder: Path) -> Iterator[Path]:
    """The folder of a run that is gone on with, locked until the end.

    Raises:
        ModelFileError: there is nothing to go on with.
        FileError: another training goes on with it, or nothing can be written into it.
    """
    resumable_run(folder)
    check_writable(folder)
    with locked(folder / LOCK, f"The run {folder}"):
        resumable_run(folder)  # it may have ended just now
        yield folder


def start_run(folder: Path, settings: Mapping[str, Any]) -> None:
    """Note the settings before the work begins.

    Raises:
        FileError: it cannot be written.
    """
    write_file(folder / SETTINGS, _json(settings))


def keep_run(folder: Path, model: AnyModel) -> None:
    """Write the model and its history: from here on nothing of the training can be lost.

    Raises:
        FileError: it cannot be written.
    """
    model.save(folder / MODEL)
    rows = [epoch.as_row() for epoch in model.history]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(folder / "history.csv", text.getvalue())
    if model.held_out is not None:
        facts = {
            "rows": model.held_out.tolist(),
            "data": fingerprint(model.training, model.validation),
        }
        write_file(folder / HELD_OUT, json.dumps(facts))


def split_of(folder: Path, train: Dataset) -> tuple[Dataset, Dataset] | None:
    """What a run has learned from, and what it has held out, of its training samples.

    Args:
        folder: the run.
        train: the samples before a part of them was held out.

    Returns:
        Both parts; None where the folder does not say which they are, or they are others now.
    """
    try:
        facts = json.loads((folder / HELD_OUT).read_text("utf-8"))
        held_out = np.zeros(len(train), bool)
        held_out[np.array(facts["rows"], np.int64)] = True
        parts = train.take(~held_out), train.take(held_out)
        return parts if fingerprint(*parts) == facts["data"] else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def finish_run(folder: Path, model: AnyModel, metrics: Mapping[str, Any]) -> None:
    """Write what was measured, into the model file as well.

    Raises:
        FileError: it cannot be written.
    """
    model.quality = dict(metrics)
    model.save(folder / MODEL)
    write_file(folder / "metrics.json", _json(metrics))


def resumable_run(folder: Path) -> dict[str, Any]:
    """The settings of a run that can be gone on with.

    Raises:
        ModelFileError: it is none, or it has come to its end.
    """
    if not (folder / CHECKPOINT).exists():
        done = (folder / MODEL).exists()
        raise ModelFileError(
            f"The training of {folder} has come to its end, so nothing is left to go on with; to "
            "learn for longer, train anew with more --epochs."
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
            f"The settings of the run {folder} cannot be read ({error}); without them it cannot go "
            "on, so train anew."
        ) from error


def tidy_run(folder: Path) -> None:
    """Remove what a killed process has left half written."""
    for name in (CHECKPOINT, *_FILES):
        for path in folder.glob(f".{name}.*"):
            with suppress(OSError):
                path.unlink()


def load_any(path: Path) -> Classifier | Regressor:
    """The classifier or regressor of a run folder, or of a model file.

    Raises:
        ModelFileError: neither is there.
    """
    file = model_at(path)
    saved = read_model(file)
    model = Regressor() if saved[1].get("kind") == Regressor.answers_type.kind else Classifier()
    return restore_model(model, file, saved)


def load_run(path: Path) -> Classifier:
    """The classifier of a run folder, or of a model file.

    Raises:
        ModelFileError: neither is there, or it is a regressor.
    """
    return only_classes(load_any(path), path)


def only_classes(model: AnyModel, path: Path) -> Classifier:
    """What `load_any` has found there, if it is a classifier; else a ModelFileError."""
    if model.kind != Classifier.answers_type.kind:
        raise ModelFileError(
            f"{path} predicts a number, {model.answers.names[0]!r}, which this cannot be done "
            "with; name a run that tells classes apart."
        )
    return cast("Classifier", model)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
