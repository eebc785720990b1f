"""Ensembles in one network: members, their mean, their loss; TabM beside PyTorch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import normal, randomized

from plainnet import Adam, AdamW, check_gradients, errors, fit, train_step
from plainnet.files.model_file import read_model, write_model
from plainnet.network import (
    Array,
    Dense,
    Dropout,
    EnsembleDense,
    Layer,
    Loss,
    MeanOverMembers,
    MeanSquaredError,
    MemberDense,
    MemberMean,
    MemberScaling,
    Network,
    PeriodicEmbedding,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    ReLU,
    Residual,
    SigmoidCrossEntropy,
    SigmoidMemberMean,
    SoftmaxCrossEntropy,
    SoftmaxMemberMean,
    Tanh,
    keep_members,
)
from plainnet.network.gradient_check import largest_error
from plainnet.network.trace import trace

K = 4
"""Members."""
EDGES: list[list[float]] = [[-1, 0, 1], [-2, -0.5, 0.5, 2], [0, 1]]
Answer = tuple[type[MemberMean], Loss, Array]
ANSWERS: dict[str, Answer] = {
    "softmax": (SoftmaxMemberMean, SoftmaxCrossEntropy(), np.arange(12) % 3),
    "sigmoid": (SigmoidMemberMean, SigmoidCrossEntropy(), np.arange(36).reshape(12, 3) % 2),
    "values": (MemberMean, MeanSquaredError(), normal(12, 3, seed=5)),
}


@pytest.fixture(params=ANSWERS)
def answer(request: pytest.FixtureRequest) -> Answer:
    return ANSWERS[str(request.param)]


def tabm_mini(end: type[MemberMean], dtype: Any = np.float64, width: int = 8) -> Network:
    layers = [
        MemberScaling(3, K),
        PerMember(K, [Dense(3, width), ReLU(), Dense(width, width), Tanh()]),
        MemberDense(width, 3, K),
        end(3, K),
    ]
    return Network(layers, rng=2, dtype=dtype)


def mean_answer(name: type[MemberMean], Z: Array) -> Array:
    """What the mean is of: probabilities, or the values themselves."""
    if name is SoftmaxMemberMean:
        return SoftmaxCrossEntropy().probabilities(Z)
    return SigmoidCrossEntropy().probabilities(Z) if name is SigmoidMemberMean else Z


# the mean of the members -----------------------------------------------------------------------


def test_the_answer_is_the_mean_of_the_members(answer: Answer) -> None:
    end, *_ = answer
    Z = 3 * normal(6, K * 3)
    network = Network([end(3, K)], dtype=np.float64)
    expected = np.mean([mean_answer(end, Z[:, 3 * i : 3 * i + 3]) for i in range(K)], axis=0)
    np.testing.assert_allclose(mean_answer(end, network.predict(Z)), expected, rtol=1e-13)
    np.testing.assert_array_equal(network.forward(Z, training=True), Z)
    dZ = np.asarray(network.backward(np.ones_like(Z), need_dX=True))
    np.testing.assert_array_equal(dZ, np.ones_like(Z))


def test_the_gradient_of_the_answer(answer: Answer) -> None:
    """As an explanation asks for it: of the mean, not of the members."""
    network, X, V = tabm_mini(answer[0]), normal(5, 3, seed=1), normal(5, 3, seed=2)
    network.forward(X)
    dX = np.asarray(network.backward(V.copy(), need_dX=True))

    def J() -> float:
        return float((network.forward(X) * V).sum())

    assert largest_error(J, X, dX.copy()) < 1e-6
    network.forward(X)
    network.backward(V.copy())
    for name, gradient in network.gradients.items():
        assert largest_error(J, network.parameters[name], gradient.copy()) < 1e-6, name


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("end", [SoftmaxMemberMean, SigmoidMemberMean])
def test_logits_of_any_size_have_a_mean(end: type[MemberMean], dtype: Any) -> None:
    network = Network([end(2, 2)], dtype=dtype)
    Z = np.array([[1e4, -1e4, 900, 20], [-1e4, 1e4, -900, -20], [500, 500, -500, -500]], dtype)
    Y = network.forward(Z)
    dZ = network.backward(np.ones_like(Y), need_dX=True)
    assert np.isfinite(Y).all()
    assert np.isfinite(np.asarray(dZ)).all()
    if end is SigmoidMemberMean:  # ½ (σ(Z₁) + σ(Z₂)): far out the less certain member decides
        np.testing.assert_allclose(Y[0], [900 + np.log(2), 0], atol=1e-3)


# the loss of the members -----------------------------------------------------------------------


def test_the_loss_is_the_mean_of_the_losses_and_no_loss_of_the_mean(answer: Answer) -> None:
    end, loss, y = answer
    network, X = tabm_mini(end), normal(12, 3)
    weights = np.random.default_rng(3).uniform(0, 2, 12)
    ours = MeanOverMembers(loss, K, 3)
    y = ours.check_targets(y, 12, 3, np.float64)
    Z = network.forward(X, training=True)
    for w in (None, weights):
        each = [loss.value_and_grad(Z[:, 3 * i : 3 * i + 3], y, w)[0] for i in range(K)]
        J, dZ = ours.value_and_grad(Z, y, w)
        assert pytest.approx(np.mean(each), rel=1e-13) == J
        assert dZ.shape == Z.shape
        assert check_gradients(network, ours, X, y, w).error < 1e-6
    measured = loss.value_and_grad(network.predict(X), y)[0]
    assert ours.measured.value_and_grad(network.predict(X), y)[0] == measured
    assert measured < np.mean([loss.value_and_grad(Z[:, i : i + 3], y)[0] for i in range(0, 12, 3)])
    assert ours.metrics(network.predict(X), y) == loss.metrics(network.predict(X), y)


def test_it_learns_and_is_measured_as_one_network(answer: Answer) -> None:
    end, loss, y = answer
    network, X = tabm_mini(end, np.float32, 16), normal(12, 3, dtype=np.float32)
    ours = MeanOverMembers(loss, K, 3)
    epochs = fit(network, ours, Adam(0.01), X, y, epochs=200, batch_size=4, validation=(X, y))
    assert epochs[-1].loss < 0.3 * epochs[0].loss
    last = loss.check_targets(y, 12, 3, np.float32)
    expected = loss.value_and_grad(network.predict(X), last)[0]
    assert epochs[-1].validation["loss"] == pytest.approx(expected, rel=1e-5)
    assert network.n_out == 3
    told = trace(network, ours, X, y)
    assert pytest.approx(expected, rel=1e-5) == told.loss.J


def test_smoothing_is_for_learning_alone() -> None:
    ours = MeanOverMembers(SoftmaxCrossEntropy(0.1), K, 3)
    assert getattr(ours.measured, "smoothing", None) == 0


def test_outputs_that_are_not_those_of_the_members_are_refused() -> None:
    with pytest.raises(errors.ShapeError, match=r"3 outputs each are 12, .* gives 7"):
        MeanOverMembers(SoftmaxCrossEntropy(), K, 3).value_and_grad(np.ones((2, 7)), np.zeros(2))


# the layers ------------------------------------------------------------------------------------


def test_members_are_rows_to_the_layers_inside() -> None:
    inside: list[Layer] = [Dense(3, 5), ReLU()]
    network = randomized(Network([PerMember(K, inside)], dtype=np.float64))
    X = normal(6, K * 3)
    each = [np.maximum(X[:, i : i + 3] @ inside[0].W + inside[0].b, 0) for i in range(0, 12, 3)]  # type: ignore[attr-defined]
    np.testing.assert_allclose(network.forward(X), np.hstack(each), rtol=1e-12)
    assert [*network.parameters] == ["layers.0.0.W", "layers.0.0.b"]
    assert network.layers[0].multiply_adds == K * 15


def test_residual_adds() -> None:
    inside = Dense(3, 3)
    network = randomized(Network([Residual([inside])], dtype=np.float64))
    X = normal(6, 3)
    np.testing.assert_allclose(network.forward(X), X + X @ inside.W + inside.b, rtol=1e-12)


def test_initial_members_differ_by_signs_or_by_chunks() -> None:
    layer = MemberScaling(6, 50)
    Network([layer], rng=1)
    assert {*np.unique(layer.r)} == {-1, 1}
    assert abs(layer.r.mean()) < 5 / np.sqrt(layer.r.size)
    chunked = MemberScaling(6, 50, [2, 3, 1])
    Network([chunked], rng=1)
    for start, stop in ((0, 2), (2, 5), (5, 6)):
        assert (chunked.r[:, start:stop] == chunked.r[:, start : start + 1]).all()
    assert chunked.r.std() == pytest.approx(1, abs=0.3)
    assert len(np.unique(chunked.r)) == 150


def test_initial_parameters_of_an_ensemble_are_those_of_the_paper() -> None:
    dense, heads = EnsembleDense(25, 40, 3), MemberDense(40, 100, 3)
    Network([MemberScaling(25, 3), dense, heads], rng=1)
    assert (dense.r == 1).all()
    assert (dense.s == 1).all()
    assert (dense.b == dense.b[0]).all()
    assert len(np.unique(dense.b)) == 40
    for A, n in ((dense.W, 25), (dense.b, 25), (heads.W, 40), (heads.b, 40)):
        assert np.abs(A).max() <= 1 / np.sqrt(n)
        assert A.std() == pytest.approx(1 / np.sqrt(3 * n), rel=0.25)


def test_factors_of_members_do_not_decay() -> None:
    network = Network([EnsembleDense(5, 4, 3)])
    assert network.n_weights == 20


def test_embeddings_begin_as_the_papers_say() -> None:
    bent, waves = PiecewiseLinearEmbedding(EDGES, 400), PeriodicEmbedding(300)
    Network([bent], rng=0)
    assert not bent.V.any()
    assert np.abs(bent.w).max() <= 1 / 20
    assert bent.w.std() == pytest.approx(1 / 20 / np.sqrt(3), rel=0.05)
    Network([waves], rng=0)
    assert waves.w.std() == pytest.approx(0.1, rel=0.05)
    assert np.abs(waves.b).max() == pytest.approx(np.pi, rel=0.01)
    assert np.abs(waves.V).max() == pytest.approx(1 / 4, rel=0.01)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "members": (lambda: MemberScaling(3, 0), "number of members of MemberScaling .* got 0"),
    "chunks": (lambda: MemberScaling(3, 2, [1, 1]), "must be 3 features together, but they are 2"),
    "inputs": (lambda: EnsembleDense(0, 1, 2), "number of inputs of EnsembleDense"),
    "per-member": (lambda: PerMember(2, [ReLU()]), "one of a fixed size"),
    "residual": (lambda: Residual([Dense(2, 3)]), "take 2 features and give 3"),
    "length": (lambda: PeriodicEmbedding(2, 1), "length of PeriodicEmbedding .* got 1"),
    "spread": (lambda: PeriodicEmbedding(2, spread=0), "spread of PeriodicEmbedding"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(errors.PlainnetError, match=words):
        make()


def test_a_whole_ensemble_through_a_file(tmp_path: Path) -> None:
    layers = [
        PiecewiseLinearEmbedding(EDGES, 2),
        MemberScaling(6, K, [2, 2, 2]),
        PerMember(K, [Dense(6, 8), ReLU(), Dropout(0.2), Residual([Dense(8, 8), ReLU()])]),
        MemberDense(8, 3, K),
        SoftmaxMemberMean(3, K),
    ]
    network, X = randomized(Network(layers)), normal(9, 3, dtype=np.float32)
    write_model(tmp_path / "m", network, {}, {})
    read, *_ = read_model(tmp_path / "m")
    np.testing.assert_array_equal(read.predict(X), network.predict(X))
    assert repr(read.layers) == repr(network.layers)


def test_members_can_be_left_out(answer: Answer) -> None:
    """What is left answers with the mean of those that were kept."""
    end, *_ = answer
    network, X = our_tabm("full", end, np.float64), normal(6, 3)
    network.theta += 0.1 * normal(network.theta.size)
    each = network.forward(X, training=True).reshape(6, K, 3).copy()
    for kept in ([2, 0], [3], [1, 0, 2, 3]):
        smaller = keep_members(network, kept)
        expected = np.mean([mean_answer(end, each[:, i]) for i in kept], axis=0)
        np.testing.assert_allclose(mean_answer(end, smaller.predict(X)), expected, rtol=1e-12)
    mini = tabm_mini(end)
    each = mini.forward(X, training=True).reshape(6, K, 3).copy()
    smaller = keep_members(mini, [1])
    np.testing.assert_allclose(smaller.forward(X, training=True), each[:, 1], rtol=1e-12)


@pytest.mark.parametrize("kept", [[], [0, 0], [4], [-1]])
def test_members_that_are_not_there_cannot_be_kept(kept: list[int]) -> None:
    with pytest.raises(errors.SettingError, match="member"):
        keep_members(tabm_mini(MemberMean), kept)
    with pytest.raises(errors.SettingError, match="is none"):
        keep_members(Network([Dense(2, 2)]), [0])


# PyTorch as the oracle -------------------------------------------------------------------------


def torch_ple(torch: Any, x: Any, edges: list[list[float]], bounded: bool) -> list[Any]:
    """Of each column the piecewise-linear encoding, by eq. 1 of its paper."""
    columns = []
    for i, column in enumerate(edges):
        e = torch.tensor(column, dtype=x.dtype)
        share = (x[:, i : i + 1] - e[:-1]) / (e[1:] - e[:-1])
        low, high = torch.zeros(len(e) - 1), torch.ones(len(e) - 1)
        if not bounded:
            low[0], high[-1] = -torch.inf, torch.inf
        columns.append(torch.minimum(torch.maximum(share, low.to(x.dtype)), high.to(x.dtype)))
    return columns


def torch_tabm(torch: Any, x: Any, p: dict[str, Any], variant: str) -> Any:
    """The k answers `(N, k, n)` of TabM, by the formulas of its paper."""
    first = "layers.0"
    if variant.startswith("ple"):
        P, at, first = torch_ple(torch, x, EDGES, bounded=variant == "ple"), 0, "layers.1"
        if variant == "ple":
            x = torch.cat(P, 1)
        else:
            w, b, V, columns = (*(p[f"layers.0.{name}"] for name in "wbV"), [])
            for i, encoded in enumerate(P):
                own = V[at : at + encoded.shape[1]]
                at += len(own)
                columns.append(x[:, i : i + 1] * w[i] + b[i] + encoded @ own)
            x = torch.cat(columns, 1)
    A = x[:, None, :] * p[f"{first}.r"]
    n = int(first[-1]) + 1
    for i in range(2):
        if variant == "full":
            r = p.get(f"layers.{n}.r", 1)
            A = (A * r) @ p[f"layers.{n}.W"] * p[f"layers.{n}.s"] + p[f"layers.{n}.b"]
            n += 2
        else:
            A = A @ p[f"layers.{n}.{2 * i}.W"] + p[f"layers.{n}.{2 * i}.b"]
        A = torch.relu(A)
    n += variant != "full"
    return torch.einsum("nki,kio->nko", A, p[f"layers.{n}.W"]) + p[f"layers.{n}.b"]


def our_tabm(variant: str, end: type[MemberMean], dtype: Any) -> Network:
    front: list[Layer] = {
        "ple": [PiecewiseLinear(EDGES), MemberScaling(6, K)],
        "ple-trainable": [PiecewiseLinearEmbedding(EDGES, 2), MemberScaling(6, K, [2, 2, 2])],
    }.get(variant, [MemberScaling(3, K)])
    n = 3 if variant in ("mini", "full") else 6
    inner: list[Layer] = [PerMember(K, [Dense(n, 8), ReLU(), Dense(8, 8), ReLU()])]
    if variant == "full":
        first = EnsembleDense(3, 8, K, scaled_inputs=False)
        inner = [first, ReLU(), EnsembleDense(8, 8, K), ReLU()]
    return Network([*front, *inner, MemberDense(8, 3, K), end(3, K)], rng=4, dtype=dtype)


def torch_loss(torch: Any, kind: type[MemberMean], Z: Any, y: Any) -> Any:
    """The mean of the k losses."""
    F = torch.nn.functional
    y = y.repeat_interleave(K, dim=0)
    rows = Z.reshape(-1, 3)
    if kind is SoftmaxMemberMean:
        return F.cross_entropy(rows, y)
    if kind is SigmoidMemberMean:
        return F.binary_cross_entropy_with_logits(rows, y)
    return F.mse_loss(rows, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("variant", ["mini", "ple", "ple-trainable", "full"])
def test_ten_steps_of_tabm_are_those_of_pytorch(answer: Answer, variant: str, dtype: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    end, loss, y = answer
    network, ours = our_tabm(variant, end, dtype), MeanOverMembers(loss, K, 3)
    network.theta += 0.1 * normal(network.theta.size, dtype=dtype)  # so that nothing is 0 or 1
    theirs = {name: torch.tensor(A, requires_grad=True) for name, A in network.parameters.items()}
    weights = [name for i, one in enumerate(network.layers) for name in named(i, one.weights)]
    groups = [
        {"params": [A for name, A in theirs.items() if (name in weights) == decays]}
        | {"weight_decay": 3e-4 * decays}
        for decays in (True, False)
    ]
    optimizer, reference = AdamW(2e-3, weight_decay=3e-4), torch.optim.AdamW(groups, lr=2e-3)
    targets = ours.check_targets(y, 12, 3, dtype)
    atol = 1e-10 if dtype == np.float64 else 1e-6
    for i in range(10):
        X = normal(12, 3, seed=i, dtype=dtype)
        J = torch_loss(
            torch, end, torch_tabm(torch, torch.tensor(X), theirs, variant), torch.tensor(targets)
        )
        reference.zero_grad()
        J.backward()
        reference.step()
        assert train_step(network, ours, optimizer, X, targets) == pytest.approx(J.item(), abs=atol)
    for name, A in theirs.items():
        np.testing.assert_allclose(network.parameters[name], A.detach(), rtol=0, atol=atol)
    Z = torch_tabm(torch, torch.tensor(X), theirs, variant).detach().numpy()
    expected = np.mean([mean_answer(end, Z[:, k]) for k in range(K)], axis=0)
    np.testing.assert_allclose(mean_answer(end, network.predict(X)), expected, atol=10 * atol)


def named(i: int, names: Any) -> list[str]:
    return [f"layers.{i}.{name}" for name in names]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pbld_is_that_of_pytorch(dtype: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    network = randomized(Network([PeriodicEmbedding(3)], dtype=dtype))
    X, dY = normal(8, 3, dtype=dtype), normal(8, 12, seed=1, dtype=dtype)
    x = torch.tensor(X, requires_grad=True)
    p = {name: torch.tensor(A, requires_grad=True) for name, A in network.parameters.items()}
    w, V, b, c = p.values()
    waves = torch.cos(2 * torch.pi * x[:, :, None] * w + b)
    Y = torch.cat([x[:, :, None], torch.einsum("ndf,dfo->ndo", waves, V) + c], 2).reshape(8, -1)
    Y.backward(torch.tensor(dY))
    pairs: list[Any] = [(network.forward(X), Y.detach())]
    pairs.append((network.backward(dY, need_dX=True), x.grad))
    pairs += [(network.gradients[name], A.grad) for name, A in p.items()]
    rounding = 1e-14 if dtype == np.float64 else 2e-6
    for found, expected in pairs:
        atol = rounding * float(abs(expected).max())
        np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
