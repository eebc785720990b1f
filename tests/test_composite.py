"""Layers of layers: the same as their parts, in everything that a network does with a layer."""

import copy
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import normal, randomized

from plainnet import Adam, MeanSquaredError, errors, fit, train
from plainnet.export import sequential
from plainnet.files.model_file import read_model, write_model
from plainnet.network import (
    Array,
    BatchNorm,
    ByColumns,
    Dense,
    Dropout,
    Embedding,
    Layer,
    Network,
    PiecewiseLinear,
    ReLU,
    Scaling,
    Tanh,
)
from plainnet.network.by_columns import runs
from plainnet.network.trace import trace
from plainnet.reports import network_text
from plainnet.reports.graph import graph_boxes, graph_dot
from plainnet.training.checkpoint import capture, restore
from plainnet.training.position import Position


def table_network(seed: int = 0, dtype: Any = np.float64) -> Network:
    """Numbers twice, once encoded, and a category; with all that a layer can have inside."""
    inputs = ByColumns(
        [
            ([0, 1], [PiecewiseLinear([[-1, 0, 2], [-2, -1, 0, 1]]), Dense(5, 4), Dropout(0.3)]),
            ([0, 1], []),
            ([2], [Embedding([3], 2), BatchNorm(2), Dropout(0.2)]),
        ]
    )
    return Network([inputs, Dense(8, 6), ReLU(), Dense(6, 1)], rng=seed, dtype=dtype)


X = np.column_stack([normal(40, 2), np.random.default_rng(1).integers(0, 4, 40)])
Y = X[:, :1] * (X[:, 2:] - 1)


def learn(network: Network, epochs: int = 2) -> Network:
    fit(network, MeanSquaredError(), Adam(0.01), X, Y, epochs=epochs, batch_size=8)
    return network


def test_parameters_and_state_are_named_by_where_they_are() -> None:
    network = table_network()
    weights = ["layers.0.0.1.W", "layers.0.2.0.W", "layers.1.W", "layers.3.W"]
    biases = ["layers.0.0.1.b", "layers.0.2.1.gamma", "layers.0.2.1.beta"]
    assert [*network.parameters] == [*weights, *biases, "layers.1.b", "layers.3.b"]
    assert [*network.gradients] == [*network.parameters]
    state = ["0.0.lower", "0.0.bin_width", "2.1.mean", "2.1.var"]
    assert [*network.state] == [f"layers.0.{name}" for name in state]
    inside: Any = network.layers[0].chains["0."][1]
    assert np.shares_memory(inside.W, network.theta)
    assert np.shares_memory(inside.dW, network.grad)


def test_branches_are_joined_in_order() -> None:
    inner = Dense(2, 3)
    network = randomized(Network([ByColumns([([3, 1], [inner]), ([0, 1, 2], [])])]))
    A = normal(6, 4, dtype=np.float32)
    expected = np.hstack([A[:, [3, 1]] @ inner.W + inner.b, A[:, :3]])
    np.testing.assert_allclose(network.forward(A), expected, rtol=1e-6)


def test_a_single_branch_of_all_columns_changes_nothing() -> None:
    """The same initial parameters, answers, gradients and training, to the bit."""

    def flat() -> list[Layer]:
        return [Scaling(3), Dense(3, 8), Tanh(), Dropout(0.2), BatchNorm(8), Dense(8, 5)]

    end = [[ReLU(), Dense(5, 1)] for _ in range(2)]
    plain = Network([*flat(), *end[0]], rng=3, dtype=np.float64)
    wrapped = Network([ByColumns([(range(3), flat())]), *end[1]], rng=3, dtype=np.float64)
    assert wrapped.theta.any()
    np.testing.assert_array_equal(wrapped.theta, plain.theta)
    learn(plain), learn(wrapped)
    np.testing.assert_array_equal(wrapped.theta, plain.theta)
    np.testing.assert_array_equal(wrapped.predict(X), plain.predict(X))
    for one in (plain, wrapped):
        one.spread_biases(7)
    np.testing.assert_array_equal(wrapped.theta, plain.theta)


@pytest.mark.parametrize(
    "twin_of",
    [Network.copy, copy.deepcopy, copy.copy, lambda network: pickle.loads(pickle.dumps(network))],
)
def test_a_twin_goes_on_alike(twin_of: Callable[[Network], Network]) -> None:
    network = learn(table_network())
    twin = twin_of(network)
    np.testing.assert_array_equal(twin.predict(X), network.predict(X))
    learn(network), learn(twin)  # with the same masks
    np.testing.assert_array_equal(twin.theta, network.theta)
    for name, value in network.state.items():
        np.testing.assert_array_equal(twin.state[name], value)
    twin.theta[...] = 0
    assert network.theta.any()


def test_a_checkpoint_holds_all_of_it() -> None:
    network, again = learn(table_network()), table_network(seed=5)
    tensors, facts = capture(network, Adam(), Position(), {})
    restore(tensors, facts, again, Adam(), Position(), {})
    learn(network), learn(again)
    np.testing.assert_array_equal(again.theta, network.theta)
    np.testing.assert_array_equal(again.predict(X), network.predict(X))


def test_a_model_file_holds_all_of_it(tmp_path: Path) -> None:
    network = learn(table_network(dtype=np.float32))
    write_model(tmp_path / "m", network, {}, {})
    read, *_ = read_model(tmp_path / "m")
    assert repr(read) == repr(network)
    assert repr(read.layers) == repr(network.layers)
    np.testing.assert_array_equal(read.predict(X), network.predict(X))


def in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_another_thread_answers_and_has_a_gradient_of_its_own() -> None:
    network, found = learn(table_network()), list[Array]()
    expected, before = network.predict(X), network.grad.copy()

    def work() -> None:
        found.append(network.predict(X))
        network.backward(np.ones((len(X), 1)))
        found.append(network.grad.copy())

    in_thread(work)
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(network.grad, before)
    network.forward(X)
    network.backward(np.ones((len(X), 1)))
    np.testing.assert_allclose(found[1], network.grad, rtol=1e-12)


def test_another_thread_trains_it() -> None:
    network, twin = table_network(), table_network()
    network.forward(X)  # this thread works in the layers themselves
    in_thread(lambda: [*train(network, MeanSquaredError(), Adam(0.01), X, Y, epochs=2)])
    [*train(twin, MeanSquaredError(), Adam(0.01), X, Y, epochs=2)]
    np.testing.assert_array_equal(network.predict(X), twin.predict(X))


class Counting(Layer):
    """Y = X; makes new state at each training pass, as a layer of one's own may."""

    n: Array

    def __init__(self) -> None:
        self.state = {"n": (1,)}

    def forward(self, X: Array, training: bool = False) -> Array:
        if training:
            self.n = self.n + 1
        return X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY


def test_state_made_anew_inside_is_that_of_the_network() -> None:
    network = Network([ByColumns([([0], [Counting()])])])
    network.forward(X[:, :1], training=True)
    in_thread(lambda: network.forward(X[:, :1], training=True))
    assert network.state["layers.0.0.0.n"] == [2]
    assert network.copy().state["layers.0.0.0.n"] == [2]


def test_layers_of_ones_own_inside(tmp_path: Path) -> None:
    network = Network([ByColumns([([0], [Counting()]), ([1, 2], [Dense(2, 2)])])])
    twin = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(twin.predict(X), network.predict(X))
    with pytest.raises(errors.ModelFileError, match=r"a Counting\(\); give a layer of your own"):
        write_model(tmp_path / "m", network, {}, {})
    assert not (tmp_path / "m").exists()


class Doubling(Layer):
    """Gives another array than its contract says."""

    def __init__(self, way: str) -> None:
        self.way = way

    def forward(self, X: Array, training: bool = False) -> Array:
        return X[:1] if self.way == "forward" else X.astype(self.way) if self.way else X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY[:, :1]


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("forward", r"forward of branch 1 gave float32 \(1, 2\) instead of float32 \(40, 2\)"),
        ("float64", r"forward of branch 1 gave float64"),
        ("", r"backward of branch 1 gave float32 \(40, 1\) instead of float32 \(40, 2\)"),
    ],
)
def test_what_is_inside_keeps_to_the_contract(way: str, words: str) -> None:
    network = Network([Dense(3, 3), ByColumns([([0], []), ([1, 2], [Doubling(way)])])])
    with pytest.raises(errors.ShapeError, match=words):
        network.backward(network.forward(X, training=True))


def test_it_is_traced_and_drawn() -> None:
    network = table_network()
    shown = trace(network, MeanSquaredError(), X, Y)
    assert shown.forward[0].formula == "Y = [F₁(X₁) | F₂(X₂) | …]"
    assert "0.1.W" in shown.forward[0].parameters
    assert "d0.1.W" in shown.backward[-1].gradients
    assert "ByColumns" in graph_dot(graph_boxes(network, MeanSquaredError()))
    assert "ByColumns" in network_text(network)
    assert network.layers[0].multiply_adds == 20


def test_pytorch_has_no_such_layer_inside() -> None:
    with pytest.raises(errors.ModelFileError, match="PyTorch has no layer for Embedding"):
        sequential(table_network())


def shared() -> list[Layer]:
    inner = Dense(2, 2)
    return [ByColumns([([0, 1], [inner])]), inner]


def taken() -> list[Layer]:
    layer = table_network.network.layers[0].chains["2."][1]  # type: ignore[attr-defined]
    return [ByColumns([([0, 1], [layer])])]


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "no-branches": (lambda: ByColumns([]), "at least one branch"),
    "no-columns": (lambda: ByColumns([([0], []), ([], [])]), "Branch 1 .* no columns"),
    "negative": (lambda: ByColumns([([-1], [])]), "column of a branch must be .* got -1"),
    "sizes": (lambda: ByColumns([([0, 1], [Dense(3, 2)])]), "gets 2 columns, .* take 3 features"),
    "inside": (lambda: ByColumns([([0], [Dense(1, 2), Dense(3, 1)])]), "takes 3 features"),
    "no-layer": (lambda: ByColumns([([0], [ReLU])]), "must be layers .* ReLU"),  # type: ignore[list-item]
    "twice": (lambda: Network(shared()), "Layer 1 .* is the same object"),
    "taken": (lambda: Network(taken()), "Layer 0 .* already part of another network"),
    "description": (lambda: ByColumns([([0], [{"type": "Nothing"}])]), "'Nothing', which is none"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(
    make: Callable[[], Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_network, "network", table_network(), raising=False)
    with pytest.raises((errors.PlainnetError, ValueError), match=words):
        make()


def test_an_attribute_that_is_not_there_is_not() -> None:
    layer: Any = ByColumns([([0], [Dense(1, 1)])])
    for name in ("other", "9.0.W", "d9.0.W"):
        assert not hasattr(layer, name)


def test_runs_of_columns() -> None:
    assert runs([4, 5, 6, 0]) == ((4, 0, 3), (0, 3, 1))
    assert runs([2, 2, 3]) == ((2, 0, 1), (2, 1, 2))
    A, columns = normal(3, 9), [7, 8, 0, 1, 2, 2, 5]
    parts = [A[:, column : column + n] for column, _, n in runs(columns)]
    np.testing.assert_array_equal(np.hstack(parts), A[:, columns])
