"""The engine of a training: it takes the step of `step.py`, with regularization and checks."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np

from plainnet.errors import DivergedError, SettingError
from plainnet.network import Array, Loss, Network
from plainnet.network.contract import check_gradient
from plainnet.training.batches import Batches
from plainnet.training.devices import carried
from plainnet.training.l2 import add_l2
from plainnet.training.max_norm import limit_norms
from plainnet.training.optimizer import Optimizer
from plainnet.training.position import Position, count
from plainnet.training.rate_factors import RateFactors
from plainnet.training.regularization import NONE, Regularization, clip, share_applied
from plainnet.training.schedules import Schedule
from plainnet.training.step import step
from plainnet.training.threads import one_processor, suited_threads


class Engine:
    """A function that learns from one batch, in NumPy.

    It passes itself to `step` as both loss and optimizer, and wraps theirs: it raises an error
    before an update with a loss that is not finite, and regularizes the update.

    Args:
        network: changed in place.
        loss: the loss to minimize.
        optimizer: makes the updates.
        regularization: changes around each update.
        schedule: the learning rate of each step; None: the optimizer's own.
        at: the position of the training, for the schedule.
        size: number of samples of a step, for an estimate of the work.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        regularization: Regularization = NONE,
        schedule: Schedule | None = None,
        at: Position | None = None,
        size: int = 1,
    ) -> None:
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.regularization, self.schedule, self.at = regularization, schedule, at
        self.size = size
        self.update: Callable[..., None] = optimizer.step
        """The optimizer's step, perhaps a compiled one."""
        average = regularization.average
        self.average: Callable[[Array], None] | None = average.update if average else None
        """The update of the average, perhaps a compiled one."""
        self.gradient_of_batch: Callable[..., float] | None = None
        """A function that writes the gradient instead of `gradient`: that of many workers."""
        self.rate_factors = RateFactors.of(network)
        self.pause = 0.0
        """The seconds that may pass before a training can stop; 0: it can after each batch."""
        self._n = self._penalty = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether a step is gradient and update, with nothing between or behind but an average."""
        how = self.regularization
        between = how.l2, how.clip_norm, how.max_norm, how.schedule, self.gradient_of_batch
        return not any(between) and self.rate_factors is None

    def __call__(self, X: Array, y: Array, weights: Array | None) -> float:
        """Learn from one batch; return its loss before the step, with the penalty."""
        if self.schedule and self.at:
            self.optimizer.learning_rate = float(self.schedule(self.at.steps))
        how = self.regularization
        self._n, self._penalty = count(X, weights) if how.l2 else 0, 0.0
        if how.schedule is None or self.at is None:
            return self.learn(X, y, weights) + self._penalty
        with share_applied(self.network, self.optimizer, float(how.schedule(self.at.steps))):
            return self.learn(X, y, weights) + self._penalty

    def learn_from(self, batches: Batches, at: Position) -> Iterator[None]:
        """Learn from the batches of an epoch; yield after each, or after those of `pause` seconds.

        Args:
            batches: of the training.
            at: the position to begin at, which is kept up to date.
        """
        start = time.perf_counter() - at.seconds
        for X, y, weights in carried(batches.epoch, self.network.xp)(at):
            J = self(X, y, weights)
            at.end_batch(J, X, weights, time.perf_counter() - start)
            yield

    def learn(self, X: Array, y: Array, weights: Array | None) -> float:
        """Take the step; return the loss without the penalty."""
        if self.gradient_of_batch is None:
            return step(self.network, self, self, X, y, weights)
        return self.update_by(self.gradient_of_batch, X, y, weights)

    def update_by(
        self, gradient: Callable[..., float], X: Array, y: Array, weights: Array | None
    ) -> float:
        """Take the step with a function that writes `network.grad`; return its loss."""
        J = gradient(X, y, weights)
        self.check_loss(J)
        self.step(self.network.theta, self.network.grad, self.network.n_weights)
        return J

    def gradient(self, X: Array, y: Array, weights: Array | None) -> float:
        """Write `network.grad` of some samples and return their loss: a step without its update."""
        return step(self.network, self, _NoUpdate(), X, y, weights)

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """Compute the loss and its gradient; raise an error if the loss is not finite."""
        J, dZ = self.loss.value_and_grad(Z, y, weights)
        if not self.network.contract_holds:
            check_gradient(self.loss, J, dZ, Z)
        self.check_loss(float(J))
        return J, dZ

    def check_loss(self, J: float) -> None:
        """Raise a DivergedError where the loss is not finite."""
        if not math.isfinite(J):
            raise diverged(f"The loss became {J}", self.optimizer)

    def step(self, theta: Array, grad: Array, n_weights: int | None = None) -> None:
        """Take the optimizer's step, with the regularization before and after it."""
        how = self.regularization
        if how.l2 and self._n:
            self._penalty = add_l2(self.network, how.l2 / self._n)
        if how.clip_norm is not None:
            clip(grad, how.clip_norm)
        if self.rate_factors is not None:
            self.rate_factors.note(theta)
        self.update(theta, grad, n_weights)
        if self.rate_factors is not None:
            self.rate_factors.scale(theta)
        if how.max_norm is not None:
            limit_norms(self.network, how.max_norm)
        if self.average is not None:
            self.average(theta)

    def forward(self, X: Array) -> Array:
        """Compute the outputs, valid until the next call."""
        return self.network.forward(X)

    def surroundings(self, size: int) -> AbstractContextManager[None]:
        """Return the context in which an epoch of batches of this size runs.

        Of a training that is shared with other processes, the size is 0.
        """
        return _surroundings(self.network, size)


class _NoUpdate:
    """An optimizer that changes nothing."""

    def step(self, theta: Array, grad: Array, n_weights: int | None = None) -> None:
        """Do nothing."""


@contextmanager
def _surroundings(network: Network, size: int) -> Iterator[None]:
    quiet = np.errstate(over="ignore", invalid="ignore")  # overflow ends in DivergedError
    threads = suited_threads(network, size) if size else one_processor()
    with claimed(network), quiet, threads:
        yield


@contextmanager
def claimed(network: Network) -> Iterator[None]:
    """Keep other threads from training the network within the block.

    Raises:
        SettingError: another thread is training it.
    """
    if not network.training.acquire(blocking=False):
        raise SettingError(
            "The network is being trained in another thread; train it in one thread at a time, or "
            "train network.copy()."
        )
    try:
        yield
    finally:
        network.training.release()


def diverged(what: str, optimizer: Optimizer) -> DivergedError:
    """Make the error for a training whose numbers are no longer finite."""
    return DivergedError(
        f"{what} after {optimizer.t} steps, with learning rate "
        f"{optimizer.learning_rate:g}; try {optimizer.learning_rate / 10:g}, clip_norm=1, or "
        "inputs scaled to mean 0 and standard deviation 1."
    )
