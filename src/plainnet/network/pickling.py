"""How layers travel in deep copies and to other processes: by their settings, or as they are."""

from collections.abc import Sequence
from typing import Any

from plainnet.network.layer import Layer


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
