"""Answers of a trained network of case (b): one row, a few, or 10,000 at once."""

from itertools import cycle, islice

import numpy as np

from benchmarks.cases import CASES
from benchmarks.clock import peak_memory, per_step
from benchmarks.contenders import CONTENDERS
from benchmarks.jobs import Result, Settings
from benchmarks.problem import Array, Problem
from benchmarks.reference import activations, probabilities

TOLERANCE = 1e-4
"""Of a probability."""
GIVES_PROBABILITIES = {"sklearn"}


def run(job: str, contender: str, settings: Settings) -> Result:
    weights = Problem.of(CASES["b"]).weights
    predict = CONTENDERS[contender].predictor(weights)
    rows = int(job.removeprefix("predict-"))
    inputs = draw(rows)

    def some(steps: int) -> int:
        for X in islice(cycle(inputs), steps):
            predict(X)
        return steps

    error = 0.0
    for X in inputs[:4]:
        answer = np.array(predict(X), np.float64)
        P = answer if contender in GIVES_PROBABILITIES else probabilities(answer)
        error = max(error, float(abs(P - probabilities(activations(weights, X)[-1])).max()))
    timing = per_step(some, block=settings.block, blocks=settings.blocks).to_dict()
    return {**timing, "peak": peak_memory(), "error": error, "right": error <= TOLERANCE}


def draw(rows: int) -> list[Array]:
    """Some different inputs of so many rows."""
    rng = np.random.default_rng(rows)
    return [rng.standard_normal((rows, 784), np.float32) for _ in range(16 if rows < 100 else 1)]
