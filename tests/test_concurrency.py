"""Several threads at once: every answer belongs to its own question, whatever is asked.

The law: 8 threads ask one object 200 times each, each time something else, and every answer is to
the bit the one that a single thread gets.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import normal, randomized
from test_network import every_layer

from plainnet import (
    Adam,
    Classifier,
    Momentum,
    Network,
    Regressor,
    SoftmaxCrossEntropy,
    fit,
    train,
    train_step,
)
from plainnet.errors import SettingError
from plainnet.files.rows import as_samples
from plainnet.models.attribution import explain_pixels, explain_row
from plainnet.models.attribution_methods import METHODS
from plainnet.network import (
    Array,
    BatchNorm,
    Dense,
    DenseNTP,
    Dropout,
    Layer,
    MeanSquaredError,
    Parametric,
    PoissonDeviance,
    ReLU,
    Scaled,
    Scaling,
    SigmoidCrossEntropy,
)
from plainnet.network.layer import Parameters
from plainnet.network.trace import trace
from plainnet.training import GradientDescent, InputPipeline, Regularization, logits
from plainnet.training.subspace import train_in_subspace

THREADS, CALLS = 8, 200


@pytest.fixture(autouse=True)
def threads_change_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def check_concurrent(
    ask: Callable[[Any], Any], questions: Sequence[Any], calls: int = CALLS
) -> None:
    """Ask from all threads at once, and compare with what one thread gets."""
    expected = [ask(question) for question in questions]
    start = threading.Barrier(THREADS)

    def work(thread: int) -> int:
        start.wait()
        wrong = 0
        for call in range(calls):
            i = (7 * thread + call) % len(questions)
            wrong += not same(ask(questions[i]), expected[i])
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(work, range(THREADS))) == 0


def same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return all(map(same, one, other))
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else one == other


# networks, with layers of one's own ------------------------------------------------------------


class Keeping(Layer):
    """Y = tanh(X), kept as an attribute, in memory that is new each time."""

    def forward(self, X: Array, training: bool = False) -> Array:
        self.Y = np.tanh(X)
        return self.Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX: Array = dY * (1 - self.Y**2)
        return dX


class Buffered(Layer):
    """Y = 2 X + c, in a buffer of its own, with a constant that is no parameter."""

    def __init__(self, n: int) -> None:
        self.c = np.arange(n, dtype=np.float32)
        self.buffers: dict[str, Array] = {"Y": np.empty((0, 0), np.float32)}
        self.Y = np.empty((64, n), np.float32)

    def forward(self, X: Array, training: bool = False) -> Array:
        Y = self.Y[: len(X)]
        np.multiply(X, 2, out=Y)
        Y += self.c
        return Y

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dY *= 2
        return dY


class Composed(Layer):
    """Y = X + tanh(X W + b), of layers inside, whose parameters are its own."""

    def __init__(self, n: int) -> None:
        self.inside: list[Layer] = [Dense(n, n), Keeping()]
        self.n_in = self.n_out = n
        self.weights, self.biases = {"W": (n, n)}, {"b": (n,)}

    def bind(self, xp: Any, dtype: Any, parameters: Parameters) -> None:
        super().bind(xp, dtype, parameters)
        self.inside[0].bind(xp, dtype, parameters)
        self.inside[1].bind(xp, dtype, {})

    def forward(self, X: Array, training: bool = False) -> Array:
        A = X
        for layer in self.inside:
            A = layer.forward(A, training)
        return X + A

    def backward(self, dY: Array, need_dX: bool = True) -> Array | None:
        dX: Array = dY.copy()
        for layer in reversed(self.inside):
            dX = np.asarray(layer.backward(dX))
        dX += dY
        return dX


NETWORKS: dict[str, Callable[[], Network]] = {
    "every-layer": every_layer,
    "keeping": lambda: Network([Dense(4, 5), Keeping(), Dense(5, 2)]),
    "buffered": lambda: Network([Dense(4, 5), Buffered(5), ReLU(), Dense(5, 2)]),
    "composed": lambda: Network([Dense(4, 5), Composed(5), Dense(5, 2)]),
    "float64": lambda: Network.dense([4, 7, 2], dtype=np.float64),
}


def made(name: str) -> Network:
    network = randomized(NETWORKS[name]())
    network.forward(normal(9, 4), training=True)  # so that there is something to be spoiled
    return network


def questions(n: int = 4) -> list[Array]:
    return [normal(2 + i % 5, n, seed=i, dtype=np.float32) for i in range(20)]


@pytest.mark.parametrize("name", NETWORKS)
def test_forward(name: str) -> None:
    network = made(name)
    check_concurrent(lambda X: network.forward(X).copy(), questions())


@pytest.mark.parametrize("name", NETWORKS)
def test_predict_gives_memory_of_its_own(name: str) -> None:
    network = made(name)
    check_concurrent(network.predict, questions())
    first, second = network(np.ones((3, 4))), network(np.zeros((3, 4)))
    assert not np.shares_memory(first, second)
    np.testing.assert_array_equal(first, network.forward(np.ones((3, 4))))


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients(name: str) -> None:
    network = made(name)

    def ask(X: Array) -> tuple[Array, Array, Array]:
        Z = network.forward(X)
        dX = network.backward(np.ones_like(Z), need_dX=True)
        W = network.gradients["layers.0.W"]
        return np.array(dX), network.grad.copy(), W.copy()

    check_concurrent(ask, questions())


def test_logits_prepared_in_batches() -> None:
    network = randomized(every_layer())

    def prepare(raw: Array, out: Array) -> None:
        np.divide(raw, 255, out=out, casting="same_kind")

    pictures = [np.random.default_rng(i).integers(0, 256, (5, 2, 2), np.uint8) for i in range(9)]
    check_concurrent(lambda X: logits(network, X, prepare=prepare, batch_size=2), pictures)


def test_a_trace() -> None:
    network, y = randomized(every_layer()), np.array([0, 1])
    X = [normal(2, 4, seed=i) for i in range(5)]
    check_concurrent(
        lambda x: trace(network, SoftmaxCrossEntropy(), x, y, training=True).to_dict(), X, 20
    )


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (MeanSquaredError(), normal(6, 3)),
        (SigmoidCrossEntropy(0.1), np.eye(3)[[0, 1, 2, 0, 1, 2]]),
        (SoftmaxCrossEntropy(0.1), np.arange(6) % 3),
        (Scaled(PoissonDeviance(), 2), np.ones((6, 3))),
    ],
    ids=["squares", "sigmoid", "softmax", "poisson"],
)
def test_a_loss(loss: Any, y: Array) -> None:
    def ask(Z: Array) -> tuple[float, Array]:
        J, dZ = loss.value_and_grad(Z, y)
        return J, dZ.copy()

    check_concurrent(ask, [normal(6, 3, seed=i) for i in range(20)])


def test_asyncio() -> None:
    network = made("every-layer")
    X = questions()
    expected = [network.predict(x) for x in X]

    async def all_at_once() -> list[Array]:
        return await asyncio.gather(*(asyncio.to_thread(network.predict, x) for x in X * 20))

    for found, right in zip(asyncio.run(all_at_once()), expected * 20, strict=True):
        np.testing.assert_array_equal(found, right)


# what is changed in the layers reaches every thread --------------------------------------------


def elsewhere(work: Callable[[], Any]) -> Any:
    """The result of work in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def test_other_threads_see_what_is_changed_in_the_layers() -> None:
    layers = [Dense(4, 5), BatchNorm(5), Buffered(5), Dense(5, 2)]
    network = randomized(Network(layers))
    X = normal(3, 4)
    with ThreadPoolExecutor(1) as pool:

        def check() -> None:
            expected = network.predict(X)
            found = pool.submit(network.predict, X).result()
            np.testing.assert_array_equal(found, expected)
            assert not np.array_equal(expected, seen[-1])
            seen.append(expected)

        seen = [np.zeros((3, 2), np.float32)]
        check()
        network.theta += 1
        check()
        network.state["layers.1.mean"][...] = 3
        check()
        layers[1].epsilon = 0.5  # type: ignore[attr-defined]
        check()
        layers[2].c = np.ones(5, np.float32)  # type: ignore[attr-defined]
        check()
        layers[2].c[2] = 7  # type: ignore[attr-defined]
        check()
        network.layers[2] = Keeping()
        check()
        network.forward(normal(8, 4), training=True)  # moves the running means
        check()


class Counting(Layer):
    """Y = X · (1 + number of training batches), with a state that it replaces, not writes into."""

    count: Array

    def __init__(self) -> None:
        self.state = {"count": (1,)}

    def forward(self, X: Array, training: bool = False) -> Array:
        if training:
            self.count = self.count + 1
        Y: Array = X * (1 + self.count)
        return Y


def test_a_state_that_is_replaced_reaches_every_thread() -> None:
    network = Network([Counting()])
    X = np.ones((2, 3), np.float32)
    network.forward(X, training=True)
    with ThreadPoolExecutor(1) as pool:
        for count in (2, 3):
            pool.submit(network.forward, X, True).result()
            assert network.state["layers.0.count"] == count
            assert (network.predict(X) == 1 + count).all()
        network.forward(X, training=True)
        assert (pool.submit(network.predict, X).result() == 5).all()


def test_the_layers_themselves_serve_the_thread_that_is_left() -> None:
    """Trained in a thread that has ended, the network is looked at in this one."""
    network = every_layer()
    y = np.array([0, 1, 1, 0, 1])
    elsewhere(
        lambda: train_step(network, SoftmaxCrossEntropy(), GradientDescent(), normal(5, 4), y)
    )
    grad = network.grad.copy()
    assert grad.any()
    network.predict(normal(5, 4))
    np.testing.assert_array_equal(network.grad, grad)


def test_a_thread_with_the_identifier_of_one_that_has_ended_is_another_thread() -> None:
    network, X = randomized(Network.dense([4, 5, 2])), normal(2, 3, 4)
    right = network.copy().predict(X[0])
    for _ in range(20):
        ended = threading.Thread(target=network.predict, args=(X[1],))
        ended.start()
        ended.join()  # the next thread mostly gets its identifier

        def check() -> None:
            Z = network.forward(X[0])
            elsewhere(lambda: network.forward(X[1]))
            np.testing.assert_array_equal(Z, right)

        elsewhere(check)


def test_backward_wants_a_forward_in_its_thread() -> None:
    network = every_layer()
    Z = network.forward(normal(5, 4))
    with pytest.raises(SettingError, match="has not called forward yet; call both in one thread"):
        elsewhere(lambda: network.backward(np.ones_like(Z)))


# training --------------------------------------------------------------------------------------


def trained(seed: int, between: Callable[[Network], None] | None = None, **how: Any) -> Network:
    layers = [Dense(4, 16), BatchNorm(16), ReLU(), Dropout(0.3), Dense(16, 2)]
    network = Network(how.pop("layers", layers), rng=seed)
    X, y = normal(60, 4, seed=seed, dtype=np.float32), np.arange(60) % 2
    settings = {"epochs": 20, "batch_size": 16, "rng": seed} | how
    optimizer = settings.pop("optimizer", Adam)()
    settings["regularization"] = Regularization(l2=0.1, max_norm=2.0)
    for _ in train(network, SoftmaxCrossEntropy(), optimizer, X, y, **settings):
        if between:
            between(network)
    return network


@pytest.mark.parametrize("after", [1.0, 0.0], ids=["numpy", "loops"])
def test_trainings_of_different_networks_side_by_side(
    after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainnet.training.compiled.WORK_BEFORE_COMPILING", after)

    def work(seed: int) -> Array:
        layers = [Dense(4, 16), ReLU(), Dropout(0.3), Dense(16, 2)]
        both = trained(seed), trained(seed, layers=layers)
        return np.concatenate([network.theta for network in both])

    expected = [work(seed) for seed in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        for found, right in zip(pool.map(work, range(THREADS)), expected, strict=True):
            np.testing.assert_array_equal(found, right)


LAYERS: dict[str, Callable[[], list[Layer]]] = {
    "realmlp": lambda: [Scaling(4), DenseNTP(4, 16), Parametric(16, "mish"), DenseNTP(16, 2)],
    "normalized": lambda: [Dense(4, 16), BatchNorm(16), ReLU(), Dropout(0.3), Dense(16, 2)],
    "usual": lambda: [Dense(4, 16), ReLU(), Dropout(0.3), Dense(16, 2)],
    "own": lambda: [Dense(4, 5), Buffered(5), Composed(5), Dense(5, 2)],
}


@pytest.mark.parametrize("after", [1.0, 0.0], ids=["numpy", "loops"])
@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_a_training_is_not_disturbed_by_those_who_ask(
    layers: Callable[[], list[Layer]], after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers and gradients are asked for meanwhile; what is learned stays the same to the bit."""
    monkeypatch.setattr("plainnet.training.compiled.WORK_BEFORE_COMPILING", after)
    X, stop = normal(7, 4), threading.Event()
    askers: list[threading.Thread] = []

    def ask(network: Network) -> None:
        while not stop.is_set():
            Z = network.forward(X)
            network.backward(np.ones_like(Z), need_dX=True)
            trace(network, SoftmaxCrossEntropy(), X, np.arange(7) % 2)

    def begin(network: Network) -> None:
        if not askers:
            askers.extend(threading.Thread(target=ask, args=[network]) for _ in range(3))
            for asker in askers:
                asker.start()

    expected = trained(3, layers=layers())
    found = trained(3, begin, layers=layers())
    stop.set()
    for asker in askers:
        asker.join()
    np.testing.assert_array_equal(found.theta, expected.theta)
    for name, value in expected.state.items():
        np.testing.assert_array_equal(found.state[name], value)


def test_two_threads_cannot_train_one_network() -> None:
    network, inside, go_on = every_layer(), threading.Event(), threading.Event()
    X, y = normal(5, 4), np.array([0, 1, 1, 0, 1])

    def prepare(raw: Array, out: Array) -> None:
        inside.set()
        go_on.wait(60)
        out[...] = raw

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(
            lambda: fit(
                network,
                SoftmaxCrossEntropy(),
                Adam(),
                X,
                y,
                epochs=1,
                pipeline=InputPipeline(prepare),
            )
        )
        inside.wait(60)
        try:
            with pytest.raises(SettingError, match="trained in another thread"):
                train_step(network, SoftmaxCrossEntropy(), Adam(), X, y)
            with pytest.raises(SettingError, match="trained in another thread"):
                fit(network, SoftmaxCrossEntropy(), Adam(), X, y, epochs=1)
        finally:
            go_on.set()
        assert len(first.result()) == 1
    assert len(fit(network, SoftmaxCrossEntropy(), Adam(), X, y, epochs=2)) == 2


def test_a_training_in_the_span_of_its_samples_is_not_disturbed() -> None:
    """Whoever asks is answered with the parameters of the latest epoch."""
    X, y = normal(6, 500, dtype=np.float32), np.arange(6) % 2

    def run(look: bool) -> tuple[Network, list[float]]:
        network, losses = Network.dense([500, 8, 2]), []
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                assert np.isfinite(network.predict(X)).all()

        asker = threading.Thread(target=ask)
        how: dict[str, Any] = {"epochs": 60, "validation": (X, y)}
        loss, optimizer = SoftmaxCrossEntropy(), Momentum(0.05)
        for epoch in train_in_subspace(network, loss, optimizer, X, y, **how):
            if look and epoch.number == 1:
                asker.start()
            losses.append(epoch["validation_loss"])
        stop.set()
        if look:
            asker.join()
        return network, losses

    alone, asked = run(False), run(True)
    np.testing.assert_array_equal(asked[0].theta, alone[0].theta)
    assert asked[1] == alone[1]


# learners --------------------------------------------------------------------------------------


def pictures(n: int = 60, side: int = 8) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n, side, side, 3), np.uint8)
    return X, np.where(X[:, :4].mean(axis=(1, 2, 3)) > 127, "light", "dark")


@pytest.mark.parametrize("ensemble", [1, 3])
def test_a_classifier(ensemble: int) -> None:
    X, y = pictures()
    learner = Classifier(epochs=3, hidden=(12,), ensemble=ensemble).fit(X, y)
    parts = [X[i : i + 4] for i in range(20)]
    check_concurrent(learner.predict_proba, parts)
    check_concurrent(lambda part: learner.predict(part).tolist(), parts, 50)
    check_concurrent(lambda i: learner.score(X[i:], y[i:]), range(20), 50)


@pytest.mark.parametrize("ensemble", [1, 3])
def test_a_regressor(ensemble: int) -> None:
    X = normal(80, 5)
    learner = Regressor(epochs=5, ensemble=ensemble).fit(X, X.sum(axis=1))
    check_concurrent(learner.predict, [X[i : i + 4] for i in range(20)])


@pytest.mark.parametrize("method", sorted({*METHODS} - {"class-map"}))
def test_explanations(method: str) -> None:
    X, y = pictures()
    learner = Classifier(epochs=3, hidden=(12,), ensemble=2, normalization="batch").fit(X, y)
    check_concurrent(
        lambda i: explain_pixels(learner, X[i : i + 1], method=method, samples=5).relevance,
        range(8),
        20,
    )


def test_explanations_of_rows(tmp_path: Path) -> None:
    from plainnet.tables import Table

    rng = np.random.default_rng(0)
    columns = {"a": rng.normal(size=90), "b": rng.choice(["x", "y"], 90), "c": rng.normal(size=90)}
    table = Table("rows", {name: values.astype(str) for name, values in columns.items()})
    learner = Regressor(epochs=4).fit({**columns, "t": columns["a"] * 2}, target="t")
    rows = [table.take(np.array([i])) for i in range(8)]
    check_concurrent(lambda row: explain_row(learner, row).contributions, rows, 20)
    check_concurrent(learner.predict, rows, 50)


def test_evaluations() -> None:
    X, y = pictures()
    learner = Classifier(epochs=3, hidden=(12,)).fit(X, y)
    data = learner.answers.dataset(X, y)
    parts = [data.take(np.arange(i, 60)) for i in range(12)]
    check_concurrent(lambda part: learner.evaluate(part).to_dict(), parts, 25)


def test_samples_on_the_disk(tmp_path: Path) -> None:
    """All threads read one mapped file, each its own rows, and the network answers them."""
    X = normal(400, 4, dtype=np.float32)
    np.save(tmp_path / "X.npy", X)
    stored: Any = as_samples(np.load(tmp_path / "X.npy", mmap_mode="r"))
    network = randomized(every_layer())
    parts = [np.arange(i, 400, 20) for i in range(20)]
    check_concurrent(lambda rows: logits(network, stored.select(rows)), parts, 50)
    np.testing.assert_array_equal(stored.select(parts[3]), X[parts[3]])


@pytest.mark.parametrize("again", [False, True], ids=["made", "loaded"])
def test_features_of_a_backbone(tmp_path: Path, again: bool) -> None:
    """Of a loaded one the ONNX file is opened once, by whoever asks first."""
    pytest.importorskip("onnxruntime")
    from backbones import glass

    X, y = pictures()
    learner = Classifier(epochs=3).fit(X, y, features=glass(tmp_path / "glass.onnx"))
    expected = learner.predict_proba(X)
    if again:
        learner.save(tmp_path / "model.safetensors")
        learner = Classifier.load(tmp_path / "model.safetensors")
        with ThreadPoolExecutor(THREADS) as pool:
            for found in pool.map(learner.predict_proba, [X] * THREADS):
                np.testing.assert_array_equal(found, expected)
    check_concurrent(learner.predict_proba, [X[i : i + 3] for i in range(20)])


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_the_estimators(normalization: str | None) -> None:
    pytest.importorskip("sklearn")
    from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor

    X = normal(80, 5)
    how: dict[str, Any] = {"max_iter": 5, "normalization": normalization, "random_state": 0}
    parts = [X[i : i + 4] for i in range(20)]
    with pytest.warns(UserWarning, match="max_iter"):
        classifier = PlainNetClassifier(**how).fit(X, np.arange(80) % 3)
    with pytest.warns(UserWarning, match="max_iter"):
        regressor = PlainNetRegressor(**how).fit(X, X.sum(axis=1))
    check_concurrent(classifier.predict_proba, parts)
    check_concurrent(regressor.predict, parts)
