"""The contract of a layer: a forward pass, and a backward pass that computes the gradients.

Dimensions, here and in all of `network`: N samples of a batch are rows; n_in input features and
n_out output features are columns. `X` are the inputs of a layer and `Y` its outputs; `dA` is the
gradient of the loss J with respect to A, and has the shape of A.
"""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar
from weakref import ReferenceType

import numpy as np

from plainnet.network.arrays import Array, Rng, Scratch, Shape
from plainnet.network.initializers import Initializer

Parameters = Mapping[str, tuple[Array, Array]]
"""The parameters of a layer and their gradients by name: views of the network's vectors."""


class Layer:
    """The contract of every layer; write your own by overriding `forward` and `backward`.

    **Parameters.** A layer declares the shapes of its `weights` and `biases` (weights decay,
    biases never do). The network that takes the layer owns their memory and sets the attributes:
    a layer that declares ``weights = {"W": (n_in, n_out)}`` has `self.W`, and writes its gradient
    into `self.dW`. A gradient is *written* in each backward pass, not accumulated.

    **State.** A layer declares what it remembers from batch to batch and predicts with, such as
    running means, as `state`: ``{"mean": (n,)}`` makes `self.mean`, zeros until `initialize` sets
    it. State has no gradient; it is copied, kept and saved with the parameters.

    **Buffers.** The array that `forward` returns has the dtype of `X` and is valid until the same
    thread's next `forward`; `backward` may overwrite its `dY`. `forward` does not change `X`.

    **Threads.** Each thread works in a copy of the layer (`replicas.py`), which shares parameters,
    state and `rng`. All other attributes that a pass sets belong to its thread.


    """

    n_in: int | None = None
    """Number of input features; None: any number."""
    n_out: int | None = None
    """Number of output features; None: as many as input features."""
    shape_in: tuple[int, int, int] | None = None
    """Height, width and channels, if the input features are pictures; None: whatever they are."""
    shape_out: tuple[int, int, int] | None = None
    """Height, width and channels, if the output features are pictures."""
    n_out_training: int | None = None
    """Number of output features while training, if it is another one."""
    weights: Mapping[str, Shape] = {}
    biases: Mapping[str, Shape] = {}
    state: Mapping[str, Shape] = {}
    rate_factors: Mapping[str, float] = {}
    """Factors on the learning rate of single parameters, by name; 1 for those without one. `train`,
    `fit` and `train_step` apply them with every optimizer; L-BFGS has no learning rate."""
    multiply_adds: int = 0
    """Multiply-adds of one sample's matrix products in the forward pass."""
    initializer: ClassVar[Initializer | None] = None
    """The initial weights that suit the Dense layer in front of this activation."""
    spreads: ClassVar[bool] = False
    """Whether the biases in front of this activation are drawn at random, too."""
    rng: Rng | None = None
    """The generator of a layer that draws at random; the network provides one if it is None."""
    is_stochastic: bool = False
    """Whether the layer draws at random while training."""
    formula: ClassVar[str] = ""
    """The formula of `forward`, in the letters of docs/derivations.md; empty if unknown."""
    backward_formulas: ClassVar[tuple[str, ...]] = ()
    """The formulas of `backward`, one for each gradient: `dX = dY Wᵀ`."""

    chains: Mapping[str, Sequence["Layer"]] = {}
    """The layers inside a composite one: chains by what their parameters' names begin with."""

    xp: ModuleType = np
    """The array module: NumPy, or one with the same functions."""
    scratch: Scratch
    taken_by: ReferenceType[Any] | None = None
    """The network that holds the layer; only one can at a time."""

    @property
    def settings(self) -> dict[str, Any]:
        """The constructor's arguments: ``type(layer)(**layer.settings)`` makes the same layer."""
        return {}

    def bind(self, xp: ModuleType, dtype: np.dtype[Any], parameters: Parameters) -> None:
        """Take views of the network's memory, make the state, and drop all scratch memory."""
        self.xp = xp
        self.scratch = Scratch(xp, dtype)
        for name, (value, gradient) in parameters.items():
            setattr(self, name, value)
            setattr(self, f"d{name}", gradient)
        for name, shape in self.state.items():
            setattr(self, name, xp.zeros(shape, dtype))

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        """Draw the initial parameters, as `suited` to the next activation, and set the state.

        It is not called where both are read from a file or copied.
        """

    def forward(self, X: Array, training: bool = False) -> Array:
        """Compute Y `(N, n_out)` from X `(N, n_in)`, and remember what `backward` needs."""
        raise NotImplementedError

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Compute dX `(N, n_in)` from dY `(N, n_out)` of the last `forward`; write dW and db.

        Without `need_dX` the layer may return None.
        """
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """Return all attributes except those set by `bind`, for deep copies and other processes."""
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
