"""The model file: one `.safetensors` with everything that using the model elsewhere needs.

Its tensors are the network's parameters (`layers.0.W`, …), its state (`layers.1.mean`, …) and
whatever else the caller has; its metadata is one JSON text under the key `plainnet`. Nothing in it
can run code, and reading is strict: what does not fit is refused, before anything of its size is
allocated.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import ModelFileError, PlainnetError
from plainnet.files.tensors import read_tensors, write_tensors
from plainnet.network import (
    Array,
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    zeros,
)

FORMAT = 1
LAYERS: Mapping[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (Dense, ReLU, LeakyReLU, Sigmoid, Tanh, Dropout, BatchNorm, LayerNorm)
}


def write_model(
    path: Path, network: Network, metadata: Mapping[str, Any], tensors: Mapping[str, Array]
) -> None:
    """Write a network, what is known of it, and further tensors.

    Args:
        path: where to; an older file is replaced only by a whole new one.
        network: of the library's own layers.
        metadata: anything JSON can say.
        tensors: by name.

    Raises:
        FileError: it cannot be written.
        ModelFileError: the network has a layer that a file cannot describe.
    """
    for layer in network.layers:
        if LAYERS.get(type(layer).__name__) is not type(layer):
            raise ModelFileError(
                f"A model file can hold {', '.join(LAYERS)} layers, but the network has a {layer}."
            )
    arrays = {**network.parameters, **network.state}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ModelFileError(
            f"{path} was not written, because the network holds weights that are not finite; "
            "train it with a lower learning rate."
        )
    layers = [{"type": type(layer).__name__, **layer.settings} for layer in network.layers]
    write_tensors(path, {**arrays, **tensors}, {"format": FORMAT, "layers": layers, **metadata})


def read_model(path: Path) -> tuple[Network, dict[str, Any], dict[str, Array]]:
    """The network, the metadata and the other tensors of a model file.

    Raises:
        ModelFileError: the file is missing, cut short, of another kind, or does not fit itself.
    """
    tensors, metadata = read_tensors(path, "model file")
    if metadata.get("format") != FORMAT:
        raise ModelFileError(
            f"{path} has format {metadata.get('format')!r}, but this version of plainnet reads "
            f"format {FORMAT}; update plainnet or train anew."
        )
    try:
        network = _network(metadata.get("layers"), tensors)
    except (PlainnetError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"The layers in {path} do not fit its weights ({str(error).rstrip('.')}); the file is "
            "damaged, so copy it again or train anew."
        ) from error
    own = {*network.parameters, *network.state}
    rest = {name: array for name, array in tensors.items() if name not in own}
    return network, metadata, rest


def _network(layers: object, tensors: dict[str, Array]) -> Network:
    """A network of the described layers with the parameters of the file."""
    if not isinstance(layers, list):
        raise ValueError("there is no list of layers")
    made = [_layer(i, description) for i, description in enumerate(layers)]
    names = set()
    for i, layer in enumerate(made):
        for parameter, shape in {**layer.weights, **layer.biases, **layer.state}.items():
            name = f"layers.{i}.{parameter}"
            _check(name, shape, tensors.get(name))
            names.add(name)
        if isinstance(layer, BatchNorm) and tensors[f"layers.{i}.var"].min() < 0:
            raise ValueError(f"layers.{i}.var holds negative variances")
    if unknown := sorted({name for name in tensors if name.startswith("layers.")} - names):
        raise ValueError(f"no layer has a place for {unknown[0]}")
    dtypes = {tensors[name].dtype for name in names}
    network = Network(made, dtype=max(dtypes, default=np.dtype(np.float32)))
    for name, value in {**network.parameters, **network.state}.items():
        value[...] = tensors[name]
    return network


def _check(name: str, shape: tuple[int, ...], found: Array | None) -> None:
    """Refuse a parameter that is not there, or not as its layer needs it."""
    if found is None:
        raise ValueError(f"{name} is missing")
    if found.shape != shape or found.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} must be floats of {shape}, not {found.dtype} {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds values that are not finite")


def _layer(i: int, description: object) -> Layer:
    """The layer that `type` and its settings, neither more nor fewer, describe."""
    settings = dict(description) if isinstance(description, dict) else {}
    kind = settings.pop("type", None)
    cls = LAYERS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise ValueError(f"layer {i} is a {kind!r}, which is none of {', '.join(LAYERS)}")
    known = inspect.signature(cls).parameters
    hidden = {"initializer": zeros} if "initializer" in known else {}  # the weights are in the file
    wanted = {*known} - {"initializer", "rng"}
    if {*settings} != wanted:
        raise ValueError(
            f"layer {i}, {kind}, has the settings {', '.join(sorted(wanted)) or 'none'}, but "
            f"{', '.join(sorted(settings)) or 'none'} are given"
        )
    return cls(**settings, **hidden)
