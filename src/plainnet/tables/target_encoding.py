"""Target encoding: a category of many becomes the mean target of its rows, shrunk to that of all.

With S the sum of the targets of a category's n rows and m the mean of all rows,

    e = (S + a m) / (n + a),

the best linear estimate if the categories' own means are spread around m; a is the variance inside
of categories over that between them. Micci-Barreca: A preprocessing scheme for high-cardinality
categorical attributes in classification and prediction problems (2001). Beside e stands how
frequent the category is; the most frequent ones have a feature of their own as well.

A row of the training must not know its own target: its e and n are those of other rows only, of
all outside its fold. New rows get those of all training rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, NamedTuple, Self

import numpy as np

from plainnet.metrics.moments import moments
from plainnet.network.arrays import Array
from plainnet.tables.column import Category, Column
from plainnet.tables.table import Table

FOLDS = 10
"""The number of folds in which the training rows are encoded."""
MOST_OUTPUTS = 10
"""Of more classes, so many of the most frequent ones have a feature."""
MOST_VALUES = 20_000
"""The most categories of a column; the rarer ones count as unknown."""
LEAST_PRIOR, MOST_PRIOR = 1.0, 1000.0
"""The bounds of a, in rows."""
DIGITS = 7
"""The significant digits of the statistics, those of float32."""


class Targets(NamedTuple):
    """The targets of the training rows as numbers."""

    T: Array
    """Float64 `(N, n_outputs)`: a number; of two classes, 1 for the second; of more, 1 for each; of
    several targets these for each of them."""
    names: tuple[str, ...]
    """The name of each output."""
    weights: Array
    """The weight of each row, `(N,)`."""

    @classmethod
    def of(
        cls,
        y: Array,
        classes: Sequence[str],
        targets: Sequence[str],
        weights: Array | None,
        names: tuple[str, ...] = (),
    ) -> Self:
        """Return indices of classes, or numbers if there are no classes, as `Targets`.

        With several targets there are no classes, and y is `(N, n_targets)`; of each of them the
        indices are those of two classes.

        `names` are those of the outputs, (): chosen by the classes that are frequent.
        """
        w = np.ones(len(y)) if weights is None else weights.astype(np.float64)
        if not classes:
            return cls(y.astype(np.float64).reshape(len(y), -1), names or tuple(targets), w)
        counts = np.bincount(y, w, minlength=len(classes))
        frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_OUTPUTS])
        numbers = np.array([1]) if len(classes) == 2 else frequent
        if names:
            numbers = np.array([classes.index(name) for name in names])
        T = (y[:, None] == numbers).astype(np.float64)
        return cls(T, tuple(classes[k] for k in numbers), w)


@dataclass(frozen=True)
class TargetEncoding(Category):
    """A column of many different texts; each has the effect of its rows on the target."""

    kind = "target-encoded category"
    n_frequent: int = 0
    """The number of most frequent categories that each have a feature."""
    outputs: tuple[str, ...] = ()
    """The names of the outputs; () before `fit_targets`, without the features of the statistics."""
    statistics: tuple[tuple[Annotated[float, "(-1e6, 1e6)"], ...], ...] = ()
    """For each category, then for missing values if there were any: the effect (e − m) / s on each
    output, s the spread of all targets, and the frequency log (1 + n) / log (1 + N)."""

    @property
    def features(self) -> tuple[str, ...]:
        """One for each frequent category and for missing values, the effects, the frequency."""
        own = Category(self.name, self.values[: self.n_frequent], self.has_missing).features
        effects = tuple(f"{self.name}: effect on {output}" for output in self.outputs)
        return (*own, *effects, f"{self.name}: frequency") if effects else own

    @cached_property
    def places_of_own(self) -> Array:
        """The places of the categories that have a feature, as in `numbers`."""
        missing = [len(self.values)] if self.has_missing else []
        return np.array([*range(self.n_frequent), *missing], np.int64)

    @cached_property
    def table_of_statistics(self) -> Array:
        """The statistics by place; the last row, also -1, is of unknown categories: 0."""
        width = len(self.outputs) + 1
        return np.array([*self.statistics, (0.0,) * width]).reshape(-1, width)

    def fill(self, numbers: Array, out: Array) -> None:
        """Write the features of each row's category; they are 0 if it is unknown."""
        places, own = numbers.astype(np.int64), self.places_of_own
        out[:, : len(own)] = places[:, None] == own
        if self.outputs:
            out[:, len(own) :] = self.table_of_statistics[places]

    def fit_targets(self, table: Table, targets: Targets) -> Self:
        """Return the column with the statistics of the training rows."""
        given = _Coded.of(self, table, targets)
        rows = given.statistics(*given.sums())[:-1].tolist()
        rounded = tuple(tuple(float(f"{x:.{DIGITS}g}") for x in row) for row in rows)
        return replace(self, outputs=targets.names, statistics=rounded)

    def out_of_fold(self, table: Table, targets: Targets) -> Array:
        """Return statistics of training rows without their own fold, `(N, n_outputs + 1)`."""
        given = _Coded.of(self, table, targets)
        sums, counts = given.sums()
        fold = np.random.default_rng(FOLDS).permutation(len(given.places)) % FOLDS
        X = np.empty((len(fold), len(targets.names) + 1), np.float32)
        for i in range(FOLDS):
            own = fold == i
            own_sums, own_counts = given.sums(own)
            X[own] = given.statistics(sums - own_sums, counts - own_counts)[given.places[own]]
        return X

    def summary(self) -> str:
        """Return the categories, or the first of them, and how they are encoded."""
        return f"{super().summary()}; each by its effect on {', '.join(self.outputs)}"

    def check(self) -> None:
        """Check that each category has its statistics."""
        super().check()
        n, width = len(self.values) + self.has_missing, len(self.outputs) + 1
        widths = {len(row) for row in self.statistics}
        if width < 2 or len(self.statistics) != n or widths != {width}:
            raise ValueError(f"{self.name!r} needs {n} rows of {width} statistics")
        if self.n_frequent > len(self.values):
            raise ValueError(f"{self.name!r} has fewer than {self.n_frequent} categories")


def write_out_of_fold(
    X: Array,
    parts: Iterable[tuple[Column, slice]],
    table: Table,
    y: Array,
    classes: Sequence[str],
) -> Array:
    """Return the features X of training rows, with the statistics of target encodings out of fold.

    Args:
        X: the features, which stay as they are.
        parts: each column with the place of its features.
        table: the rows.
        y: their targets, as in `Targets.of`.
        classes: the names of the classes.
    """
    out = X
    for column, place in parts:
        if isinstance(column, TargetEncoding):
            out = X.copy() if out is X else out
            targets = Targets.of(y, classes, (), table.weights, column.outputs)
            start = place.stop - len(column.outputs) - 1
            out[:, start : place.stop] = column.out_of_fold(table, targets)
    return out


class _Coded(NamedTuple):
    """The categories of training rows, and their standardized targets."""

    places: Array
    """The category of each row, `(N,)`; the last, n − 1: unknown."""
    Z: Array
    """(T − m) / s, `(N, n_outputs)`."""
    w: Array
    """The weight of each row, `(N,)`."""
    n: int
    prior: float
    """The number a."""

    @classmethod
    def of(cls, column: TargetEncoding, table: Table, targets: Targets) -> Self:
        places, n = (
            column.numbers(table).values.astype(np.int64),
            len(column.values) + column.has_missing + 1,
        )
        mean, spread = moments(targets.T, targets.weights)
        Z = (targets.T - mean) / np.where(spread > 0, spread, 1)
        coded = cls(np.where(places < 0, n - 1, places), Z, targets.weights, n, 1.0)
        return coded._replace(prior=coded.estimated_prior())

    def sums(self, rows: Array | slice = slice(None)) -> tuple[Array, Array]:
        """Return the sums of targets `(n, n_outputs)` and of weights `(n,)` in each category."""
        places, w = self.places[rows], self.w[rows]
        sums = [np.bincount(places, w * z, minlength=self.n) for z in self.Z[rows].T]
        return np.stack(sums, axis=1), np.bincount(places, w, minlength=self.n)

    def statistics(self, sums: Array, counts: Array) -> Array:
        """Return the effects and the frequency of each category; those of unknown ones are 0."""
        effects = sums / (counts + self.prior)[:, None]  # e = (S + a m) / (n + a), where m is 0
        frequency = np.log1p(counts.clip(0)) / np.log1p(self.w.sum())
        found = np.column_stack([effects, frequency])
        found[-1] = 0
        return found

    def estimated_prior(self) -> float:
        """Return a, the variance inside of categories over that between them, by their moments.

        These are the estimators of a one-way analysis of variance with random effects. Of several
        outputs it is the median.
        """
        (sums, counts), tiny = self.sums(), np.finfo(np.float64).tiny
        n, k = counts.sum(), np.count_nonzero(counts)
        means = sums / np.maximum(counts, tiny)[:, None]
        squares = self.w[:, None] * (self.Z - means[self.places]) ** 2
        inside = squares.sum(axis=0) / max(n - k, 1)
        between = (counts[:, None] * means**2).sum(axis=0) - (k - 1) * inside
        between /= max(n - (counts**2).sum() / n, 1)
        ratio = inside / np.maximum(between, inside / MOST_PRIOR + tiny)
        return float(np.clip(np.median(ratio), LEAST_PRIOR, MOST_PRIOR))
