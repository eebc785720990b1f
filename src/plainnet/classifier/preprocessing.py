"""From raw samples to the network's inputs: the part that must travel with the weights."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from plainnet.checks import check_whole
from plainnet.errors import DataError, ModelFileError
from plainnet.network import Array
from plainnet.training.stored import blocks

LARGEST = 1e38
"""Of a mean or a scale: mean ± scale is still a float32 number."""


@dataclass(frozen=True)
class Preprocessing:
    """inputs = (raw − mean) / scale, flattened row by row: height, width, channel.

    Pictures get the mean of each pixel and one scale for all of them: a pixel that hardly ever
    changes stays as quiet as it is. Features get a mean and a scale each: they come in any unit.
    """

    shape: tuple[int, ...]
    """Of one raw sample: `(height, width, channels)` of a picture, `(n,)` of features."""
    mean: Array
    """`(n_in,)` float32, in the units of the raw samples (0 … 255 for pictures)."""
    scale: Array
    """`(n_in,)` of features, `(1,)` of pictures, float32, > 0."""

    @classmethod
    def fit(cls, X: Array) -> Self:
        """Mean and standard deviation of raw samples X `(N, …)`; uint8 `(N, H, W, C)`: pictures."""
        rows = X.reshape(len(X), -1)
        total, squares = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
        for _, block in blocks(rows):
            total += block.sum(axis=0, dtype=np.float64)
        mean: Array = total / len(rows)
        for _, block in blocks(rows):
            centred = block - mean
            squares += np.square(centred, out=centred).sum(axis=0)
        variance = squares / len(rows)
        if X.ndim > 2:
            variance = variance.mean(keepdims=True)
        scale: Array = np.sqrt(variance)
        center = mean if scale.shape == mean.shape else mean.mean()
        scale[scale <= 1e-12 * np.abs(center)] = 1  # a constant says nothing: leave it
        return cls(X.shape[1:], mean.astype(np.float32), scale.astype(np.float32))

    @classmethod
    def none(cls, n: int) -> Self:
        """That leaves n features as they are."""
        return cls((n,), np.zeros(n, np.float32), np.ones(n, np.float32))

    @property
    def is_pictures(self) -> bool:
        """Whether raw samples are pictures."""
        return len(self.shape) == 3

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
        np.subtract(raw.reshape(out.shape), self.mean, out=out, casting="same_kind")
        out *= np.float32(1) / self.scale

    def check(self, X: Array) -> Array:
        """X, if it holds raw samples of this kind and shape.

        Raises:
            DataError: it does not; the message says what was expected and what came.
        """
        if X.shape[1:] != self.shape:
            kind = "pictures of (height, width, channels)" if self.is_pictures else "features"
            raise DataError(
                f"The model was trained on {kind} {self.shape} and takes arrays "
                f"(N, {', '.join(map(str, self.shape))}), but got {X.shape}."
            )
        return X

    def describe(self) -> dict[str, Any]:
        """What a model file says of it in words; the numbers go there as tensors."""
        told = {"shape": list(self.shape), "formula": "(raw - mean) / scale"}
        if not self.is_pictures:
            return told | {"layout": "(N, features)"}
        return told | {
            "layout": "(N, height, width, channels), each row by row to height*width*channels",
            "values": "0 to 255",
            "channels": "luma of ITU-R 601" if self.grey else "red, green, blue",
            "upright": "turned as the EXIF orientation says",
            "transparency": "laid on white",
            "resize": "stretched to height x width: averaged over blocks of pixels where much "
            "larger, then antialiased by a triangle (bilinear) filter",
        }

    def extremes(self) -> Iterator[Array]:
        """Raw samples at the ends: a black and a white picture; features at mean ± scale."""
        if self.is_pictures:
            yield from (np.full(self.shape, value, np.uint8) for value in (0, 255))
        else:
            yield from (self.mean + sign * self.scale for sign in (-1, 1))

    def tensors(self) -> dict[str, Array]:
        """The numbers, by the names they have in a model file."""
        return {"preprocessing.mean": self.mean, "preprocessing.scale": self.scale}

    @classmethod
    def restore(cls, description: dict[str, Any], tensors: dict[str, Array]) -> Self:
        """From what a model file holds.

        Raises:
            ModelFileError: description and numbers do not fit.
        """
        try:
            shape = tuple(check_whole("side of a sample", n, 1) for n in description["shape"])
            mean, scale = tensors["preprocessing.mean"], tensors["preprocessing.scale"]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The model file lacks its preprocessing ({error!r}).") from error
        n_in = math.prod(shape)
        sound = (
            (len(shape) == 1 or (len(shape) == 3 and shape[2] in (1, 3)))
            and {mean.dtype, scale.dtype} == {np.dtype(np.float32)}
            and mean.shape == (n_in,)
            and scale.shape in ((n_in,), (1,))
            and (np.abs(mean) < LARGEST).all()
            and (scale < LARGEST).all()
            and (scale > 0).all()
        )
        if not sound:
            raise ModelFileError(
                f"The model file's preprocessing does not fit samples of shape {shape}: mean "
                f"{mean.dtype} {mean.shape}, scale {scale.dtype} {scale.shape}, not float32 or not "
                "finite."
            )
        made = cls(shape, mean, scale)
        known = made.describe()
        for name, value in description.items():
            if value != known.get(name):
                raise ModelFileError(
                    f"The model file prepares its samples by {name!r:.60} {value!r:.80}, but this "
                    f"version of plainnet knows only {known.get(name)!r} there."
                )
        if "formula" not in description:
            raise ModelFileError("The model file lacks the formula of its preprocessing.")
        return made
