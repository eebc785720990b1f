"""Check the arguments of a training before its first step: the types of its parts, and the samples.

Errors name arguments in the wrong place: the order is network, loss, optimizer, X, y.
"""

import math
from types import ModuleType
from typing import Any

import numpy as np

from plainnet.errors import ShapeError
from plainnet.files.rows import as_samples
from plainnet.metrics.weighting import check_weights
from plainnet.network import Array, Loss, Network
from plainnet.network.arguments import check_part
from plainnet.network.numbers import unmasked
from plainnet.training.batches import counting_samples
from plainnet.training.optimizer import Optimizer


def check_parts(network: Any, loss: Any, optimizer: Any) -> None:
    """Check the types of network, loss and optimizer.

    Raises:
        SettingError: one of them is something else.
    """
    order = "network, loss, optimizer, X, y"
    check_part("network", network, Network, "Network.dense([2, 16, 1])", order)
    check_part("loss", loss, Loss, "SoftmaxCrossEntropy()", order)
    check_part("optimizer", optimizer, Optimizer, "Adam()", order)


def checked_samples(
    network: Network, loss: Loss, X: Any, y: Any, weights: Any = None
) -> tuple[Array, Array, Array | None]:
    """Check that the data fit the network, and return samples, targets and weights.

    The targets have the form that the loss computes with. Samples of weight 0 are removed.

    Raises:
        ShapeError, DataError: they do not.
    """
    X, y = as_samples(X), unmasked(y, "y")
    if _fits(y, network.n_in) and not _fits(X, network.n_in):
        raise ShapeError(
            f"X and y seem to be swapped: the network takes samples of {network.n_in} features, "
            f"but X is of shape {X.shape} and y of {y.shape}; the order is X, y."
        )
    X, y, weights = counting_samples(X, y, weights, network.n_in)
    n_out = network.n_out or math.prod(X.shape[1:])
    return X, loss.check_targets(y, len(X), n_out, network.dtype), weights


def batch_that_counts(
    X: Any, y: Any, weights: Any, xp: ModuleType
) -> tuple[Array, Array, Array | None]:
    """Remove the samples of weight 0 from a batch, unless all have it; so BatchNorm ignores them.

    Raises:
        ShapeError, DataError: the weights are not one number ≥ 0 for each sample, or values are
            masked.
    """
    if xp is np:
        X, y = unmasked(X, "X"), unmasked(y, "y")
        weights = None if weights is None else unmasked(weights, "The array of weights")
    if weights is None:
        return X, y, None
    if weights.dtype == np.float16:  # its sums soon overflow
        weights = weights.astype(np.float64)
    if weights.shape != (len(X),):
        check_weights(weights, len(X))
    counting = weights > 0
    n = float(counting.sum())
    if n < len(X) and float((weights == 0).sum()) != len(X) - n:  # negative, or NaN
        check_weights(weights, len(X))
    return (X[counting], y[counting], weights[counting]) if 0 < n < len(X) else (X, y, weights)


def _fits(X: Array, n_in: int | None) -> bool:
    """Return whether X could be samples of n_in features."""
    return X.ndim > 1 and n_in is not None and math.prod(X.shape[1:]) == n_in
