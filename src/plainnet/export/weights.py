"""Weights in and out as plain safetensors, with the names that PyTorch gives them.

The layers of a network are those of a `torch.nn.Sequential`, one for one, and its `state_dict()`
names the tensors: `0.weight`, `0.bias`, …; of an ensemble it is that of a `torch.nn.ModuleList` of
them: `1.0.weight`, …. A `Linear` layer holds W as (outputs, inputs), so it is transposed.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from plainnet.checks import check_path
from plainnet.errors import ModelFileError, SettingError
from plainnet.files.header import Entry
from plainnet.files.model_file import check_sound
from plainnet.files.tensors import TensorFile, open_tensors
from plainnet.files.writing import write_file
from plainnet.models import Model
from plainnet.models.ensemble import EnsembleMember
from plainnet.network import Array, BatchNorm, Layer, Network, row_of

NAMES: Mapping[str, str] = {
    **{"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"},
    **{"mean": "running_mean", "var": "running_var"},
}
"""What PyTorch calls a layer's parameters and state."""
COUNTER = "num_batches_tracked"
"""That a BatchNorm1d of PyTorch holds as well; nothing is computed with it."""
MOST_TOLD = 30
"""Tensors that an error names of each list."""


def write_weights(path: str | Path, model: Network | Model) -> None:
    """Write the weights as `torch.nn.Sequential(…).state_dict()` would hold them.

    Args:
        path: where to; an older file is replaced only by a whole new one.
        model: its weights only, not what stands around them (see docs/interchange.md).

    Raises:
        FileError: it cannot be written; as `ModelFileError`, weights that are not finite.
        SettingError: a classifier or regressor that has not learned anything.
    """
    path = check_path(path, "the order is path, model")
    content: dict[str, Array] = {}
    for prefix, network in _networks(model):
        for name, value in _views(network, prefix).items():
            try:
                check_sound(name, value)
            except ValueError as error:
                raise ModelFileError(
                    f"{path} was not written, because {error}; train with a lower learning rate."
                ) from error
            content[name] = np.ascontiguousarray(value)
        content |= {name: np.array(0) for name in _counters(network, prefix)}
    write_file(path, save(content, metadata={"format": "pt"}))


def read_weights(path: str | Path, model: Network | Model) -> None:
    """Put the weights of a file into a network of the same layers; all of them, or none.

    What was measured of a classifier was measured with its own weights. If those of the file are
    others, it forgets its quality, and its temperatures are 1 again.

    Args:
        path: what `write_weights` or `safetensors.torch.save_file(model.state_dict(), …)` wrote.
        model: gets the weights; its layers say which there have to be.

    Raises:
        ModelFileError: the file is missing, damaged, or its tensors are not those of the layers.
        SettingError: one that has not learned anything, so that it has no layers.
    """
    path = check_path(path, "the order is path, model")
    networks = _networks(model)
    places = {n: view for prefix, net in networks for n, view in _views(net, prefix).items()}
    counters = {name for prefix, network in networks for name in _counters(network, prefix)}
    way_out = "write it with plainnet or safetensors.torch.save_file"
    with open_tensors(path, "safetensors file", way_out) as file:
        _check(path, places, counters, file.entries)
        read = {name: _sound(file, name) for name in places}
    changed = [name for name, value in read.items() if not np.array_equal(places[name], value)]
    for name in changed:
        places[name][...] = read[name]
    if changed and not isinstance(model, Network):
        model.quality = {}
        model.networks = [EnsembleMember(member.network, 1.0) for member in model.networks]


def sequential(network: Network) -> str:
    """The same layers in PyTorch's words: `Sequential(Linear(4, 3), ReLU(), Linear(3, 1))`."""
    return f"Sequential({', '.join(map(_in_torch, network.layers))})"


def _in_torch(layer: Layer) -> str:
    row = row_of(layer)
    if row is None or row.torch is None:
        raise ModelFileError(
            f"PyTorch has no layer for {layer}; only layers with a name of PyTorch in "
            "plainnet.network.LAYERS can be written down."
        )
    braced = re.compile(r"\{(\w+)\}")
    return braced.sub(lambda name: str(getattr(layer, name[1])), row.torch)


def _networks(model: Network | Model) -> Sequence[tuple[str, Network]]:
    """The networks, and what stands before the names of their tensors."""
    if isinstance(model, Network):
        return [("", model)]
    if not model.is_trained:
        raise SettingError(f"This {model.kind} has not learned anything yet; call fit(…) first.")
    if len(model.networks) == 1:
        return [("", model.network)]
    return [(f"{i}.", member.network) for i, member in enumerate(model.networks)]


def _views(network: Network, prefix: str) -> dict[str, Array]:
    """The tensors by PyTorch's names: views of the network's own."""
    sequential(network)  # says so if there is a layer that PyTorch does not have
    found = {}
    for name, value in {**network.parameters, **network.state}.items():
        _, i, part = name.split(".")
        found[f"{prefix}{i}.{NAMES.get(part, part)}"] = value.T if part == "W" else value
    return found


def _counters(network: Network, prefix: str) -> list[str]:
    layers = enumerate(network.layers)
    return [f"{prefix}{i}.{COUNTER}" for i, layer in layers if isinstance(layer, BatchNorm)]


def _check(
    path: str | Path, places: dict[str, Array], counters: set[str], found: Mapping[str, Entry]
) -> None:
    """Refuse tensors that are not just those which are needed, or that would lose digits."""
    held = {name: entry for name, entry in found.items() if name not in counters}
    fits = {*held} == {*places} and all(
        held[name].shape == place.shape
        and held[name].dtype.kind == "f"
        and np.can_cast(held[name].dtype, place.dtype)
        for name, place in places.items()
    )
    if not fits:
        expected = _told({name: (place.dtype, place.shape) for name, place in places.items()})
        came = _told({name: entry[:2] for name, entry in held.items()})
        raise ModelFileError(
            f"The tensors in {path} are not those of the network's layers: it needs {expected}, "
            f"but the file holds {came}; make a network of the same layers, or name and shape "
            "them as torch.nn.Sequential does."
        )


def _told(tensors: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]) -> str:
    told = [f"{name:.60} {dtype} {shape}" for name, (dtype, shape) in sorted(tensors.items())]
    more = f" and {len(told) - MOST_TOLD:,} more" if len(told) > MOST_TOLD else ""
    return (", ".join(told[:MOST_TOLD]) or "nothing") + more


def _sound(file: TensorFile, name: str) -> Array:
    value = file.read(name)
    check_sound(name, value)
    return value
