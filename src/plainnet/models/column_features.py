"""Which column each feature of an encoding is of."""

from collections.abc import Sequence

import numpy as np

from plainnet.network import (
    Array,
    ByColumns,
    Layer,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
)


def columns_of(layer: Layer) -> Array | None:
    """Return the input that each feature of an encoding is of; None if the layer is none."""
    if isinstance(layer, PiecewiseLinear):
        sizes: Sequence[int] = layer.bins
        if isinstance(layer, PiecewiseLinearEmbedding):
            sizes = [layer.length] * len(layer.bins)
        return np.repeat(np.arange(len(layer.bins)), sizes)
    if not isinstance(layer, ByColumns):
        return None
    each = [
        np.array(columns)[columns_of(chain[0]) if chain else ...]
        for columns, chain in zip(layer.columns, layer.chains.values(), strict=True)
    ]
    return np.concatenate(each)


def column_sizes(first: Sequence[Layer]) -> list[int] | None:
    """Return how many neighbouring features an encoding makes of each column; None without one."""
    of = columns_of(first[0]) if first else None
    if of is None:
        return None
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    sizes: list[int] = np.diff(starts, append=len(of)).tolist()
    return sizes
