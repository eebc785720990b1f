"""The passes of a network of convolutions: of a training step, and of a prediction."""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from plainnet.network import Array, BatchNorm2D, Conv2D, DepthwiseConv2D, Layer, Network, ReLU
from plainnet.training import compiled
from plainnet.training.compiled.array_form import as_compiled
from plainnet.training.compiled.picture_passes import Convolution, Depthwise, Pass, pass_of
from plainnet.training.step import HasGradient

L = TypeVar("L", bound=Layer)
CONVOLUTIONS = (Conv2D, DepthwiseConv2D)
"""The layers that BatchNorm2D and ReLU become a part of in predictions."""


class Folded:
    """The forward pass of a convolution, with the `BatchNorm2D` and the `ReLU` behind it.

    In a prediction these are one convolution: `BatchNorm.folded`.
    """

    def __init__(
        self, convolution: Convolution | Depthwise, norm: BatchNorm2D | None, rectified: bool
    ) -> None:
        self.convolution, self.norm, self.rectified = convolution, norm, rectified
        self.layer = convolution.layer

    def forward(self, X: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Compute the outputs of the two or three layers."""
        W, b = self.layer.W, self.layer.b
        if self.norm is not None:  # each time, because a training may change them
            W, b = self.norm.folded(W, b)
        return self.convolution.apply(X, W, b, self.rectified)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Refuse: it is for predictions."""
        raise NotImplementedError


def passes(layers: Sequence[Layer], code: ModuleType) -> Iterator[Pass]:
    """Yield the passes of the layers in a training step, in kernels where one fits."""
    before: Layer | None = None
    for layer, behind in zip(layers, [*layers[1:], None], strict=True):
        if not (type(layer) is ReLU and type(before) is BatchNorm2D):
            yield pass_of(layer, type(behind) is ReLU, code)
        before = layer


def prediction_passes(layers: Sequence[Layer], code: ModuleType) -> Iterator[Pass]:
    """Yield the passes of the layers in a prediction, in kernels where one fits."""
    rest = [*layers]
    while rest:
        layer = rest.pop(0)
        norm = _taken(rest, BatchNorm2D) if type(layer) in CONVOLUTIONS else None
        rectified = type(layer) in (*CONVOLUTIONS, BatchNorm2D) and _taken(rest, ReLU) is not None
        one = pass_of(layer, rectified, code)
        yield Folded(one, norm, rectified) if isinstance(one, Convolution | Depthwise) else one


def _taken(rest: list[Layer], kind: type[L]) -> L | None:
    """Take the next layer if it is of this kind."""
    first = rest[0] if rest else None
    if type(first) is not kind:
        return None
    del rest[0]
    return first


class PictureStack:
    """The passes of a network of convolutions."""

    def __init__(self, network: Network, code: ModuleType) -> None:
        self.layers = [*network.layers]
        self.passes = [*passes(self.layers, code)]
        self.prediction = [*prediction_passes(self.layers, code)]
        self.first = next(i for i, one in enumerate(self.passes) if _has_parameters(one))

    def forward(self, X: Array, training: bool) -> Array:
        """Compute Z."""
        X = as_compiled(X, X.dtype)
        for one in self.passes if training else self.prediction:
            X = one.forward(X, training)
        return X

    def backward(self, dZ: Array) -> None:
        """Write the gradients of all parameters."""
        dA: Array | None = dZ
        for i in reversed(range(self.first, len(self.passes))):
            if dA is not None:
                dA = self.passes[i].backward(dA, i > self.first)


def picture_gradient(
    network: Network, loss: HasGradient, X: Array, y: Array, weights: Array | None
) -> float | None:
    """Write `network.grad` and return J of a batch; None if no kernel fits the network."""
    stack = _stack_of(network, X)
    if stack is None:
        return None
    J, dZ = loss.value_and_grad(stack.forward(X, True), y, weights)
    stack.backward(dZ)
    return float(J)


def is_convolutional(network: Network) -> bool:
    """Return whether the passes of the network may use several threads."""
    return any(type(layer) is Conv2D for layer in network.layers)


def picture_outputs(network: Network, X: Array) -> Array | None:
    """Return the outputs of `network.forward(X)` up to rounding; None if no kernel fits."""
    stack = _stack_of(network, X)
    return None if stack is None else stack.forward(X, False)


def _has_parameters(one: Pass) -> bool:
    layer = one if isinstance(one, Layer) else one.layer  # type: ignore[attr-defined]
    return bool(layer.weights or layer.biases)


def _stack_of(network: Network, X: Array) -> PictureStack | None:
    """Return the stack; None without convolutions, or with layers that must be checked first."""
    usual = type(network) is Network and network.xp is np and is_convolutional(network)
    if not usual or not all(
        type(layer).__module__.startswith("plainnet.") for layer in network.layers
    ):
        return None
    if X.shape != (len(X), network.n_in) or X.dtype != network.dtype or not network.is_home:
        return None
    code = compiled.load_picture_kernels()
    stack = _stacks.get(network)
    if code is not None and (stack is None or stack.layers != network.layers):
        stack = _stacks[network] = PictureStack(network, code)
    return stack


_stacks: "WeakKeyDictionary[Network, PictureStack]" = WeakKeyDictionary()
