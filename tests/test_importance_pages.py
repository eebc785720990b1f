"""Which columns matter, as pages, charts, texts and JSON show it."""

import csv
import json
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from plainnet import Classifier
from plainnet.cli.command_line import main
from plainnet.data import Dataset
from plainnet.network import Array
from plainnet.reports.axes import Axis, date_ticks
from plainnet.reports.charts import Band, Line, chart, svg_file
from plainnet.reports.report_data import MOST_COLUMNS, Report
from plainnet.reports.report_page import report_html, write_figures
from plainnet.reports.row_chart import Row, row_chart

QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 8, "batch_size": 32, "learning_rate": 0.02}
RNG = np.random.default_rng(0)
X: Array = RNG.normal(size=(240, 3))
HEADING = "Which columns matter"
Command = Callable[..., tuple[int, str, str]]


def rows(n: int = 240) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    found = []
    for i in range(n):
        size, kind = float(rng.normal(100, 20)), str(rng.choice(["<oak>", "elm"]))
        price = 3 * size + 40 * (kind == "elm") + rng.normal(0, 3)
        day = date.fromordinal(735000 + int(rng.integers(0, 900))).isoformat()
        found.append(
            {
                "size": f"{size:.1f}",
                "kind": kind,
                "day": day,
                "luck": i % 7,
                "price": f"{price:.1f}",
            }
        )
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("importance")
    with (made / "trees.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows(1)[0]))
        writer.writeheader()
        writer.writerows(rows())
    return made


@pytest.fixture
def plainnet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> Command:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plainnet", *map(str, arguments)])
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


@pytest.fixture
def run_of_trees(plainnet: Command, folder: Path) -> Path:
    run = folder / "run"
    if not run.exists():
        words = ("--target", "price", "--epochs", "30", "--hidden", "16", "--learning-rate", "0.01")
        assert plainnet("train", "trees.csv", *words, "--out", "run")[0] == 0
    return run


# -- commands ------------------------------------------------------------------------------------


def test_the_page_of_a_training_shows_the_columns(run_of_trees: Path) -> None:
    page = (run_of_trees / "report.html").read_text("utf-8")
    section = page[page.index(HEADING) :]
    assert "validation rows" in section
    assert "rise of RMSE" in section
    assert "&lt;oak&gt;" in section
    assert "<oak>" not in section
    assert "What it relies on" in page
    assert re.search(r"size: rise of RMSE \+[\d.]+ if it is shuffled \(95 % interval", page)


def test_the_command_measures_what_was_held_out(plainnet: Command, run_of_trees: Path) -> None:
    code, out, _ = plainnet("importance", run_of_trees, "trees.csv", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["part"] == "validation"
    assert "did not learn from" in found["caution"]
    columns = {one["column"]: one for one in found["columns"]}
    assert next(iter(columns)) == "size"
    low, high = columns["size"]["rmse_rise_interval_95"]
    assert 0 < low < columns["size"]["rmse_rise"] < high
    assert found["curves"][0]["column"] == "size"
    curve = found["curves"][0]
    assert len(curve["values"]) == len(curve["mean"]) == len(curve["low"])
    code, out, _ = plainnet("importance", run_of_trees, "trees.csv", "--rows", 20, "--repeats", 2)
    assert code == 0
    assert re.match(r"20 rows of [\d,]+, each column shuffled 2 times\n", out)
    assert "size" in out
    assert "did not learn from" in out


def test_training_rows_are_never_measured_silently(plainnet: Command, run_of_trees: Path) -> None:
    code, out, _ = plainnet("importance", run_of_trees, "trees.csv", "--part", "train")
    assert code == 0
    assert "which the network was trained on" in out
    words = ("--part", "train", "--out", "train.html")
    assert plainnet("report", run_of_trees, "trees.csv", *words)[0] == 0
    assert HEADING not in (run_of_trees.parent / "train.html").read_text("utf-8")


# -- pages ---------------------------------------------------------------------------------------


def test_more_than_two_classes_on_a_page(tmp_path: Path) -> None:
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    data = Dataset(X, y, ("low", "middle", "high"))
    model = Classifier(**QUICK).fit(data)
    report = Report.of("a run", model, data, part="test")
    page = report_html(report)
    assert HEADING in page
    figures = {path.name for path in write_figures(tmp_path, report)}
    assert {"importance.svg", "column-1.svg"} <= figures
    drawn = ET.fromstring((tmp_path / "column-1.svg").read_text("utf-8"))
    texts = [node.text for node in drawn.iter() if node.tag.endswith("text")]
    assert {"low", "middle", "high", "probability"} <= {*texts}


def test_what_has_no_or_too_many_columns_has_no_section() -> None:
    pictures = RNG.integers(0, 256, (30, 4, 4, 3)).astype(np.uint8)
    many = RNG.normal(size=(30, MOST_COLUMNS + 1))
    for samples in (pictures, many):
        data = Dataset(samples, np.arange(30) % 2, ("a", "b"))
        model = Classifier(hidden=(4,), epochs=1).fit(data)
        assert HEADING not in report_html(Report.of("a run", model, data, part="test"))


# -- charts --------------------------------------------------------------------------------------


def rects(svg: str) -> list[tuple[float, float]]:
    found = [node.attrib for node in ET.fromstring(svg).iter("rect") if node.get("class") == "bar"]
    return [(float(one["x"]), float(one["x"]) + float(one["width"])) for one in found]


def test_bars_go_from_the_start_to_the_value() -> None:
    some = [Row("up", [3.0], (2.0, 4.0)), Row("down", [-1.0], (np.nan, np.nan)), Row("no", [0.0])]
    svg = row_chart("about", Axis("", -2, 4), some)
    (up, down, none), unit = rects(svg), 0.0
    unit = (up[1] - up[0]) / 3
    assert down[1] == pytest.approx(up[0], abs=0.2)
    assert down[1] - down[0] == pytest.approx(unit, abs=0.3)
    assert none[1] == pytest.approx(none[0])
    assert svg.count("whisker") == 1
    assert svg_file(svg).startswith("<svg xmlns")
    dots = row_chart("about", Axis("", 0, 1), [Row("<a>", [0.2, 0.8])], names=["x", "y"])
    assert dots.count("<circle") == 2
    assert not rects(dots)
    assert "&lt;a&gt;" in dots


def test_a_band_lies_between_its_curves() -> None:
    x, low, high = [0.0, 0.5, 1.0], np.array([0.2, 0.3, 0.2]), np.array([0.4, 0.9, 0.4])
    axes = Axis("", 0, 1), Axis("", 0, 1)
    svg = chart("about", *axes, [Line("", x, low)], band=Band(x, low, high), height=100)
    paths = [node.attrib for node in ET.fromstring(svg).iter("path")]
    [band] = [one["d"] for one in paths if one["class"] == "band"]
    [line] = [one["d"] for one in paths if one["class"].startswith("line")]
    corners = re.findall(r"[\d.]+ [\d.]+", band)
    assert len(corners) == 6
    assert corners[:2:-1] == re.findall(r"[\d.]+ [\d.]+", line)


@pytest.mark.parametrize(
    ("first", "last", "texts"),
    [
        ("2020-01-15", "2021-02-01", ["2020-04", "2020-07", "2020-10", "2021-01"]),
        ("1990-06-01", "2014-01-01", ["1995", "2000", "2005", "2010"]),
        ("2020-02-27", "2020-03-02", ["2020-02-27", "2020-02-28", "2020-02-29", "2020-03-01"]),
        ("2020-02-27", "2020-02-28", ["2020-02-27 06:00", "2020-02-27 12:00"]),
    ],
)
def test_dates_beside_an_axis(first: str, last: str, texts: list[str]) -> None:
    low, high = (np.datetime64(text, "D").astype(float) for text in (first, last))
    found = date_ticks(low, high)
    assert 2 <= len(found) <= 6
    assert {*texts} <= {text for _, text in found}
    axis = Axis("day", low, high, "date")
    assert axis.texts(axis.ticks()) == [text for _, text in found]
    for value, text in found:
        assert np.datetime64(text.replace(" ", "T"), "s") == np.datetime64(
            round(value * 86400), "s"
        )


def test_dates_of_any_age_have_ticks() -> None:
    for low, high in ((-700_000.0, 900_000.0), (18_000.0, 18_000.001), (0.0, 1e8)):
        axis = Axis("day", low, high, "date")
        assert axis.texts(axis.ticks())
