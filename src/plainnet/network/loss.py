"""What a loss is: how wrong an answer Z is, and in which direction it should move.

Dimensions: N samples, K outputs; Z and dZ are `(N, K)`.
"""

import threading
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network.arrays import Array, Scratch
from plainnet.network.targets import any_targets


class Loss:
    """The contract of every loss: `value_and_grad`, and a check of the targets at the door."""

    xp: ModuleType = np
    _local: threading.local | None = None  # the scratch memory of each thread

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
        self,
        y: Array,
        n_samples: int,
        n_out: int,  # noqa: ARG002
        dtype: DTypeLike | None = None,
    ) -> Array:
        """The targets in the form that the loss is computed with, if it can be.

        A loss that does not override it takes one row of finite numbers for each sample.

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
        return any_targets(type(self).__name__, y, n_samples, dtype)

    @property
    def measured(self) -> "Loss":
        """What answers are measured with: itself, or where it smooths targets the plain loss."""
        return self

    def metrics(
        self,
        Z: Array,  # noqa: ARG002
        y: Array,  # noqa: ARG002
        weights: Array | None = None,  # noqa: ARG002
    ) -> dict[str, float]:
        """What people want to know beside the loss; of a classification `{"accuracy": …}`."""
        return {}

    def scratch(self, Z: Array, name: str = "dZ") -> Array:
        """A buffer of the shape and dtype of Z, of the present thread."""
        local = self._local
        if local is None:
            local = vars(self).setdefault("_local", threading.local())
        held: Scratch | None = getattr(local, "scratch", None)
        if held is None or held.dtype != Z.dtype:
            held = local.scratch = Scratch(self.xp, Z.dtype)
        return held(name, Z.shape)

    def __getstate__(self) -> dict[str, Any]:
        """All but scratch memory: what copies and other processes get."""
        return {name: value for name, value in vars(self).items() if name != "_local"}
