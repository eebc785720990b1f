"""The initial weights: their statistics, and what these are for."""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from laws import normal
from numpy.typing import DTypeLike

from plainnet import Adam, fit
from plainnet.errors import SettingError, ShapeError
from plainnet.network import (
    Array,
    Dense,
    DenseNTP,
    Dropout,
    Initializer,
    Layer,
    Network,
    Parametric,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    Tanh,
    glorot_uniform,
    he_normal,
    initialize_from_data,
    lecun_normal,
    random,
    zeros,
)
from plainnet.network.initializers import wide_normal

N_IN, N_OUT = 300, 200

# Initializer, and the standard deviation that it promises for 300 inputs and 200 outputs.
SPREADS: dict[str, tuple[Initializer, float]] = {
    "zeros": (zeros, 0),
    "random": (random(), 0.01),
    "random-0.5": (random(0.5), 0.5),
    "lecun": (lecun_normal, sqrt(1 / 300)),
    "he": (he_normal, sqrt(2 / 300)),
    "wide": (wide_normal, sqrt(4 / 300)),
    "glorot": (glorot_uniform, sqrt(2 / (300 + 200))),  # a² / 3
}


@pytest.mark.parametrize(("draw", "spread"), SPREADS.values(), ids=SPREADS)
def test_shape_mean_and_spread(draw: Initializer, spread: float) -> None:
    W = draw(np.random.default_rng(0), N_IN, N_OUT)
    assert W.shape == (N_IN, N_OUT)
    assert W.dtype == np.float64
    assert W.mean() == pytest.approx(0, abs=4 * spread / sqrt(W.size))
    assert W.std() == pytest.approx(spread, rel=0.02)


@pytest.mark.parametrize(("draw", "spread"), SPREADS.values(), ids=SPREADS)
def test_same_seed_same_bits(draw: Initializer, spread: float) -> None:
    first, again, other = (draw(np.random.default_rng(seed), 4, 3) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert bool((first != other).all()) == (spread > 0)


@pytest.mark.parametrize("draw", [random(), lecun_normal, he_normal])
def test_normal_weights_have_a_tail_of_the_right_weight(draw: Initializer) -> None:
    W = draw(np.random.default_rng(0), N_IN, N_OUT)
    assert (abs(W) > 2 * W.std()).mean() == pytest.approx(0.0455, abs=0.004)


def test_uniform_weights_fill_their_interval_and_stay_inside() -> None:
    W = glorot_uniform(np.random.default_rng(0), N_IN, N_OUT)
    a = sqrt(6 / (N_IN + N_OUT))
    assert 0.999 * a < W.max() <= a
    assert -a <= W.min() < -0.999 * a
    assert (abs(W) > a / 2).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("activation", "suited", "least"),
    [(ReLU, he_normal, 0.3), (Tanh, lecun_normal, 0.03), (Sigmoid, wide_normal, 0.03)],
    ids=["relu", "tanh", "sigmoid"],
)
def test_suited_weights_carry_a_signal_through_ten_layers(
    activation: type[Layer], suited: Initializer, least: float
) -> None:
    """Its mean square is kept, or squeezed slowly by tanh; with 0.01 · N(0, 1) it is lost."""
    X = normal(100, 128)

    def share(initializer: Initializer | None) -> float:
        layers: list[Layer] = []
        for _ in range(10):
            layers += [Dense(128, 128, initializer), activation()]
        network = Network(layers, dtype=np.float64)
        network.theta[network.n_weights :] = 0
        Y = network.forward(X)
        return float((Y**2).mean() / (X**2).mean())

    assert least < share(suited) < 1 / least
    assert share(None) == share(suited)
    if activation is not Sigmoid:  # which is ½ where nothing comes in
        assert share(random(0.01)) < 1e-8


def test_biases_in_front_of_a_tanh_or_a_sigmoid_are_spread() -> None:
    """As weights of one more input; the last ones, and those of a given initializer, are 0."""
    for activation in (Tanh(), Sigmoid()):
        network = Network([Dense(50, 4000), Dropout(), activation, Dense(4000, 3)])
        b = network.parameters["layers.0.b"]
        assert b.std() == pytest.approx(1 / sqrt(50), rel=0.05)
        assert b.mean() == pytest.approx(0, abs=4 / sqrt(50 * 4000))
        assert not network.parameters["layers.3.b"].any()
    given = Network([Dense(5, 4, lecun_normal), Tanh(), Dense(4, 3), Dense(3, 2)])
    assert not given.theta[given.n_weights :].any()


def test_biases_in_front_of_a_relu_can_be_spread() -> None:
    network = Network([Dense(50, 4000), ReLU(), Dense(4000, 3)])
    assert not network.theta[network.n_weights :].any()
    weights = network.theta[: network.n_weights].copy()
    network.spread_biases(np.random.default_rng(0))
    assert network.parameters["layers.0.b"].std() == pytest.approx(1 / sqrt(50), rel=0.05)
    assert not network.parameters["layers.2.b"].any()
    np.testing.assert_array_equal(network.theta[: network.n_weights], weights)


def realmlp(dtype: DTypeLike = np.float64) -> Network:
    layers = [DenseNTP(5, 40), Parametric(40), Dropout(0.5), DenseNTP(40, 30), ReLU()]
    return Network([*layers, Dense(30, 8), DenseNTP(8, 3, zeros)], dtype=dtype, rng=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_that_suit_the_data(dtype: DTypeLike) -> None:
    X = normal(200, 5, dtype=dtype) * np.array([1, 10, 0.1, 3, 0], dtype) + np.array(2, dtype)
    network, before = realmlp(dtype), realmlp(dtype)
    initialize_from_data(network, X, rng=3)
    A = X
    for i, layer in enumerate(network.layers):
        A = layer.forward(A)
        if i in (0, 3):
            np.testing.assert_allclose(A.std(axis=0), 1, rtol=1e-4)
            assert (A.min(axis=0) < 0).all()  # each unit is 0 somewhere among the samples
            assert (A.max(axis=0) > 0).all()
            b = network.parameters[f"layers.{i}.b"]
            assert (np.diff(np.sort(b)) > 0).all()
            W, W_before = (n.parameters[f"layers.{i}.W"] for n in (network, before))
            factor = W / W_before
            np.testing.assert_allclose(factor, np.repeat(factor[:1], len(W), axis=0), rtol=1e-4)
    for name in ("5.W", "5.b", "6.W", "6.b", "1.alpha"):  # others, and one with an initializer
        parameter = f"layers.{name}"
        np.testing.assert_array_equal(
            network.parameters[parameter], before.parameters[parameter], err_msg=name
        )


def test_parameters_that_suit_the_data_follow_from_the_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        network = realmlp()
        initialize_from_data(network, normal(50, 5), seed)
        found.append(network.theta.copy())
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


def test_samples_that_are_all_alike_leave_the_weights() -> None:
    network, before = realmlp(), realmlp()
    initialize_from_data(network, np.ones((7, 5)))
    np.testing.assert_array_equal(network.parameters["layers.0.W"], before.parameters["layers.0.W"])
    assert np.isfinite(network.theta).all()
    with pytest.raises(ShapeError, match=r"\(N, 5\)"):
        initialize_from_data(network, np.ones((7, 6)))


def spirals(n: int = 300) -> tuple[Array, Array]:
    """Two arms of one and a half turns, opposite to each other."""
    r = np.linspace(0.02, 1, n // 2)
    arm = np.stack([r * np.cos(3 * np.pi * r), r * np.sin(3 * np.pi * r)], axis=1)
    return np.concatenate([arm, -arm]) / arm.std(), np.repeat([0, 1], n // 2)


def rings(n: int = 300) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    angle, y = rng.uniform(0, 2 * np.pi, n), np.arange(n) % 2
    r = np.where(y, 0.8, 1.6) + rng.normal(scale=0.1, size=n)
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1), y


@pytest.mark.parametrize(("data", "epochs"), [(spirals, 150), (rings, 10)])
@pytest.mark.parametrize("activation", [Tanh, ReLU])
def test_points_in_a_plane_are_learned_from_every_seed(
    activation: type[Layer], data: Callable[[], tuple[Array, Array]], epochs: int
) -> None:
    """With tanh, Glorot's weights and biases that start at 0 some 75 % are reached in this time."""
    X, y = data()
    for seed in range(3):
        network = Network.dense([2, 64, 32, 1], activation=activation, rng=seed)
        fit(
            network, SigmoidCrossEntropy(), Adam(3e-3), X, y, epochs=epochs, batch_size=32, rng=seed
        )
        assert ((network.predict(X)[:, 0] > 0) == y).mean() > 0.95


def test_zeros_keep_all_units_alike() -> None:
    network = Network.dense([4, 6, 1], activation=Tanh, initializer=zeros, dtype=np.float64)
    network.parameters["layers.2.W"][...] = 1  # else nothing at all comes back
    network.forward(normal(5, 4))
    network.backward(normal(5, 1, seed=1))
    dW = network.gradients["layers.0.W"]
    np.testing.assert_array_equal(dW, np.repeat(dW[:, :1], 6, axis=1))


@pytest.mark.parametrize("scale", [-1.0, float("inf"), float("nan")])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    with pytest.raises(SettingError) as caught:
        random(scale)
    assert str(caught.value) == (
        f"The scale of random weights must be a number in [0, inf), but got {scale!r}."
    )
