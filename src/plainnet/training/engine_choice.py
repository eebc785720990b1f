"""Choose the engine of a training, once."""

from functools import cache

import numpy as np

from plainnet.network import Loss, Network
from plainnet.training.compiled import worth_compiling
from plainnet.training.engine import Engine
from plainnet.training.optimizer import Optimizer
from plainnet.training.position import Position
from plainnet.training.regularization import NONE, Regularization
from plainnet.training.schedules import Schedule


def engine_of(
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    regularization: Regularization = NONE,
    schedule: Schedule | None = None,
    at: Position | None = None,
    steps: int = 1,
    size: int = 1,
) -> Engine:
    """Return the engine for so many steps of this size: the compiled one if it is worth it."""
    steps = (steps + optimizer.t) * (at.trainings if at else 1)
    worth = network.xp is np and worth_compiling(steps, network, size)
    kind = _compiled_engine() if worth else Engine
    return kind(network, loss, optimizer, regularization, schedule, at, size)


@cache
def _compiled_engine() -> type[Engine]:
    from plainnet.training.compiled.engine import CompiledEngine

    return CompiledEngine
