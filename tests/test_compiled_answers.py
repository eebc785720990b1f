"""Answers to many samples by a kernel are those of the layers; nothing learned depends on it."""

from collections.abc import Callable

import numpy as np
import pytest

from plainnet import Classifier, Dense, Dropout, Network, ReLU, SiLU, Tanh
from plainnet.network import (
    Array,
    ByColumns,
    Layer,
    MemberDense,
    MemberMean,
    MemberScaling,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    SigmoidMemberMean,
    SoftmaxMemberMean,
)
from plainnet.training import compiled, logits
from plainnet.training.compiled import choice
from plainnet.training.compiled.answering import table_outputs

pytest.importorskip("numba")
pytest.importorskip("scipy")

EDGES = [[-1.0, 0.0, 0.5, 2.0], [0.0, 1.0], [-3.0, -2.0, -1.0, 0.0, 1.0]]
N = 300


def binned(edges: list[list[float]] = EDGES) -> Layer:
    return PiecewiseLinear(edges)


def learned() -> Layer:
    return PiecewiseLinearEmbedding(EDGES, length=4)


def some(layer: Layer) -> Layer:
    return ByColumns([([1, 4], []), ([0, 2, 3], [layer])])


def usual(first: Layer, *hidden: Layer, n_out: int = 2) -> list[Layer]:
    return [first, Dense(first.n_out or 0, 20), *hidden, Dense(20, n_out)]


def members(first: Layer, mean: type[MemberMean], k: int, n_out: int) -> list[Layer]:
    n = first.n_out or 0
    inside = [Dense(n, 20), ReLU(), Dropout(0.2), Dense(20, 12), SiLU()]
    ends = [MemberDense(12, n_out, k), mean(n_out, k)]
    return [first, MemberScaling(n, k), PerMember(k, inside), *ends]


NETWORKS: dict[str, Callable[[], list[Layer]]] = {
    "bins": lambda: usual(binned(), ReLU()),
    "some bins": lambda: usual(some(binned()), SiLU(), Dropout(0.3), Dense(20, 20), ReLU()),
    "learned": lambda: usual(learned(), ReLU(), Dense(20, 20), ReLU(), n_out=1),
    "some learned": lambda: usual(some(learned()), SiLU()),
    "members": lambda: members(some(learned()), MemberMean, 3, 2),
    "members of classes": lambda: members(learned(), SoftmaxMemberMean, 2, 5),
    "members of yes": lambda: members(some(binned()), SigmoidMemberMean, 4, 1),
    "one member": lambda: members(binned(), SoftmaxMemberMean, 1, 3),
}
OTHERS: dict[str, Callable[[], list[Layer]]] = {
    "no encoding": lambda: [Dense(3, 20), ReLU(), Dense(20, 2)],
    "no hidden layer": lambda: [binned(), Dense(8, 2)],
    "another activation": lambda: usual(binned(), Tanh()),
    "two ends of a line": lambda: usual(PiecewiseLinearEmbedding(EDGES, bounded=True), ReLU()),
}


def network_of(layers: list[Layer], scale: float = 0.3) -> Network:
    network = Network(layers, rng=0)
    noise = np.random.default_rng(1).normal(size=network.n_parameters)
    network.theta += (scale * noise).astype(np.float32)
    return network


def samples(network: Network) -> Array:
    """Numbers inside and far outside of the bins, and many zeros."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(N, network.n_in or 0)) * rng.choice([1, 1, 30], (N, 1))
    X[:, -1] *= rng.random(N) < 0.3
    found: Array = X.astype(np.float32)
    return found


def by_kernel(network: Network) -> Callable[[Array], Array] | None:
    code = compiled.load_answer_kernels()
    assert code is not None
    return table_outputs(network, code)


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state after a second of answers; few samples are enough."""
    monkeypatch.setattr(choice, "_answered", 2 * compiled.WORK_BEFORE_COMPILING)
    monkeypatch.setattr(choice, "LEAST_WORK", 0)


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from plainnet.training.compiled import answering

    monkeypatch.setattr(answering, "LEAST_WORK", 0)
    monkeypatch.setattr(answering, "processors", lambda: 2)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_they_are_those_of_the_layers(name: str, scale: float) -> None:
    network = network_of(NETWORKS[name](), scale)
    X, forward = samples(network), by_kernel(network)
    assert forward is not None
    exact = network.copy(np.float64).predict(X.astype(np.float64))
    error, own = abs(forward(X) - exact).max(), abs(network.predict(X) - exact).max()
    assert error <= max(4 * own, 1e-6 * abs(exact).max())


@pytest.mark.parametrize("mean", [SoftmaxMemberMean, SigmoidMemberMean])
def test_members_that_are_certain_keep_their_digits(mean: type[MemberMean]) -> None:
    network = network_of(members(binned(), mean, 2, 1 if mean is SigmoidMemberMean else 3))
    network.parameters["layers.1.r"][...] = 1  # so that both agree
    network.parameters["layers.3.W"][...] = 100 * network.parameters["layers.3.W"][0]
    X, forward = samples(network), by_kernel(network)
    exact = network.copy(np.float64).predict(X.astype(np.float64))
    assert forward is not None
    assert abs(exact).max() > 80  # its probability is below what float32 can hold
    np.testing.assert_allclose(forward(X), exact, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", OTHERS)
def test_other_networks_have_no_kernel(name: str) -> None:
    assert by_kernel(network_of(OTHERS[name]())) is None


def test_bins_with_gaps_and_float64_have_no_kernel() -> None:
    network = network_of(NETWORKS["bins"]())
    assert by_kernel(network.copy(np.float64)) is None
    network.state["layers.0.bin_width"][0] /= 2
    assert by_kernel(network) is None


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", ["some bins", "members of classes"])
def test_a_sample_has_the_same_bits_whatever_stands_beside_it(name: str) -> None:
    network = network_of(NETWORKS[name]())
    X, forward = samples(network), by_kernel(network)
    assert forward is not None
    Z = forward(X)
    assert np.array_equal(forward(X[100:250]), Z[100:250])
    assert np.array_equal(np.concatenate([forward(x[None]) for x in X]), Z)


def test_the_parameters_are_those_of_the_moment() -> None:
    network = network_of(NETWORKS["members"]())
    X = samples(network)
    first, before = by_kernel(network), network.predict(X)
    network.theta *= 0.9
    second = by_kernel(network)
    assert first is not None
    assert second is not None
    assert abs(second(X) - network.predict(X)).max() < 1e-3 < abs(second(X) - before).max()


@pytest.mark.usefixtures("kernels")
def test_logits_take_kernels_only_where_they_may() -> None:
    network = network_of(NETWORKS["some learned"]())
    X, forward = samples(network), by_kernel(network)
    assert forward is not None
    assert np.array_equal(logits(network, X, loaded=True), forward(X))
    assert np.array_equal(logits(network, X), network.predict(X))


@pytest.mark.usefixtures("kernels")
def test_predictions_are_by_kernels_and_nothing_learned_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    model = Classifier(epochs=2, effort="quick").fit(X, y)
    P, readable = model.predict_proba(X), model.mean_answers(X)
    assert not np.array_equal(P, readable)
    np.testing.assert_allclose(P, readable, atol=1e-6)
    evaluation = model.evaluate(X, y)
    monkeypatch.setattr(choice, "_answered", 0.0)
    again = Classifier(epochs=2, effort="quick").fit(X, y)
    assert again.temperature == model.temperature
    assert again.evaluate(X, y).log_loss == evaluation.log_loss
    assert np.array_equal(again.predict_proba(X), readable)


@pytest.mark.parametrize("has_trained", [False, True])
def test_enough_answers_load_the_kernels(
    has_trained: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_of(NETWORKS["bins"]())
    monkeypatch.setattr(choice, "_answered", 0.0)
    monkeypatch.setattr(compiled, "are_loaded", lambda: has_trained)
    monkeypatch.setattr(choice, "LEAST_WORK", 10)
    enough = choice.WORK_AFTER_TRAINING if has_trained else compiled.WORK_BEFORE_COMPILING
    per_row = sum(layer.multiply_adds for layer in network.layers) * choice.ANSWER_SECONDS
    n = int(0.6 * enough / per_row)
    assert choice.loaded_outputs_of(network, 1) is None
    assert choice.loaded_outputs_of(network, n) is None
    assert choice.loaded_outputs_of(network, n) is not None
