"""Reading and checking the data of a command; problems are printed to stderr."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from plainnet.checks import at_home
from plainnet.cli.left_out import MISSED, MOST_LISTED, say_left_out, say_others
from plainnet.cli.tables import TableOptions, check_target, of_table
from plainnet.data import ReadingExtractor, Splits, read_data
from plainnet.data.class_names import natural_order
from plainnet.data.folders import class_names
from plainnet.data.sources import holds_class_folders
from plainnet.errors import DataError, PictureError, PlainnetError, SettingError
from plainnet.models import Recipe
from plainnet.models.classes import Classes
from plainnet.models.evaluating import parts_at
from plainnet.pictures.check import check_splits, comparables, leaks, without_leaks
from plainnet.pictures.check.data_report import name_of
from plainnet.reports import count, counting, printable, say
from plainnet.reports.check_text import check_line, check_sentences

HELD_OUT = ("validation",)
"""The parts that a training may have held out of the training part."""
PRINTED_ELSEWHERE = (
    *("empty", "cut-short", "no-picture", "unreadable", "other-format", "leak", "near-leak"),
)
"""Kinds of findings that are printed as left out, or as leaks."""


def check_before_reading(
    data: Path, asked: TableOptions | None, features: Path | None, recipe: Recipe
) -> None:
    """Check whether the options fit data, as far as that shows without reading a picture or a row.

    Raises:
        SettingError: a table without a target or with a backbone; the recipe names a class that has
            no folder, or fits another number of classes.
    """
    check_target(data, asked, features)
    if holds_class_folders(data) and (names := class_names(data).get("train")):
        Classes.check_names(recipe, natural_order(names))


def read_and_report(
    data: Path,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    strict: bool = False,
    extractor: ReadingExtractor | None = None,
    asked: TableOptions | None = None,
) -> Splits:
    """Read data by `read_data`, by the extractor if there is one, or by the options for a table.

    Unreadable pictures are left out and printed, or raise an error if `strict`.

    Raises:
        SettingError: an extractor of pictures together with options for a table.
    """
    if extractor is not None and asked is not None:
        raise SettingError(
            "--features is for pictures, and --target for a table; leave one of them out."
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
    if not strict:  # else the reader has logged it
        say_left_out(f"{one.path} {one.reason}" for one in missed)
        say_others(left_out, splits.path)
    return splits


def check_part(data: Path, wanted: str | None, held_out: Collection[str] = ()) -> None:
    """Check whether data have the wanted part, as far as that shows without reading them.

    Args:
        data: a folder or file.
        wanted: the name of a part; None: any.
        held_out: parts that a training may have held out of the others.

    Raises:
        DataError: they do not.
    """
    parts = parts_at(at_home(data)) if wanted else ()
    if parts and wanted not in held_out:
        choose_part(data, parts, wanted)


def choose_part(data: Path, parts: Collection[str], wanted: str | None) -> str:
    """Return the name of the wanted part, or of the first one.

    Raises:
        DataError: the data do not have the wanted part.
    """
    name = wanted or next(iter(parts))
    if name not in parts:
        raise DataError(
            f"{data} has no {name} part, only {' and '.join(parts)}; choose from these."
        )
    return name


def checked(splits: Splits, *, drop_leaks: bool = False) -> tuple[Splits, list[str] | None]:
    """Check the data; return them with a sentence for each finding of `plainnet check`.

    The findings are counted on stderr, and the first leaks are listed: training samples that are in
    the validation or test part as well. With `drop_leaks` they are left out of the training part.
    The rows of a table are not checked, since rows with few columns are often equal by chance: then
    there is None instead of sentences, unless leaks are dropped.
    """
    if of_table(splits) and not drop_leaks:
        return splits, None
    with counting("checking") as progress:
        compared = comparables(splits)
        findings = check_splits(splits, progress=progress, compared=compared)
    if line := check_line(findings, without=PRINTED_ELSEWHERE):
        say(f"check       {line}; `plainnet check` shows them.")
    sentences = check_sentences(findings)
    if not {"leak", "near-leak"} & {*findings.by_kind()}:
        return splits, sentences
    found = leaks(splits, compared=compared)
    how_many = f"{count(len(found), 'training sample')} in the validation or test part as well"
    say(f"LEAK: {how_many}, so the scores there are too good.")
    for leak in found[:MOST_LISTED]:
        twins = name_of(splits, "train", leak.row), name_of(splits, *leak.twin)
        say(f"  {printable(' is the same as '.join(twins))}.")
    if len(found) > MOST_LISTED:
        say(f"  … and {len(found) - MOST_LISTED:,} more; `plainnet check` shows them all.")
    if not drop_leaks:
        say("--drop-leaks leaves them out.")
        return splits, sentences
    say("They are left out of the training.")
    dropped = f"{count(len(found), 'training sample')} left out of the training to remove leaks."
    return without_leaks(splits, found), [*sentences, dropped]
