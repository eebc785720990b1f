"""What many processes pay for training together: `mpiexec -n 2 python -m benchmarks.distributed`.

Prints, for cases of the benchmark, the milliseconds of a whole step, of its update, which every
process does itself, and of adding up the gradients; one thread for each process. Each is the
fastest tenth of many steps, as on a machine without other work. With `--model` it prints what these
figures predict for more machines, each with a process of its own.
"""

import argparse
import statistics
import time
from typing import Any

import numpy as np

from benchmarks.cases import CASES
from plainnet import Network, fit
from plainnet.network import SoftmaxCrossEntropy
from plainnet.training import Adam, Momentum, Workers

KEYS = ("b", "f", "g")
STEPS, WARM_UP = 40, 8
BANDWIDTHS = {"10 Gbit/s": 10e9 / 8, "100 Gbit/s": 100e9 / 8}
LATENCY = 20e-6
"""Seconds for a message between machines."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--model", action="store_true")
    model = parser.parse_args().model
    for key in KEYS:
        measured = measure(key)
        if measured is None:
            continue
        step, update, exchange, size = measured
        print(f"{CASES[key].title}, {size / 1e6:.1f} MB of gradients:")
        print(f"    step {step:.2f} ms, update {update:.2f} ms, adding up {exchange:.2f} ms")
        if model:
            predict(step, update, size)


def measure(key: str) -> tuple[float, float, float, int] | None:
    """Milliseconds of a step, its update and adding up, and bytes; None in all but one process."""
    from mpi4py import MPI

    case, comm = CASES[key], MPI.COMM_WORLD
    rng = np.random.default_rng(0)
    X = rng.normal(size=(case.batch * (STEPS + WARM_UP), case.sizes[0])).astype(np.float32)
    y = rng.integers(case.sizes[-1], size=len(X))
    network = Network.dense(case.sizes)
    workers = Clocked(comm)
    optimizer = (Adam if case.optimizer == "Adam" else Momentum)(case.learning_rate)
    fit(
        network,
        SoftmaxCrossEntropy(),
        optimizer,
        X,
        y,
        epochs=1,
        batch_size=case.batch,
        workers=workers,
    )
    updates = []
    for _ in range(STEPS):
        start = time.perf_counter()
        optimizer.step(network.theta, network.grad, network.n_weights)
        updates.append(time.perf_counter() - start)
    if workers.rank:
        return None
    times = [*np.diff(workers.ends)[WARM_UP:]], updates, workers.exchanges[WARM_UP:]
    step, update, exchange = (1e3 * statistics.quantiles(each, n=10)[0] for each in times)
    return step, update, exchange, network.theta.nbytes


class Clocked(Workers):
    """Workers that note when they have added up, and how long it took."""

    def __init__(self, comm: Any) -> None:
        super().__init__(comm)
        self.ends: list[float] = []
        self.exchanges: list[float] = []

    def add_up(self, mine: Any, theirs: Any) -> None:
        self.comm.Barrier()  # waiting for the slowest is no part of it
        start = time.perf_counter()
        super().add_up(mine, theirs)
        self.ends.append(time.perf_counter())
        self.exchanges.append(self.ends[-1] - start)


def predict(step: float, update: float, size: int) -> None:
    """Print how many times as fast P machines are, from the milliseconds of one.

    The time is gradients / P + update + 3 log₂ P latencies + 2 (P − 1) / P · bytes / bandwidth.
    """
    for name, bandwidth in BANDWIDTHS.items():
        factors = []
        for n in (2, 4, 8, 16, 32, 64):
            rounds = n.bit_length() - 1
            sending = 1e3 * (3 * rounds * LATENCY + 2 * (n - 1) / n * size / bandwidth)
            shared = (step - update) / n + update + sending
            factors.append(f"{n}: {step / shared:.1f}×")
        print(f"    {name}: {'  '.join(factors)}")


if __name__ == "__main__":
    main()
