"""How much room a text takes, in a terminal and in a chart, and texts that take less."""

from unicodedata import combining, east_asian_width

WIDE, NARROW = frozenset("mwMWOQGD@%&+=<>~—…→−"), frozenset("fijlrtI.,:;'|!()[]{}/- ")
"""Letters whose width differs most from that of a digit."""


def cell_width(text: str) -> int:
    """Columns in a terminal: Chinese characters and their like take two, a hat on a letter none."""
    return sum(_columns(c) for c in text)


def text_width(text: str) -> float:
    """The pixels that a text takes in a chart at most, in the widest of the usual fonts."""
    return sum(_pixels(c) for c in text)


def shortened(text: str, most: int) -> str:
    """A text of at most so many columns; what is longer lacks some of its middle."""
    if cell_width(text) <= most:
        return text
    tail = (most - 1) // 3
    return f"{_cut(text, most - 1 - tail)}…{_cut(text[::-1], tail)[::-1]}"


def fitting(text: str, pixels: float) -> str:
    """A text of at most so many pixels in a chart; a longer one lacks some of its middle."""
    most = cell_width(text)
    while most > 1 and text_width(shortened(text, most)) > pixels:
        most -= 1
    return shortened(text, most)


def _cut(text: str, most: int) -> str:
    """As much of its beginning as fits."""
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
