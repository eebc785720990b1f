"""`train`, `fit` and `train_step`: the loop and the step with their checks and settings.

::

    for epoch in train(network, SigmoidCrossEntropy(), Adam(), X, y, epochs=20, batch_size=64):
        print(epoch.number, epoch.loss)

The consumer of the stream decides what happens between two epochs, and ends it with `break`. There
are no callbacks; `streams.py` has early stopping and keep-best, a few lines each.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from plainnet.checks import check_whole
from plainnet.network import Array, Loss, Network, Rng
from plainnet.training.arguments import batch_that_counts, check_parts, checked_samples
from plainnet.training.averaging import averaged
from plainnet.training.batches import Batches, InputPipeline
from plainnet.training.devices import bring
from plainnet.training.engine import claimed
from plainnet.training.engine_choice import engine_of
from plainnet.training.epoch import Epoch, Epochs, History
from plainnet.training.loop import loop
from plainnet.training.optimizer import Optimizer
from plainnet.training.position import Position
from plainnet.training.regularization import NONE, Regularization
from plainnet.training.schedules import Schedule
from plainnet.training.threads import one_processor, one_thread
from plainnet.training.validation import Held, check_parameters, checked_validation, measure
from plainnet.training.workers import Comm, Workers, shared_out

UNASKED_PAUSE = 0.1
"""The seconds in which a training reacts to Ctrl-C where nobody asks whether it should stop."""


@dataclass(frozen=True)
class Checkpointing:
    """The position at which a training continues, and the question whether it should stop.

    >>> checkpointing = Checkpointing(should_stop=lambda: False)
    """

    position: Position = field(default_factory=Position)
    """The position to continue at, kept up to date; after `checkpoint.restore` the training goes on
    as if it had never stopped."""
    should_stop: Callable[[], bool] | None = None
    """A function called after each batch, when a checkpoint can be made; True ends the stream."""
    pause: float = 0.0
    """The time that may pass between two calls of `should_stop`, in seconds: the training is faster
    where the kernels take several steps at once. 0: it is called after each batch."""


def train(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    *,
    epochs: int,
    batch_size: int | None = None,
    rng: Rng | int | None = 0,
    weights: Array | None = None,
    schedule: Schedule | None = None,
    validation: Held | None = None,
    pipeline: InputPipeline | None = None,
    regularization: Regularization = NONE,
    checkpointing: Checkpointing | None = None,
    workers: Workers | Comm | None = None,
) -> Epochs:
    """Train in place and yield an `Epoch` after each pass over the samples.

    >>> X, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> network, loss = Network.dense([4, 8, 2]), SoftmaxCrossEntropy()
    >>> [epoch.number for epoch in train(network, loss, Adam(0.01), X, y, epochs=3)]
    [1, 2, 3]

    Args:
        network: changed in place.
        loss: the loss to minimize.
        optimizer: makes the steps; it keeps its state from an earlier training.
        X: samples `(N, …)`: the network's inputs, or raw samples that the pipeline prepares. The
            network computes in its dtype: subtract the mean from float64 values far from 0, or make
            the network with `dtype=np.float64`, so that float32 does not round away differences.
        y: targets, as the loss takes them.
        epochs: number of passes over the samples.
        batch_size: samples of a step; None: all at once, as in the article.
        rng: generator or seed of the order of the samples.
        weights: sample weights `(N,)`; samples of weight 0 are removed.
        schedule: the learning rate of each step; None: the optimizer's own.
        validation: (X, y), (X, y, weights) or `Validation`, measured after each epoch.
        pipeline: the functions that raw samples pass through; None: X holds inputs.
        regularization: an L2 penalty, clipped gradients, max-norm, an average of the parameters,
            and the share of dropout and weight decay in each step.
        checkpointing: where to continue, and when to stop; None: from the beginning to the end.
        workers: the processes that compute the gradient together, each with the same arguments: an
            MPI communicator, or `Workers` with another number of shards. None: this one alone.

    Raises:
        ShapeError, DataError, SettingError: at the call, before anything is computed.
        DivergedError: while iterating, when the loss is no longer finite.
    """
    check_parts(network, loss, optimizer)
    epochs = check_whole("number of epochs", epochs, 0)
    X, y, weights = checked_samples(network, loss, X, y, weights)
    held = checked_validation(network, loss, validation)
    inputs, going_on = pipeline or InputPipeline(), checkpointing or Checkpointing()
    batches = Batches(X, y, weights, size=batch_size, rng=rng, pipeline=inputs, dtype=network.dtype)
    at, steps = going_on.position, epochs * len(batches) - going_on.position.steps
    engine = engine_of(network, loss, optimizer, regularization, schedule, at, steps, batches.size)
    engine.pause = going_on.pause if going_on.should_stop else UNASKED_PAUSE
    bring(network, loss, optimizer, regularization.average)
    should_stop = shared_out(workers, engine, at, going_on.should_stop or (lambda: False))
    network.recheck()

    def record(at: Position) -> Epoch:
        metrics: Mapping[str, float] = {}
        if held is not None:
            with _threads_of_training(at, workers), averaged(network, regularization.average):
                metrics = measure(network, loss, optimizer, held, inputs.prepare, engine.forward)
        if at.epochs + 1 == epochs:
            check_parameters(network, optimizer)
        mean, rate = at.loss / at.counted, optimizer.learning_rate
        return Epoch(at.epochs + 1, at.steps, mean, rate, at.seconds, metrics)

    around = partial(engine.surroundings, 0 if workers else batches.size)
    how: dict[str, Any] = {"at": at, "surroundings": around, "should_stop": should_stop}
    return Training(loop(partial(engine.learn_from, batches), epochs, record=record, **how))


def fit(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    *,
    epochs: int,
    batch_size: int | None = None,
    rng: Rng | int | None = 0,
    weights: Array | None = None,
    schedule: Schedule | None = None,
    validation: Held | None = None,
    pipeline: InputPipeline | None = None,
    regularization: Regularization = NONE,
    checkpointing: Checkpointing | None = None,
    workers: Workers | Comm | None = None,
) -> History:
    """Train to the end: `train` without the loop, with the same arguments.

    ::

        history = fit(network, SigmoidCrossEntropy(), Adam(), X, y, epochs=20, batch_size=64)

    >>> X, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> network, loss = Network.dense([4, 8, 2]), SoftmaxCrossEntropy()
    >>> len(fit(network, loss, Adam(0.01), X, y, epochs=3))
    3

    Returns:
        The record of each epoch; a notebook shows them as a chart.
    """
    return History(
        train(
            network,
            loss,
            optimizer,
            X,
            y,
            epochs=epochs,
            batch_size=batch_size,
            rng=rng,
            weights=weights,
            schedule=schedule,
            validation=validation,
            pipeline=pipeline,
            regularization=regularization,
            checkpointing=checkpointing,
            workers=workers,
        )
    )


def train_step(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    weights: Array | None = None,
    clip_norm: float | None = None,
    l2: float = 0.0,
) -> float:
    """Take one step on one batch: forward, loss, backward, update; return the loss before it.

    >>> X, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> network, loss = Network.dense([4, 8, 2]), SoftmaxCrossEntropy()
    >>> train_step(network, loss, Adam(0.01), X, y) > train_step(network, loss, Adam(0.01), X, y)
    True

    Args:
        network: changed in place.
        loss: computed from logits and y.
        optimizer: of the update.
        X: inputs `(N, n_in)`.
        y: targets, as the loss takes them.
        weights: the weight of each sample, `(N,)`; None: all equal.
        clip_norm: the largest norm of the gradient; None: no limit.
        l2: the factor λ of λ/2 ‖W‖², which is added to the loss.

    Raises:
        SettingError, ShapeError, DataError: in a network's first step, if arguments do not fit; in
            each step, if weights do not fit, or values are masked.
        DivergedError: the loss is not finite; the network was not changed.
    """
    check_parts(network, loss, optimizer)
    X, y, weights = batch_that_counts(X, y, weights, network.xp)
    if not network.contract_holds and network.xp is np and (weights is None or weights.any()):
        X, y, weights = checked_samples(network, loss, X, y, weights)
    how = Regularization(l2, clip_norm) if l2 or clip_norm is not None else NONE
    with claimed(network):
        return engine_of(network, loss, optimizer, how, size=len(X))(X, y, weights)


@contextmanager
def _threads_of_training(at: Position, workers: Workers | Comm | None) -> Iterator[None]:
    """Limit the threads as in the steps: the same bits when the training is resumed."""
    alone = one_processor() if workers else nullcontext()  # the others are for their workers
    with one_thread() if at.threads == 1 else nullcontext(), alone:
        yield


class Training(Epochs):
    """A stream of epochs that warns when it is dropped before its first epoch.

    Args:
        epochs: the stream.
        source: the stream that it consumes, if there is one; both end together.
    """

    def __init__(self, epochs: Any, source: Epochs | None = None) -> None:
        self._epochs, self._source = epochs, source
        self._begun = False

    def send(self, value: None) -> Epoch:
        """Return the next epoch."""
        self._begun = True
        epoch: Epoch = self._epochs.send(value)
        return epoch

    def throw(self, *error: Any) -> Epoch:
        """Raise an error within the training."""
        self._begun = True
        epoch: Epoch = self._epochs.throw(*error)
        return epoch

    def close(self) -> None:
        """End the training."""
        self._begun = True
        self._epochs.close()
        if self._source is not None:
            self._source.close()

    def __del__(self) -> None:
        if not self._begun:
            warnings.warn(
                "A training was dropped before its first epoch, so nothing was learned; write "
                "`for epoch in train(…)`, or call fit(…), which takes the same arguments.",
                RuntimeWarning,
                stacklevel=2,
            )
            self.close()
