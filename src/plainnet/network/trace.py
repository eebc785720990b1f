"""Trace one pass forward and backward: the formulas of each layer, and the size of its numbers.

The pass is the network's own: `Network.forward`, the loss, `Network.backward`, on a copy whose
layers are watched. Numbers are recorded at once, because the next layer may overwrite the array.
The letters are those of `docs/derivations.md`.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from plainnet.errors import ShapeError
from plainnet.network.arguments import check_part
from plainnet.network.arrays import Array, Shape
from plainnet.network.layer import Layer
from plainnet.network.layers import ReLU
from plainnet.network.loss import Loss
from plainnet.network.losses import MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.network.network import Network


class LossFormulas(NamedTuple):
    """The formulas of a loss, in the letters of `docs/derivations.md`; empty where unknown."""

    P: str = ""
    J: str = ""
    dZ: str = ""


LOSSES: Mapping[type[Loss], LossFormulas] = {
    MeanSquaredError: LossFormulas("", "J = mean of (Z − y)²", "dZ = 2 (Z − y) / (N K)"),
    SigmoidCrossEntropy: LossFormulas(
        "p = 1 / (1 + e^−Z)", "J = mean of ln(1 + e^Z) − y Z", "dZ = (p − y) / (N K)"
    ),
    SoftmaxCrossEntropy: LossFormulas(
        "P = e^Z / Σ_K e^Z", "J = mean of −ln P_y", "dZ = (P − one-hot y) / N"
    ),
}


@dataclass(frozen=True)
class Numbers:
    """A summary of an array in a few numbers, computed in float64; NaN if the array holds one."""

    shape: Shape
    low: float
    mean: float
    high: float
    norm: float
    """The root of the sum of squares."""

    @classmethod
    def of(cls, A: Array) -> Self:
        """Summarize an array that is not empty."""
        values = np.asarray(A, np.float64)
        low, mean, high = values.min(), values.mean(), values.max()
        norm = np.linalg.norm(values.reshape(-1))
        return cls(values.shape, float(low), float(mean), float(high), float(norm))


@dataclass(frozen=True)
class ForwardStep:
    """The forward pass of one layer."""

    layer: int
    """The layer's number in the network, from 0."""
    name: str
    """The layer as code: `Dense(n_in=2, n_out=16)`."""
    formula: str
    """The formula of the layer, such as `Y = X W + b`; empty if unknown."""
    parameters: Mapping[str, Numbers]
    """The parameters, W and b, by name."""
    Y: Numbers
    """The layer's output."""
    dead: float | None
    """The share of a ReLU's units that are 0 for every sample; None for other layers."""
    draws: bool
    """Whether the layer draws at random while training."""


@dataclass(frozen=True)
class LossStep:
    """The loss, and the gradient that the backward pass begins with."""

    name: str
    formulas: LossFormulas
    Z: Numbers
    y: Numbers
    P: Numbers | None
    """The probabilities, if the loss has any."""
    J: float
    dZ: Numbers


@dataclass(frozen=True)
class BackwardStep:
    """The backward pass of one layer."""

    layer: int
    name: str
    formulas: tuple[str, ...]
    """The formulas, such as `dW = Xᵀ dY`, `db = Σ_N dY`, `dX = dY Wᵀ`; empty if unknown."""
    dY: Numbers
    gradients: Mapping[str, Numbers]
    """The gradients dW, db, … and dX by name; the first layer with parameters has no dX."""


@dataclass(frozen=True)
class Trace:
    """One pass: forward, the loss, and backward in its order, from the last layer to the first."""

    X: Numbers
    training: bool
    """Whether the layers worked in training mode, in which Dropout draws its mask."""
    forward: tuple[ForwardStep, ...]
    loss: LossStep
    backward: tuple[BackwardStep, ...]

    @property
    def n_samples(self) -> int:
        """The number of samples N."""
        return self.X.shape[0]

    def to_dict(self) -> dict[str, Any]:
        """Convert the trace to plain Python values for JSON; numbers not finite become None."""
        plain: dict[str, Any] = _finite(
            {
                **asdict(self),
                "loss": {**asdict(self.loss), "formulas": self.loss.formulas._asdict()},
            }
        )
        return plain


def trace(network: Network, loss: Loss, X: Array, y: Array, *, training: bool = False) -> Trace:
    """Go forward and backward once and record each step; the network is not changed.

    >>> from plainnet import Network, SigmoidCrossEntropy
    >>> steps = trace(Network.dense([2, 3, 1]), SigmoidCrossEntropy(), np.eye(2), np.array([0, 1]))
    >>> [step.formula for step in steps.forward]
    ['Y = X W + b', 'Y = max(0, X)', 'Y = X W + b']

    Args:
        network: any network, also with layers of your own.
        loss: the loss.
        X: inputs `(N, n_in)`.
        y: targets, as the loss takes them.
        training: whether to work in training mode, in which Dropout draws its mask.

    Raises:
        ShapeError: there are no samples, or X and y do not fit the network.
        DataError: the loss does not accept the targets.
    """
    check_part("network", network, Network, "Network.dense([2, 16, 1])", "network, loss, X, y")
    check_part("loss", loss, Loss, "SoftmaxCrossEntropy()", "network, loss, X, y")
    X = np.asarray(X)
    if not X.size:
        raise ShapeError(f"A trace needs at least one sample, but X is of shape {X.shape}.")
    twin = network.copy()
    watched = [_Watched(layer) for layer in twin.layers]
    twin.layers = [*watched]
    with np.errstate(over="ignore", invalid="ignore"):  # overflow is shown as it is
        Z = twin.forward(X, training)
        loss_step, dZ = _loss_step(loss, Z, np.asarray(y))
        twin.backward(dZ)
    called = [i for i in reversed(range(len(watched))) if watched[i].dY is not None]
    return Trace(
        X=Numbers.of(X.astype(twin.dtype)),
        training=training,
        forward=tuple(_forward_step(i, watched[i], twin) for i in range(len(watched))),
        loss=loss_step,
        backward=tuple(_backward_step(i, watched[i], twin) for i in called),
    )


def loss_formulas(loss: Loss) -> LossFormulas:
    """Return the formulas of a loss; all are empty for a loss of your own."""
    return next((f for kind, f in LOSSES.items() if isinstance(loss, kind)), LossFormulas())


class _Watched(Layer):
    """A layer that passes everything on to another one and records its results."""

    def __init__(self, layer: Layer) -> None:
        self.layer, self.n_in, self.n_out = layer, layer.n_in, layer.n_out
        self.dead: float | None = None
        self.Y: Numbers | None = None
        self.dY: Numbers | None = None
        self.dX: Numbers | None = None

    def forward(self, X: Array, training: bool = False) -> Array:
        Y = self.layer.forward(X, training)
        self.Y = Numbers.of(Y)
        if isinstance(self.layer, ReLU):
            self.dead = float(np.mean((np.asarray(Y) == 0).all(axis=0)))
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self.dY = Numbers.of(dY)  # now: the layer may overwrite it
        dX = self.layer.backward(dY, need_dX)
        if dX is not None and need_dX:
            self.dX = Numbers.of(dX)
        return dX

    def __repr__(self) -> str:
        return repr(self.layer)


def _forward_step(i: int, watched: _Watched, network: Network) -> ForwardStep:
    layer = watched.layer
    parameters = _of_layer(i, network.parameters)
    Y = watched.Y or Numbers((), *[math.nan] * 4)
    return ForwardStep(
        i, str(layer), layer.formula, parameters, Y, watched.dead, layer.is_stochastic
    )


def _backward_step(i: int, watched: _Watched, network: Network) -> BackwardStep:
    layer = watched.layer
    gradients = {f"d{name}": g for name, g in _of_layer(i, network.gradients).items()}
    if watched.dX is not None:
        gradients["dX"] = watched.dX
    dY = watched.dY or Numbers((), *[math.nan] * 4)
    return BackwardStep(i, str(layer), tuple(layer.backward_formulas), dY, gradients)


def _loss_step(loss: Loss, Z: Array, y: Array) -> tuple[LossStep, Array]:
    y = loss.check_targets(y, len(Z), Z.shape[1], Z.dtype)
    seen = Numbers.of(Z)
    P = Numbers.of(loss.probabilities(Z)) if hasattr(loss, "probabilities") else None
    J, dZ = loss.value_and_grad(Z, y)
    smoothing = getattr(loss, "smoothing", 0)
    name = type(loss).__name__ + (f"(smoothing={smoothing:g})" if smoothing else "")
    formulas = loss_formulas(loss)
    return LossStep(name, formulas, seen, Numbers.of(y), P, float(J), Numbers.of(dZ)), dZ


def _of_layer(i: int, arrays: Mapping[str, Array]) -> dict[str, Numbers]:
    """Return the arrays of layer i, by their own names."""
    start = f"layers.{i}."
    return {
        name.removeprefix(start): Numbers.of(A)
        for name, A in arrays.items()
        if name.startswith(start)
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
