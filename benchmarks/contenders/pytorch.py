"""PyTorch as it is written by hand: zero_grad, loss, backward, step; never `.item()`.

`fused` uses the optimizer's fused kernel, `compile` compiles network and loss on top of that.
"""

from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.contenders import Predictor
from benchmarks.problem import Array, Problem, Weights

LossOf = Callable[[Tensor, Tensor], Tensor]


def trainer(problem: Problem, form: str) -> "Steps":
    return Steps(problem, form)


def predictor(weights: Weights, form: str) -> Predictor:
    model = make_model(weights)
    answer = torch.compile(model) if form == "compile" else model

    def predict(X: Array) -> Array:
        with torch.inference_mode():
            logits: Array = answer(torch.from_numpy(X)).numpy()
        return logits

    return predict


class Steps:
    def __init__(self, problem: Problem, form: str) -> None:
        self.model = make_model(problem.weights)
        self.optimizer = make_optimizer(
            self.model, problem.case.optimizer, problem.case.learning_rate, fused=form != ""
        )
        self.loss = loss_of(self.model, problem.case.loss)
        if form == "compile":
            self.loss = torch.compile(self.loss)
        y = problem.y
        if problem.case.loss == "sigmoid":
            y = y.astype(np.float32)[..., None]
        self.stream = cycle(
            list(zip(torch.from_numpy(problem.X), torch.from_numpy(y), strict=True))
        )

    def check(self, steps: int) -> Weights:
        self.run(steps)
        return weights_of(self.model)

    def run(self, steps: int) -> int:
        for X, y in islice(self.stream, steps):
            self.optimizer.zero_grad()
            self.loss(X, y).backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
        return steps


def make_model(weights: Weights) -> nn.Sequential:
    layers: list[nn.Module] = []
    for W, b in weights:
        linear = nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def weights_of(model: nn.Sequential) -> Weights:
    theta = [p.detach().numpy().copy() for p in model.parameters()]
    return [(W.T, b) for W, b in zip(theta[::2], theta[1::2], strict=True)]


def loss_of(model: nn.Module, loss: str) -> LossOf:
    criterion: Any = F.cross_entropy
    if loss == "sigmoid":
        criterion = F.binary_cross_entropy_with_logits

    def value(X: Tensor, y: Tensor) -> Tensor:
        J: Tensor = criterion(model(X), y)
        return J

    return value


def make_optimizer(model: nn.Module, name: str, rate: float, *, fused: bool) -> Any:
    kernel = True if fused else None
    if name == "Adam":
        return torch.optim.Adam(model.parameters(), lr=rate, fused=kernel)
    momentum = 0.9 if name == "momentum" else 0.0
    return torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum, fused=kernel)
