"""An ONNX file of a regressor, or of a model of tables, answers as plainnet does."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Regressor
from plainnet.cli.command_line import main
from plainnet.errors import SettingError
from plainnet.export import export_onnx, golden_path, onnx_model, read_weights, verify_onnx
from plainnet.export.golden_samples import golden_rows
from plainnet.export.inputs import exported, inputs_of
from plainnet.models.quantity import Quantity
from plainnet.network import Array
from plainnet.reports.card import card_text
from plainnet.tables import TableEncoder

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

QUICK: dict[str, Any] = {
    **{"hidden": (12, 8), "epochs": 3, "batch_size": 8, "validation_share": 0},
    "ensemble": 1,
}


def session_of(path: Path) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def regressor_of(
    shape: tuple[int, ...], mean: float = 0.0, scale: float = 1.0, **recipe: Any
) -> Regressor:
    """One that has learned a little."""
    rng = np.random.default_rng(2)
    X = rng.normal(0, 4, (40, *shape)).astype(np.float32)
    y = mean + scale * X.reshape(40, -1).mean(axis=1, dtype=np.float64)
    if len(shape) == 3:
        X = (120 + 12 * X).clip(0, 255).astype(np.uint8)
    return Regressor(**{**QUICK, **recipe}).fit(X, y)


def beyond(asked: Regressor) -> Regressor:
    """Its networks' outputs are five times as large, so that some are beyond the bounds."""
    for member in asked.networks:
        last = len(member.network.layers) - 1
        for name in ("W", "b"):
            member.network.parameters[f"layers.{last}.{name}"][...] *= 5
    A = asked.predict(np.random.default_rng(2).normal(0, 4, (40, 7)).astype(np.float32))
    assert isinstance(asked.answers, Quantity)
    assert {A.min(), A.max()} & {asked.answers.lowest, asked.answers.highest}
    return asked


# -- arrays and pictures -------------------------------------------------------------------------

KINDS: dict[str, Callable[[], Regressor]] = {
    "features": lambda: regressor_of((7,)),
    "its own unit": lambda: regressor_of((7,), 180_000, 80_000),
    "a small spread far away": lambda: regressor_of((7,), 1e6, 0.01),
    "a time": lambda: regressor_of((7,), 1.7e9, 30),
    "huge": lambda: regressor_of((7,), 1e60, 1e58),
    "ensemble": lambda: regressor_of((7,), 5, 2, ensemble=3),
    "bounded": lambda: beyond(regressor_of((7,), 5, 2, ensemble=2, epochs=30)),
    "pictures": lambda: regressor_of((10, 12, 3), 100, 20),
    "grey pictures": lambda: regressor_of((10, 12, 1), 100, 20, ensemble=2),
    "batch normalization": lambda: regressor_of((7,), normalization="batch"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_regressor_answers_the_same(kind: str, tmp_path: Path) -> None:
    asked = KINDS[kind]()
    export_onnx(asked, path := tmp_path / "a.onnx")
    found = verify_onnx(path)
    assert found.sound
    assert found.numbers
    assert found.network <= 1e-5
    X = np.random.default_rng(5).permuted(exported(asked).golden(asked)[0].samples, axis=0)
    session = session_of(path)
    (given,) = session.get_inputs()
    (y,) = session.run(["prediction"], {given.name: X})
    double = abs(asked.mean) > 1e4 * asked.scale or abs(asked.mean) > 1e37
    assert (y.dtype, y.shape) == (np.float64 if double else np.float32, (len(X),))
    wanted = asked.predict(X)
    step = 0 if double else np.spacing(np.abs(wanted).astype(np.float32)).max()
    np.testing.assert_allclose(y, wanted, rtol=0, atol=1e-5 * asked.scale + step)
    assert np.ptp(wanted) > 0.01 * asked.scale
    assert (found.pictures is None) == (X.ndim == 2)
    said = session.get_modelmeta().custom_metadata_map
    assert said["plainnet.target"] == "y"
    assert "plainnet.classes" not in said


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("n", [60, 700])
def test_the_ends_of_intervals_are_those_of_plainnet(k: int, n: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, 4))
    y = X[:, :k] * (1, 1e4, 1e-3)[:k] + rng.normal(size=(n, k)) * np.exp(X[:, :1]) / 9
    asked = Regressor(hidden=(8,), epochs=6, ensemble=3).fit(X, y[:, 0] if k == 1 else y)
    levels = {len(part.intervals.levels) for part in asked.answers.parts}  # type: ignore[attr-defined]
    assert levels == {max(n // 100, 1)}
    export_onnx(asked, path := tmp_path / "a.onnx", coverage=0.8)
    assert verify_onnx(path).network <= 1e-5
    session, new = session_of(path), rng.normal(size=(50, 4)) * 2
    outputs = session.run(None, {"features": new.astype(np.float32)})
    names = [one.name for one in session.get_outputs()]
    assert names == ["prediction", "prediction_lower", "prediction_upper"]
    wanted = asked.predict_interval(new.astype(np.float32), 0.8)
    np.testing.assert_allclose(np.stack(outputs[1:], axis=-1), wanted, rtol=1e-4, atol=1e-6)
    assert session.get_modelmeta().custom_metadata_map["plainnet.coverage"] == "0.8"
    with np.load(path.with_suffix(".golden.npz")) as file:
        content = {**file} | {"upper_0": file["lower_0"]}
    np.savez(path.with_suffix(".golden.npz"), **content)
    assert not verify_onnx(path).sound


def test_intervals_that_a_model_has_not(tmp_path: Path) -> None:
    with pytest.raises(
        SettingError, match="no prediction intervals, because there were no validation"
    ):
        export_onnx(regressor_of((7,), ensemble=2), tmp_path / "a.onnx", coverage=0.99)
    X = np.random.default_rng(0).normal(size=(40, 2))
    classes = Classifier(epochs=1, ensemble=1).fit(X, X[:, 0] > 0)
    with pytest.raises(SettingError, match="interval is for a number"):
        export_onnx(classes, tmp_path / "a.onnx", coverage=0.9)
    assert not [*tmp_path.iterdir()]


def test_what_no_graph_of_numbers_can_hold(tmp_path: Path) -> None:
    asked = regressor_of((7,))
    with pytest.raises(SettingError, match="regressor has no classes to number"):
        export_onnx(asked, tmp_path / "a.onnx", numbers=True)
    with pytest.raises(SettingError, match="This regressor "):
        onnx_model(Regressor())
    assert not [*tmp_path.iterdir()]


# -- tables --------------------------------------------------------------------------------------


def rows_of(n: int = 120) -> dict[str, list[Any]]:
    """Every kind of column, with and without missing cells, and time stamps."""
    rng = np.random.default_rng(3)
    later = rng.integers(0, 90_000_000, n).astype("timedelta64[s]")
    day = np.datetime64("2020-01-01T00:00:00") + later
    some = rng.integers(0, 6, n) == 0
    size = rng.normal(50, 9, n)
    age = np.where(some, np.nan, rng.normal(30, 9, n))
    stamp = 1.6e12 + rng.integers(0, 1000, n)
    return {
        "size": size.tolist(),
        "age": age.tolist(),
        "stamp": stamp.tolist(),
        "garden": rng.choice(["true", "false"], n).tolist(),
        "sold": [str(d) for d in day],
        "seen": ["" if m else str(d)[:10] for d, m in zip(day, some, strict=True)],
        "town": rng.choice(["Ulm", "Köln", "上海", "Ghent"], n).tolist(),
        "heating": [
            "" if m else k for m, k in zip(some, rng.choice(["oil", "gas"], n), strict=True)
        ],
        "label": rng.choice(["a", "b"], n).tolist(),
        "price": (3000 * size + 1e4 * some + (stamp - 1.6e12)).tolist(),
        "class": np.array(["cheap", "fair", "dear"])[np.digitize(size, [45, 55])].tolist(),
    }


def learned(target: str) -> Classifier | Regressor:
    kind = Regressor if target == "price" else Classifier
    drop = ["class" if target == "price" else "price"]
    return kind(**{**QUICK, "ensemble": 2}).fit(rows_of(), target=target, drop=drop)


def fed(asked: Classifier | Regressor, rows: dict[str, list[Any]]) -> dict[str, Array]:
    """The rows as the graph takes them, made without plainnet's own reading."""
    assert isinstance(asked.extractor, TableEncoder)
    given = {}
    for column, one in zip(asked.extractor.columns, inputs_of(asked), strict=True):
        cells = rows[column.name]
        values: Any = np.array(cells, object)
        if column.name == "garden":
            values = np.array([cell == "true" for cell in cells], np.float64)
        elif column.kind == "date":
            moments = np.array([cell or "NaT" for cell in cells], "datetime64[s]")
            values = (moments - np.datetime64(0, "s")) / np.timedelta64(1, "D")
        elif one.dtype == "float64":
            values = np.array(cells, np.float64)
        given[one.name] = values.reshape(-1, 1)
    return given


@pytest.mark.parametrize("target", ["price", "class"])
def test_a_table_is_answered_the_same(target: str, tmp_path: Path) -> None:
    asked = learned(target)
    export_onnx(asked, path := tmp_path / "a.onnx")
    found = verify_onnx(path)
    assert found.sound
    assert found.network <= 1e-5
    assert found.samples == 32
    rows = rows_of()
    rows["town"][:9] = ["", "Paris", "ulm", "", "Oslo", "Ulm", "Köln", "上海", "?!"]
    rows["heating"][:3] = ["", "coal", "oil"]
    rows["size"][:4] = [np.nan, 1e9, -1e9, np.inf]
    rows["age"][:3] = [np.nan, 1e120, 30]
    rows["sold"][:2] = ["", "1969-12-31T23:59:59"]
    session = session_of(path)
    given = fed(asked, rows)
    kinds = {one.name: one.type for one in session.get_inputs()}
    assert kinds["size"] == kinds["sold"] == kinds["garden"] == "tensor(double)"
    assert kinds["town"] == kinds["label_in"] == "tensor(string)"
    if isinstance(asked, Regressor):
        (y,) = session.run(["prediction"], given)
        off = (y - asked.predict(rows)) / asked.scale
    else:
        P, labels = session.run(["probabilities", "label"], given)
        off = P - asked.predict_proba(rows)
        assert labels.tolist() == asked.predict(rows).tolist()
    assert np.abs(off).max() <= 1e-5


def test_the_features_are_those_of_the_table() -> None:
    """Each feature by itself, so that none hides behind small weights."""
    asked = learned("price")
    model = onnx_model(asked)
    features = onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, None)
    model.graph.output.append(features)
    session = runtime.InferenceSession(model.SerializeToString())
    rows = rows_of()
    (X,) = session.run(["features"], fed(asked, rows))
    assert isinstance(asked.extractor, TableEncoder)
    np.testing.assert_allclose(X, asked.extractor.extract(rows), rtol=0, atol=1e-6)
    assert {column.kind for column in asked.extractor.columns} == {"number", "date", "category"}
    assert {(s.domain, s.version) for s in model.opset_import} == {("", 13), ("ai.onnx.ml", 2)}


@pytest.mark.parametrize("missing", [None, [], ["unknown", "Null"]])
def test_categories_are_spelled_as_plainnet_knows_them(missing: Any) -> None:
    pandas = pytest.importorskip("pandas")
    spelled = ["Ulm", "1", "1.0", "2", "TRUE", "e\u0301", "NA", "null", "unknown", ""]
    known = pandas.DataFrame({"s": spelled * 6, "x": np.arange(60.0), "y": [*"ab"] * 30})
    asked = Classifier(**QUICK).fit(known, target="y", missing=missing)
    session = runtime.InferenceSession(onnx_model(asked).SerializeToString())
    texts = ["Ulm", "ULM", "1", "1.0", "2.0", "True", "true", "\u00e9", "e\u0301", "", "zzz"]
    texts += ["NA", "na", "nA", "N/A", "NULL", "Null", "null", "?", "NaN", "unknown", "Unknown"]
    for text in texts:
        fed = {"s": np.array([[text]], object), "x": np.array([[30.0]])}
        (P,) = session.run(["probabilities"], fed)
        right = asked.predict_proba({"s": [text], "x": [30.0]})
        assert pytest.approx(right, abs=1e-5) == P, text


def test_the_golden_rows_hold_what_is_missing_and_unknown() -> None:
    columns = learned("price").extractor
    assert isinstance(columns, TableEncoder)
    inputs, shown = golden_rows(columns)
    by_name = dict(zip(shown, inputs, strict=True))
    assert np.isnan(by_name["age"]).any()
    assert np.isnan(by_name["seen"]).any()
    assert "" in by_name["town"]
    assert {*by_name["town"].ravel()} - {"", "Ulm", "Köln", "上海", "Ghent"}


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[Any, str, str]]:
    def run(*arguments: object) -> tuple[Any, str, str]:
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, *capsys.readouterr()

    monkeypatch.chdir(tmp_path)
    return run


def test_export_of_a_table_run(
    plainnet: Callable[..., tuple[Any, str, str]], tmp_path: Path
) -> None:
    learned("price").save(tmp_path / "houses.safetensors")
    code, out, err = plainnet("export", "houses.safetensors", "--onnx", "houses.onnx")
    assert (code, err) == (0, "")
    assert "inputs  size        float64  (N, 1)  a number; missing: NaN" in out
    assert "prediction  float32  (N,)    price, in its own unit" in out
    assert (
        "32 samples: the same numbers;\n         in units of the target's spread they differ by"
        in out
    )
    assert plainnet("export", "--verify", "houses.onnx")[0] == 0
    with np.load(golden_path("houses.onnx")) as file:
        content = dict(file)
    content["prediction_0"] += 1e4
    np.savez(golden_path("houses.onnx"), **content)
    code, out, err = plainnet("export", "--verify", "houses.onnx", "--json")
    assert code == 1
    assert json.loads(out)["verification"]["largest_difference"] > 1e-3
    assert "Error: the answers of houses.onnx differ from plainnet's by more than " in err


def test_a_regressor_has_weights_a_card_and_events(
    plainnet: Callable[..., tuple[Any, str, str]], tmp_path: Path
) -> None:
    rng = np.random.default_rng(8)
    lines = [f"{a:.4f},{'ab'[int(a > 0)]},{3 * a + 20:.4f}" for a in rng.normal(0, 1, 80)]
    Path("sizes.csv").write_text("\n".join(["width,kind,price", *lines]) + "\n")
    words = ("--target", "price", "--epochs", 30, "--ensemble", 1, "--no-report", "--out", "run")
    code, _, _ = plainnet("train", "sizes.csv", *words, "--tensorboard", "events")
    assert code == 0
    assert [*Path("events").glob("events*")]
    code, out, err = plainnet(
        *("export", "run", "--weights", "w.safetensors", "--card", "card.md", "--onnx", "s.onnx")
    )
    assert (code, err) == (0, "")
    encoding = (
        "ByColumns(([1, 2], []), ([0], [PiecewiseLinearEmbedding(5, length=16, bounded=False)]))"
    )
    assert f"layers   Sequential({encoding}, Linear(18, " in out
    asked = Regressor.load("run/model.safetensors")
    before = asked.predict("sizes.csv")
    asked.network.theta *= 2
    asked.quality = {"validation": {}}
    read_weights("w.safetensors", asked)
    assert (asked.predict("sizes.csv") == before).all()
    assert asked.quality == {}
    card = Path("card.md").read_text("utf-8")
    rmse = json.loads(Path("run/metrics.json").read_text())["validation"]["rmse"]
    assert "pipeline_tag: tabular-regression" in card
    assert f"          - type: rmse\n            value: {rmse:.6g}\n" in card
    assert "It predicts from the columns width, kind." in card
    assert 'print(regressor.predict("table.csv"))' in card
    assert "session.run(names, columns)" in card
    assert "class" not in card


def test_the_card_of_a_regressor_that_was_not_measured() -> None:
    card = card_text("a run", regressor_of((10, 12, 3), 100, 20))
    assert "This was not measured" in card
    assert 'regressor.predict("photo.jpg")' in card
    assert "plainnet predict model.safetensors photo.jpg" in card
    assert "tabular" not in card


def test_the_example_of_the_documentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"size": "area", "garden": "garden", "town": "town", "sold": "sold", "price": "price"}
    rows = {new: rows_of()[old] for old, new in names.items()}
    asked = Regressor(**QUICK).fit(rows, target="price")
    export_onnx(asked, "houses.onnx")
    page = (Path(__file__).parents[1] / "docs" / "interchange.md").read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", page[page.index("### Tables") :], re.DOTALL)
    assert code is not None
    exec(code[1] + "\nprint(*prediction)", {})
    same = {
        **{"area": [92.5, None], "garden": ["true", "false"], "town": ["Ulm", ""]},
        "sold": ["2024-05-31T12:30", ""],
    }
    answers = np.array(capsys.readouterr().out.split(), float)
    np.testing.assert_allclose(answers, asked.predict(same), rtol=1e-5)
