"""The network: an ordered list of layers over two flat vectors.

`theta` holds all parameters and `grad` the gradient of the loss with respect to them: all weights
first, then all biases; `parameters` and `gradients` are views of them by name (`layers.0.W`). So an
optimizer sees two vectors and nothing else, weight decay is `theta[:n_weights]`, and a checkpoint,
the best so far, a norm, or a sum over machines is one line.
"""

import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from plainnet.errors import SettingError, ShapeError
from plainnet.network.arrays import Array, Rng, Shape, generator, vector
from plainnet.network.initializers import Initializer, lecun_normal
from plainnet.network.layer import Layer
from plainnet.network.layers import Dense, Dropout, ReLU


class Network:
    """Layers, applied one after another.

    >>> network = Network([Dense(2, 16), ReLU(), Dense(16, 1)], rng=0)
    >>> network.forward(np.zeros((5, 2))).shape
    (5, 1)

    Args:
        layers: at least one; neighbouring sizes must match.
        rng: generator or seed of the initial weights and of the layers that draw at random.
        dtype: float32 to train, float64 to check gradients.
        xp: the array module; weights are drawn on the host whatever it is.

    Raises:
        ShapeError: neighbouring sizes do not match; the message names both layers.
        SettingError: no layers, a layer twice, or a dtype that is neither float32 nor float64.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        rng: Rng | int | None = 0,
        dtype: DTypeLike = np.float32,
        xp: ModuleType = np,
    ) -> None:
        self.layers = list(layers)
        self.dtype = np.dtype(dtype)
        self.xp = xp
        self._check()
        self.n_in, self.n_out = self._sizes()
        weights = [
            (i, *item) for i, layer in enumerate(self.layers) for item in layer.weights.items()
        ]
        biases = [
            (i, *item) for i, layer in enumerate(self.layers) for item in layer.biases.items()
        ]
        self.n_weights = sum(math.prod(shape) for _, _, shape in weights)
        self.n_parameters = self.n_weights + sum(math.prod(shape) for _, _, shape in biases)
        self.pending: Callable[[], None] | None = None
        """Brings `theta` up to date: set by a training that puts this off until somebody looks."""
        self._theta = vector(xp, self.n_parameters, self.dtype)
        self.grad = vector(xp, self.n_parameters, self.dtype)
        self._bind(weights + biases)
        self.initialize(rng)

    @classmethod
    def dense(
        cls,
        sizes: Sequence[int],
        *,
        activation: type[Layer] = ReLU,
        initializer: Initializer | None = None,
        dropout: float = 0.0,
        rng: Rng | int | None = 0,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """The usual stack: Dense layers of these sizes, an activation between each two.

        The last layer gives logits. Two sizes make logistic regression.

        >>> Network.dense([12288, 100, 20, 1])  # the article's network
        Network(12288 → Dense 100 → ReLU → Dense 20 → ReLU → Dense 1; 1,230,941 parameters)

        Args:
            sizes: features in, units of each hidden layer, outputs.
            activation: the class of the layer behind each hidden Dense layer.
            initializer: of all weights; None takes what suits each layer.
            dropout: the rate of a Dropout layer behind each activation; 0 for none.
            rng: see the class.
            dtype: see the class.
        """
        if len(sizes) < 2:
            raise SettingError(
                f"A stack needs at least two sizes, features in and outputs, but got {list(sizes)}."
            )
        layers: list[Layer] = []
        for n_in, n_out in pairwise(sizes[:-1]):
            layers += [Dense(n_in, n_out, initializer), activation()]
            layers += [Dropout(dropout)] if dropout else []
        layers += [Dense(sizes[-2], sizes[-1], initializer)]
        return cls(layers, rng=rng, dtype=dtype)

    @property
    def theta(self) -> Array:
        """All parameters, a vector; assigning writes into its memory."""
        self.settle()
        return self._theta

    @theta.setter
    def theta(self, values: Array) -> None:
        self.theta[...] = values

    @property
    def parameters(self) -> dict[str, Array]:
        """The parameters by name (`layers.0.W`), views of `theta` in their own shapes."""
        self.settle()
        return self._parameters

    @property
    def state(self) -> dict[str, Array]:
        """What layers remember beside `theta`, by name (`layers.1.mean`): arrays to write into."""
        self.settle()
        return {
            f"layers.{i}.{name}": getattr(layer, name)
            for i, layer in enumerate(self.layers)
            for name in layer.state
        }

    def settle(self) -> None:
        """Do what is pending."""
        if self.pending is not None:
            pending, self.pending = self.pending, None
            pending()

    def forward(self, X: Array, training: bool = False) -> Array:
        """Z `(N, n_out)` from X `(N, n_in)`; valid until the next `forward`.

        Raises:
            ShapeError: X is not `(N, n_in)`.
        """
        self.settle()
        A: Array = self.xp.asarray(X, self.dtype)
        if A.ndim != 2 or (self.n_in is not None and A.shape[1] != self.n_in):
            raise ShapeError(
                f"The network takes inputs of shape (N, {self.n_in or 'features'}), one row a "
                f"sample, but got {A.shape}; X.reshape(len(X), -1) makes rows of pictures."
            )
        for layer in self.layers:
            A = layer.forward(A, training)
        return A

    def backward(self, dZ: Array, need_dX: bool = False) -> Array | None:
        """Write `grad`, from the gradient dZ `(N, n_out)` of the loss at the last `forward`.

        Returns:
            dX `(N, n_in)` if `need_dX`, else None: nobody needs it to learn, so it is not computed.
        """
        dA: Array | None = dZ
        for i in reversed(range(len(self.layers))):
            if dA is None:
                break
            dA = self.layers[i].backward(dA, need_dX or i > self._first)
        return dA if need_dX else None

    def initialize(self, rng: Rng | int | None) -> None:
        """Draw all initial parameters anew, and hand a generator to each layer that lacks one."""
        rng = generator(rng)
        for i, layer in enumerate(self.layers):
            layer.initialize(rng, self._suited(i))
        for layer in self.layers:
            if layer.draws and layer.rng is None:
                layer.rng = rng.spawn(1)[0]

    def _suited(self, i: int) -> Initializer:
        """What the activation behind layer i asks its weights to be."""
        for layer in self.layers[i + 1 :]:
            if layer.weights:
                break
            if initializer := type(layer).initializer:
                return initializer
        return lecun_normal

    def copy(self, dtype: DTypeLike | None = None) -> "Network":
        """A network of its own, with the same parameters and state; if wished in another dtype."""
        layers = [copy.copy(layer) for layer in self.layers]
        for layer in layers:
            layer.rng = copy.deepcopy(layer.rng)
        twin, state = Network(layers, dtype=dtype or self.dtype, xp=self.xp), self.state
        twin.theta[...] = self.theta
        for name, value in twin.state.items():
            value[...] = state[name]
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """The numbers, and the layers by their settings: what deep copies and processes hand on."""
        return {
            "layers": [(type(layer), layer.settings, layer.rng) for layer in self.layers],
            "dtype": self.dtype,
            "xp": self.xp.__name__,
            "theta": self.theta,
            "state": self.state,
        }

    def __setstate__(self, given: Mapping[str, Any]) -> None:
        layers = [kind(**settings) for kind, settings, _ in given["layers"]]
        for layer, (_, _, rng) in zip(layers, given["layers"], strict=True):
            layer.rng = rng
        Network.__init__(self, layers, dtype=given["dtype"], xp=import_module(given["xp"]))
        self.theta = given["theta"]
        for name, value in self.state.items():
            value[...] = given["state"][name]

    def _check(self) -> None:
        if not self.layers:
            raise SettingError("A network needs at least one layer, but got none.")
        if self.dtype not in (np.float32, np.float64):
            raise SettingError(f"A network computes in float32 or float64, not in {self.dtype}.")
        seen: set[int] = set()
        for i, layer in enumerate(self.layers):
            if id(layer) in seen:
                raise SettingError(
                    f"Layer {i} ({layer}) is the same object as an earlier layer; "
                    "make a layer of its own for each place."
                )
            seen.add(id(layer))

    def _sizes(self) -> tuple[int | None, int | None]:
        """The features that come in and go out, once all neighbours fit."""
        n_in: int | None = None
        n_out: int | None = None
        giver = 0
        for i, layer in enumerate(self.layers):
            if layer.n_in is not None and n_out is not None and layer.n_in != n_out:
                raise ShapeError(
                    f"Layer {i} ({layer}) takes {layer.n_in} features, but layer {giver} "
                    f"({self.layers[giver]}) gives {n_out}; make the two numbers equal."
                )
            if n_in is None and n_out is None:
                n_in = layer.n_in
            if layer.n_out is not None:
                n_out, giver = layer.n_out, i
        return n_in, n_out

    def _bind(self, shapes: list[tuple[int, str, Shape]]) -> None:
        """Cut `theta` and `grad` into views, one for each parameter, and hand them out."""
        self._parameters: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        own: list[dict[str, tuple[Array, Array]]] = [{} for _ in self.layers]
        start = 0
        for i, name, shape in shapes:
            part = slice(start, start + math.prod(shape))
            value, gradient = self._theta[part].reshape(shape), self.grad[part].reshape(shape)
            self._parameters[f"layers.{i}.{name}"] = value
            self.gradients[f"layers.{i}.{name}"] = gradient
            own[i][name] = value, gradient
            start = part.stop
        for layer, views in zip(self.layers, own, strict=True):
            layer.bind(self.xp, self.dtype, views)
        self._first = next((i for i, views in enumerate(own) if views), len(own))

    def __repr__(self) -> str:
        steps = [f"{type(layer).__name__} {layer.n_out or ''}".strip() for layer in self.layers]
        chain = " → ".join([str(self.n_in or "any"), *steps])
        return f"Network({chain}; {self.n_parameters:,} parameters)"
