"""The setting `cost`: what errors cost, of two kinds, of classes, or of classes and answers."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from plainnet.checks import at_home, check_number
from plainnet.data.class_names import class_name
from plainnet.errors import SettingError
from plainnet.models.setting import named_numbers

BINARY = {"fn", "fp"}
"""The names of the two kinds of errors if there are two classes."""


def _check(name: str, value: Any) -> dict[str, float]:
    given = value if isinstance(value, Mapping) else {}
    costs = {_kind(name, kind): cost for kind, cost in given.items()}
    if not costs or ({*costs} & BINARY and {*costs} != BINARY):
        raise SettingError(
            f"The {name} must be that of a false negative and of a false positive, fn=5,fp=1 or "
            '{"fn": 5, "fp": 1}, or that of classes and of answers to them, cat=5,cat>dog=9, or a '
            f".csv file with such a table, but got {value!r:.80}."
        )
    bounds = "[1e-9, 1e9]" if {*costs} == BINARY else "[0, 1e9]"
    return {kind: check_number(f"{name} {kind}", cost, bounds) for kind, cost in costs.items()}


def _kind(name: str, kind: Any) -> str:
    """Return what a cost is of: `fn`, `cat`, or `cat>dog` for ("cat", "dog")."""
    try:
        return ">".join(map(class_name, kind if isinstance(kind, tuple) else (kind,)))
    except ValueError as error:
        raise SettingError(f"{name} must name classes, but {error}.") from None


def _read(text: str) -> Any:
    """Read `fn=5,fp=1` or `cat=5,cat>dog=9`, or the matrix of costs in a .csv file."""
    if "=" in text or not text.lower().endswith(".csv"):
        return _WRITTEN.read(text)
    try:
        with at_home(Path(text)).open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, skipinitialspace=True) if row]
        (_, *answers), *lines = rows
        if sorted(right for right, *_ in lines) != sorted(answers):
            raise ValueError("its lines and its columns name different classes")
        cells = [(right, *cell) for right, *row in lines for cell in zip(answers, row, strict=True)]
        costs = {(right, answer): float(cost or 0) for right, answer, cost in cells}
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(
            f"{text} is not a table of costs ({error}); expected a line for each right class, its "
            "name and what each answer costs, below a line with the names of the answers."
        ) from None
    for (right, answer), cost in costs.items():
        if right == answer and cost:
            raise ValueError(f"In {text} a right answer costs {cost:g}, to {right!r}; expected 0.")
    return {f"{i}>{j}": cost for (i, j), cost in costs.items() if i != j}


_WRITTEN = named_numbers(_check)
error_costs = replace(_WRITTEN, read=_read)
"""The costs of errors: `fn=5,fp=1`, `cat=5,cat>dog=9`, or the name of a .csv file."""
