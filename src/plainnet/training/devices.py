"""Training on a GPU: batches go to its array module, and results come back as NumPy arrays.

The module is the network's: `Network(…, xp=cupy)`. It spells as NumPy does, and its arrays have
`get()`, as CuPy's do. Samples stay on the host, and each batch is carried to the device, where the
parameters, the gradients and the optimizer's memory are.
"""

import copy
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from plainnet.errors import MissingExtraError, SettingError
from plainnet.network import Loss, Network
from plainnet.training.loop import Batch
from plainnet.training.position import Position

DEVICES = ("cpu", "cuda")
"""The names of devices."""


def set_device(name: str) -> None:
    """Train the networks of classifiers and regressors on this device from now on: cpu or cuda.

    >>> set_device("cpu")

    Raises:
        SettingError: there is no device of this name.
        MissingExtraError: cuda needs CuPy.
    """
    if name not in DEVICES:
        raise SettingError(f"The device must be one of {', '.join(DEVICES)}, but got {name!r}.")
    global _chosen
    if name == "cpu":
        _chosen = np
        return
    try:
        import cupy
    except ImportError as error:
        raise MissingExtraError.of("Training on a GPU", "cupy-cuda12x", extra="cuda") from error
    _chosen = cupy


_chosen: ModuleType = np


def is_host() -> bool:
    """Return whether the chosen device is the processor."""
    return _chosen is np


def chosen_device() -> str:
    """Return the name of the chosen device."""
    return "cpu" if is_host() else "cuda"


def on_device(network: Network) -> Network:
    """Return the network on the chosen device."""
    return network if network.xp is _chosen else network.copy(xp=_chosen)


def back(network: Network) -> Network:
    """Return the network on the host."""
    return network if network.xp is np else network.copy(xp=np)


def carried(
    batches: Callable[[Position], Iterator[Batch]], xp: ModuleType
) -> Callable[[Position], Iterator[Batch]]:
    """Return batches that are carried to the device of an array module."""
    if xp is np:
        return batches

    def on_device(at: Position) -> Iterator[Batch]:
        for X, y, weights in batches(at):
            yield xp.asarray(X), xp.asarray(y), None if weights is None else xp.asarray(weights)

    return on_device


def bring(network: Network, *parts: Any) -> None:
    """Let losses, optimizers and averages compute where the network does."""
    for part in parts:
        if part is not None and part.xp is not network.xp:
            part.xp = network.xp
        if isinstance(part, Loss):
            bring(network, *_inner(part))


def loss_on_host(loss: Loss) -> Loss:
    """Return a loss that computes with NumPy, to measure with."""
    if loss.xp is np:
        return loss
    loss = copy.copy(loss)
    loss.xp = np
    for name, value in vars(loss).items():
        if isinstance(value, Loss):
            setattr(loss, name, loss_on_host(value))
    return loss


def _inner(loss: Loss) -> list[Loss]:
    return [value for value in vars(loss).values() if isinstance(value, Loss)]
