"""L-BFGS: it finds the minimum, in memory or not, and says how it ended."""

import sys
from typing import Any

import numpy as np
import pytest
from laws import normal

from plainnet.errors import DataError, DivergedError, MissingExtraError, ShapeError
from plainnet.files.rows import MemoryMappedRows
from plainnet.network import Array, MeanSquaredError, Network, SigmoidCrossEntropy
from plainnet.training import lbfgs
from plainnet.training.lbfgs import Minimum, minimize

pytest.importorskip("scipy")

N = 40
X = normal(N, 3)
y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * normal(N, seed=1)
w = np.arange(N) % 4 / 2


class Rows:
    """Samples that are not in memory, so to speak."""

    def __init__(self, values: Array) -> None:
        self.values, self.width, self.most = values, values.shape[1], 0

    def read(self, rows: Array, out: Array) -> None:
        self.most = max(self.most, len(rows))
        out[...] = self.values[rows]


def ridge(weights: Array, l2: float) -> Array:
    """The best linear model, in closed form: W, then b."""
    A = np.column_stack([X, np.ones(N)])
    mean = A.T * (weights / weights.sum())
    penalty = np.diag([l2 / weights.sum()] * 3 + [0]) / 2  # of a loss without the ½
    return np.linalg.solve(mean @ A + penalty, mean @ y)


def line(dtype: Any = np.float64) -> Network:
    return Network.dense([3, 1], dtype=dtype)


@pytest.mark.parametrize("weights", [None, w])
@pytest.mark.parametrize("l2", [0.0, 5.0])
def test_it_finds_the_minimum_of_a_linear_model(weights: Array | None, l2: float) -> None:
    network = line()
    shown: list[float] = []
    found = minimize(
        network, MeanSquaredError(), X, y, weights=weights, l2=l2, tolerance=1e-9, each=shown.append
    )
    best = ridge(np.ones(N) if weights is None else weights, l2)
    np.testing.assert_allclose(network.theta, best, atol=1e-7)
    assert found.converged
    assert found.iterations == len(shown)
    assert shown[-1] == found.loss == min(shown)


def test_samples_that_are_not_in_memory_are_taken_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lbfgs, "BLOCK_BYTES", 11 * 3 * 8)
    networks, rows = (line(), line()), Rows(X)
    stored: Any = MemoryMappedRows.of(rows, X.dtype, X.shape)
    for network, samples in zip(networks, (X, stored), strict=True):
        minimize(network, MeanSquaredError(), samples, y, weights=w, l2=1.0, tolerance=1e-9)
    np.testing.assert_allclose(networks[0].theta, networks[1].theta, rtol=1e-6)
    n = np.count_nonzero(w)
    assert rows.most == n  # the check for numbers that are not finite; then 11 at a time
    with monkeypatch.context() as patched:
        patched.setattr(
            "plainnet.training.arguments.counting_samples", lambda X, y, w, _: (X, y, w)
        )
        rows.most = 0
        minimize(line(), MeanSquaredError(), stored, y)
    assert rows.most == 11


def test_float32_comes_close() -> None:
    network = line(np.float32)
    minimize(network, MeanSquaredError(), X, y)
    assert network.theta.dtype == np.float32
    np.testing.assert_allclose(network.theta, ridge(np.ones(N), 0), atol=1e-3)


def test_it_learns_what_is_not_linear() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(100, 2))
    alike = points[:, 0] * points[:, 1] > 0
    network = Network.dense([2, 16, 1], dtype=np.float64)
    found = minimize(network, SigmoidCrossEntropy(), points, alike, l2=1e-3)
    assert found.loss < 0.05


def test_an_early_end_is_told() -> None:
    limits: list[dict[str, Any]] = [{"iterations": 2}, {"evaluations": 2}]
    for limit in limits:
        network = Network.dense([3, 8, 1], dtype=np.float64)
        found = minimize(network, MeanSquaredError(), X, y, tolerance=1e-12, **limit)
        assert isinstance(found, Minimum)
        assert not found.converged
        assert found.iterations <= 2
        assert "LIMIT" in found.message
        J = MeanSquaredError().value_and_grad(network.forward(X), y)[0]
        assert pytest.approx(found.loss, rel=1e-12) == J  # the network is what was found


def test_what_cannot_be_learned_from_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ShapeError, match="takes samples of 3 features"):
        minimize(line(), MeanSquaredError(), X[:, :2], y)
    with pytest.raises(DataError, match="not finite"):
        minimize(line(), MeanSquaredError(), X, y * np.nan)
    with pytest.raises(
        DivergedError, match=r"^The loss became (inf|nan) after 0 iterations; try inputs"
    ):
        minimize(line(), MeanSquaredError(), X * 1e200, y * 1e200)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingExtraError, match=r'pip install "\.\[fast\]"'):
        minimize(line(), MeanSquaredError(), X, y)
