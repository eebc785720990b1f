"""RealMLP-TD-S (Holzmüller, Grinsztajn, Steinwart 2024) beside the paper's formulas in PyTorch."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from laws import normal
from numpy.typing import DTypeLike

from plainnet.network import (
    SELU,
    Array,
    DenseNTP,
    Layer,
    Loss,
    MeanSquaredError,
    Mish,
    Network,
    Parametric,
    Scaling,
    SoftmaxCrossEntropy,
    zeros,
)
from plainnet.training import Adam, InputPipeline, compiled, fit, schedules

torch: Any = pytest.importorskip("torch")
F: Any = torch.nn.functional
torch.set_num_threads(1)

N_STEPS, BATCH, N_IN, WIDTH, N_CLASSES = 10, 32, 6, 24, 4
X: Array = normal(N_STEPS * BATCH, N_IN, seed=1)
RATE_FACTORS = {"gamma": 6.0, "W": 1.0, "b": 0.1, "alpha": 0.1}

Task = tuple[Layer, Loss, int, Array, float, Callable[[Any], Any], Callable[[Any, Any], Any]]
TASKS: dict[str, Task] = {
    "classification": (
        *(SELU(), SoftmaxCrossEntropy(smoothing=0.1), N_CLASSES),
        *(np.digitize(X[:, 0] * X[:, 1], [-0.5, 0, 0.5]), 0.04, F.selu),
        lambda Z, y: F.cross_entropy(Z, y, label_smoothing=0.1),
    ),
    "regression": (
        *(Mish(), MeanSquaredError(), 1, X[:, 0] * X[:, 1] - X[:, 2], 0.07, F.mish),
        lambda Z, y: ((Z[:, 0] - y) ** 2).mean(),
    ),
}


def realmlp(
    activation: Layer, n_out: int, dtype: DTypeLike, *, parametric: bool = False
) -> Network:
    name = {SELU: "selu", Mish: "mish"}[type(activation)]

    def f() -> Layer:
        return Parametric(WIDTH, name) if parametric else type(activation)()

    hidden = [N_IN, WIDTH, WIDTH, WIDTH]
    layers: list[Layer] = [Scaling(N_IN)]
    for n_in, n in pairwise(hidden):
        layers += [DenseNTP(n_in, n), f()]
    return Network([*layers, DenseNTP(WIDTH, n_out, zeros)], dtype=dtype)


def coslog4(t: float) -> float:
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t)))


class Theirs:
    """The same network in PyTorch, with the same start."""

    def __init__(self, network: Network, f: Callable[[Any], Any], rate: float) -> None:
        self.f, self.rate = f, rate
        self.parameters = {
            name: torch.tensor(value.copy(), requires_grad=True)
            for name, value in network.parameters.items()
        }
        self.groups = [
            {"params": [p], "factor": RATE_FACTORS[name.rsplit(".", 1)[1]]}
            for name, p in self.parameters.items()
        ]
        self.optimizer = torch.optim.Adam(self.groups, lr=rate, betas=(0.9, 0.95), eps=1e-8)
        self.last = len(network.layers) - 1

    def forward(self, X: Any) -> Any:
        P = self.parameters
        A = X * P["layers.0.gamma"]
        for i in range(1, self.last + 1, 2):
            W = P[f"layers.{i}.W"]
            A = (1 / math.sqrt(len(W))) * A @ W + P[f"layers.{i}.b"]
            if i < self.last:
                alpha = P.get(f"layers.{i + 1}.alpha", 1)
                A = A + alpha * (self.f(A) - A)
        return A

    def step(self, X: Any, y: Any, loss: Callable[[Any, Any], Any], t: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * group["factor"] * coslog4(t)
        self.optimizer.zero_grad()
        J = loss(self.forward(X), y)
        J.backward()
        self.optimizer.step()
        return float(J.item())


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-6)])
@pytest.mark.parametrize("parametric", [False, True])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("compiling", [False, True])
def test_ten_steps(
    task: str,
    parametric: bool,
    compiling: bool,
    dtype: DTypeLike,
    tolerance: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0 if compiling else 1e99)
    activation, loss, n_out, y, rate, f, their_loss = TASKS[task]
    network = realmlp(activation, n_out, dtype, parametric=parametric)
    theirs, start = Theirs(network, f, rate), network.theta.copy()
    samples = X.astype(dtype)
    targets = y if n_out > 1 else y.astype(dtype)
    their_J = [
        theirs.step(
            torch.tensor(samples[part]), torch.tensor(targets[part]), their_loss, i / N_STEPS
        )
        for i, part in enumerate(slice(k, k + BATCH) for k in range(0, len(X), BATCH))
    ]
    (epoch,) = fit(
        network,
        loss,
        Adam(rate, beta2=0.95),
        samples,
        targets,
        epochs=1,
        batch_size=BATCH,
        schedule=schedules.coslog(rate, N_STEPS),
        pipeline=InputPipeline(order=np.arange),
    )
    assert epoch.loss == pytest.approx(np.mean(their_J), abs=tolerance)
    for name, value in network.parameters.items():
        their_value = theirs.parameters[name].detach().numpy()
        np.testing.assert_allclose(value, their_value, rtol=tolerance, atol=tolerance, err_msg=name)
    assert abs(network.theta - start).max() > 0.05
    answers = theirs.forward(torch.tensor(samples)).detach().numpy()
    np.testing.assert_allclose(network.predict(samples), answers, rtol=0, atol=10 * tolerance)
