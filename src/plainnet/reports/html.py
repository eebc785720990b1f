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
from plainnet.reports.styles import style


class Html(str):
    """Text that is HTML already, and not escaped again."""

    __slots__ = ()


def escaped(content: object) -> Html:
    """Anything as HTML."""
    return content if isinstance(content, Html) else Html(html.escape(str(content)))


def page(title: str, *parts: object, styles: Sequence[str] = ()) -> str:
    """A whole document, with these style sheets beside the usual ones."""
    sheets = "".join(map(style, ("colours", "page", "charts", *styles)))
    body = "\n".join(escaped(part) for part in parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{sheets}</style>\n</head>\n<body>\n"
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
