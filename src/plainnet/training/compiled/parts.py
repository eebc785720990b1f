"""Parts of a batch in threads side by side.

The samples are cut into the same parts for any number of threads, so that sums over them always
give the same bits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from plainnet.training.compiled.thread_team import at_once

PARTS = 4
"""The parts of a batch, and so the most threads."""
BLOCKS = 4
"""The blocks of the inputs of a large first W: the same for any number of threads."""
NARROW = 4
"""The columns of a product for which tiles are too wide: there is memory for its transpose."""
SCRATCH = 48
"""A thread's scratch numbers for each unit of the widest layer: at least a tile's columns."""
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

    def share(first: int, threads: int) -> None:
        for i, samples in parts[first::threads]:
            work(i, samples)

    if threads == 1:
        share(0, 1)
    else:
        at_once(share, min(threads, len(parts)))


def together(function: Callable[..., Any], given: tuple[Any, ...], threads: int) -> Any:
    """Return `function(*given, team)`, which the threads of a team compute together: see `team.py`.

    They rarely sleep while they wait. So where they take all processors, each has its own.
    """
    if threads == 1:
        return function(*given, ALONE)
    arrived = np.zeros(1, np.int64)
    return at_once(lambda i, n: function(*given, (i, n, arrived)), threads, apart=True)[0]
