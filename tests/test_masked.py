"""What lies under a mask is no value: it is never learned from, measured or answered for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Dataset, Regressor, train
from plainnet.errors import DataError
from plainnet.metrics import metrics
from plainnet.metrics.classification import evaluate_probabilities
from plainnet.metrics.curves import calibration, roc_curve
from plainnet.metrics.regression import evaluate_numbers
from plainnet.network import MeanSquaredError, Network, SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.tables import table_of
from plainnet.training import Adam, logits
from plainnet.training.lbfgs import minimize

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)
NUMBERS = 3 * X[:, 0]
PICTURES = RNG.integers(0, 256, (60, 5, 4, 3), np.uint8)
P = np.c_[0.3 + 0 * NUMBERS, 0.7 + 0 * NUMBERS]
QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 2, "ensemble": 1}


def masked(values: Any, *, fill: Any = None) -> Any:
    """One of the values does not count, what lies below it may be anything."""
    made = np.ma.array(values, fill_value=fill)
    made[7] = np.ma.masked
    return made


def classifier() -> Classifier:
    return Classifier(**QUICK).fit(X, Y)


def network() -> Network:
    return Network.dense([3, 4, 1], dtype=np.float64)


def run(*given: Any, **more: Any) -> None:
    [*train(network(), SigmoidCrossEntropy(), Adam(), *given, epochs=1, **more)]


ENTRANCES: dict[str, Callable[[], Any]] = {
    "fit, X": lambda: Classifier(**QUICK).fit(masked(X, fill=1e20), Y),
    "fit, X of whole numbers": lambda: Classifier(**QUICK).fit(masked(X.astype(int)), Y),
    "fit, a list of rows": lambda: Classifier(**QUICK).fit([*masked(X)], Y),
    "fit, pictures": lambda: Classifier(**QUICK).fit(masked(PICTURES), Y),
    "fit, y": lambda: Classifier(**QUICK).fit(X, masked(Y)),
    "fit, y of texts": lambda: Classifier(**QUICK).fit(X, masked(Y.astype(str))),
    "fit, weights": lambda: Classifier(**QUICK).fit(X, Y, weights=masked(1.0 + Y)),
    "fit, validation": lambda: Classifier(**QUICK).fit(X, Y, validation=(masked(X), Y)),
    "fit, validation y": lambda: Classifier(**QUICK).fit(X, Y, validation=(X, masked(Y))),
    "fit, validation w": lambda: Classifier(**QUICK).fit(X, Y, validation=(X, Y, masked(Y + 1.0))),
    "fit numbers, X": lambda: Regressor(**QUICK).fit(masked(X), NUMBERS),
    "fit numbers, y": lambda: Regressor(**QUICK).fit(X, masked(NUMBERS)),
    "data set, X": lambda: Dataset(masked(X), Y, ("a", "b")),
    "data set, y": lambda: Dataset(X, masked(Y), ("a", "b")),
    "data set, numbers": lambda: Dataset(X, masked(NUMBERS), target="y"),
    "data set, weights": lambda: Dataset(X, Y, ("a", "b"), weights=masked(1.0 + Y)),
    "predict": lambda: classifier().predict(masked(X)),
    "predict one": lambda: classifier().predict(np.ma.array(X[0], mask=[True, False, False])),
    "probabilities": lambda: classifier().predict_proba(masked(X)),
    "numbers": lambda: Regressor(**QUICK).fit(X, NUMBERS).predict(masked(X)),
    "score, X": lambda: classifier().score(masked(X), Y),
    "score, y": lambda: classifier().score(X, masked(Y)),
    "evaluate, weights": lambda: classifier().evaluate(X, Y, weights=masked(1.0 + Y)),
    "train, X": lambda: run(masked(X), Y),
    "train, y": lambda: run(X, masked(Y)),
    "train, weights": lambda: run(X, Y, weights=masked(1.0 + Y)),
    "train, validation": lambda: run(X, Y, validation=(masked(X), Y)),
    "L-BFGS": lambda: minimize(network(), MeanSquaredError(), masked(X), NUMBERS),
    "L-BFGS, y": lambda: minimize(network(), MeanSquaredError(), X, masked(NUMBERS)),
    "forward": lambda: network().forward(masked(X)),
    "network": lambda: network().predict(masked(X)),
    "logits": lambda: logits(network(), masked(X)),
    "accuracy": lambda: metrics.accuracy(masked(Y), Y),
    "accuracy, weights": lambda: metrics.accuracy(Y, Y, masked(1.0 + Y)),
    "log loss": lambda: metrics.log_loss(Y, masked(P)),
    "AUC": lambda: metrics.roc_auc(Y, masked(P[:, 1])),
    "ROC": lambda: roc_curve(masked(Y), P[:, 1]),
    "calibration": lambda: calibration(Y, masked(P)),
    "evaluation": lambda: evaluate_probabilities(masked(Y), P, "ab"),
    "regression": lambda: evaluate_numbers(masked(NUMBERS), NUMBERS),
    "regression, answers": lambda: evaluate_numbers(NUMBERS, masked(NUMBERS)),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_masked_values_are_refused(entrance: str) -> None:
    with pytest.raises(DataError, match=r"masked (array|values)"):
        ENTRANCES[entrance]()


@pytest.mark.parametrize("estimator", ["PlainNetClassifier", "PlainNetRegressor"])
def test_estimators_refuse_them(estimator: str) -> None:
    pytest.importorskip("sklearn")
    import plainnet.sklearn

    made = getattr(plainnet.sklearn, estimator)(max_iter=2, hidden_layer_sizes=(3,))
    for given in ((masked(X), Y), (X, masked(Y)), (X, Y, masked(1.0 + Y))):
        with pytest.raises(DataError, match="masked values, the first in row 7"):
            made.fit(*given)
    fitted = made.partial_fit(X, Y, **({"classes": [0, 1]} if "Class" in estimator else {}))
    with pytest.raises(DataError, match="masked values, the first in row 7"):
        fitted.predict(masked(X))


def test_a_mask_of_nothing_changes_nothing() -> None:
    none = [np.ma.array(array) for array in (X, Y, 1.0 + Y)]
    ours = Classifier(**QUICK).fit(*none[:2], weights=none[2])
    theirs = Classifier(**QUICK).fit(X, Y, weights=1.0 + Y)
    np.testing.assert_array_equal(ours.predict_proba(none[0]), theirs.predict_proba(X))
    losses = [SoftmaxCrossEntropy(), MeanSquaredError()]
    assert [loss.measured for loss in losses] == losses


def test_in_a_table_they_are_missing() -> None:
    columns = {"a": masked(NUMBERS, fill=1e20), "b": masked(Y), "c": masked(Y.astype(str))}
    table = table_of(columns)
    assert np.isnan(table["a"][7])
    assert np.isfinite(np.delete(table["a"], 7)).all()
    fitted = Regressor(**QUICK).fit({**columns, "y": NUMBERS.tolist()}, target="y")
    found = {column.name: column.has_missing for column in fitted.columns.columns}  # type: ignore
    assert found == {"a": True, "b": True, "c": True}
