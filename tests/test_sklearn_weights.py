"""The law of weights for the estimators: 0 is absence, 2 is twice."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.model_selection import cross_val_score
from sklearn.utils import compute_sample_weight
from test_sample_weights import CLASSES, TWO, N, X, repeated, spoiled, w, zeros_among

from plainnet.network import Array
from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor
from plainnet.sklearn.rows import balanced

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SMALL: dict[str, Any] = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0}
NUMBERS = X[:, 0] - X[:, 1]
LABELS = np.c_[TWO, 1 - TWO, CLASSES == 1].astype(int)
KINDS: dict[str, dict[str, Any]] = {
    "adam": {},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2},
    "stopping by the loss": {"early_stopping": True, "scoring": "loss"},
    "lbfgs": {"solver": "lbfgs"},
    "not shuffled": {"shuffle": False, "solver": "sgd", "batch_size": 20},
}


def state(estimator: Any) -> list[Any]:
    curves = (estimator.loss_curve_, estimator.validation_loss_curve_, estimator.t_)
    return [estimator.network_.theta.tolist(), *curves, estimator.validation_scores_]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", [1e9, np.nan])
@pytest.mark.parametrize("y", [TWO, CLASSES, LABELS, NUMBERS], ids=["two", "three", "labels", "n"])
def test_0_is_absence(kind: str, what: float, y: Array) -> None:
    estimator: Any = PlainNetRegressor if y is NUMBERS else PlainNetClassifier
    settings = {**SMALL, **KINDS[kind]}
    wrong = what if y is NUMBERS else 7 if y.ndim == 1 else 1
    ours, theirs = estimator(**settings), estimator(**settings)
    ours.fit(spoiled(X, what), spoiled(y, wrong), zeros_among(w))
    theirs.fit(X, y, w)
    assert state(ours) == state(theirs)
    ones = estimator(**settings).fit(spoiled(X, what), spoiled(y, wrong), zeros_among())
    assert state(ones) == state(estimator(**settings).fit(X, y))


def test_0_is_absence_for_partial_fit_and_validation_data() -> None:
    found = []
    for given in ((X, TWO, w), (spoiled(X, np.inf), spoiled(TWO, 1), zeros_among(w))):
        made: Any = PlainNetClassifier(**SMALL, early_stopping=True)
        for _ in range(3):
            made.partial_fit(*given, [0, 1], validation_data=given)
        found.append(state(made))
    assert found[0] == found[1]


def test_0_is_absence_for_lists_sparse_and_named_samples() -> None:
    sparse, pandas = pytest.importorskip("scipy.sparse"), pytest.importorskip("pandas")
    y, given = spoiled(TWO, 1), spoiled(X, 1e9)
    wanted = PlainNetClassifier(**SMALL).fit(X, TWO).network_.theta
    for rows in (
        given.tolist(),
        sparse.csr_matrix(given),
        pandas.DataFrame(given, columns=[*"abcd"]),
    ):
        made = PlainNetClassifier(**SMALL).fit(rows, y.tolist(), zeros_among().tolist())
        np.testing.assert_allclose(made.network_.theta, wanted, rtol=1e-6)


def test_a_class_of_weight_0_is_absent() -> None:
    spoil = np.where(CLASSES[:, None] == 2, 1e9, X)
    settings: dict[str, Any] = {**SMALL, "class_weight": {2: 0}, "early_stopping": True}
    found = [PlainNetClassifier(**settings).fit(A, CLASSES) for A in (X, spoil)]
    assert state(found[0]) == state(found[1])


@pytest.mark.parametrize("y", [TWO, CLASSES, NUMBERS], ids=["two", "three", "numbers"])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("class_weight", [None, "balanced", {1: 3}])
def test_2_is_twice(y: Array, solver: str, class_weight: Any) -> None:
    estimator: Any = PlainNetRegressor if y is NUMBERS else PlainNetClassifier
    more = {} if y is NUMBERS else {"class_weight": class_weight}
    settings = {**SMALL, "solver": solver, "batch_size": 10**6, "alpha": 1.0, **more}
    with pytest.warns() if solver == "adam" else pytest.MonkeyPatch.context():
        ours = estimator(**settings).fit(X, y, w)
        theirs = estimator(**settings).fit(*repeated(X, y))
    np.testing.assert_allclose(ours.network_.theta, theirs.network_.theta, rtol=1e-6, atol=1e-7)
    assert ours.loss_ == pytest.approx(theirs.loss_)


def test_balanced_weights() -> None:
    for y in (TWO, CLASSES, LABELS):
        np.testing.assert_allclose(balanced(y, None), compute_sample_weight("balanced", y))
        ours = np.repeat(balanced(y, w), w)
        np.testing.assert_allclose(ours, balanced(np.repeat(y, w, axis=0), None))


def test_weights_that_fit_nothing_are_refused() -> None:
    for weights in (w[1:], -w, np.full(N, np.nan), 0 * w):
        with pytest.raises(ValueError, match="weight"):
            PlainNetClassifier(**SMALL).fit(X, TWO, weights)


def test_in_a_cross_validation() -> None:
    found = cross_val_score(PlainNetClassifier(**SMALL), X, TWO, params={"sample_weight": w})
    assert found.shape == (5,)
