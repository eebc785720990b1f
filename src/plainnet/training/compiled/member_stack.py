"""The passes of an ensemble in one network, TabM-mini, layer by layer, in kernels where one fits.

The matrix products stay NumPy's: with N·k rows for N samples they are large. A kernel does in one
pass over the memory what NumPy does in several. Each pass computes what its layer does, up to
rounding.
"""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import cast
from weakref import WeakKeyDictionary

import numpy as np

from plainnet.network import (
    Array,
    Dropout,
    Layer,
    MemberDense,
    MemberScaling,
    Network,
    PerMember,
    ReLU,
    Rng,
)
from plainnet.training.compiled.encodings import Learned, encoding_of
from plainnet.training.compiled.picture_passes import Pass
from plainnet.training.compiled.stack import as_compiled
from plainnet.training.step import HasGradient


class Embedding:
    """The passes of a `PiecewiseLinearEmbedding` of all or some columns, in front of the others."""

    def __init__(self, encoding: Learned, layer: Layer, code: ModuleType) -> None:
        self.encoding, self.layer, self.code = encoding, layer, code
        self.has_gaps = False

    def forward(self, X: Array, training: bool = False) -> Array:
        """Compute the columns without an embedding, and Y = x w + b + P V."""
        learned = self.encoding.layer
        E = self.encoding.embed(X, (learned.w, learned.V, learned.b), self.code)
        self.has_gaps = E is None
        return self.layer.forward(X, training) if E is None else E

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Write the gradients; the samples need none."""
        if self.has_gaps:
            return self.layer.backward(dY, need_dX)
        learned = self.encoding.layer
        self.encoding.write_gradients(dY, (learned.dw, learned.dV, learned.db), self.code)
        return None


class Scaling:
    """The passes of a `MemberScaling`."""

    def __init__(self, layer: MemberScaling, code: ModuleType) -> None:
        self.layer, self.code = layer, code

    def forward(self, X: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Compute Y = X · r."""
        layer, N = self.layer, len(X)
        layer.X = X
        Y = layer.scratch("Y", (N, layer.members, layer.each_in)).reshape(N * layer.members, -1)
        self.code.scale(X, layer.r, Y)
        return Y.reshape(N, -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:  # noqa: ARG002
        """Compute dr = Σ_N dY · X and dX = Σ_k dY · r."""
        layer = self.layer
        dX = layer.scratch("dX", layer.X.shape)
        self.code.scale_gradient(_rows(dY, layer.members), layer.X, layer.r, layer.dr, dX)
        return dX


class Rectified:
    """The passes of a `ReLU`, and of the `Dropout` behind it if there is one."""

    def __init__(self, layer: ReLU, dropout: Dropout | None, code: ModuleType) -> None:
        self.layer, self.dropout, self.code = layer, dropout, code
        self.rate = 0.0

    def forward(self, X: Array, training: bool = False) -> Array:
        """Compute Y = max(0, X) · M."""
        self.rate = self.dropout.rate if training and self.dropout else 0.0
        self.layer.Y = Y = self.layer.scratch("Y", X.shape)
        U = X
        if self.dropout is not None and self.rate > 0:
            U = self.dropout.scratch("U", X.shape)
            cast(Rng, self.dropout.rng).random(dtype=U.dtype, out=U)
        self.code.activate(X, U, X.dtype.type(self.rate), Y)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:  # noqa: ARG002
        """Overwrite dY with dX = dY · M · [X > 0]."""
        self.code.activate_gradient(dY, self.layer.Y, dY.dtype.type(self.rate))
        return dY


class Rows:
    """The passes inside of a `PerMember`, of which each member is a row."""

    def __init__(self, layer: PerMember, code: ModuleType) -> None:
        self.layer, self.inside = layer, Passes([*_passes(layer.chains[""], code)])

    def forward(self, X: Array, training: bool = False) -> Array:
        """Compute Y = F(X), member by member."""
        Y = self.inside.forward(_rows(X, self.layer.members), training)
        return Y.reshape(len(X), -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Compute dX of F, member by member."""
        dX = self.inside.backward(_rows(dY, self.layer.members), need_dX)
        return None if dX is None else dX.reshape(len(dY), -1)


class Heads:
    """The passes of a `MemberDense`."""

    def __init__(self, layer: MemberDense, code: ModuleType) -> None:
        self.layer, self.code = layer, code

    def forward(self, X: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Compute Y = X W + b of each member."""
        layer, N, k = self.layer, len(X), self.layer.members
        layer.X = X.reshape(N, k, -1)
        Y = layer.scratch("Y", (N, k, layer.each_out)).reshape(N * k, -1)
        self.code.answer(_rows(X, k), layer.W, layer.b, *self._one_member(N), Y)
        return Y.reshape(N, -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:  # noqa: ARG002
        """Compute dW, db and dX of each member."""
        layer, N, k = self.layer, len(dY), self.layer.members
        X, dX = layer.X.reshape(N * k, -1), layer.scratch("dX", layer.X.shape)
        given = _rows(dY, k), X, layer.W, *self._one_member(N), layer.dW, layer.db
        self.code.answer_gradient(*given, dX.reshape(N * k, -1))
        return dX.reshape(N, -1)

    def _one_member(self, N: int) -> tuple[Array, Array]:
        scratch, layer = self.layer.scratch, self.layer
        return scratch("T", (N, layer.each_in)), scratch("t", (N, layer.each_out))


class Passes:
    """Passes one after another."""

    def __init__(self, each: Sequence[Pass]) -> None:
        self.each = each

    def forward(self, X: Array, training: bool) -> Array:
        """Compute the outputs."""
        for one in self.each:
            X = one.forward(X, training)
        return X

    def backward(self, dY: Array, need_dX: bool = False) -> Array | None:
        """Compute dX, and write the gradients of all parameters."""
        dA: Array | None = dY
        for one in reversed(self.each):
            if dA is not None:
                dA = one.backward(dA, need_dX or one is not self.each[0])
        return dA


class MemberStack(Passes):
    """The passes of an ensemble in one network."""

    def __init__(self, network: Network, code: ModuleType) -> None:
        self.layers = [*network.layers]
        encoding, rest = encoding_of(self.layers, network.dtype)
        first: list[Pass] = []
        if isinstance(encoding, Learned):
            first = [Embedding(encoding, self.layers[0], code)]
        else:
            rest = self.layers
        super().__init__([*first, *_passes(rest, code)])


def member_gradient(
    network: Network,
    loss: HasGradient,
    X: Array,
    y: Array,
    weights: Array | None,
    code: ModuleType,
) -> float | None:
    """Write `network.grad` and return J of a batch; None if no kernel fits the network."""
    stack = _stack_of(network, X, code)
    if stack is None:
        return None
    Z = stack.forward(as_compiled(X, network.dtype), True)
    J, dZ = loss.value_and_grad(Z, y, weights)
    network.gradient_memory()
    stack.backward(dZ)
    return float(J)


def member_outputs(network: Network, X: Array, code: ModuleType) -> Array | None:
    """Return the outputs of `network.forward(X)` up to rounding; None if no kernel fits."""
    stack = _stack_of(network, X, code)
    return None if stack is None else stack.forward(as_compiled(X, network.dtype), False)


def _passes(layers: Sequence[Layer], code: ModuleType) -> Iterator[Pass]:
    """Yield the passes of the layers, in kernels where one fits."""
    before: Layer | None = None
    for layer, behind in zip(layers, [*layers[1:], None], strict=True):
        if type(layer) is MemberScaling:
            yield Scaling(layer, code)
        elif type(layer) is PerMember:
            yield Rows(layer, code)
        elif type(layer) is MemberDense:
            yield Heads(layer, code)
        elif type(layer) is ReLU:
            yield Rectified(layer, behind if type(behind) is Dropout else None, code)
        elif not (type(layer) is Dropout and type(before) is ReLU):
            yield layer
        before = layer


def _rows(A: Array, members: int) -> Array:
    """Return `(N, k·n)` A as `(N·k, n)`."""
    return A.reshape(len(A) * members, -1)


def _stack_of(network: Network, X: Array, code: ModuleType) -> MemberStack | None:
    """Return the stack; None without members, or with layers that must be checked first."""
    usual = type(network) is Network and network.xp is np and network.is_home
    if not usual or X.shape != (len(X), network.n_in):
        return None
    stack = _stacks.get(network)
    if stack is None or stack.layers != network.layers:
        own = all(type(layer).__module__.startswith("plainnet.") for layer in network.layers)
        if not own or not any(type(layer) is MemberScaling for layer in network.layers):
            return None
        stack = _stacks[network] = MemberStack(network, code)
    return stack


_stacks: "WeakKeyDictionary[Network, MemberStack]" = WeakKeyDictionary()
