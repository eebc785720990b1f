"""How numbers and dates are written: found for a whole column, kept by the model, never guessed."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet import Classifier, Regressor, read_tables
from plainnet.errors import DataError, ModelFileError
from plainnet.files.model_file import read_model, write_model
from plainnet.tables import Category, Date, Number, Table, TableEncoder, read_table, table_of
from plainnet.tables.dates import COMPACT
from plainnet.tables.inference import choose
from plainnet.tables.numbers import NumberFormat
from plainnet.tables.opened_csv import delimiter_of

N = 60
INTS = np.random.default_rng(0).integers(1000, 99_999, N)
DAYS = [
    date(2023, 1, 1) + timedelta(days=int(d)) for d in np.random.default_rng(1).integers(0, 900, N)
]
EARLY = [day.replace(day=1 + day.day % 12) for day in DAYS]
QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 3, "ensemble": 1, "seed": 1}


def read_at(folder: Path, cells: list[str], delimiter: str) -> Table:
    """The cells as a column of a file, or if nothing parts the fields as one in memory."""
    return read_table(file_of(folder, cells, delimiter)) if delimiter else table_of({"c": cells})


def file_of(folder: Path, cells: list[str], delimiter: str = ",", name: str = "t.csv") -> Path:
    rows = [f'"{cell}"{delimiter}{"pq"[i % 2]}' for i, cell in enumerate(cells)]
    (folder / name).write_text("\n".join([f"c{delimiter}t", *rows]), "utf-8")
    return folder / name


def chosen(folder: Path, cells: list[str], delimiter: str = ",") -> tuple[Any, Any, str]:
    """What the column is taken for, what its cells say, and what is shown."""
    table = read_at(folder, cells, delimiter)
    choice = choose(table, "c")
    if not isinstance(choice.column, Number):
        return choice.column, None, choice.why
    return choice.column, choice.column.read(table["c"], table.delimiter).values, choice.why


def german(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize(
    ("write", "delimiter", "factor", "format"),
    [
        (lambda v: f"{v:,}", ",", 1, "1,234.5"),
        (lambda v: f"{v / 7:,.2f}", "\t", 1 / 7, "1,234.5"),
        (lambda v: f"{v * 1000:,}", "|", 1000, "1,234.5"),
        (lambda v: german(f"{v / 7:,.2f}"), ";", 1 / 7, "1.234,5"),
        (lambda v: german(f"{v / 7:,.2f}"), ",", 1 / 7, "1.234,5"),
        (lambda v: german(f"{v * 1000:,}"), ";", 1000, "1.234,5"),
        (lambda v: f"{v / 100}".replace(".", ","), ",", 0.01, "1234,5"),
        (lambda v: f"${v}", ",", 1, "1234.5 $"),
        (lambda v: f"-${v / 7:,.2f}", ",", -1 / 7, "1,234.5 $"),
        (lambda v: german(f"{v / 7:,.2f} €"), ";", 1 / 7, "1.234,5 €"),
        (lambda v: f"USD {v}", ",", 1, "1234.5 USD"),
        (lambda v: f"{v} EUR", ",", 1, "1234.5 EUR"),
        (lambda v: f"−{v}", ",", -1, ""),
        (lambda v: f"–{v / 8}", ",", -1 / 8, "1234.5"),
        (lambda v: f"{v / 8} %", ",", 1 / 8, "1234.5 %"),
        (lambda v: f"{v}%", ",", 1, "1234.5 %"),
        (lambda v: f"{v:,}".replace(",", " "), ",", 1, ""),
        (lambda v: f"{v:,}".replace(",", "\u202f"), ";", 1, ""),
        (lambda v: f"{v / 8:,.3f}".replace(",", "'"), ",", 1 / 8, "1234.5"),
        (lambda v: f"{v // 60 % 24:02}:{v % 60:02}", ",", None, "12:30"),
        (lambda v: f"{v % 9} days {v // 60 % 24:02}:{v % 60:02}:00", ",", None, "12:30:00"),
    ],
)
def test_numbers_are_read_as_they_are_written(
    write: Callable[[int], str], delimiter: str, factor: float | None, format: str, tmp_path: Path
) -> None:
    column, values, _ = chosen(tmp_path, [write(int(v)) for v in INTS], delimiter)
    assert type(column) is Number
    assert column.format == format
    if factor is None:
        days = INTS % 9 if "days" in write(1) else 0
        assert values == pytest.approx(days + INTS % 1440 / 1440)
    else:
        assert values == pytest.approx(INTS * factor, abs=0.005)


@pytest.mark.parametrize(
    ("form", "format"),
    [
        ("%d.%m.%Y", "31.12.2024"),
        ("%m.%d.%Y", "12.31.2024"),
        ("%d/%m/%Y", "31/12/2024"),
        ("%m/%d/%Y", "12/31/2024"),
        ("%d-%m-%Y", "31-12-2024"),
        ("%m-%d-%Y", "12-31-2024"),
        ("%Y/%m/%d", "2024/12/31"),
        ("%Y.%m.%d", "2024.12.31"),
        ("%Y-%m-%d", "2024-12-31"),
        ("%Y%m%d", "20241231"),
        ("%d%m%Y", "31122024"),
        ("%m%d%Y", "12312024"),
    ],
)
def test_dates_are_read_as_they_are_written(form: str, format: str, tmp_path: Path) -> None:
    right = np.array(DAYS, "datetime64[D]").astype(float)
    column, values, _ = chosen(tmp_path, [day.strftime(form) for day in DAYS])
    assert isinstance(column, Date)
    assert column.format == format
    assert values.tolist() == right.tolist()
    if format in COMPACT:
        numbers = table_of({"c": [int(day.strftime(form)) for day in DAYS]})
        assert choose(numbers, "c").column == column
        return
    for time, of_day in ((" 14:30", 870), ("T14:30:00", 870), (" 2:30 PM", 870), (" 12:30 am", 30)):
        column, values, _ = chosen(tmp_path, [day.strftime(form) + time for day in DAYS])
        assert column.format == format
        assert values == pytest.approx(right + of_day / 1440)


def test_days_with_points_come_first(tmp_path: Path) -> None:
    column, values, _ = chosen(tmp_path, [day.strftime("%d.%m.%Y") for day in EARLY])
    assert column.format == "31.12.2024"
    assert values.tolist() == np.array(EARLY, "datetime64[D]").astype(float).tolist()


@pytest.mark.parametrize(
    ("cells", "delimiter", "why"),
    [
        ([f"{v:,}" for v in INTS], "\t", "may have thousands or three decimals; write them with a"),
        ([german(f"{v:,}") for v in INTS], ";", "may have thousands or three decimals"),
        (
            [f"{d:%d/%m/%Y}" for d in EARLY],
            ",",
            "do not show whether the day or the month comes",
        ),
        (
            [f"{d:%d-%m-%Y}" for d in EARLY],
            ",",
            "do not show whether the day or the month comes",
        ),
        (
            [f"{d:%d/%m/%Y}" if i % 2 else f"{d:%m/%d/%Y}" for i, d in enumerate(DAYS)],
            *(
                ",",
                "not read; write numbers as 1234.5, without a unit and below 1e100, dates as 2024",
            ),
        ),
        ([f"{d:%d%m%Y}" for d in EARLY], ",", "do not show whether the day or the month comes"),
        (
            [f"{d:%B %d, %Y}" for d in DAYS],
            ",",
            "a format that is not read; .* dates as 2024-12",
        ),
        ([f"{d:%a, %d %b %Y} 8h30m" for d in DAYS], ",", "in a format that is not read"),
        ([f"Rs. {v}" for v in INTS], ",", "in a format that is not read"),
        ([f"5'{v}\u2033" for v in INTS], ",", "in a format that is not read"),
        ([f"~{v} m/s" for v in INTS], ",", "in a format that is not read"),
        (
            [f"{v}" if v % 3 else f"#DIV/{v}!" for v in INTS],
            ",",
            "such as '#DIV.*; leave those empty",
        ),
        ([f"{v} kg" for v in INTS], ",", "such as '.* kg', are in a format that is not read"),
        ([f"({v})" for v in INTS], ",", "in a format that is not read"),
        ([f"{v}-" for v in INTS], ",", "in a format that is not read"),
        ([f"{d:%d.%m.%y}" for d in DAYS], ",", "a format that is not read; .* dates as 2024-12"),
        ([f"{d:%d %b %Y}" for d in DAYS], ",", "in a format that is not read"),
        ([f"{v} %" if v % 2 else f"{v}" for v in INTS], ",", "are written in several formats, '"),
        ([f"${v}" if v % 2 else f"{v} €" for v in INTS], ",", "are written in several formats, '"),
        (["1" * 400 + str(v) for v in INTS], ",", "a format that is not read; .* below 1e100"),
    ],
)
def test_what_may_be_two_things_is_named(
    cells: list[str], delimiter: str, why: str, tmp_path: Path
) -> None:
    column, _, note = chosen(tmp_path, cells, delimiter)
    assert column is None
    assert "identify the rows" not in note
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(note)


@pytest.mark.parametrize("delimiter", [",", "", "\t", "|", ";"])
def test_small_numbers_show_that_thousands_are_parted(delimiter: str, tmp_path: Path) -> None:
    right = np.where(INTS % 3, INTS, INTS % 1000)
    for sign in ",.":
        cells = [f"{v:,}".replace(",", sign) for v in right]
        column, values, shown = chosen(tmp_path, cells, delimiter)
        if sign == "," and delimiter == ";":  # where semicolons part, a comma is decimal
            assert "may have thousands or three decimals" in shown
        elif sign == "." and delimiter != ";":
            assert column.format == "1234.5"
        else:
            assert values.tolist() == right.tolist()
            assert " is read as " in shown


def test_round_thousands_are_no_small_numbers(tmp_path: Path) -> None:
    cells = [f"{v}.000" for v in INTS % 900 + 1]
    assert "may have thousands or three decimals" in chosen(tmp_path, cells, ";")[2]
    assert chosen(tmp_path, cells, ",")[1].tolist() == (INTS % 900 + 1).tolist()


def test_what_a_comma_means_is_said_where_the_file_decides(tmp_path: Path) -> None:
    for delimiter, value in ((",", 85210), (";", 85.21)):
        _, values, shown = chosen(tmp_path, ["85,210", *(f"{v:,}" for v in INTS)], delimiter)
        assert values[0] == value
        assert f"'85,210' is read as {value}" in shown


def test_texts_still_tell_rows_apart(tmp_path: Path) -> None:
    for cells in ([f"{v} Main Street" for v in INTS], [f"p{v}" for v in INTS]):
        column, _, shown = chosen(tmp_path, cells)
        assert column is None
        assert "only identify the rows" in shown
    column, _, _ = chosen(tmp_path, ["5 kg", "10 kg"] * 20)
    assert isinstance(column, Category)


def test_every_format_has_its_name() -> None:
    for name in ("1234.5", "1,234.5", "1234,5", "1.234,5", "1234.5 %", "1.234,5 €", "1234.5 US$"):
        assert str(NumberFormat.of(name)) == name
    for name in ("", "1234", "12,34.5", "1234.5 kg", "1234.5 % %"):
        with pytest.raises(ValueError, match="are not written as"):
            NumberFormat.of(name)


# -- later files ---------------------------------------------------------------------------------


def trained(folder: Path, cells: list[str], delimiter: str = ",") -> Classifier:
    return Classifier(**QUICK).fit(file_of(folder, cells, delimiter, "train.csv"), target="t")


def answers(model: Classifier, data: Any) -> bytes:
    return model.predict_proba(data).tobytes()


@pytest.mark.parametrize(
    ("write", "delimiter", "later", "same", "other"),
    [
        ("{0:%d/%m/%Y}", ",", ["03/04/2024"], ["2024-04-03"], ["2024/04/03"]),
        ("{0:%m/%d/%Y}", ",", ["03/04/2024"], ["2024-03-04"], ["31/12/2024", "03/04/2024"]),
        ("{0:%d.%m.%Y}", ",", ["03.04.2024"], ["2024-04-03"], ["04/03/2024"]),
        ("{0:%Y-%m-%d}", ",", ["2024-04-03"], ["2024-04-03"], ["31/12/2024"]),
        ("{0:%Y%m%d}", ",", ["20240403"], ["2024-04-03"], ["03.04.2024"]),
        ("{1:,}", ",", ["1,234"], ["1234"], ["1,5", "2,25", "3"]),
        ("{1:,.2f}", ",", ["1,234.50"], ["1234.5"], ["1.234,50"]),
        ("{2:.2f}", ";", ["5,25"], ["5,250"], ["5.25", "5.5"]),
        ("{2:,.2f}", ";", ["1.234"], ["1234"], ["5.25"]),
        ("{1}.5", ",", ["1234.5"], ["1,234.5"], ["1234,5"]),
        ("${1}", ",", ["$5"], ["5"], ["€5"]),
        ("{1} %", ",", ["12 %"], ["12%"], ["12"]),
    ],
)
def test_a_later_file_is_read_by_the_form_of_the_training(
    write: str,
    delimiter: str,
    later: list[str],
    same: list[str],
    other: list[str],
    tmp_path: Path,
) -> None:
    cells = [write.format(day, int(v), v / 7) for day, v in zip(DAYS, INTS, strict=True)]
    if delimiter == ";":
        cells = [german(cell) for cell in cells]
    model = trained(tmp_path, cells, delimiter)
    model.save(tmp_path / "m")
    model = Classifier.load(tmp_path / "m")
    right = answers(model, {"c": same})
    for parts in (",", ";", "\t"):  # the file's delimiter does not matter any more
        assert answers(model, file_of(tmp_path, later, parts)) == right
        with pytest.raises(DataError, match=r"'c'.* written"):
            model.predict(file_of(tmp_path, other, parts))


def test_whole_numbers_do_not_say_how_others_are_written(tmp_path: Path) -> None:
    model = trained(tmp_path, [str(v % 1000) for v in INTS])
    right = answers(model, {"c": [1.5, 1234.5]})
    assert answers(model, file_of(tmp_path, ["1.5", "1,234.5"])) == right
    assert answers(model, file_of(tmp_path, ["1,5", "1.234,5"], ";")) == right
    with pytest.raises(DataError, match="may have thousands or three decimals"):
        model.predict(file_of(tmp_path, ["1.234"] * 3, ";"))
    assert answers(model, {"c": [f"{v}" for v in (1.5, 1234.5)]}) == right


def test_per_cent_is_not_guessed_of_numbers(tmp_path: Path) -> None:
    model = trained(tmp_path, [f"{v % 100} %" for v in INTS])
    with pytest.raises(DataError, match=r"1234\.5 %"):
        model.predict({"c": [0.12]})


def test_a_few_cells_of_another_form_count_as_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = trained(tmp_path, [f"{day:%d/%m/%Y}" for day in DAYS])
    later = [f"{day:%d/%m/%Y}" for day in DAYS]
    answers(model, file_of(tmp_path, [*later, "12/31/2024"]))
    assert "1 of 61 cells are not a date, the first, '12/31/2024', in line 62" in caplog.text
    with pytest.raises(DataError, match="12/31/2024"):
        answers(model, file_of(tmp_path, [*later, *["12/31/2024"] * 9]))


def test_a_file_of_before_says_nothing_of_forms(tmp_path: Path) -> None:
    model = trained(tmp_path, [f"{day:%Y-%m-%d}" for day in DAYS])
    model.save(tmp_path / "m")
    right = answers(model, {"c": ["2024-04-03"]})
    network, metadata, tensors = read_model(tmp_path / "m")
    for column in metadata["extractor"]["columns"]:
        del column["format"]
    del metadata["extractor"]["target_format"]
    kept = {name: value for name, value in metadata.items() if name not in ("format", "layers")}
    write_model(tmp_path / "m", network, kept, tensors)
    assert answers(Classifier.load(tmp_path / "m"), {"c": ["2024-04-03"]}) == right
    for format in ("31|12|2024", 3, ["31/12/2024"]):
        metadata["extractor"]["columns"][0]["format"] = format
        write_model(tmp_path / "m", network, kept, tensors)
        with pytest.raises(ModelFileError, match=r"not written as|format"):
            Classifier.load(tmp_path / "m")


def test_the_target_has_a_form_too(tmp_path: Path) -> None:
    def table(write: Callable[[int], str], rows: int = N) -> Path:
        lines = [f'{v};"{write(int(v))}"' for v in INTS[:rows]]
        (tmp_path / "t.csv").write_text("\n".join(["a;price", *lines]), "utf-8")
        return tmp_path / "t.csv"

    model = Regressor(**QUICK).fit(table(lambda v: german(f"{v / 7:,.2f} €")), target="price")
    assert isinstance(model.extractor, TableEncoder)
    assert model.extractor.targets.formats == ("1.234,5 €",)
    assert model.mean == pytest.approx(INTS.mean() / 7, rel=0.1)
    held = model.extractor.read(table(lambda v: german(f"{v:,} €"), 5)).train
    assert held is not None
    assert held.y.tolist() == INTS[:5].tolist()
    with pytest.raises(DataError, match=r"line 2, .*'price'"):
        model.extractor.read(table(lambda v: f"{v / 7:.2f} €"))
    with pytest.raises(DataError, match=r"The target 'price' of .*may have thousands or three dec"):
        read_tables(table(lambda v: german(f"{v:,}")), "price")
    with pytest.raises(DataError, match=r"line 2, .*'old' .*'price'"):
        read_tables(table(lambda v: "old" if v == INTS[0] else f"{v}.5"), "price")


# -- the file itself -----------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_the_line_that_names_the_separator(first: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f"{first}a, x;t\n1,5;p\n2,5;q\n".encode())
    table = read_table(tmp_path / "t.csv")
    assert [*table.columns] == ["a, x", "t"]
    assert table.lines is not None
    assert table.lines.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("name, first;price\na;1,5\nb;2,5\n", ";"),
        ("a, b, c;d\n1,5;2,5\n3,5;4,5\n", ";"),
        ("size, m;b;c\n1,5;2;3\n4,5;5;6\n", ";"),
        ("a, x\tb\n1,5\t2\n", "\t"),
        ("a,b;c,d\n1,2;3,4\n", ";"),
        ("a,b\n1;x,2\n3;y,4\n", ","),
        ("a,b|c\n1,2\n", ","),
    ],
)
def test_a_comma_in_a_name_parts_no_fields(text: str, delimiter: str) -> None:
    assert delimiter_of(text) == delimiter


def test_a_long_cell(tmp_path: Path) -> None:
    long = "x" * 200_000
    (tmp_path / "t.csv").write_text(f'a,b,t\n1,"{long}",p\n2,"{long}",q\n')
    assert read_table(tmp_path / "t.csv")["b"][0] == long


def test_a_nul_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,t\n1,p\n2\0,q\n")
    with pytest.raises(DataError, match=r"t\.csv, line 3, .*NUL"):
        read_table(tmp_path / "t.csv")


# -- as data frames have it ----------------------------------------------------------------------


def frame() -> Any:
    pandas = pytest.importorskip("pandas")
    rng, start = np.random.default_rng(0), pandas.Timestamp("2024-01-01")
    hours = pandas.to_timedelta(rng.integers(0, 20_000, N), "h")
    return pandas.DataFrame(
        {
            "i": rng.integers(0, 50, N),
            "f": rng.normal(size=N).round(4),
            "b": rng.random(N) > 0.5,
            "c": rng.choice(["u", "v", "w"], N),
            "d": start + hours,
            "zone": (start.tz_localize("UTC") + hours).tz_convert("Europe/Berlin"),
            "span": pandas.to_timedelta(rng.integers(0, 700_000, N), "s"),
            "day": [int(day.strftime("%Y%m%d")) for day in DAYS],
            "t": rng.choice(["no", "yes"], N),
        }
    )


OTHER_DTYPES: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda f: f,
    "texts": lambda f: f.astype(str),
    "objects": lambda f: f.astype(object),
    "nullable": lambda f: f.convert_dtypes(),
    "pyarrow": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
    "string[pyarrow]": lambda f: f.astype({"i": "string[pyarrow]", "c": "string[pyarrow]"}),
    "categorical": lambda f: f.astype(dict.fromkeys(("i", "b", "c", "day"), "category")),
    "Int64 and boolean": lambda f: f.astype({"i": "Int64", "b": "boolean", "day": "Int32"}),
    "0 and 1": lambda f: f.assign(b=f["b"].astype(int)),
    "TRUE and FALSE": lambda f: f.assign(b=f["b"].map({True: "TRUE", False: "FALSE"})),
    "another zone": lambda f: f.assign(zone=f["zone"].dt.tz_convert("UTC")),
    "Python's own": lambda f: f.assign(
        d=list(f["d"].dt.to_pydatetime()), span=[x.to_pytimedelta() for x in f["span"]]
    ),
    "Decimal": lambda f: f.assign(f=[Decimal(str(v)) for v in f["f"]]),
    "bytes": lambda f: f.assign(c=[text.encode() for text in f["c"]]),
    "rows": lambda f: f.to_dict("records"),
    "columns": lambda f: f.to_dict("list"),
    "fields": lambda f: f.to_records(index=False),
    "masked": lambda f: {
        name: np.ma.masked_array(f[name].to_numpy(), np.zeros(N, bool))
        if name in ("i", "f")
        else f[name]
        for name in f
    },
    "dates": lambda f: f.assign(day=DAYS),
}


@pytest.mark.filterwarnings("ignore:The behavior of DatetimeProperties:FutureWarning")
@pytest.mark.parametrize("name", OTHER_DTYPES)
def test_other_dtypes_are_answered_as_the_file_is(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    data = frame()
    data.to_csv(tmp_path / "t.csv", index=False)
    model = Classifier(**QUICK).fit(tmp_path / "t.csv", target="t")
    right = answers(model, tmp_path / "t.csv")
    other = OTHER_DTYPES[name](data)
    assert answers(model, other) == right
    if hasattr(other, "to_parquet") and name not in ("objects", "Python's own", "bytes"):
        other.to_parquet(tmp_path / "t.parquet")
        assert answers(model, tmp_path / "t.parquet") == right


def test_what_is_masked_is_missing() -> None:
    table = table_of({"c": np.ma.masked_array([1.0, 1e6, 3.0], [False, True, False])})
    assert np.array_equal(table["c"], [1, np.nan, 3], equal_nan=True)


def test_columns_of_several_values() -> None:
    for values in (np.zeros((3, 2)), [[1, 2], [3, 4], [5, 6]]):
        with pytest.raises(DataError, match=r"one value .*'c'"):
            table_of({"a": [1, 2, 3], "c": values})


def test_infinity_in_memory_is_told_as_in_a_file(caplog: pytest.LogCaptureFixture) -> None:
    table = table_of({"c": [*map(float, range(40)), np.inf], "t": ["p"] * 41})
    assert "1 of 41 cells cannot be read" in choose(table, "c").why
    made = TableEncoder.fit(table_of({"c": [1.0, 2.0, 4.0], "t": ["p", "q", "p"]}), "t")
    with pytest.raises(DataError, match="2 of 3 cells are not a number, the first, 'inf'"):
        made.extract({"c": [np.inf, 1, 1e200]})


def test_categories_that_training_never_saw_are_told(caplog: pytest.LogCaptureFixture) -> None:
    made = TableEncoder.fit(table_of({"c": ["m", "f"] * 9, "t": ["p", "q"] * 9}), "t")
    made.extract({"c": ["m", "male"]})
    assert not caplog.text
    made.extract({"c": ["male", "female"]})
    assert "none of its cells holds a category of the training" in caplog.text


# -- in other programs ---------------------------------------------------------------------------


def test_an_export_agrees(tmp_path: Path) -> None:
    """The graph takes numbers and days, and answers what plainnet does of the file."""
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from plainnet.export import export_onnx, verify_onnx

    rows = [*zip(INTS.tolist(), DAYS, strict=True)]
    lines = [f'"{v:,}",{v % 97} %,{d:%d/%m/%Y},{d:%Y%m%d},{"pq"[v % 2]}' for v, d in rows]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,d,t", *lines]))
    model = Classifier(**QUICK).fit(tmp_path / "t.csv", target="t")
    export_onnx(model, tmp_path / "m.onnx")
    assert verify_onnx(tmp_path / "m.onnx").sound
    days = np.array(DAYS, "datetime64[D]").astype(float)
    given = {"a": INTS * 1.0, "b": INTS % 97 * 1.0, "c": days, "d": days}
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    fed = {name: values.reshape(-1, 1) for name, values in given.items()}
    (P,) = session.run(["probabilities"], fed)
    assert model.predict_proba(tmp_path / "t.csv") == pytest.approx(P, abs=1e-5)


def test_an_export_knows_the_other_spellings_of_a_category() -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from plainnet.export import onnx_model

    rows = {"c": ["1", "2", "True", "x é"] * 15, "a": INTS, "t": ["p", "q"] * 30}
    model = Classifier(**QUICK).fit(rows, target="t")
    asked = ["1.0", "1", "TRUE", "true", "2.0", "x é", "x e\u0301", "3", "", "x é.0"]
    session = runtime.InferenceSession(onnx_model(model).SerializeToString())
    a = np.full((len(asked), 1), 5000.0)
    (P,) = session.run(["probabilities"], {"c": np.array(asked, object).reshape(-1, 1), "a": a})
    shown = model.predict_proba({"c": asked, "a": a[:, 0]})
    assert shown == pytest.approx(P, abs=1e-6)
    assert len({row.tobytes() for row in shown}) == 5


def test_what_a_later_file_may_mean_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = {"c": INTS.tolist(), "t": ["p", "q"] * (N // 2)}
    columns = TableEncoder.fit(table_of(whole), "t")
    columns.extract(file_of(tmp_path, [f"{v:,}" for v in INTS], ";"))
    said = f"Column 'c': '{INTS[0]:,}' is read as {INTS[0] / 1000:.10g}"
    assert said in caplog.text
    numbers = {"c": whole["t"], "t": whole["c"]}
    model = Regressor(**QUICK).fit(numbers, target="t")
    caplog.clear()
    rows = [f'{"pq"[i % 2]};"{v:,}"' for i, v in enumerate(INTS)]
    (tmp_path / "u.csv").write_text("\n".join(["c;t", *rows]), "utf-8")
    model.evaluate(tmp_path / "u.csv")
    assert f"'{INTS[0]:,}' is read as {INTS[0] / 1000:.10g}" in caplog.text
