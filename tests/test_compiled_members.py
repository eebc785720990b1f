"""The compiled steps of an ensemble in one network are those of its layers."""

from typing import Any

import numpy as np
import pytest
from laws import peak_bytes

from plainnet import (
    Adam,
    Dense,
    Dropout,
    Network,
    ReLU,
    SigmoidCrossEntropy,
    SiLU,
    SoftmaxCrossEntropy,
    Tanh,
    train,
)
from plainnet.network import (
    Array,
    ByColumns,
    Layer,
    Loss,
    MeanOverMembers,
    MeanSquaredError,
    MemberDense,
    MemberMean,
    MemberScaling,
    PerMember,
    PiecewiseLinearEmbedding,
    SigmoidMemberMean,
    SoftmaxMemberMean,
)
from plainnet.training import Checkpointing, Regularization, compiled
from plainnet.training.averaging import PolynomialAverage
from plainnet.training.compiled import run
from plainnet.training.compiled.stack import compiled_gradient, compiled_outputs

pytest.importorskip("numba")
pytest.importorskip("scipy")

EDGES = [[-1.0, 0.0, 2.0], [-3.0, 3.0], [0.0, 0.5, 1.0, 4.0]]
K, CLASSES = 4, 3


def network(dtype: type, columns: str, mean: type[MemberMean] = SoftmaxMemberMean) -> Network:
    learned = PiecewiseLinearEmbedding(EDGES, 4)
    first: dict[str, list[Layer]] = {
        "plain": [],
        "learned": [learned],
        "both": [ByColumns([([0, 2], []), ([4, 1, 3], [learned])])],
    }
    n = {"plain": 5, "learned": 12, "both": 14}[columns]
    hidden = [Dense(n, 7), ReLU(), Dropout(0.2), Dense(7, 6), SiLU(), Dense(6, 6), ReLU()]
    layers = [MemberScaling(n, K), PerMember(K, hidden), MemberDense(6, CLASSES, K)]
    made = Network([*first[columns], *layers, mean(CLASSES, K)], dtype=dtype, rng=2)
    made.theta += np.random.default_rng(3).normal(0, 0.1, made.n_parameters)
    return made


def batch(n: int, columns: str, loss: Loss, dtype: type) -> tuple[Array, Array]:
    rng = np.random.default_rng(n)
    X: Array = rng.normal(size=(n, 3 if columns == "learned" else 5)).astype(dtype)
    if isinstance(loss, SoftmaxCrossEntropy):
        return X, rng.integers(CLASSES, size=n)
    if isinstance(loss, SigmoidCrossEntropy):
        return X, rng.integers(2, size=(n, CLASSES)).astype(dtype)
    return X, rng.normal(size=(n, CLASSES)).astype(dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-5)])
@pytest.mark.parametrize("columns", ["plain", "learned", "both"])
@pytest.mark.parametrize(
    ("loss", "mean"),
    [(SoftmaxCrossEntropy(), SoftmaxMemberMean), (MeanSquaredError(), MemberMean)],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_passes_give_the_gradient_and_the_outputs(
    dtype: type,
    tolerance: float,
    columns: str,
    loss: Loss,
    mean: type[MemberMean],
    weighted: bool,
) -> None:
    code = compiled.load_kernels()
    assert code is not None
    direct, fast = network(dtype, columns, mean), network(dtype, columns, mean)
    each = MeanOverMembers(loss, K, CLASSES)
    for n in (20, 11, 1, 20):
        X, y = batch(n, columns, loss, dtype)
        weights: Array | None = np.arange(1, n + 1).astype(dtype) if weighted else None
        right, dZ = each.value_and_grad(direct.forward(X, training=True), y, weights)
        direct.backward(dZ)
        fast.grad[...] = np.nan
        J = compiled_gradient(fast, each, X, y, weights, code)
        assert pytest.approx(right, rel=10 * tolerance) == J
        np.testing.assert_allclose(fast.grad, direct.grad, rtol=0, atol=tolerance)
        assert abs(direct.grad).max() > 1e-3
        Z = compiled_outputs(fast, X, code)
        assert Z is not None
        np.testing.assert_allclose(Z, direct.forward(X), rtol=0, atol=10 * tolerance)


@pytest.mark.parametrize("columns", ["plain", "both"])
@pytest.mark.parametrize(
    ("loss", "mean"),
    [
        *((SoftmaxCrossEntropy(0.1), SoftmaxMemberMean), (MeanSquaredError(), MemberMean)),
        (SigmoidCrossEntropy(), SigmoidMemberMean),
    ],
)
@pytest.mark.parametrize("more", [{}, {"weights": np.arange(50) % 3}, {"batch_size": None}])
def test_many_steps_are_those_of_the_layers_and_stop_anywhere(
    columns: str,
    loss: Loss,
    mean: type[MemberMean],
    more: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[int] = []
    take = run.Steps._take

    def counted(*given: Any) -> int:
        taken.append(take(*given))
        return taken[-1]

    monkeypatch.setattr(run.Steps, "_take", counted)
    X, y = batch(50, columns, loss, np.float64)
    asking = Checkpointing(should_stop=lambda: False)
    found = []
    for after, checkpointing in ((1e99, None), (0, None), (0, asking)):
        monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", after)
        one, average, adam = (
            network(np.float64, columns, mean),
            PolynomialAverage(),
            Adam(0.01, 0.1),
        )
        how = {"epochs": 3, "batch_size": 16, "checkpointing": checkpointing} | more
        held = X[:9], y[:9]
        each = MeanOverMembers(loss, K, CLASSES)
        kept = Regularization(average=average)
        epochs = [*train(one, each, adam, X, y, **how, regularization=kept, validation=held)]
        losses = [[epoch.loss, epoch.validation["loss"]] for epoch in epochs]
        found.append([losses, one.theta, average.theta, adam.state()["m"]])
        assert (not taken) == (after > 0)
    for direct, fast, stopping in zip(*found, strict=True):
        np.testing.assert_allclose(fast, direct, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(stopping, fast)


def test_bins_with_gaps_have_no_kernel() -> None:
    code = compiled.load_kernels()
    assert code is not None
    one = network(np.float32, "both")
    one.state["layers.0.1.0.bin_width"][0] *= 0.5
    X, _ = batch(12, "both", SoftmaxCrossEntropy(), np.float32)
    assert compiled_outputs(one, X, code) is None


def test_steps_of_members_allocate_little() -> None:
    code = compiled.load_kernels()
    assert code is not None
    one, loss = network(np.float32, "both"), MeanOverMembers(SoftmaxCrossEntropy(), K, CLASSES)
    X, y = batch(2000, "both", loss.loss, np.float32)

    def steps() -> None:
        for n in (2000, 1500):
            compiled_gradient(one, loss, X[:n], y[:n], None, code)

    steps()
    assert peak_bytes(steps) < 2 * K * 2000 * CLASSES * 4 * 4  # the loss, in NumPy


@pytest.mark.parametrize(
    "layers",
    [
        [MemberScaling(5, K), MemberDense(5, CLASSES, K), MemberMean(CLASSES, K)],
        [
            MemberScaling(5, K),
            PerMember(K, [Dense(5, 4), Tanh()]),
            *(HEADS := [MemberDense(4, 3, K)]),
        ],
        [MemberScaling(5, K), PerMember(K, [Dense(5, 4), ReLU()]), *HEADS],
        [MemberScaling(5, 1), PerMember(1, [Dense(5, 4), ReLU()]), MemberDense(4, 3, 1)],
        [MemberScaling(4, 5), PerMember(K, [Dense(5, 4), ReLU()]), *HEADS, MemberMean(CLASSES, K)],
    ],
)
def test_other_ensembles_have_no_kernel(layers: list[Layer]) -> None:
    code = compiled.load_kernels()
    assert code is not None
    other = Network(layers)
    assert compiled_outputs(other, np.zeros((2, other.n_in or 0), np.float32), code) is None


def test_members_learn_with_the_mean_of_their_own_losses() -> None:
    code = compiled.load_kernels()
    assert code is not None
    X, y = batch(8, "plain", MeanSquaredError(), np.float64)
    one = network(np.float64, "plain", MemberMean)
    for loss in (MeanSquaredError(), MeanOverMembers(MeanSquaredError(), 2 * K, CLASSES)):
        assert compiled_gradient(one, loss, X, y, None, code) is None
