"""The thread that trains: it takes orders between two batches, and gives the newest snapshot.

A thread, not a process: it shares the experiment with those who ask for it. It computes the frames,
too, and only those that somebody waits for: in another thread each operation would wait for the one
that trains. docs/lab.md has what that costs.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from plainnet.errors import DivergedError, PlainnetError
from plainnet.lab.experiment import Experiment, Snapshot
from plainnet.lab.frames import Frame, frame_of
from plainnet.lab.inspection import look_into
from plainnet.lab.newest import Newest
from plainnet.lab.point_settings import PointSettings

T = TypeVar("T")
log = logging.getLogger(__name__)

SPEEDS = (1.0, 3.0, 10.0, 30.0, 100.0, 0.0)
"""The speeds to choose from, in epochs per second; 0 is as fast as possible."""


@dataclass(frozen=True)
class Status:
    """What the worker does."""

    running: bool
    speed: float
    """The speed in epochs per second; 0 for as fast as possible."""
    finished: bool
    """Whether the last epoch of the settings is reached."""
    error: str
    """The code of what ended the training: "", `diverged` or `refused`."""
    message: str
    """The sentence of the error."""


@dataclass(frozen=True)
class Moment:
    """A snapshot with what the worker did then, and the frame of it."""

    snapshot: Snapshot
    status: Status
    frame: Frame


class Worker:
    """A thread with an experiment, which trains while `running`.

    All methods may be called from any thread. Those that order something return when it was done.

    Args:
        experiment: belongs to the worker from now on.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._orders: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._ordered = threading.Event()
        self._running, self._speed, self._next = False, 30.0, 0.0
        self._error = self._message = ""
        self.newest: Newest[Moment] = Newest(self._moment())
        self._thread = threading.Thread(target=self._work, name="lab", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Train until `pause`, or to the last epoch."""
        self._order(lambda: self._set_running(True))

    def pause(self) -> None:
        """Stop after the current batch."""
        self._order(lambda: self._set_running(False))

    def step(self) -> None:
        """Pause, and take one step."""
        self._order(lambda: self._some(steps=1))

    def epoch(self) -> None:
        """Pause, and train to the end of the current epoch."""
        self._order(lambda: self._some(steps=None))

    def restart(self) -> None:
        """Go back to the beginning, and pause."""
        self._order(self._restart)

    def set_speed(self, epochs_per_second: float) -> None:
        """Train at this speed; 0 is as fast as possible."""
        self._order(lambda: self._set_speed(epochs_per_second))

    def change(self, change: Callable[[PointSettings], PointSettings]) -> bool:
        """Change the settings; return whether the training began again.

        Raises:
            PlainnetError: the settings do not fit together; nothing has changed.
        """
        return bool(self._order(lambda: self._change(change)))

    def ask(self, question: Callable[[Experiment], T]) -> T:
        """Return the answer to a question about the experiment, asked between two batches."""
        answer: T = self._order(lambda: question(self._experiment), publish=False)
        return answer

    def look_into(self, stage: int, unit: int | None, at: tuple[float, float]) -> dict[str, Any]:
        """Describe the layers of a stage and one of its units, as `look_into` does.

        The training goes on meanwhile: each interruption would begin its stream again.
        """
        snapshot = self.newest.get()[1].snapshot
        own = replace(snapshot, twin=snapshot.twin.copy())  # the training thread uses the other
        return look_into(own, stage, unit, at)

    def close(self) -> None:
        """End the thread."""
        self._orders.put(None)
        self._ordered.set()
        self._thread.join()

    def _order(self, task: Callable[[], Any], publish: bool = True) -> Any:
        """Let the thread do a task between two batches, and return its result."""
        done: Future[Any] = Future()

        def order() -> None:
            try:
                result = task()
                if publish:
                    self._publish()
            except BaseException as error:  # whatever it is, the caller gets it
                done.set_exception(error)
            else:
                done.set_result(result)

        self._orders.put(order)
        self._ordered.set()
        return done.result(timeout=60)

    def _work(self) -> None:
        while True:
            self._ordered.clear()
            try:
                order = self._orders.get(block=not self._running)
            except Empty:
                self._train(self._ordered.is_set)
                continue
            if order is None:
                return
            order()

    def _train(self, should_stop: Callable[[], bool]) -> None:
        """Train until there is an order, or to the end."""
        try:
            for _ in self._experiment.train(should_stop):
                if self.newest.wanted:
                    self._publish()
                if self._speed:
                    self._keep_pace()
                if should_stop():
                    return
            self._running = self._running and should_stop()
        except Exception as error:  # the thread goes on, and the page says what happened
            self._running = False
            self._note(error)
        if not self._running:
            self._publish()

    def _note(self, error: Exception) -> None:
        """Remember why the training ended; log what was not expected."""
        if not isinstance(error, PlainnetError):
            log.error("The training in the lab ended in an unexpected error.", exc_info=error)
        self._error = "diverged" if isinstance(error, DivergedError) else "refused"
        self._message = str(error)

    def _keep_pace(self) -> None:
        """Wait until the next epoch is due, or an order comes."""
        now = time.perf_counter()
        self._next = max(self._next + 1 / self._speed, now - 0.1)
        self._ordered.wait(max(0.0, self._next - now))

    def _some(self, steps: int | None) -> None:
        """Take so many steps; None: to the end of the epoch."""
        self._set_running(False)
        experiment = self._experiment
        if experiment.position.epochs >= experiment.settings.epochs:
            return
        first = experiment.position.steps

        def enough() -> bool:
            return steps is not None and experiment.position.steps - first >= steps

        try:
            next(experiment.train(enough), None)
        except PlainnetError as error:
            self._note(error)

    def _set_running(self, running: bool) -> None:
        at = self._experiment
        self._running = running and at.position.epochs < at.settings.epochs
        self._next = time.perf_counter()
        self._error = self._message = ""

    def _set_speed(self, speed: float) -> None:
        self._speed, self._next = speed, time.perf_counter()

    def _restart(self) -> None:
        self._set_running(False)
        self._experiment.restart()

    def _change(self, change: Callable[[PointSettings], PointSettings]) -> bool:
        begun = self._experiment.change(change(self._experiment.settings))
        self._error = self._message = ""
        return begun

    def _moment(self) -> Moment:
        at = self._experiment
        finished = at.position.epochs >= at.settings.epochs
        status = Status(self._running, self._speed, finished, self._error, self._message)
        snapshot = at.snapshot()
        return Moment(snapshot, status, frame_of(snapshot))

    def _publish(self) -> None:
        self.newest.put(self._moment())
