"""k-means: the K points to which given points are near."""

import numpy as np

from plainnet.network.arrays import Array, Rng

ROWS = 4096
"""The points whose distances are computed at once, so that they fit into a cache."""


def k_means(Z: Array, K: int, rounds: int, rng: Rng) -> Array:
    """Return K centres `(K, d)` of the points Z `(m, d)`, which lower Σ min_k ‖Z − c_k‖².

    Lloyd: Least squares quantization in PCM (1982). The first centres are points drawn at random.
    In each round each point joins the nearest centre, then each centre becomes the mean of its
    points. Both steps can only lower the sum. A centre without points stays where it is.

    Args:
        Z: the points.
        K: the number of centres; with fewer points some centres are equal.
        rounds: the number of rounds.
        rng: draws the first centres.
    """
    C: Array = Z[rng.choice(len(Z), K, replace=len(Z) < K)]
    for _ in range(rounds):
        nearest = nearest_of(Z, C)
        order = np.argsort(nearest, kind="stable")
        counts = np.bincount(nearest, minlength=K)
        used = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[used]
        sums = np.add.reduceat(Z[order], starts, axis=0, dtype=np.float64)
        C[used] = sums / counts[used, None]  # c_k = mean of the Z nearest to it
    return C


def nearest_of(Z: Array, C: Array) -> Array:
    """Return the number of the centre that is nearest to each point, `(m,)`."""
    squares = (C * C).sum(axis=1) / 2
    parts = [Z[start : start + ROWS] @ C.T for start in range(0, len(Z), ROWS)]
    # ‖z − c‖² = ‖z‖² + 2 (‖c‖² / 2 − z · c), where ‖z‖² is the same for all c
    return np.concatenate([(squares - part).argmin(axis=1) for part in parts])


def distances_of(Z: Array, C: Array) -> Array:
    """Return the distance of each point to each centre, `(m, K)`."""
    squares: Array = Z @ (-2 * C.T)
    squares += (Z * Z).sum(axis=1)[:, None]
    squares += (C * C).sum(axis=1)  # ‖z − c‖² = ‖z‖² − 2 z · c + ‖c‖²
    np.maximum(squares, 0, out=squares)  # which rounding may miss
    return np.sqrt(squares, out=squares)
