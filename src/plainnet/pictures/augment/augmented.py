"""The training loop's `Prepare` of augmented pictures."""

from collections.abc import Callable

import numpy as np

from plainnet.errors import SettingError
from plainnet.network.arrays import Array, Rng, Scratch, Shape
from plainnet.pictures.augment.augmentation import Augmentation

AFTER = 2e7
"""Pixels that the compiled loops wait for: about a second's work of the NumPy form, so that a short
training does not wait for numba. The pictures are the same before and after."""


class Augmented:
    """A `Prepare` for training only: pictures are varied, then made inputs of.

    Args:
        augmentation: what is done to the pictures.
        shape: of a picture: height, width, channels.
        prepare: `prepare(raw, out)` writes the inputs of raw pictures, as a learner's
            preprocessing does.
        rng: the generator of this purpose.

    Raises:
        SettingError: the samples are no pictures.
    """

    def __init__(
        self,
        augmentation: Augmentation,
        shape: Shape,
        prepare: Callable[[Array, Array], None],
        rng: Rng,
    ) -> None:
        if len(shape) != 3 or shape[2] not in (1, 3):
            raise SettingError(
                "Only pictures, (height, width, channels) with 1 or 3 channels, can be augmented, "
                f"but the samples are of shape {shape}; train them with augmentation 'none'."
            )
        self.augmentation, self.shape, self.prepare, self.rng = augmentation, shape, prepare, rng
        self._pixels = 0
        self._scratch = Scratch(np, np.uint8)

    def __call__(self, raw: Array, out: Array) -> None:
        """Write the inputs `(n, n_in)` of varied pictures `(n, …)` into `out`."""
        pictures = raw.reshape(-1, *self.shape)
        varied = self._scratch("varied", pictures.shape)
        fuse = self._pixels >= AFTER
        self.augmentation(pictures, varied, self.rng, fuse=fuse)
        self._pixels += pictures.size // self.shape[2]
        self.prepare(varied.reshape(raw.shape), out)
