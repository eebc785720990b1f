"""Pages in one file: no network, no script, no asset beside them.

Readable on a phone, in the dark and on paper. Everything that is put in is escaped, but for what
these functions return themselves: that is `Html`.
"""

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from PIL import Image

from plainnet.network import Array

COLOURS: Mapping[str, tuple[str, str]] = {
    "ink": ("#1c2530", "#e6ebf0"),
    "faint": ("#5d6975", "#9aa7b4"),
    "line": ("#d8dee4", "#36414d"),
    "paper": ("#ffffff", "#12181f"),
    "tint": ("#f3f6f9", "#1b232c"),
    "accent": ("#0a6ebd", "#6ab3f0"),
    "bad": ("#b3261e", "#ff8a80"),
    "good": ("#1b7a3d", "#7ad39a"),
    "series-1": ("#0a6ebd", "#6ab3f0"),
    "series-2": ("#c2500a", "#f2a65a"),
    "series-3": ("#1b7a3d", "#7ad39a"),
    "series-4": ("#8a3fa0", "#cf9fe6"),
}
"""The variables of the style, `--ink` and so on: by day and in the dark."""


def _variables(shade: int) -> str:
    return " ".join(f"--{name}: {pair[shade]};" for name, pair in COLOURS.items())


CHART_STYLE = """
.plot text { font: 12px system-ui, sans-serif; fill: var(--faint); }
.plot .ink { fill: var(--ink); } .plot .on-dark { fill: var(--paper); }
.plot .grid { stroke: var(--line); stroke-width: 1; fill: none; }
.plot .axis { stroke: var(--faint); stroke-width: 1; fill: none; }
.plot .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.plot .dashed { stroke-dasharray: 5 4; stroke-linecap: butt; }
.plot .mark { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 2 3; }
.plot .bar { fill: var(--series-1); fill-opacity: .3; stroke: var(--series-1); }
.plot .dot { fill: var(--series-1); fill-opacity: .35; }
.plot .right { fill: var(--accent); } .plot .wrong { fill: var(--bad); }
.plot .series-0 { stroke: var(--faint); stroke-width: 1.2; }
""" + "".join(f".plot .series-{n} {{ stroke: var(--series-{n}); }}\n" for n in range(1, 5))

STYLE = f"""
:root {{ color-scheme: light dark; {_variables(0)} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables(1)} }} }}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; }}
body {{ margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }}
h1 {{ font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-top: .9rem;
  border-top: 1px solid var(--line); }}
h3 {{ font-size: 1rem; margin: 1.4rem 0 .4rem; }}
p {{ margin: .4rem 0 .8rem; max-width: 46rem; overflow-wrap: anywhere; }}
ul {{ margin: .4rem 0 .8rem; max-width: 46rem; padding-left: 1.2rem; overflow-wrap: anywhere; }}
li {{ margin: .25rem 0; }}
.faint, figcaption {{ color: var(--faint); font-size: .87rem; }}
.bad {{ color: var(--bad); font-weight: 600; }} .good {{ color: var(--good); font-weight: 600; }}
.note {{ border-left: .25rem solid var(--accent); background: var(--tint); padding: .6rem .9rem;
  border-radius: 0 .4rem .4rem 0; max-width: 46rem; }}
.note.bad {{ border-color: var(--bad); color: var(--ink); font-weight: inherit; }}
.note.good {{ border-color: var(--good); color: var(--ink); font-weight: inherit; }}
code, pre {{ font: .87rem/1.5 ui-monospace, monospace; }}
pre {{ background: var(--tint); padding: .7rem .9rem; overflow-x: auto; border-radius: .4rem; }}
pre.wrap {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .92rem; margin: .4rem 0 1rem; }}
th, td {{ padding: .28rem 1.1rem .28rem 0; text-align: right; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; vertical-align: top; }}
th:last-child, td:last-child {{ padding-right: 0; }}
th {{ font-weight: 600; }} td b {{ white-space: nowrap; }}
th, td {{ white-space: nowrap; }} td.text, th.text {{ white-space: normal; text-align: left; }}
td.text {{ overflow-wrap: anywhere; min-width: 4.5rem; }}
.gallery {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
  gap: 1rem .9rem; }}
figure {{ margin: 0; break-inside: avoid; }}
figcaption {{ overflow-wrap: anywhere; line-height: 1.35; margin-top: .3rem; }}
figcaption b {{ color: var(--ink); }}
figure h3 {{ margin: 0 0 .3rem; }}
figure img {{ width: 100%; display: block; border-radius: .3rem; background: var(--tint); }}
figure img.pixels {{ image-rendering: pixelated; }}
figure svg, .chart svg {{ width: 100%; height: auto; display: block; }}
.charts {{ display: grid; gap: 1.8rem 2rem; margin: 1rem 0;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); }}
.charts .wide {{ grid-column: 1 / -1; }}
.cards {{ display: flex; flex-wrap: wrap; gap: .7rem; margin: 1rem 0; }}
.card {{ background: var(--tint); border-radius: .5rem; padding: .6rem 1rem; flex: 1 1 8.5rem;
  min-width: 0; overflow-wrap: anywhere; font-size: .9rem; line-height: 1.4;
  color: var(--faint); }}
.card b {{ display: block; font-size: 1.5rem; line-height: 1.3; color: var(--ink);
  font-variant-numeric: tabular-nums; }}
{CHART_STYLE}
@media (max-width: 30rem) {{
  table {{ font-size: .84rem; }} th, td {{ padding-right: .7rem; }}
  td.text {{ min-width: 5.5rem; }}
  .card {{ padding: .6rem .8rem; }} .card b {{ font-size: 1.2rem; }}
  .gallery {{ grid-template-columns: repeat(auto-fill, minmax(6.3rem, 1fr)); }}
}}
@page {{ margin: 1.5cm; }}
@media print {{
  body {{ max-width: none; padding: 0; font-size: .8rem; }}
  h2, h3 {{ break-after: avoid; }} tr, .card, .note {{ break-inside: avoid; }}
  pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
  .card, .note, pre {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  .gallery {{ grid-template-columns: repeat(6, 1fr); }}
  .charts {{ grid-template-columns: repeat(2, minmax(0, 1fr)); }} .scroll {{ overflow: visible; }}
  .card {{ flex-basis: 6rem; }}
}}
"""


class Html(str):
    """Text that is HTML already, and not escaped again."""

    __slots__ = ()


def escaped(content: object) -> Html:
    """Anything as HTML."""
    return content if isinstance(content, Html) else Html(html.escape(str(content)))


def page(title: str, *parts: object) -> str:
    """A whole document."""
    body = "\n".join(escaped(part) for part in parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def element(tag: str, *content: object, **attributes: object) -> Html:
    """`element("p", "1 < 2", class_="faint")` is `<p class="faint">1 &lt; 2</p>`."""
    return Html(
        f"<{tag}{_written(attributes)}>{''.join(escaped(part) for part in content)}</{tag}>"
    )


def table(
    header: Sequence[object], rows: Iterable[Sequence[object]], texts: Sequence[int] = (0,)
) -> Html:
    """Rows under a header; the columns whose numbers are in `texts` stand to the left.

    Without a header the rows stand alone.
    """

    def line(tag: str, cells: Sequence[object]) -> Html:
        parts = [
            element(tag, cell, class_="text") if i in texts else element(tag, cell)
            for i, cell in enumerate(cells)
        ]
        return element("tr", *parts)

    head = element("thead", line("th", header)) if header else Html("")
    body = element("tbody", *(line("td", row) for row in rows))
    return element("div", element("table", head, body), class_="scroll")


def bullets(items: Iterable[object]) -> Html:
    """A list with a dot before each item."""
    return element("ul", *(element("li", item) for item in items))


def cards(figures: Iterable[tuple[object, object]]) -> Html:
    """The few figures that count: (`93 %`, `right of 200 pictures`)."""
    shown = [element("div", element("b", big), small, class_="card") for big, small in figures]
    return element("div", *shown, class_="cards")


def picture(pixels: Array, caption: object = "", *, alt: str = "") -> Html:
    """A figure of uint8 pixels `(height, width)` or `(height, width, 1 or 3)`, embedded as PNG."""
    held = io.BytesIO()
    plain = np.squeeze(pixels, axis=2) if pixels.shape[2:] == (1,) else pixels
    Image.fromarray(plain).save(held, "PNG")
    source = "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()
    small = {"class_": "pixels"} if max(pixels.shape[:2]) <= 128 else {}
    image = Html(f"<img{_written({'src': source, 'alt': alt, **small})}>")
    return element("figure", image, element("figcaption", caption) if caption else Html(""))


def gallery(pictures: Iterable[Html]) -> Html:
    """Figures side by side, as many as the screen is wide."""
    return element("div", *pictures, class_="gallery")


def _written(attributes: Mapping[str, object]) -> str:
    """The attributes of a tag; `class_` stands for `class`, `stroke_width` for `stroke-width`."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
    )
