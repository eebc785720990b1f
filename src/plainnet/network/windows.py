"""Pictures in flat rows, and the windows of k × k pixels that convolutions and pooling look at.

A row holds a picture's numbers in the order height, width, channels. See `layer.py` for the other
letters, and `docs/derivations.md` for what is computed with windows.
"""

# Overrides: the base class documents them.
# ruff: noqa: D102

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from plainnet.checks import check_whole
from plainnet.errors import SettingError
from plainnet.network.arrays import Array
from plainnet.network.layer import Layer

LARGEST_KERNEL = 64
"""Most pixels along a side of a window; each place in it is one step in Python."""


NUMBERS_AT_ONCE = 2**18
"""How many numbers a pass works on at once, but at least one sample's: what a cache holds."""


class Place(NamedTuple):
    """One of the k × k places in a window."""

    number: int
    """The number of the place, row by row."""
    windows: tuple[slice, slice, slice]
    """Samples, rows and columns of the windows that have a pixel at this place, not padding."""
    pixels: tuple[slice, slice, slice]
    """Samples, rows and columns of these pixels."""


class Windowed(Layer):
    """A layer that sees pictures through windows.

    With the padding `valid` all windows lie inside the picture. With `same` there are
    height / stride × width / stride windows, rounded up; those at the border contain padding, half
    of it on either side, and one pixel more at the bottom and at the right if it is odd.

    Args:
        shape: height, width and channels of the pictures.
        channels: the number of channels of the outputs; None: as many as come in.
        kernel: k, the number of pixels along each side of a window.
        stride: the number of pixels from one window to the next.
        padding: `same` or `valid`.

    Raises:
        SettingError: a setting is out of its range, or the window is larger than the picture.
    """

    shape_in: tuple[int, int, int]
    shape_out: tuple[int, int, int]
    working_memory: int
    """How many numbers one sample needs in a pass."""

    def __init__(
        self, shape: Sequence[int], channels: int | None, kernel: int, stride: int, padding: str
    ) -> None:
        kind = type(self).__name__
        self.shape_in = height, width, depth = checked_shape(kind, shape)
        self.kernel = check_whole(f"kernel of {kind}", kernel, 1)
        self.stride = check_whole(f"stride of {kind}", stride, 1)
        self.padding = padding
        if self.kernel > LARGEST_KERNEL:
            raise SettingError(
                f"The kernel of {kind} has at most {LARGEST_KERNEL} pixels, but got {self.kernel}; "
                "GlobalAveragePool2D takes the whole picture."
            )
        if padding not in ("same", "valid"):
            raise SettingError(f"The padding of {kind} is 'same' or 'valid', but got {padding!r}.")
        if padding == "valid" and self.kernel > min(height, width):
            raise SettingError(
                f"The kernel of {kind}, {self.kernel}, is larger than the picture, {height} × "
                f"{width}; take a smaller kernel, or padding='same'."
            )
        rows, self.top = self._along(height)
        columns, self.left = self._along(width)
        self.shape_out = rows, columns, channels or depth
        self.n_in, self.n_out = flat(self.shape_in), flat(self.shape_out)
        self.working_memory = self.n_in + 2 * self.n_out

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "shape": [*self.shape_in],
            "kernel": self.kernel,
            "stride": self.stride,
            "padding": self.padding,
        }

    @property
    def pads(self) -> tuple[int, int, int, int]:
        """The pixels of padding at the left, right, top and bottom that windows contain."""
        last = [(n - 1) * self.stride + self.kernel for n in self.shape_out[:2]]
        bottom, right = (
            max(end - start - n, 0)
            for end, start, n in zip(last, (self.top, self.left), self.shape_in[:2], strict=True)
        )
        return self.left, right, self.top, bottom

    def parts(self, N: int) -> Iterator[slice]:
        """Yield a few samples after another, with as many numbers as a cache holds."""
        step = max(NUMBERS_AT_ONCE // self.working_memory, 1)
        for start in range(0, N, step):
            yield slice(start, min(start + step, N))

    def lines(self, X: Array) -> Array:
        """Return the lines of all windows, `(N, rows, columns, k, k · channels)`, a view of NumPy.

        The k pixels of a line stand side by side in the picture, so that k · channels numbers are
        copied at once.
        """
        (height, width, depth), (rows, columns, _) = self.shape_in, self.shape_out
        down, across = ((n - 1) * self.stride + self.kernel for n in (rows, columns))
        size = len(X), max(down, self.top + height), max(across, self.left + width), depth
        padded = X
        if size != X.shape:
            padded = self.scratch("padded", size, fill=0)
            padded[:, self.top : self.top + height, self.left : self.left + width] = X
        sample, line, pixel, number = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded,
            (len(X), rows, columns, self.kernel, self.kernel * depth),
            (sample, self.stride * line, self.stride * pixel, line, number),
            writeable=False,
        )

    def _along(self, n: int) -> tuple[int, int]:
        """Return how many windows fit along n pixels, and how much padding the first one has."""
        if self.padding == "valid":
            return (n - self.kernel) // self.stride + 1, 0
        windows = -(-n // self.stride)
        return windows, max((windows - 1) * self.stride + self.kernel - n, 0) // 2

    def places(self) -> Iterator[Place]:
        """Yield the places of a window, row by row."""
        (height, width, _), (rows, columns, _) = self.shape_in, self.shape_out
        down = [self._seen(i - self.top, height, rows) for i in range(self.kernel)]
        across = [self._seen(j - self.left, width, columns) for j in range(self.kernel)]
        each = [(y, x) for y in down for x in across]
        for number, ((windows_y, pixels_y), (windows_x, pixels_x)) in enumerate(each):
            every = slice(None)
            yield Place(number, (every, windows_y, windows_x), (every, pixels_y, pixels_x))

    def _seen(self, offset: int, n: int, windows: int) -> tuple[slice, slice]:
        """Return the windows whose pixel at an offset exists, and these pixels, along one side."""
        first = max(-(offset // self.stride), 0)
        stop = max(min((n - 1 - offset) // self.stride + 1, windows), first)
        start = first * self.stride + offset
        return slice(first, stop), slice(start, start + (stop - first) * self.stride, self.stride)


def checked_shape(kind: str, shape: Sequence[int]) -> tuple[int, int, int]:
    """Return height, width and channels of the pictures that a layer takes.

    Raises:
        SettingError: it is something else than three whole numbers ≥ 1.
    """
    sides = shape.tolist() if hasattr(shape, "tolist") else shape
    if not isinstance(sides, (list, tuple)) or len(sides) != 3:
        raise SettingError(
            f"The shape of {kind} is (height, width, channels), such as (32, 32, 3), but got "
            f"{shape!r:.60}."
        )
    height, width, channels = (check_whole(f"shape of {kind}, each side,", n, 1) for n in sides)
    return height, width, channels


def flat(shape: tuple[int, int, int]) -> int:
    """Return how many numbers a picture holds."""
    height, width, channels = shape
    return height * width * channels


def pictures(A: Array, shape: tuple[int, int, int]) -> Array:
    """Return a view of flat rows as pictures `(N, height, width, channels)`."""
    return A.reshape((len(A), *shape))


def rows(A: Array) -> Array:
    """Return a view of pictures as flat rows."""
    samples, height, width, channels = A.shape
    return A.reshape((samples, height * width * channels))
