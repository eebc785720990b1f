"""The calibration of the mean of several networks' probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp, log
from typing import Self

import numpy as np

from plainnet.data import Dataset
from plainnet.metrics.calibration import zero_of
from plainnet.models.answers import Answers
from plainnet.models.calibrated import cautious_temperature
from plainnet.models.ensemble import EnsembleMember, Shared, mean_of
from plainnet.network import Array, SoftmaxCrossEntropy

SMALLEST = 1e-12
"""The probability below which none is distinguished."""
MOST_SHARPNESS = 2.0
"""The highest sharpness that is expected of a mean."""


def fit_sharpness(P: Array, data: Dataset) -> float:
    """Return the power of mean probabilities with the lowest loss; 1 for too few samples.

    A mean of calibrated probabilities is less confident than it could be.

    Args:
        P: mean probabilities `(N, K)` of samples that their networks have not learned from.
        data: the samples.
    """
    Z = np.log(np.maximum(P, SMALLEST))
    return 1 / cautious_temperature(SoftmaxCrossEntropy(), Z, data.y, data.weights)


def expected_sharpness(each: Sequence[Array], shares: Sequence[float]) -> float:
    """Return the power at which the mean of calibrated probabilities is calibrated as well.

    It follows from how far the networks disagree, without labels: see docs/derivations.md, The
    mean of several networks.

    Args:
        each: the probabilities `(N, K)` of each network.
        shares: the weight of each in the mean.
    """
    mean = np.average(each, axis=0, weights=shares).astype(np.float64)
    log_mean = np.log(np.maximum(mean, SMALLEST))
    own = [_entropy(P) for P in each]
    excess = [(mean * (log_mean - np.log(np.maximum(P, SMALLEST)))).sum(axis=1) for P in each]
    wanted = np.average(np.mean(own, axis=1) - np.mean(excess, axis=1), weights=shares)
    found = zero_of(
        lambda log_s: float(wanted - _entropy(sharpened(mean, exp(log_s))).mean()),
        *(0.0, log(MOST_SHARPNESS)),
        tolerance=1e-6,
    )
    return exp(found)


def _entropy(P: Array) -> Array:
    """Return −Σ P ln P of probabilities, `(N,)` in float64."""
    found: Array = -(P * np.log(np.maximum(P, SMALLEST), dtype=np.float64)).sum(axis=1)
    return found


def sharpened(P: Array, sharpness: float) -> Array:
    """Return Pˢ / Σ Pˢ of probabilities `(N, K)`, with the sharpness s."""
    if sharpness == 1:
        return P
    power: Array = P ** P.dtype.type(sharpness)
    power /= power.sum(axis=1, keepdims=True)
    return power


def described_outputs(
    n_classes: int, networks: Sequence[EnsembleMember], sharpness: float, priced: bool = False
) -> str:
    """Describe how the probabilities and the class follow from the networks' outputs.

    Args:
        n_classes: how many classes there are.
        networks: the networks.
        sharpness: the power of mean probabilities.
        priced: whether wrong answers have costs.
    """
    if n_classes == 2:
        outputs = "one logit z; P(class 1) = 1 / (1 + exp(-z / temperature)), P(class 0) = 1 - that"
        answer = "the answer is class 1 where P(class 1) >= threshold"
    else:
        outputs = "a logit for each class; P = softmax(logits / temperature)"
        highest = "highest P" if not priced else "lowest cost P @ costs"
        answer = f"the answer is the class of the {highest}"
    mean = f"P is {mean_of(networks)}, each with its temperature; " if len(networks) > 1 else ""
    power = f"then P ** {sharpness:g}, divided by its sum; " if sharpness != 1 else ""
    return f"{outputs}; {mean}{power}{answer}"


@dataclass(frozen=True)
class Probabilities(Answers):
    """Answers `(N, K)` whose mean over networks is calibrated once more."""

    sharpness: float = field(default=1.0, kw_only=True)
    """The power of the networks' mean probabilities, which are then made to sum to 1."""
    held_out_sharpness: float = field(default=1.0, kw_only=True)
    """That of the mean over the networks that have not learned from a validation sample."""

    def calibrated(self, data: Dataset, A: Array) -> Self:
        """Fit the sharpness."""
        s = fit_sharpness(A, data)
        return replace(self, sharpness=s, held_out_sharpness=s)

    def sharpened(self, all_: Shared, calibrated: Shared | None) -> Self:
        """Sharpen the mean of all networks as far as they disagree.

        Args:
            all_: their answers to some samples, and the share of each in the mean.
            calibrated: those whose mean was `calibrated`; None: each of them alone was.
        """
        factor = expected_sharpness(*all_) / (expected_sharpness(*calibrated) if calibrated else 1)
        return replace(self, sharpness=self.sharpness * factor)

    def uncalibrated(self) -> Self:
        """Leave the mean probabilities as they are."""
        return replace(self, sharpness=1.0, held_out_sharpness=1.0)

    def of_mean(self, A: Array, held_out: bool = False) -> Array:
        """Sharpen mean probabilities."""
        return sharpened(A, self.held_out_sharpness if held_out else self.sharpness)
