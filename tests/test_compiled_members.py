"""The compiled passes of an ensemble in one network are those of its layers."""

import numpy as np
import pytest
from laws import peak_bytes

from plainnet import Dense, Dropout, Network, ReLU, SiLU, SoftmaxCrossEntropy
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
    SoftmaxMemberMean,
)
from plainnet.training import compiled
from plainnet.training.compiled.member_stack import member_gradient, member_outputs

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
        J = member_gradient(fast, each, X, y, weights, code)
        assert pytest.approx(right, rel=10 * tolerance) == J
        np.testing.assert_allclose(fast.grad, direct.grad, rtol=0, atol=tolerance)
        assert abs(direct.grad).max() > 1e-3
        Z = member_outputs(fast, X, code)
        assert Z is not None
        np.testing.assert_allclose(Z, direct.forward(X), rtol=0, atol=10 * tolerance)


def test_bins_with_gaps_take_the_layers_own_pass() -> None:
    code = compiled.load_kernels()
    assert code is not None
    one = network(np.float32, "both")
    one.state["layers.0.1.0.bin_width"][1] *= 0.5
    X, _ = batch(12, "both", SoftmaxCrossEntropy(), np.float32)
    Z = member_outputs(one, X, code)
    assert Z is not None
    np.testing.assert_allclose(Z, one.forward(X), rtol=0, atol=1e-5)


def test_steps_of_members_allocate_little() -> None:
    code = compiled.load_kernels()
    assert code is not None
    one, loss = network(np.float32, "both"), MeanOverMembers(SoftmaxCrossEntropy(), K, CLASSES)
    X, y = batch(2000, "both", loss.loss, np.float32)

    def steps() -> None:
        for n in (2000, 1500):
            member_gradient(one, loss, X[:n], y[:n], None, code)

    steps()
    assert peak_bytes(steps) < 2 * K * 2000 * CLASSES * 4 * 4  # the loss, in NumPy


def test_other_networks_have_no_such_passes() -> None:
    code = compiled.load_kernels()
    assert code is not None
    assert member_outputs(Network.dense([5, 4, 3]), np.zeros((2, 5), np.float32), code) is None
