"""The networks of an ensemble trained at the same time, each in another process."""

from collections.abc import Generator
from contextlib import nullcontext
from copy import copy
from typing import NamedTuple

from plainnet.errors import DivergedError, FileError
from plainnet.models.checkpoint import Checkpoint, network_file
from plainnet.models.ensemble import EnsembleMember
from plainnet.models.model import Model
from plainnet.models.one_network import begin, member_of, watched
from plainnet.training import Epoch
from plainnet.training.processes import Processes


class Trained(NamedTuple):
    """What another process has come to."""

    member: EnsembleMember
    history: list[Epoch]
    """All epochs of the network."""
    resumed: int
    """How many of them are of an earlier training, which it resumed."""
    error: DivergedError | None
    """Why it could not go on."""
    trouble: FileError | None
    """Why the latest checkpoint was not written."""


def trained_elsewhere(
    model: Model, first: int, checkpoint: Checkpoint | None, data: str, processes: Processes
) -> Generator[Trained | None, None, None]:
    """Yield the networks in order, each as soon as all before are there.

    After a stop some have few epochs, and those that had not begun are None.

    Args:
        model: with samples, inputs and answers.
        first: the number of the first network.
        checkpoint: the files to write, and to resume from.
        data: the `fingerprint` of the samples.
        processes: who trains.
    """
    bare = copy(model)
    bare.networks, bare.history = [], []
    numbers = range(first, model.resolved_recipe.ensemble)
    with checkpoint.shared() if checkpoint else nullcontext():
        yield from processes.in_order(_train, numbers, bare, checkpoint, data)


def _train(number: int, model: Model, checkpoint: Checkpoint | None, data: str) -> Trained | None:
    """Train one network, in another process."""
    if checkpoint is not None:
        if checkpoint.stopping:
            return None
        checkpoint.resume = network_file(checkpoint.path, number).exists()
    training, epochs = begin(model, number, checkpoint, data)
    resumed, error = len(training.history), None
    try:
        for _ in watched(epochs, model, training, checkpoint):
            pass
    except DivergedError as diverged:
        error = diverged
    trouble = checkpoint.trouble if checkpoint else None
    return Trained(member_of(model, training), training.history, resumed, error, trouble)
