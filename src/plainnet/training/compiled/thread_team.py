"""Threads that wait for their next call.

Starting a thread and moving it to its processor takes as long as some hundred steps of a small
network; one that waits begins after some twenty microseconds. Unlike those of an executor they
belong to one call at a time, so that all can begin at once: they may wait for each other.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from queue import SimpleQueue
from threading import Thread
from typing import Any

from plainnet.training.threads import own_processors

Work = Callable[[int, int], Any]
"""`work(i, n)` computes what is for thread i of n."""


def at_once(work: Work, threads: int, apart: bool = False) -> list[Any]:
    """Return `work(i, n)` of each i from 0 to n − 1, computed in n threads at the same time.

    What a signal raises meanwhile, such as Ctrl-C, is raised when all have ended: none may begin or
    end alone. So the thread that calls this one only waits.

    Args:
        work: it may wait for the others.
        threads: how many; they are fewer where the system starts no more.
        apart: whether each is bound to a processor of its own, where they take all.

    Raises:
        Exception: what one of them has raised.
    """
    processors = own_processors() if apart else []
    key = (threads, *(processors if len(processors) == threads else []))
    team = _team(key)
    if not team:
        return [work(0, 1)]
    call, interrupt = _Call(work, len(team)), None
    while not call.has_ended:
        try:
            for thread in team:
                thread.calls.put(call)  # once more after a signal: it takes each call once
            call.wait()
        except BaseException as error:
            interrupt = interrupt or error
    if len(team) == threads:
        _waiting.setdefault(key, []).append(team)
    else:
        _end(team)
    if (raised := interrupt or call.error) is not None:
        raise raised
    return [call.results[i] for i in range(len(team))]


class _Call:
    """Work that n threads do together.

    Args:
        work: of each.
        n: how many they are.
    """

    _numbers = count()

    def __init__(self, work: Work, n: int) -> None:
        self.work, self.n, self.number = work, n, next(self._numbers)
        self.results: dict[int, Any] = {}
        self.error: BaseException | None = None
        self._ended = SimpleQueue[None]()

    @property
    def has_ended(self) -> bool:
        """Whether all have done their share."""
        return len(self.results) == self.n

    def compute(self, i: int) -> None:
        """Do the work of thread i."""
        result = None
        try:
            result = self.work(i, self.n)
        except BaseException as error:
            self.error = error
        self.results[i] = result
        if self.has_ended:
            self._ended.put(None)

    def wait(self) -> None:
        """Wait until all have done their share."""
        while not self.has_ended:
            self._ended.get()


class _Waiting(Thread):
    """A thread that waits for calls.

    Args:
        i: its number in the team.
        processors: those that the team takes, one for each of its threads; empty: any.
    """

    def __init__(self, i: int, processors: Sequence[int]) -> None:
        super().__init__(name=f"plainnet-{i}", daemon=True)
        self.i, self.processors = i, processors
        self.calls = SimpleQueue[_Call | None]()

    def run(self) -> None:
        """Take part in each call that comes, until there is None."""
        if self.processors:
            with suppress(AttributeError, OSError):  # not every system has it, or allows it
                os.sched_setaffinity(0, {self.processors[self.i]})  # of this thread
        latest = -1
        while call := self.calls.get():
            if call.number != latest:
                latest = call.number
                call.compute(self.i)
            del call  # and with it the arrays that it was given


def _team(key: tuple[int, ...]) -> list[_Waiting]:
    """Return threads that wait, of an earlier call or new ones: as many as the system starts."""
    with suppress(LookupError):
        return _waiting[key].pop()
    team: list[_Waiting] = []
    threads, *processors = key
    with suppress(RuntimeError):
        for i in range(threads):
            thread = _Waiting(i, processors)
            thread.start()
            team.append(thread)
    return team


def _end(team: Sequence[_Waiting]) -> None:
    for thread in team:
        thread.calls.put(None)


_waiting: dict[tuple[int, ...], list[list[_Waiting]]] = {}
"""The teams that wait, by the number of their threads and their processors."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_waiting.clear)  # a child has none of these threads
