"""The networks and batches that the compiled kernels fit, and the arguments of the kernels."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network import (
    Array,
    ByColumns,
    Dense,
    Dropout,
    Layer,
    Loss,
    MeanSquaredError,
    Network,
    PiecewiseLinear,
    ReLU,
    Rng,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
)
from plainnet.network.arrays import Scratch
from plainnet.network.losses import mean_weights

LOSSES: Mapping[type[Loss], DTypeLike | None] = {
    SoftmaxCrossEntropy: np.int64,
    SigmoidCrossEntropy: None,
    MeanSquaredError: None,
}
"""Losses with a kernel, and the dtype of its targets; None: the network's dtype."""
ACTIVATIONS: Mapping[type[Layer], int] = {ReLU: 0, SiLU: 1}
"""Activations with a kernel, and their numbers there."""
ROUNDING = 4
"""The gap between two bins of a column that counts as rounding, in units of the last place."""


class Hidden(NamedTuple):
    """What follows a hidden Dense layer."""

    activation: Layer
    dropout: Dropout | None


class Encoding:
    """The piecewise-linear encoding in front of the first Dense layer.

    Args:
        layer: the encoding.
        columns: the columns of X that it takes.
        others: the columns in front of its features, which stay as they are.
    """

    def __init__(self, layer: PiecewiseLinear, columns: Sequence[int], others: Sequence[int]):
        self.layer = layer
        self.columns, self.others = np.array(columns), np.array(others, np.int64)
        self.firsts = np.cumsum([0, *layer.bins])

    @classmethod
    def of(cls, layers: Sequence[Layer]) -> "tuple[Encoding | None, Sequence[Layer]]":
        """Return the encoding at the beginning of the layers, if there is one, and the rest."""
        first, rest = layers[0], layers[1:]
        if type(first) is PiecewiseLinear:
            return cls(first, range(len(first.bins)), []), rest
        if type(first) is ByColumns:
            match [*first.chains.values()]:
                case [(), (layer,)] if type(layer) is PiecewiseLinear:
                    others, columns = first.columns
                    return cls(layer, columns, others), rest
        return None, layers


class Stack:
    """The arguments of the kernels for one network: its sizes, and scratch memory."""

    def __init__(self, network: Network) -> None:
        self.layers = [*network.layers]
        self.encoding, rest = Encoding.of(self.layers)
        hidden = hidden_layers(rest)
        self.usual = type(network) is Network and network.xp is np and hidden is not None
        self.dropouts = [each.dropout for each in hidden or []]
        kinds = [ACTIVATIONS[type(each.activation)] for each in hidden or []]
        self.kinds = np.array(kinds, np.int64)
        self.dtype, self.n_in = network.dtype, network.n_in
        dense = [layer for layer in rest if type(layer) is Dense]
        sizes = [layer.n_in for layer in dense[:1]] + [layer.n_out for layer in dense]
        self.sizes = np.array(sizes, np.int64)
        self._rates = np.zeros(len(self.dropouts), network.dtype)
        self._scratch, self._whole = Scratch(np, network.dtype), Scratch(np, np.int64)

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
        n = len(X)
        inputs = self._inputs(X, code)
        if inputs is None:
            return None
        r = self._scratch("r", (n,))
        r[:, None] = mean_weights(n, weights)
        A, S = self._memory(n)
        U, dA = self._scratch("U", A.shape), self._scratch("dA", A.shape)
        self._draw(U, n)
        y = as_compiled(y, LOSSES[type(loss)] or self.dtype)
        if type(loss) is not SoftmaxCrossEntropy:
            y = y.reshape(n, -1)
        squared = type(loss) is MeanSquaredError
        smoothing = self.dtype.type(getattr(loss, "smoothing", 0))
        vectors = network.theta, network.gradient_memory()
        memory = self.sizes, self.kinds, self._rates, U, A, S, dA
        return float(code.gradient(*inputs, y, r, squared, smoothing, *vectors, *memory))

    def outputs(self, network: Network, X: Array, code: ModuleType) -> Array | None:
        """Return Z as outside of training, valid until the next call; None as in `gradient`."""
        inputs = self._inputs(X, code)
        if inputs is None:
            return None
        self._rates[:] = 0
        sizes, (A, S) = (self.sizes, self.kinds, self._rates), self._memory(len(X))
        Z: Array = code.forward(*inputs, network.theta, *sizes, A, A, S)  # where U is not used
        return Z

    def _memory(self, n: int) -> tuple[Array, Array]:
        """Return the memory A and S for n samples."""
        size = n * int(self.sizes[1:].sum())
        slopes = size if self.kinds.any() else 0
        return self._scratch("A", (size,)), self._scratch("S", (slopes,))

    def _inputs(self, X: Array, code: ModuleType) -> tuple[Array, tuple[Array, ...]] | None:
        """Return the plain columns of X, and those sorted into bins, or None if these have gaps."""
        X, encoding, n = as_compiled(X, self.dtype), self.encoding, len(X)
        d = len(encoding.columns) if encoding else 0
        firsts = encoding.firsts if encoding else self._whole("none", (1,), fill=0)
        bins = (
            firsts,
            self._whole("order", (d * n,)).reshape(d, n),
            self._scratch("parts", (d * n,)).reshape(d, n),
            self._whole("stops", (int(firsts[-1]),)),
            self._whole("numbers", (n,)),
            self._scratch("total", (int(self.sizes[1]),)),
        )
        if encoding is None:
            return X, bins
        lower, width = encoding.layer.lower, encoding.layer.bin_width
        rounding = self.dtype.type(ROUNDING * np.finfo(self.dtype).eps)
        if not code.are_connected(firsts, lower, width, rounding):
            return None
        code.sort_into_bins(X, encoding.columns, lower, width, encoding.layer.bounded, bins)
        plain = self._scratch("plain", (n, len(encoding.others)))
        np.take(X, encoding.others, axis=1, out=plain, mode="clip")
        return plain, bins

    def _draw(self, U: Array, n: int) -> None:
        """Fill U for each Dropout layer from the layer's own generator."""
        start = 0
        for i, (dropout, units) in enumerate(zip(self.dropouts, self.sizes[1:], strict=False)):
            stop = start + n * int(units)
            if dropout is not None and dropout.rate > 0:
                cast(Rng, dropout.rng).random(dtype=U.dtype, out=U[start:stop])
            self._rates[i] = dropout.rate if dropout is not None else 0
            start = stop


def compiled_gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, code: ModuleType
) -> float | None:
    """Write `network.grad` and return J of a batch; None if no kernel fits the network or data.

    The result is that of forward, `value_and_grad` and backward, up to rounding. Kernels fit Dense
    layers with ReLU or SiLU, and perhaps Dropout, between each two, behind a `PiecewiseLinear`
    encoding of all or some columns.
    """
    stack = _stack_of(network)
    fits = stack.takes(loss, X, y, weights)
    return stack.gradient(network, loss, X, y, weights, code) if fits else None


def compiled_outputs(network: Network, X: Array, code: ModuleType) -> Array | None:
    """Return the outputs of `network.forward(X)` up to rounding; None if no kernel fits."""
    stack = _stack_of(network)
    return stack.outputs(network, X, code) if stack.takes_inputs(X) else None


def _stack_of(network: Network) -> Stack:
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
    return A if A.flags.writeable else A.copy()


_stacks: "WeakKeyDictionary[Network, Stack]" = WeakKeyDictionary()
