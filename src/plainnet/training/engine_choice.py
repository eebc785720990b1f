"""Choose the engine of a training, once."""

from functools import cache

import numpy as np

from plainnet.network import Loss, Network
from plainnet.training.compiled import worth_compiling, worth_loading
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
    steps: int | None = None,
    size: int = 1,
) -> Engine:
    """Return the engine for so many steps of this size: the compiled one if it is worth it.

    If nobody knows how many steps follow (None), it is after those of a second of work.
    """
    in_all = ((steps or 0) + optimizer.t) * (at.trainings if at else 1)
    is_worth = worth_compiling if steps is None else worth_loading
    worth = network.xp is np and is_worth(in_all, network, size)
    kind = _compiled_engine() if worth else Engine
    return kind(network, loss, optimizer, regularization, schedule, at, size)


@cache
def _compiled_engine() -> type[Engine]:
    from plainnet.training.compiled.engine import CompiledEngine

    return CompiledEngine
