"""Pooling: pictures made smaller, by the maximum or the mean of each window.

The backward passes are derived in `docs/derivations.md` and compared with finite differences in
`tests/test_layers.py`. P are the windows, see `windows.py`; the other letters are those of
`layer.py`.
"""

# Overrides: the base class documents them, and not each of them needs every argument.
# ruff: noqa: D102, ARG002

from collections.abc import Sequence
from typing import Any

import numpy as np

from plainnet.network.arrays import Array
from plainnet.network.layer import Layer
from plainnet.network.windows import Windowed, checked_shape, flat, pictures, rows


class _Pooling(Windowed):
    """The common part of both: windows that by default lie side by side.

    Args:
        shape: height, width and channels of the pictures that come in.
        kernel: k, the number of pixels along each side of a window.
        stride: the number of pixels from one window to the next; None: the kernel.
        padding: `same` or `valid`, see `Windowed`; what is missing at the border does not count.

    Raises:
        SettingError: a setting is out of its range, or the window is larger than the picture.
    """

    def __init__(
        self,
        shape: Sequence[int],
        kernel: int = 2,
        stride: int | None = None,
        padding: str = "valid",
    ) -> None:
        super().__init__(shape, None, kernel, kernel if stride is None else stride, padding)


class MaxPool2D(_Pooling):
    """Y = max_places P: the largest number of each window, in each channel.

    Where several are the largest, the first one gets the gradient. For the arguments see
    `_Pooling`: shape, kernel = 2, stride = kernel, padding = "valid".

    >>> Network([MaxPool2D((8, 8, 3)), Dense(48, 2)])
    Network(192 → MaxPool2D 48 → Dense 2; 98 parameters)
    """

    X: Array  # (N, height, width, channels), of the last forward
    Y: Array  # (N, rows, columns, channels)

    formula = "Y = max_places P"
    backward_formulas = ("dX = Σ_windows dP, dP = dY · [first P = Y]",)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = pictures(X, self.shape_in)
        self.Y = self.scratch("Y", (len(X), *self.shape_out))
        self.Y[...] = -np.inf
        for samples in self.parts(len(X)):
            X, Y = self.X[samples], self.Y[samples]
            for place in self.places():
                own = Y[place.windows]
                self.xp.maximum(own, X[place.pixels], out=own)  # Y = max_places P
        return rows(self.Y)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        if not need_dX:
            return None
        dY = pictures(dY, self.shape_out)
        dX = self.scratch("dX", self.X.shape)
        for samples in self.parts(len(dY)):
            self._write_dX(self.X[samples], self.Y[samples], dY[samples], dX[samples])
        return rows(dX)

    def _write_dX(self, X: Array, Y: Array, dY: Array, dX: Array) -> None:
        dP = self.scratch("dP", dY.shape)
        dX[...] = 0
        for place in self.places():
            own, part = dY[place.windows], dP[place.windows]
            self.xp.equal(X[place.pixels], Y[place.windows], out=part)
            part *= own
            own -= part  # so that no later place gets it, too: dP = dY · [first P = Y]
            dX[place.pixels] += part  # dX = Σ_windows dP


class AveragePool2D(_Pooling):
    """Y = Σ_places P / m: the mean of the m pixels of each window, in each channel.

    m is k², and less where there is padding. For the arguments see `_Pooling`: shape, kernel = 2,
    stride = kernel, padding = "valid".

    >>> Network([AveragePool2D((8, 8, 3)), Dense(48, 2)])
    Network(192 → AveragePool2D 48 → Dense 2; 98 parameters)
    """

    formula = "Y = Σ_places P / m"
    backward_formulas = ("dX = Σ_windows dP, dP = dY / m",)

    def forward(self, X: Array, training: bool = False) -> Array:
        A, Y = pictures(X, self.shape_in), self.scratch("Y", (len(X), *self.shape_out))
        Y[...] = 0
        for place in self.places():
            Y[place.windows] += A[place.pixels]
        Y /= self._pixels()  # Y = Σ_places P / m
        return rows(Y)

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        if not need_dX:
            return None
        dY = pictures(dY, self.shape_out)
        dX = self.scratch("dX", (len(dY), *self.shape_in))
        dX[...] = 0
        dY /= self._pixels()  # dP = dY / m
        for place in self.places():
            dX[place.pixels] += dY[place.windows]  # dX = Σ_windows dP
        return rows(dX)

    def _pixels(self) -> Array:
        """Return m of each window, `(rows, columns, 1)`."""

        def counted() -> Any:
            each: Array = np.zeros((1, *self.shape_out[:2], 1))
            for place in self.places():
                each[place.windows] += 1
            return each[0]

        m: Array = self.scratch.constant("m", counted)
        return m


class GlobalAveragePool2D(Layer):
    """Y = Σ_pixels X / m: the mean of all m pixels of a picture, in each channel.

    Lin, Chen, Yan: Network in network (2014), section 3.2.

    >>> Network([Conv2D((8, 8, 3), 4), GlobalAveragePool2D((8, 8, 4)), Dense(4, 2)])
    Network(192 → Conv2D 256 → GlobalAveragePool2D 4 → Dense 2; 122 parameters)

    Args:
        shape: height, width and channels of the pictures that come in.

    Raises:
        SettingError: a side is not a whole number ≥ 1.
    """

    shape_in: tuple[int, int, int]

    formula = "Y = Σ_pixels X / m"
    backward_formulas = ("dX = dY / m, in each pixel",)

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape_in = height, width, channels = checked_shape("GlobalAveragePool2D", shape)
        self.pixels = height * width
        self.n_in, self.n_out = flat(self.shape_in), channels

    @property
    def settings(self) -> dict[str, Any]:
        return {"shape": [*self.shape_in]}

    def forward(self, X: Array, training: bool = False) -> Array:
        Y = self.scratch("Y", (len(X), self.n_out or 0))
        self.xp.sum(self._by_pixel(X), axis=1, out=Y)
        Y *= 1 / self.pixels  # Y = Σ_pixels X / m
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        if not need_dX:
            return None
        dX = self.scratch("dX", (len(dY), self.n_in or 0))
        dY *= 1 / self.pixels
        self._by_pixel(dX)[...] = dY[:, None]  # dX = dY / m, in each pixel
        return dX

    def _by_pixel(self, X: Array) -> Array:
        """Return a view `(N, pixels, channels)`."""
        return X.reshape((len(X), self.pixels, self.n_out or 0))
