"""The layers of a recipe's network: Dense, TabM's ensemble in one network, or convolutions."""

import math
from collections.abc import Sequence
from itertools import pairwise

from plainnet.models.convolutional import convolutional_layers, usual_channels
from plainnet.models.names import INITIALIZERS, NORMALIZATIONS
from plainnet.models.network_settings import NetworkSettings
from plainnet.network import (
    ACTIVATIONS,
    Dense,
    Dropout,
    Layer,
    MemberDense,
    MemberMean,
    MemberScaling,
    PerMember,
)


def network_layers(
    recipe: NetworkSettings,
    shape: Sequence[int],
    n_out: int,
    columns: Sequence[int] | None,
    mean: type[MemberMean],
) -> list[Layer]:
    """Make the layers behind an encoding.

    Args:
        recipe: says what they are like; nothing is left open.
        shape: of the inputs: `(n_in,)`, or that of pictures.
        n_out: how many outputs the network has.
        columns: how many neighbouring inputs are of the same column; None: each is of its own.
        mean: makes one answer of those of the members, if there are several.
    """
    first: list[Layer] = [Dropout(recipe.input_dropout)] if recipe.input_dropout else []
    if recipe.network == "conv":
        return first + _convolutions(recipe, shape, n_out)
    widths = [math.prod(shape), *(recipe.hidden or ())]
    if recipe.members > 1:
        return first + _with_members(recipe, widths, n_out, columns, mean)
    last = Dense(widths[-1], n_out, INITIALIZERS[recipe.initializer])
    return [*first, *_hidden(recipe, widths), last]


def _hidden(recipe: NetworkSettings, widths: Sequence[int]) -> list[Layer]:
    layers: list[Layer] = []
    for before, units in pairwise(widths):
        layers += [Dense(before, units, INITIALIZERS[recipe.initializer])]
        layers += [make(units)] if (make := NORMALIZATIONS[recipe.normalization]) else []
        layers += [ACTIVATIONS[recipe.activation]()]
        layers += [Dropout(recipe.dropout)] if recipe.dropout else []
    return layers


def _with_members(
    recipe: NetworkSettings,
    widths: Sequence[int],
    n_out: int,
    columns: Sequence[int] | None,
    mean: type[MemberMean],
) -> list[Layer]:
    """Make TabM-mini: each member has its own factors of the inputs and its own last layer.

    Gorishniy, Kotelnikov, Babenko: TabM (ICLR 2025); see `MemberScaling`.
    """
    k, hidden = recipe.members, _hidden(recipe, widths)
    shared = [PerMember(k, hidden)] if hidden else []
    last = [MemberDense(widths[-1], n_out, k), mean(n_out, k)]
    return [MemberScaling(widths[0], k, columns), *shared, *last]


def _convolutions(recipe: NetworkSettings, shape: Sequence[int], n_out: int) -> list[Layer]:
    height, width, depth = shape
    return convolutional_layers(
        (height, width, depth),
        recipe.channels or usual_channels((height, width, depth)),
        n_out,
        activation=ACTIVATIONS[recipe.activation],
        initializer=INITIALIZERS[recipe.initializer],
        normalized=recipe.normalization == "batch",
        dropout=recipe.dropout or 0.0,
    )
