"""Check targets, and bring them into the form that a loss computes with.

Dimensions: N samples, K outputs of the network.
"""

import numpy as np
from numpy.typing import DTypeLike

from plainnet.errors import DataError, ShapeError
from plainnet.network.arrays import Array

SUM_TOLERANCE = 1e-3
"""The largest difference from 1 of a sample's sum of probabilities: float16 and many classes."""


def real_targets(
    loss: str, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
) -> Array:
    """Return one number for each output, `(N, K)`; `(N,)` is accepted for a single output.

    Raises:
        ShapeError: `y` is of another shape.
        DataError: a value is not finite.
    """
    if y.shape != (n_samples, n_out) and not (n_out == 1 and y.shape == (n_samples,)):
        raise ShapeError(
            f"{loss} needs targets of shape ({n_samples}, {n_out}), one for each output of the "
            f"network, but got {y.shape}."
        )
    _check_finite(y)
    return y.reshape(n_samples, n_out).astype(dtype or y.dtype, copy=False)


def any_targets(loss: str, y: Array, n_samples: int, dtype: DTypeLike | None = None) -> Array:
    """Return one row for each sample, `(N, …)`: floats in `dtype`, other targets unchanged.

    Raises:
        ShapeError: the number of rows is not that of the samples.
        DataError: a value is not finite.
    """
    if y.shape[:1] != (n_samples,):
        raise ShapeError(
            f"{loss} needs a target for each of {n_samples} samples, but got targets of shape "
            f"{y.shape}."
        )
    if not np.issubdtype(y.dtype, np.floating):
        return y
    _check_finite(y)
    return y.astype(dtype or y.dtype, copy=False)


def class_numbers(loss: str, y: Array, n_out: int) -> Array:
    """Return one of the classes 0 … K−1 for each sample, `(N,)`.

    Raises:
        DataError: the numbers are not whole, or there are more classes than outputs.
    """
    if not np.issubdtype(y.dtype, np.integer):
        raise DataError(
            f"{loss} needs whole class numbers, but got {y.dtype}; convert them with y.astype(int)."
        )
    if y.min() < 0 or y.max() >= n_out:
        raise DataError(
            f"A network with {n_out} outputs has the classes 0 to {n_out - 1}, but the "
            f"targets go from {y.min()} to {y.max()}."
        )
    return y


def class_probabilities(loss: str, y: Array, dtype: DTypeLike | None = None) -> Array:
    """Return a probability for each class, `(N, K)`, each row divided by its sum.

    Raises:
        DataError: a value is not finite or negative, or a row does not sum to 1.
    """
    _check_finite(y)
    if y.min() < 0:
        row = int(y.min(axis=1).argmin())
        raise DataError(
            f"{loss} needs probabilities of at least 0, but those of sample {row} go down to "
            f"{y[row].min()}; give probabilities, or class numbers of shape ({len(y)},)."
        )
    totals = y.sum(axis=1, keepdims=True, dtype=np.float64)
    if (off := np.abs(totals - 1)).max() > SUM_TOLERANCE:
        row = int(off.argmax())
        raise DataError(
            f"{loss} needs probabilities that sum to 1 for each sample, but those of sample {row} "
            f"sum to {totals[row, 0]:g}; divide each row by its sum."
        )
    normalized: Array = (y / totals).astype(dtype or np.result_type(y.dtype, np.float32))
    return normalized


def _check_finite(y: Array) -> None:
    if not np.isfinite(y).all():
        raise DataError(
            f"The targets hold {np.size(y) - np.isfinite(y).sum()} values that are not finite; "
            "remove those samples or fill in what is missing."
        )
