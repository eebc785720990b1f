"""The contract of an optimizer: a step from two vectors, θ (the parameters) and g (the gradient).

It knows neither layers nor network, and remembers only vectors like θ.
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from plainnet.checks import check_number
from plainnet.errors import ShapeError
from plainnet.network.arrays import Array, vector

BLOCK = 1 << 17
"""Parameters updated together: their vectors stay in the processor's cache from one line of an
update to the next. Without blocks Adam takes 1.6 times as long on 3.2 million parameters."""


class Optimizer:
    """The contract of every optimizer: override `update`, name the vectors it remembers in `slots`.

    Args:
        learning_rate: α > 0; may be changed before any step.
        weight_decay: λ ≥ 0 of the L2 penalty λ/2 ‖W‖², which adds λW to the gradient of the
            weights, never of the biases.

    Raises:
        SettingError: a setting is out of its range.
    """

    slots: ClassVar[tuple[str, ...]] = ()

    def __init__(self, learning_rate: float = 0.01, weight_decay: float = 0.0) -> None:
        self.learning_rate = check_number("learning rate", learning_rate, "(0, inf)")
        self.weight_decay = check_number("weight decay", weight_decay, "[0, inf)")
        self.t = 0
        """Number of steps taken."""
        self.memory: dict[str, Array] = {}
        """The slots by name, each of θ's shape; zeros before the first step."""
        self.xp: ModuleType = np
        self._scratch: Array = np.empty(0)
        self._stepped: tuple[Any, Any] | None = None  # shape and dtype of θ

    def step(self, theta: Array, grad: Array, n_weights: int | None = None) -> None:
        """Change `theta` by one step, in place; `grad` may be overwritten.

        Args:
            theta: the parameters, a vector.
            grad: the gradient, of the same shape and dtype.
            n_weights: number of first entries that decay; None: all.
        """
        slots = self.begin_step(theta)
        n_weights = theta.size if n_weights is None else n_weights
        for start in range(0, theta.size, BLOCK):
            block = slice(start, start + BLOCK)
            part, g = theta[block], grad[block]
            s, decaying = self._scratch[: part.size], max(0, n_weights - start)
            if self.weight_decay and decaying:
                self.decay(part[:decaying], g[:decaying], s[:decaying])
            self.update(part, g, s, *[slot[block] for slot in slots])

    def begin_step(self, theta: Array) -> list[Array]:
        """Count a step, and return the slots, which the first step allocates."""
        slots = self.slots_for(theta)
        self.t += 1
        return slots

    def slots_for(self, theta: Array) -> list[Array]:
        """Return the slots; allocate them before the first step."""
        if self._stepped != (theta.shape, theta.dtype):
            self._allocate(theta)
        return [*self.memory.values()]

    def decay(self, theta: Array, grad: Array, s: Array) -> None:
        """Apply weight decay: here as an L2 penalty; `s` is scratch memory."""
        self.xp.multiply(theta, self.weight_decay, out=s)
        grad += s  # g ← g + λ θ

    def update(self, theta: Array, grad: Array, s: Array, *slots: Array) -> None:
        """Take one step without decay; `s` is scratch memory, then follow the slots in order."""
        raise NotImplementedError

    def state(self) -> dict[str, Array]:
        """Return copies of everything that the next step depends on, except the settings."""
        return {"t": np.array(self.t)} | {name: m.copy() for name, m in self.memory.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue exactly from a `state()`.

        Raises:
            ShapeError: it is the state of another kind of optimizer.
        """
        fresh = {*state} == {"t"} and int(state["t"]) == 0
        if not fresh and {*state} != {"t", *self.slots}:
            raise ShapeError(
                f"{type(self).__name__} remembers {['t', *self.slots]}, but the state to restore "
                f"holds {sorted(state)}; restore it into the optimizer that it was taken from."
            )
        self.t = int(state["t"])
        self.memory = {}
        for name in self.slots:
            if name in state:
                held = state[name]
                self.memory[name] = vector(self.xp, held.size, held.dtype)
                self.memory[name][...] = self.xp.asarray(held)
        self._stepped = None  # the next step checks the memory against θ, or allocates it

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes without scratch memory, the array module by its name."""
        return {**vars(self), "xp": self.xp.__name__, "_scratch": np.empty(0), "_stepped": None}

    def __setstate__(self, given: Mapping[str, Any]) -> None:
        vars(self).update(given)
        self.xp = import_module(given["xp"])

    def _allocate(self, theta: Array) -> None:
        self._scratch = self.xp.empty_like(theta[:BLOCK])
        for name in self.slots:
            if name not in self.memory:
                self.memory[name] = vector(self.xp, theta.size, theta.dtype)
            elif self.memory[name].shape != theta.shape:
                raise ShapeError(
                    f"{type(self).__name__} has stepped {self.memory[name].size} parameters so far "
                    f"but now got {theta.size}; make a new optimizer for each network."
                )
        self._stepped = theta.shape, theta.dtype
