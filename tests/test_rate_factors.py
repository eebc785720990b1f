"""Factors on the learning rate: the same as an optimizer at that rate, for every optimizer."""

import copy
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from laws import normal, peak_bytes

from plainnet.errors import SettingError
from plainnet.network import (
    Array,
    Dense,
    Layer,
    MeanSquaredError,
    Network,
    SoftmaxCrossEntropy,
    Tanh,
)
from plainnet.training import (
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    Regularization,
    RMSprop,
    compiled,
    fit,
    train_step,
)
from plainnet.training.engine_choice import engine_of
from plainnet.training.rate_factors import RateFactors
from plainnet.training.subspace import train_in_subspace

OPTIMIZERS: list[Callable[[float], Optimizer]] = [
    lambda rate: GradientDescent(rate, weight_decay=0.1),
    lambda rate: Momentum(rate, weight_decay=0.1),
    lambda rate: Nesterov(rate, weight_decay=0.1),
    lambda rate: RMSprop(rate, weight_decay=0.1),
    lambda rate: Adam(rate, weight_decay=0.1),
    lambda rate: AdamW(rate, weight_decay=0.1),
]
FACTORS: list[Mapping[str, float]] = [{"W": 3}, {"b": 0.1}, {"W": 0.5, "b": 6}, {"W": 0}]
X, Y = normal(9, 4), normal(9, 3, seed=1)


class Rated(Dense):
    """A Dense layer whose parameters learn at rates of their own."""

    rate_factors: Mapping[str, float] = {"W": 2.0, "b": 0.1}


def network(factors: Mapping[str, float]) -> Network:
    made = Network([Dense(4, 6), Tanh(), Dense(6, 5), Tanh(), Dense(5, 3)], dtype=np.float64)
    made.layers[2].rate_factors = factors
    return made


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("factors", FACTORS, ids=str)
@pytest.mark.parametrize("after", [1e99, 0])
def test_it_is_the_update_at_that_rate(
    make: Callable[[float], Optimizer],
    factors: Mapping[str, float],
    after: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By hand: each parameter by an optimizer of its own, with the factor in its rate."""
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", after)
    found, plain = network(factors), network({})
    optimizer = make(0.01)
    each = {
        name: make(0.01 * (factors.get(name[-1], 1) if ".2." in name else 1) or 1e-300)
        for name in plain.parameters
    }
    engine = engine_of(found, MeanSquaredError(), optimizer, steps=5)
    for _ in range(5):
        engine(X, Y, None)
        _, dZ = MeanSquaredError().value_and_grad(plain.forward(X, training=True), Y)
        plain.backward(dZ)
        for name, theta in plain.parameters.items():
            gradient = plain.gradients[name].reshape(-1)
            each[name].step(theta.reshape(-1), gradient, theta.size if name[-1] == "W" else 0)
    np.testing.assert_allclose(found.theta, plain.theta, rtol=0, atol=1e-13)
    for slot in optimizer.slots:
        theirs = np.concatenate([one.memory[slot] for one in each.values()])
        np.testing.assert_allclose(optimizer.memory[slot], theirs, rtol=0, atol=1e-13)


def test_parameters_without_a_factor_keep_their_bits() -> None:
    plain, found = network({}), network({"b": 0.5})
    for made in (plain, found):
        train_step(made, MeanSquaredError(), Adam(), X, Y)
    for name, value in found.parameters.items():
        assert np.array_equal(value, plain.parameters[name]) == (name != "layers.2.b")


def test_no_factor_costs_nothing() -> None:
    assert RateFactors.of(network({})) is None
    assert engine_of(network({}), MeanSquaredError(), Adam(), steps=1).rate_factors is None


def test_a_step_allocates_no_array() -> None:
    made = Network([Rated(300, 200), Tanh(), Rated(200, 3)])
    engine = engine_of(made, SoftmaxCrossEntropy(), Adam(), steps=1)
    samples, y = normal(20, 300, dtype=np.float32), np.arange(20) % 3
    engine(samples, y, None)
    assert peak_bytes(lambda: engine(samples, y, None)) < 50_000


@pytest.mark.parametrize("again", [copy.deepcopy, Network.copy])
def test_a_copy_has_the_same_factors(again: Callable[[Network], Network]) -> None:
    made = Network([Rated(4, 3)], dtype=np.float64)
    set_later, plain = (Network([Dense(4, 3)], dtype=np.float64) for _ in range(2))
    set_later.layers[0].rate_factors = Rated.rate_factors
    for one in (made, *(twins := [again(made), again(set_later)]), plain):
        fit(one, MeanSquaredError(), Adam(), X, Y, epochs=3)
    for twin in twins:
        np.testing.assert_array_equal(twin.theta, made.theta)
    assert (plain.theta != made.theta).all()


def test_max_norm_holds_for_the_scaled_update() -> None:
    made = Network([Rated(4, 3)], dtype=np.float64)
    fit(made, MeanSquaredError(), GradientDescent(10), X, Y, epochs=1, regularization=BOUND)
    assert np.linalg.norm(made.parameters["layers.0.W"], axis=0).max() <= BOUNDED


BOUNDED = 0.5
BOUND = Regularization(max_norm=BOUNDED)


def test_fewer_samples_than_features_learn_the_same() -> None:
    wide = normal(5, 40)
    found: list[Array] = []
    for train in (train_in_subspace, fit):
        made = Network([Dense(40, 6), Tanh(), Rated(6, 3)], dtype=np.float64)
        list(train(made, MeanSquaredError(), Momentum(), wide, Y[:5], epochs=400))
        found.append(made.theta.copy())
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ({"w": 2}, r"'w', but has no such parameter; it has W, b"),
        ({"b": -1}, r"rate factor of layers\.2\.b .* \[0, inf\), but got -1"),
    ],
)
def test_a_wrong_factor_is_refused(factors: Mapping[str, float], words: str) -> None:
    layer: Layer = Dense(2, 2)
    layer.rate_factors = factors
    with pytest.raises(SettingError, match=words):
        train_step(network(factors), MeanSquaredError(), Adam(), X, Y)
