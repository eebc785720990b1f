"""Whitening: numbers of mean 0 and variance 1 that do not correlate.

Neighbouring pixels are nearly equal. Without whitening, all that k-means finds in patches are
shades; with it, edges and colours. The formulas are derived in `docs/derivations.md`.
"""

from typing import NamedTuple, Self

import numpy as np

from plainnet.network.arrays import Array


class Whitening(NamedTuple):
    """Z = (X − μ) V, whose covariance is about the identity.

    Bell, Sejnowski: The "independent components" of natural scenes are edge filters (1997): of all
    matrices that whiten, the symmetric V changes X the least (zero-phase whitening, ZCA).
    """

    V: Array
    """The matrix `(d, d)`."""
    shift: Array
    """μ V, `(d,)`."""

    @classmethod
    def fit(cls, X: Array, epsilon: float) -> Self:
        """Fit to the rows X `(m, d)`.

        Args:
            X: the rows.
            epsilon: ε, which keeps directions of little variance, mostly noise, small.
        """
        mu = X.mean(axis=0, dtype=np.float64)
        centred = X - mu
        C = centred.T @ centred / len(X)  # C = 1/m Σ (X − μ)ᵀ (X − μ)
        values, E = np.linalg.eigh(C)  # C = E Λ Eᵀ
        V = (E / np.sqrt(np.maximum(values, 0) + epsilon)) @ E.T  # V = E (Λ + ε)^(−1/2) Eᵀ
        return cls(V.astype(np.float32), (mu @ V).astype(np.float32))

    def __call__(self, X: Array) -> Array:
        """Return Z `(m, d)` of rows X `(m, d)`."""
        Z: Array = X @ self.V
        Z -= self.shift  # Z = (X − μ) V
        return Z
