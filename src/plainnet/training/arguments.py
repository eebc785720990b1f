"""What a training is given, checked before the first step: each part in its place, and the samples.

Errors name what stands in the wrong place: the order is network, loss, optimizer, X, y.
"""

import math
from typing import Any

from plainnet.errors import SettingError, ShapeError
from plainnet.files.rows import as_samples
from plainnet.network import Array, Loss, Network
from plainnet.network.arguments import check_part
from plainnet.network.arrays import unmasked
from plainnet.training.batches import counting_samples
from plainnet.training.optimizer import Optimizer


def check_parts(network: Any, loss: Any, optimizer: Any) -> None:
    """Refuse what is no network, no loss or no optimizer.

    Raises:
        SettingError: the message says what stands in its place.
    """
    order = "network, loss, optimizer, X, y"
    check_part("network", network, Network, "Network.dense([2, 16, 1])", order)
    check_part("loss", loss, Loss, "SoftmaxCrossEntropy()", order)
    check_part("optimizer", optimizer, Optimizer, "Adam()", order)


def checked_samples(
    network: Network, loss: Loss, X: Any, y: Any, weights: Any = None
) -> tuple[Array, Array, Array | None]:
    """Samples, targets as the loss computes with them, and weights, once they fit the network.

    Those of weight 0 are left out.

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


def checked_validation(
    network: Network, loss: Loss, validation: Any
) -> tuple[Array, Array, Array | None] | None:
    """Samples to measure on, as `checked_samples` gives them; None: none.

    Raises:
        SettingError: it is not (X, y) or (X, y, weights).
        ShapeError, DataError: they do not fit the network.
    """
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        n = f" of {len(validation)}" if isinstance(validation, (tuple, list)) else ""
        raise SettingError(
            "validation must be a pair (X, y), or (X, y, weights), but got "
            f"{type(validation).__name__}{n}."
        )
    return checked_samples(network, loss, *validation)


def _fits(X: Array, n_in: int | None) -> bool:
    """Whether X could be samples of so many features."""
    return X.ndim > 1 and n_in is not None and math.prod(X.shape[1:]) == n_in
