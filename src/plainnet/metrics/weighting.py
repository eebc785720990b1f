"""What samples count: weights `(N,)`, where a weight of 2 is the sample twice, and 0 is none."""

from typing import Any

import numpy as np

from plainnet.errors import DataError, ShapeError
from plainnet.files.rows import select
from plainnet.network.arrays import Array
from plainnet.network.numbers import unmasked

SMALLEST, LARGEST = 1e-30, 1e30
"""Bounds of the largest weight: float32 holds it, and the sum of many."""


def check_weights(weights: Any, n: int) -> Array:
    """The weights of n samples as an array of numbers.

    Raises:
        ShapeError: they are not as many as the samples.
        DataError: one is not finite or negative, all are 0, or the largest is out of all bounds.
    """
    w: Array = unmasked(weights, "The array of weights")
    if w.shape != (n,):
        raise ShapeError(f"{n} samples need weights of shape ({n},), got {w.shape}.")
    if w.dtype.kind not in "biuf" or not (np.isfinite(w).all() and w.min() >= 0 and w.max() > 0):
        raise DataError("Sample weights must be finite and ≥ 0, and at least one of them > 0.")
    if not SMALLEST <= float(w.max()) <= LARGEST:
        raise DataError(
            f"The largest sample weight must be between {SMALLEST:g} and {LARGEST:g}, but is "
            f"{w.max():g}; multiply all of them by a number."
        )
    return w.astype(np.float64) if w.dtype == np.float16 else w  # whose sums are of few digits


def weighted(weights: Any, *arrays: Any) -> tuple[Any, ...]:
    """The weights and the arrays `(N, …)` without the samples of weight 0.

    Weights that are all 1 are None, so that the others are counted as if they were alone.

    Args:
        weights: `(N,)`, or None: then all stays as it is.
        arrays: rows for each sample.

    Raises:
        ShapeError, DataError: as `check_weights`.
    """
    if weights is None:
        return (None, *arrays)
    arrays = tuple(a if hasattr(a, "shape") else unmasked(a, "The array") for a in arrays)
    w = check_weights(weights, len(arrays[0]) if arrays[0].ndim else 0)
    if any(not a.shape or len(a) != len(w) for a in arrays):
        return (w, *arrays)  # to be refused by whoever knows what they are
    if w.min() == 0:
        rows = np.flatnonzero(w)
        w, arrays = w[rows], tuple(select(a, rows) for a in arrays)
    return (None if (w == 1).all() else w, *arrays)


def mean(values: Array, weights: Array | None) -> float:
    """Σ w v / Σ w of values `(N,)`; without weights their mean. In float64."""
    if weights is None:
        return float(values.mean(dtype=np.float64))
    w = weights.astype(np.float64)
    return float(w @ values / w.sum())


def effective_size(weights: Array) -> float:
    """As how many samples that count alike these are worth: (Σ w)² / Σ w².

    L. Kish, Survey sampling (1965), section 11.7.
    """
    w = weights.astype(np.float64) / float(weights.max())
    return float(w.sum() ** 2 / (w @ w))


def plain_count(total: Any) -> float:
    """A sum of weights as a plain number, without a point where it is whole but for rounding."""
    rounded = float(f"{total:.12g}")
    return int(rounded) if rounded == int(rounded) else rounded
