"""Checks of the samples of a data set and of their weights."""

from collections.abc import Callable

import numpy as np

from plainnet.errors import DataError
from plainnet.files.rows import not_finite, select
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.metrics.weighting import check_weights
from plainnet.network.arrays import Array

MakeError = Callable[[str], DataError]
"""A function that makes an error of what a data set has or must have."""


def check_samples(X: Array, weights: Array | None, error: MakeError) -> None:
    """Raise an error unless X holds pictures or feature vectors; those of weight 0 may be any."""
    pictures = X.dtype == np.uint8 and X.ndim == 4 and X.shape[3] in (1, 3)
    vectors = X.dtype.kind in "iuf" and X.ndim == 2
    if not (pictures or vectors):
        raise error(
            "must hold pictures as uint8 (N, height, width, channels) with 1 or 3 channels, or "
            f"feature vectors as numbers (N, n), but X is {X.dtype} {X.shape}."
        )
    if X.size == 0:
        raise error(f"is empty, X is {X.shape}; give at least one sample.")
    found = not_finite(X, LARGEST_NUMBER) if vectors else (0, 0, 0)
    if found[0] and weights is not None and not weights.all():  # weight 0: any value
        rows = np.flatnonzero(weights)
        n, row, column = not_finite(select(X, rows), LARGEST_NUMBER)
        found = n, int(rows[row]) if n else 0, column
    if found[0]:
        n, row, column = found
        largest = " below 1e100" if np.isfinite(X[row][column]) else ""
        raise error(
            f"has {n} features that are not finite numbers{largest}, "
            f"the first, {X[row][column]}, in row {row}, column {column}; replace them or "
            "leave their samples out."
        )


def checked_weights(weights: Array, n: int, error: MakeError) -> Array:
    """Return the weights of n samples as float64, or raise an error."""
    valid = weights.shape == (n,) and weights.dtype.kind in "biuf"
    if not (valid and np.isfinite(weights).all() and weights.min() >= 0):
        raise error(
            f"has {n} samples and needs as many weights, numbers of at least 0 of shape ({n},), "
            f"but they are {weights.dtype} {weights.shape}"
            f"{f' from {weights.min()} to {weights.max()}' if valid else ''}."
        )
    if weights.any():
        check_weights(weights, n)
    return weights.astype(np.float64, copy=False)
