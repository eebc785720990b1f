"""Different values of a column, with their features, for curves over it."""

from collections.abc import Callable, Mapping
from math import floor, log10
from typing import Any, Literal, NamedTuple

import numpy as np

from plainnet.network.arrays import Array
from plainnet.tables.column import Category, Column, Date, Number
from plainnet.tables.free_text import FreeText
from plainnet.tables.ordinal import Ordinal
from plainnet.tables.target_encoding import TargetEncoding

PRECISION = 1e-5
"""Numbers are given to this share of their scale; float32 features hold no more."""
MISSING, OTHER = "(missing)", "(other)"
"""The names of missing values, and of categories that the training does not know."""


class Grid(NamedTuple):
    """Values of a column, increasing, or its categories, the most frequent first."""

    kind: Literal["number", "date", "category"]
    values: list[float] | list[str]
    """Numbers in the unit of the column, dates as days since 1970, or categories."""
    features: Array
    """The raw features `(G, n)` of each value."""


Choose = Callable[[Array], Array]
"""A function that chooses different values, increasing, from numbers `(N,)`."""


def grid_of(column: Column, features: Array, choose: Choose) -> Grid:
    """Return values of a column, chosen from those in rows, or all its categories in them.

    Args:
        column: the column.
        features: of the column, `(N, n)`.
        choose: chooses among numbers or days.
    """
    return GRIDS[type(column)](column, features, choose)


def _numbers(column: Any, features: Array, choose: Choose) -> Grid:
    known = ~features[:, 1].astype(bool) if column.has_missing else np.full(len(features), True)
    numbers = np.array([column.mean])
    if column.spread and known.any():
        numbers = features[known, 0].astype(np.float64) * column.scale + column.mean
        numbers = np.round(numbers, -floor(log10(column.scale * PRECISION)))
    values = choose(numbers)
    out = np.empty((len(values), features.shape[1]), np.float32)
    column.fill(values, out)
    return Grid(column.kind, values.tolist(), out)


def _categories(column: Any, features: Array, choose: Choose) -> Grid:  # noqa: ARG001
    names = [*column.values, MISSING][: features.shape[1]]
    found = np.flatnonzero(features.any(axis=0))
    values, out = [names[i] for i in found], np.eye(len(names), dtype=np.float32)[found]
    if not features.any(axis=1).all():
        values, out = [*values, OTHER], np.vstack([out, np.zeros_like(features[:1])])
    return Grid("category", values, out)


def _levels(column: Any, features: Array, choose: Choose) -> Grid:
    """Return the levels in the rows, in their order."""
    found = _numbers(column, features, choose)
    places = np.unique(np.rint(found.values).astype(int))
    out = np.empty((len(places), features.shape[1]), np.float32)
    column.fill(places.astype(np.float64), out)
    return Grid("category", [column.levels[i] for i in places], out)


def _frequent(column: Any, features: Array, choose: Choose) -> Grid:  # noqa: ARG001
    """Return those of the most frequent categories that are in the rows, and missing."""
    names, places = [*column.values, MISSING], column.places_of_own
    found = places[features[:, : len(places)].any(axis=0)]
    if not len(found):
        found = np.array([0])
    out = np.empty((len(found), features.shape[1]), np.float32)
    column.fill(found.astype(np.float64), out)
    return Grid("category", [names[i] for i in found], out)


def _words(column: Any, features: Array, choose: Choose) -> Grid:  # noqa: ARG001
    """Return texts of one word each, of those that rows hold."""
    found = [word for word, held in zip(column.words, features.T, strict=False) if held.any()]
    out = np.empty((len(found) + 1, features.shape[1]), np.float32)
    column.fill(np.concatenate([column.alone(word) for word in (*found, "–")]), out)
    return Grid("category", [*found, OTHER], out)


GRIDS: Mapping[type[Column], Callable[[Any, Array, Choose], Grid]] = {
    Number: _numbers,
    Date: _numbers,
    Category: _categories,
    Ordinal: _levels,
    TargetEncoding: _frequent,
    FreeText: _words,
}
