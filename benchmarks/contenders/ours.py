"""plainnet through its public functions: `train_step` batch by batch, or the whole `train`.

`train_step` does what the others do. `train` also shuffles the rows and gathers the batches; on a
full batch there is nothing to shuffle, and it trains in the span of the samples (`Subspace`).
`core` is `train_step` without the optional extras, `one` is `train` on one thread.
"""

import sys
from collections.abc import Callable
from itertools import cycle, islice

import numpy as np

from benchmarks.contenders import Predictor, Trainer
from benchmarks.problem import Array, Problem, Weights
from plainnet import (
    Adam,
    GradientDescent,
    Momentum,
    Network,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    set_threads,
    train,
    train_step,
)
from plainnet.training import Epochs, Optimizer, compiled, logits
from plainnet.training.subspace import Subspace

OPTIMIZERS: dict[str, Callable[[float], Optimizer]] = {
    "gradient descent": GradientDescent,
    "momentum": Momentum,
    "Adam": Adam,
}
FOR_EVER = 10**9


def trainer(problem: Problem, form: str) -> Trainer:
    compiled.WORK_BEFORE_COMPILING = 0  # so that the kernels are checked as well as timed
    if form == "core":
        sys.modules["numba"] = None  # type: ignore[assignment]  # as if it were not installed
    if form == "one":
        set_threads(1)
    return Stream(problem) if form in ("train", "one") else Steps(problem)


def predictor(weights: Weights, form: str) -> Predictor:  # noqa: ARG001
    network = make_network(weights)

    def predict(X: Array) -> Array:
        return network.forward(X) if len(X) == 1 else logits(network, X)

    return predict


class Steps:
    def __init__(self, problem: Problem) -> None:
        self.network = make_network(problem.weights)
        self.loss = make_loss(problem)
        self.optimizer = make_optimizer(problem)
        self.stream = cycle(list(zip(problem.X, targets(problem), strict=True)))

    def check(self, steps: int) -> Weights:
        self.run(steps)
        return weights_of(self.network)

    def run(self, steps: int) -> int:
        for X, y in islice(self.stream, steps):
            train_step(self.network, self.loss, self.optimizer, X, y)
        return steps


class Stream:
    """Each epoch goes over all batches, in an order of its own."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.network = make_network(problem.weights)
        rows, y = problem.X.reshape(-1, problem.X.shape[2]), targets(problem).reshape(-1)
        self.stream = stream(
            self.network, problem, rows, y, epochs=FOR_EVER, batch_size=problem.case.batch
        )

    def check(self, steps: int) -> Weights:
        """All steps on the first batch, whose rows keep their order."""
        one = self.problem.first(1)
        network = make_network(one.weights)
        for _ in stream(network, one, one.X[0], targets(one)[0], epochs=steps):
            pass
        return weights_of(network)

    def run(self, steps: int) -> int:
        done, batches = 0, len(self.problem.X)
        while done < steps:
            next(self.stream)
            done += batches
        return done


def stream(network: Network, problem: Problem, X: Array, y: Array, **given: int) -> Epochs:
    """Full batches in the span of the samples; the network is trained when the stream ends."""
    loss, optimizer = make_loss(problem), make_optimizer(problem)
    if not problem.case.full_batch:
        yield from train(network, loss, optimizer, X, y, **given)
        return
    with Subspace(network, optimizer, X) as small:
        yield from train(small.network, loss, small.optimizer, small.X, y, **given)


def make_network(weights: Weights, dtype: type = np.float32) -> Network:
    network = Network.dense([len(weights[0][0]), *(len(b) for _, b in weights)], dtype=dtype)
    own = iter(network.parameters.values())
    for value, given in zip(own, [W for W, _ in weights] + [b for _, b in weights], strict=True):
        value[...] = given  # all weights first, then all biases
    return network


def weights_of(network: Network) -> Weights:
    values = [value.copy() for value in network.parameters.values()]
    half = len(values) // 2
    return list(zip(values[:half], values[half:], strict=True))


def make_loss(problem: Problem) -> SigmoidCrossEntropy | SoftmaxCrossEntropy:
    return SigmoidCrossEntropy() if problem.case.loss == "sigmoid" else SoftmaxCrossEntropy()


def make_optimizer(problem: Problem) -> Optimizer:
    return OPTIMIZERS[problem.case.optimizer](problem.case.learning_rate)


def targets(problem: Problem) -> Array:
    return problem.y.astype(np.float32) if problem.case.loss == "sigmoid" else problem.y
