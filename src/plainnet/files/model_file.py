"""The model file: one `.safetensors` with everything that using the model elsewhere needs.

Its tensors are the network's parameters (`layers.0.W`, …) and whatever else the caller has; its
metadata is one JSON text under the key `plainnet`. Nothing in it can run code, and reading is
strict: what does not fit is refused, before anything of its size is allocated.
"""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from plainnet.errors import ModelFileError, PlainnetError
from plainnet.files.writing import write_file
from plainnet.network import (
    Array,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
    zeros,
)

FORMAT = 1
LAYERS: Mapping[str, type[Layer]] = {
    cls.__name__: cls for cls in (Dense, ReLU, LeakyReLU, Sigmoid, Tanh, Dropout)
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
    layers = [{"type": type(layer).__name__, **layer.settings} for layer in network.layers]
    text = json.dumps({"format": FORMAT, "layers": layers, **metadata}, ensure_ascii=False)
    arrays = {**network.parameters, **tensors}
    content = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_file(path, save(content, metadata={"plainnet": text}))


def read_model(path: Path) -> tuple[Network, dict[str, Any], dict[str, Array]]:
    """The network, the metadata and the other tensors of a model file.

    Raises:
        ModelFileError: the file is missing, cut short, of another kind, or does not fit itself.
    """
    try:
        content = path.read_bytes()
        tensors: dict[str, Array] = load(content)
        metadata = _metadata(content)
    except OSError as error:
        raise ModelFileError(
            f"The model file {path} cannot be read ({error.strerror or error}); "
            "name a file that `plainnet train` has written."
        ) from error
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelFileError(
            f"{path} is not a whole plainnet model file ({error}); it may be cut short or of "
            "another kind, so copy it again or train anew."
        ) from error
    if metadata.get("format") != FORMAT:
        raise ModelFileError(
            f"{path} has format {metadata.get('format')!r}, but this version of plainnet reads "
            f"format {FORMAT}; update plainnet or train anew."
        )
    try:
        network = _network(metadata["layers"], tensors)
    except (PlainnetError, KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"The layers in {path} do not fit its weights ({error}); the file is damaged, so copy "
            "it again or train anew."
        ) from error
    rest = {name: array for name, array in tensors.items() if name not in network.parameters}
    return network, metadata, rest


def _metadata(content: bytes) -> dict[str, Any]:
    """The JSON text in the header: eight bytes of length, then the header itself."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    metadata = json.loads(header["__metadata__"]["plainnet"])
    if not isinstance(metadata, dict):
        raise TypeError("its description is no JSON object")
    return metadata


def _network(layers: list[dict[str, Any]], tensors: dict[str, Array]) -> Network:
    """A network of the described layers with the parameters of the file."""
    made = [_layer(dict(description)) for description in layers]
    for i, layer in enumerate(made):
        for name, shape in {**layer.weights, **layer.biases}.items():
            found = tensors[f"layers.{i}.{name}"]
            if found.shape != shape or found.dtype not in (np.float32, np.float64):
                raise ValueError(
                    f"layers.{i}.{name} must be floats of {shape}, not {found.dtype} {found.shape}"
                )
            if not np.isfinite(found).all():
                raise ValueError(f"layers.{i}.{name} holds values that are not finite")
    dtypes = {array.dtype for name, array in tensors.items() if name.startswith("layers.")}
    network = Network(made, dtype=max(dtypes, default=np.dtype(np.float32)))
    for name, value in network.parameters.items():
        value[...] = tensors[name]
    unknown = [name for name in tensors if name.startswith("layers.")]
    if len(unknown) != len(network.parameters):
        raise ValueError(f"{len(unknown)} weights for {len(network.parameters)} parameters")
    return network


def _layer(description: dict[str, Any]) -> Layer:
    cls = LAYERS[description.pop("type")]
    if "initializer" in inspect.signature(cls).parameters:
        description["initializer"] = zeros  # the weights come from the file
    return cls(**description)
