"""Embeddings: the numbers and categories of a table's columns as vectors.

The backward passes are derived in `docs/derivations.md`. N samples are rows, d columns come in; see
`layer.py` for the letters and the buffer rule.
"""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

import math
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate, chain, groupby, pairwise
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from plainnet.checks import check_flag, check_whole
from plainnet.errors import SettingError
from plainnet.network.arrays import Array, Rng, Scratch
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer, Parameters

NARROWEST = 1e-18
"""The smallest width of a bin: what is divided by it stays a number in float32 up to 1e20."""
MOST_CATEGORIES = 2**24
"""Up to here float32 holds every whole number."""


class PiecewiseLinear(Layer):
    """Y = clip((x − e) / w, 0, 1): how far a number has come in each bin of its column.

    Gorishniy, Rubachev, Babenko: On embeddings for numerical features in tabular deep learning
    (2022), eq. 1. A column with the edges e₀ < e₁ < … < e_m becomes m features. Feature j is 0 up
    to e_j, 1 from e_{j+1} on, and linear in between, w being the bin's width. A linear layer behind
    it is a continuous function of x with a slope of its own in each bin. A missing number (NaN)
    gives NaN.

    The edges are state: they are not learned, and a model file holds them as a tensor. They are
    chosen before, as quantiles of the training samples, say.

    >>> Network([PiecewiseLinear([[0, 1, 3]]), Dense(2, 1)])
    Network(1 → PiecewiseLinear 2 → Dense 1; 3 parameters)

    Args:
        edges: of each column, increasing; one more than there are bins.
        bins: their numbers, of each column, instead: the edges are then evenly spaced from 0 to 1,
            until the state is set.
        bounded: False lets the first feature of each column go on below 0 and the last one beyond
            1, so that numbers outside of all bins can be distinguished.

    Raises:
        SettingError: edges do not increase, or not exactly one of `edges` and `bins` is given.
    """

    lower: Array  # (bins of all columns,), the lower edge e of each bin
    bin_width: Array  # (bins of all columns,)
    P: Array  # (N, bins of all columns), of the last forward

    formula = "Y = clip((x − e) / w, 0, 1)"
    backward_formulas: ClassVar[tuple[str, ...]] = ("dX = Σ_bins dY · [0 < Y < 1] / w",)

    def __init__(
        self,
        edges: Sequence[Sequence[float]] | None = None,
        *,
        bins: Sequence[int] | None = None,
        bounded: bool = True,
    ) -> None:
        kind = type(self).__name__
        if (edges is None) == (bins is None):
            raise SettingError(f"{kind} takes either edges=… of each column, or bins=…, how many.")
        self._edges = None if edges is None else [*map(_increasing, edges)]
        counts = bins if self._edges is None else [len(column) - 1 for column in self._edges]
        self.bins = tuple(check_whole(f"number of bins of {kind}", n, 1) for n in counts or ())
        if not self.bins:
            raise SettingError(f"{kind} needs at least one column, but got none.")
        self.bounded = check_flag(f"bounded of {kind}", bounded)
        self.n_in, self.n_out = len(self.bins), sum(self.bins)
        self.state = {"lower": (self.n_out,), "bin_width": (self.n_out,)}

    @property
    def settings(self) -> dict[str, Any]:
        return {"bins": list(self.bins), "bounded": self.bounded}

    @property
    def edges(self) -> list[Array]:
        """The edges of each column, from the state."""
        each = [(self.lower[i:j], self.bin_width[i:j]) for i, j in self._places()]
        return [np.append(lower, lower[-1] + width[-1]) for lower, width in each]

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        if self._edges is None and self.bin_width.any():
            return  # they have been set, and are not drawn
        columns = self._edges or [[i / n for i in range(n + 1)] for n in self.bins]
        self.lower[...] = self.xp.asarray(np.concatenate([edges[:-1] for edges in columns]))
        self.bin_width[...] = self.xp.asarray(np.concatenate([np.diff(edges) for edges in columns]))

    def forward(self, X: Array, training: bool = False) -> Array:
        self.P = P = self.scratch("P", (len(X), self.lower.size))
        for i, j, bins in alike(self.bins):  # columns of as many bins at once
            E, out = self.lower[bins].reshape(j - i, -1), P[:, bins].reshape(len(X), j - i, -1)
            self.xp.subtract(X[:, i:j, None], E, out=out)  # x − e
        P /= self.bin_width
        if self.bounded:
            self.xp.clip(P, 0, 1, out=P)  # Y = clip((x − e) / w, 0, 1)
        else:
            low, high = self.bounds()
            self.xp.maximum(P, low, out=P)
            self.xp.minimum(P, high, out=P)
        return P

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        if not need_dX:
            return None
        low, high = self.bounds()
        inside = self.scratch("inside", dY.shape)
        self.xp.greater(self.P, low, out=inside)
        dY *= inside
        self.xp.less(self.P, high, out=inside)
        dY *= inside  # dY · [0 < Y < 1]
        dY /= self.bin_width
        dX = self.scratch("dX", (len(dY), len(self.bins)))
        for i, (start, stop) in enumerate(self._places()):
            self.xp.sum(dY[:, start:stop], axis=1, out=dX[:, i])  # Σ_bins dY · [0 < Y < 1] / w
        return dX

    def _places(self) -> Iterable[tuple[int, int]]:
        """Where the bins of each column begin and end."""
        return pairwise(accumulate(self.bins, initial=0))

    def bounds(self) -> tuple[Array, Array]:
        """Between what each feature lies; 0 and 1 but at the ends of columns without bounds."""
        least, most = (0, 1) if self.bounded else (-math.inf, math.inf)
        firsts = ([least, *[0] * (n - 1)] for n in self.bins)
        lasts = ([*[1] * (n - 1), most] for n in self.bins)
        low = self.scratch.constant("low", lambda: [*chain.from_iterable(firsts)])
        high = self.scratch.constant("high", lambda: [*chain.from_iterable(lasts)])
        return low, high


class Embedding(Layer):
    """Y = K · W[c]: a learned vector for each category of each column.

    X holds codes: 1 … n for the n categories of a column. Everything else (0, NaN, a code beyond n)
    is an unknown or missing category, whose vector is 0. Codes are rounded to whole numbers. As Y
    is constant between two codes, dX is 0.

    >>> network = Network([Embedding([3, 2], length=4)])  # columns of 3 and of 2 categories
    >>> network.forward(np.array([[1, 2], [3, 0]])).shape
    (2, 8)

    Args:
        sizes: the number n of categories of each column.
        length: of each vector; there are as many features for each column.

    Raises:
        SettingError: a size is not a whole number ≥ 1, or there are too many categories.
    """

    W: Array  # (categories of all columns, length)
    dW: Array
    K: Array  # (N, d), of the last forward: 1 where a category is known, else 0

    formula = "Y = K · W[c]"
    backward_formulas = ("dW = Σ_N K · dY, in row c", "dX = 0")

    def __init__(self, sizes: Sequence[int], length: int = 8) -> None:
        self.sizes = tuple(check_whole("number of categories of a column", n, 1) for n in sizes)
        self.length = check_whole("length of the vectors of an Embedding", length, 1)
        n = sum(self.sizes)
        if not 0 < n <= MOST_CATEGORIES:
            raise SettingError(
                f"An Embedding takes 1 to {MOST_CATEGORIES:,} categories, but got {n:,}; leave "
                "out columns in which nearly every value is another one."
            )
        self.n_in, self.n_out = len(self.sizes), len(self.sizes) * self.length
        self.weights = {"W": (n, self.length)}

    @property
    def settings(self) -> dict[str, Any]:
        return {"sizes": list(self.sizes), "length": self.length}

    def bind(self, xp: ModuleType, dtype: np.dtype[Any], parameters: Parameters) -> None:
        super().bind(xp, dtype, parameters)
        self._codes = Scratch(xp, np.dtype(np.intp))

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.W[...] = self.xp.asarray(rng.standard_normal(self.W.shape))  # as in RealMLP

    def forward(self, X: Array, training: bool = False) -> Array:
        c = self._rows(X)
        Y = self.scratch("Y", (*X.shape, self.length))
        self.xp.take(self.W, c, axis=0, out=Y, mode="clip")  # W[c]
        Y *= self.K[:, :, None]  # Y = K · W[c]
        return Y.reshape(len(X), -1)

    def _rows(self, X: Array) -> Array:
        """The row of W for each code, `(N, d)`, and K."""
        codes, below = self.scratch("codes", X.shape), self.scratch("below", X.shape)
        n = self.scratch.constant("n", lambda: self.sizes)
        start = self.scratch.constant("start", lambda: [*accumulate(self.sizes, initial=-1)][:-1])
        self.K = self.scratch("K", X.shape)
        self.xp.rint(X, out=codes)
        self.xp.greater_equal(codes, 1, out=self.K)
        self.xp.less_equal(codes, n, out=below)
        self.K *= below  # K = [1 ≤ x ≤ n], 0 for NaN
        self.xp.fmax(codes, 1, out=codes)  # any row will do where K is 0; fmax takes 1 for NaN
        self.xp.fmin(codes, n, out=codes)
        codes += start
        rows = self._codes("rows", X.shape)
        rows[...] = codes
        return rows

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        N, d = self.K.shape
        dY = dY.reshape(N, d, self.length)
        dY *= self.K[:, :, None]
        rows, each = self._codes("rows", (N, d)).reshape(-1), dY.reshape(-1, self.length)
        self.dW[...] = 0
        for j in range(self.length):  # column by column: faster than rows of W at once
            self.xp.add.at(self.dW[:, j], rows, each[:, j])  # dW = Σ_N K · dY, in row c
        if not need_dX:
            return None
        dX = self.scratch("dX", (N, d))
        dX[...] = 0
        return dX


def _increasing(edges: Sequence[float]) -> list[float]:
    """The edges of a column, if they are such."""
    try:
        values = np.array(edges, np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    steps = np.diff(values.astype(np.float32)) if values.ndim == 1 else values
    if len(values) < 2 or not np.isfinite(values).all() or not (steps >= NARROWEST).all():
        raise SettingError(
            f"The edges of a column must be two or more numbers that increase, also in float32, "
            f"but got {edges!r:.60}; leave equal ones out."
        )
    found: list[float] = values.tolist()
    return found


@cache
def alike(bins: tuple[int, ...]) -> list[tuple[int, int, slice]]:
    """Return where neighbouring columns of as many bins begin and end, and all their bins."""
    places, i, start = [], 0, 0
    for n, columns in groupby(bins):
        j = i + len([*columns])
        stop = start + n * (j - i)
        places.append((i, j, slice(start, stop)))
        i, start = j, stop
    return places
