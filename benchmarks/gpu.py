"""Training steps on a GPU beside PyTorch and JAX: `python -m benchmarks.gpu`, less than 6 minutes.

Microseconds of a step, the median of ROUNDS processes that take turns, and the loss after the last
step, which must agree. A method whose package is missing is left out. `--cpu` runs the same on the
processor, to try the program.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case
from plainnet import Network
from plainnet.network import SoftmaxCrossEntropy
from plainnet.training import Adam, Momentum
from plainnet.training.step import step

WIDE = replace(CASES["f"], key="w", sizes=(4096, 4096, 4096, 10), batch=512)
MEASURED = {case.key: case for case in (CASES["b"], CASES["f"], CASES["g"], WIDE)}
ROUNDS, STEPS, WARM_UP = 3, 60, 10
Step = Callable[[], Any]
"""A step of training, which returns the loss, perhaps still on the device."""


def plainnet_step(case: Case, cpu: bool) -> Step:
    import importlib

    xp = importlib.import_module("numpy" if cpu else "cupy")
    X, y = (xp.asarray(A) for A in data(case))
    network, loss = Network.dense(case.sizes, rng=0).copy(xp=xp), SoftmaxCrossEntropy()
    optimizer = (Adam if case.optimizer == "Adam" else Momentum)(case.learning_rate)
    loss.xp = optimizer.xp = xp
    return lambda: step(network, loss, optimizer, X, y)


def torch_step(case: Case, cpu: bool, graph: bool = False) -> Step:
    import torch

    place = "cpu" if cpu else "cuda"
    X, y = (torch.asarray(A, device=place) for A in data(case))
    parts: list[Any] = []
    for W in weights(case):
        dense = torch.nn.Linear(*W.shape, device=place)
        with torch.no_grad():
            dense.weight.copy_(torch.asarray(W.T))
            dense.bias.zero_()
        parts += [dense, torch.nn.ReLU()]
    network = torch.nn.Sequential(*parts[:-1])
    options = {"fused": True, "capturable": graph} if not cpu else {}
    optimizer: Any = torch.optim.Adam(network.parameters(), case.learning_rate, **options)
    if case.optimizer != "Adam":
        optimizer = torch.optim.SGD(network.parameters(), case.learning_rate, momentum=0.9)
    criterion = torch.nn.CrossEntropyLoss()

    def run() -> Any:
        optimizer.zero_grad(set_to_none=False)
        J = criterion(network(X), y)
        J.backward()
        optimizer.step()
        return J.detach()

    if cpu or not graph:
        return run
    beside = torch.cuda.Stream()
    with torch.cuda.stream(beside):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(beside)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        J = run()

    def replay() -> Any:
        captured.replay()
        return J

    return replay


def jax_step(case: Case, cpu: bool) -> Step:  # noqa: ARG001 - JAX chooses the device
    import jax
    import jax.numpy as jnp
    import optax

    X, y = (jnp.asarray(A) for A in data(case))
    theta = [(jnp.asarray(W), jnp.zeros(W.shape[1])) for W in weights(case)]
    rate = case.learning_rate
    how: Any = optax.adam(rate) if case.optimizer == "Adam" else optax.sgd(rate, momentum=0.9)

    def loss(theta: Any) -> Any:
        A = X
        for i, (W, b) in enumerate(theta):
            A = A @ W + b if i == len(theta) - 1 else jax.nn.relu(A @ W + b)
        return optax.softmax_cross_entropy_with_integer_labels(A, y).mean()

    @jax.jit
    def update(theta: Any, memory: Any) -> Any:
        J, grad = jax.value_and_grad(loss)(theta)
        changes, memory = how.update(grad, memory)
        return optax.apply_updates(theta, changes), memory, J

    held = [theta, how.init(theta)]

    def run() -> Any:
        held[0], held[1], J = update(*held)
        return J

    return run


METHODS: dict[str, tuple[str, Callable[[Case, bool], Step]]] = {
    "plainnet, CuPy": ("cupy", plainnet_step),
    "PyTorch, eager": ("torch", torch_step),
    "PyTorch, CUDA graph": ("torch", lambda case, cpu: torch_step(case, cpu, graph=True)),
    "JAX, jitted": ("jax", jax_step),
}
"""The methods, and the package that each needs."""


def data(case: Case) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((case.batch, case.sizes[0]), np.float32)
    return X, rng.integers(case.sizes[-1], size=case.batch)


def weights(case: Case) -> list[Any]:
    parameters = Network.dense(case.sizes, rng=0).parameters
    found = [W for name, W in parameters.items() if name.endswith(".W")]
    assert [W.shape for W in found] == [*pairwise(case.sizes)]
    return found


def measure(name: str, key: str, cpu: bool) -> dict[str, float]:
    run = METHODS[name][1](MEASURED[key], cpu)
    for _ in range(WARM_UP):
        J = run()
    float(J)  # waits for the device
    start = time.perf_counter()
    for _ in range(STEPS):
        J = run()
    loss = float(J)
    return {"microseconds": 1e6 * (time.perf_counter() - start) / STEPS, "loss": loss}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one, options.cpu)))
        return
    here = [n for n, (package, _) in METHODS.items() if find_spec(package) or "CuPy" in n]
    for key, case in MEASURED.items():
        print(f"\n{case.title}\n{'':<22}{'microseconds':>14}{'loss':>12}")
        found: dict[str, list[dict[str, float]]] = {name: [] for name in here}
        for _ in range(ROUNDS):
            for name, results in found.items():
                command = [sys.executable, "-m", "benchmarks.gpu", "--one", name, key]
                command += ["--cpu"] if options.cpu else []
                results.append(json.loads(subprocess.check_output(command)))
        for name, results in found.items():
            time_of_step = statistics.median(one["microseconds"] for one in results)
            print(f"{name:<22}{time_of_step:>14.0f}{results[0]['loss']:>12.5f}", flush=True)


if __name__ == "__main__":
    main()
