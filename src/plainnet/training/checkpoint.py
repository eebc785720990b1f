"""Capture and restore everything that the next step of a training depends on: a checkpoint.

A training continued from a checkpoint equals one that was never interrupted, to the last bit.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from plainnet.checks import check_number
from plainnet.errors import DataError
from plainnet.files.schema import read
from plainnet.network import Array, Network, Rng
from plainnet.network.arrays import on_host
from plainnet.training.averaging import Average
from plainnet.training.devices import bring
from plainnet.training.optimizer import Optimizer
from plainnet.training.position import Position


def capture(
    network: Network,
    optimizer: Optimizer,
    position: Position,
    generators: Mapping[str, Rng],
    average: Average | None = None,
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the tensors and the JSON facts of a training between two batches.

    Args:
        network: the network, whose layers' generators are captured too.
        optimizer: the optimizer with its memory.
        position: the position of the training.
        generators: the other generators of the training, by name.
        average: the running mean of the parameters, if there is one.
    """
    tensors = {"theta": network.theta.copy()}
    tensors |= {f"state.{name}": value.copy() for name, value in network.state.items()}
    tensors |= {f"optimizer.{name}": value for name, value in optimizer.state().items()}
    if average is not None and average.t:
        tensors |= {f"average.{name}": value for name, value in average.state().items()}
    facts = {
        "position": asdict(position),
        "learning_rate": float(optimizer.learning_rate),
        "generators": {
            name: rng.bit_generator.state for name, rng in _all(network, generators).items()
        },
    }
    return {name: on_host(value) for name, value in tensors.items()}, facts


def restore(
    tensors: Mapping[str, Array],
    facts: Mapping[str, Any],
    network: Network,
    optimizer: Optimizer,
    position: Position,
    generators: Mapping[str, Rng],
    average: Average | None = None,
) -> None:
    """Restore a checkpoint into objects that were made with the same settings.

    Raises:
        DataError: they were not: another network, optimizer or generator.
        KeyError, TypeError, ValueError, OverflowError: `capture` did not make this checkpoint.
    """
    rngs = _all(network, generators)
    theta = tensors["theta"]
    if theta.shape != network.theta.shape or theta.dtype != network.dtype:
        raise DataError(
            f"The checkpoint holds {theta.size:,} parameters ({theta.dtype}), but the network has "
            f"{network.n_parameters:,} ({network.dtype}); continue with the original settings."
        )
    if {*facts["generators"]} != {*rngs}:
        raise DataError(
            f"The checkpoint holds the generators {sorted(facts['generators'])}, but the training "
            f"draws from {sorted(rngs)}; continue with the original settings."
        )
    _check_tensors(tensors, network)
    at = _position(facts["position"])
    bring(network, optimizer, average)
    if at.order:  # check that it is the state of a generator
        type(next(iter(rngs.values())).bit_generator)().state = at.order
    network.theta[...] = network.xp.asarray(theta)
    for name, value in network.state.items():
        value[...] = network.xp.asarray(tensors[f"state.{name}"])
    optimizer.learning_rate = check_number("learning rate", facts["learning_rate"], "[0, inf)")
    optimizer.restore(named(tensors, "optimizer."))
    averaged = named(tensors, "average.")
    if average is not None and (averaged or at.steps):  # before the first step there is none
        average.restore(averaged)
    for name, state in facts["generators"].items():
        rngs[name].bit_generator.state = state
    for part in fields(Position):
        setattr(position, part.name, getattr(at, part.name))


def _check_tensors(tensors: Mapping[str, Array], network: Network) -> None:
    """Raise a DataError if a tensor is unknown or does not fit this network."""
    state = {f"state.{name}": value.shape for name, value in network.state.items()}
    for name, value in tensors.items():
        if name in ("optimizer.t", "average.t"):
            fits = value.shape == () and value.dtype.kind in "iu" and int(value) >= 0
        else:
            known = name == "theta" or name.startswith(("optimizer.", "average.")) or name in state
            shape = state.get(name, network.theta.shape)
            fits = known and (value.shape, value.dtype) == (shape, network.dtype)
        if not fits:
            raise DataError(
                f"The checkpoint's tensor {name!r:.60}, {value.dtype} {value.shape}, does not fit "
                "the training; continue with the original settings."
            )


def _position(stored: Any) -> Position:
    """Read and check a position that `capture` has stored."""
    at: Position = read(Position, stored, "position", later=("threads",))
    if at.batches and not (at.counted > 0 and at.order):
        raise DataError("The checkpoint lacks the state of its unfinished epoch; train again.")
    return at


def named(tensors: Mapping[str, Array], beginning: str) -> dict[str, Array]:
    """Return the tensors whose names have this beginning, with it removed."""
    return {
        name.removeprefix(beginning): value
        for name, value in tensors.items()
        if name.startswith(beginning)
    }


def _all(network: Network, generators: Mapping[str, Rng]) -> dict[str, Rng]:
    """Return all generators of the training by name, also those of layers."""
    own = {f"layers.{i}": layer.rng for i, layer in enumerate(network.layers)}
    return {**generators, **{name: rng for name, rng in own.items() if rng is not None}}
