"""The date formats of columns, and reading dates as days since 1970.

The name of a format is the last day of 2024 in it: `2024-12-31`, `31.12.2024`, `12/31/2024`,
`20241231`. A time of day may follow. Whether the day or the month comes first is inferred from the
whole column: some day must be later than the 12th. With points the day always comes first.
`2024-12-31` is accepted in any column of dates.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.numbers import Found, is_enough
from plainnet.tables.values import ENOUGH, Cells, Read, date

_YEARS = (1900, 2100)
"""The range of years in dates without separators; other numbers of eight digits are numbers."""
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
    "20241231": ("ymd", ""),
    "31122024": ("dmy", ""),
    "12312024": ("mdy", ""),
}
"""The order of day, month and year in each format, and the separator."""
COMPACT = tuple(format for format, (_, separator) in FORMATS.items() if not separator)
_DIGITS = {"d": r"(?P<d>\d{1,2})", "m": r"(?P<m>\d{1,2})", "y": r"(?P<y>\d{4})"}
_TIME = re.compile(
    r"[T ,]+(?P<hour>\d{1,2}):(?P<rest>\d\d(?::\d\d(?:[.,]\d+)?)?) ?(?P<half>[AaPp]\.?[Mm]\.?)?"
    r" ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII,
)

SAME_POSITION = 1e-3
"""Dates are at one position in a cycle if the mean of their unit vectors is that close to 1."""
CYCLES: Mapping[str, float] = {"year": 365.2425, "week": 7.0, "day": 1.0}
"""The length of each cycle in days."""


def cycles_of(days: Array) -> tuple[str, ...]:
    """Return the cycles in which the positions of days `(N,)` differ."""
    found = []
    for cycle, length in CYCLES.items():
        positions = days // 1 if cycle == "week" else days
        turn = 2 * np.pi * (positions % length) / length
        mean = np.hypot(np.cos(turn).mean(), np.sin(turn).mean())  # of unit vectors
        if 1 - mean > SAME_POSITION and (cycle != "year" or np.ptp(days) >= 28):
            found.append(cycle)
    return tuple(found)


def read_dates(values: Array, format: str) -> Read:
    """Read the days of a column in a known format; compact formats are numbers, others texts."""
    cells = Cells.of(values)
    if format in COMPACT:
        plain = cells.plain
        return cells.read_dates(date) if plain is None else compact_days(plain.values, format)
    return cells.read_dates(_reader(format))


def find_dates(cells: Cells) -> Found:
    """Find the dates of a column, in the format that reads most of its cells."""
    reads: dict[str, Read] = {}
    some = [text for text in cells.sample if text[:1].isdecimal()]  # as every date begins
    for format in FORMATS:
        reader = _reader(format)
        if format not in COMPACT and any(reader(text) is not None for text in some):
            reads[format] = cells.read_dates(reader)
            if not reads[format].unread.any() and format == ISO:
                break
    if not reads:
        return Found(cells.nothing, "")
    most = min(reads, key=lambda format: int(reads[format].unread.sum()))
    order, separator = FORMATS[most]
    if order == "ymd" or not is_enough(reads[most]):
        return Found(reads[most], most)
    both = tuple(f for f, how in FORMATS.items() if how in (("dmy", separator), ("mdy", separator)))
    one, two = (reads[f].unread if f in reads else cells.nothing.unread for f in both)
    if separator == "." and (one == two).all():
        return Found(reads[both[0]], both[0])
    if best := _order(one, two, both):
        return Found(reads[best], best)
    return _either(cells.texts[int(np.isfinite(reads[most].values).argmax())], cells.nothing)


def find_compact(read: Read) -> Found | None:
    """Return numbers as days, if nearly all of them are dates such as 20241231; else None."""
    known = read.values[np.isfinite(read.values)]
    some = known[:: 1 + len(known) // 1000]
    if not len(some) or not 1_011_900 <= np.median(some) <= 31_122_100 or np.ptp(some) == 0:
        return None
    possible = [format for format in COMPACT if is_enough(compact_days(some, format))]
    days = {format: compact_days(read.values, format) for format in possible}
    days = {format: one for format, one in days.items() if is_enough(one)}
    if not days:
        return None
    format = next(iter(days))
    if format != COMPACT[0] and len(days) > 1:
        format = _order(days[COMPACT[1]].unread, days[COMPACT[2]].unread, COMPACT[1:])
    row = int(np.isfinite(next(iter(days.values())).values).argmax())
    number = f"{read.values[row]:08.0f}"
    if not format:
        return _either(number, Read(np.full(len(read.values), np.nan), np.isfinite(read.values)))
    day = np.datetime64(int(days[format].values[row]), "D")
    return Found(days[format], format, f"{number} is read as the date {day}")


def _order(one: Array, two: Array, formats: tuple[str, ...]) -> str:
    """Return the format that is meant, from the cells that each cannot read; "" if unclear."""
    only = np.count_nonzero(~one & two), np.count_nonzero(one & ~two)
    if min(only) >= (1 - ENOUGH) * sum(only):
        return ""
    return formats[0] if only[0] > only[1] else formats[1]


def _either(example: str, nothing: Read) -> Found:
    note = (
        f"its dates, such as {example!r:.40}, do not show whether the day or the month comes "
        f"first; write them as {ISO}"
    )
    return Found(nothing, "", note, True)


def compact_days(values: Array, format: str) -> Read:
    """Return days since 1970 of numbers such as 20241231; other numbers are unread."""
    known = np.isfinite(values)
    possible = known & (values > 0) & (values < 1e8) & (values == np.rint(values))
    whole = np.where(possible, values, 0).astype(np.int64)
    parts = (whole // 1_000_000, whole // 10_000 % 100, whole % 10_000)
    order, _ = FORMATS[format]
    if order == "ymd":
        parts = (whole % 100, whole // 100 % 100, whole // 10_000)
    days, months, years = parts if order != "mdy" else (parts[1], parts[0], parts[2])
    possible &= (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)
    possible &= (years >= _YEARS[0]) & (years <= _YEARS[1])
    first = (np.where(possible, (years - 1970) * 12 + months - 1, 0)).astype("datetime64[M]")
    at = first.astype("datetime64[D]") + np.where(possible, days - 1, 0)
    possible &= at.astype("datetime64[M]") == first
    return Read(np.where(possible, at.astype(np.int64), np.nan), known & ~possible)


@cache
def _reader(format: str) -> Callable[[str], float | None]:
    order, separator = FORMATS[format]
    pattern = re.escape(separator).join(_DIGITS[part] for part in order)
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
    """Return a time of day in ISO 8601; None if the text is not a time."""
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
