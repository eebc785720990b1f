"""Nothing but the matrix products of a step, into arrays that are there already: the limit.

Of each layer X W, Xᵀ dY and, for all but the first, dY Wᵀ, in the shapes and the dtype of the
case. No bias, activation, loss or update.
"""

from itertools import pairwise

import numpy as np

from benchmarks.contenders import Trainer
from benchmarks.problem import Array, Problem, Weights


def trainer(problem: Problem, form: str) -> Trainer:
    return InNumPy(problem) if form == "numpy" else InPyTorch(problem)


def activations(problem: Problem) -> list[Array]:
    """An array for what goes in and out of each layer, `(N, n)`."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((problem.case.batch, n), np.float32) for n in problem.case.sizes]


class InNumPy:
    def __init__(self, problem: Problem) -> None:
        A, dA = activations(problem), activations(problem)
        weights = [W for W, _ in problem.weights]
        self.forward = [(X, W, Y) for (X, Y), W in zip(pairwise(A), weights, strict=True)]
        layers = zip(A[:-1], weights, dA[1:], dA[:-1], strict=True)
        self.backward = [(X, W, np.empty_like(W), dY, dX) for X, W, dY, dX in layers][::-1]

    def check(self, steps: int) -> Weights | None:  # noqa: ARG002
        return None

    def run(self, steps: int) -> int:
        first = len(self.backward) - 1
        for _ in range(steps):
            for X, W, Y in self.forward:
                np.matmul(X, W, out=Y)
            for i, (X, W, dW, dY, dX) in enumerate(self.backward):
                np.matmul(X.T, dY, out=dW)
                if i < first:
                    np.matmul(dY, W.T, out=dX)
        return steps


class InPyTorch:
    """The same by PyTorch's library for matrix products, its weights as `(n_out, n_in)`."""

    def __init__(self, problem: Problem) -> None:
        import torch

        self.mm = torch.mm
        A, dA = ([torch.from_numpy(B) for B in activations(problem)] for _ in range(2))
        weights = [torch.from_numpy(W.T.copy()) for W, _ in problem.weights]
        self.forward = [(X, W, Y) for (X, Y), W in zip(pairwise(A), weights, strict=True)]
        layers = zip(A[:-1], weights, dA[1:], dA[:-1], strict=True)
        self.backward = [(X, W, torch.empty_like(W), dY, dX) for X, W, dY, dX in layers][::-1]

    def check(self, steps: int) -> Weights | None:  # noqa: ARG002
        return None

    def run(self, steps: int) -> int:
        mm, first = self.mm, len(self.backward) - 1
        for _ in range(steps):
            for X, W, Y in self.forward:
                mm(X, W.T, out=Y)
            for i, (X, W, dW, dY, dX) in enumerate(self.backward):
                mm(dY.T, X, out=dW)
                if i < first:
                    mm(dY, W, out=dX)
        return steps
