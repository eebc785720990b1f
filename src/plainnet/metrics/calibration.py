"""What is done with a trained network's answers: honest probabilities, and where to say yes."""

from typing import Literal

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import DataError
from plainnet.metrics.weighting import weighted
from plainnet.network import Array, Loss

COLDEST, HOTTEST = 0.25, 20.0
"""Temperatures looked at: samples that are all answered rightly would like it ever colder."""


def fit_temperature(loss: Loss, Z: Array, y: Array, weights: Array | None = None) -> float:
    """The temperature T that makes the mean loss of Z / T least; above 1 for an overconfident net.

    It changes no answer, only how sure the network says to be. Guo, Pleiss, Sun, Weinberger: On
    calibration of modern neural networks (2017), section 4.2.

    J is convex in β = 1/T, and dJ/dβ = Σ Z · dJ/d(βZ), which the loss's own gradient gives: its
    zero is found by halving.

    Args:
        loss: a cross-entropy.
        Z: logits `(N, K)` of samples that the network was not trained on.
        y: their targets, as the loss takes them.
        weights: what each sample counts `(N,)`; None: all the same.
    """
    weights, Z, y = weighted(weights, Z, y)
    Z = Z.astype(np.float64)
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(60):
        beta = (low * high) ** 0.5
        _, dZ = loss.value_and_grad(beta * Z, y, weights)
        if float((dZ * Z).sum()) > 0:
            high = beta
        else:
            low = beta
    return 1 / low


def threshold_for(
    wanted: Literal["precision", "recall"],
    least: float,
    p: Array,
    y: Array,
    weights: Array | None = None,
) -> tuple[float, float, float]:
    """The threshold of "yes where p ≥ it" that reaches a precision or recall, and both there.

    Of all that reach the wanted precision the one with the highest recall, and the other way round.

    Args:
        wanted: which of the two.
        least: at least so much of it, 0 < least ≤ 1.
        p: probabilities of yes `(N,)`.
        y: 1 where yes is right, else 0 `(N,)`.
        weights: what each sample counts `(N,)`; None: all the same.

    Returns:
        Threshold, precision, recall.

    Raises:
        SettingError: `least` is out of its range.
        DataError: no yes among the samples, or no threshold reaches it.
    """
    least = check_number(f"wanted {wanted}", least, "(0, 1]")
    weights, p, y = weighted(weights, p, y)
    if not y.any():
        raise DataError(
            "A threshold needs samples of the class that it is for, but there are none."
        )
    order = np.argsort(-p, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))  # equal p go together
    w = np.ones(len(p)) if weights is None else weights[order].astype(np.float64)
    called, right = np.cumsum(w)[ends], np.cumsum(w * y[order])[ends]
    precision, recall = right / called, right / right[-1]
    reached, other = (precision, recall) if wanted == "precision" else (recall, precision)
    if not (reached >= least).any():
        raise DataError(
            f"No threshold reaches a {wanted} of {least:g} on the {len(p)} validation samples; the "
            f"best is {reached.max():.3f}, so ask for less."
        )
    best = int(np.lexsort((reached, np.where(reached >= least, other, -1.0)))[-1])
    # half-way to the next lower p, so that no rounding tips a sample
    levels = np.append(p[order][ends].astype(np.float64), 0.0)
    threshold = (levels[best] + levels[best + 1]) / 2
    return float(threshold), float(precision[best]), float(recall[best])
