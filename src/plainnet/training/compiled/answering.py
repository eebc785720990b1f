"""The networks whose answers to many samples one kernel computes, and its arguments."""

from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any, NamedTuple, cast

import numpy as np

from plainnet.network import (
    Array,
    Dense,
    MemberDense,
    MemberMean,
    MemberScaling,
    Network,
    PiecewiseLinearEmbedding,
)
from plainnet.training.compiled import giving_up
from plainnet.training.compiled.array_form import as_compiled
from plainnet.training.compiled.encodings import Binned, Learned, encoding_of
from plainnet.training.compiled.parts import LEAST_WORK, in_parts
from plainnet.training.compiled.structure import ACTIVATIONS, MEANS, structure_of
from plainnet.training.threads import processors


class Parts(NamedTuple):
    """The layers of a network that the kernel fits."""

    encoding: Binned
    scaling: MemberScaling | None
    first: Dense
    """The first Dense layer."""
    between: list[Dense]
    """Those between hidden layers."""
    kinds: Array
    """The activations, by their numbers."""
    last: Dense | MemberDense
    mean: int
    """What is averaged over the members, by its number in `member_averages.py`."""


def table_outputs(network: Network, code: ModuleType) -> Callable[[Array], Array] | None:
    """Return `network.forward` up to rounding, for the present parameters; None: no kernel fits.

    The kernel fits the usual networks and ensembles in one network, in float32: Dense layers with
    ReLU or SiLU, and at least one hidden layer, behind an encoding of all, some or no columns.
    """
    parts = parts_of(network)
    if parts is None:
        return None
    encoding, tables = _encoding(parts.encoding), (_table(parts), parts.first.b)
    hidden, heads = _hidden(parts), _heads(parts.last)
    k, _, K = heads[0].shape
    work = k * sum(layer.multiply_adds for layer in (parts.first, *parts.between))

    def forward(X: Array) -> Array:
        X, Z = as_compiled(X, network.dtype), np.empty((len(X), K), network.dtype)

        def answer(_: int, some: slice) -> None:
            code.answer_samples(X[some], encoding, tables, hidden, heads, parts.mean, Z[some])

        with giving_up():
            in_parts(answer, len(X), processors() if work * len(X) > LEAST_WORK else 1)
            return Z
        return network.forward(X)

    return forward


def parts_of(network: Network) -> Parts | None:
    """Return the parts of a network that the kernel fits; None for others."""
    if type(network) is not Network or network.xp is not np or network.dtype != np.float32:
        return None
    encoding, rest = encoding_of(network.layers, network.dtype)
    if not isinstance(encoding, Binned) or not encoding.is_connected:
        return None
    found = structure_of(rest, fewest=1)
    if found is None or not found.hidden:
        return None
    if isinstance(encoding, Learned) and encoding.layer.bounded:
        return None  # outside of the bins x w goes on, and P V does not
    kinds = np.array([ACTIVATIONS[type(each.activation)] for each in found.hidden])
    first, *between = [each.dense for each in found.hidden]
    if found.mean is None:
        return Parts(encoding, None, first, between, kinds, found.last, MEANS[MemberMean])
    scaling, number = cast(MemberScaling, rest[0]), MEANS[type(found.mean)]
    return Parts(encoding, scaling, first, between, kinds, found.last, number)


def _encoding(encoding: Binned) -> tuple[Any, ...]:
    """Return the kernel's arguments about columns and bins."""
    layer, columns = encoding.layer, (encoding.columns, encoding.others)
    return *columns, encoding.firsts, layer.lower, layer.bin_width, layer.bounded


def _table(parts: Parts) -> Array:
    """Return the table `(k, rows, H)`: see docs/derivations.md, Answers by a table."""
    encoding, W = parts.encoding, parts.first.W[None]
    if parts.scaling is not None:
        W = parts.scaling.r[:, :, None] * W
    plain, firsts, length = len(encoding.others), encoding.firsts, encoding.length
    table = np.empty((len(W), plain + 2 * firsts[-1], W.shape[2]), W.dtype)
    table[:, :plain] = W[:, :plain]
    bases, slopes = table[:, plain::2], table[:, plain + 1 :: 2]
    for j, (start, stop) in enumerate(pairwise(firsts)):
        if isinstance(encoding, Learned):
            own = W[:, plain + j * length : plain + (j + 1) * length]
            base, slope = _embedded(encoding.layer, j, slice(start, stop))
            np.matmul(base, own, out=bases[:, start:stop])
            np.matmul(slope, own, out=slopes[:, start:stop])
        else:
            slopes[:, start:stop] = W[:, plain + start : plain + stop]
            bases[:, start] = 0
            np.cumsum(slopes[:, start : stop - 1], axis=1, out=bases[:, start + 1 : stop])
    return table


def _embedded(layer: PiecewiseLinearEmbedding, j: int, bins: slice) -> tuple[Array, Array]:
    """Return what a column's features are at the lower end of each bin, and how they change in it.

    Both are `(bins, length)`.
    """
    V, w, lower = layer.V[bins], layer.w[j], layer.lower[bins, None]
    slope = V + layer.bin_width[bins, None] * w  # over the whole bin
    below = np.cumsum(V, axis=0) - V  # the features of lower bins are 1
    return lower * w + layer.b[j] + below, slope


def _hidden(parts: Parts) -> tuple[Any, ...]:
    """Return the kernel's arguments about the layers between hidden ones."""
    sizes = [layer.n_out for layer in (parts.first, *parts.between)]
    nothing = np.empty(0, np.float32)
    weights = [nothing, *[layer.W.ravel() for layer in parts.between]]
    biases = [nothing, *[layer.b for layer in parts.between]]
    return np.array(sizes), parts.kinds, np.concatenate(weights), np.concatenate(biases)


def _heads(last: Dense | MemberDense) -> tuple[Array, Array]:
    """Return W `(k, H, K)` and b `(k, K)` of the last layer."""
    return (last.W, last.b) if isinstance(last, MemberDense) else (last.W[None], last.b[None])
