"""What a network is made of: layers, each one once, whose neighbouring sizes match.

And what follows from their order: the initial weights that suit each.
"""

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from plainnet.errors import SettingError, ShapeError
from plainnet.network.initializers import Initializer
from plainnet.network.layer import Layer
from plainnet.network.layers import Dense, Dropout


def checked_layers(layers: Any, taker: object) -> list[Layer]:
    """The layers of a network, if they are such.

    Args:
        layers: what was given for them.
        taker: the network that takes them.

    Raises:
        SettingError: none, a layer twice or of another network, or something else than a layer.
    """
    if isinstance(layers, (Layer, type, str)) or not isinstance(layers, Iterable):
        raise SettingError(
            f"A network takes a list of layers, [Dense(2, 16), ReLU(), …], but got {layers!r}."
        )
    found = list(layers)
    if not found:
        raise SettingError("A network needs at least one layer, but got none.")
    seen: set[int] = set()
    for i, layer in enumerate(found):
        if isinstance(layer, type) and issubclass(layer, Layer):
            name = layer.__name__
            raise SettingError(f"Layer {i} is the class {name}, not a layer; write {name}(…).")
        if not isinstance(layer, Layer):
            raise SettingError(
                f"Layer {i} must be a layer such as Dense(2, 16) or ReLU(), but got {layer!r:.60}; "
                "derive your own from plainnet.Layer."
            )
        if id(layer) in seen:
            raise SettingError(
                f"Layer {i} ({layer}) is the same object as an earlier layer; "
                "make a layer of its own for each place."
            )
        if _is_taken(layer, taker):
            raise SettingError(
                f"Layer {i} ({layer}) is already part of another network, which would lose its "
                "parameters; make a new layer, or a copy of that network: network.copy()."
            )
        seen.add(id(layer))
    return found


def _is_taken(layer: Layer, taker: object) -> bool:
    """Whether a network that is still there, another than `taker`, holds the layer."""
    network = layer.taken_by() if layer.taken_by else None
    if network is None or network is taker:
        return False
    return any(layer is held for held in network.layers)  # a replica is not, nor what was taken out


def matched_sizes(layers: Sequence[Layer]) -> tuple[int | None, int | None]:
    """The features that come in and go out.

    Raises:
        ShapeError: neighbouring sizes do not match.
    """
    n_in: int | None = None
    n_out: int | None = None
    giver = 0
    for i, layer in enumerate(layers):
        if layer.n_in is not None and n_out is not None and layer.n_in != n_out:
            raise ShapeError(
                f"Layer {i} ({layer}) takes {layer.n_in} features, but layer {giver} "
                f"({layers[giver]}) gives {n_out}; make the two numbers equal."
            )
        if n_in is None and n_out is None:
            n_in = layer.n_in
        if layer.n_out is not None:
            n_out, giver = layer.n_out, i
    return n_in, n_out


def stack(
    sizes: Sequence[int],
    activation: Callable[[], Layer] | Layer,
    initializer: Initializer | None,
    dropout: float,
) -> list[Layer]:
    """Dense layers of these sizes, an activation between each two; see `Network.dense`."""
    if len(sizes) < 2:
        raise SettingError(
            f"A stack needs at least two sizes, features in and outputs, but got {list(sizes)}."
        )
    if isinstance(activation, Layer):
        model = activation
        return stack(sizes, lambda: copy.copy(model), initializer, dropout)
    if not callable(activation):
        raise SettingError(
            f"The activation must be a class of layers, such as Tanh, but got {activation!r:.60}."
        )
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [Dense(n_in, n_out, initializer), activation()]
        layers += [Dropout(dropout)] if dropout else []
    return [*layers, Dense(sizes[-2], sizes[-1], initializer)]


def activation_behind(layers: Sequence[Layer], i: int) -> type[Layer] | None:
    """The class of the activation behind layer i, which says what its weights should be."""
    for layer in layers[i + 1 :]:
        if layer.weights:
            break
        if type(layer).initializer:
            return type(layer)
    return None
