"""Max-norm: no unit's weights get longer than they may."""

from typing import Any

import numpy as np
import pytest
from laws import device, peak_bytes, randomized

from plainnet import BatchNorm, Dense, Network, ReLU
from plainnet.errors import SettingError
from plainnet.training import max_norm as constraints
from plainnet.training.max_norm import BLOCK_ROWS, limit_norms


def network(**settings: Any) -> Network:
    """The first W has more rows than are squared at once, and not a whole number of blocks."""
    layers = [Dense(2 * BLOCK_ROWS + 50, 9), BatchNorm(9), ReLU(), Dense(9, 3)]
    made = randomized(Network(layers, **settings))
    made.parameters["layers.3.W"][...] *= [1e-3, 1, 10]
    return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("c", [0.5, 3, 22])
def test_long_columns_are_scaled_down_and_others_stay(dtype: type, c: float) -> None:
    learner = network(dtype=dtype)
    before, rest = learner.copy(), learner.theta[learner.n_weights :].copy()
    limit_norms(learner, c)
    for name in ("layers.0.W", "layers.3.W"):
        W, was = learner.parameters[name], before.parameters[name]
        lengths = np.linalg.norm(was, axis=0)
        np.testing.assert_allclose(W, was * np.minimum(1, c / lengths), rtol=1e-5)
        assert (np.linalg.norm(W, axis=0) <= c * (1 + 1e-6)).all()
        np.testing.assert_array_equal(W[:, lengths < c], was[:, lengths < c])
    np.testing.assert_array_equal(learner.theta[learner.n_weights :], rest)


def test_twice_is_once() -> None:
    learner = network(dtype=np.float64)
    limit_norms(learner, 2)
    once = learner.theta.copy()
    limit_norms(learner, 2)
    np.testing.assert_allclose(learner.theta, once, rtol=1e-15)


def test_nothing_is_allocated_after_the_first_call() -> None:
    learner = Network([Dense(3000, 400)])
    learner.theta[...] = 1
    limit_norms(learner, 2)
    learner.theta[...] = 1
    assert peak_bytes(lambda: limit_norms(learner, 1)) < learner.theta.nbytes / 100


def test_weights_whose_squares_overflow_keep_their_direction() -> None:
    learner = Network([Dense(2, 2)])
    W = learner.parameters["layers.0.W"]
    W[...] = [[3e30, 0.3], [-4e30, 0.4]]
    with np.errstate(over="ignore"):
        limit_norms(learner, 5)
    np.testing.assert_allclose(W, [[3, 0.3], [-4, 0.4]], rtol=1e-6)


def test_what_is_not_a_number_is_not_hidden() -> None:
    learner = Network([Dense(2, 2)])
    learner.parameters["layers.0.W"][0, 0] = np.nan
    limit_norms(learner, 0.1)
    assert np.isnan(learner.theta).any()


def test_it_works_on_another_array_module() -> None:
    xp, _ = device()
    there, here = Network([Dense(4, 3)], xp=xp), Network([Dense(4, 3)])
    limit_norms(there, 0.5)
    limit_norms(here, 0.5)
    theta: Any = there.theta
    np.testing.assert_array_equal(theta.held, here.theta)


@pytest.mark.parametrize("c", [0, -1, float("inf")])
def test_a_bound_out_of_range_is_refused(c: float) -> None:
    with pytest.raises(SettingError) as caught:
        limit_norms(Network.dense([2, 1]), c)
    assert str(caught.value) == (
        f"The largest norm of the weights into a unit must be a number in (0, inf), but got {c!r}."
    )


def test_a_network_is_not_kept_alive() -> None:
    learner = Network.dense([2, 1])
    before = len(constraints._memory)
    limit_norms(learner, 1)
    del learner
    assert len(constraints._memory) == before
