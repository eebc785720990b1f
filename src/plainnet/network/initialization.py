"""The usual stack of layers, and the initial parameters that suit each layer's place."""

import copy
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

from plainnet.errors import SettingError
from plainnet.network.arrays import Rng
from plainnet.network.initializers import Initializer, lecun_normal
from plainnet.network.layer import Layer
from plainnet.network.layers import Dense, Dropout
from plainnet.network.randomness import GeneratorOnFirstUse, generator
from plainnet.network.realmlp import Parametric


def stack(
    sizes: Sequence[int],
    activation: Callable[[], Layer] | Layer,
    initializer: Initializer | None,
    dropout: float,
) -> list[Layer]:
    """Make Dense layers of these sizes with an activation between each two; see `Network.dense`."""
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


def activation_behind(
    layers: Sequence[Layer], i: int, after: type[Layer] | None = None
) -> type[Layer] | None:
    """Return the class of the activation behind layer i, which determines its initial weights.

    `after` is the activation behind all of these layers, if they are inside another layer.
    """
    for layer in layers[i + 1 :]:
        if layer.weights:
            return None
        kind = type(layer.activation if isinstance(layer, Parametric) else layer)
        if kind.initializer:
            return kind
    return after


def initialize(layers: Sequence[Layer], rng: Rng | int | None, drawn: bool) -> None:
    """Draw all initial parameters if `drawn`; give a generator to each layer that lacks one."""
    lacking = [layer for layer in layers if layer.is_stochastic and layer.rng is None]
    if not (drawn or lacking):
        return
    if not drawn and type(rng) is int and rng >= 0:
        for i, layer in enumerate(lacking):
            layer.rng = cast(Rng, GeneratorOnFirstUse(rng, i))
        return
    rng = generator(rng)
    if drawn:
        draw(layers, rng)
        spread_biases(layers, rng, everywhere=False)
    for layer in lacking:
        layer.rng = rng.spawn(1)[0]


def draw(layers: Sequence[Layer], rng: Rng, suited: Initializer = lecun_normal) -> None:
    """Draw the initial parameters of layers; `suited` is for those without an activation behind."""
    for i, layer in enumerate(layers):
        behind = activation_behind(layers, i)
        layer.initialize(rng, (behind and behind.initializer) or suited)


def spread_biases(
    layers: Sequence[Layer],
    rng: Rng | int | None,
    *,
    everywhere: bool,
    after: type[Layer] | None = None,
) -> None:
    """Draw the biases in front of all activations, or only of those that need it (`spreads`)."""
    rng = generator(rng)
    for i, layer in enumerate(layers):
        behind = activation_behind(layers, i, after)
        if behind and isinstance(layer, Dense) and (everywhere or behind.spreads):
            layer.spread(rng)
        for chain in layer.chains.values():
            spread_biases(chain, rng, everywhere=everywhere, after=behind)
