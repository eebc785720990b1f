"""The networks and batches that the compiled kernels fit, and the arguments of the kernels."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple, cast
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
from plainnet.training.compiled.encodings import Bins, Vectors, encoding_of

LOSSES: Mapping[type[Loss], DTypeLike | None] = {
    SoftmaxCrossEntropy: np.int64,
    SigmoidCrossEntropy: None,
    MeanSquaredError: None,
}
"""Losses with a kernel, and the dtype of its targets; None: the network's dtype."""
NARROW = 4
"""The columns of a narrow gradient, of which the kernels compute the transpose."""
ACTIVATIONS: Mapping[type[Layer], int] = {ReLU: 0, SiLU: 1}
"""Activations with a kernel, and their numbers there."""


class Hidden(NamedTuple):
    """What follows a hidden Dense layer."""

    activation: Layer
    dropout: Dropout | None


class Stack:
    """The arguments of the kernels for one network: its sizes, and scratch memory."""

    def __init__(self, network: Network) -> None:
        self.layers = [*network.layers]
        self.encoding, rest = encoding_of(self.layers, network.dtype)
        hidden = hidden_layers(rest)
        self.usual = type(network) is Network and network.xp is np and hidden is not None
        self.dropouts = [each.dropout for each in hidden or []]
        kinds = [ACTIVATIONS[type(each.activation)] for each in hidden or []]
        self.kinds = np.array(kinds, np.int64)
        self.dtype, self.n_in = network.dtype, network.n_in
        dense = [layer for layer in rest if type(layer) is Dense]
        sizes = [layer.n_in for layer in dense[:1]] + [layer.n_out for layer in dense]
        self.sizes = np.array(sizes, np.int64)
        self.net = self.sizes, self.kinds, np.zeros(len(self.dropouts), network.dtype)
        """The sizes, the kinds of the activations, and the present rates of Dropout."""
        self._scratch, self._losses = Scratch(np, network.dtype), Scratch(np, np.float64)

    def takes(self, loss: Loss, X: Array, y: Array, weights: Array | None) -> bool:
        """Return whether the batch fits the kernels, which check nothing themselves."""
        if not self.takes_inputs(X):
            return False
        n, n_out = len(X), self.sizes[-1]
        if type(loss) is SoftmaxCrossEntropy:
            fits = y.shape == (n,) and np.issubdtype(y.dtype, np.integer)
        else:
            fits = y.shape == (n, n_out) or (y.shape == (n,) and n_out == 1)
        return fits and type(loss) in LOSSES and (weights is None or weights.shape == (n,))

    def takes_inputs(self, X: Array) -> bool:
        """Return whether the inputs fit the kernels."""
        return self.usual and X.shape == (len(X), self.n_in)

    def gradient(
        self,
        network: Network,
        loss: Loss,
        X: Array,
        y: Array,
        weights: Array | None,
        code: ModuleType,
    ) -> float | None:
        """Write `network.grad` and return J; None if the kernels do not fit the encoding."""
        n, theta = len(X), self._vectors(network.theta, network)
        inputs = self._inputs(X, theta, code)
        if inputs is None:
            return None
        grad = self._vectors(network.gradient_memory(), network)
        r = self._scratch("r", (n,))
        r[:, None] = mean_weights(n, weights)
        memory = self.memory(n, training=True)
        self.draw(memory[0], n)
        y = as_compiled(y, LOSSES[type(loss)] or self.dtype)
        if type(loss) is not SoftmaxCrossEntropy:
            y = y.reshape(n, -1)
        squared = type(loss) is MeanSquaredError
        smoothing = self.dtype.type(getattr(loss, "smoothing", 0))
        dense = self._dense(theta), self._dense(grad)
        J = code.gradient(*inputs, y, r, squared, smoothing, *dense, self.net, memory)
        units, dA = int(self.sizes[1]), memory[3]
        self.encoding.backward(dA[: n * units].reshape(n, units), theta, grad, code)
        return float(J)

    def outputs(self, network: Network, X: Array, code: ModuleType) -> Array | None:
        """Return Z as outside of training, valid until the next call; None as in `gradient`."""
        theta = self._vectors(network.theta, network)
        inputs = self._inputs(X, theta, code)
        if inputs is None:
            return None
        n, (*_, rates) = len(X), self.net
        rates[:] = 0
        Z: Array = code.forward(*inputs, self._dense(theta), self.net, self.memory(n), 0, n)
        return Z

    def _inputs(self, X: Array, theta: Vectors, code: ModuleType) -> tuple[Array, Bins] | None:
        X = as_compiled(X, self.dtype)
        return self.encoding.inputs(X, theta, int(self.sizes[1]), code)

    def _vectors(self, vector: Array, network: Network) -> Vectors:
        """Return the weights and the biases in `theta` or `grad`."""
        return vector[: network.n_weights], vector[network.n_weights :]

    def _dense(self, vectors: Vectors) -> Vectors:
        """Return those of the Dense layers."""
        weights, biases = vectors
        return weights[self.encoding.n_weights :], biases[self.encoding.n_biases :]

    def memory(self, n: int, training: bool = False) -> tuple[Array, ...]:
        """Return the memory of the kernels for n samples; `training` adds that of backward."""
        units, widest = int(self.sizes[1:].sum()), int(self.sizes.max())
        size, scratch = n * units, self._scratch
        weights = self.sizes[:-1] * self.sizes[1:]
        of_backward = (size, int(weights[1:].sum())) if training else (0, 0)
        return (
            scratch("U", (of_backward[0],)),
            scratch("A", (size,)),
            scratch("S", (size if self.kinds.any() else 0,)),
            scratch("dA", (of_backward[0],)),
            scratch("T", (of_backward[1],)),
            self._losses("J", (n,)),
            scratch("ones", (n,), fill=1),
            scratch("zeros", (widest,), fill=0),
            scratch("s", (NARROW * widest,)),
        )

    def draw(self, U: Array, n: int) -> None:
        """Fill U for each Dropout layer from the layer's own generator."""
        start = 0
        for i, (dropout, units) in enumerate(zip(self.dropouts, self.sizes[1:], strict=False)):
            stop = start + n * int(units)
            if dropout is not None and dropout.rate > 0:
                cast(Rng, dropout.rng).random(dtype=U.dtype, out=U[start:stop])
            self.net[2][i] = dropout.rate if dropout is not None else 0
            start = stop


def compiled_gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, code: ModuleType
) -> float | None:
    """Write `network.grad` and return J of a batch; None if no kernel fits the network or data.

    The result is that of forward, `value_and_grad` and backward, up to rounding. Kernels fit Dense
    layers with ReLU or SiLU, and perhaps Dropout, between each two, behind a `PiecewiseLinear` or a
    `PiecewiseLinearEmbedding` of all or some columns.
    """
    stack = stack_of(network)
    fits = stack.takes(loss, X, y, weights)
    return stack.gradient(network, loss, X, y, weights, code) if fits else None


def compiled_outputs(network: Network, X: Array, code: ModuleType) -> Array | None:
    """Return the outputs of `network.forward(X)` up to rounding; None if no kernel fits."""
    stack = stack_of(network)
    return stack.outputs(network, X, code) if stack.takes_inputs(X) else None


def stack_of(network: Network) -> Stack:
    """Return the stack of a network, made once."""
    stack = _stacks.get(network)
    if stack is None or stack.layers != network.layers:
        stack = _stacks[network] = Stack(network)
    return stack


def hidden_layers(layers: Sequence[Layer]) -> list[Hidden] | None:
    """Return what follows each hidden Dense layer; None for networks of other layers."""
    if not {type(layer) for layer in layers} <= {Dense, Dropout, *ACTIVATIONS}:
        return None
    found: list[Hidden] = []
    rest = list(layers)
    while True:
        match rest:
            case [Dense()]:
                return found
            case [Dense(), f, Dropout() as dropout, *rest] if type(f) in ACTIVATIONS:
                found.append(Hidden(f, dropout))
            case [Dense(), f, *rest] if type(f) in ACTIVATIONS:
                found.append(Hidden(f, None))
            case _:
                return None


def as_compiled(A: Array, dtype: DTypeLike) -> Array:
    """Convert A to the one form that the kernels are compiled for; return A if it has that form."""
    A = np.ascontiguousarray(A, dtype)
    return A if A.flags.writeable else np.asarray(_Writable(A))


class _Writable:
    """An array as one that may be written to, in the same memory: the kernels only read it."""

    def __init__(self, A: Array) -> None:
        self.A, (place, _) = A, A.__array_interface__["data"]
        self.__array_interface__ = {**A.__array_interface__, "data": (place, False)}


_stacks: "WeakKeyDictionary[Network, Stack]" = WeakKeyDictionary()
