"""The law of weights: 0 is as if the sample were not there, 2 as if it were there twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Dataset, Regressor, train, train_step
from plainnet.data import Splits
from plainnet.errors import DataError, ShapeError
from plainnet.files.model_file import arrays_of
from plainnet.metrics import metrics
from plainnet.metrics.calibration import fit_temperature, threshold_for
from plainnet.metrics.classification import evaluate_probabilities
from plainnet.metrics.curves import calibration, precision_recall_curve, roc_curve
from plainnet.metrics.regression import evaluate_numbers
from plainnet.models import AnyModel
from plainnet.models.cross_validation import cross_validate, pool
from plainnet.models.preprocessing import Preprocessing
from plainnet.models.samples import make_dataset, make_numbers
from plainnet.network import (
    Array,
    MeanSquaredError,
    Network,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from plainnet.reports.report_data import Report
from plainnet.training import Adam, AdamHat, Batches, Regularization
from plainnet.training.lbfgs import minimize
from plainnet.training.subspace import train_in_subspace

RNG = np.random.default_rng(0)
N = 150
X = RNG.normal(size=(N, 4))
SIGNAL = X[:, 0] + 0.5 * X[:, 1]
CLASSES = np.digitize(SIGNAL + 0.6 * RNG.normal(size=N), [-0.6, 0.6])
TWO = (SIGNAL + 0.6 * RNG.normal(size=N) > 0).astype(int)
NUMBERS = 1000 + 50 * SIGNAL + RNG.normal(size=N)
PICTURES = RNG.integers(0, 256, (N, 6, 5, 3), np.uint8)
w = RNG.integers(1, 4, N)
"""The samples, once, twice or three times."""
SPOILED = RNG.permutation(N + 30)[:30]
"""Where 30 samples of weight 0 stand among the others."""


def spoiled(values: Array, with_what: Any) -> Array:
    """The values with others among them, at the places of `SPOILED`."""
    all_of_it = np.empty((N + 30, *values.shape[1:]), values.dtype)
    all_of_it[np.setdiff1d(np.arange(N + 30), SPOILED)] = values
    all_of_it[SPOILED] = with_what
    return all_of_it


def zeros_among(weights: Array | None = None) -> Array:
    return spoiled(np.ones(N) if weights is None else weights.astype(float), 0)


def repeated(*arrays: Array) -> list[Array]:
    return [np.repeat(array, w, axis=0) for array in arrays]


QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 3, "batch_size": 16, "ensemble": 1}
LEARNERS: dict[str, Callable[[], AnyModel]] = {
    "two classes": lambda: Classifier(**QUICK),
    "three classes": lambda: Classifier(**QUICK, label_smoothing=0.1),
    "class weights": lambda: Classifier(**QUICK, class_weight={"1": 2}),
    "balanced": lambda: Classifier(**QUICK, class_weight="balanced"),
    "no encoding": lambda: Classifier(**QUICK, encoding="none"),
    "early stopping": lambda: Classifier(**QUICK, patience=1, class_weight="none"),
    "ensemble": lambda: Classifier(**{**QUICK, "ensemble": 2}, averaging=0.9),
    "threshold": lambda: Classifier(**QUICK, recall=0.9),
    "batch normalization": lambda: Classifier(**QUICK, normalization="batch"),
    "numbers": lambda: Regressor(**QUICK),
    "numbers, ensemble": lambda: Regressor(**{**QUICK, "ensemble": 2}, patience=1),
}


def right_for(name: str) -> Array:
    if "numbers" in name:
        return NUMBERS
    return CLASSES if name == "three classes" else TWO


def state(learner: AnyModel) -> list[Any]:
    """All that a training comes to."""
    each = [*learner.preprocessing.tensors().values()]
    for member in learner.networks:
        each += [*arrays_of(member.network).values(), np.array(member.temperature)]
    shown: list[Any] = [e.as_row() | {"seconds": 0} for e in learner.history]
    more = {k: v for k, v in learner.answers.describe(learner.networks).items() if k != "labels"}
    return [
        [array.tolist() for array in each],
        shown,
        more,
        dict(learner.resolved_recipe.to_dict()),
    ]


def validations(y: Array) -> dict[str, Any]:
    return {"held out": None, "given": (X[:60], y[:60], w[:60])}


# -- 0 is not there ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("what", [1e6, 1e9, np.nan, np.inf])
@pytest.mark.parametrize("validation", ["held out", "given"])
def test_0_is_absence_for_every_learner(name: str, what: float, validation: str) -> None:
    y = right_for(name)
    ours, theirs = LEARNERS[name](), LEARNERS[name]()
    watch = validations(y)[validation]
    theirs.fit(X, y, weights=w, validation=watch)
    if watch is not None:  # samples of weight 0 among those, too
        spoil = np.r_[watch[0], np.full((9, 4), what)]
        watch = spoil, np.r_[watch[1], [y[0]] * 9], np.r_[watch[2], np.zeros(9)]
    wrong = y[0] if y is not NUMBERS else (what if np.isfinite(what) else 7.0)
    ours.fit(spoiled(X, what), spoiled(y, wrong), weights=zeros_among(w), validation=watch)
    assert state(ours) == state(theirs)


@pytest.mark.parametrize("learner", [Classifier, Regressor])
def test_0_is_absence_for_data_sets_and_pictures(learner: Any) -> None:
    y: Array = TWO if learner is Classifier else NUMBERS
    made: Any = make_dataset if learner is Classifier else make_numbers
    for samples, what in ((X, 1e9), (PICTURES, 255)):
        theirs = learner(**QUICK).fit(samples, y)
        data = Dataset(
            spoiled(samples, what),
            spoiled(made(X, y).y, 1),
            made(X, y).classes,
            weights=zeros_among(),
            target=made(X, y).target,
        )
        for given in (data, Splits(Path(), train=data)):
            assert state(learner(**QUICK).fit(given)) == state(theirs)
        listed = learner(**QUICK)
        listed.fit([*data.X], spoiled(y, y[0]).tolist(), weights=zeros_among().tolist())
        assert state(listed) == state(theirs)


def test_a_class_of_weight_0_is_not_learned_from() -> None:
    three = {**QUICK, "epochs": 60, "learning_rate": 0.02, "class_weight": {"2": 0}}
    far = np.where(CLASSES[:, None] == 2, 1e9, X)
    found = Classifier(**three).fit(far, CLASSES)
    assert np.abs(found.preprocessing.mean).max() < 1
    assert found.score(X[CLASSES < 2], CLASSES[CLASSES < 2]) > 0.7
    assert len(found.classes) == 3


def test_a_data_set_in_which_nothing_counts() -> None:
    with pytest.raises(DataError, match="no sample with a weight above 0"):
        Classifier(**QUICK).fit(X, TWO, weights=np.zeros(N))
    with pytest.raises(DataError, match="needs as many weights"):
        Classifier(**QUICK).fit(X, TWO, weights=np.zeros(N - 1))
    with pytest.raises(DataError, match="as many class indices"):
        Classifier(**QUICK).fit(X[1:], TWO, weights=zeros_among()[:N])
    with pytest.raises(DataError, match=r"largest sample weight must be between .* is 1e\+60"):
        Classifier(**QUICK).fit(X, TWO, weights=np.full(N, 1e60))
    with pytest.raises(DataError, match="not finite numbers, the first, nan, in row 3"):
        Dataset(np.where(np.arange(N)[:, None] == 3, np.nan, X), TWO, ("0", "1"), weights=1.0 * w)


def losses() -> dict[str, tuple[Any, Array, int]]:
    return {
        "sigmoid": (SigmoidCrossEntropy(), TWO, 1),
        "softmax": (SoftmaxCrossEntropy(), CLASSES, 3),
        "squares": (MeanSquaredError(), NUMBERS / 1000, 1),
    }


@pytest.mark.parametrize("name", losses())
@pytest.mark.parametrize("span", [False, True])
def test_0_is_absence_for_train(name: str, span: bool) -> None:
    loss, y, K = losses()[name]
    found = []
    both: list[tuple[Array, Array, Array]] = [
        (X, y, w.astype(float)),
        (spoiled(X, np.nan), spoiled(y, 0), zeros_among(w)),
    ]
    for given in both:
        network = Network.dense([4, 6, K], dtype=np.float64)
        learn = train_in_subspace if span else train
        history = learn(
            network,
            loss,
            Adam(),
            *given[:2],
            epochs=3,
            batch_size=None if span else 20,
            weights=given[2],
            validation=given,
        )
        figures = [{**e.as_row(), "seconds": 0} for e in history]
        found.append((figures, network.theta.tolist()))
    assert found[0] == found[1]


def test_targets_of_another_length_are_refused() -> None:
    """Not made fit by leaving rows out of one of the two."""
    for y in (spoiled(TWO, 1)[1:], TWO):
        with pytest.raises(ShapeError):
            train(Network.dense([4, 1]), SigmoidCrossEntropy(), Adam(), spoiled(X, 0), y,
                  epochs=1, weights=zeros_among())  # fmt: skip
        with pytest.raises(ShapeError):
            metrics.accuracy(spoiled(TWO, 1), y, zeros_among())
        with pytest.raises(ShapeError):
            evaluate_numbers(spoiled(NUMBERS, 1), y, weights=zeros_among())
        with pytest.raises((ShapeError, DataError)):
            Classifier(**QUICK).fit(spoiled(X, 0), y, weights=zeros_among())
        with pytest.raises((ShapeError, DataError)):
            Classifier(**QUICK).fit(spoiled(X, 0), y, weights=zeros_among()[1:])


def test_0_is_absence_for_lbfgs() -> None:
    networks = [Network.dense([4, 6, 1], dtype=np.float64) for _ in range(2)]
    minimize(networks[0], SigmoidCrossEntropy(), X, TWO, weights=w, l2=1.0)
    spoil = spoiled(X, np.inf), spoiled(TWO, 1)
    minimize(networks[1], SigmoidCrossEntropy(), *spoil, weights=zeros_among(w), l2=1.0)
    np.testing.assert_array_equal(networks[0].theta, networks[1].theta)


# -- 2 is twice ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", losses())
def test_2_is_twice_for_train(name: str) -> None:
    loss, y, K = losses()[name]
    networks = [Network.dense([4, 6, K], dtype=np.float64) for _ in range(2)]
    twice = repeated(X, y)
    for network, data, weights in zip(networks, ((X, y), twice), (w, None), strict=True):
        held: Any = (*data, weights)
        history = list(
            train(
                network,
                loss,
                AdamHat(0.01),
                *data,
                epochs=20,
                weights=weights,
                validation=held,
                regularization=Regularization(l2=0.5),
            )
        )
        figures = history[-1].as_row()
        if network is networks[0]:
            first = figures
    np.testing.assert_allclose(networks[0].theta, networks[1].theta, rtol=1e-9)
    for figure in set(figures) - {"seconds"}:
        assert figures[figure] == pytest.approx(first[figure], rel=1e-9)


WHOLE: dict[str, Any] = {
    "hidden": (8,),
    "epochs": 30,
    "batch_size": 10**6,
    "bins": 8,
    "dropout": 0.0,
    "validation_share": 0.0,
    "weight_decay": 0.0,
    "ensemble": 1,
}


@pytest.mark.parametrize("y", [TWO, CLASSES, NUMBERS], ids=["two", "three", "numbers"])
@pytest.mark.parametrize("class_weight", ["none", "balanced", {"1": 3}])
@pytest.mark.parametrize("encoding", ["none", "piecewise-linear"])
def test_2_is_twice_for_every_learner(y: Array, class_weight: Any, encoding: str) -> None:
    learner: Any = Regressor if y is NUMBERS else Classifier
    more = {"encoding": encoding} | ({} if y is NUMBERS else {"class_weight": class_weight})
    ours = learner(**WHOLE, **more).fit(X, y, weights=w)
    theirs = learner(**WHOLE, **more).fit(*repeated(X, y))
    for mine, other in zip(
        *(m.preprocessing.tensors().values() for m in (ours, theirs)), strict=True
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    np.testing.assert_allclose(ours.network.theta, theirs.network.theta, atol=2e-4)
    found = ours.evaluate(X, y, weights=w).to_dict()
    wanted = ours.evaluate(*repeated(X, y)).to_dict()
    for name in set(found) - {"effective_size", "classes", "target", "baseline_class", "per_class"}:
        if "interval" not in name:
            rounding = 1e-9 * y.std()  # of answers in float32, in batches of other sizes
            given = found[name], wanted[name]
            np.testing.assert_allclose(*given, rtol=1e-9, atol=rounding, err_msg=name)
    assert ours.score(X, y, weights=w) == pytest.approx(ours.score(*repeated(X, y)))


@pytest.mark.parametrize("factor", [10, 0.01])
def test_only_the_ratio_of_weights_matters(factor: float) -> None:
    for y, learner in ((TWO, Classifier), (NUMBERS, Regressor)):
        ours = learner(**QUICK).fit(X, y, weights=w)
        theirs = learner(**QUICK).fit(X, y, weights=w * factor)
        np.testing.assert_allclose(ours.network.theta, theirs.network.theta, atol=2e-3)
        one, other = (ours.evaluate(X, y, weights=w * f).to_dict() for f in (1, factor))
        for name in {"accuracy", "log_loss", "roc_auc", "rmse", "r2", "mae"} & set(one):
            assert one[name] == pytest.approx(other[name])
        for name in (name for name in one if "interval" in name):
            assert one[name] == pytest.approx(other[name])


def test_preprocessing_heeds_weights() -> None:
    for samples in (X, PICTURES, X.astype(np.float32)):
        ours = Preprocessing.fit(samples, w)
        theirs = Preprocessing.fit(np.repeat(samples, w, axis=0))
        np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(ours.scale, theirs.scale, rtol=1e-6)


Z = RNG.normal(size=(N, 3)) * 3
P3 = SoftmaxCrossEntropy().probabilities(Z)
P2 = SigmoidCrossEntropy().both(np.round(Z[:, :1], 1))  # with ties
MEASURES: dict[str, Callable[..., Any]] = {
    "accuracy": lambda y, P, w: metrics.accuracy(y, P.argmax(1), w),
    "baseline": lambda y, P, w: metrics.majority_baseline(y, 3, w),
    "confusion": lambda y, P, w: metrics.confusion_matrix(y, P.argmax(1), 3, w),
    "log loss": lambda y, P, w: metrics.log_loss(y, P, w),
    "AUC": lambda y, P, w: metrics.roc_auc(y == 1, np.round(P[:, 1], 1), w),
    "AUC of each": lambda y, P, w: metrics.roc_auc_one_vs_rest(y, P, w),
    "calibration": lambda y, P, w: vars(calibration(y, P, 5, w)).values(),
    "calibration error": lambda y, P, w: calibration(y, P, 5, w).error,
    "ROC": lambda y, P, w: vars(roc_curve(y == 1, P[:, 1], w)).values(),
    "precision-recall": lambda y, P, w: vars(precision_recall_curve(y == 1, P[:, 1], w)).values(),
    "temperature": lambda y, P, w: fit_temperature(SoftmaxCrossEntropy(), np.log(P), y, w),
    "threshold, precision": lambda y, P, w: threshold_for("precision", 0.4, P[:, 1], y == 1, w),
    "threshold, recall": lambda y, P, w: threshold_for("recall", 0.9, P[:, 1], y == 1, w),
    "evaluation": lambda y, P, w: evaluate_probabilities(y, P, "abc", weights=w).f1,
    "regression": lambda y, P, w: [
        getattr(evaluate_numbers(y, P[:, 1], weights=w), name)
        for name in ("n", "rmse", "mae", "bias", "baseline", "baseline_rmse", "baseline_mae", "r2")
    ],
}


def flat(found: Any) -> Array:
    return np.concatenate([np.ravel(part) for part in (found if np.iterable(found) else [found])])


@pytest.mark.parametrize("name", MEASURES)
def test_measures(name: str) -> None:
    measure = MEASURES[name]
    found = flat(measure(CLASSES, P3, w))
    np.testing.assert_allclose(found, flat(measure(*repeated(CLASSES, P3), None)), rtol=1e-9)
    spoil = spoiled(CLASSES, 0), spoiled(P3, np.nan), zeros_among(w)
    np.testing.assert_array_equal(found, flat(measure(*spoil)))
    np.testing.assert_array_equal(
        flat(measure(CLASSES, P3, np.ones(N))), flat(measure(CLASSES, P3, None))
    )
    for wrong, kind in ((w[1:], ShapeError), (-w, DataError), (0 * w, DataError)):
        with pytest.raises(kind, match="weights"):
            measure(CLASSES, P3, wrong)


def test_two_classes_with_ties() -> None:
    ours, theirs = metrics.roc_auc(TWO, P2[:, 1], w), metrics.roc_auc(*repeated(TWO, P2[:, 1]))
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_intervals_are_those_of_the_effective_sample_size() -> None:
    ones = evaluate_probabilities(TWO, P2, "ab")
    assert evaluate_probabilities(TWO, P2, "ab", weights=np.full(N, 7)).interval == pytest.approx(
        ones.interval
    )
    heavy = np.where(np.arange(N) == 0, 1e6, 1)
    found = evaluate_probabilities(TWO, P2, "ab", weights=heavy)
    assert found.effective_size == pytest.approx(1, abs=0.01)
    assert np.ptp(found.interval) > 0.6
    numbers = evaluate_numbers(NUMBERS, NUMBERS + X[:, 0], weights=np.full(N, 7))
    assert numbers.rmse_interval == pytest.approx(
        evaluate_numbers(NUMBERS, NUMBERS + X[:, 0]).rmse_interval
    )
    assert evaluate_numbers(NUMBERS, NUMBERS, weights=np.full(N, 0.1)).n == 15
    assert evaluate_probabilities(TWO, P2, "ab", weights=np.full(N, 0.1)).n == 15
    assert type(found).from_dict(found.to_dict()).to_dict() == found.to_dict()


# -- measured with them --------------------------------------------------------------------------


@pytest.mark.parametrize("learner", [Classifier, Regressor])
def test_evaluate_and_score_heed_weights(learner: Any, tmp_path: Path) -> None:
    y: Array = TWO if learner is Classifier else NUMBERS
    asked = learner(**QUICK).fit(X, y)
    wanted = asked.evaluate(X, y, weights=w).to_dict()
    spoil = spoiled(X, np.nan), spoiled(y, y[0])
    assert asked.evaluate(*spoil, weights=zeros_among(w)).to_dict() == wanted
    made: Any = make_dataset if learner is Classifier else make_numbers
    data = made(X, y)
    data = Dataset(data.X, data.y, data.classes, target=data.target, weights=w)
    assert asked.evaluate(data).to_dict() == wanted
    asked.quality = {"test": wanted}
    asked.save(tmp_path / "a.safetensors")
    assert learner.load(tmp_path / "a.safetensors").quality["test"]["n"] == wanted["n"] == w.sum()


def test_a_report_heeds_weights() -> None:
    asked = Classifier(**QUICK).fit(X, TWO)
    data = Dataset(spoiled(X, 1e9), spoiled(TWO, 1), ("0", "1"), weights=zeros_among(w))
    report = Report.of("a", asked, data)
    assert report.evaluation.to_dict() == asked.evaluate(X, TWO, weights=w).to_dict()
    found = calibration(report.y, report.A, weights=w)
    assert report.evaluation.mean_confidence == found.mean_confidence


def test_cross_validation_heeds_weights() -> None:
    data = Dataset(spoiled(X, np.nan), spoiled(TWO, 1), ("0", "1"), weights=zeros_among(w))
    like = Classifier(**QUICK)
    folds = [*cross_validate(data, like, 3)]
    theirs = [*cross_validate(Dataset(X, TWO, ("0", "1"), weights=w), like, 3)]
    rows = np.sort(np.concatenate([fold.rows for fold in folds]))
    np.testing.assert_array_equal(rows, np.flatnonzero(zeros_among()))
    pooled = [pool(d, f, like).to_dict() for d, f in ((data, folds), (data.counted(), theirs))]
    assert pooled[0] == pooled[1]
    assert pooled[0]["n"] == w.sum()


def test_cross_validation_of_numbers_heeds_weights() -> None:
    parts = [
        Dataset(spoiled(X, np.nan), spoiled(NUMBERS, np.inf), target="y", weights=zeros_among(w)),
        Dataset(X, NUMBERS, target="y", weights=w),
    ]
    like = Regressor(**QUICK)
    found = [pool(data, [*cross_validate(data, like, 3)], like) for data in parts]
    assert found[0] == found[1]
    assert found[0].n == w.sum()


def test_batches_may_hold_any_weights() -> None:
    for _, _, weights in Batches(X, TWO, np.zeros(N), size=50):
        assert weights is not None
        assert not weights.any()


# -- tables --------------------------------------------------------------------------------------


def columns_of(y: Array, spoil: bool) -> dict[str, Any]:
    """A column of each kind, and what is right for each row."""
    add = spoiled if spoil else lambda values, _: values
    missing = np.where(np.arange(N) % 7 == 0, np.nan, X[:, 1])
    day = np.datetime64("2024-01-01") + (100 * (X[:, 2] + 5)).astype("timedelta64[D]")
    return {
        "a": add(X[:, 0], 1e9),
        "b": add(missing, -1e9),
        "c": add(np.array(["red", "blue"])[(X[:, 3] > 0).astype(int)], "green"),
        "d": add(day, np.datetime64("1970-01-01")),
        "same": add(np.ones(N), 5e5),
        "y": add(y, y[0]),
    }


@pytest.mark.parametrize("form", ["columns", "frame", "frame and y"])
@pytest.mark.parametrize("learner", [Classifier, Regressor])
def test_0_is_absence_in_tables(learner: Any, form: str) -> None:
    found = []
    for spoil in (False, True):
        table: Any = columns_of(TWO if learner is Classifier else NUMBERS, spoil)
        weights = zeros_among(w) if spoil else w
        if "frame" in form:
            table = pytest.importorskip("pandas").DataFrame(table)
        made = learner(**QUICK)
        if form == "frame and y":
            made.fit(table.drop(columns="y"), table["y"], weights=weights)
            shown = made.evaluate(table.drop(columns="y"), table["y"], weights=weights)
        else:
            made.fit(table, target="y", weights=weights)
            shown = made.evaluate(table, weights=weights)
        columns = made.columns
        assert "same" in columns.left_out
        found.append([state(made), columns.describe(), columns.averages.tolist(), shown.to_dict()])
    assert found[0] == found[1]


def test_2_is_twice_in_tables() -> None:
    table = columns_of(NUMBERS, spoil=False)
    twice = {name: np.repeat(values, w) for name, values in table.items()}
    ours = Regressor(**WHOLE).fit(table, target="y", weights=w)
    theirs = Regressor(**WHOLE).fit(twice, target="y")
    assert ours.columns is not None
    assert theirs.columns is not None
    for one, other in zip(ours.columns.columns, theirs.columns.columns, strict=True):
        for name, value in one.describe().items():
            same = pytest.approx(value) if isinstance(value, float) else value
            assert other.describe()[name] == same
    np.testing.assert_allclose(ours.columns.averages, theirs.columns.averages, atol=1e-6)
    np.testing.assert_allclose(ours.network.theta, theirs.network.theta, atol=2e-4)
    assert ours.score(table, weights=w) == pytest.approx(ours.score(twice))


def test_weights_of_a_table_are_those_of_its_rows() -> None:
    table = columns_of(TWO.astype(float), spoil=False)
    table["y"] = np.where(np.arange(N) < 5, np.nan, table["y"])  # rows without a target
    settings = {**QUICK, "validation_share": 0.0}
    ours = Classifier(**settings).fit(table, target="y", weights=w)
    fewer = {name: values[5:] for name, values in table.items()}
    theirs = Classifier(**settings).fit(fewer, target="y", weights=w[5:])
    assert ours.training is not None
    np.testing.assert_array_equal(ours.training.weights, w[5:])
    assert ours.classes == theirs.classes
    with pytest.raises(ShapeError, match="150 samples need weights"):
        Classifier(**QUICK).fit(table, target="y", weights=w[5:])


# single steps ----------------------------------------------------------------------------------


BAD_WEIGHTS: dict[str, tuple[Any, type[Exception]]] = {
    "negative": ([-1.0, 1, 1], DataError),
    "nan": ([np.nan, 1, 1], DataError),
    "masked": (np.ma.masked_equal([0, 1, 1], 0), DataError),
    "short": ([1, 1], ShapeError),
    "column": ([[1], [1], [1]], ShapeError),
    "number": (1, ShapeError),
}


@pytest.mark.parametrize("name", BAD_WEIGHTS)
def test_a_step_refuses_weights_that_are_none_also_after_the_first(name: str) -> None:
    bad, error = BAD_WEIGHTS[name]
    network, y = Network.dense([4, 3]), np.array([0, 1, 2])
    for _ in range(2):
        before = network.theta.copy()
        with pytest.raises(error, match="eights"):
            train_step(network, SoftmaxCrossEntropy(), Adam(), X[:3], y, bad)
        np.testing.assert_array_equal(network.theta, before)
        train_step(network, SoftmaxCrossEntropy(), Adam(), X[:3], y, [0, 1, 2])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="y has 1 masked values"):
        train_step(network, SoftmaxCrossEntropy(), Adam(), X[:3], np.ma.masked_equal(y, 0))


def test_weights_of_few_digits_count_what_they_are() -> None:
    half = RNG.integers(0, 3, N).astype(np.float16)
    full = half.astype(np.float64)
    many = np.ones(70_000, np.float16)  # whose sum is more than float16 holds
    for loss, y in ((SoftmaxCrossEntropy(), CLASSES), (MeanSquaredError(), np.eye(3)[CLASSES])):
        Z = RNG.normal(size=(N, 3)).astype(np.float32)
        J, dZ = (np.copy(part) for part in loss.value_and_grad(Z, y, half))
        J_full, dZ_full = loss.value_and_grad(Z, y, full)
        assert pytest.approx(J_full, rel=1e-6) == J
        np.testing.assert_allclose(dZ, dZ_full, rtol=1e-6)
        found = loss.value_and_grad(
            np.zeros((70_000, 3), np.float32), y[np.arange(70_000) % N], many
        )
        alone = loss.value_and_grad(np.zeros((70_000, 3), np.float32), y[np.arange(70_000) % N])
        assert found[0] == pytest.approx(alone[0], rel=1e-5)
    by_half, by_full = (
        [
            (epoch.loss, epoch.validation["accuracy"])
            for epoch in train(
                Network.dense([4, 3]), SoftmaxCrossEntropy(), Adam(), X, CLASSES, epochs=2,
                weights=each, validation=(X, CLASSES, each),
            )
        ]
        for each in (half, full)
    )  # fmt: skip
    assert by_half == by_full
