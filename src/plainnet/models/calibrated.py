"""The temperature of a network's logits, and the loss that it will have with it."""

from collections.abc import Callable, Mapping

import numpy as np

from plainnet.metrics.calibration import fit_temperature
from plainnet.network import Array, Loss

ENOUGH_FOR_TEMPERATURE = 30
"""The number of validation samples from which a temperature is fitted."""


def temperature_of(loss: Loss, Z: Array, y: Array, weights: Array | None) -> float:
    """Return the temperature that minimizes the loss of validation samples; 1 for too few."""
    if len(Z) < ENOUGH_FOR_TEMPERATURE:
        return 1.0
    measured = loss.measured
    return fit_temperature(measured, Z, measured.check_targets(y, len(Z), Z.shape[1]), weights)


def calibrated_metrics(
    loss: Loss, weights_of: Callable[[Array], Array] | None = None
) -> Callable[..., Mapping[str, float]]:
    """Return a function that measures accuracy, and the loss at its best temperature.

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
        enough = len(Z) >= ENOUGH_FOR_TEMPERATURE
        T = fit_temperature(loss, Z, y, weights, tolerance=1e-4) if enough else 1.0
        J = loss.value_and_grad(Z.astype(np.float64) / T, y, weights)[0]
        return {**accuracy, "calibrated_loss": J}

    return measure
