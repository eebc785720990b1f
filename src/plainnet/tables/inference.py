"""Type inference: the kind of each column of a training table, and the columns left out."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from plainnet.errors import DataError
from plainnet.network.arrays import Array
from plainnet.tables.column import Category, Column, Date, Number
from plainnet.tables.dates import find_compact, find_dates
from plainnet.tables.free_text import LEAST_ROWS, FreeText, frequent_words
from plainnet.tables.numbers import Found, find_numbers, is_enough, split_number
from plainnet.tables.ordinal import Ordinal
from plainnet.tables.table import EXACT, ReadColumns, Table
from plainnet.tables.target_encoding import MOST_VALUES, TargetEncoding
from plainnet.tables.values import ENOUGH, Cells, Read, as_read, is_missing, missing_note

log = logging.getLogger(__name__)

MAX_CATEGORIES = 100
"""The most texts of a column that are a feature each; more are also encoded by the target."""
MIN_CATEGORY_ROWS = 5
"""The number of rows in which a category must be; in short tables a hundredth of the rows."""
_DIGITS_NOTE = "its integers beyond 2^53 are distinguished by their digits, as texts"
FEW_VALUES = 20
"""The number of different texts that are never too many for categories."""
_IDENTIFIER = re.compile(
    r"(.*[^a-zA-Z])?(?i:ids?|uuid|index|idx|key|nr|no|number|row|rowid|rownames|row ?number)"
    r"|.*[a-z](Id|ID|Nr|No)|column \d+|Unnamed: \d+",
)
_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
_FIGURES = re.compile(
    rf"\W*((?i:{_NAMES})[a-z]*\W+|[^\W\d]{{1,3}}\.?\s)*\d[\d\W]*"
    r"([^\W\d]{1,9}[\d\W]*|([^\W\d]{1,3}[\d\W]*){2,3})?"
)
"""Cells that contain a number or a date in some form, with a unit or the name of a month."""


@dataclass(frozen=True)
class Choice:
    """The inferred kind of a column, or the reason to leave it out."""

    name: str
    column: Column | None
    why: str = ""
    """The reason why it is left out, or a remark on it."""
    is_identifier: bool = False
    """Whether it identifies rows."""


@dataclass(frozen=True)
class Chosen:
    """The columns of a training table that give features, and the others."""

    columns: tuple[Column, ...]
    left_out: dict[str, str]
    """The reason for each column that is left out."""
    identifiers: tuple[str, ...]
    """The columns that identify rows, left out or texts."""


def choose_columns(table: Table, names: Iterable[str], level: int = logging.WARNING) -> Chosen:
    """Choose the kind of each of these columns; log remarks at a level."""
    choices = [choose(table, name) for name in names]
    for choice in choices:
        if choice.column is None:
            log.log(level, "Left out: column %r, because %s.", choice.name, choice.why)
        elif choice.why:
            log.log(level, "Column %r: %s.", choice.name, choice.why)
    return Chosen(
        tuple(choice.column for choice in choices if choice.column is not None),
        {choice.name: choice.why for choice in choices if choice.column is None},
        tuple(choice.name for choice in choices if choice.is_identifier),
    )


def choose(table: Table, name: str) -> Choice:
    """Choose the kind of a column of the training table.

    Raises:
        DataError: the user has named a kind that the cells do not have.
    """
    values = table[name]
    if name in table.kinds:
        return _as_named(table, name, table.kinds[name])
    if name in table.index:
        why = "it is the index of a saved data frame; rename it, or reset_index(), to use it"
        return Choice(name, None, why, True)
    if values.dtype == np.float64:
        return _numbers(table, values, Found(as_read(values), ""), name)
    if name in table.orders:
        return _ordinal(table, name)
    cells = Cells.of(values)
    found = find_numbers(cells, table.delimiter)
    if found.ambiguous:
        return Choice(name, None, found.note)
    digits = is_enough(found.read) and _are_digits(cells, found.read)
    if is_enough(found.read) and not digits:
        return _numbers(table, values, found, name)
    if cells.flags is not None:
        return _number(table, name, cells.flags)
    if digits:
        return _category(table, name, cells, _DIGITS_NOTE)
    found = find_dates(cells)
    if found.ambiguous:
        return Choice(name, None, found.note)
    if is_enough(found.read):
        return _date(table, name, found.read, found.format, _unread(table, values, found.read))
    return _category(table, name, cells)


def _as_named(table: Table, name: str, kind: str) -> Choice:
    """Choose a column of the kind that the user has named, even if it seems to number rows."""
    values = table[name]
    cells = Cells.of(values)
    if kind == Category.kind:
        return _category(table, name, cells, named=True)
    if kind == FreeText.kind:
        if text := _free_text(table, name, cells, named=True):
            return text
        raise DataError(
            f"The column {name!r} cannot be taken as text: no word of two letters or more is in "
            f"{LEAST_ROWS} rows. Name another kind for it, or none."
        )
    is_float = values.dtype == np.float64
    found = Found(as_read(values), "") if is_float else find_numbers(cells, table.delimiter)
    if kind == Date.kind:
        found = find_compact(found.read) or find_dates(cells)
    elif cells.flags is not None:
        found = Found(cells.flags, "")
    if found.ambiguous or not np.isfinite(found.read.values).any():
        example = next(iter(cells.sample), "")
        why = found.note or f"its cells, such as {example!r:.40}, cannot be read so"
        raise DataError(
            f"The column {name!r} cannot be taken as a {kind}: {why}. Name another kind for it, or "
            "none."
        )
    note = "; ".join(filter(None, (found.note, _unread(table, values, found.read))))
    if kind == Date.kind:
        return _date(table, name, found.read, found.format, note)
    return _number(table, name, found.read, note, found.format, named=True)


def _numbers(table: Table, values: Array, found: Found, name: str) -> Choice:
    """Choose the kind of a column in which numbers were found."""
    note = "; ".join(filter(None, (found.note, _unread(table, values, found.read))))
    if (days := find_compact(found.read)) is None:
        return _number(table, name, found.read, note, found.format)
    if days.ambiguous:
        return Choice(name, None, days.note)
    note = "; ".join(filter(None, (days.note, _unread(table, values, days.read))))
    return _date(table, name, days.read, days.format, note)


def _number(
    table: Table, name: str, read: Read, note: str = "", format: str = "", named: bool = False
) -> Choice:
    values, known = read.values, read.values[np.isfinite(read.values)]
    if not len(known):
        return Choice(name, None, note or "no row has a value")
    if np.ptp(known) == 0 and len(known) == len(values):
        return Choice(name, None, f"every row has the same value, {known[0]:g}")
    if not named and len(known) == len(values) and _counts_rows(name, known):
        return Choice(
            name,
            None,
            "it numbers the rows, judging by its name and values; rename it, or name its kind",
            True,
        )
    column = Number.fit(name, values, table.weights, format=format)
    if not column.spread and not column.has_missing:
        why = f"every row has the same value, {column.mean:g}, up to rounding"
        return Choice(name, None, why)
    return Choice(name, column, note)


def _ordinal(table: Table, name: str) -> Choice:
    levels = table.orders[name]
    read = Ordinal(name, 0.0, 0.0, 1.0, False, levels=levels).read(table[name], "", table.missing)
    known = read.values[np.isfinite(read.values)]
    if not len(known):
        return Choice(name, None, "no row has a value")
    if np.ptp(known) == 0 and len(known) == len(read.values):
        return Choice(name, None, f"every row has the same value, {levels[int(known[0])]!r:.40}")
    return Choice(name, Ordinal.fit(name, read.values, table.weights, levels=levels))


def _date(table: Table, name: str, read: Read, format: str, note: str) -> Choice:
    known = read.values[np.isfinite(read.values)]
    if np.ptp(known) == 0 and len(known) == len(read.values):
        return Choice(name, None, "every row has the same date")
    return Choice(name, Date.of(name, read.values, table.weights, format), note)


def _are_digits(cells: Cells, read: Read) -> bool:
    """Whether float64 cannot distinguish integers that differ in their digits."""
    if not (np.abs(read.values) > EXACT).any():
        return False
    digits = {text for text in cells.coded[0] if text.lstrip("+-").isdigit()}
    return len(digits) > len(np.unique(read.values[np.isfinite(read.values)]))


def _category(table: Table, name: str, cells: Cells, note: str = "", named: bool = False) -> Choice:
    different, codes = cells.coded
    counts = np.bincount(codes, minlength=len(different))
    missing = np.array([is_missing(text, table.missing) for text in different])
    n, n_different = len(codes), int(np.count_nonzero(~missing))
    present = int(counts[~missing].sum())
    if n_different == 1 and present == n:
        return Choice(name, None, f"every row has the same value, {different[0]!r:.40}")
    plain = named or n_different <= FEW_VALUES
    figures = note or ("" if plain else _figures(different, counts, missing))
    in_memory = not isinstance(table.columns, ReadColumns)
    if not named and n_different > max(FEW_VALUES, present / 2):
        if not (note or figures) and in_memory and (text := _free_text(table, name, cells)):
            return text
        why = f"its {n_different:,} different texts in {present:,} rows only identify the rows"
        return Choice(name, None, (note and f"{note}, and {why}") or figures or why, True)
    least = min(MIN_CATEGORY_ROWS, 1 + n // 100)
    order = [i for i in np.argsort(-counts, kind="stable") if not missing[i]]
    if n_different > MAX_CATEGORIES and in_memory:
        frequent = int((counts[order[:MAX_CATEGORIES]] >= least).sum())
        kept = tuple(different[i] for i in order[:MOST_VALUES])
        column: Category = TargetEncoding(name, kept, present < n, frequent)
    else:
        kept = tuple(different[i] for i in order[:MAX_CATEGORIES] if counts[i] >= least)
        column = Category(name, kept, present < n)
    if not kept and not column.has_missing:
        return Choice(name, None, figures or f"no text is in {least} rows or more")
    rare = n_different - len(kept)
    rest = f"{rare:,} rare texts are not distinguished" if rare else ""
    left = missing_note({different[i]: int(counts[i]) for i in np.flatnonzero(missing)})
    return Choice(name, column, "; ".join(filter(None, (figures, rest, left))))


def _free_text(table: Table, name: str, cells: Cells, named: bool = False) -> Choice | None:
    """Take a column as texts; None if too few words are in several rows."""
    different, codes = cells.coded
    counts = np.bincount(codes, minlength=len(different)).tolist()
    known = {
        text: count
        for text, count in zip(different, counts, strict=True)
        if not is_missing(text, table.missing)
    }
    if not (words := frequent_words(known, [*known.values()], named)):
        return None
    column = FreeText(name, words, sum(known.values()) < len(codes))
    why = f"used by {len(words)} of its words; drop it if it only names the rows"
    return Choice(name, column, "" if named else why, True)


def _figures(different: list[str], counts: Array, missing: Array) -> str:
    """Return a remark on texts that mostly hold numbers or dates in a format that is not read."""
    figures = np.array([bool(_FIGURES.fullmatch(text)) for text in different]) & ~missing
    found, present = int(counts[figures].sum()), int(counts[~missing].sum())
    if 2 * found < present:
        return ""
    if found < ENOUGH * present:
        other = different[int((~figures & ~missing).argmax())]
        return (
            f"only {found:,} of its {present:,} cells can be numbers or dates, and others hold "
            f"something else, such as {other!r:.40}; leave those empty"
        )
    by_unit = {part.unit: text for text in different if (part := split_number(text)) is not None}
    if len(by_unit) > 1:
        one, other = list(by_unit.values())[:2]
        return f"its cells are written in several formats, {one!r:.40} and {other!r:.40}; use one"
    return (
        f"its cells, such as {different[int(figures.argmax())]!r:.40}, are in a format that is not "
        "read; write numbers as 1234.5, without a unit and below 1e100, dates as 2024-12-31"
    )


def _counts_rows(name: str, known: Array) -> bool:
    """Whether a column holds different integers and has a name such as `id`."""
    if not _IDENTIFIER.fullmatch(name) or (known != np.rint(known)).any():
        return False
    return len(np.unique(known)) == len(known)


def _unread(table: Table, values: Array, read: Read) -> str:
    """Return a remark on the cells that cannot be read and count as missing, with the first one."""
    if not read.unread.any():
        return ""
    row = int(read.unread.argmax())
    return (
        f"{int(read.unread.sum()):,} of {read.present:,} cells cannot be read and count as "
        f"missing, the first {str(values[row])!r:.40} in {table.where(row)}"
    )
