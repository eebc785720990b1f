"""Familiarity: how near a sample is to the training samples, in the space of frozen features.

The distance is that to the k-th nearest training sample, of directions: Y. Sun, Y. Ming, X. Zhu and
Y. Li, "Out-of-distribution detection with deep nearest neighbors" (ICML 2022). A sample is unlike
them if its distance exceeds a quantile of the distances among themselves, each measured to the
others: the conformal threshold, which a new sample of the same kind exceeds as seldom as stated,
because the features did not learn from any of them.
"""

from math import ceil
from typing import Any, Self

import numpy as np

from plainnet.network.arrays import Array, Rng

NEIGHBOUR = 3
"""k, the neighbour whose distance counts."""
MOST_KEPT = 1000
"""The largest number of training samples to compare with."""
RARE = 0.01
"""The share of familiar samples that are taken for unlike ones."""
_SCALE = 127


class Familiarity:
    """Directions of training samples, and the largest distance of a familiar one.

    Args:
        directions: unit vectors times 127, rounded: int8 `(m, d)`, m > k.
        limit: the distance 1 − cos beyond which a sample is unlike them.
    """

    def __init__(self, directions: Array, limit: float) -> None:
        fits = directions.dtype == np.int8 and directions.ndim == 2
        if not fits or len(directions) <= NEIGHBOUR or not 0 <= limit <= 2:
            raise ValueError("what familiar samples are like is malformed")
        self.directions, self.limit = directions, limit

    @classmethod
    def of(cls, X: Array, rng: Rng) -> Self | None:
        """Measure the distances among feature vectors `(N, d)`; None for too few.

        The threshold is the distance of rank ⌈(m + 1) (1 − 0.01)⌉ among m, or the largest one.
        """
        if len(X) <= NEIGHBOUR + 1:
            return None
        if len(X) > MOST_KEPT:
            X = np.asarray(X[np.sort(rng.choice(len(X), MOST_KEPT, replace=False))])
        m, U = len(X), _directions(X)
        directions = np.rint(U * (_SCALE / np.abs(U).max(axis=1, keepdims=True).clip(1e-12)))
        made = cls(directions.astype(np.int8), 2.0)
        own = np.sort(made.distances(X, skip_nearest=True))
        made.limit = float(own[min(ceil((m + 1) * (1 - RARE)), m) - 1])
        return made

    def distances(self, X: Array, *, skip_nearest: bool = False) -> Array:
        """Return the distance of each of `(N, d)` to its k-th nearest training sample, `(N,)`.

        Args:
            X: feature vectors.
            skip_nearest: leave out the nearest one, because it is the sample itself.
        """
        near = 1 - _directions(X) @ _directions(self.directions).T
        k = NEIGHBOUR - 1 + skip_nearest
        distances: Array = np.partition(near, k, axis=1)[:, k]
        return distances

    def is_unlike(self, X: Array) -> Array:
        """Return whether each of `(N, d)` is unlike the training samples: bool `(N,)`."""
        unlike: Array = self.distances(X) > self.limit
        return unlike


def _directions(X: Any) -> Array:
    """Return the vectors with length 1, float32."""
    X = np.asarray(X, np.float32)
    directions: Array = X / np.linalg.norm(X, axis=1, keepdims=True).clip(1e-12)
    return directions
