"""How the numbers of a column are written, and reading them.

A format is named by how it writes 1234.5: `1234.5`, `1,234.5`, `1234,5` or `1.234,5`, and behind it
the unit, if the cells have one: `1,234.5 $`, `1234.5 %`. Times and time spans, read in days, are
`12:30` or `12:30:00`. "" is the format of whole numbers without any of this.

A format is found for a whole column, by what reads most of its cells, and only where no other one
reads them otherwise: `1,234` alone may be a thousand or a little more than one. What a comma means
is then taken from the file, whose fields it parts or does not, and said; where that does not tell,
nothing is read.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Self

import numpy as np

from plainnet.metrics.regression import LARGEST
from plainnet.network.arrays import Array
from plainnet.tables.values import ENOUGH, NO_NUMBER, Cells, Read, as_read

_SPACE = " \u00a0\u2009\u202f"
_MINUS = "\\-−–"
_SYMBOLS = "$€£¥₹₽₩₺₪₫฿₴₱₦₿"
_CODES = "USD|EUR|GBP|JPY|CNY|CHF|CAD|AUD|NZD|INR|BRL|MXN|SEK|NOK|DKK|PLN|CZK|HUF|RUB|TRY|ZAR|KRW"
SHARES = ("%", "‰")
"""Units without which a number would be another one; without a currency it is the same."""
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
"""What may be thousands, or a number with three decimals."""
_SPAN = re.compile(
    r"(?:([+-]?\d+) days?,? ?)?(?:([+-]?)(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d*)?))?)?", re.ASCII
)
SPANS = {"12:30": 0, "12:30:00": 1}
"""Formats of times, and whether they have seconds."""


class Found(NamedTuple):
    """The numbers of a column, and how they are written."""

    read: Read
    format: str
    note: str = ""
    """What is to be said of them."""
    ambiguous: bool = False
    """Whether the cells may say two things; then they are not read, and the note says which."""


class _Parts(NamedTuple):
    number: str
    """Its digits, commas and points; no other sign is between thousands any more."""
    sign: str
    exponent: str
    unit: str


@dataclass(frozen=True)
class NumberFormat:
    """How a column writes its numbers."""

    decimal: str = "."
    groups: bool = False
    """Whether a comma (or where that is decimal, a point) may be all that is between thousands."""
    unit: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """From its name.

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
        """What may be between thousands."""
        return "," if self.decimal == "." else "."

    def value(self, parts: _Parts) -> float | None:
        """The number that a cell holds, None if it is not written so."""
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
    """The parts of a cell with a number in any format, None of another cell."""
    found = _CELL.fullmatch(text)
    if found is None or (found["sign"] and found["second"]) or (found["before"] and found["after"]):
        return None
    sign = "" if (found["sign"] or found["second"]) in ("", "+") else "-"
    exponent = (found["exponent"] or "").replace("−", "-").replace("–", "-")
    number = _THOUSANDS.sub("", found["body"])
    return _Parts(number, sign, exponent, found["before"] or found["after"] or "")


def read_floats(values: Array, format: str) -> Read:
    """The same of numbers in memory, float64: those of a share cannot be read, 12 % may be 0.12."""
    if format.endswith(SHARES):
        return Read(np.full(len(values), np.nan), ~np.isnan(values))
    return as_read(values)


def read_numbers(cells: Cells, format: str) -> Read:
    """The numbers of a column whose format is known."""
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
    """A number, NaN where one is missing, as a cell of a table in memory."""
    if not format.endswith(SHARES):
        return value
    decimal = NumberFormat.of(format).decimal
    return "" if np.isnan(value) else f"{value!r} {format[-1]}".replace(".", decimal)


def check_number_format(format: Any) -> None:
    """A ValueError if there is no such format."""
    if not isinstance(format, str):
        raise ValueError(f"a format is {format!r:.40}")
    if format and format not in SPANS:
        NumberFormat.of(format)


def find_numbers(cells: Cells, delimiter: str = "") -> Found:
    """The numbers of a column, in the format that reads most of its cells.

    Args:
        cells: of the whole column.
        delimiter: what parts the fields of the file; "" of a table in memory.
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
    """The column read in a format; whether thousands are parted is what its cells say."""
    values, unread = np.full(len(parts), np.nan), np.zeros(len(parts), bool)
    groups = False
    for i, one in enumerate(parts):
        value = None if one is None else format.value(one)
        if one is not None and value is not None and abs(value) < LARGEST:
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
    """Which of two readings of all cells is meant, as far as the file's delimiter says so."""
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
            "them with a decimal point and nothing between thousands"
        )
        return Found(cells.nothing, "", note, True)
    if delimiter != ";" and "," not in example:
        return found
    value = found.read.values[int(np.flatnonzero(cells.coded[1] == either[0])[0])]
    return found._replace(note=f"{example!r:.40} is read as {value:.10g}")


def _by_file(sign: str, delimiter: str) -> bool | None:
    """Whether a sign parts thousands, as what parts the fields suggests; None: it does not."""
    return {(",", ","): True, (",", ""): True, (",", ";"): False}.get((sign, delimiter))


def _by_others(parts: list[_Parts | None]) -> bool | None:
    """The same as the numbers without any sign suggest: from 1000 on they would have one."""
    digits = [len(one.number) for one in parts if one and one.number.isdigit()]
    return max(digits) <= 3 if digits else None


def _three_decimals(known: Array) -> bool:
    """Whether all that are no whole numbers may have been written with three decimals."""
    broken = np.abs(known[known != np.rint(known)])
    thousands = np.rint(1000 * broken)
    return bool((broken >= 1).all() and (np.abs(1000 * broken - thousands) < 1e-6 * broken).all())


def _span_reader(format: str) -> Callable[[str], float | None]:
    """Days of `12:30`, `12:30:00` and `2 days 12:30:00`."""

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
    """Whether so many of the cells that hold something were read that it is a column of those."""
    return bool(read.unread.sum() <= (1 - ENOUGH) * read.present)
