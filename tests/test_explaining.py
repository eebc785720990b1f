"""`explain` and `trace` of a classifier and a regressor, whatever they were trained on."""

from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Regressor
from plainnet.errors import DataError, PlainnetError, SettingError
from plainnet.models.attribution import Explanation, RowExplanation, explain_pixels
from plainnet.network import Array
from plainnet.network.trace import trace
from plainnet.reports.trace_text import trace_text

QUICK: dict[str, Any] = {
    **{"hidden": (8,), "epochs": 20, "batch_size": 16, "learning_rate": 0.02},
    "ensemble": 1,
}
RNG = np.random.default_rng(0)
N = 60
X: Array = RNG.normal(5, 3, size=(N, 3)).astype(np.float32)
NAMES = np.where(X[:, 1] > 5, "yes", "no")
PRICES = 100 + 7 * X[:, 1]
PICTURES = RNG.integers(0, 256, (N, 8, 6, 3)).astype(np.uint8)


def columns(n: int = N) -> dict[str, Any]:
    return {name: X[:n, i].tolist() for i, name in enumerate("abc")}


@pytest.fixture(scope="module")
def vectors() -> Classifier:
    return Classifier(**QUICK, encoding="none").fit(X, NAMES)


@pytest.fixture(scope="module")
def table() -> Classifier:
    return Classifier(**QUICK).fit({**columns(), "t": NAMES.tolist()}, target="t")


@pytest.fixture(scope="module")
def pictures() -> Classifier:
    return Classifier(**QUICK).fit(PICTURES, NAMES)


@pytest.fixture(scope="module")
def prices() -> Regressor:
    return Regressor(**QUICK).fit(X, PRICES)


def test_the_features_account_for_the_answer(vectors: Classifier) -> None:
    shown = vectors.explain(X[3])
    assert isinstance(shown, RowExplanation)
    P = vectors.predict_proba(X[3])[0]
    assert shown.answer == shown.of == str(vectors.predict(X[3])[0])
    odds = np.log(P[1] / P[0]) * (1 if shown.of == "yes" else -1)
    assert shown.score == pytest.approx(odds, abs=1e-4)
    assert shown.relevance.sum() == pytest.approx(shown.evidence, abs=0.05)
    mean = vectors.predict_proba(X.mean(axis=0))[0]
    fit_on = vectors.preprocessing.mean
    assert vectors.predict_proba(fit_on)[0] == pytest.approx(mean, abs=0.2)
    at_mean = vectors.predict_proba(fit_on)[0]
    sign = 1 if shown.of == "yes" else -1
    assert shown.average == pytest.approx(sign * np.log(at_mean[1] / at_mean[0]), abs=1e-4)
    assert shown.columns[0] == "feature 1"
    assert sorted(shown.columns) == ["feature 0", "feature 1", "feature 2"]
    place = shown.columns.index("feature 1")
    assert float(shown.cells[place]) == pytest.approx(float(X[3, 1]), rel=1e-5)
    other = vectors.explain(X[3], of="no" if shown.of == "yes" else "yes")
    assert other.relevance == pytest.approx(-shown.relevance)


def test_a_constant_feature_says_nothing() -> None:
    made = Classifier(**QUICK).fit(np.column_stack([X, np.full(N, 7.0)]), NAMES)
    shown = made.explain(np.array([1.0, 2.0, 3.0, 1000.0]))
    assert dict(zip(shown.columns, shown.relevance, strict=True))["feature 3"] == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("encoding", ["none", "piecewise-linear"])
def test_a_linear_network_shares_out_exactly(encoding: str) -> None:
    """Behind an encoding, too, whose bins are mostly narrower than the steps on the line."""
    how: dict[str, Any] = {"hidden": (), "epochs": 40, "learning_rate": 0.05, "ensemble": 2}
    made = Regressor(**how, encoding=encoding).fit(X, PRICES)
    shown = made.explain(X[:1])
    assert shown.score == pytest.approx(made.predict(X[:1])[0], rel=1e-5)
    assert shown.relevance.sum() == pytest.approx(shown.evidence, rel=1e-4)
    assert shown.answer == pytest.approx(made.predict(X[:1])[0])
    assert shown.of == "y"


def test_tables_and_rows_of_them(table: Classifier) -> None:
    shown = [
        table.explain(given)
        for given in (
            columns(1),
            [{name: values[0] for name, values in columns(1).items()}],
            {name: values[0] for name, values in columns(1).items()},
        )
    ]
    assert {one.answer for one in shown} == {table.predict(columns(1))[0]}
    assert shown[0].relevance.tolist() == shown[1].relevance.tolist() == shown[2].relevance.tolist()
    assert isinstance(shown[0], RowExplanation)
    assert shown[0].columns[0] == "b"
    model = Regressor(**QUICK).fit({**columns(), "t": PRICES.tolist()}, target="t")
    assert model.explain(columns(1)).columns[0] == "b"


def test_pictures(pictures: Classifier) -> None:
    shown = pictures.explain(PICTURES[0], method="smooth", of="no", rng=3, samples=5)
    assert isinstance(shown, Explanation)
    same = explain_pixels(pictures, PICTURES[0], method="smooth", of="no", rng=3, samples=5)
    assert np.array_equal(shown.relevance, same.relevance)
    assert shown.relevance.shape == (8, 6)
    plain = pictures.explain(PICTURES[0])
    assert plain.answer == plain.of == pictures.predict(PICTURES[0])[0]


def test_an_ensemble_is_explained_as_a_whole() -> None:
    made = Classifier(**{**QUICK, "ensemble": 2}).fit(X, NAMES)
    shown = made.explain(X[0])
    assert shown.relevance.sum() == pytest.approx(shown.evidence, abs=0.05)
    assert len(made.trace(X[0]).forward) == len(made.network.layers)


def test_a_trace_is_that_of_the_network(
    vectors: Classifier, table: Classifier, pictures: Classifier, prices: Regressor
) -> None:
    for model, samples, y in (
        (vectors, X[:4], NAMES[:4]),
        (table, columns(4), NAMES[:4]),
        (pictures, PICTURES[:4], NAMES[:4]),
    ):
        shown = model.trace(samples, y)
        raw = np.array(list(columns(4).values())).T if model is table else np.asarray(samples)
        if model is not table:
            inputs = np.empty((4, model.preprocessing.mean.size), np.float32)
            model.preprocessing(raw, inputs)
            targets = (y == "yes").astype(int)
            assert shown == trace(model.network, model.loss, inputs, targets)
        P = model.predict_proba(samples)
        right = P[np.arange(4), (y == "yes").astype(int)]
        assert (
            model.temperature != 1 or pytest.approx(-np.log(right).mean(), abs=1e-6) == shown.loss.J
        )
        assert shown.n_samples == 4
        answered = model.trace(samples)
        assert answered == model.trace(samples, model.predict(samples))
        assert answered.loss.J <= shown.loss.J
        assert model.trace(samples, "yes") == model.trace(samples, ["yes"] * 4)
        assert "FORWARD" in trace_text(shown)
    shown = prices.trace(X[:4], PRICES[:4])
    errors = (prices.predict(X[:4]) - PRICES[:4]) / prices.scale
    assert pytest.approx(np.square(errors).mean(), rel=1e-4) == shown.loss.J
    assert prices.trace(X[:4], 120) == prices.trace(X[:4], [120.0] * 4)


def test_a_table_says_itself_what_is_right() -> None:
    whole = {**columns(), "t": PRICES.tolist()}
    model = Regressor(**QUICK).fit(whole, target="t")
    assert model.trace(whole) == model.trace(columns(), PRICES)


def test_dropout_draws_only_as_while_training() -> None:
    made = Classifier(**QUICK, dropout=0.5).fit(X, NAMES)
    assert made.trace(X[:2]).forward == made.trace(X[:2]).forward
    assert made.trace(X[:2], training=True).training


def test_what_cannot_be_explained_or_traced(
    vectors: Classifier, table: Classifier, pictures: Classifier, prices: Regressor
) -> None:
    def says(shown: str, ask: Any, *given: Any, error: type[PlainnetError] = DataError, **how: Any):  # type: ignore[no-untyped-def]
        with pytest.raises(error, match=shown):
            ask(*given, **how)

    for new in (Classifier(), Regressor()):
        says("is not trained yet", new.explain, X[0], error=SettingError)
        says("is not trained yet", new.trace, X[0], error=SettingError)
    says("One row is explained at a time, but got 2", vectors.explain, X[:2])
    says("One row is explained at a time, but got 2", table.explain, columns(2))
    says("One picture is explained at a time, but got 2", pictures.explain, PICTURES[:2])
    says("must be one of no, yes", vectors.explain, X[0], of="maybe", error=SettingError)
    says("is for pictures, but this model was trained on feature vectors; leave it out",
         vectors.explain, X[0], method="smooth", error=SettingError)  # fmt: skip
    says("trained on a table", table.explain, columns(1), method="smooth", error=SettingError)
    says(r"takes arrays \(N, 3\)", vectors.explain, np.zeros(4))
    says("lacks", table.explain, {"a": 1})
    says("the class 'maybe'", vectors.trace, X[:2], "maybe")
    says("give the class or number of each", prices.trace, X[:2])
    says("as many class indices", vectors.trace, X[:2], NAMES[:3])
    of_pictures = Regressor(**QUICK).fit(PICTURES, PRICES)
    says("only classes of pictures .*; trace.picture. follows", of_pictures.explain, PICTURES[0])
    assert of_pictures.trace(PICTURES[:2], [1, 2]).n_samples == 2


def test_feature_vectors_may_lie_in_files(vectors: Classifier, tmp_path: Any) -> None:
    np.save(tmp_path / "a.npy", X[:2])
    np.save(tmp_path / "b.npy", X[2:5])
    assert np.array_equal(vectors.predict(tmp_path / "a.npy"), vectors.predict(X[:2]))
    both = [tmp_path / "a.npy", str(tmp_path / "b.npy")]
    assert np.array_equal(vectors.predict_proba(both), vectors.predict_proba(X[:5]))
    assert vectors.score(both, NAMES[:5]) == vectors.score(X[:5], NAMES[:5])
    np.save(tmp_path / "c.npy", X[:2, :2])
    with pytest.raises(DataError, match=r"c\.npy has 2 features a row, but .*a\.npy 3"):
        vectors.predict([tmp_path / "a.npy", tmp_path / "c.npy"])
