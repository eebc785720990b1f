"""Layers for another thread: shared parameters, state and generators, separate memory.

A layer remembers from `forward` what its `backward` needs, and computes in scratch memory, so two
threads cannot work in one layer. The first thread that uses a network works in `network.layers`;
each other one works in replicas of them. Attributes that a replica's own pass sets (`self.X = …`)
belong to the replica; it adopts changes made to the layer itself (`layer.rate = 0`) before its
next `forward`.
"""

import copy
from collections.abc import Iterable, Sequence
from operator import is_
from typing import Any

import numpy as np

from plainnet.errors import SettingError
from plainnet.network.arrays import Array, Scratch, unwritten_vector
from plainnet.network.layer import Layer

_ABSENT = object()


class Memory:
    """The arrays that the replicas of a network share, and their own gradient.

    Args:
        theta: the network's parameters; views of it are shared.
        grad: the network's gradient.
        own: the vector that replaces `grad` in the replicas' views; None: `grad` itself.
    """

    def __init__(self, theta: Array, grad: Array, own: Array | None = None) -> None:
        self._theta, self._grad = _root(theta), _root(grad)
        self._start = 0 if own is None else _address(grad)
        self._own = own

    def of(self, A: Array, state: Iterable[Array]) -> Array | None:
        """Return the array that a replica has instead of A; None: memory of its own."""
        root = _root(A)
        if root is self._grad and self._own is not None:
            offset = _address(A) - self._start
            return np.ndarray(A.shape, A.dtype, self._own, offset, A.strides)
        shared = root is self._theta or root is self._grad
        return A if shared or any(root is _root(held) for held in state) else None


class Replica:
    """The replica of one layer.

    Args:
        layer: the layer itself.
        memory: the arrays that both share.
        state: the state of the layer that contains this one, if there is one.
    """

    def __init__(self, layer: Layer, memory: Memory, state: Sequence[Array] = ()) -> None:
        self.layer, self._memory, self._around = layer, memory, state
        self.replica = copy.copy(layer)
        vars(self.replica).clear()
        self._given: dict[str, tuple[Any, Any]] = {}  # the layer's values, and the replica's
        self._own: set[str] = set()  # attributes that the replica's own passes set
        self._parts: dict[str, list[Replica]] = {}
        # our own layers hold no other arrays than those that their next pass sets
        self._ours = type(layer).__module__.startswith("plainnet.")
        self._n_values = -1  # nothing has been adopted yet
        self._watched: list[str] = []
        self._seen_values: list[Any] = []
        self._held_values: list[Any] = []
        self._constants: list[tuple[Array, Array]] = []
        self._all_parts: list[Replica] = []
        self.follow()

    def follow(self) -> None:
        """Adopt the changes of the layer."""
        if not self._is_unchanged():
            self._adopt()
        for value, copied in self._constants:
            np.copyto(copied, value)  # which may have been changed in place
        for part in self._all_parts:
            part.follow()

    def _is_unchanged(self) -> bool:
        """Return whether all attributes are those of the last `_adopt`, except for its own."""
        values, held, names = vars(self.layer), vars(self.replica), self._watched
        return (
            len(values) == self._n_values
            and all(map(is_, map(values.get, names), self._seen_values))
            and all(map(is_, map(held.get, names), self._held_values))
        )

    def _adopt(self) -> None:
        held = vars(self.replica)
        values = [*vars(self.layer).items()]
        for name, value in values:
            seen, given = self._given.get(name, (_ABSENT, _ABSENT))
            if name in self._own:
                continue
            if held.get(name, _ABSENT) is not given and name not in self.layer.state:
                self._own.add(name)
            elif value is not seen:
                self._parts.pop(name, None)
                given = self._made_of(name, value)
                self._given[name] = value, given
                if given is not _ABSENT:
                    held[name] = given
        self._all_parts = [part for parts in self._parts.values() for part in parts]
        self._watched = [name for name, _ in values if name not in self._own]
        known = [self._given[name] for name in self._watched]
        self._seen_values = [value for value, _ in known]
        self._held_values = [None if given is _ABSENT else given for _, given in known]
        self._constants = [
            (value, given)
            for value, given in known
            if given is not value and isinstance(given, np.ndarray) and given.base is None
        ]
        self._n_values = len(values)

    def hand_back(self) -> None:
        """Write the state back into the layer where the replica has replaced its arrays."""
        for name in {*self.layer.state} & {*vars(self.layer)}:  # parts of composites have theirs
            shared, own = getattr(self.layer, name), getattr(self.replica, name)
            if own is not shared:
                shared[...] = own
                setattr(self.replica, name, shared)
        for part in self._all_parts:
            part.hand_back()

    def _state(self) -> list[Array]:
        held = vars(self.layer)
        return [*self._around, *(held[name] for name in self.layer.state if name in held)]

    def _made_of(self, name: str, value: Any) -> Any:
        """Return the replica's value of an attribute."""
        if isinstance(value, np.ndarray):
            shared = self._memory.of(value, self._state())
            if shared is not None:
                return shared
            return _ABSENT if self._ours else value.copy()
        if isinstance(value, Scratch):
            return Scratch(value.xp, value.dtype)
        if isinstance(value, Layer):
            part = Replica(value, self._memory, self._state())
            self._parts.setdefault(name, []).append(part)
            return part.replica
        if type(value) is dict:
            made = {key: self._made_of(name, inner) for key, inner in value.items()}
            return made if any(made[key] is not value[key] for key in value) else value
        if type(value) in (list, tuple):
            each = [self._made_of(name, inner) for inner in value]
            changed = any(new is not old for new, old in zip(each, value, strict=True))
            return type(value)(each) if changed else value
        return value


class Replicas:
    """The replicas of all layers of a network, for one thread."""

    def __init__(self, theta: Array, grad: Array) -> None:
        host = isinstance(grad, np.ndarray)
        self.grad: Array = unwritten_vector(np, grad.size, grad.dtype) if host else grad
        self.has_grad = False
        """Whether this thread has written its gradient."""
        self._memory = Memory(theta, grad, self.grad if host else None)
        self._replicas: list[Replica] = []
        self.layers: list[Layer] = []

    def follow(self, layers: Sequence[Layer]) -> list[Layer]:
        """Return the replicas of these layers, brought up to date."""
        held = self._replicas
        if len(held) == len(layers) and all(
            replica.layer is layer for replica, layer in zip(held, layers, strict=True)
        ):
            for replica in held:
                replica.follow()
        else:
            self._replicas = [Replica(layer, self._memory) for layer in layers]
            self.layers = [replica.replica for replica in self._replicas]
        return self.layers

    def asked_backward(self) -> list[Layer]:
        """Return the replicas for a backward pass, which writes the gradient.

        Raises:
            SettingError: this thread has not called forward.
        """
        if not self.layers:
            raise SettingError(
                "backward was called in a thread that has not called forward yet; call both in "
                "one thread."
            )
        self.has_grad = True
        return self.layers

    def hand_back(self) -> None:
        """Write the state back into the layers where a training pass has replaced its arrays."""
        for replica in self._replicas:
            replica.hand_back()


def copies(layers: Sequence[Layer], theta: Array, grad: Array) -> list[Layer]:
    """Copy layers for another network, which binds them; generators are shared."""
    memory = Memory(theta, grad)
    return [Replica(layer, memory).replica for layer in layers]


def _root(A: Any) -> Any:
    """Return the array that owns the memory of A."""
    while isinstance(base := getattr(A, "base", None), np.ndarray):
        A = base
    return A


def _address(A: Array) -> int:
    return int(A.__array_interface__["data"][0])
