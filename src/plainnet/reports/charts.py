"""Charts as SVG: lines, bars, dots and surfaces over two axes; `matrix` draws the confusion matrix.

They are drawn here rather than by a plotting library, because a page is written after every
training, needs four kinds of chart only, and its charts follow the reader's light or dark mode and
fonts. matplotlib takes a second to import and writes SVG in fixed colours.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isfinite

import numpy as np

from plainnet.network import Array
from plainnet.reports.axes import LEFT, TOP, WIDTH, Axis, Frame
from plainnet.reports.html import Html, element, escaped
from plainnet.reports.styles import fixed, style
from plainnet.reports.widths import fitting, text_width

LARGER = 1.2
"""The size of a chart in a file of its own, by that of its coordinates."""
_SIZE = re.compile(r'viewBox="0 0 (\d+) (\d+)"')


@dataclass(frozen=True, eq=False)
class Line:
    """One curve; values that are not finite are skipped."""

    name: str
    """Name in the legend; "" keeps it out."""
    x: Array | Sequence[float]
    y: Array | Sequence[float]
    series: int = 1
    """Number of its colour, 1 to 4; 0 is grey."""
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class Bars:
    """Adjacent bars, each with a text at its foot; where the height is NaN there is no bar."""

    edges: Array
    heights: Array
    texts: Sequence[str]


@dataclass(frozen=True, eq=False)
class Points:
    """A dot for each pair of values; those that are not finite are skipped."""

    x: Array
    y: Array
    series: int = 1
    """Number of their colour, 1 to 4."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of x and y as colours that fill the whole area."""

    values: Array
    """Its values in cells of equal size, `(rows, columns)`, from low y and low x on."""
    bounds: Array | Sequence[float]
    """The values at which the colour changes, increasing."""
    middle: float | None = None
    """Values below it have the second colour, values above it the first; None: all the first."""
    series: int = 1
    """Number of the first colour, 1 to 4."""


@dataclass(frozen=True, eq=False)
class Band:
    """The area between two curves, and marks of its values of x above the axis."""

    x: Array | Sequence[float]
    low: Array
    high: Array


def chart(
    about: str,
    x: Axis,
    y: Axis,
    lines: Sequence[Line],
    *,
    bars: Bars | None = None,
    points: Points | Sequence[Points] | None = None,
    surface: Surface | Sequence[Surface] | None = None,
    band: Band | None = None,
    marks: Sequence[tuple[float, str]] = (),
    height: int = 220,
) -> Html:
    """Draw lines, bars, dots and a surface over two axes, with a legend below.

    Args:
        about: a description of the chart for screen readers.
        x: the horizontal axis.
        y: the vertical axis.
        lines: drawn in this order.
        bars: drawn behind the lines.
        points: drawn behind the lines.
        surface: drawn behind all others.
        band: drawn behind the lines.
        marks: vertical lines at a value of x, each with its text.
        height: height of the area inside the axes, in pixels.
    """
    frame = Frame(x, y, height)
    surfaces = [surface] if isinstance(surface, Surface) else surface or ()
    parts = [*(path for one in surfaces for path in _surface(one, frame)), _axes(frame)]
    if bars is not None:
        parts += _bars(bars, frame)
    for some in [points] if isinstance(points, Points) else points or ():
        parts += _points(some, frame)
    if band is not None:
        parts += _band(band, frame)
    for value, text in marks:
        at = frame.across([value])[0]
        end, away = ("end", -5) if at > WIDTH * 0.6 else ("start", 5)
        parts += [
            element("line", class_="mark", x1=px(at), x2=px(at), y1=TOP, y2=frame.bottom),
            written(at + away, TOP - 5, text, end, class_="ink"),
        ]
    for line in lines:
        parts += _line(line, frame)
    legend, below = legend_of([line for line in lines if line.name], frame.bottom + 52)
    return drawing(about, WIDTH, below, *parts, *legend)


def svg_file(svg: Html) -> str:
    """Return a chart as a separate SVG file, in the colours of the light mode."""
    sheet = fixed(style("charts")).replace(".plot ", "").strip()
    head, rest = svg.split(">", 1)
    width, height = (round(LARGER * float(one)) for one in _SIZE.findall(head)[0])
    size = f'width="{width}" height="{height}"'
    head = head.replace("<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" {size} ', 1)
    return f'{head}><style>{sheet}</style><rect width="100%" height="100%" fill="#fff"/>{rest}\n'


def _axes(frame: Frame) -> Html:
    left, right, bottom = frame.left, frame.right, frame.bottom
    parts = []
    for value, text in frame.y_numbers:
        at = frame.down([value])[0]
        parts.append(element("path", class_="grid", d=f"M{px(left)} {px(at)}H{px(right)}"))
        parts.append(written(left - 6, at + 4, text, "end"))
    for value, text in frame.x_numbers:
        at = frame.across([value])[0]
        parts.append(element("path", class_="axis", d=f"M{px(at)} {bottom}v4"))
        parts.append(written(at, bottom + 17, text, "middle"))
    parts.append(element("path", class_="axis", d=f"M{px(left)} {bottom}H{px(right)}"))
    parts.append(written((left + right) / 2, bottom + 35, frame.x.label, "middle", class_="ink"))
    if frame.y.label:
        parts.append(written(left, TOP - 10, frame.y.label, "start", class_="ink"))
    return element("g", *parts)


def _line(line: Line, frame: Frame) -> list[Html]:
    given = np.stack([frame.across(line.x), frame.down(line.y)], axis=1)
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
    """Drop points less than half a pixel apart, and those within a straight run."""
    at = np.round(at * 2) / 2 if len(at) > 200 else at
    step = np.diff(at, axis=0)
    moved = np.append(True, step.any(axis=1))
    at = at[moved]
    step = np.sign(np.diff(at, axis=0))
    straight = (step[1:] == step[:-1]).all(axis=1) & (step[1:] == 0).any(axis=1)
    thinned: Array = at[np.concatenate([[True], ~straight, [True]])[: len(at)]]
    return thinned


def _bars(bars: Bars, frame: Frame) -> list[Html]:
    edges, ends = frame.across(bars.edges), frame.down(bars.heights)
    parts = []
    for left, right, end, text in zip(edges, edges[1:], ends, bars.texts, strict=False):
        if isfinite(end):
            size = {"width": px(right - left - 2), "height": px(frame.bottom - end)}
            parts.append(element("rect", class_="bar", x=px(left + 1), y=px(end), **size))
            parts.append(
                written((left + right) / 2, frame.bottom - 7, text, "middle", class_="ink")
            )
    return parts


def _points(points: Points, frame: Frame) -> list[Html]:
    across, down = frame.across(points.x), frame.down(points.y)
    places = dict.fromkeys(
        (px(left), px(top))
        for left, top in zip(across, down, strict=True)
        if isfinite(left) and isfinite(top)
    )
    kind = "dot" if points.series == 1 else f"dot series-{points.series}"
    return [element("circle", class_=kind, cx=left, cy=top, r=2.5) for left, top in places]


def _surface(surface: Surface, frame: Frame) -> list[Html]:
    """Return one path for each colour, which holds the cells of that colour, joined in rows."""
    levels = np.searchsorted(surface.bounds, surface.values, side="right")
    n, (rows, columns) = len(surface.bounds), levels.shape
    zero = 0 if surface.middle is None else int(np.searchsorted(surface.bounds, surface.middle))
    across = np.linspace(frame.left, frame.right, columns + 1)
    down = np.linspace(frame.bottom, TOP, rows + 1)
    paths = [""] * (n + 1)
    for i, row in enumerate(levels):
        cuts = [0, *(np.flatnonzero(np.diff(row)) + 1), columns]
        for a, b in pairwise(cuts):
            ends = f"H{px(across[b])}V{px(down[i + 1])}H{px(across[a])}Z"
            paths[row[a]] += f"M{px(across[a])} {px(down[i])}{ends}"
    kinds = [f"surface {_shade(level, zero, n, surface)}" for level in range(n + 1)]
    return [
        element("path", class_=kind, style="stroke:none", d=path)
        for kind, path in zip(kinds, paths, strict=True)
        if path
    ]


def _shade(level: int, zero: int, n: int, surface: Surface) -> str:
    """Return the classes of a colour: the series, and how strong it is, 0 to 8."""
    if surface.middle is None:
        return f"value series-{surface.series} shade-{round(8 * level / n)}"
    far = (level - zero) / (n - zero) if level > zero else (zero + 1 - level) / (zero + 1)
    return f"value series-{surface.series if level > zero else 2} shade-{round(8 * far)}"


def _band(band: Band, frame: Frame) -> list[Html]:
    x, low, high = frame.across(band.x), frame.down(band.low), frame.down(band.high)
    around = np.vstack([np.column_stack([x, high]), np.column_stack([x, low])[::-1]])
    outline = "M" + "L".join(f"{px(a)} {px(b)}" for a, b in around) + "Z"
    marks = "".join(f"M{px(a)} {frame.bottom}v-6" for a in x)
    return [element("path", class_="band", d=outline), element("path", class_="axis", d=marks)]


def legend_of(lines: Sequence[Line], top: float) -> tuple[list[Html], float]:
    """Return the entries, as many in a row as fit, and the y coordinate below them."""
    parts, at = [], float(LEFT)
    for line in lines:
        name = fitting(line.name, WIDTH - LEFT - 30)
        wide = 30 + text_width(name) + 14
        if at > LEFT and at + wide > WIDTH:
            at, top = LEFT, top + 19
        dashed = " dashed" if line.dashed else ""
        sample = {"class_": f"line series-{line.series}{dashed}", "d": f"M{px(at)} {px(top)}h22"}
        parts += [element("path", **sample), written(at + 28, top + 4, name, "start")]
        at += wide
    return parts, top + 12 if parts else top - 10


def drawing(about: str, width: float, height: float, *parts: Html, natural: bool = False) -> Html:
    """Return the whole SVG: about its own size if `natural`, otherwise as wide as its container."""
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
    """Write a text with its `anchor` (start, middle or end) at x and y, turned by degrees."""
    if turned:
        given["transform"] = f"rotate({turned} {px(x)} {px(y)})"
    return element("text", escaped(text), x=px(x), y=px(y), text_anchor=anchor, **given)


def px(value: float) -> str:
    """Write a coordinate with at most one decimal."""
    return f"{round(float(value), 1):g}"
