"""Computing answers: one computation at a time, with a bounded queue in front of it.

Large matrix products use all processors, and give the same bits each time only if no other product
limits their threads meanwhile. So a process computes one answer at a time; more processes (the
setting `workers`) compute several. What takes a few milliseconds is computed at once, where waking
a thread would take longer; anything else in one thread, while the server goes on listening.

Requests that are computed together share the reading of pictures. Each passes through the networks
by itself: the last digits of a matrix product depend on its number of rows.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from plainnet.network import Array
from plainnet.serving.forms import Given
from plainnet.serving.metrics import ModelMetrics
from plainnet.serving.served import LoadedModel
from plainnet.web.errors import HttpError

AT_ONCE = 0.003
"""The estimated time up to which an answer is computed at once, in seconds."""
_NEWEST = 0.2  # share of the newest measurement in the estimate


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
        self._timer: asyncio.TimerHandle | None = None
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
        now = perf_counter()
        future: asyncio.Future[Array] = asyncio.get_running_loop().create_future()
        job = Job(loaded, given, future, metrics, now)
        idle = not self._computing and not self._waiting
        if idle and self.max_batch == 1 and loaded.seconds * given.size < AT_ONCE:
            self._settle([job], *_compute([job]))
            return future.result()
        if len(self._waiting) >= self.queue:
            raise HttpError(
                503,
                f"{len(self._waiting)} requests wait already; try again in a second.",
                {"Retry-After": "1"},
            )
        self._waiting.append(job)
        self._next()
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise HttpError(
                504, f"There was no answer within {seconds:.3g} seconds; send less at once."
            ) from None

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)

    def _next(self, waited: bool = False) -> None:
        """Begin the next computation, unless one is running or a batch may still grow."""
        if self._computing:
            return
        while self._waiting and self._waiting[0].future.done():  # its time was up
            self._waiting.popleft()
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        n = sum(job.given.n for job in self._waiting)
        if self.max_batch > 1 and n < self.max_batch and self.batch_wait > 0 and not waited:
            if self._timer is None:
                self._timer = loop.call_later(self.batch_wait, self._next, True)
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        jobs, self._computing = self._batch(), True
        done = loop.run_in_executor(self._thread, _compute, jobs)
        done.add_done_callback(lambda done: self._done(jobs, *done.result()))

    def _batch(self) -> list[Job]:
        """Take the jobs of the next computation: the oldest, and those of its model after it."""
        first = self._waiting.popleft()
        jobs, n = [first], first.given.n
        for job in [*self._waiting]:
            if n + job.given.n > self.max_batch:
                break
            if job.loaded is first.loaded and not job.future.done():
                self._waiting.remove(job)
                jobs.append(job)
                n += job.given.n
        return jobs

    def _done(self, jobs: list[Job], results: "Sequence[Array | Exception]", began: float) -> None:
        self._computing = False
        self._settle(jobs, results, began)
        self._next(waited=True)  # the next batch grew meanwhile

    def _settle(
        self, jobs: Sequence[Job], results: "Sequence[Array | Exception]", began: float
    ) -> None:
        """Hand the results out, and note how long they took."""
        took = perf_counter() - began
        loaded, size = jobs[0].loaded, sum(job.given.size for job in jobs)
        loaded.seconds += _NEWEST * (took / max(size, 1) - loaded.seconds)
        jobs[0].metrics.note_computation(sum(job.given.n for job in jobs), took)
        for job, result in zip(jobs, results, strict=True):
            job.metrics.note_wait(began - job.since)
            if job.future.done():
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)


def _compute(jobs: Sequence[Job]) -> "tuple[list[Array | Exception], float]":
    """Return the answers to each job, or its error, and when the computation began."""
    began = perf_counter()
    together = _read_together(jobs) if len(jobs) > 1 else [job.given for job in jobs]
    results: list[Array | Exception] = []
    for job, given in zip(jobs, together, strict=True):
        try:
            results.append(job.loaded.answers(given))
        except Exception as error:
            results.append(error)
    return results, began


def _read_together(jobs: Sequence[Job]) -> list[Given]:
    """Read the pictures of all jobs together, if all can be read."""
    given = [job.given for job in jobs]
    inputs = jobs[0].loaded.model.inputs
    contents = [one.samples for one in given]
    if inputs.noun != "picture" or inputs.extractor or not all(type(c) is list for c in contents):
        return given
    try:
        raw = inputs.raw([picture for content in contents for picture in content])
    except Exception:  # each then gets its own error
        return given
    ends = np.cumsum([one.n for one in given])[:-1]
    return [
        Given(part, len(part), one.size, True)
        for part, one in zip(np.split(raw, ends), given, strict=True)
    ]
