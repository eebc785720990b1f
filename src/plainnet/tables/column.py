"""Columns: how each kind of column becomes features, with the statistics of the training.

A row of a table becomes a row of features; each column gives one or several of them:

- numbers, dates: (value − mean) / scale, computed in float64. A missing value is replaced by the
  median; if values were missing in training, a second feature is 1 for them, else 0. Dates count
  in days, and add their position in the year, the week and the day as sine and cosine;
- categories: one feature for each, 1 in its rows and else 0, and one for missing values. A category
  that is unknown or rare in training is 0 in all of them.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np

from plainnet.checks import check_number
from plainnet.data.class_matching import match
from plainnet.digits import mean_text, number
from plainnet.files.schema import read
from plainnet.metrics.moments import IGNORED_SCALE, moments, scale_of, weighted_median
from plainnet.network.arrays import Array
from plainnet.tables.dates import CYCLES, FORMATS, ISO, cycles_of, find_dates, read_dates
from plainnet.tables.numbers import (
    SHARES,
    Found,
    check_number_format,
    find_numbers,
    is_enough,
    read_floats,
    read_numbers,
)
from plainnet.tables.standardizing import standardized
from plainnet.tables.table import Table
from plainnet.tables.values import Cells, Read, flag, is_missing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Column(ABC):
    """A column of a table that gives features."""

    kind: ClassVar[str]
    """The name of the kind in a model file and in `plainnet summary`."""
    takes_texts: ClassVar[bool] = False
    """Whether its cells are texts rather than numbers, also in ONNX."""
    name: str

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]:
        """The names of its features: `age`, `age is missing`, `sex = female`."""

    @cached_property
    def n_features(self) -> int:
        """The number of its features."""
        return len(self.features)

    @property
    def n_numbers(self) -> int:
        """The numbers of each row that `fill` makes features of."""
        return 1

    @abstractmethod
    def numbers(self, table: Table) -> Read:
        """Return the number for each of the table's N rows that `fill` makes features of.

        If there are several they are `(N, n_numbers)`.
        """

    @abstractmethod
    def fill(self, numbers: Array, out: Array) -> None:
        """Write the features of numbers float64 `(N,)` into `out`, float32 `(N, features)`."""

    @abstractmethod
    def summary(self) -> str:
        """Return how the column is used, in a few words."""

    def describe(self) -> dict[str, Any]:
        """Return the column as JSON values."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def restore(cls, description: Mapping[str, Any]) -> Self:
        """Return the column that `describe` described.

        Raises:
            ValueError, PlainnetError: the description is malformed.
        """
        made: Self = read(cls, description, f"{cls.kind} column", later=("format",))
        made.check()
        return made

    def check(self) -> None:  # noqa: B027
        """Raise a ValueError if a model file's fields do not fit each other."""


@dataclass(frozen=True)
class Number(Column):
    """A column of numbers; true and false are 1 and 0."""

    kind = "number"
    noun: ClassVar[str] = "number"
    """The word for one of its cells, for messages."""
    median: Annotated[float, "(-1e100, 1e100)"]
    mean: Annotated[float, "(-1e100, 1e100)"]
    scale: float
    has_missing: bool
    """Whether values were missing in training."""
    format: str = ""
    """The format of its cells, as `numbers.py` names it; "" if the cells did not show one."""

    @classmethod
    def fit(cls, name: str, values: Array, weights: Array | None = None, **more: Any) -> Self:
        """Fit to float64 `(N,)`, NaN for missing values; at least one is known."""
        known = np.isfinite(values)
        median = weighted_median(values[known], None if weights is None else weights[known])
        mean, spread = moments(np.where(known, values, median)[:, None], weights)
        scale = scale_of(mean, spread, values.dtype)
        return cls(name, median, float(mean[0]), float(scale[0]), not known.all(), **more)

    @property
    def spread(self) -> float:
        """The standard deviation in training; 0 if all known values were the same."""
        return self.scale if self.scale < IGNORED_SCALE else 0.0

    @property
    def features(self) -> tuple[str, ...]:
        """The value, and whether it is missing."""
        return (self.name, f"{self.name} is missing") if self.has_missing else (self.name,)

    @property
    def takes_floats(self) -> bool:
        """Whether numbers in memory are its numbers; those of a column of % may be shares."""
        return not self.format.endswith(SHARES)

    def read(self, values: Array, delimiter: str = "") -> Read:
        """Read the numbers of the cells, in the training's format if that is known."""
        if values.dtype == np.float64:
            return read_floats(values, self.format)
        cells = Cells.of(values)
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
        """Return a sentence on the format of cells that could not be read; "" if there is none."""
        return _form(find_numbers(Cells.of(values), delimiter))

    def numbers(self, table: Table) -> Read:
        """Return the values."""
        return self.read(table[self.name], table.delimiter)

    def fill(self, numbers: Array, out: Array) -> None:
        """Write (value − mean) / scale, computed in float64 so that time stamps stay apart."""
        out[:, 0], missing = standardized(numbers, self.median, self.mean, self.scale)
        if self.has_missing:
            out[:, 1] = missing

    def summary(self) -> str:
        """Return the mean and the spread, and the replacement of missing values."""
        written = f", written as {self.format}" if self.format not in ("", "1234.5") else ""
        missing = f"; missing: {number(self.median)}, and marked" if self.has_missing else ""
        return mean_text(self.mean, self.spread) + written + missing

    def check(self) -> None:
        """Check that the scale is above 0 and the format is one of numbers."""
        if self.scale != IGNORED_SCALE:
            check_number("scale", self.scale, "(1e-170, 1e100)")  # what is divided stays finite
        self.check_format()

    def check_format(self) -> None:
        """Raise a ValueError if the format is not one of numbers."""
        check_number_format(self.format)


@dataclass(frozen=True)
class Date(Number):
    """A column of dates and times, as days since 1970."""

    kind = noun = "date"
    cycles: tuple[Literal["year", "week", "day"], ...] = ()
    """The names in CYCLES in which the dates of the training differ."""

    @classmethod
    def of(cls, name: str, values: Array, weights: Array | None = None, format: str = "") -> Self:
        """Fit to days `(N,)`, with the cycles in which they differ."""
        cycles = cycles_of(values[np.isfinite(values)])
        return cls.fit(name, values, weights, cycles=cycles, format=format)

    @property
    def features(self) -> tuple[str, ...]:
        """The time, whether it is missing, and two for each cycle."""
        waves = (f"{self.name}: {cycle}, {w}" for cycle in self.cycles for w in ("sine", "cosine"))
        return (*super().features, *waves)

    def read(self, values: Array, delimiter: str = "") -> Read:  # noqa: ARG002
        """Read the days of the cells, in the training's format if that is known."""
        return read_dates(values, self.format) if self.format else find_dates(Cells.of(values)).read

    def form_of(self, values: Array, delimiter: str = "") -> str:  # noqa: ARG002
        """Return a sentence on the format of cells that could not be read; "" if there is none."""
        return _form(find_dates(Cells.of(values)))

    def fill(self, numbers: Array, out: Array) -> None:
        """Write the number and the position in each cycle; a missing date has 0 for both waves."""
        super().fill(numbers, out)
        days, known, first = numbers, np.isfinite(numbers), len(super().features)
        for i, cycle in enumerate(self.cycles):
            turn = 2 * np.pi * (days % CYCLES[cycle]) / CYCLES[cycle]
            out[:, first + 2 * i] = np.where(known, np.sin(turn), 0)
            out[:, first + 2 * i + 1] = np.where(known, np.cos(turn), 0)

    def summary(self) -> str:
        """Return the mean date with its spread, and the cycles."""
        middle = f"around {np.datetime64(0, 'D') + int(self.mean)} ± {number(self.spread)} days"
        cycles = f"; position in {', '.join(self.cycles)}" if self.cycles else ""
        written = f", written as {self.format}" if self.format not in ("", ISO) else ""
        return middle + written + cycles

    def check(self) -> None:
        """Check that the mean is also a date."""
        super().check()
        check_number("mean day", self.mean, "(-1000000, 4000000)")

    def check_format(self) -> None:
        """Raise a ValueError if the format is not one of dates."""
        if self.format not in ("", *FORMATS):
            raise ValueError(f"dates are not written as {self.format!r:.40}")


@dataclass(frozen=True)
class Category(Column):
    """A column of a few different texts."""

    kind = "category"
    takes_texts = True
    values: tuple[str, ...]
    """The categories, the most frequent first."""
    has_missing: bool

    @property
    def features(self) -> tuple[str, ...]:
        """One for each category, and one for missing values."""
        named = tuple(f"{self.name} = {value}" for value in self.values)
        return (*named, f"{self.name} is missing") if self.has_missing else named

    def numbers(self, table: Table) -> Read:
        """Return the place of each row's category in `values`; that after the last is missing.

        It is −1 for unknown categories, and for missing ones if none were missing in training.
        """
        different, codes = Cells.of(table[self.name]).coded
        known = match(different, self.values)
        missing = len(self.values) if self.has_missing else -1
        absent = [missing if is_missing(text, table.missing) else -1 for text in different]
        found = [a if k is None else k for k, a in zip(known, absent, strict=True)]
        place = np.array(found, np.float64)[codes]
        return Read(place, np.zeros(len(place), bool))

    def fill(self, numbers: Array, out: Array) -> None:
        """Write 1 for the category of each row, else 0."""
        place = numbers.astype(np.int64)
        rows = np.flatnonzero(place >= 0)
        out[...] = 0
        out[rows, place[rows]] = 1

    def summary(self) -> str:
        """Return the categories, or the first of them."""
        few = ", ".join(self.values[:5])
        more = f", … ({len(self.values)} in all)" if len(self.values) > 5 else ""
        return few + more + ("; missing is a category" if self.has_missing else "")

    def check(self) -> None:
        """Check that the categories are different texts."""
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"the categories of {self.name!r} are not different texts")


def _form(found: Found) -> str:
    if found.ambiguous:
        return found.note
    return f"they are written as {found.format}" if found.format and is_enough(found.read) else ""
