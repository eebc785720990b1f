"""An explanation as text, and that of a picture as a picture: what spoke for and against it.

Orange speaks for it, blue against it: a pair that people with any kind of colour blindness tell
apart (M. Okabe, K. Ito: Color universal design, 2008).
"""

import io
from contextlib import suppress

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plainnet.digits import percent, signed
from plainnet.models import Model
from plainnet.models.attribution import Explanation, RowExplanation
from plainnet.network import Array
from plainnet.reports.sections import sections_of
from plainnet.reports.text import indented, printable, table

FOR, AGAINST = (230, 110, 0), (0, 114, 220)
PAPER, INK, FAINT = (255, 255, 255), (28, 37, 48), (93, 105, 117)
MOST = 99
"""The percentile of |relevance| that has the full colour: one glaring pixel hides no other."""
HOW = {"gradient": "gradient times input", "smooth": "smooth gradient times input"}
"""Methods, as the picture names them."""
MOST_ROWS = 30
"""Columns or features that a person is shown."""
MOST_SHOWN = 3
"""Classes whose probability a person is told."""
PANEL, MARGIN, LINE = 384, 24, 24
NARROWEST = 264
"""Pixels: a column is this wide at least, so that its caption has room."""
FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "arial.ttf",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "PingFang.ttc",
)
"""Looked for where a name has letters that Pillow's own font lacks."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def overlay(explanation: Explanation) -> Array:
    """What spoke, on the original in grey: uint8 `(height, width, 3)`."""
    top = np.percentile(np.abs(explanation.relevance), MOST)
    top = top or np.abs(explanation.relevance).max()
    strength = explanation.relevance / top if top else explanation.relevance
    return coloured(_grey(explanation.picture), strength)


def coloured(grey: Array, strength: Array) -> Array:
    """Grey levels 0 … 255 with the colours laid over them, uint8 `(height, width, 3)`.

    Args:
        grey: `(height, width)`.
        strength: `(height, width)`, −1 (against) to 1 (for); more counts as that.
    """
    s = np.clip(strength, -1, 1)[..., None]
    colour = np.where(s > 0, np.array(FOR), np.array(AGAINST))
    cover = np.abs(s)
    mixed: Array = ((1 - cover) * grey[..., None] + cover * colour).round().astype(np.uint8)
    return mixed


def explanation_picture(explanation: Explanation) -> Image.Image:
    """Both pictures side by side with a legend, every pixel a square."""
    height, width = explanation.relevance.shape
    scale = max(1, PANEL // max(height, width))
    panels = [_enlarged(explanation.picture, scale), _enlarged(overlay(explanation), scale)]
    column = max(panels[0].width, NARROWEST)
    below = MARGIN + LINE + panels[0].height + 8
    sheet = Image.new("RGB", (2 * column + 3 * MARGIN, below + 2 * LINE + 2 * MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    how = HOW.get(explanation.method, explanation.method)
    captions = (f"as the network sees it, {width} x {height} pixels", f"what spoke: {how}")
    for i, (panel, caption) in enumerate(zip(panels, captions, strict=True)):
        left = MARGIN + i * (column + MARGIN)
        sheet.paste(panel, (left, MARGIN + LINE))
        draw.text((left, below), caption, FAINT, _font(caption, 14))
    _heading(draw, explanation, sheet.width)
    _legend(sheet, explanation.of, below + LINE + 14)
    return sheet


def explanation_png(explanation: Explanation) -> bytes:
    """`explanation_picture` as the content of a PNG file."""
    held = io.BytesIO()
    explanation_picture(explanation).save(held, "PNG", optimize=True)
    return held.getvalue()


def explanation_text(explanation: Explanation) -> str:
    """The answer, how much spoke for the class and against it, and in which part of the picture."""
    P = explanation.probabilities
    likely = np.argsort(-P, kind="stable")[:MOST_SHOWN]
    shown = ", ".join(f"{explanation.classes[k]} {percent(P[k])}" for k in likely)
    share = explanation.share_for
    spoke = f"{percent(share)} of what spoke; {percent(1 - share)} against"
    evidence = signed(explanation.evidence, digits=3)
    if not explanation.relevance.any():
        spoke = "nothing spoke, neither for nor against"
    lines = [
        ("answer", shown),
        ("for", f"{explanation.of}: {spoke}"),
        ("evidence", f"{evidence} in the logit, compared with the mean picture"),
        ("method", explanation.method),
    ]
    told = "\n".join(f"{name:<10}{printable(text)}" for name, text in lines)
    return (
        f"{told}\n\nWhere, as shares of all that spoke; + for, - against:\n{_thirds(explanation)}"
    )


def row_text(model: Model, place: str, told: RowExplanation) -> str:
    """The answer for a row, and the columns or features that led to it."""
    way = sections_of(model.answers.evaluation_type).from_average(told)
    every = zip(told.columns, told.cells, told.contributions, strict=True)
    rows = [(name, cell or "(missing)", signed(value, digits=3)) for name, cell, value in every]
    left = len(rows) - MOST_ROWS
    lines = [("row", place), ("answer", model.answers.written(told.answer)), ("way", way)]
    head = "\n".join(f"{name:<10}{printable(text)}" for name, text in lines)
    more = f"\n… and {left:,} more, which led less far" if left > 0 else ""
    shown = table(("column", "value", "led by"), rows[:MOST_ROWS], texts=(0, 1))
    return f"{head}\n\n{shown}{more}"


def _thirds(explanation: Explanation) -> str:
    """The net relevance of each ninth of the picture."""
    total = float(np.abs(explanation.relevance).sum()) or 1.0
    rows = [
        (name, *(f"{100 * part.sum() / total:+.1f} %" for part in np.array_split(band, 3, axis=1)))
        for name, band in zip(
            ("upper", "middle", "lower"), np.array_split(explanation.relevance, 3), strict=True
        )
    ]
    return indented(table(("", "left", "middle", "right"), rows))


def _heading(draw: ImageDraw.ImageDraw, explanation: Explanation, width: int) -> None:
    answered = "" if explanation.of == explanation.answer else f", answered: {explanation.answer}"
    font = _font(f"{explanation.of}{answered}", 17)
    told = f"{_drawable(explanation.of, font, width // 3)}  {percent(explanation.probability)}"
    if answered:
        told += f"   (answered: {_drawable(explanation.answer, font, width // 4)})"
    draw.text((MARGIN, MARGIN - 8), told, INK, font)


def _legend(sheet: Image.Image, of: str, top: int) -> None:
    font, draw = _font(of, 14), ImageDraw.Draw(sheet)
    scale = np.tile(np.linspace(-1, 1, 161), (16, 1))
    bar = Image.fromarray(coloured(np.full(scale.shape, 150.0), scale))
    left = (sheet.width - bar.width) // 2
    sheet.paste(bar, (left, top))
    name = _drawable(of, font, left - 10 - MARGIN - int(font.getlength("against ")))
    against = f"against {name}"
    draw.text((left - 10 - font.getlength(against), top - 1), against, INK, font)
    draw.text((left + bar.width + 10, top - 1), f"for {name}", INK, font)


def _grey(picture: Array) -> Array:
    """The brightness `(height, width)`, kept off black and white, where colours hardly show."""
    channels = picture.shape[2]
    luma = np.array([1.0]) if channels == 1 else np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    grey: Array = 60 + (picture @ luma) * (165 / 255)
    return grey


def _enlarged(picture: Array, scale: int) -> Image.Image:
    plain = picture[..., 0] if picture.shape[2] == 1 else picture
    image = Image.fromarray(plain).convert("RGB")
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _font(text: str, size: int) -> Font:
    """Pillow's own font, or where it lacks a letter the first installed one that has them all."""
    own = ImageFont.load_default(size=size)
    if _has(own, text):
        return own
    for name in FONTS:
        with suppress(OSError):
            found = ImageFont.truetype(name, size)
            if _has(found, text):
                return found
    return own


def _has(font: Font, text: str) -> bool:
    missing = bytes(font.getmask("\uffff"))
    return all(c == " " or bytes(font.getmask(c)) != missing for c in set(text) if c.isprintable())


def _drawable(name: str, font: Font, width: int) -> str:
    """The name, cut to so many pixels; a name in a script that no font has is `the class`."""
    if not name.isprintable() or not name.strip() or not _has(font, name):
        return "the class"
    shown = name
    while len(shown) > 1 and font.getlength(shown) > width:
        shown = shown.removesuffix("…")[:-1] + "…"
    return shown
