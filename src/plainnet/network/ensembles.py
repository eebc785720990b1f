"""Ensembles in one network: k members that share most parameters, as in TabM.

Gorishniy, Kotelnikov, Babenko: TabM: Advancing tabular deep learning with parameter-efficient
ensembling (ICLR 2025); the layers go back to Wen, Tran, Ba: BatchEnsemble (2020). A sample's k
representations stand side by side, `(N, k·n)`, member by member. In memory that is `(N·k, n)` as
well, so that all members share one matrix product. The backward passes are derived in
`docs/derivations.md`; see `layer.py` for the letters and the buffer rule.
"""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar

from plainnet.checks import check_flag, check_whole
from plainnet.errors import SettingError
from plainnet.network.arrays import Array, Rng
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer


class _Ensemble(Layer):
    """What the layers of an ensemble have in common: n_in and n_out features of each member.

    Factors of members count as biases: they do not decay.
    """

    of_members: ClassVar[tuple[str, ...]] = ()
    """The parameters that each member has for itself, along the first axis."""

    def __init__(self, n_in: int, n_out: int, members: int) -> None:
        kind = type(self).__name__
        self.each_in = check_whole(f"number of inputs of {kind}", n_in, 1)
        self.each_out = check_whole(f"number of outputs of {kind}", n_out, 1)
        self.members = check_whole(f"number of members of {kind}", members, 1)
        self.n_in, self.n_out = self.members * self.each_in, self.members * self.each_out

    @property
    def settings(self) -> dict[str, Any]:
        return {"n_in": self.each_in, "n_out": self.each_out, "members": self.members}

    def _uniform(self, rng: Rng, *shape: int) -> Array:
        """U(−1/√n_in, 1/√n_in), as the paper draws weights and biases."""
        bound = 1 / math.sqrt(self.each_in)
        drawn: Array = self.xp.asarray(rng.uniform(-bound, bound, shape))
        return drawn

    def _of_members(self, A: Array) -> Array:
        """A as `(N, k, n)`."""
        return A.reshape(len(A), self.members, -1)

    def _sum(self, A: Array, out: Array) -> None:
        """Σ_N A, as a product with ones: faster than sum."""
        ones = self.scratch("ones", (len(A),), fill=1)
        self.xp.dot(ones, A.reshape(len(A), -1), out=out.reshape(-1))


class MemberScaling(_Ensemble):
    """Y = X · r: each member sees the sample's features through factors of its own.

    It begins an ensemble: from X `(N, n)` it makes `(N, k·n)`. The factors are what makes members
    differ; at the start they are −1 or 1 at random.

    >>> Network([MemberScaling(3, members=4)]).forward(np.zeros((5, 3))).shape
    (5, 12)

    Args:
        n: features of a sample.
        members: k.
        chunks: the numbers of neighbouring features that have one factor in common at the start,
            which is then N(0, 1): those that an embedding has made of one column. None: ±1.

    Raises:
        SettingError: a size is not a whole number ≥ 1, or the chunks are not of n features.
    """

    r: Array  # (k, n)
    dr: Array
    X: Array  # (N, n), of the last forward

    of_members = ("r",)
    formula = "Y = X · r"
    backward_formulas = ("dr = Σ_N dY · X", "dX = Σ_k dY · r")

    def __init__(self, n: int, members: int, chunks: Sequence[int] | None = None) -> None:
        super().__init__(n, n, members)
        self.n_in = self.each_in
        self.biases = {"r": (self.members, self.each_in)}
        self.chunks = None
        if chunks is not None:
            self.chunks = tuple(check_whole("number of features of a chunk", c, 1) for c in chunks)
            if sum(self.chunks) != self.each_in:
                raise SettingError(
                    f"The chunks of MemberScaling must be {n} features together, but they are "
                    f"{sum(self.chunks)}; give the size of each group of features."
                )

    @property
    def settings(self) -> dict[str, Any]:
        chunks = None if self.chunks is None else list(self.chunks)
        return {"n": self.each_in, "members": self.members, "chunks": chunks}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        if self.chunks is None:
            self.r[...] = self.xp.asarray(rng.choice([-1.0, 1.0], self.r.shape))
            return
        for start, stop in pairwise(accumulate(self.chunks, initial=0)):
            self.r[:, start:stop] = self.xp.asarray(rng.standard_normal((self.members, 1)))

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        Y = self.scratch("Y", (len(X), self.members, self.each_in))
        self.xp.multiply(X[:, None, :], self.r, out=Y)  # Y = X · r
        return Y.reshape(len(X), -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY = self._of_members(dY)
        product = self.scratch("product", dY.shape)
        self.xp.multiply(dY, self.X[:, None, :], out=product)
        self._sum(product, self.dr)  # dr = Σ_N dY · X
        if not need_dX:
            return None
        dX = self.scratch("dX", self.X.shape)
        dY *= self.r
        self.xp.sum(dY, axis=1, out=dX)  # dX = Σ_k dY · r
        return dX


class EnsembleDense(_Ensemble):
    """Y = ((X · r) W) · s + b: one W for all members, factors r, s and a bias b for each.

    At the start all r and s are 1 and all members have the same b: the members differ by what comes
    in. A matrix of a member's own would be W · r sᵀ.

    >>> Network([EnsembleDense(3, 8, members=4)]).forward(np.zeros((5, 12))).shape
    (5, 32)

    Args:
        n_in: features of each member that come in.
        n_out: features of each member that go out.
        members: k.
        scaled_inputs: False leaves r out, behind `MemberScaling`, which has it.

    Raises:
        SettingError: a size is not a whole number ≥ 1.
    """

    W: Array  # (n_in, n_out)
    r: Array  # (k, n_in)
    s: Array  # (k, n_out)
    b: Array  # (k, n_out)
    dW: Array
    dr: Array
    ds: Array
    db: Array
    X: Array  # (N, k, n_in), of the last forward
    A: Array  # X · r
    H: Array  # (N, k, n_out), (X · r) W

    of_members = ("r", "s", "b")
    formula = "Y = ((X · r) W) · s + b"
    backward_formulas = (
        "dW = (X · r)ᵀ dH",
        "dr = Σ_N dA · X",
        "ds = Σ_N dY · H",
        "db = Σ_N dY",
        "dX = dA · r",
    )

    def __init__(self, n_in: int, n_out: int, members: int, scaled_inputs: bool = True) -> None:
        super().__init__(n_in, n_out, members)
        self.scaled_inputs = check_flag("scaled_inputs of EnsembleDense", scaled_inputs)
        k, n_in, n_out = self.members, self.each_in, self.each_out
        self.weights = {"W": (n_in, n_out)}
        factors = {"r": (k, n_in)} if self.scaled_inputs else {}
        self.biases = {**factors, "s": (k, n_out), "b": (k, n_out)}
        self.multiply_adds = k * n_in * n_out

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "scaled_inputs": self.scaled_inputs}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.W[...] = self._uniform(rng, *self.W.shape)
        self.b[...] = self._uniform(rng, self.each_out)
        self.s[...] = 1
        if self.scaled_inputs:
            self.r[...] = 1

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = self.A = self._of_members(X)
        if self.scaled_inputs:
            self.A = self.scratch("A", self.X.shape)
            self.xp.multiply(self.X, self.r, out=self.A)  # A = X · r
        self.H = self.scratch("H", (len(X), self.members, self.each_out))
        Y = self.scratch("Y", self.H.shape)
        self.xp.dot(self._rows(self.A), self.W, out=self._rows(self.H))  # H = A W
        self.xp.multiply(self.H, self.s, out=Y)
        Y += self.b  # Y = H · s + b
        return Y.reshape(len(X), -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY = self._of_members(dY)
        product = self.scratch("product", dY.shape)
        self._sum(dY, self.db)  # db = Σ_N dY
        self.xp.multiply(dY, self.H, out=product)
        self._sum(product, self.ds)  # ds = Σ_N dY · H
        dY *= self.s  # dH = dY · s
        self.xp.dot(self._rows(self.A).T, self._rows(dY), out=self.dW)  # dW = (X · r)ᵀ dH
        if not (need_dX or self.scaled_inputs):
            return None
        dX = self.scratch("dX", self.X.shape)
        self.xp.dot(self._rows(dY), self.W.T, out=self._rows(dX))  # dA = dH Wᵀ
        if self.scaled_inputs:
            product = self.scratch("dA X", dX.shape)
            self.xp.multiply(dX, self.X, out=product)
            self._sum(product, self.dr)  # dr = Σ_N dA · X
            dX *= self.r  # dX = dA · r
        return dX.reshape(len(dX), -1)

    def _rows(self, A: Array) -> Array:
        """A as `(N·k, n)`: a row for each sample and member."""
        return A.reshape(-1, A.shape[-1])


class MemberDense(_Ensemble):
    """Y = X W + b of each member, with a W and b of its own: the heads of an ensemble.

    >>> Network([MemberDense(3, 2, members=4)]).forward(np.zeros((5, 12))).shape
    (5, 8)

    Args:
        n_in: features of each member that come in.
        n_out: features of each member that go out.
        members: k.

    Raises:
        SettingError: a size is not a whole number ≥ 1.
    """

    W: Array  # (k, n_in, n_out)
    b: Array  # (k, n_out)
    dW: Array
    db: Array
    X: Array  # (N, k, n_in), of the last forward

    of_members = ("W", "b")
    formula = "Y = X W + b"
    backward_formulas = ("dW = Xᵀ dY", "db = Σ_N dY", "dX = dY Wᵀ")

    def __init__(self, n_in: int, n_out: int, members: int) -> None:
        super().__init__(n_in, n_out, members)
        self.weights = {"W": (self.members, self.each_in, self.each_out)}
        self.biases = {"b": (self.members, self.each_out)}
        self.multiply_adds = self.members * self.each_in * self.each_out

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.W[...] = self._uniform(rng, *self.W.shape)
        self.b[...] = self._uniform(rng, *self.b.shape)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = self._of_members(X)
        Y = self.scratch("Y", (len(X), self.members, self.each_out))
        self.xp.matmul(_by_member(self.X), self.W, out=_by_member(Y))  # Y = X W
        Y += self.b  # Y = X W + b
        return Y.reshape(len(X), -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY = self._of_members(dY)
        transposed = _by_member(self.X).transpose(0, 2, 1)
        self.xp.matmul(transposed, _by_member(dY), out=self.dW)  # dW = Xᵀ dY
        self._sum(dY, self.db)  # db = Σ_N dY
        if not need_dX:
            return None
        dX = self.scratch("dX", self.X.shape)
        transposed = self.W.transpose(0, 2, 1)
        self.xp.matmul(_by_member(dY), transposed, out=_by_member(dX))  # dX = dY Wᵀ
        return dX.reshape(len(dX), -1)


def _by_member(A: Array) -> Array:
    """The `(N, k, n)` A as `(k, N, n)`: a matrix for each member."""
    return A.transpose(1, 0, 2)
