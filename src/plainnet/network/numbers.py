"""Convert values to arrays of numbers; refuse masked, sparse and other values."""

import sys
from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from plainnet.errors import DataError


def is_masked_array(values: Any) -> bool:
    """Return whether values are a masked array; `numpy.ma` is not imported for the question."""
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(values, masked.MaskedArray)


def unmasked(values: Any, what: str, *, always: bool = True) -> Any:
    """Convert values to an array, unless some are masked: those are missing.

    Args:
        values: anything that NumPy converts to an array.
        what: the name of the values in messages.
        always: whether to convert values other than masked arrays, too.

    Raises:
        DataError: some are masked, or NumPy cannot convert them.
    """
    if type(values) is np.ndarray:
        return values
    if hasattr(values, "toarray"):
        raise DataError(f"{what} is sparse ({type(values).__name__}); toarray() makes an array.")
    if not always and not is_masked_array(values):
        return values
    if isinstance(values, (list, tuple)):
        masks = [np.ma.getmaskarray(v) for v in values if is_masked_array(v)]
        n = sum(int(mask.sum()) for mask in masks)
        place = ""
    else:
        mask = np.ma.getmask(values) if is_masked_array(values) else np.False_
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


def numbers(xp: ModuleType, values: Any, what: str, dtype: Any) -> NDArray[Any]:
    """Convert values to an array of this dtype.

    Raises:
        DataError: they are not numbers, or some are masked.
    """
    array: NDArray[Any] = unmasked(values, what, always=False)
    if getattr(array, "dtype", None) == dtype:
        return array
    try:
        array = xp.asarray(array)
        if array.dtype in (np.complex64, np.complex128) or array.dtype.kind in "mM":
            raise TypeError
        return cast(NDArray[Any], xp.asarray(array, dtype))
    except (TypeError, ValueError) as error:
        raise _not_numbers(what, array, error) from None


def _not_numbers(what: str, values: Any, why: Exception) -> DataError:
    """Make the error for values that are not an array of numbers."""
    found = f"{values.dtype}" if hasattr(values, "dtype") else f"{values!r:.40}"
    if "sequence" in str(why):
        found = "rows of different lengths"
    return DataError(f"{what} must hold numbers, as many in each row, but got {found}.")
