"""Tables: reading them, what is made of each column, and what travels with the model."""

import csv
import io
import logging
import pkgutil
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import PLAIN

from plainnet import Classifier, Dataset, Regressor, tables
from plainnet.data.class_names import plain_text
from plainnet.errors import DataError, FileError, MissingExtraError, ModelFileError, SettingError
from plainnet.files.model_file import read_model, write_model
from plainnet.models.attribution import RowExplanation, explain_row
from plainnet.models.cross_validation import cross_validate, pool
from plainnet.network import Array
from plainnet.reports.number_sections import NumberSections
from plainnet.tables import (
    Category,
    Date,
    Number,
    Table,
    TableEncoder,
    is_table,
    overview,
    read_table,
    read_tables,
    table_of,
)
from plainnet.tables.inference import choose
from plainnet.tables.numbers import NumberFormat, find_numbers, split_number
from plainnet.tables.opened_csv import DELIMITERS
from plainnet.tables.table import TEXT, texts_of
from plainnet.tables.values import Cells, date

QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 3, "ensemble": 1}


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


# -- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_parts_the_fields(file: Path, delimiter: str, end: str, encoding: str) -> None:
    rows = ["name|a, x".replace("|", delimiter), "", '"Ä ""b"""|2'.replace("|", delimiter), ""]
    text = end.join(["name|size".replace("|", delimiter), "", *rows[2:]])
    table = read_table(written(file, text, encoding))
    assert {name: texts_of(cells) for name, cells in table.columns.items()} == {
        "name": ['Ä "b"'],
        "size": ["2"],
    }
    assert table.lines is not None
    assert table.lines.tolist() == [3]
    assert table.delimiter == delimiter


names = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1),
    min_size=2,
    max_size=5,
    unique_by=plain_text,
)
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=20)


@settings(max_examples=150, deadline=None)
@given(header=names, rows=st.integers(1, 30), data=st.data(), delimiter=st.sampled_from(DELIMITERS))
def test_what_is_written_is_read(
    header: list[str],
    rows: int,
    data: st.DataObject,
    delimiter: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    body = [[data.draw(cells) for _ in header] for _ in range(rows)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *body])
    path = tmp_path_factory.mktemp("t") / "t.csv"
    table = read_table(written(path, text.getvalue()))
    assert list(table.columns) == [*map(plain_text, header)]
    assert len(table) == rows
    for column, values in zip(zip(*body, strict=True), table.columns.values(), strict=True):
        assert texts_of(values) == [cell.strip() for cell in column]


def test_rows_over_several_lines_keep_their_line(file: Path) -> None:
    table = read_table(written(file, 'a,b\n1,"x\ny"\n2,z\n'))
    assert table.lines is not None
    assert table.lines.tolist() == [3, 4]
    assert texts_of(table["b"]) == ["x\ny", "z"]
    assert table.where(1) == "line 4"
    assert table.take(np.array([1])).where(0) == "line 4"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "t.csv is empty; a table begins with the names"),
        ("\n\n", "is empty"),
        ("a,b\n", "has a header but no rows"),
        (
            "a,b\n1,2\n\n3\n",
            "line 4, has 1 fields, but the first line names 2 columns, separated by c",
        ),
        ("a;b\n1;2;3\n", "line 2, has 3 fields, .* separated by semicolons"),
        ("a,b,a\n1,2,3\n", "names 'a' more than once"),
        ("a\n1\n", "has only one column, 'a'; its fields must be separated by commas"),
        ('a,b\n1,"2\n3,4\n', "is not valid CSV .*a quotation mark not closed"),
        ('a,b\n1,"2" x\n', "line 2, is not valid CSV"),
        ("a,b\n1,ä\n".encode("latin-1").decode("latin-1"), None),
    ],
)
def test_what_is_no_table(file: Path, text: str, why: str | None) -> None:
    if why is None:
        written(file, text, "latin-1")
        why = r"line 2, is not UTF-8 \(byte 0xE4\); save it as UTF-8, perhaps with `iconv"
    else:
        written(file, text)
    with pytest.raises(DataError, match=why):
        read_table(file)


def test_other_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="UTF-16"):
        read_table(written(tmp_path / "t.csv", "a,b\n1,2\n", "utf-16"))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0\n")
    with pytest.raises(DataError, match=r"photo\.jpg is a picture"):
        read_table(tmp_path / "photo.jpg")
    (tmp_path / "photo").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0\n")
    with pytest.raises(DataError, match="CSV"):
        read_table(tmp_path / "photo")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(FileError, match="No such file"):
        read_table(tmp_path / "nowhere.csv")


def test_which_paths_are_tables(tmp_path: Path) -> None:
    assert is_table(Path("x/y.CSV"))
    assert is_table(Path("y.parquet"))
    assert not is_table(Path("y.npz"))
    written(tmp_path / "train.txt", "one.jpg\n")
    assert not is_table(tmp_path)
    written(tmp_path / "train.csv", "a,b\n")
    assert is_table(tmp_path)
    (tmp_path / "cat").mkdir()
    assert not is_table(tmp_path)


# -- in memory -----------------------------------------------------------------------------------


def test_columns_and_rows_in_memory() -> None:
    columns = table_of(
        {"age": [22, None, 4.5], "sex": ["m", None, " f "], "ok": [True, False, None]}
    )
    rows = table_of(
        [{"age": 22, "sex": "m", "ok": True}, {"ok": False}, {"age": 4.5, "sex": "f", "ok": None}]
    )
    for table in (columns, rows):
        assert table["age"].dtype == np.float64
        assert np.array_equal(table["age"], [22, np.nan, 4.5], equal_nan=True)
        assert texts_of(table["sex"]) == ["m", "", "f"]
        assert texts_of(table["ok"]) == ["True", "False", ""]
    one = table_of({"age": 22, "sex": "m", "when": np.datetime64("2024-05-31")})
    assert (len(one), texts_of(one["when"])) == (1, ["2024-05-31"])
    assert texts_of(np.array([1.0, 1.5, np.nan, 1e300])) == ["1", "1.5", "", "1e+300"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "A table is a .csv or .parquet file, a data frame"),
        ([], "A table is"),
        (np.zeros((3, 2)), "A table is"),
        ({"a": [1, 2], "b": [1]}, "has 2 values of 'a' but 1 of 'b'"),
        ({"a": []}, "has no rows"),
    ],
)
def test_what_is_no_table_in_memory(given: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        table_of(given)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"'Age', but 'age'.* age, b"):
        table_of({"age": [1], "b": [2]})["Age"]


# -- what cells say ------------------------------------------------------------------------------


def number(text: str, format: str) -> float | None:
    parts = split_number(text)
    return None if parts is None else NumberFormat.of(format).value(parts)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1", 1.0), ("-1.5", -1.5), ("+.5", 0.5), ("2.", 2.0), ("1e3", 1000.0), ("1E-2", 0.01)],
        *[(text, None) for text in ("1,5", "1_000", "0x10", "inf", "12%", "", "e5", "-", "")],
        *[("1 000", 1000.0), ("−5", -5.0), ("1,234", None), ("1,234,567.5", 1234567.5)],
    ],
)
def test_numbers_with_a_point(text: str, value: float | None) -> None:
    assert number(text, "1234.5") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1,5", 1.5), ("1.234,5", 1234.5), ("1.234.567", 1234567.0), ("-,5", -0.5), ("3", 3.0)],
        *[("1,5e3", 1500.0), ("1234,5", 1234.5)],
        *[(text, None) for text in ("1.5", "1.23,4", "1,2,3", "", ",", "e5", "1.2345")],
    ],
)
def test_numbers_with_a_comma(text: str, value: float | None) -> None:
    assert number(text, "1.234,5") == value


def read_as_numbers(*texts: str, decimal_comma: bool = False) -> tuple[list[float | None], int]:
    read = find_numbers(Cells(np.array(texts, TEXT)), ";" if decimal_comma else "").read
    return [None if np.isnan(v) else v for v in read.values.tolist()], int(read.unread.sum())


def test_a_column_of_numbers() -> None:
    missing = ("", "NA", "n/a", "NaN", "null", "?", "-", ".", "none", "#N/A", "<NA>")
    assert read_as_numbers("1", *missing, "2.5") == ([1, *[None] * len(missing), 2.5], 0)
    assert read_as_numbers("1", "1_000", "inf", "1e999", "1e100") == ([1, *[None] * 4], 4)
    assert read_as_numbers("1,5", "2") == ([1.5, 2], 0)
    assert read_as_numbers("1,5", "2.5", "2") == ([None, 2.5, 2], 1)
    assert read_as_numbers("1,5", "2", decimal_comma=True) == ([1.5, 2], 0)
    assert read_as_numbers("1.234", "0,5", decimal_comma=True) == ([1234, 0.5], 0)
    assert read_as_numbers("1.234", "0.5", decimal_comma=True) == ([1.234, 0.5], 0)
    assert read_as_numbers("1.5", "0,5", "1.5", decimal_comma=True) == ([1.5, None, 1.5], 1)


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e99, 1e99))
def test_every_number_comes_back(value: float) -> None:
    assert read_as_numbers(repr(value), "x")[0][0] == value
    assert read_as_numbers(repr(value), "1")[0][0] == value
    german = repr(value).replace(".", ",")
    assert read_as_numbers(german, decimal_comma=True)[0] == [value]


@pytest.mark.parametrize("text", ["20240531", "2024-13-01", "31.05.2024", "2024-05", "2024-05-31x"])
def test_what_is_no_date(text: str) -> None:
    assert date(text) is None


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime(1700, 1, 1), datetime(2300, 1, 1)))
def test_dates_are_days(moment: datetime) -> None:
    days = moment.replace(tzinfo=UTC).timestamp() / 86_400
    assert date(moment.isoformat()) == days
    assert date(f"{moment.isoformat(' ', 'microseconds')}Z") == days
    whole = np.datetime64(moment.date()).astype(int)
    assert date(str(moment.date())) == whole
    assert date(f"{moment.date()}T02:00+02:00") == whole


# -- what is made of a column --------------------------------------------------------------------


def features(values: Any, name: str = "c", **how: Any) -> tuple[Any, Array]:
    """What a column is taken for, and the features of its cells."""
    table = Table("t", {name: table_of({name: values})[name]}, **how)
    column = choose(table, name).column
    assert column is not None
    out = np.empty((len(table), len(column.features)), np.float32)
    column.fill(column.numbers(table).values, out)
    return column, out


def test_numbers_are_standardized_and_the_missing_told() -> None:
    column, out = features(["1", "2", "NA", "6"])
    assert isinstance(column, Number)
    assert (column.median, column.mean) == (2, 2.75)
    assert column.features == ("c", "c is missing")
    assert out[:, 0].mean() == pytest.approx(0, abs=1e-6)
    assert out[:, 0].std() == pytest.approx(1)
    assert out[1, 0] == out[2, 0]
    assert out[:, 1].tolist() == [0, 0, 1, 0]


def test_time_stamps_stay_apart() -> None:
    column, out = features([f"{1.7e9 + i:.0f}" for i in range(-10, 11)], "stamp")
    assert isinstance(column, Number)
    assert np.diff(out[:, 0]) == pytest.approx(1 / np.arange(21).std(), rel=1e-5)


def test_true_and_false_are_one_and_zero() -> None:
    column, out = features(["TRUE", "false", "", "True"])
    assert isinstance(column, Number)
    assert out[0, 0] == out[3, 0] > out[1, 0]
    again = np.empty((2, 2), np.float32)
    column.fill(column.numbers(table_of({"c": [True, False]})).values, again)
    assert again[:, 0].tolist() == out[:2, 0].tolist()


def test_dates_have_a_place_in_their_cycles() -> None:
    days = [f"2024-{m:02}-{d:02}T{h:02}:00" for m in range(1, 13) for d in (1, 9) for h in (0, 6)]
    column, out = features([*days, ""], "when")
    assert isinstance(column, Date)
    assert column.cycles == ("year", "week", "day")
    assert column.features[:2] == ("when", "when is missing")
    waves = out[:-1, 2:].reshape(-1, 3, 2)
    assert np.hypot(waves[..., 0], waves[..., 1]) == pytest.approx(1, abs=1e-6)
    assert waves[0, 2].tolist() == [0, 1]  # midnight
    assert waves[1, 2] == pytest.approx([1, 0], abs=1e-6)  # six o'clock
    assert not out[-1, 2:].any()
    assert features(["2024-05-01", "2024-05-08", "2024-05-15"])[0].cycles == ()


def test_categories() -> None:
    column, out = features(["b", "a", "b", "", "b", "a"])
    assert isinstance(column, Category)
    assert column.features == ("c = b", "c = a", "c is missing")
    assert out.tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]
    again = np.ones((3, 3), np.float32)
    column.fill(column.numbers(table_of({"c": ["a", "z", None]})).values, again)
    assert again.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_rare_categories_are_as_unknown_ones() -> None:
    column, out = features(["often"] * 600 + ["few"] * 5 + ["rare"] * 4)
    assert column.values == ("often", "few")
    assert not out[-4:].any()
    many = [f"c{i}" for i in range(150) for _ in range(10)]
    column, out = features(many)
    assert len(column.values) == 150
    assert (column.n_frequent, out.shape[1]) == (100, 100)  # the rest follows from a target


def test_numbers_with_a_few_texts_among_them() -> None:
    table = table_of({"c": [*map(str, range(97)), "many", "few", "many"]})
    choice = choose(table, "c")
    assert isinstance(choice.column, Number)
    assert choice.why == (
        "3 of 100 cells cannot be read and count as missing, the first 'many' in row 97"
    )
    mixed = table_of({"c": [*["1", "2", "3"] * 5, "many", "few"]})
    assert isinstance(choose(mixed, "c").column, Category)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("c", ["", "NA", None], "no row has a value"),
        ("c", [np.nan, np.nan], "no row has a value"),
        ("c", ["none", "-"], "no row has a value"),
        ("c", ["7", "7.0"], "every row has the same value, 7"),
        ("c", ["x", "x"], "every row has the same value, 'x'"),
        ("c", ["2024-05-01", "2024-05-01T00:00"], "every row has the same date"),
        ("PassengerId", [*range(30)], "numbers the rows, judging by its name and values; rename"),
        ("column 1", [5, 3, 9], "numbers the rows"),
        ("row_id", [5, 3, 9], "numbers the rows"),
        ("c", [f"n{i}" for i in range(30)], "30 different texts in 30 rows only identify the rows"),
        ("c", [f"n{i // 4}" for i in range(400)], "no text is in 5 rows or more"),
    ],
)
def test_columns_that_are_left_out(name: str, values: list[Any], why: str) -> None:
    choice = choose(table_of({name: values}), name)
    assert choice.column is None
    assert why in choice.why


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("paid", [5, 3, 9]),
        ("width", [5, 3, 9]),
        ("id", [1, 1, 2]),
        ("id", [1.5, 2, 3]),
        ("id", [1, 2, None]),
        ("day", [*range(30)]),
        ("c", [f"n{i}" for i in range(20)]),
    ],
)
def test_columns_that_are_not(name: str, values: list[Any]) -> None:
    assert choose(table_of({name: values}), name).column is not None


def test_huge_numbers_count_as_far_away() -> None:
    column, _ = features([1.0, 2.0, 3.0])
    out = np.empty((3, 1), np.float32)
    column.fill(column.numbers(table_of({"c": [1e90, -1e90, 1e200]})).values, out)
    assert out[:, 0].tolist() == [100, -100, 0]


def test_a_look_at_a_table(file: Path) -> None:
    text = "id,size,kind,when\n1,5,x,2024-01-01\n2,-,y,2024-03-05\n3,-2.5,x,NA\n"
    looked = {one.name: one for one in overview(read_table(written(file, text)))}
    assert [one.kind for one in looked.values()] == ["left out", "number", "category", "date"]
    assert [one.missing for one in looked.values()] == [0, 1, 0, 1]
    assert looked["size"].examples == ("-2.5 to 5",)
    assert looked["kind"].examples == ("x", "y")
    assert looked["when"].examples == ("2024-01-01 to 2024-03-05",)
    assert looked["id"].to_dict()["note"].startswith("it numbers the rows")


# -- the target ----------------------------------------------------------------------------------


def splits_of(target: list[Any], **how: Any) -> Dataset:
    rng = np.random.default_rng(0)
    table = {"a": rng.normal(size=len(target)), "b": ["x", "y"] * (len(target) // 2), "t": target}
    train = read_tables(table, "t", **how).train
    assert train is not None
    return train


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        (["no", "yes", "no", "yes"], ("no", "yes")),
        ([1, 0, 1, 0], ("0", "1")),
        ([10.0, 2.0, 10.0, 2.0], ("2", "10")),
        (["1.0", "2", "1", "2.0"], ("1", "1.0", "2", "2.0")),
        (["01", "1", "+1", "1e0"], ("+1", "01", "1", "1e0")),
        ([f"{i:02}" for i in range(30)] * 2, tuple(f"{i:02}" for i in range(30))),
        ([2**60 + i for i in range(30)] * 2, tuple(str(2**60 + i) for i in range(30))),
        ([*range(10**15, 10**15 + 30)] * 2, ()),
        ([True, False] * 2, ("False", "True")),
        ([*range(20), *range(20)], tuple(map(str, range(20)))),
        ([*range(21), *range(21)], ()),
        ([1.5, 2.5, 1.5, 2.5], ()),
        (["1e3", "0.5", "1e3", "0.5"], ()),
    ],
)
def test_what_a_target_is_taken_for(target: list[Any], classes: tuple[str, ...]) -> None:
    train = splits_of(target)
    assert train.classes == classes
    assert train.target == (None if classes else "t")
    if not classes:
        assert train.y.tolist() == [float(value) for value in target]


def test_the_other_task_can_be_asked_for() -> None:
    assert splits_of([1, 0, 1, 0], task="regression").y.tolist() == [1, 0, 1, 0]
    assert splits_of([1.5, 2.5] * 2, task="classification").classes == ("1.5", "2.5")
    with pytest.raises(SettingError, match=r"'t'.*numbers"):
        splits_of(["1", "2", "x", "4"], task="regression")
    with pytest.raises(SettingError, match="auto, classification, regression"):
        splits_of([1, 0], task="clustering")


def test_rows_without_a_target_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        train = splits_of(["no", "", "yes", "NA", "-", "no"])
    assert "Left out: 2 rows of The table without 't': 'NA' (1 times) counts" in caplog.text
    assert "if it is a value, train with missing=[], or --missing ''" in caplog.text
    assert (train.classes, train.y.tolist()) == (("-", "no", "yes"), [1, 2, 0, 1])
    with pytest.raises(DataError, match=r"No row .*'t'"):
        splits_of(["", "NA"])
    with pytest.raises(DataError, match=r"30 .*'t' in 30 rows"):
        splits_of([f"n{i}" for i in range(30)])


@pytest.mark.parametrize(
    ("how", "error", "why"),
    [
        ({"target": "nowhere"}, DataError, "has no column 'nowhere'"),
        ({"target": "t", "drop": ["nowhere"]}, DataError, "has no column 'nowhere'"),
        ({"target": "t", "drop": ["t"]}, SettingError, "'t' is the target and cannot be dropped"),
        ({"target": "t", "drop": ["a"]}, DataError, "column to predict 't' from: a: dropped"),
    ],
)
def test_wishes_that_cannot_be_fulfilled(how: Any, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        read_tables({"a": [1, 2, 3], "t": ["x", "y", "x"]}, **how)


# -- with a model --------------------------------------------------------------------------------

TEXT_OF_TRAIN = "id,age,sex,when,t\n" + "".join(
    f"{i},{i % 50 if i % 7 else ''},{'mf'[i % 2]},2024-{1 + i % 12:02}-01,{['yes', 'no'][i % 2]}\n"
    for i in range(1, 81)
)


@pytest.fixture
def train_file(file: Path) -> Path:
    return written(file, TEXT_OF_TRAIN)


def test_a_model_keeps_its_table(train_file: Path, tmp_path: Path) -> None:
    before = Classifier(**QUICK).fit(train_file, target="t")
    before.save(tmp_path / "m")
    after = Classifier.load(tmp_path / "m")
    assert after.predict_proba(train_file).tobytes() == before.predict_proba(train_file).tobytes()
    assert isinstance(after.extractor, TableEncoder)
    assert after.extractor.identifiers == ("id",)
    assert [column.kind for column in after.extractor.columns] == ["number", "category", "date"]
    after.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_features_that_do_not_fit_the_network(train_file: Path, tmp_path: Path) -> None:
    Classifier(**QUICK).fit(train_file, target="t").save(tmp_path / "m")

    def shorten(shown: Any, tensors: dict[str, Array]) -> None:
        shown["columns"].pop(0)
        tensors["extractor.averages"] = tensors["extractor.averages"][2:]

    damaged(tmp_path / "m", shorten)
    with pytest.raises(ModelFileError, match=r"parts do not match: .* takes \d of \d features"):
        Classifier.load(tmp_path / "m")
    with pytest.raises(SettingError, match="drop "):
        Classifier().fit(np.eye(4), [0, 1] * 2, drop=["a"])


def test_other_columns_and_another_order_do_not_matter(train_file: Path) -> None:
    model = Classifier(**QUICK).fit(train_file, target="t", drop=["when"])
    row = {"more": "x", "sex": "m", "age": 22}
    one = Classifier(**QUICK).fit(train_file, target="t", drop="when")
    assert one.network.theta.tobytes() == model.network.theta.tobytes()
    same = {"age": [22.0], "sex": ["m"], "t": ["yes"]}
    assert model.predict_proba([row]).tobytes() == model.predict_proba(same).tobytes()
    with pytest.raises(DataError, match="lacks 'age', 'sex'"):
        model.predict([{"more": 1}])
    with pytest.raises(DataError, match=r"age, sex.* array of shape"):
        model.predict(np.zeros((2, 4), np.float32))  # features only in a Dataset
    assert model.training is not None
    assert model.predict_proba(model.training).shape == (68, 2)


def test_cells_that_cannot_be_read(train_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = Classifier(**QUICK).fit(train_file, target="t", drop=["when"])
    with caplog.at_level(logging.WARNING):
        shown = model.predict_proba({"age": ["5", "old", "?"], "sex": ["m"] * 3})
    assert (
        "1 of 3 cells are not a number, the first, 'old', in row 1, and count as missing."
        in caplog.text
    )
    assert shown[1].tobytes() == shown[2].tobytes()
    with pytest.raises(DataError, match=r"2 of 3 cells .*'old'"):
        model.predict({"age": ["old", "older", "4"], "sex": ["m"] * 3})


def test_a_folder_of_tables(tmp_path: Path) -> None:
    for name in ("train.csv", "valid.csv", "test.tsv"):
        text = TEXT_OF_TRAIN.replace(",", "\t") if name.endswith("tsv") else TEXT_OF_TRAIN
        written(tmp_path / name, text)
    splits = read_tables(tmp_path, "t")
    parts = (splits.train, splits.validation, splits.test)
    assert len({part.X.tobytes() for part in parts if part is not None}) == 1
    model = Classifier(**QUICK).fit(splits)
    assert model.validation is splits.validation
    written(tmp_path / "train.tsv", "a\tb\n")
    with pytest.raises(DataError, match="both train"):
        read_tables(tmp_path, "t")
    with pytest.raises(DataError, match="train, validation or test"):
        read_tables(tmp_path.parent, "t")


def test_a_validation_table_that_lacks_a_class(tmp_path: Path) -> None:
    """Its classes are those of the training all the same, and not counted again."""
    x = np.tile([0.0, 5.0, 10.0], 40)
    table = {"x": x, "t": np.array(["a", "b", "c"])[np.arange(120) % 3]}
    held = {name: values[np.arange(120) % 3 > 0] for name, values in table.items()}
    splits = read_tables(table, "t", validation=held)
    assert splits.validation is not None
    assert splits.validation.classes == ("b", "c")
    model = Classifier(
        **{**PLAIN, "hidden": (16,), "epochs": 60, "dropout": 0, "learning_rate": 0.01}
    ).fit(splits)
    assert model.validation is not None
    assert model.validation.classes == ("a", "b", "c")
    assert model.history[-1]["validation_accuracy"] == model.evaluate(splits.validation).accuracy
    assert model.history[-1]["validation_accuracy"] > 0.9
    assert model.temperature < 2
    model.save(tmp_path / "m.safetensors")
    shown = Classifier.load(tmp_path / "m.safetensors").trained
    assert shown["samples"] == {"training": [40, 40, 40], "validation": [0, 40, 40]}
    unknown = {"x": x, "t": np.array(["a", "b", "d"])[np.arange(120) % 3]}
    with pytest.raises(DataError, match=r"'d'.* a, b, c"):
        Classifier(**QUICK).fit(table, target="t", validation=unknown)


def test_a_validation_table(train_file: Path) -> None:
    model = Classifier(**QUICK).fit(train_file, target="t", validation=train_file)
    assert model.validation is not None
    assert model.training is not None
    assert len(model.validation) == len(model.training) == 80


@pytest.mark.parametrize("ensemble", [1, 3])
def test_the_lines_of_rows_go_with_them(ensemble: int, train_file: Path) -> None:
    model = Classifier(**QUICK | {"ensemble": ensemble}).fit(train_file, target="t")
    assert model.training is not None
    assert model.validation is not None
    assert model.training.lines is not None
    assert model.validation.lines is not None
    parts = [[*model.training.lines], [*model.validation.lines]]
    if ensemble > 1:  # each network holds out another fold: all rows are in both parts
        assert parts == 2 * [[*range(2, 82)]]
    else:
        assert sorted([*parts[0], *parts[1]]) == [*range(2, 82)]


def damaged(path: Path, change: Any) -> None:
    network, metadata, tensors = read_model(path)
    tensors = {name: value.copy() for name, value in tensors.items()}
    change(metadata["extractor"], tensors)
    kept = {name: value for name, value in metadata.items() if name not in ("format", "layers")}
    write_model(path, network, kept, tensors)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda given, tensors: given.pop("columns"), "table must be an object with columns"),
        (lambda given, tensors: given.update(more=1), "unknown field 'more'"),
        (lambda given, tensors: given.update(kind="tree"), "made by 'tree', which is unknown"),
        (
            lambda given, tensors: given.update(kind=["table"]),
            r"made by \['table'\], which is unknown",
        ),
        (lambda given, tensors: given.update(target=3), r"table.target\[0\] must be a text"),
        (
            lambda given, tensors: given.update(task="all"),
            "table.task must be one of classification, regression",
        ),
        (lambda given, tensors: given.update(columns=[]), "its columns are missing"),
        (lambda given, tensors: given.update(columns=[3]), r"table.columns\[0\] must be an object"),
        (
            lambda given, tensors: given["columns"].append(given["columns"][0]),
            "names are not all different",
        ),
        (lambda given, tensors: given.update(left_out=[]), "table.left_out must be an object"),
        (
            lambda given, tensors: given.update(identifiers=[3]),
            r"table.identifiers\[0\] must be a text",
        ),
        (lambda given, tensors: given["columns"][0].update(kind="x"), "a column has the kind 'x'"),
        (
            lambda given, tensors: given["columns"][0].update(name=3),
            "number column.name must be a text",
        ),
        (lambda given, tensors: given["columns"][0].update(scale=0), "scale must be"),
        (lambda given, tensors: given["columns"][0].update(mean="1"), "mean must be"),
        (lambda given, tensors: given["columns"][0].update(median=None), "median must be"),
        (
            lambda given, tensors: given["columns"][0].update(has_missing=2),
            "number column.has_missing must be a boolean",
        ),
        (
            lambda given, tensors: given["columns"][0].pop("mean"),
            "number column must be an object with mean",
        ),
        (
            lambda given, tensors: given["columns"][1].update(values=["a", "a"]),
            "are not different texts",
        ),
        (
            lambda given, tensors: given["columns"][1].update(values="ab"),
            "category column.values must be a list",
        ),
        (
            lambda given, tensors: given["columns"][1].update(has_missing=None),
            "category column.has_missing must be a boolean",
        ),
        (
            lambda given, tensors: given["columns"][2].update(cycles=["moon"]),
            r"date column.cycles\[0\] must be one of year, week, day",
        ),
        (
            lambda given, tensors: given["columns"][2].update(cycles=[[]]),
            r"date column.cycles\[0\] must be one of",
        ),
        (lambda given, tensors: given["columns"][2].update(mean=1e9), "mean day must be"),
        (lambda given, tensors: given["columns"].pop(), "averages must be"),
        (lambda given, tensors: tensors.pop("extractor.averages"), "its table has the tensors"),
        (lambda given, tensors: tensors["extractor.averages"].fill(np.nan), "not finite"),
    ],
)
def test_a_damaged_table_is_refused(
    change: Any, why: str, train_file: Path, tmp_path: Path
) -> None:
    Classifier(**QUICK).fit(train_file, target="t").save(tmp_path / "m")
    damaged(tmp_path / "m", change)
    with pytest.raises(
        ModelFileError, match=f"(not a valid classifier|no plainnet model file) .*{why}"
    ):
        Classifier.load(tmp_path / "m")


PIECES = [
    b'"',
    b",",
    b"\n",
    b";;",
    b"\r",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"nan",
    b"1e999",
    b"-",
    b"\t",
    b"",
]


@settings(max_examples=250, deadline=None)
@given(cuts=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 3))))
def test_a_damaged_file_is_a_sentence_or_a_table(
    cuts: list[tuple[float, bytes, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = TEXT_OF_TRAIN.encode()
    for share, piece, length in cuts[:4]:
        at = int(share * len(content))
        content = content[:at] + piece + content[at + length :]
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(content)
    try:
        table = read_table(path)
        train = read_tables(path, list(table.columns)[-1]).train
    except DataError:
        return
    assert train is not None
    assert np.isfinite(train.X).all()


# -- why -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings", [{"hidden": (), "epochs": 300}, {"hidden": (16, 8), "ensemble": 2, "epochs": 80}]
)
def test_the_columns_account_for_the_answer(settings: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=200), np.array(["x", "y"] * 100)
    table = {"a": a, "b": b, "c": rng.normal(size=200), "t": 3 * a + 5 * (b == "x")}
    how: dict[str, Any] = {**PLAIN, "learning_rate": 0.01, "dropout": 0, **settings}
    model = Regressor(**how).fit(table, target="t")
    row = table_of({"a": [2.0], "b": ["x"], "c": [0.0]})
    shown = explain_row(model, row)
    assert shown.score == pytest.approx(model.predict(row)[0], rel=1e-5)
    assert shown.average + shown.contributions.sum() == pytest.approx(shown.score, abs=0.05)
    assert shown.columns == ("a", "b", "c")
    by_column = dict(zip(shown.columns, shown.contributions, strict=True))
    assert by_column["a"] == pytest.approx(6, abs=0.7)
    assert by_column["b"] == pytest.approx(2.5, abs=0.7)
    assert abs(by_column["c"]) < 0.3


def test_an_answer_that_is_bounded_says_so() -> None:
    shown = RowExplanation(9.5, "t", 9.5, 5.0, ("a",), ("2",), np.array([4.5]))
    end = "from 5, the answer for an average row, to"
    assert NumberSections().from_average(shown) == f"{end} 9.5"
    beyond = replace(shown, score=11.0)
    says = f"{end} 11, beyond the training targets; the answer is 9.5"
    assert NumberSections().from_average(beyond) == says


def test_what_cannot_be_explained(train_file: Path) -> None:
    model = Classifier(**QUICK).fit(train_file, target="t")
    shown = explain_row(model, read_table(train_file).take(np.array([0])))
    assert shown.of == shown.answer == model.predict(train_file)[0]
    opposite = explain_row(
        model, read_table(train_file).take(np.array([0])), of={"no": "yes", "yes": "no"}[shown.of]
    )
    assert opposite.contributions == pytest.approx(-shown.contributions)
    with pytest.raises(DataError, match=r"One row .* got 80"):
        explain_row(model, read_table(train_file))
    with pytest.raises(DataError, match=r"Samples must be an array .* got Table"):
        explain_row(Classifier(**QUICK).fit(np.eye(8), [0, 1] * 4), read_table(train_file))


# -- Parquet and data frames ---------------------------------------------------------------------


def test_parquet_is_read_as_the_same_csv_is(train_file: Path, tmp_path: Path) -> None:
    pandas, _ = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = pandas.read_csv(train_file, parse_dates=["when"])
    frame["flag"], frame["sex"] = frame["age"] > 20, frame["sex"].astype("category")
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(train_file, index=False)
    from_csv, from_parquet, from_frame = (
        read_tables(data, "t").train for data in (train_file, tmp_path / "t.parquet", frame)
    )
    assert from_csv is not None
    for other in (from_parquet, from_frame, read_tables(frame.convert_dtypes(), "t").train):
        assert other is not None
        assert other.X.tobytes() == from_csv.X.tobytes()
        assert other.y.tobytes() == from_csv.y.tobytes()
        assert other.extractor is not None
        assert from_csv.extractor is not None
        assert other.extractor.describe() == from_csv.extractor.describe()


def test_odd_parquet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    columns = {
        "n": pyarrow.array([1, None, 3], "int64"),
        "list": pyarrow.array([[1], [2], []]),
        "nothing": pyarrow.nulls(3),
        "money": pyarrow.array([1, 2, None], pyarrow.decimal128(12, 2)),
        "day": pyarrow.array([0, 1, None], "int32").cast("date32"),
        "text": pyarrow.array(["a", None, " b"]).dictionary_encode(),
    }
    parquet.write_table(pyarrow.table(columns), path)
    table = read_table(path)
    assert "column 'list' of" in caplog.text
    assert texts_of(table["n"]) == ["1", "", "3"]
    assert texts_of(table["nothing"]) == ["", "", ""]
    assert texts_of(table["money"]) == ["1", "2", ""]
    assert texts_of(table["day"]) == ["1970-01-01", "1970-01-02", ""]
    assert texts_of(table["text"]) == ["a", "", "b"]
    assert table.where(1) == "row 1"
    written(path, "a,b\n1,2\n")
    with pytest.raises(DataError, match="Parquet"):
        read_table(path)
    with pytest.raises(FileError, match="No such file"):
        read_table(tmp_path / "nowhere.parquet")


def test_parquet_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MissingExtraError, match=r'pip install pyarrow, or pip install "\.\[parquet\]"'
    ):
        read_table(tmp_path / "t.parquet")


# -- on real data --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "least"), [("iris", 0.85), ("wine", 0.92)])
def test_real_classes(name: str, least: float, file: Path) -> None:
    data = getattr(pytest.importorskip("sklearn.datasets"), f"load_{name}")()
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([*data.feature_names, "kind"])
        for x, k in zip(data.data.tolist(), data.target, strict=True):
            writer.writerow([*x, data.target_names[k]])
    model = Classifier(ensemble=3).fit(file, target="kind")
    assert model.validation is not None
    measured = model.evaluate(model.validation)
    assert measured.accuracy > max(least, measured.baseline_accuracy + 0.3)


def test_real_numbers(file: Path) -> None:
    data = pytest.importorskip("sklearn.datasets").load_diabetes()
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow([*data.feature_names, "progression"])
        writer.writerows([*x, y] for x, y in zip(data.data.tolist(), data.target, strict=True))
    train = read_tables(file, "progression").train
    assert train is not None
    pooled = pool(train, [*cross_validate(train, Regressor())], Regressor())
    assert pooled.n == 442
    assert pooled.r2 > 0.4
    assert pooled.rmse_interval[1] < pooled.baseline_rmse


def test_no_module_hides_what_is_imported_later() -> None:
    """Names come when first asked for; a module of the same name would come in their place."""
    modules = {module.name for module in pkgutil.iter_modules(tables.__path__)}
    assert not modules & set(tables.__all__)
