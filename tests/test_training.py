"""Batches, the loop, and what is made of its stream."""

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import address, normal

from plainnet.errors import DataError, DivergedError, PlainnetError, SettingError, ShapeError
from plainnet.network import (
    Array,
    Dense,
    MeanSquaredError,
    Network,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    Tanh,
)
from plainnet.training import (
    Adam,
    Batches,
    Epoch,
    GradientDescent,
    InputPipeline,
    Momentum,
    Regularization,
    Validation,
    clip,
    engine,
    fit,
    keep_best,
    logits,
    stop_early,
    train,
    train_step,
)

# batches ---------------------------------------------------------------------------------------


def numbered(N: int) -> Array:
    """Samples that tell their number: (N, 2), the number and its negative."""
    return np.stack([np.arange(N), -np.arange(N)], axis=1).astype(np.float32)


def orders(batches: Batches, epochs: int) -> list[list[int]]:
    return [[int(i) for X, _, _ in batches for i in X[:, 0]] for _ in range(epochs)]


@given(st.integers(1, 60), st.one_of(st.none(), st.integers(1, 70)), st.integers(0, 9))
def test_every_epoch_has_every_sample_once_with_its_target_and_weight(
    N: int, size: int | None, seed: int
) -> None:
    batches = Batches(numbered(N), np.arange(N) * 10, np.arange(N) * 0.5, size=size, rng=seed)
    for _ in range(2):
        seen, lengths = [], []
        for X, y, weights in batches:
            assert weights is not None
            np.testing.assert_array_equal(y, X[:, 0] * 10)
            np.testing.assert_array_equal(weights, X[:, 0] * 0.5)
            np.testing.assert_array_equal(X[:, 1], -X[:, 0])
            seen += X[:, 0].tolist()
            lengths.append(len(X))
        assert sorted(seen) == [*range(N)]
        assert len(lengths) == len(batches)
        full = min(size or N, N)
        assert lengths[:-1] == [full] * (len(lengths) - 1)
        assert 0 < lengths[-1] <= full


def test_examples_are_shuffled_and_not_blocks() -> None:
    first, second = orders(Batches(numbered(200), np.zeros(200), size=10), 2)
    assert first != second
    for order in (first, second):
        neighbours = sum(abs(a - b) == 1 for a, b in pairwise(order))
        assert neighbours < 10  # about 2 by chance, 180 in blocks
    together = [{*order[:10]} for order in (first, second)]
    assert together[0] != together[1]


def test_the_order_is_the_seeds() -> None:
    by_seed = [orders(Batches(numbered(50), np.zeros(50), size=7, rng=s), 3) for s in (1, 1, 2)]
    assert by_seed[0] == by_seed[1]
    assert by_seed[0] != by_seed[2]
    handed = Batches(numbered(50), np.zeros(50), size=7, rng=np.random.default_rng(1))
    assert orders(handed, 3) == by_seed[0]


@pytest.mark.parametrize("size", [None, 20, 99])
def test_a_full_batch_is_the_data_itself(size: int | None) -> None:
    X, y, w = numbered(20), np.arange(20), np.ones(20, np.float32)
    ((X_batch, y_batch, w_batch),) = Batches(X, y, w, size=size)
    assert np.shares_memory(X_batch, X)
    assert y_batch is y
    assert w_batch is w
    assert orders(Batches(X, y, size=size), 1) == [[*range(20)]]


@pytest.mark.parametrize("size", [None, 4])
def test_pictures_become_rows_of_the_networks_dtype(size: int | None) -> None:
    pictures = np.arange(10 * 2 * 3 * 3, dtype=np.uint8).reshape(10, 2, 3, 3)
    batches = Batches(pictures, np.arange(10), size=size, dtype=np.float64)
    for X, y, _ in batches:
        assert X.dtype == np.float64
        np.testing.assert_array_equal(X, pictures[y].reshape(len(y), 18))


def test_samples_are_prepared_in_their_batch_and_a_full_batch_once() -> None:
    calls: list[int] = []

    def prepare(raw: Array, out: Array) -> None:
        calls.append(len(raw))
        np.divide(raw, 255, out=out)

    raw = np.arange(10, dtype=np.uint8).reshape(10, 1) * 25
    batches = Batches(raw, np.arange(10), size=4, pipeline=InputPipeline(prepare))
    for X, y, _ in batches:
        np.testing.assert_allclose(X[:, 0], y * 25 / 255, rtol=1e-6)
    assert calls == [4, 4, 2]
    calls.clear()
    whole = Batches(raw, np.arange(10), pipeline=InputPipeline(prepare))
    for _ in range(3):
        ((X, _, _),) = whole
        np.testing.assert_allclose(X, raw / 255, rtol=1e-6)
    assert calls == [10]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_memory_of_a_batch_is_used_again(dtype: type) -> None:
    batches = Batches(numbered(10).astype(dtype), np.zeros(10), size=4)
    assert len({address(X) for _ in range(2) for X, _, _ in batches}) == 1


@pytest.mark.parametrize("N", [1, 7, 8, 20])
def test_logits_batch_by_batch_are_those_of_all_at_once(N: int) -> None:
    network = Network.dense([3, 5, 2], dropout=0.5, dtype=np.float64)
    X = normal(N, 3)
    Z = logits(network, X, batch_size=8)
    np.testing.assert_allclose(Z, network.forward(X), rtol=1e-12)
    network.forward(X + 1)
    np.testing.assert_allclose(Z, network.forward(X), rtol=1e-12)  # a copy of its own


# the loop --------------------------------------------------------------------------------------

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
N = 23  # no multiple of any batch size below
X = normal(N, 4, dtype=np.float32)
Y = (X @ [1, -2, 1, 0.5] > 0).astype(int)
WEIGHTS = np.arange(N) % 4 * 1.0


def run(network: Network | None = None, **settings: Any) -> list[Epoch]:
    """The epochs of a small training."""
    network = network or Network.dense([4, 5, 1])
    settings = {"epochs": 3, "batch_size": 5} | settings
    return [*train(network, SigmoidCrossEntropy(), Adam(0.01), X, Y, **settings)]


def trained(rng: int = 0, dropout: float = 0.0, **settings: Any) -> Array:
    """θ after a small training."""
    network = Network.dense([4, 5, 1], dropout=dropout)
    run(network, rng=rng, **settings)
    return network.theta


@pytest.mark.parametrize("make", [SigmoidCrossEntropy, MeanSquaredError])
def test_xor_is_learned(make: type[SigmoidCrossEntropy | MeanSquaredError]) -> None:
    network = Network.dense([2, 8, 1], activation=Tanh)
    y = np.array([0, 1, 1, 0])
    *_, last = train(network, make(), Adam(0.05), XOR, y, epochs=300)
    assert last.loss < 0.01
    half = 0.5 if make is MeanSquaredError else 0  # a probability, or a logit
    np.testing.assert_array_equal(network.forward(XOR)[:, 0] > half, y)


def test_three_classes_are_learned_in_batches() -> None:
    centres = np.array([[3, 0], [-3, 0], [0, 3]])
    y = np.arange(90) % 3
    points = centres[y] + normal(90, 2)
    network, loss = Network.dense([2, 8, 3]), SoftmaxCrossEntropy()
    data = points, y
    *_, last = train(network, loss, Adam(0.02), *data, epochs=20, batch_size=16, validation=data)
    assert last["validation_accuracy"] > 0.95


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_the_loss_of_an_epoch_is_the_mean_over_samples(weights: Array | None) -> None:
    """A short last batch counts by its size, weighted samples by their weight."""
    network = Network.dense([4, 5, 1], dtype=np.float64)
    twin, loss, optimizer = network.copy(), SigmoidCrossEntropy(), Adam(0.01)
    total = 0.0
    counting = slice(None) if weights is None else np.flatnonzero(weights)
    given = X[counting], Y[counting], None if weights is None else weights[counting]
    for X_batch, y, w in Batches(*given, size=5, rng=8, dtype=np.float64):
        each = np.logaddexp(0, twin.forward(X_batch)[:, 0]) - y * twin.forward(X_batch)[:, 0]
        total += float(each.sum() if w is None else each @ w)
        train_step(twin, loss, optimizer, X_batch, y, w)
    (epoch,) = run(network, epochs=1, rng=8, weights=weights)
    assert epoch.loss == pytest.approx(total / (N if weights is None else weights.sum()))
    np.testing.assert_allclose(network.theta, twin.theta, rtol=1e-12)


def test_a_batch_of_weights_that_are_all_zero_teaches_nothing() -> None:
    weights = np.zeros(N)
    weights[3] = 2
    network = Network.dense([4, 5, 1], dtype=np.float64)
    twin = network.copy()
    for net, batch_size in ((network, 1), (twin, None)):
        optimizer = GradientDescent(0.1)
        settings: dict[str, Any] = {"weights": weights, "batch_size": batch_size, "epochs": 3}
        epochs = [*train(net, SigmoidCrossEntropy(), optimizer, X, Y, **settings)]
        assert epochs[0].loss == pytest.approx(epochs[0]["loss"])
    np.testing.assert_allclose(network.theta, twin.theta, rtol=1e-10)


def test_a_full_batch_is_plain_gradient_descent() -> None:
    network = Network.dense([4, 1], dtype=np.float64)
    W, b = (value.copy() for value in network.parameters.values())
    data = X.astype(float)
    losses = []
    for _ in range(4):
        Z = data @ W + b
        p = 1 / (1 + np.exp(-Z))
        losses.append(float(-np.log(np.where(Y[:, None], p, 1 - p)).mean()))
        W = W - 0.5 * data.T @ (p - Y[:, None]) / N
        b = b - 0.5 * (p - Y[:, None]).mean(axis=0)
    epochs = [*train(network, SigmoidCrossEntropy(), GradientDescent(0.5), X, Y, epochs=4)]
    assert [epoch.loss for epoch in epochs] == pytest.approx(losses, rel=1e-12)
    assert [epoch.step for epoch in epochs] == [1, 2, 3, 4]
    np.testing.assert_allclose(network.parameters["layers.0.W"], W, rtol=1e-12)
    np.testing.assert_allclose(network.parameters["layers.0.b"], b, rtol=1e-12)


def test_bytes_and_prepare_are_the_same_training_as_floats() -> None:
    raw = np.random.default_rng(0).integers(0, 256, (N, 2, 2, 1), np.uint8)

    def prepare(raw: Array, out: Array) -> None:
        np.multiply(raw, np.float32(1 / 255), out=out)

    floats = raw.reshape(N, 4) * np.float32(1 / 255)
    found = []
    for samples, prepared in ((raw, prepare), (floats, None)):
        network = Network.dense([4, 5, 1])
        settings: dict[str, Any] = {"epochs": 3, "batch_size": 5}
        settings["pipeline"] = InputPipeline(prepared)
        data = samples, Y
        epochs = [
            *train(network, SigmoidCrossEntropy(), Adam(), *data, validation=data, **settings)
        ]
        found.append(([(epoch.loss, epoch.validation) for epoch in epochs], network.theta))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_same_seed_same_bits() -> None:
    np.testing.assert_array_equal(trained(rng=5, dropout=0.3), trained(rng=5, dropout=0.3))
    assert (trained(rng=5) != trained(rng=6)).any()


def test_the_data_stay_as_they_are() -> None:
    held = X.copy(), Y.copy(), WEIGHTS.copy()
    run(weights=WEIGHTS, regularization=Regularization(clip_norm=0.1), validation=(X, Y))
    run(weights=WEIGHTS, batch_size=None)
    for before, after in zip(held, (X, Y, WEIGHTS), strict=True):
        np.testing.assert_array_equal(before, after)


def test_nothing_happens_before_the_first_epoch_is_asked_for_and_after_break() -> None:
    network = Network.dense([4, 5, 1])
    start = network.theta.copy()
    stream = train(network, SigmoidCrossEntropy(), Adam(0.01), X, Y, epochs=9, batch_size=5)
    np.testing.assert_array_equal(network.theta, start)
    for epoch in stream:
        if epoch.number == 2:
            break
    np.testing.assert_array_equal(network.theta, trained(epochs=2))


def test_an_optimizer_carries_its_state_into_the_next_training() -> None:
    network, optimizer = Network.dense([4, 5, 1]), Momentum(0.01)
    twin = network.copy()
    for _ in range(2):
        [*train(network, SigmoidCrossEntropy(), optimizer, X, Y, epochs=2)]
    [*train(twin, SigmoidCrossEntropy(), Momentum(0.01), X, Y, epochs=4)]
    np.testing.assert_array_equal(network.theta, twin.theta)


def test_dropout_works_while_training_and_rests_while_measuring() -> None:
    class Seen(Dense):
        training: list[tuple[int, bool]]

        def forward(self, X: Array, training: bool = False) -> Array:
            self.training.append((len(X), training))
            return super().forward(X, training)

    layer = Seen(4, 1)
    layer.training = []
    run(Network([layer]), epochs=1, batch_size=12, validation=(X[:3], Y[:3]))
    assert layer.training == [(12, True), (11, True), (3, False)]


def test_biases_do_not_decay() -> None:
    network = Network.dense([4, 5, 1])
    network.theta[...] = 1
    zeros = np.zeros((8, 4))  # no weight of the first layer has a gradient
    optimizer = GradientDescent(0.1, weight_decay=0.5)
    network.parameters["layers.2.W"][...] = 0
    [*train(network, MeanSquaredError(), optimizer, zeros, np.ones(8), epochs=2)]
    np.testing.assert_allclose(network.parameters["layers.0.W"], 0.95**2, rtol=1e-6)
    np.testing.assert_array_equal(network.parameters["layers.2.b"], 1)


# what an epoch tells ---------------------------------------------------------------------------


def test_what_an_epoch_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # asked before the first batch of an epoch and after each
    monkeypatch.setattr(engine, "time", SimpleNamespace(perf_counter=lambda: float(next(clock))))
    epochs = run(epochs=2, validation=(X[:7], Y[:7]))
    assert [epoch.number for epoch in epochs] == [1, 2]
    assert [epoch.step for epoch in epochs] == [5, 10]  # 23 samples in batches of 5
    assert all(epoch.learning_rate == 0.01 for epoch in epochs)
    assert [epoch.seconds for epoch in epochs] == [5, 5]
    row = ["epoch", "step", "loss", "validation_loss", "validation_accuracy"]
    assert [*epochs[0].as_row()] == [*row, "learning_rate", "seconds"]
    assert epochs[1]["epoch"] == 2
    assert epochs[1]["validation_loss"] == epochs[1].validation["loss"]
    with pytest.raises(AttributeError):
        epochs[0].loss = 0  # type: ignore[misc]


def test_validation_metrics_are_measured_after_the_epoch() -> None:
    network, loss = Network.dense([4, 5, 1], dtype=np.float64), SigmoidCrossEntropy()
    for epoch in train(network, loss, Adam(0.01), X, Y, epochs=3, validation=(X[:9], 1 - Y[:9])):
        Z = network.forward(X[:9])
        assert epoch["validation_loss"] == pytest.approx(loss.value_and_grad(Z, 1 - Y[:9])[0])
        assert epoch["validation_accuracy"] == ((Z[:, 0] >= 0) != Y[:9]).mean()


def test_metrics_of_ones_own() -> None:
    def metrics(Z: Array, y: Array) -> dict[str, float]:
        return {"samples": len(Z), "highest": float(Z.max()), "yes": float(y.sum())}

    epoch = run(epochs=1, validation=Validation(X[:7], Y[:7], metrics=metrics))[0]
    assert [*epoch.validation] == ["loss", "samples", "highest", "yes"]
    assert (epoch["validation_samples"], epoch["validation_yes"]) == (7, Y[:7].sum())


def test_without_validation_there_are_no_metrics_of_it() -> None:
    assert run(epochs=1)[0].validation == {}


@pytest.mark.parametrize("validation", [None, (X, Y)], ids=["", "validated"])
def test_an_unknown_metric_is_refused(validation: tuple[Array, Array] | None) -> None:
    epoch = run(epochs=1, validation=validation)[0]
    with pytest.raises(SettingError) as caught:
        epoch["acuracy"]
    assert str(caught.value) == (
        "No metric 'acuracy' is recorded, only epoch, step, loss, learning_rate, seconds; "
        "train with validation data to record more."
        if validation is None
        else "No metric 'acuracy' is recorded, only epoch, step, loss, validation_loss, "
        "validation_accuracy, learning_rate, seconds."
    )


# schedule, clipping, divergence ----------------------------------------------------------------


def test_the_schedule_is_asked_before_each_step() -> None:
    asked: list[int] = []

    def schedule(step: int) -> float:
        asked.append(step)
        return 0.1 / (step + 1)

    network = Network.dense([4, 1], dtype=np.float64)
    twin, loss, steps = network.copy(), SigmoidCrossEntropy(), GradientDescent()
    optimizer = GradientDescent(99)
    settings: dict[str, Any] = {"epochs": 2, "batch_size": 10, "schedule": schedule}
    epochs = [*train(network, loss, optimizer, X, Y, **settings)]
    assert asked == [0, 1, 2, 3, 4, 5]
    assert [epoch.learning_rate for epoch in epochs] == [0.1 / 3, 0.1 / 6]
    batches = Batches(X, Y, size=10, dtype=np.float64)
    for step, (X_batch, y, _) in enumerate([*_copies(batches), *_copies(batches)]):
        steps.learning_rate = 0.1 / (step + 1)
        train_step(twin, SigmoidCrossEntropy(), steps, X_batch, y)
    np.testing.assert_array_equal(network.theta, twin.theta)


def test_a_rate_that_numpy_made_becomes_a_plain_number() -> None:
    (epoch,) = run(epochs=1, schedule=lambda step: np.float64(0.1))
    assert type(epoch.learning_rate) is float


def _copies(batches: Batches) -> list[tuple[Array, Array, Array | None]]:
    return [(X.copy(), y, w) for X, y, w in batches]


def test_clip_scales_down_what_is_longer_and_nothing_else() -> None:
    grad = np.array([3.0, 4])
    assert clip(grad, 10) == 5
    np.testing.assert_array_equal(grad, [3, 4])
    assert clip(grad, math.inf) == 5
    assert clip(grad, 1) == 5
    np.testing.assert_allclose(grad, [0.6, 0.8], rtol=1e-15)
    assert clip(np.zeros(3), 1) == 0
    single = np.array([3, 4], np.float32)
    clip(single, 1)
    assert single.dtype == np.float32


def test_training_clips_the_gradient_of_each_step() -> None:
    network = Network.dense([4, 1], dtype=np.float64)
    before = network.theta.copy()
    optimizer = GradientDescent(1)
    far = 1000 * X
    clipped = Regularization(clip_norm=0.01)
    for _ in train(
        network, MeanSquaredError(), optimizer, far, Y, epochs=3, regularization=clipped
    ):
        assert np.linalg.norm(network.theta - before) == pytest.approx(0.01, rel=1e-9)
        before = network.theta.copy()


def diverging(learning_rate: float = 1e6, **settings: Any) -> list[Epoch]:
    network = Network.dense([4, 5, 1])
    optimizer = GradientDescent(learning_rate)
    return [*train(network, MeanSquaredError(), optimizer, X, Y, **settings)]


def test_divergence_is_an_error_that_says_what_to_try() -> None:
    with pytest.raises(DivergedError) as caught:
        diverging(epochs=50)
    words = str(caught.value)
    steps = words.partition("after ")[2].partition(" steps")[0]
    assert 1 <= int(steps) < 50
    assert words.startswith(("The loss became inf after ", "The loss became nan after "))
    assert words.endswith(
        " steps, with learning rate 1e+06; try 100000, clip_norm=1, or inputs scaled to mean 0 "
        "and standard deviation 1."
    )


def test_epochs_before_the_divergence_are_told() -> None:
    shown: list[float] = []

    def tell() -> None:
        network = Network.dense([4, 5, 1])
        for epoch in train(network, MeanSquaredError(), GradientDescent(1e6), X, Y, epochs=50):
            shown.append(epoch.loss)

    with pytest.raises(DivergedError):
        tell()
    assert shown
    assert np.isfinite(shown).all()


def test_a_network_that_diverges_in_its_last_step_ends_in_an_error_and_without_a_warning() -> None:
    with pytest.raises(DivergedError, match="The validation loss became nan after 1 steps"):
        diverging(1e30, epochs=1, validation=(X, Y))
    with pytest.raises(DivergedError, match="The parameters became infinite after 1 steps"):
        diverging(1e45, epochs=1)


# arguments are refused at the call -------------------------------------------------------------


def holed(row: int) -> Array:
    holed = X.copy()
    holed[row:, 1] = np.nan
    return holed


REFUSED: dict[str, tuple[dict[str, Any], type[PlainnetError], str]] = {
    "epochs": (
        {"epochs": -1}, SettingError,
        "The number of epochs must be a whole number ≥ 0, but got -1.",
    ),
    "epochs-2.5": (
        {"epochs": 2.5}, SettingError,
        "The number of epochs must be a whole number ≥ 0, but got 2.5.",
    ),
    "batch-size": (
        {"batch_size": 0}, SettingError,
        "The batch size must be a whole number ≥ 1, but got 0.",
    ),
    "seed": (
        {"rng": -1}, SettingError,
        "rng must be a numpy.random.Generator or a seed (0, 1, 2, …), but got -1.",
    ),
    "no-samples": (
        {"X": X[:0]}, ShapeError,
        "Samples are rows of features, (N, …) with N ≥ 1, but got (0, 4).",
    ),
    "one-row": (
        {"X": X[0]}, ShapeError,
        "Samples are rows of features, (N, …) with N ≥ 1, but got (4,).",
    ),
    "nan": (
        {"X": holed(20)}, DataError,
        "The samples hold 3 values that are not finite, the first in sample 20; remove those "
        "samples or fill in what is missing.",
    ),
    "targets": (
        {"y": Y[:-1]}, ShapeError,
        "SigmoidCrossEntropy needs targets of shape (23, 1), one for each output of the network, "
        "but got (22,).",
    ),
    "target-values": (
        {"y": Y + 1}, DataError,
        "SigmoidCrossEntropy needs targets between 0 and 1, but got values from 1 to 2; for more "
        "than two classes use SoftmaxCrossEntropy.",
    ),
    "weights": (
        {"weights": WEIGHTS[1:]}, ShapeError,
        "23 samples need weights of shape (23,), got (22,).",
    ),
    "zero-weights": (
        {"weights": 0 * WEIGHTS}, DataError,
        "Sample weights must be finite and ≥ 0, and at least one of them > 0.",
    ),
    "negative-weights": (
        {"weights": WEIGHTS - 1}, DataError,
        "Sample weights must be finite and ≥ 0, and at least one of them > 0.",
    ),
    "infinite-weights": (
        {"weights": WEIGHTS + math.inf}, DataError,
        "Sample weights must be finite and ≥ 0, and at least one of them > 0.",
    ),
    "validation-targets": (
        {"validation": (X, Y[:3])}, ShapeError,
        "SigmoidCrossEntropy needs targets of shape (23, 1), one for each output of the network, "
        "but got (3,).",
    ),
    "validation-nan": (
        {"validation": (holed(3), Y)}, DataError,
        "The samples hold 20 values that are not finite, the first in sample 3; remove those "
        "samples or fill in what is missing.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_arguments_are_refused_at_the_call(
    changed: dict[str, Any], error: type[PlainnetError], words: str
) -> None:
    network = Network.dense([4, 5, 1])
    arguments: dict[str, Any] = {"X": X, "y": Y, "epochs": 3} | changed
    with pytest.raises(error) as caught:
        train(network, SigmoidCrossEntropy(), Adam(), **arguments)  # not iterated
    assert str(caught.value) == words


def test_regularization_out_of_range_is_refused_where_it_is_made() -> None:
    with pytest.raises(SettingError) as caught:
        Regularization(clip_norm=0)
    assert str(caught.value) == (
        "The norm to clip gradients at must be a number in (0, inf], but got 0."
    )
    with pytest.raises(SettingError, match=r"norm of the weights into a unit .* in \(0, inf\)"):
        Regularization(max_norm=np.inf)


@pytest.mark.parametrize("changed", [{"X": X[:, :3]}, {"validation": (X[:, :3], Y)}], ids=["", "v"])
def test_samples_of_other_features_are_refused_at_the_call(changed: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"X": X, "y": Y, "epochs": 3} | changed
    with pytest.raises(ShapeError, match=r"4.*\(23, 3\)"):
        train(Network.dense([4, 5, 1]), SigmoidCrossEntropy(), Adam(), **arguments)


def test_train_has_few_parameters_and_fit_the_same() -> None:
    parameters = inspect.signature(train).parameters
    assert len(parameters) <= 15
    assert parameters == inspect.signature(fit).parameters


def test_no_epochs_are_no_epochs() -> None:
    assert run(epochs=0) == []


# streams: stop_early ---------------------------------------------------------------------------

NAN = math.nan


def epochs_of(values: Sequence[float]) -> Iterator[Epoch]:
    """A stream whose validation loss goes through these values."""
    for number, value in enumerate(values, 1):
        yield Epoch(number, number, 0.0, 0.1, 0.0, {"loss": value})


# Validation losses, settings, and after how many epochs the stream ends.
STOPS: dict[str, tuple[list[float], dict[str, Any], int]] = {
    "always-better": ([5, 4, 3, 2, 1], {"patience": 1}, 5),
    "never-better": ([1, 2, 2, 2, 2], {"patience": 2}, 3),
    "equal-is-not-better": ([1, 1, 1, 1], {"patience": 2}, 3),
    "recovers-in-time": ([3, 4, 2, 3, 1, 2, 2], {"patience": 2}, 7),
    "too-late": ([3, 4, 4, 1], {"patience": 2}, 3),
    "impatient": ([3, 4, 1], {"patience": 1}, 2),
    "highest": ([1, 2, 3, 2, 1, 9], {"patience": 2, "best": "highest"}, 5),
    "highest-negative": ([-3, -2, -4, -9], {"patience": 1, "best": "highest"}, 3),
    "least-gain": ([3, 2.75, 2.5, 2], {"patience": 2, "least_gain": 0.5}, 3),
    "least-gain-in-sum": ([3, 2.75, 2, 1.75], {"patience": 2, "least_gain": 0.5}, 4),
    "nan-is-not-better": ([1, NAN, NAN, 0], {"patience": 2}, 3),
    "nan-at-first": ([NAN, 1, 0, 2], {"patience": 2}, 4),
    "another-figure": ([9, 8, 7, 6], {"patience": 2, "metric": "epoch"}, 3),
    "default-patience": ([1.0] * 20, {}, 11),
    "grows": ([5, 4, 3, 2, 1, 2, 2, 2, 0], {"patience": 1, "growth": 0.5}, 8),
    "grows-from-patience-on": ([1, 2, 2, 0], {"patience": 2, "growth": 1.5}, 3),
}


@pytest.mark.parametrize(("values", "settings", "length"), STOPS.values(), ids=STOPS)
def test_stop_early(values: list[float], settings: dict[str, Any], length: int) -> None:
    numbers = [epoch.number for epoch in stop_early(epochs_of(values), **settings)]
    assert numbers == [*range(1, length + 1)]


def test_stop_early_ends_a_training() -> None:
    network, data = Network.dense([4, 1]), (X, 1 - Y)
    settings: dict[str, Any] = {"epochs": 100, "validation": data}
    epochs = train(network, SigmoidCrossEntropy(), Adam(0.1), X, Y, **settings)
    assert len([*stop_early(epochs, patience=3)]) == 4  # learning Y makes 1 − Y worse


# streams: keep_best ----------------------------------------------------------------------------


def marked(network: Network, values: Sequence[float], error: BaseException | None = None) -> Any:
    """A training that sets every parameter to the number of the epoch, and may end in an error."""
    for epoch in epochs_of(values):
        network.theta[...] = epoch.number
        yield epoch
    if error is not None:
        network.theta[...] = -1
        raise error


# Validation losses, the direction, and the epoch whose parameters stay.
KEPT: dict[str, tuple[list[float], str, int]] = {
    "in-between": ([3, 1, 2], "lowest", 2),
    "first": ([1, 2, 3], "lowest", 1),
    "last": ([3, 2, 1], "lowest", 3),
    "last-of-equals": ([3, 1, 1, 2], "lowest", 3),
    "highest": ([3, 9, 2], "highest", 2),
    "after-nan": ([NAN, 2, 3], "lowest", 2),
    "nan-only": ([NAN, NAN], "lowest", 1),
    "infinite": ([math.inf, math.inf], "lowest", 1),
}


@pytest.mark.parametrize(("values", "best", "kept"), KEPT.values(), ids=KEPT)
def test_keep_best(values: list[float], best: Any, kept: int) -> None:
    network = Network.dense([2, 1])
    theta = network.theta
    assert len([*keep_best(marked(network, values), network, best=best)]) == len(values)
    np.testing.assert_array_equal(network.theta, kept)
    assert network.theta is theta  # put back in place


def test_keep_best_after_break() -> None:
    network = Network.dense([2, 1])
    for epoch in keep_best(marked(network, [3, 1, 2, 0]), network):
        if epoch.number == 3:
            np.testing.assert_array_equal(network.theta, 3)  # training goes on from the latest
            break
    np.testing.assert_array_equal(network.theta, 2)


def test_keep_best_after_close() -> None:
    network = Network.dense([2, 1])
    stream: Any = keep_best(marked(network, [1, 2, 3]), network)
    next(stream), next(stream)
    stream.close()
    np.testing.assert_array_equal(network.theta, 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError()], ids=["ctrl-c", "error"])
def test_keep_best_after_an_error_of_the_consumer(error: BaseException) -> None:
    network = Network.dense([2, 1])

    def consume() -> None:
        for epoch in keep_best(marked(network, [1, 2, 3]), network):
            if epoch.number == 2:
                raise error

    with pytest.raises(type(error)):
        consume()
    np.testing.assert_array_equal(network.theta, 1)


def test_keep_best_after_an_error_thrown_into_the_stream() -> None:
    network = Network.dense([2, 1])
    stream: Any = keep_best(marked(network, [1, 2, 3]), network)
    next(stream), next(stream)
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)
    np.testing.assert_array_equal(network.theta, 1)


@pytest.mark.parametrize("error", [DivergedError(), KeyboardInterrupt()], ids=repr)
def test_keep_best_after_an_error_of_the_training(error: BaseException) -> None:
    network = Network.dense([2, 1])
    with pytest.raises(type(error)):
        [*keep_best(marked(network, [1, 2], error), network)]
    np.testing.assert_array_equal(network.theta, 1)


def test_keep_best_changes_nothing_before_the_first_epoch() -> None:
    network = Network.dense([2, 1])
    start = network.theta.copy()
    assert [*keep_best(marked(network, []), network)] == []
    np.testing.assert_array_equal(network.theta, start)


def test_keep_best_of_a_stream_that_stops_early() -> None:
    network = Network.dense([2, 1])
    epochs = stop_early(marked(network, [3, 1, 2, 2, 2, 0]), patience=2)
    assert len([*keep_best(epochs, network)]) == 4
    np.testing.assert_array_equal(network.theta, 2)


def test_stop_early_ends_the_stream_that_it_is_handed() -> None:
    """So keep_best does its work at once, even where a variable holds its stream."""
    network = Network.dense([2, 1])
    epochs = keep_best(marked(network, [3, 1, 2, 2, 2, 0]), network)
    assert len([*stop_early(epochs, patience=2)]) == 4
    np.testing.assert_array_equal(network.theta, 2)


REFUSED_STREAMS: dict[str, tuple[Callable[[], object], str]] = {
    "patience": (
        lambda: stop_early(epochs_of([]), patience=0),
        "The patience must be a whole number ≥ 1, but got 0.",
    ),
    "least-gain": (
        lambda: stop_early(epochs_of([]), least_gain=-1),
        "The least gain must be a number in [0, inf), but got -1.",
    ),
    "figure": (
        lambda: next(stop_early(epochs_of([1]), metric="accuracy")),
        "No metric 'accuracy' is recorded, only epoch, step, loss, validation_loss, "
        "learning_rate, seconds.",
    ),
    "figure-to-keep": (
        lambda: next(keep_best(epochs_of([1]), Network.dense([2, 1]), metric="accuracy")),
        "No metric 'accuracy' is recorded, only epoch, step, loss, validation_loss, "
        "learning_rate, seconds.",
    ),
}


@pytest.mark.parametrize(("make", "words"), REFUSED_STREAMS.values(), ids=REFUSED_STREAMS)
def test_stream_settings_are_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert str(caught.value) == words


@pytest.mark.parametrize("best", ["max", "Lowest", ""])
def test_a_direction_that_is_none_is_refused(best: Any) -> None:
    with pytest.raises(SettingError, match=r"lowest.*highest"):
        next(stop_early(epochs_of([1]), best=best))
    with pytest.raises(SettingError, match=r"lowest.*highest"):
        next(keep_best(epochs_of([1]), Network.dense([2, 1]), best=best))


def test_what_is_varied_is_varied_anew_each_epoch_in_one_batch_too() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(6, 3)).astype(np.float32), np.arange(6) % 2
    seen: list[int] = []

    def vary(raw: Array, out: Array) -> None:
        out[...] = raw * len(seen)
        seen.append(len(raw))

    pipeline = InputPipeline(augment=vary)
    stream = train(
        Network.dense([3, 2]), SoftmaxCrossEntropy(), Adam(), X, y, epochs=3, pipeline=pipeline
    )
    assert len([*stream]) == 3
    assert seen == [6, 6, 6]
