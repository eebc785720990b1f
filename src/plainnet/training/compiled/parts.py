"""Parts of a batch in threads side by side.

The samples are cut into the same parts for any number of threads, so that sums over them always
give the same bits.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import numpy as np

from plainnet.training.threads import own_processors

PARTS = 4
"""The parts of a batch, and so the most threads."""
BLOCKS = 4
"""The blocks of the inputs of a large first W: the same for any number of threads."""
NARROW = 4
"""The columns of a product for which tiles are too wide: there is memory for its transpose."""
LEAST_WORK = 1e7
"""The multiply-adds from which starting threads takes less time than they save."""

ALONE = 0, 1, np.zeros(1, np.int64)
"""The team of one thread."""
Work = Callable[[int, slice], None]
"""`work(i, samples)` computes part i; it may run in any thread."""


def in_parts(work: Work, n: int, threads: int) -> None:
    """Do the work for n samples, part by part; raise the error of a part that failed."""
    size = -(-n // PARTS)
    parts = [(i, slice(i * size, min((i + 1) * size, n))) for i in range(PARTS) if i * size < n]
    failed: list[BaseException] = []

    def share(first: int) -> None:
        try:
            for i, samples in parts[first::threads]:
                work(i, samples)
        except BaseException as error:  # Ctrl-C too: first the other threads end
            failed.append(error)

    others = [Thread(target=share, args=(k,)) for k in range(1, min(threads, len(parts)))]
    for thread in others:
        thread.start()
    share(0)
    end_all(others)
    if failed:
        raise failed[0]


def together(function: Callable[..., Any], given: tuple[Any, ...], threads: int) -> Any:
    """Return `function(*given, team)`, which the threads of a team compute together: see `team.py`.

    They wait for each other without a pause. So none may begin or end alone, and where they take
    all processors each has its own.
    """
    if threads == 1:
        return function(*given, ALONE)
    begin, arrived, started = Event(), np.zeros(1, np.int64), list[Thread]()
    results, processors = [None] * threads, own_processors()

    def take_part(i: int) -> None:
        if threads == len(processors):
            with suppress(AttributeError, OSError):  # not every system has it, or allows it
                os.sched_setaffinity(0, {processors[i]})  # of this thread
        begin.wait()
        if complete:
            results[i] = function(*given, (i, len(started), arrived))

    complete = False
    try:
        with suppress(RuntimeError):  # as many as the system starts
            for i in range(threads):
                thread = Thread(target=take_part, args=(i,))
                thread.start()
                started.append(thread)
        complete = True
    finally:
        try:  # a second time if a signal interrupts it
            begin.set()
        finally:
            begin.set()
            end_all(started)
    return results[0] if started else function(*given, ALONE)


def end_all(threads: Sequence[Thread]) -> None:
    """Wait until all threads have ended; only then raise what a signal raised, such as Ctrl-C."""
    interrupt: BaseException | None = None
    left = [*threads]
    while left:
        try:
            left[-1].join()
            left.pop()
        except BaseException as error:  # also those of other handlers of signals
            interrupt = interrupt or error
    if interrupt:
        raise interrupt
