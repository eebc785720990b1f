"""Several numbers at once: each in its own unit and under its own name, wherever answers go."""

import csv
import json
from itertools import permutations
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import cli
from plainnet.data import Dataset, TargetColumn
from plainnet.errors import DataError, ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.metrics.multi_regression import MultiRegressionEvaluation, evaluate_several
from plainnet.metrics.regression import evaluate_numbers
from plainnet.models import Checkpoint, load_any
from plainnet.models.cross_validation import cross_validate, pool
from plainnet.models.quantities import Quantities
from plainnet.models.quantity import Quantity
from plainnet.network import Array
from plainnet.reports.report_data import Report
from plainnet.reports.report_page import report_html, write_figures

UNITS = np.array([1e6, 1.0, 1e-4])
"""The spreads of the targets; the means differ as well."""
NAMES = ("value", "count", "share")
SMALL: dict[str, Any] = {"hidden": (16,), "epochs": 25, "ensemble": 2, "seed": 1}


def numbers(n: int, seed: int = 0) -> tuple[Array, Array]:
    """Three targets that depend on different features."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    Y = np.stack([X[:, 0], X[:, 1] + X[:, 2], X[:, 2] - X[:, 0]], axis=1)
    return X, (Y + rng.normal(0, 0.1, Y.shape) + [5.0, 0.0, -2.0]) * UNITS


X, Y = numbers(300)
X_NEW, Y_NEW = numbers(150, 1)


def columns(n: int = 200, seed: int = 0) -> dict[str, list[Any]]:
    X, Y = numbers(n, seed)
    table: dict[str, list[Any]] = {name: X[:, i].round(3).tolist() for i, name in enumerate("abc")}
    table["kind"] = np.array(["x", "y"])[(X[:, 0] > 0).astype(int)].tolist()
    return table | {name: Y[:, i].tolist() for i, name in enumerate(NAMES)}


def write(path: Path, table: dict[str, list[Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return path


def read(path: Path) -> dict[str, list[Any]]:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


@pytest.fixture(scope="module")
def trained() -> Regressor:
    return Regressor(**SMALL).fit(X, Y)


@pytest.fixture(scope="module")
def of_table() -> Regressor:
    return Regressor(**SMALL).fit(columns(), target=[*NAMES])


def relative_errors(A: Array, Y: Array) -> Array:
    errors: Array = np.sqrt(np.mean((A - Y) ** 2, axis=0)) / Y.std(axis=0)
    return errors


def test_each_column_is_the_answer_to_its_own_target(trained: Regressor) -> None:
    A = trained.predict(X_NEW)
    assert A.shape == Y_NEW.shape
    assert (relative_errors(A, Y_NEW) < 0.35).all()
    for order in permutations(range(3)):
        if order != (0, 1, 2):
            assert (relative_errors(A[:, order], Y_NEW) > 0.9).any()


def test_permuted_targets_have_permuted_answers() -> None:
    order = [2, 0, 1]
    made = Regressor(**SMALL).fit(X, Y[:, order])
    assert (relative_errors(made.predict(X_NEW), Y_NEW[:, order]) < 0.35).all()
    quantities = cast("tuple[Quantity, ...]", made.answers.parts)
    assert [part.mean for part in quantities] == pytest.approx(Y.mean(axis=0)[order])


def test_every_target_is_standardized_by_itself(trained: Regressor) -> None:
    quantities = cast("tuple[Quantity, ...]", trained.answers.parts)
    np.testing.assert_allclose([part.mean for part in quantities], Y.mean(axis=0))
    np.testing.assert_allclose([part.scale for part in quantities], Y.std(axis=0))
    assert trained.targets == ("y 0", "y 1", "y 2")
    with pytest.raises(SettingError, match="y 0, y 1, y 2"):
        _ = trained.scale


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)), min_size=2, max_size=5))
def test_outputs_and_targets_are_inverse_to_each_other(units: list[tuple[float, float]]) -> None:
    parts = tuple(Quantity(f"t{i}", mean, scale) for i, (mean, scale) in enumerate(units))
    answers = Quantities(tuple(part.name for part in parts), parts)
    Z = np.random.default_rng(0).normal(size=(7, len(units)))
    A = answers.from_outputs(Z.copy(), 1.0)
    np.testing.assert_allclose(A, Z * [s for _, s in units] + [m for m, _ in units])
    np.testing.assert_allclose(answers.to_targets(A), Z, atol=1e-6)


def test_a_single_column_is_one_target() -> None:
    alone = Regressor(**SMALL | {"epochs": 2}).fit(X, Y[:, :1])
    assert alone.predict(X_NEW).shape == (150,)
    assert (
        alone.predict(X_NEW) == Regressor(**alone.get_params()).fit(X, Y[:, 0]).predict(X_NEW)
    ).all()


def test_scores_of_each_target_and_of_all(trained: Regressor) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    A, w = trained.predict(X_NEW), np.random.default_rng(2).integers(0, 4, len(X_NEW))
    for weights in (None, w):
        found = trained.evaluate(X_NEW, Y_NEW, weights=weights)
        assert isinstance(found, MultiRegressionEvaluation)
        of = {"sample_weight": weights}
        each = metrics.r2_score(Y_NEW, A, multioutput="raw_values", **of)
        np.testing.assert_allclose([part.r2 for part in found.parts], each)
        assert found.r2 == pytest.approx(metrics.r2_score(Y_NEW, A, **of))
        assert found.rmse == pytest.approx(np.sqrt(1 - each.mean()))
        assert found.names == trained.targets
        assert found.rmse_interval[0] < found.rmse < found.rmse_interval[1] < 1
        assert found.baseline_rmse == 1
        again = MultiRegressionEvaluation.from_dict(json.loads(json.dumps(found.to_dict())))
        assert again.to_dict() == found.to_dict()
    assert trained.score(X_NEW, Y_NEW) == pytest.approx(trained.evaluate(X_NEW, Y_NEW).r2)
    assert found.verdict().kind == "good"


def test_the_interval_of_the_relative_error_holds_as_often_as_it_says() -> None:
    rng, within, apart = np.random.default_rng(0), 0, 0
    for _ in range(400):
        T = rng.normal(size=(200, 2)) * [1e5, 1e-5]
        found = evaluate_several(T, T + rng.normal(size=T.shape) * [5e4, 2e-6], ["p", "q"])
        low, high = found.rmse_interval
        within += low <= np.sqrt((0.25 + 0.04) / 2) <= high
        apart += found.mae_interval[0] <= np.sqrt(2 / np.pi) * 0.35 <= found.mae_interval[1]
    assert 0.93 <= within / 400 <= 0.98
    assert 0.93 <= apart / 400 <= 0.98


def test_a_target_that_never_differs_here_is_left_out_of_the_means() -> None:
    T = np.stack([np.arange(5.0), np.full(5, 3.0)], axis=1)
    found = evaluate_several(T, T + 1, ["p", "q"])
    assert found.rmse == pytest.approx(found.parts[0].rmse / found.parts[0].baseline_rmse)
    assert "q" in found.scores()[0].note
    none = evaluate_several(T[:, [1, 1]], T[:, [1, 1]] + 1, ["q", "r"])
    assert np.isnan(none.rmse)
    assert none.verdict().kind == "bad"
    again = MultiRegressionEvaluation.from_dict(json.loads(json.dumps(none.to_dict())))
    assert again.to_dict() == none.to_dict()


def test_intervals_are_those_of_each_target(trained: Regressor) -> None:
    ends = trained.predict_interval(X_NEW, 0.8)
    A, parts = trained.predict(X_NEW), cast("tuple[Quantity, ...]", trained.answers.parts)
    for i, part in enumerate(parts):
        assert (ends[:, i] == part.around(A[:, i], 0.8)).all()
        inside = (ends[:, i, 0] <= Y_NEW[:, i]) & (Y_NEW[:, i] <= ends[:, i, 1])
        assert 0.65 < inside.mean() < 0.95
    found = trained.evaluate(X_NEW, Y_NEW)
    assert isinstance(found, MultiRegressionEvaluation)
    low, high = np.moveaxis(trained.predict_interval(X_NEW), 2, 0)
    covered = ((low <= Y_NEW) & (high >= Y_NEW)).mean(axis=0)
    np.testing.assert_allclose([part.coverage for part in found.parts], covered)
    with pytest.raises(SettingError, match="validation samples"):
        trained.predict_interval(X_NEW, 0.999)


def test_the_file_holds_every_target_in_its_place(trained: Regressor, tmp_path: Path) -> None:
    trained.save(tmp_path / "m.safetensors")
    again = load_any(tmp_path / "m.safetensors")
    assert (again.predict(X_NEW) == trained.predict(X_NEW)).all()
    assert again.answers == trained.answers
    network, metadata, tensors = read_model(tmp_path / "m.safetensors")
    first, *others = metadata["targets"]
    wrong: list[Any] = [[], [first], [first, *others, first], {}]
    for targets in wrong:
        changed = {**metadata, "targets": targets}
        write_model(tmp_path / "c.safetensors", network, changed, tensors)
        with pytest.raises(ModelFileError):
            load_any(tmp_path / "c.safetensors")


def test_a_training_resumes_to_the_bit(tmp_path: Path) -> None:
    whole = Regressor(**SMALL | {"epochs": 4}).fit(X, Y)
    for _ in Regressor(**whole.get_params()).fit_epochs(
        X, Y, checkpoint=Checkpoint(tmp_path / "c", minutes=0)
    ):
        break
    other = Regressor(**whole.get_params())
    with pytest.raises(DataError):
        other.fit_epochs(X, Y[:, ::-1], checkpoint=Checkpoint(tmp_path / "c", resume=True))
    again = Regressor(**whole.get_params())
    for _ in again.fit_epochs(X, Y, checkpoint=Checkpoint(tmp_path / "c", resume=True)):
        pass
    assert (again.predict(X_NEW) == whole.predict(X_NEW)).all()


def test_weights_count_as_often_as_they_say() -> None:
    w = np.random.default_rng(4).integers(0, 2, 300)
    how = SMALL | {"epochs": 2}
    weighted = Regressor(**how).fit(X, Y, weights=w)
    some = Regressor(**how).fit(X[w == 1], Y[w == 1])
    assert (weighted.predict(X_NEW) == some.predict(X_NEW)).all()
    twice = Regressor(**how).fit(X, Y, weights=np.full(300, 2.0))
    np.testing.assert_allclose(twice.predict(X_NEW), Regressor(**how).fit(X, Y).predict(X_NEW))


def test_targets_are_found_by_name_in_a_table(of_table: Regressor) -> None:
    assert of_table.targets == NAMES
    new = columns(100, seed=3)
    found = of_table.evaluate(new)
    turned = dict(reversed(new.items()))
    assert of_table.evaluate(turned) == found
    assert of_table.evaluate(new, target=[*NAMES]) == found
    renamed = {f"true {name}" if name in NAMES else name: values for name, values in new.items()}
    assert of_table.evaluate(renamed, target=[f"true {name}" for name in NAMES]) == found
    with pytest.raises(SettingError, match="value, count, share"):
        of_table.evaluate(new, target="value")
    assert [one.column for one in of_table.importance(new).columns if one.matters] != []
    assert {*of_table.importance(new).to_dict()["before"]} >= {"relative_rmse", "r2"}


def test_targets_are_found_by_name_in_a_frame() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(columns(120))
    made = Regressor(**SMALL | {"epochs": 3})
    made.fit(frame[["a", "b", "kind"]], frame[[*NAMES]])
    found = made.evaluate(frame, frame[[*NAMES]])
    assert made.targets == NAMES
    assert made.evaluate(frame, frame[[*NAMES[::-1]]]) == found
    assert made.evaluate(frame, frame[[*NAMES]].to_numpy()) == found
    with pytest.raises(DataError, match=r"value.*count.*share"):
        made.evaluate(frame, frame[["a", "count", "share"]])
    watched = Regressor(**SMALL | {"epochs": 3, "ensemble": 1})
    X, given = frame[["a", "b", "kind"]], (frame[["a", "b", "kind"]], frame[[*NAMES[::-1]]])
    turned = watched.fit(X, frame[[*NAMES]], validation=given).history[-1]["validation_loss"]
    straight = watched.fit(X, frame[[*NAMES]], validation=(X, frame[[*NAMES]]))
    assert straight.history[-1]["validation_loss"] == turned
    with pytest.raises(DataError, match="'value' is a column"):
        watched.fit(frame, frame[[*NAMES]])
    other = frame[["value", "count"]].set_axis(["a", "count"], axis=1)  # another column is called a
    watched.fit(X, other)
    assert watched.targets == ("a_", "count")
    by_name = watched.evaluate(X, other[["count", "a"]])
    assert by_name.to_dict() == watched.evaluate(X, other).to_dict()


def test_samples_may_be_columns_or_rows_by_name(of_table: Regressor) -> None:
    table = columns(30, 3)
    Y = np.stack([table[name] for name in NAMES], axis=1)
    found = of_table.evaluate(table)
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    assert of_table.evaluate(table, Y) == of_table.evaluate(rows, Y) == found


def test_rows_that_lack_a_target_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    table = columns(60)
    table["value"][3] = table["share"][3] = table["share"][7] = ""
    made = Regressor(**SMALL | {"epochs": 1}).fit(table, target=[*NAMES])
    assert made.trained["samples"]["training"] == [58]
    assert "1 rows" in caplog.text
    assert "2 rows" in caplog.text
    table["value"][:30], table["share"][30:] = [""] * 30, [""] * 30
    with pytest.raises(DataError, match="train a model for each"):
        Regressor(**SMALL).fit(table, target=[*NAMES])


def test_numbers_and_classes_are_not_learned_together() -> None:
    from plainnet.tables import read_tables

    with pytest.raises(SettingError, match=r"numbers: value; .*classes: kind.*model for each"):
        read_tables(columns(60), ["value", "kind"])
    targets = (TargetColumn("p"), TargetColumn("q", ("no", "yes")))
    with pytest.raises(DataError, match="train one for the classes"):
        Dataset(np.zeros((4, 1)), np.zeros((4, 2)), targets=targets)


@pytest.mark.parametrize(
    ("y", "why"),
    [
        (np.where(np.arange(6).reshape(3, 2) == 3, np.nan, 1.0), "'y 1' is not a finite number"),
        (np.zeros((3, 2)), "only one value of 'y 0'"),
        (np.zeros((3, 2, 2)), "3"),
        (np.zeros((3, 0)), "a number of 'y' for each"),
        (np.array([["a", "b"]] * 3), "predicts a number"),
    ],
)
def test_answers_that_cannot_be_learned(y: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        Regressor().fit(np.zeros((3, 1)), y)


def test_a_model_is_not_measured_on_other_targets(trained: Regressor) -> None:
    alone = Regressor(**SMALL | {"epochs": 1}).fit(X, Y[:, 0])
    with pytest.raises(DataError, match="predicts one"):
        alone.evaluate(X, Y)
    with pytest.raises(DataError, match="a column for each"):
        trained.evaluate(X, Y[:, 0])
    with pytest.raises(DataError, match=r"y 0, y 1, but the model predicts y 0, y 1, y 2"):
        trained.evaluate(X, Y[:, :2])


def test_an_explanation_is_of_one_target(trained: Regressor) -> None:
    A = trained.predict(X_NEW[:1])[0]
    for i, name in enumerate(trained.targets):
        found = trained.explain(X_NEW[0], of=name)
        assert (found.of, found.answer) == (name, A[i])
        assert found.score == pytest.approx(A[i], rel=1e-4, abs=0.05 * UNITS[i])
        assert found.contributions.sum() == pytest.approx(found.evidence, rel=0.02)
    assert trained.explain(X_NEW[0]).of == "y 0"
    with pytest.raises(SettingError, match="'y 0', 'y 1', 'y 2'"):
        trained.explain(X_NEW[0], of="y")
    (curve,) = trained.partial_dependence("feature 0", X_NEW)
    assert curve.names == trained.targets
    slope = np.polyfit(np.array(curve.values, float), curve.mean / UNITS, 1)[0]
    np.testing.assert_allclose(slope, [1, 0, -1], atol=0.25)


def test_every_sample_is_predicted_once_in_cross_validation() -> None:
    data = Quantities.dataset(X[:120], Y[:120])
    like = Regressor(**SMALL | {"epochs": 8})
    folds = [*cross_validate(data, like, 3)]
    pooled = pool(data, folds, like)
    A = np.empty((120, 3))
    for fold in folds:
        A[fold.rows] = fold.A
    alone = evaluate_numbers(Y[:120, 2], A[:, 2], "y 2")
    assert isinstance(pooled, MultiRegressionEvaluation)
    assert pooled.parts[2] == alone


def test_the_onnx_file_answers_every_target(of_table: Regressor, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    from plainnet.export import export_onnx, verify_onnx

    export_onnx(of_table, tmp_path / "m.onnx")
    assert verify_onnx(tmp_path / "m.onnx").network < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["plainnet.targets"]) == [*NAMES]
    new = columns(20, seed=5)
    fed = {
        one.name: np.array(new[one.name], object if "string" in one.type else np.float64)[:, None]
        for one in session.get_inputs()
    }
    (A,) = session.run(["prediction"], fed)
    wanted = of_table.predict(new)
    np.testing.assert_allclose(A / UNITS, wanted / UNITS, atol=1e-4)


def test_the_page_and_the_figures_show_every_target(of_table: Regressor, tmp_path: Path) -> None:
    assert of_table.validation is not None
    report = Report.of("a run", of_table, of_table.validation, part="validation")
    page = report_html(report)
    for name in NAMES:
        assert f"<h2>{name}</h2>" in page
    names = [path.name for path in write_figures(tmp_path, report)]
    assert len({*names}) == len(names)
    assert {f"target-{i}-errors.svg" for i in (1, 2, 3)} < {*names}


def test_a_server_answers_every_target(of_table: Regressor) -> None:
    pytest.importorskip("starlette")
    from plainnet.serving.served import LoadedModel

    loaded, A = LoadedModel(of_table, "1"), of_table.predict(columns(4))
    answer, interval = loaded.outputs(A, 0.5)
    assert (answer.shape, interval.shape) == ((4, 3), (4, 3, 2))
    first = loaded.predictions(A, 0.5)[0]
    assert first["answer"] == dict(zip(NAMES, A[0].tolist(), strict=True))
    assert [*first["interval"]] == [*NAMES]
    facts = loaded.metadata("m")
    assert (facts["targets"], facts["outputs"][0]["shape"]) == ([*NAMES], [-1, 3])


def test_pictures_can_have_several_numbers() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (40, 8, 8, 1), np.uint8)
    light = np.stack([pictures.mean((1, 2, 3)), pictures[:, :4].mean((1, 2, 3)) / 1e3], axis=1)
    how: dict[str, Any] = {"augment": {"flip": 0.5, "mix_up": 0.2}}
    made = Regressor(hidden=(8,), epochs=2, **how).fit(pictures, light)
    assert made.predict(pictures).shape == (40, 2)


# -- the command line; one of the targets has a comma in its name ----------------------------------


def plainnet(*words: object) -> str:
    """Run a command, and return its output."""
    done = CliRunner().invoke(cli, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("several")
    table = columns(80)
    table["count,2"] = table.pop("count")
    write(made / "t.csv", table)
    quick = ("--epochs", 3, "--hidden", 8, "--quick", "--out", made / "run")
    plainnet("train", made / "t.csv", "--target", "value,share", "--target", "count,2", *quick)
    return made


def test_what_the_targets_are_called(folder: Path) -> None:
    model = load_any(folder / "run")
    assert model.answers.names == ("value", "share", "count,2")
    settings = json.loads((folder / "run" / "settings.json").read_text())
    assert settings["target"] == ["value,share", "count,2"]


def test_the_answers_of_the_command(folder: Path) -> None:
    run, table = folder / "run", folder / "t.csv"
    A = load_any(run).predict(table)
    header, *rows = csv.reader(plainnet("predict", run, table, "--csv", "-").splitlines())
    assert header == ["file", "line", "value", "share", "count,2"]
    np.testing.assert_allclose(np.array(rows)[:, 2:].astype(float), A, rtol=1e-8)
    facts = json.loads(plainnet("predict", run, table, "--json", "--interval", 50))
    first = facts["predictions"][0]
    assert [*first["answer"].values()] == A[0].tolist()
    low, high = first["interval"]["share"]
    assert low < first["answer"]["share"] < high
    shown = plainnet("predict", run, table, "--interval", 50, "--csv", "-").splitlines()
    assert next(csv.reader(shown))[2:5] == ["value", "value lower", "value upper"]
    assert {"value", "share", "count,2"} < {*plainnet("predict", run, table).split()}


def test_the_scores_of_the_command(folder: Path) -> None:
    run, table = folder / "run", folder / "t.csv"
    facts = json.loads(plainnet("evaluate", run, table, "--json"))
    assert facts["r2"] == load_any(run).evaluate(table).to_dict()["r2"]
    assert [*facts["targets"]] == ["value", "share", "count,2"]
    assert "count,2" in plainnet("evaluate", run, table)
    one = write(folder / "one.csv", {name: cells[:1] for name, cells in read(table).items()})
    assert "count,2" in plainnet("evaluate", run, one)


def test_what_the_command_explains(folder: Path) -> None:
    run, table = folder / "run", folder / "t.csv"
    facts = json.loads(plainnet("explain", run, table, "--target", "count,2", "--json"))
    assert facts["explained"] == "count,2"
    assert "in value, from" in plainnet("explain", run, table)
    assert "value" in plainnet("trace", run, table, "--line", 2)
    with pytest.raises(SettingError, match="value, share, count,2"):
        plainnet("trace", run, table, "--line", 2, "--right", 3)


def test_the_other_commands(folder: Path) -> None:
    run, table = folder / "run", folder / "t.csv"
    plainnet("report", run, table)
    assert "relative RMSE 0 " in plainnet("compare", run, run)
    assert "--target value,share --target count,2" in (run / "report.html").read_text()
    assert "share" in plainnet("summary", run)
    assert json.loads(plainnet("importance", run, table, "--json"))["before"]
    plainnet("export", run, "--card", folder / "card.md")
    assert "| share |" in (folder / "card.md").read_text()


def test_a_classifier_refuses_numbers() -> None:
    with pytest.raises(DataError):
        Classifier().fit(X, Y)


def test_targets_of_the_same_name_are_refused() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(Y[:60, :2], columns=["a", "a"])
    for model in (Regressor(**SMALL), Classifier(**SMALL)):
        y = frame if model.kind == "regressor" else frame > 0
        with pytest.raises(DataError, match="columns of y must have different names, but are a, a"):
            model.fit(X[:60], y)
