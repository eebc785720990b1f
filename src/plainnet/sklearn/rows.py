"""The samples that scikit-learn passes: their weights, and sparse rows.

Sparse samples stay sparse: a row becomes dense only in its batch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from plainnet.data.folders import first_few
from plainnet.errors import DataError, SettingError
from plainnet.files.rows import MemoryMappedRows
from plainnet.network import Array
from plainnet.network.numbers import unmasked
from plainnet.tables.in_memory import check_index


class SparseRows:
    """The rows of a CSR matrix `(N, n_in)`, as `MemoryMappedRows` reads them."""

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix
        self.width = int(matrix.shape[1])

    def read(self, rows: Array, out: Array) -> None:
        """Write these rows into `out` `(n, width)`, in its dtype."""
        out[...] = self.matrix[rows].toarray()


def as_rows(X: Any) -> Array:
    """Return samples as arguments of `plainnet.train`."""
    if not sparse.issparse(X):
        return X  # type: ignore[no-any-return]
    rows: Any = MemoryMappedRows.of(SparseRows(X), X.dtype, X.shape)
    return rows  # type: ignore[no-any-return]


def unmasked_or_sparse(values: Any, what: str) -> Any:
    """Values that are not masked; what is sparse, and all else that NumPy can take, as it is.

    Raises:
        DataError: some are masked.
    """
    return values if sparse.issparse(values) else unmasked(values, what, always=False)


def counting(X: Any, y: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Samples, labels and weights, without the samples of weight 0, whatever these hold.

    Weights that are all 1 are None then. What does not fit stays as it is, to be refused elsewhere.

    Raises:
        DataError: y or the weights name the rows in another order than X.
    """
    check_index(X, y)
    check_index(X, weights, "sample_weight")
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


def by_class(labels: Array, class_weight: Mapping[Any, float]) -> Array:
    """Return the weight of each sample by its class, 1 for others, float64 `(N,)`.

    scikit-learn's own function reads texts of digits as numbers: `01` and `1` as one class.

    Raises:
        SettingError: an unknown class is named, and not all known ones are.
    """
    classes, places = np.unique(labels, return_inverse=True)
    known = classes.tolist()
    unknown = [label for label in class_weight if label not in known]
    if unknown and len(class_weight) - len(unknown) < len(known):
        raise SettingError(
            f"There is no class {unknown[0]!r} for a class weight; the classes are "
            f"{first_few([*map(repr, known)])}."
        )
    weights: Array = np.array([class_weight.get(label, 1.0) for label in known], float)
    return weights[places]


def check_order(X: Any, fitted: tuple[Any, ...]) -> None:
    """Raise a DataError if the columns of a frame are in another order than in training."""
    names = names_of(X)
    if names != fitted and len(names) == len(fitted) and {*names} == {*fitted}:
        raise DataError(
            f"The columns of X are {first_few([*map(repr, names)])}, but were "
            f"{first_few([*map(repr, fitted)])} in the training; pass them in that order."
        )


def names_of(X: Any) -> tuple[Any, ...]:
    """Return the names of a frame's columns; () for texts, which scikit-learn itself checks."""
    names = tuple(getattr(X, "columns", ()))
    return () if all(isinstance(name, str) for name in names) else names


def balanced(labels: Array, weights: Array | None) -> Array:
    """Return sample weights that give all classes equal total weight, given their own weights.

    For several labels `(N, L)`, it is the product over the labels, as in scikit-learn.
    """
    by_class = np.ones(len(labels))
    for column in labels.reshape(len(labels), -1).T:
        place = np.unique(column, return_inverse=True)[1]
        counts = np.bincount(place, weights)
        by_class *= (counts.sum() / (len(counts) * counts))[place]
    return by_class
