"""One trial: a training with settings of its own, measured on samples that it held out."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from plainnet.data import Splits
from plainnet.errors import DataError, DivergedError, FileError
from plainnet.metrics.evaluation import Evaluation, Score
from plainnet.models import AnyModel, Checkpoint
from plainnet.training import Epoch
from plainnet.training.threads import allowed_threads, one_thread
from plainnet.tuning.pruning import Pruning

State = Literal["complete", "pruned", "diverged"]
PATIENCE = 600
"""Seconds to wait for a process that still writes the checkpoint of a trial."""


@dataclass(frozen=True)
class Outcome:
    """What came out of a trial."""

    state: State
    value: float | None
    """The metric on the held-out samples; None unless the trial is complete."""
    losses: tuple[float, ...]
    """The validation loss of the first network after each epoch."""
    folds: tuple[float, ...]
    """The metric of each network on its own held-out samples."""
    epochs: int
    """The epochs of all networks."""
    seconds: float
    """The time that the epochs took."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Outcome":
        """Read the result of `to_dict`."""
        lists = {name: tuple(stored[name]) for name in ("losses", "folds")}
        return cls(**{**stored, **lists})


@dataclass(frozen=True)
class Trial:
    """A trial of a study."""

    number: int
    """The number of the trial; 0 has the default settings."""
    params: Mapping[str, Any]
    """The point of the space, as Optuna knows it."""
    settings: Mapping[str, Any]
    """The settings that differ from the fixed and the default ones."""
    outcome: Outcome | None = None
    """None while it is not finished."""

    @property
    def value(self) -> float | None:
        """The metric on the held-out samples; None unless the trial is complete."""
        return None if self.outcome is None else self.outcome.value


@dataclass(frozen=True)
class Task:
    """Everything that a trial needs beside the data, wherever it runs."""

    number: int
    model: type[Any]
    """The class of the model."""
    settings: Mapping[str, Any]
    metric: str
    """The key of a score."""
    checkpoint: Path | None
    """Where the training is saved, and continued from; None: nowhere."""
    earlier: Sequence[Outcome] = field(default=(), repr=False)
    """The complete trials of earlier rounds, against which it is pruned."""
    until: float = math.inf
    """The time, as of `time.time`, at which it stops, to be continued another day."""


def score_of(evaluation: Evaluation, metric: str) -> Score:
    """Return a score by its key; with several targets it is the mean or relative one."""
    return next(s for s in evaluation.scores() if s.key.removeprefix("relative_") == metric)


def run_trial(task: Task, data: Splits) -> Outcome | None:
    """Train and measure; return None if the time was over before the end.

    Raises:
        DataError: too few samples to hold some out.
    """
    if time.time() > task.until:
        return None
    with one_thread() if allowed_threads() is None else nullcontext():  # the same wherever it runs
        return _run(task, data)


def _run(task: Task, data: Splits) -> Outcome | None:
    model: AnyModel = task.model(**task.settings)
    checkpoint = _checkpoint(task)
    watch = Watch(task, model)
    try:
        with closing(model.fit_epochs(data, checkpoint=checkpoint)) as stream:
            if model.validation is None:
                raise DataError(
                    "There are too few samples to hold some out, by which settings could be "
                    "compared; add samples."
                )
            state = watch.follow(stream)
        if state == "complete":
            watch.measure_folds(len(model.networks))
            evaluation = model.evaluate(model.validation)
            value: float | None = score_of(evaluation, task.metric).value
        else:
            value = None
    except DivergedError:
        state, value = "diverged", None
    if state == "stopped":
        return None
    if value is not None and not math.isfinite(value):
        state, value = "diverged", None
    seconds = sum(epoch.seconds for epoch in model.history)
    folds = tuple(watch.folds)
    return Outcome(state, value, watch.losses, folds, len(model.history), seconds)


def _checkpoint(task: Task) -> Checkpoint | None:
    if task.checkpoint is None:
        return None
    checkpoint = Checkpoint(task.checkpoint)
    for _ in range(PATIENCE):
        with suppress(FileError), checkpoint.locked():
            break
        time.sleep(1)  # a child of a killed process still works on it
    checkpoint.resume = task.checkpoint.exists()
    return checkpoint


class Watch:
    """Follows the epochs of a trial, and says when it need not go on.

    A resumed training begins with the epochs before: they are judged again, one by one, so that the
    trial ends where it would have ended without a break.
    """

    def __init__(self, task: Task, model: AnyModel) -> None:
        self.task, self.model = task, model
        self.folds: list[float] = []
        higher = METRICS[model.answers_type.task][task.metric]
        self.pruning = Pruning(task.earlier, higher_is_better=higher)
        self._seen = self._networks = 0

    @property
    def losses(self) -> tuple[float, ...]:
        """The validation losses of the first network so far."""
        return tuple(epoch["validation_loss"] for epoch in first_network(self.model.history))

    def follow(self, stream: Iterator[Epoch]) -> Any:
        """Return `complete`, `pruned` or `stopped`."""
        if self._hopeless():  # a resumed one
            return "pruned"
        for _ in stream:
            if self._hopeless():
                return "pruned"
            if time.time() > self.task.until:
                return "stopped"
        return "complete"

    def _hopeless(self) -> bool:
        """Judge the epochs that were not seen yet."""
        for epoch in self.model.history[self._seen :]:
            self._seen += 1
            self._networks += epoch.number == 1
            if self._networks == 1:
                if self.pruning.after_epoch(epoch.number, epoch["validation_loss"]):
                    return True
            elif epoch.number == 1:
                number = self._networks - 2
                self.measure_folds(number + 1)
                if self.pruning.after_fold(number, self.folds[number]):
                    return True
        return False

    def measure_folds(self, n: int) -> None:
        """Measure the first n networks on the samples that each of them held out."""
        model = self.model
        for i in range(len(self.folds), n):
            held_out = model.validation_of(i)
            if held_out is not None:
                A = model.answer_of(model.networks[i], held_out.X)
                measured = model.answers.without_intervals().measure(held_out, A)
                self.folds.append(score_of(measured, self.task.metric).value)


def first_network(history: Sequence[Epoch]) -> Sequence[Epoch]:
    """Return the epochs of the first network of an ensemble."""
    ends = [i for i, epoch in enumerate(history) if epoch.number == 1][1:]
    return history[: ends[0]] if ends else history


METRICS: Mapping[str, Mapping[str, bool]] = {
    "classification": {"log_loss": False, "accuracy": True, "roc_auc": True, "mean_cost": False},
    "regression": {"rmse": False, "mae": False, "r2": True},
}
"""What can be searched for, by the task, and whether higher is better; the first is the default.
The log loss moves with every sample, the accuracy only where an answer changes."""
