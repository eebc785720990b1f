"""Look into a layer or a unit: its formulas with the numbers of the moment."""

from typing import Any

import numpy as np

from plainnet.errors import SettingError
from plainnet.lab.experiment import Snapshot
from plainnet.lab.frames import (
    Pass,
    activation_layers,
    dense_layers,
    finite,
    restored,
    write_gradients,
)
from plainnet.lab.point_sets import inputs_of
from plainnet.network import Array, Network
from plainnet.network.trace import trace


def look_into(
    snapshot: Snapshot, stage: int, unit: int | None, at: tuple[float, float]
) -> dict[str, Any]:
    """Describe the layers of a stage with all training samples, and one unit at a point.

    Args:
        snapshot: the moment.
        stage: the number of the Dense layer, from 0.
        unit: the number of one of its units; None: only the layers.
        at: coordinates of the point.

    Raises:
        SettingError: there is no such stage or unit.
    """
    network, samples = restored(snapshot), snapshot.training
    stages = dense_layers(network)
    if not 0 <= stage < len(stages):
        raise SettingError(f"There is no layer {stage}; there are {len(stages)}, from 0 on.")
    if not len(samples.X):
        return {"samples": 0}  # a page may ask before it has drawn that they are gone
    first, end = stages[stage], [*stages, len(network.layers)][stage + 1]
    steps = trace(network, snapshot.loss, samples.X, samples.y).to_dict()
    back = {step["layer"]: step for step in steps["backward"]}
    found = {
        "samples": len(samples.X),
        "layers": [{**steps["forward"][i], "backward": back.get(i)} for i in range(first, end)],
        "loss": steps["loss"] if end == len(network.layers) else None,
    }
    if unit is not None:
        found["unit"] = _unit(snapshot, network, stage, unit, at)
    return dict(finite(found))


def _unit(
    snapshot: Snapshot, network: Network, stage: int, unit: int, at: tuple[float, float]
) -> dict[str, Any]:
    """Describe a unit at a point: every term of its sum, what follows, and its gradients."""
    i = dense_layers(network)[stage]
    layers = f"layers.{i}."
    W, b = network.parameters[f"{layers}W"], network.parameters[f"{layers}b"]
    if not 0 <= unit < len(b):
        raise SettingError(f"There is no unit {unit} in layer {stage}, which has {len(b)}.")
    seen = Pass.through(network, inputs_of(np.array([at]), snapshot.settings.features))
    x = (seen.outputs[i - 1] if i else seen.X)[0]
    write_gradients(snapshot, network)
    dW, db = network.gradients[f"{layers}W"], network.gradients[f"{layers}b"]
    active = activation_layers(network)
    last = active[stage] if stage < len(active) else i
    return {
        "x": x.tolist(),
        "w": W[:, unit].tolist(),
        "b": float(b[unit]),
        "z": float(seen.outputs[i][0, unit]),
        "outputs": [float(seen.outputs[k][0, unit]) for k in range(i, last + 1)],
        "p": _answer(snapshot, seen.Z, unit) if last == i else None,
        "dw": dW[:, unit].tolist(),
        "db": float(db[unit]),
    }


def _answer(snapshot: Snapshot, Z: Array, unit: int) -> float:
    loss: Any = snapshot.loss
    P = loss.probabilities(Z) if hasattr(loss, "probabilities") else Z
    return float(P[0, unit])
