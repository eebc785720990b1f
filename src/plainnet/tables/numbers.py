"""The number formats of columns, and reading numbers in them.

The name of a format is 1234.5 in it: `1234.5`, `1,234.5`, `1234,5` or `1.234,5`, followed by
the unit, if the cells have one: `1,234.5 $`, `1234.5 %`. Times and durations, read in days, are
`12:30` or `12:30:00`. "" is the format of plain integers.

The format of a column is the one that reads most of its cells, provided that no other format gives
them other values: `1,234` alone can be 1234 or 1.234. The delimiter of the file then decides what a
comma means, with a note; if it does not decide, the column is ambiguous and not read.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Self

import numpy as np

from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.network.arrays import Array
from plainnet.tables.values import ENOUGH, NO_NUMBER, Cells, Read, as_read

_SPACE = " \u00a0\u2009\u202f"
_MINUS = "\\-−–"
_SYMBOLS = "$€£¥₹₽₩₺₪₫฿₴₱₦₿"
_CODES = "USD|EUR|GBP|JPY|CNY|CHF|CAD|AUD|NZD|INR|BRL|MXN|SEK|NOK|DKK|PLN|CZK|HUF|RUB|TRY|ZAR|KRW"
SHARES = ("%", "‰")
"""Units that change the value of a number; a currency does not."""
_UNIT = f"[{''.join(SHARES)}]|[A-Z]{{0,2}}[{_SYMBOLS}]|{_CODES}"
_CELL = re.compile(
    rf"(?P<sign>[+{_MINUS}]?)[{_SPACE}]?(?:(?P<before>{_UNIT})[{_SPACE}]?)?(?P<second>[+{_MINUS}]?)"
    rf"(?P<body>\d[\d.,]*|[.,]\d+|[1-9]\d{{0,2}}(?:[{_SPACE}'’]\d{{3}})+(?:[.,]\d+)?)"
    rf"(?P<exponent>[eE][+{_MINUS}]?\d+)?(?:[{_SPACE}]?(?P<after>{_UNIT}))?",
    re.ASCII,
)
_THOUSANDS = re.compile(rf"[{_SPACE}'’]")
_BODIES = {
    ".": re.compile(
        r"\d+\.?\d*|\.\d+|[1-9](\d{0,2}(,\d{3})+|\d?(,\d{2})+,\d{3})(\.\d*)?", re.ASCII
    ),
    ",": re.compile(r"\d+(,\d+)?|,\d+|[1-9]\d{0,2}(\.\d{3})+(,\d+)?", re.ASCII),
}
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
"""Texts that can be thousands, or a number with three decimals."""
_SPAN = re.compile(
    r"(?:([+-]?\d+) days?,? ?)?(?:([+-]?)(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d*)?))?)?", re.ASCII
)
SPANS = {"12:30": 0, "12:30:00": 1}
"""The formats of times, and whether they have seconds."""


class Found(NamedTuple):
    """The numbers of a column and their format."""

    read: Read
    format: str
    note: str = ""
    """A remark for the user."""
    ambiguous: bool = False
    """Whether the cells have two readings; they are then not read, and the note explains it."""


class _Parts(NamedTuple):
    number: str
    """Digits, commas and points; other separators of thousands are removed."""
    sign: str
    exponent: str
    unit: str


@dataclass(frozen=True)
class NumberFormat:
    """The format of a column's numbers."""

    decimal: str = "."
    groups: bool = False
    """Whether a comma (a point, if the comma is decimal) may separate thousands."""
    unit: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the format with this name.

        Raises:
            ValueError: there is no such format.
        """
        _, _, unit = text.partition(" ")
        for decimal in _BODIES:
            for groups in (False, True):
                made = cls(decimal, groups, unit)
                if str(made) == text and (not unit or re.fullmatch(_UNIT, unit)):
                    return made
        raise ValueError(f"numbers are not written as {text!r:.40}")

    def __str__(self) -> str:
        digits = f"1{self.other}234{self.decimal}5" if self.groups else f"1234{self.decimal}5"
        return f"{digits} {self.unit}".rstrip()

    @property
    def other(self) -> str:
        """The sign that may separate thousands."""
        return "," if self.decimal == "." else "."

    def value(self, parts: _Parts) -> float | None:
        """Return the number in a cell, or None if the cell has another format."""
        number = parts.number
        if parts.unit != self.unit and (parts.unit or self.unit in SHARES):
            return None
        if not _BODIES[self.decimal].fullmatch(number):
            return None
        if not self.groups and self.other in number and _EITHER.fullmatch(number):
            return None
        plain = number.replace(self.other, "").replace(self.decimal, ".")
        return float(f"{parts.sign}{plain}{parts.exponent}")


def split_number(text: str) -> _Parts | None:
    """Return the parts of a cell with a number in any format, or None for another cell."""
    found = _CELL.fullmatch(text)
    if found is None or (found["sign"] and found["second"]) or (found["before"] and found["after"]):
        return None
    sign = "" if (found["sign"] or found["second"]) in ("", "+") else "-"
    exponent = (found["exponent"] or "").replace("−", "-").replace("–", "-")
    number = _THOUSANDS.sub("", found["body"])
    return _Parts(number, sign, exponent, found["before"] or found["after"] or "")


def read_floats(values: Array, format: str) -> Read:
    """Read float64 numbers in memory; a column of % cannot be read, because 12 % may be 0.12."""
    if format.endswith(SHARES):
        return Read(np.full(len(values), np.nan), ~np.isnan(values))
    return as_read(values)


def read_numbers(cells: Cells, format: str) -> Read:
    """Read the numbers of a column in a known format."""
    if format == "1234.5" and cells.plain is not None:
        return cells.plain
    return cells.read(_reader(format))


@cache
def _reader(format: str) -> Callable[[str], float | None]:
    if format in SPANS:
        return _span_reader(format)
    known = NumberFormat.of(format)

    def read(text: str) -> float | None:
        parts = split_number(text)
        return None if parts is None else known.value(parts)

    return read


def written(value: float, format: str) -> float | str:
    """Return a number, NaN if missing, as a cell of a table in memory."""
    if not format.endswith(SHARES):
        return value
    decimal = NumberFormat.of(format).decimal
    return "" if np.isnan(value) else f"{value!r} {format[-1]}".replace(".", decimal)


def check_number_format(format: Any) -> None:
    """Raise a ValueError if there is no such format."""
    if not isinstance(format, str):
        raise ValueError(f"a format is {format!r:.40}")
    if format and format not in SPANS:
        NumberFormat.of(format)


def find_numbers(cells: Cells, delimiter: str = "") -> Found:
    """Find the numbers of a column, in the format that reads most of its cells.

    Args:
        cells: the whole column.
        delimiter: the delimiter of the file; "" for a table in memory.
    """
    if (plain := cells.plain) is not None:
        known = plain.values[np.isfinite(plain.values)]
        has_decimals = bool((known != np.rint(known)).any())
        if not (delimiter == ";" and _three_decimals(known) and "." in "".join(cells.texts)):
            return Found(plain, "1234.5" if has_decimals else "")
    if 2 * sum(map(_may_be_number, cells.sample)) < len(cells.sample):
        return Found(cells.nothing, "")
    parts = [None if text.lower() in NO_NUMBER else split_number(text) for text in cells.coded[0]]
    best = _best(cells, parts, delimiter)
    if best.read.unread.any() and any(map(_SPAN.fullmatch, cells.sample)):
        spans = [Found(read_numbers(cells, format), format) for format in SPANS]
        best = min([best, *spans], key=lambda found: int(found.read.unread.sum()))
    return best


def _may_be_number(text: str) -> bool:
    return split_number(text) is not None or _SPAN.fullmatch(text) is not None


def _best(cells: Cells, parts: list[_Parts | None], delimiter: str) -> Found:
    units = Counter(one.unit for one in parts if one is not None)
    common = [unit for unit, _ in units.most_common(2)] or [""]
    point, comma = (
        min(
            (_found(cells, parts, NumberFormat(decimal, True, unit)) for unit in {*common, ""}),
            key=lambda found: (int(found.read.unread.sum()), found.format),
        )
        for decimal in _BODIES
    )
    unread = [int(found.read.unread.sum()) for found in (point, comma)]
    if unread[0] != unread[1]:
        return point if unread[0] < unread[1] else comma
    if np.array_equal(point.read.values, comma.read.values, equal_nan=True):
        return point._replace(format=NumberFormat.of(point.format).unit and point.format)
    return _by_delimiter(cells, parts, point, comma, delimiter)


def _found(cells: Cells, parts: list[_Parts | None], format: NumberFormat) -> Found:
    """Read the column in a format; its cells decide whether thousands are separated."""
    values, unread = np.full(len(parts), np.nan), np.zeros(len(parts), bool)
    groups = False
    for i, one in enumerate(parts):
        value = None if one is None else format.value(one)
        if one is not None and value is not None and abs(value) < LARGEST_NUMBER:
            values[i] = value
            groups = groups or (format.other in one.number)
        else:
            unread[i] = cells.coded[0][i].lower() not in NO_NUMBER
    codes = cells.coded[1]
    named = str(NumberFormat(format.decimal, groups, format.unit))
    return Found(Read(values[codes], unread[codes]), named)


def _by_delimiter(
    cells: Cells, parts: list[_Parts | None], point: Found, comma: Found, delimiter: str
) -> Found:
    """Choose between two readings of all cells by the file's delimiter, if it decides."""
    either = [i for i, one in enumerate(parts) if one and _EITHER.fullmatch(one.number)]
    if not either:
        return point
    signs = {sign for i in either if (one := parts[i]) for sign in ",." if sign in one.number}
    example = cells.coded[0][either[0]]
    found = None
    if len(signs) == 1 and not point.read.unread.any():
        (sign,) = signs
        hints = {_by_file(sign, delimiter), _by_others(parts)} - {None}
        if sign == "." and delimiter != ";":
            found = point
        elif len(hints) == 1:
            found = point if (sign == ",") == hints.pop() else comma
    if found is None:
        note = (
            f"its numbers, such as {example!r:.40}, may have thousands or three decimals; write "
            "them with a decimal point and without separators of thousands"
        )
        return Found(cells.nothing, "", note, True)
    if delimiter != ";" and "," not in example:
        return found
    value = found.read.values[int(np.flatnonzero(cells.coded[1] == either[0])[0])]
    return found._replace(note=f"{example!r:.40} is read as {value:.10g}")


def _by_file(sign: str, delimiter: str) -> bool | None:
    """Whether the delimiter suggests that a sign separates thousands; None: it suggests nothing."""
    return {(",", ","): True, (",", ""): True, (",", ";"): False}.get((sign, delimiter))


def _by_others(parts: list[_Parts | None]) -> bool | None:
    """Whether the numbers without any sign suggest it: from 1000 on they would have one."""
    digits = [len(one.number) for one in parts if one and one.number.isdigit()]
    return max(digits) <= 3 if digits else None


def _three_decimals(known: Array) -> bool:
    """Whether all numbers with fractions can have been written with three decimals."""
    broken = np.abs(known[known != np.rint(known)])
    thousands = np.rint(1000 * broken)
    return bool((broken >= 1).all() and (np.abs(1000 * broken - thousands) < 1e-6 * broken).all())


def _span_reader(format: str) -> Callable[[str], float | None]:
    """Return a reader of `12:30`, `12:30:00` and `2 days 12:30:00` in days."""

    def read(text: str) -> float | None:
        found = _SPAN.fullmatch(text)
        if found is None or not text:
            return None
        days, sign, hours, minutes, seconds = found.groups()
        if (seconds is not None) != bool(SPANS[format]) and hours is not None:
            return None
        within = (int(hours or 0) + int(minutes or 0) / 60 + float(seconds or 0) / 3600) / 24
        return int(days or 0) + (-within if sign == "-" else within)

    return read


def is_enough(read: Read) -> bool:
    """Whether enough of the cells that are not missing were read for a column of this kind."""
    return bool(read.unread.sum() <= (1 - ENOUGH) * read.present)
