"""A dictionary of patches, and what each part of a picture has in common with its entries.

Coates, Lee, Ng: An analysis of single-layer networks in unsupervised feature learning (2011).
Small patches of the training pictures are normalised and whitened, and k-means finds K of them that
stand for the others. A picture is then described by how near its patches are to each of the K,
on average over each quadrant. Classes play no part in it. `docs/derivations.md` has the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plainnet.errors import SettingError
from plainnet.files.rows import select
from plainnet.network.arrays import Array
from plainnet.pictures.patches.clusters import distances_of, k_means
from plainnet.pictures.patches.whitening import Whitening

SIDE = 6
"""The side of a patch in pixels."""
ENTRIES = 400
"""The number of entries, K."""
PICTURES, FROM_EACH = 5_000, 12
"""The pictures drawn for a dictionary, some more than once, and the patches from each of them."""
ROUNDS = 10
"""The rounds of k-means."""
CONTRAST = 10.0
"""Added to the variance of a patch, in levels², so that noise in a flat patch stays small."""
EPSILON = 0.1
"""ε of the whitening."""
WINDOWS = 32
"""About the most windows along the shorter side of a picture."""
REGIONS = 4
"""The quadrants."""


@dataclass(frozen=True, eq=False)
class Dictionary:
    """K whitened patches, the entries, and the whitening."""

    shape: tuple[int, int, int]
    """The (height, width, channels) of the pictures."""
    whitening: Whitening
    entries: Array
    """The whitened patches, float32 `(K, d)`, d = side² · channels."""

    @classmethod
    def fit(cls, X: Array, weights: Array | None = None, seed: int = 0) -> Dictionary:
        """Learn from pictures uint8 `(N, height, width, channels)`.

        Args:
            X: the pictures.
            weights: the weight of each picture, `(N,)`; None if all are equal. Patches are drawn
                from a picture in proportion to it.
            seed: of the draws.

        Raises:
            SettingError: the pictures are smaller than two patches.
        """
        height, width, channels = X.shape[1:]
        if min(height, width) < 2 * SIDE:
            raise SettingError(
                f"patches takes pictures of at least {2 * SIDE} × {2 * SIDE} pixels, but these "
                f"have {height} × {width}; set a larger size."
            )
        rng = np.random.default_rng(seed)
        P = normalised(drawn_patches(X, weights, rng))
        whitening = Whitening.fit(P, EPSILON)
        return cls(
            (height, width, channels), whitening, k_means(whitening(P), ENTRIES, ROUNDS, rng)
        )

    @property
    def n_features(self) -> int:
        """The number of features of a picture."""
        return REGIONS * len(self.entries)

    @property
    def stride(self) -> int:
        """The number of pixels from one window to the next."""
        return stride_for(self.shape)

    def features_of(self, picture: Array) -> Array:
        """Return the features, float32 `(n_features,)`, of a picture uint8 `shape`.

        A patch's similarity to entry k is max(0, μ(z) − z_k): z_k is its distance from the entry,
        μ(z) the mean of its distances from all of them. So about half of them are 0.
        """
        step = self.stride
        windows = np.lib.stride_tricks.sliding_window_view(picture, (SIDE, SIDE), axis=(0, 1))
        windows = windows[::step, ::step].transpose(0, 1, 3, 4, 2)
        rows, columns = windows.shape[:2]
        P = windows.reshape(rows * columns, -1).astype(np.float32)
        z = distances_of(self.whitening(normalised(P)), self.entries)
        np.subtract(z.mean(axis=1, keepdims=True), z, out=z)
        np.maximum(z, 0, out=z)  # max(0, μ(z) − z)
        z = z.reshape(rows, columns, -1)
        down, across = halves(rows), halves(columns)
        return np.concatenate([z[i, j].mean(axis=(0, 1)) for i in down for j in across])


def stride_for(shape: tuple[int, int, int]) -> int:
    """Return the number of pixels from one window to the next in pictures of this shape."""
    return max(round(min(shape[:2]) / WINDOWS), 1)


def windows_along(n: int, stride: int) -> int:
    """Return how many windows fit along n pixels."""
    return (n - SIDE) // stride + 1


def halves(n: int) -> tuple[slice, slice]:
    """Return the two halves of n rows; the first has one fewer if n is odd."""
    return slice(0, n // 2), slice(n // 2, n)


def normalised(P: Array) -> Array:
    """Return patches `(m, d)` of mean 0 and of about the same contrast; P is overwritten."""
    P -= P.mean(axis=1, keepdims=True)
    var = np.einsum("ij,ij->i", P, P) / P.shape[1]
    P /= np.sqrt(var + CONTRAST)[:, None]  # (P − μ) / √(σ² + 10)
    return P


def drawn_patches(X: Array, weights: Array | None, rng: np.random.Generator) -> Array:
    """Return patches, float32 `(m, d)`, at random places of pictures drawn at random."""
    height, width, channels = X.shape[1:]
    shares = None if weights is None else weights / weights.sum()
    pictures = np.asarray(select(X, np.sort(rng.choice(len(X), PICTURES, p=shares))))
    windows = np.lib.stride_tricks.sliding_window_view(pictures, (SIDE, SIDE), axis=(1, 2))
    i = np.arange(PICTURES)[:, None]
    y = rng.integers(0, height - SIDE + 1, (PICTURES, FROM_EACH))
    x = rng.integers(0, width - SIDE + 1, (PICTURES, FROM_EACH))
    P = windows[i, y, x].transpose(0, 1, 3, 4, 2)
    return P.reshape(-1, SIDE * SIDE * channels).astype(np.float32)
