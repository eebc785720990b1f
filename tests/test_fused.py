"""The compiled loops are the formulas of the classes whose steps they take."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import plainnet.training
from plainnet import (
    Adam,
    AdamW,
    Dense,
    Dropout,
    Momentum,
    Nesterov,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
    train,
    train_step,
)
from plainnet.errors import ShapeError
from plainnet.network import Array, Loss, MeanSquaredError
from plainnet.training import Optimizer, fused, fused_step
from plainnet.training.fused_step import fused_gradient
from plainnet.training.step import gradient

pytest.importorskip("numba")
pytest.importorskip("scipy")

TOLERANCES = [(np.float64, 1e-14), (np.float32, 1e-6)]
NEVER = 1e99


@pytest.fixture
def fresh_loops() -> Iterator[None]:
    """The loops are looked for anew, in the test and after it."""
    fused.loops.cache_clear()
    yield
    fused.loops.cache_clear()


@pytest.mark.parametrize("cls", [Adam, AdamW, Momentum])
@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
def test_an_optimizers_loop_takes_the_step_of_the_class(
    cls: type[Adam] | type[Momentum],
    dtype: type,
    tolerance: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    start: Array = rng.normal(size=300_000).astype(dtype)  # more than one block
    results = []
    for after in (NEVER, 0):
        monkeypatch.setattr(fused, "AFTER", after)
        theta, optimizer = start.copy(), cls(0.01, weight_decay=0.1)
        draws = np.random.default_rng(1)
        for _ in range(20):
            optimizer.step(theta, draws.normal(size=theta.size).astype(dtype), 200_000)
        results.append((theta, optimizer.state()))
    (theta, state), (theta_loop, state_loop) = results
    assert theta_loop.dtype == dtype
    np.testing.assert_allclose(theta_loop, theta, rtol=0, atol=10 * tolerance)
    assert not np.array_equal(theta_loop, start)
    for name, memory in state.items():
        assert state_loop[name].dtype == memory.dtype
        np.testing.assert_allclose(state_loop[name], memory, rtol=0, atol=10 * tolerance)


def test_another_update_has_another_loop_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slowly(Adam):
        def update(self, theta: Array, grad: Array, s: Array, *slots: Array) -> None:
            theta -= 1

    monkeypatch.setattr(fused, "AFTER", 0)
    theta = np.full(3, 7.0)
    Slowly().step(theta, np.ones(3))
    assert (theta == 6).all()
    assert Nesterov().loop(theta.dtype) is None
    assert Momentum().loop(theta.dtype) is not None


def batch(loss: Loss, n: int, n_in: int, n_out: int, dtype: type, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X: Array = rng.normal(size=(n, n_in)).astype(dtype)
    if isinstance(loss, SoftmaxCrossEntropy):
        return X, rng.integers(0, n_out, n)
    return X, rng.integers(0, 2, (n, n_out)).astype(dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize(
    ("loss", "n_out"),
    [(SoftmaxCrossEntropy(), 4), (SigmoidCrossEntropy(), 1), (SigmoidCrossEntropy(), 3)],
)
@pytest.mark.parametrize("hidden", [(), (9,), (9, 6, 5)])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loops_give_the_gradient_of_the_layers(
    dtype: type,
    tolerance: float,
    loss: Loss,
    n_out: int,
    hidden: tuple[int, ...],
    dropout: float,
    weighted: bool,
) -> None:
    def make() -> Network:
        network = Network.dense([7, *hidden, n_out], dropout=dropout, dtype=dtype, rng=2)
        network.theta[network.n_weights :] = 0.1
        return network

    direct, looped = make(), make()
    for step, n in enumerate((20, 11, 20)):  # a short batch works in the memory of the others
        X, y = batch(loss, n, 7, n_out, dtype, seed=step)
        w: Array | None = np.random.default_rng(step).random(n).astype(dtype) if weighted else None
        looped.grad[...] = np.nan  # written, not accumulated
        J = gradient(direct, loss, X, y, w, fuse=False)
        assert fused_gradient(looped, loss, X, y, w) == pytest.approx(J, abs=tolerance)
        np.testing.assert_allclose(looped.grad, direct.grad, rtol=0, atol=tolerance)
        assert abs(direct.grad).max() > 1e-3


@pytest.mark.parametrize(
    ("network", "loss"),
    [
        (Network([Dense(7, 5), Tanh(), Dense(5, 1)]), SigmoidCrossEntropy()),
        (Network([Dense(7, 5), Dense(5, 1)]), SigmoidCrossEntropy()),
        (Network([Dropout(0.2), Dense(7, 1)]), SigmoidCrossEntropy()),
        (Network([Dense(7, 1), ReLU()]), SigmoidCrossEntropy()),
        (Network.dense([7, 5, 1]), MeanSquaredError()),
        (type("Own", (Network,), {}).dense([7, 5, 1]), SigmoidCrossEntropy()),  # type: ignore[attr-defined]
        (Network.dense([7, 5, 1]), type("Own", (SigmoidCrossEntropy,), {})()),
    ],
)
def test_what_is_not_usual_goes_layer_by_layer(network: Network, loss: Loss) -> None:
    X, y = batch(loss, 6, 7, 1, np.float32, seed=0)
    assert fused_gradient(network, loss, X, y, None) is None
    assert gradient(network, loss, X, y, None, fuse=True) > 0


def test_inputs_of_any_form_are_right_and_compiled_once() -> None:
    from plainnet.training import loops

    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    J = fused_gradient(network, loss, X, y, None)
    compiled = len(loops.softmax_step.signatures)  # type: ignore[attr-defined]
    frozen = X.copy()
    frozen.flags.writeable = False
    for form in (np.asfortranarray(X), X.astype(np.float64), np.repeat(X, 2, axis=0)[::2], frozen):
        assert fused_gradient(network, loss, form, y.astype(np.uint8), None) == J
    assert len(loops.softmax_step.signatures) == compiled  # type: ignore[attr-defined]


def test_wrong_batches_are_refused_as_by_the_layers() -> None:
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    for fuse in (False, True):
        with pytest.raises(ShapeError, match=r"inputs of shape \(N, 7\)"):
            gradient(network, loss, X[:, :6], y, None, fuse=fuse)
        with pytest.raises(IndexError):
            gradient(network, loss, X, y + 3, None, fuse=fuse)


def test_what_is_not_a_number_is_not_hidden() -> None:
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    X[3, 2] = np.nan
    J = fused_gradient(network, loss, X, y, None)
    assert J is not None
    assert np.isnan(J)


@pytest.mark.parametrize("optimizer", [Adam(), Momentum()])
def test_the_loops_take_over_after_the_same_work_each_time(
    optimizer: Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fused, "AFTER", 0.002)  # reached at step 40
    taken: list[int] = []
    monkeypatch.setattr(
        plainnet.training.step, "fused_gradient", lambda *_: taken.append(optimizer.t)
    )
    loops = fused.loops
    monkeypatch.setattr(fused, "loops", lambda: taken.append(optimizer.t) or loops())  # type: ignore[func-returns-value]
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    for _ in range(43):
        train_step(network, loss, optimizer, X, y)
    assert taken == [40, 41, 41, 42, 42, 43]  # the gradient before a step counts, the update after


def test_a_training_that_changes_to_the_loops_learns_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loss = SoftmaxCrossEntropy()
    X, y = batch(loss, 50, 7, 3, np.float64, seed=0)
    found = []
    for after in (NEVER, 0.002):
        monkeypatch.setattr(fused, "AFTER", after)
        network = Network.dense([7, 8, 3], dropout=0.3, dtype=np.float64)
        losses = [e.loss for e in train(network, loss, Adam(), X, y, epochs=20, batch_size=16)]
        found.append([*losses, *network.theta])
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-12)


@pytest.mark.usefixtures("fresh_loops")
@pytest.mark.parametrize("missing", ["numba", "scipy"])
def test_without_the_extra_numpy_steps(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        fused, "find_spec", lambda name: None if name == missing else find_spec(name)
    )
    monkeypatch.setattr(fused, "AFTER", 0)
    assert fused.loops() is None
    assert_learns()


@pytest.mark.usefixtures("fresh_loops")
def test_a_broken_numba_stops_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "AFTER", 0)
    monkeypatch.setitem(sys.modules, "numba", None)  # its import fails
    monkeypatch.setattr(fused, "find_spec", lambda name: name)
    monkeypatch.delitem(sys.modules, "plainnet.training.loops", raising=False)
    monkeypatch.delattr(plainnet.training, "loops", raising=False)
    assert fused.loops() is None
    assert_learns()


def assert_learns() -> None:
    network, loss, optimizer = Network.dense([7, 5, 3]), SoftmaxCrossEntropy(), Adam()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    J = [train_step(network, loss, optimizer, X, y) for _ in range(20)]
    assert J[-1] < J[0]


def test_importing_and_short_trainings_leave_numba_alone() -> None:
    code = """
import sys, numpy as np
from plainnet import Adam, Network, SoftmaxCrossEntropy, train_step
network = Network.dense([3, 4, 2])
train_step(network, SoftmaxCrossEntropy(), Adam(), np.ones((3, 3)), np.array([0, 1, 1]))
assert "numba" not in sys.modules and "scipy" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_network_is_not_kept_alive_by_its_loops() -> None:
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    before = len(fused_step._steps)
    fused_gradient(network, loss, X, y, None)
    del network
    assert len(fused_step._steps) == before
