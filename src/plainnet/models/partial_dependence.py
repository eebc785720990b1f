"""Partial dependence: the mean answer as a function of one column.

J. H. Friedman, Greedy function approximation, Annals of statistics 29 (2001), section 8.2. The
spread is that of the curves of single rows (A. Goldstein and others, Peeking inside the black box,
2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plainnet.checks import check_whole
from plainnet.data import Dataset
from plainnet.errors import SettingError
from plainnet.files.rows import select
from plainnet.metrics.importance import resampled
from plainnet.models.encoding import bin_edges
from plainnet.models.model import Model
from plainnet.models.samples import Samples
from plainnet.network import Array, Rng, generator

SPREAD = (0.1, 0.9)
"""The quantiles of the rows' answers between which the spread is."""
GRID_ROWS = 20_000
"""The largest number of rows whose values decide those of a curve."""
ENDS = (0.01, 0.99)
"""The quantiles of a column's values at which its curve begins and ends."""


@dataclass(frozen=True, eq=False)
class PartialDependence:
    """The answers with a column set to each of G values, in all rows."""

    column: str
    kind: str
    """`number`, `date` or `category`."""
    values: list[float] | list[str]
    """The values of the column, increasing; dates as days since 1970; or categories."""
    names: tuple[str, ...]
    """The names of the C curves: a target, or classes, of two only the second."""
    mean: Array
    """The mean over the rows of number or probability, float64 `(G, C)`."""
    low: Array
    """The quantile of a tenth, `(G, C)`."""
    high: Array
    """The quantile of nine tenths, `(G, C)`."""
    average: Array
    """The mean answer to the rows as they are, `(C,)`."""
    rows: int
    """The number of rows."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        arrays = {name: getattr(self, name).tolist() for name in ("mean", "low", "high", "average")}
        facts = {"column": self.column, "kind": self.kind, "values": self.values, "rows": self.rows}
        return {**facts, "of": list(self.names), **arrays}


def partial_dependence(
    model: Model,
    samples: Samples,
    columns: Sequence[str],
    *,
    points: int = 24,
    rows: int = 200,
    rng: Rng | int | None = 0,
) -> list[PartialDependence]:
    """Return the curve of each column; see `TrainableModel.partial_dependence`.

    Args:
        model: a model of tables or feature vectors.
        samples: rows as `predict` takes them.
        columns: names of columns; of feature vectors `feature 0`, ….
        points: the largest number of values of a column, at least 2.
        rows: the largest number of rows, chosen at random, by their weights if they have any.
        rng: generator or seed of the rows.
    """
    points = check_whole("number of points", points, 2)
    rows = check_whole("number of rows", rows, 1)
    parts, every = model.inputs.parts(), model.inputs.raw(samples)
    if unknown := [name for name in columns if name not in parts]:
        known = ", ".join([*parts][:10]) + (", …" * (len(parts) > 10))
        raise SettingError(f"The model uses no column {unknown[0]!r}; choose among {known}.")
    weights = samples.weights if isinstance(samples, Dataset) else None
    rng = generator(rng)
    chosen = resampled(len(every), min(rows, len(every)), weights, rng)
    raw = np.array(select(every, chosen))
    spread = np.array(select(every, resampled(len(every), min(GRID_ROWS, len(every)), None, rng)))
    average = model.answers.curves(model.answers_of(raw))[1].mean(axis=0, dtype=np.float64)
    found = []
    for name in columns:
        grid = model.inputs.grid(name, spread, lambda values: _spread(values, points))
        names, A = _answers(model, raw, parts[name], grid.features)
        low, high = np.quantile(A, SPREAD, axis=1)
        found.append(
            PartialDependence(
                *(name, grid.kind, grid.values, names, A.mean(axis=1), low, high, average),
                len(raw),
            )
        )
    return found


def _answers(
    model: Model, raw: Array, part: slice, features: Array
) -> tuple[tuple[str, ...], Array]:
    """Return the answers with the features of a column set to each of G values, `(G, N, C)`."""
    X = np.tile(raw, (len(features), 1))
    X[:, part] = np.repeat(features, len(raw), axis=0)
    names, A = model.answers.curves(model.answers_of(X))
    return names, A.reshape(len(features), len(raw), -1).astype(np.float64)


def _spread(values: Array, most: int) -> Array:
    """Return at most so many of the values, with about as many samples between any two of them."""
    different = np.unique(values)
    if len(different) <= most:
        return different
    low, high = np.quantile(values, ENDS, method="nearest")
    return bin_edges(values[(values >= low) & (values <= high)], most - 1)
