"""The gradient check: it passes what is right, finds what is wrong, and touches nothing."""

from collections.abc import Mapping

import numpy as np
import pytest
from laws import held_still, normal, randomized

from plainnet.network import (
    GELU,
    SELU,
    Array,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Loss,
    MeanSquaredError,
    Mish,
    Network,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    Tanh,
    check_gradients,
)
from plainnet.network.arrays import Shape
from plainnet.network.gradient_check import largest_error
from plainnet.training import Adam, train

N = 6
X = normal(N, 4)
TARGETS: dict[type[Loss], Array] = {
    MeanSquaredError: normal(N, 3, seed=1),
    SigmoidCrossEntropy: np.random.default_rng(1).integers(0, 2, (N, 3)),
    SoftmaxCrossEntropy: np.random.default_rng(1).integers(0, 3, N),
}


class Affine(Layer):
    """Y = X · s + t, feature by feature: a layer as a user would write it."""

    s: Array
    t: Array
    ds: Array
    dt: Array

    def __init__(self, n: int) -> None:
        self.n_in = self.n_out = n
        self.weights: Mapping[str, Shape] = {"s": (n,)}
        self.biases: Mapping[str, Shape] = {"t": (n,)}

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        Y = self.scratch("Y", X.shape)
        self.xp.multiply(X, self.s, out=Y)
        Y += self.t
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self.xp.sum(self.X * dY, axis=0, out=self.ds)
        self.xp.sum(dY, axis=0, out=self.dt)
        dY *= self.s
        return dY


# what is right passes --------------------------------------------------------------------------


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("activation", [ReLU, LeakyReLU, Sigmoid, Tanh, SiLU, GELU, SELU, Mish])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("weights", [None, np.array([1, 0, 2, 3, 0.5, 0])], ids=["", "weighted"])
def test_every_activation_with_every_loss(
    loss: type[Loss], activation: type[Layer], dropout: float, weights: Array | None
) -> None:
    network = Network.dense([4, 7, 5, 3], activation=activation, dropout=dropout)
    found = check_gradients(network, loss(), X, TARGETS[loss], weights)
    assert found.error < 1e-6, found
    assert {*found.errors} == {*network.parameters, "X"}


def test_a_layer_of_ones_own_passes_the_check_and_learns() -> None:
    network = Network([Affine(4), Dense(4, 3), Affine(3)], dtype=np.float64)
    assert {"layers.0.s", "layers.0.t"} <= {*network.parameters}
    network.parameters["layers.0.s"][...] = 1  # the layer draws nothing: its weights are zeros
    network.parameters["layers.2.s"][...] = 1
    found = check_gradients(network, MeanSquaredError(), X, TARGETS[MeanSquaredError])
    assert found.error < 1e-6, found
    y = X * [1, -2, 3, 0.5] @ normal(4, 3, seed=2) + [1, 2, 3]
    epochs = [*train(network, MeanSquaredError(), Adam(0.03), X, y, epochs=1000)]
    assert epochs[-1]["loss"] < 1e-4 * epochs[0]["loss"]


# planted mistakes are found --------------------------------------------------------------------


class WrongSign(Dense):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = super().backward(dY, need_dX)
        self.dW *= -1
        return dX


class MeanForSum(Dense):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = super().backward(dY, need_dX)
        self.db /= len(dY)
        return dX


class BiasForgotten(Dense):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = super().backward(dY, need_dX)
        self.db[...] = 0
        return dX


class Accumulated(Dense):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self.dW += self.X.T @ dY
        self.db += dY.sum(axis=0)
        dX: Array = dY @ self.W.T
        return dX


class NotTransposed(Dense):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        super().backward(dY, need_dX)
        dX: Array = dY @ self.W
        return dX


class SampleLeftOut(Dense):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = super().backward(dY, need_dX)
        self.dW -= np.outer(self.X[-1], dY[-1])
        return dX


class NotANumber(Dense):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX = super().backward(dY, need_dX)
        self.db[0] = np.nan
        return dX


class MaskForgotten(ReLU):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY


class SlopeForgotten(LeakyReLU):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY *= self.X > 0
        return dY


class FactorForgotten(Sigmoid):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY *= self.Y
        return dY


class SquareForgotten(Tanh):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY *= 1 - self.Y
        return dY


class EnlargementForgotten(Dropout):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY *= np.asarray(self.M) > 0
        return dY


class AnotherMask(Dropout):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self.forward(dY, training=True)
        return super().backward(dY, need_dX)


LAYERS_WITH_A_MISTAKE: list[Layer] = [
    WrongSign(5, 5),
    MeanForSum(5, 5),
    BiasForgotten(5, 5),
    Accumulated(5, 5),
    NotTransposed(5, 5),
    SampleLeftOut(5, 5),
    NotANumber(5, 5),
    MaskForgotten(),
    SlopeForgotten(0.2),
    FactorForgotten(),
    SquareForgotten(),
    EnlargementForgotten(0.3),
    AnotherMask(0.3),
]


@pytest.mark.parametrize("mistaken", LAYERS_WITH_A_MISTAKE, ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("entries", [50, 5])
def test_a_mistake_in_a_layer_is_found(mistaken: Layer, entries: int) -> None:
    network = Network([Dense(4, 5), mistaken, Dense(5, 3)])
    loss = SoftmaxCrossEntropy()
    found = check_gradients(network, loss, X, TARGETS[SoftmaxCrossEntropy], entries=entries)
    assert found.error > 1e-3, found


class SumForMean(SoftmaxCrossEntropy):
    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        J, dZ = super().value_and_grad(Z, y, weights)
        return J, dZ * len(Z)


class WeightsForgotten(SoftmaxCrossEntropy):
    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        return super().value_and_grad(Z, y, weights)[0], super().value_and_grad(Z, y)[1]


class TargetForgotten(SoftmaxCrossEntropy):
    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        return super().value_and_grad(Z, y, weights)[0], self.probabilities(Z) / len(Z)


@pytest.mark.parametrize("mistaken", [SumForMean(), WeightsForgotten(), TargetForgotten()])
def test_a_mistake_in_a_loss_is_found(mistaken: Loss) -> None:
    y, w = TARGETS[SoftmaxCrossEntropy], np.arange(N)
    assert check_gradients(Network.dense([4, 5, 3]), mistaken, X, y, w).error > 1e-3


def test_the_worst_is_named() -> None:
    network = Network([Dense(4, 5), Tanh(), MeanForSum(5, 3)])
    found = check_gradients(network, SoftmaxCrossEntropy(), X, TARGETS[SoftmaxCrossEntropy])
    assert found.worst == "layers.2.b"
    assert found.error == found.errors["layers.2.b"]
    assert all(error < 1e-6 for name, error in found.errors.items() if name != found.worst)


# and nothing is touched ------------------------------------------------------------------------


def test_the_network_and_the_data_stay_as_they_are() -> None:
    network = Network.dense([4, 5, 3], dropout=0.5)  # float32, biases zero
    network.grad[...] = 7
    theta, Z = network.theta.copy(), network.forward(X)
    held_Z, held_X = Z.copy(), X.copy()
    next_masks = network.copy().forward(X, training=True).copy()
    check_gradients(network, SoftmaxCrossEntropy(), X, TARGETS[SoftmaxCrossEntropy])
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(network.grad, 7)
    np.testing.assert_array_equal(Z, held_Z)
    np.testing.assert_array_equal(X, held_X)
    np.testing.assert_array_equal(network.forward(X, training=True), next_masks)


def test_as_many_entries_are_compared_as_asked_for() -> None:
    network, y = Network.dense([4, 5, 3]), TARGETS[SoftmaxCrossEntropy]
    few = check_gradients(network, SoftmaxCrossEntropy(), X, y, entries=10)
    assert few.checked == 10 + 5 + 10 + 3 + 10  # W, b, W, b, X
    every = check_gradients(network, SoftmaxCrossEntropy(), X, y, entries=1000)
    assert every.checked == network.n_parameters + X.size


def test_same_seed_same_result() -> None:
    network, y = Network.dense([4, 9, 3]), TARGETS[SoftmaxCrossEntropy]
    found = [check_gradients(network, SoftmaxCrossEntropy(), X, y, rng=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_pictures_as_bytes_can_be_checked() -> None:
    bytes_ = np.random.default_rng(0).integers(0, 9, (N, 4), np.uint8)
    y = TARGETS[SoftmaxCrossEntropy]
    assert check_gradients(Network.dense([4, 5, 3]), SoftmaxCrossEntropy(), bytes_, y).error < 1e-6


# largest_error: the bare comparison ------------------------------------------------------------


def test_largest_error_of_a_known_function() -> None:
    x = np.array([[1.0, 2], [3, 4]])

    def f() -> float:
        return float((x**2).sum())

    assert largest_error(f, x, 2 * x) < 1e-9
    np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
    off = 2 * x + [[0, 0], [0.08, 0]]
    assert largest_error(f, x, off) == pytest.approx(0.01, rel=1e-3)  # of the largest, 8
    assert largest_error(f, x, off, np.array([0, 1, 3])) < 1e-9


def test_largest_error_does_not_trip_over_a_kink_that_is_near() -> None:
    x = np.array([4e-6])  # 1e-5 steps over the kink, 1e-6 does not
    assert largest_error(lambda: float(abs(x[0])), x, np.array([1.0])) < 1e-6
    assert largest_error(lambda: float(abs(x[0])), x, np.array([-1.0])) > 1


def test_zero_biases_are_drawn_at_random_for_they_sit_on_the_kink() -> None:
    """Of samples that are all zero every sum is a bias; at 0 ReLU has no derivative."""
    network = Network.dense([4, 5, 3])
    y = TARGETS[SoftmaxCrossEntropy]
    assert check_gradients(network, SoftmaxCrossEntropy(), np.zeros((N, 4)), y).error < 1e-6


def test_masks_are_held_still() -> None:
    network = randomized(Network([Dense(4, 5), Dropout(0.5)]))
    forward = held_still(network)
    np.testing.assert_array_equal(forward(X).copy(), forward(X))
