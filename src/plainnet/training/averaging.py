"""The average of the parameters along a training, which is often better than the last ones."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import SettingError, ShapeError
from plainnet.network import Network
from plainnet.network.arrays import Array, vector
from plainnet.training.optimizer import BLOCK

Mix = Callable[[Array, Array, float], None]
"""`mix(mean, theta, share)` adds θ to the mean, in place, with this share."""


class Average:
    """A running mean of a vector θ, in which each earlier step counts `decay` times as much.

    ::

        average = Average(0.999)
        for X, y, w in batches:
            train_step(network, loss, optimizer, X, y, w)
            average.update(network.theta)
        network.theta = average.theta

    Averaging the steps goes back to Ruppert (1988) and to Polyak, Juditsky: Acceleration of
    stochastic approximation by averaging (1992). The mean here is that of Kingma, Ba: Adam (2015),
    section 7.2: θ̄ ← d θ̄ + (1−d) θ, divided by 1 − dᵗ, the sum of the shares of t steps. So after
    one step it is θ itself, independent of any start value. With a decay of 1 it is the plain mean
    of all steps, Polyak's and Ruppert's.

    The `state` of BatchNorm layers belongs to the latest θ: use a separate Average for each of its
    arrays, or forward some training batches with the mean.

    Args:
        decay: d, 0 ≤ d ≤ 1; the mean reaches back over some 1 / (1−d) steps.

    Raises:
        SettingError: the decay is out of its range.
    """

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = check_number("decay of an average", decay, "[0, 1]")
        self.t = 0
        """Number of steps averaged."""
        self.xp: ModuleType = np
        self._mean: Array = np.empty(0)
        self._scratch: Array = np.empty(0)

    def update(self, theta: Array) -> None:
        """Add the vector θ after a step; only the first call allocates memory.

        Raises:
            ShapeError: an earlier θ had another size.
        """
        self.update_by(self._mix, theta)

    def update_by(self, mix: Mix, theta: Array) -> None:
        """Add θ with another version of `_mix`, such as a compiled one."""
        mean, [share] = self.next_steps(theta, 1)
        mix(mean, theta, share)

    def next_steps(self, theta: Array, n: int) -> tuple[Array, list[float]]:
        """Count n steps; return the mean, and the share with which each θ must be added to it."""
        if self.t == 0:
            self._mean = vector(self.xp, theta.size, theta.dtype)
        elif self._mean.shape != theta.shape:
            raise ShapeError(
                f"The average is of {self._mean.size} parameters so far, but got {theta.size}; "
                "make a new Average for each network."
            )
        shares = []
        for _ in range(n):
            self.t += 1
            shares.append(self._share())
        return self._mean, shares

    def _mix(self, mean: Array, theta: Array, share: float) -> None:
        """Move the mean towards θ, in place."""
        if self._scratch.dtype != theta.dtype or not len(self._scratch):
            self._scratch = self.xp.empty_like(theta[:BLOCK])
        for start in range(0, theta.size, BLOCK):
            held, part = mean[start : start + BLOCK], theta[start : start + BLOCK]
            s = self._scratch[: part.size]
            self.xp.subtract(part, held, out=s)
            s *= share
            held += s  # θ̄ ← θ̄ + share · (θ − θ̄)

    def _share(self) -> float:
        """Return the share of the newest θ in the mean: (1−d) / (1−dᵗ), for d = 1 its limit 1/t."""
        d = self.decay
        return 1 / self.t if d == 1 else (1 - d) / (1 - d**self.t)

    @property
    def theta(self) -> Array:
        """The mean, in memory that the next `update` changes.

        Raises:
            SettingError: there is none yet.
        """
        if self.t == 0:
            raise SettingError("There is nothing to average yet; call update(theta) after a step.")
        return self._mean

    def state(self) -> dict[str, Array]:
        """Return copies of everything that the next update depends on, except the decay."""
        return {"t": np.array(self.t), "theta": self._mean.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue exactly from a `state()`.

        Raises:
            ShapeError: it is the state of something else.
        """
        if {*state} != {"t", "theta"}:
            raise ShapeError(
                f"An average remembers ['t', 'theta'], but the state to restore holds "
                f"{sorted(state)}; restore it into what it was taken from."
            )
        self.t = int(state["t"])
        held = state["theta"]
        self._mean = vector(self.xp, held.size, held.dtype)
        self._mean[...] = self.xp.asarray(held)
        self._scratch = np.empty(0)


class PolynomialAverage(Average):
    """A running mean of a vector θ that forgets in proportion to the steps taken.

    Polynomial-decay averaging of Shamir, Zhang: Stochastic gradient descent for non-smooth
    optimization (2013), section 4: θ̄ ← θ̄ + (η+1) / (t+η) · (θ − θ̄). It reaches back over the last
    t / (η+1) steps or so, whatever t is: at any time it is as good as where a training with a
    falling learning rate would end there. So the learning rate may stay as it is, and the number
    of steps need not be known beforehand.

    >>> regularization = Regularization(average=PolynomialAverage())

    Args:
        eta: η ≥ 0; 0 is the plain mean of all steps.

    Raises:
        SettingError: η is out of its range.
    """

    def __init__(self, eta: float = 9.0) -> None:
        super().__init__(1.0)
        self.eta = check_number("eta of an average", eta, "[0, inf)")

    def _share(self) -> float:
        return (self.eta + 1) / (self.t + self.eta)


@contextmanager
def averaged(network: Network, average: Average | None) -> Iterator[None]:
    """Give the network the mean as its parameters within the block, if there is one."""
    if average is None or average.t == 0:
        yield
        return
    latest = network.theta.copy()
    network.theta = average.theta
    try:
        yield
    finally:
        network.theta = latest
