"""Convolutions: the same small Dense layer at each window of a picture.

The backward passes are derived in `docs/derivations.md` and compared with finite differences in
`tests/test_layers.py`. P are the windows, see `windows.py`; the other letters are those of
`layer.py`.
"""

# Overrides: the base class documents them, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

from collections.abc import Iterator, Sequence
from typing import Any

from plainnet.checks import check_whole
from plainnet.network.arrays import Array, Rng
from plainnet.network.initializers import Initializer
from plainnet.network.windows import Windowed, flat, pictures, rows

NUMBERS_AT_ONCE = 2**18
"""Most numbers of windows in memory at once, if one sample has no more: what a cache holds."""


class Conv2D(Windowed):
    """Y = P W + b: the windows P of each picture through one Dense layer.

    LeCun and others: Gradient-based learning applied to document recognition (1998). A row of P is
    a window, k × k pixels with all their channels, flat; a row of Y is a pixel of the output. There
    are as many windows as `shape_out` has pixels.

    Args:
        shape: height, width and channels of the pictures that come in.
        channels: the number of channels that go out.
        kernel: k, the number of pixels along each side of a window.
        stride: the number of pixels from one window to the next.
        padding: `same` or `valid`, see `Windowed`; what is missing at the border is 0.

    Raises:
        SettingError: a setting is out of its range, or the window is larger than the picture.
    """

    W: Array  # (k · k · channels in, channels out)
    b: Array  # (channels out,)
    dW: Array
    db: Array
    X: Array  # (N, n_in), of the last forward

    formula = "Y = P W + b"
    backward_formulas = (
        "dW = Pᵀ dY",
        "db = Σ_windows dY",
        "dX = Σ_windows dP, dP = dY Wᵀ",
    )

    def __init__(
        self,
        shape: Sequence[int],
        channels: int,
        kernel: int = 3,
        stride: int = 1,
        padding: str = "same",
    ) -> None:
        channels = check_whole("number of channels of Conv2D", channels, 1)
        super().__init__(shape, channels, kernel, stride, padding)
        rows, columns, _ = self.shape_out
        self.windows, self.channels = rows * columns, channels
        self.window = self.kernel**2 * self.shape_in[2]
        self.weights = {"W": (self.window, channels)}
        self.biases = {"b": (channels,)}
        self.multiply_adds = self.windows * self.window * channels

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "channels": self.channels}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.W[...] = self.xp.asarray(suited(rng, *self.W.shape))
        self.b[...] = 0

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        Y = self.scratch("Y", (len(X) * self.windows, self.channels))
        for samples, windows in self._parts(len(X)):
            self.xp.dot(self._windows_of(X[samples]), self.W, out=Y[windows])  # Y = P W
        Y += self.b  # Y = P W + b
        return Y.reshape((len(X), flat(self.shape_out)))

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        N, dW = len(dY), self.scratch("dW", self.dW.shape)
        dY = dY.reshape((N * self.windows, self.channels))
        ones = self.scratch("ones", (len(dY),), fill=1)
        self.xp.dot(ones, dY, out=self.db)  # db = Σ_windows dY
        self.dW[...] = 0
        dX = self.scratch("dX", self.X.shape) if need_dX else None
        for samples, windows in self._parts(N):
            P = self._windows_of(self.X[samples])
            self.xp.dot(P.T, dY[windows], out=dW)
            self.dW += dW  # dW = Pᵀ dY
            if dX is not None:
                dP = self.scratch("dP", P.shape)
                self.xp.dot(dY[windows], self.W.T, out=dP)  # dP = dY Wᵀ
                self._add_up(dP, dX[samples])
        return dX

    def _parts(self, N: int) -> Iterator[tuple[slice, slice]]:
        """Yield a few samples after another, and their windows."""
        step = max(NUMBERS_AT_ONCE // (self.windows * self.window), 1)
        for i in range(0, N, step):
            stop = min(i + step, N)
            yield slice(i, stop), slice(i * self.windows, stop * self.windows)

    def _windows_of(self, X: Array) -> Array:
        """Return P `(windows of all samples, k · k · channels)`, with 0 for padding."""
        P = self.scratch("P", (len(X) * self.windows, self.window), fill=0)
        by_place, X = self._by_place(P, len(X)), pictures(X, self.shape_in)
        for place in self.places():
            by_place[(*place.windows, place.number)] = X[place.pixels]
        return P

    def _add_up(self, dP: Array, dX: Array) -> None:
        """Write dX: each pixel's sum over all windows that it is in."""
        dX[...] = 0
        by_place, dX = self._by_place(dP, len(dX)), pictures(dX, self.shape_in)
        for place in self.places():
            dX[place.pixels] += by_place[(*place.windows, place.number)]  # dX = Σ_windows dP

    def _by_place(self, P: Array, N: int) -> Array:
        """Return a view of windows as `(N, rows, columns, places, channels)`."""
        rows, columns, _ = self.shape_out
        return P.reshape((N, rows, columns, self.kernel**2, self.shape_in[2]))


class DepthwiseConv2D(Windowed):
    """Y = Σ_places P · W + b: each channel with a small filter of its own.

    Chollet: Xception (2017). With a Conv2D of kernel 1 behind it, which mixes the channels, it
    takes about a k²-th of the multiply-adds of a Conv2D.

    Args:
        shape: height, width and channels of the pictures that come in; as many channels go out.
        kernel: k, the number of pixels along each side of a window.
        stride: the number of pixels from one window to the next.
        padding: `same` or `valid`, see `Windowed`; what is missing at the border is 0.

    Raises:
        SettingError: a setting is out of its range, or the window is larger than the picture.
    """

    W: Array  # (k · k, channels)
    b: Array  # (channels,)
    dW: Array
    db: Array
    X: Array  # (N, height, width, channels), of the last forward

    formula = "Y = Σ_places P · W + b"
    backward_formulas = (
        "dW = Σ_windows P · dY",
        "db = Σ_windows dY",
        "dX = Σ_windows dP, dP = dY · W",
    )

    def __init__(
        self, shape: Sequence[int], kernel: int = 3, stride: int = 1, padding: str = "same"
    ) -> None:
        super().__init__(shape, None, kernel, stride, padding)
        channels = self.shape_in[2]
        self.weights = {"W": (self.kernel**2, channels)}
        self.biases = {"b": (channels,)}
        self.multiply_adds = self.kernel**2 * (self.n_out or 0)

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.W[...] = self.xp.asarray(suited(rng, *self.W.shape))
        self.b[...] = 0

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = pictures(X, self.shape_in)
        Y, product = (self.scratch(name, (len(X), *self.shape_out)) for name in ("Y", "product"))
        Y[...] = self.b
        for place in self.places():
            P, part = self.X[place.pixels], product[place.windows]
            self.xp.multiply(P, self.W[place.number], out=part)
            Y[place.windows] += part  # Y = Σ_places P · W + b
        return rows(Y)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY = pictures(dY, self.shape_out)
        product, dX = self.scratch("product", dY.shape), self.scratch("dX", self.X.shape)
        self.xp.sum(dY, axis=(0, 1, 2), out=self.db)  # db = Σ_windows dY
        dX[...] = 0
        for place in self.places():
            P, own, part = self.X[place.pixels], dY[place.windows], product[place.windows]
            self.xp.multiply(P, own, out=part)
            self.xp.sum(part, axis=(0, 1, 2), out=self.dW[place.number])  # dW = Σ_windows P · dY
            if need_dX:
                self.xp.multiply(own, self.W[place.number], out=part)  # dP = dY · W
                dX[place.pixels] += part  # dX = Σ_windows dP
        return rows(dX) if need_dX else None
