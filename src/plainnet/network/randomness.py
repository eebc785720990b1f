"""Generators of random numbers."""

import numpy as np

from plainnet.errors import SettingError
from plainnet.network.arrays import Rng


def generator(rng: Rng | int | None) -> Rng:
    """Return a generator for a generator (itself), a seed, or None (never the same twice).

    >>> generator(0).bit_generator.state == generator(0).bit_generator.state
    True

    Raises:
        SettingError: the seed is negative or not a whole number.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise SettingError(
            f"rng must be a numpy.random.Generator or a seed (0, 1, 2, …), but got {rng!r}."
        ) from None
