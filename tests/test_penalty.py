"""The L2 penalty as a part of the loss, and an order that is given."""

from typing import Any

import numpy as np
import pytest
from laws import normal, peak_bytes

from plainnet.errors import SettingError
from plainnet.network import Array, MeanSquaredError, Network
from plainnet.network.gradient_check import largest_error
from plainnet.training import Batches, GradientDescent, InputPipeline, Regularization, train
from plainnet.training.l2 import add_l2
from plainnet.training.optimizer import BLOCK

N = 7
X, Y = normal(N, 3), normal(N, 2, seed=1)


def network(*sizes: int) -> Network:
    return Network.dense(sizes or (3, 5, 2), dtype=np.float64, rng=3)


def trained(net: Network, optimizer: Any = None, **settings: Any) -> list[float]:
    """The loss of each epoch."""
    l2, order = settings.pop("l2", 0.0), settings.pop("order", None)
    given = {"epochs": 3, "batch_size": 3, **settings}
    given |= {"regularization": Regularization(l2), "pipeline": InputPipeline(order=order)}
    epochs = train(net, MeanSquaredError(), optimizer or GradientDescent(0.1), X, Y, **given)
    return [epoch.loss for epoch in epochs]


def test_the_gradient_is_that_of_the_penalty() -> None:
    net = network()
    net.grad[...] = 0
    J = add_l2(net, 0.7)
    W = net.theta[: net.n_weights]
    assert pytest.approx(0.35 * float(W @ W), rel=1e-14) == J
    numeric = largest_error(lambda: add_l2(net.copy(), 0.7), net.theta, net.grad.copy())
    assert numeric < 1e-6
    assert not net.grad[net.n_weights :].any()  # biases cost nothing


def test_it_is_added_to_what_is_there_and_goes_over_large_networks_in_blocks() -> None:
    net = Network.dense([600, 300, 2])
    assert net.n_weights > BLOCK
    net.grad[...] = 1
    J = add_l2(net, 0.5)
    W = net.theta[: net.n_weights].astype(np.float64)
    assert pytest.approx(0.25 * float(W @ W), rel=1e-5) == J
    np.testing.assert_allclose(net.grad[: net.n_weights], 1 + 0.5 * W, rtol=1e-6)
    assert (net.grad[net.n_weights :] == 1).all()
    assert peak_bytes(lambda: add_l2(net, 0.5)) < 10_000


@pytest.mark.parametrize("weights", [None, np.arange(1.0, N + 1)])
def test_a_whole_batch_decays_as_weight_decay_by_its_share(weights: Array | None) -> None:
    one, other = network(), network()
    n = N if weights is None else float(weights.sum())
    losses = trained(one, l2=0.9, batch_size=None, weights=weights)
    bare = trained(
        other, GradientDescent(0.1, weight_decay=0.9 / n), batch_size=None, weights=weights
    )
    np.testing.assert_allclose(one.theta, other.theta, rtol=1e-13, atol=1e-15)
    W = network().theta[: one.n_weights]
    assert losses[0] == pytest.approx(bare[0] + 0.9 / n / 2 * float(W @ W), rel=1e-13)


def test_each_batch_has_its_own_share_of_it() -> None:
    """Of 7 samples in batches of 3 the last has one sample, and thrice the penalty."""
    one, other = network(), network()
    trained(one, l2=0.9, order=np.arange, epochs=1)
    optimizer = GradientDescent(0.1)
    for rows in (slice(0, 3), slice(3, 6), slice(6, 7)):
        optimizer.weight_decay = 0.9 / len(X[rows])
        _, dZ = MeanSquaredError().value_and_grad(other.forward(X[rows], training=True), Y[rows])
        other.backward(dZ)
        optimizer.step(other.theta, other.grad, other.n_weights)
    np.testing.assert_allclose(one.theta, other.theta, rtol=1e-13, atol=1e-15)


def test_a_batch_that_counts_nothing_costs_nothing() -> None:
    net, weights = network(), np.array([1.0, 2, 1, 0, 0, 0, 1])
    losses = trained(net, l2=0.9, order=np.arange, weights=weights)
    assert np.isfinite(losses).all()
    assert np.isfinite(net.theta).all()


def test_a_penalty_below_0_is_refused() -> None:
    with pytest.raises(SettingError, match=r"^The L2 penalty must be a number in \[0, inf\), but"):
        trained(network(), l2=-1)


def test_a_given_order_is_asked_for_at_each_epoch() -> None:
    asked: list[int] = []

    def backwards(n: int) -> Array:
        asked.append(n)
        return np.roll(np.arange(n)[::-1], len(asked))

    numbered = np.arange(5.0).reshape(5, 1)
    batches = Batches(numbered, numbered, size=2, pipeline=InputPipeline(order=backwards))
    seen = [[float(x) for inputs, _, _ in batches for x in inputs[:, 0]] for _ in range(2)]
    assert seen == [[0, 4, 3, 2, 1], [1, 0, 4, 3, 2]]
    assert asked == [5, 5]


def test_the_training_goes_by_a_given_order() -> None:
    forwards, also, drawn = network(), network(), network()
    trained(forwards, order=np.arange, rng=0)
    trained(also, order=np.arange, rng=5)
    trained(drawn, rng=0)
    np.testing.assert_array_equal(forwards.theta, also.theta)
    assert (forwards.theta != drawn.theta).any()
