"""The training loop: epochs, batches, step, yield.

`trainer.py` has `train`, which checks what it is given, prepares the parts, and goes through this.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from plainnet.network.arrays import Array
from plainnet.training.epoch import Epoch
from plainnet.training.position import Position

Batch = tuple[Array, Array, Array | None]
"""Inputs `(n, n_in)`, targets `(n, …)`, weights `(n,)` or None."""


def loop(
    step: Callable[[Array, Array, Array | None], float],
    batches: Callable[[Position], Iterator[Batch]],
    epochs: int,
    *,
    at: Position,
    surroundings: Callable[[], AbstractContextManager[None]],
    record: Callable[[Position], Epoch],
    should_stop: Callable[[], bool],
) -> Iterator[Epoch]:
    """Go through the samples again and again, and yield a record after each pass.

    Args:
        step: learns from a batch and returns its loss: `step.py`, with what is around it.
        batches: gives those of an epoch from a position on, in a new order each time.
        epochs: how many.
        at: where to begin; kept up to date.
        surroundings: what an epoch is done in, such as a limit of threads.
        record: makes the record of an epoch that has ended: measures on validation data, say.
        should_stop: is asked after each batch; True ends the stream there.
    """
    while at.epochs < epochs:
        with surroundings():
            start = time.perf_counter() - at.seconds
            for X, y, weights in batches(at):
                J = step(X, y, weights)
                at.end_batch(J, X, weights, time.perf_counter() - start)
                if should_stop():
                    return
        epoch = record(at)
        at.end_epoch()
        yield epoch
