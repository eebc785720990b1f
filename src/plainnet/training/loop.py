"""The training loop: epochs, batches, step, yield.

`trainer.py` has `train`, which checks its arguments, prepares the parts, and runs this loop.
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
    """Pass over the samples again and again, and yield a record after each epoch.

    Args:
        step: learns from a batch and returns its loss: an `Engine`.
        batches: returns the batches of an epoch from a position on, in a new order each time.
        epochs: number of epochs.
        at: the position to begin at; kept up to date.
        surroundings: makes the context in which an epoch runs, such as a limit of threads.
        record: makes the record of a completed epoch, such as metrics on validation data.
        should_stop: called after each batch; True ends the stream there.
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
