"""Ordered categoricals become numbers by their order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet.models import Classifier, Regressor
from plainnet.tables import TableEncoder, overview, read_table, table_of
from plainnet.tables.ordinal import Ordinal

pandas = pytest.importorskip("pandas")
SIZES = ["small", "medium", "large", "huge"]
QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 5, "ensemble": 1}


def frame(n: int = 200, missing: bool = False) -> Any:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, n)  # nothing is huge
    sizes = [None if missing and i % 9 == 0 else SIZES[k] for i, k in enumerate(codes)]
    size = pandas.Categorical(sizes, SIZES, ordered=True)
    y = codes + 0.1 * rng.normal(size=n)
    return pandas.DataFrame({"size": size, "x": rng.normal(size=n), "y": y})


@pytest.mark.parametrize("missing", [False, True])
def test_levels_are_numbers_in_their_order(missing: bool) -> None:
    given = frame(missing=missing)
    column = TableEncoder.fit(table_of(given), "y").columns[0]
    assert isinstance(column, Ordinal)
    assert column.levels == tuple(SIZES)
    assert column.features == (("size", "size is missing") if missing else ("size",))
    encoder = TableEncoder.fit(table_of(given), "y")
    X = encoder.extract({"size": [*SIZES, ""], "x": [0.0] * 5})
    steps = np.diff(X[:4, 0])
    np.testing.assert_allclose(steps, steps[0], rtol=1e-5)
    assert steps[0] > 0
    if missing:
        assert X[:, 1].tolist() == [0, 0, 0, 0, 1]
    description = json.loads(json.dumps(encoder.describe()))
    assert TableEncoder.restore(description, encoder.tensors()).columns == encoder.columns
    assert overview(table_of(given))[0].kind == "ordinal"


def test_an_unordered_categorical_stays_a_category() -> None:
    given = frame()
    given["size"] = given["size"].cat.as_unordered()
    assert TableEncoder.fit(table_of(given), "y").columns[0].kind == "category"


def test_an_unknown_level_is_missing_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    encoder = TableEncoder.fit(table_of(frame(missing=True)), "y")
    X = encoder.extract({"size": ["small", "tiny", "large"], "x": [0.0] * 3})
    assert X[:, 1].tolist() == [0, 1, 0]
    assert "'tiny'" in caplog.text


def test_parquet_keeps_the_order(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame().to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.orders == {"size": tuple(SIZES)}
    assert TableEncoder.fit(table, "y").columns[0].kind == "ordinal"
    pyarrow = pytest.importorskip("pyarrow")
    assert table_of(pyarrow.Table.from_pandas(frame())).orders == {"size": tuple(SIZES)}


@pytest.mark.parametrize("missing", [False, True])
def test_the_graph_answers_alike(missing: bool, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from plainnet.export import export_onnx, verify_onnx

    model = Regressor(**QUICK).fit(frame(missing=missing), target="y")
    path = tmp_path / "m.onnx"
    export_onnx(model, path)
    cells, x = [*SIZES, "", "tiny", "NA"], [0.5] * 7
    session = runtime.InferenceSession(path)
    inputs = {"size": np.array(cells, object)[:, None], "x": np.array(x)[:, None]}
    found = session.run(None, inputs)[0].ravel()
    np.testing.assert_allclose(found, model.predict({"size": cells, "x": x}), rtol=1e-6, atol=1e-6)
    assert verify_onnx(path)


def test_a_saved_model_takes_the_texts(tmp_path: Path) -> None:
    given = frame()
    model = Regressor(**QUICK).fit(given, target="y")
    model.save(tmp_path / "m.safetensors")
    loaded = Regressor.load(tmp_path / "m.safetensors")
    rows = {"size": SIZES, "x": [0.0] * 4}
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    assert loaded.columns is not None
    assert "small < medium < large < huge" in [c.summary() for c in loaded.columns.columns]


def test_what_is_missing_only_in_prediction_is_answered() -> None:
    """Numbers take the median, categories and levels the average; all columns at once."""
    given = frame()
    given["flag"], given["city"] = given["x"] > 0, ["a", "b"] * 100
    kinds = [c.kind for c in TableEncoder.fit(table_of(given), "y").columns]
    assert kinds == ["ordinal", "number", "number", "category"]
    given["y"] = np.where(given["y"] > 1, "yes", "no")
    model = Classifier(**QUICK).fit(given, target="y")
    row = {"size": None, "x": None, "flag": None, "city": None}
    P = model.predict_proba([row, {**row, "size": "small"}])
    assert np.isfinite(P).all()
    assert not np.array_equal(P[0], P[1])
