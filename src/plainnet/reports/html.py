"""HTML pages in one file: no network access, no scripts, no other files.

They are readable on a phone, in dark mode and on paper. All content is escaped, except `Html`,
which these functions return.
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
    """Text that is already HTML and is not escaped again."""

    __slots__ = ()


def escaped(content: object) -> Html:
    """Return any content as HTML."""
    return content if isinstance(content, Html) else Html(html.escape(str(content)))


def page(title: str, *parts: object, styles: Sequence[str] = ()) -> str:
    """Return a whole document, with these style sheets beside the usual ones."""
    sheets = "".join(map(style, ("colours", "page", "charts", *styles)))
    body = "\n".join(escaped(part) for part in parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{sheets}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def element(tag: str, *content: object, **attributes: object) -> Html:
    """Return an element: `element("p", "1 < 2", class_="a")` is `<p class="a">1 &lt; 2</p>`."""
    return Html(
        f"<{tag}{_written(attributes)}>{''.join(escaped(part) for part in content)}</{tag}>"
    )


def table(
    header: Sequence[object], rows: Iterable[Sequence[object]], texts: Sequence[int] = (0,)
) -> Html:
    """Return a table; columns whose numbers are in `texts` are aligned left.

    The header may be empty.
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
    """Return a bulleted list."""
    return element("ul", *(element("li", item) for item in items))


def cards(figures: Iterable[tuple[object, object]]) -> Html:
    """Show a few important figures, such as (`93 %`, `of 200 pictures are right`)."""
    shown = [element("div", element("b", big), small, class_="card") for big, small in figures]
    return element("div", *shown, class_="cards")


def picture(pixels: Array, caption: object = "", *, alt: str = "") -> Html:
    """Embed uint8 pixels `(height, width)` or `(height, width, 1 or 3)` as a PNG figure."""
    held = io.BytesIO()
    plain = np.squeeze(pixels, axis=2) if pixels.shape[2:] == (1,) else pixels
    Image.fromarray(plain).save(held, "PNG")
    source = "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()
    small = {"class_": "pixels"} if max(pixels.shape[:2]) <= 128 else {}
    image = Html(f"<img{_written({'src': source, 'alt': alt, **small})}>")
    return element("figure", image, element("figcaption", caption) if caption else Html(""))


def gallery(pictures: Iterable[Html]) -> Html:
    """Put figures side by side, as many in a row as fit."""
    return element("div", *pictures, class_="gallery")


def _written(attributes: Mapping[str, object]) -> str:
    """Write attributes of a tag: `class_` as `class`, `stroke_width` as `stroke-width`."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
    )
