"""The compiled loops are the formulas of the classes whose steps they take."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from plainnet import Adam, AdamW
from plainnet.network import Array
from plainnet.training import fused

pytest.importorskip("numba")


@pytest.mark.parametrize("cls", [Adam, AdamW])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_the_loop_takes_the_step_of_the_class(
    cls: type[Adam], dtype: type, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    start: Array = rng.normal(size=300_000).astype(dtype)  # more than one block
    results = []
    for after in (10**9, 0):
        monkeypatch.setattr(fused, "AFTER", after)
        theta, optimizer, draws = (
            start.copy(),
            cls(0.01, weight_decay=0.1),
            np.random.default_rng(1),
        )
        for _ in range(20):
            optimizer.step(theta, draws.normal(size=theta.size).astype(dtype), 200_000)
        results.append((theta, optimizer.state()))
    (theta, state), (theta_loop, state_loop) = results
    assert theta_loop.dtype == dtype
    np.testing.assert_allclose(theta_loop, theta, rtol=0, atol=tolerance)
    assert not np.array_equal(theta_loop, start)
    for name, memory in state.items():
        assert state_loop[name].dtype == memory.dtype
        np.testing.assert_allclose(state_loop[name], memory, rtol=0, atol=tolerance)


def test_the_loop_is_taken_only_after_some_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    optimizer = Adam()
    loop = Adam.loop

    def watched(self: Adam, dtype: np.dtype[np.float64]) -> fused.Update | None:
        taken.append(self.t)
        return loop(self, dtype)

    monkeypatch.setattr(Adam, "loop", watched)
    for _ in range(fused.AFTER + 2):
        optimizer.step(np.ones(3), np.ones(3))
    assert taken == [fused.AFTER + 1, fused.AFTER + 2]


def test_without_numba_numpy_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        fused, "find_spec", lambda name: None if name == "numba" else find_spec(name)
    )
    fused._adam_loop.cache_clear()
    try:
        optimizer, theta = Adam(0.1), np.ones(3)
        for _ in range(fused.AFTER + 5):
            optimizer.step(theta, np.ones(3))
        assert optimizer.loop(np.dtype(np.float32)) is None
        assert (theta < 0).all()
    finally:
        fused._adam_loop.cache_clear()


def test_importing_and_short_trainings_leave_numba_alone() -> None:
    code = """
import sys, numpy as np, plainnet
optimizer = plainnet.Adam()
optimizer.step(np.ones(3), np.ones(3))
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_broken_numba_stops_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)  # its import fails
    fused._adam_loop.cache_clear()
    try:
        optimizer, theta = Adam(0.1), np.ones(3)
        for _ in range(fused.AFTER + 5):
            optimizer.step(theta, np.ones(3))
        assert (theta < 0).all()
    finally:
        fused._adam_loop.cache_clear()
