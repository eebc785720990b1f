"""Layers of layers: what they have in common, and two that hold one chain of layers.

What is inside keeps to the contract of every layer. Its parameters are those of the layer of
layers, under names that say where: `layers.3.0.W` is the W of layer 0 inside of layer 3.
"""

# Overrides: the base class says what they do, and not each of them needs every argument.
# ruff: noqa: D102

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from plainnet.checks import check_whole
from plainnet.errors import SettingError, ShapeError
from plainnet.network.arrays import Array, Rng, Scratch
from plainnet.network.contract import check_array, matched_sizes
from plainnet.network.initialization import draw
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer, Parameters
from plainnet.network.layer_row import described, layer_of

Chain = Sequence[Layer | Mapping[str, Any]]
"""Layers, applied one after another; a description, as settings hold one, stands for its layer."""


class Composite(Layer):
    """What layers of layers have in common: the parameters, state and generator of those inside.

    All layers inside that draw at random share one generator, `rng`.

    Args:
        chains: layers that are applied one after another, by what their parameters' names begin
            with; "1." makes "1.0.W" of the W of the first.

    Raises:
        SettingError: something in a chain is neither a layer nor the description of one.
        ShapeError: neighbouring sizes in a chain do not match.
    """

    chains: dict[str, tuple[Layer, ...]]

    def __init__(self, chains: Mapping[str, Chain]) -> None:
        self.chains = {start: tuple(map(self._part, chain)) for start, chain in chains.items()}
        parts = self._parts().items()
        self.weights = {f"{at}.{name}": s for at, part in parts for name, s in part.weights.items()}
        self.biases = {f"{at}.{name}": s for at, part in parts for name, s in part.biases.items()}
        self.state = {f"{at}.{name}": s for at, part in parts for name, s in part.state.items()}
        self.rate_factors = {
            f"{at}.{name}": x for at, part in parts for name, x in part.rate_factors.items()
        }
        self.multiply_adds = sum(part.multiply_adds for _, part in parts)
        self.is_stochastic = any(part.is_stochastic for _, part in parts)
        self.rng = next((part.rng for _, part in parts if part.rng is not None), None)

    def _part(self, given: object) -> Layer:
        if isinstance(given, Mapping):
            return layer_of(given, f"a layer inside of {type(self).__name__}")
        if not isinstance(given, Layer):
            raise SettingError(
                f"What is inside of {type(self).__name__} must be layers such as Dense(2, 16) or "
                f"ReLU(), but got {given!r:.60}; derive your own from plainnet.Layer."
            )
        return given

    def _parts(self) -> dict[str, Layer]:
        """The layers inside, by what their parameters' names begin with."""
        return {
            f"{start}{i}": part
            for start, chain in self.chains.items()
            for i, part in enumerate(chain)
        }

    def __getattr__(self, name: str) -> Any:
        """`1.0.W` is the W of part 1.0, and `d1.0.W` its dW."""
        at, dot, own = name.removeprefix("d").rpartition(".")
        part = self._parts().get(at) if dot else None
        if part is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(part, f"d{own}" if name.startswith("d") else own)

    @property
    def rng(self) -> Rng | None:
        """The generator of all parts that draw at random."""
        drawing = [part.rng for part in self._parts().values() if part.is_stochastic]
        return drawing[0] if drawing else None

    @rng.setter
    def rng(self, rng: Rng | None) -> None:
        for part in self._parts().values():
            if part.is_stochastic:
                part.rng = rng

    def bind(self, xp: ModuleType, dtype: np.dtype[Any], parameters: Parameters) -> None:
        self.xp, self.scratch = xp, Scratch(xp, dtype)
        for at, part in self._parts().items():
            names = [*part.weights, *part.biases]
            part.bind(xp, dtype, {name: parameters[f"{at}.{name}"] for name in names})

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        for chain in self.chains.values():
            draw(chain, rng, suited)


class PerMember(Composite):
    """The same layers for each member of an ensemble: `(N, k·n)` is `(N·k, n)` to them.

    All members share the parameters inside, and with `MemberScaling` in front it is TabM-mini: see
    `ensembles.py`. Each member is a row of its own, for dropout and for normalization too.

    >>> Network([PerMember(4, [Dense(3, 2)])]).forward(np.zeros((5, 12))).shape
    (5, 8)

    Args:
        members: k.
        layers: applied one after another.

    Raises:
        SettingError: something inside is no layer, or k is not a whole number ≥ 1.
        ShapeError: neighbouring sizes do not match.
    """

    formula = "Y = F(X), member by member"
    backward_formulas = ("dX = dX of F, member by member",)

    def __init__(self, members: int, layers: Chain) -> None:
        super().__init__({"": layers})
        self.members = check_whole("number of members of PerMember", members, 1)
        n_in, n_out = matched_sizes(self.chains[""])
        if n_in is None or n_out is None:
            raise ShapeError(
                "The layers of PerMember must include one of a fixed size, such as Dense(2, 16); "
                "activations need no PerMember."
            )
        self.n_in, self.n_out = n_in * self.members, n_out * self.members
        self.multiply_adds *= self.members

    @property
    def settings(self) -> dict[str, Any]:
        return {"members": self.members, "layers": [*map(described, self.chains[""])]}

    def forward(self, X: Array, training: bool = False) -> Array:
        rows = X.reshape(len(X) * self.members, -1)
        Y = forward_through(self.chains[""], rows, training)
        shape = len(rows), (self.n_out or 0) // self.members
        check_array("forward inside of PerMember", Y, shape, X.dtype)
        return Y.reshape(len(X), -1)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        rows = dY.reshape(len(dY) * self.members, -1)
        dX = backward_through(self.chains[""], rows, need_dX)
        return None if dX is None else dX.reshape(len(dY), -1)

    def __repr__(self) -> str:
        return f"PerMember({self.members}, {[*self.chains['']]})"


class Residual(Composite):
    """Y = X + F(X): layers that learn a change of what comes in.

    He, Zhang, Ren, Sun: Deep residual learning for image recognition (2016), eq. 1.

    >>> Network([Residual([Dense(4, 8), ReLU(), Dense(8, 4)]), Dense(4, 1)])
    Network(4 → Residual 4 → Dense 1; 81 parameters)

    Args:
        layers: F, applied one after another; as many features go out as come in.

    Raises:
        SettingError: something inside is no layer.
        ShapeError: neighbouring sizes do not match, or F gives another number of features.
    """

    formula = "Y = X + F(X)"
    backward_formulas = ("dX = dY + dX of F",)

    def __init__(self, layers: Chain) -> None:
        super().__init__({"": layers})
        self.n_in, self.n_out = matched_sizes(self.chains[""])
        if self.n_in != self.n_out:
            raise ShapeError(
                f"The layers of Residual take {self.n_in} features and give {self.n_out}; both "
                "are added, so make the two numbers equal."
            )

    @property
    def settings(self) -> dict[str, Any]:
        return {"layers": [*map(described, self.chains[""])]}

    def forward(self, X: Array, training: bool = False) -> Array:
        change = forward_through(self.chains[""], X, training)
        check_array("forward inside of Residual", change, X.shape, X.dtype)
        Y = self.scratch("Y", X.shape)
        self.xp.add(X, change, out=Y)  # Y = X + F(X)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        given, dX = self.scratch("dY", dY.shape), self.scratch("dX", dY.shape)
        given[...] = dY  # the layers may overwrite it
        change = backward_through(self.chains[""], given, need_dX)
        if change is None or not need_dX:
            return None
        check_array("backward inside of Residual", change, dY.shape, dY.dtype)
        self.xp.add(dY, change, out=dX)  # dX = dY + dX of F
        return dX

    def __repr__(self) -> str:
        return f"Residual({[*self.chains['']]})"


def forward_through(chain: Sequence[Layer], X: Array, training: bool) -> Array:
    """The layers, applied one after another."""
    A = X
    for layer in chain:
        A = layer.forward(A, training)
    return A


def backward_through(chain: Sequence[Layer], dY: Array, need_dX: bool) -> Array | None:
    """Back through the layers; without `need_dX` the first one with parameters is the last."""
    first = next((i for i, layer in enumerate(chain) if layer.weights or layer.biases), len(chain))
    dA: Array | None = dY
    for i in reversed(range(len(chain))):
        if dA is None:
            break
        dA = chain[i].backward(dA, need_dX or i > first)
    return dA
