"""Weights as plain safetensors, with PyTorch's names.

The layers of a network match those of a `torch.nn.Sequential` one to one, and the tensors are named
as in its `state_dict()`: `0.weight`, `0.bias`, …; for an ensemble, as in that of a
`torch.nn.ModuleList`: `1.0.weight`, …. A `Linear` layer holds W transposed, (outputs, inputs), a
convolution as (channels out, channels in, height, width).
`torch_modules` writes the layers that PyTorch lacks.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from plainnet.checks import check_path
from plainnet.errors import ModelFileError
from plainnet.export.torch_layers import sequential
from plainnet.files.header import Entry
from plainnet.files.model_file import check_sound
from plainnet.files.tensors import TensorFile, open_tensors
from plainnet.files.writing import write_file
from plainnet.models import Model
from plainnet.network import Array, Conv2D, DepthwiseConv2D, Network

NAMES: Mapping[str, str] = {
    **{"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"},
    **{"mean": "running_mean", "var": "running_var"},
}
"""PyTorch's names of a layer's parameters and state."""
COUNTER = "num_batches_tracked"
"""Counter in PyTorch's BatchNorm1d, which has no effect on results."""
MOST_NAMED = 30
"""Most tensors named in each list of an error."""


def write_weights(path: str | Path, model: Network | Model) -> None:
    """Write the weights as in `torch.nn.Sequential(…).state_dict()`.

    >>> write_weights("weights.safetensors", Network.dense([2, 3, 1]))

    Args:
        path: the file to write; an older file is replaced only by a complete new one.
        model: a network or trained model; preprocessing and answers are not written (see
            docs/interchange.md).

    Raises:
        FileError: the file cannot be written; as `ModelFileError`, the weights are not finite.
        SettingError: the model is not trained.
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
    """Read weights from a file into a network of the same layers; on an error, none is changed.

    If the weights change, a model's quality is removed and its temperatures become 1, since both
    were measured with the old weights.

    >>> network = Network.dense([2, 3, 1])
    >>> write_weights("weights.safetensors", network)
    >>> read_weights("weights.safetensors", network)

    Args:
        path: a file of `write_weights` or `safetensors.torch.save_file(model.state_dict(), …)`.
        model: the network or trained model that receives the weights.

    Raises:
        ModelFileError: the file is missing or damaged, or its tensors do not fit the layers.
        SettingError: the model is not trained, so that it has no layers.
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
        model.quality, model.answers = {}, model.answers.uncalibrated()
        model.networks = [member._replace(temperature=1.0) for member in model.networks]


def _networks(model: Network | Model) -> Sequence[tuple[str, Network]]:
    """Return the networks, each with the prefix of its tensors' names."""
    if isinstance(model, Network):
        return [("", model)]
    model.check_trained()
    if len(model.networks) == 1:
        return [("", model.network)]
    return [(f"{i}.", member.network) for i, member in enumerate(model.networks)]


def _views(network: Network, prefix: str) -> dict[str, Array]:
    """Return views of the network's tensors by PyTorch's names."""
    sequential(network)  # raises an error if PyTorch lacks a layer
    found = {}
    for name, value in {**network.parameters, **network.state}.items():
        place, _, part = name.removeprefix("layers.").rpartition(".")
        kind = network.layers[int(place)] if place.isdigit() else None
        view = value.T if part == "W" else value
        if part == "W" and isinstance(kind, (Conv2D, DepthwiseConv2D)):
            filters = value.reshape(kind.kernel, kind.kernel, -1, kind.shape_out[2])
            view = filters.transpose(3, 2, 0, 1)  # channels out, channels in, height, width
        found[f"{prefix}{place}.{NAMES.get(part, part)}"] = view
    return found


def _counters(network: Network, prefix: str) -> list[str]:
    variances = (n.removeprefix("layers.") for n in network.state if n.endswith(".var"))
    return [f"{prefix}{name.removesuffix('var')}{COUNTER}" for name in variances]


def _check(
    path: str | Path, places: dict[str, Array], counters: set[str], found: Mapping[str, Entry]
) -> None:
    """Refuse missing or additional tensors, and types that would lose digits."""
    held = {name: entry for name, entry in found.items() if name not in counters}
    fits = {*held} == {*places} and all(
        held[name].shape == place.shape
        and held[name].dtype.kind == "f"
        and np.can_cast(held[name].dtype, place.dtype)
        for name, place in places.items()
    )
    if not fits:
        expected = _named({name: (place.dtype, place.shape) for name, place in places.items()})
        came = _named({name: entry[:2] for name, entry in held.items()})
        raise ModelFileError(
            f"The tensors in {path} do not fit the network's layers: it needs {expected}, but the "
            f"file holds {came}; make a network of the same layers, or name and shape the tensors "
            "as torch.nn.Sequential does."
        )


def _named(tensors: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]) -> str:
    names = [f"{name:.60} {dtype} {shape}" for name, (dtype, shape) in sorted(tensors.items())]
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return (", ".join(names[:MOST_NAMED]) or "nothing") + more


def _sound(file: TensorFile, name: str) -> Array:
    value = file.read(name)
    check_sound(name, value)
    return value
