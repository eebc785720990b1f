"""Explanations as text, and for pictures as an image of the evidence for and against an answer."""

import io
from contextlib import suppress

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plainnet.digits import percent, signed
from plainnet.models import Model
from plainnet.models.attribution import Explanation, RowExplanation
from plainnet.network import Array
from plainnet.reports.sections import sections_of
from plainnet.reports.signs import AGAINST, FOR
from plainnet.reports.text import indented, printable, table

PAPER, INK, FAINT = (255, 255, 255), (28, 37, 48), (93, 105, 117)
FULL_COLOUR = 99
"""The percentile of |relevance| drawn in full colour, so that one extreme pixel hides no other."""
METHOD_NAMES = {"gradient": "gradient times input", "smooth": "smooth gradient times input"}
"""Names of the methods in the image."""
MOST_ROWS = 30
"""Most columns or features shown."""
MOST_CLASSES = 3
"""Most classes shown with their probability."""
PANEL, MARGIN, LINE = 384, 24, 24
"""Side of an enlarged picture, margin and line height, in pixels."""
NARROWEST = 264
"""Least width of a column, in pixels, so that its caption fits."""
FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "arial.ttf",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "PingFang.ttc",
)
"""Fonts to try for letters that Pillow's own font lacks."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def overlay(explanation: Explanation) -> Array:
    """Draw the relevance over the original in grey: uint8 `(height, width, 3)`."""
    top = np.percentile(np.abs(explanation.relevance), FULL_COLOUR)
    top = top or np.abs(explanation.relevance).max()
    strength = explanation.relevance / top if top else explanation.relevance
    return coloured(_grey(explanation.picture), strength)


def coloured(grey: Array, strength: Array) -> Array:
    """Lay colours over grey levels: uint8 `(height, width, 3)`.

    Args:
        grey: levels 0 … 255, `(height, width)`.
        strength: `(height, width)`, clipped to −1 (against) … 1 (for).
    """
    s = np.clip(strength, -1, 1)[..., None]
    colour = np.where(s > 0, np.array(FOR), np.array(AGAINST))
    cover = np.abs(s)
    mixed: Array = ((1 - cover) * grey[..., None] + cover * colour).round().astype(np.uint8)
    return mixed


def explanation_picture(explanation: Explanation) -> Image.Image:
    """Return the original and the relevance side by side, with a legend."""
    height, width = explanation.relevance.shape
    scale = max(1, PANEL // max(height, width))
    panels = [_enlarged(explanation.picture, scale), _enlarged(overlay(explanation), scale)]
    column = max(panels[0].width, NARROWEST)
    below = MARGIN + LINE + panels[0].height + 8
    sheet = Image.new("RGB", (2 * column + 3 * MARGIN, below + 2 * LINE + 2 * MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    method = METHOD_NAMES.get(explanation.method, explanation.method)
    captions = (f"as the network sees it, {width} x {height} pixels", f"evidence: {method}")
    for i, (panel, caption) in enumerate(zip(panels, captions, strict=True)):
        left = MARGIN + i * (column + MARGIN)
        sheet.paste(panel, (left, MARGIN + LINE))
        draw.text((left, below), caption, FAINT, _font(caption, 14))
    _heading(draw, explanation, sheet.width)
    _legend(sheet, explanation.of, below + LINE + 14)
    return sheet


def explanation_png(explanation: Explanation) -> bytes:
    """Return `explanation_picture` as the content of a PNG file."""
    held = io.BytesIO()
    explanation_picture(explanation).save(held, "PNG", optimize=True)
    return held.getvalue()


def explanation_text(explanation: Explanation) -> str:
    """Return the answer, the evidence for and against the class, and where in the picture it is."""
    P = explanation.probabilities
    likely = np.argsort(-P, kind="stable")[:MOST_CLASSES]
    shown = ", ".join(f"{explanation.classes[k]} {percent(P[k])}" for k in likely)
    share = explanation.share_for
    shares = f"{percent(share)} of the evidence; {percent(1 - share)} against"
    if not explanation.relevance.any():
        shares = "no evidence, neither for nor against"
    evidence = signed(explanation.evidence, digits=3)
    head = _lines(
        ("answer", shown),
        ("for", f"{explanation.of}: {shares}"),
        ("evidence", f"{evidence} in the logit, compared with the mean picture"),
        ("method", explanation.method),
    )
    return f"{head}\n\nWhere, as shares of the evidence; + for, - against:\n{_thirds(explanation)}"


def row_text(model: Model, place: str, explanation: RowExplanation) -> str:
    """Return the answer for a row, and the contributions of its columns or features."""
    every = zip(explanation.columns, explanation.cells, explanation.contributions, strict=True)
    rows = [(name, cell or "(missing)", signed(value, digits=3)) for name, cell, value in every]
    left = len(rows) - MOST_ROWS
    head = _lines(
        ("row", place),
        ("answer", model.answers.part_about(explanation.of).written(explanation.answer)),
        ("change", sections_of(model.answers.evaluation_type).from_average(explanation)),
    )
    more = f"\n… and {left:,} more, which contributed less" if left > 0 else ""
    shown = table(("column", "value", "contribution"), rows[:MOST_ROWS], texts=(0, 1))
    return f"{head}\n\n{shown}{more}"


def _lines(*named: tuple[str, str]) -> str:
    return "\n".join(f"{name:<10}{printable(text)}" for name, text in named)


def _thirds(explanation: Explanation) -> str:
    """Return the net relevance of each ninth of the picture."""
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
    title = f"{_drawable(explanation.of, font, width // 3)}  {percent(explanation.probability)}"
    if answered:
        title += f"   (answered: {_drawable(explanation.answer, font, width // 4)})"
    draw.text((MARGIN, MARGIN - 8), title, INK, font)


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
    """Return the brightness `(height, width)`, away from black and white, which hide colours."""
    channels = picture.shape[2]
    luma = np.array([1.0]) if channels == 1 else np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    grey: Array = 60 + (picture @ luma) * (165 / 255)
    return grey


def _enlarged(picture: Array, scale: int) -> Image.Image:
    plain = picture[..., 0] if picture.shape[2] == 1 else picture
    image = Image.fromarray(plain).convert("RGB")
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def _font(text: str, size: int) -> Font:
    """Return Pillow's own font, or if it lacks a letter, the first installed one with all."""
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
    """Cut a name to so many pixels; a name in a script that no font has becomes `the class`."""
    if not name.isprintable() or not name.strip() or not _has(font, name):
        return "the class"
    shown = name
    while len(shown) > 1 and font.getlength(shown) > width:
        shown = shown.removesuffix("…")[:-1] + "…"
    return shown
