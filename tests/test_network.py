"""The network: its two vectors, its sizes, its copies, and the other array module."""

import copy
import mmap
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import address, device, held_still, normal, randomized

from plainnet import Classifier, Dataset, train
from plainnet.errors import DataError, PlainnetError, SettingError, ShapeError
from plainnet.network import (
    GELU,
    SELU,
    Array,
    BatchNorm,
    Dense,
    DenseNTP,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Loss,
    MeanSquaredError,
    Network,
    Parametric,
    ReLU,
    Rng,
    Scaling,
    Sigmoid,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    Tanh,
    he_normal,
    lecun_normal,
    zeros,
)
from plainnet.network.arrays import Shape
from plainnet.network.initializers import Initializer, wide_normal
from plainnet.training import (
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    RMSprop,
    clip,
    train_step,
)


class Shift(Layer):
    """Y = X + t: a layer with a bias only."""

    t: Array
    dt: Array

    def __init__(self, n: int) -> None:
        self.n_in = self.n_out = n
        self.biases: Mapping[str, Shape] = {"t": (n,)}

    def forward(self, X: Array, training: bool = False) -> Array:
        Y = self.scratch("Y", X.shape)
        self.xp.add(X, self.t, out=Y)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self.xp.sum(dY, axis=0, out=self.dt)
        return dY


class Asked(Dense):
    """A Dense layer that notes what it is asked for."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out)
        self.asked: list[bool] = []

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self.asked.append(need_dX)
        return super().backward(dY, need_dX)


def three_layers(**settings: Any) -> Network:
    return Network(
        [Dense(4, 3), ReLU(), Shift(3), Dropout(0.3), Dense(3, 5), Tanh(), Dense(5, 2)], **settings
    )


# the two vectors -------------------------------------------------------------------------------


def test_theta_holds_all_weights_then_all_biases() -> None:
    network = three_layers()
    order = ["layers.0.W", "layers.4.W", "layers.6.W"]
    order += ["layers.0.b", "layers.2.t", "layers.4.b", "layers.6.b"]
    assert [*network.parameters] == [*network.gradients] == order
    assert network.n_weights == 4 * 3 + 3 * 5 + 5 * 2
    assert network.n_parameters == network.n_weights + 3 + 3 + 5 + 2
    for vector, views in (
        (network.theta, network.parameters),
        (network.grad, network.gradients),
    ):
        assert vector.shape == (network.n_parameters,)
        vector[...] = np.arange(vector.size)
        found = np.concatenate([view.ravel() for view in views.values()])
        np.testing.assert_array_equal(found, vector)


def test_layers_own_views_of_the_two_vectors() -> None:
    network = three_layers()
    for name, value in network.parameters.items():
        _, i, attribute = name.split(".")
        layer = network.layers[int(i)]
        assert np.shares_memory(value, network.theta)
        assert np.shares_memory(network.gradients[name], network.grad)
        assert address(getattr(layer, attribute)) == address(value)
        assert address(getattr(layer, f"d{attribute}")) == address(network.gradients[name])
        assert network.gradients[name].shape == value.shape
    network.theta[...] = 7
    assert (network.parameters["layers.4.W"] == 7).all()


def test_a_network_without_parameters() -> None:
    network = Network([ReLU(), Tanh()])
    assert network.n_parameters == network.n_weights == network.theta.size == 0
    assert (network.n_in, network.n_out) == (None, None)
    assert network.forward(np.ones((2, 7))).shape == (2, 7)
    dX = network.backward(np.ones((2, 7), np.float32), need_dX=True)
    np.testing.assert_allclose(np.asarray(dX), 1 - np.tanh(1) ** 2, rtol=1e-6)


# forward and backward --------------------------------------------------------------------------


def test_a_network_of_one_layer_is_the_layer() -> None:
    network = randomized(Network([Dense(3, 2)], dtype=np.float64))
    X, dY = normal(5, 3), normal(5, 2, seed=1)
    W, b = network.parameters.values()
    np.testing.assert_allclose(network.forward(X), X @ W + b, rtol=1e-14)
    np.testing.assert_allclose(np.asarray(network.backward(dY, need_dX=True)), dY @ W.T, rtol=1e-14)
    np.testing.assert_allclose(network.gradients["layers.0.W"], X.T @ dY, rtol=1e-14)


def test_forward_applies_one_layer_after_another() -> None:
    network = randomized(Network.dense([4, 6, 3, 2], activation=Tanh, dtype=np.float64))
    X: Array = normal(5, 4)
    A = X
    for i in (0, 2, 4):
        Z = A @ network.parameters[f"layers.{i}.W"] + network.parameters[f"layers.{i}.b"]
        A = np.tanh(Z)
    np.testing.assert_allclose(network.forward(X), Z, rtol=1e-13)


def test_a_deep_network_keeps_the_size_of_its_signal() -> None:
    network = Network.dense([64] * 51 + [1], dtype=np.float64)
    X: Array = normal(32, 64)
    A = X
    for layer in network.layers[:-1]:
        A = layer.forward(A)
    assert 0.05 < (A**2).mean() / (X**2).mean() < 20
    network.forward(X)
    network.backward(normal(32, 1, seed=1))
    first, last = (network.gradients[f"layers.{i}.W"] for i in (0, 98))
    assert 0.05 < np.linalg.norm(first) / np.linalg.norm(last) < 20


def test_dX_of_the_first_layer_is_never_computed() -> None:
    first, second = Asked(4, 3), Asked(3, 2)
    network = Network([first, ReLU(), second])
    for _ in range(3):
        loss = SoftmaxCrossEntropy()
        X, y = normal(5, 4), np.array([0, 1, 1, 0, 1])
        train_step(network, loss, Adam(), X, y)
    assert first.asked == [False] * 3
    assert second.asked == [True] * 3


def test_layers_in_front_of_the_first_parameters_are_not_gone_backward() -> None:
    class NeverBack(Tanh):
        def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
            raise AssertionError("backward was called for nothing")

    network = Network([NeverBack(), Asked(4, 3), ReLU(), Asked(3, 2)])
    Z = network.forward(normal(5, 4))
    assert network.backward(np.ones_like(Z)) is None
    assert isinstance(network.layers[1], Asked)
    assert network.layers[1].asked == [False]


def test_dX_is_computed_where_it_is_asked_for() -> None:
    network = three_layers(dtype=np.float64)
    forward, X = held_still(network), normal(5, 4)
    dZ = normal(*forward(X).shape, seed=1)
    assert network.backward(dZ.copy()) is None
    without = network.grad.copy()
    forward(X)
    dX = network.backward(dZ.copy(), need_dX=True)
    assert dX is not None
    assert dX.shape == X.shape
    np.testing.assert_array_equal(network.grad, without)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_inputs_are_taken_in_any_number_type(dtype: type) -> None:
    network = three_layers()
    X: Array = np.arange(20).reshape(5, 4).astype(dtype)
    Z = network.forward(X)
    assert Z.dtype == np.float32
    np.testing.assert_array_equal(Z.copy(), network.forward(X.astype(np.float32)))


# initialisation --------------------------------------------------------------------------------


def test_same_seed_same_bits() -> None:
    thetas = [three_layers(rng=seed).theta for seed in (3, 3, 4)]
    np.testing.assert_array_equal(thetas[0], thetas[1])
    assert (thetas[0][:37] != thetas[2][:37]).all()
    from_generator = three_layers(rng=np.random.default_rng(3)).theta
    np.testing.assert_array_equal(thetas[0], from_generator)
    assert (three_layers(rng=None).theta != three_layers(rng=None).theta).any()


def test_float32_starts_at_the_rounded_numbers_of_float64() -> None:
    one, other = three_layers(dtype=np.float32).theta, three_layers(dtype=np.float64).theta
    np.testing.assert_array_equal(one, other.astype(np.float32))


def test_initialize_draws_anew_and_sets_biases_to_zero() -> None:
    network = randomized(Network.dense([4, 3, 2]))
    network.initialize(0)
    np.testing.assert_array_equal(network.theta, Network.dense([4, 3, 2], rng=0).theta)
    np.testing.assert_array_equal(network.theta[network.n_weights :], 0)
    network.initialize(1)
    np.testing.assert_array_equal(network.theta, Network.dense([4, 3, 2], rng=1).theta)


def test_a_network_whose_weights_are_not_drawn_has_the_same_generators_as_another() -> None:
    def made(drawn: bool) -> Network:
        layers = [Dense(4, 3), Dropout(), ReLU(), Dense(3, 1), Dropout(0.1)]
        return Network(layers, rng=7, drawn=drawn)

    drawn, network = made(True), made(False)
    before: list[Network] = [network.copy(), pickle.loads(pickle.dumps(network))]
    masks = [layer.rng.random(5) for layer in drawn.layers if layer.rng is not None]
    for one in (network, *before):
        own = [layer.rng.random(5) for layer in one.layers if layer.rng is not None]
        np.testing.assert_array_equal(own, masks)
    for one in (network.copy(), pickle.loads(pickle.dumps(network))):
        for layer, other in zip(one.layers, drawn.layers, strict=True):
            if layer.rng is not None and other.rng is not None:
                assert layer.rng.random() == copy.deepcopy(other.rng).random()


def test_dropout_layers_draw_masks_of_their_own() -> None:
    one, two = Dropout(0.5), Dropout(0.5)
    network = Network([one, Dense(50, 50), two], dtype=np.float64)
    network.forward(np.ones((1, 50)), training=True)
    assert one.M is not None
    assert two.M is not None
    assert (one.M != two.M).any()


SUITED: dict[str, tuple[list[Layer], Initializer]] = {
    "relu": ([ReLU()], he_normal),
    "leaky": ([LeakyReLU()], he_normal),
    "silu": ([SiLU()], he_normal),
    "selu": ([SELU()], lecun_normal),
    "sigmoid": ([Sigmoid()], wide_normal),
    "tanh": ([Tanh()], lecun_normal),
    "the-last-layer": ([], lecun_normal),
    "linear": ([Dense(50, 2)], lecun_normal),
    "linear-then-relu": ([Dense(50, 2), ReLU()], lecun_normal),
    "dropout-between": ([Dropout(), Tanh()], lecun_normal),
}


@pytest.mark.parametrize(("behind", "suited"), SUITED.values(), ids=SUITED)
def test_weights_suit_the_activation_behind_them(behind: list[Layer], suited: Initializer) -> None:
    network = Network([Dense(40, 50), *behind], dtype=np.float64, rng=5)
    W = network.parameters["layers.0.W"]
    np.testing.assert_array_equal(W, suited(np.random.default_rng(5), 40, 50))


def test_an_initializer_of_ones_own() -> None:
    def counting(rng: Rng, n_in: int, n_out: int) -> Array:
        return np.arange(n_in * n_out).reshape(n_in, n_out)

    network = Network([Dense(2, 3, counting), ReLU(), Dense(3, 1, zeros)])
    np.testing.assert_array_equal(network.theta, [*range(6), *[0] * (3 + 3 + 1)])


# Network.dense ---------------------------------------------------------------------------------

SHOWN: dict[str, tuple[Network, str]] = {
    "article": (
        Network.dense([12288, 100, 20, 1]),
        "Network(12288 → Dense 100 → ReLU → Dense 20 → ReLU → Dense 1; 1,230,941 parameters)",
    ),
    "logistic-regression": (
        Network.dense([3, 1]),
        "Network(3 → Dense 1; 4 parameters)",
    ),
    "dropout": (
        Network.dense([3, 4, 2], activation=Tanh, dropout=0.5),
        "Network(3 → Dense 4 → Tanh → Dropout → Dense 2; 26 parameters)",
    ),
    "activations": (Network([ReLU(), Tanh()]), "Network(any → ReLU → Tanh; 0 parameters)"),
}


@pytest.mark.parametrize(("network", "shown"), SHOWN.values(), ids=SHOWN)
def test_repr(network: Network, shown: str) -> None:
    assert repr(network) == shown


def test_dense_hands_on_all_its_settings() -> None:
    network = Network.dense(
        [5, 4, 3], activation=LeakyReLU, initializer=zeros, dropout=0.25, rng=1, dtype=np.float64
    )
    assert [repr(layer) for layer in network.layers] == [
        "Dense(n_in=5, n_out=4)",
        "LeakyReLU(slope=0.01)",
        "Dropout(rate=0.25)",
        "Dense(n_in=4, n_out=3)",
    ]
    assert network.theta.dtype == np.float64
    assert not network.theta.any()
    assert (network.n_in, network.n_out) == (5, 3)
    assert [layer.multiply_adds for layer in network.layers] == [20, 0, 0, 12]


# copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [None, np.float32, np.float64])
def test_a_copy_is_the_same_network_with_memory_of_its_own(dtype: type | None) -> None:
    network = randomized(three_layers())
    twin = network.copy(dtype)
    assert twin.theta.dtype == (dtype or np.float32)
    np.testing.assert_array_equal(twin.theta, network.theta)
    assert not np.shares_memory(twin.theta, network.theta)
    assert not np.shares_memory(twin.grad, network.grad)
    assert repr(twin) == repr(network)
    X = normal(5, 4)
    Z, Z_twin = network.forward(X), twin.forward(X)
    np.testing.assert_allclose(Z_twin, Z, rtol=1e-5)
    assert not np.shares_memory(Z, Z_twin)
    assert not {id(layer) for layer in network.layers} & {id(layer) for layer in twin.layers}


def test_changing_a_copy_leaves_the_network_as_it_is() -> None:
    network = randomized(three_layers())
    held, X = network.theta.copy(), normal(5, 4)
    Z = network.forward(X)
    before = Z.copy()
    twin = network.copy()
    twin.theta += 1
    twin.forward(X + 1, training=True)
    twin.backward(np.ones((5, 2), np.float32))
    np.testing.assert_array_equal(network.theta, held)
    np.testing.assert_array_equal(Z, before)  # valid until the network's own next forward
    assert not network.grad.any()


def test_a_copy_draws_the_same_masks_and_none_from_the_network() -> None:
    network, ones = Network([Dropout(0.5)]), np.ones((3, 50))
    network.forward(ones, training=True)
    twin = network.copy()
    masks = [network.forward(ones, training=True).copy() for _ in range(2)]
    for mask in masks:
        np.testing.assert_array_equal(twin.forward(ones, training=True), mask)


@pytest.mark.parametrize(
    "made", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))]
)
def test_deep_copies_go_on_as_the_network_does(made: Callable[[Network], Network]) -> None:
    layers = [Dense(4, 6), BatchNorm(6), LeakyReLU(0.2), Dropout(0.5), Dense(6, 2)]
    network = randomized(Network(layers, dtype=np.float64))
    X, dZ = normal(9, 4), normal(9, 2)
    network.forward(X, training=True)  # sets the running means, and draws
    twin = made(network)
    assert not np.shares_memory(twin.theta, network.theta)
    for training in (False, True):
        np.testing.assert_array_equal(twin.forward(X, training), network.forward(X, training))
    for each in (twin, network):
        each.backward(dZ.copy())
    np.testing.assert_array_equal(twin.grad, network.grad)
    assert repr(twin.layers) == repr(network.layers)
    assert twin.dtype == np.float64


class Held(Layer):
    """Y = X W, of a layer whose settings do not say how it is made."""

    def __init__(self, n: int) -> None:
        self.n_in = self.n_out = n
        self.weights = {"W": (n, n)}

    def initialize(self, rng: Rng, suited: Initializer) -> None:
        self.W: Array
        self.W[...] = suited(rng, *self.W.shape)

    def forward(self, X: Array, training: bool = False) -> Array:
        Y: Array = X @ self.W
        return Y


def test_a_layer_is_in_one_network_at_a_time() -> None:
    layers = [Dense(3, 4), BatchNorm(4), Dropout(0.5), Held(4), Dense(4, 1)]
    network, X = randomized(Network(layers)), normal(5, 3)
    Z = network.predict(X)
    for again in (layers, layers[:1], layers[2:3], [Dense(3, 4), *layers[1:]]):
        with pytest.raises(SettingError, match="already part of another network"):
            Network(again)
    for made in (copy.copy, copy.deepcopy, Network.copy, lambda n: pickle.loads(pickle.dumps(n))):
        twin: Network = made(network)
        np.testing.assert_array_equal(twin.predict(X), Z)
        twin.theta[...] = 0
        assert not twin.predict(X).any()
        np.testing.assert_array_equal(network.predict(X), Z)
    assert Network([copy.copy(layers[0])]).predict(X).shape == (5, 4)
    Network.__init__(network, layers)  # again
    network.layers.remove(layers[2])
    Network([layers[2]])  # it has been taken out


def test_layers_of_a_network_that_is_gone_or_was_refused_are_free() -> None:
    layers = [Dense(3, 4)]
    Network(layers)
    with pytest.raises(ShapeError):
        Network([*layers, Dense(3, 4)])
    with pytest.raises(SettingError) as refused:  # which holds the network that was begun
        Network(layers, rng=-1)
    assert Network(layers).n_in == 3
    assert refused


NO_NUMBERS: dict[str, tuple[Any, str]] = {
    "texts": ([["a", "b", "c"]], "<U1"),
    "rows": ([[1, 2, 3], [1]], "rows of different lengths"),
    "objects": ([[object()] * 3], "object"),
    "complex": (np.zeros((1, 3), complex), "complex128"),
    "dates": (np.zeros((1, 3), "M8[s]"), r"datetime64\[s\]"),
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_holds_no_numbers(name: str) -> None:
    given, found = NO_NUMBERS[name]
    network = Network.dense([3, 3])
    expected = rf"must hold numbers, as many in each row, but got {found}\."
    with pytest.raises(DataError, match=rf"^X {expected}$"):
        network.predict(given)
    network.forward(np.zeros((1, 3)))
    with pytest.raises(DataError, match=rf"^dZ {expected}$"):
        network.backward(given)
    refused = expected if name == "rows" else "Samples must be numbers, but got"
    with pytest.raises(DataError, match=refused):
        train(network, MeanSquaredError(), Adam(), given, np.zeros((1, 3)), epochs=1)
    with pytest.raises(DataError, match=refused):
        train_step(network, MeanSquaredError(), Adam(), given, np.zeros((1, 3)))


def test_a_sparse_matrix_is_named() -> None:
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(np.ones((2, 3)))
    pictures = Classifier(hidden=(2,), epochs=1).fit(
        np.eye(9, dtype=np.uint8).reshape(9, 3, 3), 4 * [0, 1] + [0]
    )
    vectors = Classifier(hidden=(2,), epochs=1).fit(np.eye(3), [0, 1, 1])
    calls: list[Callable[[], object]] = [
        lambda: Network.dense([3, 1]).predict(sparse),
        lambda: pictures.predict(sparse),
        lambda: vectors.predict(sparse),
        lambda: Classifier().fit(sparse, [0, 1]),
        lambda: Dataset(sparse, np.array([0, 1]), ("0", "1")),
    ]
    for call in calls:
        with pytest.raises(
            DataError, match=r"is sparse \(csr_matrix\); toarray\(\) makes an array"
        ):
            call()


def test_a_gradient_of_another_dtype_is_the_same() -> None:
    network, X = randomized(Network.dense([3, 4, 2])), normal(5, 3)
    network.forward(X)
    dZ = normal(5, 2)
    network.backward(dZ.copy())
    expected = network.grad.copy()
    for given in (dZ.astype(np.float64), dZ.tolist()):
        network.forward(X)
        network.backward(given)
        np.testing.assert_array_equal(network.grad, expected)


# what is refused -------------------------------------------------------------------------------

twice = ReLU()
held = Network.dense([3, 1])

REFUSED: dict[str, tuple[Callable[[], object], type[PlainnetError], str]] = {
    "sizes": (
        lambda: Network([Dense(2, 16), ReLU(), Dense(17, 1)]), ShapeError,
        "Layer 2 (Dense(n_in=17, n_out=1)) takes 17 features, but layer 0 "
        "(Dense(n_in=2, n_out=16)) gives 16; make the two numbers equal.",
    ),
    "twice": (
        lambda: Network([Dense(2, 2), twice, Dense(2, 2), twice]), SettingError,
        "Layer 3 (ReLU()) is the same object as an earlier layer; make a new layer for "
        "each place.",
    ),
    "another-network": (
        lambda: Network(held.layers, dtype=np.float64), SettingError,
        "Layer 0 (Dense(n_in=3, n_out=1)) is already part of another network, which would lose its "
        "parameters; make a new layer, or a copy of that network: network.copy().",
    ),
    "empty": (
        lambda: Network([]), SettingError,
        "A network needs at least one layer, but got none.",
    ),
    "whole-numbers": (
        lambda: Network([ReLU()], dtype=np.int32), SettingError,
        "A network computes in float32 or float64, not in int32.",
    ),
    "half-precision": (
        lambda: Network([ReLU()], dtype=np.float16), SettingError,
        "A network computes in float32 or float64, not in float16.",
    ),
    "one-size": (
        lambda: Network.dense([3]), SettingError,
        "A stack needs at least two sizes, features in and outputs, but got [3].",
    ),
    "features": (
        lambda: Network.dense([3, 1]).forward(np.zeros((5, 4))), ShapeError,
        "The network takes inputs of shape (N, 3), one row a sample, but got (5, 4); "
        "X.reshape(len(X), -1) makes rows of pictures.",
    ),
    "pictures": (
        lambda: Network.dense([12, 1]).forward(np.zeros((5, 2, 2, 3))), ShapeError,
        "The network takes inputs of shape (N, 12), one row a sample, but got (5, 2, 2, 3); "
        "X.reshape(len(X), -1) makes rows of pictures.",
    ),
    "one-sample": (
        lambda: Network([ReLU()]).forward(np.zeros(5)), ShapeError,
        "The network takes inputs of shape (N, features), one row a sample, but got (5,); "
        "X.reshape(len(X), -1) makes rows of pictures.",
    ),
    "seed": (
        lambda: Network([ReLU()], rng=-1), SettingError,
        "rng must be a numpy.random.Generator or a seed (0, 1, 2, …), but got -1.",
    ),
    "word-as-seed": (
        lambda: Network([ReLU()], rng="ten"), SettingError,  # type: ignore[arg-type]
        "rng must be a numpy.random.Generator or a seed (0, 1, 2, …), but got 'ten'.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(
    make: Callable[[], object], error: type[PlainnetError], words: str
) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == words


def test_a_first_layer_that_takes_any_number_of_features_does() -> None:
    """The features that come in are those of the first layer, not of the second."""

    class Total(Layer):
        n_out = 1

        def forward(self, X: Array, training: bool = False) -> Array:
            total: Array = X.sum(axis=1, keepdims=True)
            return total

    network = Network([Total(), Dense(1, 2)])
    assert network.n_in is None
    assert network.forward(np.ones((3, 7))).shape == (3, 2)


# another array module --------------------------------------------------------------------------

OPTIMIZERS: list[type[Optimizer]] = [GradientDescent, Momentum, Nesterov, RMSprop, Adam, AdamW]

LOSSES: dict[str, tuple[Callable[[], Loss], Array]] = {
    "mse": (MeanSquaredError, normal(6, 2, dtype=np.float32)),
    "sigmoid": (SigmoidCrossEntropy, np.ones((6, 2), np.float32)),
    "sigmoid-smoothed": (lambda: SigmoidCrossEntropy(0.1), np.ones((6, 2), np.float32)),
    "softmax": (SoftmaxCrossEntropy, np.array([0, 1, 1, 0, 1, 0])),
    "softmax-smoothed": (lambda: SoftmaxCrossEntropy(0.1), np.array([0, 1, 1, 0, 1, 0])),
    "softmax-soft": (SoftmaxCrossEntropy, np.full((6, 2), 0.5, np.float32)),
}


def every_layer(**settings: Any) -> Network:
    stack = [
        Dense(4, 5),
        BatchNorm(5),
        ReLU(),
        Dense(5, 5),
        LayerNorm(5),
        LeakyReLU(),
        Dropout(0.2),
    ]
    stack += [Dense(5, 4), Sigmoid(), Dense(4, 3), Tanh(), Dense(3, 4), SiLU(), GELU(), SELU()]
    stack += [Scaling(4), DenseNTP(4, 3), Parametric(3, "mish"), Dense(3, 2)]
    return Network(stack, **settings)


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("name", LOSSES)
def test_a_network_learns_on_another_array_module(name: str, make: type[Optimizer]) -> None:
    """The same bits from arrays that are not NumPy's, and that no NumPy function will take."""
    xp, calls = device()
    new_loss, y = LOSSES[name]
    loss = new_loss()
    there, here = every_layer(xp=xp), every_layer()
    optimizers = make(weight_decay=0.1), make(weight_decay=0.1)
    optimizers[0].xp = loss.xp = xp
    X = normal(6, 4, dtype=np.float32)
    w = np.arange(6, dtype=np.float32)
    for _ in range(3):
        X_there, y_there, w_there = (xp.asarray(A) for A in (X, y, w))
        J_there = train_step(there, loss, optimizers[0], X_there, y_there, w_there, 0.1)
        J_here = train_step(here, new_loss(), optimizers[1], X, y, w, 0.1)
        assert J_there == J_here
    theta: Any = there.theta
    np.testing.assert_array_equal(theta.held, here.theta)
    assert theta.held.dtype == np.float32
    state: Any = there.state
    for mean, expected in here.state.items():
        np.testing.assert_array_equal(state[mean].held, expected)
    assert {"dot", "maximum", "tanh", "greater", "multiply", "empty", "zeros"} <= {*calls}


@pytest.mark.parametrize(
    "layer",
    [
        LeakyReLU(np.float64(0.1)),
        Dropout(np.float64(0.1)),
        BatchNorm(3, np.float64(0.1), np.float64(1e-5)),
        LayerNorm(3, np.float64(1e-5)),
    ],
)
def test_settings_that_numpy_made_are_plain_numbers(layer: Layer) -> None:
    """With an np.float64 float32 computes in float64, which costs twice the time."""
    xp, _ = device()
    network = Network([layer], xp=xp)
    network.forward(xp.asarray(np.ones((2, 3), np.float32)), training=True)
    network.backward(xp.asarray(np.ones((2, 3), np.float32)))


def test_initial_weights_are_drawn_on_the_host() -> None:
    xp, _ = device()
    theta: Any = every_layer(xp=xp, rng=4).theta
    np.testing.assert_array_equal(theta.held, every_layer(rng=4).theta)


def test_clip_works_on_another_array_module() -> None:
    xp, _ = device()
    grad = xp.asarray(np.array([3, 4], np.float32))
    assert clip(grad, 1) == 5
    np.testing.assert_allclose(grad.held, [0.6, 0.8], rtol=1e-6)


def pages_in_memory(A: Array) -> int:
    """The number of pages of A that the process has in memory."""
    first, last = (at // mmap.PAGESIZE for at in (address(A), address(A) + A.nbytes - 1))
    with Path("/proc/self/pagemap").open("rb") as pagemap:
        pagemap.seek(8 * first)
        entries = np.frombuffer(pagemap.read(8 * (last - first + 1)), np.uint64)
    return int((entries >> np.uint64(63)).sum())


@pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="only Linux shows the pages")
def test_a_large_gradient_takes_no_memory_before_it_is_written() -> None:
    """Also where used memory has become free, which `numpy.zeros` would clear and take."""
    used = [np.ones(10**6, np.float32) for _ in range(20)]
    kept = np.ones(10**4, np.float32)  # behind it, so that the memory is not given back
    del used
    network = Network.dense([2000, 500, 3])
    assert pages_in_memory(network.grad) == 0
    assert pages_in_memory(network.theta) > 900
    assert address(network.grad) % 64 == 0
    train_step(network, SoftmaxCrossEntropy(), Adam(), normal(4, 2000), np.arange(4) % 3)
    assert pages_in_memory(network.grad) > 900
    assert kept.all()
