"""The encodings of numbers, in front of the first Dense layer, that the compiled kernels fit."""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network import Array, ByColumns, Layer, PiecewiseLinear, PiecewiseLinearEmbedding
from plainnet.network.arrays import Scratch

Bins = tuple[Array, ...]
"""The samples sorted by their bins: see `piecewise.py`."""
Vectors = tuple[Array, Array]
"""All weights of the network, and all biases: `theta` or `grad` in two."""
ROUNDING = 4
"""The gap between two bins of a column that counts as rounding, in units of the last place."""


class Encoding:
    """No encoding: the first Dense layer takes X.

    Args:
        dtype: of the network.
        columns: the columns of X that are encoded.
        bins: how many each of them has.
    """

    n_weights = n_biases = 0
    """Its own parameters: the first weights and the first biases of the network."""

    def __init__(
        self, dtype: DTypeLike, columns: Sequence[int] = (), bins: Sequence[int] = ()
    ) -> None:
        self.columns, self.firsts = np.array(columns, np.int64), np.cumsum([0, *bins])
        self.scratch, self._whole = Scratch(np, dtype), Scratch(np, np.int64)

    def inputs(
        self, X: Array, theta: Vectors, units: int, code: ModuleType
    ) -> tuple[Array, Bins] | None:
        """Return what the kernels take instead of X `(N, n_in)`; None if none fits its bins.

        Args:
            X: in the form of the kernels.
            theta: of the network.
            units: of the first Dense layer.
            code: the kernels.

        Returns:
            The columns that enter through a product, and the samples sorted by the bins of the
            others, of which there may be none.
        """
        return X, self._no_bins(len(X), units)

    def backward(self, dZ: Array, theta: Vectors, grad: Vectors, code: ModuleType) -> None:
        """Write its own gradients, from dZ `(N, units)` of the first Dense layer."""

    def is_fixed(self, code: ModuleType) -> bool:
        """Return whether the kernels of many steps fit: nothing learns, and bins are connected."""
        return True

    def arrays(self, n: int, units: int) -> tuple[Any, ...]:
        """Return what the kernels of many steps take, for n samples: see `steps.py`."""
        none, nothing = self._whole("others", (0,)), self.scratch("nothing", (0,))
        return self.columns, none, nothing, nothing, False, self._flat(n, units)

    def _flat(self, n: int, units: int) -> Bins:
        """Return the memory of the bins, with samples in one row."""
        order, parts, *others = self._memory(len(self.columns), n, int(self.firsts[-1]))
        total = self.scratch("row", (units,))
        return self.firsts, order.reshape(-1), parts.reshape(-1), *others, total

    def _no_bins(self, n: int, units: int) -> Bins:
        none = self._whole("none", (1,), fill=0)
        return none, *self._memory(0, n, 0), self.scratch("total", (units,))

    def _memory(self, d: int, n: int, bins: int) -> Bins:
        whole, parts = self._whole, self.scratch("parts", (d * n,)).reshape(d, n)
        order = whole("order", (d * n,)).reshape(d, n)
        return order, parts, whole("stops", (bins,)), whole("numbers", (n,))


class Binned(Encoding):
    """`PiecewiseLinear`, without a product with its features.

    Args:
        layer: the encoding.
        dtype: of the network.
        columns: the columns of X that it takes.
        others: the columns in front of its features, which stay as they are.
    """

    def __init__(
        self,
        layer: PiecewiseLinear,
        dtype: DTypeLike,
        columns: Sequence[int],
        others: Sequence[int] = (),
    ) -> None:
        super().__init__(dtype, columns, layer.bins)
        self.layer, self.others = layer, np.array(others, np.int64)

    def inputs(
        self, X: Array, theta: Vectors, units: int, code: ModuleType
    ) -> tuple[Array, Bins] | None:
        bins = self._sorted(X, units, code)
        if bins is None:
            return None
        plain = self.scratch("plain", (len(X), len(self.others)))
        np.take(X, self.others, axis=1, out=plain, mode="clip")
        return plain, bins

    def is_fixed(self, code: ModuleType) -> bool:
        return self._are_connected(code)

    def arrays(self, n: int, units: int) -> tuple[Any, ...]:
        layer = self.layer
        bins = layer.lower, layer.bin_width, layer.bounded
        return self.columns, self.others, *bins, self._flat(n, units)

    def _are_connected(self, code: ModuleType) -> bool:
        lower, width = self.layer.lower, self.layer.bin_width
        rounding = lower.dtype.type(ROUNDING * np.finfo(lower.dtype).eps)
        return bool(code.are_connected(self.firsts, lower, width, rounding))

    def _sorted(self, X: Array, longest: int, code: ModuleType) -> Bins | None:
        """Return the samples sorted by their bins, with scratch memory for a row of a length."""
        if not self._are_connected(code):
            return None
        layer, memory = self.layer, self._memory(len(self.columns), len(X), int(self.firsts[-1]))
        bins = self.firsts, *memory, self.scratch("row", (longest,))
        code.sort_into_bins(X, self.columns, layer.lower, layer.bin_width, layer.bounded, bins)
        return bins


class Learned(Binned):
    """`PiecewiseLinearEmbedding`: its features are computed, but not its encoding P."""

    layer: PiecewiseLinearEmbedding

    def __init__(
        self,
        layer: PiecewiseLinearEmbedding,
        dtype: DTypeLike,
        columns: Sequence[int],
        others: Sequence[int] = (),
    ) -> None:
        super().__init__(layer, dtype, columns, others)
        self.n_weights = layer.w.size + layer.V.size
        self.n_biases = layer.b.size

    def is_fixed(self, code: ModuleType) -> bool:
        return False

    def inputs(
        self, X: Array, theta: Vectors, units: int, code: ModuleType
    ) -> tuple[Array, Bins] | None:
        E = self.embed(X, self._views(theta), code)
        return None if E is None else (E, self._no_bins(len(X), units))

    def backward(self, dZ: Array, theta: Vectors, grad: Vectors, code: ModuleType) -> None:
        d, units = len(self.columns) * self.layer.length, dZ.shape[1]
        first = self.n_weights + len(self.others) * units
        W = theta[0][first : first + d * units].reshape(d, units)
        dE = self.scratch("dE", (len(dZ), d))
        code.product_with_transposed(dZ, W, dE)  # dX = dY Wᵀ
        self.write_gradients(dE, self._views(grad), code)

    def embed(self, X: Array, parameters: Bins, code: ModuleType) -> Array | None:
        """Return the other columns of X `(N, n_in)` and the features; None if bins have gaps.

        Args:
            X: in the form of the kernels.
            parameters: w, V and b.
            code: the kernels.
        """
        n_plain, length = len(self.others), self.layer.length
        bins = self._sorted(X, length, code)
        if bins is None:
            return None
        self._X, self._bins = X, bins
        E = self.scratch("E", (len(X), n_plain + len(self.columns) * length))
        np.take(X, self.others, axis=1, out=E[:, :n_plain], mode="clip")
        code.embed(X, self.columns, bins, parameters, E, n_plain)
        return E

    def write_gradients(self, dE: Array, gradients: Bins, code: ModuleType) -> None:
        """Write those of w, V and b; the last columns of dE are those of the features."""
        code.embedding_gradient(self._X, self.columns, self._bins, dE, gradients)

    def _views(self, vectors: Vectors) -> tuple[Array, ...]:
        """Return w, V and b, or their gradients."""
        layer, (weights, biases) = self.layer, vectors
        w, V = np.split(weights[: self.n_weights], [layer.w.size])
        b = biases[: self.n_biases]
        return w.reshape(layer.w.shape), V.reshape(layer.V.shape), b.reshape(layer.b.shape)


def encoding_of(layers: Sequence[Layer], dtype: DTypeLike) -> tuple[Encoding, Sequence[Layer]]:
    """Return the encoding at the beginning of the layers, and the rest of them."""
    first, rest = layers[0], layers[1:]
    if make := KINDS.get(type(first)):
        return make(first, dtype, range(first.n_in or 0)), rest
    if type(first) is ByColumns:
        match [*first.chains.values()]:
            case [(), (layer,)] if make := KINDS.get(type(layer)):
                others, columns = first.columns
                return make(layer, dtype, columns, others), rest
    return Encoding(dtype), layers


KINDS: Mapping[type[Layer], Callable[..., Encoding]] = {
    PiecewiseLinear: Binned,
    PiecewiseLinearEmbedding: Learned,
}
