"""The training loop: a generator of one frozen record after another.

::

    for epoch in train(network, SigmoidCrossEntropy(), Adam(), X, y, epochs=20, batch_size=64):
        print(epoch.number, epoch.loss)

Whoever consumes the stream decides what happens between two epochs, and ends it with `break`.
There are no callbacks; `streams.py` has early stopping and keep-best, a few lines each.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.network import Array, Loss, Network, Rng
from plainnet.training import fused
from plainnet.training.arguments import check_parts, checked_samples, checked_validation
from plainnet.training.averaging import Average, averaged
from plainnet.training.batches import Batches, Order, Prepare, logits
from plainnet.training.checkpoint import Position
from plainnet.training.epoch import Epoch, Epochs, Training
from plainnet.training.max_norm import limit_norms
from plainnet.training.optimizer import Optimizer
from plainnet.training.schedules import Schedule
from plainnet.training.step import claimed, count, diverged, step
from plainnet.training.threads import suited_threads

Mix = Callable[[Array, Array], tuple[Array, Array]]
"""`mix(X, y)`: other inputs and targets made of a batch's."""

Figures = Callable[..., Mapping[str, float]]
"""`figures(logits, y)`, with weights `figures(logits, y, weights)`: what to measure on validation
data beside the loss, by name."""
Held = tuple[Array, Array] | tuple[Array, Array, Array | None]
"""Samples, their targets and perhaps their weights, to be measured on."""


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
    order: Order | None = None,
    weights: Array | None = None,
    schedule: Schedule | None = None,
    l2: float = 0.0,
    clip_norm: float | None = None,
    validation: Held | None = None,
    figures: Figures | None = None,
    prepare: Prepare | None = None,
    augment: Prepare | None = None,
    mix: Mix | None = None,
    max_norm: float | None = None,
    average: Average | None = None,
    position: Position | None = None,
    between: Callable[[], bool] | None = None,
) -> Epochs:
    """Train in place and yield an `Epoch` after each pass over the samples.

    Args:
        network: changed in place.
        loss: what is made smaller.
        optimizer: makes the steps; carries its state over from an earlier training.
        X: samples `(N, …)`: the network's inputs, or raw ones that `prepare` makes inputs of. The
            network computes in its dtype: subtract the mean from float64 that is far from 0, or
            make the network with `dtype=np.float64`, before float32 rounds away what differs.
        y: targets, as the loss takes them.
        epochs: how many passes over the samples.
        batch_size: samples of a step; None: all at once, as in the article.
        rng: generator or seed of the order of the samples.
        order: gives the order of the samples at each epoch; None: drawn from `rng`. To go on with a
            `position` it must give again what it gave.
        weights: of the samples `(N,)`; those of weight 0 are left out.
        schedule: the learning rate of each step; None: the optimizer's own.
        l2: α of the penalty α/2 ‖W‖² / n in the loss of a batch of n samples, or of weight n; so
            the penalty of an epoch is the smaller the more samples there are. (Weight decay by the
            optimizer is the same at each step and not part of the loss.)
        clip_norm: the gradient is scaled down to this Euclidean norm where it is longer.
        validation: (X, y) or (X, y, weights), measured after each epoch.
        figures: what is measured beside the loss; None: what the loss offers (accuracy).
        prepare: makes inputs of raw samples, in their batch.
        augment: does so for the batches that are learned from, with other changes at each time.
        mix: changes the inputs and targets of a batch that is learned from: mix-up.
        max_norm: bounds the norm of the weights into each unit after each step (`limit_norms`).
        average: takes in the parameters after each step; what is measured is measured with it.
        position: where to go on, and kept up to date; with what `checkpoint.restore` puts back, the
            training goes on as if it had never stopped. None: at the beginning.
        between: asked after each batch, when a checkpoint can be made; True ends the stream there.

    Raises:
        ShapeError, DataError, SettingError: at the call, before anything is computed.
        DivergedError: while iterating, when the loss is no longer finite.
    """
    check_parts(network, loss, optimizer)
    epochs, batch_size = _checked_sizes(epochs, batch_size)
    l2, clip_norm, max_norm = _checked_bounds(l2, clip_norm, max_norm)
    X, y, weights = checked_samples(network, loss, X, y, weights)
    validation = checked_validation(network, loss, validation)
    network.proved = False  # the first step shows whether all layers keep to their contract
    learned = augment or prepare
    fresh: dict[str, Any] = {"prepare": learned, "anew": augment is not None, "order": order}
    batches = Batches(X, y, weights, size=batch_size, rng=rng, dtype=network.dtype, **fresh)
    at, ways = position or Position(), (schedule, mix, l2, clip_norm, max_norm, average)
    passes = _Passes(network, loss, optimizer, batches, *ways, at, between)

    def measured() -> Mapping[str, float]:
        with averaged(network, average):
            return measure(network, loss.measured, validation, figures, prepare)

    return Training(_epoch_by_epoch(passes, epochs, measured))


def fit(
    network: Network, loss: Loss, optimizer: Optimizer, X: Array, y: Array, **settings: Any
) -> list[Epoch]:
    """Train to the end: `train` without the loop, with the same arguments.

    ::

        history = fit(network, SigmoidCrossEntropy(), Adam(), X, y, epochs=20, batch_size=64)

    Returns:
        The record of each epoch.
    """
    return list(train(network, loss, optimizer, X, y, **settings))


def _epoch_by_epoch(
    passes: "_Passes", epochs: int, measured: Callable[[], Mapping[str, float]]
) -> Epochs:
    network, optimizer, at = passes.network, passes.optimizer, passes.at
    while at.epochs < epochs:
        with claimed(network):
            J = passes.rest_of_epoch()
        if J is None:
            break
        validation, rate, seconds = measured(), optimizer.learning_rate, at.seconds
        check_finite(network, validation, optimizer, last=at.epochs + 1 == epochs)
        at.end_epoch()
        yield Epoch(at.epochs, at.steps, J, rate, seconds, validation)


def _checked_sizes(epochs: int, batch_size: int | None) -> tuple[int, int | None]:
    epochs = check_whole("number of epochs", epochs, 0)
    return epochs, None if batch_size is None else check_whole("batch size", batch_size, 1)


def _checked_bounds(
    l2: float, clip_norm: float | None, max_norm: float | None
) -> tuple[float, float | None, float | None]:
    l2 = check_number("L2 penalty", l2, "[0, inf)")
    if clip_norm is not None:
        clip_norm = check_number("norm to clip gradients at", clip_norm, "(0, inf]")
    if max_norm is not None:
        max_norm = check_number("largest norm of the weights into a unit", max_norm, "(0, inf)")
    return l2, clip_norm, max_norm


def check_finite(
    network: Network, measured: Mapping[str, float], optimizer: Optimizer, *, last: bool = False
) -> None:
    """End a training whose latest step left the finite numbers, though no batch has shown it."""
    J = measured.get("loss", 0.0)
    if not math.isfinite(J):
        raise diverged(f"The validation loss became {J}", optimizer)
    if last and not math.isfinite(float(abs(network.theta).max(initial=0))):
        raise diverged("The parameters became infinite", optimizer)


def measure(
    network: Network,
    loss: Loss,
    validation: Held | None,
    figures: Figures | None = None,
    prepare: Prepare | None = None,
) -> Mapping[str, float]:
    """The loss and the other figures on the validation data."""
    if not validation:
        return {}
    X, y, *rest = validation
    weights = rest[0] if rest else None
    given = (y,) if weights is None else (y, weights)
    with np.errstate(over="ignore", invalid="ignore"):  # the last step may have diverged
        Z = logits(network, X, prepare=prepare)
        return {"loss": loss.value_and_grad(Z, *given)[0], **(figures or loss.figures)(Z, *given)}


@dataclass
class _Passes:
    """Passes over the samples, one after another."""

    network: Network
    loss: Loss
    optimizer: Optimizer
    batches: Batches
    schedule: Schedule | None
    mix: Mix | None
    l2: float
    clip_norm: float | None
    max_norm: float | None
    average: Average | None
    at: Position
    between: Callable[[], bool] | None

    def rest_of_epoch(self) -> float | None:
        """Learn what is left of the present epoch: its mean loss, or None if it was not ended."""
        if fused.pays(self.optimizer.t + len(self.batches), self.network.n_parameters):
            fused.loops()  # now, so that its library is there when threads are bounded
        quiet = np.errstate(over="ignore", invalid="ignore")  # what overflows ends in DivergedError
        with quiet, suited_threads(self.network, self.batches.size):
            ended = self._learn()
        return self.at.loss / self.at.counted if ended else None

    def _learn(self) -> bool:
        """Batch after batch; False if the epoch was not ended."""
        at, rng = self.at, self.batches.rng.bit_generator
        if at.batches:
            rng.state = at.order  # the order of this epoch is drawn once more
        at.order = rng.state
        start = time.perf_counter() - at.seconds
        for X, y, weights in self.batches.epoch(at.batches):
            if self.schedule:
                self.optimizer.learning_rate = float(self.schedule(at.steps))
            if self.mix:
                X, y = self.mix(X, y)
            bounds = self.clip_norm, self.l2
            J = step(self.network, self.loss, self.optimizer, X, y, weights, *bounds)
            if self.max_norm is not None:
                limit_norms(self.network, self.max_norm)
            if self.average is not None:
                self.average.update(self.network.theta)
            n = count(X, weights)
            at.loss, at.counted = at.loss + n * J, at.counted + n
            at.batches, at.steps = at.batches + 1, at.steps + 1
            at.seconds = time.perf_counter() - start
            if self.between and self.between():
                return False
        return True
