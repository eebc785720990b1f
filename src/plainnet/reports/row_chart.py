"""A chart of rows, each with its name and a bar or dots: values of columns or categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plainnet.network import Array
from plainnet.reports.axes import WIDTH, Axis
from plainnet.reports.charts import Line, drawing, legend_of, px, written
from plainnet.reports.html import Html, element
from plainnet.reports.widths import fitting, text_width

ROW, BAR = 22, 12
"""Height of a row and of its bar, in pixels."""
WIDEST_NAME, TOP, RIGHT = 130, 22, 24
"""Largest width of a name, and margins, in pixels."""


@dataclass(frozen=True, eq=False)
class Row:
    """A name with one value and its interval, or with several values."""

    name: str
    values: Sequence[float]
    interval: tuple[float, float] | None = None
    """The ends of a line across the bar; NaN draws none."""


def row_chart(
    about: str, axis: Axis, rows: Sequence[Row], *, start: float = 0.0, names: Sequence[str] = ()
) -> Html:
    """Draw a bar from `start` to the value of each row, or a dot for each of its values.

    Args:
        about: a description of the chart for screen readers.
        axis: of the values; below the rows.
        rows: from top to bottom.
        start: where bars begin; a vertical line marks it.
        names: the names of several values, in the legend.
    """
    shown = [fitting(row.name, WIDEST_NAME) for row in rows]
    left = max(map(text_width, shown)) + 8
    bottom, wide = TOP + ROW * len(rows), WIDTH - RIGHT - left
    parts = [*_axis(axis, left, wide, bottom)]
    at = left + float(axis.places([start])[0]) * wide
    for i, (row, name) in enumerate(zip(rows, shown, strict=True)):
        middle = TOP + ROW * (i + 0.5)
        parts.append(written(left - 8, middle + 4, name, "end", class_="ink"))
        ends = left + axis.places(row.values) * wide
        parts += _dots(ends, middle) if names else _bar(at, float(ends[0]), middle)
        if row.interval is not None and np.isfinite(row.interval).all():
            low, high = left + axis.places(row.interval) * wide
            ends_of_line = "".join(f"M{px(x)} {px(middle - 4)}v8" for x in (low, high))
            line = f"M{px(low)} {px(middle)}H{px(high)}{ends_of_line}"
            parts.append(element("path", class_="whisker", d=line))
    parts.append(element("path", class_="axis", d=f"M{px(at)} {TOP}V{bottom}"))
    lines = [Line(name, (), (), series=i) for i, name in enumerate(names, 1)]
    legend, below = legend_of(lines, bottom + 52)
    return drawing(about, WIDTH, below, *parts, *legend)


def _axis(axis: Axis, left: float, wide: float, bottom: int) -> list[Html]:
    """Draw the numbers below, as many as fit, with a line upwards from each."""
    ticks = axis.ticks()
    texts = axis.texts(ticks)
    room = max(map(text_width, texts)) + 10
    while len(ticks) > 2 and room * (len(ticks) - 1) > wide:
        ticks, texts = ticks[::2], texts[::2]
    parts = []
    for place, text in zip(left + axis.places(ticks) * wide, texts, strict=True):
        parts.append(element("path", class_="grid", d=f"M{px(place)} {TOP}V{bottom}"))
        parts.append(written(place, bottom + 17, text, "middle"))
    parts.append(written(left + wide / 2, bottom + 35, axis.label, "middle", class_="ink"))
    return parts


def _bar(start: float, end: float, middle: float) -> list[Html]:
    size = {"width": px(abs(end - start)), "height": BAR, "y": px(middle - BAR / 2)}
    return [element("rect", class_="bar", x=px(min(start, end)), **size)]


def _dots(places: Array, middle: float) -> list[Html]:
    return [
        element("circle", class_=f"value series-{i}", cx=px(place), cy=px(middle), r=4)
        for i, place in enumerate(places, 1)
    ]
