"""The training loop: epochs, batches, step, yield.

`trainer.py` has `train`, which checks its arguments, prepares the parts, and runs this loop.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from plainnet.network.arrays import Array
from plainnet.training.epoch import Epoch
from plainnet.training.position import Position

Batch = tuple[Array, Array, Array | None]
"""Inputs `(n, n_in)`, targets `(n, …)`, weights `(n,)` or None."""


def loop(
    learn: Callable[[Position], Iterator[None]],
    epochs: int,
    *,
    at: Position,
    surroundings: Callable[[], AbstractContextManager[None]],
    record: Callable[[Position], Epoch],
    should_stop: Callable[[], bool],
) -> Iterator[Epoch]:
    """Pass over the samples again and again, and yield a record after each epoch.

    Args:
        learn: learns from the batches of an epoch, from a position on, which it keeps up to date,
            and yields where the training may stop: `Engine.learn_from`.
        epochs: number of epochs.
        at: the position to begin at.
        surroundings: makes the context in which an epoch runs, such as a limit of threads.
        record: makes the record of a completed epoch, such as metrics on validation data.
        should_stop: called where the training may stop; True ends the stream there.
    """
    while at.epochs < epochs:
        with surroundings():
            for _ in learn(at):
                if should_stop():
                    return
        epoch = record(at)
        at.end_epoch()
        yield epoch
