"""Four methods to distribute a score over the pixels of a picture; see `attribution.py`."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plainnet.checks import check_number, check_whole
from plainnet.models.attribution_target import AttributionTarget
from plainnet.network import Array, Rng, generator

PATCHES_ACROSS = 8
"""The number of patches across the shorter side of a picture, by default."""
AT_ONCE = 16
"""The number of covered pictures in a pass."""
Patch = tuple[slice, slice]
"""The rows and columns of a patch."""


@dataclass(frozen=True)
class PixelSettings:
    """The settings of the methods; see `attribution.explain_pixels`."""

    samples: int
    noise: float
    patch: int | None
    rng: Rng

    @classmethod
    def checked(
        cls, samples: int, noise: float, patch: int | None, rng: Rng | int | None
    ) -> "PixelSettings":
        """Check the settings; raise a SettingError if one is out of range."""
        return cls(
            check_whole("number of noisy copies", samples, 1),
            check_number("noise, a share of the inputs' range,", noise, "[0, inf)"),
            None if patch is None else check_whole("side of a patch", patch, 1),
            generator(rng),
        )


def _gradient(
    target: AttributionTarget,
    x: Array,
    shape: tuple[int, ...],
    settings: PixelSettings,  # noqa: ARG001
) -> Array:
    return _per_pixel(x[0] * target.gradients(x)[0], shape)  # x · ∂s/∂x


def _smooth(
    target: AttributionTarget, x: Array, shape: tuple[int, ...], settings: PixelSettings
) -> Array:
    sigma = settings.noise * float(np.ptp(x))
    noise = settings.rng.normal(scale=sigma, size=(settings.samples, x.size))
    gradients = target.gradients((x + noise).astype(x.dtype))
    return _per_pixel(x[0] * gradients.mean(axis=0), shape)  # x · mean of ∂s/∂x at x + noise


def _occlusion(
    target: AttributionTarget, x: Array, shape: tuple[int, ...], settings: PixelSettings
) -> Array:
    """Spread a patch's fall of s over its pixels; a pixel gets the mean of its patches.

    Through a backbone each patch takes a pass of a large network. There the patches do not overlap
    unless their side is given, and their falls are spread linearly over their neighbours, too.
    """
    height, width, _ = shape
    s = float(target.scores_of(x)[0])
    if settings.patch is None and not target.inputs.has_gradient:
        rows, columns = (_cells(length, min(height, width)) for length in (height, width))
        cells = [(row, column) for row in rows for column in columns]
        F = _falls(target, x, shape, cells, s).reshape(len(rows), len(columns))
        spread: Array = _spreading(height, len(rows)) @ F @ _spreading(width, len(columns)).T
        return spread
    side = settings.patch or max(1, min(height, width) // PATCHES_ACROSS)
    patches = _grid(shape, side)
    total, covered = np.zeros((2, height, width))
    for patch, fall in zip(patches, _falls(target, x, shape, patches, s), strict=True):
        total[patch] += fall / total[patch].size
        covered[patch] += 1
    relevance: Array = total / covered
    return relevance


def _cells(length: int, shorter: int) -> list[slice]:
    """Divide a side of a picture into parts of about an eighth of the shorter side."""
    n = max(1, round(length * min(PATCHES_ACROSS, shorter) / shorter))
    edges = np.linspace(0, length, n + 1).round().astype(int).tolist()
    return [slice(start, end) for start, end in itertools.pairwise(edges)]


def _grid(shape: tuple[int, ...], side: int) -> list[Patch]:
    """Return patches half a side apart, from edge to edge."""
    height, width, _ = shape
    tall, wide = min(side, height), min(side, width)
    return [
        (slice(top, top + tall), slice(left, left + wide))
        for top in _places(height, tall)
        for left in _places(width, wide)
    ]


def _falls(
    target: AttributionTarget,
    x: Array,
    shape: tuple[int, ...],
    patches: Sequence[Patch],
    s: float,
) -> Array:
    """Return how far s falls when the mean picture covers each patch, `(n,)`."""
    falls = []
    for start in range(0, len(patches), AT_ONCE):
        some = patches[start : start + AT_ONCE]
        X = np.repeat(x, len(some), axis=0)
        for picture, patch in zip(X.reshape(-1, *shape), some, strict=True):
            picture[patch] = 0  # the mean picture
        falls.append(s - target.scores_of(X))
    return np.concatenate(falls)


def _class_map(
    target: AttributionTarget,
    x: Array,
    shape: tuple[int, ...],
    settings: PixelSettings,  # noqa: ARG001
) -> Array:
    """Spread what each pixel of the last convolution adds to s over the picture.

    With A, the channels of that layer, s = Σ_pixels A W c / m + b c.
    """
    A, columns = target.last_pictures(np.concatenate([x, np.zeros_like(x)]))
    height, width, _ = shape
    total = np.zeros((height, width))
    for (found, mean_picture), column in zip(A, columns, strict=True):
        M = (found.astype(np.float64) - mean_picture) @ column / found[..., 0].size
        total += _spreading(height, len(M)) @ M @ _spreading(width, len(M[0])).T
    return total


def _spreading(n: int, cells: int) -> Array:
    """Return how n pixels share each of some cells, `(n, cells)`: linearly between their centres.

    Each column sums to 1, so that nothing is lost.
    """
    centres = (np.arange(n) + 0.5) * cells / n - 0.5
    near = np.clip(1 - abs(centres[:, None] - np.arange(cells)), 0, None)
    spread: Array = near / near.sum(axis=0)
    return spread


def _per_pixel(relevance: Array, shape: tuple[int, ...]) -> Array:
    """Sum relevances `(n_in,)` over the channels: `(height, width)`."""
    summed: Array = relevance.reshape(shape).sum(axis=2, dtype=np.float64)
    return summed


def _places(length: int, side: int) -> list[int]:
    """Return the starts of patches: half a side apart, and one at the very end."""
    return sorted({*range(0, length - side + 1, max(1, side // 2)), length - side})


METHODS: Mapping[
    str, Callable[[AttributionTarget, Array, tuple[int, ...], PixelSettings], Array]
] = {
    "gradient": _gradient,
    "smooth": _smooth,
    "occlusion": _occlusion,
    "class-map": _class_map,
}
