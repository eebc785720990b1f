"""Thresholds by the costs of errors, and the mean cost of answers."""

import json
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import cli
from plainnet.errors import DataError, ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.metrics.classification import ClassificationEvaluation, evaluate_probabilities
from plainnet.metrics.metrics import wilson_interval
from plainnet.models import Recipe, load_any
from plainnet.models.classes import Classes
from plainnet.models.cross_validation import cross_validate, pool
from plainnet.models.samples import make_dataset
from plainnet.network import Array
from plainnet.reports.card import card_text
from plainnet.reports.evaluation_text import evaluation_text
from plainnet.reports.report_data import Report
from plainnet.reports.report_page import report_html

SETTINGS: dict[str, Any] = {"hidden": (8,), "epochs": 15, "seed": 1}


def unclear(n: int, seed: int) -> tuple[Array, Array]:
    """Samples of `ill` and `well`, whose probability is known: σ(2 x − 1)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)).astype(np.float32)
    return X, np.where(rng.random(n) < 1 / (1 + np.exp(1 - 2 * X[:, 0])), "well", "ill")


@pytest.fixture(scope="module")
def trained() -> Classifier:
    costs = {"fn": 5, "fp": 1}
    return Classifier(**SETTINGS, cost=costs, positive="ill").fit(*unclear(600, 0))


def cost_of(answers: Array, y: Array) -> float:
    """The mean cost where it is 5 to overlook an illness, and 1 to suspect one."""
    return float(np.mean(np.where(answers == y, 0, np.where(y == "ill", 5, 1))))


def test_the_cheaper_answer_is_given(trained: Classifier) -> None:
    assert trained.threshold == pytest.approx(5 / 6)  # "well" only if P ≥ 5 / 6
    X, y = unclear(5000, 1)
    measured = trained.evaluate(X, y)
    score = measured.scores()[0]
    assert score.key == "mean_cost"
    assert score.value == pytest.approx(cost_of(trained.predict(X), y))
    P = trained.predict_proba(X)[:, 1]
    costs = [cost_of(np.where(t <= P, "well", "ill"), y) for t in np.linspace(0, 1.01, 102)]
    assert score.value <= 1.1 * min(costs)
    assert score.value < 0.8 * cost_of(np.where(P >= 0.5, "well", "ill"), y)
    always = [cost_of(np.full(5000, name), y) for name in ("ill", "well")]
    assert score.baseline == pytest.approx(min(always))
    assert score.beats_baseline
    assert measured.baseline_class == "ill"
    assert measured.baseline_accuracy == pytest.approx((y == "ill").mean())


@pytest.mark.parametrize("positive", [None, "ill", "well"])
def test_the_positive_class_says_which_error_is_which(positive: str | None) -> None:
    X, y = unclear(60, 0)
    made = Classifier(hidden=(4,), epochs=1, cost={"fn": 9, "fp": 1}, positive=positive).fit(X, y)
    assert made.threshold == pytest.approx(0.9 if positive == "ill" else 0.1)
    assert isinstance(made.answers, Classes)
    answer = next(name for name in made.classes if name != (positive or "well"))
    wrong = evaluate_probabilities(
        np.array([0, 1]),
        np.eye(2)[[made.classes.index(answer)] * 2],
        made.classes,
        costs=made.answers.costs,
    )
    assert wrong.scores()[0].value == pytest.approx(9 / 2)  # one false negative of two samples


def test_the_mean_cost_and_its_interval_by_hand() -> None:
    y = np.repeat([0, 1], [60, 40])
    answers = np.r_[np.repeat([0, 1], [50, 10]), np.repeat([0, 1], [5, 35])]
    made = evaluate_probabilities(y, np.eye(2)[answers], ("no", "yes"), costs=(1.0, 8.0))
    score = made.scores()[0]
    assert score.value == pytest.approx(0.1 * 1 + 0.05 * 8)
    assert score.baseline == pytest.approx(0.6)  # always yes: 60 errors of cost 1
    (l0, u0), (l1, u1) = wilson_interval(10, 100), wilson_interval(5, 100)
    low, high = score.interval or (0, 0)
    assert low == pytest.approx(0.5 - sqrt((0.1 - l0) ** 2 + (8 * (0.05 - l1)) ** 2))
    assert high == pytest.approx(0.5 + sqrt((u0 - 0.1) ** 2 + (8 * (u1 - 0.05)) ** 2))
    twice = evaluate_probabilities(
        y, np.eye(2)[answers], ("no", "yes"), weights=np.full(100, 2.0), costs=(1.0, 8.0)
    )
    assert twice.scores()[0].interval == pytest.approx(score.interval)
    right = evaluate_probabilities(y, np.eye(2)[y], ("no", "yes"), costs=(1.0, 8.0)).scores()[0]
    assert right.interval is not None
    assert right.value == right.interval[0] == 0 < right.interval[1]


def test_the_interval_holds_the_true_cost_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(0), 0
    for _ in range(1000):  # 80 samples, of which 6 % are overlooked and 12 % suspected
        kinds = rng.multinomial(80, [0.06, 0.12, 0.82])
        y = np.repeat([1, 0, 0], kinds)
        answers = np.repeat([0, 1, 0], kinds)
        if len({*y}) < 2:
            continue
        made = evaluate_probabilities(y, np.eye(2)[answers], ("no", "yes"), costs=(1.0, 5.0))
        low, high = made.scores()[0].interval or (0, 0)
        hits += low <= 0.06 * 5 + 0.12 <= high
    assert 930 <= hits <= 985


@pytest.mark.parametrize(
    ("wrong", "kind", "shown"),
    [
        (0, "good", "Better than always answering “yes”, which would cost 0.6 on average"),
        (60, "bad", "Not shown to be better than always answering “yes”: that would cost 0.6"),
        (-1, "bad", "Worse than always answering “yes”"),
    ],
)
def test_the_verdict_is_about_the_cost(wrong: int, kind: str, shown: str) -> None:
    y = np.repeat([0, 1], [60, 40])
    answers = 1 - y if wrong < 0 else np.where(np.arange(100) < wrong, 1, y)
    made = evaluate_probabilities(y, np.eye(2)[answers], ("no", "yes"), costs=(1.0, 8.0))
    assert made.verdict()[0] == kind
    assert shown in made.verdict()[1]


def test_costs_are_in_the_file_and_shown_everywhere(trained: Classifier, tmp_path: Path) -> None:
    X, y = unclear(300, 2)
    trained.save(tmp_path / "m.safetensors")
    again = Classifier.load(tmp_path / "m.safetensors")
    assert again.answers == trained.answers
    assert np.array_equal(again.predict(X), trained.predict(X))
    measured = trained.evaluate(X, y)
    stored = ClassificationEvaluation.from_dict(measured.to_dict())
    assert stored.to_dict() == measured.to_dict() == again.evaluate(X, y).to_dict()
    trained.quality = {"test": measured.to_dict()}
    data = make_dataset(X, y)
    shown = {
        "text": evaluation_text(measured, "test"),
        "page": report_html(Report.of("a run", trained, data, part="test")),
        "card": card_text("a run", trained),
    }
    trained.quality = {}
    for where, text in shown.items():
        assert "mean cost" in text.lower(), where
        assert measured.scores()[0].text in text, where
    assert "5 where “ill” is right and 1 where “well” is" in shown["page"]


def test_the_commands_take_and_show_costs(tmp_path: Path) -> None:
    X, y = unclear(300, 0)
    table = "\n".join(f"{a:.6f},{b:.6f},{c}" for (a, b), c in zip(X.tolist(), y, strict=True))
    (tmp_path / "d.csv").write_text(f"a,b,state\n{table}\n")
    asked = ["--target", "state", "--epochs", "9", "--cost", "fn=5,fp=1", "--positive", "ill"]
    run, run_cli = str(tmp_path / "run"), CliRunner().invoke
    done = run_cli(cli, ["train", str(tmp_path / "d.csv"), *asked, "--out", run, "--no-report"])
    assert done.exit_code == 0, done.output
    assert "mean cost" in done.output
    done = run_cli(cli, ["evaluate", run, str(tmp_path / "d.csv"), "--json"])
    facts = json.loads(done.stdout)
    assert facts["costs"] == [5, 1]
    assert facts["mean_cost_interval_95"][0] <= facts["mean_cost"] <= facts["baseline_mean_cost"]
    done = run_cli(cli, ["predict", run, str(tmp_path / "d.csv"), "--json"])
    assert json.loads(done.stdout)["threshold"] == pytest.approx(5 / 6)
    done = run_cli(cli, ["cross-validate", str(tmp_path / "d.csv"), "--folds", "2", *asked])
    assert "mean cost" in done.output


def test_a_cross_validation_measures_the_cost() -> None:
    X, y = unclear(120, 0)
    data, like = make_dataset(X, y), Classifier(**SETTINGS, cost={"fn": 5, "fp": 1}, positive="ill")
    folds = [*cross_validate(data, like, 3)]
    pooled = pool(data, folds, like).scores()[0]
    each = [fold.evaluation.scores()[0].value for fold in folds]
    assert pooled.value == pytest.approx(np.mean(each))
    P = np.empty((120, 2))
    for fold in folds:
        P[fold.rows] = fold.A
    assert pooled.value == pytest.approx(cost_of(np.where(P[:, 1] >= 5 / 6, "well", "ill"), y))


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        ({"fn": 5}, "false negative and of a false positive"),
        ({"fn": 5, "fp": 1, "tp": 0}, "false negative and of a false positive"),
        (5, "false negative and of a false positive"),
        ({"fn": 0, "fp": 1}, "cost fn must be a number in"),
        ({"fn": 5, "fp": -1}, "cost fp must be a number in"),
        ({"fn": float("nan"), "fp": 1}, "cost fn must be a number in"),
    ],
)
def test_costs_that_are_none_are_refused(cost: Any, shown: str) -> None:
    with pytest.raises(SettingError, match=shown):
        Recipe(cost=cost)


def test_costs_are_for_two_classes_and_one_threshold() -> None:
    costs = {"fn": 5, "fp": 1}
    with pytest.raises(SettingError, match="give one of"):
        Recipe(cost=costs, recall=0.9)
    X = unclear(90, 0)[0]
    with pytest.raises(SettingError, match="for two classes, but there are 3"):
        Classifier(**SETTINGS, cost=costs).fit(X, np.arange(90) % 3)
    with pytest.raises(SettingError, match="positive class must be"):
        Classifier(**SETTINGS, cost=costs, positive="cat").fit(X, np.arange(90) % 2)
    with pytest.raises(SettingError, match=r"cost = .* is for classes"):
        Regressor(cost=costs)  # type: ignore[call-arg]


@pytest.mark.parametrize("costs", [[1.0], [1.0, 0.0], [1.0, "2"], "no", [1, 2, 3], 5])
def test_malformed_costs_in_files_are_refused(
    trained: Classifier, costs: Any, tmp_path: Path
) -> None:
    file = tmp_path / "m.safetensors"
    trained.save(file)
    network, metadata, tensors = read_model(file)
    write_model(file, network, {**metadata, "costs": costs}, tensors)
    with pytest.raises(ModelFileError, match="not a valid classifier"):
        load_any(file)
    stored = trained.evaluate(*unclear(50, 3)).to_dict()
    with pytest.raises(DataError, match="malformed"):
        ClassificationEvaluation.from_dict({**stored, "costs": costs})
    three = evaluate_probabilities(np.arange(3), np.eye(3), ("a", "b", "c")).to_dict()
    with pytest.raises(DataError, match="malformed"):
        ClassificationEvaluation.from_dict({**three, "costs": [1.0, 2.0]})
