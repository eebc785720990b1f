"""The kernels of usual trainings and answers, compiled before they are needed.

Each part is compiled in a process of its own, by tiny trainings that use its kernels: so they are
compiled for the arguments that trainings give them.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

import numpy as np

from plainnet.errors import FileError, MissingExtraError, PlainnetError
from plainnet.network import (
    BatchNorm2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    Network,
    PiecewiseLinear,
    ReLU,
    SoftmaxCrossEntropy,
    Tanh,
)
from plainnet.training import Adam, Momentum, Regularization, compiled, fit
from plainnet.training.averaging import Average
from plainnet.training.processes import end_with
from plainnet.training.threads import processors


@dataclass(frozen=True)
class CompiledPart:
    """What one process has compiled."""

    part: str
    """The name of the part."""
    compiled: tuple[str, ...]
    """The kernels that were compiled; none if all were stored already."""
    seconds: float
    """How long it took, with the start of the compiler."""
    folders: tuple[str, ...]
    """Where they are stored."""


def _steps() -> None:
    for dtype in (np.float32, np.float64):
        averaged = Regularization(average=Average())
        X, y = np.ones((4, 3), dtype), np.array([0, 1, 0, 1])
        _fit(Network.dense([3, 4, 2], dropout=0.1, dtype=dtype), X, y, Adam())
        by_layers = [Network.dense([3, 4, 2], activation=Tanh, dtype=dtype) for _ in range(2)]
        _fit(by_layers[0], X, y, Adam(), regularization=averaged)
        _fit(by_layers[1], X, y, Momentum())


def _convolutions() -> None:
    layers: list[Any] = [Conv2D((8, 8, 3), 4)]
    layers += [BatchNorm2D(layers[-1].shape_out), ReLU(), MaxPool2D((8, 8, 4))]
    layers += [DepthwiseConv2D((4, 4, 4)), BatchNorm2D((4, 4, 4)), ReLU(), Conv2D((4, 4, 4), 4, 1)]
    layers += [Conv2D((4, 4, 4), 4, stride=2), GlobalAveragePool2D((2, 2, 4)), Dense(4, 2)]
    network = Network(layers)
    _fit(network, np.ones((4, 192), np.float32), np.array([0, 1, 0, 1]), Adam())
    from plainnet.training.compiled.picture_stack import picture_outputs

    picture_outputs(network, np.ones((4, 192), np.float32))


def _answers() -> None:
    from plainnet.training.compiled.answering import table_outputs

    edges = [[0.0, 0.5, 1.0]] * 3
    layers: list[Layer] = [PiecewiseLinear(edges), Dense(6, 4), ReLU(), Dense(4, 2)]
    code = compiled.load_answer_kernels()
    if code is not None and (outputs := table_outputs(Network(layers), code)) is not None:
        outputs(np.ones((4, 3), np.float32))


def _augmentation() -> None:
    from plainnet.pictures.augment.augmentation import Augmentation

    for channels in (1, 3):
        raw = np.ones((1, 8, 8, channels), np.uint8)
        for elastic in (0, 0.1):
            varied = Augmentation(flip=0.5, elastic=elastic)
            varied(raw, raw.copy(), np.random.default_rng(0), fuse=True)


def _fit(network: Network, X: Any, y: Any, optimizer: Any, **how: Any) -> None:
    fit(network, SoftmaxCrossEntropy(), optimizer, X, y, epochs=2, batch_size=2, **how)


PARTS: Mapping[str, Callable[[], None]] = {
    "training steps": _steps,
    "convolutions": _convolutions,
    "answers to tables": _answers,
    "augmentation": _augmentation,
}
"""What has kernels that are compiled together."""


def compile_ahead() -> Iterator[CompiledPart]:
    """Compile all parts at once, one on each processor; yield each when it is done.

    Raises:
        MissingExtraError: numba or SciPy is not installed.
        KernelError: a kernel cannot be compiled.
        FileError: the kernels cannot be stored.
        PlainnetError: a process was killed.
    """
    if any(find_spec(name) is None for name in ("numba", "scipy")):
        raise MissingExtraError.of("Compiling", "numba", "scipy", extra="fast")
    workers, spawn = min(processors(), len(PARTS)), get_context("spawn")
    with ProcessPoolExecutor(
        workers, spawn, end_with, (os.getpid(),), max_tasks_per_child=1
    ) as pool:
        try:
            for done in as_completed([pool.submit(compile_part, name) for name in PARTS]):
                yield done.result()
        except BrokenProcessPool as error:
            raise PlainnetError(
                "A process that compiled was killed, most often for want of memory; compile one "
                "part after another, with --threads 1."
            ) from error


def compile_part(name: str) -> CompiledPart:
    """Compile a part, in a process that does nothing else: kernels no longer wait in it.

    Raises:
        KernelError, FileError: see `compile_ahead`.
    """
    start = time.perf_counter()
    compiled.WORK_BEFORE_COMPILING = 0
    PARTS[name]()
    from plainnet.training.compiled.storage import compiled_here, folders_used, not_stored

    if compiled.failures():
        raise compiled.failures()[0]
    if not_stored:
        raise FileError(
            f"Compiled kernels cannot be stored ({not_stored[0]}); name a folder that can be "
            "written to in the environment variable NUMBA_CACHE_DIR."
        )
    seconds = time.perf_counter() - start
    return CompiledPart(name, tuple(compiled_here), seconds, tuple(sorted(folders_used)))
