"""Reading data for a command: progress and what was left out are told on stderr."""

from pathlib import Path

from plainnet.errors import PictureError
from plainnet.pictures import Splits, read_data
from plainnet.reports import count, counting, printable, say

MOST_TOLD = 5
"""Unreadable files that are told one by one."""


def read_told(
    data: Path, *, size: tuple[int, int] | None = None, grey: bool = False, strict: bool = False
) -> Splits:
    """As `read_data`; unreadable pictures are left out and told, or stop it if `strict`."""
    left_out: list[PictureError] = []
    try:
        with counting("reading") as progress:
            return read_data(
                data,
                size=size,
                grey=grey,
                on_unreadable=None if strict else left_out.append,
                progress=progress,
            )
    finally:
        for error in left_out[:MOST_TOLD]:
            say(f"Left out: {printable(str(error))}")
        if len(left_out) > MOST_TOLD:
            say(f"Left out: {count(len(left_out) - MOST_TOLD, 'more unreadable picture')}.")
