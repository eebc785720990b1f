"""The engine with compiled kernels, for the usual networks and optimizers."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from types import ModuleType
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network import (
    Array,
    Dense,
    Dropout,
    Layer,
    Loss,
    MeanSquaredError,
    Network,
    ReLU,
    Rng,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
)
from plainnet.network.arrays import Scratch
from plainnet.network.losses import mean_weights
from plainnet.training import compiled
from plainnet.training.engine import Engine
from plainnet.training.optimizer import Optimizer
from plainnet.training.optimizers import Adam, Momentum


def _momentum(optimizer: Any) -> tuple[float, ...]:
    return optimizer.momentum, optimizer.learning_rate


def _adam(optimizer: Any) -> tuple[float, ...]:
    b1, b2, t = optimizer.beta1, optimizer.beta2, optimizer.t
    rate, root = optimizer.learning_rate / (1 - b1**t), 1 / math.sqrt(1 - b2**t)
    return b1, 1 - b1, b2, 1 - b2, rate, root, optimizer.present_epsilon


KERNELS: Mapping[type[Optimizer], tuple[str, Callable[[Any], tuple[float, ...]]]] = {
    Momentum: ("momentum", _momentum),
    Adam: ("adam", _adam),
}
"""The compiled `update` of a class: the name of its kernel, and the numbers that it takes."""
LOSSES: Mapping[type[Loss], DTypeLike | None] = {
    SoftmaxCrossEntropy: np.int64,
    SigmoidCrossEntropy: None,
    MeanSquaredError: None,
}
"""Losses with a kernel, and the dtype of its targets; None: the network's dtype."""


ACTIVATIONS: Mapping[type[Layer], int] = {ReLU: 0, SiLU: 1}
"""Activations with a kernel, and their numbers there."""


class CompiledEngine(Engine):
    """An `Engine` that takes its steps in compiled kernels after about a second of work."""

    def surroundings(self, n_batches: int, size: int) -> AbstractContextManager[None]:
        """Return the context of an epoch, and load the kernels if the epoch will use them."""
        if compiled.worth_compiling(self.optimizer.t + n_batches, self.network.n_parameters):
            compiled.load_kernels()  # now, so that its library is there when threads are bounded
        return super().surroundings(n_batches, size)

    def learn(self, X: Array, y: Array, weights: Array | None) -> float:
        """Take the step; return the loss without the penalty."""
        worth = compiled.worth_compiling(self.optimizer.t, self.network.n_parameters)
        code = compiled.load_kernels() if worth else None
        if code is None:
            return super().learn(X, y, weights)
        self.update = compiled_step(self.optimizer, code) or self.optimizer.step
        J = compiled_gradient(self.network, self.loss, X, y, weights, code)
        if J is None:
            return super().learn(X, y, weights)
        self.check_loss(J)
        self.step(self.network.theta, self.network.grad, self.network.n_weights)
        return J


def compiled_step(optimizer: Optimizer, code: ModuleType) -> Callable[..., None] | None:
    """Return the `step` of an optimizer with a kernel as its update, if there is one."""
    kind: Any = type(optimizer)
    found = _kernel_of(kind)
    if found is None:
        return None
    kernel, numbers_of = getattr(code, found[0]), found[1]

    def update(theta: Array, grad: Array, s: Array, *slots: Array) -> None:  # noqa: ARG001
        kernel(theta, grad, *slots, *map(theta.dtype.type, numbers_of(optimizer)))

    def step(theta: Array, grad: Array, n_weights: int | None = None) -> None:
        optimizer.step_by(update, theta, grad, n_weights)

    return step


@cache
def _kernel_of(kind: Any) -> tuple[str, Callable[[Any], tuple[float, ...]]] | None:
    """Return the kernel of a class of optimizers: that of the class which defines its `update`."""
    if kind.step is not Optimizer.step:
        return None
    return KERNELS.get(next(above for above in kind.__mro__ if "update" in vars(above)))


def compiled_gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, code: ModuleType
) -> float | None:
    """Write `network.grad` and return J of a batch; None if no kernel fits the network or data.

    The result is that of forward, `value_and_grad` and backward, up to rounding. Kernels fit Dense
    layers with ReLU or SiLU, and perhaps Dropout, between each two.
    """
    stack = _stacks.get(network)
    if stack is None or stack.layers != network.layers:
        stack = _stacks[network] = Stack(network)
    if not stack.takes(loss, X, y, weights):
        return None
    return stack.gradient(network, loss, X, y, weights, code)


class Stack:
    """The arguments of the kernels for one network: its sizes, and scratch memory."""

    def __init__(self, network: Network) -> None:
        self.layers = [*network.layers]
        hidden = hidden_layers(self.layers)
        self.usual = type(network) is Network and network.xp is np and hidden is not None
        self.dropouts = [dropout for _, dropout in hidden or []]
        self.kinds = np.array([ACTIVATIONS[type(one)] for one, _ in hidden or []], np.int64)
        self.dtype = network.dtype
        units = [layer.n_out for layer in network.layers if layer.n_out is not None]
        self.sizes = np.array([network.n_in or 0, *units])
        self._rates = np.zeros(len(self.dropouts), network.dtype)
        self._scratch = Scratch(np, network.dtype)

    def takes(self, loss: Loss, X: Array, y: Array, weights: Array | None) -> bool:
        """Return whether the batch fits the kernels, which check nothing themselves."""
        n, n_out = len(X), self.sizes[-1]
        if type(loss) is SoftmaxCrossEntropy:
            fits = y.shape == (n,) and np.issubdtype(y.dtype, np.integer)
        else:
            fits = y.shape == (n, n_out) or (y.shape == (n,) and n_out == 1)
        fits = fits and type(loss) in LOSSES and (weights is None or weights.shape == (n,))
        return self.usual and fits and X.shape == (n, self.sizes[0])

    def gradient(
        self,
        network: Network,
        loss: Loss,
        X: Array,
        y: Array,
        weights: Array | None,
        code: ModuleType,
    ) -> float:
        """Write `network.grad` and return J."""
        n, size = len(X), len(X) * int(self.sizes[1:].sum())
        r, U = self._scratch("r", (n,)), self._scratch("U", (size,))
        A, dA = self._scratch("A", (size,)), self._scratch("dA", (size,))
        S = self._scratch("S", (size if self.kinds.any() else 0,))
        r[:, None] = mean_weights(n, weights)
        self._draw(U, n)
        X, y = as_compiled(X, self.dtype), as_compiled(y, LOSSES[type(loss)] or self.dtype)
        if type(loss) is not SoftmaxCrossEntropy:
            y = y.reshape(n, -1)
        squared = type(loss) is MeanSquaredError
        smoothing = self.dtype.type(getattr(loss, "smoothing", 0))
        vectors = network.theta, network.gradient_memory()
        memory = self.sizes, self.kinds, self._rates, U, A, S, dA
        return float(code.gradient(X, y, r, squared, smoothing, *vectors, *memory))

    def _draw(self, U: Array, n: int) -> None:
        """Fill U for each Dropout layer from the layer's own generator."""
        start = 0
        for i, (dropout, units) in enumerate(zip(self.dropouts, self.sizes[1:], strict=False)):
            stop = start + n * int(units)
            if dropout is not None and dropout.rate > 0:
                cast(Rng, dropout.rng).random(dtype=U.dtype, out=U[start:stop])
            self._rates[i] = dropout.rate if dropout is not None else 0
            start = stop


def hidden_layers(layers: Sequence[Layer]) -> list[tuple[Layer, Dropout | None]] | None:
    """Return the activation f and the Dropout, if any, behind each hidden Dense layer.

    None for networks of other layers.
    """
    if not {type(layer) for layer in layers} <= {Dense, Dropout, *ACTIVATIONS}:
        return None
    found: list[tuple[Layer, Dropout | None]] = []
    rest = list(layers)
    while True:
        match rest:
            case [Dense()]:
                return found
            case [Dense(), f, Dropout() as dropout, *rest] if type(f) in ACTIVATIONS:
                found.append((f, dropout))
            case [Dense(), f, *rest] if type(f) in ACTIVATIONS:
                found.append((f, None))
            case _:
                return None


def as_compiled(A: Array, dtype: DTypeLike) -> Array:
    """Convert A to the one form that the kernels are compiled for; return A if it has that form."""
    A = np.ascontiguousarray(A, dtype)
    return A if A.flags.writeable else A.copy()


_stacks: "WeakKeyDictionary[Network, Stack]" = WeakKeyDictionary()
