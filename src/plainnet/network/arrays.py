"""What every array in the network is, and the scratch memory that a training step works in."""

from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from plainnet.errors import DataError, SettingError

Array = NDArray[Any]
Shape = tuple[int, ...]
Rng = np.random.Generator

LINE = 64
"""Bytes of a line of the cache."""


def unmasked(values: Any, what: str, *, always: bool = True) -> Any:
    """Values as an array, if none of them is masked: what lies under a mask is no value.

    Args:
        values: anything that NumPy makes an array of.
        what: they are, for messages.
        always: whether to make an array also of what is no masked array.

    Raises:
        DataError: some are masked, or NumPy makes no array of them.
    """
    if hasattr(values, "toarray"):
        raise DataError(f"{what} is sparse ({type(values).__name__}); toarray() makes an array.")
    if not always and not isinstance(values, np.ma.MaskedArray):
        return values
    if isinstance(values, (list, tuple)):
        masks = [np.ma.getmaskarray(v) for v in values if isinstance(v, np.ma.MaskedArray)]
        n = sum(int(mask.sum()) for mask in masks)
        place = ""
    else:
        mask = np.ma.getmask(values) if isinstance(values, np.ma.MaskedArray) else np.False_
        n = int(np.count_nonzero(mask))
        place = f", the first in row {np.argwhere(mask)[0][0]}" if n and np.ndim(mask) else ""
    if n:
        raise DataError(
            f"{what} has {n} masked values{place}; fill them in, or leave their samples out."
        )
    try:
        return np.asarray(values)
    except ValueError as error:  # lists of different lengths
        raise _not_numbers(what, values, error) from None


def numbers(xp: ModuleType, values: Any, what: str, dtype: Any) -> Array:
    """Values as an array of this dtype.

    Raises:
        DataError: they are no numbers, or some are masked.
    """
    array: Array = unmasked(values, what, always=False)
    if getattr(array, "dtype", None) == dtype:
        return array
    try:
        array = xp.asarray(array)
        if array.dtype in (np.complex64, np.complex128) or array.dtype.kind in "mM":
            raise TypeError
        return cast(Array, xp.asarray(array, dtype))
    except (TypeError, ValueError) as error:
        raise _not_numbers(what, array, error) from None


def _not_numbers(what: str, values: Any, why: Exception) -> DataError:
    """The error of what is no array of numbers."""
    found = f"{values.dtype}" if hasattr(values, "dtype") else f"{values!r:.40}"
    if "sequence" in str(why):
        found = "rows of different lengths"
    return DataError(f"{what} must hold numbers, as many in each row, but got {found}.")


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


def generator(rng: Rng | int | None) -> Rng:
    """A random generator from a generator (itself), a seed, or None (never the same twice).

    Raises:
        SettingError: the seed is negative or no whole number.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise SettingError(
            f"rng must be a numpy.random.Generator or a seed (0, 1, 2, …), but got {rng!r}."
        ) from None
