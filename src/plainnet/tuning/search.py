"""The search: rounds of trials, each proposed from the outcomes of the rounds before.

What is proposed does not depend on how many processes work on a round, nor on which of them ends
first: the trials of 1, 2 or 8 processes are the same, and so are those of several machines.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plainnet.data import Splits
from plainnet.models import Checkpoint
from plainnet.training.processes import Processes
from plainnet.tuning.journal import Journal
from plainnet.tuning.proposals import propose
from plainnet.tuning.space import Space, settings_of
from plainnet.tuning.trial import Outcome, Task, Trial, run_trial

PER_ROUND = 8
"""The usual number of trials that are proposed together."""
POLL = 1.0
"""Seconds between two looks at what other processes have done."""


@dataclass(frozen=True)
class Plan:
    """A search before it begins."""

    space: Space
    first: Sequence[Mapping[str, Any]]
    """The points of the first trials; the first of them is closest to the default settings."""
    trials: int
    per_round: int
    seed: int
    higher_is_better: bool
    task: Task
    """What all trials share: its settings are those that are fixed."""
    default: Mapping[str, Any]
    """The settings of the first trial."""
    until: float
    """The time, as of `time.time`, at which all trials stop but that of the default settings."""


@dataclass(frozen=True)
class Place:
    """Where trials are written, and who works on them."""

    journal: Journal
    processes: Processes
    checkpoints: Path | None
    """The folder for the checkpoints of trials; None: there are none."""
    shared: bool
    """Whether other processes may work on the same study."""


def search(plan: Plan, data: Splits, place: Place) -> Iterator[Trial]:
    """Work on the trials until all are finished, or the time is over; yield each that ends here."""
    journal = place.journal
    if not place.shared:
        journal.release_all()  # of a process that was killed
    while True:
        trials = journal.trials()
        done = {number for number, trial in trials.items() if trial.outcome is not None}
        open_ = [number for number in range(plan.trials) if number not in done]
        if not open_ or (0 in done and time.time() > plan.until):
            return
        begin = open_[0] // plan.per_round * plan.per_round
        numbers = range(begin, min(begin + plan.per_round, plan.trials))
        _propose(plan, trials, numbers, journal)
        taken = _claim(numbers, place)
        if taken:
            yield from _work(plan, data, place, taken, begin)
        else:
            time.sleep(POLL)
            journal.release_stale()


def _propose(plan: Plan, trials: Mapping[int, Trial], numbers: range, journal: Journal) -> None:
    """Write the proposals of a round that are missing."""
    known = [trials[n] for n in range(numbers.start)]
    for number in numbers:
        if number in trials:
            trial = replace(trials[number], outcome=None)
        elif number == 0:
            trial = Trial(0, plan.first[0], {})
        else:
            ways = plan.seed, plan.higher_is_better
            early = number < len(plan.first)
            params = plan.first[number] if early else propose(plan.space, known, number, *ways)
            trial = Trial(number, params, settings_of(plan.space, params))
        if number not in trials:
            journal.add(trial)
        known.append(trial)


def _claim(numbers: range, place: Place) -> list[int]:
    """Take trials of a round: all of them, or as many as there are workers if others take some."""
    waiting = [number for number in place.journal.waiting() if number in numbers]
    most = place.processes.n if place.shared else len(waiting)
    taken: list[int] = []
    for number in waiting:
        if len(taken) < most and place.journal.claim(number):
            taken.append(number)
    return taken


def _work(
    plan: Plan, data: Splits, place: Place, numbers: Sequence[int], begin: int
) -> Iterator[Trial]:
    """Run these trials, and write each outcome as soon as it is there."""
    journal = place.journal
    trials = journal.trials()
    complete = (trials[n].outcome for n in range(begin))
    earlier = [one for one in complete if one is not None and one.state == "complete"]
    tasks = [_task(plan, place, trials[number], earlier) for number in numbers]
    unfinished = {*numbers}
    with journal.alive([*numbers]):
        try:
            for i, outcome in place.processes.run(run_trial, tasks, data):
                if outcome is None:  # the time is over
                    continue
                number = numbers[i]
                journal.finish(number, outcome)
                unfinished.discard(number)
                forget(tasks[i])
                yield replace(trials[number], outcome=outcome)
        finally:
            journal.release(sorted(unfinished))


def _task(plan: Plan, place: Place, trial: Trial, earlier: Sequence[Outcome]) -> Task:
    settings = {**plan.task.settings, **trial.settings} if trial.number else plan.default
    folder = place.checkpoints
    file = None if folder is None else folder / f"{trial.number:04}.safetensors"
    own: dict[str, Any] = {"settings": settings, "checkpoint": file, "earlier": earlier}
    until = plan.until if trial.number else math.inf  # the default is always known
    return replace(plan.task, number=trial.number, until=until, **own)


def forget(task: Task) -> None:
    """Remove the checkpoint of a finished trial."""
    if task.checkpoint is not None:
        Checkpoint(task.checkpoint).remove()


Report = Callable[[Trial], None]
"""A function that is called with each trial that ends in this process."""
