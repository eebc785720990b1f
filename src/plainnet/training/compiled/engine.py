"""The engine with compiled kernels, for the usual networks and optimizers."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import ModuleType
from typing import Any

from plainnet.network import Array
from plainnet.training import compiled
from plainnet.training.averaging import Average
from plainnet.training.batches import Batches
from plainnet.training.compiled.picture_stack import (
    is_convolutional,
    picture_gradient,
    picture_outputs,
)
from plainnet.training.compiled.run import Steps, prepare_kernels
from plainnet.training.compiled.stack import compiled_gradient, compiled_outputs, stack_of
from plainnet.training.engine import Engine, claimed
from plainnet.training.optimizer import Optimizer
from plainnet.training.optimizers import Adam, AdamW, Momentum
from plainnet.training.position import Position
from plainnet.training.thread_choice import choose_threads
from plainnet.training.threads import one_thread


def _momentum(optimizer: Any) -> tuple[float, ...]:
    return optimizer.momentum, optimizer.learning_rate


def _adam(optimizer: Any) -> tuple[float, ...]:
    b1, b2, t = optimizer.beta1, optimizer.beta2, optimizer.t
    rate, root = optimizer.learning_rate / (1 - b1**t), 1 / math.sqrt(1 - b2**t)
    return b1, 1 - b1, b2, 1 - b2, rate, root, optimizer.present_epsilon


def _l2(optimizer: Any) -> tuple[float, float]:
    return optimizer.weight_decay, 1.0


def _decoupled(optimizer: Any) -> tuple[float, float]:
    return 0.0, 1 - optimizer.learning_rate * optimizer.weight_decay


Numbers = Callable[[Any], tuple[float, ...]]
"""`numbers(optimizer)` returns arguments of a kernel."""
UPDATES: Mapping[Any, tuple[str, Numbers]] = {
    Momentum.update: ("momentum", _momentum),
    Adam.update: ("adam", _adam),
}
"""The kernel of an `update`, by its name, and the numbers that it takes."""
DECAYS: Mapping[Any, Numbers] = {Optimizer.decay: _l2, AdamW.decay: _decoupled}
"""The λ of an L2 penalty, and the factor of a decoupled decay, by the method `decay`."""
NO_DECAY = 0.0, 1.0
"""The same for parameters that do not decay."""


RESUMED = (
    " The training was begun where kernels took its steps: its last digits differ from those of a "
    "training that was not interrupted."
)


class CompiledEngine(Engine):
    """An `Engine` that takes its steps in compiled kernels."""

    _steps: Steps | None = None
    _are_ready = False
    """Whether the kernels of the network are compiled, or loaded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_resumed = self.at is not None and self.at.steps > 0

    def surroundings(self, size: int) -> AbstractContextManager[None]:
        """Return the context of an epoch, and load the kernels."""
        if self._steps is not None and self._steps.take_all:
            return claimed(self.network)
        compiled.load_kernels()  # now, so that its library is there when threads are bounded
        around = super().surroundings(size)
        alone = is_convolutional(self.network) or self._uses_one_thread(size)
        return _with_one_thread(around) if alone else around

    def _uses_one_thread(self, size: int) -> bool:
        """Return whether large products use one thread: chosen once, and kept with the position."""
        if self.at is not None and not self.at.threads:
            # kernels give the same bits on any number of threads: so do the steps before them
            stack = stack_of(self.network)
            fits = stack.takes_loss(self.loss) and stack.encoding.is_connected
            kernels = fits and compiled.are_installed()
            self.at.threads = 1 if kernels else choose_threads(self.network, size)
        return self.at is not None and self.at.threads == 1

    def learn_from(self, batches: Batches, at: Position) -> Iterator[None]:
        """Learn from the batches of an epoch; see `Engine`."""
        if self._steps is None or not self._steps.fit():
            self._steps = Steps.of(self, batches, self._kernels())
        yield from self._steps.learn(at) if self._steps else super().learn_from(batches, at)

    def learn(self, X: Array, y: Array, weights: Array | None) -> float:
        """Take the step; return the loss without the penalty."""
        code = self._kernels()
        if code is None:
            return super().learn(X, y, weights)
        self.update = compiled_step(self.optimizer, code) or self.optimizer.step
        if self.regularization.average is not None:
            self.average = compiled_average(self.regularization.average, code)
        return self.update_by(self.gradient_of_batch or self.gradient, X, y, weights)

    def gradient(self, X: Array, y: Array, weights: Array | None) -> float:
        """Write `network.grad` of some samples and return their loss."""
        if (code := self._kernels()) is None:
            return super().gradient(X, y, weights)
        J = compiled_gradient(self.network, self.loss, X, y, weights, code)
        if J is None:
            with self._giving_up():
                J = picture_gradient(self.network, self, X, y, weights)
        return super().gradient(X, y, weights) if J is None else J

    def forward(self, X: Array) -> Array:
        """Compute the outputs, valid until the next call."""
        code = self._kernels()
        if code is not None and self.network.training.acquire(blocking=False):
            try:
                Z = compiled_outputs(self.network, X, code)
                with self._giving_up():
                    Z = picture_outputs(self.network, X) if Z is None else Z
            finally:
                self.network.training.release()
            if Z is not None:
                return Z
        return super().forward(X)

    def _kernels(self) -> ModuleType | None:
        """Return the kernels; None if they cannot be compiled."""
        if (code := compiled.load_kernels()) is None:
            return None
        if not self._are_ready:  # before anything has changed
            with self._giving_up():
                prepare_kernels(self.network, code)
                self._are_ready = True
        return code if self._are_ready else None

    def _giving_up(self) -> AbstractContextManager[None]:
        """Go on in NumPy where a kernel cannot be compiled."""
        return compiled.giving_up(RESUMED if self._is_resumed else "")


@contextmanager
def _with_one_thread(around: AbstractContextManager[None]) -> Iterator[None]:
    """Bound the threads of each product: the parts of a batch have threads of their own."""
    with around, one_thread():
        yield


def compiled_step(optimizer: Optimizer, code: ModuleType) -> Callable[..., None] | None:
    """Return the `step` of an optimizer whose update and decay have a kernel, else None."""
    kind: Any = type(optimizer)
    if kind.step is not Optimizer.step or kind.decay not in DECAYS or kind.update not in UPDATES:
        return None
    name, numbers_of = UPDATES[kind.update]
    kernel, decay_of = getattr(code, name), DECAYS[kind.decay]

    def step(theta: Array, grad: Array, n_weights: int | None = None) -> None:
        slots, n = optimizer.begin_step(theta), theta.size if n_weights is None else n_weights
        parts = (slice(n), decay_of(optimizer)), (slice(n, None), NO_DECAY)
        numbers = numbers_of(optimizer)
        with compiled.giving_up():
            for part, decay in parts:
                arrays = theta[part], grad[part], *[slot[part] for slot in slots]
                kernel(*arrays, *map(theta.dtype.type, (*decay, *numbers)))
            return
        optimizer.t -= 1  # the first kernel failed, so nothing else has changed
        optimizer.step(theta, grad, n_weights)

    return step


def compiled_average(average: Average, code: ModuleType) -> Callable[[Array], None]:
    """Return the `update` of an average, with a kernel if the class does not define its own."""
    if type(average).update is not Average.update:
        return average.update

    def mix(mean: Array, theta: Array, share: float) -> None:
        with compiled.giving_up():
            code.mix(mean, theta, mean.dtype.type(share))
            return
        average._mix(mean, theta, share)

    return partial(average.update_by, mix)
