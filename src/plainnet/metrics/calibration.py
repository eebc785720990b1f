"""Calibration of a trained network's answers: temperature and threshold."""

from collections.abc import Callable
from math import exp, log
from typing import Literal

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import DataError
from plainnet.metrics.weighting import weighted
from plainnet.network import Array, Loss

Wanted = Literal["precision", "recall"]
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.25, 20.0
"""The range of temperatures: for samples that are all answered correctly, T → 0 would be best."""
MOST_SECANTS = 100
"""The number of secants after which a search ends in any case; about ten are enough."""


def fit_temperature(
    loss: Loss, Z: Array, y: Array, weights: Array | None = None, tolerance: float = 1e-9
) -> float:
    """Return the temperature T that minimizes the mean loss of Z / T; above 1 if overconfident.

    It changes the probabilities, but no answer. Guo, Pleiss, Sun, Weinberger: On calibration of
    modern neural networks (2017), section 4.2.

    J is convex in β = 1/T, and dJ/dβ = Σ Z · dJ/d(βZ) follows from the loss's own gradient.

    Args:
        loss: a cross-entropy.
        Z: logits `(N, K)` of samples that the network was not trained on.
        y: their targets, as the loss takes them.
        weights: the weight of each sample `(N,)`; None: all equal.
        tolerance: of ln T.
    """
    weights, Z, y = weighted(weights, Z, y)
    Z = Z.astype(np.float64)

    def slope(log_beta: float) -> float:
        """Return dJ/dβ."""
        _, dZ = loss.value_and_grad(exp(log_beta) * Z, y, weights)
        return float((dZ * Z).sum())

    bounds = -log(HIGHEST_TEMPERATURE), -log(LOWEST_TEMPERATURE)
    return exp(-zero_of(slope, *bounds, tolerance))


def zero_of(f: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Return where an increasing function is 0; without a zero, the bound that is closer to it.

    The secant through both bounds decides where to look next. A bound that stays twice has its
    value halved, so that the other one moves as well: the Illinois method of Dowell, Jarratt: A
    modified regula falsi method for computing the root of an equation (1971).
    """
    f_low, f_high = f(low), f(high)
    if f_low >= 0 or f_high <= 0:
        return low if f_low >= 0 else high
    x, before, moved = low, high, 0
    for _ in range(MOST_SECANTS):
        before, x = x, (low * f_high - high * f_low) / (f_high - f_low)
        value = f(x)
        if value > 0:
            high, f_high, f_low = x, value, f_low / 2 if moved > 0 else f_low
        else:
            low, f_low, f_high = x, value, f_high / 2 if moved < 0 else f_high
        moved = 1 if value > 0 else -1
        if abs(x - before) <= tolerance or value == 0:
            break
    return x


def threshold_for(
    wanted: Wanted, least: float, p: Array, y: Array, weights: Array | None = None
) -> tuple[float, float, float]:
    """Return the threshold of "yes if p ≥ threshold" for a precision or recall, and both there.

    Of all thresholds that reach the wanted precision, it is the one with the highest recall, and
    vice versa.

    Args:
        wanted: which of the two.
        least: its lower bound, 0 < least ≤ 1.
        p: probabilities of yes `(N,)`.
        y: 1 where yes is right, else 0 `(N,)`.
        weights: the weight of each sample `(N,)`; None: all equal.

    Returns:
        Threshold, precision, recall.

    Raises:
        SettingError: `least` is out of range.
        DataError: y has no yes, or no threshold reaches `least`.
    """
    least = check_number(f"wanted {wanted}", least, "(0, 1]")
    weights, p, y = weighted(weights, p, y)
    if not y.any():
        raise DataError("A threshold needs samples of its class, but there are none; add some.")
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
    # halfway to the next lower p, so that rounding does not change an answer
    levels = np.append(p[order][ends].astype(np.float64), 0.0)
    threshold = (levels[best] + levels[best + 1]) / 2
    return float(threshold), float(precision[best]), float(recall[best])
