"""Reading data for a command, and looking them over: all that stands out is told on stderr."""

from pathlib import Path

from plainnet.errors import PictureError, SettingError
from plainnet.faces.tables import Asked, of_table
from plainnet.pictures import Extractor, Splits, leaks, look_over, read_data, without_leaks
from plainnet.pictures.findings import name_of
from plainnet.reports import count, counting, printable, say
from plainnet.reports.check_text import check_line, check_sentences

MOST_TOLD = 5
"""Unreadable files, or leaks, that are told one by one."""
TOLD_ELSEWHERE = ("empty", "cut-short", "no-picture", "unreadable", "leak", "near-leak")
"""Kinds of findings that are told as what is left out, or as leaks."""


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

    Raises:
        SettingError: there is an extractor, of pictures, and something is asked of a table.
    """
    if extractor is not None and asked is not None:
        raise SettingError(
            "--features makes features of pictures, and --target names a column of a table; leave "
            "one of them out."
        )
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


def checked(splits: Splits, *, drop_leaks: bool = False) -> tuple[Splits, list[str] | None]:
    """The data, and a sentence for each thing that stands out, as `plainnet check` finds it.

    How much there is is told on stderr, and each leak: a training sample that validation or test
    holds as well. With `drop_leaks` these are left out of the training part. The rows of a table
    are not looked over, where few columns make many of them equal: None, unless leaks are dropped.
    """
    if of_table(splits) and not drop_leaks:
        return splits, None
    with counting("checking") as progress:
        findings = look_over(splits, progress=progress)
    if line := check_line(findings, without=TOLD_ELSEWHERE):
        say(f"check       {line}; `plainnet check` shows them.")
    sentences = check_sentences(findings)
    if not {"leak", "near-leak"} & {*findings.by_kind()}:
        return splits, sentences
    found = leaks(splits)
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
