"""How the dates of a column are written, and reading them as days since 1970.

A format is named by how it writes the last day of 2024: `2024-12-31`, `31.12.2024`, `12/31/2024`,
`20241231`. A time of day may follow. Whether the day or the month comes first is what a whole
column says: some day must be later than the 12th. With points the day comes first, everywhere.
`2024-12-31` is read in any column of dates.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.numbers import Found, is_enough
from plainnet.tables.values import ENOUGH, Cells, Read, date

COMPACT = "20241231"
_EARLIEST, _LATEST = 19_000_101, 21_001_231
"""Of compact dates: other numbers of eight digits are numbers."""
ISO = "2024-12-31"
FORMATS: Mapping[str, tuple[str, str]] = {
    ISO: ("ymd", "-"),
    "2024/12/31": ("ymd", "/"),
    "2024.12.31": ("ymd", "."),
    "31.12.2024": ("dmy", "."),
    "12.31.2024": ("mdy", "."),
    "31/12/2024": ("dmy", "/"),
    "12/31/2024": ("mdy", "/"),
    "31-12-2024": ("dmy", "-"),
    "12-31-2024": ("mdy", "-"),
    COMPACT: ("ymd", ""),
}
"""The order of day, month and year, and what is between them."""
_DIGITS = {"d": r"(?P<d>\d{1,2})", "m": r"(?P<m>\d{1,2})", "y": r"(?P<y>\d{4})"}
_TIME = re.compile(
    r"[T ,]+(?P<hour>\d{1,2}):(?P<rest>\d\d(?::\d\d(?:[.,]\d+)?)?) ?(?P<half>[AaPp]\.?[Mm]\.?)?"
    r" ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def read_dates(values: Array, format: str) -> Read:
    """The days of a column whose format is known: numbers where it is compact, else texts."""
    cells = Cells(values)
    if format == COMPACT:
        plain = cells.plain
        return cells.read(date) if plain is None else compact_days(plain.values)
    return cells.read(_reader(format))


def find_dates(cells: Cells) -> Found:
    """The dates of a column, in the format that reads most of its cells."""
    reads: dict[str, Read] = {}
    for format in FORMATS:
        reader = _reader(format)
        if format != COMPACT and any(reader(text) is not None for text in cells.sample):
            reads[format] = cells.read(reader)
            if not reads[format].unread.any() and format == ISO:
                break
    if not reads:
        return Found(cells.nothing, "")
    best = min(reads, key=lambda format: int(reads[format].unread.sum()))
    order, between = FORMATS[best]
    if order == "ymd" or not is_enough(reads[best]):
        return Found(reads[best], best)
    day_first, month_first = (
        next(format for format, how in FORMATS.items() if how == (order, between))
        for order in ("dmy", "mdy")
    )
    one, two = (
        reads[format].unread if format in reads else cells.nothing.unread
        for format in (day_first, month_first)
    )
    only = np.count_nonzero(~one & two), np.count_nonzero(one & ~two)
    best = day_first if only[0] >= only[1] else month_first
    if min(only) > (1 - ENOUGH) * sum(only) or (sum(only) == 0 and between != "."):
        row = int(np.isfinite(reads[best].values).argmax())
        note = (
            f"its dates, such as {cells.texts[row]!r:.40}, do not say whether the day or the month "
            f"comes first; write them as {ISO}"
        )
        return Found(cells.nothing, "", note, True)
    return Found(reads[best], best)


def find_compact(read: Read) -> Read | None:
    """Numbers as days, if nearly all of them are dates such as 20241231; else None."""
    known = read.values[np.isfinite(read.values)]
    if not len(known) or not _EARLIEST <= np.median(known) <= _LATEST:
        return None
    days = compact_days(read.values)
    several = len(np.unique(known[:1000])) > 1
    return days if several and days.unread.sum() <= (1 - ENOUGH) * days.present else None


def compact_days(values: Array) -> Read:
    """Days since 1970 of 20241231; other numbers cannot be read."""
    known = np.isfinite(values)
    possible = known & (values >= _EARLIEST) & (values <= _LATEST) & (values == np.rint(values))
    whole = np.where(possible, values, _EARLIEST).astype(np.int64)
    years, months, days = whole // 10_000, whole // 100 % 100, whole % 100
    first = ((years - 1970) * 12 + np.clip(months, 1, 12) - 1).astype("datetime64[M]")
    at = first.astype("datetime64[D]") + np.clip(days, 1, 31) - 1
    sound = possible & (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)
    sound &= at.astype("datetime64[M]") == first
    return Read(np.where(sound, at.astype(np.int64), np.nan), known & ~sound)


@cache
def _reader(format: str) -> Callable[[str], float | None]:
    order, between = FORMATS[format]
    pattern = re.escape(between).join(_DIGITS[part] for part in order)
    days = re.compile(rf"{pattern}(?P<time>[T ,].*)?", re.ASCII)

    def read(text: str) -> float | None:
        if (value := date(text)) is not None:
            return value
        found = days.fullmatch(text)
        if found is None:
            return None
        time = _time(found["time"] or "")
        if time is None:
            return None
        return date(f"{found['y']}-{int(found['m']):02}-{int(found['d']):02}{time}")

    return read


def _time(text: str) -> str | None:
    """A time of day as ISO 8601 has it; None if it is none."""
    if not text:
        return ""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, half = int(found["hour"]), (found["half"] or "").replace(".", "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "pm")
    zone = {"UTC": "Z", "GMT": "Z"}.get(found["zone"] or "", found["zone"] or "")
    return f"T{hour:02}:{found['rest'].replace(',', '.')}{zone}"
