"""The labels of tables: their names never depend on other rows, and their type comes back."""

import csv
import logging
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier
from plainnet.data import Dataset
from plainnet.data.class_names import class_name
from plainnet.errors import DataError, SettingError
from plainnet.models import load_any
from plainnet.tables import read_table, read_tables

ID = 987654321098765432
"""Of 18 digits: float64 makes one of it and the next."""
NFC, NFD = "caf\u00e9", "cafe\u0301"

pandas = pytest.importorskip("pandas")


def columns(y: Any) -> dict[str, Any]:
    """Columns from which y can be shown, and y as t."""
    different = list(dict.fromkeys(y))
    x = [different.index(label) for label in y]
    rng = np.random.default_rng(0)
    return {**{f"x{k}": [(k == i) * 4 + rng.normal() / 9 for i in x] for k in range(3)}, "t": y}


def write_csv(path: Path, y: list[Any]) -> Path:
    table = columns(y)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
    return path


def learned(data: Any, missing: Any = None, **how: Any) -> Classifier:
    quick: dict[str, Any] = {"hidden": (), "epochs": 30, "learning_rate": 0.1, "ensemble": 1}
    model = Classifier(**quick | {"validation_share": 0, **how})
    return model.fit(data, target="t", missing=missing)


def plainnet(*words: object) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "plainnet", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dataset(y: list[Any]) -> Dataset:
    table = {"x": np.random.default_rng(0).normal(size=len(y)), "t": y}
    train = read_tables(table, "t", task="classification").train
    assert train is not None
    return train


# -- files of texts -----------------------------------------------------------------------------

TEXTS = [
    ["01", "02", "A"],
    ["01", "1", "1.0"],
    ["+5", "5", "5.0"],
    ["1e3", "1000", "-0"],
    [str(ID), str(ID + 1), "7"],
    ["TRUE", "FALSE", "x"],
    [NFC, "b", "c"],
]


@pytest.mark.parametrize("names", TEXTS)
def test_a_text_in_a_file_is_the_name(names: list[str], tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", names * 20)
    model = learned(path)
    assert {*model.classes} == {*names}
    assert model.predict(path).tolist() == names * 20
    part = write_csv(tmp_path / "b.csv", names * 20)
    lines = part.read_text("utf-8").splitlines()
    part.write_text("\n".join([lines[0], *(lines[1:3] * 3)]) + "\n", "utf-8")
    evaluation = model.evaluate(part, target="t")  # two classes alone have the same names
    assert (evaluation.accuracy, evaluation.classes) == (1, model.classes)


def test_classes_may_be_numbers_that_say_two_things(tmp_path: Path) -> None:
    table = columns(["1.234", "5.678"] * 20)
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [list(table), *zip(*table.values(), strict=True)]
        csv.writer(file, delimiter=";").writerows(rows)
    assert learned(path).classes == ("1.234", "5.678")


def test_numbers_in_a_file_are_in_their_order(tmp_path: Path) -> None:
    assert learned(write_csv(tmp_path / "a.csv", ["10", "2", "-1"] * 9)).classes == (
        "-1",
        "2",
        "10",
    )


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["True", "False"], ["TRUE", "FALSE"]),
        (["TRUE", "FALSE"], ["true", "false"]),
        (["1", "0"], ["True", "False"]),
        (["True", "False"], ["1", "0"]),
        (["1", "0"], ["1.0", "0.0"]),
        (["3.0", "4.0"], ["3", "4"]),
        ([NFC, "b"], [NFD, "b"]),
        ([NFD, "b"], [NFC, "b"]),
    ],
)
def test_what_another_file_calls_alike(train: list[str], test: list[str], tmp_path: Path) -> None:
    model = learned(write_csv(tmp_path / "a.csv", train * 20))
    other = write_csv(tmp_path / "b.csv", test * 20)
    assert model.evaluate(other, target="t").accuracy == 1
    swapped = write_csv(tmp_path / "c.csv", [*test * 20, test[0]])  # one row more, of the first
    assert model.evaluate(swapped, target="t").confusion.sum() == 41


@pytest.mark.parametrize(
    ("train", "test"),
    [(["1", "2"], ["01", "2"]), (["01", "02"], ["1", "2"]), (["0", "1"], ["y", "n"])],
)
def test_what_another_file_calls_otherwise(
    train: list[str], test: list[str], tmp_path: Path
) -> None:
    model = learned(write_csv(tmp_path / "a.csv", train * 20))
    with pytest.raises(DataError, match=f"holds the class .* knows only {', '.join(train)}"):
        model.evaluate(write_csv(tmp_path / "b.csv", test * 20), target="t")


# -- what is in memory, and Parquet -------------------------------------------------------------

VALUES: dict[str, list[Any]] = {
    "int": [3, -1, 2],
    "large": [ID, ID + 1, 5],
    "uint64": [2**64 - 1, 2**64 - 2, 1],
    "bool": [True, False, False],
    "float": [1.0, 2.0, 0.0],
    "fractions": [0.5, 1.5, 0.1],
    "text": ["b", NFC, "01"],
}


NULLABLE = {
    **{"int": "Int64", "large": "Int64", "uint64": "UInt64", "bool": "boolean"},
    **{"float": "Float64", "fractions": "Float64", "text": "string"},
}


def frames(y: list[Any], name: str) -> dict[str, Any]:
    frame = pandas.DataFrame(columns(y))
    return {
        "frame": frame,
        "objects": frame.astype({"t": object}),
        "nullable": frame.astype({"t": NULLABLE[name]}),
        "categories": frame.astype({"t": "category"}),
        "mapping": columns(y),
        "rows": frame.astype({"t": object}).to_dict("records"),
    }


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("kind", ["frame", "objects", "nullable", "categories", "mapping", "rows"])
def test_labels_in_memory_come_back_as_they_were(name: str, kind: str, tmp_path: Path) -> None:
    y = VALUES[name] * 20
    table = frames(y, name)[kind]
    model = learned(table, ensemble=2)
    model.save(tmp_path / "m")
    for asked in (model, Classifier.load(tmp_path / "m")):
        answers = asked.predict(table)
        assert (answers == y).mean() == 1
        assert {type(answer) for answer in answers.tolist()} == {type(label) for label in y}
        if kind in ("frame", "objects", "nullable", "categories"):
            assert (answers == table["t"]).mean() == 1
        assert asked.evaluate(table).accuracy == 1
    assert len(model.classes) == len({*y})


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("missing", [False, True])
def test_labels_in_parquet_come_back_as_they_were(name: str, missing: bool, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    y = VALUES[name] * 20
    frame = pandas.DataFrame(columns(y)).astype({"t": NULLABLE[name]})
    if missing:
        frame = pandas.concat([frame, frame[:1].assign(t=pandas.NA)], ignore_index=True)
        frame = frame.astype({"t": NULLABLE[name]})
    frame.to_parquet(tmp_path / "a.parquet")
    model = learned(tmp_path / "a.parquet")
    answers = model.predict(tmp_path / "a.parquet")[:60]
    assert (answers == y).mean() == 1
    assert {type(answer) for answer in answers.tolist()} == {type(label) for label in y}
    assert model.evaluate(tmp_path / "a.parquet").accuracy == 1


def test_a_missing_label_makes_floats_of_a_frame_and_the_classes_stay(tmp_path: Path) -> None:
    whole = pandas.DataFrame(columns([1, 0, 2] * 20))
    model = learned(whole)
    holes = whole.astype({"t": float})
    holes.loc[3, "t"] = np.nan
    assert model.evaluate(holes).accuracy == 1
    holes.to_csv(tmp_path / "a.csv", index=False)
    assert "1.0" in (tmp_path / "a.csv").read_text()
    assert model.evaluate(tmp_path / "a.csv").accuracy == 1


def test_a_frame_and_its_file_are_one_model(tmp_path: Path) -> None:
    for name, y in VALUES.items():
        frame = pandas.DataFrame(columns(y * 20))
        frame.to_csv(tmp_path / "a.csv", index=False)
        of_frame, of_file = learned(frame), learned(tmp_path / "a.csv")
        assert of_frame.classes == of_file.classes or name == "float"  # 1, and in the file 1.0
        assert of_frame.evaluate(tmp_path / "a.csv").accuracy == 1
        assert of_file.evaluate(frame).accuracy == 1


@pytest.mark.parametrize(
    ("y", "why"),
    [
        ([1.0, np.inf, 2.0], r"holds inf in row 1"),
        ([1.0, 1e20, 2.0], r"holds 1e\+20 in row 1"),
        ([1, "1", 2], "holds '1' both as a text and as a number"),
    ],
)
def test_labels_that_are_none(y: list[Any], why: str) -> None:
    with pytest.raises(DataError, match=why):
        dataset(y * 9)


def test_labels_that_are_missing_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for gap in (None, np.nan, pandas.NA, ""):
            data = dataset(["a", "b", gap, "a"] * 3)
            assert (data.classes, len(data)) == (("a", "b"), 9)
    assert caplog.text.count("Left out: 3 rows of The table without 't'") == 4


def test_masked_labels_and_bytes_in_a_table() -> None:
    masked = np.ma.masked_array([0, 1, 2, 1] * 3, [False, False, True, False] * 3)
    x = np.arange(12.0) % 5
    train = read_tables({"x": x, "t": masked}, "t").train
    assert train is not None
    assert (train.classes, len(train)) == (("0", "1"), 9)
    train = read_tables({"x": x, "t": [b"caf\xe9", b"caf\xe8"] * 6}, "t").train
    assert train is not None
    assert train.classes == (r"caf\xe8", r"caf\xe9")


def test_texts_of_arrow_in_any_layout() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    for kind in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()):
        held = {"x": pyarrow.array(np.arange(12.0) % 5), "t": pyarrow.array(["a", "b"] * 6, kind)}
        train = read_tables(pyarrow.table(held), "t").train
        assert train is not None
        assert train.classes == ("a", "b")


def test_dates_and_decimals_are_classes_by_their_text() -> None:
    from datetime import date
    from decimal import Decimal

    days = [date(2024, 1, 1), date(2024, 1, 2)] * 9
    assert dataset(days).classes == ("2024-01-01", "2024-01-02")
    assert dataset(np.array(days, "M8[D]").tolist()).classes == ("2024-01-01", "2024-01-02")
    assert dataset([Decimal("1.50"), Decimal("0.5")] * 9).labels == (0.5, 1.5)
    assert dataset([Decimal(ID + 1), Decimal(ID), Decimal("nan")] * 9).labels == (ID, ID + 1)
    times = np.array(["2024-01-01T12", "2024-01-01T12:00:00.5"] * 9, "M8[ns]")
    assert dataset(pandas.Series(times)).classes[0] == "2024-01-01T12:00:00"


@pytest.mark.parametrize("kind", ["M8[s]", "m8[D]", "S1"])
def test_answers_of_another_type_than_the_target_are_announced(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = (np.arange(18) % 2 + 1).astype(kind).tolist()
    with caplog.at_level(logging.WARNING):
        labels = dataset(given).labels
    assert f"such as {given[0]!r}, are not texts, numbers or booleans, so the" in caplog.text
    assert f"named by texts such as {class_name(labels[0])!r}, and predict returns" in caplog.text


@pytest.mark.parametrize("text", [b"b\xe9", "b\u00e9".encode()])
def test_bytes_in_parquet_are_texts_where_they_are_utf_8(text: bytes, tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = {"x": np.arange(20.0) % 5, "z": [b"a", text] * 10, "t": [*"ab"] * 10}
    parquet.write_table(pyarrow.table(table), tmp_path / "a.parquet")
    columns = read_table(tmp_path / "a.parquet").columns
    assert ("z" in columns) == (text[-1] == 0xA9)
    assert "z" not in columns or columns["z"].tolist() == ["a", "b\u00e9"] * 10


# -- what counts as missing ---------------------------------------------------------------------

COUNTRIES = ["NA", "DE", "FR"]


def write_countries(path: Path) -> Path:
    table = columns(COUNTRIES * 20)
    table["home"] = [*COUNTRIES[::-1], "", *COUNTRIES[:2]] * 10
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
    return path


def test_a_class_called_na_is_named_where_it_counts_as_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_countries(tmp_path / "a.csv")
    with caplog.at_level(logging.WARNING):
        assert learned(path).classes == ("DE", "FR")
    way = "counts as missing; if it is a value, train with missing=[], or --missing ''"
    assert f"Left out: 20 rows of {path} without 't': 'NA' (20 times) {way}" in caplog.text
    assert f"Column 'home': 'NA' (20 times) {way}" in caplog.text


@pytest.mark.parametrize("form", ["file", "frame", "frame and y"])
def test_a_class_may_be_called_na(
    form: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_countries(tmp_path / "a.csv")
    frame = pandas.read_csv(path, keep_default_na=False)
    how: dict[str, Any] = {"hidden": (), "epochs": 30, "learning_rate": 0.1, "ensemble": 1}
    with caplog.at_level(logging.WARNING):
        if form == "frame and y":
            model = Classifier(**how).fit(frame.drop(columns="t"), frame["t"], missing=[])
        else:
            model = Classifier(**how).fit(path if form == "file" else frame, target="t", missing=[])
    assert not caplog.text
    assert model.classes == ("DE", "FR", "NA")
    model.save(tmp_path / "m")
    loaded = Classifier.load(tmp_path / "m")
    for asked in (model, loaded):
        assert (asked.predict(path) == frame["t"]).mean() == 1
        assert asked.evaluate(path, target="t").support.sum() == 60
        assert asked.columns is not None
        home = next(column for column in asked.columns.columns if column.name == "home")
        assert {"home = NA", "home is missing"} < {*home.features}
        features = asked.columns.extract(frame.assign(home="NA"))
        assert features[:, asked.columns.features.index("home = NA")].all()


def test_texts_in_memory_are_missing_where_those_of_a_file_are(tmp_path: Path) -> None:
    texts = ["nan", "NaT", "<NA>", "u", "nan ", ""]
    table = {**columns(["a", "b"] * 30), "s": texts * 10}
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
    for missing, kept in (([], {"nan", "NaT", "<NA>", "u"}), (None, {"NaT", "u"})):
        for data in (table, pandas.DataFrame(table), tmp_path / "a.csv"):
            asked = learned(data, missing=missing).columns
            assert asked is not None
            names = {f"s = {text}" for text in kept} | {"s is missing"}
            assert {name for name in asked.features if name.startswith("s ")} == names
            X = [asked.extract(one) for one in (table, pandas.DataFrame(table), tmp_path / "a.csv")]
            assert X[0].tobytes() == X[1].tobytes() == X[2].tobytes()


def test_other_texts_that_say_so_do_in_the_features_too() -> None:
    table = columns(["a", "b"] * 30)
    table["s"] = ["u", "Unknown", "NA", "v", "", "unknown"] * 10
    asked = learned(table, missing=["unknown"]).columns
    assert asked is not None
    X = asked.extract({**columns([*"ababab"]), "s": ["NA", "unknown", "UNKNOWN", "", "na", "N/A"]})
    seen = {name: X[:, i].tolist() for i, name in enumerate(asked.features)}
    assert seen["s = NA"] == [1, 0, 0, 0, 0, 0]
    assert seen["s is missing"] == [0, 1, 1, 1, 0, 0]


def test_other_texts_may_say_that_there_is_no_value() -> None:
    table = columns(["a", "Unknown", "b"] * 20)
    assert learned(table, missing=["unknown"]).classes == ("a", "b")
    assert learned(table, missing="unknown").classes == ("a", "b")
    with pytest.raises(SettingError, match="missing is for the columns of a table"):
        Classifier().fit(np.eye(2)[[0, 1] * 9], [0, 1] * 9, missing=[])


def test_the_command_line_may_learn_a_class_called_na(
    tmp_path: Path,
) -> None:
    path = write_countries(tmp_path / "a.csv")
    how = ["--target", "t", "--missing", "", "--epochs", "3", "--hidden", "none"]
    how += ["--ensemble", "1"]
    plainnet("train", path, "--out", tmp_path / "run", *how)
    assert load_any(tmp_path / "run").columns.missing == {""}  # type: ignore[union-attr]
    assert "--missing ''" in unescape((tmp_path / "run" / "report.html").read_text("utf-8"))
    assert '"n": 60' in plainnet("evaluate", tmp_path / "run", path, "--json")


# -- features -----------------------------------------------------------------------------------


def ids(kind: str, values: list[int], path: Path) -> Any:
    """A table with such a column, from which alone y can be shown."""
    y = [values.index(value) % 2 for value in values * 20]
    frame = pandas.DataFrame({"code": values * 20, "t": ["no", "yes"] * 30})
    frame["t"] = np.array(["no", "yes"])[y]
    frame["noise"] = np.random.default_rng(0).normal(size=len(frame))
    if kind == "csv":
        frame.to_csv(path / "a.csv", index=False)
        return path / "a.csv"
    if kind == "parquet":
        frame.to_parquet(path / "a.parquet")
        return path / "a.parquet"
    kinds: dict[str, Any] = {"uint64": np.uint64, "nullable": "Int64", "objects": object}
    if kind == "rows":
        return frame.astype({"code": object}).to_dict("records")
    if kind == "mapping":
        return {name: frame[name].tolist() for name in frame}
    if kind == "arrow":
        frame.loc[len(frame)] = [1, "no", 0.0]
        arrow = pandas.array([*values * 20, None], dtype="int64[pyarrow]")
        return frame.assign(code=arrow)
    return frame.astype({"code": kinds[kind]}) if kind in kinds else frame


@pytest.mark.parametrize(
    "kind",
    ["csv", "parquet", "int64", "uint64", "nullable", "arrow", "objects", "rows", "mapping"],
)
def test_whole_numbers_past_float64_do_not_fall_together(kind: str, tmp_path: Path) -> None:
    data = ids(kind, [ID, ID + 1, ID + 2], tmp_path)
    model = learned(data)
    assert model.columns is not None
    assert f"code = {ID}" in model.columns.features
    assert model.evaluate(data).accuracy == 1
    model.save(tmp_path / "m")
    assert Classifier.load(tmp_path / "m").evaluate(data).accuracy == 1


@pytest.mark.parametrize("kind", ["csv", "parquet", "int64"])
def test_large_numbers_that_float64_tells_apart_are_numbers(kind: str, tmp_path: Path) -> None:
    nanoseconds = [1_700_000_000_000_000_000 + 10**9 * i for i in range(3)]
    model = learned(ids(kind, nanoseconds, tmp_path))
    assert model.columns is not None
    assert model.columns.features[0] == "code"


def test_identifiers_are_written_with_all_their_digits(
    tmp_path: Path,
) -> None:
    frame = pandas.DataFrame(columns(["a", "b"] * 20))
    frame.insert(0, "id", [ID + i for i in range(40)])
    frame.to_parquet(tmp_path / "a.parquet")
    learned(tmp_path / "a.parquet").save(tmp_path / "m")
    to = tmp_path / "answers.csv"
    plainnet("predict", tmp_path / "m", tmp_path / "a.parquet", "--csv", to)
    assert [row["id"] for row in csv.DictReader(to.read_text("utf-8").splitlines())] == [
        str(ID + i) for i in range(40)
    ]


@pytest.mark.parametrize(("train", "test"), [(NFC, NFD), (NFD, NFC)])
def test_a_category_may_be_spelled_in_two_ways(train: str, test: str, tmp_path: Path) -> None:
    table = {"c": [train, "b"] * 20, "t": ["yes", "no"] * 20}
    other = {**table, "c": [test, "b"] * 20}
    model = learned(table)
    assert np.array_equal(model.predict_proba(other), model.predict_proba(table))
    mixed = {**table, "c": ([train, "b"] * 10) + [test, "b"] * 10}
    columns = learned(mixed).columns
    assert columns is not None
    assert len(columns.features) == 2


def test_an_exported_graph_takes_both_spellings(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from plainnet.export import export_onnx

    model = learned({"c": [NFC, "b", "NA"] * 20, "t": ["yes", "no", "no"] * 20}, missing=[])
    export_onnx(model, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for given, name in [([NFC, NFD], "yes"), (["b", "NA"], "no")]:
        answers = session.run(["label"], {"c": np.array(given, object).reshape(-1, 1)})[0]
        assert answers.tolist() == [name] * 2


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["True", "False", "?!"], ["TRUE", "false", "?!"]),
        (["1", "2", "x"], ["1.0", "2.00", "x"]),
        (["1.0", "2.0", "x"], ["1", "2", "x"]),
    ],
)
def test_categories_are_matched_as_classes_are(train: list[str], test: list[str]) -> None:
    y = ["a", "b", "a"] * 10
    model = learned({"c": train * 10, "t": y})
    P = model.predict_proba({"c": train * 10})
    assert np.array_equal(model.predict_proba({"c": test * 10}), P)
    unknown = [*train[:2], "01"] * 10
    assert not np.array_equal(model.predict_proba({"c": unknown}), P)


@pytest.mark.parametrize(("train", "test"), [(NFC, NFD), (NFD, NFC)])
def test_a_column_may_be_spelled_in_two_ways(train: str, test: str, tmp_path: Path) -> None:
    table = {train: ["x", "b"] * 20, f"{train}-t": ["yes", "no"] * 20, "n": [1, 2, 1, 3] * 10}
    frame = pandas.DataFrame(table)
    frame.to_csv(tmp_path / "a.csv", index=False)
    for data in (table, frame, tmp_path / "a.csv"):
        model = Classifier(hidden=(), epochs=2, ensemble=1).fit(
            data, target=f"{test}-t", drop=["n"]
        )
        answers = model.predict_proba(table)
        assert np.array_equal(answers, model.predict_proba({test: ["x", "b"] * 20}))
