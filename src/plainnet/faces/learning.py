"""Training into a run folder, which Ctrl-C, a kill or a full disk leave fit to be gone on with."""

import shlex
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.classifier import (
    CHECKPOINT,
    Checkpoint,
    Classifier,
    finish_run,
    keep_run,
    start_run,
    tidy_run,
)
from plainnet.errors import DataError, DivergedError, FileError
from plainnet.faces.interrupt import asked_to_stop, not_heard_any_more
from plainnet.pictures import Dataset, Splits
from plainnet.reports import count, network_line, printable, say, show_progress
from plainnet.training.evaluation import Evaluation


def train_run(
    classifier: Classifier,
    splits: Splits,
    folder: Path,
    *,
    resume: bool = False,
    minutes: float = 5.0,
    noted: Mapping[str, Any] | None = None,
) -> tuple[int, dict[str, Evaluation]]:
    """Train, keep, measure: the exit code, and what was measured.

    Ctrl-C, and a polite kill, end the training after the batch at hand: what was reached is kept
    and measured as it would be at the end, and the checkpoint stays. Once the model is kept, Ctrl-C
    ends the measuring only. What is `noted` stands in the run's settings.
    """
    if splits.train is None:
        raise DataError(f"{splits.path} holds test data only; training needs training data too.")
    recipe = classifier.recipe.to_dict()
    settings = {
        "data": str(splits.path),
        "from": str(Path.cwd()),
        **(noted or {}),
        "recipe": recipe,
    }
    tidy_run(folder)
    if not resume:
        start_run(folder, settings)
    checkpoint = Checkpoint(folder / CHECKPOINT, minutes=minutes, resume=resume)
    results: dict[str, Evaluation] = {}
    with asked_to_stop(checkpoint) as signals:
        _learn(classifier, splits, checkpoint)
        if classifier.history:
            keep_run(folder, classifier)
        if not checkpoint.stopping:
            checkpoint.path.unlink(missing_ok=True)
    if resume:  # the data may lie elsewhere now
        start_run(folder, settings)
    try:
        if classifier.history:
            results = _measured(classifier, splits.test)
            finish_run(folder, classifier, {name: r.to_dict() for name, r in results.items()})
    except KeyboardInterrupt:
        signals.append(2)
    except FileError as error:
        raise FileError(f"{error} What was learned is kept in {folder}, unmeasured.") from error
    if signals:
        not_heard_any_more()
        say(_stopped(classifier, folder, checkpoint))
    return 128 + signals[0] if signals else 0, results


def _learn(classifier: Classifier, splits: Splits, checkpoint: Checkpoint) -> None:
    """Train with progress on stderr."""
    told = None
    try:
        with closing(classifier.fit_epochs(splits, checkpoint=checkpoint)) as epochs:
            _tell(classifier)
            for epoch in show_progress(epochs, classifier.settled.epochs):
                if epoch.number == 1 and classifier.earlier:
                    say(f"network {len(classifier.earlier) + 1} of {classifier.recipe.ensemble}")
                if checkpoint.trouble is not told:
                    told = checkpoint.trouble
                    say(f"The training goes on, but not its checkpoint: {told}" if told else "")
    except DivergedError as error:
        checkpoint.path.unlink(missing_ok=True)  # it would go the same way again
        if not classifier.history or not np.isfinite(classifier.network.theta).all():
            raise
        folder = checkpoint.path.parent
        keep_run(folder, classifier)
        kept = count(len(classifier.history), "epoch")
        raise DivergedError(
            f"{error} What {kept} had learned before is kept in {folder}."
        ) from error
    say("")


def _tell(classifier: Classifier) -> None:
    """What is trained on, and what is trained."""
    parts = {"training": classifier.training, "validation": classifier.validation}
    for name, part in parts.items():
        if part is not None:
            classes = ", ".join(f"{kind}: {n:,}" for kind, n in part.counts().items())
            say(f"{name:10}  {count(len(part))}: {printable(classes)}")
    say(f"{'network':10}  {network_line(classifier.network)}")
    if classifier.history:
        say(f"{'goes on':10}  after {count(len(classifier.history), 'epoch')}")


def _stopped(classifier: Classifier, folder: Path, checkpoint: Checkpoint) -> str:
    """How far it came, where that is, and the command that goes on."""
    epochs = count(len(classifier.history), "epoch")
    kept = f"what was reached is kept in {folder}" if classifier.history else "no model yet"
    if not checkpoint.path.exists():
        return f"Stopped after {epochs}; {kept}."
    go_on = f"plainnet train --resume {shlex.quote(str(folder))}"
    return f"Stopped after {epochs}; {kept}.\nGo on with  {go_on}"


def _measured(classifier: Classifier, test: Dataset | None) -> dict[str, Evaluation]:
    parts = {"validation": classifier.validation, "test": test}
    return {name: classifier.evaluate(part) for name, part in parts.items() if part is not None}
