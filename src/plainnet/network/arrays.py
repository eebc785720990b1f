"""The array types of the network, and the scratch memory of a training step."""

import mmap
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of NumPy, of any dtype; docstrings give its shape, as in X `(N, n_in)`."""
Shape = tuple[int, ...]
Rng = Union["np.random.Generator"]  # by its name: numpy.random takes as long as all layers
"""NumPy's generator of random numbers."""

CACHE_LINE = 64
"""Bytes of one line of the processor's cache."""
LARGE_VECTOR = 2**20
"""Bytes from which an `unwritten_vector` gets memory pages of its own."""


def as_numbers(xp: ModuleType, values: Any, what: str, dtype: Any) -> Array:
    """Convert values to an array of this dtype; `what` names them in messages.

    Raises:
        DataError: the values are not numbers, or some are masked.
    """
    if type(values) is np.ndarray and values.dtype == dtype and xp is np:
        return values
    from plainnet.network.numbers import numbers

    return numbers(xp, values, what, dtype)


def on_host(A: Any) -> Array:
    """Return an array as one of NumPy; those of a device have `get()`, as CuPy's do."""
    array: Array = A if isinstance(A, np.ndarray) else A.get()
    return array


class Scratch:
    """Named buffers that are allocated once and reused in every step.

    A buffer grows when more rows are needed and never shrinks: the short last batch of an epoch
    works in the first rows of the buffer of the others.
    """

    def __init__(self, xp: ModuleType, dtype: Any) -> None:
        self.xp = xp
        self.dtype = dtype
        self._held: dict[str, Array] = {}

    def __call__(self, name: str, shape: Shape, fill: float | None = None) -> Array:
        """Return an array of `shape`, in the same memory at each call with this `name`.

        It is uninitialised, or filled once, when it is allocated, with a constant.
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

    def constant(self, name: str, values: Callable[[], Any]) -> Array:
        """An array that is made once, of what `values` returns, and that nobody writes to."""
        held = self._held.get(name)
        if held is None:
            held = self._held[name] = self.xp.asarray(values(), self.dtype)
        return held


def vector(xp: ModuleType, n: int, dtype: Any) -> Array:
    """Return n zeros that begin at a line of the processor's cache.

    Loops over several vectors without this alignment take up to 2.7 times as long, by chance.
    """
    if xp is not np:
        zeros: Array = xp.zeros(n, dtype)
        return zeros
    size = np.dtype(dtype).itemsize
    held = np.zeros(n + CACHE_LINE // size, dtype)
    start = -held.ctypes.data % CACHE_LINE // size
    return held[start : start + n]


def unwritten_vector(xp: ModuleType, n: int, dtype: Any) -> Array:
    """Return a `vector` that takes no memory until it is written, if it is large.

    It is for gradients, which a network that only predicts never writes. `numpy.zeros` often clears
    memory that was used before, which then counts as used.
    """
    n_bytes = n * np.dtype(dtype).itemsize
    if xp is np and n_bytes >= LARGE_VECTOR and hasattr(mmap, "MAP_PRIVATE"):
        with suppress(OSError):  # too little memory: NumPy raises the error
            pages = mmap.mmap(-1, n_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            with suppress(OSError, AttributeError):  # large pages, where they exist
                pages.madvise(mmap.MADV_HUGEPAGE)
            return np.frombuffer(pages, dtype)
    return vector(xp, n, dtype)
