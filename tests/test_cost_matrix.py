"""Costs of errors of several classes: the answers, their mean cost, the files and the settings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from plainnet import Classifier
from plainnet.cli.command_line import cli
from plainnet.errors import DataError, ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.metrics.classification import ClassificationEvaluation, evaluate_probabilities
from plainnet.metrics.costs import cheapest, cost_matrix, described, read_costs
from plainnet.models import Recipe
from plainnet.models.cost_setting import error_costs
from plainnet.models.error_costs import costs_of
from plainnet.network import Array

NAMES = ("bird", "cat", "dog")
COSTS = ((0.0, 1.0, 9.0), (3.0, 0.0, 3.0), (1.0, 0.5, 0.0))
GIVEN: dict[Any, float] = {"cat": 3, "bird>dog": 9, ("dog", "cat"): 0.5}
SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 12, "ensemble": 1, "seed": 1}


def animals(n: int, seed: int) -> tuple[Array, Array]:
    """Three overlapping clouds."""
    rng = np.random.default_rng(seed)
    k = rng.integers(0, 3, n)
    return rng.normal(size=(n, 2)) + np.array([[0, 0], [1, 1], [1, -1]])[k], np.array(NAMES)[k]


def cost_of(answers: Array, y: Array) -> float:
    i, j = (np.searchsorted(NAMES, names) for names in (y, answers))
    return float(np.array(COSTS)[i, j].mean())


@pytest.fixture(scope="module")
def trained() -> Classifier:
    return Classifier(**SMALL, cost=GIVEN).fit(*animals(600, 0))


def test_the_answer_is_the_one_of_the_lowest_expected_cost(trained: Classifier) -> None:
    X, y = animals(2000, 1)
    P = trained.predict_proba(X)
    by_hand = [min(range(3), key=lambda j: sum(p[i] * COSTS[i][j] for i in range(3))) for p in P]
    assert trained.predict(X).tolist() == [NAMES[j] for j in by_hand]
    measured = trained.evaluate(X, y)
    score = measured.scores()[0]
    assert score.key == "mean_cost"
    assert score.value == pytest.approx(cost_of(trained.predict(X), y))
    assert score.value < 0.8 * cost_of(np.array(NAMES)[P.argmax(axis=1)], y)
    always = {name: cost_of(np.full(2000, name), y) for name in NAMES}
    assert score.baseline == pytest.approx(min(always.values()))
    assert measured.baseline_class == min(always, key=always.__getitem__)
    assert measured.accuracy == pytest.approx((trained.predict(X) == y).mean())


def test_two_classes_by_name_are_those_of_false_negatives_and_positives() -> None:
    named = Recipe(cost={"no": 2, "yes>no": 7})
    assert costs_of(named, ("no", "yes")) == costs_of(Recipe(cost={"fn": 7, "fp": 2}), NAMES[:2])
    assert costs_of(Recipe(cost={"fn": 3, "fp": 4}), ("fn", "fp")) == (3, 4)  # their names
    assert costs_of(Recipe(), ("no", "yes")) is None


@pytest.mark.parametrize(
    ("cost", "classes", "shown"),
    [
        ({"cow": 2}, NAMES, "but got 'cow'; the classes are bird, cat, dog"),
        ({"cat>cow": 2}, NAMES, "but got 'cat>cow'"),
        ({"cat>cat": 2}, NAMES, "but got 'cat>cat'"),
        ({"bird": 0, "cat": 0, "dog": 0}, NAMES, "All errors cost 0"),
        ({"no": 0}, ("no", "yes"), "each error must cost more than 0"),
        ({"fn": 1, "fp": 2}, NAMES, "for two classes, but there are 3; write bird=5 for a class"),
    ],
)
def test_costs_that_do_not_fit_the_classes(
    cost: dict[str, float], classes: tuple[str, ...], shown: str
) -> None:
    with pytest.raises(SettingError, match=shown):
        costs_of(Recipe(cost=cost), classes)


def test_costs_of_classes_take_no_positive_class() -> None:
    with pytest.raises(SettingError, match="positive says which class fn and fp are about"):
        Classifier(**SMALL, cost=GIVEN, positive="cat").fit(*animals(60, 0))


@pytest.mark.parametrize("cost", [{}, {"cat": -1}, {"cat": float("nan")}, {None: 1}, [[0, 1]]])
def test_costs_that_are_none(cost: Any) -> None:
    with pytest.raises(SettingError, match="cost"):
        Recipe(cost=cost)


def test_names_may_hold_what_stands_between_them() -> None:
    recipe = Recipe(cost={"a>b>c": 5, "x": 2})
    assert np.array_equal(
        cost_matrix(costs_of(recipe, ("a>b", "c", "x")) or ()), [[0, 5, 1], [1, 0, 1], [2, 2, 0]]
    )


def test_the_mean_cost_and_its_interval_by_hand() -> None:
    y = np.repeat([0, 1, 2], [50, 30, 20])
    answers = np.r_[np.repeat([0, 2], [48, 2]), np.repeat([1, 0], [24, 6]), np.repeat([2, 1], 10)]
    made = evaluate_probabilities(y, np.eye(3)[answers], NAMES, costs=COSTS)
    # the answers to certain probabilities are these, as right ones cost nothing
    assert made.confusion.tolist() == [[48, 0, 2], [6, 24, 0], [0, 10, 10]]
    score = made.scores()[0]
    assert score.value == pytest.approx(0.02 * 9 + 0.06 * 3 + 0.1 * 0.5)
    low, high = score.interval or (0, 0)
    assert 0 < low < score.value < high < 1.2
    alike = tuple(tuple(float(i != j) for j in range(3)) for i in range(3))
    plain = evaluate_probabilities(y, np.eye(3)[answers], NAMES, costs=alike)
    error = 1 - np.array(plain.interval[::-1])
    np.testing.assert_allclose(plain.scores()[0].interval or (), error, atol=1e-12)


def test_the_interval_holds_the_true_cost_as_often_as_it_says() -> None:
    rng, C, hits = np.random.default_rng(0), np.array(COSTS), 0
    p = np.array([[0.3, 0.02, 0.03], [0.04, 0.25, 0.03], [0.02, 0.04, 0.27]])
    for _ in range(600):
        confusion = rng.multinomial(120, p.ravel()).reshape(3, 3)
        i, j = np.divmod(np.repeat(np.arange(9), confusion.ravel()), 3)
        made = evaluate_probabilities(i, np.eye(3)[j], NAMES, costs=COSTS)
        low, high = made.scores()[0].interval or (0, 0)
        hits += low <= (C * p).sum() <= high
    assert 0.93 <= hits / 600 <= 0.99


def test_costs_are_described() -> None:
    assert (
        described((5.0, 1.0), ("no", "yes")) == "5 where “no” is right and 1 where “yes” is right"
    )
    each = "1, but 9 where “bird” is answered by “dog”, 3 where “cat” is answered by “bird”, "
    assert described(COSTS, NAMES).startswith(each)
    rng = np.random.default_rng(0)
    C = rng.integers(2, 9, (6, 6)) * (1 - np.eye(6))
    assert described(tuple(map(tuple, C)), "abcdef").startswith("from 2 to 8")


def test_costs_travel_with_the_model(trained: Classifier, tmp_path: Path) -> None:
    X, y = animals(300, 2)
    trained.save(path := tmp_path / "m.safetensors")
    again = Classifier.load(path)
    assert again.answers == trained.answers
    assert (again.predict(X) == trained.predict(X)).all()
    measured = trained.evaluate(X, y).to_dict()
    assert measured["costs"] == [[*row] for row in COSTS]
    stored = json.loads(json.dumps(measured))
    assert ClassificationEvaluation.from_dict(stored).to_dict() == measured
    network, metadata, tensors = read_model(path)
    for wrong in ([1.0, 2.0], [[0, 1, 1]] * 3, [[0, 1], [1, 0]], [[0.0] * 3] * 3, [[0, -1, 1]] * 3):
        write_model(path, network, {**metadata, "costs": wrong}, tensors)
        with pytest.raises(ModelFileError, match="not a valid classifier"):
            Classifier.load(path)
        with pytest.raises(DataError, match="malformed"):
            ClassificationEvaluation.from_dict({**stored, "costs": wrong})
    assert read_costs([[0, 1, 2], [1, 0, 1], [1, 1, 0]], 3)[0] == (0, 1, 2)


def test_an_onnx_file_gives_the_cheapest_answer(trained: Classifier, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from plainnet.export import export_onnx, verify_onnx

    export_onnx(trained, path := tmp_path / "a.onnx")
    assert verify_onnx(path).sound
    X = animals(500, 3)[0].astype(np.float32)
    session = runtime.InferenceSession(path)
    P, label = session.run(["probabilities", "label"], {"features": X})
    assert (label == np.array(NAMES)[cheapest(P, COSTS)]).all()
    assert (label != np.array(NAMES)[P.argmax(axis=1)]).any()
    assert json.loads(session.get_modelmeta().custom_metadata_map["plainnet.costs"])[0][2] == 9


def test_estimators_take_costs_among_the_settings() -> None:
    pytest.importorskip("sklearn")
    from plainnet.sklearn import PlainNetClassifier

    X, y = animals(200, 0)
    how: dict[str, Any] = {"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}
    made = PlainNetClassifier(preset="tabular-quick", settings={"cost": GIVEN}, **how).fit(X, y)
    assert (made.predict(X) == np.array(NAMES)[cheapest(made.predict_proba(X), COSTS)]).all()


def test_a_table_of_costs(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text("\ufeff,dog,bird,cat\nbird, 9,0,1\ncat,3,3,\ndog,0,1,0.5\n")
    recipe = Recipe(cost=error_costs.read(str(path)))
    assert costs_of(recipe, NAMES) == COSTS
    for text in ("", "a,b\n", "x,a,b\na,0\n", "x,a,b\na,0,much\n", "x,a,b\na,1,1\nb,1,0\n"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"costs\.csv"):
            error_costs.read(str(path))
    with pytest.raises(ValueError, match="is not a table of costs"):
        error_costs.read(str(tmp_path / "none.csv"))
    assert error_costs.write(error_costs.read("cat=5,cat>dog=9")) == "cat=5,cat>dog=9"


def test_the_commands(tmp_path: Path) -> None:
    X, y = animals(300, 0)
    rows = "\n".join(f"{a:.6f},{b:.6f},{c}" for (a, b), c in zip(X.tolist(), y, strict=True))
    (tmp_path / "d.csv").write_text(f"a,b,kind\n{rows}\n")
    data, run, start = str(tmp_path / "d.csv"), str(tmp_path / "run"), CliRunner().invoke
    asked = [
        "--target",
        "kind",
        "--cost",
        "bird>dog=9,cat=3,dog>cat=0.5",
        "--epochs",
        "3",
        "--quick",
    ]
    done = start(cli, ["train", data, *asked, "--out", run, "--no-report"])
    assert done.exit_code == 0, done.output
    assert "mean cost" in done.output
    facts = json.loads(start(cli, ["predict", run, data, "--json"]).stdout)
    assert facts["costs"] == [[*row] for row in COSTS]
    for one in facts["predictions"]:
        p = np.array([[one["probabilities"][name] for name in NAMES]])
        expected = (p @ np.array(COSTS))[0]
        assert expected[NAMES.index(one["answer"])] <= expected.min() + 1e-4
    assert (
        "answers of the lowest expected cost; a wrong one"
        in start(cli, ["predict", run, data]).stdout
    )
    measured = json.loads(start(cli, ["evaluate", run, data, "--json"]).stdout)
    assert measured["mean_cost"] < measured["baseline_mean_cost"]
