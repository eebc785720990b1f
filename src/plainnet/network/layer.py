"""What a layer is: a step of the network that can be gone forward and, for the gradient, backward.

Dimensions, here and in all of `network`: N samples in a batch are rows; n_in features come in and
n_out features go out, in columns. `X` is what comes in and `Y` what goes out; `dA` is the gradient
of the loss J with respect to A, with the shape of A.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar
from weakref import ReferenceType

import numpy as np

from plainnet.network.arrays import Array, Rng, Scratch, Shape
from plainnet.network.initializers import Initializer

Parameters = Mapping[str, tuple[Array, Array]]
"""Of one layer, by name: the parameter and its gradient, views of the network's vectors."""


class Layer:
    """The contract of every layer; write your own by overriding `forward` and `backward`.

    **Parameters.** A layer declares the shapes of its `weights` and `biases` (weights decay,
    biases never do). The network that takes the layer owns their memory and sets the attributes:
    a layer that declares ``weights = {"W": (n_in, n_out)}`` finds `self.W`, and `self.dW` to write
    its gradient into. A gradient is *written* at each backward pass, not accumulated.

    **State.** What a layer remembers from batch to batch and answers with, such as running means,
    it declares as `state`: ``{"mean": (n,)}`` gives `self.mean`, zeros until `initialize` sets it.
    State has no gradient; it is copied, kept and saved with the parameters.

    **Buffers.** What `forward` returns has the dtype of `X` and is valid until the same thread's
    next `forward`; `backward` may overwrite the `dY` it is given. `forward` leaves its `X` as it
    is.

    **Threads.** Each thread works in a copy of the layer (`replicas.py`), which shares parameters,
    state and `rng`. All other attributes that a pass sets are those of its thread.

    **Arrays.** NumPy is reached through `self.xp`, so that an array module that spells alike can
    take its place.
    """

    n_in: int | None = None
    """Features that come in; None: any number."""
    n_out: int | None = None
    """Features that go out; None: as many as come in."""
    weights: Mapping[str, Shape] = {}
    biases: Mapping[str, Shape] = {}
    state: Mapping[str, Shape] = {}
    multiply_adds: int = 0
    """Multiply-adds of one sample's matrix products, forward."""
    initializer: ClassVar[Initializer | None] = None
    """Of an activation: the initial weights that suit the Dense layer in front of it."""
    spreads: ClassVar[bool] = False
    """Of an activation: whether the biases in front of it are drawn, too."""
    rng: Rng | None = None
    """The generator of a layer that draws at random; the network hands one to a layer without."""
    is_stochastic: ClassVar[bool] = False
    """Whether the layer draws at random while training."""
    formula: ClassVar[str] = ""
    """What `forward` computes, in the letters of docs/derivations.md; empty: it does not say."""
    backward_formulas: ClassVar[tuple[str, ...]] = ()
    """What `backward` computes, a line for each gradient: `dX = dY Wᵀ`."""

    xp: ModuleType = np
    scratch: Scratch
    taken_by: ReferenceType[Any] | None = None
    """The network that has taken the layer, which is in one at a time."""

    @property
    def settings(self) -> dict[str, Any]:
        """The constructor's arguments: ``type(layer)(**layer.settings)`` is its twin."""
        return {}

    def bind(self, xp: ModuleType, dtype: np.dtype[Any], parameters: Parameters) -> None:
        """Take views of the network's memory, make the state, and forget all scratch memory."""
        self.xp = xp
        self.scratch = Scratch(xp, dtype)
        for name, (value, gradient) in parameters.items():
            setattr(self, name, value)
            setattr(self, f"d{name}", gradient)
        for name, shape in self.state.items():
            setattr(self, name, xp.zeros(shape, dtype))

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        """Draw the initial parameters and set the initial state.

        `suited` is what the next activation asks for.
        """

    def forward(self, X: Array, training: bool = False) -> Array:
        """Y `(N, n_out)` from X `(N, n_in)`, keeping what `backward` needs."""
        raise NotImplementedError

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """dX `(N, n_in)` from dY `(N, n_out)` of the last `forward`; writes dW and db.

        With `need_dX` false the layer may leave dX out and return None: the first layer of a
        network is never asked for it.
        """
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """All but what `bind` gives it: what deep copies and processes hand on."""
        names = [*self.weights, *self.biases]
        bound = {"xp", "scratch", "taken_by", *names, *(f"d{name}" for name in names), *self.state}
        return {
            name: value
            for name, value in vars(self).items()
            if name not in bound and not isinstance(value, Scratch)
        }

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{type(self).__name__}({settings})"
