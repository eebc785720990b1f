"""The network: an ordered list of layers over two flat vectors.

`theta` holds all parameters and `grad` the gradient of the loss with respect to them: all weights
first, then all biases; `parameters` and `gradients` are views of them by name (`layers.0.W`). So an
optimizer sees only two vectors, weight decay is `theta[:n_weights]`, and a checkpoint, the best
parameters so far, a norm, or a sum over machines is one line.
"""

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from threading import RLock
from types import ModuleType
from typing import Any, Self
from weakref import ref

import numpy as np
from numpy.typing import DTypeLike

from plainnet.display import Displayed
from plainnet.errors import PlainnetError, SettingError, ShapeError
from plainnet.network.arrays import Array, Rng, Shape, as_numbers, unwritten_vector, vector
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer
from plainnet.network.layers import ReLU
from plainnet.network.workplaces import Workplaces


class Network(Displayed):
    """Layers, applied one after another.

    >>> from plainnet.network import Dense, ReLU
    >>> network = Network([Dense(2, 16), ReLU(), Dense(16, 1)], rng=0)
    >>> network.forward(np.zeros((5, 2))).shape
    (5, 1)

    **Threads.** Any number of threads can use one network at once: each works in its own memory
    (`replicas.py`), and `grad` belongs to its own `backward`. Only one thread at a time can train
    it; meanwhile the others predict with the parameters of the moment.

    Args:
        layers: at least one; neighbouring sizes must match.
        rng: generator or seed of the initial weights and of the layers that draw at random.
        dtype: float32 to train, float64 to check gradients.
        xp: the array module; weights are always drawn on the host.
        drawn: whether to draw the initial parameters; if not, they are 0 until somebody sets them.

    Raises:
        ShapeError: neighbouring sizes do not match; the message names both layers.
        SettingError: no layers, a layer occurs twice or in another network, or another dtype.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        *,
        rng: Rng | int | None = 0,
        dtype: DTypeLike = np.float32,
        xp: ModuleType = np,
        drawn: bool = True,
    ) -> None:
        from plainnet.network.contract import checked_layers, matched_sizes, with_inner

        self.layers = checked_layers(layers, self)
        self.dtype, self.xp = np.dtype(dtype), xp
        if self.dtype not in (np.float32, np.float64):
            raise SettingError(f"A network computes in float32 or float64, not in {self.dtype}.")
        self.n_in, self.n_out = matched_sizes(self.layers)
        weights = [(i, *item) for i, one in enumerate(self.layers) for item in one.weights.items()]
        biases = [(i, *item) for i, one in enumerate(self.layers) for item in one.biases.items()]
        self.n_weights = sum(math.prod(shape) for _, _, shape in weights)
        self.n_parameters = self.n_weights + sum(math.prod(shape) for _, _, shape in biases)
        self._contract_holds = False  # until a training step has shown it
        self._theta = vector(xp, self.n_parameters, self.dtype)
        self._grad = unwritten_vector(xp, self.n_parameters, self.dtype)
        self.training = RLock()  # held by the thread that trains
        self._places = Workplaces()
        self._bind(weights + biases)
        self.initialize(rng, drawn)
        for layer in with_inner(self.layers):
            layer.taken_by = ref(self)

    @classmethod
    def dense(
        cls,
        sizes: Sequence[int],
        *,
        activation: Callable[[], Layer] | Layer = ReLU,
        initializer: Initializer | None = None,
        dropout: float = 0.0,
        rng: Rng | int | None = 0,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """Make the usual stack: Dense layers of these sizes, with an activation between each two.

        The last layer returns logits. Two sizes make logistic regression.

        >>> Network.dense([12288, 100, 20, 1])  # the article's network
        Network(12288 → Dense 100 → ReLU → Dense 20 → ReLU → Dense 1; 1,230,941 parameters)

        Args:
            sizes: input features, units of each hidden layer, outputs.
            activation: the layer behind each hidden Dense layer: its class, or an example.
            initializer: of all weights; None: the one that suits each layer.
            dropout: the rate of a Dropout layer behind each activation; 0 for none.
            rng: see the class.
            dtype: see the class.
        """
        from plainnet.network.initialization import stack

        layers = stack(sizes, activation, initializer, dropout)
        return cls(layers, rng=rng, dtype=dtype)

    @property
    def theta(self) -> Array:
        """The vector of all parameters; an assignment writes into its memory."""
        return self._theta

    @theta.setter
    def theta(self, values: Array) -> None:
        self.theta[...] = values

    @property
    def parameters(self) -> dict[str, Array]:
        """The parameters by name (`layers.0.W`), views of `theta` in their own shapes."""
        return self._parameters

    @property
    def state(self) -> dict[str, Array]:
        """The arrays that layers remember beside `theta`, by name (`layers.1.mean`); writable."""
        return {
            f"layers.{i}.{name}": getattr(layer, name)
            for i, layer in enumerate(self.layers)
            for name in layer.state
        }

    @property
    def grad(self) -> Array:
        """The gradient of the loss, a vector like `theta`, from this thread's last `backward`."""
        other = self._places.here()
        grad: Array = self._grad if other is None or not other.has_grad else other.grad
        return grad

    @property
    def gradients(self) -> dict[str, Array]:
        """The gradients by name (`layers.0.W`), views of `grad` in the parameters' shapes."""
        return self._views(self.grad)

    def forward(self, X: Array, training: bool = False) -> Array:
        """Compute Z `(N, n_out)` from X `(N, n_in)`, valid until the same thread's next `forward`.

        Raises:
            ShapeError: X is not `(N, n_in)`, or a layer returns another shape than it declares.
        """
        A = as_numbers(self.xp, X, "X", self.dtype)
        if A.ndim != 2 or (self.n_in is not None and A.shape[1] != self.n_in):
            raise ShapeError(
                f"The network takes inputs of shape (N, {self.n_in or 'features'}), one row a "
                f"sample, but got {A.shape}; X.reshape(len(X), -1) makes rows of pictures."
            )
        other = self._places.take(self._theta, self._grad)
        layers = self.layers if other is None else other.follow(self.layers)
        go = _forward if self._contract_holds or not training else _checked_forward
        Z = go(layers, A, training)
        if training and other is not None:
            other.hand_back()
        return Z

    def predict(self, X: Array) -> Array:
        """Compute Z `(N, n_out)` from X `(N, n_in)`, in new memory; also called as `network(X)`.

        Raises:
            ShapeError: X is not `(N, n_in)`.
        """
        return self.forward(X).copy()

    __call__ = predict

    def backward(self, dZ: Array, need_dX: bool = False) -> Array | None:
        """Write `grad`, from the gradient dZ `(N, n_out)` of the loss at the last `forward`.

        Returns:
            dX `(N, n_in)` if `need_dX`, else None: training does not need it.
        """
        other = self._places.take(self._theta, self._grad)
        layers = self.layers if other is None else other.asked_backward()
        dZ = as_numbers(self.xp, dZ, "dZ", self.dtype)
        go_back = _backward
        if not self._contract_holds:
            from plainnet.network.contract import checked_backward as go_back
        dA, self._contract_holds = go_back(layers, dZ, self._first, need_dX), True
        return dA if need_dX else None

    @property
    def contract_holds(self) -> bool:
        """Whether a training step has shown that all layers keep to their contract."""
        return self._contract_holds

    @property
    def is_home(self) -> bool:
        """Whether the current thread works in `layers` themselves, not in replicas of them."""
        return self._places.take(self._theta, self._grad) is None

    def recheck(self) -> None:
        """Check again, in the next training step, that all layers keep to their contract."""
        self._contract_holds = False

    def gradient_memory(self) -> Array:
        """Return the memory of `grad`, to write a gradient without `backward`."""
        if (other := self._places.take(self._theta, self._grad)) is not None:
            other.has_grad = True
        return self.grad

    def initialize(self, rng: Rng | int | None, drawn: bool = True) -> None:
        """Draw new initial parameters if `drawn`; give a generator to each layer that lacks one."""
        from plainnet.network.initialization import initialize

        initialize(self.layers, rng, drawn)

    def spread_biases(self, rng: Rng | int | None, *, everywhere: bool = True) -> Self:
        """Draw the biases in front of all activations, or only where one needs it (`spreads`)."""
        from plainnet.network.initialization import spread_biases

        spread_biases(self.layers, rng, everywhere=everywhere)
        return self

    def copy(self, dtype: DTypeLike | None = None, xp: ModuleType | None = None) -> "Network":
        """Return an independent network with the same parameters and state.

        It is in `dtype` and of the array module `xp` if they are given.
        """
        from plainnet.network.copying import twin_of

        twin: Network = twin_of(self, Network, self._grad, dtype or self.dtype, xp or self.xp)
        return twin

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the numbers and the layers' settings, for deep copies and other processes."""
        from plainnet.network.copying import reduced

        return reduced(self, Network)

    def _bind(self, shapes: list[tuple[int, str, Shape]]) -> None:
        """Cut `theta` and `grad` into views, one for each parameter, and bind the layers."""
        self._parts: dict[str, tuple[slice, Shape]] = {}
        own: list[dict[str, tuple[Array, Array]]] = [{} for _ in self.layers]
        start = 0
        for i, name, shape in shapes:
            part = slice(start, start + math.prod(shape))
            self._parts[f"layers.{i}.{name}"] = part, shape
            own[i][name] = self._theta[part].reshape(shape), self._grad[part].reshape(shape)
            start = part.stop
        self._parameters = self._views(self._theta)
        for layer, views in zip(self.layers, own, strict=True):
            layer.bind(self.xp, self.dtype, views)
        self._first = next((i for i, views in enumerate(own) if views), len(own))

    def _views(self, vector: Array) -> dict[str, Array]:
        """Return views of `theta` or `grad` by the parameters' names."""
        return {name: vector[part].reshape(shape) for name, (part, shape) in self._parts.items()}

    def __repr__(self) -> str:
        steps = [f"{type(layer).__name__} {layer.n_out or ''}".strip() for layer in self.layers]
        chain = " → ".join([str(self.n_in or "any"), *steps])
        return f"Network({chain}; {self.n_parameters:,} parameters)"


def _forward(layers: Sequence[Layer], X: Array, training: bool) -> Array:
    """Apply the layers one after another."""
    A = X
    try:
        for layer in layers:
            A = layer.forward(A, training)
        if len(A) == len(X):
            return A
    except PlainnetError:
        raise
    except Exception:  # a layer's own, or NumPy's about the result of the layer before
        _checked_forward(layers, X, training)
        raise
    return _checked_forward(layers, X, training)


def _checked_forward(layers: Sequence[Layer], X: Array, training: bool) -> Array:
    from plainnet.network.contract import checked_forward

    return checked_forward(layers, X, training)


def _backward(layers: Sequence[Layer], dZ: Array, first: int, need_dX: bool) -> Array | None:
    """Go back through the layers; `first` is the number of the first one with parameters."""
    dA: Array | None = dZ
    for i in reversed(range(len(layers))):
        if dA is None:
            break
        dA = layers[i].backward(dA, need_dX or i > first)
    return dA
