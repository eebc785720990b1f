"""What each column of a training table is taken for, and which columns are left out."""

import re
from dataclasses import dataclass

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.column import Category, Column, Date, Number
from plainnet.tables.table import Table
from plainnet.tables.values import Cells, Read, as_read, date, flag, is_missing

ENOUGH = 0.95
"""Of the cells that are not missing, so many must be numbers, or dates, for a column of them."""
MOST_CATEGORIES = 100
"""The most frequent ones; others are told apart no more than unknown ones are."""
LEAST_ROWS = 5
"""In which a category must be; in short tables a hundredth of the rows."""
FEW = 20
"""Different texts that are never too many for categories."""
_IDENTIFIER = re.compile(
    r"(.*[^a-zA-Z])?(?i:ids?|uuid|index|idx|key|nr|no|number|row|rowid|rownames|row ?number)"
    r"|.*[a-z](Id|ID|Nr|No)|column \d+|Unnamed: \d+",
)


@dataclass(frozen=True)
class Choice:
    """What a column is taken for, or why it is left out."""

    name: str
    column: Column | None
    why: str = ""
    """Why it is left out, or what else is to be told of it."""
    is_identifier: bool = False
    """Whether it is left out because it only tells rows apart."""


def choose(table: Table, name: str) -> Choice:
    """What to make of a column of the training table."""
    values = table[name]
    if name in table.index:
        why = (
            "it is the index of a data frame, written down; rename it, or reset_index(), to keep it"
        )
        return Choice(name, None, why, True)
    if values.dtype == np.float64:
        return _number(name, as_read(values))
    cells = Cells(values)
    read = cells.numbers(table.decimal_comma)
    if read.unread.sum() <= (1 - ENOUGH) * read.present:
        return _number(name, read, _unread(table, cells, read))
    if (read := cells.read(flag)).unread.sum() == 0:
        return _number(name, read)
    read = cells.read(date)
    if read.unread.sum() <= (1 - ENOUGH) * read.present:
        return _date(name, read, _unread(table, cells, read))
    return _category(name, *cells.coded)


def _number(name: str, read: Read, told: str = "") -> Choice:
    values, known = read.values, read.values[np.isfinite(read.values)]
    if not len(known):
        return Choice(name, None, "no row has a value")
    if np.ptp(known) == 0 and len(known) == len(values):
        return Choice(name, None, f"every row has the same value, {known[0]:g}")
    if len(known) == len(values) and _counts_rows(name, known):
        return Choice(
            name,
            None,
            "it numbers the rows, as its name and its values say; rename it to keep it",
            True,
        )
    return Choice(name, Number.fit(name, values), told)


def _date(name: str, read: Read, told: str) -> Choice:
    known = read.values[np.isfinite(read.values)]
    if np.ptp(known) == 0 and len(known) == len(read.values):
        return Choice(name, None, "every row has the same date")
    return Choice(name, Date.of(name, read.values), told)


def _category(name: str, different: list[str], codes: Array) -> Choice:
    counts = np.bincount(codes, minlength=len(different))
    missing = np.array([is_missing(text) for text in different])
    n, n_different = len(codes), int(np.count_nonzero(~missing))
    present = int(counts[~missing].sum())
    if n_different == 1 and present == n:
        return Choice(name, None, f"every row has the same value, {different[0]!r:.40}")
    if n_different > max(FEW, present / 2):
        return Choice(
            name,
            None,
            f"its {n_different:,} different texts in {present:,} rows only tell rows apart",
            True,
        )
    least = min(LEAST_ROWS, 1 + n // 100)
    order = [i for i in np.argsort(-counts, kind="stable") if not missing[i]]
    kept = tuple(different[i] for i in order[:MOST_CATEGORIES] if counts[i] >= least)
    column = Category(name, kept, present < n)
    if not column.features:
        return Choice(name, None, f"no text is in {least} rows or more")
    rare = n_different - len(kept)
    return Choice(name, column, f"{rare:,} rare ones are not told apart" if rare else "")


def _counts_rows(name: str, known: Array) -> bool:
    """Whether whole numbers, all different, stand under a name such as `id`."""
    if not _IDENTIFIER.fullmatch(name) or (known != np.rint(known)).any():
        return False
    return len(np.unique(known)) == len(known)


def _unread(table: Table, cells: Cells, read: Read) -> str:
    """How many cells count as missing though they hold something, and the first of them."""
    if not read.unread.any():
        return ""
    row = int(read.unread.argmax())
    return (
        f"{int(read.unread.sum()):,} of {read.present:,} cells cannot be read and count as "
        f"missing, the first {cells.texts[row]!r:.40} in {table.where(row)}"
    )
