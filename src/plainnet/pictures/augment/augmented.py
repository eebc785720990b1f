"""The `Prepare` function of the training loop for augmented pictures."""

from collections.abc import Callable

import numpy as np

from plainnet.errors import SettingError
from plainnet.network.arrays import Array, Rng, Scratch, Shape
from plainnet.pictures.augment.augmentation import Augmentation

COMPILED_AFTER = 2e7
"""The number of pixels before the compiled kernels take over: about a second's work of the NumPy
form, so that a short training does not wait for numba. The pictures are the same."""


class Augmented:
    """A `Prepare` function for training only, which varies pictures and then preprocesses them.

    Args:
        augmentation: the augmentation of the pictures.
        shape: the shape of a picture: height, width, channels.
        prepare: `prepare(raw, out)` writes the inputs of raw pictures, as a model's
            preprocessing does.
        rng: the random generator.

    Raises:
        SettingError: the samples are not pictures.
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
                f"but the samples have shape {shape}; train with augmentation 'none'."
            )
        self.augmentation, self.shape, self.prepare, self.rng = augmentation, shape, prepare, rng
        self._pixels = 0
        self._scratch = Scratch(np, np.uint8)

    def __call__(self, raw: Array, out: Array) -> None:
        """Write the inputs `(n, n_in)` of varied pictures `(n, …)` into `out`."""
        pictures = raw.reshape(-1, *self.shape)
        varied = self._scratch("varied", pictures.shape)
        fuse = self._pixels >= COMPILED_AFTER
        self.augmentation(pictures, varied, self.rng, fuse=fuse)
        self._pixels += pictures.size // self.shape[2]
        self.prepare(varied.reshape(raw.shape), out)
