"""What users write themselves, and what they mistake: layers, losses, arguments out of place."""

import copy
import gc
import pickle
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from laws import normal, randomized

import plainnet
from plainnet import (
    Adam,
    BatchNorm,
    Dense,
    Dropout,
    GradientDescent,
    Layer,
    LeakyReLU,
    Loss,
    MeanSquaredError,
    Network,
    Optimizer,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    check_gradients,
    fit,
    keep_best,
    stop_early,
    train,
    train_step,
)
from plainnet.errors import DataError, DivergedError, PlainnetError, SettingError, ShapeError
from plainnet.network import Array
from plainnet.network.arrays import Shape
from plainnet.network.trace import trace
from plainnet.training.lbfgs import minimize

X, Y = normal(20, 3, dtype=np.float32), np.arange(20) % 2


def new(*inside: Layer) -> Network:
    return Network([Dense(3, 4), *inside, Dense(4, 2)])


# what is no layer ------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "class": (
        lambda: Network([Dense(2, 3), ReLU]),  # type: ignore[list-item]
        "Layer 1 is the class ReLU, not a layer; write ReLU(…).",
    ),
    "word": (
        lambda: Network([Dense(2, 3), "relu"]),  # type: ignore[list-item]
        "Layer 1 must be a layer such as Dense(2, 16) or ReLU(), but got 'relu'; derive your own "
        "from plainnet.Layer.",
    ),
    "one-layer": (
        lambda: Network(Dense(2, 3)),  # type: ignore[arg-type]
        "A network takes a list of layers, [Dense(2, 16), ReLU(), …], but got "
        "Dense(n_in=2, n_out=3).",
    ),
    "activation": (
        lambda: Network.dense([2, 3, 1], activation="tanh"),  # type: ignore[arg-type]
        "The activation must be a class of layers, such as Tanh, but got 'tanh'.",
    ),
    "activation-of-another-kind": (
        lambda: Network.dense([2, 3, 1], activation=dict),  # type: ignore[arg-type]
        "Layer 1 must be a layer such as Dense(2, 16) or ReLU(), but got {}; derive your own from "
        "plainnet.Layer.",
    ),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_layer_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert str(caught.value) == words


def test_an_activation_may_be_an_object() -> None:
    """Each place gets one of its own, with the same settings."""
    network = Network.dense([2, 3, 3, 1], activation=LeakyReLU(0.2))
    assert [repr(network.layers[i]) for i in (1, 3)] == ["LeakyReLU(slope=0.2)"] * 2
    assert network.layers[1] is not network.layers[3]
    a, b = (Network.dense([2, 3, 1], activation=tanh) for tanh in (Tanh, Tanh()))
    np.testing.assert_array_equal(a.predict(X[:, :2]), b.predict(X[:, :2]))


# layers that do not keep to their contract -----------------------------------------------------


class Own(Layer):
    """Y = X + 1, right; below it is wrong in one way each."""

    def forward(self, X: Array, training: bool = False) -> Array:
        Y: Array = X + self.xp.ones((), X.dtype)
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY

    def __repr__(self) -> str:
        return "Own()"


class DoubleForward(Own):
    def forward(self, X: Array, training: bool = False) -> Array:
        return X.astype(np.float64)


class DoubleBackward(Own):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY * np.float64(1)


class DoubleInTraining(Own):
    def forward(self, X: Array, training: bool = False) -> Array:
        return X * np.float64(2) if training else X * 2


class RowsTooMany(Own):
    def forward(self, X: Array, training: bool = False) -> Array:
        return np.concatenate([X, X])


class OneRow(Own):
    def forward(self, X: Array, training: bool = False) -> Array:
        return X[:1]


class OneColumn(Own):
    def forward(self, X: Array, training: bool = False) -> Array:
        return X[:, :1]


class NoForward(Own):
    def forward(self, X: Array, training: bool = False) -> Array:
        X + 1
        return None  # type: ignore[return-value]


class NoBackward(Own):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return None


class Turned(Own):
    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        return dY.T


class Rebinding(Own):
    t: Array
    dt: Array

    def __init__(self) -> None:
        self.biases: Mapping[str, Shape] = {"t": (4,)}

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        self.dt = dY.sum(axis=0)
        return dY


WRONG: dict[type[Own], str] = {
    DoubleForward: "The forward of layer 1 (Own()) gave float64 (20, 4) instead of float32 (20, 4)",
    DoubleBackward: "The backward of layer 1 (Own()) gave float64 (20, 4) instead of float32",
    DoubleInTraining: "The forward of layer 1 (Own()) gave float64 (20, 4) instead of float32",
    RowsTooMany: "The forward of layer 1 (Own()) gave float32 (40, 4) instead of float32 (20, 4)",
    OneRow: "The forward of layer 1 (Own()) gave float32 (1, 4) instead of float32 (20, 4)",
    OneColumn: "The forward of layer 1 (Own()) gave float32 (20, 1) instead of float32 (20, 4)",
    NoForward: "The forward of layer 1 (Own()) gave nothing (None) instead of float32 (20, 4)",
    NoBackward: "The backward of layer 1 (Own()) gave nothing (None) instead of float32 (20, 4)",
    Turned: "The backward of layer 1 (Own()) gave float32 (4, 20) instead of float32 (20, 4)",
    Rebinding: "backward of layer 1 (Own()) has set self.dt to another array",
}


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_the_first_step_names_the_layer(kind: type[Own]) -> None:
    for learn in (
        lambda network: train_step(network, SoftmaxCrossEntropy(), Adam(), X, Y),
        lambda network: fit(network, SoftmaxCrossEntropy(), Adam(), X, Y, epochs=1),
        lambda network: trace(network, SoftmaxCrossEntropy(), X, Y, training=True),
    ):
        if kind is Rebinding and learn.__code__.co_names[0] == "trace":
            continue
        network = new(kind())
        held = network.theta.copy()
        with pytest.raises(ShapeError) as caught:
            learn(network)
        assert str(caught.value).startswith(WRONG[kind])
        np.testing.assert_array_equal(network.theta, held)


def test_a_trained_network_gets_checked_again_by_the_next_training() -> None:
    network = new(Own())
    fit(network, SoftmaxCrossEntropy(), Adam(), X, Y, epochs=1)
    network.layers[1] = DoubleForward()
    with pytest.raises(ShapeError, match="layer 1"):
        fit(network, SoftmaxCrossEntropy(), Adam(), X, Y, epochs=1)


@pytest.mark.parametrize("kind", [DoubleForward, RowsTooMany, OneColumn, NoForward, OneRow])
def test_answering_names_the_layer_too(kind: type[Own]) -> None:
    with pytest.raises(ShapeError, match="forward of layer 1 "):
        new(kind()).predict(X)


def test_rows_that_are_lost_in_the_last_layer_are_no_answer() -> None:
    with pytest.raises(ShapeError, match=r"layer 1 \(Own\(\)\) gave float32 \(1, 2\)"):
        Network([Dense(3, 2), OneRow()]).predict(X)


def test_errors_of_ones_own_come_through() -> None:
    class Failing(Own):
        def forward(self, X: Array, training: bool = False) -> Array:
            raise KeyError("mine")

    for training in (False, True):
        with pytest.raises(KeyError, match="mine"):
            new(Failing()).forward(X, training)


# losses ----------------------------------------------------------------------------------------


class Plain(Loss):
    """Squares, with neither check_targets nor a call of the constructor above."""

    def __init__(self, power: int = 2) -> None:
        self.power = power

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        dZ = self.scratch(Z)
        self.xp.subtract(Z, y.reshape(Z.shape), out=dZ)
        J = float((dZ**2).mean())
        dZ *= 2 / dZ.size
        return J, dZ


class DoubleLoss(Plain):
    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        return 0.0, np.zeros(Z.shape)


class TurnedLoss(Plain):
    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        return 0.0, Z.T.copy()


class LossOfEach(Plain):
    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        return (Z**2).sum(axis=1), Z


def test_a_loss_without_check_targets() -> None:
    y = X.sum(axis=1, dtype=np.float64)
    networks = [Network.dense([3, 4, 1]) for _ in range(2)]
    for network, loss in zip(networks, (Plain(), MeanSquaredError()), strict=True):
        assert check_gradients(network, loss, X, y).error < 1e-6
        fit(network, loss, Adam(), X, y, epochs=3, batch_size=8)
    np.testing.assert_allclose(networks[0].theta, networks[1].theta, rtol=1e-4, atol=1e-6)
    with pytest.raises(ShapeError, match=r"Plain needs a target for each of 20 samples"):
        fit(networks[0], Plain(), Adam(), X, y[:-1], epochs=1)
    with pytest.raises(DataError, match="not finite"):
        fit(networks[0], Plain(), Adam(), X, np.full(20, np.nan), epochs=1)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (DoubleLoss(), "The value_and_grad of DoubleLoss gave float64 (20, 2) instead of float32"),
        (TurnedLoss(), "The value_and_grad of TurnedLoss gave float32 (2, 20) instead of float32"),
        (LossOfEach(), "value_and_grad of LossOfEach gave a loss of shape (20,); return the mean"),
    ],
    ids=["double", "turned", "each"],
)
def test_the_first_step_names_the_loss(loss: Loss, words: str) -> None:
    with pytest.raises(ShapeError) as caught:
        fit(Network.dense([3, 4, 2]), loss, Adam(), X, normal(20, 2), epochs=1)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("loss", [Plain(3), SoftmaxCrossEntropy(0.1), SigmoidCrossEntropy()])
def test_losses_can_be_copied_and_pickled(loss: Loss) -> None:
    Z, y = normal(4, 2), np.eye(2)[[0, 1, 1, 0]]
    J, dZ = loss.value_and_grad(Z, y)
    for twin in (copy.copy(loss), copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        J_twin, dZ_twin = twin.value_and_grad(Z, y)
        assert J_twin == J
        np.testing.assert_array_equal(dZ_twin, dZ)
        assert not np.shares_memory(dZ_twin, dZ)


# copies of networks with layers of one's own ---------------------------------------------------


class Scaling(Layer):
    """Y = c X, and it says nothing of c in `settings`."""

    def __init__(self, c: float) -> None:
        self.c, self.mask = c, np.array([1, 0, 2, 1], np.float32)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.Y: Array = X * np.float32(self.c) * self.mask
        return self.Y


class Square(Dense):
    """A Dense layer with another constructor."""

    def __init__(self, n: int) -> None:
        super().__init__(n, n)


@pytest.mark.parametrize(
    "made", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network)), Network.copy]
)
def test_layers_of_ones_own_are_copied_as_they_are(made: Callable[[Network], Network]) -> None:
    layers = [Dense(3, 4), Scaling(1.5), Square(4), BatchNorm(4), Dropout(0.5), Dense(4, 2)]
    network = randomized(Network(layers))
    network.layers[1].extra = 7  # type: ignore[attr-defined]
    network.forward(X, training=True)
    twin = made(network)
    assert vars(twin.layers[1])["extra"] == 7
    for training in (False, True, False):
        np.testing.assert_array_equal(twin.forward(X, training), network.forward(X, training))
    before = network.predict(X)
    twin.theta += 1
    twin.layers[1].mask[...] = 0  # type: ignore[attr-defined]
    np.testing.assert_array_equal(network.predict(X), before)


# the public names ------------------------------------------------------------------------------


def test_what_one_derives_from_has_a_public_name() -> None:
    assert issubclass(Plain, Loss)
    assert issubclass(Adam, Optimizer)
    assert {"Layer", "Loss", "Optimizer", "Schedule", "Initializer", "fit", "set_threads"} <= {
        *plainnet.__all__
    }
    for name in plainnet.__all__:
        assert getattr(plainnet, name) is not None


# the stream ------------------------------------------------------------------------------------


def stream(**settings: Any) -> Any:
    return train(new(), SoftmaxCrossEntropy(), Adam(), X, Y, epochs=3, **settings)


def test_a_training_that_nobody_goes_through_says_so() -> None:
    def drop(make: Callable[[], Any]) -> None:
        make()
        gc.collect()

    with pytest.warns(RuntimeWarning, match=r"so nothing was learned; write .* call fit\(…\)"):
        drop(stream)
    with pytest.warns(RuntimeWarning, match="dropped before its first epoch"):
        drop(lambda: keep_best(stop_early(stream(validation=(X, Y)), patience=2), new()))


def test_a_training_that_is_begun_or_closed_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        next(stream())
        stream().close()
        for _ in stream():
            break
        assert len([*stop_early(stream(validation=(X, Y)))]) == 3
        gc.collect()


def test_fit_is_train_to_the_end() -> None:
    one, other = new(), new()
    history = fit(one, SoftmaxCrossEntropy(), Adam(), X, Y, epochs=3, batch_size=8, rng=2)
    epochs = train(other, SoftmaxCrossEntropy(), Adam(), X, Y, epochs=3, batch_size=8, rng=2)
    assert [e.loss for e in history] == [e.loss for e in epochs]
    np.testing.assert_array_equal(one.theta, other.theta)


@pytest.mark.parametrize("validation", [None, (X, Y)])
def test_a_training_ends_at_the_first_number_that_is_not_finite(validation: Any) -> None:
    """With BatchNorm the loss of a batch stays finite whatever the weights are."""
    network = Network([Dense(3, 8), BatchNorm(8), ReLU(), Dense(8, 8), BatchNorm(8), Dense(8, 2)])
    losses: list[float] = []
    how: dict[str, Any] = {"epochs": 50, "batch_size": len(X), "validation": validation}
    how["schedule"] = lambda step: 1000.0**step  # so that the first epochs end well

    def learn() -> None:
        optimizer = GradientDescent(1)
        for epoch in train(network, SoftmaxCrossEntropy(), optimizer, X, Y, **how):
            losses.extend([epoch.loss, *epoch.validation.values()])

    with pytest.raises(DivergedError, match=r"became (nan|inf)"):
        learn()
    assert losses
    assert np.isfinite(losses).all()


# swapped arguments -----------------------------------------------------------------------------

NET, LOSS, OPTIMIZER = new(), SoftmaxCrossEntropy(), Adam()
ONE = Network.dense([3, 1])
SWAPPED: dict[str, tuple[Callable[..., object], str]] = {
    "loss-and-optimizer": (
        lambda: train(NET, OPTIMIZER, LOSS, X, Y, epochs=1),  # type: ignore[arg-type]
        r"The loss must be a Loss, such as SoftmaxCrossEntropy\(\), but got an Adam; the order is "
        "network, loss, optimizer, X, y",
    ),
    "step": (
        lambda: train_step(NET, OPTIMIZER, LOSS, X, Y),  # type: ignore[arg-type]
        "The loss must be a Loss, such as",
    ),
    "fit": (
        lambda: fit(LOSS, NET, OPTIMIZER, X, Y, epochs=1),  # type: ignore[arg-type]
        "The network must be a Network, such as",
    ),
    "data-first": (
        lambda: fit(X, Y, NET, LOSS, OPTIMIZER, epochs=1),  # type: ignore[arg-type]
        r"The network must be a Network, such as .*, but got a ndarray of shape \(20, 3\)",
    ),
    "class-of-network": (
        lambda: fit(Network, LOSS, OPTIMIZER, X, Y, epochs=1),  # type: ignore[arg-type]
        "The network must be an object, but got the class Network; write Network.dense",
    ),
    "class-of-loss": (
        lambda: train(NET, SoftmaxCrossEntropy, OPTIMIZER, X, Y, epochs=1),  # type: ignore[arg-type]
        r"The loss must be an object, but got the class SoftmaxCrossEntropy; write SoftmaxCross",
    ),
    "class-of-optimizer": (
        lambda: train_step(NET, LOSS, Adam, X, Y),  # type: ignore[arg-type]
        r"The optimizer must be an object, but got the class Adam; write Adam\(\)",
    ),
    "rate": (
        lambda: train(NET, LOSS, 0.1, X, Y, epochs=1),  # type: ignore[arg-type]
        r"The optimizer must be an Optimizer, such as Adam\(\), but got 0.1;",
    ),
    "X-and-y": (
        lambda: train(NET, LOSS, OPTIMIZER, Y, X, epochs=1),
        r"X and y seem to be swapped: the network takes samples of 3 features, but X is of shape "
        r"\(20,\) and y of \(20, 3\); the order is X, y.",
    ),
    "X-and-y-in-columns": (
        lambda: train_step(ONE, MeanSquaredError(), OPTIMIZER, Y[:, None], X),
        "X and y seem to be swapped",
    ),
    "X-and-y-of-validation": (
        lambda: train(NET, LOSS, OPTIMIZER, X, Y, epochs=1, validation=(Y, X)),
        "X and y seem to be swapped",
    ),
    **{
        f"validation-{name}": (
            lambda given=given: train(NET, LOSS, OPTIMIZER, X, Y, epochs=1, validation=given),
            rf"validation must be a pair \(X, y\), or \(X, y, weights\), but got {words}\.",
        )
        for name, (given, words) in {
            "array": (X, "ndarray"),
            "list": ([X], "list of 1"),
            "number": (0.2, "float"),
            "text": ("ab", "str"),
        }.items()
    },
    "minimize": (
        lambda: minimize(LOSS, NET, X, Y),  # type: ignore[arg-type]
        "The network must be a Network",
    ),
    "check-gradients": (
        lambda: check_gradients(LOSS, NET, X, Y),  # type: ignore[arg-type]
        "The network must be a Network",
    ),
    "trace": (
        lambda: trace(LOSS, NET, X, Y),  # type: ignore[arg-type]
        "The network must be a Network",
    ),
    "keep-best": (
        lambda: keep_best(NET, stream()),  # type: ignore[arg-type]
        "keep_best takes the stream of epochs first and then the network",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("call", "words"), SWAPPED.values(), ids=SWAPPED)
@pytest.mark.filterwarnings("ignore:A training was dropped")
def test_what_stands_in_the_wrong_place_is_named(call: Callable[[], object], words: str) -> None:
    pytest.importorskip("scipy")
    with pytest.raises(PlainnetError, match=words):
        call()
