"""The axes of a chart: their ticks, and the coordinates of values between them.

Coordinates are pixels from the left and the top, in a picture as wide as a phone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any, Literal

import numpy as np

from plainnet.digits import axis_numbers
from plainnet.network import Array
from plainnet.reports.widths import text_width

WIDTH, LEFT, RIGHT, TOP = 400, 46, 20, 24
"""Width of a chart, and its least margins."""
GAP = 10
"""Least distance of two numbers below an axis."""
PERIODS: Mapping[str, tuple[int, ...]] = {
    "h": (1, 3, 6, 12),
    "D": (1, 2, 7),
    "M": (1, 3, 6),
    "Y": (1, 2, 5, 10, 20, 50, 100),
}
"""The numbers of NumPy's units of time between two dates of an axis."""
SECONDS_A_DAY = 86400
MOST_POWERS = 8
"""Most numbers beside a logarithmic axis."""


@dataclass(frozen=True)
class Axis:
    """One axis of a chart."""

    label: str
    low: float
    high: float
    kind: Literal["number", "whole", "percent", "log", "date"] = "number"
    """Kind of the values; with `log`, both ends are above 0; dates are days since 1970."""

    def ticks(self) -> list[float]:
        """Return the values to be written beside the axis."""
        if self.kind == "log":
            powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            steps = (1, 2, 5) if len(powers) < 4 else (1,)
            spread = powers[:: ceil(len(powers) / MOST_POWERS)]
            values = [float(f"{step}e{power}") for power in spread for step in steps]
            found = [value for value in values if self.low <= value <= self.high]
            if len(found) > 1:
                return found
        if self.kind == "date" and (dates := date_ticks(self.low, self.high)):
            return [value for value, _ in dates]
        return nice_ticks(self.low, self.high, whole=self.kind == "whole")

    def places(self, values: Array | Sequence[float]) -> Array:
        """Map values to places, from 0 at `low` to 1 at `high`."""
        given, ends = np.asarray(values, np.float64), np.array([self.low, self.high])
        if self.kind == "log":
            given, ends = np.log10(given), np.log10(ends)
        wide = ends[1] - ends[0]
        places: Array = (given - ends[0]) / wide if wide else np.full(given.shape, 0.5)
        return places

    def texts(self, ticks: Sequence[float]) -> list[str]:
        """Format the values of ticks."""
        if self.kind == "percent":
            return [f"{100 * value:.3g} %" for value in ticks]
        if self.kind == "date":
            texts = dict(date_ticks(self.low, self.high))
            return [texts.get(value) or str(np.datetime64(floor(value), "D")) for value in ticks]
        return axis_numbers(ticks)


class Frame:
    """Two axes, with margins wide enough for their numbers.

    Args:
        x: from left to right.
        y: from bottom to top.
        height: height of the area inside the axes, in pixels.
    """

    def __init__(self, x: Axis, y: Axis, height: int) -> None:
        self.x, self.y, self.height = x, y, height
        self.y_numbers = _numbers(y, y.ticks())
        beside = _widest(self.y_numbers) + 12
        for numbers in _thinned(_numbers(x, x.ticks())):
            self.x_numbers, widest = numbers, _widest(numbers)
            self.left, self.right = max(LEFT, beside, widest / 2), WIDTH - max(RIGHT, widest / 2)
            at = self.across([value for value, _ in numbers])
            if not (np.diff(at) < widest + GAP).any():
                break

    @property
    def bottom(self) -> int:
        """The y coordinate of the x axis."""
        return TOP + self.height

    def across(self, values: Array | Sequence[float]) -> Array:
        """Map values of x to coordinates."""
        across: Array = self.left + self.x.places(values) * (self.right - self.left)
        return across

    def down(self, values: Array | Sequence[float]) -> Array:
        """Map values of y to coordinates."""
        down: Array = TOP + (1 - self.y.places(values)) * self.height
        return down


def nice_ticks(low: float, high: float, about: int = 5, *, whole: bool = False) -> list[float]:
    """Return about `about` multiples of 1, 2 or 5 times a power of ten in low … high."""
    rough = high / about - low / about
    if not (isfinite(rough) and rough > 0):
        return [low]
    power = floor(log10(rough))
    factor = next(m for m in (1, 2, 5, 10) if m * 10.0**power >= rough * 0.8)
    if whole and power < 0:
        power, factor = 0, 1
    step = factor * 10.0**power
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    exact = (float(f"{i * factor}e{power}") for i in range(first, last + 1))
    slack = 1e-9 * (high - low)
    return list(dict.fromkeys(v for v in exact if low - slack <= v <= high + slack))


def date_ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """Return beginnings of hours, days, months or years, with their texts; [] for too long a time.

    Args:
        low: days since 1970.
        high: days since 1970.
        most: about the largest number of ticks.
    """
    for unit, steps in PERIODS.items():
        kind: Any = f"datetime64[{unit}]"
        ends = np.array([low, high]) * SECONDS_A_DAY
        first, last = ends.astype("datetime64[s]").astype(kind).astype(int).tolist()
        zero = 1970 if unit == "Y" else 0  # so that 2000 is a multiple of 20 years
        for step in steps:
            begin, end = -(-(first + zero) // step), (last + zero) // step
            if end - begin <= most:
                dates = (np.arange(begin, end + 1) * step - zero).astype(kind)
                days = (dates.astype("datetime64[s]").astype(int) / SECONDS_A_DAY).tolist()
                texts = [f"{date}".replace("T", " ") + ":00" * (unit == "h") for date in dates]
                return [one for one in zip(days, texts, strict=True) if low <= one[0] <= high]
    return []


def _thinned(numbers: list[tuple[float, str]]) -> Iterator[list[tuple[float, str]]]:
    """Yield all numbers, then every second, every third, …; in each, 0 is kept if it can be."""
    zero = next((i for i, (value, _) in enumerate(numbers) if not value), 0)
    for step in range(1, len(numbers)):
        for first in (zero % step, 0):
            if len(numbers[first::step]) > 1:
                yield numbers[first::step]
    yield numbers[:1]


def _numbers(axis: Axis, ticks: Sequence[float]) -> list[tuple[float, str]]:
    return list(zip(ticks, axis.texts(ticks), strict=True))


def _widest(numbers: Sequence[tuple[float, str]]) -> float:
    return max((text_width(text) for _, text in numbers), default=0.0)
