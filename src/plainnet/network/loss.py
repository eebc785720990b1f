"""What a loss is: how wrong an answer Z is, and in which direction it should move.

Dimensions: N samples, K outputs; Z and dZ are `(N, K)`.
"""

from types import ModuleType

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network.arrays import Array, Scratch


class Loss:
    """The contract of every loss: `value_and_grad`, and a check of the targets at the door."""

    def __init__(self) -> None:
        self.xp: ModuleType = np
        self._scratch: Scratch | None = None

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """The mean loss J and dZ, its gradient with respect to Z.

        Args:
            Z: logits `(N, K)`.
            y: what was right; its form is the class's own.
            weights: of the samples `(N,)`, none of them negative; None: all 1.

        Returns:
            J and dZ `(N, K)`; dZ is valid until the next call.
        """
        raise NotImplementedError

    def check_targets(
        self, y: Array, n_samples: int, n_out: int, dtype: DTypeLike | None = None
    ) -> Array:
        """The targets in the form that the loss is computed with, if it can be.

        Args:
            y: the targets.
            n_samples: how many rows the inputs have.
            n_out: how many outputs K the network has.
            dtype: what the network computes in: targets that are numbers come back in it, so that
                a float32 step does not meet a float64.

        Raises:
            ShapeError: `y` does not fit n_samples and n_out.
            DataError: `y` has values that the loss cannot take.
        """
        raise NotImplementedError

    @property
    def measured(self) -> "Loss":
        """What answers are measured with: itself, or where it smooths targets the plain loss."""
        return self

    def figures(self, Z: Array, y: Array) -> dict[str, float]:  # noqa: ARG002
        """What people want to know beside the loss; of a classification `{"accuracy": …}`."""
        return {}

    def scratch(self, Z: Array, name: str = "dZ") -> Array:
        """A buffer of the shape and dtype of Z."""
        if self._scratch is None or self._scratch.dtype != Z.dtype:
            self._scratch = Scratch(self.xp, Z.dtype)
        return self._scratch(name, Z.shape)
