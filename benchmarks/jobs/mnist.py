"""MNIST from its files on disk to 98 % on the test set: the time of the whole process.

Python's start, the imports, reading, training and the test after each epoch all count. Everyone
has the network, the batch size and the optimizer of case (b), the same initial weights and the
same order of the rows; they differ from round to round, for how many epochs it takes is luck.
"""

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import STARTED
from benchmarks.cases import CASES
from benchmarks.jobs import Result, Settings
from benchmarks.problem import Array, Problem, draw_weights

GOAL = 0.98
MOST_EPOCHS = 40
CASE = CASES["b"]


def run(job: str, contender: str, settings: Settings) -> Result:  # noqa: ARG001
    accuracies: list[float] = []
    ends: list[float] = []
    for accuracy in LEARNERS[contender](settings.folder("mnist"), settings.round):
        accuracies.append(accuracy)
        ends.append(time.perf_counter())
        if accuracy >= GOAL or len(accuracies) == MOST_EPOCHS:
            break
    seconds = time.perf_counter() - STARTED
    reached = accuracies[-1] >= GOAL
    epoch = (ends[-1] - ends[0]) / max(1, len(ends) - 1)
    return {
        "seconds": seconds,
        "epoch": epoch,
        "epochs": len(accuracies),
        "right": reached,
        "test": accuracies,
    }


def ours(folder: Path, seed: int) -> Iterator[float]:
    from benchmarks.contenders.ours import make_loss, make_network, make_optimizer
    from plainnet import read_data, train
    from plainnet.training import InputPipeline

    data = read_data(folder)
    train_set, test = data.train, data.test
    problem = first_problem(seed)
    if train_set is None or test is None:
        raise ValueError(f"{folder} lacks training or test data.")
    for epoch in train(
        make_network(problem.weights),
        make_loss(problem),
        make_optimizer(problem),
        train_set.X,
        train_set.y,
        epochs=MOST_EPOCHS,
        batch_size=CASE.batch,
        rng=seed,
        validation=(test.X, test.y),
        pipeline=InputPipeline(scale),
    ):
        yield epoch["validation_accuracy"]


def scale(raw: Array, out: Array) -> None:
    np.multiply(raw.reshape(out.shape), np.float32(1 / 255), out=out)


def pytorch(folder: Path, seed: int) -> Iterator[float]:
    import torch

    from benchmarks.contenders.pytorch import Steps

    X, y, X_test, y_test = (torch.from_numpy(A) for A in read(folder))
    learner = Steps(first_problem(seed), "fused")
    rng = np.random.default_rng(seed)
    while True:
        for rows in torch.from_numpy(rng.permutation(len(X))).split(CASE.batch):  # type: ignore[no-untyped-call]
            learner.optimizer.zero_grad()
            learner.loss(X[rows], y[rows]).backward()  # type: ignore[no-untyped-call]
            learner.optimizer.step()
        with torch.inference_mode():
            yield float((learner.model(X_test).argmax(1) == y_test).float().mean())


def sklearn(folder: Path, seed: int) -> Iterator[float]:
    """Each `partial_fit` of all rows is an epoch; scikit-learn keeps their order."""
    from benchmarks.contenders.sklearn_mlp import make_model

    X, y, X_test, y_test = read(folder)
    problem = first_problem(seed)
    model = make_model(problem.weights, CASE.optimizer, CASE.learning_rate, CASE.batch, 1)
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(X))
        model.partial_fit(X[order], y[order], classes=np.arange(10))
        yield float((model.predict(X_test) == y_test).mean())


def jitted(folder: Path, seed: int) -> Iterator[float]:
    import jax

    from benchmarks.contenders.jax_jit import first_state, logits, make_step

    X, y, X_test, y_test = read(folder)
    problem = first_problem(seed)
    state, step = first_state(problem), jax.jit(make_step(problem), donate_argnums=0)
    answer = jax.jit(logits)
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(X))
        for start in range(0, len(X), CASE.batch):
            rows = order[start : start + CASE.batch]
            state = step(state, X[rows], y[rows])
        yield float((np.asarray(answer(state[0], X_test)).argmax(1) == y_test).mean())


def first_problem(seed: int) -> Problem:
    """The initial weights; the batches come from the files."""
    nothing: Any = np.empty((0, CASE.batch, CASE.sizes[0]), np.float32)
    weights = draw_weights(CASE.sizes, np.random.default_rng([98, seed]))
    return Problem(CASE, weights, nothing, np.empty((0, CASE.batch), np.int64))


def read(folder: Path) -> tuple[Array, Array, Array, Array]:
    """Pixels from 0 to 1 as float32 rows and class numbers, of training and test."""
    files = {path.name.removesuffix(".gz"): path for path in folder.iterdir()}
    parts: list[Array] = []
    for part in ("train", "t10k"):
        pixels = _content(files[f"{part}-images-idx3-ubyte"])[16:].reshape(-1, CASE.sizes[0])
        parts.append(np.multiply(pixels, np.float32(1 / 255), dtype=np.float32))
        parts.append(_content(files[f"{part}-labels-idx1-ubyte"])[8:].astype(np.int64))
    X, y, X_test, y_test = parts
    return X, y, X_test, y_test


def _content(path: Path) -> Array:
    content = path.read_bytes()
    return np.frombuffer(gzip.decompress(content) if path.suffix == ".gz" else content, np.uint8)


LEARNERS = {
    "ours": ours,
    "pytorch-fused": pytorch,
    "sklearn": sklearn,
    "jax": jitted,
}
"""Each yields the test accuracy after one epoch after another."""
