"""The estimators: scikit-learn's own network as the oracle, what is more, what is refused."""

import copy
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy import sparse  # type: ignore[import-untyped]
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from plainnet import Adam, AdamW, Epoch, RMSprop
from plainnet.errors import DataError, DivergedError, PlainnetError, SettingError
from plainnet.sklearn import PlainNetClassifier, PlainNetRegressor
from plainnet.sklearn.rows import SparseRows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SEED: dict[str, Any] = {"random_state": 0}
SMALL: dict[str, Any] = {"hidden_layer_sizes": (8,), "learning_rate_init": 0.01, **SEED}
X3, y3 = make_classification(
    150, 6, n_informative=4, n_classes=3, n_clusters_per_class=1, random_state=0
)
X2, y2 = X3, np.where(y3 == 2, "yes", "no")
XL, yL = make_multilabel_classification(120, 6, n_classes=4, random_state=0)
XL = XL / 10
XR, yR = make_regression(120, 5, noise=1.0, random_state=0)
yR = yR / yR.std()
DATA = {"three": (X3, y3), "two": (X2, y2), "labels": (XL, yL)}


# the same as scikit-learn's ----------------------------------------------------------------------

SAME: dict[str, dict[str, Any]] = {
    "as it is": {},
    "penalty": {"alpha": 3.0, "batch_size": 32},
    "one layer after another": {"hidden_layer_sizes": (9, 4), "batch_size": 32},
    "no hidden layer": {"hidden_layer_sizes": (), "batch_size": 32},
    "logistic": {"activation": "logistic", "batch_size": 32},
    "tanh": {"activation": "tanh", "batch_size": 32},
    "identity": {"activation": "identity", "batch_size": 32},
    "in order": {"shuffle": False, "batch_size": 32},
    "Nesterov": {"solver": "sgd", "batch_size": 32},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "batch_size": 32},
    "descent": {"solver": "sgd", "momentum": 0, "batch_size": 32},
    "patience": {"tol": 0.02, "n_iter_no_change": 3},
    "adaptive": {
        "solver": "sgd", "momentum": 0, "learning_rate": "adaptive", "tol": 0.01,
        "n_iter_no_change": 2, "learning_rate_init": 0.1,
    },
    "invscaling": {
        "solver": "sgd", "momentum": 0, "learning_rate": "invscaling", "learning_rate_init": 0.5,
        "power_t": 0.3, "batch_size": 32,
    },
    "betas": {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3, "batch_size": 32},
    "L-BFGS": {"solver": "lbfgs", "alpha": 0.1, "max_iter": 15},
}  # fmt: skip


def assert_same(ours: Any, theirs: Any, X: Any) -> None:
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-9)
    for mine, other in zip(ours.intercepts_, theirs.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-9)
    for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("settings", SAME.values(), ids=SAME)
@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_the_same_seed_gives_the_classifier_of_scikit_learn(
    data: tuple[Any, Any], settings: dict[str, Any]
) -> None:
    given = {"hidden_layer_sizes": (8,), "max_iter": 12, **SEED, **settings}
    ours, theirs = PlainNetClassifier(**given).fit(*data), MLPClassifier(**given).fit(*data)
    with np.errstate(all="ignore"):
        assert_same(ours, theirs, data[0])
    np.testing.assert_allclose(
        ours.predict_proba(data[0]), theirs.predict_proba(data[0]), rtol=1e-6, atol=1e-12
    )
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)
    if given.get("solver") != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
        assert ours.best_loss_ == pytest.approx(theirs.best_loss_, rel=1e-9)
        assert ours.t_ == theirs.t_


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("y", [yR, np.stack([yR, -2 * yR], axis=1)], ids=["one", "two"])
@pytest.mark.parametrize("weights", [None, np.arange(120) % 3 + 0.5], ids=["alike", "weighted"])
def test_the_same_seed_gives_the_regressor_of_scikit_learn(y: Any, loss: str, weights: Any) -> None:
    given: dict[str, Any] = {"hidden_layer_sizes": (8,), "max_iter": 12, "tol": 0, **SEED}
    y = np.round(abs(y)) if loss == "poisson" else y
    ours = PlainNetRegressor(loss=loss, batch_size=50, **given).fit(XR, y, weights)
    try:
        theirs = MLPRegressor(loss=loss, batch_size=50, **given).fit(XR, y, weights)
    except TypeError:
        pytest.skip("this scikit-learn has no loss or sample_weight in its MLPRegressor")
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.predict(XR), theirs.predict(XR), rtol=1e-7)
    assert ours.out_activation_ == theirs.out_activation_


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(PlainNetClassifier(), MLPClassifier()), (PlainNetRegressor(), MLPRegressor())],
)
def test_every_parameter_of_scikit_learn_is_there_with_its_default(ours: Any, theirs: Any) -> None:
    assert theirs.get_params().items() <= ours.get_params().items()


def test_as_many_early_stopping_epochs_with_the_same_scores() -> None:
    given: dict[str, Any] = {"early_stopping": True, "n_iter_no_change": 3, **SEED}
    y = y2 == "yes"
    ours: Any = PlainNetClassifier(**given).fit(X2, y)
    theirs = MLPClassifier(**given).fit(X2, y)
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_)
    assert ours.best_validation_score_ == theirs.best_validation_score_
    assert ours.best_loss_ is theirs.best_loss_ is None
    assert ours.n_iter_ == theirs.n_iter_


# data --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_samples_is_that_of_the_network(dtype: Any) -> None:
    classifier = PlainNetClassifier(max_iter=3, **SMALL).fit(X3.astype(dtype), y3)
    regressor = PlainNetRegressor(max_iter=3, **SMALL).fit(XR.astype(dtype), yR)
    assert classifier.network_.dtype == classifier.predict_proba(X3).dtype == dtype
    assert regressor.predict(XR).dtype == regressor.coefs_[0].dtype == dtype


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_samples_give_the_same(make: Any, solver: str) -> None:
    X = np.where(abs(X3) > 1, X3, 0)
    settings: dict[str, Any] = {"solver": solver, "max_iter": 10, "batch_size": 40, **SMALL}
    dense = PlainNetClassifier(early_stopping=True, **settings).fit(X, y3)
    thin = PlainNetClassifier(early_stopping=True, **settings).fit(make(X), y3)
    np.testing.assert_allclose(thin.predict_proba(make(X)), dense.predict_proba(X), rtol=1e-6)
    np.testing.assert_allclose(thin.predict_proba(X), dense.predict_proba(X), rtol=1e-6)


def test_sparse_samples_are_dense_only_in_their_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    read, most = SparseRows.read, []
    wide = sparse.random(2000, 20_000, density=1e-4, format="csr", random_state=0)

    def watched(self: SparseRows, rows: Any, out: Any) -> None:
        most.append(out.nbytes)
        read(self, rows, out)

    monkeypatch.setattr(SparseRows, "read", watched)
    PlainNetClassifier(max_iter=1, batch_size=50, hidden_layer_sizes=2).fit(
        wide, np.arange(2000) % 2
    )
    assert max(most) <= 50 * 20_000 * 8


def test_several_labels() -> None:
    classifier = PlainNetClassifier(solver="lbfgs", hidden_layer_sizes=40, **SEED).fit(XL, yL)
    P = classifier.predict_proba(XL)
    assert P.shape == (120, 4)
    np.testing.assert_array_equal(classifier.predict(XL), P > 0.5)
    np.testing.assert_array_equal(classifier.classes_, np.arange(4))
    assert classifier.score(XL, yL) > 0.7
    thin = clone(classifier).fit(XL, sparse.csr_matrix(yL))
    np.testing.assert_array_equal(thin.predict(XL), classifier.predict(XL))


def test_one_class_alone_is_always_answered() -> None:
    classifier = PlainNetClassifier(max_iter=2, **SMALL).fit(X3, np.full(150, "cat"))
    assert set(classifier.predict(X3)) == {"cat"}
    np.testing.assert_array_equal(classifier.predict_proba(X3), np.ones((150, 1)))


def test_counts() -> None:
    X = np.linspace(0, 1, 100).reshape(-1, 1)
    y = np.random.default_rng(0).poisson(np.exp(X[:, 0] + 1))
    linear = PoissonRegressor(alpha=0, tol=1e-8).fit(X, y)
    regressor = PlainNetRegressor(
        loss="poisson", solver="lbfgs", hidden_layer_sizes=(), alpha=0, tol=1e-7, **SEED
    )
    np.testing.assert_allclose(regressor.fit(X, y).predict(X), linear.predict(X), rtol=1e-4)
    assert regressor.out_activation_ == "exp"


# weights -----------------------------------------------------------------------------------------


def test_a_weight_of_2_is_the_sample_twice() -> None:
    twice = y3 == 1
    weighted = PlainNetClassifier(max_iter=30, **SMALL).fit(X3, y3, np.where(twice, 2, 1))
    X, y = np.concatenate([X3, X3[twice]]), np.concatenate([y3, y3[twice]])
    doubled = PlainNetClassifier(max_iter=30, batch_size=len(X), **SMALL).fit(X, y)
    np.testing.assert_allclose(weighted.coefs_[0], doubled.coefs_[0], rtol=1e-6, atol=1e-9)


def test_class_weights_are_those_of_the_samples() -> None:
    X, rare = X3[:90], y3[:90] == 0
    y = np.where(rare, "rare", "usual")
    n = {"rare": rare.sum(), "usual": 90 - rare.sum()}
    share = {label: 90 / (2 * count) for label, count in n.items()}
    given = np.array([share[label] for label in y])
    ways: list[tuple[Any, Any]] = [
        ("balanced", None),
        (share, None),
        (None, given),
        ({"rare": 2.0}, np.where(rare, given / 2, given)),  # they multiply; who is not named has 1
    ]
    first, *others = (
        PlainNetClassifier(class_weight=by_class, max_iter=5, **SMALL).fit(X, y, by_sample)
        for by_class, by_sample in ways
    )
    for other in others:
        np.testing.assert_allclose(other.coefs_[0], first.coefs_[0], rtol=1e-9)
    plain = PlainNetClassifier(max_iter=5, **SMALL).fit(X, y)
    assert (plain.coefs_[0] != first.coefs_[0]).any()


# what is held out --------------------------------------------------------------------------------

HELD = X3[100:], y3[100:]
LEARNED = X3[:100], y3[:100]


def test_validation_data_are_measured_after_each_epoch() -> None:
    classifier = PlainNetClassifier(max_iter=20, **SMALL).fit(*LEARNED, validation_data=HELD)
    assert classifier.validation_scores_ is not None
    assert classifier.validation_loss_curve_ is not None
    assert len(classifier.validation_loss_curve_) == len(classifier.validation_scores_) == 20
    assert classifier.validation_scores_[-1] == classifier.score(*HELD)
    assert classifier.best_validation_score_ == max(classifier.validation_scores_)
    P = classifier.predict_proba(HELD[0])[np.arange(50), HELD[1]]
    assert classifier.validation_loss_curve_[-1] == pytest.approx(-np.log(P).mean())
    assert PlainNetClassifier(max_iter=1, **SMALL).fit(*LEARNED).validation_scores_ is None


@pytest.mark.parametrize("weights", [None, np.arange(150) % 2 + 1.0])
def test_early_stopping_keeps_the_best_epoch(weights: Any) -> None:
    classifier = PlainNetClassifier(
        early_stopping=True, n_iter_no_change=5, learning_rate_init=0.2, **SEED
    ).fit(*LEARNED, None if weights is None else weights[:100], validation_data=HELD)
    assert classifier.stopped_early_
    assert classifier.n_iter_ < 200
    assert classifier.score(*HELD) == classifier.best_validation_score_
    assert classifier.best_loss_ is None


def test_the_weights_of_what_is_held_out_count() -> None:
    given: dict[str, Any] = {"early_stopping": True, "max_iter": 3, **SMALL}
    only = np.where(y3 == 0, 1.0, 0.0)  # the others count nothing
    classifier = PlainNetClassifier(**given).fit(X3, y3, only)
    assert classifier.validation_scores_ is not None
    assert classifier.validation_scores_[-1] == 1
    alike = [PlainNetClassifier(**given).fit(X3, y3, w) for w in (None, np.ones(150))]
    assert alike[0].validation_loss_curve_ == pytest.approx(alike[1].validation_loss_curve_)


def neck(estimator: Any, X: Any, y: Any) -> float:
    """A score whose best value is that of the epoch with some output bias of all."""
    return float(-abs(estimator.intercepts_[-1][0] - 0.3))


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "loss", neck])
def test_early_stopping_by_any_metric(scoring: Any) -> None:
    import pandas as pd

    X, y = pd.DataFrame(X2, columns=list("abcdef")), y2  # no warning about the names
    classifier = PlainNetClassifier(
        early_stopping=True, scoring=scoring, n_iter_no_change=4, max_iter=60, **SMALL
    ).fit(X[:100], y[:100], validation_data=(X[100:], y[100:]))
    scores = classifier.validation_scores_
    assert scores is not None
    assert len(set(scores)) > 3
    P = classifier.predict_proba(X[100:])[:, 1]
    right = np.where(y[100:] == "yes", P, 1 - P)
    ways: dict[Any, Callable[[], float]] = {
        "roc_auc": lambda: roc_auc_score(y[100:] == "yes", P),
        "neg_log_loss": lambda: np.log(right).mean(),
        "loss": lambda: np.log(right).mean(),
        neck: lambda: neck(classifier, X, y),
    }
    assert ways[scoring]() == pytest.approx(max(scores), rel=1e-6)


def test_a_training_that_diverges_is_told_and_with_early_stopping_survived() -> None:
    wild: dict[str, Any] = {"solver": "sgd", "learning_rate_init": 1e6, "activation": "identity"}
    with pytest.raises(DivergedError, match="clip_norm=1"):
        PlainNetRegressor(**wild, **SEED).fit(XR, yR)
    with pytest.warns(ConvergenceWarning, match="The network is that of the best epoch before"):
        regressor = PlainNetRegressor(early_stopping=True, **wild, **SEED).fit(XR, yR)
    assert np.isfinite(regressor.predict(XR)).all()
    assert regressor.stopped_early_
    parts = PlainNetRegressor(early_stopping=True, **wild, **SEED)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(300):
            parts.partial_fit(XR, yR)
    assert len(caught) == 1  # then nothing more is learned
    assert np.isfinite(parts.predict(XR)).all()
    clipped = PlainNetRegressor(clip_norm=1e-6, max_iter=2, **wild, **SEED).fit(XR, yR)
    assert np.isfinite(clipped.predict(XR)).all()


# how it learns -----------------------------------------------------------------------------------


def rates(**settings: Any) -> list[float]:
    """The learning rate at the end of each epoch."""
    seen: list[float] = []

    def watch(epochs: Iterable[Epoch]) -> Iterator[Epoch]:
        for epoch in epochs:
            seen.append(epoch.learning_rate)
            yield epoch

    given = {"max_iter": 4, "tol": 0, "batch_size": 50, "hidden_layer_sizes": 3, **settings}
    PlainNetClassifier(consumer=watch, **given).fit(X3, y3)
    return seen


def test_schedules() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a schedule ends where it should
        assert rates(learning_rate="cosine", learning_rate_init=1.0)[-1] < 0.03
        peak = rates(learning_rate="one_cycle", learning_rate_init=1.0, max_iter=10)
        assert max(peak[1:4]) > 0.9
        assert peak[-1] < 1e-3
        assert rates(learning_rate=lambda step: 1 / (step + 1)) == [1 / 3, 1 / 6, 1 / 9, 1 / 12]
    assert len(rates(learning_rate="cosine", tol=10, n_iter_no_change=1, max_iter=9)) == 9
    falling = rates(learning_rate="invscaling", power_t=1.0, learning_rate_init=0.3)  # with Adam
    assert falling == [0.3, 0.3 / 151, 0.3 / 301, 0.3 / 451]


def test_a_consumer_may_end_the_training_and_is_told_all() -> None:
    def until_good(epochs: Iterable[Epoch]) -> Iterator[Epoch]:
        for epoch in epochs:
            yield epoch
            if epoch.validation["score"] > 0.6:
                return

    classifier = PlainNetClassifier(consumer=until_good, **SMALL)
    classifier.fit(*LEARNED, validation_data=HELD)
    assert classifier.validation_scores_ is not None
    assert [score > 0.6 for score in classifier.validation_scores_].index(True) + 1 == (
        classifier.n_iter_
    )
    assert classifier.n_iter_ < 200
    assert not classifier.stopped_early_


def test_ctrl_c_keeps_what_was_learned() -> None:
    def interrupted(epochs: Iterable[Epoch]) -> Iterator[Epoch]:
        for epoch in epochs:
            yield epoch
            if epoch.number == 3:
                raise KeyboardInterrupt

    classifier = PlainNetClassifier(consumer=interrupted, **SMALL)
    with pytest.warns(UserWarning, match="Training was interrupted after 3 epochs"):
        classifier.fit(X3, y3)
    assert classifier.n_iter_ == 3
    whole = PlainNetClassifier(max_iter=3, **SMALL).fit(X3, y3)
    np.testing.assert_array_equal(classifier.coefs_[0], whole.coefs_[0])


def test_dropout_and_normalization_begin_with_the_same_weights() -> None:
    class Frozen(Exception):
        pass

    def stop(epochs: Iterable[Epoch]) -> Iterator[Epoch]:
        raise Frozen
        yield from epochs

    first = []
    for settings in ({}, {"dropout": 0.5}, {"normalization": "batch"}, {"normalization": "layer"}):
        classifier = PlainNetClassifier(consumer=stop, **settings, **SMALL)
        with pytest.raises(Frozen):
            classifier.fit(X3, y3)
        first.append(classifier.coefs_)
    for coefs in first[1:]:
        for one, other in zip(coefs, first[0], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("solver", ["sgd", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_it_learns_and_comes_out_the_same_each_time(solver: str, normalization: Any) -> None:
    given: dict[str, Any] = {"dropout": 0.1, "activation": "leaky_relu", "max_iter": 60, **SMALL}
    one, other = (
        PlainNetClassifier(solver=solver, normalization=normalization, **given).fit(X3, y3)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.predict_proba(X3), other.predict_proba(X3))
    assert one.score(X3, y3) > 0.6
    assert len(one.coefs_) == 2


def test_the_solvers_are_what_they_are_called() -> None:
    made = {}
    for solver in ("rmsprop", "adam", "adamw"):
        made[solver] = (
            PlainNetClassifier(solver=solver, max_iter=1, weight_decay=0.3, rho=0.7, **SMALL)
            .fit(X3, y3)
            ._optimizer
        )
    rms, adamw = made["rmsprop"], made["adamw"]
    assert isinstance(rms, RMSprop)
    assert rms.rho == 0.7
    assert isinstance(adamw, AdamW)
    assert adamw.weight_decay == 0.3
    assert isinstance(made["adam"], Adam)
    assert made["adam"].weight_decay == 0


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    given: dict[str, Any] = {"max_iter": 2, "early_stopping": True, **SMALL}
    PlainNetClassifier(verbose=True, **given).fit(X3, y3)
    out, err = capsys.readouterr()
    assert out.startswith("Iteration 1, loss = ")
    assert "Validation loss = " in out
    assert not err
    PlainNetClassifier(verbose="bar", **given).fit(X3, y3)
    out, err = capsys.readouterr()
    assert not out
    assert "epoch 2/2" in err
    PlainNetClassifier(verbose=True, solver="lbfgs", **SMALL).fit(X3, y3)
    assert "Iteration 2, loss" in capsys.readouterr().out
    PlainNetClassifier(verbose=True, tol=10, n_iter_no_change=1, **SMALL).fit(X3, y3)
    assert "The loss did not get better by 10 in 1 epochs: the end." in capsys.readouterr().out


# in parts, and once more -------------------------------------------------------------------------


def test_parts_are_one_training() -> None:
    whole = PlainNetClassifier(max_iter=8, batch_size=40, tol=0, **SMALL).fit(X3, y3)
    parts = PlainNetClassifier(batch_size=40, **SMALL)
    for _ in range(8):
        parts.partial_fit(X3, y3, classes=[0, 1, 2])
    assert parts.t_ == whole.t_
    assert parts._optimizer.t == whole._optimizer.t == 8 * 4
    np.testing.assert_allclose(parts.loss_curve_[:1], whole.loss_curve_[:1])
    assert parts.score(X3, y3) > 0.5


def test_parts_with_early_stopping_end_with_the_best_of_them() -> None:
    stream = PlainNetClassifier(
        early_stopping=True, n_iter_no_change=3, learning_rate_init=0.1, **SEED
    )
    rng, calls = np.random.default_rng(0), 0
    while not getattr(stream, "stopped_early_", False):
        rows = rng.integers(0, 100, 30)
        stream.partial_fit(X3[rows], y3[rows], classes=[0, 1, 2], validation_data=HELD)
        calls += 1
    assert 4 < calls < 100
    assert stream.validation_scores_ is not None
    assert len(stream.validation_scores_) == calls
    assert stream.score(*HELD) == max(stream.validation_scores_)
    held = stream.network_.theta.copy()
    stream.partial_fit(X3, y3)
    np.testing.assert_array_equal(stream.network_.theta, held)
    stream.set_params(max_iter=2).fit(X3, y3)  # which begins again
    stream.partial_fit(X3, y3)
    assert not stream.stopped_early_


def test_parts_may_be_held_out_of_themselves() -> None:
    stream = PlainNetClassifier(early_stopping=True, **SMALL)
    for start in range(0, 150, 50):
        stream.partial_fit(X3[start : start + 50], y3[start : start + 50], classes=np.unique(y3))
    assert len(stream.validation_scores_ or []) == 3
    assert stream.t_ == 3 * 45


def test_the_latest_network_goes_on_between_the_parts() -> None:
    """Only the end sets it back to the best: else it would never leave that."""
    settings: dict[str, Any] = {"n_iter_no_change": 50, **SMALL}
    stopping = PlainNetClassifier(early_stopping=True, **settings)
    plain = PlainNetClassifier(**settings)
    for _ in range(5):
        stopping.partial_fit(*LEARNED, classes=[0, 1, 2], validation_data=HELD)
        plain.partial_fit(*LEARNED, classes=[0, 1, 2])
    np.testing.assert_array_equal(stopping.coefs_[0], plain.coefs_[0])


def test_a_warm_start_goes_on_with_what_adam_remembers() -> None:
    given: dict[str, Any] = {"tol": 0, "n_iter_no_change": np.inf, "shuffle": False, **SMALL}
    whole = PlainNetClassifier(max_iter=10, **given).fit(X3, y3)
    halves = PlainNetClassifier(max_iter=5, warm_start=True, **given).fit(X3, y3).fit(X3, y3)
    np.testing.assert_array_equal(halves.coefs_[0], whole.coefs_[0])
    assert halves.loss_curve_ == whole.loss_curve_
    assert halves.n_iter_ == 5
    assert halves.best_loss_ == min(halves.loss_curve_[5:])  # of the last call
    other = halves.set_params(solver="rmsprop").fit(X3, y3)
    assert other._optimizer.t == 5
    assert other.set_params(solver="lbfgs").fit(X3, y3).n_iter_ > 0
    with pytest.raises(SettingError) as caught:
        other.set_params(hidden_layer_sizes=(9,)).fit(X3, y3)
    assert str(caught.value) == (
        "Training continues with Network(6 → Dense 8 → ReLU → Dense 3; 83 parameters), but the "
        "parameters now describe Network(6 → Dense 9 → ReLU → Dense 3; 93 parameters); set "
        "warm_start=False and fit again, or restore them."
    )


# in scikit-learn's hands --------------------------------------------------------------------------


def test_pipeline_search_and_cross_validation() -> None:
    pipeline = make_pipeline(StandardScaler(), PlainNetClassifier(solver="lbfgs", **SMALL))
    grid = {"plainnetclassifier__alpha": [0.1, 1.0], "plainnetclassifier__activation": ["tanh"]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X2, y2)
    assert search.best_score_ > 0.8
    assert search.predict_proba(X2).shape == (150, 2)
    scores = cross_val_score(PlainNetRegressor(solver="lbfgs", alpha=1, **SMALL), XR, yR, cv=3)
    assert scores.mean() > 0.8


def test_calibration() -> None:
    base = PlainNetClassifier(solver="lbfgs", **SMALL)
    calibrated = CalibratedClassifierCV(base, cv=3).fit(X3, y3)
    np.testing.assert_allclose(calibrated.predict_proba(X3).sum(axis=1), 1)
    assert calibrated.score(X3, y3) > 0.8


def test_tables_with_names() -> None:
    import pandas as pd

    table = pd.DataFrame(X2, columns=list("abcdef"))
    scaler = StandardScaler().set_output(transform="pandas")
    pipeline = make_pipeline(scaler, PlainNetClassifier(max_iter=3, **SMALL)).fit(table, y2)
    assert list(pipeline[-1].feature_names_in_) == list("abcdef")
    with pytest.raises(ValueError, match="feature names should match"):
        pipeline.predict(table[list("fedcba")])
    assert "PlainNetClassifier" in pipeline._repr_html_()


def test_metadata_are_routed() -> None:
    weights = np.arange(150) % 2 + 1.0
    with config_context(enable_metadata_routing=True):
        request = PlainNetClassifier(max_iter=3, **SMALL).set_fit_request(
            sample_weight=True, validation_data=True
        )
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, request)
        pipeline.fit(X3, y3, sample_weight=weights, validation_data=(X3[:20], y3[:20]))
    direct = PlainNetClassifier(max_iter=3, **SMALL)
    direct.fit(StandardScaler().fit_transform(X3), y3, weights)
    np.testing.assert_array_equal(pipeline[-1].coefs_[0], direct.coefs_[0])
    assert len(pipeline[-1].validation_scores_) == 3


@pytest.mark.parametrize("way", [copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted))])
def test_a_copy_answers_and_goes_on_the_same(way: Any) -> None:
    fitted = PlainNetClassifier(
        dropout=0.3, normalization="batch", early_stopping=True, max_iter=4, **SMALL
    ).fit(X3, y3)
    twin = way(fitted)
    np.testing.assert_array_equal(twin.predict_proba(X3), fitted.predict_proba(X3))
    for each in (twin, fitted):
        each.partial_fit(X3, y3)
    np.testing.assert_array_equal(twin.predict_proba(X3), fitted.predict_proba(X3))
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not hasattr(fresh, "coefs_")


def test_the_coefficients_are_the_network() -> None:
    regressor = PlainNetRegressor(max_iter=2, **SMALL).fit(XR, yR)
    regressor.coefs_[-1][...] = 0
    regressor.intercepts_[-1][...] = 7
    np.testing.assert_array_equal(regressor.predict(XR), 7)


def test_threads_that_ask_at_once_get_their_own_answers() -> None:
    classifier = PlainNetClassifier(max_iter=2, hidden_layer_sizes=(64, 64), **SEED).fit(X3, y3)
    parts = [X3 + shift for shift in range(8)]
    alone = [classifier.predict_proba(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(classifier.predict_proba, parts * 20))
    for i, P in enumerate(together):
        np.testing.assert_array_equal(P, alone[i % 8])


# what is refused ---------------------------------------------------------------------------------


def fit(X: Any = X3, y: Any = y3, validation_data: Any = None, **settings: Any) -> Any:
    return PlainNetClassifier(max_iter=2, **{**SMALL, **settings}).fit(
        X, y, validation_data=validation_data
    )


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "parameter": (
        lambda: fit(dropout=1.0), ValueError,
        "The 'dropout' parameter of PlainNetClassifier must be a float in the range [0.0, 1.0). "
        "Got 1.0 instead.",
    ),
    "solver": (lambda: fit(solver="adamax"), ValueError, "The 'solver' parameter of"),
    "sizes": (
        lambda: fit(hidden_layer_sizes=(8, 0)), SettingError,
        "The number of units in hidden_layer_sizes must be a whole number ≥ 1, but got 0.",
    ),
    "pair": (
        lambda: fit(validation_data=X3), SettingError,
        "validation_data must be a pair (X, y), or (X, y, sample_weight), but got ndarray; pass "
        "samples and labels as for fit.",
    ),
    "unknown class": (
        lambda: fit(y=np.minimum(y3, 1), validation_data=(X3, y3)), DataError,
        "y holds the classes [2], but the classifier knows [0 1]; name all of them at the first "
        "partial_fit, or fit again without warm_start.",
    ),
    "small": (
        lambda: fit(X3[:9], np.zeros(9), early_stopping=True), DataError,
        "The validation set is too small: 1 of 9 samples, but at least 2 are needed; raise "
        "validation_fraction, or pass validation_data.",
    ),
    "lbfgs": (
        lambda: fit(solver="lbfgs", dropout=0.1), SettingError,
        "dropout needs a training of batches and epochs, but solver='lbfgs' takes all samples at "
        "each step; choose solver='adam', say.",
    ),
    "lbfgs validation": (
        lambda: fit(solver="lbfgs", validation_data=(X3, y3)), SettingError,
        "validation_data needs a training of batches and epochs, but",
    ),
    "lbfgs parts": (
        lambda: PlainNetClassifier(solver="lbfgs").partial_fit(X3, y3), AttributeError,
        "This 'PlainNetClassifier' has no attribute 'partial_fit'",
    ),
    "first part": (
        lambda: PlainNetClassifier().partial_fit(X3, y3), DataError,
        "The first call of partial_fit needs all classes of all calls, in classes; pass "
        "np.unique of all labels, for example.",
    ),
    "other classes": (
        lambda: fit().partial_fit(X3, y3, classes=[0, 1]), DataError,
        "classes are [0, 1] now, but were [0 1 2] before; all calls of partial_fit need the same, "
        "or none after the first.",
    ),
    "balanced parts": (
        lambda: PlainNetClassifier(class_weight="balanced").partial_fit(X3, y3, classes=[0, 1, 2]),
        SettingError,
        "class_weight='balanced' counts all samples, which partial_fit does not see; give a "
        "dictionary {class: weight}.",
    ),
    "labels": (
        lambda: fit().partial_fit(X3, np.eye(3, dtype=int)[y3]), DataError,
        "y has the shape (150, 3), but the classifier was fitted to one class for each sample; "
        "pass the same again, or fit again.",
    ),
    "counts": (
        lambda: PlainNetRegressor(loss="poisson").fit(XR, yR), DataError,
        "PoissonDeviance needs targets from 0 on, such as counts, but got values down to",
    ),
    "not fitted": (
        lambda: PlainNetClassifier().coefs_, AttributeError,
        "This PlainNetClassifier is not fitted yet; call fit first.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("act", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_why(act: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        act()
    assert str(caught.value).startswith(words)
    if issubclass(error, PlainnetError) and words.endswith("."):
        assert str(caught.value) == words


def test_the_end_by_max_iter_is_told() -> None:
    with pytest.warns(ConvergenceWarning) as caught:
        PlainNetClassifier(max_iter=2, **SMALL).fit(X3, y3)
    assert str(caught[0].message) == (
        "max_iter=2 ended the training before nothing got better any more (by tol=0.0001 in 10 "
        "epochs); raise max_iter or learning_rate_init, or scale the features."
    )
    with pytest.warns(ConvergenceWarning, match="^L-BFGS ended after 2 iterations, before the"):
        PlainNetClassifier(max_iter=2, solver="lbfgs", **SMALL).fit(X3, y3)


def test_without_scikit_learn_the_extra_is_named() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import plainnet.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(
        "MissingExtraError: plainnet.sklearn needs scikit-learn, which is not installed: "
        'pip install scikit-learn, or pip install ".[sklearn]" in a clone of plainnet.'
    )
