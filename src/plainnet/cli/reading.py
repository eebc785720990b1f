"""Reading data for a command, and looking them over: all that stands out is told on stderr."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from plainnet.cli.tables import TableOptions, of_table
from plainnet.data import ReadingExtractor, Splits, read_data
from plainnet.errors import PictureError, PlainnetError, SettingError
from plainnet.pictures.check import check_splits, comparables, leaks, without_leaks
from plainnet.pictures.check.data_report import name_of
from plainnet.pictures.scanning import LeftOut, left_out_line
from plainnet.reports import count, counting, printable, say
from plainnet.reports.check_text import check_line, check_sentences

MOST_TOLD = 5
"""Unreadable files, or leaks, that are told one by one."""
MISSED = ("unreadable", "format")
"""Kinds of pictures left out that are named one by one."""
TOLD_ELSEWHERE = (
    *("empty", "cut-short", "no-picture", "unreadable", "other-format", "leak", "near-leak"),
)
"""Kinds of findings that are told as what is left out, or as leaks."""


def read_told(
    data: Path,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    strict: bool = False,
    extractor: ReadingExtractor | None = None,
    asked: TableOptions | None = None,
) -> Splits:
    """As `read_data`, or as the extractor reads if there is one, or as is asked of a table.

    Unreadable pictures are left out and told, or stop it if `strict`.

    Raises:
        SettingError: there is an extractor, of pictures, and something is asked of a table.
    """
    if extractor is not None and asked is not None:
        raise SettingError(
            "--features makes features of pictures, and --target names a column of a table; leave "
            "one of them out."
        )
    unreadable: list[PictureError] = []
    on_unreadable = None if strict else unreadable.append
    try:
        with counting("reading") as progress:
            if asked is not None:
                return asked.read(data, progress)
            how: dict[str, Any] = {"on_unreadable": on_unreadable, "progress": progress}
            if extractor is not None:
                splits = extractor.read(data, **how)
            else:
                splits = read_data(data, size=size, grey=grey, **how)
    except PlainnetError:
        say_left_out(map(str, unreadable))
        raise
    left_out = splits.left_out or ()
    missed = [one for one in left_out if one.kind in MISSED]
    if strict and missed:
        first = missed[0]
        raise PictureError(first.reason, code="no-picture", name=str(first.path), path=first.path)
    if not strict:  # else it was logged
        say_left_out(f"{one.path} {one.reason}" for one in missed)
        say_others(left_out, splits.path)
    return splits


def say_left_out(missed: Iterable[str]) -> None:
    """Print the first few sentences about pictures that are left out, and how many more there are.

    Of those that are left out for another reason than being unreadable `say_others` prints a line.
    """
    sentences = [*missed]
    for sentence in sentences[:MOST_TOLD]:
        say(f"Left out: {printable(sentence)}")
    if len(sentences) > MOST_TOLD:
        say(f"Left out: {count(len(sentences) - MOST_TOLD, 'more unreadable picture')}.")


def say_others(left_out: Iterable[LeftOut], folder: Path) -> None:
    """Print what else is left out of a folder, in a line."""
    others = [one for one in left_out if one.kind not in MISSED]
    if others:
        say(f"Left out: {printable(left_out_line(others, folder))}.")


def checked(splits: Splits, *, drop_leaks: bool = False) -> tuple[Splits, list[str] | None]:
    """The data, and a sentence for each thing that stands out, as `plainnet check` finds it.

    How much there is is told on stderr, and each leak: a training sample that validation or test
    holds as well. With `drop_leaks` these are left out of the training part. The rows of a table
    are not looked over, where few columns make many of them equal: None, unless leaks are dropped.
    """
    if of_table(splits) and not drop_leaks:
        return splits, None
    with counting("checking") as progress:
        compared = comparables(splits)
        findings = check_splits(splits, progress=progress, compared=compared)
    if line := check_line(findings, without=TOLD_ELSEWHERE):
        say(f"check       {line}; `plainnet check` shows them.")
    sentences = check_sentences(findings)
    if not {"leak", "near-leak"} & {*findings.by_kind()}:
        return splits, sentences
    found = leaks(splits, compared=compared)
    how_many = f"{count(len(found), 'training sample')} in the validation or test part as well"
    say(f"LEAK: {how_many}, so what is measured there is too good.")
    for leak in found[:MOST_TOLD]:
        twins = name_of(splits, "train", leak.row), name_of(splits, *leak.twin)
        say(f"  {printable(' is the same as '.join(twins))}.")
    if len(found) > MOST_TOLD:
        say(f"  … and {len(found) - MOST_TOLD:,} more; `plainnet check` shows them all.")
    if not drop_leaks:
        say("--drop-leaks leaves them out.")
        return splits, sentences
    told = f"{count(len(found), 'training sample')} left out of the training, to mend the leaks."
    say("They are left out of the training.")
    return without_leaks(splits, found), [*sentences, told]
