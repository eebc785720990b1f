"""A confusion matrix as SVG, for a readable number of classes."""

from collections.abc import Sequence
from math import ceil

import numpy as np

from plainnet.digits import percent
from plainnet.network import Array
from plainnet.reports.charts import drawing, px, written
from plainnet.reports.html import Html, element
from plainnet.reports.widths import shortened, text_width


def confusion_chart(about: str, names: Sequence[str], counts: Array) -> Html:
    """Draw a confusion matrix; the depth of a colour shows a cell's share of its row.

    Args:
        about: a description for screen readers.
        names: the names of the K classes.
        counts: rows are true classes, columns predicted ones, `(K, K)`.
    """
    k = len(names)
    widest = text_width(f"{counts.max():,}") + 8
    side = min(90, max(30, ceil(widest), 330 // k))
    shown = [shortened(name, 18) for name in names]
    longest = max(map(text_width, shown))
    upright = longest <= side - 4
    left = 24 + longest + 8
    top = 24 + (16 if upright else 0.77 * longest + 12)
    width = left + k * side + (8 if upright else max(8, 0.64 * longest - side / 2 + 8))
    parts = [
        written(left + k * side / 2, 14, "predicted", "middle"),
        written(14, top + k * side / 2, "true class", "middle", turned=-90),
    ]
    for i, name in enumerate(shown):
        middle = (i + 0.5) * side
        parts.append(written(left - 8, top + middle + 4, name, "end", class_="ink"))
        place = (left + middle, top - 8)
        anchor = "middle" if upright else "start"
        parts.append(written(*place, name, anchor, turned=0 if upright else -50, class_="ink"))
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (i, j), share in np.ndenumerate(counts / rows):
        at = (left + j * side, top + i * side)
        title = f"{names[i]} predicted as {names[j]}: {counts[i, j]:,} ({percent(share)})"
        parts += _cell(at, side, int(counts[i, j]), float(share), i == j, title)
    return drawing(about, width, top + k * side + 6, *parts, natural=True)


def _cell(
    at: tuple[float, float], side: int, n: int, share: float, right: bool, title: str
) -> list[Html]:
    size = {"x": px(at[0] + 1), "y": px(at[1] + 1), "width": side - 2, "height": side - 2, "rx": 2}
    if not n:
        return [element("rect", class_="grid", **size)]
    depth = 0.14 + 0.76 * share
    kind = "right" if right else "wrong"
    ink = "on-dark" if depth > 0.75 else "ink"
    middle, two_lines = (at[0] + side / 2, at[1] + side / 2), side >= 55
    parts = [
        element("rect", element("title", title), class_=kind, fill_opacity=f"{depth:.2f}", **size),
        written(middle[0], middle[1] + (0 if two_lines else 4), f"{n:,}", "middle", class_=ink),
    ]
    if two_lines:
        parts.append(written(middle[0], middle[1] + 15, percent(share), "middle", class_=ink))
    return parts
