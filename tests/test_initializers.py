"""The initial weights: their statistics, and what these are for."""

from math import sqrt

import numpy as np
import pytest
from laws import normal

from plainnet.errors import SettingError
from plainnet.network import (
    Dense,
    Initializer,
    Layer,
    Network,
    ReLU,
    Tanh,
    glorot_uniform,
    he_normal,
    lecun_normal,
    random,
    zeros,
)

N_IN, N_OUT = 300, 200

# Initializer, and the standard deviation that it promises for 300 inputs and 200 outputs.
SPREADS: dict[str, tuple[Initializer, float]] = {
    "zeros": (zeros, 0),
    "random": (random(), 0.01),
    "random-0.5": (random(0.5), 0.5),
    "lecun": (lecun_normal, sqrt(1 / 300)),
    "he": (he_normal, sqrt(2 / 300)),
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
    [(ReLU, he_normal, 0.3), (Tanh, glorot_uniform, 0.03)],
    ids=["relu", "tanh"],
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
        Y = Network(layers, dtype=np.float64).forward(X)
        return float((Y**2).mean() / (X**2).mean())

    assert least < share(suited) < 1 / least
    assert share(None) == share(suited)
    assert share(random(0.01)) < 1e-8


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
