"""Embeddings of numbers that learn: each column of a table becomes several features.

The backward passes are derived in `docs/derivations.md`. N samples are rows, d columns come in; see
`layer.py` for the letters and the buffer rule.
"""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

import math
from collections.abc import Mapping, Sequence
from typing import Any

from plainnet.checks import check_number, check_whole
from plainnet.network.arrays import Array, Rng
from plainnet.network.embeddings import PiecewiseLinear, alike
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer


class PeriodicEmbedding(Layer):
    """Y = [x, cos(2π x w + b) V + c] for each column: PBLD, waves that are mixed.

    Holzmüller, Grinsztajn, Steinwart: Better by default (NeurIPS 2024), the numerical embedding of
    RealMLP, which learns at a tenth of the learning rate; after Gorishniy, Rubachev, Babenko
    (2022). Each column has its own frequencies w, phases b and mixture V, c.

    >>> Network([PeriodicEmbedding(3, length=4), Dense(12, 1)])
    Network(3 → PeriodicEmbedding 12 → Dense 1; 262 parameters)

    Args:
        n: columns.
        length: features of each column, x among them, at least 2.
        frequencies: waves of each column.
        spread: the standard deviation of the initial frequencies; the larger, the faster the waves.

    Raises:
        SettingError: a setting is out of its range.
    """

    w: Array  # (d, F)
    b: Array  # (d, F)
    V: Array  # (d, F, length − 1)
    c: Array  # (d, length − 1)
    dw: Array
    db: Array
    dV: Array
    dc: Array
    X: Array  # (N, d), of the last forward
    P: Array  # (N, d, F), the phases 2π x w + b
    C: Array  # cos P

    rate_factors: Mapping[str, float] = {"w": 0.1, "V": 0.1, "b": 0.1, "c": 0.1}
    formula = "Y = [x, cos(P) V + c], P = 2π x w + b"
    backward_formulas = (
        "dw = 2π Σ_N dP · x",
        "dV = cos(P)ᵀ dY",
        "db = Σ_N dP",
        "dc = Σ_N dY",
        "dX = dY₀ + 2π Σ_F dP · w",
    )

    def __init__(self, n: int, length: int = 4, frequencies: int = 16, spread: float = 0.1) -> None:
        self.n = self.n_in = check_whole("number of columns of PeriodicEmbedding", n, 1)
        self.length = check_whole("length of PeriodicEmbedding", length, 2)
        self.frequencies = check_whole("frequencies of PeriodicEmbedding", frequencies, 1)
        self.spread = check_number("spread of PeriodicEmbedding", spread, "(0, inf)")
        self.n_out = self.n * self.length
        self.weights = {
            "w": (self.n, self.frequencies),
            "V": (self.n, self.frequencies, self.length - 1),
        }
        self.biases = {"b": (self.n, self.frequencies), "c": (self.n, self.length - 1)}
        self.multiply_adds = self.n * self.frequencies * self.length

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "length": self.length,
            "frequencies": self.frequencies,
            "spread": self.spread,
        }

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        bound = 1 / math.sqrt(self.frequencies)
        self.w[...] = self.xp.asarray(self.spread * rng.standard_normal(self.w.shape))
        self.b[...] = self.xp.asarray(rng.uniform(-math.pi, math.pi, self.b.shape))
        self.V[...] = self.xp.asarray(rng.uniform(-bound, bound, self.V.shape))
        self.c[...] = self.xp.asarray(rng.uniform(-bound, bound, self.c.shape))

    def forward(self, X: Array, training: bool = False) -> Array:
        N, self.X = len(X), X
        self.P = self.scratch("P", (N, self.n, self.frequencies))
        self.C, Y = self.scratch("C", self.P.shape), self.scratch("Y", (N, self.n, self.length))
        mixed = self.scratch("mixed", (self.n, N, self.length - 1))
        self.xp.multiply(X[:, :, None], self.w, out=self.P)
        self.P *= 2 * math.pi
        self.P += self.b  # P = 2π x w + b
        self.xp.cos(self.P, out=self.C)
        self.xp.matmul(self.C.transpose(1, 0, 2), self.V, out=mixed)  # cos(P) V
        Y[:, :, 0] = X
        Y[:, :, 1:] = mixed.transpose(1, 0, 2)
        Y[:, :, 1:] += self.c  # Y = [x, cos(P) V + c]
        return Y.reshape(N, -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        N, xp = len(dY), self.xp
        dY = dY.reshape(N, self.n, self.length)
        mixed = self.scratch("mixed", (self.n, N, self.length - 1))
        dP = self.scratch("dP", self.P.shape)
        mixed[...] = dY[:, :, 1:].transpose(1, 0, 2)
        xp.matmul(self.C.transpose(1, 2, 0), mixed, out=self.dV)  # dV = cos(P)ᵀ dY
        xp.sum(mixed, axis=1, out=self.dc)  # dc = Σ_N dY
        xp.matmul(mixed, self.V.transpose(0, 2, 1), out=dP.transpose(1, 0, 2))
        xp.sin(self.P, out=self.P)
        dP *= self.P
        xp.negative(dP, out=dP)  # dP = −sin(P) · (dY Vᵀ)
        xp.sum(dP, axis=0, out=self.db)  # db = Σ_N dP
        return self._through_phases(dY, dP, need_dX)

    def _through_phases(self, dY: Array, dP: Array, need_dX: bool) -> Array | None:
        product, xp = self.P, self.xp  # its memory, which is not needed any more
        xp.multiply(dP, self.X[:, :, None], out=product)
        xp.sum(product, axis=0, out=self.dw)
        self.dw *= 2 * math.pi  # dw = 2π Σ_N dP · x
        if not need_dX:
            return None
        dX = self.scratch("dX", self.X.shape)
        dP *= self.w
        xp.sum(dP, axis=2, out=dX)
        dX *= 2 * math.pi
        dX += dY[:, :, 0]  # dX = dY₀ + 2π Σ_F dP · w
        return dX


class PiecewiseLinearEmbedding(PiecewiseLinear):
    """Y = x w + b + P V for each column, with its piecewise-linear encoding P.

    The trainable encoding of TabM (Gorishniy, Kotelnikov, Babenko, ICLR 2025; version B of
    rtdl-num-embeddings): V is 0 at the start, so that a column begins as a line and learns to bend.
    w and b are drawn from U(−a, a), a = 1 / √length.

    >>> Network([PiecewiseLinearEmbedding([[0, 1, 3]], length=4), Dense(4, 1)])
    Network(1 → PiecewiseLinearEmbedding 4 → Dense 1; 21 parameters)

    Args:
        edges: see `PiecewiseLinear`.
        length: features of each column.
        bins: see `PiecewiseLinear`.
        bounded: see `PiecewiseLinear`; here the ends are free by default.

    Raises:
        SettingError: a setting is out of its range.
    """

    w: Array  # (d, length)
    b: Array  # (d, length)
    V: Array  # (bins of all columns, length)
    dw: Array
    db: Array
    dV: Array
    X: Array  # (N, d), of the last forward

    formula = "Y = x w + b + P V"
    backward_formulas = ("dw = Σ_N dY · x", "dV = Pᵀ dY", "db = Σ_N dY", "dX = dY wᵀ + dX of P")

    def __init__(
        self,
        edges: Sequence[Sequence[float]] | None = None,
        length: int = 16,
        *,
        bins: Sequence[int] | None = None,
        bounded: bool = False,
    ) -> None:
        super().__init__(edges, bins=bins, bounded=bounded)
        self.length = check_whole("length of PiecewiseLinearEmbedding", length, 1)
        d, total = len(self.bins), sum(self.bins)
        self.n_out = d * self.length
        self.weights = {"w": (d, self.length), "V": (total, self.length)}
        self.biases = {"b": (d, self.length)}
        self.multiply_adds = total * self.length

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "length": self.length}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        super().initialize(rng, suited)
        bound = 1 / math.sqrt(self.length)
        self.w[...] = self.xp.asarray(rng.uniform(-bound, bound, self.w.shape))
        self.b[...] = self.xp.asarray(rng.uniform(-bound, bound, self.b.shape))
        self.V[...] = 0

    def forward(self, X: Array, training: bool = False) -> Array:
        P, self.X = super().forward(X, training), X
        Y = self.scratch("Y", (len(X), len(self.bins), self.length))
        bent = self.scratch("bent", Y.shape)
        self.xp.multiply(X[:, :, None], self.w, out=Y)
        Y += self.b  # x w + b
        for i, j, bins in alike(self.bins):  # columns of as many bins at once
            own = P[:, bins].reshape(len(X), j - i, -1).transpose(1, 0, 2)
            V = self.V[bins].reshape(j - i, -1, self.length)
            self.xp.matmul(own, V, out=bent[:, i:j].transpose(1, 0, 2))  # dot would copy P
        Y += bent  # Y = x w + b + P V
        return Y.reshape(len(X), -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        N, xp = len(dY), self.xp
        dY = dY.reshape(N, len(self.bins), self.length)
        product, dP = self.scratch("product", dY.shape), self.scratch("dP", self.P.shape)
        own, each = self.scratch("own", (N, self.length)), self.scratch("dx", (N, len(self.bins)))
        xp.multiply(dY, self.X[:, :, None], out=product)
        xp.sum(product, axis=0, out=self.dw)  # dw = Σ_N dY · x
        xp.sum(dY, axis=0, out=self.db)  # db = Σ_N dY
        for i, (start, stop) in enumerate(self._places()):
            own[...] = dY[:, i]
            xp.matmul(self.P[:, start:stop].T, own, out=self.dV[start:stop])  # dV = Pᵀ dY
            if need_dX:
                part = self.scratch(f"dP {stop - start}", (N, stop - start))
                dP[:, start:stop] = xp.dot(own, self.V[start:stop].T, out=part)  # dP = dY Vᵀ
        dX = super().backward(dP, need_dX)
        if dX is not None:
            xp.multiply(dY, self.w, out=product)
            xp.sum(product, axis=2, out=each)
            dX += each  # dX = dY wᵀ + dX of P
        return dX
