"""The estimators: classes keep their type and names, and rows and columns are not mixed up."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score

from plainnet.errors import DataError, SettingError
from plainnet.network import Array
from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor

pandas = pytest.importorskip("pandas")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL: dict[str, Any] = {
    "hidden_layer_sizes": (16,),
    "learning_rate_init": 0.02,
    "max_iter": 40,
    "random_state": 0,
}
ID = 987654321098765432
"""float64 makes one of it and the next."""
CLASSES: list[Any] = [
    np.array(["10", "9", "01", "1"]),
    np.array(["b", "a", "C"], object),
    np.array([True, False]),
    np.array([ID, ID + 1, -5]),
    np.array([2**64 - 1, 2**64 - 2, 5], np.uint64),
    np.array([0.0, -2.0, 10.0], np.float32),
]


def samples(classes: Array) -> tuple[Array, Array]:
    k = np.arange(120) % len(classes)
    X = np.eye(len(classes))[k] * 3 + np.random.default_rng(0).normal(0, 0.05, (120, len(classes)))
    return X, classes[k]


@pytest.mark.parametrize("classes", CLASSES, ids=lambda classes: str(classes[0]))
def test_answers_are_the_classes_that_were_given(classes: Array) -> None:
    X, y = samples(classes)
    weights = {label: 1.0 + (label == classes[0]) for label in classes.tolist()}
    for asked in (
        PlainNetClassifier(**SMALL),
        PlainNetClassifier(**SMALL, class_weight=weights),
        PlainNetClassifier(**SMALL, early_stopping=True, class_weight="balanced"),
        GridSearchCV(PlainNetClassifier(**SMALL), {"alpha": [1e-4, 1e-2]}, cv=3),
        CalibratedClassifierCV(PlainNetClassifier(**SMALL), cv=3),
    ):
        asked.fit(X, y)
        assert (asked.predict(X) == y).all()
        assert {*map(type, asked.predict(X).tolist())} == {*map(type, classes.tolist())}
        assert (asked.classes_[asked.predict_proba(X).argmax(axis=1)] == y).all()
    assert cross_val_score(PlainNetClassifier(**SMALL), X, y, cv=3).mean() == 1


def test_a_class_is_weighed_by_its_own_name() -> None:
    """What scikit-learn has for it takes `01` and `1` for one class, and refuses `{"10": 2}`."""
    X, y = samples(np.array(["10", "9", "01", "1"]))
    named = PlainNetClassifier(**SMALL, class_weight={"01": 3.0}).fit(X, y)
    weighed = PlainNetClassifier(**SMALL).fit(X, y, np.where(y == "01", 3.0, 1.0))
    assert named.coefs_[0].tobytes() == weighed.coefs_[0].tobytes()
    for given in ({1: 2.0}, {"1 ": 2.0}):
        with pytest.raises(SettingError, match=r"There is no class .* '01', '1', '10', '9'"):
            PlainNetClassifier(class_weight=given).fit(X, y)


@pytest.mark.parametrize("names", [[0, 1, 2], [("a", 1), ("a", 2), ("b", 1)], [*"abc"]])
def test_columns_in_another_order_are_refused(names: list[Any]) -> None:
    X, y = samples(np.array([3, 1, 2]))
    frame = pandas.DataFrame(dict(zip(names, X.T, strict=True)))
    other = frame[names[::-1]]
    asked = PlainNetClassifier(**SMALL).fit(frame, y)
    assert asked.score(frame, y) == 1
    with pytest.raises(ValueError, match=r"order"):
        asked.predict(other)
    with pytest.raises(ValueError, match=r"order"):
        asked.partial_fit(other, y)
    with pytest.raises(ValueError, match=r"order"):
        PlainNetClassifier(**SMALL).fit(frame, y, validation_data=(other, y))
    assert asked.fit(other, y).score(other, y) == 1


def test_rows_in_another_order_are_refused() -> None:
    X, y = samples(np.array([3, 1]))
    frame, right, w = pandas.DataFrame(X), pandas.Series(y), pandas.Series(np.linspace(1, 2, 120))
    for given in ((frame, right[::-1]), (frame, right, w[::-1])):
        with pytest.raises(DataError, match="has another order than the data"):
            PlainNetClassifier(**SMALL).fit(*given)
    assert PlainNetClassifier(**SMALL).fit(frame, right, w).score(frame, right) == 1


def test_texts_are_no_numbers() -> None:
    X, y = samples(np.array(["3", "1"]))
    with pytest.raises(DataError, match="A regressor predicts numbers, but y is <U1"):
        PlainNetRegressor().fit(X, y)
    with pytest.raises(DataError, match="Several labels for each sample are 0 or 1 each, but y is"):
        PlainNetClassifier().fit(X, np.stack([y, y], axis=1))
