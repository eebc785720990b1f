"""What every array in the network is, and the scratch memory that a training step works in."""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]
Rng = np.random.Generator

LINE = 64
"""Bytes of a line of the cache."""


def as_numbers(xp: ModuleType, values: Any, what: str, dtype: Any) -> Array:
    """Values as an array of this dtype; `what` they are is for messages.

    Raises:
        DataError: they are no numbers, or some are masked.
    """
    if type(values) is np.ndarray and values.dtype == dtype and xp is np:
        return values
    from plainnet.network.numbers import numbers

    return numbers(xp, values, what, dtype)


class Scratch:
    """Named buffers that are allocated once and used again at every step.

    A buffer grows when more rows are asked for and never shrinks: the short last batch of an
    epoch works in the first rows of the buffer of the others.
    """

    def __init__(self, xp: ModuleType, dtype: Any) -> None:
        self.xp = xp
        self.dtype = dtype
        self._held: dict[str, Array] = {}

    def __call__(self, name: str, shape: Shape, fill: float | None = None) -> Array:
        """An array of `shape`, the same memory at each call with this `name`.

        Uninitialised, or, for constants that nobody writes to, filled when it is allocated.
        """
        held = self._held.get(name)
        if held is not None and held.shape == shape:
            return held
        if held is not None and held.shape[0] > shape[0] and held.shape[1:] == shape[1:]:
            return held[: shape[0]]
        new: Array = self.xp.empty(shape, self.dtype)
        if fill is not None:
            new[...] = fill
        self._held[name] = new
        return new


def vector(xp: ModuleType, n: int, dtype: Any) -> Array:
    """n zeros that begin at a line of the processor's cache.

    Loops over several vectors that begin anywhere take up to 2.7 times as long, by chance.
    """
    if xp is not np:
        zeros: Array = xp.zeros(n, dtype)
        return zeros
    size = np.dtype(dtype).itemsize
    held = np.zeros(n + LINE // size, dtype)
    start = -held.ctypes.data % LINE // size
    return held[start : start + n]
