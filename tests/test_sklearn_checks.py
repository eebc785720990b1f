"""All of scikit-learn's own checks of an estimator, none of them expected to fail."""

from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import estimator_checks_generator

from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor

# With dropout a sample of weight 2 is not the same sample twice, which is one of the checks.
ESTIMATORS = {
    "classifier": PlainNetClassifier(max_iter=50),
    "regressor": PlainNetRegressor(max_iter=50),
    "classifier-lbfgs": PlainNetClassifier(solver="lbfgs", alpha=0.1, max_iter=50),
    "regressor-lbfgs": PlainNetRegressor(solver="lbfgs", max_iter=50),
    "classifier-with-more": PlainNetClassifier(
        max_iter=50,
        solver="adamw",
        activation="tanh",
        normalization="layer",
        learning_rate="one_cycle",
        learning_rate_init=0.01,
    ),
}
WITH_PRESET = {
    "classifier-preset": PlainNetClassifier(preset="tabular-quick", max_iter=60),
    "regressor-preset": PlainNetRegressor(preset="tabular-quick", max_iter=60),
}
SKIPPED = {
    "check_sample_weight_equivalence_on_dense_data": "rows are held out, not shares of weight",
    "check_sample_weight_equivalence_on_sparse_data": "rows are held out, not shares of weight",
    "check_methods_subset_invariance": "in float32 the last digits depend on the batch",
    "check_regressors_train": "it sets alpha, which a preset refuses",
    "check_regressor_data_not_an_array": "a frame's columns are standardized by all rows, an "
    "array by those that a single network does not hold out",
}
"""The checks that do not fit a preset, and why."""
CHECKS = {
    f"{name}-{check.func.__name__}-{number}": (twin, check)
    for name, estimator in {**ESTIMATORS, **WITH_PRESET}.items()
    for number, (twin, check) in enumerate(estimator_checks_generator(estimator))
    if name not in WITH_PRESET or check.func.__name__ not in SKIPPED
}


@pytest.mark.parametrize(("estimator", "check"), CHECKS.values(), ids=CHECKS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_estimator(estimator: Any, check: Any) -> None:
    check(estimator)
