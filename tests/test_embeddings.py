"""Embeddings by hand: piecewise-linear encoding and vectors of categories."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import normal

from plainnet.errors import SettingError
from plainnet.files.model_file import write_model
from plainnet.network import Array, Embedding, Layer, Network, PiecewiseLinear

two: Any = 2
EDGES: list[list[float]] = [[-1, 0, 2, 3], [0, 10]]


def forward(layer: Layer, X: Any) -> Array:
    return Network([layer], dtype=np.float64).forward(np.array(X, float))


def test_piecewise_linear_by_hand() -> None:
    X = [[-2.0, 5], [-0.5, 0], [1, 12], [2.5, -1], [3, 10], [9, 2.5]]
    Y = [
        [0, 0, 0, 0.5],
        [0.5, 0, 0, 0],
        [1, 0.5, 0, 1],
        [1, 1, 0.5, 0],
        [1, 1, 1, 1],
        [1, 1, 1, 0.25],
    ]
    np.testing.assert_array_equal(forward(PiecewiseLinear(EDGES), X), Y)


def test_without_bounds_the_ends_go_on() -> None:
    X = [[-2.0, 15], [9, -5]]
    Y = forward(PiecewiseLinear(EDGES, bounded=False), X)
    np.testing.assert_array_equal(Y, [[-1, 0, 0, 1.5], [1, 1, 7, -0.5]])


def test_a_weighted_sum_of_it_is_continuous_with_a_slope_for_each_bin() -> None:
    """A linear layer behind it with the differences of f at the edges interpolates f."""
    edges = np.sort(normal(9))
    x = np.linspace(edges[0], edges[-1], 101)
    f = np.sin(3 * edges)
    Y = forward(PiecewiseLinear([edges.tolist()]), x[:, None].tolist())
    np.testing.assert_allclose(f[0] + Y @ np.diff(f), np.interp(x, edges, f), atol=1e-12)


def test_a_missing_number_gives_nan_in_its_column_alone() -> None:
    Y = forward(PiecewiseLinear(EDGES), [[np.nan, 5], [np.inf, -np.inf]])
    np.testing.assert_array_equal(np.isnan(Y), [[True, True, True, False], [False] * 4])
    np.testing.assert_array_equal(Y[1], [1, 1, 1, 0])


def test_edges_are_state_and_not_in_the_settings(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    edges = [np.sort(rng.normal(size=49)).tolist() for _ in range(100)]
    layer = PiecewiseLinear(edges)
    network = Network([layer])
    for found, given in zip(layer.edges, edges, strict=True):
        np.testing.assert_allclose(found, given, atol=1e-6)
    write_model(tmp_path / "m", network, {}, {})
    assert (tmp_path / "m").stat().st_size < 100 * 48 * 2 * 4 + 2000
    again = Network([PiecewiseLinear(**layer.settings)])
    assert [len(column) for column in again.layers[0].edges] == [49] * 100  # type: ignore[attr-defined]
    for name, value in network.state.items():
        again.state[name][...] = value
    X = normal(5, 100, dtype=np.float32)
    np.testing.assert_array_equal(again.predict(X), network.predict(X))


def test_narrow_bins_far_from_0_keep_their_digits() -> None:
    edges = [[1e6, 1e6 + 0.125, 1e6 + 1]]
    layer = PiecewiseLinear(edges)
    network = Network([layer], dtype=np.float32)
    Y = network.forward(np.array([[1e6 + 0.0625], [1e6 + 0.125]], np.float32))
    np.testing.assert_array_equal(Y, [[0.5, 0], [1, 0]])


def test_embedding_by_hand() -> None:
    layer = Embedding([2, 1], 2)
    network = Network([layer], dtype=np.float64)
    layer.W[...] = [[1, 2], [3, 4], [5, 6]]
    X = np.array([[1.0, 1], [2, 0], [3, 1], [0, 2], [np.nan, np.inf], [-1, 0.9], [2.2, 1]])
    Y = [
        [1, 2, 5, 6],
        [3, 4, 0, 0],
        [0, 0, 5, 6],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 5, 6],
        [3, 4, 5, 6],
    ]
    np.testing.assert_array_equal(network.forward(X), Y)


def test_only_the_rows_of_categories_that_occur_have_a_gradient() -> None:
    layer = Embedding([3, 2], 2)
    network = Network([layer], dtype=np.float64)
    network.grad[...] = np.nan
    network.forward(np.array([[2.0, 0], [2, 9], [0, np.nan]]))
    dX = network.backward(np.arange(12.0).reshape(3, 4), need_dX=True)
    np.testing.assert_array_equal(layer.dW, [[0, 0], [0 + 4, 1 + 5], [0, 0], [0, 0], [0, 0]])
    np.testing.assert_array_equal(np.asarray(dX), np.zeros((3, 2)))


def test_initial_vectors_are_standard_normal() -> None:
    W = Network([Embedding([1000, 500], 8)], rng=1).theta
    assert abs(W.mean()) < 5 / np.sqrt(W.size)
    assert W.std() == pytest.approx(1, abs=0.03)


REFUSED: dict[str, tuple[Callable[[], Layer], str]] = {
    "neither": (lambda: PiecewiseLinear(), "either edges"),
    "both": (lambda: PiecewiseLinear(EDGES, bins=[3, 1]), "either edges"),
    "none": (lambda: PiecewiseLinear([]), "at least one column"),
    "too-narrow": (lambda: PiecewiseLinear([[0, 1e-20]]), "two or more numbers that increase"),
    "one-edge": (lambda: PiecewiseLinear([[1]]), "two or more numbers that increase"),
    "equal": (lambda: PiecewiseLinear([[0, 1, 1]]), "two or more numbers that increase"),
    "equal-in-float32": (lambda: PiecewiseLinear([[1, 1 + 1e-9]]), "also in float32"),
    "nan": (lambda: PiecewiseLinear([[0, np.nan]]), "two or more numbers that increase"),
    "words": (lambda: PiecewiseLinear([["a", "b"]]), "'a', 'b'"),  # type: ignore[list-item]
    "no-bins": (lambda: PiecewiseLinear(bins=[0]), "number of bins .* got 0"),
    "flag": (lambda: PiecewiseLinear(EDGES, bounded=two), "bounded .* must be True or False"),
    "no-categories": (lambda: Embedding([]), "1 to 16,777,216 categories, but got 0"),
    "too-many": (lambda: Embedding([2**24, 1]), "but got 16,777,217"),
    "no-length": (lambda: Embedding([2], 0), "length of the vectors .* got 0"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_settings_out_of_range_are_refused(make: Callable[[], Layer], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        make()
