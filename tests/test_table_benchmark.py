"""The benchmark of tables: how tables are cut, what is measured, and what the results come to."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

from benchmarks import table_splits  # noqa: E402
from benchmarks.table_fit import judge_classes, judge_quantity, measure  # noqa: E402
from benchmarks.table_methods import METHODS, Plainnet, Prepared  # noqa: E402
from benchmarks.table_runs import Run, excess, grid, ratio, read_runs, scores  # noqa: E402
from benchmarks.table_summary import geometric_text, mean_text, summary  # noqa: E402
from benchmarks.tables import measure as in_a_process  # noqa: E402
from benchmarks.tables import version_of  # noqa: E402


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small tables: `flowers` with three classes, one of them rare, and `houses`."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=400)
    kind = np.where(size > 0, "rose", "lily").astype(object)
    kind[:6] = "orchid"
    colour = rng.choice(["red", "white", "?"], size=400)
    days = pd.date_range("2024-01-01", periods=400).strftime("%Y-%m-%d")
    new = rng.random(400) > 0.5
    frames = {
        "flowers": pd.DataFrame({"size": size, "colour": colour, "kind": kind}),
        "houses": pd.DataFrame(
            {"area": size, "day": days, "new": new, "colour": colour, "price": 3 * size + new}
        ),
    }
    about = {
        "flowers": {"target": "kind", "task": "classification"},
        "houses": {"target": "price", "task": "regression"},
    }
    for name, frame in frames.items():
        (tmp_path / "tables" / name).mkdir(parents=True)
        frame.to_csv(tmp_path / "tables" / name / "data.csv", index=False)
    (tmp_path / "tables" / "tables.json").write_text(json.dumps(about), "utf-8")
    monkeypatch.setenv("PLAINNET_DATA", str(tmp_path))
    return tmp_path


def test_a_quarter_of_each_class_is_for_testing() -> None:
    split = table_splits.load("flowers", 0)
    assert (len(split.X_train), len(split.X_test), split.task) == (300, 100, "classification")
    whole = table_splits.read("flowers")[0]
    for name, count in whole["kind"].value_counts().items():
        assert (split.y_test == name).sum() == pytest.approx(count / 4, abs=1)
    assert "kind" not in split.X_train
    again = table_splits.load("flowers", 0)
    pd.testing.assert_frame_equal(split.X_train, again.X_train)
    assert not split.X_train.equals(table_splits.load("flowers", 1).X_train)


def test_no_row_is_in_both_parts_and_fewer_rows_are_a_part_of_all() -> None:
    train, test = table_splits.cut(20_000, None, 0)
    few, same_test = table_splits.cut(20_000, None, 0, rows=300)
    assert len(train) == table_splits.MOST_ROWS
    assert len(few) == 300
    assert {*few} < {*train}
    assert not {*train} & {*test}
    assert test.tolist() == same_test.tolist()


def test_missing_cells_are_read_as_missing() -> None:
    assert table_splits.read("flowers")[0]["colour"].isna().sum() > 50


def test_rows_of_a_class_that_was_not_learned_are_not_tested() -> None:
    split = table_splits.load("flowers", 0, rows=20)
    assert "orchid" not in {*split.y_train}
    assert {*split.y_test} == {"lily", "rose"}


def test_another_method_gets_dates_as_days_and_texts_as_known_categories() -> None:
    X = table_splits.load("houses", 0).X_train
    taken: dict[str, Any] = {}

    class Estimator:
        def fit(self, X: Any, y: Any, **options: Any) -> None:
            taken.update(fitted=X, **options)

        def predict(self, X: Any) -> Any:
            taken.update(asked=X)
            return np.zeros(len(X))

    model = Prepared(Estimator(), classes=False)
    model.fit(X, np.zeros(len(X)))
    assert taken["fitted"]["day"].between(19_723, 20_123).all()  # 2024-01-01 and 400 days
    assert {*taken["fitted"]["new"]} == {0, 1}
    assert [*taken["fitted"]["colour"].cat.categories] == ["red", "white"]
    model.answers(X.assign(colour="green"))
    assert taken["asked"]["colour"].isna().all()
    texts = Prepared(Estimator(), classes=False, texts=True)
    texts.fit(X, np.zeros(len(X)))
    assert taken["cat_features"] == ["colour"]
    assert {*taken["fitted"]["colour"]} == {"red", "white", "missing"}


def test_missing_numbers_become_the_median_of_training() -> None:
    taken = []

    class Estimator:
        def fit(self, X: Any, y: Any) -> None:
            taken.append(X)

        predict = fit

    model = Prepared(Estimator(), classes=False, filled=True)
    model.fit(pd.DataFrame({"a": [1.0, 2.0, 9.0, np.nan]}), np.zeros(4))
    assert taken[0]["a"].tolist() == [1, 2, 9, 2]


def test_scores_of_classes() -> None:
    P = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]])
    figures, losses = judge_classes(P, np.array([0, 0, 1, 1]))
    assert figures["accuracy"] == 0.5
    assert figures["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.2]).mean())
    assert figures["auc"] == 0.75
    assert losses[:, 0].tolist() == [0, 1, 0, 1]
    assert losses[:, 1].mean() == pytest.approx(figures["log_loss"])


def test_the_auc_of_more_classes_is_the_mean_over_those_that_are_there() -> None:
    P = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.2, 0.7, 0.1]])
    assert judge_classes(P, np.array([0, 1, 0, 1]))[0]["auc"] == 1


@pytest.mark.parametrize("wrong", [[[0.5, 0.6]], [[-0.1, 1.1]], [[np.nan, 1]], [[1.0]]])
def test_what_is_no_probability_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="Expected"):
        judge_classes(np.array(wrong), np.array([1]))


def test_scores_of_a_quantity() -> None:
    figures, losses = judge_quantity(np.array([1.0, 2, 3]), np.array([1.0, 2, 6]))
    assert figures["rmse"] == pytest.approx(3**0.5)
    assert losses.tolist() == [[0], [0], [9]]
    with pytest.raises(ValueError, match="finite"):
        judge_quantity(np.array([np.inf]), np.array([1.0]))


@pytest.mark.parametrize("table", ["flowers", "houses"])
def test_the_linear_baseline_from_the_file_to_its_scores(table: str) -> None:
    found, losses = measure("linear", table, 0, None)
    if table == "flowers":
        assert found["accuracy"] > 0.9
        assert losses.shape == (100, 2)
    else:
        assert found["rmse"] < 0.1
        assert losses.shape == (100, 1)
    assert found["fit"] > 0
    assert found["predict"] > 0


def test_our_probabilities_are_in_the_order_of_the_classes() -> None:
    X = pd.DataFrame({"x": np.linspace(-1, 1, 60)})
    y = np.repeat([2, 0, 1], 20)
    model = Plainnet(True, {"epochs": 100, "seed": 0, "learning_rate": 0.01})
    model.fit(X, y)
    P = model.answers(X)
    assert P.shape == (60, 3)
    assert (P.argmax(axis=1) == y).mean() > 0.9


def run(method: str = "catboost", split: int = 0, version: str = "1", **content: Any) -> Run:
    key = {"method": method, "version": version, "table": "flowers", "split": split, "rows": None}
    return Run({**key, "task": "classification", "fit": 1.0, "predict": 0.01, **content})


def test_only_the_latest_version_counts_and_no_failure() -> None:
    runs = [
        run(accuracy=0.5),
        run(accuracy=0.8, version="2"),
        run(version="2", split=1, failed="no answer"),
    ]
    assert scores(grid(runs, None)["catboost"]["flowers"], "accuracy") == {0: 0.8}
    assert grid(runs, 300) == {}


def test_a_ratio_takes_the_splits_that_both_have() -> None:
    ours = [run(accuracy=0.9), run(accuracy=0.7, split=1), run(accuracy=0.1, split=2)]
    others = [run(accuracy=0.8), run(accuracy=0.6, split=1)]
    assert ratio(ours, others, "error") == pytest.approx(0.4 / 0.6)
    assert ratio(ours, [], "error") is None


def test_the_excess_counts_standard_errors_of_the_difference(tmp_path: Path) -> None:
    ours, other = run("linear"), run("catboost")
    rng = np.random.default_rng(1)
    losses = rng.normal(size=(2, 500, 2))
    losses[0, :, 1] += 1
    for each, values in zip((ours, other), losses, strict=True):
        path = each.losses_file(tmp_path)
        path.parent.mkdir(exist_ok=True)
        np.save(path, values)
    found = excess([ours], [other], tmp_path)
    D = losses[0] - losses[1]
    expected = D.mean(axis=0) / (D.std(axis=0, ddof=1) / 500**0.5)
    assert [found["error"], found["log_loss"]] == pytest.approx(expected.tolist())
    assert found["log_loss"] > 10
    assert excess([ours], [ours], tmp_path) == {"error": 0, "log_loss": 0}
    assert excess([run("linear", split=2)], [other], tmp_path) == {}
    assert ours.losses_file(tmp_path) != run("linear", split=1).losses_file(tmp_path)


def test_the_texts_of_figures() -> None:
    assert mean_text([0.5, 0.7]) == "0.600 ± 0.100"
    assert mean_text([12345.0]) == "12345"
    assert mean_text([]) == "–"
    assert geometric_text([0.5, 2.0]).startswith("1.000 (0.50–2.00)")


def test_the_summary_of_a_file_of_results(tmp_path: Path) -> None:
    runs = [
        run(accuracy=0.8, log_loss=0.5, auc=0.9),
        run("linear", accuracy=0.7, log_loss=0.6, auc=0.8, fit=0.5),
        run("tabm", failed="no answer in 600 s"),
    ]
    lines = [json.dumps(each.content) for each in runs]
    (tmp_path / "results.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    text = summary(read_runs(tmp_path), tmp_path)
    linear = METHODS["linear"].title
    assert f"| {linear} | 1.500 (1.50–1.50) | 1.200 (1.20–1.20) | – | 1 |" in text
    assert f"| {linear} | 0.700 |" in text
    assert f"| {linear} | 0.50 s | 0.5 s | 0.5 | 0.5 | 10 ms | 10 ms |" in text
    assert "tabm 1 flowers 0: no answer in 600 s" in text


def test_our_version_has_a_digest_of_the_source() -> None:
    assert len((version_of("plainnet") or "").partition("+")[2]) == 8
    assert version_of("a-package-that-is-not-there") is None


def test_a_fit_in_a_process_of_its_own(tmp_path: Path) -> None:
    found = in_a_process("linear", "houses", 0, 100, losses=tmp_path / "a" / "b.npy", limit=60)
    assert found["learned"] == 100
    assert np.load(tmp_path / "a" / "b.npy").shape == (100, 1)
    unknown = in_a_process("linear", "castles", 0, None, losses=tmp_path / "c.npy", limit=60)
    assert unknown == {"failed": "KeyError: 'castles'"}
    late = in_a_process("linear", "houses", 0, None, losses=tmp_path / "d.npy", limit=0)
    assert late == {"failed": "no answer in 0 s"}
