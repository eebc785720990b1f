"""Eight networks 20-100-2 on the same 2,000 rows, 20 epochs in batches of 200, and their mean."""

import time
import warnings
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.jobs import Result, Settings

NETWORKS, ROWS, EPOCHS, BATCH, UNITS = 8, 2_000, 20, 200, 100
LIKELY = 0.9
"""The share of the rows that an ensemble answers rightly, at least."""


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, 20), np.float32)
    y = (X[:, :5].sum(axis=1) > 0).astype(np.int64)
    learn, seconds, right = LEARNERS[contender], [], []
    for _ in range(2 if settings.quick else 4):
        start = time.perf_counter()
        P = learn(X, y)
        seconds.append(time.perf_counter() - start)
        right.append(float((P.argmax(axis=1) == y).mean()))
    return {"seconds": min(seconds[1:]), "error": 1 - min(right), "right": min(right) > LIKELY}


def ours(X: Any, y: Any) -> Any:
    from plainnet import Classifier

    model = Classifier(
        hidden=(UNITS,),
        activation="relu",
        encoding="none",
        ensemble=NETWORKS,
        variants=("usual",),
        bagging="none",
        dropout=0,
        epochs=EPOCHS,
        batch_size=BATCH,
        learning_rate=0.003,
        validation_share=0.0,
        patience=0,
        averaging=0,
    )
    return model.fit(X, y).predict_proba(X)


def sklearn(X: Any, y: Any) -> Any:
    from sklearn.ensemble import BaggingClassifier
    from sklearn.neural_network import MLPClassifier

    one = MLPClassifier(
        (UNITS,), alpha=0, batch_size=BATCH, learning_rate_init=0.003, max_iter=EPOCHS
    )
    model = BaggingClassifier(one, NETWORKS, bootstrap=False, n_jobs=None, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        return model.fit(X, y).predict_proba(X)


def pytorch(X: Any, y: Any) -> Any:
    """All networks in one batched product."""
    import torch

    torch.manual_seed(0)
    sizes = (20, UNITS, 2)
    W, V = (
        (torch.randn(NETWORKS, a, b) * (2 / a) ** 0.5).requires_grad_() for a, b in pairwise(sizes)
    )
    b, c = (torch.zeros(NETWORKS, 1, n, requires_grad=True) for n in sizes[1:])
    optimizer = torch.optim.Adam([W, b, V, c], 0.003, fused=True)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)

    def forward(X: Any) -> Any:
        return torch.baddbmm(c, torch.baddbmm(b, X, W).relu(), V)

    for _ in range(EPOCHS):
        orders = torch.stack([torch.randperm(ROWS) for _ in range(NETWORKS)])
        for rows in orders.split(BATCH, dim=1):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            Z = forward(inputs[rows])
            J = torch.nn.functional.cross_entropy(Z.transpose(1, 2), targets[rows])
            (NETWORKS * J).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.inference_mode():
        return forward(inputs.expand(NETWORKS, -1, -1)).softmax(2).mean(0).numpy()


LEARNERS = {"ours": ours, "sklearn": sklearn, "pytorch-fused": pytorch}
