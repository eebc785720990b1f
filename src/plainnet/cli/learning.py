"""Training into a run folder that can be resumed after Ctrl-C, SIGTERM or a full disk."""

import shlex
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from plainnet.cli.interrupt import asked_to_stop, ignore_interrupts
from plainnet.data import Dataset, Splits
from plainnet.errors import DataError, DivergedError, FileError
from plainnet.metrics.evaluation import Evaluation
from plainnet.models import (
    CHECKPOINT,
    AnyModel,
    Checkpoint,
    finish_run,
    keep_run,
    start_run,
    tidy_run,
)
from plainnet.models.labels import align_targets
from plainnet.models.one_network import has_sound_weights
from plainnet.reports import count, network_line, printable, say, show_progress
from plainnet.reports.sections import sections_of
from plainnet.reports.tensorboard import write_events
from plainnet.reports.text import duration
from plainnet.training import Epochs, Workers

EVENTS = "tensorboard"
"""Key of the folder for event files in a run's settings."""
WORTH_SAYING = 10.0
"""Seconds; a shorter training is not announced."""


def train_run(
    model: AnyModel,
    splits: Splits,
    folder: Path,
    *,
    resume: bool = False,
    minutes: float = 5.0,
    noted: Mapping[str, Any] | None = None,
    workers: Workers | None = None,
    at_once: int = 1,
) -> tuple[int, dict[str, Evaluation]]:
    """Train, save and measure a model; return the exit code and the evaluations.

    Ctrl-C and SIGTERM end the training after the current batch: the model is saved and measured as
    at the end, and the checkpoint is kept. Once the model is saved, Ctrl-C ends the evaluation
    only.

    Args:
        model: untrained.
        splits: the data.
        folder: the run.
        resume: whether it resumes.
        minutes: the time between checkpoints within an epoch.
        noted: further settings of the run; `tensorboard` is a folder for event files.
        workers: the processes that train each network together.
        at_once: the networks of an ensemble that are trained at once, in other processes.

    Raises:
        DataError: there are no training data, or the test part holds a class that they do not.
    """
    if splits.train is None:
        raise DataError(f"{splits.path} holds test data only; training needs training data too.")
    if splits.test is not None:
        align_targets(splits.train, splits.test)  # checked before the training
    settings = {"data": str(splits.path), "from": str(Path.cwd()), **(noted or {})}
    settings |= {"distributed": True} if workers else {}
    settings["recipe"] = model.recipe.to_dict()
    tidy_run(folder)
    if not resume:
        start_run(folder, settings)
    how: dict[str, Any] = {"minutes": minutes, "resume": resume, "workers": workers}
    checkpoint = Checkpoint(folder / CHECKPOINT, **how)
    results: dict[str, Evaluation] = {}
    with asked_to_stop(checkpoint) as signals:
        _learn(model, splits, checkpoint, at_once, settings.get(EVENTS))
        if model.history:
            keep_run(folder, model)
        if not checkpoint.stopping:
            checkpoint.remove()
    if resume:  # the data may have moved
        start_run(folder, settings)
    try:
        if model.history:
            results = _measured(model, splits.test)
            finish_run(folder, model, {name: r.to_dict() for name, r in results.items()})
    except KeyboardInterrupt:
        signals.append(2)
    except FileError as error:
        raise FileError(f"{error} The model is saved in {folder}, not evaluated.") from error
    if signals:
        ignore_interrupts()
        say(_stopped(model, folder, checkpoint))
    return 128 + signals[0] if signals else 0, results


def _learn(
    model: AnyModel, splits: Splits, checkpoint: Checkpoint, at_once: int, events: object
) -> None:
    """Train, with progress on stderr."""
    trouble = None
    try:
        how: dict[str, Any] = {"checkpoint": checkpoint, "workers": at_once}
        with closing(model.fit_epochs(splits, **how)) as epochs:
            _announce(model, at_once)
            stream = write_events(epochs, model, Path(str(events))) if events else epochs
            for _ in show_progress(_headed(stream, model, at_once), model.resolved_recipe.epochs):
                if checkpoint.trouble is not trouble:
                    trouble = checkpoint.trouble
                    failed = "The training continues, but its checkpoint was not written"
                    say(f"{failed}: {trouble}" if trouble else "")
    except DivergedError as error:
        checkpoint.remove()  # resuming would diverge again
        if not model.history or not has_sound_weights(model.network):
            raise
        folder = checkpoint.path.parent
        keep_run(folder, model)
        kept = count(len(model.history), "epoch")
        raise DivergedError(f"{error} The model after {kept} is saved in {folder}.") from error
    say("")


def _headed(epochs: Epochs, model: AnyModel, at_once: int) -> Epochs:
    """Print how long it takes at most, and the number of each network of an ensemble."""
    recipe = model.resolved_recipe
    for epoch in epochs:
        if epoch.number == 1 and len(model.networks) == 1:
            most = epoch.seconds * recipe.epochs * -(-recipe.ensemble // at_once)
            if most >= WORTH_SAYING:
                say(f"{'time':10}  at most {duration(most)}; less if it stops improving")
        if epoch.number == 1 and recipe.ensemble > 1:
            say(f"network {len(model.networks)} of {recipe.ensemble}")
        yield epoch


def _announce(model: AnyModel, at_once: int) -> None:
    """Print the data and the network."""
    parts = {"training": model.training, "validation": model.validation}
    sections = sections_of(model.answers.evaluation_type)
    if model.folds is not None:
        del parts["validation"]
    for name, part in parts.items():
        if part is not None:
            say(f"{name:10}  {count(len(part))}: {printable(sections.right_answers(part))}")
    if model.folds is not None:
        say(f"{'validation':10}  each network holds out another part of them")
    if model.extractor is not None:
        say(f"{'features':10}  {printable(model.extractor.summary())}")
    say(f"{'network':10}  {network_line(model.network)}")
    if at_once > 1:
        n = min(at_once, model.resolved_recipe.ensemble)
        words = "each shown when it is trained" if n > 1 else "as there is no other"
        say(f"{'at once':10}  {count(n, 'network')}, {words}")
    if model.history:
        n, network = len(model.latest_history), len(model.networks)
        of = f" of network {network}" if model.resolved_recipe.ensemble > 1 else ""
        say(f"{'resumed':10}  after {count(n, 'epoch')}{of}")


def _stopped(model: AnyModel, folder: Path, checkpoint: Checkpoint) -> str:
    """Return the number of epochs done, the place of the model, and the command to resume."""
    epochs = count(len(model.history), "epoch")
    kept = f"the model is saved in {folder}" if model.history else "no model yet"
    if not checkpoint.path.exists():
        return f"Stopped after {epochs}; {kept}."
    resume = f"plainnet train --resume {shlex.quote(str(folder))}"
    return f"Stopped after {epochs}; {kept}.\nTo resume:  {resume}"


def _measured(model: AnyModel, test: Dataset | None) -> dict[str, Evaluation]:
    parts = {"validation": model.validation, "test": test}
    return {name: model.evaluate(part) for name, part in parts.items() if part is not None}
