"""Copy networks, and send them to other processes."""

import copy
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from numpy.typing import DTypeLike

from plainnet.network.arrays import Array, on_host
from plainnet.network.layer import Layer
from plainnet.network.replicas import copies


def twin_of(
    network: Any, made: Callable[..., Any], grad: Array, dtype: DTypeLike, xp: ModuleType
) -> Any:
    """Return an independent network with the same parameters and state.

    Args:
        network: the network to copy.
        made: the constructor, which makes a network of layers.
        grad: the vector that the gradients of the network's layers are views of.
        dtype: the dtype of the new network.
        xp: its array module.
    """
    layers = copies(network.layers, network.theta, grad)
    for layer in layers:
        layer.rng = copy.deepcopy(layer.rng)
    twin = made(layers, dtype=dtype, xp=xp, drawn=False)
    if xp is network.xp:
        return _filled(twin, network.theta, network.state)
    state = {name: xp.asarray(on_host(value)) for name, value in network.state.items()}
    return _filled(twin, xp.asarray(on_host(network.theta)), state)


def reduced(network: Any, base: type) -> tuple[Any, ...]:
    """Return the result of `__reduce__`: the numbers, and descriptions of the layers.

    Args:
        network: the network.
        base: the class whose constructor rebuilds the network.
    """
    layers = [description_of(layer) for layer in network.layers]
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
    base.__init__(network, layers_of(layers), dtype=dtype, xp=import_module(xp), drawn=False)
    return _filled(network, theta, state)


def _filled(network: Any, theta: Array, state: Mapping[str, Array]) -> Any:
    network.theta = theta
    for name, value in network.state.items():
        value[...] = state[name]
    return network


def description_of(layer: Layer) -> Any:
    """Describe a layer by its class, settings, generator and rate factors, or by itself.

    The settings suffice where they are the arguments of the constructor: for our own layers, and
    where one class defines both. Otherwise there may be attributes that the settings do not cover,
    as there may be in the layers inside a composite one.
    """
    ours = type(layer).__module__.startswith("plainnet.")
    if not layer.chains and (ours or _definer(layer, "settings") is _definer(layer, "__init__")):
        return type(layer), layer.settings, layer.rng, layer.rate_factors
    return layer


def layers_of(descriptions: Sequence[Any]) -> list[Layer]:
    """Make the layers of their descriptions."""
    layers = []
    for description in descriptions:
        layer = description
        if isinstance(description, tuple):
            kind, settings, *rest = description
            layer = kind(**settings)
            layer.rng, layer.rate_factors = rest
        layers.append(layer)
    return layers


def _definer(layer: Layer, name: str) -> type | None:
    return next((kind for kind in type(layer).__mro__ if name in vars(kind)), None)
