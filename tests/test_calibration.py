"""Temperatures and thresholds."""

from typing import Any

import numpy as np
import pytest

from plainnet import SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.errors import DataError, SettingError
from plainnet.metrics.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    fit_temperature,
    threshold_for,
)
from plainnet.models.calibrated import cautious_temperature
from plainnet.network import Array


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_found(true: float) -> None:
    rng = np.random.default_rng(0)
    Z: Array = rng.normal(size=(40_000, 4)) * 2
    P = SoftmaxCrossEntropy().probabilities(Z)
    y = (P.cumsum(axis=1) < rng.random((len(Z), 1))).sum(axis=1)
    assert fit_temperature(SoftmaxCrossEntropy(), Z * true, y) == pytest.approx(true, rel=0.03)
    p = SigmoidCrossEntropy().probabilities(Z[:, :1])
    yes = (rng.random(p.shape) < p).astype(float)
    found = fit_temperature(SigmoidCrossEntropy(), Z[:, :1] * true, yes)
    assert found == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_temperature_has_a_lower_loss(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Z, y, loss = rng.normal(size=(50, 3)) * 4, rng.integers(0, 3, 50), SoftmaxCrossEntropy()
    T = fit_temperature(loss, Z, y)
    J = loss.value_and_grad(Z / T, y)[0]
    for other in np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, 200):
        assert loss.value_and_grad(Z / other, y)[0] + 1e-12 >= J


def test_it_stays_between_its_bounds() -> None:
    loss, y = SigmoidCrossEntropy(), np.array([[0.0], [1.0]])
    Z = np.array([[-1.0], [1.0]])
    assert fit_temperature(loss, Z, y) == pytest.approx(LOWEST_TEMPERATURE)
    assert fit_temperature(loss, -Z, y) == pytest.approx(HIGHEST_TEMPERATURE)


@pytest.mark.parametrize(("n", "weights"), [(40, None), (99, None), (80, [1.0, 0.0] * 40)])
def test_right_answers_to_few_samples_make_no_network_sure(n: int, weights: Any) -> None:
    """Of n samples that are answered correctly, 1/2 of one more is taken as answered wrongly."""
    y = np.arange(n) % 3 % 2
    w = None if weights is None else np.array(weights)
    counted = n if w is None else np.count_nonzero(w)
    two, three = 9.0 * (2 * y[:, None] - 1), 9.0 * np.eye(3)[y]
    T = cautious_temperature(SigmoidCrossEntropy(0.2), two, y[:, None].astype(float), w)
    P = SigmoidCrossEntropy().probabilities(two / T)
    assert np.where(y, P[:, 0], 1 - P[:, 0]) == pytest.approx(1 - 1 / 2 / (counted + 1))
    T = cautious_temperature(SoftmaxCrossEntropy(), three, y, w)
    P = SoftmaxCrossEntropy().probabilities(three / T)
    assert P[np.arange(n), y] == pytest.approx(1 - 2 / 3 / (counted + 1))


def test_thresholds_by_hand() -> None:
    p, y = np.array([0.9, 0.8, 0.8, 0.6, 0.3]), np.array([1, 1, 0, 1, 0])
    assert threshold_for("precision", 0.9, p, y) == pytest.approx((0.85, 1.0, 1 / 3))
    assert threshold_for("precision", 0.7, p, y) == pytest.approx((0.45, 0.75, 1.0))
    assert threshold_for("recall", 0.5, p, y) == pytest.approx((0.45, 0.75, 1.0))
    assert threshold_for("recall", 1.0, p, y) == pytest.approx((0.45, 0.75, 1.0))


def test_what_cannot_be_reached_is_said() -> None:
    p, y = np.array([0.9, 0.8]), np.array([0, 1])
    with pytest.raises(DataError, match=r"the best is 0\.500"):
        threshold_for("precision", 0.9, p, y)
    with pytest.raises(DataError, match="there are none"):
        threshold_for("recall", 0.9, p, np.zeros(2, int))
    with pytest.raises(SettingError, match="wanted recall"):
        threshold_for("recall", 1.1, p, y)
