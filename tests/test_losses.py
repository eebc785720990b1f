"""Every loss under every law, with every kind of sample weights."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

import numpy as np
import pytest
from laws import address, normal
from numpy.typing import DTypeLike

from plainnet.errors import DataError, PlainnetError, ShapeError
from plainnet.network import (
    Array,
    Loss,
    MeanSquaredError,
    PoissonDeviance,
    Scaled,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.network.gradient_check import largest_error
from plainnet.network.losses import sigmoid


@dataclass(frozen=True)
class Case:
    """A loss, how many outputs K it judges, and targets for N samples."""

    make: Callable[[], Loss]
    K: int
    targets: Callable[[int], Array]


def draw() -> np.random.Generator:
    return np.random.default_rng(5)


CASES = {
    "mse-one-output": Case(MeanSquaredError, 1, lambda N: draw().normal(size=N)),
    "mse-one-column": Case(MeanSquaredError, 1, lambda N: draw().normal(size=(N, 1))),
    "mse-three-outputs": Case(MeanSquaredError, 3, lambda N: draw().normal(size=(N, 3))),
    "mse-whole-targets": Case(MeanSquaredError, 1, lambda N: draw().integers(-9, 9, N)),
    "sigmoid-0-or-1": Case(SigmoidCrossEntropy, 1, lambda N: draw().integers(0, 2, N)),
    "sigmoid-true-or-false": Case(SigmoidCrossEntropy, 1, lambda N: draw().random(N) < 0.5),
    "sigmoid-one-column": Case(SigmoidCrossEntropy, 1, lambda N: draw().integers(0, 2, (N, 1))),
    "sigmoid-three-questions": Case(SigmoidCrossEntropy, 3, lambda N: draw().random((N, 3))),
    "softmax-two-classes": Case(SoftmaxCrossEntropy, 2, lambda N: draw().integers(0, 2, N)),
    "softmax-four-classes": Case(SoftmaxCrossEntropy, 4, lambda N: draw().integers(0, 4, N)),
    "sigmoid-smoothed": Case(
        lambda: SigmoidCrossEntropy(0.2), 1, lambda N: draw().integers(0, 2, N)
    ),
    "sigmoid-smoothed-three-questions": Case(
        lambda: SigmoidCrossEntropy(0.2), 3, lambda N: draw().random((N, 3))
    ),
    "softmax-smoothed": Case(
        lambda: SoftmaxCrossEntropy(0.2), 4, lambda N: draw().integers(0, 4, N)
    ),
    "softmax-soft": Case(SoftmaxCrossEntropy, 3, lambda N: draw().dirichlet([1, 1, 1], N)),
    "softmax-one-hot": Case(
        SoftmaxCrossEntropy, 3, lambda N: np.eye(3, dtype=int)[np.arange(N) % 3]
    ),
    "softmax-soft-smoothed": Case(
        lambda: SoftmaxCrossEntropy(0.2), 3, lambda N: draw().dirichlet([1, 1, 1], N)
    ),
    "softmax-uint8": Case(
        SoftmaxCrossEntropy, 4, lambda N: draw().integers(0, 4, N).astype(np.uint8)
    ),
    "poisson-counts": Case(PoissonDeviance, 1, lambda N: draw().poisson(2, N)),
    "poisson-three-outputs": Case(PoissonDeviance, 3, lambda N: draw().exponential(2, (N, 3))),
    "mse-halved": Case(lambda: Scaled(MeanSquaredError(), 0.5), 1, lambda N: draw().normal(size=N)),
    "sigmoid-smoothed-and-summed": Case(
        lambda: Scaled(SigmoidCrossEntropy(0.2), 3), 3, lambda N: draw().random((N, 3))
    ),
}

WEIGHTS: dict[str, Callable[[int], Array | None]] = {
    "unweighted": lambda N: None,
    "random": lambda N: draw().random(N) + 0.1,
    "with-zeros": lambda N: np.arange(N) % 3 * 1.0,
    "whole": lambda N: np.arange(1, N + 1),
}

N = 7


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[str(request.param)]


@pytest.fixture(params=WEIGHTS)
def weights(request: pytest.FixtureRequest) -> Array | None:
    return WEIGHTS[str(request.param)](N)


# laws of every loss ----------------------------------------------------------------------------


def test_gradient_agrees_with_finite_differences(case: Case, weights: Array | None) -> None:
    loss, Z, y = case.make(), normal(N, case.K), case.targets(N)
    dZ = loss.value_and_grad(Z, y, weights)[1].copy()
    assert largest_error(lambda: loss.value_and_grad(Z, y, weights)[0], Z, dZ) < 1e-6


def test_what_is_handed_in_is_left_as_it_is(case: Case, weights: Array | None) -> None:
    Z, y = normal(N, case.K), case.targets(N)
    held = None if weights is None else weights.copy()
    case.make().value_and_grad(Z, y, weights)
    np.testing.assert_array_equal(Z, normal(N, case.K))
    np.testing.assert_array_equal(y, case.targets(N))
    if weights is not None:
        np.testing.assert_array_equal(weights, np.asarray(held))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes(case: Case, weights: Array | None, dtype: DTypeLike) -> None:
    loss = case.make()
    value, dZ = loss.value_and_grad(normal(N, case.K, dtype=dtype), case.targets(N), weights)
    assert type(value) is float
    assert dZ.dtype == dtype
    exact, exact_dZ = loss.value_and_grad(normal(N, case.K), case.targets(N), weights)
    assert value == pytest.approx(exact, rel=1e-6)
    np.testing.assert_allclose(dZ, exact_dZ, rtol=1e-5, atol=1e-7)


def test_the_buffer_of_the_gradient_is_used_again(case: Case) -> None:
    loss = case.make()
    first = address(loss.value_and_grad(normal(N, case.K), case.targets(N))[1])
    for n in (N, 2, N):
        assert address(loss.value_and_grad(normal(n, case.K), case.targets(n))[1]) == first


@pytest.mark.parametrize("size", [50, 1e4, 1e38])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("si", "so"))])
def test_cross_entropies_are_finite_for_large_logits(
    name: str, dtype: DTypeLike, size: float
) -> None:
    case = CASES[name]
    Z = np.full((N, case.K), size, dtype)
    Z[::2] *= -1
    Z[:, -1] *= -1
    J, dZ = case.make().value_and_grad(Z, case.targets(N))
    assert np.isfinite(J)
    assert np.isfinite(dZ).all()


def test_a_mean_is_a_mean(case: Case, weights: Array | None) -> None:
    """The loss of all is the mean of the losses of two unequal batches, by their weight."""
    loss, Z, y = case.make(), normal(N, case.K), case.targets(N)
    value, dZ = loss.value_and_grad(Z, y, weights)
    dZ = dZ.copy()
    w = np.ones(N) if weights is None else weights
    by_parts, dZ_parts = 0.0, []
    for part in (slice(0, 5), slice(5, None)):
        share = w[part].sum() / w.sum()
        J_part, dZ_part = loss.value_and_grad(
            Z[part], y[part], None if weights is None else weights[part]
        )
        by_parts += share * J_part
        dZ_parts.append(share * dZ_part)
    assert value == pytest.approx(by_parts, rel=1e-13)
    np.testing.assert_allclose(dZ, np.concatenate(dZ_parts), rtol=1e-13)


def test_a_weight_of_2_is_the_sample_twice(case: Case) -> None:
    loss, Z, y = case.make(), normal(N, case.K), case.targets(N)
    counts = np.array([2, 1, 0, 3, 1, 1, 2])
    value, dZ = loss.value_and_grad(Z, y, counts)
    dZ = dZ.copy()
    J_twice, dZ_twice = loss.value_and_grad(np.repeat(Z, counts, 0), np.repeat(y, counts, 0))
    assert value == pytest.approx(J_twice, rel=1e-13)
    for i, start in enumerate(np.cumsum(counts) - counts):  # of each sample, its copies together
        np.testing.assert_allclose(dZ[i], dZ_twice[start : start + counts[i]].sum(0), atol=1e-15)


def test_weights_are_relative(case: Case) -> None:
    loss, Z, y, w = case.make(), normal(N, case.K), case.targets(N), draw().random(N)
    one, ten = (loss.value_and_grad(Z, y, scale * w)[0] for scale in (1, 10))
    assert one == pytest.approx(ten, rel=1e-13)


@pytest.mark.parametrize("dtype", [int, float])
def test_weights_of_zero_give_a_loss_of_zero(case: Case, dtype: DTypeLike) -> None:
    J, dZ = case.make().value_and_grad(normal(N, case.K), case.targets(N), np.zeros(N, dtype))
    assert J == 0
    np.testing.assert_array_equal(dZ, 0)


def test_sound_targets_pass_the_check(case: Case) -> None:
    case.make().check_targets(case.targets(N), N, case.K)


# hand-worked values: loss, Z, y, weights, J, dZ --------------------------------------------------

Rows = list[list[float]]

BY_HAND: dict[str, tuple[Loss, Rows, Array, Array | None, float, Rows]] = {
    "mse": (
        MeanSquaredError(),
        [[1, 2], [3, 5]],
        np.array([[0, 0], [1, 1]]),
        None,
        (1 + 4 + 4 + 16) / 4,
        [[2 / 4, 4 / 4], [4 / 4, 8 / 4]],  # 2 (Z − y) / (N K)
    ),
    "mse-weighted": (
        MeanSquaredError(),
        [[1], [3]],
        np.array([0, 1]),
        np.array([1, 3]),
        1 / 4 * 1 + 3 / 4 * 4,
        [[2 / 4], [3 / 4 * 4]],
    ),
    "sigmoid-undecided": (
        SigmoidCrossEntropy(), [[0]], np.array([1]), None, log(2), [[-0.5]],
    ),
    "sigmoid": (  # p = 3/4 and 1/4
        SigmoidCrossEntropy(),
        [[log(3)], [-log(3)]],
        np.array([0, 0]),
        None,
        (log(4) + log(4 / 3)) / 2,
        [[0.375], [0.125]],
    ),
    "sigmoid-two-questions": (  # p = 3/4 and 1/2, wanted 1 and 1/2
        SigmoidCrossEntropy(),
        [[log(3), 0]],
        np.array([[1, 0.5]]),
        None,
        (log(4 / 3) + log(2)) / 2,
        [[-0.125, 0]],
    ),
    "softmax": (  # P = 1/8, 2/8, 5/8
        SoftmaxCrossEntropy(),
        [[0, log(2), log(5)]],
        np.array([2]),
        None,
        log(8 / 5),
        [[1 / 8, 2 / 8, -3 / 8]],
    ),
    "softmax-weighted": (  # P = 1/4, 3/4 and 1/2, 1/2
        SoftmaxCrossEntropy(),
        [[0, log(3)], [7, 7]],
        np.array([1, 0]),
        np.array([3.0, 1.0]),
        3 / 4 * log(4 / 3) + 1 / 4 * log(2),
        [[3 / 16, -3 / 16], [-1 / 8, 1 / 8]],
    ),
    "poisson": (  # μ = 2 and 3, counted 1 and 0
        PoissonDeviance(),
        [[log(2)], [log(3)]],
        np.array([1, 0]),
        None,
        (log(1 / 2) - 1 + 2 + 3) / 2,
        [[1 / 2], [3 / 2]],
    ),
    "halved": (
        Scaled(MeanSquaredError(), 0.5), [[3]], np.array([1]), None, 2, [[2]],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("loss", "Z", "y", "w", "J", "dZ"), BY_HAND.values(), ids=BY_HAND)
def test_by_hand(loss: Loss, Z: Rows, y: Array, w: Array | None, J: float, dZ: Rows) -> None:
    value, gradient = loss.value_and_grad(np.array(Z, float), y, w)
    assert value == pytest.approx(J, rel=1e-14)
    np.testing.assert_allclose(gradient, dZ, atol=1e-15)


@pytest.mark.parametrize("Z", [1e4, 1e38])
def test_a_large_logit_costs_itself_where_it_is_wrong_and_nothing_where_it_is_right(
    Z: float,
) -> None:
    for loss, logits in (
        (SigmoidCrossEntropy(), np.array([[Z]], np.float32)),
        (SoftmaxCrossEntropy(), np.array([[0, Z]], np.float32)),
    ):
        wrong, dZ_wrong = loss.value_and_grad(logits, np.array([0]))
        assert wrong == pytest.approx(Z, rel=1e-6)
        assert dZ_wrong[0, -1] == 1
        right, dZ_right = loss.value_and_grad(logits, np.array([1]))
        assert right == 0
        assert dZ_right[0, -1] == 0


@pytest.mark.parametrize(("Z", "y"), [(40.0, 1), (-40.0, 0)])
def test_a_small_loss_keeps_its_digits(Z: float, y: int) -> None:
    """ln(1 + e^−40), which is 4e-18: adding 1 first would leave nothing of it."""
    for dtype, rel in ((np.float64, 1e-14), (np.float32, 1e-5)):
        value, _ = SigmoidCrossEntropy().value_and_grad(np.full((1, 1), Z, dtype), np.array([y]))
        assert value == pytest.approx(exp(-40), rel=rel)


def test_softmax_does_not_change_when_all_logits_do() -> None:
    loss, Z, y = SoftmaxCrossEntropy(), normal(6, 4), np.array([0, 1, 2, 3, 0, 1])
    J, dZ = loss.value_and_grad(Z, y)
    dZ = dZ.copy()
    np.testing.assert_allclose(dZ.sum(axis=1), 0, atol=1e-16)
    J_moved, dZ_moved = loss.value_and_grad(Z + 1000, y)
    assert J_moved == pytest.approx(J, rel=1e-12)
    np.testing.assert_allclose(dZ_moved, dZ, atol=1e-12)


def test_sigmoid_is_softmax_of_two_classes_the_first_of_which_has_the_logit_0() -> None:
    Z, y = normal(6, 1), np.array([0, 1, 1, 0, 1, 0])
    value, dZ = SigmoidCrossEntropy().value_and_grad(Z, y)
    J_softmax, dZ_softmax = SoftmaxCrossEntropy().value_and_grad(np.hstack([0 * Z, Z]), y)
    assert value == pytest.approx(J_softmax, rel=1e-14)
    np.testing.assert_allclose(dZ, dZ_softmax[:, 1:], rtol=1e-13)


# answers ---------------------------------------------------------------------------------------


def test_sigmoid_keeps_its_digits_close_to_0() -> None:
    Z = np.array([-700.0, -40, -1, 0, 1, 40])
    exact = [exp(z) / (1 + exp(z)) for z in Z]
    np.testing.assert_allclose(sigmoid(Z), exact, rtol=1e-14)
    np.testing.assert_array_equal(sigmoid(np.array([-1e300, 1e300])), [0, 1])
    assert sigmoid(np.ones(3, np.float32)).dtype == np.float32


def test_probabilities_and_labels_of_one_question() -> None:
    loss, Z = SigmoidCrossEntropy(), np.array([[-log(3)], [0], [log(3)]])
    np.testing.assert_allclose(loss.probabilities(Z), [[0.25], [0.5], [0.75]], rtol=1e-14)
    np.testing.assert_array_equal(loss.labels(Z), [0, 1, 1])
    assert loss.metrics(Z, np.array([0, 0, 1])) == {"accuracy": pytest.approx(2 / 3)}
    assert loss.metrics(Z, np.array([[0], [1], [1]])) == {"accuracy": 1}


def test_probabilities_and_labels_of_two_questions() -> None:
    loss, Z = SigmoidCrossEntropy(), np.array([[-1.0, 1], [2, -2]])
    np.testing.assert_array_equal(loss.labels(Z), [[0, 1], [1, 0]])
    assert loss.metrics(Z, np.array([[0, 1], [0, 0]])) == {"accuracy": 0.75}


def test_probabilities_and_labels_of_classes() -> None:
    loss, Z = SoftmaxCrossEntropy(), np.array([[0, log(2), log(5)], [900, -900, 0]])
    held = Z.copy()
    P = np.array([[1 / 8, 2 / 8, 5 / 8], [1, 0, 0]])
    np.testing.assert_allclose(loss.probabilities(Z), P, rtol=1e-14)
    np.testing.assert_array_equal(Z, held)
    np.testing.assert_array_equal(loss.labels(Z), [2, 0])
    assert loss.metrics(Z, np.array([2, 1])) == {"accuracy": 0.5}


def test_regression_has_no_figures_of_its_own() -> None:
    assert MeanSquaredError().metrics(np.zeros((2, 1)), np.zeros(2)) == {}


# words of errors: loss, targets, outputs, error, message -----------------------------------------

REFUSED: dict[str, tuple[Loss, Array, int, type[PlainnetError], str]] = {
    "mse-too-few": (
        MeanSquaredError(), np.zeros(4), 1, ShapeError,
        "MeanSquaredError needs targets of shape (5, 1), one for each output of the network, "
        "but got (4,).",
    ),
    "mse-a-row-for-columns": (
        MeanSquaredError(), np.zeros(5), 2, ShapeError,
        "MeanSquaredError needs targets of shape (5, 2), one for each output of the network, "
        "but got (5,).",
    ),
    "mse-lying-down": (
        MeanSquaredError(), np.zeros((2, 5)), 2, ShapeError,
        "MeanSquaredError needs targets of shape (5, 2), one for each output of the network, "
        "but got (2, 5).",
    ),
    "mse-nan": (
        MeanSquaredError(), np.array([0, np.nan, 1, np.inf, 2]), 1, DataError,
        "The targets hold 2 values that are not finite; remove those samples or fill in what "
        "is missing.",
    ),
    "sigmoid-shape": (
        SigmoidCrossEntropy(), np.zeros((5, 2)), 1, ShapeError,
        "SigmoidCrossEntropy needs targets of shape (5, 1), one for each output of the network, "
        "but got (5, 2).",
    ),
    "sigmoid-class-2": (
        SigmoidCrossEntropy(), np.array([0, 1, 2, 1, 0]), 1, DataError,
        "SigmoidCrossEntropy needs targets between 0 and 1, but got values from 0 to 2; for more "
        "than two classes use SoftmaxCrossEntropy.",
    ),
    "sigmoid-minus-1": (
        SigmoidCrossEntropy(), np.array([-1, 1, 1, 1, -1]), 1, DataError,
        "SigmoidCrossEntropy needs targets between 0 and 1, but got values from -1 to 1; for more "
        "than two classes use SoftmaxCrossEntropy.",
    ),
    "sigmoid-nan": (
        SigmoidCrossEntropy(), np.array([0, 1, np.nan, 1, 0]), 1, DataError,
        "The targets hold 1 values that are not finite; remove those samples or fill in what "
        "is missing.",
    ),
    "softmax-other-classes": (
        SoftmaxCrossEntropy(), np.eye(5), 3, ShapeError,
        "SoftmaxCrossEntropy needs one class number for each of 5 samples, shape (5,), "
        "or a probability for each of 3 classes, shape (5, 3), but got (5, 5).",
    ),
    "softmax-floats": (
        SoftmaxCrossEntropy(), np.zeros(5), 3, DataError,
        "SoftmaxCrossEntropy needs whole class numbers, but got float64; convert them with "
        "y.astype(int).",
    ),
    "softmax-counted-from-1": (
        SoftmaxCrossEntropy(), np.array([1, 2, 3, 1, 2]), 3, DataError,
        "A network with 3 outputs has the classes 0 to 2, but the targets go from 1 to 3.",
    ),
    "softmax-negative": (
        SoftmaxCrossEntropy(), np.array([-1, 2, 1, 1, 2]), 3, DataError,
        "A network with 3 outputs has the classes 0 to 2, but the targets go from -1 to 2.",
    ),
    "poisson-negative": (
        Scaled(PoissonDeviance(), 2), np.array([1, 0, -2, 4, 1]), 1, DataError,
        "PoissonDeviance needs targets from 0 on, such as counts, but got values down to -2; for "
        "numbers of either sign use MeanSquaredError.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("loss", "y", "K", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_targets_that_do_not_fit_are_refused(
    loss: Loss, y: Array, K: int, error: type[PlainnetError], words: str
) -> None:
    with pytest.raises(error) as caught:
        loss.check_targets(y, 5, K)
    assert str(caught.value) == words


def test_a_scaled_loss_is_measured_without_smoothing_and_keeps_its_figures() -> None:
    Z, y = np.array([[2.0], [-1.0]]), np.array([1, 1])
    loss = Scaled(SigmoidCrossEntropy(0.2), 3)
    plain = 3 * SigmoidCrossEntropy().value_and_grad(Z, y)[0]
    assert loss.measured.value_and_grad(Z, y)[0] == pytest.approx(plain, rel=1e-14)
    assert loss.metrics(Z, y) == {"accuracy": 0.5}
    fixed = Scaled(MeanSquaredError(), 0.5)
    assert fixed.measured is fixed


def test_the_counts_that_poisson_expects() -> None:
    np.testing.assert_allclose(PoissonDeviance().means(np.array([[0.0, log(3)]])), [[1, 3]])


def test_the_contract_has_no_formula_of_its_own() -> None:
    with pytest.raises(NotImplementedError):
        Loss().value_and_grad(np.zeros((1, 1)), np.zeros(1))


def test_both_probabilities_keep_their_digits() -> None:
    Z = np.array([[-40.0], [0.0], [40.0]], np.float32)
    P = SigmoidCrossEntropy().both(Z)
    assert P.dtype == np.float32
    tiny = np.exp(-40)
    np.testing.assert_allclose(P, [[1, tiny], [0.5, 0.5], [tiny, 1]], rtol=1e-5)
