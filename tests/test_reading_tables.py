"""Whole columns at once: the places in a file's bytes, numbers and dates, equal to cell by cell."""

import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plainnet.errors import DataError
from plainnet.network import Array
from plainnet.tables import Table, TableEncoder, csv_blocks, csv_file, read_table
from plainnet.tables.decimals import read_decimals
from plainnet.tables.in_memory import table_of
from plainnet.tables.inference import choose
from plainnet.tables.iso_dates import read_iso_dates
from plainnet.tables.table import TEXT, raw_column, texts_of
from plainnet.tables.texts import PAD, Texts
from plainnet.tables.values import Cells, date

CELLS = (
    *("", " ", "1", "-2.5", "+3.", ".5", "1e5", "-0", "1_0", "nan", "NA", "inf", "None", "-", "?"),
    *("12.345678901234567", "0.1234567890123456789", "9007199254740993", "18446744073709551616"),
    *("1,234", "1.234,5", "1 234", "12 %", "$5", "12:30", "٣", "1\xa0", "\u3000x", "é", "e\u0301"),
    *("2024-05-31", "2024-05-31 12:30", "2024-02-30", "2024-05-31T12:30:61", "31.12.2024"),
    *("true", "False", "a", "b", "a b", " a ", "\ta\x0b", "long " * 30, "eight888", "中文"),
    *('"', '""', '"a"', '"a', 'a"', '5" x', '"a,b"', '"a;b\nc"', '"x ""y"" z"', '" a "', '"" '),
)
"""What stands between two delimiters."""


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_blocks, "_BLOCK_BYTES", 64)


def both(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table | str]:
    """What is read at once, cell by cell, and as a large file: a table, or the error's message."""
    usual = csv_blocks.read_blocks
    for reader, large in ((usual, 2**29), (lambda *_: None, 2**29), (usual, -1)):
        monkeypatch.setattr(csv_file, "read_blocks", reader)
        monkeypatch.setattr(csv_file, "LARGE_BYTES", large)
        try:
            yield read_table(path)
        except DataError as error:
            yield str(error)


def texts(cells: list[str]) -> Texts:
    """A column of these cells."""
    raw = [cell.encode() for cell in cells]
    ends = PAD + np.cumsum([len(cell) + 1 for cell in raw]) - 1
    body = b",".join(raw)
    data = np.zeros(-(-(len(body) + 2 * PAD) // 8) * 8, np.uint8)
    data[PAD : PAD + len(body)] = np.frombuffer(body, np.uint8)
    return Texts(data, ends - [*map(len, raw)], ends)


def assert_equal_tables(one: Table, other: Table) -> None:
    assert one.lines is not None
    assert other.lines is not None
    assert one.lines.tolist() == other.lines.tolist()
    assert (one.delimiter, one.index, [*one.columns]) == (
        *(other.delimiter, other.index, [*other.columns]),
    )
    for name in one.columns:
        assert other[name].dtype == one[name].dtype == TEXT
        assert texts_of(one[name]) == texts_of(other[name]) == np.asarray(one[name]).tolist()
        assert [one[name][i] for i in range(len(one))] == texts_of(other[name])
        assert repr(choose(one, name)) == repr(choose(other, name))
        a, b = Cells.of(one[name]), Cells.of(other[name])
        assert a.coded[0] == b.coded[0]
        assert a.coded[1].tolist() == b.coded[1].tolist()
        assert (a.plain is None) == (b.plain is None)
        if a.plain is not None and b.plain is not None:
            assert a.plain.values.tobytes() == b.plain.values.tobytes()
        for read in ((a.nothing, b.nothing), (a.read_dates(date), b.read_dates(date))):
            assert read[0].values.tobytes() == read[1].values.tobytes()
            assert read[0].unread.tolist() == read[1].unread.tolist()


def odd_file(draw: random.Random) -> bytes:
    """A table in which a few things may be odd."""
    delimiter, width = draw.choice(",;\t|"), draw.randrange(2, 5)
    chosen = draw.sample(CELLS, draw.choice((2, 4, 8, len(CELLS))))
    if draw.random() < 0.7:
        chosen = [cell for cell in chosen if cell.count('"') % 2 == 0] or ["x"]
    ends = draw.choice((["\n"], ["\r\n"], ["\n", "\r\n"], ["\n", "\n\n", "\n\r\n"], ["\n", "\r"]))
    rows = [[f"c{i}" for i in range(width)]]
    rows += [[draw.choice(chosen) for _ in range(width)] for _ in range(draw.randrange(1, 30))]
    if draw.random() < 0.1:
        rows[draw.randrange(len(rows))].append("more")
    text = "".join(delimiter.join(row) + draw.choice(ends) for row in rows)
    content = text.rstrip("\n").encode() if draw.random() < 0.3 else text.encode()
    if draw.random() < 0.05:
        at = draw.randrange(len(content))
        content = content[:at] + draw.choice((b"\xff", b"\xe2\x80", b"\0", b"\r")) + content[at:]
    return draw.choice((b"", b"", b"", b"\xef\xbb\xbf", b"\n", b"sep=;\n")) + content


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("seed", range(10))
def test_odd_files_are_read_as_cell_by_cell(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, path = random.Random(seed), tmp_path / "t.csv"
    tables = 0
    for _ in range(60):
        path.write_bytes(odd_file(draw))
        one, *others = both(path, monkeypatch)
        for other in others:
            if isinstance(one, str) or isinstance(other, str):
                assert one == other
            else:
                assert_equal_tables(one, other)
                tables += 1
    assert tables > 40


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("block", [200, 2**22])
def test_usual_files_are_read_at_once(
    quoting: Any, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_blocks, "_BLOCK_BYTES", block)
    draw = random.Random(0)
    usual = [cell for cell in CELLS if cell.count('"') in (0, 4)] + ["two\nlines", 'the "best"']
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting)
    writer.writerow(["a", "b\nc", "day", "x"])
    for i in range(1000):
        day = f"2024-0{1 + i % 9}-1{i % 10}" + draw.choice(("", " 12:30", "T01:02:03", ""))
        writer.writerow([*draw.choices(usual, k=2), draw.choice((day, "")), repr(draw.gauss(0, 9))])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())
    one, other, large = both(path, monkeypatch)
    assert isinstance(one, Table)
    assert isinstance(other, Table)
    assert isinstance(large, Table)
    assert_equal_tables(large, other)
    assert all(isinstance(column, Texts) for column in one.columns.values())
    assert_equal_tables(one, other)
    features = [TableEncoder.fit(table, "day").extract_table(table) for table in (one, other)]
    assert features[0].tobytes() == features[1].tobytes()
    rows = draw.sample(range(1000), 100)
    assert_equal_tables(one.take(np.array(rows)), other.take(np.array(rows)))


def test_a_cell_with_very_many_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, many = tmp_path / "t.csv", " " * 1000
    path.write_text(f'a,b\n{many}x{many},{many}\n{many}"y{many}",\t{many}z z{many}\n')
    one, other, _ = both(path, monkeypatch)
    assert isinstance(one, Table)
    assert isinstance(other, Table)
    assert isinstance(one["a"], Texts)
    assert_equal_tables(one, other)


def middles(draw: random.Random) -> str:
    """A number exactly between two float64, or next to it."""
    between, power = 2 * draw.randrange(2**52, 2**53) + 1, draw.randrange(3)
    digits = str(between * 5**power + draw.choice((-1, 0, 0, 1)))
    return f"{digits[:-power]}.{digits[-power:]}" if power else digits


def any_digits(draw: random.Random) -> str:
    """Up to 20 digits, with a sign or a point somewhere, or with more of them."""
    digits = [draw.choice("0123456789") for _ in range(draw.randrange(1, 21))]
    for sign in draw.choice((".", ".", ".", "", "..", "-.", "e.", "/", ":", "é")):
        digits.insert(draw.randrange(len(digits) + 1), sign)
    return draw.choice(("", "-", "+", "0.000", "00")) + "".join(digits)


@pytest.mark.parametrize("make", [lambda d: repr(d.gauss(10, 5)), middles, any_digits])
def test_numbers_have_the_bits_that_float_gives(make: Any) -> None:
    draw = random.Random(1)
    cells = [make(draw) for _ in range(20_000)]
    values, unread = read_decimals(texts(cells))
    read = np.flatnonzero(~unread)
    expected: Array = np.array([float(cells[i]) for i in read])
    assert values[read].tobytes() == expected.tobytes()
    assert len(read) > 2000


@pytest.mark.parametrize(
    "cell", ["", ".", "-", "-.", "1.2.3", "1-", "--1", "1e5", "nan", "é", "/", ":", "1" * 21]
)
def test_other_cells_are_not_read_as_decimals(cell: str) -> None:
    assert read_decimals(texts([cell, "1"]))[1].tolist() == [True, False]


def test_days_are_those_of_single_cells() -> None:
    draw = random.Random(2)
    cells = []
    for _ in range(20_000):
        day = f"{draw.randrange(10000):04}-{draw.randrange(15):02}-{draw.randrange(33):02}"
        time = f"{draw.choice('T T_')}{draw.randrange(26):02}:{draw.randrange(62):02}"
        cells.append(day + draw.choice(("", time, f"{time}:{draw.randrange(62):02}", f"{time}Z")))
    days, unread = read_iso_dates(texts(cells))
    read = np.flatnonzero(~unread)
    assert days[read].tolist() == [date(cells[i]) for i in read]
    assert len(read) > 5000
    forms = (10, 16, 19)
    assert all(date(cells[i]) is None for i in np.flatnonzero(unread) if len(cells[i]) in forms)


@pytest.mark.parametrize(
    "cells",
    [
        ["a", " b", "a", None, "b"] * 3,
        ["é", "e\u0301", float("nan"), "x", ""] * 6,
        [True, False, True] * 4,
        ["1", "2", "1", "nan", "2.5"] * 3,
    ],
)
def test_cells_that_repeat_are_read_once_with_the_same_result(cells: list[Any]) -> None:
    dtype = bool if isinstance(cells[0], bool) else object
    few = table_of({"x": np.array(cells, dtype)})["x"]
    assert not isinstance(few, Texts)
    cells = cells * 10
    found = table_of({"x": np.array(cells, dtype)})["x"]
    assert isinstance(found, Texts)
    assert [*found] == few.tolist() * 10
    expected = raw_column(np.array(cells, object))
    assert [*found] == expected.tolist()
    for each in (Cells.of(found), Cells.of(found[:])):  # by the codes, and by the texts
        different, codes = each.coded
        wanted, places = Cells(expected).coded
        assert different == wanted
        assert np.array_equal(codes, places)


@pytest.mark.parametrize(
    "cells",
    [[None, None], [1, "a", "a", "a", "a"], [["a"], ["a"]], ["a", "b", "c"], [True, 1, "x"]],
)
def test_other_cells_are_read_one_by_one(cells: list[Any]) -> None:
    array = np.empty(len(cells), object)
    array[:] = cells
    assert Texts.of_cells(array) is None
