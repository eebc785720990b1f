"""Parts of a batch in threads side by side.

The samples are cut into the same parts for any number of threads, so that sums over them always
give the same bits.
"""

from collections.abc import Callable
from threading import Thread

PARTS = 4
"""The parts of a batch, and so the most threads."""
LEAST_WORK = 1e7
"""The multiply-adds from which starting threads takes less time than they save."""

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
    for thread in others:
        thread.join()
    if failed:
        raise failed[0]
