"""The training loop: a generator of one frozen record after another.

::

    for epoch in train(network, SigmoidCrossEntropy(), Adam(), X, y, epochs=20, batch_size=64):
        print(epoch.number, epoch.loss)

Whoever consumes the stream decides what happens between two epochs, and ends it with `break`.
There are no callbacks; `streams.py` has early stopping and keep-best, a few lines each.
"""

import math
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.errors import DivergedError, SettingError
from plainnet.network import Array, Loss, Network, Rng
from plainnet.training import fused
from plainnet.training.batches import Batches, Prepare, check_samples, logits
from plainnet.training.fused_step import fused_gradient
from plainnet.training.optimizer import Optimizer
from plainnet.training.schedules import Schedule
from plainnet.training.span import Span, span_pays
from plainnet.training.threads import suited_threads

Figures = Callable[[Array, Array], Mapping[str, float]]
"""`figures(logits, y)`: what to measure on validation data beside the loss, by name."""


@dataclass(frozen=True)
class Epoch:
    """What is known when an epoch ends."""

    number: int
    """1, 2, 3, …"""
    step: int
    """Optimizer steps of this training so far."""
    loss: float
    """The mean loss of the epoch's batches, each as it was before its step, by their size."""
    learning_rate: float
    """Of the last step."""
    seconds: float
    """Of training, without validation."""
    validation: Mapping[str, float] = field(default_factory=dict)
    """`loss` and the other figures on the validation data; empty without any."""

    def figures(self) -> dict[str, float]:
        """Everything recorded as one flat row: `epoch`, `loss`, `validation_loss`, …."""
        row = {"epoch": self.number, "step": self.step, "loss": self.loss}
        row |= {f"validation_{name}": value for name, value in self.validation.items()}
        return row | {"learning_rate": self.learning_rate, "seconds": self.seconds}

    def __getitem__(self, figure: str) -> float:
        row = self.figures()
        if figure not in row:
            raise SettingError(
                f"No figure {figure!r} is recorded, only {', '.join(row)}"
                f"{'' if self.validation else '; train with validation data to have more'}."
            )
        return row[figure]


Epochs = Generator[Epoch, None, None]
"""A stream of epochs; `close()`, as `break` does, ends it."""


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
    clip_norm: float | None = None,
    validation: tuple[Array, Array] | None = None,
    figures: Figures | None = None,
    prepare: Prepare | None = None,
    span: bool = False,
) -> Epochs:
    """Train in place and yield an `Epoch` after each pass over the samples.

    Args:
        network: changed in place.
        loss: what is made smaller.
        optimizer: makes the steps; carries its state over from an earlier training.
        X: samples `(N, …)`: the network's inputs, or raw ones that `prepare` makes inputs of.
        y: targets, as the loss takes them.
        epochs: how many passes over the samples.
        batch_size: samples of a step; None: all at once, as in the article.
        rng: generator or seed of the order of the samples.
        weights: of the samples `(N,)`.
        schedule: the learning rate of each step; None: the optimizer's own.
        clip_norm: the gradient is scaled down to this Euclidean norm where it is longer.
        validation: (X, y), measured after each epoch.
        figures: what is measured beside the loss; None: what the loss offers (accuracy).
        prepare: makes inputs of raw samples, in their batch.
        span: train in the span of the samples where that is the same and pays (see `span.py`). The
            network is then brought up to date when it is looked at or the stream ends, the
            optimizer's memory when the stream ends, and `grad` not at all; of what is changed
            between two epochs only the learning rate is heeded.

    Raises:
        ShapeError, DataError, SettingError: at the call, before anything is computed.
        DivergedError: while iterating, when the loss is no longer finite.
    """
    check_whole("number of epochs", epochs, 0)
    if batch_size is not None:
        check_whole("batch size", batch_size, 1)
    if clip_norm is not None:
        check_number("norm to clip gradients at", clip_norm, "(0, inf]")
    X, y, weights = _checked(network, loss, X, y, weights)
    if validation:
        validation = _checked(network, loss, *validation, None)[:2]
    batches = Batches(X, y, weights, size=batch_size, rng=rng, prepare=prepare, dtype=network.dtype)
    passes = _Passes(network, loss, optimizer, batches, schedule, clip_norm)

    def epoch_by_epoch() -> Epochs:
        fixed = span and prepare is None
        in_span = fixed and span_pays(network, optimizer, X, epochs)
        learner = passes.in_span() if in_span else passes
        try:
            for number in range(1, epochs + 1):
                J, seconds = learner.one(optimizer)
                network.pending = learner.settle
                measured = _measure(network, loss, validation, figures, prepare)
                yield Epoch(number, learner.step, J, optimizer.learning_rate, seconds, measured)
        finally:
            network.settle()

    return epoch_by_epoch()


def _checked(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None
) -> tuple[Array, Array, Array | None]:
    """Samples, targets as the loss computes with them, and weights, once they fit the network."""
    X, y = np.asarray(X), np.asarray(y)
    weights = None if weights is None else np.asarray(weights)
    check_samples(X, weights, network.n_in)
    n_out = network.n_out or math.prod(X.shape[1:])
    return X, loss.check_targets(y, len(X), n_out, network.dtype), weights


def _measure(
    network: Network,
    loss: Loss,
    validation: tuple[Array, Array] | None,
    figures: Figures | None,
    prepare: Prepare | None,
) -> Mapping[str, float]:
    """The loss and the other figures on the validation data."""
    if not validation:
        return {}
    X, y = validation
    with np.errstate(over="ignore", invalid="ignore"):  # the last step may have diverged
        Z = logits(network, X, prepare=prepare)
        return {"loss": loss.value_and_grad(Z, y)[0], **(figures or loss.figures)(Z, y)}


def train_step(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    X: Array,
    y: Array,
    weights: Array | None = None,
    clip_norm: float | None = None,
) -> float:
    """Forward, loss, backward, update: one step on one batch; returns the loss before it."""
    J = gradient(network, loss, X, y, weights, fuse=fused.pays(optimizer.t, network.n_parameters))
    if not math.isfinite(J):
        raise DivergedError(
            f"The loss became {J} after {optimizer.t} steps, with learning rate "
            f"{optimizer.learning_rate:g}; try {optimizer.learning_rate / 10:g}, clip_norm=1, or "
            "inputs scaled to a mean of 0 and a spread of 1."
        )
    if clip_norm is not None:
        clip(network.grad, clip_norm)
    optimizer.step(network.theta, network.grad, network.n_weights)
    return J


def gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, *, fuse: bool
) -> float:
    """The loss of a batch, with `network.grad` written; `fuse`: in compiled loops if there are."""
    J = fused_gradient(network, loss, X, y, weights) if fuse else None
    if J is None:
        Z = network.forward(X, training=True)
        J, dZ = loss.value_and_grad(Z, y, weights)
        network.backward(dZ)
    return J


def clip(grad: Array, norm: float) -> float:
    """Scale `grad` down, in place, to a Euclidean norm of at most `norm`; returns what it was.

    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013),
    algorithm 1.
    """
    length = math.sqrt(float(grad @ grad))
    if not math.isfinite(length):  # the squares overflow long before the gradient does
        largest = float(abs(grad).max())
        length = largest * math.sqrt(float(((grad / largest) ** 2).sum()))
    if length > norm:
        grad *= norm / length
    return length


@dataclass
class _Passes:
    """Passes over the samples, one after another."""

    network: Network
    loss: Loss
    optimizer: Optimizer
    batches: Batches
    schedule: Schedule | None
    clip_norm: float | None
    step: int = 0
    settle: Callable[[], None] | None = None

    def in_span(self) -> "_Passes":
        """The same passes, in the span of the samples."""
        span = Span(self.network, self.optimizer, self.batches.inputs())
        return replace(
            self,
            network=span.network,
            optimizer=span.optimizer,
            batches=self.batches.of(span.C),
            settle=span.settle,
        )

    def one(self, optimizer: Optimizer) -> tuple[float, float]:
        """One pass: its mean loss and its seconds.

        `optimizer` is the one whose learning rate the user sees and may change.
        """
        start, total, counted = time.perf_counter(), 0.0, 0.0
        self.optimizer.learning_rate = optimizer.learning_rate
        quiet = np.errstate(over="ignore", invalid="ignore")  # what overflows ends in DivergedError
        with quiet, suited_threads(self.network, self.batches.size):
            for X, y, weights in self.batches:
                if self.schedule:
                    self.optimizer.learning_rate = float(self.schedule(self.step))
                J = train_step(
                    self.network, self.loss, self.optimizer, X, y, weights, self.clip_norm
                )
                n = len(X) if weights is None else float(weights.sum())
                total, counted, self.step = total + n * J, counted + n, self.step + 1
        optimizer.learning_rate = self.optimizer.learning_rate
        return total / counted, time.perf_counter() - start
