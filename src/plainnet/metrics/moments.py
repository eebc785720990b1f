"""Mean and standard deviation of columns, exact for numbers far from 0 and of any size."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from plainnet.files.rows import blocks
from plainnet.network.arrays import Array

LARGEST_EXACT = 2.0**53
"""The number up to which float64 represents every integer."""
IGNORED_SCALE = np.finfo(np.float64).max
"""The scale of a feature that is constant in training: divided by it, any value is 0."""
ROUNDING_NOISE: Mapping[np.dtype[Any], float] = {
    np.dtype(np.float32): 2.0**-23,
    np.dtype(np.float64): 2.0**-46,
    np.dtype(np.longdouble): 2.0**-46,
}
"""The standard deviation, as a share of the mean, up to which it is rounding noise."""

TINY_SPREAD = 1e-307
"""The standard deviation up to which a column is constant; 1 / TINY_SPREAD is still finite."""


def moments(X: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Return mean and standard deviation of each column of X `(N, n)`, float64 `(n,)`.

    There are two passes, over differences from the first row and then from the mean, in units of
    the largest difference: 1.7e9 ± 1 loses no digits, and there is no over- or underflow.

    Args:
        X: numbers of any dtype; `MemoryMappedRows` are read block by block.
        weights: the weight of each row `(N,)`, at least one above 0; None: all equal.
    """
    first = np.asarray(X[0]).astype(np.float64)
    w = None if weights is None else weights.astype(np.float64) / weights.sum(dtype=np.float64)
    total, reach = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for start, block in blocks(X):
        differences = centred(block, first)
        np.maximum(reach, np.abs(differences).max(axis=0), out=reach)
        total += _sum(differences, w, start)
    mean: Array = first + (total if w is not None else total / len(X))
    unit, squares = np.where(reach > 0, reach, 1), np.zeros(X.shape[1])
    for start, block in blocks(X):
        differences = centred(block, mean) / unit
        squares += _sum(np.square(differences, out=differences), w, start)
    return mean, np.sqrt(squares if w is not None else squares / len(X)) * unit


def weighted_median(values: Array, weights: Array | None) -> float:
    """Return the median of values `(N,)`; a weight of 2 equals the value twice."""
    if weights is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    ordered, total = values[order], np.cumsum(weights[order], dtype=np.float64)
    i = int(np.searchsorted(total, total[-1] / 2))
    j = i + 1 if total[i] == total[-1] / 2 and i + 1 < len(values) else i
    return float((ordered[i] + ordered[j]) / 2)


def scale_of(mean: Array, spread: Array, dtype: np.dtype[Any]) -> Array:
    """Return the divisors of columns of this dtype: their spread, `IGNORED_SCALE` if constant."""
    constant = spread <= np.maximum(ROUNDING_NOISE.get(dtype, 0.0) * np.abs(mean), TINY_SPREAD)
    return np.where(constant, IGNORED_SCALE, spread)


def centred(X: Array, center: Array) -> Array:
    """Return X − center in float64 or better; exact for integers above 2⁵³ such as nanoseconds.

    Args:
        X: numbers of any dtype `(n, m)`.
        center: float64 `(m,)`.
    """
    rough: Array = X - center
    if (
        X.dtype.kind not in "iu"
        or X.dtype.itemsize < 8
        or not (np.abs(center) >= LARGEST_EXACT).any()
    ):
        return rough
    limits = np.iinfo(X.dtype)
    last = center == float(limits.max)  # rounded up to 2⁶³ or 2⁶⁴, one too many
    fits = (np.abs(center) >= LARGEST_EXACT) & (center >= limits.min) & (center < float(limits.max))
    anchor = np.where(last, limits.max, np.where(fits, center, 0).astype(X.dtype))
    rest = np.where(last, 1, np.where(fits, 0, center))
    exact = (X - anchor).view(np.int64) - rest  # may wrap around if far away
    return np.where(np.abs(rough) < 2.0**62, exact, rough)


def needs_double(mean: Array | float, spread: Array | float) -> bool:
    """Return whether float32 is too coarse, or its range too small, for mean ± spread."""
    reach, spread = np.abs(mean) + spread, np.asarray(spread)
    with np.errstate(over="ignore"):
        step = np.spacing(reach.astype(np.float32))
    lost = (spread < 1e-30) | (step > 1e-3 * spread)
    return bool(((reach > 1e37) | ((spread > 0) & lost)).any())


def _sum(values: Array, w: Array | None, start: int) -> Array:
    total: Array = values.sum(axis=0) if w is None else w[start : start + len(values)] @ values
    return total.astype(np.float64, copy=False)
