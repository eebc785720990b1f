"""The product of a few rows: in blocks it is the same product, whatever the shapes."""

import numpy as np
import pytest

from plainnet import Network
from plainnet.network import Array, products
from plainnet.network.products import dot

IN_BLOCKS = [
    *[(n, 784, 256) for n in (5, 6, 7, 8, 16)],
    *[(n, 1024, 1024) for n in (2, 3, 4, 15)],
    *[(9, 100, 3000), (9, 65, 4000), (6, 12288, 64), (16, 5000, 100), (13, 300, 301)],
]
"""Rows, inputs and outputs."""
OTHERS = [(1, 784, 256), (8, 64, 64), (9, 3000, 63), (9, 65, 4001), (17, 784, 256)]
OTHERS += [(16, 3126, 1000)]
leaves_out = products.leaves_out.__wrapped__


@pytest.fixture(autouse=True)
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor on which blocks are faster."""
    monkeypatch.setattr(products, "leaves_out", lambda: True)


def matrices(n: int, n_in: int, n_out: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(n)
    X, W = rng.normal(size=(n, n_in)), rng.normal(size=(n_in, n_out))
    return X.astype(np.float32), W.astype(np.float32), np.full((n, n_out), np.nan, np.float32)


def assert_is_product(out: Array, X: Array, W: Array) -> None:
    """Higham, Accuracy and Stability of Numerical Algorithms (2002), equation 3.13."""
    bound = 1.01 * len(W) * np.finfo(np.float32).eps / 2 * (abs(X).astype(float) @ abs(W))
    assert (abs(out - X.astype(float) @ W) <= bound).all()


@pytest.mark.parametrize("shape", IN_BLOCKS)
def test_blocks_are_the_product(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, W, out = matrices(*shape)
    monkeypatch.setattr(np, "dot", None)  # it is not used
    dot(X, W, out)
    assert_is_product(out, X, W)


@pytest.mark.parametrize("shape", OTHERS)
def test_other_shapes_are_one_product(shape: tuple[int, int, int]) -> None:
    X, W, out = matrices(*shape)
    dot(X, W, out)
    assert np.array_equal(out, np.dot(X, W))


def test_matrices_in_another_order() -> None:
    X, W, out = matrices(7, 784, 256)
    dot(np.asfortranarray(X), np.asfortranarray(W), out)
    assert_is_product(out, X, W)
    with pytest.raises(ValueError, match="output array"):
        dot(X, W, np.asfortranarray(out))


def test_float64_is_one_product() -> None:
    X, W, out = matrices(8, 784, 256)
    exact = out.astype(float)
    dot(X.astype(float), W.astype(float), exact)
    assert np.array_equal(exact, np.dot(X.astype(float), W.astype(float)))


def test_a_network_answers_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    network, X = Network.dense([784, 256, 3]), matrices(8, 784, 1)[0]
    Z = network.predict(X)
    np.testing.assert_allclose(Z, network.copy(np.float64).predict(X), atol=1e-4)
    learned = network.forward(X, training=True).copy()
    monkeypatch.setattr(products, "leaves_out", lambda: False)
    assert np.array_equal(learned, network.predict(X))  # a training has no blocks
    np.testing.assert_allclose(Z, learned, atol=1e-4)


@pytest.mark.parametrize(
    ("library", "found", "expected"),
    [
        ("scipy-openblas", ["AVX2", "AVX512_SKX"], True),
        ("scipy-openblas", ["X86_V3", "X86_V4"], True),
        ("scipy-openblas", ["X86_V3"], False),
        ("accelerate", ["X86_V4"], False),
    ],
)
def test_only_a_library_and_processor_known_for_it(
    library: str, found: list[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {
        "Build Dependencies": {"blas": {"name": library}},
        "SIMD Extensions": {"found": found},
    }
    monkeypatch.setattr(np, "show_config", lambda _: config)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert leaves_out() is expected
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert not leaves_out()


def test_a_build_that_says_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "show_config", lambda _: {})
    assert not leaves_out()
