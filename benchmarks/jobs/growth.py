"""How cost grows: time and memory of an epoch at 1, 10 and 100 times samples, width and depth."""

from dataclasses import dataclass

import numpy as np

from benchmarks.cases import Case
from benchmarks.clock import peak_memory, per_step
from benchmarks.contenders import CONTENDERS
from benchmarks.jobs import Result, Settings
from benchmarks.problem import Problem, draw_weights

FACTORS = (1, 10, 100)
AXES = {"samples": 1000, "width": 20, "depth": 2}
"""What is multiplied, and its value at 1×: rows, units of each hidden layer, hidden layers."""
FEATURES, CLASSES, BATCH = 100, 10, 100
SHOWN = ("ours-train", "pytorch-fused", "sklearn")


@dataclass(frozen=True)
class Point:
    """A place on one of the axes; they meet at 1×."""

    axis: str
    factor: int

    @property
    def key(self) -> str:
        return f"growth-{self.axis}-{self.factor}" if self.factor > 1 else "growth-1"

    def value(self, axis: str) -> int:
        return AXES[axis] * (self.factor if axis == self.axis else 1)

    def problem(self) -> Problem:
        hidden = (self.value("width"),) * self.value("depth")
        case = Case("growth", (FEATURES, *hidden, CLASSES), BATCH, "Adam", 0.001)
        rng = np.random.default_rng(0)
        batches = self.value("samples") // BATCH
        X = rng.standard_normal((batches, BATCH, FEATURES), np.float32)
        y = rng.integers(0, CLASSES, (batches, BATCH))
        return Problem(case, draw_weights(case.sizes, rng), X, y)


POINTS = {point.key: point for point in (Point(axis, f) for axis in AXES for f in FACTORS)}


def run(job: str, contender: str, settings: Settings) -> Result:
    """Seconds of an epoch."""
    problem = POINTS[job].problem()
    who = CONTENDERS[contender]
    timing = per_step(who.trainer(problem).run, block=settings.block, blocks=2, pieces=who.pieces)
    return {"seconds": timing.to_dict()["seconds"] * len(problem.X), "peak": peak_memory()}
