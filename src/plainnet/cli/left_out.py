"""Printing which files are left out."""

from collections.abc import Iterable
from pathlib import Path

from plainnet.pictures.scanning import LeftOut, left_out_line
from plainnet.reports import count, printable, say

MOST_LISTED = 5
"""Most unreadable files, or leaks, that are listed."""
MISSED = ("unreadable", "format")
"""Kinds of left out pictures that are listed; others are counted."""


def say_left_out(missed: Iterable[str]) -> None:
    """Print the first few sentences about unreadable pictures, and the number of others."""
    sentences = [*missed]
    for sentence in sentences[:MOST_LISTED]:
        say(f"Left out: {printable(sentence)}")
    if len(sentences) > MOST_LISTED:
        say(f"Left out: {count(len(sentences) - MOST_LISTED, 'more unreadable picture')}.")


def say_others(left_out: Iterable[LeftOut], folder: Path) -> None:
    """Print a line about files left out for other reasons."""
    others = [one for one in left_out if one.kind not in MISSED]
    if others:
        say(f"Left out: {printable(left_out_line(others, folder))}.")
