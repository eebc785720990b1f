"""A training step of the network that tables of classes get by default.

Ten columns of numbers in 32 bins each, a learned piecewise-linear encoding, two members that share
two hidden layers of 128 units; batch 256, Adam. Ours through `train`.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.clock import peak_memory, per_step
from benchmarks.jobs import Result, Settings

ROWS, COLUMNS, BINS, LENGTH, MEMBERS, UNITS, BATCH, RATE = 5_120, 10, 32, 16, 2, 128, 256, 0.006
LEAST_STEPS = 1000
"""Steps before those that are timed; ours run in kernels from then on."""
LEARNED = 0.6
"""The loss at the end must be below: at the start it is 0.69."""
Run = Callable[[int], int]


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, COLUMNS), np.float32)
    y = ((X[:, 0] > 0) ^ (X[:, 1] > 0.5)).astype(np.float32)
    edges = np.quantile(X, np.linspace(0, 1, BINS + 1), axis=0).T
    learn, loss_of = (of_plainnet if contender == "ours" else of_pytorch)(X, y, edges)
    learn(LEAST_STEPS)
    timing = per_step(learn, block=settings.block, blocks=settings.blocks).to_dict()
    loss = loss_of()
    return {**timing, "peak": peak_memory(), "error": loss, "right": loss < LEARNED}


def of_plainnet(X: Any, y: Any, edges: Any) -> tuple[Run, Callable[[], float]]:
    from plainnet import Adam, Dense, Network, ReLU, SigmoidCrossEntropy, train
    from plainnet import network as layers

    loss = layers.MeanOverMembers(SigmoidCrossEntropy(), MEMBERS, 1)
    hidden = [(Dense(n, UNITS), ReLU()) for n in (COLUMNS * LENGTH, UNITS)]
    network = Network(
        [
            layers.PiecewiseLinearEmbedding(edges.tolist(), LENGTH),
            layers.MemberScaling(COLUMNS * LENGTH, MEMBERS, [LENGTH] * COLUMNS),
            layers.PerMember(MEMBERS, [*itertools.chain(*hidden)]),
            layers.MemberDense(UNITS, 1, MEMBERS),
            layers.SigmoidMemberMean(1, MEMBERS),
        ]
    )
    epochs = train(network, loss, Adam(RATE), X, y, epochs=10**6, batch_size=BATCH)
    last = [1.0]

    def learn(steps: int) -> int:
        done = 0
        while done < steps:
            last[0] = next(epochs).loss
            done += ROWS // BATCH
        return done

    return learn, lambda: last[0]


def of_pytorch(X: Any, y: Any, edges: Any) -> tuple[Run, Callable[[], float]]:
    import torch
    from torch import nn
    from torch.nn import functional as F

    lower, width = (torch.tensor(A, dtype=torch.float32) for A in (edges[:, :-1], np.diff(edges)))

    class Table(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.empty(COLUMNS, LENGTH).uniform_(-0.25, 0.25))
            self.b = nn.Parameter(torch.empty(COLUMNS, LENGTH).uniform_(-0.25, 0.25))
            self.V = nn.Parameter(torch.zeros(COLUMNS, BINS, LENGTH))
            self.r = nn.Parameter(torch.randn(MEMBERS, COLUMNS * LENGTH))
            self.hidden = nn.Sequential(
                *(nn.Linear(COLUMNS * LENGTH, UNITS), nn.ReLU()),
                *(nn.Linear(UNITS, UNITS), nn.ReLU()),
            )
            self.head = nn.Parameter(torch.empty(MEMBERS, UNITS).uniform_(-0.09, 0.09))

        def forward(self, x: Any) -> Any:
            P = ((x[:, :, None] - lower) / width).clamp(0, 1)
            E = x[:, :, None] * self.w + self.b + torch.einsum("ncb,cbl->ncl", P, self.V)
            A = self.hidden(E.reshape(len(x), 1, -1) * self.r)
            return (A * self.head).sum(2)

    torch.manual_seed(0)
    model, inputs, targets = Table(), torch.from_numpy(X), torch.from_numpy(y)[:, None]
    optimizer = torch.optim.Adam(model.parameters(), RATE, fused=True)
    last = [torch.ones(())]

    def learn(steps: int) -> int:
        for rows in itertools.islice(batches(), steps):
            optimizer.zero_grad()
            Z = model(inputs[rows])
            J = F.binary_cross_entropy_with_logits(Z, targets[rows].expand_as(Z))
            J.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            last[0] = J.detach()
        return steps

    def batches() -> Any:
        while True:
            yield from torch.randperm(ROWS).split(BATCH)  # type: ignore[no-untyped-call]

    return learn, lambda: float(last[0])
