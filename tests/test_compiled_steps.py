"""Many steps in one call of the kernels are the steps of the classes, whoever asks to stop."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plainnet import (
    Adam,
    AdamW,
    Dense,
    Dropout,
    GradientDescent,
    Momentum,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    train,
)
from plainnet.errors import DivergedError
from plainnet.network import (
    Array,
    ByColumns,
    Loss,
    MeanSquaredError,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
)
from plainnet.training import (
    AdamHat,
    Checkpointing,
    InputPipeline,
    Optimizer,
    Regularization,
    compiled,
    schedules,
)
from plainnet.training.averaging import Average, PolynomialAverage
from plainnet.training.compiled import run, stack
from plainnet.training.position import Position

pytest.importorskip("numba")

NEVER = 1e99
N, BATCH, EPOCHS = 50, 16, 5
X = np.random.default_rng(0).normal(size=(N, 7))


def dense(n_out: int, dropout: float = 0.3) -> Network:
    layers = [Dense(7, 8), ReLU(), Dropout(dropout), Dense(8, 6), SiLU(), Dropout(dropout)]
    return Network([*layers, Dense(6, n_out)], dtype=np.float64, rng=1)


EDGES = [[-2.0, -0.5, 0.0, 1.0], [0.0, 1.0], [-1.0, 0.0, 1.0]]


def encoded(n_out: int) -> Network:
    return behind(PiecewiseLinear(EDGES), n_out)


def embedded(n_out: int) -> Network:
    network = behind(PiecewiseLinearEmbedding(EDGES, 5), n_out)
    network.theta += np.random.default_rng(2).normal(0, 0.1, network.n_parameters)
    return network


def behind(bins: PiecewiseLinear, n_out: int) -> Network:
    first = ByColumns([([0, 2, 5, 6], []), ([4, 1, 3], [bins])])
    layers = [first, Dense(4 + (bins.n_out or 0), 8), SiLU(), Dropout(0.2), Dense(8, n_out)]
    return Network(layers, dtype=np.float64, rng=1)


def targets(loss: Loss, n_out: int) -> Array:
    rng = np.random.default_rng(1)
    if isinstance(loss, SoftmaxCrossEntropy):
        return rng.integers(0, n_out, N)
    return rng.integers(0, 2, (N, n_out)).astype(float)


def learned(
    monkeypatch: pytest.MonkeyPatch,
    after: float,
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    data: Array = X,
    **given: Any,
) -> Array:
    """The losses of the epochs, the parameters, and what the optimizer remembers."""
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", after)
    y = targets(loss, network.n_out or 0)
    stream = train(
        network, loss, optimizer, data, y, **{"epochs": EPOCHS, "batch_size": BATCH} | given
    )
    losses = [epoch.loss for epoch in stream]
    state = [np.ravel(value) for value in optimizer.state().values()]
    found: Array = np.concatenate([losses, network.theta, *state, [optimizer.learning_rate]])
    return found


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps each call of the kernels has taken."""
    took: list[int] = []
    take = run.Steps._take

    def counted(*given: Any) -> int:
        took.append(take(*given))
        return took[-1]

    monkeypatch.setattr(run.Steps, "_take", counted)
    return took


@pytest.mark.parametrize(
    "make",
    [
        *(lambda: GradientDescent(0.1, 0.1), lambda: Momentum(0.1, weight_decay=0.1)),
        *(lambda: Adam(0.01, weight_decay=0.1), lambda: AdamW(0.01), lambda: AdamHat(0.01)),
    ],
)
@pytest.mark.parametrize(
    ("loss", "n_out"),
    [
        *((SoftmaxCrossEntropy(0.1), 3), (SigmoidCrossEntropy(), 1), (SigmoidCrossEntropy(), 6)),
        *((MeanSquaredError(), 2), (SoftmaxCrossEntropy(), 9)),
    ],
)
@pytest.mark.parametrize("network", [dense, encoded, embedded])
def test_many_steps_are_those_of_the_classes(
    make: Callable[[], Optimizer],
    loss: Loss,
    n_out: int,
    network: Callable[[int], Network],
    monkeypatch: pytest.MonkeyPatch,
    calls: list[int],
) -> None:
    direct = learned(monkeypatch, NEVER, network(n_out), loss, make())
    assert not calls
    found = learned(monkeypatch, 0, network(n_out), loss, make())
    assert sum(calls) == EPOCHS * 4
    np.testing.assert_allclose(found, direct, rtol=0, atol=1e-12)


def whole_batches() -> dict[str, Any]:
    return {"batch_size": None}


def weighted() -> dict[str, Any]:
    return {"weights": np.arange(N) % 3}


def averaged() -> dict[str, Any]:
    return {"regularization": Regularization(average=PolynomialAverage())}


def scheduled() -> dict[str, Any]:
    return {"schedule": schedules.cosine(0.01, 20), "rng": 3}


def prepared() -> dict[str, Any]:
    def double(raw: Array, out: Array) -> None:
        np.multiply(raw, 2, out=out)

    return {"pipeline": InputPipeline(double)}


def varied() -> dict[str, Any]:
    rng = np.random.default_rng(2)

    def shaken(raw: Array, out: Array) -> None:
        np.add(raw, rng.normal(size=out.shape), out=out)

    return {"pipeline": InputPipeline(augment=shaken)}


def ordered() -> dict[str, Any]:
    return {"pipeline": InputPipeline(order=lambda n: np.arange(n)[::-1])}


def fewer() -> dict[str, Any]:
    return {"pipeline": InputPipeline(order=lambda n: np.arange(3 * n // 5))}


def repeated() -> dict[str, Any]:
    return {"pipeline": InputPipeline(order=lambda n: np.arange(5 * n // 3) % n)}


CASES = [whole_batches, weighted, averaged, scheduled, prepared, varied, ordered, fewer, repeated]


@pytest.mark.parametrize("more", CASES)
def test_whatever_surrounds_them(
    more: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, calls: list[int]
) -> None:
    parts = SoftmaxCrossEntropy(), Adam(0.01)
    direct = learned(monkeypatch, NEVER, dense(3), *parts, **more())
    parts = SoftmaxCrossEntropy(), Adam(0.01)
    found = learned(monkeypatch, 0, dense(3), *parts, **more())
    assert sum(calls) == parts[1].t
    np.testing.assert_allclose(found, direct, rtol=0, atol=1e-12)


@pytest.mark.parametrize("more", CASES)
def test_the_bits_do_not_depend_on_how_many_steps_a_call_takes(
    more: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, calls: list[int]
) -> None:
    found = []
    for checkpointing in (None, Checkpointing(should_stop=lambda: False)):
        given = more() | {"checkpointing": checkpointing}
        parts = dense(3), SoftmaxCrossEntropy(), Adam(0.01)
        found.append(learned(monkeypatch, 0, *parts, **given))
        assert (max(calls) == 1) == (checkpointing is not None or "batch_size" in given)
        calls.clear()
    np.testing.assert_array_equal(found[0], found[1])


def test_large_products(monkeypatch: pytest.MonkeyPatch) -> None:
    found, data = [], np.random.default_rng(0).normal(size=(N, 1000))
    for after in (NEVER, 0):
        network = Network.dense([1000, 1100, 3], dtype=np.float64, rng=1)
        parts = SoftmaxCrossEntropy(), Momentum(0.1)
        found.append(learned(monkeypatch, after, network, *parts, data, epochs=1, batch_size=48))
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-12)


def test_samples_of_any_form_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen, found = X.copy(), []
    frozen.flags.writeable = False
    steps: Any = compiled.load_kernels()
    many = 0
    for form in (X, frozen, np.asfortranarray(X)):
        parts = dense(3), SoftmaxCrossEntropy(), Adam(0.01)
        found.append(learned(monkeypatch, 0, *parts, form))
        many = many or len(steps.steps.signatures)
        np.testing.assert_array_equal(found[-1], found[0])
    assert len(steps.steps.signatures) == many


def test_all_networks_losses_and_optimizers_are_compiled_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned(monkeypatch, 0, dense(3), SoftmaxCrossEntropy(0.1), Adam(0.01), **averaged())
    learned(monkeypatch, 0, encoded(2), SigmoidCrossEntropy(), AdamW(0.01), **weighted())
    learned(monkeypatch, 0, embedded(2), MeanSquaredError(), Momentum(0.1), **whole_batches())
    kernels: Any = compiled.load_kernels()
    dtypes = [samples.types[0].dtype for samples, *_ in kernels.steps.signatures]
    assert len(dtypes) == len(set(dtypes))


def test_a_training_stops_after_the_batch_at_which_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = Position()
    parts = dense(3), SoftmaxCrossEntropy(), Adam(0.01)
    learned(monkeypatch, 0, *parts, checkpointing=Checkpointing(at, lambda: at.steps >= 7))
    assert (at.steps, at.epochs, at.batches) == (7, 1, 3)


def test_a_loss_that_is_not_finite_ends_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    network, optimizer = dense(1, dropout=0), Momentum(1e150)
    with pytest.raises(DivergedError, match="after 1 steps"):
        learned(monkeypatch, 0, network, MeanSquaredError(), optimizer)
    assert optimizer.t == 1


@pytest.mark.parametrize(
    "how",
    [
        *(Regularization(clip_norm=1), Regularization(l2=0.1), Regularization(max_norm=1)),
        Regularization(schedule=lambda _: 0.5),
        Regularization(average=type("Own", (Average,), {"update": lambda *_: None})()),
    ],
)
def test_what_comes_between_gradient_and_update_goes_step_by_step(
    how: Regularization, monkeypatch: pytest.MonkeyPatch, calls: list[int]
) -> None:
    parts = SoftmaxCrossEntropy(), Adam(0.01)
    learned(monkeypatch, 0, dense(3), *parts, regularization=how)
    assert parts[1].t == EPOCHS * 4
    assert not calls


@pytest.mark.parametrize("waits", [0, 1])
def test_the_kernels_draw_the_bits_of_numpys_generator(waits: int) -> None:
    from plainnet.training.compiled import pcg64
    from plainnet.training.compiled.jit import compiled as compile_kernel

    def draw_into(U: Array, state: Array, left_out: int) -> None:
        pcg64.draw(U[: len(U) - left_out], state)
        pcg64.skip(left_out, state)

    fill = compile_kernel(draw_into)
    ours, numpys = np.random.default_rng(5), np.random.default_rng(5)
    for rng in (ours, numpys):
        rng.random(waits, np.float32)
    bits: Any = ours.bit_generator
    sizes = (0, 0), (1, 0), (2, 1), (64, 1), (65, 64), (127, 0), (1000, 513), (5000, 2), (7, 7)
    for n, left_out in sizes:
        U, state = np.empty(n, np.float32), pcg64.read_state(bits)
        fill(U, state, left_out)
        pcg64.write_state(bits, state)
        drawn = n - left_out
        np.testing.assert_array_equal(U[:drawn], numpys.random(n, np.float32)[:drawn])
        assert bits.state == numpys.bit_generator.state


def test_it_makes_no_difference_who_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for theirs in (False, True):
        if theirs:
            monkeypatch.setattr(stack.Stack, "bits_of_dropouts", lambda _: None)
        layers = [Dense(7, 5), ReLU(), Dropout(0.3), Dense(5, 3), SiLU(), Dropout(0.2), Dense(3, 3)]
        network = Network(layers, rng=1)
        after = learned(monkeypatch, 0, network, SoftmaxCrossEntropy(), Adam(0.01))
        rng: Any = layers[2].rng
        found.append((after, rng.bit_generator.state))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
