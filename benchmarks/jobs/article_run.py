"""The article's own run: 1000 steps of gradient descent on 209 pictures, and its ten costs.

Timed from the pictures as bytes in memory to the trained weights: scaling the pixels counts, and
so does whatever a library prepares beforehand; importing it and reading the file do not.
"""

import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.cases import CASES
from benchmarks.jobs import Result, Settings
from benchmarks.problem import Array, Problem, Weights

SIZES = (12288, 100, 20, 1)
ITERATIONS = 1000
PRINTED = [0.697, 0.620, 0.599, 0.581, 0.564, 0.549, 0.534, 0.520, 0.506, 0.492]
"""The costs that the article prints, every 100 iterations."""
TOLERANCE = {"float32": 0.001, "float64": 0.0005}


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    pictures, y = read(settings.folder("catvnoncat"))
    form, dtype, costs_of = RUNS[contender]
    weights = draw()
    start = time.perf_counter()
    X = np.divide(pictures.reshape(len(pictures), -1), 255, dtype=dtype)
    costs = costs_of(X, y, weights, form)[:: ITERATIONS // 10]
    seconds = time.perf_counter() - start
    error = max(abs(a - b) for a, b in zip(costs, PRINTED, strict=True))
    tolerance = TOLERANCE[np.dtype(dtype).name]
    return {"seconds": seconds, "costs": costs, "error": error, "right": error <= tolerance}


def read(folder: Path) -> tuple[Array, Array]:
    import h5py  # type: ignore[import-untyped,import-not-found,unused-ignore]

    with h5py.File(folder / "train_catvnoncat.h5") as file:
        return file["train_set_x"][:], file["train_set_y"][:].astype(np.int64)


def draw() -> Weights:
    """The article's: NumPy's legacy generator, each matrix as (outputs, inputs). float64."""
    state = np.random.RandomState(10)
    shapes = list(pairwise(SIZES))
    return [(state.standard_normal((m, n)).T / np.sqrt(n), np.zeros(m)) for n, m in shapes]


def problem(X: Array, y: Array, weights: Weights) -> Problem:
    single = [(W.astype(np.float32), b.astype(np.float32)) for W, b in weights]
    return Problem(CASES["a"], single, X[None], y[None])


def ours(X: Array, y: Array, weights: Weights, form: str) -> list[float]:  # noqa: ARG001
    from benchmarks.contenders.ours import make_network
    from plainnet import GradientDescent, SigmoidCrossEntropy, train
    from plainnet.training.subspace import Subspace

    network = make_network(weights, X.dtype.type)
    loss, descent = SigmoidCrossEntropy(), GradientDescent(CASES["a"].learning_rate)
    targets = y.astype(X.dtype)
    with Subspace(network, descent, X) as small:
        how = small.network, loss, small.optimizer, small.X, targets
        return [epoch.loss for epoch in train(*how, epochs=ITERATIONS)]


def pytorch(X: Array, y: Array, weights: Weights, form: str) -> list[float]:
    from benchmarks.contenders.pytorch import Steps

    steps = Steps(problem(X, y, weights), form)
    images, labels = next(steps.stream)
    costs = []
    for i in range(ITERATIONS):
        steps.optimizer.zero_grad()
        cost = steps.loss(images, labels)
        cost.backward()  # type: ignore[no-untyped-call]
        steps.optimizer.step()
        if i % (ITERATIONS // 10) == 0:
            costs.append(cost.item())
    return [cost for cost in costs for _ in range(ITERATIONS // 10)]


def sklearn(X: Array, y: Array, weights: Weights, form: str) -> list[float]:  # noqa: ARG001
    from benchmarks.contenders.sklearn_mlp import Fits

    with warnings.catch_warnings():
        fitted = Fits(problem(X, y, weights)).fit(problem(X, y, weights), ITERATIONS)
    return [float(cost) for cost in fitted.loss_curve_]


def article(X: Array, y: Array, weights: Weights, form: str) -> list[float]:  # noqa: ARG001
    from benchmarks.contenders.article import Iterations

    iterations = Iterations(weights, X, y, CASES["a"].learning_rate)
    return [iterations.iterate() for _ in range(ITERATIONS)]


RUNS: dict[str, tuple[str, type, Callable[[Array, Array, Weights, str], list[float]]]] = {
    "ours": ("", np.float32, ours),
    "ours-float64": ("", np.float64, ours),
    "pytorch": ("", np.float32, pytorch),
    "pytorch-fused": ("fused", np.float32, pytorch),
    "pytorch-compile": ("compile", np.float32, pytorch),
    "sklearn": ("", np.float32, sklearn),
    "article": ("", np.float64, article),
}
