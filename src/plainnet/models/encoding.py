"""The first layers of a network that learns from columns: each number in bins of its column."""

from collections.abc import Callable

import numpy as np

from plainnet.data import Dataset
from plainnet.models.defaults import MOST_BINS
from plainnet.models.names import ENCODINGS
from plainnet.models.recipe import ResolvedRecipe
from plainnet.network import Array, ByColumns, Layer
from plainnet.network.embeddings import NARROWEST

ROWS = 20_000
"""Of more rows, so many evenly spaced ones decide where the bins are."""


def encoding_layers(
    recipe: ResolvedRecipe, data: Dataset, prepare: Callable[[Array], Array]
) -> list[Layer]:
    """Return the layers in front of the first Dense layer; none without an encoding.

    A column of more than two numbers becomes its piecewise-linear encoding, or what is learned of
    it; the others, such as those of a category, stay as they are.

    Args:
        recipe: says whether, and into how many bins.
        data: the training samples.
        prepare: makes the network's inputs `(n, n_in)` of raw rows.
    """
    if (encode := ENCODINGS[recipe.encoding]) is None:
        return []
    rows = np.linspace(0, len(data) - 1, min(len(data), ROWS)).astype(int)
    weights = None if data.weights is None else data.weights[rows]
    X = prepare(data.X[rows])
    edges = [bin_edges(column, recipe.bins or MOST_BINS, weights) for column in X.T]
    encoded = [i for i, column in enumerate(edges) if len(column) > 2]
    if not encoded:
        return []
    layer = encode([edges[i].tolist() for i in encoded])
    others = sorted({*range(X.shape[1])} - {*encoded})
    return [ByColumns([(others, []), (encoded, [layer])]) if others else layer]


def bin_edges(values: Array, bins: int, weights: Array | None = None) -> Array:
    """Return where the bins of a column begin and end, increasing.

    With few different values each of them is an edge. With many the edges are quantiles in which
    one value counts at most as much as a whole bin, so that a heap of equal values, such as zeros,
    does not take most of the bins.

    Args:
        values: of the training samples, finite, `(N,)`.
        bins: how many at most.
        weights: of the samples `(N,)`; None: all equal.
    """
    if weights is None:  # sorting numbers takes a tenth of the time of sorting their places
        different, counts = np.unique(values, return_counts=True)
    else:
        different, codes = np.unique(values, return_inverse=True)
        counts = np.bincount(codes, weights)
    if len(different) <= bins + 1:
        return _apart(different)
    counts = np.minimum(counts, counts.sum() / bins)
    reached = np.cumsum(counts) / counts.sum()
    inner = np.searchsorted(reached, np.arange(1, bins) / bins)
    return _apart(np.unique(different[[0, *inner, len(different) - 1]]))


def _apart(edges: Array) -> Array:
    """Leave out edges that are too close to the one before for a bin."""
    apart: Array = edges[np.append(True, np.diff(edges) >= NARROWEST)]
    return apart
