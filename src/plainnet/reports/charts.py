"""Charts as SVG text: lines and bars over two axes; `matrix` has the confusion matrix.

Our own, and not a plotting library's: a page is written after every training, its charts follow the
reader's light or dark mode and fonts through the page's style, and four kinds of chart are all that
it needs. matplotlib takes a second to be imported and writes SVG of fixed colours.

Coordinates are pixels from the left and the top, in a picture that is as wide as a phone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Literal
from unicodedata import east_asian_width

import numpy as np

from plainnet.network import Array
from plainnet.reports.html import CHART_STYLE, COLOURS, Html, element, escaped

WIDTH, LEFT, RIGHT, TOP = 400, 46, 20, 24


@dataclass(frozen=True)
class Axis:
    """One direction of a chart."""

    label: str
    low: float
    high: float
    kind: Literal["number", "whole", "percent", "log"] = "number"
    """What its values are; of `log` both ends are above 0."""

    def ticks(self) -> list[float]:
        """The values that are written beside it."""
        if self.kind == "log":
            powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            steps = (1, 2, 5) if len(powers) < 4 else (1,)
            values = [step * 10.0**power for power in powers for step in steps]
            return [value for value in values if self.low <= value <= self.high]
        return nice_ticks(self.low, self.high, whole=self.kind == "whole")

    def places(self, values: Array | Sequence[float]) -> Array:
        """Where values lie, from 0 at `low` to 1 at `high`."""
        given, ends = np.asarray(values, np.float64), np.array([self.low, self.high])
        if self.kind == "log":
            given, ends = np.log10(given), np.log10(ends)
        places: Array = (given - ends[0]) / (ends[1] - ends[0])
        return places

    def text(self, value: float) -> str:
        """A value as it is written beside the axis."""
        return f"{100 * value:.3g} %" if self.kind == "percent" else f"{value:.6g}"


@dataclass(frozen=True, eq=False)
class Line:
    """One curve; values that are not finite are left out."""

    name: str
    """In the legend; "": not there."""
    x: Array | Sequence[float]
    y: Array | Sequence[float]
    series: int = 1
    """Its colour, 1 to 4; 0: a faint one."""
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars beside each other, each with a text at its foot; heights that are NaN have no bar."""

    edges: Array
    heights: Array
    texts: Sequence[str]


@dataclass(frozen=True, eq=False)
class Points:
    """A dot for each pair of values; those that are not finite are left out."""

    x: Array
    y: Array


def nice_ticks(low: float, high: float, about: int = 5, *, whole: bool = False) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten in low … high, about so many of them."""
    rough = (high - low) / about
    power = 10.0 ** floor(log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.8)
    step = max(step, 1.0) if whole else step
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def chart(
    about: str,
    x: Axis,
    y: Axis,
    lines: Sequence[Line],
    *,
    bars: Bars | None = None,
    points: Points | None = None,
    marks: Sequence[tuple[float, str]] = (),
    height: int = 220,
) -> Html:
    """Lines and bars over two axes, with a legend below.

    Args:
        about: what it shows, for those who hear the page.
        x: from left to right.
        y: from bottom to top.
        lines: drawn in this order.
        bars: behind the lines.
        points: likewise.
        marks: upright lines at a value of x, with their text.
        height: of the area inside the axes.
    """
    parts = [_axes(x, y, height)]
    if bars is not None:
        parts += _bars(bars, x, y, height)
    if points is not None:
        parts += _points(points, x, y, height)
    for value, text in marks:
        at = _across(x, [value])[0]
        end, away = ("end", -5) if at > WIDTH * 0.6 else ("start", 5)
        parts += [
            element("line", class_="mark", x1=px(at), x2=px(at), y1=TOP, y2=TOP + height),
            written(at + away, TOP - 5, text, end, class_="ink"),
        ]
    for line in lines:
        parts += _line(line, x, y, height)
    legend, below = _legend([line for line in lines if line.name], TOP + height + 52)
    return drawing(about, WIDTH, below, *parts, *legend)


def svg_file(svg: Html) -> str:
    """A chart as a file of its own, in the colours of the day, which every program can show."""
    style = re.sub(r"var\(--([\w-]+)\)", lambda name: COLOURS[name[1]][0], CHART_STYLE)
    style = style.replace(".plot ", "").strip()
    head, rest = svg.split(">", 1)
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f'{head}><style>{style}</style><rect width="100%" height="100%" fill="#fff"/>{rest}\n'


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters; what is longer lacks some of its middle."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 3
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def text_width(text: str) -> float:
    """About how many pixels a text takes."""
    return sum(12.0 if east_asian_width(c) in "WF" else 6.6 for c in text)


def _axes(x: Axis, y: Axis, height: int) -> Html:
    right, bottom = WIDTH - RIGHT, TOP + height
    parts = []
    for value, at in zip(y.ticks(), _down(y, y.ticks(), height), strict=True):
        parts.append(element("path", class_="grid", d=f"M{LEFT} {px(at)}H{right}"))
        parts.append(written(LEFT - 6, at + 4, y.text(value), "end"))
    for value, at in zip(x.ticks(), _across(x, x.ticks()), strict=True):
        parts.append(element("path", class_="axis", d=f"M{px(at)} {bottom}v4"))
        parts.append(written(at, bottom + 17, x.text(value), "middle"))
    parts.append(element("path", class_="axis", d=f"M{LEFT} {bottom}H{right}"))
    parts.append(written((LEFT + right) / 2, bottom + 35, x.label, "middle", class_="ink"))
    parts.append(written(LEFT, TOP - 10, y.label, "start", class_="ink") if y.label else Html(""))
    return element("g", *parts)


def _line(line: Line, x: Axis, y: Axis, height: int) -> list[Html]:
    given = np.stack([_across(x, line.x), _down(y, line.y, height)], axis=1)
    given = given[np.isfinite(given).all(axis=1)]
    if not len(given):
        return []
    at = _thinned(given)
    path = "M" + "L".join(f"{px(a)} {px(b)}" for a, b in at)
    dashed = " dashed" if line.dashed else ""
    kind = f"line series-{line.series}{dashed}"
    if len(at) == 1:
        return [element("circle", class_=kind, cx=px(at[0, 0]), cy=px(at[0, 1]), r=2.5)]
    return [element("path", class_=kind, d=path)]


def _thinned(at: Array) -> Array:
    """The points that can be told apart: half a pixel, and no point within a straight run."""
    at = np.round(at * 2) / 2 if len(at) > 200 else at
    step = np.diff(at, axis=0)
    moved = np.append(True, step.any(axis=1))
    at = at[moved]
    step = np.sign(np.diff(at, axis=0))
    straight = (step[1:] == step[:-1]).all(axis=1) & (step[1:] == 0).any(axis=1)
    thinned: Array = at[np.concatenate([[True], ~straight, [True]])[: len(at)]]
    return thinned


def _bars(bars: Bars, x: Axis, y: Axis, height: int) -> list[Html]:
    edges, ends = _across(x, bars.edges), _down(y, bars.heights, height)
    parts = []
    for left, right, end, text in zip(edges, edges[1:], ends, bars.texts, strict=False):
        if isfinite(end):
            size = {"width": px(right - left - 2), "height": px(TOP + height - end)}
            parts.append(element("rect", class_="bar", x=px(left + 1), y=px(end), **size))
            parts.append(
                written((left + right) / 2, TOP + height - 7, text, "middle", class_="ink")
            )
    return parts


def _points(points: Points, x: Axis, y: Axis, height: int) -> list[Html]:
    across, down = _across(x, points.x), _down(y, points.y, height)
    places = dict.fromkeys(
        (px(left), px(top))
        for left, top in zip(across, down, strict=True)
        if isfinite(left) and isfinite(top)
    )
    return [element("circle", class_="dot", cx=left, cy=top, r=2.5) for left, top in places]


def _legend(lines: Sequence[Line], top: float) -> tuple[list[Html], float]:
    """Its entries, as many in a row as fit, and where they end."""
    parts, at = [], float(LEFT)
    for line in lines:
        name = shortened(line.name, 44)
        wide = 30 + text_width(name) + 14
        if at > LEFT and at + wide > WIDTH:
            at, top = LEFT, top + 19
        dashed = " dashed" if line.dashed else ""
        sample = {"class_": f"line series-{line.series}{dashed}", "d": f"M{px(at)} {px(top)}h22"}
        parts += [element("path", **sample), written(at + 28, top + 4, name, "start")]
        at += wide
    return parts, top + 12 if parts else top - 10


def drawing(about: str, width: float, height: float, *parts: Html, natural: bool = False) -> Html:
    """The whole SVG; `natural`: of about its own size, otherwise as wide as there is room."""
    box = {
        "class": "plot",
        "viewBox": f"0 0 {ceil(width)} {ceil(height)}",
        "role": "img",
        "aria_label": about,
    }
    if natural:  # a matrix of two classes need not be as wide as the page
        box["style"] = f"min-width:{ceil(width * 0.8)}px;max-width:{ceil(width * 1.4)}px"
    return element("svg", *parts, **box)


def written(
    x: float, y: float, text: str, anchor: str, *, turned: int = 0, **given: object
) -> Html:
    """A text whose start, middle or end, as `anchor` says, is at x and y; turned by degrees."""
    if turned:
        given["transform"] = f"rotate({turned} {px(x)} {px(y)})"
    return element("text", escaped(text), x=px(x), y=px(y), text_anchor=anchor, **given)


def _across(x: Axis, values: Array | Sequence[float]) -> Array:
    across: Array = LEFT + x.places(values) * (WIDTH - LEFT - RIGHT)
    return across


def _down(y: Axis, values: Array | Sequence[float], height: int) -> Array:
    down: Array = TOP + (1 - y.places(values)) * height
    return down


def px(value: float) -> str:
    """A coordinate in few characters."""
    return f"{round(float(value), 1):g}"
