"""Fewer members of an ensemble in one network, without training again."""

from collections.abc import Sequence

import numpy as np

from plainnet.checks import check_whole
from plainnet.errors import SettingError
from plainnet.network.layer import Layer
from plainnet.network.layer_row import described, layer_of
from plainnet.network.network import Network


def keep_members(network: Network, members: Sequence[int]) -> Network:
    """Return a network of only these members, which answers with their mean.

    A few members of many answer nearly as well (TabM's paper): choose them by their loss on
    validation data. The given network stays as it is.

    >>> network = Network([EnsembleDense(3, 1, members=4), MemberMean(1, members=4)])
    >>> keep_members(network, [0, 2])
    Network(6 → EnsembleDense 2 → MemberMean 1; 13 parameters)

    Args:
        network: with layers of `ensembles.py` and `member_mean.py`, all of them known to `LAYERS`.
        members: their numbers, from 0, each once.

    Raises:
        SettingError: the network is no ensemble, or a number is not one of its members.
    """
    held = {k for layer in network.layers if (k := getattr(layer, "members", None)) is not None}
    if len(held) != 1:
        raise SettingError(
            f"Members can be kept of a network that is an ensemble, but {network!r:.80} is none; "
            "MemberScaling begins one."
        )
    [k], kept = held, [check_whole("number of a member", one, 0) for one in members]
    if not kept or len({*kept}) < len(kept) or max(kept) >= k:
        raise SettingError(
            f"The members to keep must be different numbers from 0 to {k - 1}, but got {kept}."
        )
    layers = [_with_members(layer, len(kept)) for layer in network.layers]
    smaller = Network(layers, dtype=network.dtype, xp=network.xp)
    for i, layer in enumerate(network.layers):
        own = getattr(layer, "of_members", ())
        for name in (*layer.weights, *layer.biases):
            value = network.parameters[f"layers.{i}.{name}"]
            rows = value[np.array(kept)] if name in own else value
            smaller.parameters[f"layers.{i}.{name}"][...] = rows
    for name, state in network.state.items():
        smaller.state[name][...] = state
    return smaller


def _with_members(layer: Layer, k: int) -> Layer:
    """The same layer of k members, if it has members."""
    description = described(layer)
    if "members" in description:
        description["members"] = k
    return layer_of(description, "a layer")
