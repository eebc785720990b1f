"""Generators of random numbers."""

from typing import Any

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


class GeneratorOnFirstUse:
    """A generator that is made when it is first used.

    A network that only answers never draws, and `numpy.random` takes as long as all layers to load.

    Args:
        seed: that of a generator.
        number: which of the generators that this one spawns it is, from 0.
    """

    def __init__(self, seed: int, number: int) -> None:
        self._seed, self._number = seed, number

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_made":  # of pickle and copy, or before the first use
            raise AttributeError(name)
        if "_made" not in vars(self):
            made = generator(self._seed).spawn(self._number + 1)[-1]
            vars(self).setdefault("_made", made)  # the same for two threads
        return getattr(self._made, name)
