"""How networks are copied and travel to other processes."""

import copy
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from numpy.typing import DTypeLike

from plainnet.network.arrays import Array
from plainnet.network.layer import Layer
from plainnet.network.replicas import copies


def twin_of(network: Any, made: Callable[..., Any], grad: Array, dtype: DTypeLike) -> Any:
    """A network of its own, with the same parameters and state.

    Args:
        network: the network.
        made: makes one of layers.
        grad: what the gradients of the network's layers are views of.
        dtype: of the new network.
    """
    layers = copies(network.layers, network.theta, grad)
    for layer in layers:
        layer.rng = copy.deepcopy(layer.rng)
    return _filled(made(layers, dtype=dtype, xp=network.xp), network.theta, network.state)


def reduced(network: Any, base: type) -> tuple[Any, ...]:
    """What `__reduce__` gives: the numbers, and what stands for the layers.

    Args:
        network: the network.
        base: the class whose constructor makes the network again.
    """
    layers = [given_of(layer) for layer in network.layers]
    numbers = network.dtype, network.xp.__name__, network.theta, network.state
    return _remade, (type(network), base, layers, *numbers)


def _remade(
    kind: Any,
    base: Any,
    layers: Sequence[Any],
    dtype: DTypeLike,
    xp: str,
    theta: Array,
    state: Mapping[str, Array],
) -> Any:
    network = kind.__new__(kind)
    base.__init__(network, layers_of(layers), dtype=dtype, xp=import_module(xp))
    return _filled(network, theta, state)


def _filled(network: Any, theta: Array, state: Mapping[str, Array]) -> Any:
    network.theta = theta
    for name, value in network.state.items():
        value[...] = state[name]
    return network


def given_of(layer: Layer) -> Any:
    """What stands for a layer: its class, settings and generator, or the layer itself.

    Settings will do where they are the arguments of the constructor: of our layers, and where one
    class defines the two. Else there may be attributes that no settings speak of.
    """
    ours = type(layer).__module__.startswith("plainnet.")
    if ours or _definer(layer, "settings") is _definer(layer, "__init__"):
        return type(layer), layer.settings, layer.rng
    return layer


def layers_of(given: Sequence[Any]) -> list[Layer]:
    """The layers that these stand for."""
    layers = []
    for one in given:
        layer = one
        if isinstance(one, tuple):
            kind, settings, rng = one
            layer = kind(**settings)
            layer.rng = rng
        layers.append(layer)
    return layers


def _definer(layer: Layer, name: str) -> type | None:
    return next((kind for kind in type(layer).__mro__ if name in vars(kind)), None)
