"""The compiled kernels are the formulas of the classes whose steps they take."""

import copy
import gc
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from laws import peak_bytes

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
    SiLU,
    SoftmaxCrossEntropy,
    Tanh,
    train,
    train_step,
)
from plainnet.errors import ShapeError
from plainnet.network import (
    Array,
    ByColumns,
    Layer,
    Loss,
    MeanSquaredError,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    PoissonDeviance,
)
from plainnet.training import AdamHat, Checkpointing, Optimizer, compiled
from plainnet.training.averaging import Average, PolynomialAverage
from plainnet.training.compiled import engine as compiled_engine
from plainnet.training.compiled import run, stack
from plainnet.training.compiled.engine import compiled_average, compiled_step
from plainnet.training.engine import Engine
from plainnet.training.engine_choice import engine_of
from plainnet.training.position import Position

pytest.importorskip("numba")
pytest.importorskip("scipy")

TOLERANCES = [(np.float64, 1e-14), (np.float32, 1e-6)]
NEVER = 1e99


@pytest.fixture
def fresh_kernels() -> Iterator[None]:
    """The kernels are imported again, in the test and after it."""
    compiled.compiled_module.cache_clear()
    yield
    compiled.compiled_module.cache_clear()


def code() -> ModuleType:
    found = compiled.load_kernels()
    assert found is not None
    return found


def compiled_gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None
) -> float | None:
    return stack.compiled_gradient(network, loss, X, y, weights, code())


def gradient(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None = None
) -> float:
    """The loss, with `network.grad` written layer by layer."""
    J, dZ = loss.value_and_grad(network.forward(X, training=True), y, weights)
    network.backward(dZ)
    return J


@pytest.mark.parametrize("cls", [Adam, AdamW, AdamHat, Momentum])
@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
def test_an_optimizers_loop_takes_the_step_of_the_class(
    cls: type[Adam] | type[Momentum],
    dtype: type,
    tolerance: float,
) -> None:
    rng = np.random.default_rng(0)
    start: Array = rng.normal(size=300_000).astype(dtype)  # more than one block
    results = []
    for fast in (False, True):
        theta, optimizer = start.copy(), cls(0.01, weight_decay=0.1)
        step = compiled_step(optimizer, code()) if fast else optimizer.step
        assert step is not None
        draws = np.random.default_rng(1)
        for _ in range(20):
            step(theta, draws.normal(size=theta.size).astype(dtype), 200_000)
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

    class Restless(Adam):
        def step(self, theta: Array, grad: Array, n_weights: int | None = None) -> None:
            self.learning_rate *= 2
            super().step(theta, grad, n_weights)

    class Decaying(Adam):
        def decay(self, theta: Array, grad: Array, s: Array) -> None:
            theta *= 0.5

    for of_ones_own in (Slowly(), Restless(), Nesterov(), Decaying()):
        assert compiled_step(of_ones_own, code()) is None
    for known in (Momentum(), AdamHat(), AdamW()):
        assert compiled_step(known, code()) is not None
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    before = network.theta.copy()
    train_step(network, loss, Slowly(), X, y)
    np.testing.assert_array_equal(network.theta, before - 1)


def engine(network: Network, loss: Loss, optimizer: Optimizer | None = None) -> Engine:
    """That of a training that is worth compiling."""
    return engine_of(network, loss, optimizer or Adam(), steps=10**9)


def batch(loss: Loss, n: int, n_in: int, n_out: int, dtype: type, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X: Array = rng.normal(size=(n, n_in)).astype(dtype)
    if isinstance(loss, SoftmaxCrossEntropy):
        return X, rng.integers(0, n_out, n)
    if isinstance(loss, MeanSquaredError):
        return X, rng.normal(size=(n, n_out)).astype(dtype)
    return X, rng.integers(0, 2, (n, n_out)).astype(dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize(
    ("loss", "n_out"),
    [
        *((SoftmaxCrossEntropy(), 4), (SigmoidCrossEntropy(), 1), (SigmoidCrossEntropy(), 3)),
        *((SoftmaxCrossEntropy(0.1), 4), (SigmoidCrossEntropy(0.1), 3), (MeanSquaredError(), 2)),
    ],
)
@pytest.mark.parametrize("hidden", [(), (9,), (9, 6, 5)])
@pytest.mark.parametrize("activation", [ReLU, SiLU])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loops_give_the_gradient_of_the_layers(
    dtype: type,
    tolerance: float,
    loss: Loss,
    n_out: int,
    hidden: tuple[int, ...],
    activation: type[Layer],
    dropout: float,
    weighted: bool,
) -> None:
    def make() -> Network:
        sizes = [7, *hidden, n_out]
        network = Network.dense(sizes, activation=activation, dropout=dropout, dtype=dtype, rng=2)
        network.theta[network.n_weights :] = 0.1
        return network

    direct, looped = make(), make()
    for step, n in enumerate((20, 11, 20)):  # a short batch works in the memory of the others
        X, y = batch(loss, n, 7, n_out, dtype, seed=step)
        w: Array | None = np.random.default_rng(step).random(n).astype(dtype) if weighted else None
        looped.grad[...] = np.nan  # written, not accumulated
        J = gradient(direct, loss, X, y, w)
        found = compiled_gradient(looped, loss, X, y, w)
        assert found == pytest.approx(J, rel=tolerance, abs=tolerance)
        atol = tolerance * max(1, abs(direct.grad).max())
        np.testing.assert_allclose(looped.grad, direct.grad, rtol=0, atol=atol)
        assert abs(direct.grad).max() > 1e-3


EDGES = [[-2.0, -1.5, 0.0, 0.1, 3.0], [0.0, 1.0], [-1.0, 0.0, 1.0]]


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), MeanSquaredError()])
@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("hidden", [(), (9, 6)])
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("encode", [PiecewiseLinear, PiecewiseLinearEmbedding])
def test_the_loops_give_the_gradient_behind_an_encoding(
    dtype: type,
    tolerance: float,
    loss: Loss,
    others: bool,
    hidden: tuple[int, ...],
    bounded: bool,
    encode: type[PiecewiseLinear],
) -> None:
    def make() -> Network:
        bins = encode(EDGES, bounded=bounded)
        first = ByColumns([([0, 2], []), ([4, 1, 3], [bins])]) if others else bins
        layers, width = list[Layer]([first]), (first.n_out or 0, *hidden)
        for n_in, n_out in pairwise(width):
            layers += [Dense(n_in, n_out), SiLU(), Dropout(0.2)]
        network = Network([*layers, Dense(width[-1], 3)], dtype=dtype, rng=2)
        network.theta += np.random.default_rng(3).normal(0, 0.1, network.n_parameters)
        return network

    direct, looped = make(), make()
    for step, n in enumerate((20, 11, 1, 20)):
        X, y = batch(loss, n, 5 if others else 3, 3, dtype, seed=step)
        X[0] = np.resize([0.0, -5.0, 1.0, 5.0, -2.0], X.shape[1])  # on edges, and beyond them all
        looped.grad[...] = np.nan
        J = gradient(direct, loss, X, y)
        assert compiled_gradient(looped, loss, X, y, None) == pytest.approx(J, abs=10 * tolerance)
        atol = 10 * tolerance * max(1, abs(direct.grad).max())
        np.testing.assert_allclose(looped.grad, direct.grad, rtol=0, atol=atol)
        assert n == 1 or abs(direct.grad).max() > 1e-3
        Z = stack.compiled_outputs(looped, X, code())
        assert Z is not None
        right = direct.forward(X)
        np.testing.assert_allclose(Z, right, rtol=0, atol=10 * tolerance * max(1, abs(right).max()))


@pytest.mark.parametrize("encode", [PiecewiseLinear, PiecewiseLinearEmbedding])
def test_steps_behind_an_encoding_allocate_no_array(encode: type[PiecewiseLinear]) -> None:
    network, loss = encoded(encode), MeanSquaredError()
    X, y = batch(loss, 2000, 3, 1, np.float32, seed=0)

    def steps() -> None:
        for n in (2000, 1500):
            compiled_gradient(network, loss, X[:n], y[:n], None)

    steps()
    assert peak_bytes(steps) < X.nbytes


def test_a_number_that_is_missing_in_an_encoding_is_not_hidden() -> None:
    network, loss = encoded(), MeanSquaredError()
    X, y = batch(loss, 12, 3, 1, np.float32, seed=0)
    X[3, 2] = np.nan
    J = compiled_gradient(network, loss, X, y, None)
    assert J is not None
    assert np.isnan(J)


def test_bins_with_gaps_go_layer_by_layer() -> None:
    network, loss = encoded(), MeanSquaredError()
    network.state["layers.0.bin_width"][1] *= 0.5
    X, y = batch(loss, 12, 3, 1, np.float32, seed=0)
    assert compiled_gradient(network, loss, X, y, None) is None
    assert engine(network, loss).learn(X, y, None) > 0


def encoded(encode: type[PiecewiseLinear] = PiecewiseLinear) -> Network:
    bins = encode(EDGES)
    layers = [bins, Dense(bins.n_out or 0, 5), SiLU(), Dropout(0.2), Dense(5, 1)]
    return Network(layers, rng=2)


@pytest.mark.parametrize("average", [Average(0.9), PolynomialAverage()])
@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
def test_an_averages_loop_gives_the_mean_of_the_class(
    average: Average, dtype: type, tolerance: float
) -> None:
    direct, looped = copy.copy(average), copy.copy(average)
    update = compiled_average(looped, code())
    assert update is not None
    for theta in np.random.default_rng(0).normal(size=(20, 1000)).astype(dtype):
        direct.update(theta)
        update(theta)
    assert looped.theta.dtype == dtype
    np.testing.assert_allclose(looped.theta, direct.theta, rtol=0, atol=10 * tolerance)
    assert abs(direct.theta).max() > 0.1


@pytest.mark.parametrize(
    ("network", "loss"),
    [
        (Network([Dense(7, 5), Tanh(), Dense(5, 1)]), SigmoidCrossEntropy()),
        (Network([Dense(7, 5), Dense(5, 1)]), SigmoidCrossEntropy()),
        (Network([Dropout(0.2), Dense(7, 1)]), SigmoidCrossEntropy()),
        (Network([Dense(7, 1), ReLU()]), SigmoidCrossEntropy()),
        (Network.dense([7, 5, 1]), PoissonDeviance()),
        (type("Own", (Network,), {}).dense([7, 5, 1]), SigmoidCrossEntropy()),  # type: ignore[attr-defined]
        (Network([ByColumns([(range(7), [])]), Dense(7, 1)]), SigmoidCrossEntropy()),
        (Network.dense([7, 5, 1]), type("Own", (SigmoidCrossEntropy,), {})()),
    ],
)
def test_what_is_not_usual_goes_layer_by_layer(network: Network, loss: Loss) -> None:
    X, y = batch(loss, 6, 7, 1, np.float32, seed=0)
    assert compiled_gradient(network, loss, X, y, None) is None
    assert engine(network, loss).learn(X, y, None) > 0


def test_stored_kernels_are_those_of_the_present_modules(tmp_path: Path) -> None:
    from plainnet.training.compiled.storage import stamp_of

    folder = Path(compiled.__file__).parent
    stored: Any = code().steps._cache
    assert stored._cache_file._source_stamp == stamp_of(folder)
    shutil.copytree(folder, tmp_path / "same")
    assert stamp_of(tmp_path / "same") == stamp_of(folder)
    shutil.copytree(folder, tmp_path / "changed")
    with (tmp_path / "changed" / "products.py").open("a") as products:
        products.write("\n")
    assert stamp_of(tmp_path / "changed") != stamp_of(folder)


@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 87), (np.float64, 708)])
def test_the_exponential_is_right_to_the_last_bit(dtype: type, largest: int) -> None:
    from plainnet.training.compiled.exponential import exponential
    from plainnet.training.compiled.jit import compiled as compile_loop

    def each(X: Array) -> Array:
        E = np.empty_like(X)
        for i in range(X.size):
            E[i] = exponential(X[i])
        return E

    values = compile_loop(each)

    X = np.concatenate([np.linspace(-largest, largest, 20_001), np.linspace(-1, 1, 2001)])
    X = X.astype(dtype)
    E, right = values(X), np.exp(X.astype(np.longdouble))
    assert E.dtype == dtype
    assert float(abs(E / right - 1).max()) < np.finfo(dtype).eps
    beyond = values(np.array([-np.inf, -1e4, 1e4, np.inf, np.nan], dtype))
    bounds = [E[0]] * 2 + [E[20_000]] * 2 + [np.nan]
    np.testing.assert_array_equal(beyond, bounds)


@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 87), (np.float64, 708)])
def test_logarithms_are_right_to_the_last_bits(dtype: type, largest: int) -> None:
    from plainnet.training.compiled.exponential import logarithm, logarithm_of_1_plus
    from plainnet.training.compiled.jit import compiled as compile_loop

    def each(X: Array) -> Array:
        L = np.empty((2, X.size), X.dtype)
        for i in range(X.size):
            L[0, i], L[1, i] = logarithm(X[i]), logarithm_of_1_plus(X[i])
        return L

    values = compile_loop(each)

    wide = np.exp(np.linspace(-largest, largest, 20_001))
    X = np.concatenate([wide, np.linspace(0.5, 2, 2000), 1 + np.linspace(-1e-3, 1e-3, 2000)])
    X = X.astype(dtype)
    right, bound = np.log(X.astype(np.longdouble)), 3 * np.finfo(dtype).eps
    assert (abs(values(X)[0] - right) <= bound * abs(right)).all()
    below = X[X <= 1]
    right = np.log1p(below.astype(np.longdouble))
    assert (abs(values(below)[1] - right) <= bound * right).all()
    found = values(np.array([1, 0, np.nan, np.inf], dtype))
    np.testing.assert_array_equal(found[0, [0, 2, 3]], [0, np.nan, np.nan])
    np.testing.assert_array_equal(found[1, [1, 2]], [0, np.nan])


def test_inputs_of_any_form_are_right_and_compiled_once() -> None:
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    J = compiled_gradient(network, loss, X, y, None)
    n_compiled = len(code().steps.signatures)
    frozen = X.copy()
    frozen.flags.writeable = False
    shifted = np.frombuffer(b"." + X.tobytes(), X.dtype, offset=1).reshape(X.shape)
    assert not shifted.flags.aligned
    strided = np.repeat(X, 2, axis=0)[::2]
    for form in (np.asfortranarray(X), X.astype(np.float64), strided, frozen, shifted):
        assert compiled_gradient(network, loss, form, y.astype(np.uint8), None) == J
    assert len(code().steps.signatures) == n_compiled


def test_wrong_batches_are_refused_as_by_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    for after in (NEVER, 0):
        monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", after)
        with pytest.raises(ShapeError, match=r"inputs of shape \(N, 7\)"):
            engine(network, loss).learn(X[:, :6], y, None)
        with pytest.raises(IndexError):
            engine(network, loss).learn(X, y + 3, None)


@pytest.mark.parametrize("activation", [ReLU, SiLU])
def test_what_is_not_a_number_is_not_hidden(activation: type[Layer]) -> None:
    network, loss = Network.dense([7, 5, 3], activation=activation), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    X[3, 2] = np.nan
    J = compiled_gradient(network, loss, X, y, None)
    assert J is not None
    assert np.isnan(J)


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), MeanSquaredError()])
def test_a_batch_without_weight_teaches_nothing(loss: Loss) -> None:
    """In float32 the sum of weights can also vanish by rounding."""
    network = Network.dense([7, 5, 3])
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    for weight in (0, 1e-60):
        weights = np.full(12, weight)
        assert compiled_gradient(network, loss, X, y, weights) == 0
        assert not network.grad.any()


@pytest.mark.parametrize(("dtype", "huge"), [(np.float32, 1e38), (np.float64, 1e308)])
def test_numbers_up_to_the_largest_are_those_of_the_layers(dtype: type, huge: float) -> None:
    network = Network([Dense(1, 2), SiLU(), Dense(2, 1)], dtype=dtype, rng=0)
    network.layers[0].W[...] = [[1, -1]]  # type: ignore[attr-defined]
    X: Array = np.array([[huge]], dtype)
    y: Array = np.zeros((1, 1), dtype)
    loss = MeanSquaredError()
    for sign in (1, -1):
        Z = stack.compiled_outputs(network, sign * X, code())
        assert Z is not None
        np.testing.assert_allclose(Z, network.predict(sign * X), rtol=1e-6)
    assert compiled_gradient(network, loss, X, y, None) == np.inf  # as a square
    X[...] = -(huge**0.25)
    network.layers[2].W[...] = [[1], [0]]  # type: ignore[attr-defined]
    assert compiled_gradient(network, loss, X, y, None) == 0
    assert not network.grad.any()


@pytest.mark.parametrize("optimizer", [Adam(), Momentum()])
def test_the_loops_take_over_after_the_same_work_each_time(
    optimizer: Optimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0.002)  # reached at step 40
    taken: list[int] = []
    gradient, step_of = stack.compiled_gradient, compiled_step

    def noted(*given: Any) -> float | None:
        taken.append(optimizer.t)
        return gradient(*given)

    def noted_step(optimizer: Optimizer, code: ModuleType) -> Callable[..., None]:
        step = step_of(optimizer, code)
        assert step is not None

        def taking(*given: Any) -> None:
            step(*given)
            taken.append(optimizer.t)

        return taking

    monkeypatch.setattr(compiled_engine, "compiled_gradient", noted)
    monkeypatch.setattr(compiled_engine, "compiled_step", noted_step)
    network, loss = Network.dense([7, 5, 3]), SoftmaxCrossEntropy()
    X, y = batch(loss, 12, 7, 3, np.float32, seed=0)
    for _ in range(43):
        train_step(network, loss, optimizer, X, y)
    assert taken == [40, 41, 41, 42, 42, 43]  # the gradient before a step counts, the update after


def test_kernels_take_all_steps_of_a_long_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0.002)  # 40 steps
    taken: list[int] = []
    take = run.Steps._take

    def counted(*given: Any) -> int:
        taken.append(take(*given))
        return taken[-1]

    monkeypatch.setattr(run.Steps, "_take", counted)
    loss = SoftmaxCrossEntropy()
    X, y = batch(loss, 50, 7, 3, np.float32, seed=0)
    for epochs, trainings, in_kernels in ((9, 1, 0), (10, 1, 40), (9, 2, 36)):
        taken.clear()
        at = Checkpointing(Position(trainings=trainings))
        how = dict[str, Any](epochs=epochs, batch_size=16, checkpointing=at)
        for _ in train(Network.dense([7, 8, 3]), loss, Adam(), X, y, **how):
            pass
        assert sum(taken) == in_kernels


def test_a_training_of_two_seconds_is_worth_its_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "WORK_IN_ALL", 2)
    network, second = Network.dense([4, 4, 2]), 20_000  # steps of 50 µs

    def is_compiled(steps: int | None, taken: int = 0, trainings: int = 1) -> bool:
        optimizer, at = Adam(), Position(trainings=trainings)
        optimizer.t = taken
        made = engine_of(network, SoftmaxCrossEntropy(), optimizer, at=at, steps=steps)
        return type(made) is compiled_engine.CompiledEngine

    assert not is_compiled(second + second // 2)
    assert is_compiled(2 * second)
    assert is_compiled(second, trainings=2)  # each network decides for itself
    assert not is_compiled(second, taken=second // 2)
    assert is_compiled(second, taken=second)  # resumed
    assert is_compiled(None, taken=second)  # step by step: nobody knows how many follow


@pytest.mark.usefixtures("fresh_kernels")
def test_without_the_extra_numpy_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        compiled, "find_spec", lambda name: None if name == "numba" else find_spec(name)
    )
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    assert compiled.load_kernels() is None
    assert_learns()


@pytest.mark.usefixtures("fresh_kernels")
def test_a_broken_numba_stops_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    monkeypatch.setitem(sys.modules, "numba", None)  # its import fails
    monkeypatch.setattr(compiled, "find_spec", lambda name: name)
    for name in ("kernels", "steps", "jit"):
        monkeypatch.delitem(sys.modules, f"plainnet.training.compiled.{name}", raising=False)
    monkeypatch.delattr(compiled, "jit", raising=False)
    assert compiled.load_kernels() is None
    assert_learns()


@pytest.mark.usefixtures("fresh_kernels")
@pytest.mark.parametrize("is_resumed", [False, True])
def test_a_resumed_training_warns_where_its_compiler_fails(
    is_resumed: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Kernels took its first steps, and NumPy takes the others."""
    monkeypatch.setattr(compiled, "_failures", [])
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    parts = Network.dense([7, 5, 3]), SoftmaxCrossEntropy(), Adam()
    X, y = batch(parts[1], 12, 7, 3, np.float32, seed=0)
    at, how = Position(), dict[str, Any](epochs=3, batch_size=6)
    if is_resumed:
        assert not [*train(*parts, X, y, **how, checkpointing=Checkpointing(at, lambda: True))]
    assert at.steps == is_resumed

    def fail(*_: Any) -> None:
        raise compiled.KernelError.of(RuntimeError("LLVM is broken."))

    monkeypatch.setattr(compiled_engine, "prepare_kernels", fail)
    caplog.clear()
    assert len([*train(*parts, X, y, **how, checkpointing=Checkpointing(at))]) == 3
    (warning,) = caplog.messages
    assert "LLVM is broken" in warning
    assert ("was not interrupted" in warning) == is_resumed


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
    gc.collect()  # those of other tests
    before = len(stack._stacks)
    compiled_gradient(network, loss, X, y, None)
    del network
    assert len(stack._stacks) == before
