"""The model file: one `.safetensors` file with everything that a model needs.

Its tensors are the network's parameters (`layers.0.W`, …), its state (`layers.1.mean`, …) and
further tensors of the caller; its metadata is one JSON text under the key `plainnet`. It contains
no code, and reading is strict: tensors that do not fit are refused before memory of their size is
allocated, and the numbers are read directly into the network.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plainnet.errors import ModelFileError, PlainnetError
from plainnet.files.header import Entry
from plainnet.files.tensors import open_tensors, write_tensors
from plainnet.network import LAYERS, Array, Network, described, layer_of, row_of, zeros
from plainnet.network.contract import with_inner
from plainnet.network.embeddings import NARROWEST

FORMAT = 1
MOST_LAYERS = 1000
LARGEST_WEIGHT = 1e18
"""The largest weight; no training comes near it, and with larger ones answers may not be finite."""


def write_model(
    path: Path, network: Network, metadata: Mapping[str, Any], tensors: Mapping[str, Array]
) -> None:
    """Write a network, its metadata, and further tensors.

    Args:
        path: the file; an older file is replaced only by a complete new one.
        network: the network, of layers in `LAYERS`.
        metadata: JSON values.
        tensors: further tensors by name.

    Raises:
        FileError: the file cannot be written.
        ModelFileError: the network has a layer that a file cannot describe.
    """
    for layer in with_inner(network.layers):
        if row_of(layer) is None:
            raise ModelFileError(
                f"A model file can hold {', '.join(LAYERS)} layers, but the network has a {layer}; "
                "give a layer of your own a row in plainnet.network.LAYERS."
            )
    n_layers = len([*with_inner(network.layers)])
    if n_layers > MOST_LAYERS:
        raise ModelFileError(
            f"A model file can hold {MOST_LAYERS:,} layers, but the network has {n_layers:,}; make "
            "it less deep."
        )
    arrays = arrays_of(network)
    try:
        for name, array in arrays.items():
            check_sound(name, array)
    except ValueError as error:
        raise ModelFileError(
            f"{path} was not written, because {error}; train it with a lower learning rate."
        ) from error
    if not is_finite(metadata):
        raise ModelFileError(
            f"{path} was not written, because its description holds a number that is not finite; "
            "use None instead."
        )
    facts = {"format": FORMAT, "layers": [*map(described, network.layers)], **metadata}
    write_tensors(path, {**arrays, **tensors}, facts)


def read_model(path: Path) -> tuple[Network, dict[str, Any], dict[str, Array]]:
    """Read the network, the metadata and the other tensors of a model file.

    Raises:
        ModelFileError: the file is missing, truncated, of another kind, or inconsistent.
    """
    with open_tensors(path, "plainnet model file") as file:
        metadata = file.facts()
        if metadata.get("format") != FORMAT:
            raise ModelFileError(
                f"{path} has format {metadata.get('format')!r:.60}, but this version of plainnet "
                f"reads format {FORMAT}; update plainnet or train again."
            )
        if not is_finite(metadata):
            raise ValueError("its description holds a number that is not finite")
        try:
            network = network_for(metadata.get("layers"), file.entries)
            for name, value in arrays_of(network).items():
                check_sound(name, file.read(name, value))
        except (PlainnetError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"The layers in {path} do not fit its weights ({str(error).rstrip('.')}); the file "
                "is damaged, so copy it again or train again."
            ) from error
        own = {*arrays_of(network)}
        return (
            network,
            metadata,
            {name: file.read(name) for name in file.entries if name not in own},
        )


def check_sound(name: str, array: Array) -> None:
    """Raise a ValueError if a parameter or state is not valid for a prediction."""
    low, high = float(array.min(initial=0)), float(array.max(initial=0))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{name} holds values that are not finite")
    if max(-low, high) > LARGEST_WEIGHT:
        raise ValueError(f"{name} holds values beyond {LARGEST_WEIGHT:g}")
    if name.endswith((".var", ".running_var")) and low < 0:
        raise ValueError(f"{name} holds negative variances")
    if name.endswith(".bin_width") and float(array.min(initial=1)) < NARROWEST:
        raise ValueError(f"{name} holds bins without a width")


def is_finite(content: Any) -> bool:
    """Return whether all numbers in JSON values are finite."""
    if isinstance(content, Mapping):
        return all(map(is_finite, content.values()))
    if isinstance(content, list | tuple):
        return all(map(is_finite, content))
    return not isinstance(content, float) or math.isfinite(content)


def network_for(
    layers: object, found: Mapping[str, Entry] | Mapping[str, Array], prefix: str = ""
) -> Network:
    """Return a network of the described layers, with memory for the parameters that were found.

    Args:
        layers: what `described` gives for each layer.
        found: tensors, or what a file says of them, by name.
        prefix: what the names of the network's tensors begin with.

    Raises:
        ValueError, PlainnetError: the layers do not fit the tensors; no memory was allocated.
    """
    if not isinstance(layers, list):
        raise ValueError("there is no list of layers")
    if (n_layers := _objects_in(layers)) > MOST_LAYERS:
        raise ValueError(f"there are {n_layers:,} layers, more than {MOST_LAYERS:,}")
    # without drawing initial weights: the weights are in the file
    made = [layer_of(one, f"layer {i}", initializer=zeros) for i, one in enumerate(layers)]
    names = {
        f"{prefix}layers.{i}.{name}": shape
        for i, layer in enumerate(made)
        for name, shape in {**layer.weights, **layer.biases, **layer.state}.items()
    }
    for name, shape in names.items():
        _check(name, shape, found.get(name))
    if unknown := [n for n in found if n.startswith(f"{prefix}layers.") and n not in names]:
        raise ValueError(f"no layer has a place for {min(unknown)}")
    dtypes = {found[name].dtype for name in names}
    if len(dtypes) > 1:
        raise ValueError("some of its numbers are float32 and some float64")
    dtype = dtypes.pop().newbyteorder("=") if dtypes else np.float32
    return Network(made, dtype=dtype, drawn=False)


def arrays_of(network: Network) -> dict[str, Array]:
    """Return all arrays that a training changes, by name."""
    return {**network.parameters, **network.state}


def _objects_in(described: object) -> int:
    """Count the JSON objects in a value: the layers, with those inside of others."""
    if isinstance(described, dict):
        return 1 + sum(map(_objects_in, described.values()))
    return sum(map(_objects_in, described)) if isinstance(described, list) else 0


def _check(name: str, shape: tuple[int, ...], found: Entry | Array | None) -> None:
    """Raise a ValueError if a parameter is missing, or does not fit its layer."""
    if found is None:
        raise ValueError(f"{name} is missing")
    if found.shape != shape or found.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} must be floats of {shape}, not {found.dtype} {found.shape}")
