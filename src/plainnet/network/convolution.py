"""Convolutions: the same small Dense layer at each window of a picture.

The backward passes are derived in `docs/derivations.md` and compared with finite differences in
`tests/test_layers.py`. P are the windows, see `windows.py`; the other letters are those of
`layer.py`.
"""

# Overrides: the base class documents them, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

from collections.abc import Sequence
from typing import Any

import numpy as np

from plainnet.checks import check_whole
from plainnet.network.arrays import Array, Rng
from plainnet.network.initializers import Initializer
from plainnet.network.windows import Windowed, flat, pictures, rows


class Conv2D(Windowed):
    """Y = P W + b: the windows P of each picture through one Dense layer.

    LeCun and others: Gradient-based learning applied to document recognition (1998). A row of P is
    a window, k × k pixels with all their channels, flat; a row of Y is a pixel of the output. There
    are as many windows as `shape_out` has pixels.

    >>> Network([Conv2D((8, 8, 3), 4)]).forward(np.zeros((5, 8 * 8 * 3))).shape
    (5, 256)

    Args:
        shape: height, width and channels of the pictures that come in.
        channels: the number of channels that go out.
        kernel: k, the number of pixels along each side of a window.
        stride: the number of pixels from one window to the next.
        padding: `same` or `valid`, see `Windowed`; what is missing at the border is 0.
        initializer: the initial W; None: the one that suits the next activation.

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
        initializer: Initializer | None = None,
    ) -> None:
        channels = check_whole("number of channels of Conv2D", channels, 1)
        super().__init__(shape, channels, kernel, stride, padding)
        rows, columns, _ = self.shape_out
        self.windows, self.channels = rows * columns, channels
        self.window = self.kernel**2 * self.shape_in[2]
        self.working_memory = self.windows * self.window
        self._by_pixel = self.kernel == self.stride == 1  # then P is X, in other rows
        self.weights = {"W": (self.window, channels)}
        self.biases = {"b": (channels,)}
        self.multiply_adds = self.windows * self.window * channels
        self._initializer = initializer

    @property
    def settings(self) -> dict[str, Any]:
        return {**super().settings, "channels": self.channels}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        draw = self._initializer or suited
        self.W[...] = self.xp.asarray(draw(rng, *self.W.shape))
        self.b[...] = 0

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        Y = self.scratch("Y", (len(X) * self.windows, self.channels))
        for samples in self.parts(len(X)):
            self.xp.dot(self._windows_of(X[samples]), self.W, out=Y[self._of(samples)])  # Y = P W
        Y += self.b  # Y = P W + b
        return Y.reshape((len(X), flat(self.shape_out)))

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        N, dW = len(dY), self.scratch("dW", self.dW.shape)
        dY = dY.reshape((N * self.windows, self.channels))
        ones = self.scratch("ones", (len(dY),), fill=1)
        self.xp.dot(ones, dY, out=self.db)  # db = Σ_windows dY
        self.dW[...] = 0
        dX = self.scratch("dX", self.X.shape) if need_dX else None
        for samples in self.parts(N):
            P, own = self._windows_of(self.X[samples]), dY[self._of(samples)]
            self.xp.dot(P.T, own, out=dW)
            self.dW += dW  # dW = Pᵀ dY
            if dX is not None:
                dP = dX[samples].reshape(P.shape) if self._by_pixel else self.scratch("dP", P.shape)
                self.xp.dot(own, self.W.T, out=dP)  # dP = dY Wᵀ
                self._add_up(dP, dX[samples])
        return dX

    def _of(self, samples: slice) -> slice:
        """Return the windows of some samples."""
        return slice(samples.start * self.windows, samples.stop * self.windows)

    def _windows_of(self, X: Array) -> Array:
        """Return P `(windows of all samples, k · k · channels)`, with 0 for padding."""
        shape = len(X) * self.windows, self.window
        if self._by_pixel:
            return X.reshape(shape)
        P, X = self.scratch("P", shape, fill=0), pictures(X, self.shape_in)
        if self.xp is np:
            self._by_line(P, len(X))[...] = self.lines(X)
            return P
        by_place = self._by_place(P, len(X))  # other array modules may lack overlapping views
        for place in self.places():
            by_place[(*place.windows, place.number)] = X[place.pixels]
        return P

    def _by_line(self, P: Array, N: int) -> Array:
        """Return a view of windows as `(N, rows, columns, k, k · channels)`."""
        rows, columns, _ = self.shape_out
        return P.reshape((N, rows, columns, self.kernel, self.kernel * self.shape_in[2]))

    def _add_up(self, dP: Array, dX: Array) -> None:
        """Write dX: each pixel's sum over all windows that it is in."""
        if self._by_pixel:
            return  # dP is dX
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

    >>> DepthwiseConv2D((8, 8, 3)).weights
    {'W': (9, 3)}

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
        self.X, Y = pictures(X, self.shape_in), self.scratch("Y", (len(X), *self.shape_out))
        for samples in self.parts(len(X)):
            X, own = self.X[samples], Y[samples]
            if self._whole_rows:
                self._filter(X, self.W, (self.top, self.left), own)  # Y = Σ_places P · W
            else:
                self._write_Y(X, own)
            own += self.b  # Y = Σ_places P · W + b
        return rows(Y)

    @property
    def _whole_rows(self) -> bool:
        return self.stride == 1 and self.xp is np  # other array modules may lack overlapping views

    def _write_Y(self, X: Array, Y: Array) -> None:
        """Write Σ_places P · W for windows any number of pixels apart."""
        product = self.scratch("product", Y.shape)
        Y[...] = 0
        for place in self.places():
            part = product[place.windows]
            self.xp.multiply(X[place.pixels], self.W[place.number], out=part)
            Y[place.windows] += part  # Y = Σ_places P · W

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        windows = dY.reshape((-1, self.b.size))
        ones = self.scratch("ones", (len(windows),), fill=1)
        self.xp.dot(ones, windows, out=self.db)  # db = Σ_windows dY
        dY, dX = pictures(dY, self.shape_out), self.scratch("dX", self.X.shape)
        dW = self.scratch("dW", (len(self.W), *self.shape_out[1:]))
        dW[...] = 0
        for samples in self.parts(len(dY)):
            self._add_dW(self.X[samples], dY[samples], dW)
            if need_dX and self._whole_rows:
                rest = self.kernel - 1 - self.top, self.kernel - 1 - self.left
                self._filter(dY[samples], self.W[::-1], rest, dX[samples])
            elif need_dX:
                self._write_dX(dY[samples], dX[samples])
        self.xp.sum(dW, axis=1, out=self.dW)  # dW = Σ_windows P · dY
        return rows(dX) if need_dX else None

    def _add_dW(self, X: Array, dY: Array, dW: Array) -> None:
        """Add Σ P · dY over the windows of each column, at each place."""
        sums = self.scratch("sums", dW.shape)
        for place in self.places():
            P, own, column = X[place.pixels], dY[place.windows], (place.number, place.windows[2])
            self.xp.einsum("nrcd,nrcd->cd", P, own, out=sums[column])  # Σ over samples and rows
            dW[column] += sums[column]

    def _write_dX(self, dY: Array, dX: Array) -> None:
        """Write dX for windows any number of pixels apart."""
        product = self.scratch("product", dY.shape)
        dX[...] = 0
        for place in self.places():
            own, part = dY[place.windows], product[place.windows]
            self.xp.multiply(own, self.W[place.number], out=part)  # dP = dY · W
            dX[place.pixels] += part  # dX = Σ_windows dP

    def _filter(self, A: Array, W: Array, before: tuple[int, int], out: Array) -> None:
        """Write Σ_places P · W for windows of A, with padding before it, whole rows at once.

        The windows are one pixel apart. So a pixel of X is in k × k of them, at the places from
        last to first: dX is the same sum over windows of dY, with W from last to first.
        """
        (n, height, width, c), (_, down, across, _), k = A.shape, out.shape, self.kernel
        (top, left), size = before, (n, down + k - 1, across + k - 1, c)
        padded = self.scratch(f"padded for {down} × {across}", size)
        padded[...] = 0
        padded[:, top : top + height, left : left + width] = A
        filters = self.scratch(f"filters for {across}", (k, k, across, c))
        filters[...] = W.reshape((k, k, 1, c))
        P = np.lib.stride_tricks.sliding_window_view(
            padded.reshape((n, size[1], size[2] * c)), (k, across * c), axis=(1, 2)
        )[:, :, ::c]  # samples, rows, places across, places down, numbers of a row
        filters, out = filters.reshape((k, k, across * c)), out.reshape((n, down, across * c))
        np.einsum("nrjix,ijx->nrx", P, filters, out=out)
