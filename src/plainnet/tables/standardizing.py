"""Standardized numbers: of one column, or of several at once."""

import numpy as np

from plainnet.network.arrays import Array

FARTHEST = 100.0
"""The limit of a standardized value, in scales from the mean; values beyond it are clipped."""


def standardized(
    numbers: Array, median: Array | float, mean: Array | float, scale: Array | float
) -> tuple[Array, Array]:
    """Return (numbers − mean) / scale, the median in place of NaN, and which were missing.

    Args:
        numbers: float64 `(N,)`, or `(N, k)` of k columns.
        median: of each column, as mean and scale.
        mean: of each column.
        scale: of each column.
    """
    missing = np.isnan(numbers)
    z = (np.where(missing, median, numbers) - mean) / scale
    return np.minimum(np.maximum(z, -FARTHEST), FARTHEST), missing
