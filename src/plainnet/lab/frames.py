"""Frames: what the page shows of a snapshot, as numbers computed by the network's own layers."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from plainnet.lab.experiment import Samples, Snapshot
from plainnet.lab.point_sets import REACH, inputs_of
from plainnet.network import ACTIVATIONS, Array, Dense, Network

SIDE = 64
"""Points of the decision surface along each axis."""
UNIT_SIDE = 32
"""Points of a unit's surface along each axis."""
BINS = 24
"""Bins of a histogram."""
TARGET_REACH = 1.5
"""Where targets are numbers, those from −1.5 to 1.5 have different colours."""


def grid(side: int) -> Array:
    """Return the middles of the squares of a grid over the plane, `(side², 2)`, row by row."""
    at = REACH * ((np.arange(side) + 0.5) * 2 / side - 1)
    x, y = np.meshgrid(at, -at)
    return np.stack([x.ravel(), y.ravel()], axis=1)


@dataclass(frozen=True)
class Pass:
    """A forward pass: the inputs and outputs of each layer, copied."""

    X: Array
    outputs: list[Array]

    @classmethod
    def through(cls, network: Network, X: Array) -> "Pass":
        """Apply the layers of a network one after another, in prediction mode."""
        outputs, A = [], X
        for layer in network.layers:
            A = layer.forward(A)
            outputs.append(A.copy())
        return cls(X, outputs)

    @property
    def Z(self) -> Array:
        """The outputs of the last layer."""
        return self.outputs[-1]


def restored(snapshot: Snapshot) -> Network:
    """Put a snapshot's parameters into its network, and return it."""
    network = snapshot.twin
    network.theta = snapshot.theta
    for name, value in network.state.items():
        value[...] = snapshot.state[name]
    return network


def dense_layers(network: Network) -> list[int]:
    """Return the numbers of the layers with weights between units."""
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]


def activation_layers(network: Network) -> list[int]:
    """Return the numbers of the activations, one for each hidden layer."""
    kinds = tuple(ACTIVATIONS.values())
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, kinds)]


def measured(snapshot: Snapshot, Z: Array, samples: Samples) -> dict[str, float]:
    """Measure loss and metrics of outputs as the library does after each epoch."""
    given = (samples.y,) if samples.weights is None else (samples.y, samples.weights)
    loss = snapshot.loss.measured
    targets = loss.check_targets(samples.y, len(Z), Z.shape[1], Z.dtype)
    J = float(loss.value_and_grad(Z, targets, *given[1:])[0])
    return {"loss": J, **loss.metrics(Z, targets, *given[1:])}


def write_gradients(snapshot: Snapshot, network: Network) -> None:
    """Go forward and backward with all training samples; `network.gradients` are theirs."""
    samples = snapshot.training
    Z = network.forward(samples.X)
    y = snapshot.loss.check_targets(samples.y, len(Z), Z.shape[1], Z.dtype)
    dZ = snapshot.loss.value_and_grad(Z, y, samples.weights)[1]
    network.backward(dZ)


Frame = tuple[dict[str, Any], dict[str, Array]]
"""What a page shows: numbers by name, and arrays by name."""


def frame_of(snapshot: Snapshot) -> Frame:
    """Compute what a page shows: numbers by name, and arrays by name."""
    network = restored(snapshot)
    features = snapshot.settings.features
    with np.errstate(over="ignore", invalid="ignore"):
        surface = Pass.through(network, inputs_of(grid(SIDE), features))
        units = Pass.through(network, inputs_of(grid(UNIT_SIDE), features))
        numbers, arrays = _on_samples(snapshot, network)
    active = activation_layers(network)
    arrays["surface"] = _surface(snapshot, surface.Z)
    for stage, i in enumerate(active):
        arrays[f"units.{stage}"] = _signed(units.outputs[i])
    for stage, i in enumerate(dense_layers(network)):
        for name in ("W", "b"):
            arrays[f"{name}.{stage}"] = network.parameters[f"layers.{i}.{name}"].copy()
            arrays[f"d{name}.{stage}"] = network.gradients[f"layers.{i}.{name}"].copy()
    return numbers, arrays


def _on_samples(snapshot: Snapshot, network: Network) -> tuple[dict[str, Any], dict[str, Array]]:
    """Compute losses, histograms and dead units on the samples."""
    numbers: dict[str, Any] = {"training": {}, "held_out": {}, "dead": [], "histograms": []}
    arrays: dict[str, Array] = {}
    if held := snapshot.held_out:
        numbers["held_out"] = measured(snapshot, network.forward(held.X), held)
    samples = snapshot.training
    if not len(samples.X):
        network.gradient_memory()[...] = 0
        return numbers, arrays
    seen = Pass.through(network, samples.X)
    numbers["training"] = measured(snapshot, seen.Z, samples)
    write_gradients(snapshot, network)
    for stage, i in enumerate(activation_layers(network)):
        Y = seen.outputs[i]
        numbers["dead"].append(int((Y == 0).all(axis=0).sum()))
        numbers["histograms"].append(_histogram(f"Y.{stage}", Y, arrays))
    for stage, i in enumerate(dense_layers(network)):
        dW, W = (of[f"layers.{i}.W"] for of in (network.gradients, network.parameters))
        numbers["histograms"].append(_histogram(f"dW.{stage}", dW, arrays))
        numbers["histograms"].append(_histogram(f"W.{stage}", W, arrays))
    return numbers, arrays


def _histogram(name: str, values: Array, arrays: dict[str, Array]) -> dict[str, Any]:
    """Count values in bins from the lowest to the highest; the counts go into `arrays`.

    Values that are all alike are in the middle.
    """
    known = values[np.isfinite(values)].astype(np.float64)
    if not known.size:
        return {"name": name, "low": None, "high": None}
    low, high = float(known.min()), float(known.max())
    alike = high - low <= 1e-12 * max(abs(low), abs(high))
    counts, _ = np.histogram(known, BINS, (low - 0.5, low + 0.5) if alike else (low, high))
    arrays[f"histogram.{name}"] = counts.astype(np.int32)
    return {"name": name, "low": low, "high": high}


def _surface(snapshot: Snapshot, Z: Array) -> Array:
    """Return what the network answers in each point as bytes, `(K, SIDE²)`.

    Of classes these are 255 times the probabilities (of two, those of the second), of a number 127
    + 127 times its share of `TARGET_REACH`.
    """
    loss: Any = snapshot.loss
    if hasattr(loss, "probabilities"):
        return _bytes(255 * loss.probabilities(Z).T)
    return _bytes(127.5 + 127.5 * Z.T / TARGET_REACH)


def _signed(A: Array) -> Array:
    """Return the outputs of units as bytes `(units, N)`: 128 is 0, and 1 or 255 the farthest."""
    farthest = np.abs(A).max(axis=0)
    scale = np.where(np.isfinite(farthest) & (farthest > 0), farthest, 1)
    return _bytes(128 + 127 * (A / scale).T)


def _bytes(A: Array) -> Array:
    whole: Array = np.clip(np.rint(np.nan_to_num(A, nan=127.5)), 0, 255)
    return whole.astype(np.uint8)


def packed(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Write numbers and arrays as bytes.

    Four bytes with the length of the header, the header as JSON, in which `arrays` says where each
    array begins, and then the arrays, each at a multiple of eight bytes.
    """
    where: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, A in arrays.items():
        raw = np.ascontiguousarray(A).tobytes()
        where[name] = [A.dtype.name, list(A.shape), at]
        padding = -len(raw) % 8
        parts += [raw, b"\0" * padding]
        at += len(raw) + padding
    text = json.dumps(finite({**header, "arrays": where}), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 4) % 8)
    return b"".join([struct.pack("<I", len(text)), text, *parts])


def unpacked(raw: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what `packed` wrote."""
    length = struct.unpack_from("<I", raw)[0]
    header = json.loads(raw[4 : 4 + length])
    arrays = {
        name: np.frombuffer(raw, dtype, int(np.prod(shape)), 4 + length + at).reshape(shape)
        for name, (dtype, shape, at) in header.pop("arrays").items()
    }
    return header, arrays


def curve(snapshot: Snapshot, since: int, most: int = 1500) -> Array:
    """Return epoch, loss, held-out loss and accuracy after epoch `since`, `(n, 4)`, float64.

    Of more than `most` epochs, only every second, third, … is there, and the last.
    """
    rows = snapshot.history[since : snapshot.position[0]]
    rows = rows[:: -(-len(rows) // most) or 1] + (rows[-1:] if len(rows) > most else [])
    none = float("nan")
    table = [
        (e.number, e.loss, e.validation.get("loss", none), e.validation.get("accuracy", none))
        for e in rows
    ]
    return np.array(table, np.float64).reshape(-1, 4)


def finite(value: Any) -> Any:
    """Replace numbers that JSON cannot hold by None."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
