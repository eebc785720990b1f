"""The contract of a loss: how wrong the logits Z are, and its gradient with respect to them.

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
    """The contract of every loss: `value_and_grad`, and a check of the targets before it."""

    xp: ModuleType = np
    _local: threading.local | None = None  # the scratch memory of each thread

    def value_and_grad(
        self, Z: Array, y: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """Compute the mean loss J and dZ, its gradient with respect to Z.

        Args:
            Z: logits `(N, K)`.
            y: targets, as `check_targets` returns them.
            weights: sample weights `(N,)`, none of them negative; None: all 1.

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
        """Check the targets, and return them in the form that `value_and_grad` takes.

        Unless it is overridden, the loss takes one row of finite numbers for each sample.

        Args:
            y: the targets.
            n_samples: number of samples N.
            n_out: number of outputs K of the network.
            dtype: the dtype of the network; real targets are returned in it, so that a float32
                step does not become float64.

        Raises:
            ShapeError: `y` does not fit n_samples and n_out.
            DataError: `y` has values that the loss does not accept.
        """
        return any_targets(type(self).__name__, y, n_samples, dtype)

    @property
    def measured(self) -> "Loss":
        """The loss without smoothing of the targets, to evaluate with."""
        return self

    def metrics(
        self,
        Z: Array,  # noqa: ARG002
        y: Array,  # noqa: ARG002
        weights: Array | None = None,  # noqa: ARG002
    ) -> dict[str, float]:
        """Compute further metrics; for a classification `{"accuracy": …}`."""
        return {}

    def scratch(self, Z: Array, name: str = "dZ") -> Array:
        """Return a buffer of the current thread with the shape and dtype of Z."""
        local = self._local
        if local is None:
            local = vars(self).setdefault("_local", threading.local())
        held: Scratch | None = getattr(local, "scratch", None)
        if held is None or held.dtype != Z.dtype or held.xp is not self.xp:
            held = local.scratch = Scratch(self.xp, Z.dtype)
        return held(name, Z.shape)

    def __getstate__(self) -> dict[str, Any]:
        """Return all attributes except scratch memory, for copies and other processes."""
        return {name: value for name, value in vars(self).items() if name != "_local"}
