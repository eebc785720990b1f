"""Many steps of a training in one call of the kernels, and the arguments of that call."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from plainnet.network import Array, Network
from plainnet.network.arrays import Scratch
from plainnet.training.averaging import Average
from plainnet.training.batches import Batches, Run, copy_as_is
from plainnet.training.compiled.stack import ANSWER, Samples, check_classes, stack_of
from plainnet.training.compiled.team_size import TeamSize
from plainnet.training.engine import Engine
from plainnet.training.optimizers import Adam, AdamHat, AdamW, GradientDescent, Momentum
from plainnet.training.position import Position

MOST_STEPS = 4096
"""The most steps of a call."""
FIRST_STEPS = 8
"""The steps of the first call, from which the number of the next ones follows."""
DRAWN_BYTES = 2**22
"""The size of the random numbers that are drawn for several steps at once, in bytes."""

Settings = tuple[float, ...]
"""λ of an L2 penalty and of a decoupled decay; μ, or β₁ and β₂; and ε."""


def _momentum(optimizer: Any) -> Settings:
    return optimizer.momentum, 0.0, 0.0


def _adam(optimizer: Any) -> Settings:
    return optimizer.beta1, optimizer.beta2, optimizer.epsilon


UPDATES: Mapping[Any, tuple[int, Callable[[Any], Settings]]] = {
    GradientDescent: (0, lambda _: (0.0, 0.0, 0.0)),
    Momentum: (1, _momentum),
    Adam: (2, _adam),
    AdamW: (2, _adam),
    AdamHat: (3, _adam),
}
"""The number of each optimizer in `updates.py`, and its settings there."""


class Steps:
    """The steps of a training, which an engine takes many at a time.

    Args:
        engine: of the training.
        batches: of the training.
        code: the kernels.
    """

    def __init__(self, engine: Engine, batches: Batches, code: ModuleType) -> None:
        self.engine, self.batches, self.code = engine, batches, code
        network, self.stack = engine.network, stack_of(engine.network)
        self.most = FIRST_STEPS if engine.pause else 1
        """How many steps the next call takes at most."""
        self.team = TeamSize(self.stack.most_threads())
        self._sums, self._scratch = np.zeros(3), Scratch(np, network.dtype)
        self._given: tuple[Array | None, ...] = None, None, None
        self._formed: Samples

    @classmethod
    def of(cls, engine: Engine, batches: Batches, code: ModuleType | None) -> "Steps | None":
        """Return the steps of a training; None without kernels, or if none fits it."""
        stack = stack_of(engine.network)
        average = engine.regularization.average
        fits = (
            type(engine.optimizer) in UPDATES
            and (average is None or type(average).update is Average.update)
            and engine.is_plain
            and batches.mix is None
            and stack.takes(engine.loss, batches.X, batches.y, batches.weights)
        )
        if code is None or not fits or not stack.encoding.is_connected:
            return None
        return cls(engine, batches, code)

    def fit(self) -> bool:
        """Return whether the network is still made of the same layers."""
        return self.stack is stack_of(self.engine.network)

    @property
    def take_all(self) -> bool:
        """Whether an epoch is nothing but these steps: NumPy multiplies no matrices."""
        return self.batches.prepare is copy_as_is and self.fit()

    def learn(self, at: Position) -> Iterator[None]:
        """Learn from the batches of an epoch; see `Engine.learn_from`."""
        start = time.perf_counter() - at.seconds
        began = time.perf_counter()
        for run in self.batches.runs(at, lambda: self.team.steps(self.most)):
            self._sums[:2] = at.loss, at.counted
            done = self._take(run, at)
            now = time.perf_counter()
            loss, counted = map(float, self._sums[:2])
            at.end_batches(done, loss, counted, now - start)
            self.team.measured(done, now - began)
            self._choose(now - began, done)
            yield
            began = time.perf_counter()

    def _choose(self, seconds: float, done: int) -> None:
        """Choose how many steps the next call takes, from the duration of the last one."""
        per_step = self.engine.pause * max(done, 1) / max(seconds, 1e-6)
        drawn = self.stack.units * self.batches.size * self.engine.network.dtype.itemsize
        drawn_before = any(self.stack.dropouts) and not self.stack.bits_of_dropouts()
        limit = DRAWN_BYTES // drawn if drawn_before else MOST_STEPS
        self.most = max(1, min(int(per_step), 8 * self.most, limit, MOST_STEPS))

    def _take(self, run: Run, at: Position) -> int:
        """Take the steps of a run; return how many, which are fewer if a loss is not finite.

        Raises:
            DivergedError: a loss is not finite.
        """
        network, optimizer, average = (
            self.engine.network,
            self.engine.optimizer,
            self.engine.regularization.average,
        )
        samples, rows, size, none = self._in_form(run), run[3], self.batches.size, self.stack.none
        n = max(math.ceil(len(rows) / size), 1)
        rates = self._rates(at.steps, n)
        mean, shares = average.next_steps(network.theta, n) if average else (none, [])
        slots = [*optimizer.slots_for(network.theta), none, none][:2]
        vectors = network.theta, network.gradient_memory(), *slots, mean
        self.team = self.team.limited_to(self.stack.most_threads())
        threads = self.team.threads
        with self._drawing(n, len(rows) or size) as memory:
            done = self.stack.call(
                self.code,
                (*samples, rows, size),
                self.stack.how(self.engine.loss),
                network,
                vectors,
                self._optimizer(),
                (rates, np.array(shares)),
                memory,
                self._sums,
                threads,
            )
        if done < n:
            check_classes(samples[1], int(self.stack.sizes[-1]))
        optimizer.t += done
        optimizer.learning_rate = float(rates[min(done, n - 1)])
        self.engine.check_loss(float(self._sums[2]))
        return done

    def _in_form(self, run: Run) -> Samples:
        """Return the samples in the one form that the kernels take; made once of the same."""
        if any(given is not held for given, held in zip(run[:3], self._given, strict=True)):
            self._given, self._formed = run[:3], self.stack.in_form(self.engine.loss, *run[:3])
        return self._formed

    def _rates(self, first: int, n: int) -> Array:
        """Return the learning rates of n steps from number `first` on."""
        schedule, rate = self.engine.schedule, self.engine.optimizer.learning_rate
        if schedule is None:
            return np.full(n, float(rate))
        return np.array([float(schedule(i)) for i in range(first, first + n)])

    def _optimizer(self) -> tuple[int, Settings, int]:
        """Return the number of the optimizer, its settings, and its steps."""
        optimizer = self.engine.optimizer
        number, settings = UPDATES[type(optimizer)]
        decay, decoupled = optimizer.weight_decay, type(optimizer) is AdamW
        decays = (0.0, decay) if decoupled else (decay, 0.0)
        return number, (*decays, *settings(optimizer)), optimizer.t

    @contextmanager
    def _drawing(self, n: int, rows: int) -> Iterator[tuple[Array, ...]]:
        """Yield the memory of n steps with so many samples, and with the random numbers of all.

        Where the kernels draw them, other threads wait for the generator within the block.
        """
        U, *others, state = self.stack.memory(self.batches.size, training=True)
        bits = self.stack.bits_of_dropouts()
        if bits is None:
            yield self._drawn(n, rows), *others, state
            return
        self.stack.set_rates()
        with bits.lock:
            state = self.code.read_state(bits, self.stack.threads)
            yield U, *others, state
            self.code.write_state(bits, state)

    def _drawn(self, n: int, rows: int) -> Array:
        """Return the random numbers of n steps with so many samples."""
        size = self.batches.size
        drawn = size * self.stack.units if any(self.stack.dropouts) else 0
        U = self._scratch("U", (n * drawn,))
        for i in range(n if drawn else 0):
            self.stack.draw(U[i * drawn :], min(size, rows - i * size))
        return U


def prepare_kernels(network: Network, code: ModuleType) -> None:
    """Compile the kernels of a network, or load them, by a call for no steps at all.

    Raises:
        KernelError: they cannot be compiled.
    """
    stack = stack_of(network)
    if stack.structure is None or not stack.encoding.is_connected:
        return
    none, nobody, numbers = stack.none, np.empty(0, np.int64), np.empty((0, 0), stack.dtype)
    X = np.zeros((1, stack.n_in or 0), stack.dtype)
    vectors, each = (network.theta, *[none] * 4), (np.zeros(0), np.zeros(0))
    how, optimizer = (0, stack.dtype.type(0)), (ANSWER, (0.0,) * 5, 0)
    data, memory, sums = (X, nobody, numbers, none, nobody, 1), stack.memory(1), np.zeros(3)
    stack.call(code, data, how, network, vectors, optimizer, each, memory, sums)
