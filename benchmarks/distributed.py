"""What many processes pay for training together: `mpiexec -n 2 python -m benchmarks.distributed`.

Prints, for cases of the benchmark, the milliseconds of processor time of a process for its work in
a step, of the update in it, which every process does itself, and of adding up the gradients; one
thread for each process. Work and update are medians over the steps, which other programs on the
machine hardly change. Adding up is the least, since a process that waits for another one uses its
processor. With `--model` it prints what these figures predict for more machines, each with a
process of its own.
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
STEPS, WARM_UP = 24, 4
BANDWIDTHS = {"10 Gbit/s": 10e9 / 8, "100 Gbit/s": 100e9 / 8}
LATENCY = 20e-6
"""Seconds for a message between machines."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--cases", default="".join(KEYS))
    given = parser.parse_args()
    for key in given.cases:
        measured = measure(key)
        if measured is None:
            continue
        work, update, exchange, size = measured
        print(f"{CASES[key].title}, {size / 1e6:.1f} MB of gradients:")
        print(f"    work {work:.2f} ms, update {update:.2f} ms, adding up {exchange:.2f} ms")
        if given.model:
            predict(work, update, size)


def measure(key: str) -> tuple[float, float, float, int] | None:
    """Milliseconds of work, update and adding up, and bytes; None in all but one process."""
    from mpi4py import MPI

    case, comm = CASES[key], MPI.COMM_WORLD
    rng = np.random.default_rng(0)
    X = rng.normal(size=(case.batch * (STEPS + WARM_UP), case.sizes[0])).astype(np.float32)
    y = rng.integers(case.sizes[-1], size=len(X))
    network = Network.dense(case.sizes)
    workers = Clocked(comm)
    optimizer = (Adam if case.optimizer == "Adam" else Momentum)(case.learning_rate)
    how: dict[str, Any] = {"epochs": 1, "batch_size": case.batch, "workers": workers}
    fit(network, SoftmaxCrossEntropy(), optimizer, X, y, **how)
    updates = []
    for _ in range(STEPS):
        start = time.process_time()
        optimizer.step(network.theta, network.grad, network.n_weights)
        updates.append(time.process_time() - start)
    if workers.rank:
        return None
    work, update = (1e3 * statistics.median(one) for one in (workers.work[WARM_UP:], updates))
    return work, update, 1e3 * min(workers.exchanges[WARM_UP:]), network.theta.nbytes


class Clocked(Workers):
    """Workers that note the processor time between two additions, and of an addition."""

    def __init__(self, comm: Any) -> None:
        super().__init__(comm)
        self.work: list[float] = []
        self.exchanges: list[float] = []
        self._ended = time.process_time()
        self._wait = comm.Barrier

    def add_up(self, mine: Any, theirs: Any) -> None:
        self.work.append(time.process_time() - self._ended)
        self._wait()  # waiting for the slowest is no part of it
        start = time.process_time()
        super().add_up(mine, theirs)
        self._ended = time.process_time()
        self.exchanges.append(self._ended - start)


def predict(work: float, update: float, size: int) -> None:
    """Print how many times as fast P machines are, from the milliseconds of one.

    The time is gradients / P + update + 3 log₂ P latencies + 2 (P − 1) / P · bytes / bandwidth.
    """
    for name, bandwidth in BANDWIDTHS.items():
        factors = []
        for n in (2, 4, 8, 16, 32, 64):
            rounds = n.bit_length() - 1
            sending = 1e3 * (3 * rounds * LATENCY + 2 * (n - 1) / n * size / bandwidth)
            shared = (work - update) / n + update + sending
            factors.append(f"{n}: {work / shared:.1f}×")
        print(f"    {name}: {'  '.join(factors)}")


if __name__ == "__main__":
    main()
