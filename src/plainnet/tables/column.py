"""What becomes of a column: the features that it gives, and all that must be kept to give them.

A row of a table becomes a row of features; each column gives one or several of them:

- numbers, dates: (value − mean) / scale, computed in float64; what is missing counts as the median,
  and where something was missing in training a second feature says so, 1 or 0. Dates count in days,
  and also say where they are in the year, in the week and in the day, as sine and cosine;
- categories: for each a feature that is 1 in its rows and else 0, and one for rows without any. A
  category that training did not know, or hardly, is 0 everywhere.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.data.class_matching import match
from plainnet.digits import mean_text, number
from plainnet.files.schema import read
from plainnet.metrics.moments import IGNORED, moments, scale_of, weighted_median
from plainnet.network.arrays import Array
from plainnet.tables.dates import CYCLES, FORMATS, ISO, cycles_of, find_dates, read_dates
from plainnet.tables.numbers import (
    Found,
    check_number_format,
    find_numbers,
    is_enough,
    read_floats,
    read_numbers,
)
from plainnet.tables.table import Table
from plainnet.tables.values import Cells, Read, flag, is_missing

log = logging.getLogger(__name__)

FARTHEST = 100.0
"""Scales from the mean; what is farther away counts as that: it is one huge value at most."""


@dataclass(frozen=True)
class Column(ABC):
    """A column that gives features."""

    kind: ClassVar[str]
    """As a model file and `plainnet summary` call it."""
    name: str

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]:
        """What its features are called: `age`, `age is missing`, `sex = female`."""

    @abstractmethod
    def write(self, table: Table, out: Array) -> Array | None:
        """Write the features of this column of a table into `out`.

        Args:
            table: N rows.
            out: float32 `(N, len(features))`.

        Returns:
            Which cells hold something that cannot be read, and count as missing; None: none.
        """

    @property
    @abstractmethod
    def told(self) -> str:
        """What is done with it, in a few words."""

    def describe(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def restore(cls, description: Mapping[str, Any]) -> Self:
        """From what `describe` gave.

        Raises:
            ValueError, PlainnetError: it is not that.
        """
        made: Self = read(cls, description, f"{cls.kind} column", later=("format",))
        made.check()
        return made

    def check(self) -> None:  # noqa: B027
        """Raise a ValueError if a model file's fields do not fit each other."""


@dataclass(frozen=True)
class Number(Column):
    """Numbers; true and false are 1 and 0."""

    kind = "number"
    median: Annotated[float, "(-1e100, 1e100)"]
    mean: Annotated[float, "(-1e100, 1e100)"]
    scale: float
    has_missing: bool
    """Whether one was missing in training."""
    format: str = ""
    """How its cells are written, as `numbers.py` names it; "": they did not say."""

    @classmethod
    def fit(cls, name: str, values: Array, weights: Array | None = None, **more: Any) -> Self:
        """From float64 `(N,)`, NaN where one is missing; one at least is not."""
        known = np.isfinite(values)
        median = weighted_median(values[known], None if weights is None else weights[known])
        mean, spread = moments(np.where(known, values, median)[:, None], weights)
        scale = scale_of(mean, spread, values.dtype)
        return cls(name, median, float(mean[0]), float(scale[0]), not known.all(), **more)

    @property
    def spread(self) -> float:
        """The standard deviation in training; 0 where all known values were the same."""
        return self.scale if self.scale < IGNORED else 0.0

    @property
    def features(self) -> tuple[str, ...]:
        """Itself, and whether it is missing."""
        return (self.name, f"{self.name} is missing") if self.has_missing else (self.name,)

    def read(self, values: Array, delimiter: str = "") -> Read:
        """The numbers that the cells hold, by the format of the training if that is known."""
        if values.dtype == np.float64:
            return read_floats(values, self.format)
        cells = Cells(values)
        if self.format:
            read = read_numbers(cells, self.format)
        else:
            found = find_numbers(cells, delimiter)
            if found.note and not found.ambiguous:
                log.warning("Column %r: %s.", self.name, found.note)
            known = found.ambiguous or is_enough(found.read)
            read = found.read if known else read_numbers(cells, "1234.5")
        if read.unread.any() and (flags := cells.read(flag)).unread.sum() < read.unread.sum():
            return flags
        return read

    def form_of(self, values: Array, delimiter: str = "") -> str:
        """In which other form cells are that could not be read; "" if in none."""
        return _form(find_numbers(Cells(values), delimiter))

    def write(self, table: Table, out: Array) -> Array | None:
        """(value − mean) / scale, in float64 before it is float32: time stamps stay apart."""
        read = self.read(table[self.name], table.delimiter)
        self.fill(read.values, out)
        return read.unread if read.unread.any() else None

    def fill(self, numbers: Array, out: Array) -> None:
        """Write the features of numbers float64 `(N,)`, NaN where one is missing."""
        missing = np.isnan(numbers)
        z = (np.where(missing, self.median, numbers) - self.mean) / self.scale
        out[:, 0] = np.clip(z, -FARTHEST, FARTHEST)
        if self.has_missing:
            out[:, 1] = missing

    @property
    def told(self) -> str:
        """The mean and the spread, and what a missing one counts as."""
        written = f", written as {self.format}" if self.format not in ("", "1234.5") else ""
        told = mean_text(self.mean, self.spread) + written
        return f"{told}; missing: {number(self.median)}, and told" if self.has_missing else told

    def check(self) -> None:
        """The scale is above 0, and numbers are written so."""
        if self.scale != IGNORED:
            check_number("scale", self.scale, "(1e-170, 1e100)")  # what is divided stays finite
        self.check_format()

    def check_format(self) -> None:
        """A ValueError if numbers are not written so."""
        check_number_format(self.format)


@dataclass(frozen=True)
class Date(Number):
    """Dates and times, as days since 1970."""

    kind = "date"
    cycles: tuple[Literal["year", "week", "day"], ...] = ()
    """Those of CYCLES in which the dates of the training differ."""

    @classmethod
    def of(cls, name: str, values: Array, weights: Array | None = None, format: str = "") -> Self:
        """From days `(N,)`, with the cycles in which they differ."""
        cycles = cycles_of(values[np.isfinite(values)])
        return cls.fit(name, values, weights, cycles=cycles, format=format)

    @property
    def features(self) -> tuple[str, ...]:
        """The time, whether it is missing, and two for each cycle."""
        waves = (f"{self.name}: {cycle}, {w}" for cycle in self.cycles for w in ("sine", "cosine"))
        return (*super().features, *waves)

    def read(self, values: Array, delimiter: str = "") -> Read:  # noqa: ARG002
        """The days that the cells hold, by the format of the training if that is known."""
        return read_dates(values, self.format) if self.format else find_dates(Cells(values)).read

    def form_of(self, values: Array, delimiter: str = "") -> str:  # noqa: ARG002
        """In which other form cells are that could not be read; "" if in none."""
        return _form(find_dates(Cells(values)))

    def fill(self, numbers: Array, out: Array) -> None:
        """As a number, and where it is in each cycle: of a missing one neither sine nor cosine."""
        super().fill(numbers, out)
        days, first = numbers, len(super().features)
        for i, cycle in enumerate(self.cycles):
            turn = np.nan_to_num(2 * np.pi * (days % CYCLES[cycle]) / CYCLES[cycle])
            known = np.isfinite(days)
            out[:, first + 2 * i] = np.sin(turn) * known
            out[:, first + 2 * i + 1] = np.cos(turn) * known

    @property
    def told(self) -> str:
        """The middle of the time, and the cycles."""
        middle = f"around {np.datetime64(0, 'D') + int(self.mean)} ± {number(self.spread)} days"
        cycles = f"; place in {', '.join(self.cycles)}" if self.cycles else ""
        written = f", written as {self.format}" if self.format not in ("", ISO) else ""
        return middle + written + cycles

    def check(self) -> None:
        """The mean is a date, too."""
        super().check()
        check_number("mean day", self.mean, "(-1000000, 4000000)")

    def check_format(self) -> None:
        """A ValueError if dates are not written so."""
        if self.format not in ("", *FORMATS):
            raise ValueError(f"dates are not written as {self.format!r:.40}")


@dataclass(frozen=True)
class Category(Column):
    """One of a few texts."""

    kind = "category"
    values: tuple[str, ...]
    """The categories, the most frequent first."""
    has_missing: bool

    @property
    def features(self) -> tuple[str, ...]:
        """One for each category, and whether there is none."""
        named = tuple(f"{self.name} = {value}" for value in self.values)
        return (*named, f"{self.name} is missing") if self.has_missing else named

    def write(self, table: Table, out: Array) -> None:
        """1 where it is this category, else 0."""
        different, codes = Cells(table[self.name]).coded
        known = match(different, self.values)
        missing = len(self.values) if self.has_missing else -1
        absent = [missing if is_missing(text, table.missing) else -1 for text in different]
        found = [a if k is None else k for k, a in zip(known, absent, strict=True)]
        place = np.array(found)[codes]
        rows = np.flatnonzero(place >= 0)
        out[...] = 0
        out[rows, place[rows]] = 1

    @property
    def told(self) -> str:
        """The categories, or the first of them."""
        few = ", ".join(self.values[:5])
        more = f", … ({len(self.values)} in all)" if len(self.values) > 5 else ""
        return few + more + ("; missing is one of its own" if self.has_missing else "")

    def check(self) -> None:
        """They are different texts."""
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"the categories of {self.name!r} are not different texts")


def _form(found: Found) -> str:
    known = is_enough(found.read) and found.format
    named = f"they are written as {found.format}" if known else ""
    return found.note if found.ambiguous else named


KINDS: Mapping[str, type[Column]] = {cls.kind: cls for cls in (Number, Date, Category)}
