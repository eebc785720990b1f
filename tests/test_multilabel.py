"""Yes or no to several targets: each with its own classes, threshold and scores."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from plainnet import Classifier
from plainnet.cli.command_line import cli
from plainnet.data import spread_folds, spread_split
from plainnet.errors import DataError, ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.metrics.multilabel import MultilabelEvaluation
from plainnet.metrics.selective import Reliability
from plainnet.models import Checkpoint, load_any
from plainnet.models.cross_validation import cross_validate, pool
from plainnet.models.multilabel import Multilabel
from plainnet.models.refusal import Refusal
from plainnet.network import Array, SigmoidCrossEntropy
from plainnet.reports.report_data import Report
from plainnet.reports.report_page import report_html
from plainnet.training import logits

SMALL: dict[str, Any] = {"hidden": (16,), "epochs": 25, "ensemble": 2, "seed": 1}
NAMES = ("late", "big", "north")


def labelled(n: int, seed: int = 0) -> tuple[Array, Array]:
    """Three targets, each of its own feature; the last is yes for one in seven."""
    X = np.random.default_rng(seed).normal(size=(n, 3))
    return X, (np.array([0.0, -0.3, 1.1]) < X).astype(int)


X, Y = labelled(300)
X_NEW, Y_NEW = labelled(200, 1)


def columns(n: int = 200, seed: int = 0) -> dict[str, list[Any]]:
    """The same as a table, with classes of different types."""
    X, Y = labelled(n, seed)
    table: dict[str, list[Any]] = {name: X[:, i].tolist() for i, name in enumerate("abc")}
    table["late"] = np.array(["no", "yes"])[Y[:, 0]].tolist()
    table["big"] = Y[:, 1].astype(bool).tolist()
    return table | {"north": Y[:, 2].tolist()}


@pytest.fixture(scope="module")
def trained() -> Classifier:
    return Classifier(**SMALL).fit(X, Y)


@pytest.fixture(scope="module")
def of_table() -> Classifier:
    return Classifier(**SMALL).fit(columns(), target=[*NAMES])


def test_answers_are_withheld_target_by_target(trained: Classifier, tmp_path: Path) -> None:
    wrong = 0.03
    answers = trained.predict(X_NEW, unsure=wrong)
    withheld = np.array([[a is None for a in row] for row in answers])
    assert withheld.any(axis=0).all()
    assert (withheld.sum(axis=1) == 1).any()
    assert (answers[~withheld] == trained.predict(X_NEW)[~withheld]).all()
    p = np.maximum(trained.predict_proba(X_NEW), 1 - trained.predict_proba(X_NEW))
    for i in range(3):  # as the confidence says
        assert p[withheld[:, i], i].max() < p[~withheld[:, i], i].min()
        assert (answers[~withheld[:, i], i] != Y_NEW[~withheld[:, i], i]).mean() < wrong
    trained.save(tmp_path / "m.safetensors")
    loaded = Classifier.load(tmp_path / "m.safetensors")
    assert (loaded.predict(X_NEW, unsure=wrong) == answers).all()
    never = Refusal((Reliability(50, (0.5,), (0.9,)),) * 2)
    with pytest.raises(SettingError, match="Of the target 'late': Even of the most"):
        never.least(wrong, NAMES[:2])


def test_a_refusal_of_other_targets_is_not_read(trained: Classifier, tmp_path: Path) -> None:
    trained.save(path := tmp_path / "m.safetensors")
    network, metadata, tensors = read_model(path)
    metadata["refusal"]["targets"].pop()
    write_model(path, network, metadata, tensors)
    with pytest.raises(ModelFileError, match="withholds answers to 2 targets"):
        Classifier.load(path)


def test_the_command_withholds_answers(trained: Classifier, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.safetensors")
    np.save(tmp_path / "x.npy", X_NEW[:50])
    answers = trained.predict(X_NEW[:50], unsure=0.03)
    words = ["predict", str(tmp_path / "m.safetensors"), str(tmp_path / "x.npy")]
    shown = CliRunner().invoke(cli, [*words, "--unsure", "0.03"]).output
    n = int(np.array([[a is None for a in row] for row in answers]).sum())
    assert f"? unsure: {n}, answers as confident" in shown
    assert shown.count("? unsure") == n + 1
    facts = json.loads(CliRunner().invoke(cli, [*words, "--unsure", "0.03", "--json"]).stdout)
    text = CliRunner().invoke(cli, [*words, "--unsure", "0.03", "--csv", "-"]).stdout
    rows = csv.DictReader(text.splitlines())
    for row, given, right in zip(rows, facts["predictions"], answers.tolist(), strict=True):
        wanted = [None if a is None else str(a) for a in right]
        assert [*given["answer"].values()] == wanted
        reasons = {name: "unsure" for name, a in given["answer"].items() if a is None}
        assert given.get("withheld", {}) == reasons
        assert [row[name] or None for name in given["answer"]] == wanted
        assert {n: row[f"{n} withheld"] for n in given["answer"] if row[f"{n} withheld"]} == reasons


def test_each_column_is_the_answer_to_its_own_target(trained: Classifier) -> None:
    answers = trained.predict(X_NEW)
    assert answers.dtype == np.int64
    assert answers.shape == (200, 3)
    assert ((answers == Y_NEW).mean(axis=0) > 0.9).all()
    P = trained.predict_proba(X_NEW)
    assert ((P >= 0.5) == (answers == 1)).all()
    order = [2, 0, 1]
    turned = Classifier(**SMALL).fit(X, Y[:, order])
    assert ((turned.predict(X_NEW) == Y_NEW[:, order]).mean(axis=0) > 0.9).all()


def test_probabilities_are_those_of_independent_targets(trained: Classifier) -> None:
    P = trained.predict_proba(X_NEW)
    for i in range(3):
        mean = P[:, i].mean()
        assert mean == pytest.approx(Y_NEW[:, i].mean(), abs=0.06)
    A = trained.mean_answers(X_NEW)
    np.testing.assert_allclose(A.sum(axis=2), 1, rtol=1e-6)


def test_the_loss_is_the_mean_over_the_targets(trained: Classifier) -> None:
    raw = trained.inputs.raw(X_NEW)
    Z = logits(trained.network, raw, prepare=trained.preprocessing)
    data = trained.answers.dataset(raw, Y_NEW)
    J = trained.loss.value_and_grad(Z, trained.answers.targets(data))[0]
    each = [
        SigmoidCrossEntropy().value_and_grad(Z[:, [i]], Y_NEW[:, [i]].astype(float))[0]
        for i in range(3)
    ]
    assert pytest.approx(np.mean(each), rel=1e-5) == J


def test_scores_of_each_target_and_of_all(trained: Classifier) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    A, P = trained.predict(X_NEW), trained.predict_proba(X_NEW)
    w = np.random.default_rng(2).integers(0, 4, len(X_NEW))
    for weights in (None, w):
        found = trained.evaluate(X_NEW, Y_NEW, weights=weights)
        assert isinstance(found, MultilabelEvaluation)
        of = {"sample_weight": weights}
        assert found.hamming_loss == pytest.approx(metrics.hamming_loss(Y_NEW, A, **of))
        assert found.accuracy == pytest.approx(metrics.accuracy_score(Y_NEW, A, **of))
        assert found.mean_f1 == pytest.approx(metrics.f1_score(Y_NEW, A, average="macro", **of))
        micro = metrics.f1_score(Y_NEW, A, average="micro", **of)
        assert found.f1[1] == pytest.approx(micro)
        assert found.roc_auc == pytest.approx(metrics.roc_auc_score(Y_NEW, P, **of))
        each = [metrics.log_loss(Y_NEW[:, i], P[:, i].astype(float), **of) for i in range(3)]
        assert found.log_loss == pytest.approx(np.mean(each), rel=1e-4)
        assert found.names == trained.targets == ("y 0", "y 1", "y 2")
        stored = json.loads(json.dumps(found.to_dict()))
        assert MultilabelEvaluation.from_dict(stored).to_dict() == found.to_dict()
        hamming, subset = found.scores()[:2]
        assert hamming.beats_baseline
        assert subset.beats_baseline
    assert trained.score(X_NEW, Y_NEW) == metrics.accuracy_score(Y_NEW, A)
    assert found.verdict().kind == "good"


def test_the_file_holds_every_target_in_its_place(of_table: Classifier, tmp_path: Path) -> None:
    of_table.save(tmp_path / "m.safetensors")
    again, new = load_any(tmp_path / "m.safetensors"), columns(50, 3)
    assert (again.predict(new) == of_table.predict(new)).all()
    assert again.answers == of_table.answers
    network, metadata, tensors = read_model(tmp_path / "m.safetensors")
    first, *others = metadata["targets"]
    wrong: list[Any] = [[], [first], [first, *others, first], others, [1, 2, 3]]
    wrong += [[{**first, "classes": ["a"]}, *others], [{**first, "more": 1}, *others]]
    for targets in wrong:
        changed = {**metadata, "targets": targets}
        write_model(tmp_path / "c.safetensors", network, changed, tensors)
        with pytest.raises(ModelFileError):
            load_any(tmp_path / "c.safetensors")


def test_answers_have_the_type_of_the_labels(of_table: Classifier) -> None:
    answers = of_table.predict(columns(3, 3))
    assert [type(one) for one in answers[0]] == [str, bool, int]
    assert of_table.targets == NAMES
    with pytest.raises(SettingError, match="late, big, north"):
        _ = of_table.classes
    whole = Classifier(**SMALL | {"epochs": 1}).fit(X, Y.astype(bool))
    assert whole.predict(X_NEW).dtype == bool


def test_targets_are_found_by_name(of_table: Classifier) -> None:
    new = columns(100, 3)
    found = of_table.evaluate(new).to_dict()
    assert of_table.evaluate(dict(reversed(new.items()))).to_dict() == found
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(new)
    turned = of_table.evaluate(frame, frame[[*NAMES[::-1]]])
    assert turned.to_dict() == found
    some = {name: values[:30] for name, values in new.items()}
    some["north"] = [0] * 30  # a class is missing
    assert of_table.evaluate(some).names == NAMES
    with pytest.raises(DataError, match="maybe"):
        of_table.evaluate({**some, "late": ["maybe", *some["late"][1:]]})


def test_a_training_resumes_to_the_bit(tmp_path: Path) -> None:
    whole = Classifier(**SMALL | {"epochs": 4}).fit(X, Y)
    for _ in Classifier(**whole.get_params()).fit_epochs(
        X, Y, checkpoint=Checkpoint(tmp_path / "c", minutes=0)
    ):
        break
    for other in (Y[:, ::-1], np.where(Y == 1, "yes", "no")):
        with pytest.raises(DataError):
            Classifier(**whole.get_params()).fit_epochs(
                X, other, checkpoint=Checkpoint(tmp_path / "c", resume=True)
            )
    again = Classifier(**whole.get_params())
    for _ in again.fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    assert (again.predict_proba(X_NEW) == whole.predict_proba(X_NEW)).all()


def test_thresholds_are_those_of_each_target(trained: Classifier) -> None:
    careful = Classifier(**SMALL, recall=0.98).fit(X, Y)
    assert len({*careful.thresholds.values()}) == 3
    assert careful.validation is not None
    right, answers = careful.validation.y, careful.predict(careful.validation)
    assert (answers[right == 1].reshape(-1).mean()) > 0.97
    priced = Classifier(**SMALL | {"epochs": 1}, cost={"fn": 4, "fp": 1}).fit(X, Y)
    assert [*priced.thresholds.values()] == [0.2] * 3
    moved = Classifier(**SMALL | {"epochs": 1}).fit(X, Y)
    moved.thresholds = {"y 1": 0.9}
    assert [*moved.thresholds.values()] == [0.5, 0.9, 0.5]
    assert (moved.predict(X)[:, 1] == (moved.predict_proba(X)[:, 1] >= 0.9)).all()
    for wrong in ({"y": 0.5}, {"y 1": 2.0}):
        with pytest.raises(SettingError):
            moved.thresholds = wrong


def test_costs_come_first_and_say_which_constant_answers_are_best() -> None:
    model = Classifier(**SMALL, cost={"fn": 9, "fp": 1}).fit(X, Y)
    measured = model.evaluate(X_NEW, Y_NEW)
    assert isinstance(measured, MultilabelEvaluation)
    score, hamming, subset, *_ = measured.scores()
    cost = np.where(Y_NEW == 1, 9, 1) * (model.predict(X_NEW) != Y_NEW)
    assert score.key == "mean_cost"
    assert score.value == pytest.approx(cost.mean())
    low, high = score.interval or (0, 0)
    away = 1.96 * cost.mean(axis=1).std() / np.sqrt(199)
    wanted = [max(cost.mean() - away, 0.0), cost.mean() + away]
    assert [low, high] == pytest.approx(wanted, rel=1e-3)
    always = [min(9 * y.mean(), 1 - y.mean()) for y in Y_NEW.T]
    constant = np.array([int(9 * y.mean() > 1 - y.mean()) for y in Y_NEW.T])
    assert score.baseline == pytest.approx(np.mean(always))
    assert hamming.baseline == pytest.approx((constant != Y_NEW).mean())
    assert subset.baseline == pytest.approx((constant == Y_NEW).all(axis=1).mean())
    assert "cheapest classes, which would cost" in measured.verdict().text
    stored = json.loads(json.dumps(measured.to_dict()))
    assert MultilabelEvaluation.from_dict(stored).to_dict() == measured.to_dict()


def test_an_explanation_is_of_one_target(trained: Classifier) -> None:
    for i, name in enumerate(trained.targets):
        found: Any = trained.explain(X_NEW[0], of=name)
        assert (found.of, found.answer) == (name, str(trained.predict(X_NEW[:1])[0, i]))
        assert found.columns[0] == f"feature {i}"
    found = trained.importance(X_NEW, Y_NEW)
    assert [score.key for score in found.columns[0].scores] == [
        "log_loss_rise",
        "hamming_loss_rise",
    ]
    assert all(one.matters for one in found.columns)
    (curve,) = trained.partial_dependence("feature 1", X_NEW)
    assert curve.names == trained.targets
    rise = curve.mean[-1] - curve.mean[0]
    assert rise[1] > 0.8 > abs(rise[[0, 2]]).max()


def test_every_sample_is_predicted_once_in_cross_validation() -> None:
    data = Multilabel.dataset(X[:120], Y[:120])
    like = Classifier(**SMALL | {"epochs": 8})
    folds = [*cross_validate(data, like, 3)]
    found = pool(data, folds, like)
    assert isinstance(found, MultilabelEvaluation)
    assert found.n == 120
    assert {len(fold.rows) for fold in folds} == {40}


@pytest.mark.parametrize("seed", range(5))
def test_every_class_is_spread_over_the_folds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = (rng.random((200, 4)) < [0.5, 0.9, 0.1, 0.03]).astype(int)
    folds = spread_folds(y, 5, rng)
    assert sorted(np.concatenate(folds)) == [*range(200)]
    counts = np.array([y[rows].sum(axis=0) for rows in folds])
    assert (np.ptp(counts[:, [3]], axis=0) <= 1).all()  # the rarest
    assert (np.ptp(counts, axis=0) <= 4).all()
    kept, held = spread_split(y, 0.2, rng)
    assert len(held) == 40
    assert sorted([*kept, *held]) == [*range(200)]
    assert abs(y[held].mean(axis=0) - y.mean(axis=0)).max() < 0.06


def test_data_and_settings_that_do_not_fit() -> None:
    with pytest.raises(SettingError, match="class_weight"):
        Classifier(**SMALL, class_weight="balanced").fit(X, Y)
    with pytest.raises(DataError, match="'y 1', but several targets need two each"):
        Classifier(**SMALL).fit(X, np.stack([Y[:, 0], np.arange(300) % 3], axis=1))
    with pytest.raises(DataError, match="only one class"):
        Classifier(**SMALL).fit(X, np.stack([Y[:, 0], Y[:, 0] * 0], axis=1))
    with pytest.raises(DataError, match=r"single 1 .*y\.argmax\(axis=1\)"):
        Classifier(**SMALL).fit(X, np.eye(3)[Y.sum(axis=1) % 3])
    alone = Classifier(**SMALL | {"epochs": 1}).fit(X, Y[:, 0])
    with pytest.raises(DataError, match="predicts one"):
        alone.evaluate(X, Y)
    with pytest.raises(SettingError, match="cannot say when it is unsure"):
        Classifier(**SMALL | {"epochs": 1, "validation_share": 0, "ensemble": 1}).fit(X, Y).predict(
            X, unsure=0.1
        )


@pytest.mark.parametrize("numbers", [False, True])
def test_the_onnx_file_answers_every_target(
    of_table: Classifier, tmp_path: Path, numbers: bool
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    from plainnet.export import export_onnx, verify_onnx

    export_onnx(of_table, tmp_path / "m.onnx", numbers=numbers)
    verified = verify_onnx(tmp_path / "m.onnx")
    assert verified.sound
    assert verified.network < 1e-6
    session, new = onnxruntime.InferenceSession(tmp_path / "m.onnx"), columns(20, 5)
    fed = {one.name: np.array(new[one.name])[:, None] for one in session.get_inputs()}
    P, labels = session.run(["probabilities", "label"], fed)
    np.testing.assert_allclose(P, of_table.predict_proba(new), atol=1e-6)
    wanted = of_table.predict(new)
    if numbers:
        assert (labels == of_table.answers.choose(of_table.mean_answers(new))).all()
    else:
        assert labels.tolist() == [[str(one) for one in row] for row in wanted]


def test_the_page_shows_every_target(of_table: Classifier) -> None:
    assert of_table.validation is not None
    page = report_html(Report.of("a run", of_table, of_table.validation, part="validation"))
    for name in NAMES:
        assert f"<h2>{name}</h2>" in page
    assert page.count("Confusion matrix</h3>") == 3


def test_pictures_can_have_several_labels() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (60, 2))
    pictures = rng.integers(0, 100, (60, 8, 8, 1), np.uint8)
    pictures[:, :4] += (100 * y[:, :1, None, None]).astype(np.uint8)
    pictures[:, 4:] += (100 * y[:, 1:, None, None]).astype(np.uint8)
    how: dict[str, Any] = {"network": "dense", "augment": {"mix_up": 0.1}, "seed": 1}
    how |= {"normalization": "none", "learning_rate": 0.01, "dropout": 0.0}
    made = Classifier(hidden=(16,), epochs=60, **how).fit(pictures, y)
    assert (made.predict(pictures) == y).mean() > 0.9
    assert made.resolved_recipe.class_weight == "none"


def test_a_server_answers_every_target(of_table: Classifier) -> None:
    pytest.importorskip("starlette")
    from plainnet.serving.served import LoadedModel

    loaded, A = LoadedModel(of_table, "1"), of_table.mean_answers(columns(4))
    answer, probabilities = loaded.outputs(A)
    assert (answer.shape, answer.datatype) == ((4, 3), "BYTES")
    np.testing.assert_array_equal(probabilities.values, A[:, :, 1])
    first = loaded.predictions(A)[0]
    assert first["answer"]["late"] in ("yes", "no")
    assert [*first["probabilities"]["late"]] == ["no", "yes"]
    facts = loaded.metadata("m")
    assert facts["targets"] == [*NAMES]
    assert facts["classes"][0] == ["no", "yes"]
    assert [one["shape"] for one in facts["outputs"]] == [[-1, 3], [-1, 3]]


def test_the_estimator_with_a_preset() -> None:
    pytest.importorskip("sklearn")
    from sklearn.model_selection import cross_val_predict

    from plainnet.sklearn import PlainNetClassifier

    how: dict[str, Any] = {"hidden_layer_sizes": (16,), "max_iter": 25, "random_state": 1}
    made = PlainNetClassifier(preset="tabular-quick", **how).fit(X, Y)
    assert made.predict(X_NEW).shape == made.predict_proba(X_NEW).shape == (200, 3)
    assert made.score(X_NEW, Y_NEW) > 0.75
    assert made.classes_.tolist() == [0, 1, 2]
    assert (cross_val_predict(made, X, Y, cv=3) == Y).mean() > 0.9
    assert made.fit(X, Y[:, 0]).classes_.tolist() == [0, 1]


def plainnet(*words: object) -> str:
    """Run a command, and return its output."""
    done = CliRunner().invoke(cli, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_commands(tmp_path: Path) -> None:
    table, run = columns(80), tmp_path / "run"
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*table], *zip(*table.values(), strict=True)])
    quick = ("--epochs", 5, "--hidden", 8, "--quick", "--recall", 0.9, "--out", run)
    plainnet("train", tmp_path / "t.csv", "--target", "late,big", "--target", "north", *quick)
    model = load_any(run)
    assert isinstance(model, Classifier)
    P = model.predict_proba(tmp_path / "t.csv")
    header, *rows = csv.reader(
        plainnet("predict", run, tmp_path / "t.csv", "--csv", "-").splitlines()
    )
    assert header[2:] == [text for name in NAMES for text in (name, f"{name} probability")]
    np.testing.assert_allclose(np.array(rows)[:, 3::2].astype(float), P, atol=1e-6)
    facts = json.loads(plainnet("predict", run, tmp_path / "t.csv", "--json"))
    assert facts["thresholds"] == model.thresholds
    first = facts["predictions"][0]
    assert first["answer"]["late"] in ("yes", "no")
    assert first["probabilities"]["late"]["yes"] == pytest.approx(P[0, 0], abs=1e-6)
    assert "late: yes from" in plainnet("predict", run, tmp_path / "t.csv")
    facts = json.loads(plainnet("evaluate", run, tmp_path / "t.csv", "--json"))
    assert [*facts["targets"]] == [*NAMES]
    assert "subset accuracy" in plainnet("evaluate", run, tmp_path / "t.csv")
    with (tmp_path / "one.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*table], [cells[0] for cells in table.values()]])
    assert "–" in plainnet("evaluate", run, tmp_path / "one.csv")
    shown = plainnet("explain", run, tmp_path / "t.csv", "--target", "big")
    assert "in the logit of big = " in shown
    assert "late" in plainnet("trace", run, tmp_path / "t.csv", "--line", 2)
    assert "late (no or yes)" in plainnet("summary", run)
    assert "late: yes from" in (run / "report.html").read_text()
    plainnet("export", run, "--card", tmp_path / "card.md")
    assert "| north |" in (tmp_path / "card.md").read_text()
    data = ("--target", "late,big,north", "--quick", "--epochs", 2, "--folds", 2)
    assert "Hamming" in plainnet("cross-validate", tmp_path / "t.csv", *data)
