"""Charts: ticks that people would choose, points where they belong, nothing unescaped."""

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plainnet.digits import axis_numbers, number, signed
from plainnet.reports.axes import LEFT, RIGHT, TOP, WIDTH, Axis, nice_ticks
from plainnet.reports.charts import Bars, Line, Points, Surface, chart, svg_file
from plainnet.reports.html import Html
from plainnet.reports.matrix import confusion_chart
from plainnet.reports.widths import cell_width, fitting, shortened, text_width

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
    assert Axis("", 0, 1, "percent").texts([0.125, 1]) == ["12.5 %", "100 %"]
    assert Axis("", 0, 1).texts([0, 0.3, 12000]) == ["0", "0.3", "12,000"]


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
    [name] = {text for text in texts(many) if "x" in text}
    assert "…" in name
    assert 30 < len(name) < 60


def test_bars_and_marks() -> None:
    bars = Bars(np.array([0, 0.5, 1]), np.array([np.nan, 0.5]), ["0", "7"])
    svg = chart("", *UNIT, [], bars=bars, marks=[(0.9, "here")], height=100)
    [bar] = [n for n in ET.fromstring(svg).iter("rect") if n.attrib["class"] == "bar"]
    assert (float(bar.attrib["y"]), float(bar.attrib["height"])) == (TOP + 50, 50)
    assert {"7", "here"} <= {*texts(svg)}


# -- nothing is cut off --------------------------------------------------------------------------

NAMES = {
    "long": ["x" * 79 + str(i) for i in range(5)],
    "wide": ["W" * 30 + str(i) for i in range(5)],
    "Chinese": ["猫" * 40 + str(i) for i in range(5)],
    "Arabic": ["\u2068" + "قطة " * 20 + f"{i}\u2069" for i in range(5)],
    "HTML": [f"<b>{i}</b>&amp;<script>" for i in range(5)],
    "short": list("abcde"),
    "digits": [str(10**9 + i) for i in range(20)],
}


def cut_off(svg: str) -> list[str]:
    """The texts that are not within the picture, in the widest of the usual fonts."""
    root, found = ET.fromstring(svg), []
    _, _, wide, high = map(float, root.attrib["viewBox"].split())
    for node in root.iter("text"):
        text, x, y = node.text or "", float(node.attrib["x"]), float(node.attrib["y"])
        size = text_width(text)
        begin = -size * {"start": 0, "middle": 0.5, "end": 1}[node.attrib["text-anchor"]]
        turn = re.search(r"rotate\((\S+)", node.attrib.get("transform", "rotate(0"))
        assert turn is not None
        along = np.exp(1j * np.deg2rad(float(turn[1])))
        corners = [x + 1j * y + along * (begin + a + 1j * b) for a in (0, size) for b in (-9, 2)]
        if not all(-0.5 <= c.real <= wide + 0.5 and -0.5 <= c.imag <= high + 0.5 for c in corners):
            found.append(text)
    return found


@given(st.floats(-12, 15), st.floats(-12, 15), st.sampled_from([-1, 0, 1]))
@example(15, -12, 1)
@example(15, -1, -1)
@example(5.5, 5, 1)
def test_no_number_of_any_size_is_cut_off_or_runs_into_another(
    place: float, size: float, sign: int
) -> None:
    low = sign * 10**place
    high = low + 10**size
    x, y = Axis("across", low, high), Axis("up", low, high)
    both = np.array([low, high])
    svg = chart("", x, y, [Line("a", both, both)], points=Points(both, both), marks=[(high, "0")])
    assert cut_off(svg) == []
    below = [node for node in ET.fromstring(svg).iter("text") if node.attrib["y"] == "261"]
    ends = [(float(n.attrib["x"]), text_width(n.text or "") / 2) for n in below]
    assert all(a + half < b - other for (a, half), (b, other) in pairwise(ends))
    assert len({node.text for node in below}) == len(below)


@given(st.floats(-12, 15), st.floats(0.01, 15))
def test_no_number_of_a_logarithmic_axis_is_cut_off(place: float, size: float) -> None:
    y = Axis("", 10**place, 10 ** (place + size), "log")
    svg = chart("", Axis("epoch", 1, 2, "whole"), y, [])
    assert cut_off(svg) == []
    assert 2 <= len(y.ticks()) <= 10


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("largest", [1, 99, 123_456, 10**9])
def test_no_name_and_no_count_is_cut_off(names: list[str], largest: int) -> None:
    counts = np.full((len(names), len(names)), largest)
    assert cut_off(confusion_chart("", names, counts)) == []
    lines = [Line(f"{name}: 0.123", [0, 1], [0, 1], 1) for name in names]
    svg = chart("", *UNIT, lines)
    assert cut_off(svg) == []
    assert all(text.endswith(": 0.123") for text in texts(svg) if "…" in text)


# -- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (-0.0, "0"),
        (-1e-300 * 1e-300, "0"),
        (1, "1"),
        (-5, "-5"),
        (152.134, "152.13"),
        (4380.12, "4,380.1"),
        (23196.4, "23,196"),
        (99999.6, "100,000"),
        (218543, "218,543"),
        (-5e6, "-5,000,000"),
        (1e9, "1e9"),
        (1234567890123, "1.2346e12"),
        (0.001, "0.001"),
        (-0.00123456, "-0.0012346"),
        (1e-9, "1e-9"),
        (float("nan"), "–"),
        (float("-inf"), "-inf"),
        (5e-324, "4.9407e-324"),
    ],
)
def test_one_number_is_written_in_one_way(value: float, written: str) -> None:
    assert number(value) == written
    assert signed(value) == ("+" if value > 0 else "") + written


def test_a_number_has_the_digits_that_its_differences_call_for() -> None:
    assert number(1e9 + 1.27, to=0.01) == "1,000,000,001.27"
    assert number(218543.21, to=500) == "218,543"
    assert [number(value, to=62) for value in (9506.3, -14523.1)] == ["9,506", "-14,523"]
    assert number(1e-9, to=1e-11) == "1e-9"
    assert number(0, to=1) == "0"
    assert number(1e9, to=0) == "1e9"


@given(st.floats(-1e12, 1e12).filter(lambda v: abs(v) > 1e-12))
def test_a_number_is_right_to_five_digits(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=6e-5)


def test_the_numbers_of_an_axis_are_in_one_style() -> None:
    assert axis_numbers([0, 0.5, 1]) == ["0", "0.5", "1"]
    assert axis_numbers([100_000, 200_000]) == ["100,000", "200,000"]
    assert axis_numbers([-5e6, -4.5e6]) == ["-5,000,000", "-4,500,000"]
    assert axis_numbers([-6e7, 0]) == ["-60,000,000", "0"]
    assert axis_numbers([0, 1e9, 2e9]) == ["0", "1e9", "2e9"]
    assert axis_numbers([0, 2e-5]) == ["0", "2e-5"]
    assert axis_numbers([1e9 + 0.5, 1e9 + 1]) == ["1,000,000,000.5", "1,000,000,001"]
    assert axis_numbers([]) == []


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
    assert shortened("猫" * 9, 8) == "猫猫…猫"
    assert cell_width(shortened("猫" * 9, 8)) == 7
    assert text_width("狗") > text_width("d")
    assert text_width(fitting("W" * 90, 200)) <= 200
    assert fitting("W" * 9, 200) == "W" * 9


def test_a_surface_colours_each_cell_by_its_value() -> None:
    values = np.array([[-1.0, -0.2, 0.2], [0.2, 0.2, 1.0]])
    surface = Surface(values, [-0.5, 0.0, 0.5], middle=0)
    svg = chart("a surface", *UNIT, [], surface=surface)
    assert len(paths(svg, "surface")) == 4
    for kind in ("series-2 shade-8", "series-2 shade-4", "series-1 shade-8"):
        assert [path.count("M") for path in paths(svg, kind)] == [1]
    [weak] = paths(svg, "series-1 shade-4")
    assert weak.count("M") == 2  # two cells of a row are drawn as one
    plain = chart("a surface", *UNIT, [], surface=Surface(values, [0.0, 0.5]))
    assert "series-2" not in plain
    assert len(paths(plain, "shade-0")) == 1


def test_points_have_colours() -> None:
    one, two = (Points(np.array([0.5]), np.array([0.5]), series=k) for k in (1, 2))
    svg = chart("points", *UNIT, [], points=[one, two])
    dots = [node.attrib["class"] for node in ET.fromstring(svg).iter("circle")]
    assert dots == ["dot", "dot series-2"]
