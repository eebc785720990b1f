"""The width of texts in a terminal and in a chart, and shortened texts."""

from unicodedata import combining, east_asian_width

WIDE, NARROW = frozenset("mwMWOQGD@%&+=<>~—…→−"), frozenset("fijlrtI.,:;'|!()[]{}/- ")
"""Letters whose width differs most from that of a digit."""


def cell_width(text: str) -> int:
    """Count columns in a terminal: wide characters take two, combining marks none."""
    return sum(_columns(c) for c in text)


def text_width(text: str) -> float:
    """Return the most pixels that a text takes in a chart, in the widest of the usual fonts."""
    return sum(_pixels(c) for c in text)


def shortened(text: str, most: int) -> str:
    """Cut the middle out of a text that takes more columns than this."""
    if cell_width(text) <= most:
        return text
    tail = (most - 1) // 3
    return f"{_cut(text, most - 1 - tail)}…{_cut(text[::-1], tail)[::-1]}"


def fitting(text: str, pixels: float) -> str:
    """Cut the middle out of a text that takes more pixels in a chart than this."""
    most = cell_width(text)
    while most > 1 and text_width(shortened(text, most)) > pixels:
        most -= 1
    return shortened(text, most)


def _cut(text: str, most: int) -> str:
    """Return as much of the beginning of a text as fits."""
    room = most
    for i, c in enumerate(text):
        room -= _columns(c)
        if room < 0:
            return text[:i]
    return text


def _columns(c: str) -> int:
    return 2 if east_asian_width(c) in "WF" else not combining(c)


def _pixels(c: str) -> float:
    if east_asian_width(c) in "WF":
        return 15.0 if c >= "\U0001f000" else 12.5  # emoji are the widest
    if c in WIDE:
        return 12.0
    if c in NARROW:
        return 5.0
    return 0.0 if combining(c) else 9.0 if c.isupper() else 7.7
