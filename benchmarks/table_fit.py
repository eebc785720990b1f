"""One method on one split of one table: its scores on the test part, and its processor time."""

import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import compose, ensemble, impute, linear_model, neural_network, pipeline  # noqa: F401
from sklearn.metrics import roc_auc_score

from benchmarks.clock import peak_memory
from benchmarks.table_methods import METHODS
from benchmarks.table_splits import Array, load

# What most methods need of scikit-learn is imported above, once for all processes.

PREDICTED = 10_000
"""Rows whose prediction is timed."""


def answer(
    connection: Connection, method: str, table: str, split: int, rows: int | None, losses: Path
) -> None:
    """Send what `measure` returns, or under `failed` the error; keep the losses of the rows."""
    warnings.simplefilter("ignore")  # some do not converge in the epochs of their default
    try:
        scores, found = measure(method, table, split, rows)
        losses.parent.mkdir(parents=True, exist_ok=True)
        np.save(losses, found)
    except Exception as error:
        scores = {"failed": f"{type(error).__name__}: {error}"[:200]}
    connection.send(scores)


def measure(method: str, table: str, split: int, rows: int | None) -> tuple[dict[str, Any], Array]:
    """Scores and times of a fit, and the losses of each test row, `(N, measures)`."""
    X_train, y_train, X_test, y_test, task = load(table, split, rows)
    classes = task == "classification"
    names = np.unique(y_train)
    targets = [np.searchsorted(names, y) if classes else y.to_numpy() for y in (y_train, y_test)]
    model = METHODS[method].make(classes, split)
    _, spent, wall = timed(lambda: model.fit(X_train, targets[0]))
    answers = model.answers(X_test)
    many = X_test.iloc[np.arange(PREDICTED) % len(X_test)].reset_index(drop=True)
    answering = [timed(lambda: model.answers(many))[1:] for _ in range(3)]
    scores = {"task": task, "learned": len(X_train), "tested": len(X_test)}
    times = {"fit": spent, "fit_wall": wall, "memory": peak_memory()}
    times |= {"predict": min(t[0] for t in answering), "predict_wall": min(t[1] for t in answering)}
    judge = judge_classes if classes else judge_quantity
    figures, losses = judge(answers, targets[1])
    return scores | figures | times, losses


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it returns, with its seconds of processor time and on the wall."""
    start, wall = time.process_time(), time.perf_counter()
    result = run()
    return result, time.process_time() - start, time.perf_counter() - wall


def judge_classes(P: Array, y: Array) -> tuple[dict[str, float], Array]:
    """Accuracy, log loss and AUC of probabilities P `(N, K)`, for the classes y `(N,)`.

    The AUC of more than two classes is the mean over one class against the others. Each row has
    two losses, `(N, 2)`: whether the most probable class is wrong, and −log of the probability.
    """
    P = _finite(P)
    if (
        P.ndim != 2
        or y.max() >= P.shape[1]
        or np.any(P < 0)
        or not np.allclose(P.sum(axis=1), 1, atol=1e-3)
    ):
        raise ValueError(f"Expected probabilities of the classes; found an array of {P.shape}.")
    P /= P.sum(axis=1, keepdims=True)
    right = np.maximum(P[np.arange(len(y)), y], np.finfo(float).eps)
    losses = np.stack([P.argmax(axis=1) != y, -np.log(right)], axis=1).astype(np.float32)
    asked = [1] if P.shape[1] == 2 else [k for k in range(P.shape[1]) if np.any(y == k)]
    auc = float(np.mean([roc_auc_score(y == k, P[:, k]) for k in asked]))
    error, loss = losses.mean(axis=0, dtype=float)
    return {"accuracy": 1 - error, "log_loss": loss, "auc": auc}, losses


def judge_quantity(answers: Array, y: Array) -> tuple[dict[str, float], Array]:
    """RMSE of the answers `(N,)` for y `(N,)`; the loss of a row is its squared error."""
    squares = (_finite(answers).reshape(len(y)) - y) ** 2
    return {"rmse": float(np.sqrt(squares.mean()))}, squares[:, np.newaxis]


def _finite(answers: Array) -> Array:
    answers = np.array(answers, float)
    if not np.isfinite(answers).all():
        raise ValueError("Expected finite answers; found nan or infinity.")
    return answers
