"""Training in the span of the samples is the same training."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plainnet import (
    Adam,
    Dense,
    Dropout,
    Epoch,
    GradientDescent,
    Momentum,
    Nesterov,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    Tanh,
    keep_best,
    schedules,
    train,
)
from plainnet.errors import SettingError, ShapeError
from plainnet.network import Array, Layer
from plainnet.training import Epochs, Regularization
from plainnet.training.optimizer import Optimizer
from plainnet.training.subspace import Subspace, subspace_pays, train_in_subspace

N, N_IN = 12, 90
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, N_IN))
X[5] = X[4]  # a picture twice: the factorisation must not mind
Y = RNG.integers(0, 2, N)

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "gradient-descent": lambda: GradientDescent(0.05),
    "gradient-descent-l2": lambda: GradientDescent(0.05, weight_decay=0.3),
    "momentum": lambda: Momentum(0.02, 0.9),
    "momentum-l2": lambda: Momentum(0.02, 0.9, weight_decay=0.3),
    "nesterov-l2": lambda: Nesterov(0.02, 0.9, weight_decay=0.3),
}
TRAININGS: dict[str, dict[str, Any]] = {
    "full-batch": {},
    "mini-batches": {"batch_size": 5},
    "clipped": {"batch_size": 5, "clip_norm": 0.05},
    "weighted": {"weights": np.arange(N) % 3, "batch_size": 7},
    "scheduled": {"schedule": schedules.cosine(0.05, 30)},
    "validated": {"validation": (RNG.normal(size=(7, N_IN)), RNG.integers(0, 2, 7))},
}


def network(dtype: type = np.float64) -> Network:
    layers: list[Layer] = [Dense(N_IN, 8), Tanh(), Dropout(0.2), Dense(8, 4), ReLU(), Dense(4, 1)]
    return Network(layers, rng=1, dtype=dtype)


def stream(learner: Network, optimizer: Optimizer, *, span: bool, **settings: Any) -> Epochs:
    given = learner, SigmoidCrossEntropy(), optimizer, X, Y
    if span:
        return train_in_subspace(*given, **settings)
    clipped = Regularization(clip_norm=settings.pop("clip_norm", None))
    return train(*given, **settings, regularization=clipped)


def trained(optimizer: Optimizer, *, span: bool, **settings: Any) -> tuple[list[Epoch], Network]:
    learner = network()
    settings = {"epochs": 40, "rng": 2, **settings}
    return list(stream(learner, optimizer, span=span, **settings)), learner


@pytest.mark.parametrize("settings", TRAININGS.values(), ids=TRAININGS)
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_it_is_the_same_training(make: Callable[[], Optimizer], settings: dict[str, Any]) -> None:
    directly, in_span = make(), make()
    assert subspace_pays(network(), in_span, X, 40)
    expected, one = trained(directly, span=False, **settings)
    found, other = trained(in_span, span=True, **settings)
    for a, b in zip(expected, found, strict=True):
        assert b.loss == pytest.approx(a.loss, abs=1e-9)
        assert b.validation == pytest.approx(a.validation, abs=1e-9)
        assert (b.step, b.learning_rate) == (a.step, a.learning_rate)
    np.testing.assert_allclose(other.theta, one.theta, rtol=0, atol=1e-9)
    assert in_span.state().keys() == directly.state().keys()
    for name, memory in directly.state().items():
        np.testing.assert_allclose(in_span.state()[name], memory, rtol=0, atol=1e-9)


def test_the_span_is_really_used() -> None:
    calls: list[tuple[int, ...]] = []

    class Watched(Dense):
        def forward(self, X: Array, training: bool = False) -> Array:
            calls.append(X.shape)
            return super().forward(X, training)

    learner = Network([Watched(N_IN, 8), Tanh(), Dense(8, 1)])
    next(stream(learner, GradientDescent(), epochs=40, span=True))
    assert calls == [(N, N_IN)]  # a layer of one's own is not touched
    small = Subspace(network(), GradientDescent(), X)
    assert small.X.shape == (N, N + 1)
    assert small.network.n_parameters == network().n_parameters - 8 * (N_IN - N - 1)


def test_the_network_is_up_to_date_whenever_it_is_looked_at() -> None:
    expected, found = network(), network()
    streams = [
        stream(learner, Momentum(0.02), epochs=20, span=span)
        for learner, span in ((expected, False), (found, True))
    ]
    for number, _ in enumerate(zip(*streams, strict=True)):
        if number % 3 == 0:
            np.testing.assert_allclose(found.forward(X), expected.forward(X), atol=1e-9)
        if number % 4 == 0:
            np.testing.assert_allclose(found.theta, expected.theta, atol=1e-9)
        if number % 5 == 0:
            for name, value in expected.parameters.items():
                np.testing.assert_allclose(found.parameters[name], value, atol=1e-9)


def test_keep_best_keeps_the_epoch_it_saw() -> None:
    learner, optimizer = network(), Momentum(0.3)
    seen: dict[int, Array] = {}
    epochs = stream(learner, optimizer, epochs=15, span=True)
    losses = []
    for epoch in keep_best(epochs, learner, metric="loss"):
        losses.append(epoch.loss)
        seen[epoch.number] = learner.theta.copy()
    best = 1 + int(np.argmin(losses))
    np.testing.assert_array_equal(learner.theta, seen[best])


def test_a_learning_rate_changed_between_epochs_acts() -> None:
    costs: list[list[float]] = []
    for span in (False, True):
        optimizer = GradientDescent(0.05)
        costs.append([])
        for epoch in stream(network(), optimizer, epochs=9, span=span):
            costs[-1].append(epoch.loss)
            optimizer.learning_rate *= 0.5
    assert costs[1] == pytest.approx(costs[0], abs=1e-9)


def test_after_break_the_training_goes_on_from_there() -> None:
    results = []
    for span in (False, True):
        learner, optimizer = network(), Momentum(0.02)
        for epochs in (7, 50):
            for epoch in stream(learner, optimizer, epochs=epochs, span=span):
                if epoch.number == 5:
                    break
        results.append(learner.theta.copy())
        assert optimizer.t == 10
    np.testing.assert_allclose(results[1], results[0], atol=1e-9)


def test_float32_stays_float32() -> None:
    learner = network(np.float32)
    small = Subspace(learner, Momentum(), X.astype(np.float32))
    assert {small.X.dtype, small.network.dtype} == {np.dtype(np.float32)}
    optimizer = Momentum(0.02)
    list(stream(learner, optimizer, epochs=40, span=True))
    assert {m.dtype for m in (learner.theta, optimizer.memory["v"])} == {np.dtype(np.float32)}


class Own(Network):
    """It may do anything with its inputs."""


NOT_FOR: dict[str, tuple[Network, Optimizer, Array, int]] = {
    "adam": (network(), Adam(), X, 1000),
    "network-of-ones-own": (Own([Dense(N_IN, 8), Dense(8, 1)]), GradientDescent(), X, 1000),
    "many-samples": (network(), GradientDescent(), np.zeros((N_IN, N_IN)), 1000),
    "one-epoch": (network(), GradientDescent(), X, 1),
    "dropout-first": (
        Network([Dropout(0.1), Dense(N_IN, 8)]),
        GradientDescent(),
        X,
        1000,
    ),
}


@pytest.mark.parametrize("case", NOT_FOR.values(), ids=NOT_FOR)
def test_where_it_is_not_the_same_or_does_not_pay(
    case: tuple[Network, Optimizer, Array, int],
) -> None:
    assert not subspace_pays(*case)


def test_an_optimizer_that_has_stepped_is_not_taken() -> None:
    optimizer = Momentum()
    optimizer.step(np.zeros(3), np.ones(3))
    assert not subspace_pays(network(), optimizer, X, 1000)


def test_it_is_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="plainnet"):
        trained(GradientDescent(), span=True)
    assert "training in the 12 dimensions that the samples span instead of 90" in caplog.text
    caplog.clear()
    trained(GradientDescent(), span=False)
    assert not caplog.text


def test_within_the_block_the_small_network_is_the_one_to_look_at() -> None:
    """The original is brought up to date at the end, also after an error."""
    expected, one = trained(Momentum(0.02), span=False, epochs=9)
    learner, optimizer = network(), Momentum(0.02)
    before = learner.theta.copy()

    def interrupted() -> None:
        with Subspace(learner, optimizer, X) as small:
            given = small.network, SigmoidCrossEntropy(), small.optimizer, small.X, Y
            for epoch, right in zip(train(*given, epochs=40, rng=2), expected, strict=False):
                assert epoch.loss == pytest.approx(right.loss, abs=1e-9)
                np.testing.assert_array_equal(learner.theta, before)
                if epoch.number == 9:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    np.testing.assert_allclose(learner.theta, one.theta, rtol=0, atol=1e-9)
    assert optimizer.t == 9


@pytest.mark.parametrize("case", NOT_FOR.values(), ids=NOT_FOR)
def test_a_subspace_that_would_not_be_the_same_is_refused(
    case: tuple[Network, Optimizer, Array, int],
) -> None:
    learner, optimizer, samples, epochs = case
    if epochs == 1:
        return  # it only does not pay
    with pytest.raises(SettingError, match=r"fewer samples than features, but got .*; use train"):
        Subspace(learner, optimizer, samples)


def test_arguments_are_refused_at_the_call() -> None:
    with pytest.raises(SettingError, match="number of epochs"):
        stream(network(), Momentum(), epochs=-1, span=True)
    with pytest.raises(ShapeError, match="SigmoidCrossEntropy needs targets"):
        train_in_subspace(network(), SigmoidCrossEntropy(), Momentum(), X, Y[:3], epochs=40)


def test_samples_of_weight_0_may_hold_anything() -> None:
    spoiled, weights = np.vstack([X, np.full_like(X[:1], np.nan)]), np.append(np.ones(N), 0)
    y = np.append(Y, 1)
    results = []
    for samples, targets, w in ((X, Y, None), (spoiled, y, weights)):
        learner = network()
        epochs = train_in_subspace(
            learner, SigmoidCrossEntropy(), Momentum(), samples, targets, epochs=40, weights=w
        )
        results.append([epoch.loss for epoch in epochs])
    assert results[0] == results[1]
