"""Normalisation: what its layers remember, and that all that keeps a network keeps that too.

The laws of every layer are in `test_layers.py`, the comparison with PyTorch in `test_reference.py`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import address, normal, randomized
from safetensors import safe_open
from safetensors.numpy import load_file, save

from plainnet import (
    Adam,
    BatchNorm,
    Dense,
    GradientDescent,
    LayerNorm,
    MeanSquaredError,
    Momentum,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    check_gradients,
    keep_best,
    train,
)
from plainnet.errors import ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.network import Array, Layer, he_normal
from plainnet.training.compiled import load_kernels
from plainnet.training.compiled.stack import compiled_gradient
from plainnet.training.subspace import Subspace, subspace_pays, train_in_subspace

X = 2 * normal(12, 4) + [1, -2, 3, 0]
Y = np.arange(12) % 3


def network(**settings: Any) -> Network:
    """With state: means and variances that are no longer the initial ones."""
    layers: list[Layer] = [Dense(4, 5), BatchNorm(5), ReLU(), LayerNorm(5), Dense(5, 3)]
    made = Network(layers, rng=1, **settings)
    made.forward(X, training=True)
    return made


def held(network: Network) -> dict[str, Array]:
    return {name: value.copy() for name, value in network.state.items()}


def assert_same_state(one: dict[str, Array], other: dict[str, Array]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


# by hand ---------------------------------------------------------------------------------------


def test_batch_norm_by_hand() -> None:
    layer = BatchNorm(2, momentum=0.5, epsilon=3)
    network = Network([layer], dtype=np.float64)
    layer.gamma[...], layer.beta[...] = [2, 1], [0, 10]
    batch = np.array([[1.0, 5], [3, 5]])  # means 2 and 5, variances 1 and 0
    np.testing.assert_allclose(network.forward(batch, training=True), [[-1, 10], [1, 10]])
    np.testing.assert_allclose(network.state["layers.0.mean"], [1, 2.5])
    np.testing.assert_allclose(network.state["layers.0.var"], [1.5, 0.5])  # of the unbiased 2 and 0
    dX = network.backward(np.array([[4.0, 1], [0, 2]]), need_dX=True)
    np.testing.assert_allclose(layer.dgamma, [-2, 0])  # 4 · (−½) + 0 · ½
    np.testing.assert_allclose(layer.dbeta, [4, 3])
    # γ s (dY − dβ/N − X̂ dγ/N): of feature 0 2 · ½ · (4 − 2 − ½, 0 − 2 + ½)
    np.testing.assert_allclose(
        np.asarray(dX), np.array([[1.5, -0.5 / 3**0.5], [-1.5, 0.5 / 3**0.5]])
    )
    answer = network.forward(np.array([[1.0, 2.5]]))
    np.testing.assert_allclose(answer, [[0, 10]])


def test_layer_norm_by_hand() -> None:
    layer = LayerNorm(2, epsilon=3)
    network = Network([layer], dtype=np.float64)
    layer.gamma[...], layer.beta[...] = [2, 1], [0, 10]
    sample = np.array([[1.0, 3]])  # mean 2, variance 1
    np.testing.assert_allclose(network.forward(sample), [[-1, 10.5]])
    dX = network.backward(np.array([[1.0, 4]]), need_dX=True)
    np.testing.assert_allclose(layer.dgamma, [-0.5, 2])
    np.testing.assert_allclose(layer.dbeta, [1, 4])
    # s (dX̂ − mean − X̂ · mean of dX̂ · X̂) with dX̂ = (2, 4): ½ (2 − 3 + ½ · ½, 4 − 3 − ½ · ½)
    np.testing.assert_allclose(np.asarray(dX), [[-0.375, 0.375]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_comes_out_has_mean_0_and_variance_1(dtype: type) -> None:
    wide: Array = (100 * normal(64, 8) * np.arange(1, 9) + 1000).astype(dtype)
    for layer, axis in ((BatchNorm(8), 0), (LayerNorm(8), 1)):
        Y = Network([layer], dtype=dtype).forward(wide, training=True)
        np.testing.assert_allclose(Y.mean(axis=axis), 0, atol=1e-4)
        np.testing.assert_allclose(Y.var(axis=axis), 1, rtol=1e-3)


@pytest.mark.parametrize("kind", [BatchNorm, LayerNorm])
def test_its_formulas_stand_in_the_derivations(kind: type[Layer]) -> None:
    derivations = (Path(__file__).parents[1] / "docs/derivations.md").read_text("utf-8")
    for formula in (kind.formula, *kind.backward_formulas):
        assert formula in derivations, formula
    names = [formula.partition(" = ")[0] for formula in kind.backward_formulas]
    assert names == ["dγ", "dβ", "dX"]


# a batch of one sample -------------------------------------------------------------------------


def test_a_batch_of_one_sample_is_normalised_as_when_answering() -> None:
    learner = network()
    before, answer = held(learner), learner.forward(X[:1]).copy()
    np.testing.assert_array_equal(learner.forward(X[:1], training=True), answer)
    assert_same_state(held(learner), before)
    assert abs(answer).max() > 0


def test_an_epoch_may_end_with_a_batch_of_one_sample() -> None:
    learner = network()
    epochs = [*train(learner, SoftmaxCrossEntropy(), Adam(0.01), X, Y, epochs=60, batch_size=11)]
    assert epochs[-1].loss < epochs[0].loss / 2
    one_by_one = network()
    epochs = [*train(one_by_one, SoftmaxCrossEntropy(), Adam(0.01), X, Y, epochs=60, batch_size=1)]
    assert epochs[-1].loss < epochs[0].loss / 2


# state -----------------------------------------------------------------------------------------


def test_state_stands_beside_theta_by_name() -> None:
    learner = network()
    assert [*learner.state] == ["layers.1.mean", "layers.1.var"]
    assert not {*learner.state} & {*learner.parameters}
    layer = learner.layers[1]
    assert isinstance(layer, BatchNorm)
    assert address(learner.state["layers.1.mean"]) == address(layer.mean)
    assert not any(np.shares_memory(value, learner.theta) for value in learner.state.values())
    assert {value.dtype for value in learner.state.values()} == {np.dtype(np.float32)}
    assert Network.dense([4, 3]).state == {}


def test_it_begins_with_mean_0_and_variance_1_and_gamma_1() -> None:
    learner = network()
    learner.initialize(0)
    for name, value in {**learner.state, **learner.parameters}.items():
        if name.endswith(("mean", "beta")):
            np.testing.assert_array_equal(value, 0)
        elif name.endswith(("var", "gamma")):
            np.testing.assert_array_equal(value, 1)


def test_answering_changes_nothing() -> None:
    learner = network()
    before = held(learner)
    learner.forward(X + 7)
    assert_same_state(held(learner), before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 3e38])
def test_a_training_that_diverges_leaves_sound_means(bad: float) -> None:
    learner = Network([BatchNorm(4), Dense(4, 3)])
    batch: Array = X.astype(np.float32)
    learner.forward(batch, training=True)
    before = held(learner)
    batch[3, 1] = bad
    with np.errstate(over="ignore", invalid="ignore"):
        learner.forward(batch, training=True)
    assert_same_state(held(learner), before)


def test_gamma_and_beta_never_decay() -> None:
    learner = network()
    assert learner.n_weights == 4 * 5 + 5 * 3
    learner.grad[...] = 0
    GradientDescent(0.1, weight_decay=1).step(learner.theta, learner.grad, learner.n_weights)
    np.testing.assert_array_equal(learner.parameters["layers.1.gamma"], 1)


def test_weights_in_front_of_it_suit_the_activation_behind_it() -> None:
    made = Network([Dense(40, 50), BatchNorm(50), ReLU()], dtype=np.float64, rng=5)
    expected = he_normal(np.random.default_rng(5), 40, 50)
    np.testing.assert_array_equal(made.parameters["layers.0.W"], expected)


@pytest.mark.parametrize("dtype", [None, np.float32, np.float64])
def test_a_copy_has_the_state_in_memory_of_its_own(dtype: type | None) -> None:
    learner = network()
    before, twin = held(learner), learner.copy(dtype)
    assert_same_state(held(twin), before)
    assert {value.dtype for value in twin.state.values()} == {np.dtype(dtype or np.float32)}
    twin.forward(X + 1, training=True)
    assert_same_state(held(learner), before)
    assert (twin.state["layers.1.mean"] != before["layers.1.mean"]).all()


class Counting(Layer):
    """A layer of one's own that counts its batches."""

    seen: Array

    def __init__(self) -> None:
        self.state = {"seen": (1,)}

    def forward(self, X: Array, training: bool = False) -> Array:
        if training:
            self.seen += 1
        return X

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY


def test_a_layer_of_ones_own_may_have_state() -> None:
    learner = Network([Counting(), Dense(4, 1)])
    for _ in range(3):
        learner.forward(X, training=True)
    assert learner.state["layers.0.seen"] == 3
    assert learner.copy(np.float64).state["layers.0.seen"] == 3


# what keeps a network --------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy])
@pytest.mark.parametrize("N", [12, 1])
def test_gradients_are_right_and_the_check_leaves_the_state(
    loss: Callable[[], Any], N: int
) -> None:
    layers: list[Layer] = [BatchNorm(4), Dense(4, 5), BatchNorm(5), Tanh(), LayerNorm(5)]
    learner = randomized(Network([*layers, Dense(5, 3)]))
    learner.forward(X, training=True)
    before = held(learner)
    targets = Y[:N] if loss is SoftmaxCrossEntropy else normal(N, 3, seed=1) > 0
    found = check_gradients(learner, loss(), X[:N], targets)
    assert found.error < 1e-6, found
    assert {"layers.0.gamma", "layers.4.beta", "X"} <= {*found.errors}
    assert_same_state(held(learner), before)


def test_keep_best_keeps_the_state_of_the_best_epoch() -> None:
    learner = network()
    states: list[dict[str, Array]] = []
    epochs = train(learner, SoftmaxCrossEntropy(), Adam(), X, Y, epochs=4, batch_size=5)
    for _ in keep_best(epochs, learner, metric="epoch"):
        states.append(held(learner))
    assert_same_state(held(learner), states[0])
    assert (states[0]["layers.1.mean"] != states[-1]["layers.1.mean"]).all()


def test_a_training_in_the_span_of_the_samples_has_the_same_state() -> None:
    wide, y = normal(6, 90), np.arange(6) % 2
    results = []
    for span in (False, True):
        layers: list[Layer] = [Dense(90, 8), BatchNorm(8), ReLU(), LayerNorm(8), Dense(8, 1)]
        learner, optimizer = Network(layers, rng=1, dtype=np.float64), Momentum(0.02)
        learner.forward(wide, training=True)
        assert subspace_pays(learner, optimizer, wide, 30)
        loss, states = SigmoidCrossEntropy(), []
        learn = train_in_subspace if span else train
        for _ in learn(learner, loss, optimizer, wide, y, epochs=30, batch_size=4):
            states.append(np.concatenate([*learner.state.values()]))
        results.append((np.array(states), learner.theta.copy(), learner.forward(wide).copy()))
    for direct, in_span in zip(*results, strict=True):
        np.testing.assert_allclose(in_span, direct, rtol=0, atol=1e-9)


def test_where_it_comes_first_there_is_no_span() -> None:
    first: Network = Network([BatchNorm(90), Dense(90, 8)])
    assert not subspace_pays(first, GradientDescent(), normal(6, 90), 1000)


def test_a_span_begins_with_the_state_that_there_is() -> None:
    layers: list[Layer] = [Dense(90, 8), BatchNorm(8)]
    learner, wide = Network(layers, dtype=np.float64), normal(6, 90)
    learner.forward(wide, training=True)
    assert_same_state(Subspace(learner, Momentum(), wide).network.state, learner.state)


def test_the_compiled_loops_do_not_take_it() -> None:
    pytest.importorskip("numba")
    batch = X.astype(np.float32)
    code = load_kernels()
    assert code is not None
    assert compiled_gradient(network(), SoftmaxCrossEntropy(), batch, Y, None, code) is None


# the model file --------------------------------------------------------------------------------


def test_the_state_travels_in_the_model_file(tmp_path: Path) -> None:
    learner = network()
    write_model(tmp_path / "m", learner, {}, {"mean": np.arange(3.0)})
    assert {"layers.1.mean", "layers.1.var"} <= {*load_file(tmp_path / "m")}
    found, _, rest = read_model(tmp_path / "m")
    assert_same_state(held(found), held(learner))
    assert [*rest] == ["mean"]
    np.testing.assert_array_equal(found.forward(X), learner.forward(X))


def changed(path: Path, change: Callable[[dict[str, Array]], object]) -> None:
    """Write the file again, soundly, with other tensors."""
    tensors = load_file(path)
    with safe_open(path, "np") as file:
        text = json.loads(file.metadata()["plainnet"])
    change(tensors)
    path.write_bytes(save(tensors, metadata={"plainnet": json.dumps(text)}))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: t.pop("layers.1.mean"), r"layers\.1\.mean is missing"),
        (
            lambda t: t.update({"layers.1.var": np.zeros(4)}),
            r"layers\.1\.var must be floats of \(5,",
        ),
        (lambda t: t.update({"layers.1.var": np.full(5, np.inf, np.float32)}), "not finite"),
        (
            lambda t: t.update({"layers.1.var": -np.ones(5, np.float32)}),
            "var holds negative variances",
        ),
        (lambda t: t.update({"layers.3.mean": np.ones(5)}), r"no layer has a place for layers\.3"),
    ],
)
def test_state_that_does_not_fit_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Array]], object], why: str
) -> None:
    write_model(tmp_path / "m", network(), {}, {})
    changed(tmp_path / "m", change)
    with pytest.raises(ModelFileError, match=why):
        read_model(tmp_path / "m")


def test_state_that_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    learner = network()
    learner.state["layers.1.var"][2] = np.nan
    with pytest.raises(ModelFileError, match="not finite"):
        write_model(tmp_path / "m", learner, {}, {})
    assert list(tmp_path.iterdir()) == []


# learning --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
def test_the_scale_of_the_weights_in_front_does_not_matter(make: Callable[..., Layer]) -> None:
    learner = Network([Dense(4, 5), make(5, epsilon=1e-12)], dtype=np.float64)
    Y = learner.forward(X, training=True).copy()
    learner.parameters["layers.0.W"][...] *= 100
    np.testing.assert_allclose(learner.forward(X, training=True), Y, rtol=1e-9)


def test_a_deep_network_with_badly_drawn_weights_learns_with_it() -> None:
    """After ten layers with weights of 0.01 · N(0, 1) a signal has faded; normalised it has not."""
    inputs = normal(64, 4)
    y = (inputs[:, 0] * inputs[:, 1] > 0).astype(int)
    last = []
    for normalized in (False, True):
        layers: list[Layer] = [Dense(4, 16)]
        for _ in range(10):
            layers += [*([BatchNorm(16)] if normalized else []), ReLU(), Dense(16, 16)]
        learner = Network([*layers, ReLU(), Dense(16, 1)])
        learner.theta[: learner.n_weights] = 0.01 * normal(learner.n_weights)
        epochs = [*train(learner, SigmoidCrossEntropy(), Adam(0.01), inputs, y, epochs=150)]
        last.append(epochs[-1].loss)
    assert last[0] > 0.6
    assert last[1] < 0.2


# words of errors -------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], Layer], str]] = {
    "no-features": (
        lambda: BatchNorm(0),
        "The number of features of BatchNorm must be a whole number ≥ 1, but got 0.",
    ),
    "one-feature": (
        lambda: LayerNorm(1),
        "The number of features of LayerNorm must be a whole number ≥ 2, but got 1.",
    ),
    "momentum-0": (
        lambda: BatchNorm(3, 0),
        "The momentum of BatchNorm must be a number in (0, 1], but got 0.",
    ),
    "epsilon-0": (
        lambda: LayerNorm(3, 0),
        "The epsilon of LayerNorm must be a number in [1e-12, inf), but got 0.",
    ),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_settings_out_of_range_are_refused(make: Callable[[], Layer], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert str(caught.value) == words
