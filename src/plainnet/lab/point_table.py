"""Two columns of a user's table as points in the plane, and a third as their target."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from plainnet.errors import DataError, PlainnetError, SettingError
from plainnet.lab.point_axes import MOST_NAME
from plainnet.lab.point_sets import REACH
from plainnet.lab.point_settings import MOST_OWN_POINTS, PARAMETERS
from plainnet.network import Array
from plainnet.tables import Table, read_table
from plainnet.tables.column import Number
from plainnet.tables.inference import choose
from plainnet.tables.values import Cells, is_missing

SPAN = 0.9 * REACH
"""Coordinates from −SPAN to SPAN are those of the table."""
TARGET_SPAN = 1.5
"""Numbers as targets become those from −1.5 to 1.5."""
DIGITS = 3
"""Digits after the decimal point of coordinates: the address holds them."""


class PointTable:
    """A table of the user, in memory.

    Args:
        name: what the user calls it.
        content: a CSV file.

    Raises:
        DataError: it is not a table, or has no two columns of numbers and a third one.
    """

    def __init__(self, name: str, content: bytes) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "table.csv"
            file.write_bytes(content)
            try:
                table = read_table(file)
                self._read(table)
            except PlainnetError as error:
                raise DataError(str(error).replace(str(file), name or "The table")) from None
        if len(self.numbers) < 2 or len({*self.numbers, *self.labels}) < 3:
            raise DataError(
                f"{name or 'The table'} needs two columns of numbers as coordinates and a third "
                f"column as target: numbers, or 2 to {PARAMETERS['classes'].most:.0f} different "
                "texts."
            )
        self.name, self.rows = name, len(table)

    def _read(self, table: Table) -> None:
        self.columns = [*table.columns]
        self.numbers: dict[str, Array] = {}
        """The columns of numbers, NaN where one is missing."""
        self.labels: dict[str, tuple[list[str], Array]] = {}
        """The columns of few texts: the texts, and which one each row has, −1 if it is missing."""
        for column in table.columns:
            if len(column) > MOST_NAME:
                continue
            kind = choose(table, column).column
            if isinstance(kind, Number):
                values = kind.read(table[column], table.delimiter).values
                if np.isfinite(values).any():
                    self.numbers[column] = values
            texts, codes = Cells.of(table[column]).coded
            known = [i for i, text in enumerate(texts) if not is_missing(text, table.missing)]
            if 2 <= len(known) <= PARAMETERS["classes"].most:
                known.sort(key=lambda i, texts=texts: texts[i])  # type: ignore[misc]
                place = np.full(len(texts), -1)
                place[known] = np.arange(len(known))
                self.labels[column] = [texts[i][:MOST_NAME] for i in known], place[codes]

    @property
    def targets(self) -> list[str]:
        """The columns that can be the target, in the table's order."""
        return [name for name in self.columns if name in self.numbers or name in self.labels]

    def described(self) -> dict[str, Any]:
        """Return what the page offers to choose from, with a first choice."""
        target = self.targets[-1]
        if target in self.numbers and len(self.numbers) == 2:
            target = next(name for name in reversed(self.targets) if name not in self.numbers)
        x, y = [name for name in self.numbers if name != target][:2]
        return {
            "name": self.name,
            "rows": self.rows,
            "numbers": [*self.numbers],
            "targets": self.targets,
            "chosen": {"x": x, "y": y, "target": target},
        }

    def settings(self, x: Any, y: Any, target: Any) -> dict[str, Any]:
        """Return the settings of the points view that show these columns.

        Of more rows than the view takes, some are drawn at random, always the same.

        Raises:
            SettingError: there is no such column, one is named twice, or no row has all three.
        """
        for name, known in ((x, [*self.numbers]), (y, [*self.numbers]), (target, self.targets)):
            if name not in known:
                raise SettingError(
                    f"There is no such column {name!r:.60}; there are {known!r:.200}."
                )
        if len({x, y, target}) < 3:
            raise SettingError("The coordinates and the target must be three different columns.")
        names, last = self.labels.get(target) or ([], self.numbers[target])
        columns = [self.numbers[x], self.numbers[y], last]
        rows = self._chosen(columns, bool(names))
        spans = (SPAN, SPAN, TARGET_SPAN)
        axes = [
            _axis(name, values[rows], span)
            for name, values, span in zip((x, y, target), columns, spans, strict=True)
        ]
        scaled: list[Array] = [
            np.round((values[rows] - middle) / unit, DIGITS)
            for values, (_, middle, unit) in zip(columns, axes, strict=True)
        ]
        if names:
            scaled[2], axes[2] = columns[2][rows], (target, *names)
        return {
            "data": "own" if names else "numbers",
            "classes": max(2, len(names)),
            "points": [*zip(*(values.tolist() for values in scaled), strict=True)],
            "axes": axes,
        }

    def _chosen(self, columns: list[Array], has_classes: bool) -> Array:
        """Return the rows in which nothing is missing, at most as many as the view takes."""
        known = np.isfinite(columns).all(axis=0)
        rows = np.flatnonzero(known & (columns[2] >= 0) if has_classes else known)
        if not len(rows):
            raise SettingError("No row has a value in all three columns; choose others.")
        if len(rows) <= MOST_OWN_POINTS:
            return rows
        drawn = np.random.default_rng(0).choice(rows, MOST_OWN_POINTS, replace=False)
        return np.sort(drawn)


def _axis(name: str, values: Array, span: float) -> tuple[Any, ...]:
    """Return the name of a column, its middle, and the unit in which it reaches to `span`."""
    low, high = float(values.min()), float(values.max())
    return name, (low + high) / 2, (high - low) / (2 * span) or 1.0
