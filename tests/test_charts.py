"""Charts: ticks that people would choose, points where they belong, nothing unescaped."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainnet.reports.charts import (
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Bars,
    Line,
    chart,
    nice_ticks,
    shortened,
    svg_file,
    text_width,
)
from plainnet.reports.html import Html
from plainnet.reports.matrix import confusion_chart

UNIT = Axis("across", 0, 1), Axis("up", 0, 1)
NASTY = "<b>&\"'狗"


def texts(svg: str) -> list[str]:
    """What can be read in it; fails unless it is well-formed."""
    return [node.text or "" for node in ET.fromstring(svg).iter("text")]


def paths(svg: Html, kind: str) -> list[str]:
    found = [node for node in ET.fromstring(svg).iter("path") if kind in node.attrib["class"]]
    return [node.attrib["d"] for node in found]


# -- axes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0.5, 1, [0.5, 0.6, 0.7, 0.8, 0.9, 1]),
        (-3, 7, [-2, 0, 2, 4, 6]),
        (0, 0.7, [0, 0.2, 0.4, 0.6]),
        (1, 40, [10, 20, 30, 40]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == ticks


def test_whole_numbers_have_whole_ticks() -> None:
    assert nice_ticks(1, 3, whole=True) == [1, 2, 3]
    assert nice_ticks(0, 1, whole=True) == [0, 1]


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_there_are_a_few_ticks_and_all_inside(low: float, size: float) -> None:
    high = low + size
    if (high - low) < 1e-9 * abs(low):
        return
    ticks = nice_ticks(low, high)
    assert 1 <= len(ticks) <= 7
    slack = 1e-6 * (high - low) + 1e-9 * abs(low)
    assert low - slack <= ticks[0]
    assert ticks[-1] <= high + slack


def test_a_logarithmic_axis() -> None:
    axis = Axis("loss", 0.01, 10, "log")
    assert axis.ticks() == pytest.approx([0.01, 0.1, 1, 10])
    assert axis.places([0.01, 1, 10]) == pytest.approx([0, 2 / 3, 1])
    assert Axis("", 0.4, 3, "log").ticks() == pytest.approx([0.5, 1, 2])


def test_how_values_are_written() -> None:
    assert Axis("", 0, 1, "percent").text(0.125) == "12.5 %"
    assert Axis("", 0, 1).text(0.1 + 0.2) == "0.3"
    assert Axis("", 0, 1).text(12000) == "12000"


# -- lines ---------------------------------------------------------------------------------------


def test_points_are_where_they_belong() -> None:
    svg = chart("a line", *UNIT, [Line("", [0, 0.5, 1], [0, 1, 0.5])], height=100)
    inner = WIDTH - LEFT - RIGHT
    assert paths(svg, "series-1") == [
        f"M{LEFT} {TOP + 100}L{LEFT + inner / 2:g} {TOP}L{WIDTH - RIGHT} {TOP + 50}"
    ]
    assert {"across", "up", "0", "0.2", "1"} <= {*texts(svg)}


def test_a_straight_run_and_a_thousand_points_are_few_in_the_file() -> None:
    x = np.linspace(0, 1, 100_000)
    [path] = paths(chart("", *UNIT, [Line("", x, np.floor(x * 10) / 10)]), "series-1")
    assert len(path) < 2000
    assert path.startswith(f"M{LEFT} ")
    assert f"L{WIDTH - RIGHT} {TOP}" in path
    [path] = paths(chart("", *UNIT, [Line("", [0, 0, 0, 1], [0, 0.5, 1, 1])]), "series-1")
    assert path.count("L") == 2


def test_values_that_are_not_finite_are_left_out() -> None:
    [path] = paths(chart("", *UNIT, [Line("", [0, 0.5, 1], [0, np.nan, 1])]), "series-1")
    assert "nan" not in path
    assert paths(chart("", *UNIT, [Line("", [0.5], [np.nan])]), "series-1") == []


def test_a_single_value_is_a_dot() -> None:
    svg = chart("", *UNIT, [Line("", [0.5], [0.5])])
    assert len([*ET.fromstring(svg).iter("circle")]) == 1


def test_the_legend_breaks_into_rows_and_shortens_long_names() -> None:
    few = chart("", *UNIT, [Line("a", [0], [0])])
    many = chart("", *UNIT, [Line("x" * 60, [0], [0], 1 + i) for i in range(4)])
    heights = [int(ET.fromstring(svg).attrib["viewBox"].split()[3]) for svg in (few, many)]
    assert heights[1] == heights[0] + 3 * 19
    assert texts(many).count("x" * 29 + "…" + "x" * 14) == 4


def test_bars_and_marks() -> None:
    bars = Bars(np.array([0, 0.5, 1]), np.array([np.nan, 0.5]), ["0", "7"])
    svg = chart("", *UNIT, [], bars=bars, marks=[(0.9, "here")], height=100)
    [bar] = [n for n in ET.fromstring(svg).iter("rect") if n.attrib["class"] == "bar"]
    assert (float(bar.attrib["y"]), float(bar.attrib["height"])) == (TOP + 50, 50)
    assert {"7", "here"} <= {*texts(svg)}


# -- the matrix ----------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 10, 20])
def test_a_matrix_shows_every_count(k: int) -> None:
    counts = np.arange(k * k).reshape(k, k)
    svg = confusion_chart("matrix", [f"class {i}" for i in range(k)], counts)
    shown = texts(svg)
    assert [n for n in range(1, k * k) if f"{n:,}" not in shown] == []
    assert shown.count("class 1") == 2
    width = float(ET.fromstring(svg).attrib["viewBox"].split()[2])
    assert 200 < width < 1000


def test_a_class_without_samples_is_an_empty_row() -> None:
    svg = confusion_chart("", ["a", "b"], np.array([[3, 1], [0, 0]]))
    assert [t for t in texts(svg) if t[0].isdigit()] == ["3", "75.0 %", "1", "25.0 %"]


def test_names_are_escaped() -> None:
    for svg in (
        confusion_chart(NASTY, [NASTY, "b"], np.eye(2, dtype=int)),
        chart(
            NASTY, Axis(NASTY, 0, 1), Axis("", 0, 1), [Line(NASTY, [0], [0])], marks=[(1, NASTY)]
        ),
    ):
        assert NASTY in texts(svg)
        assert ET.fromstring(svg).attrib["aria-label"] == NASTY


# -- files and words -----------------------------------------------------------------------------


def test_a_file_of_its_own_needs_no_style_from_elsewhere() -> None:
    text = svg_file(chart("a line", *UNIT, [Line("one", [0, 1], [0, 1])]))
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in text
    assert ".plot" not in text
    assert re.search(r"\.series-1 \{ stroke: #[0-9a-f]{6}", text)


def test_shortened_texts_and_their_widths() -> None:
    assert [shortened(t, 4) for t in ("abcd", "abcde", "")] == ["abcd", "ab…e", ""]
    assert text_width("狗") > text_width("d")
