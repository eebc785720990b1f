"""The average of the weights: what it is a mean of, and that it goes on from its state."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from laws import device, normal, peak_bytes

from plainnet import GradientDescent, MeanSquaredError, Network, train_step
from plainnet.errors import PlainnetError, SettingError, ShapeError
from plainnet.network import Array
from plainnet.training.averaging import Average, PolynomialAverage
from plainnet.training.optimizer import BLOCK

STEPS = normal(30, 5)


def averaged(decay: float, steps: Array = STEPS) -> Average:
    average = Average(decay)
    for theta in steps:
        average.update(theta)
    return average


@pytest.mark.parametrize("decay", [0.2, 0.9, 0.9999])
def test_each_step_back_counts_decay_times_as_much(decay: float) -> None:
    shares = decay ** np.arange(len(STEPS))[::-1]
    np.testing.assert_allclose(averaged(decay).theta, shares @ STEPS / shares.sum(), rtol=1e-11)


def test_with_a_decay_of_1_it_is_the_plain_mean_and_of_0_the_latest() -> None:
    np.testing.assert_allclose(averaged(1).theta, STEPS.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(averaged(0).theta, STEPS[-1], rtol=1e-14)


@pytest.mark.parametrize("eta", [0, 1, 9])
def test_a_polynomial_average_is_what_its_shares_say(eta: float) -> None:
    average, shares = PolynomialAverage(eta), np.ones(len(STEPS))
    for t, theta in enumerate(STEPS, 1):
        average.update(theta)
        shares[: t - 1] *= 1 - (eta + 1) / (t + eta)
        shares[t - 1] = (eta + 1) / (t + eta)
    np.testing.assert_allclose(average.theta, shares @ STEPS, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(shares.sum(), 1, rtol=1e-12)


def test_a_polynomial_average_reaches_back_over_the_same_share_of_any_training() -> None:
    for t in (100, 1000):
        average = PolynomialAverage(9)
        for step in range(1, t + 1):
            average.update(np.array([float(step)]))
        np.testing.assert_allclose(average.theta / t, 10 / 11, rtol=0.02)


@pytest.mark.parametrize("decay", [0.5, 0.999, 1])
def test_after_one_step_it_is_that_step_and_of_equal_ones_that_one(decay: float) -> None:
    np.testing.assert_array_equal(averaged(decay, STEPS[:1]).theta, STEPS[0])
    np.testing.assert_array_equal(averaged(decay, STEPS[[3] * 9]).theta, STEPS[3])


def test_float32_stays_float32_and_is_as_exact() -> None:
    steps = 1 + 1e-3 * normal(5000, 3)
    exact, found = averaged(0.999, steps), averaged(0.999, steps.astype(np.float32))
    assert found.theta.dtype == np.float32
    np.testing.assert_allclose(found.theta, exact.theta, rtol=1e-6)


def test_large_vectors_go_block_by_block_without_new_memory() -> None:
    theta = normal(3 * BLOCK // 2, dtype=np.float32)
    average = Average(0.5)
    average.update(theta)
    later = theta + 3
    assert peak_bytes(lambda: average.update(later)) < 10_000
    np.testing.assert_allclose(average.theta, theta + 2, rtol=1e-5, atol=1e-6)


def test_it_goes_on_from_its_state_bit_for_bit() -> None:
    one, other = averaged(0.9, STEPS[:11]), Average(0.9)
    state = one.state()
    one.update(STEPS[11])
    other.restore(state)
    other.update(STEPS[11])
    np.testing.assert_array_equal(other.theta, one.theta)
    assert other.t == one.t == 12
    fresh = Average(0.9)
    fresh.restore(Average(0.9).state())
    fresh.update(STEPS[0])
    np.testing.assert_array_equal(fresh.theta, STEPS[0])


def test_the_state_is_a_copy() -> None:
    average = averaged(0.9)
    state = average.state()
    held = state["theta"].copy()
    average.update(STEPS[0])
    np.testing.assert_array_equal(state["theta"], held)


def test_it_works_on_another_array_module() -> None:
    xp, _ = device()
    there: Any = Average(0.9)
    there.xp = xp
    for theta in STEPS[:4]:
        there.update(xp.asarray(theta))
    np.testing.assert_array_equal(there.theta.held, averaged(0.9, STEPS[:4]).theta)


def test_of_a_noisy_training_the_average_is_better_than_the_end() -> None:
    rng = np.random.default_rng(0)
    w = rng.normal(size=(4, 1))
    network, average = Network.dense([4, 1], dtype=np.float64), Average(0.99)
    loss, optimizer = MeanSquaredError(), GradientDescent(0.05)
    for _ in range(1000):
        X = rng.normal(size=(4, 4))
        train_step(network, loss, optimizer, X, X @ w + rng.normal(size=(4, 1)))
        average.update(network.theta)
    target = np.append(w, 0)
    error = np.linalg.norm(average.theta - target)
    assert error < 0.5 * np.linalg.norm(network.theta - target)


REFUSED: dict[str, tuple[Callable[[], object], type[PlainnetError], str]] = {
    "decay": (
        lambda: Average(1.1), SettingError,
        "The decay of an average must be a number in [0, 1], but got 1.1.",
    ),
    "nothing": (
        lambda: Average().theta, SettingError,
        "There is nothing to average yet; call update(theta) after a step.",
    ),
    "size": (
        lambda: averaged(0.9).update(np.zeros(6)), ShapeError,
        "The average is of 5 parameters so far, but got 6; make a new Average for each network.",
    ),
    "state": (
        lambda: Average().restore({"t": np.array(3), "v": np.zeros(3)}), ShapeError,
        "An average remembers ['t', 'theta'], but the state to restore holds ['t', 'v']; restore "
        "it into what it was taken from.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(
    make: Callable[[], object], error: type[PlainnetError], words: str
) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == words
