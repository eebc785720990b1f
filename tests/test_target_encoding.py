"""Columns of many categories, encoded by the target: what is written, and that nothing leaks."""

import logging
from typing import Any

import numpy as np
import pytest

from plainnet.data import Dataset
from plainnet.models import Classifier, Regressor
from plainnet.models.cross_validation import cross_validate, pool
from plainnet.network import Array
from plainnet.tables import TableEncoder, read_tables, table_of
from plainnet.tables.sources import read_named
from plainnet.tables.target_encoding import MOST_OUTPUTS, TargetEncoding

QUICK: dict[str, Any] = {"hidden": (16,), "epochs": 10, "ensemble": 2}
CATEGORIES = 150


def columns(n: int = 900, effect: float = 2.0, seed: int = 0) -> dict[str, Any]:
    """Return a table whose categories, 150 of them, have an effect on y."""
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(n) % CATEGORIES)
    x, effects = rng.normal(size=n), effect * rng.normal(size=CATEGORIES)
    y = effects[codes] + x + 0.3 * rng.normal(size=n)
    return {"x": x, "city": [f"city {i}" for i in codes], "y": y}


def training_set(given: dict[str, Any], task: str = "auto") -> tuple[TargetEncoding, Dataset]:
    table = table_of(given)
    made = TableEncoder.fit(table, "y", task=task)
    data = made.dataset(table, training=True)
    (column,) = [column for column in made.columns if isinstance(column, TargetEncoding)]
    return column, data


def test_the_effect_of_a_category_is_its_shrunken_mean() -> None:
    given = columns()
    column, data = training_set(given)
    y = (given["y"] - np.mean(given["y"])) / np.std(given["y"])
    cities = np.array(given["city"])
    means = np.array([y[cities == value].mean() for value in column.values])
    counts = np.array([(cities == value).sum() for value in column.values])
    effects = np.array(column.statistics)[:, 0]
    a = counts * (means / effects - 1)  # e = n m / (n + a)
    np.testing.assert_allclose(a, a[0], rtol=1e-3)
    inside = sum(
        ((y[cities == value] - mean) ** 2).sum()
        for value, mean in zip(column.values, means, strict=True)
    )
    ratio = inside / (len(y) - CATEGORIES) / means.var()
    assert a[0] == pytest.approx(max(ratio, 1), rel=0.5)
    encoder = data.extractor
    assert encoder is not None
    new = encoder.extract({"x": [0.0, 0.0, 0.0], "city": ["city 3", "Atlantis", ""]})
    assert new[0, -2] == pytest.approx(effects[column.values.index("city 3")])
    assert new[0, -1] == pytest.approx(np.log(7) / np.log(901))
    assert not new[1:, 1:].any()  # unknown, and missing though none was in training


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_row_does_not_know_its_own_target(task: str) -> None:
    """The feature of a training row stays the same whatever its own target is."""
    given = columns(300)
    if task == "classification":
        given["y"] = (np.asarray(given["y"]) > 0).astype(float)
    _, before = training_set(given, task)
    rows = [7, 8]
    swapped = {**given, "y": np.array(given["y"])}
    swapped["y"][rows] = swapped["y"][rows[::-1]]  # mean and spread of all stay
    _, after = training_set(swapped, task)
    cities = np.array(given["city"])
    assert cities[7] != cities[8]
    others = np.isin(cities, cities[rows])
    others[rows] = False
    scale = np.abs(after.X[rows, -2]).max()
    np.testing.assert_allclose(before.X[rows, -2], after.X[rows, -2], atol=0.2 * scale)
    assert not np.array_equal(before.X[others, -2], after.X[others, -2])


def test_classes_have_a_feature_each() -> None:
    rng = np.random.default_rng(0)
    given = columns(2000)
    given["y"] = [f"class {k}" for k in rng.integers(0, MOST_OUTPUTS + 3, 2000)]
    column, data = training_set(given)
    assert len(column.outputs) == MOST_OUTPUTS
    assert data.X.shape[1] == 1 + 100 + MOST_OUTPUTS + 1
    assert column.features[100].startswith("city: effect on class ")
    given["y"] = ["no", "yes"] * 1000
    column, _ = training_set(given)
    assert column.outputs == ("yes",)


def test_missing_values_and_few_categories() -> None:
    given = columns()
    given["city"] = ["" if i % 5 == 0 else city for i, city in enumerate(given["city"])]
    column, _ = training_set(given)
    assert column.has_missing
    assert len(column.statistics) == len(column.values) + 1
    assert len(column.features) == column.n_frequent + 1 + 2
    few = columns()
    few["city"] = [f"city {i % 100}" for i in range(900)]
    encoder = TableEncoder.fit(table_of(few), "y")
    assert {column.kind for column in encoder.columns} == {"number", "category"}


def test_a_weight_of_two_is_a_row_twice() -> None:
    given = columns()
    weights = np.where(np.arange(900) % 3 == 0, 2.0, 1.0)
    table = table_of(given)
    weighed = TableEncoder.fit(table, "y")
    weighed.dataset(table.weighed(weights), training=True)
    rows = np.repeat(np.arange(900), weights.astype(int))
    twice = TableEncoder.fit(table, "y")
    twice.dataset(table.take(rows), training=True)
    effects = [
        dict(zip(column.values, column.statistics, strict=True))
        for made in (weighed, twice)
        for column in made.columns
        if isinstance(column, TargetEncoding)
    ]
    assert effects[0].keys() == effects[1].keys()
    for name, effect in effects[0].items():
        np.testing.assert_allclose(effect, effects[1][name], rtol=0.05, atol=0.02)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_the_graph_answers_alike(task: str, tmp_path: Any) -> None:
    """Raw columns to answers in ONNX, with unknown, missing and new missing values."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from plainnet.export import export_onnx

    given = columns()
    made: Any = Regressor(**QUICK)
    if task == "classification":
        given["y"] = [f"class {k}" for k in np.digitize(given["y"], [-1, 1])]
        given["city"] = ["" if i % 7 == 0 else city for i, city in enumerate(given["city"])]
        made = Classifier(**QUICK)
    made.fit(given, target="y")
    path = tmp_path / "m.onnx"
    export_onnx(made, path)
    cells = [*given["city"][:20], "Atlantis", "", "NA", "city 1"]
    x = [*np.asarray(given["x"])[:20], 0.1, np.nan, 2.0, -1.0]
    session = runtime.InferenceSession(path)
    inputs = {"x": np.array(x)[:, None], "city": np.array(cells, object)[:, None]}
    found = session.run(None, inputs)[0]
    rows = {"x": x, "city": cells}
    expected = made.predict(rows) if task == "regression" else made.predict_proba(rows)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-6, rtol=1e-6)


def test_a_model_learns_from_the_categories(tmp_path: Any) -> None:
    given, new = columns(1500), columns(1500)
    test = {name: values[1000:] for name, values in new.items()}
    train = {name: values[:1000] for name, values in given.items()}
    model = Regressor(hidden=(32,), epochs=60, ensemble=2).fit(train, target="y")
    score = model.evaluate(test, target="y")
    assert score.r2 > 0.6
    path = tmp_path / "m.safetensors"
    model.save(path)
    loaded = Regressor.load(path)
    asked = {name: values for name, values in test.items() if name != "y"}
    assert np.array_equal(loaded.predict(asked), model.predict(asked))
    row = {name: values[:1] for name, values in asked.items()}
    assert {*model.explain(row).columns} == {"x", "city"}


def noise(n: int, seed: int) -> dict[str, Any]:
    """Return a table whose columns have nothing to do with y."""
    rng = np.random.default_rng(seed)
    city = [f"city {i}" for i in rng.integers(0, n // 4, n)]
    return {"x": rng.normal(size=n), "city": city, "y": rng.choice(["no", "yes"], n)}


def test_noise_stays_noise() -> None:
    """Neither cross-validation nor the networks' held-out folds show more than the baseline."""
    crossed, held = [], []
    for seed in range(4):
        table = table_of(noise(800, seed))
        data = TableEncoder.fit(table, "y").dataset(table, training=True)
        like = Classifier(hidden=(16,), epochs=8, ensemble=5)
        crossed.append(pool(data, [*cross_validate(data, like, 3)], like).accuracy)
        model = Classifier(**like.get_params()).fit(data)
        assert model.validation is not None
        held.append(model.evaluate(model.validation).accuracy)
    spread = 0.5 / np.sqrt(4 * 800)  # of a mean of right answers by chance
    assert np.mean(crossed) < 0.5 + 3 * spread
    assert np.mean(held) < 0.5 + 4 * spread


def test_a_network_learns_nothing_of_the_targets_that_it_holds_out() -> None:
    given, kept = columns(900), np.arange(600)
    y = np.array(given["y"])
    y[600:] += 10
    parts = (read_tables({**given, "y": values}, "y").train for values in (given["y"], y))
    one, other = (part.take(kept) for part in parts if part is not None)
    assert not np.array_equal(one.X, other.X)
    one, other = one.without_targets_of_others(), other.without_targets_of_others()
    assert np.array_equal(one.X, other.X)


@pytest.mark.parametrize("target", [None, "y"])
def test_each_fold_has_an_encoder_of_its_own(target: str | None) -> None:
    """The answers for a fold are those of a model that was only given the other rows."""
    given = columns(600)
    given["x"][5] = 1e6  # the mean and the scale of all rows say where it is
    like = Regressor(**QUICK)
    splits = read_tables(given, "y")
    if target is None:
        X = {name: values for name, values in given.items() if name != "y"}
        splits = read_named(X, given["y"], like.answers_type.dataset, "regression")
    assert splits.train is not None
    fold = next(fold for fold in cross_validate(splits.train, like, 3) if 5 in fold.rows)
    others = np.setdiff1d(np.arange(600), fold.rows)

    def rows(kept: Array) -> dict[str, Any]:
        return {name: [values[i] for i in kept] for name, values in given.items()}

    alone = Regressor(**QUICK).fit(rows(others), target="y")
    asked = {name: values for name, values in rows(fold.rows).items() if name != "y"}
    assert np.array_equal(alone.predict(asked), fold.A)


def test_validation_rows_are_encoded_by_the_training_rows() -> None:
    given = columns(1200)
    parts = [{name: values[rows] for name, values in given.items()} for rows in HALVES]
    parts[1]["x"] = np.asarray(parts[1]["x"]) + 50
    splits = read_tables(parts[0], "y", validation=parts[1])
    train, watch = splits.train, splits.validation
    assert train is not None
    assert watch is not None
    assert isinstance(watch.extractor, TableEncoder)
    assert train.extractor is watch.extractor
    alone = TableEncoder.fit(table_of(parts[0]), "y")
    alone.dataset(table_of(parts[0]), training=True)
    assert alone.describe() == watch.extractor.describe()
    assert np.array_equal(watch.X, alone.extract(parts[1]))
    assert watch.X[:, 0].min() > 20  # in the training's units


HALVES = (slice(0, 600), slice(600, 1200))


def test_remarks_on_a_fold_are_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    given = columns(600) | {"constant": ["a"] * 600}
    data = read_tables(given, "y").train
    assert data is not None
    before = len(caplog.records)
    assert before
    [*cross_validate(data, Regressor(**QUICK), 2)]
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == before
