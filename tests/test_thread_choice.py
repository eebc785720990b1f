"""A training with large products measures whether one thread is faster, once, and keeps it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from plainnet import Adam, Network, SoftmaxCrossEntropy, train
from plainnet.files.tensors import read_tensors, write_tensors
from plainnet.network import Array
from plainnet.training import Checkpointing, InputPipeline, compiled, thread_choice
from plainnet.training.checkpoint import capture, restore
from plainnet.training.position import Position
from plainnet.training.thread_choice import choose_threads
from plainnet.training.threads import one_thread, processors

LARGE = [50, 40_000, 2]
"""The sizes of a network whose products are large for 32 samples."""
X, Y = np.ones((32, 50), np.float32), np.arange(32) % 2


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two threads for each library, and no limit that somebody has set; NumPy takes all steps."""
    monkeypatch.setattr(thread_choice, "allowed_threads", lambda: None)
    monkeypatch.setattr(compiled, "WORK_BEFORE_COMPILING", 0)
    monkeypatch.setattr(compiled, "load_kernels", lambda: None)
    monkeypatch.setattr(compiled, "are_installed", lambda: False)
    with threadpool_limits(2, user_api="blas"):
        if threads() != {2}:
            pytest.skip("NumPy's products cannot be given two threads here")
        yield


def measures(monkeypatch: pytest.MonkeyPatch, one: float, several: float) -> list[int]:
    """Let a product take so many seconds on one thread and on several; note each measurement."""
    noted: list[int] = []

    def measured(rows: int, width: int, dtype: Any) -> tuple[float, float]:
        noted.append(rows)
        assert width <= 1024
        assert dtype == np.float32
        return one, several

    monkeypatch.setattr(thread_choice, "_measured", measured)
    return noted


def run(position: Position, epochs: int, network: Network, optimizer: Adam) -> list[set[int]]:
    seen: list[set[int]] = []

    def watched(raw: Array, out: Array) -> None:
        seen.append(threads())
        out[...] = raw

    how: dict[str, Any] = {"batch_size": 32, "pipeline": InputPipeline(watched)}
    how["checkpointing"] = Checkpointing(position)
    for _ in train(network, SoftmaxCrossEntropy(), optimizer, X, Y, epochs=epochs, **how):
        assert threads() == {2}  # between two epochs all is as it was
    return seen


@pytest.mark.parametrize(("several", "expected"), [(0.6, 2), (1.5, 1)])
def test_a_training_measures_once(
    several: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted, position = measures(monkeypatch, 1.0, several), Position()
    assert run(position, 2, Network.dense(LARGE), Adam())[-1] == {expected}
    assert noted == [32]
    assert position.threads == (1 if expected == 1 else processors())


def test_a_resumed_training_keeps_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures(monkeypatch, 1.0, 1.5)
    network, optimizer, position = Network.dense(LARGE), Adam(), Position()
    run(position, 1, network, optimizer)
    write_tensors(
        tmp_path / "c", *capture(network, optimizer, position, {"order": np.random.default_rng(0)})
    )

    noted = measures(monkeypatch, 1.0, 0.5)  # the machine is quiet again
    network, optimizer, position = Network.dense(LARGE), Adam(), Position()
    tensors, facts = read_tensors(tmp_path / "c", "checkpoint")
    restore(tensors, facts, network, optimizer, position, {"order": np.random.default_rng(0)})
    assert run(position, 2, network, optimizer)[-1] == {1}
    assert noted == []


def test_a_checkpoint_from_before_is_read() -> None:
    network = Network.dense([2, 2])
    tensors, facts = capture(network, Adam(), Position(epochs=3), {})
    del facts["position"]["threads"]
    restore(tensors, facts, network, Adam(), position := Position(), {})
    assert (position.epochs, position.threads) == (3, 0)


def test_nothing_is_measured_without_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = measures(monkeypatch, 1.0, 1.5)
    large = Network.dense(LARGE)
    assert choose_threads(Network.dense([50, 8, 2]), 32) == processors()  # small ones have one
    with one_thread():
        assert choose_threads(large, 32) == processors()
    monkeypatch.setattr(thread_choice, "allowed_threads", lambda: 2)
    assert choose_threads(large, 32) == processors()
    assert noted == []


def test_a_measurement_compares_one_thread_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []

    def timed(limit: Any, *_: Array) -> tuple[float, int]:
        with limit:
            seen.append(threads())
        return (3.0, 3) if seen[-1] == {1} else (1.0, 2)

    monkeypatch.setattr(thread_choice, "_timed", timed)
    assert thread_choice._measured(4, 4, np.dtype(np.float32)) == (1.0, 0.5)
    assert seen == 2 * [{1}, {2}]  # twice, as it is clear then
