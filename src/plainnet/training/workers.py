"""One training on many processes: workers share out the gradient of each batch.

A batch is cut into a fixed number of shards. A worker computes the gradients of its own shards, and
all are added along a fixed binary tree, here of eight:

    g = ((g₁ + g₂) + (g₃ + g₄)) + ((g₅ + g₆) + (g₇ + g₈)).

A worker of two adds one half of it, and receives the other. So the sum, and with it every later
number of the training, has the same bits for 1, 2, 4 or 8 workers. This holds for processors of one
kind: libraries compute products differently for others.

Each worker reads all samples, draws the same order of them, and takes the same step with the whole
gradient. BatchNorm normalizes over the samples of a shard, and its running means move by the mean
over the shards. Dropout draws from a generator of each step and shard.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import numpy as np

from plainnet.checks import check_whole
from plainnet.errors import DivergedError, SettingError
from plainnet.network import Array, Network
from plainnet.training.engine import Engine
from plainnet.training.position import Position, count

SHARDS = 8
"""The shards of a batch, if no other number is given."""
SMALL_MESSAGE = 1 << 14
"""Bytes up to which one message costs less than two of half its length."""


class Comm(Protocol):
    """The part of an MPI communicator that a training needs, as in mpi4py."""

    def Get_rank(self) -> int:
        """Return the number of this worker, from 0."""

    def Get_size(self) -> int:
        """Return the number of workers."""

    def Sendrecv(self, sendbuf: Any, dest: int, *, recvbuf: Any, source: int) -> None:
        """Send one buffer to a worker and receive another of the same size."""


class Workers:
    """The processes that train one network together.

    >>> workers = Workers(MPI.COMM_WORLD, shards=16)  # doctest: +SKIP

    Args:
        comm: the communicator, such as `mpi4py.MPI.COMM_WORLD`.
        shards: the shards of a batch, a power of 2. Trainings of equal bits have equal shards, so
            it is a setting of the training, not of the machines.

    Raises:
        SettingError: the shards cannot be shared out evenly.
    """

    def __init__(self, comm: Comm, shards: int = SHARDS) -> None:
        self.comm, self.shards = comm, check_whole("number of shards", shards, 1)
        self.rank, self.size = comm.Get_rank(), comm.Get_size()
        if shards & (shards - 1) or shards % self.size:
            raise SettingError(
                f"{shards} shards cannot be shared out to {self.size} workers; start 1, 2, 4 or 8, "
                "or give a power of 2 as the number of shards, at least that of the workers."
            )

    def any(self, value: bool) -> bool:
        """Return whether the value is true for any worker."""
        total = Sum(np.dtype(np.float32), 0)
        total.asks[:] = value
        self.add_up(total, Sum(np.dtype(np.float32), 0))
        return bool(total.asks)

    def add_up(self, mine: "Sum", theirs: "Sum") -> None:
        """Add the sums of all workers to the own one, along the upper part of the tree.

        Args:
            mine: the sum of this worker, then of all.
            theirs: memory of the same size.
        """
        if mine.memory.nbytes <= SMALL_MESSAGE:
            self._swap_whole(mine.memory, theirs.memory, lambda: mine.add(theirs))
        else:
            self._swap_whole(mine.numbers, theirs.numbers, lambda: mine.add_numbers(theirs))
            self._swap_halves(mine.vector, theirs.vector)

    def _swap_whole(self, mine: Array, theirs: Array, add: Callable[[], None]) -> None:
        """Exchange all with neighbours, then with neighbours of neighbours, …, and add each time.

        It takes few messages, which are long.
        """
        for partner in self._partners():
            self.comm.Sendrecv(mine, partner, recvbuf=theirs, source=partner)
            add()

    def _swap_halves(self, mine: Array, theirs: Array) -> None:
        """Add a vector of all workers with less to send: 2 (P − 1) / P of its length.

        Partners send each other the half that the other one adds up, then half of a half, …; at the
        end they send back what they have added up. Rabenseifner: Optimization of collective
        reduction operations (2004), section 3.
        """
        start, stop, sent = 0, mine.size, []
        for partner in self._partners():
            middle = (start + stop) // 2
            lower, upper = slice(start, middle), slice(middle, stop)
            own, other = (lower, upper) if self.rank < partner else (upper, lower)
            self.comm.Sendrecv(mine[other], partner, recvbuf=theirs[own], source=partner)
            mine[own] += theirs[own]
            sent.append((partner, own, other))
            start, stop = own.start, own.stop
        for partner, own, other in reversed(sent):
            self.comm.Sendrecv(mine[own], partner, recvbuf=mine[other], source=partner)

    def _partners(self) -> Iterator[int]:
        """Yield the numbers of the workers to add up with, from the lowest branch of the tree."""
        distance = 1
        while distance < self.size:
            yield self.rank ^ distance
            distance *= 2


def shared_out(
    workers: Workers | Comm | None,
    engine: Engine,
    at: Position,
    should_stop: Callable[[], bool],
) -> Callable[[], bool]:
    """Let an engine take its gradients from the workers, if there are any.

    Returns:
        The question whether to stop, which all workers answer alike: yes, one step after one of
        them did.
    """
    if workers is None:
        return should_stop
    workers = workers if isinstance(workers, Workers) else Workers(workers)
    gradient = engine.gradient_of_batch = _SharedGradient(workers, engine, at)

    def agreed() -> bool:
        gradient.asks = should_stop() or gradient.asks
        return gradient.stopping

    return agreed


class Sum:
    """What workers add up: a vector, a loss, and how many ask to stop, in one piece of memory."""

    def __init__(self, dtype: np.dtype[Any], size: int) -> None:
        self.memory = np.zeros(16 + size * dtype.itemsize, np.uint8)
        self.numbers, self.vector = self.memory[:16].view(np.float64), self.memory[16:].view(dtype)
        self.loss, self.asks = self.numbers[:1], self.numbers[1:]

    def add(self, other: "Sum") -> None:
        """Add another sum, in place."""
        self.vector += other.vector
        self.add_numbers(other)

    def add_numbers(self, other: "Sum") -> None:
        """Add all but the vector of another sum, in place."""
        self.numbers += other.numbers


class _SharedGradient:
    """The gradient of a batch, from the shards of all workers.

    A sum's vector holds the gradient and the changes of the layers' state, such as running means.
    """

    def __init__(self, workers: Workers, engine: Engine, at: Position) -> None:
        self.workers, self.engine, self.at = workers, engine, at
        self.asks = self.stopping = False  # this worker asks; one of them did before the last step
        network = engine.network
        self.state = [*network.state.values()]
        self.before = [held.copy() for held in self.state]
        size = network.n_parameters + sum(held.size for held in self.state)
        levels = max(workers.shards // workers.size, 1).bit_length()
        self.sums = [Sum(network.dtype, size) for _ in range(levels)]
        self.received = Sum(network.dtype, size)
        own = ((i, layer.rng) for i, layer in enumerate(network.layers))
        self.keys = {
            i: int(copy.deepcopy(rng).integers(2**63)) for i, rng in own if rng is not None
        }

    def __call__(self, X: Array, y: Array, weights: Array | None) -> float:
        """Write `network.grad` for a batch and return its loss."""
        workers, n = self.workers, self.workers.shards // self.workers.size
        for before, held in zip(self.before, self.state, strict=True):
            before[...] = held
        first = workers.rank * n
        total = self._tree(first, first + n, 0, (X, y, weights))
        total.asks[:] = self.asks
        workers.add_up(total, self.received)
        self.stopping = bool(total.asks)
        n = self.engine.network.n_parameters
        self.engine.network.grad[...] = total.vector[:n]
        for before, held in zip(self.before, self.state, strict=True):
            held[...] = before + total.vector[n : n + held.size].reshape(held.shape)
            n += held.size
        return float(total.loss[0])

    def _tree(self, first: int, stop: int, level: int, batch: Any) -> Sum:
        """Return the sum over some shards, in the memory of this level or of those below."""
        if stop - first == 1:
            self._of_shard(first, self.sums[level], *batch)
            return self.sums[level]
        middle = (first + stop) // 2
        left = self._tree(first, middle, level, batch)
        left.add(self._tree(middle, stop, level + 1, batch))
        return left

    def _of_shard(self, i: int, out: Sum, X: Array, y: Array, weights: Array | None) -> None:
        """Write a shard's part of the sum: its gradient, times its share of the batch."""
        shards, network = self.workers.shards, self.engine.network
        rows = slice(i * len(X) // shards, (i + 1) * len(X) // shards)
        of_rows = None if weights is None else weights[rows]
        share = count(X[rows], of_rows) / count(X, weights)
        out.memory[:] = 0
        if not share:
            return
        for before, held in zip(self.before, self.state, strict=True):
            held[...] = before
        with self._generators_of(i, network):
            out.loss[:] = np.nan
            with suppress(DivergedError):  # which all workers raise together, from the sum
                out.loss[:] = share * self.engine.gradient(X[rows], y[rows], of_rows)
        n = network.n_parameters
        np.multiply(network.grad, np.asarray(share, network.dtype), out=out.vector[:n])
        for before, held in zip(self.before, self.state, strict=True):
            out.vector[n : n + held.size] = (share * (held - before)).ravel()
            n += held.size

    @contextmanager
    def _generators_of(self, shard: int, network: Network) -> Iterator[None]:
        """Give layers that draw at random a generator of this step and shard."""
        own = {i: network.layers[i].rng for i in self.keys}
        for i, key in self.keys.items():
            network.layers[i].rng = np.random.default_rng([key, i, self.at.steps, shard])
        try:
            yield
        finally:
            for i, rng in own.items():
                network.layers[i].rng = rng
