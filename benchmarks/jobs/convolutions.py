"""A training step of a network of convolutions, one thread: see `benchmarks/convolution.py`."""

import os

import numpy as np

from benchmarks.clock import peak_memory, per_step
from benchmarks.convolution import CASES, ONE_THREAD, of_plainnet, of_pytorch
from benchmarks.jobs import Result, Settings


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    os.environ.update(ONE_THREAD)
    side, N, layers = next(iter(CASES.values()))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(N, side, side, 3)).astype(np.float32), rng.integers(0, 10, N)
    step, _ = (of_plainnet if contender == "ours" else of_pytorch)(layers, X, y)

    def some(steps: int) -> int:
        for _ in range(steps):
            if step is not None:
                step()
        return steps

    timing = per_step(some, block=settings.block, blocks=settings.blocks, pieces=1)
    return timing.to_dict() | {"peak": peak_memory()}
