"""Permutation importance and partial dependence: what they say of answers that are known."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Regressor
from plainnet.data import Dataset
from plainnet.errors import DataError, SettingError
from plainnet.metrics.evaluation import Score
from plainnet.metrics.importance import (
    criteria_of_classes,
    criteria_of_numbers,
    resampled,
    shuffles,
)
from plainnet.network import Array, Rng

QUICK: dict[str, Any] = {"hidden": (16,), "batch_size": 32, "learning_rate": 0.01}
RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(600, 3))
NUMBERS = 3 * X[:, 0] + np.sin(2 * X[:, 1])


def answer(X: Array) -> Array:
    """A model that is known: it uses two columns, and a little of a third, which is noise."""
    given: Array = X[:, 0] + 0.3 * np.sin(2 * X[:, 1]) + 0.1 * X[:, 2]
    return given


def probabilities(X: Array) -> Array:
    p = 1 / (1 + np.exp(-3 * answer(X)))
    return np.column_stack([1 - p, p])


def drawn(n: int, rng: Rng) -> tuple[Array, Array]:
    X = rng.normal(size=(n, 3))
    X[:, 1] += 0.5 * X[:, 0]
    return X, X[:, 0] + 0.5 * np.sin(2 * X[:, 1]) + rng.normal(0, 0.3, n)


def rises(
    X: Array, y: Array, column: int, rng: Rng, *, of_classes: bool, weights: Array | None = None
) -> list[Score]:
    """The importance of a column of the known model."""
    known = probabilities if of_classes else answer
    classes = criteria_of_classes((y > 0).astype(int))
    donors, found = shuffles(len(X), 3, weights, rng), []
    for criterion in classes if of_classes else criteria_of_numbers(y, weights):
        after = []
        for rows in donors:
            shuffled = X.copy()
            shuffled[:, column] = X[rows, column]
            after.append(criterion.losses(known(shuffled)))
        before = criterion.losses(known(X))
        found.append(criterion.rise(before, np.array(after), donors, weights))
    return found


# -- the statistics ------------------------------------------------------------------------------


@pytest.mark.parametrize("of_classes", [True, False])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_the_interval_holds_the_true_rise(column: int, of_classes: bool) -> None:
    """In 95 of 100 samples; for the noise in column 2 the true rise is 0."""
    rng, times = np.random.default_rng(1), 300
    many = drawn(200_000, rng)
    true = [score.value for score in rises(*many, column, rng, of_classes=of_classes)]
    if column == 2:
        true = [0.0, 0.0]
    hits = np.zeros(2)
    for _ in range(times):
        scores = rises(*drawn(150, rng), column, rng, of_classes=of_classes)
        for i, score in enumerate(scores):
            assert score.interval
            hits[i] += score.interval[0] <= true[i] <= score.interval[1]
    assert (hits / times > 0.90).all()
    assert (hits / times < 0.995).all()


def test_a_sample_matters_as_receiver_and_as_giver() -> None:
    """The variance over the receivers alone would be far too small."""
    rng, n, repeats = np.random.default_rng(2), 100, 4
    values, widths = [], []
    for _ in range(600):
        x = rng.normal(size=n)
        squares = replace(criteria_of_numbers(x, None)[1], baseline=None)  # (x_i − x_k)²
        donors = shuffles(n, repeats, None, rng)
        after = np.array([squares.losses(x[rows]) for rows in donors])
        score = squares.rise(squares.losses(x), after, donors, None)
        assert score.interval
        values.append(score.value)
        widths.append((score.interval[1] - score.interval[0]) / 2 / 1.96)
    # x_i² + x_k² − 2 x_i x_k: the variance of 2 x², 8, and that of 2 x x', 4, over the repeats
    true = np.sqrt((8 + 4 / repeats) / n)
    assert np.std(values) == pytest.approx(true, rel=0.1)
    assert np.mean(widths) == pytest.approx(true, rel=0.1)


def test_a_weight_of_2_equals_the_sample_twice() -> None:
    rng = np.random.default_rng(3)
    X, y = drawn(400, rng)
    weights = rng.integers(0, 4, 400).astype(float)
    often = np.repeat(np.arange(400), weights.astype(int))
    kept = weights > 0
    weighed = [
        rises(X[kept], y[kept], 0, rng, of_classes=False, weights=weights[kept])[0].value
        for _ in range(30)
    ]
    repeated = [rises(X[often], y[often], 0, rng, of_classes=False)[0].value for _ in range(30)]
    assert np.mean(weighed) == pytest.approx(np.mean(repeated), rel=0.02)


def test_givers_are_permuted_or_drawn_by_weight() -> None:
    rng = np.random.default_rng(0)
    for rows in shuffles(50, 3, None, rng):
        assert sorted(rows) == [*range(50)]
    assert (resampled(4, 6, np.array([1.0, 0, 3, 2]), rng) == [0, 2, 2, 2, 3, 3]).all()
    assert len(set(resampled(100, 10, None, rng))) == 10


def test_one_sample_has_no_interval() -> None:
    criterion = criteria_of_numbers(np.array([1.0]), None)[0]
    score = criterion.rise(np.array([1.0]), np.array([[4.0]]), np.array([[0]]), None)
    assert score.value == 1
    assert np.isnan(score.interval).all()  # type: ignore[arg-type]


# -- of a model ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def regressor() -> Regressor:
    return Regressor(**QUICK, epochs=60).fit(X, NUMBERS)


@pytest.fixture(scope="module")
def fresh() -> tuple[Array, Array]:
    X = np.random.default_rng(5).normal(size=(400, 3))
    return X, 3 * X[:, 0] + np.sin(2 * X[:, 1])


def test_columns_in_the_order_in_which_they_matter(
    regressor: Regressor, fresh: tuple[Array, Array]
) -> None:
    found = regressor.importance(*fresh)
    assert [one.column for one in found.columns] == ["feature 0", "feature 1", "feature 2"]
    first, _, noise = found.columns
    assert first.matters
    assert not noise.matters
    low, high = noise.scores[0].interval or (1.0, -1.0)
    assert low <= 0 <= high
    # shuffled, the first term is off by 3 (x − x'), whose mean square is 2 · 9
    low, high = first.scores[0].interval or (np.nan, np.nan)
    before = found.evaluation.to_dict()["rmse"]
    assert low < np.sqrt(18 + before**2) - before < high


def test_the_column_that_decides_alone_takes_the_whole_accuracy() -> None:
    decides = np.where(X[:, 0] > 0, "yes", "no")
    found = Classifier(**QUICK, epochs=40).fit(X, decides).importance()
    first, *others = found.columns
    assert first.column == "feature 0"
    assert first.scores[1].value == pytest.approx(0.5, abs=0.08)  # what is left is chance
    assert all(abs(one.scores[1].value) < 0.02 for one in others)


def test_without_data_only_networks_that_held_a_row_out_answer(regressor: Regressor) -> None:
    found = regressor.importance()
    assert found.out_of_fold == (regressor.folds is not None)
    assert regressor.validation is not None
    assert found.evaluation == regressor.evaluate(regressor.validation)
    some = regressor.importance(rows=100)
    assert (some.rows, some.of_rows) == (100, len(regressor.validation))


def test_the_rows_out_of_fold_are_those_that_were_held_out() -> None:
    """Each network knows its own rows by heart: only the others show how good it is."""
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 2, 200)
    model = Classifier(hidden=(64,), epochs=300, batch_size=20, patience=0, ensemble=3)
    model.set_params(bagging="folds")
    model.fit(rng.normal(size=(200, 8)), noise)
    assert model.training is not None
    assert model.evaluate(model.training).accuracy > 0.8
    found = model.importance()
    assert found.out_of_fold
    assert found.evaluation.scores()[0].value < 0.65
    some = model.importance(rows=60)
    assert some.evaluation.scores()[0].value < 0.75


def test_training_samples_are_reported(
    regressor: Regressor, fresh: tuple[Array, Array], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        regressor.importance(*fresh, repeats=1)
        regressor.importance(repeats=1)
        assert not caplog.records
        regressor.importance(X, NUMBERS, repeats=1)
    assert "600 of these 600 rows are training samples" in caplog.text


def test_the_same_seed_gives_the_same_bits_and_changes_nothing(
    regressor: Regressor, fresh: tuple[Array, Array]
) -> None:
    before = fresh[0].copy()
    done: list[tuple[int, int]] = []
    one = regressor.importance(*fresh, rows=50, rng=3, progress=lambda *now: done.append(now))
    two = regressor.importance(*fresh, rows=50, rng=3)
    assert one.to_dict() == two.to_dict()
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert (fresh[0] == before).all()


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"repeats": 0}, SettingError, "repeats"),
        ({"rows": 1}, SettingError, "rows"),
    ],
)
def test_settings_out_of_range(
    regressor: Regressor, how: dict[str, int], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        regressor.importance(**how)  # type: ignore[arg-type]


def test_what_has_no_columns_is_refused(regressor: Regressor, tmp_path: Any) -> None:
    pictures = RNG.integers(0, 256, (20, 4, 4, 3)).astype(np.uint8)
    seen = Classifier(epochs=1, hidden=(4,)).fit(pictures, np.arange(20) % 2)
    for call in (seen.importance, lambda: seen.partial_dependence("x")):
        with pytest.raises(DataError, match="pictures"):
            call()
    with pytest.raises(SettingError, match="not trained"):
        Regressor().importance(X, NUMBERS)
    with pytest.raises(DataError, match="one row"):
        regressor.importance(X[:1], NUMBERS[:1])
    regressor.save(tmp_path / "model.safetensors")
    with pytest.raises(SettingError, match="validation"):
        Regressor.load(tmp_path / "model.safetensors").importance()
    with pytest.raises(SettingError, match="feature 9"):
        regressor.partial_dependence("feature 9")


# -- partial dependence --------------------------------------------------------------------------


def test_the_curves_of_a_sum_are_its_terms(
    regressor: Regressor, fresh: tuple[Array, Array]
) -> None:
    terms: list[Callable[[Array], Array]] = [
        lambda x: 3 * x,
        lambda x: np.sin(2 * x),
        np.zeros_like,
    ]
    curves = regressor.partial_dependence([f"feature {i}" for i in range(3)], fresh[0])
    for curve, term in zip(curves, terms, strict=True):
        x = np.array(curve.values, float)
        assert (np.diff(x) > 0).all()
        within = np.abs(x) < 1.5
        true = term(x)
        apart = (curve.mean[:, 0] - true)[within]
        assert np.ptp(apart) < 0.5  # up to a constant, and the fit
        assert (curve.low <= curve.mean + 1e-9).all()
        assert (curve.mean <= curve.high + 1e-9).all()
        assert curve.names == ("y",)


def test_a_curve_is_the_mean_answer_with_the_column_set(regressor: Regressor) -> None:
    [curve] = regressor.partial_dependence("feature 1", X[:40], points=5, rows=40)
    for value, mean in zip(curve.values, curve.mean, strict=True):
        given = X[:40].copy()
        given[:, 1] = value
        assert mean == pytest.approx(regressor.predict(given).mean(), rel=1e-4, abs=1e-4)
    assert curve.average == pytest.approx(regressor.predict(X[:40]).mean(), rel=1e-4, abs=1e-4)


def table(n: int = 300) -> dict[str, list[Any]]:
    rng = np.random.default_rng(4)
    days = rng.integers(0, 700, n)
    kind = rng.choice(["oak", "elm", "ash"], n, p=[0.6, 0.3, 0.1])
    size = rng.normal(1000, 200, n).round(1)
    late, big = days > 350, (size > 1000) * 2
    return {
        "size": [None if rng.random() < 0.1 else float(v) for v in size],
        "kind": kind.tolist(),
        "felled": [(date(2020, 1, 1) + timedelta(int(d))).isoformat() for d in days],
        "grade": (late.astype(int) + big + 2 * (kind == "ash") > 2).tolist(),
    }


def test_the_columns_of_a_table_in_their_own_units() -> None:
    model = Classifier(**QUICK, epochs=20).fit(table(), target="grade")
    assert {one.column for one in model.importance().columns} == {"size", "kind", "felled"}
    size, kind, felled = model.partial_dependence(["size", "kind", "felled"])
    assert (size.kind, kind.kind, felled.kind) == ("number", "category", "date")
    assert 400 < float(size.values[0]) < 800 < 1200 < float(size.values[-1]) < 1700
    assert sorted(map(str, kind.values)) == ["ash", "elm", "oak"]
    first = (date(2020, 1, 1) - date(1970, 1, 1)).days
    assert first <= float(felled.values[0]) < first + 30
    assert felled.mean[-1, 0] > felled.mean[0, 0]
    assert size.names == ("True",)
    rows = model.validation
    assert rows is not None
    # a value set by its features equals the value written into the table
    given = {name: column[:30] for name, column in table().items()}
    [curve] = model.partial_dependence("felled", given, points=4)
    for value, mean in zip(curve.values, curve.mean, strict=True):
        day = date(1970, 1, 1) + timedelta(float(str(value)))
        answers = model.predict_proba({**given, "felled": [day.isoformat()] * 30})[:, 1]
        assert mean == pytest.approx(answers.mean(), abs=1e-4)


def test_more_than_two_classes_have_a_curve_each() -> None:
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    model = Classifier(**QUICK, epochs=10).fit(X, y)
    [curve] = model.partial_dependence("feature 0")
    assert curve.names == ("0", "1", "2")
    assert curve.mean.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert curve.mean[0].argmax() == 0
    assert curve.mean[-1].argmax() == 2


def test_a_heap_of_zeros_leaves_values_for_the_rest() -> None:
    Z = X.copy()
    Z[RNG.random(600) < 0.9, 0] = 0
    model = Regressor(**QUICK, epochs=3).fit(Z, NUMBERS)
    [curve] = model.partial_dependence("feature 0")
    assert len(curve.values) > 10


def test_weights_choose_the_rows(regressor: Regressor) -> None:
    weights = np.zeros(600)
    weights[:5] = [1, 0, 2, 0, 1]
    data = Dataset(X, NUMBERS, (), weights=weights, target="y")
    [curve] = regressor.partial_dependence("feature 0", data)
    mean = np.average(regressor.predict(X[:5]), weights=weights[:5])
    assert curve.average == pytest.approx(mean, rel=0.02)
