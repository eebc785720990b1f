"""The encodings of numbers, in front of the first Dense layer, that the compiled kernels fit."""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network import Array, ByColumns, Layer, PiecewiseLinear, PiecewiseLinearEmbedding
from plainnet.network.arrays import Scratch

Bins = tuple[Array, ...]
"""The samples sorted by their bins: see `piecewise.py`."""
ROUNDING = 4
"""The gap between two bins of a column that counts as rounding, in units of the last place."""


class Encoding:
    """No encoding: the first Dense layer takes X.

    Args:
        dtype: of the network.
        columns: the columns of X that are encoded.
        bins: how many each of them has.
    """

    length = 0
    """The features that are learned of a column."""

    def __init__(
        self, dtype: DTypeLike, columns: Sequence[int] = (), bins: Sequence[int] = ()
    ) -> None:
        self.columns, self.firsts = np.array(columns, np.int64), np.cumsum([0, *bins])
        self.scratch, self._whole = Scratch(np, dtype), Scratch(np, np.int64)

    @property
    def is_connected(self) -> bool:
        """Whether the kernels fit: each bin is followed by the next one of its column."""
        return True

    @property
    def features(self) -> int:
        """How many features are learned."""
        return len(self.columns) * self.length

    def arrays(self, n: int, units: int, training: bool, threads: int) -> tuple[Any, ...]:
        """Return what the kernels take, for n samples: see `steps.py`.

        Args:
            n: the number of samples.
            units: of the first Dense layer.
            training: whether there are gradients.
            threads: the most that take the steps together.
        """
        none, nothing = self._whole("others", (0,)), self.scratch("nothing", (0,))
        others = none, nothing, nothing, False, self._bins(n, units, threads)
        return self.columns, *others, 0, nothing, nothing

    def _bins(self, n: int, longest: int, threads: int) -> Bins:
        """Return the memory of the bins, for rows of W of at most this length."""
        whole, size, bins = self._whole, len(self.columns) * n, int(self.firsts[-1])
        order, parts = whole("order", (size,)), self.scratch("parts", (size,))
        stops, numbers = whole("stops", (bins,)), whole("numbers", (n * threads,))
        row = self.scratch("row", (longest * threads,))
        return self.firsts, order, parts, stops, numbers, row


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
        self._inner = np.delete(np.arange(self.firsts[-1]), self.firsts[1:] - 1)
        """The bins that another one of their column follows."""

    @property
    def is_connected(self) -> bool:
        lower, width, inner = self.layer.lower, self.layer.bin_width, self._inner
        ends, starts = (lower + width)[inner], lower[inner + 1]
        rounding = ROUNDING * np.finfo(lower.dtype).eps * (abs(lower[inner]) + abs(starts))
        return bool((width > 0).all() and (abs(ends - starts) <= rounding).all())

    def arrays(self, n: int, units: int, training: bool, threads: int) -> tuple[Any, ...]:
        layer, length = self.layer, self.length
        sorted_bins = self._bins(n, max(units, length), threads)
        bins = layer.lower, layer.bin_width, layer.bounded, sorted_bins
        size = n * self.features
        E = self.scratch("E", (size + n * len(self.others) if length else 0,))
        dE = self.scratch("dE", (size if training else 0,))
        return self.columns, self.others, *bins, length, E, dE


class Learned(Binned):
    """`PiecewiseLinearEmbedding`: its features are computed, but not its encoding P."""

    layer: PiecewiseLinearEmbedding

    @property
    def length(self) -> int:  # type: ignore[override]
        return self.layer.length


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
