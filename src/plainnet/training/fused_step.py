"""Forward, loss and backward of the usual network in one call of the compiled `loops.py`."""

from collections.abc import Mapping, Sequence
from typing import cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network import (
    Array,
    Dense,
    Dropout,
    Layer,
    Loss,
    Network,
    ReLU,
    Rng,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.network.arrays import Scratch
from plainnet.network.losses import shares
from plainnet.training import fused

STEPS: Mapping[type[Loss], str] = {
    SoftmaxCrossEntropy: "softmax_step",
    SigmoidCrossEntropy: "sigmoid_step",
}


def fused_gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None
) -> float | None:
    """J of a batch, with `network.grad` written; None where that has to go layer by layer.

    But for rounding the same as forward, `value_and_grad` and backward. The network has to be Dense
    layers with ReLU, and perhaps Dropout, between each two.
    """
    step = _steps.get(network)
    if step is None or step.layers != network.layers:
        step = _steps[network] = FusedStep(network)
    return step(network, loss, X, y, weights) if step.takes(loss, X, y, weights) else None


class FusedStep:
    """What the loops are given of one network: its sizes, and memory to work in."""

    def __init__(self, network: Network) -> None:
        self.layers = [*network.layers]
        dropouts = between(self.layers)
        self.usual = type(network) is Network and network.xp is np and dropouts is not None
        self.dropouts = dropouts or []
        self.dtype = network.dtype
        units = [layer.n_out for layer in network.layers if layer.n_out is not None]
        self.sizes = np.array([network.n_in or 0, *units])
        self._rates = np.zeros(len(self.dropouts), network.dtype)
        self._scratch = Scratch(np, network.dtype)

    def takes(self, loss: Loss, X: Array, y: Array, weights: Array | None) -> bool:
        """Whether the loops, which look at nothing, can be given this; else the layers judge it."""
        n, n_out = len(X), self.sizes[-1]
        if type(loss) is SoftmaxCrossEntropy:
            fits = y.shape == (n,) and np.issubdtype(y.dtype, np.integer)
        else:
            fits = y.shape == (n, n_out) or (y.shape == (n,) and n_out == 1)
        plain = type(loss) in STEPS and loss.measured is loss  # the loops do not smooth targets
        fits = fits and plain and (weights is None or weights.shape == (n,))
        return self.usual and fits and X.shape == (n, self.sizes[0]) and fused.loops() is not None

    def __call__(
        self, network: Network, loss: Loss, X: Array, y: Array, weights: Array | None
    ) -> float:
        """J, with `network.grad` written."""
        n, size = len(X), len(X) * int(self.sizes[1:].sum())
        r, U = self._scratch("r", (n,)), self._scratch("U", (size,))
        A, dA = self._scratch("A", (size,)), self._scratch("dA", (size,))
        r[:, None] = shares(n, weights)
        self._draw(U, n)
        X = as_compiled(X, self.dtype)
        if type(loss) is SoftmaxCrossEntropy:
            y = as_compiled(y, np.int64)
        else:
            y = as_compiled(y, self.dtype).reshape(n, -1)
        step = getattr(fused.loops(), STEPS[type(loss)])
        memory = self.sizes, self._rates, U, A, dA
        return float(step(X, y, r, network.theta, network.gradient_memory(), *memory))

    def _draw(self, U: Array, n: int) -> None:
        """Fill U for each Dropout layer as the layer itself does: from the same generator."""
        start = 0
        for i, (dropout, units) in enumerate(zip(self.dropouts, self.sizes[1:], strict=False)):
            stop = start + n * int(units)
            if dropout is not None and dropout.rate > 0:
                cast(Rng, dropout.rng).random(dtype=U.dtype, out=U[start:stop])
            self._rates[i] = dropout.rate if dropout is not None else 0
            start = stop


def between(layers: Sequence[Layer]) -> list[Dropout | None] | None:
    """The Dropout behind each hidden layer, or None where it has none; None of other networks."""
    if not {type(layer) for layer in layers} <= {Dense, ReLU, Dropout}:
        return None
    found: list[Dropout | None] = []
    rest = list(layers)
    while True:
        match rest:
            case [Dense()]:
                return found
            case [Dense(), ReLU(), Dropout() as dropout, *rest]:
                found.append(dropout)
            case [Dense(), ReLU(), *rest]:
                found.append(None)
            case _:
                return None


def as_compiled(A: Array, dtype: DTypeLike) -> Array:
    """A in the one form that the loops are compiled for; A itself if it has that form."""
    A = np.ascontiguousarray(A, dtype)
    return A if A.flags.writeable else A.copy()


_steps: "WeakKeyDictionary[Network, FusedStep]" = WeakKeyDictionary()
