"""All of scikit-learn's own checks of an estimator, none of them expected to fail."""

from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor

ESTIMATORS = [
    PlainNetClassifier(max_iter=100),
    PlainNetRegressor(max_iter=100),
    PlainNetClassifier(solver="lbfgs", alpha=0.1),
    PlainNetRegressor(solver="lbfgs"),
    PlainNetClassifier(
        max_iter=100,
        solver="adamw",
        activation="tanh",
        normalization="layer",
        learning_rate="one_cycle",
        learning_rate_init=0.01,
    ),
]


@parametrize_with_checks(ESTIMATORS)  # type: ignore[untyped-decorator]
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimator(estimator: Any, check: Any) -> None:
    check(estimator)
