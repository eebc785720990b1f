"""The passes of the layers of a network of convolutions, in compiled kernels where one fits.

Each pass computes what its layer does, up to rounding, in the layer's own scratch memory.
"""

from types import ModuleType
from typing import Protocol

import numpy as np

from plainnet.network import (
    Array,
    BatchNorm2D,
    Conv2D,
    DepthwiseConv2D,
    Layer,
    MaxPool2D,
)
from plainnet.network.windows import pictures, rows
from plainnet.training.compiled.parts import LEAST_WORK, PARTS, in_parts
from plainnet.training.threads import processors

TILE = 512
"""The windows that a convolution multiplies at once."""
USUAL_POOL = 2, 2, "valid"
"""Kernel, stride and padding of a `MaxPool2D` with a kernel."""


class Pass(Protocol):
    """Forward and backward of a layer, or of two; a `Layer` is one."""

    def forward(self, X: Array, training: bool = False) -> Array:
        """Compute Y."""

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Compute dX, and write the gradients."""


class Convolution:
    """The passes of a `Conv2D`; backward is the layer's own if windows are pixels apart."""

    def __init__(self, layer: Conv2D, code: ModuleType) -> None:
        self.layer, self.code = layer, code
        self.X: Array

    def forward(self, X: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Compute Y = P W + b."""
        self.layer.X = X
        self.X = pictures(X, self.layer.shape_in)
        return self.apply(X, self.layer.W, self.layer.b)

    def apply(self, X: Array, W: Array, b: Array, rectified: bool = False) -> Array:
        """Return P W + b, and its ReLU, for weights and biases like the layer's."""
        layer = self.layer
        Y = layer.scratch("Y", (len(X), layer.n_out or 0))
        window = layer.stride, layer.top, layer.left
        parts = pictures(X, layer.shape_in), pictures(Y, layer.shape_out)
        self._convolve(*parts, W, b, window, rectified)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Compute dX, and write dW and db.

        A pixel of X is in the windows at the places from last to first. So dX is a convolution of
        dY, with W turned by half a turn.
        """
        layer, k = self.layer, self.layer.kernel
        if layer.stride > 1:
            return layer.backward(dY, need_dX)
        (*_, depth), (*_, channels) = layer.shape_in, layer.shape_out
        ones = layer.scratch("ones", (len(dY) * layer.windows,), fill=1)
        np.dot(ones, dY.reshape(-1, channels), out=layer.db)  # db = Σ_windows dY
        dY = pictures(dY, layer.shape_out)
        self._write_dW(dY)
        if not need_dX:
            return None
        turned = layer.scratch("turned", (k * k * channels, depth))
        W = layer.W.reshape(k, k, depth, channels)[::-1, ::-1]
        turned.reshape(k, k, channels, depth)[...] = W.transpose(0, 1, 3, 2)
        dX = layer.scratch("dX", (len(dY), layer.n_in or 0))
        none = layer.scratch("none", (depth,), fill=0)
        before = 1, k - 1 - layer.top, k - 1 - layer.left
        self._convolve(dY, pictures(dX, layer.shape_in), turned, none, before, False)
        return dX

    def _convolve(
        self,
        X: Array,
        Y: Array,
        W: Array,
        b: Array,
        window: tuple[int, int, int],
        rectified: bool,
    ) -> None:
        """Write Y; `window` is the stride, and how far a window begins before its pixel."""
        tiles, k = self._tiles(len(W)), self.layer.kernel

        def work(i: int, part: slice) -> None:
            self.code.convolve(X[part], W, b, k, *window, rectified, tiles[i], Y[part])

        in_parts(work, len(X), threads_for(self.layer, len(X)))

    def _write_dW(self, dY: Array) -> None:
        layer, tiles = self.layer, self._tiles(self.layer.window)
        sums = layer.scratch("dW of parts", (PARTS, 2, *layer.dW.shape))
        sums[:, 0] = 0

        def work(i: int, part: slice) -> None:
            window = layer.kernel, layer.top, layer.left
            self.code.weight_gradient(self.X[part], dY[part], *window, tiles[i], *sums[i][::-1])

        in_parts(work, len(dY), threads_for(layer, len(dY)))
        layer.dW[...] = sums[0, 0]
        for i in range(1, PARTS):
            layer.dW += sums[i, 0]  # dW = Pᵀ dY

    def _tiles(self, window: int) -> Array:
        return self.layer.scratch(f"tiles of {window}", (PARTS, TILE, window))


class Depthwise:
    """The forward pass of a `DepthwiseConv2D`; backward is the layer's own."""

    def __init__(self, layer: DepthwiseConv2D, code: ModuleType) -> None:
        self.layer, self.code = layer, code

    def forward(self, X: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Compute Y = Σ_places P · W + b."""
        self.layer.X = pictures(X, self.layer.shape_in)
        return self.apply(X, self.layer.W, self.layer.b)

    def apply(self, X: Array, W: Array, b: Array, rectified: bool = False) -> Array:
        """Return Σ_places P · W + b, and its ReLU, for weights and biases like the layer's."""
        layer = self.layer
        (height, width, depth), (down, across, _) = layer.shape_in, layer.shape_out
        X, Y = pictures(X, layer.shape_in), layer.scratch("Y", (len(X), *layer.shape_out))
        high = max((down - 1) * layer.stride + layer.kernel, layer.top + height)
        wide = max((across - 1) * layer.stride + layer.kernel, layer.left + width)
        padded = layer.scratch("padded", (PARTS, high, wide, depth), fill=0)
        window = layer.stride, layer.top, layer.left, rectified
        kernel = self.code.filter_3 if layer.kernel == 3 else self.code.filter_any

        def work(i: int, part: slice) -> None:
            kernel(X[part], W, b, layer.kernel, *window, padded[i], Y[part])

        in_parts(work, len(X), threads_for(layer, len(X)))
        return rows(Y)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Compute dX, and write dW and db."""
        return self.layer.backward(dY, need_dX)


class Normalization:
    """The passes of a `BatchNorm2D`, and of the `ReLU` behind it if there is one."""

    def __init__(self, layer: BatchNorm2D, rectified: bool, code: ModuleType) -> None:
        self.layer, self.rectified, self.code = layer, rectified, code
        self.X: Array
        self.Y: Array
        self.mu: Array
        self.s: Array
        self.of_batch = False

    def forward(self, X: Array, training: bool = False) -> Array:
        """Compute Y = γ · (X − μ) / √(σ² + ε) + β, and its ReLU."""
        layer, n = self.layer, self.layer.n
        self.X = X.reshape(-1, n)
        self.of_batch = training and len(self.X) > 1
        mu, var = layer.mean, layer.var
        if self.of_batch:
            mu, var = layer.scratch("mu", (n,)), layer.scratch("var", (n,))
            total, part = self._sums()
            self.code.means(self.X, total, part, mu, var)
            layer.remember(mu, var, len(self.X))
        self.mu, self.s = mu, 1 / np.sqrt(var + layer.epsilon)
        a = layer.gamma * self.s
        Y = layer.scratch("Y", X.shape)
        self.Y = Y.reshape(-1, n)
        self.code.scale(self.X, a, layer.beta - mu * a, self.rectified, self.Y)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        """Overwrite dY with dX, and write dγ and dβ."""
        layer, N, flat = self.layer, len(self.X), dY.reshape(self.X.shape)
        total, part = self._sums()
        self.code.sums(self.X, self.Y, flat, self.mu, self.rectified, total, part)
        layer.dbeta[...] = total[0]  # dβ = Σ_N dY
        layer.dgamma[...] = total[1] * self.s  # dγ = Σ_N dY · X̂
        if not need_dX:
            return None
        a = layer.gamma * self.s
        share = 1 / N if self.of_batch else 0  # else μ and σ² are constants
        c = -a * self.s * layer.dgamma * a.dtype.type(share)
        d = -a * layer.dbeta * a.dtype.type(share) - c * self.mu
        self.code.unscale(self.X, flat, a, c, d)  # dX = γ s · (dY − dβ / N − X̂ · dγ / N)
        return dY

    def _sums(self) -> tuple[Array, Array]:
        n = self.layer.n
        return np.empty((2, n)), self.layer.scratch("part", (2, n))


class Pooling:
    """The passes of a `MaxPool2D` of 2 × 2 pixels."""

    def __init__(self, layer: MaxPool2D, code: ModuleType) -> None:
        self.layer, self.code = layer, code
        self.X: Array
        self.Y: Array

    def forward(self, X: Array, training: bool = False) -> Array:  # noqa: ARG002
        """Compute the maximum of each window."""
        layer = self.layer
        Y = layer.scratch("Y", (len(X), layer.n_out or 0))
        self.X, self.Y = pictures(X, layer.shape_in), pictures(Y, layer.shape_out)
        self.code.pool(self.X, self.Y)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:  # noqa: ARG002
        """Compute dX."""
        layer = self.layer
        dX = layer.scratch("dX", (len(dY), layer.n_in or 0))
        dY = pictures(dY, layer.shape_out)
        self.code.unpool(self.X, self.Y, dY, pictures(dX, layer.shape_in))
        return dX


def threads_for(layer: Layer, n: int) -> int:
    """Return how many threads compute the layer's outputs for n samples."""
    return min(processors(), PARTS) if n * layer.multiply_adds >= LEAST_WORK else 1


def pass_of(layer: Layer, rectified: bool, code: ModuleType) -> Pass:
    """Return the passes of a layer, in kernels if some fit; `rectified` if ReLU follows it."""
    if type(layer) is Conv2D:
        return Convolution(layer, code)
    if type(layer) is DepthwiseConv2D:
        return Depthwise(layer, code)
    if type(layer) is BatchNorm2D:
        return Normalization(layer, rectified, code)
    if type(layer) is MaxPool2D and (layer.kernel, layer.stride, layer.padding) == USUAL_POOL:
        return Pooling(layer, code)
    return layer
