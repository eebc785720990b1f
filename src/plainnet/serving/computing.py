"""Computing answers: one computation at a time, with a bounded queue in front of it.

Large matrix products use all processors, and give the same bits each time only if no other product
limits their threads meanwhile. So a process computes one answer at a time; more processes (the
setting `workers`) compute several. What takes a few milliseconds is computed at once, where waking
a thread would take longer; anything else in one thread, while the server goes on listening.

Requests that are computed together share the reading of pictures, and requests of one sample pass
through the networks together where that gives the same bits (`row_by_row.py`).
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from plainnet.network import Array
from plainnet.serving.forms import Given
from plainnet.serving.metrics import ModelMetrics
from plainnet.serving.served import LoadedModel
from plainnet.web.errors import HttpError

Result = Array | Exception
AT_ONCE = 0.003
"""The estimated time up to which an answer is computed at once, in seconds."""
_GROWTH = 1.2  # of the estimate, at most, from one measurement to the next


@dataclass(eq=False)
class Job:
    """A request that waits for its answers."""

    loaded: LoadedModel
    given: Given
    future: "asyncio.Future[Array]"
    metrics: ModelMetrics
    since: float
    """When it began to wait, by `perf_counter`."""


class Computer:
    """The computations of a process; used by its event loop only.

    Args:
        queue: the number of requests that may wait.
        max_batch: the number of samples that are computed together at most; 1: no batches.
        batch_wait: how long the first request of a batch waits for others, in seconds.
    """

    def __init__(self, queue: int, max_batch: int = 1, batch_wait: float = 0.0) -> None:
        self.queue, self.max_batch, self.batch_wait = queue, max_batch, batch_wait
        self._waiting: deque[Job] = deque()
        self._computing = False
        self._timer: asyncio.Handle | None = None
        self._thread = ThreadPoolExecutor(1, "answers")

    async def answers(
        self, loaded: LoadedModel, given: Given, seconds: float, metrics: ModelMetrics
    ) -> Array:
        """Return a model's answers.

        Args:
            loaded: the model.
            given: the samples.
            seconds: the time in which they are needed.
            metrics: of the model.

        Raises:
            HttpError: too many requests wait, or the time is up.
            PlainnetError: the model cannot answer.
        """
        idle = not self._computing and not self._waiting
        if idle and self.max_batch == 1 and loaded.seconds * given.size < AT_ONCE:
            began = perf_counter()
            A = loaded.answers(given)
            _note(loaded, given.n, given.size, perf_counter() - began, metrics)
            metrics.note_wait(0)
            return A
        loop = asyncio.get_running_loop()
        job = Job(loaded, given, loop.create_future(), metrics, perf_counter())
        if len(self._waiting) >= self.queue:
            raise too_many(len(self._waiting))
        self._waiting.append(job)
        self._begin()
        timer = loop.call_later(seconds, _give_up, job.future, seconds)
        try:
            return await job.future
        finally:
            timer.cancel()

    async def run(self, function: Callable[[], object]) -> None:
        """Call a function in the thread, while no answers are computed."""
        while self._computing:
            await asyncio.sleep(0.01)
        self._computing = True
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, function)
        finally:
            self._go_on()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _begin(self) -> None:
        """Begin a computation, at once or when its batch may have grown."""
        if self._computing:
            return
        if self.max_batch == 1 or sum(job.given.n for job in self._waiting) >= self.max_batch:
            if self._timer is not None:
                self._timer.cancel()
            self._next()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            soon = loop.call_later(self.batch_wait, self._next) if self.batch_wait else None
            self._timer = soon or loop.call_soon(self._next)

    def _next(self) -> None:
        """Begin the next computation, unless one is running."""
        self._timer = None
        while self._waiting and self._waiting[0].future.done():  # its time was up
            self._waiting.popleft()
        if self._computing or not self._waiting:
            return
        jobs, loop = self._batch(), asyncio.get_running_loop()
        if jobs[0].loaded.seconds * sum(job.given.size for job in jobs) < AT_ONCE:
            self._done(jobs, *_timed(jobs))
            return
        self._computing = True
        done = loop.run_in_executor(self._thread, _timed, jobs)
        done.add_done_callback(lambda done: self._done(jobs, *done.result()))

    def _batch(self) -> list[Job]:
        """Take the jobs of the next computation: the oldest, and those of its model after it."""
        first, others = self._waiting.popleft(), []
        jobs, n = [first], first.given.n
        while self._waiting and n + self._waiting[0].given.n <= self.max_batch:
            job = self._waiting.popleft()
            if job.loaded is not first.loaded:
                others.append(job)
            elif not job.future.done():
                jobs.append(job)
                n += job.given.n
        self._waiting.extendleft(reversed(others))
        return jobs

    def _done(self, jobs: list[Job], results: Sequence[Result], began: float, took: float) -> None:
        """Hand the results out, and begin the next computation."""
        n, size = (sum(getattr(job.given, what) for job in jobs) for what in ("n", "size"))
        _note(jobs[0].loaded, n, size, took, jobs[0].metrics)
        for job, result in zip(jobs, results, strict=True):
            job.metrics.note_wait(began - job.since)
            if job.future.done():
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
        self._go_on()

    def _go_on(self) -> None:
        """Begin the next computation soon, with a batch that grew meanwhile."""
        self._computing = False
        if self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_soon(self._next)


def too_many(n: int) -> HttpError:
    """Make the error for a request that comes when n wait already."""
    return HttpError(
        503, f"{n} requests wait already; try again in a second.", {"Retry-After": "1"}
    )


def _give_up(future: "asyncio.Future[Array]", seconds: float) -> None:
    """End the wait for an answer."""
    if not future.done():
        late = f"There was no answer within {seconds:.3g} seconds; send less at once."
        future.set_exception(HttpError(504, late))


def _note(loaded: LoadedModel, n: int, size: int, seconds: float, metrics: ModelMetrics) -> None:
    """Note how long a computation took."""
    # other programs make single measurements too long, never too short
    loaded.seconds = min(seconds / max(size, 1), _GROWTH * loaded.seconds)
    metrics.note_computation(n, seconds)


def _timed(jobs: Sequence[Job]) -> tuple[list[Result], float, float]:
    """Return the answers to each job, or its error, when that began, and how long it took."""
    began = perf_counter()
    results = _compute(jobs)
    return results, began, perf_counter() - began


def _compute(jobs: Sequence[Job]) -> list[Result]:
    """Return the answers to each job, or its error."""
    loaded, given = jobs[0].loaded, [job.given for job in jobs]
    if len(jobs) == 1:
        return [_result(loaded.answers, given[0])]
    return _answer_together(loaded, [_result(loaded.raw, g) for g in _read_together(loaded, given)])


def _result(function: Callable[..., Array], *given: Any) -> Result:
    """Return what a function returns, or the error that it raises."""
    try:
        return function(*given)
    except Exception as error:
        return error


def _answer_together(loaded: LoadedModel, raw: Sequence[Result]) -> list[Result]:
    """Return the answers to the raw rows of each job, single rows together."""
    results, single = [*raw], defaultdict[Any, list[tuple[int, Array]]](list)
    for i, rows in enumerate(raw):
        if isinstance(rows, Exception):
            continue
        if len(rows) == 1:
            single[rows.dtype].append((i, rows))
        else:
            results[i] = _result(loaded.model.answers_of, rows)
    for alike in single.values():
        for start in range(0, len(alike), loaded.most_together):
            places, parts = zip(*alike[start : start + loaded.most_together], strict=True)
            A = _result(loaded.together.answers_of, np.concatenate(parts))
            if isinstance(A, Exception):  # then each gets its own answer, or its own error
                found = [_result(loaded.model.answers_of, rows) for rows in parts]
            else:
                found = [*np.split(A, len(A))]
            for i, one in zip(places, found, strict=True):
                results[i] = one
    return results


def _read_together(loaded: LoadedModel, given: Sequence[Given]) -> Sequence[Given]:
    """Read the pictures of all requests together, if all can be read."""
    inputs = loaded.model.inputs
    contents = [one.samples for one in given]
    if inputs.noun != "picture" or inputs.extractor or not all(type(c) is list for c in contents):
        return given
    raw = _result(inputs.raw, [picture for content in contents for picture in content])
    if isinstance(raw, Exception):  # each then gets its own error
        return given
    parts = np.split(raw, np.cumsum([one.n for one in given])[:-1])
    return [Given(part, len(part), one.size, True) for part, one in zip(parts, given, strict=True)]
