"""Mean and standard deviation of columns, exact also where they are far from 0 or of any size."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from plainnet.files.rows import blocks
from plainnet.network.arrays import Array

WHOLE = 2.0**53
"""Up to here float64 holds every whole number."""
IGNORED = np.finfo(np.float64).max
"""The scale of what is constant in training: whatever it becomes, divided by it it is 0."""
NOISE: Mapping[np.dtype[Any], float] = {
    np.dtype(np.float32): 2.0**-23,
    np.dtype(np.float64): 2.0**-46,
    np.dtype(np.longdouble): 2.0**-46,
}
"""A standard deviation of at most so many times the mean is that of rounding."""

TINY = 1e-307
"""So is one of at most this: the numbers have few digits there, and 1 / TINY is one still."""


def moments(X: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Mean and standard deviation of each column of X `(N, n)`, float64 `(n,)`.

    In two passes, of differences from the first row and then from the mean, in units of the largest
    of them: 1.7e9 ± 1 loses no digits, and nothing over- or underflows.

    Args:
        X: numbers of any dtype; as `MemoryMappedRows` it is read block by block.
        weights: what each row counts `(N,)`, at least one above 0; None: all the same.
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
    """The median of values `(N,)`: of whole weights that of the values so many times each."""
    if weights is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    ordered, total = values[order], np.cumsum(weights[order], dtype=np.float64)
    i = int(np.searchsorted(total, total[-1] / 2))
    j = i + 1 if total[i] == total[-1] / 2 and i + 1 < len(values) else i
    return float((ordered[i] + ordered[j]) / 2)


def scale_of(mean: Array, spread: Array, dtype: np.dtype[Any]) -> Array:
    """What columns of this dtype are divided by: their spread, of constant ones `IGNORED`."""
    constant = spread <= np.maximum(NOISE.get(dtype, 0.0) * np.abs(mean), TINY)
    return np.where(constant, IGNORED, spread)


def centred(X: Array, center: Array) -> Array:
    """X − center in float64 or better; of whole numbers beyond 2⁵³, such as nanoseconds, exactly.

    Args:
        X: numbers of any dtype `(n, m)`.
        center: float64 `(m,)`.
    """
    rough: Array = X - center
    if X.dtype.kind not in "iu" or X.dtype.itemsize < 8 or not (np.abs(center) >= WHOLE).any():
        return rough
    limits = np.iinfo(X.dtype)
    last = center == float(limits.max)  # which is rounded up to 2⁶³ or 2⁶⁴, one more than fits
    fits = (np.abs(center) >= WHOLE) & (center >= limits.min) & (center < float(limits.max))
    anchor = np.where(last, limits.max, np.where(fits, center, 0).astype(X.dtype))
    rest = np.where(last, 1, np.where(fits, 0, center))
    exact = (X - anchor).view(np.int64) - rest  # it may wrap where it is far
    return np.where(np.abs(rough) < 2.0**62, exact, rough)


def needs_double(mean: Array | float, spread: Array | float) -> bool:
    """Whether some numbers about mean ± spread are too far from 0, or too small, for float32."""
    reach, spread = np.abs(mean) + spread, np.asarray(spread)
    with np.errstate(over="ignore"):
        step = np.spacing(reach.astype(np.float32))
    lost = (spread < 1e-30) | (step > 1e-3 * spread)
    return bool(((reach > 1e37) | ((spread > 0) & lost)).any())


def _sum(values: Array, w: Array | None, start: int) -> Array:
    total: Array = values.sum(axis=0) if w is None else w[start : start + len(values)] @ values
    return total.astype(np.float64, copy=False)
