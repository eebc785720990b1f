"""The points behind the metrics: by hand, against the metrics, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainnet.errors import DataError, SettingError, ShapeError
from plainnet.metrics.classification import answers_from
from plainnet.metrics.curves import calibration, precision_recall_curve, roc_curve
from plainnet.metrics.metrics import roc_auc

Y = np.array([0, 0, 1, 1])
SCORE = np.array([0.1, 0.4, 0.35, 0.8])  # the example of scikit-learn's documentation


# -- ROC -----------------------------------------------------------------------------------------


def test_roc_by_hand() -> None:
    curve = roc_curve(Y, SCORE)
    assert curve.thresholds.tolist() == [np.inf, 0.8, 0.4, 0.35, 0.1]
    assert curve.x.tolist() == [0, 0, 0.5, 0.5, 1]
    assert curve.y.tolist() == [0, 0.5, 0.5, 1, 1]
    assert curve.area == 0.75


def test_equal_scores_are_one_point() -> None:
    curve = roc_curve(np.array([1, 0, 1, 0]), np.array([0.5, 0.5, 0.5, 0.5]))
    assert (curve.x.tolist(), curve.y.tolist(), curve.area) == ([0, 1], [0, 1], 0.5)


samples = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])), min_size=2)


@given(samples)
def test_the_area_under_the_roc_points_is_the_auc(drawn: list[tuple[bool, float]]) -> None:
    y, score = np.array([a for a, _ in drawn]), np.array([b for _, b in drawn])
    if y.all() or not y.any():
        with pytest.raises(DataError, match="needs positive samples and others"):
            roc_curve(y, score)
        return
    curve = roc_curve(y, score)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area)
    assert curve.area == pytest.approx(roc_auc(y, score))
    assert (np.diff(curve.x) >= 0).all()
    assert (np.diff(curve.y) >= 0).all()
    assert (np.diff(curve.thresholds) < 0).all()


# -- precision and recall ------------------------------------------------------------------------


def test_precision_and_recall_by_hand() -> None:
    curve = precision_recall_curve(Y, SCORE)
    assert curve.x.tolist() == [0, 0.5, 0.5, 1, 1]
    assert curve.y.tolist() == pytest.approx([1, 1, 0.5, 2 / 3, 0.5])
    assert curve.area == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_of_positive_samples_alone_the_precision_is_one() -> None:
    curve = precision_recall_curve(np.array([1, 1]), np.array([0.2, 0.9]))
    assert (curve.y == 1).all()
    assert curve.area == 1
    with pytest.raises(DataError, match="needs positive samples, but none is"):
        precision_recall_curve(np.array([0, 0]), np.array([0.2, 0.9]))


def test_both_as_in_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for n in (2, 5, 40, 500):
        y, score = rng.integers(0, 2, n), rng.integers(0, 20, n) / 20
        y[:2] = 0, 1
        curve = roc_curve(y, score)
        x, found, thresholds = metrics.roc_curve(y, score, drop_intermediate=False)
        np.testing.assert_allclose(curve.x, x)
        np.testing.assert_allclose(curve.y, found)
        np.testing.assert_allclose(curve.thresholds, thresholds)
        assert curve.area == pytest.approx(metrics.roc_auc_score(y, score))
        curve = precision_recall_curve(y, score)
        precision, recall, thresholds = metrics.precision_recall_curve(y, score)
        np.testing.assert_allclose(curve.y[::-1], precision)
        np.testing.assert_allclose(curve.x[::-1], recall)
        np.testing.assert_allclose(curve.thresholds[:0:-1], thresholds)
        assert curve.area == pytest.approx(metrics.average_precision_score(y, score))


@pytest.mark.parametrize("curve", [roc_curve, precision_recall_curve])
def test_what_cannot_be_scored_is_refused(curve: object) -> None:
    assert callable(curve)
    with pytest.raises(ShapeError, match="score must fit the 4 samples"):
        curve(Y, SCORE[:3])
    with pytest.raises(DataError, match="NaN"):
        curve(Y, np.array([0.1, np.nan, 0.2, 0.3]))
    with pytest.raises(DataError, match="empty"):
        curve(Y[:0], SCORE[:0])


# -- calibration ---------------------------------------------------------------------------------


def two(p: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Probabilities of two classes from those of class 1."""
    return np.column_stack([1 - np.array(p), p])


def test_calibration_by_hand() -> None:
    # confidences 0.9 (right), 0.8 (wrong), 0.8 (right), 0.6 (right)
    found = calibration(np.array([1, 1, 0, 1]), two([0.9, 0.2, 0.2, 0.6]), bins=5)
    assert found.edges.tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert found.counts.tolist() == [0, 0, 1, 2, 1]
    np.testing.assert_allclose(found.confidence, [np.nan, np.nan, 0.6, 0.8, 0.9])
    np.testing.assert_allclose(found.accuracy, [np.nan, np.nan, 1, 0.5, 1])
    assert found.error == pytest.approx(0.25 * 0.4 + 0.5 * 0.3 + 0.25 * 0.1)
    assert found.mean_confidence == pytest.approx((0.9 + 0.8 + 0.8 + 0.6) / 4)


def test_sure_and_right_is_perfect_and_sure_and_wrong_the_worst() -> None:
    P = two([1.0, 0.0, 1.0])
    assert calibration(np.array([1, 0, 1]), P).error == 0
    assert calibration(np.array([0, 1, 0]), P).error == 1
    assert calibration(np.array([0, 1, 0]), P).counts.tolist() == [0] * 9 + [3]


def test_one_bin_compares_the_means() -> None:
    rng = np.random.default_rng(0)
    P, y = rng.dirichlet(np.ones(4), 200), rng.integers(0, 4, 200)
    found = calibration(y, P, bins=1)
    accuracy = (answers_from(P) == y).mean()
    assert found.error == pytest.approx(abs(accuracy - P.max(axis=1).mean()))


@given(st.integers(2, 5), st.integers(1, 30), st.integers(1, 20), st.integers(0, 9))
def test_bins_hold_every_sample_once(k: int, n: int, bins: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(k), n).round(1).astype(np.float32)
    P /= P.sum(axis=1, keepdims=True)
    y = rng.integers(0, k, n)
    found = calibration(y, P, bins)
    assert found.counts.sum() == n
    right = np.nansum(found.accuracy * found.counts)
    assert right == pytest.approx((answers_from(P) == y).sum())
    assert found.mean_confidence == pytest.approx(P.max(axis=1).mean(dtype=np.float64))
    assert 0 <= found.error <= 1


def test_calibration_refuses_what_is_none() -> None:
    with pytest.raises(SettingError, match="number of bins"):
        calibration(np.array([1]), two([0.5]), bins=0)
    with pytest.raises(DataError, match="sum to 1"):
        calibration(np.array([1]), np.array([[0.5, 0.9]]))
    with pytest.raises(DataError, match="class numbers from 0 to below 2"):
        calibration(np.array([2]), two([0.5]))
