"""The temperature of a network's logits, and the loss that it will have with it."""

from collections.abc import Callable, Mapping

import numpy as np

from plainnet.metrics.calibration import fit_temperature
from plainnet.metrics.weighting import effective_size
from plainnet.network import Array, SigmoidCrossEntropy, SoftmaxCrossEntropy

CrossEntropy = SigmoidCrossEntropy | SoftmaxCrossEntropy
ENOUGH_FOR_TEMPERATURE = 30
"""The number of validation samples from which a temperature is fitted."""


def cautious_temperature(
    loss: CrossEntropy, Z: Array, y: Array, weights: Array | None, tolerance: float = 1e-9
) -> float:
    """Return the temperature as if one more label had been drawn by chance; 1 for too few samples.

    By luck a network may answer nearly all of a few samples correctly; the best temperature for
    these would make it very sure of all its answers. Of n samples, each label is taken as a random
    one with probability 1/(n + 1), which is label smoothing. Platt: Probabilistic outputs for
    support vector machines (1999), section 2.2, has such targets.

    Args:
        loss: its own smoothing plays no part.
        Z: logits `(N, K)` of samples that the network was not trained on.
        y: their targets, as the loss takes them.
        weights: the weight of each sample `(N,)`; None: all equal.
        tolerance: of ln T.
    """
    if len(Z) < ENOUGH_FOR_TEMPERATURE:
        return 1.0
    n = len(Z) if weights is None else effective_size(weights)
    return fit_temperature(type(loss)(1 / (n + 1)), Z, y, weights, tolerance)


def temperature_of(loss: CrossEntropy, Z: Array, y: Array, weights: Array | None) -> float:
    """Return the temperature for the validation samples; 1 for too few."""
    return cautious_temperature(loss, Z, loss.check_targets(y, len(Z), Z.shape[1]), weights)


def calibrated_metrics(
    loss: CrossEntropy, weights_of: Callable[[Array], Array] | None = None
) -> Callable[..., Mapping[str, float]]:
    """Return a function that measures accuracy, and the loss at the network's temperature.

    Args:
        loss: a cross-entropy.
        weights_of: returns the weights by class of samples with these targets; None: all equal.
    """

    def measure(Z: Array, y: Array, weights: Array | None = None) -> dict[str, float]:
        """Measure the outputs of a network."""
        accuracy = loss.metrics(Z, y, weights)
        if weights_of is not None:
            own = weights_of(y)
            weights = own if weights is None else own * weights
        T = cautious_temperature(loss, Z, y, weights, tolerance=1e-4)
        J = loss.value_and_grad(Z.astype(np.float64) / T, y, weights)[0]
        return {**accuracy, "calibrated_loss": J}

    return measure
