"""Reading data for a command: progress and what was left out are told on stderr."""

import sys
from pathlib import Path

from plainnet.errors import PictureError
from plainnet.pictures import Splits, read_data
from plainnet.reports import counting

MOST_TOLD = 5
"""Unreadable files that are told one by one."""


def read_told(
    data: Path, *, size: tuple[int, int] | None = None, grey: bool = False, strict: bool = False
) -> Splits:
    """As `read_data`; unreadable pictures are left out and told, or stop it if `strict`."""
    left_out: list[PictureError] = []
    with counting("reading") as progress:
        splits = read_data(
            data,
            size=size,
            grey=grey,
            on_unreadable=None if strict else left_out.append,
            progress=progress,
        )
    for error in left_out[:MOST_TOLD]:
        print(f"Left out: {error}", file=sys.stderr)
    if len(left_out) > MOST_TOLD:
        print(f"Left out: {len(left_out) - MOST_TOLD} more unreadable pictures.", file=sys.stderr)
    return splits
