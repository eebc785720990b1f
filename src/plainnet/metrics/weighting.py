"""Sample weights `(N,)`: a weight of 2 equals the sample twice, and 0 leaves it out."""

from typing import Any

import numpy as np

from plainnet.errors import DataError, ShapeError
from plainnet.files.rows import select
from plainnet.network.arrays import Array
from plainnet.network.numbers import unmasked

SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-30, 1e30
"""The bounds of the largest weight, so that float32 holds it and sums of many."""


def check_weights(weights: Any, n: int) -> Array:
    """Return the weights of n samples as an array of numbers.

    Raises:
        ShapeError: there is not one weight for each sample.
        DataError: one is negative or not finite, all are 0, or the largest is out of bounds.
    """
    w: Array = unmasked(weights, "The array of weights")
    if w.shape != (n,):
        raise ShapeError(f"{n} samples need weights of shape ({n},), got {w.shape}.")
    if w.dtype.kind not in "biuf" or not (np.isfinite(w).all() and w.min() >= 0 and w.max() > 0):
        raise DataError("Sample weights must be finite and ≥ 0, and at least one of them > 0.")
    if not SMALLEST_WEIGHT <= float(w.max()) <= LARGEST_WEIGHT:
        raise DataError(
            f"The largest sample weight must be between {SMALLEST_WEIGHT:g} and "
            f"{LARGEST_WEIGHT:g}, but is {w.max():g}; multiply all of them by a number."
        )
    return w.astype(np.float64) if w.dtype == np.float16 else w  # whose sums have few digits


def weighted(weights: Any, *arrays: Any) -> tuple[Any, ...]:
    """Return the weights and the arrays `(N, …)` without the samples of weight 0.

    If all weights are 1, None is returned in their place, so that the samples count as unweighted
    ones.

    Args:
        weights: `(N,)`, or None: then everything stays as it is.
        arrays: rows for each sample.

    Raises:
        ShapeError, DataError: as `check_weights`.
    """
    if weights is None:
        return (None, *arrays)
    arrays = tuple(a if hasattr(a, "shape") else unmasked(a, "The array") for a in arrays)
    w = check_weights(weights, len(arrays[0]) if arrays[0].ndim else 0)
    if any(not a.shape or len(a) != len(w) for a in arrays):
        return (w, *arrays)  # the caller, who knows what they are, refuses them
    if w.min() == 0:
        rows = np.flatnonzero(w)
        w, arrays = w[rows], tuple(select(a, rows) for a in arrays)
    return (None if (w == 1).all() else w, *arrays)


def mean(values: Array, weights: Array | None) -> float:
    """Return Σ w v / Σ w of values `(N,)`, or without weights their mean, in float64."""
    if weights is None:
        return float(values.mean(dtype=np.float64))
    w = weights.astype(np.float64)
    return float(w @ values / w.sum())


def effective_size(weights: Array) -> float:
    """Return the effective sample size (Σ w)² / Σ w².

    L. Kish, Survey sampling (1965), section 11.7.
    """
    w = weights.astype(np.float64) / float(weights.max())
    return float(w.sum() ** 2 / (w @ w))


def plain_count(total: Any) -> float:
    """Return a sum of weights, as an int if it is whole up to rounding."""
    rounded = float(f"{total:.12g}")
    return int(rounded) if rounded == int(rounded) else rounded
