"""Search spaces: the settings that a search varies, and between what."""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plainnet.checks import did_you_mean
from plainnet.data import Dataset
from plainnet.errors import FileError, SettingError
from plainnet.models import Recipe
from plainnet.tuning.optuna_package import needs_optuna

LAYERS, UNITS = "layers", "units"
"""Two dimensions that make the setting `hidden`: as many layers, all of one width."""


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, both included."""

    low: float
    high: float
    log: bool = False
    """Whether numbers are drawn on a logarithmic scale."""
    whole: bool = False

    def distribution(self) -> Any:
        """Return it as Optuna's distribution."""
        made = needs_optuna().distributions
        if self.whole:
            return made.IntDistribution(int(self.low), int(self.high), log=self.log)
        return made.FloatDistribution(self.low, self.high, log=self.log)

    def nearest(self, value: Any) -> float:
        """Return the number of the range that is closest to a value; its middle if it is open."""
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            value = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        clipped = min(max(value, self.low), self.high)
        return round(clipped) if self.whole else float(clipped)

    def read(self, value: Any) -> Any:
        """Return the setting for a value of the distribution, in three digits to be legible."""
        return value if self.whole else float(f"{value:.3g}")

    def to_json(self) -> Any:
        """Return it as JSON values."""
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


@dataclass(frozen=True)
class Choice:
    """Values of any kind that JSON has."""

    values: tuple[Any, ...]

    def distribution(self) -> Any:
        """Return it as Optuna's distribution, over the values as JSON."""
        return needs_optuna().distributions.CategoricalDistribution([*map(json.dumps, self.values)])

    def nearest(self, value: Any) -> str:
        """Return the value as JSON if it is one of them, else the first."""
        texts = [*map(json.dumps, self.values)]
        text = json.dumps(value)
        return text if text in texts else texts[0]

    def read(self, value: Any) -> Any:
        """Return the setting for a value of the distribution."""
        return json.loads(value)

    def to_json(self) -> Any:
        """Return it as JSON values."""
        return list(self.values)


Space = Mapping[str, Range | Choice]
"""The dimensions of a search by the names of settings, and `layers` and `units`."""

FOR_CLASSES = ("label_smoothing", "class_weight", "precision", "recall", "cost", "positive")
"""Settings that only classes have."""


def space_for(
    data: Dataset, fixed: Mapping[str, Any], own: Mapping[str, Any] | None, usual: Space
) -> Space:
    """Return the space of a search.

    Args:
        data: the training samples.
        fixed: the settings that are not searched.
        own: the user's space, as JSON values; None: the usual one.
        usual: the usual space for these data.

    Raises:
        SettingError: a setting is unknown, is both fixed and searched, or has impossible values.
    """
    if own is not None:
        space = {name: _dimension(name, value) for name, value in own.items()}
        both = sorted({*space} & _taken(fixed))
        if both:
            raise SettingError(f"{both[0]} is fixed and in the space as well; leave one out.")
    else:
        space = {**usual}
        absent = _taken(fixed) | ({*FOR_CLASSES} if data.holds_numbers else set())
        absent |= {"bins"} if fixed.get("encoding", "auto") == "none" else set()
        space = {name: of for name, of in space.items() if name not in absent}
    if not space:
        raise SettingError("All settings of the space are fixed, so nothing is left to search.")
    for name, of in space.items():
        for value in of.values if isinstance(of, Choice) else (of.low, of.high):
            Recipe.of(settings_of({name: of}, {name: json.dumps(value)}, raw=True))
    return space


def read_space(path: Path) -> dict[str, Any]:
    """Read a space from a .json or .toml file.

    Raises:
        FileError: the file cannot be read, or does not hold a table of settings.
    """
    try:
        text = path.read_text("utf-8")
        space = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise FileError(
            f"The space {path} cannot be read ({error}); see docs/tuning.md."
        ) from error
    if not isinstance(space, dict):
        raise FileError(f"The space {path} must hold settings by name, but holds {space!r:.60}.")
    return space


def settings_of(space: Space, params: Mapping[str, Any], *, raw: bool = False) -> dict[str, Any]:
    """Return the settings of a recipe for a point of the space.

    Args:
        space: the space.
        params: the values of its distributions by name.
        raw: whether all values are JSON, also those of ranges.
    """
    read = {name: json.loads(v) if raw else space[name].read(v) for name, v in params.items()}
    layers, units = read.pop(LAYERS, None), read.pop(UNITS, None)
    if layers is not None or units is not None:
        read["hidden"] = (units or 128,) * (1 if layers is None else layers)
    return {name: tuple(v) if isinstance(v, list) else v for name, v in read.items()}


def nearest_point(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the point of the space that is closest to settings, and their layers and units."""
    return {name: of.nearest(values[name]) for name, of in space.items()}


def space_to_json(space: Space) -> dict[str, Any]:
    """Return a space as JSON values, which `space_for` reads."""
    return {name: of.to_json() for name, of in space.items()}


def _taken(fixed: Mapping[str, Any]) -> set[str]:
    return {*fixed} | ({LAYERS, UNITS} if "hidden" in fixed else set())


def _dimension(name: str, value: Any) -> Range | Choice:
    known = {*Recipe().to_dict(), LAYERS, UNITS}
    if name not in known:
        raise SettingError(f"The space has no setting {name!r}{did_you_mean(name, known)}.")
    if isinstance(value, (list, tuple)) and len(value) > 1:
        return Choice(tuple(value))
    ends = {"low", "high"} <= {*value} if isinstance(value, Mapping) else False
    if not ends or {*value} - {"low", "high", "log", "whole"}:
        raise SettingError(
            f"The space of {name} must be a list of values, or low and high, with log and whole if "
            f"need be, but is {value!r:.80}."
        )
    low, high, log = value["low"], value["high"], bool(value.get("log"))
    numbers = all(isinstance(end, (int, float)) for end in (low, high))
    if not numbers or not low < high or (log and low <= 0):
        raise SettingError(
            f"The space of {name} must be numbers with low < high, and low above 0 on a "
            f"logarithmic scale, but is {low!r} to {high!r}."
        )
    whole = name in (LAYERS, UNITS) or (isinstance(low, int) and isinstance(high, int))
    return Range(low, high, log, bool(value.get("whole", whole)))
