"""Targets that are not sure: probabilities for classes, and label smoothing.

The laws of every loss are in `test_losses.py`, the comparison with PyTorch in `test_reference.py`.
"""

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import pytest
from laws import address, normal
from numpy.typing import DTypeLike

from plainnet import (
    Adam,
    GradientDescent,
    Network,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    check_gradients,
    train,
    train_step,
)
from plainnet.errors import DataError, PlainnetError, SettingError, ShapeError
from plainnet.network import Array, Loss, MeanSquaredError
from plainnet.training.compiled import load_kernels
from plainnet.training.compiled.stack import compiled_gradient

N, K = 7, 4
Z = 3 * normal(N, K)
HARD = np.arange(N) % K
ONE_HOT = np.eye(K)[HARD]
SOFT = np.random.default_rng(2).dirichlet([1] * K, N)
WEIGHTS: dict[str, Array | None] = {"unweighted": None, "weighted": np.arange(N) % 3 + 0.5}


def both(loss: Loss, y: Array, w: Array | None = None, logits: Array = Z) -> tuple[float, Array]:
    value, dZ = loss.value_and_grad(logits, y, w)
    return value, dZ.copy()


# probabilities as targets ----------------------------------------------------------------------


@pytest.mark.parametrize("w", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("smoothing", [0, 0.3])
@pytest.mark.parametrize("dtype", [float, int, bool, np.float32])
def test_a_sure_probability_is_a_class_number(
    w: Array | None, smoothing: float, dtype: DTypeLike
) -> None:
    loss = SoftmaxCrossEntropy(smoothing)
    value, dZ = both(loss, HARD, w)
    J_one_hot, dZ_one_hot = both(loss, ONE_HOT.astype(dtype), w)
    assert J_one_hot == value
    np.testing.assert_array_equal(dZ_one_hot, dZ)


@pytest.mark.parametrize("w", WEIGHTS.values(), ids=WEIGHTS)
def test_the_loss_is_linear_in_the_targets(w: Array | None) -> None:
    """So a soft target costs the mean of what the classes cost, each by its probability."""
    loss = SoftmaxCrossEntropy()
    value, dZ = both(loss, SOFT, w)
    share = np.ones(N) / N if w is None else w / w.sum()
    each = [-log(p) for p in loss.probabilities(Z).ravel()]
    assert value == pytest.approx((share[:, None] * SOFT * np.reshape(each, SOFT.shape)).sum())
    np.testing.assert_allclose(dZ, share[:, None] * (loss.probabilities(Z) - SOFT), atol=1e-16)


def test_by_hand() -> None:
    logits = np.array([[0, log(3)]])  # P = 1/4, 3/4
    value, dZ = both(SoftmaxCrossEntropy(), np.array([[0.5, 0.5]]), logits=logits)
    assert value == pytest.approx(0.5 * log(4) + 0.5 * log(4 / 3))
    np.testing.assert_allclose(dZ, [[-0.25, 0.25]])
    value, dZ = both(SoftmaxCrossEntropy(0.5), np.array([1]), logits=logits)  # y = 1/4, 3/4
    assert value == pytest.approx(0.25 * log(4) + 0.75 * log(4 / 3))
    np.testing.assert_allclose(dZ, 0, atol=1e-16)
    value, dZ = both(SigmoidCrossEntropy(0.5), np.array([1]), logits=logits[:, 1:])  # p = y = 3/4
    assert value == pytest.approx(0.25 * log(4) + 0.75 * log(4 / 3))
    np.testing.assert_allclose(dZ, 0, atol=1e-16)


def test_the_smallest_loss_is_the_entropy_of_the_targets() -> None:
    value, dZ = both(SoftmaxCrossEntropy(), SOFT, logits=np.log(SOFT))
    assert value == pytest.approx(-(SOFT * np.log(SOFT)).sum() / N)
    np.testing.assert_allclose(dZ, 0, atol=1e-16)


def test_targets_are_handed_over_in_the_dtype_of_the_network_and_sum_to_1() -> None:
    loss = SoftmaxCrossEntropy()
    for given, dtype, got in (
        (SOFT, np.float32, np.float32),
        (SOFT, None, np.float64),
        (SOFT.astype(np.float16), np.float64, np.float64),
        (ONE_HOT.astype(int), None, np.float64),
        (ONE_HOT > 0, np.float32, np.float32),
    ):
        before = given.copy()
        y = loss.check_targets(given, N, K, dtype)
        assert y.dtype == got
        np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
        np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(loss.check_targets(ONE_HOT, N, K), ONE_HOT)


def test_the_right_class_is_the_most_probable_one() -> None:
    loss = SoftmaxCrossEntropy(0.1)
    y = np.array([[0.6, 0.4, 0, 0], [0, 0.1, 0.9, 0]])
    logits = np.array([[3.0, 2, 1, 0], [3, 2, 1, 0]])
    assert loss.metrics(logits, y) == {"accuracy": 0.5}
    assert loss.metrics(logits, np.array([0, 2])) == {"accuracy": 0.5}


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), SoftmaxCrossEntropy(0.2)], ids=["", "s"])
@pytest.mark.parametrize("y", [HARD, SOFT], ids=["hard", "soft"])
@pytest.mark.parametrize("w", WEIGHTS.values(), ids=WEIGHTS)
def test_gradients_of_a_whole_network(loss: Loss, y: Array, w: Array | None) -> None:
    assert check_gradients(Network.dense([3, 5, K]), loss, normal(N, 3), y, w).error < 1e-6


def test_a_network_learns_the_probabilities_it_is_taught() -> None:
    X = np.eye(3)
    y = np.array([[0.7, 0.2, 0.1], [0.2, 0.2, 0.6], [1, 0, 0]])
    network, loss = Network.dense([3, 3]), SoftmaxCrossEntropy()
    data: dict[str, Any] = {"validation": (X, y), "batch_size": 2}
    epochs = [*train(network, loss, Adam(0.05), X, y, epochs=600, **data)]
    np.testing.assert_allclose(loss.probabilities(network.forward(X)), y, atol=0.03)
    assert epochs[-1]["validation_accuracy"] == 1


# label smoothing -------------------------------------------------------------------------------


@pytest.mark.parametrize("w", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("s", [0.1, 0.9])
def test_smoothing_deals_a_share_of_each_target_out_evenly(w: Array | None, s: float) -> None:
    for y in (ONE_HOT, SOFT):
        value, dZ = both(SoftmaxCrossEntropy(s), y, w)
        J_softer, dZ_softer = both(SoftmaxCrossEntropy(), (1 - s) * y + s / K, w)
        assert value == pytest.approx(J_softer, rel=1e-14)
        np.testing.assert_allclose(dZ, dZ_softer, atol=1e-16)
        value, dZ = both(SigmoidCrossEntropy(s), y, w)
        J_softer, dZ_softer = both(SigmoidCrossEntropy(), (1 - s) * y + s / 2, w)
        assert value == pytest.approx(J_softer, rel=1e-14)
        np.testing.assert_allclose(dZ, dZ_softer, atol=1e-16)


def test_smoothed_sigmoid_is_smoothed_softmax_of_two_classes() -> None:
    y = HARD % 2
    value, dZ = both(SigmoidCrossEntropy(0.2), y, logits=Z[:, :1])
    J_softmax, dZ_softmax = both(SoftmaxCrossEntropy(0.2), y, logits=np.hstack([0 * Z, Z])[:, 3:5])
    assert value == pytest.approx(J_softmax, rel=1e-14)
    np.testing.assert_allclose(dZ, dZ_softmax[:, 1:], atol=1e-15)


def test_the_smallest_smoothed_loss_is_at_a_finite_distance() -> None:
    """As the derivations have it: ln(1 + (1−s) K / s)."""
    s = 0.1
    logits = np.log(1 + (1 - s) * K / s) * ONE_HOT
    np.testing.assert_allclose(both(SoftmaxCrossEntropy(s), HARD, logits=logits)[1], 0, atol=1e-16)


@pytest.mark.parametrize("kind", [SoftmaxCrossEntropy, SigmoidCrossEntropy])
def test_answers_are_measured_without_smoothing(kind: Any) -> None:
    smoothed, plain, y = kind(0.2), kind(), HARD if kind is SoftmaxCrossEntropy else ONE_HOT
    smoothed.xp = np
    before, dZ = smoothed.value_and_grad(Z, y)
    held = dZ.copy()
    assert type(smoothed.measured) is kind
    assert smoothed.measured.value_and_grad(Z, y)[0] == plain.value_and_grad(Z, y)[0] != before
    np.testing.assert_array_equal(dZ, held)  # a measurement does not write into the gradient
    assert smoothed.value_and_grad(Z, y)[0] == before
    assert plain.measured is plain
    assert smoothed.measured.metrics(Z, y) == smoothed.metrics(Z, y)


def test_other_losses_measure_themselves() -> None:
    class Own(MeanSquaredError):
        pass

    for loss in (MeanSquaredError(), Own(), Loss()):
        assert loss.measured is loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_memory_of_a_step_is_used_again(dtype: DTypeLike) -> None:
    for loss, y in ((SoftmaxCrossEntropy(0.1), HARD), (SigmoidCrossEntropy(0.1), ONE_HOT)):
        logits = Z.astype(dtype)
        loss.value_and_grad(logits, y)
        scratch: Any = loss._local.scratch  # type: ignore[union-attr]
        first = {name: address(A) for name, A in scratch._held.items()}
        assert {A.dtype for A in scratch._held.values()} == {np.dtype(dtype)}
        loss.value_and_grad(logits[:3], y[:3])
        loss.value_and_grad(logits, y)
        assert {name: address(A) for name, A in scratch._held.items()} == first


@pytest.mark.parametrize("y", [HARD, SOFT], ids=["hard", "soft"])
def test_an_extreme_logit_costs_as_much_as_its_share_of_the_targets(y: Array) -> None:
    logits = np.zeros((N, K), np.float32)
    logits[:, 0] = 1e38
    value, dZ = both(SoftmaxCrossEntropy(0.1), y, logits=logits)
    T = 0.9 * (ONE_HOT if y is HARD else SOFT) + 0.1 / K
    assert value == pytest.approx(1e38 * (1 - T[:, 0]).mean(), rel=1e-5)
    np.testing.assert_allclose(dZ, (np.eye(K)[0] - T) / N, atol=1e-7)


# the compiled loops ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (SoftmaxCrossEntropy(), SOFT.astype(np.float32)),
        (SoftmaxCrossEntropy(), ONE_HOT.astype(int)),
        (SoftmaxCrossEntropy(0.1), HARD),
        (SoftmaxCrossEntropy(0.1), SOFT.astype(np.float32)),
        (SigmoidCrossEntropy(0.1), ONE_HOT.astype(np.float32)),
    ],
    ids=["soft", "one-hot", "smoothed", "soft-smoothed", "sigmoid-smoothed"],
)
def test_the_compiled_loops_leave_them_to_the_layers(loss: Loss, y: Array) -> None:
    pytest.importorskip("numba")
    pytest.importorskip("scipy")
    network, X = Network.dense([3, 5, K]), normal(N, 3, dtype=np.float32)
    code = load_kernels()
    assert code is not None
    J = loss.value_and_grad(network.forward(X), y)[0]
    plainly_smoothed = y is HARD or isinstance(loss, SigmoidCrossEntropy)  # compiled themselves
    found = compiled_gradient(network, loss, X, y, None, code)
    assert found == (pytest.approx(J, rel=1e-5) if plainly_smoothed else None)
    assert train_step(network, loss, GradientDescent(), X, y) == J
    plain = loss.measured, HARD if isinstance(loss, SoftmaxCrossEntropy) else y
    assert compiled_gradient(network, plain[0], X, plain[1], None, code) is not None


# words of errors: targets of 5 samples and 3 classes ---------------------------------------------

THIRDS = np.full((5, 3), 1 / 3)


def with_row(row: list[float]) -> Array:
    y = THIRDS.copy()
    y[2] = row
    return y


REFUSED: dict[str, tuple[Array, type[PlainnetError], str]] = {
    "shape": (
        THIRDS[:, :2], ShapeError,
        "SoftmaxCrossEntropy needs one class number for each of 5 samples, shape (5,), or a "
        "probability for each of 3 classes, shape (5, 3), but got (5, 2).",
    ),
    "a-column": (
        np.zeros((5, 1), int), ShapeError,
        "SoftmaxCrossEntropy needs one class number for each of 5 samples, shape (5,), or a "
        "probability for each of 3 classes, shape (5, 3), but got (5, 1).",
    ),
    "negative": (
        with_row([1.5, -0.5, 0]), DataError,
        "SoftmaxCrossEntropy needs probabilities of at least 0, but those of sample 2 go down to "
        "-0.5; give probabilities, or class numbers of shape (5,).",
    ),
    "sum": (
        with_row([0.5, 0.3, 0]), DataError,
        "SoftmaxCrossEntropy needs probabilities that sum to 1 for each sample, but those of "
        "sample 2 sum to 0.8; divide each row by its sum.",
    ),
    "all-zero": (
        with_row([0, 0, 0]), DataError,
        "SoftmaxCrossEntropy needs probabilities that sum to 1 for each sample, but those of "
        "sample 2 sum to 0; divide each row by its sum.",
    ),
    "nan": (
        with_row([np.nan, 1, 0]), DataError,
        "The targets hold 1 values that are not finite; remove those samples or fill in what is "
        "missing.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("y", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_targets_that_do_not_fit_are_refused(
    y: Array, error: type[PlainnetError], words: str
) -> None:
    with pytest.raises(error) as caught:
        SoftmaxCrossEntropy().check_targets(y, 5, 3)
    assert str(caught.value) == words


@pytest.mark.parametrize("kind", [SoftmaxCrossEntropy, SigmoidCrossEntropy])
@pytest.mark.parametrize("s", [1, -0.1, float("nan"), "a little"])
def test_smoothing_out_of_range_is_refused(kind: Callable[[Any], Loss], s: Any) -> None:
    with pytest.raises(SettingError) as caught:
        kind(s)
    assert str(caught.value) == f"The label smoothing must be a number in [0, 1), but got {s!r}."
