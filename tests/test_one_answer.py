"""Answers to one row or a few: what is left out on their way changes no bit and no refusal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from laws import normal, randomized
from test_concurrency import check_concurrent, threads_change_often

from plainnet import Classifier, Dense, Network, Regressor, SigmoidCrossEntropy, SoftmaxCrossEntropy
from plainnet.data.class_matching import match
from plainnet.errors import DataError, DivergedError
from plainnet.files.rows import not_finite
from plainnet.models import load_any
from plainnet.models.classes import Classes
from plainnet.models.ensemble import check_finite
from plainnet.network import Array, PiecewiseLinearEmbedding, SigmoidMemberMean
from plainnet.tables import TableEncoder
from plainnet.tables.column import Number
from plainnet.tables.in_memory import table_of
from plainnet.tables.table import TEXT, raw_column
from plainnet.training import logits

__all__ = ["threads_change_often"]
X = normal(60, 5, dtype=np.float32)
QUICK: dict[str, Any] = {"hidden": (6,), "epochs": 2}


def table(n: int = 60) -> dict[str, list[Any]]:
    rng = np.random.default_rng(1)
    rooms = rng.integers(1, 6, n).tolist()
    rooms[3] = None
    return {
        "rooms": rooms,
        "area": rng.normal(80, 20, n).tolist(),
        "town": rng.choice(["Ulm", "Bonn", "Köln"], n).tolist(),
        "since": [f"2024-0{1 + i % 9}-1{i % 7}" for i in range(n)],
    }


def rows_of(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="module")
def classes() -> Classifier:
    return Classifier(**QUICK, ensemble=2).fit(X, np.arange(60) % 3)


@pytest.fixture(scope="module")
def of_table() -> Classifier:
    y = ["dear" if area > 80 else "cheap" for area in table()["area"]]
    return Classifier(epochs=2, ensemble=5, members=2).fit(table(), y)


# nothing is remembered of what can be changed ----------------------------------------------------


def more_sharpness(model: Classifier) -> None:
    model.answers = replace(cast("Classes", model.answers), sharpness=1.7)


def another_network(model: Classifier) -> None:
    model.networks[0] = model.networks[0]._replace(network=randomized(model.network.copy(), 5))


CHANGES: dict[str, Callable[[Classifier], object]] = {
    "parameters": lambda model: np.multiply(model.network.theta, 2, out=model.network.theta),
    "a layer": lambda model: setattr(model.network, "theta", model.network.theta * 0.9),
    "temperature": lambda model: setattr(model, "temperature", 0.5),
    "weight": lambda model: model.networks.__setitem__(0, model.networks[0]._replace(weight=3.0)),
    "fewer networks": lambda model: model.networks.pop(0),
    "more networks": lambda model: model.networks.insert(0, model.networks[0]),
    "another network": another_network,
    "preprocessing": lambda model: setattr(
        model.inputs,
        "preprocessing",
        replace(model.preprocessing, mean=model.preprocessing.mean + 1),
    ),
    "sharpness": more_sharpness,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_in_a_model_is_in_its_next_answer(name: str, tmp_path: Path) -> None:
    model = Classifier(**QUICK, ensemble=2).fit(X, np.arange(60) % 3)
    before = model.predict_proba(X[:1])
    CHANGES[name](model)
    P = model.predict_proba(X[:1])
    assert not np.array_equal(P, before)
    model.save(tmp_path / "changed.safetensors")
    assert np.array_equal(load_any(tmp_path / "changed.safetensors").mean_answers(X[:1]), P)


def test_a_new_threshold_and_new_labels_are_in_the_next_answer() -> None:
    model = Classifier(**QUICK).fit(X, X[:, 0] > 0)
    assert model.predict(X[:1]).dtype == bool
    for threshold, answer in [(0.0, True), (1.0, False)]:
        model.threshold = threshold
        assert model.predict(X[:1]) == answer
    model.answers = replace(cast("Classes", model.answers), labels=("no", "yes"))
    assert model.predict(X[:1]).tolist() == ["no"]


# the same bits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 8, 64])
def test_one_batch_is_computed_like_several(n: int) -> None:
    network = randomized(Network.dense([4, 7, 3]))
    raw = np.random.default_rng(0).integers(0, 256, (n, 4)).astype(np.uint8)
    whole = logits(network, raw)
    assert np.array_equal(whole, network.predict(raw.astype(np.float32)))
    assert not np.shares_memory(whole, logits(network, raw))
    np.testing.assert_allclose(logits(network, raw, batch_size=3), whole, rtol=1e-5)


def test_probabilities_are_those_of_their_formulas() -> None:
    Z = np.concatenate([normal(50, 6, dtype=np.float32) * 30, np.zeros((1, 6), np.float32)])
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    assert np.array_equal(SoftmaxCrossEntropy().probabilities(Z), E / E.sum(axis=1, keepdims=True))
    for z in Z.T:
        z, sigmoid = z[:, None], SigmoidCrossEntropy().probabilities
        both = SigmoidCrossEntropy().both(z)
        assert np.array_equal(both, np.concatenate([sigmoid(-z), sigmoid(z)], axis=1))
        assert both.dtype == np.float32


@pytest.mark.parametrize("n", [1, 2, 40])
def test_columns_of_as_many_bins_together_are_those_one_by_one(n: int) -> None:
    edges = [np.linspace(-1, 1, 2 + i // 3).tolist() for i in range(8)]
    alone = [[column] for column in edges]
    together = randomized(Network([PiecewiseLinearEmbedding(edges, length=4), Dense(32, 1)]))
    Y, x, start = together.layers[0].forward(X_of(n)).copy(), X_of(n), 0
    layer: Any = together.layers[0]
    for i, column in enumerate(alone):
        one = Network([PiecewiseLinearEmbedding(column, length=4), Dense(4, 1)])
        own: Any = one.layers[0]
        stop = start + len(column[0]) - 1
        own.w[...], own.b[...], own.V[...] = layer.w[i], layer.b[i], layer.V[start:stop]
        np.testing.assert_array_equal(own.forward(x[:, i : i + 1]), Y[:, 4 * i : 4 * i + 4])
        start = stop


def X_of(n: int) -> Array:
    return normal(n, 8, dtype=np.float32)


# what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e101])
@pytest.mark.parametrize("n", [1, 8, 3000])
def test_a_feature_that_is_no_number_is_refused(value: float, n: int, classes: Classifier) -> None:
    rows = np.ones((n, 5))
    rows[-1, 3] = value
    with pytest.raises(DataError, match=f"row {n - 1}, column 3"):
        classes.predict_proba(rows)


@pytest.mark.parametrize("wrong", [np.ones((1, 4)), np.ones((2, 5, 1)), np.empty((0, 5)), [["a"]]])
def test_samples_of_another_form_are_refused(wrong: Any, classes: Classifier) -> None:
    with pytest.raises(DataError):
        classes.predict_proba(wrong)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("shape", [(1, 3), (7, 3), (4000, 3), (2, 20_000)])
def test_large_numbers_are_found_by_their_squares(dtype: Any, shape: tuple[int, int]) -> None:
    """Squares overflow long before the numbers do: then each number is looked at."""
    A = np.ones(shape, dtype)
    with np.errstate(all="raise"):
        assert not_finite(A) == (0, 0, 0)
        A[-1, 1] = largest = np.finfo(dtype).max
        assert not_finite(A) == (0, 0, 0)
        beyond = float(largest) > 1e100
        assert not_finite(A, 1e100) == ((1, shape[0] - 1, 1) if beyond else (0, 0, 0))
        A[-1, 2] = A[0, 0] = np.nan
        assert not_finite(A) == (2, 0, 0)
    assert not_finite(A.T[:, ::-1])[0] == 2


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_refused(value: float) -> None:
    A = np.ones((2, 3), np.float32)
    assert check_finite(A) is A
    A[1, 2] = value
    with pytest.raises(DivergedError, match="not finite"):
        check_finite(A)
    with pytest.raises(DivergedError, match="not finite"):
        check_finite(np.array([1e300, value]))


def test_probabilities_of_others_are_checked(classes: Classifier) -> None:
    for wrong in (np.full((1, 3), np.nan), np.ones((1, 3)), np.array([[2.0, -1.0, 0.0]])):
        for answer in (classes.answers.choose, classes.answers.decode):
            with pytest.raises(DataError, match="sum to 1"):
                answer(wrong)
    P = classes.predict_proba(X)
    assert np.array_equal(classes.answers.decode(P), classes.predict(X))


# several threads at once -------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 8])
def test_threads_ask_for_rows_of_vectors(n: int, classes: Classifier) -> None:
    parts = [X[i : i + n] for i in range(20)]
    check_concurrent(classes.predict_proba, parts, 100)
    regressor = Regressor(**QUICK).fit(X, X[:, 0])
    check_concurrent(regressor.predict, parts, 100)


def test_threads_ask_for_rows_of_a_table(of_table: Classifier) -> None:
    rows = rows_of(table())[:12]
    check_concurrent(of_table.predict_proba, rows, 15)
    check_concurrent(lambda row: of_table.predict([row]).tolist(), rows, 10)


def test_a_row_of_a_table_is_answered_as_among_others(of_table: Classifier) -> None:
    many, rows = of_table.predict_proba(table()), rows_of(table())
    for i in (0, 3, 7):
        np.testing.assert_allclose(of_table.predict_proba(rows[i]), many[i : i + 1], rtol=1e-4)
        alone = {name: values[i : i + 1] for name, values in table().items()}
        assert np.array_equal(of_table.predict_proba(alone), of_table.predict_proba([rows[i]]))


# features of a few rows ---------------------------------------------------------------------------


def test_columns_of_numbers_together_are_those_one_by_one() -> None:
    columns = table(250) | {"floor": [float(i % 7) if i % 5 else None for i in range(250)]}
    made = TableEncoder.fit(table_of(columns | {"y": [0, 1] * 125}), "y")
    assert sum(type(column) is Number and column.has_missing for column in made.columns) == 2
    many = made.extract(columns)
    few = np.concatenate([made.extract([row]) for row in rows_of(columns)])
    assert np.array_equal(few, many)


def test_a_category_matches_by_its_meaning_at_each_call() -> None:
    for _ in range(2):
        assert match(["2.0", "b", "3", "True"], ["1", "2", "b"]) == [1, 2, None, None]
        assert match(["1", "TRUE", "0"], ["False", "True"]) == [1, 1, 0]
        assert match(["1", "x"], ("True", "x", "x")) == [None, 1]


@pytest.mark.parametrize("n", [1, 3])
def test_yes_and_no_of_members_are_averaged_together_as_alone(n: int) -> None:
    layer = Network([SigmoidMemberMean(n, 5)]).layers[0]
    X = normal(7, 5 * n, dtype=np.float32) * 20
    x = X.reshape(7, 5, n)
    yes = np.minimum(x, 0) - np.log1p(np.exp(-abs(x)))

    def log_mean(L: Array) -> Array:
        top = L.max(axis=1, keepdims=True)
        found: Array = np.log(np.exp(L - top).sum(axis=1)) + top[:, 0]
        return found

    np.testing.assert_allclose(layer.forward(X), log_mean(yes) - log_mean(yes - x), atol=1e-4)
    assert np.array_equal(layer.forward(X)[2:3], layer.forward(X[2:3]))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1.5, np.nan], [1.5, np.nan]),
        ([7, -3], [7.0, -3.0]),
        ([1, 2.5, None], [1.0, 2.5, np.nan]),
        ([np.float64(0.1), True], ["0.1", "True"]),
        ([2**53 + 1], ["9007199254740993"]),
        ([True], ["True"]),
        ([None], [""]),
        (["4"], ["4"]),
        ([timedelta(days=1), 2], [1.0, 2.0]),
    ],
)
def test_cells_become_numbers_or_texts(cells: list[Any], expected: list[Any]) -> None:
    found = raw_column(np.array(cells, object))
    np.testing.assert_array_equal(found.tolist(), expected)
    assert found.dtype == (np.float64 if isinstance(expected[0], float) else TEXT)
