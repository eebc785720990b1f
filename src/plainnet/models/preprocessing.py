"""The preprocessing from raw samples to the networks' inputs, saved with the weights."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from plainnet.checks import check_whole
from plainnet.errors import DataError, ModelFileError
from plainnet.files.rows import blocks
from plainnet.metrics.moments import IGNORED_SCALE, centred, moments, needs_double, scale_of
from plainnet.metrics.regression import LARGEST_NUMBER
from plainnet.network import Array
from plainnet.pictures.survey import sums

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preprocessing:
    """inputs = (raw − mean) / scale, flattened in the order height, width, channel.

    Pictures have a mean for each pixel and one scale: pixels that hardly vary stay small. Features
    have a mean and a scale each, since they come in any unit; their mean is subtracted in float64,
    which keeps time stamps apart. A feature or pixel that is constant in training has the largest
    scale of its dtype: its input is 0 for any value.

    >>> Preprocessing.fit(np.array([[1.0, 5.0], [3.0, 5.0]])).mean
    array([2., 5.])
    """

    shape: tuple[int, ...]
    """The shape of one raw sample: `(height, width, channels)` of a picture, `(n,)` of features."""
    mean: Array
    """`(n_in,)` in the units of the raw samples: float32 of pictures (0 … 255), float64 of features
    (float32 in older model files)."""
    scale: Array
    """`(n_in,)`; `(1,)` of pictures in which every pixel varies; > 0, in the dtype of the mean."""

    @classmethod
    def fit(cls, X: Array, weights: Array | None = None, *, varied: bool = False) -> Self:
        """Fit to raw samples X `(N, …)`; uint8 `(N, H, W, C)` are pictures.

        Args:
            X: the samples.
            weights: the weight of each `(N,)`; None: all equal.
            varied: whether augmentation varies pictures, so that their pixels are not constant.
        """
        if X.ndim > 2:
            return cls(X.shape[1:], *_of_pictures(X, weights, varied))
        mean, spread = moments(X, weights)
        scale = scale_of(mean, spread, X.dtype)
        if nearly := np.flatnonzero((scale == IGNORED_SCALE) & (spread > 0)).tolist():
            log.warning(
                "Ignored: feature %s, because it is constant up to rounding.",
                ", ".join(map(str, nearly[:5])) + (", …" if len(nearly) > 5 else ""),
            )
        return cls(X.shape[1:], mean, scale)

    @classmethod
    def none(cls, n: int) -> Self:
        """Return a preprocessing that leaves n features unchanged."""
        return cls((n,), np.zeros(n, np.float32), np.ones(n, np.float32))

    @property
    def is_pictures(self) -> bool:
        """Whether raw samples are pictures."""
        return len(self.shape) == 3

    @cached_property
    def is_identity(self) -> bool:
        """Whether raw samples are the inputs."""
        return not self.is_pictures and not self.mean.any() and bool((self.scale == 1).all())

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self.shape[0], self.shape[1]

    @property
    def grey(self) -> bool:
        """Whether the pictures have one channel."""
        return self.shape[2] == 1

    def __call__(self, raw: Array, out: Array) -> None:
        """Write the inputs `(n, n_in)` of raw samples `(n, …)` into `out`."""
        rows = raw.reshape(out.shape)
        if self.mean.dtype == np.float32:
            if rows.dtype != np.uint8:
                rows = rows.astype(np.float32, copy=False)
            np.subtract(rows, self.mean, out=out, casting="same_kind")
            out *= np.float32(1) / self.scale
        else:
            centred_rows = centred(rows, self.mean)
            centred_rows *= 1 / self.scale
            out[...] = centred_rows

    def check(self, X: Array) -> Array:
        """Return X if its samples have the shape of the training.

        Raises:
            DataError: they do not.
        """
        if X.shape[1:] != self.shape:
            kind = "pictures of (height, width, channels)" if self.is_pictures else "features"
            raise DataError(
                f"The model was trained on {kind} {self.shape} and takes arrays "
                f"(N, {', '.join(map(str, self.shape))}), but got {X.shape}."
            )
        return X

    def describe(self) -> dict[str, Any]:
        """Return the description for a model file; the numbers are tensors there."""
        facts = {"shape": list(self.shape), "formula": "(raw - mean) / scale"}
        if not self.is_pictures:
            return facts | {"layout": "(N, features)"}
        return facts | {
            "layout": "(N, height, width, channels), each row by row to height*width*channels",
            "values": "0 to 255",
            "channels": "luma of ITU-R 601" if self.grey else "red, green, blue",
            "upright": "turned as the EXIF orientation says",
            "transparency": "laid on white",
            "resize": "stretched to height x width: averaged over blocks of pixels where much "
            "larger, then antialiased by a triangle (bilinear) filter",
        }

    def extremes(self) -> Iterator[Array]:
        """Yield extreme raw samples: black and white pictures, or features at mean ± scale."""
        if self.is_pictures:
            yield from (np.full(self.shape, value, np.uint8) for value in (0, 255))
        else:
            yield from (self.mean + sign * self.spread for sign in (-1, 1))

    @property
    def spread(self) -> Array:
        """The standard deviation of each feature in training, `(n,)`; 0 where it was constant."""
        return np.where(self.scale < np.finfo(self.scale.dtype).max, self.scale, 0)

    def tensors(self) -> dict[str, Array]:
        """Return the arrays, by their names in a model file."""
        return {"preprocessing.mean": self.mean, "preprocessing.scale": self.scale}

    @property
    def needs_double(self) -> bool:
        """Whether float32 would lose digits of the features that matter."""
        return not self.is_pictures and needs_double(self.mean, self.spread)

    @classmethod
    def restore(cls, description: dict[str, Any], tensors: dict[str, Array]) -> Self:
        """Read the preprocessing of a model file.

        Raises:
            ModelFileError: it is malformed, or unknown to this version.
        """
        try:
            shape = tuple(check_whole("side of a sample", n, 1) for n in description["shape"])
            mean, scale = tensors["preprocessing.mean"], tensors["preprocessing.scale"]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The model file lacks its preprocessing ({error!r}).") from error
        n_in = math.prod(shape)
        largest = np.float64(
            1e38 if mean.dtype == np.float32 else LARGEST_NUMBER
        )  # ± scale is a number
        sound = (
            (len(shape) == 1 or (len(shape) == 3 and shape[2] in (1, 3)))
            and mean.dtype == scale.dtype
            and mean.dtype in ((np.float32,) if len(shape) == 3 else (np.float32, np.float64))
            and mean.shape == (n_in,)
            and scale.shape in ((n_in,), (1,))
            and (np.abs(mean) < largest).all()
            and ((scale < largest) | (scale == np.finfo(scale.dtype).max)).all()
            and (scale > 0).all()
        )
        if not sound:
            raise ModelFileError(
                f"The model file's preprocessing does not fit samples of shape {shape}: mean "
                f"{mean.dtype} {mean.shape}, scale {scale.dtype} {scale.shape}, not of the "
                "right dtype or not finite."
            )
        made = cls(shape, mean, scale)
        known = made.describe()
        for name, value in description.items():
            if value != known.get(name):
                raise ModelFileError(
                    f"The model file's preprocessing has {name!r:.60} {value!r:.80}, but this "
                    f"version of plainnet knows only {known.get(name)!r}."
                )
        if "formula" not in description:
            raise ModelFileError("The model file lacks the formula of its preprocessing.")
        return made


def _of_pictures(X: Array, weights: Array | None, varied: bool) -> tuple[Array, Array]:
    """Return the mean of each pixel, and one scale for all that vary."""
    if weights is None:
        mean, variance = (one.ravel() for one in sums(X).moments())
    else:
        mean, variance = _weighted(X.reshape(len(X), -1), weights.astype(np.float64))
    scale = np.sqrt(variance.mean(keepdims=True))
    scale[scale <= 1e-12 * mean.mean()] = 1  # there is only one picture
    constant = variance < 1e-15  # 0 up to rounding
    if constant.any() and not (varied or constant.all()):
        scale = np.where(constant, np.finfo(np.float32).max, scale)
    return mean.astype(np.float32), scale.astype(np.float32)


def _weighted(rows: Array, w: Array) -> tuple[Array, Array]:
    """Return the weighted mean and variance of each column of rows."""
    total, squares = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for start, block in blocks(rows):
        total += w[start : start + len(block)] @ block
    mean: Array = total / w.sum()
    for start, block in blocks(rows):
        differences = block - mean
        squares += w[start : start + len(block)] @ np.square(differences, out=differences)
    return mean, squares / w.sum()
