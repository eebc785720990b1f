import json
from math import isnan, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainnet.errors import DataError, SettingError, ShapeError
from plainnet.metrics.classification import answers_from, evaluate_probabilities
from plainnet.metrics.curves import calibration
from plainnet.metrics.metrics import (
    accuracy,
    confusion_matrix,
    log_loss,
    majority_baseline,
    precision_recall_f1,
    roc_auc,
    roc_auc_one_vs_rest,
    wilson_interval,
)
from plainnet.network.arrays import Array


def labels(*numbers: int) -> Array:
    return np.array(numbers)


def two_classes(*p: float) -> Array:
    """P (N, 2) from the probabilities of class 1."""
    return np.column_stack([1 - np.array(p), p])


# hand-worked values ---------------------------------------------------------------------------


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert accuracy(labels(0, 1, 2, 2), labels(0, 2, 2, 2)) == 0.75


def test_majority_baseline_of_the_articles_test_set() -> None:
    assert majority_baseline(labels(*[1] * 33, *[0] * 17), 2) == (1, 0.66)


def test_majority_baseline_takes_the_first_of_equals() -> None:
    assert majority_baseline(labels(2, 2, 1, 1), 3) == (1, 0.5)


def test_wilson_interval_of_40_in_50() -> None:
    interval = wilson_interval(40, 50)
    assert interval == pytest.approx((0.670, 0.888), abs=5e-4)
    for p in interval:  # by definition: the shares from which 0.8 is z standard errors away
        assert abs(0.8 - p) == pytest.approx(1.959964 * (p * (1 - p) / 50) ** 0.5)


def test_wilson_interval_widens_with_confidence_and_narrows_with_n() -> None:
    low, high = wilson_interval(40, 50)
    sure_low, sure_high = wilson_interval(40, 50, confidence=0.99)
    many_low, many_high = wilson_interval(4000, 5000)
    assert sure_low < low < many_low < 0.8 < many_high < high < sure_high


def test_wilson_interval_ends_at_none_and_all() -> None:
    # p = 0: the upper end is z²/n / (1 + z²/n), with z² = 3.8415
    assert wilson_interval(0, 10) == pytest.approx((0, 0.277533), abs=1e-6)
    assert wilson_interval(10, 10) == pytest.approx((0.722467, 1), abs=1e-6)
    for n in range(1, 100):  # to the last bit: rounding moves neither end
        assert wilson_interval(0, n)[0] == 0
        assert wilson_interval(n, n)[1] == 1


def test_confusion_matrix_has_the_truth_in_rows() -> None:
    confusion = confusion_matrix(labels(0, 0, 0, 1), labels(0, 2, 2, 1), 3)
    assert confusion.dtype == np.int64
    assert confusion.tolist() == [[1, 0, 2], [0, 1, 0], [0, 0, 0]]


def test_confusion_matrix_of_small_integer_types_does_not_overflow() -> None:
    y = np.array([199, 3], dtype=np.uint8)
    confusion = confusion_matrix(y, y, 200)
    assert confusion[199, 199] == confusion[3, 3] == 1


def test_precision_recall_f1_by_hand() -> None:
    # class 2 never occurs and is answered twice; class 3 never occurs and is never answered
    confusion = np.array([[3, 1, 2, 0], [1, 4, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    precision, recall, f1 = precision_recall_f1(confusion)
    np.testing.assert_allclose(precision, [3 / 4, 4 / 5, 0, 0])
    np.testing.assert_allclose(recall, [3 / 6, 4 / 5, 0, 0])
    np.testing.assert_allclose(f1, [0.6, 4 / 5, 0, 0])  # 2 · ¾ · ½ / (¾ + ½) = 0.6


def test_roc_auc_by_hand() -> None:
    # of the 2 · 2 pairs, 0.8 beats both and 0.35 beats one
    assert roc_auc(labels(0, 0, 1, 1), np.array([0.1, 0.4, 0.35, 0.8])) == 0.75


def test_roc_auc_of_equal_scores_is_chance() -> None:
    assert roc_auc(labels(0, 1, 1), np.zeros(3)) == 0.5


@pytest.mark.parametrize("y", [labels(1, 1), labels(0, 0)])
def test_roc_auc_of_one_side_only_is_nan(y: Array) -> None:
    assert isnan(roc_auc(y, np.array([0.2, 0.7])))


def test_one_vs_rest_counts_classes_alike_and_leaves_out_absent_ones() -> None:
    P = np.array([[0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.4, 0.5, 0.1]])
    # class 0 (rows 0, 2, 3) beats row 1 always: 1; class 1 (row 1) beats the others: 1
    assert roc_auc_one_vs_rest(labels(0, 1, 0, 0), P) == 1
    # class 0 (rows 0, 1): of 4 pairs only 0.5 > 0.4 is right: ¼; class 1 (row 2): 0.3 ties with
    # row 0: ½ of 3; class 2 (row 3): 0.1 ties with two and loses to one: 1 of 3
    expected = (1 / 4 + 0.5 / 3 + 1 / 3) / 3
    assert roc_auc_one_vs_rest(labels(0, 0, 1, 2), P) == pytest.approx(expected)
    assert isnan(roc_auc_one_vs_rest(labels(2, 2, 2, 2), P))


def test_log_loss_by_hand() -> None:
    P = two_classes(0.25, 0.5)
    assert log_loss(labels(0, 1), P) == pytest.approx(-(log(0.75) + log(0.5)) / 2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_log_loss_of_a_sure_mistake_is_that_of_the_smallest_number(dtype: type) -> None:
    P: Array = np.array([[1, 0]], dtype=dtype)
    assert log_loss(labels(1), P) == pytest.approx(-log(np.finfo(dtype).tiny))
    assert log_loss(labels(0), P) == 0


def test_log_loss_of_float32_is_summed_in_float64() -> None:
    P = np.full((300_000, 3), 1 / 3, dtype=np.float32)
    y = np.zeros(len(P), dtype=int)
    assert log_loss(y, P) == pytest.approx(-log(float(P[0, 0])), rel=1e-12)


def test_whole_number_probabilities_are_taken() -> None:
    assert log_loss(labels(0, 1), np.eye(2, dtype=int)) == 0


# properties -----------------------------------------------------------------------------------

pairs_of_labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1)


@given(pairs_of_labels)
def test_confusion_matrix_holds_every_sample_and_the_accuracy(pairs: list[tuple[int, int]]) -> None:
    y, answers = np.array(pairs).T
    confusion = confusion_matrix(y, answers, 4)
    assert confusion.sum() == len(pairs)
    assert accuracy(y, answers) == confusion.trace() / len(pairs)
    assert confusion.sum(axis=1).max() / len(pairs) == majority_baseline(y, 4)[1]
    assert all(confusion[i, j] == pairs.count((i, j)) for i in range(4) for j in range(4))


between_0_and_1 = st.floats(0, 1, exclude_min=True, exclude_max=True)


@given(st.integers(1, 10**7), st.floats(0, 1), between_0_and_1 | st.sampled_from([0.9, 1e-15]))
def test_wilson_interval_holds_the_share(n: int, share: float, confidence: float) -> None:
    correct = round(share * n)
    low, high = wilson_interval(correct, n, confidence)
    assert 0 <= low <= correct / n <= high <= 1
    mirrored_low, mirrored_high = wilson_interval(n - correct, n, confidence)
    assert (1 - high, 1 - low) == pytest.approx((mirrored_low, mirrored_high), abs=1e-12)


few_scores = st.sampled_from([-1e300, -1.0, 0.0, 5e-324, 0.5, 1.0, float("inf")])


@given(
    st.lists(few_scores | st.floats(allow_nan=False), min_size=1, max_size=12),
    st.lists(few_scores | st.floats(allow_nan=False), min_size=1, max_size=12),
)
def test_roc_auc_is_the_share_of_pairs_in_order(high: list[float], low: list[float]) -> None:
    pairs = [(p > n) + (p == n) / 2 for p in high for n in low]
    y = np.array([True] * len(high) + [False] * len(low))
    score = np.array(high + low)
    assert roc_auc(y, score) == pytest.approx(sum(pairs) / len(pairs), abs=1e-14)
    shuffled = np.random.default_rng(0).permutation(len(y))
    assert roc_auc(y[shuffled], score[shuffled]) == roc_auc(y, score)


# the evaluation -------------------------------------------------------------------------------


def test_a_tie_of_two_classes_counts_for_class_1_and_of_more_for_the_first() -> None:
    assert answers_from(two_classes(0.5, 0.49, 0.51)).tolist() == [1, 0, 1]
    assert answers_from(np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4]])).tolist() == [0, 1]


def test_evaluation_of_two_classes() -> None:
    y, P = labels(0, 1, 1, 1, 0), two_classes(0.2, 0.9, 0.5, 0.3, 0.4)
    evaluation = evaluate_probabilities(y, P, ["other", "cat"])
    assert evaluation.to_dict() == {
        "n": 5,
        "correct": 4,
        "accuracy": 0.8,
        "accuracy_interval_95": list(wilson_interval(4, 5)),
        "baseline_class": "cat",
        "baseline_accuracy": 0.6,
        "roc_auc": 5 / 6,  # of 3 · 2 pairs, only 0.3 and 0.4 are out of order
        "log_loss": log_loss(y, P),
        "calibration_error": calibration(y, P).error,
        "mean_confidence": pytest.approx(0.7),
        "classes": ["other", "cat"],
        "confusion": [[2, 0], [1, 2]],
        "per_class": [
            {"class": "other", "support": 2, "precision": 2 / 3, "recall": 1, "f1": 0.8},
            {"class": "cat", "support": 3, "precision": 1, "recall": 2 / 3, "f1": 0.8},
        ],
    }


def test_evaluation_of_more_classes_has_the_one_vs_rest_auc() -> None:
    P = np.array([[0.5, 0.3, 0.2], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    evaluation = evaluate_probabilities(labels(0, 1, 2), P, "abc")
    assert evaluation.roc_auc == roc_auc_one_vs_rest(labels(0, 1, 2), P)
    assert evaluation.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]


def test_evaluation_of_one_class_only_is_json_without_nan() -> None:
    evaluation = evaluate_probabilities(labels(1, 1), two_classes(0.9, 0), ["other", "cat"])
    assert isnan(evaluation.roc_auc)
    written = json.dumps(evaluation.to_dict(), allow_nan=False)
    assert json.loads(written)["roc_auc"] is None


# the door -------------------------------------------------------------------------------------


def test_labels_are_checked() -> None:
    with pytest.raises(ShapeError, match=r"^y .* got \(2, 1\)"):
        accuracy(labels(0, 1)[:, None], labels(0, 1))
    with pytest.raises(ShapeError, match=r"^answers .* 2 .* got \(1,\)"):
        accuracy(labels(0, 1), labels(0))
    with pytest.raises(DataError, match=r"^y is empty"):
        majority_baseline(labels(), 2)
    with pytest.raises(DataError, match=r"^answers must be whole .* float64; convert"):
        confusion_matrix(labels(0), np.array([0.0]), 2)
    with pytest.raises(DataError, match=r"^y .* 3.* from 0 to 3"):
        confusion_matrix(labels(0, 3), labels(0, 0), 3)
    with pytest.raises(DataError, match="from -1 to 0"):
        confusion_matrix(labels(0, 0), labels(0, -1), 3)


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_interval_checks_its_counts(correct: int, n: int) -> None:
    with pytest.raises(DataError, match=f"got {correct} right of n = {n};"):
        wilson_interval(correct, n)


@pytest.mark.parametrize("confidence", [0, 1, 95, nan])
def test_wilson_interval_checks_its_confidence(confidence: float) -> None:
    with pytest.raises(SettingError, match=rf"confidence .*\(0, 1\).* {confidence}\."):
        wilson_interval(1, 2, confidence)


def test_a_confusion_matrix_is_square() -> None:
    with pytest.raises(ShapeError, match=r"shape \(K, K\), but got \(2, 3\)"):
        precision_recall_f1(np.ones((2, 3)))


def test_scores_are_checked() -> None:
    with pytest.raises(ShapeError, match=r"^score .* 2 .* got \(2, 2\)"):
        roc_auc(labels(0, 1), np.ones((2, 2)))
    with pytest.raises(DataError, match="1 of 2 are NaN"):
        roc_auc(labels(0, 1), np.array([nan, 1]))
    with pytest.raises(
        DataError, match=r"^y_is_positive must hold class numbers from 0 to below 2"
    ):
        roc_auc(labels(-1, 1), np.ones(2))


@pytest.mark.parametrize(
    "row", [[nan, 0.5], [np.inf, -np.inf], [1e308, 1.5e308], [-0.5, 1.5], [2.0, 3.0], [0.2, 0.3]]
)
def test_rows_that_are_no_distribution_are_refused(row: list[float]) -> None:
    with pytest.raises(DataError, match=r"1 of 3 rows are not; row 1 goes from .* not logits"):
        log_loss(labels(0, 1, 0), np.array([[0.5, 0.5], row, [0.5, 0.5]]))


def test_shapes_of_probabilities_are_checked() -> None:
    with pytest.raises(ShapeError, match=r"got \(2, 1\); .*np\.column_stack"):
        log_loss(labels(0, 1), np.array([[0.5], [0.5]]))
    with pytest.raises(ShapeError, match=r"^P .* 1 .*\(1, 2\)"):
        evaluate_probabilities(labels(0), two_classes(0.5, 0.5), ["other", "cat"])
    with pytest.raises(DataError, match=r"^y is empty"):
        evaluate_probabilities(labels(), np.empty((0, 2)), ["other", "cat"])
    with pytest.raises(ShapeError, match=r"2 .* 3;"):
        evaluate_probabilities(labels(0), two_classes(0.5), ["other", "cat", "dog"])
