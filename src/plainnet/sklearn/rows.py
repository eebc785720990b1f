"""The rows that scikit-learn hands in: what they count, and the sparse ones.

Sparse samples stay sparse: a row becomes dense in its batch, and nowhere else.
"""

from typing import Any

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from plainnet.network import Array
from plainnet.network.arrays import unmasked
from plainnet.training.stored import Stored


class SparseRows:
    """The rows of a CSR matrix `(N, n_in)`, as `Stored` reads them."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.width = int(matrix.shape[1])

    def read(self, rows: Array, out: Array) -> None:
        """Write these rows into `out` `(n, width)`, in its dtype."""
        out[...] = self.matrix[rows].toarray()


def as_rows(X: Any) -> Array:
    """Samples as `plainnet.train` takes them."""
    if not sparse.issparse(X):
        return X  # type: ignore[no-any-return]
    rows: Any = Stored.of(SparseRows(X), X.dtype, X.shape)
    return rows  # type: ignore[no-any-return]


def counting(X: Any, y: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Samples, labels and weights, without the samples of weight 0, whatever these hold.

    Weights that are all 1 are None then. What does not fit stays as it is, to be refused elsewhere.
    """
    if weights is None:
        return X, y, weights
    w = unmasked(weights, "sample_weight")
    if w.ndim != 1:
        return X, y, weights
    numbers = w.dtype.kind in "biuf" and w.any()
    if not numbers or not (len(w) == _num_samples(X) == _num_samples(y)):
        return X, y, w
    if not w.all():
        rows = np.flatnonzero(w)
        X, y, w = _safe_indexing(X, rows), _safe_indexing(y, rows), w[rows]
    return X, y, None if (w == 1).all() else w


def balanced(labels: Array, weights: Array | None) -> Array:
    """What the samples count so that all classes count alike, by how much they count themselves.

    Of several labels `(N, L)` it is the product of what they give, as scikit-learn has it.
    """
    by_class = np.ones(len(labels))
    for column in labels.reshape(len(labels), -1).T:
        place = np.unique(column, return_inverse=True)[1]
        counts = np.bincount(place, weights)
        by_class *= (counts.sum() / (len(counts) * counts))[place]
    return by_class
