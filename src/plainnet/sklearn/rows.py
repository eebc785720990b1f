"""Sparse samples stay sparse: a row becomes dense in its batch, and nowhere else."""

from typing import Any

from scipy import sparse  # type: ignore[import-untyped]

from plainnet.network import Array
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
