"""The estimators with a preset: plainnet's own models, as scikit-learn uses estimators."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import sparse  # type: ignore[import-untyped]
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from plainnet import Classifier, Regressor
from plainnet.errors import DataError, SettingError
from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor

pd = pytest.importorskip("pandas")

X, y3 = make_classification(
    120, 5, n_informative=4, n_redundant=0, n_classes=3, n_clusters_per_class=1, random_state=0
)
TEXTS = np.array(["ant", "bee", "cow"])[y3]
XR, yR = make_regression(120, 5, noise=1.0, random_state=0)
SMALL: dict[str, Any] = {"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}
OWN: dict[str, Any] = {"hidden": (8,), "epochs": 4, "seed": 0}
QUICK: dict[str, Any] = {"preset": "tabular-quick", **SMALL}


def frame() -> Any:
    """Numbers, texts with a missing one, and dates."""
    return pd.DataFrame(
        {
            "size": np.where(np.arange(120) % 11, X[:, 0], np.nan),
            "kind": pd.Series(np.array(["a", "b", None], object)[y3 % 3]),
            "colour": pd.Categorical(np.array(["red", "blue"])[np.arange(120) % 2]),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(120), unit="D"),
        }
    )


# the same as plainnet's own models ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "effort", "networks"),
    [
        ("tabular", "default", 5),
        ("tabular-quick", "quick", 3),
        ("tabular-best", "best", 15),
    ],
)
def test_a_preset_trains_the_same_model(preset: str, effort: str, networks: int) -> None:
    short: dict[str, Any] = {"max_iter": 2, "settings": {"bins": 8}}
    ours = PlainNetClassifier(preset=preset, random_state=0, **short).fit(X, y3)
    own = Classifier(effort=effort, seed=0, epochs=2, bins=8).fit(X, y3)
    np.testing.assert_array_equal(ours.predict_proba(X), own.predict_proba(X))
    assert ours.model_.recipe == own.recipe
    assert ours.n_iter_ == len(own.history) == 2 * networks
    assert ours.model_.resolved_recipe.encoding == "learned"


def test_a_regressor_answers_in_the_unit_of_the_target() -> None:
    ours = PlainNetRegressor(**QUICK).fit(XR, yR + 1000)
    own = Regressor(effort="quick", **OWN).fit(XR, yR + 1000)
    np.testing.assert_array_equal(ours.predict(XR), own.predict(XR))
    np.testing.assert_allclose(ours.predict(XR[:7]), own.predict(XR)[:7], rtol=1e-5)
    assert ours.score(XR, yR + 1000) == pytest.approx(own.score(XR, yR + 1000))


CHANGED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "layers": ({"hidden_layer_sizes": 7}, {"hidden": (7,)}),
    "no layer": ({"hidden_layer_sizes": []}, {"hidden": ()}),
    "numpy": ({"hidden_layer_sizes": np.array([7, 3])}, {"hidden": (7, 3)}),
    "logistic": ({"activation": "logistic"}, {"activation": "sigmoid"}),
    "leaky": ({"activation": "leaky_relu"}, {"activation": "leaky-relu"}),
    "adamw": (
        {"solver": "adamw", "weight_decay": 0.1},
        {"optimizer": "adamw", "weight_decay": 0.1},
    ),
    "sgd": ({"solver": "sgd"}, {"optimizer": "nesterov"}),
    "rate": ({"learning_rate_init": 0.01}, {"learning_rate": 0.01}),
    "schedule": ({"learning_rate": "one_cycle"}, {"schedule": "one-cycle"}),
    "batch": ({"batch_size": 9}, {"batch_size": 9}),
    "patience": ({"n_iter_no_change": 3}, {"patience": 3}),
    "no end": ({"n_iter_no_change": np.inf}, {"patience": 0}),
    "dropout": ({"dropout": 0.3}, {"dropout": 0.3}),
    "normalization": ({"normalization": "layer"}, {"normalization": "layer"}),
    "norm": ({"clip_norm": 1.0}, {"clip_norm": 1.0}),
    "balanced": ({"class_weight": "balanced"}, {"class_weight": "balanced"}),
    "weights": ({"class_weight": {0: 2, 1: 0}}, {"class_weight": {0: 2, 1: 0}}),
    "settings": ({"dropout": 0.3, "settings": {"dropout": 0.0}}, {"dropout": 0.0}),
    "numpy's seed": ({"random_state": np.int64(3)}, {"seed": 3}),
}


@pytest.mark.parametrize(("changed", "wanted"), CHANGED.values(), ids=CHANGED)
def test_changed_parameters_are_settings(changed: Any, wanted: Any) -> None:
    ours = PlainNetClassifier(**(QUICK | changed)).fit(X, y3)
    own = Classifier(**{"effort": "quick", **OWN, **wanted}).fit(X, y3)
    assert ours.model_.recipe == own.recipe
    np.testing.assert_array_equal(ours.predict_proba(X), own.predict_proba(X))


def test_without_a_seed_every_training_differs() -> None:
    seeds = {PlainNetClassifier(**QUICK | {"random_state": None}).fit(X, y3).model_.recipe.seed}
    seeds.add(PlainNetClassifier(**QUICK | {"random_state": None}).fit(X, y3).model_.recipe.seed)
    assert len(seeds) == 2
    generator = [np.random.RandomState(0) for _ in range(2)]
    a, b = (PlainNetClassifier(**QUICK | {"random_state": g}).fit(X, y3) for g in generator)
    assert a.model_.recipe.seed == b.model_.recipe.seed


# data --------------------------------------------------------------------------------------------

LABELS: dict[str, Any] = {
    "numbers": y3,
    "texts": TEXTS,
    "objects": TEXTS.astype(object),
    "booleans": y3 == 1,
    "floats": y3 + 1.0,
    "series": pd.Series(TEXTS, name="animal"),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("rows", [X, frame()], ids=["array", "frame"])
def test_classes_have_the_type_that_was_given(kind: str, rows: Any) -> None:
    y = LABELS[kind]
    fitted = PlainNetClassifier(**QUICK).fit(rows, y)
    np.testing.assert_array_equal(fitted.classes_, np.unique(np.asarray(y)))
    assert fitted.classes_.dtype.kind == np.unique(np.asarray(y).tolist()).dtype.kind
    assert fitted.predict(rows).dtype == fitted.classes_.dtype
    P = fitted.predict_proba(rows)
    np.testing.assert_array_equal(fitted.predict(rows), fitted.classes_[P.argmax(axis=1)])
    assert fitted.score(rows, y) == np.mean(fitted.predict(rows) == np.asarray(y))


def test_a_frame_is_a_table_whose_columns_are_matched_by_name() -> None:
    rows = frame()
    fitted = PlainNetClassifier(**QUICK | {"max_iter": 40}).fit(rows, pd.Series(TEXTS, name="it"))
    own = Classifier(effort="quick", **OWN | {"epochs": 40}).fit(rows.assign(it=TEXTS), target="it")
    wanted = fitted.predict_proba(rows)
    np.testing.assert_array_equal(wanted, own.predict_proba(rows))
    assert fitted.score(rows, TEXTS) > 0.9  # one column says it
    assert [*fitted.feature_names_in_] == [*rows.columns]
    assert fitted.n_features_in_ == 4
    mixed = rows[["day", "kind", "size", "colour"]].assign(more=1)
    np.testing.assert_array_equal(fitted.predict_proba(mixed), wanted)
    with pytest.raises(DataError, match="kind"):
        fitted.predict(rows.drop(columns="kind"))
    with pytest.raises(DataError, match=r"'size', 'kind'.*pass a data frame"):
        fitted.predict(X)
    assert fitted.predict(rows.head(1).to_dict("records")).shape == (1,)
    fitted.fit(X, y3)
    assert not hasattr(fitted, "feature_names_in_")
    assert fitted.n_features_in_ == 5
    with pytest.warns(UserWarning, match="fitted without feature names"):
        named = fitted.predict(pd.DataFrame(X).add_prefix("x"))
    np.testing.assert_array_equal(named, fitted.predict(X))


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_samples_become_dense(make: Callable[[Any], Any]) -> None:
    few = np.where(np.abs(X) > 1, X, 0)
    fitted = PlainNetClassifier(**QUICK).fit(make(few), y3)
    dense = PlainNetClassifier(**QUICK).fit(few, y3)
    np.testing.assert_array_equal(fitted.predict_proba(make(few)), dense.predict_proba(few))


@pytest.mark.parametrize("rows", [X, frame()], ids=["array", "frame"])
def test_sample_weights(rows: Any) -> None:
    def P(some: Any, y: Any, w: Any) -> Any:
        return PlainNetClassifier(**QUICK).fit(some, y, w).predict_proba(rows)

    counts = np.arange(120) % 3
    kept = np.flatnonzero(counts)
    some = rows.iloc[kept] if hasattr(rows, "iloc") else rows[kept]
    np.testing.assert_array_equal(P(rows, y3, counts), P(some, y3[kept], counts[kept]))
    np.testing.assert_array_equal(P(rows, y3, np.ones(120)), P(rows, y3, None))
    assert (P(rows, y3, np.ones(120)) != P(rows, y3, counts + 1)).any()


def test_validation_data_are_watched() -> None:
    held = sparse.csr_matrix(X[:30]), y3[:30]
    fitted = PlainNetClassifier(preset="tabular", **SMALL).fit(
        X[30:], y3[30:], validation_data=held
    )
    own = Classifier(**OWN).fit(X[30:], y3[30:], validation=(X[:30], y3[:30]))
    assert len(fitted.model_.validation) == 30
    np.testing.assert_array_equal(fitted.predict_proba(X), own.predict_proba(X))


# as scikit-learn uses estimators ------------------------------------------------------------------


def test_clone_and_parameters() -> None:
    fitted = PlainNetClassifier(settings={"bins": 9}, **QUICK).fit(X, y3)
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    assert not hasattr(twin, "model_")
    with pytest.raises(NotFittedError):
        twin.predict(X)
    twin.set_params(preset="tabular", dropout=0.2)
    assert "preset='tabular'" in repr(twin)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_answers_the_same_and_holds_no_samples(way: Any, tmp_path: Path) -> None:
    fitted = PlainNetClassifier(preset="tabular", **SMALL).fit(frame(), TEXTS)
    twin = way(fitted)
    np.testing.assert_array_equal(twin.predict_proba(frame()), fitted.predict_proba(frame()))
    assert fitted.model_.training is not None
    assert twin.model_.training is twin.model_.validation is twin.model_.folds is None
    assert twin.model_.trained == fitted.model_.trained
    fitted.model_.save(tmp_path / "fitted.safetensors")
    twin.model_.save(tmp_path / "twin.safetensors")
    contents = [(tmp_path / f"{name}.safetensors").read_bytes() for name in ("fitted", "twin")]
    assert contents[0] == contents[1]
    loaded = Classifier.load(tmp_path / "twin.safetensors")
    np.testing.assert_array_equal(loaded.predict(frame()), fitted.predict(frame()))


def test_search_cross_validation_and_pipeline() -> None:
    grid = {"hidden_layer_sizes": [(4,), (9,)], "dropout": [0.2], "batch_size": [16]}
    search = GridSearchCV(PlainNetClassifier(**QUICK), grid, cv=2, n_jobs=1).fit(frame(), TEXTS)
    best = search.best_estimator_.model_.recipe
    assert best.hidden == search.best_params_["hidden_layer_sizes"]
    assert (best.dropout, best.batch_size) == (0.2, 16)
    presets = {"preset": ["tabular-quick"], "settings": [{"dropout": 0.0}, {"ensemble": 2}]}
    search = GridSearchCV(PlainNetRegressor(**SMALL), presets, cv=2).fit(XR, yR)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    pipeline = make_pipeline(StandardScaler(), PlainNetClassifier(**QUICK | {"max_iter": 30}))
    assert cross_val_score(pipeline, X, TEXTS, cv=2).mean() > 0.6
    calibrated = CalibratedClassifierCV(PlainNetClassifier(**QUICK), cv=2).fit(frame(), TEXTS)
    np.testing.assert_allclose(calibrated.predict_proba(frame()).sum(axis=1), 1, atol=1e-6)


def test_what_was_fitted_last_answers() -> None:
    estimator = PlainNetClassifier(**QUICK).fit(X, y3)
    assert not hasattr(estimator, "coefs_")
    estimator.set_params(preset=None)
    assert estimator.predict_proba(X).dtype == np.float32  # the model's
    with pytest.warns(match="max_iter=4 ended the training"):
        estimator.fit(X, y3)
    assert not hasattr(estimator, "model_")
    plain = estimator.predict_proba(X)
    assert plain.dtype == np.float64
    estimator.set_params(preset="tabular-quick")
    np.testing.assert_array_equal(estimator.predict_proba(X), plain)
    estimator.fit(X, y3)
    assert not hasattr(estimator, "network_")
    assert not hasattr(estimator, "loss_curve_")


def test_each_epoch_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    PlainNetClassifier(verbose=True, **QUICK).fit(X, y3)
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"epoch {number}/4" for _ in range(3) for number in range(1, 5)
    ]


def test_networks_are_trained_at_once() -> None:
    one = PlainNetClassifier(**QUICK).fit(X, y3)
    two = PlainNetClassifier(**QUICK, n_jobs=2).fit(X, y3)
    np.testing.assert_array_equal(two.predict_proba(X), one.predict_proba(X))
    with pytest.raises(SettingError, match="n_jobs=2 is for an ensemble, which only a preset"):
        PlainNetClassifier(n_jobs=2).fit(X, y3)


# what is refused ---------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "lbfgs": ({"solver": "lbfgs"}, "solver='lbfgs'"),
    "identity": ({"activation": "identity"}, "activation='identity'"),
    "adaptive": ({"learning_rate": "adaptive"}, "learning_rate='adaptive'"),
    "function": ({"learning_rate": lambda step: 0.1 / (step + 1)}, "learning_rate="),
    "penalty": ({"alpha": 0.1}, "alpha=0.1 .*use weight_decay"),
    "momentum": ({"momentum": 0.5}, "momentum=0.5"),
    "warm start": ({"warm_start": True}, "warm_start=True"),
    "consumer": ({"consumer": iter}, "consumer="),
    "stopping": ({"early_stopping": True}, "early_stopping=True .*always stops early"),
    "share": ({"validation_fraction": 0.3}, "validation_fraction=0.3 .*another fold"),
    "order": ({"shuffle": False}, "shuffle=False"),
    "unknown setting": ({"settings": {"depth": 3}}, "no setting 'depth'"),
    "without a preset": ({"preset": None, "settings": {"bins": 8}}, "set preset='tabular'"),
    "weights of labels": ({"class_weight": [{0: 1}, {0: 2}]}, "class_weight="),
    "no such class": ({"class_weight": {7: 2}}, "'7', which is not a class"),
}


@pytest.mark.parametrize(("changed", "words"), REFUSED.values(), ids=REFUSED)
def test_parameters_without_a_counterpart_are_refused(changed: Any, words: str) -> None:
    estimator = PlainNetClassifier(**(QUICK | changed))
    with pytest.raises(SettingError, match=words):
        estimator.fit(X, y3)
    assert not hasattr(estimator, "model_")


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="tabular-best"):
        PlainNetClassifier(preset="pictures").fit(X, y3)


def test_data_that_no_table_model_learns_from_are_refused() -> None:
    classifier = PlainNetClassifier(**QUICK)
    wide = np.zeros((20, 129)) + np.arange(20)[:, None]
    with pytest.raises(DataError, match=r"129 columns .*pass a data frame"):
        classifier.fit(wide, y3[:20])
    with pytest.raises(ValueError, match="NaN"):
        classifier.fit(np.where(X > 2, np.nan, X), y3)
    with pytest.raises(SettingError, match="poisson"):
        PlainNetRegressor(loss="poisson", **QUICK).fit(XR, np.abs(yR))
    assert not hasattr(classifier, "partial_fit")
    with pytest.raises(ValueError, match=r"inconsistent|rows|samples"):
        classifier.fit(frame(), y3[:-1])


def test_a_wide_frame_is_a_table() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 130))).add_prefix("c")
    fitted = PlainNetClassifier(**QUICK).fit(wide, wide["c3"] > 0)
    assert fitted.model_.resolved_recipe.encoding == "learned"
    assert fitted.n_features_in_ == 130


def test_skl2onnx_names_the_other_way(tmp_path: Path) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    from plainnet.export import export_onnx
    from plainnet.sklearn.onnx import register_skl2onnx

    register_skl2onnx()
    for fitted in (PlainNetClassifier(**QUICK).fit(X, y3), PlainNetRegressor(**QUICK).fit(XR, yR)):
        with pytest.raises(SettingError, match=r"export_onnx\(estimator.model_"):
            skl2onnx.to_onnx(fitted, X[:1].astype(np.float32))
        export_onnx(fitted.model_, tmp_path / "model.onnx")


@pytest.mark.parametrize("y", [yR, np.stack([yR, -yR], axis=1)])
def test_prediction_intervals(y: Any) -> None:
    made = PlainNetRegressor(**QUICK | {"preset": "tabular"}).fit(XR, y)
    ends = made.predict_interval(XR, 0.8)
    assert ends.shape == (*y.shape, 2)
    assert (ends == made.model_.predict_interval(XR, 0.8)).all()
    assert (ends[..., 0] < made.predict(XR)).all()


def test_prediction_intervals_need_a_preset_and_a_fit() -> None:
    with pytest.raises(SettingError, match="preset='tabular'"):
        PlainNetRegressor().predict_interval(XR)
    with pytest.raises(NotFittedError):
        PlainNetRegressor(**QUICK).predict_interval(XR)


def test_several_numbers() -> None:
    both = np.stack([1e5 * yR + 1e7, X[:, 0]], axis=1)
    made = PlainNetRegressor(**QUICK | {"max_iter": 40}).fit(XR, both)
    own = Regressor(effort="quick", **OWN | {"epochs": 40}).fit(XR, both)
    assert (made.predict(XR) == own.predict(XR)).all()
    assert cross_val_score(clone(made), XR, np.c_[both[:, :1], -yR], cv=3).mean() > 0.6
    named = pd.DataFrame(both, columns=["large", "small"])
    assert clone(made).fit(pd.DataFrame(XR), named).model_.targets == ("large", "small")
    assert clone(made).fit(XR, both[:, 0]).predict(XR).shape == (120,)
