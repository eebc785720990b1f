"""The products of small networks run on one thread, and nobody else is bothered by it."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from plainnet import Adam, Network, SoftmaxCrossEntropy, train
from plainnet.network import Array
from plainnet.training import logits


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize(("units", "expected"), [(8, {1}), (4096, {2})])
def test_threads_go_by_size(units: int, expected: set[int]) -> None:
    seen: list[set[int]] = []

    def watched(raw: Array, out: Array) -> None:
        seen.append(threads())
        out[...] = raw

    X, y = np.ones((64, 50), np.float32), np.arange(64) % 2
    network = Network.dense([50, units, 2])
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        stream = train(
            network, SoftmaxCrossEntropy(), Adam(), X, y, epochs=1, batch_size=32, prepare=watched
        )
        for _ in stream:
            assert threads() == before  # between two epochs all is as it was
        logits(network, X, prepare=watched)
    if before != {2}:
        pytest.skip(f"NumPy's products cannot be given two threads here, only {before}")
    assert seen == 3 * [expected]


def test_a_caller_who_asks_for_one_thread_keeps_it() -> None:
    with threadpool_limits(1, user_api="blas"):
        logits(Network.dense([50, 4096, 2]), np.ones((64, 50), np.float32))
        assert threads() == {1}
