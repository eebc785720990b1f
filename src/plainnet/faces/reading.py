"""Reading data for a command: progress and what was left out are told on stderr."""

from pathlib import Path

from plainnet.errors import PictureError
from plainnet.faces.tables import Asked
from plainnet.pictures import Extractor, Splits, leaks, read_data, without_leaks
from plainnet.pictures.findings import name_of
from plainnet.reports import count, counting, printable, say

MOST_TOLD = 5
"""Unreadable files that are told one by one."""


def read_told(
    data: Path,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    strict: bool = False,
    extractor: Extractor | None = None,
    asked: Asked | None = None,
) -> Splits:
    """As `read_data`, or as the extractor reads if there is one, or as is asked of a table.

    Unreadable pictures are left out and told, or stop it if `strict`.
    """
    left_out: list[PictureError] = []
    on_unreadable = None if strict else left_out.append
    try:
        with counting("reading") as progress:
            if asked is not None:
                return asked.read(data, progress)
            if extractor is not None:
                return extractor.read(data, on_unreadable=on_unreadable, progress=progress)
            return read_data(
                data, size=size, grey=grey, on_unreadable=on_unreadable, progress=progress
            )
    finally:
        for error in left_out[:MOST_TOLD]:
            say(f"Left out: {printable(str(error))}")
        if len(left_out) > MOST_TOLD:
            say(f"Left out: {count(len(left_out) - MOST_TOLD, 'more unreadable picture')}.")


def leaks_told(splits: Splits, *, drop: bool = False) -> tuple[Splits, list[str]]:
    """The splits, and a sentence for each training sample that validation or test holds as well.

    They are told on stderr; with `drop` they are left out of the training part.
    """
    found = leaks(splits)
    sentences = [
        f"{name_of(splits, 'train', leak.row)} is the same as {name_of(splits, *leak.twin)}."
        for leak in found
    ]
    if not found:
        return splits, []
    how_many = f"{count(len(found), 'training sample')} in the validation or test part as well"
    say(f"LEAK: {how_many}, so what is measured there is too good.")
    for sentence in sentences[:MOST_TOLD]:
        say(f"  {printable(sentence)}")
    if len(found) > MOST_TOLD:
        say(f"  … and {len(found) - MOST_TOLD:,} more; `plainnet check` shows them all.")
    say("They are left out of the training." if drop else "--drop-leaks leaves them out.")
    return (without_leaks(splits, found) if drop else splits), sentences
