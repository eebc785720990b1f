"""Every layer under every law. J = Σ V · Y with a random V stands for the loss behind it."""

from collections.abc import Callable
from functools import partial
from math import exp, log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import address, arrays_of, held_still, normal, peak_bytes, randomized
from numpy.typing import DTypeLike

from plainnet.errors import SettingError
from plainnet.network import (
    ACTIVATIONS,
    GELU,
    SELU,
    Array,
    AveragePool2D,
    BatchNorm,
    BatchNorm2D,
    ByColumns,
    Conv2D,
    Dense,
    DenseNTP,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    EnsembleDense,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    MemberDense,
    MemberScaling,
    Mish,
    Network,
    Parametric,
    PeriodicEmbedding,
    PerMember,
    PiecewiseLinear,
    PiecewiseLinearEmbedding,
    ReLU,
    Residual,
    Scaling,
    Sigmoid,
    SiLU,
    Tanh,
    zeros,
)
from plainnet.network.gradient_check import largest_error

FEATURES = 5  # that come in, of all layers below


def parametric(name: str) -> list[Layer]:
    return [Parametric(5, name)]


EDGES: list[list[float]] = [[-1, 0, 0.5, 2], [-0.3, 0.8], [-2, 0, 1, 3], [0, 1, 2], [-0.1, 0, 0.1]]
LAYERS: dict[str, Callable[[], list[Layer]]] = {
    "Dense": lambda: [Dense(5, 4)],
    "Dense-wider": lambda: [Dense(5, 9)],
    "Dense-to-one": lambda: [Dense(5, 1)],
    "ReLU": lambda: [ReLU()],
    "LeakyReLU": lambda: [LeakyReLU()],
    "LeakyReLU-0.3": lambda: [LeakyReLU(0.3)],
    "LeakyReLU-0": lambda: [LeakyReLU(0)],
    "LeakyReLU-1": lambda: [LeakyReLU(1)],
    "Sigmoid": lambda: [Sigmoid()],
    "Tanh": lambda: [Tanh()],
    "SiLU": lambda: [SiLU()],
    "GELU": lambda: [GELU()],
    "SELU": lambda: [SELU()],
    "Mish": lambda: [Mish()],
    "Scaling": lambda: [Scaling(5)],
    "DenseNTP": lambda: [DenseNTP(5, 4)],
    **{f"Parametric-{name}": partial(parametric, name) for name in ACTIVATIONS},
    "Dropout": lambda: [Dropout(0.4)],
    "Dropout-0": lambda: [Dropout(0)],
    "BatchNorm": lambda: [BatchNorm(5)],
    "BatchNorm-other-settings": lambda: [BatchNorm(5, 1, 0.5)],
    "LayerNorm": lambda: [LayerNorm(5)],
    "LayerNorm-other-settings": lambda: [LayerNorm(5, 0.5)],
    "PiecewiseLinear": lambda: [PiecewiseLinear(EDGES)],
    "PiecewiseLinear-unbounded": lambda: [PiecewiseLinear(EDGES, bounded=False)],
    "PiecewiseLinearEmbedding": lambda: [PiecewiseLinearEmbedding(EDGES, 3)],
    "PiecewiseLinearEmbedding-bounded": lambda: [PiecewiseLinearEmbedding(EDGES, 2, bounded=True)],
    "PeriodicEmbedding": lambda: [PeriodicEmbedding(5)],
    "PeriodicEmbedding-other-settings": lambda: [PeriodicEmbedding(5, 2, 3, 1.0)],
    "MemberScaling": lambda: [MemberScaling(5, 3)],
    "MemberScaling-one": lambda: [MemberScaling(5, 1)],
    "EnsembleDense-one": lambda: [EnsembleDense(5, 2, 1)],
    "EnsembleDense": lambda: [MemberScaling(5, 3), EnsembleDense(5, 2, 3)],
    "EnsembleDense-without-r": lambda: [MemberScaling(5, 3), EnsembleDense(5, 2, 3, False)],
    "MemberDense": lambda: [MemberScaling(5, 3), MemberDense(5, 2, 3)],
    "MemberDense-one": lambda: [MemberDense(5, 2, 1)],
    "Residual": lambda: [Residual([Dense(5, 3), Tanh(), Dropout(0.3), Dense(3, 5)])],
    "PerMember": lambda: [
        MemberScaling(5, 3),
        PerMember(3, [Dense(5, 4), BatchNorm(4), ReLU(), Dropout(0.2), Dense(4, 2)]),
    ],
    "tabm-mini": lambda: [
        PiecewiseLinearEmbedding(EDGES, 2),
        MemberScaling(10, 3, [2] * 5),
        PerMember(3, [Dense(10, 4), Tanh(), Residual([Dense(4, 4), Tanh()])]),
        MemberDense(4, 2, 3),
    ],
    "Embedding": lambda: [Embedding([2, 1, 3, 2, 2], 3)],
    "ByColumns-identity": lambda: [ByColumns([([3, 0, 1, 2, 4], [])])],
    "ByColumns": lambda: [
        ByColumns(
            [
                ([4, 0, 1], [PiecewiseLinear(EDGES[:3]), Dense(7, 2), Dropout(0.3)]),
                ([1, 2], []),
                ([3], [Embedding([2], 4), BatchNorm(4)]),
                ([0, 1, 2], [ByColumns([([2, 0], [Dense(2, 2), Tanh()])]), Dropout(0.2)]),
            ]
        ),
        Dense(10, 2),
    ],
    "Conv2D": lambda: [Conv2D((1, 5, 1), 2)],
    "Conv2D-pictures": lambda: [Dense(5, 24), Conv2D((3, 4, 2), 3, 2), Conv2D((3, 4, 3), 2)],
    "Conv2D-valid": lambda: [Dense(5, 30), Conv2D((5, 3, 2), 2, 2, 2, "valid")],
    "Conv2D-one-pixel": lambda: [Conv2D((1, 1, 5), 3, 1)],
    "DepthwiseConv2D": lambda: [DepthwiseConv2D((5, 1, 1)), DepthwiseConv2D((5, 1, 1), 4, 3)],
    "DepthwiseConv2D-pictures": lambda: [Dense(5, 24), DepthwiseConv2D((3, 4, 2), 2, 1, "valid")],
    "MaxPool2D": lambda: [Dense(5, 40), MaxPool2D((5, 4, 2)), MaxPool2D((2, 2, 2), 3, 1, "same")],
    "AveragePool2D": lambda: [
        *(Dense(5, 40), AveragePool2D((5, 4, 2)), AveragePool2D((2, 2, 2), 3, 1, "same"))
    ],
    "GlobalAveragePool2D": lambda: [Dense(5, 12), GlobalAveragePool2D((3, 2, 2))],
    "BatchNorm2D": lambda: [Dense(5, 12), BatchNorm2D((3, 2, 2), 1, 0.5)],
    "stack-pictures": lambda: [
        *(Dense(5, 32), Conv2D((4, 4, 2), 3), BatchNorm2D((4, 4, 3)), ReLU(), MaxPool2D((4, 4, 3))),
        *(DepthwiseConv2D((2, 2, 3)), Conv2D((2, 2, 3), 4, 1), Tanh()),
        *(GlobalAveragePool2D((2, 2, 4)), Dense(4, 2)),
    ],
    "stack-relu": lambda: [Dense(5, 6), ReLU(), Dropout(0.3), Dense(6, 6), ReLU(), Dense(6, 2)],
    "stack-leaky": lambda: [Dense(5, 6), LeakyReLU(0.2), Dense(6, 3), Dropout(0.2)],
    "stack-smooth": lambda: [Sigmoid(), Dense(5, 3), Tanh(), Dense(3, 3), Sigmoid()],
    "stack-batch-norm": lambda: [BatchNorm(5), Dense(5, 6), BatchNorm(6), ReLU(), Dense(6, 2)],
    "stack-layer-norm": lambda: [LayerNorm(5), Dense(5, 6), LayerNorm(6), Tanh(), Dense(6, 2)],
    "stack-silu": lambda: [Dense(5, 6), SiLU(), Dropout(0.3), Dense(6, 6), Mish(), Dense(6, 2)],
    "stack-realmlp": lambda: [
        *(Scaling(5), DenseNTP(5, 6), Parametric(6), DenseNTP(6, 4), Parametric(4, "mish")),
        *(Dropout(0.2), DenseNTP(4, 2)),
    ],
    "stack-linear": lambda: [Dense(5, 2), Dense(2, 4)],
    "stack-of-activations": lambda: [Tanh(), LeakyReLU(0.3), Sigmoid()],
}

# Sizes of the batches in turn; the law is held by the last of them.
BATCHES = {
    "one-sample": [1],
    "several": [7],
    "shorter-than-before": [9, 4],
    "longer-than-before": [2, 6],
}

DTYPES = [np.float32, np.float64]


@pytest.fixture(params=LAYERS)
def layers(request: pytest.FixtureRequest) -> list[Layer]:
    return LAYERS[str(request.param)]()


def network_of(layers: list[Layer], dtype: DTypeLike = np.float64) -> Network:
    return randomized(Network(layers, dtype=dtype))


def forward_backward(network: Network, N: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """X, Y and dX of a step with a random upstream gradient."""
    X = normal(N, FEATURES, seed=seed, dtype=network.dtype)
    Y = network.forward(X, training=True)
    dX = network.backward(normal(*Y.shape, seed=seed + 1, dtype=network.dtype), need_dX=True)
    assert dX is not None
    return X, Y, dX


# laws of every layer ---------------------------------------------------------------------------


def gradient_errors(network: Network, X: Array) -> dict[str, float]:
    """How far dX and each parameter's gradient are from finite differences."""
    forward = held_still(network)
    V = normal(*forward(X).shape, seed=3)
    network.grad[...] = np.nan  # a gradient is written: what was there before does not matter
    dX = network.backward(V.copy(), need_dX=True)
    assert dX is not None
    pairs = {"X": (X, dX.copy())}
    pairs |= {
        name: (network.parameters[name], network.gradients[name]) for name in network.gradients
    }

    def J() -> float:
        return float((forward(X) * V).sum())

    return {name: largest_error(J, value, gradient) for name, (value, gradient) in pairs.items()}


@pytest.mark.parametrize("sizes", BATCHES.values(), ids=BATCHES)
def test_gradients_agree_with_finite_differences(layers: list[Layer], sizes: list[int]) -> None:
    network = network_of(layers)
    for seed, N in enumerate(sizes[:-1]):
        forward_backward(network, N, seed)
    errors = gradient_errors(network, normal(sizes[-1], FEATURES, seed=9))
    assert all(error < 1e-6 for error in errors.values()), errors


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32))
def test_dense_is_right_for_every_size(N: int, n_in: int, n_out: int, seed: int) -> None:
    network = randomized(Network([Dense(n_in, n_out)], dtype=np.float64), seed)
    errors = gradient_errors(network, normal(N, n_in, seed=seed + 1))
    assert all(error < 1e-6 for error in errors.values()), errors


def test_two_backward_passes_give_the_same_gradient(layers: list[Layer]) -> None:
    network = network_of(layers)
    forward, X = held_still(network), normal(6, FEATURES)
    V = normal(*forward(X).shape, seed=1)
    found = []
    for _ in range(2):
        forward(X)
        network.backward(V.copy())
        found.append(network.grad.copy())
    np.testing.assert_array_equal(found[0], found[1])


def test_X_is_left_as_it_is(layers: list[Layer]) -> None:
    X, _, _ = forward_backward(network_of(layers), 6)
    np.testing.assert_array_equal(X, normal(6, FEATURES))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("N", [1, 6])
def test_shapes_and_dtypes(layers: list[Layer], dtype: DTypeLike, N: int) -> None:
    network = network_of(layers, dtype)
    _, Y, dX = forward_backward(network, N)
    assert Y.shape == (N, network.n_out or FEATURES)
    assert dX.shape == (N, FEATURES)
    held = [Y, dX, network.theta, network.grad]
    held += [array for layer in network.layers for array in arrays_of(layer)]
    assert {array.dtype for array in held} == {np.dtype(dtype)}


def test_buffers_are_used_again(layers: list[Layer]) -> None:
    network = network_of(layers)
    X, Y, dX = forward_backward(network, 8)
    for N in (8, 3, 1, 8):
        _, Y_again, dX_again = forward_backward(network, N)
        if Y is not X:  # Dropout of nothing
            assert address(Y_again) == address(Y), f"forward of {N} samples"
        if network.layers[0].weights:  # the others give back the dY they were handed
            assert address(dX_again) == address(dX), f"backward of {N} samples"


def test_a_step_allocates_no_array(layers: list[Layer]) -> None:
    network = network_of(layers, np.float32)
    N = 40_000
    X = normal(N, FEATURES, dtype=np.float32)
    V = np.ones((N, network.n_out or FEATURES), np.float32)

    def step() -> None:
        network.forward(X, training=True)
        network.backward(V, need_dX=True)

    step()
    assert peak_bytes(step) < N * 4  # not even a single column


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1e3, 1e6])
def test_large_inputs_stay_finite(layers: list[Layer], dtype: DTypeLike, size: float) -> None:
    network = network_of(layers, dtype)
    X = np.full((4, FEATURES), size, dtype)
    X[1::2] *= -1
    Y = network.forward(X, training=True)
    dX = network.backward(np.ones_like(Y), need_dX=True)
    assert dX is not None
    assert np.isfinite(Y).all()
    assert np.isfinite(dX).all()
    assert np.isfinite(network.grad).all()


def test_answering_depends_on_nothing_but_the_sample(layers: list[Layer]) -> None:
    network = network_of(layers)
    X = normal(6, FEATURES)
    together = network.forward(X).copy()
    for i in range(6):
        np.testing.assert_allclose(network.forward(X[i : i + 1])[0], together[i], rtol=1e-13)


def test_settings_make_the_twin(layers: list[Layer]) -> None:
    for layer in layers:
        twin = type(layer)(**layer.settings)
        assert twin.settings == layer.settings
        assert repr(twin) == repr(layer)
        assert (twin.n_in, twin.n_out) == (layer.n_in, layer.n_out)


# hand-worked values: layer, X, Y, dY, dX --------------------------------------------------------

BY_HAND: dict[str, tuple[Layer, list[float], list[float], list[float], list[float]]] = {
    "ReLU": (ReLU(), [-2, 0, 3], [0, 0, 3], [5, 7, 11], [0, 0, 11]),
    "LeakyReLU": (LeakyReLU(0.1), [-2, 0, 3], [-0.2, 0, 3], [5, 7, 11], [0.5, 0.7, 11]),
    "Sigmoid": (Sigmoid(), [0, log(3), -log(3)], [0.5, 0.75, 0.25], [4, 16, 16], [1, 3, 3]),
    "Tanh": (Tanh(), [0, log(3), -log(2)], [0, 0.8, -0.6], [2, 100, 100], [2, 36, 64]),
    "SiLU": (
        SiLU(),
        [0, log(3), -log(3)],
        [0, 0.75 * log(3), -0.25 * log(3)],
        [2, 4, 4],
        [1, 3 + 0.75 * log(3), 1 - 0.75 * log(3)],
    ),
    "GELU": (  # u = √(2/π) · 1.044715 at X = 1
        GELU(),
        [0, 1, 100],
        [0, 1 / (1 + exp(-2 * sqrt(2 / pi) * 1.044715)), 100],
        [2, 0, 3],
        [1, 0, 3],
    ),
    "SELU": (  # λ = 1.0507…, λ α = 1.7580993…
        SELU(),
        [0, 3, -log(2)],
        [0, 3.1521029620664414, -0.8790496704238811],
        [1, 1, 2],
        [1.7580993408477622, 1.0507009873554805, 1.7580993408477622],
    ),
    "Mish": (  # tanh(ln(1 + e^X)) is 3/5 for e^X = 1, 4/5 for 2, 5/13 for ½
        Mish(),
        [0, log(2), -log(2)],
        [0, 0.8 * log(2), -5 / 13 * log(2)],
        [5, 100, 169],
        [3, 80 + 24 * log(2), 65 - 48 * log(2)],
    ),
}


@pytest.mark.parametrize(("layer", "X", "Y", "dY", "dX"), BY_HAND.values(), ids=BY_HAND)
def test_activations_by_hand(
    layer: Layer, X: list[float], Y: list[float], dY: list[float], dX: list[float]
) -> None:
    network = Network([layer], dtype=np.float64)
    np.testing.assert_allclose(network.forward(np.array([X])), [Y], atol=1e-15)
    found = network.backward(np.array([dY], float), need_dX=True)
    assert found is not None
    np.testing.assert_allclose(found, [dX], atol=1e-13)


def test_dense_by_hand() -> None:
    dense = Dense(2, 3)
    network = Network([dense], dtype=np.float64)
    dense.W[...] = [[1, 2, 3], [4, 5, 6]]
    dense.b[...] = [0.5, 0, -0.5]
    X, dY = np.array([[1.0, 2], [0, 1]]), np.array([[1.0, 0, -1], [2, 1, 0]])
    np.testing.assert_array_equal(network.forward(X), [[9.5, 12, 14.5], [4.5, 5, 5.5]])
    dX = network.backward(dY, need_dX=True)
    assert dX is not None
    np.testing.assert_array_equal(dense.dW, [[1, 0, -1], [4, 1, -2]])  # Xᵀ dY
    np.testing.assert_array_equal(dense.db, [3, 1, -1])  # Σ dY
    np.testing.assert_array_equal(dX, [[-2, -2], [4, 13]])  # dY Wᵀ


def test_the_layers_of_realmlp_by_hand() -> None:
    dense, scaling, parametric = DenseNTP(4, 1), Scaling(2), Parametric(2, "relu")
    for layer in (dense, scaling, parametric):
        Network([layer], dtype=np.float64)
    np.testing.assert_array_equal([*scaling.gamma, *parametric.alpha], 1)  # the start

    dense.W[...], dense.b[...] = [[1], [2], [3], [4]], 7
    X, dY = np.array([[1.0, 0, 1, 0], [0, 2, 0, 0]]), np.array([[1.0], [10]])
    np.testing.assert_array_equal(dense.forward(X), [[9], [9]])  # (1 + 3) / √4 + 7
    np.testing.assert_array_equal(
        np.asarray(dense.backward(dY)), [[0.5, 1, 1.5, 2], [5, 10, 15, 20]]
    )
    np.testing.assert_array_equal(dense.dW, [[0.5], [10], [0.5], [0]])
    np.testing.assert_array_equal(dense.db, [11])

    scaling.gamma[...], parametric.alpha[...] = [2, -3], [0.25, 3]
    X, dY = np.array([[1.0, -1], [-4, 5]]), np.array([[1.0, 10], [100, 1000]])
    np.testing.assert_array_equal(scaling.forward(X), [[2, 3], [-8, -15]])
    np.testing.assert_array_equal(parametric.forward(X), [[1, 2], [-3, 5]])  # −1 + 3 (0 − −1)
    dX = parametric.backward(dY.copy())
    np.testing.assert_array_equal(np.asarray(dX), [[1, -20], [75, 1000]])  # 1 − α where X < 0
    np.testing.assert_array_equal(parametric.dalpha, [400, 10])
    np.testing.assert_array_equal(np.asarray(scaling.backward(dY)), [[2, -30], [200, -3000]])
    np.testing.assert_array_equal(scaling.dgamma, [1 - 400, -10 + 5000])


def test_the_start_of_the_neural_tangent_parametrization() -> None:
    network = Network([DenseNTP(400, 300), Parametric(300), DenseNTP(300, 5, zeros)], rng=3)
    network.spread_biases(5)
    W, b, alpha, W_last, b_last = (
        network.parameters[f"layers.{name}"] for name in ("0.W", "0.b", "1.alpha", "2.W", "2.b")
    )
    for drawn in (W, b):
        assert drawn.mean() == pytest.approx(0, abs=4 / sqrt(drawn.size))
        assert drawn.std() == pytest.approx(1, abs=4 / sqrt(2 * drawn.size))
    assert (alpha == 1).all()
    assert not W_last.any()
    assert not b_last.any()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_parametric_activation_suits_the_weights_of_its_activation(name: str) -> None:
    found = [
        Network([Dense(20, 30), layer], rng=1).parameters["layers.0.W"]
        for layer in (ACTIVATIONS[name](), Parametric(30, name))
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_dense_leaves_dX_out_where_nobody_needs_it() -> None:
    dense = Dense(5, 4)
    network = network_of([dense])
    network.forward(normal(6, FEATURES))
    dY = normal(6, 4, seed=1)
    dense.backward(dY, need_dX=True)
    grad = network.grad.copy()
    network.grad[...] = np.nan
    assert dense.backward(dY, need_dX=False) is None
    np.testing.assert_array_equal(network.grad, grad)  # and computes dW and db all the same


def test_the_kink_of_relu_has_the_derivative_0() -> None:
    for layer, at_kink in ((ReLU(), 0.0), (LeakyReLU(0.3), 0.3)):
        network = Network([layer], dtype=np.float64)
        network.forward(np.zeros((1, 2)))
        dX = network.backward(np.ones((1, 2)), need_dX=True)
        np.testing.assert_allclose(np.asarray(dX), at_kink, rtol=1e-15)


# Dropout ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_has_its_rate_and_keeps_the_expectation(rate: float, dtype: DTypeLike) -> None:
    network = Network([Dropout(rate)], dtype=dtype)
    Y = network.forward(np.ones((400, 500), dtype), training=True)
    spread = np.sqrt(rate * (1 - rate) / Y.size)  # of the share, as of any proportion
    assert (Y == 0).mean() == pytest.approx(rate, abs=5 * spread)
    np.testing.assert_allclose(Y[Y > 0], 1 / (1 - rate), rtol=1e-6)
    assert Y.mean() == pytest.approx(1, abs=5 * spread / (1 - rate))


def test_dropout_uses_one_mask_forward_and_backward_and_another_at_the_next_step() -> None:
    network = Network([Dropout(0.5)], dtype=np.float64)
    masks = []
    for _ in range(2):
        masks.append(network.forward(np.ones((20, 30)), training=True).copy())
        dX = network.backward(np.ones((20, 30)), need_dX=True)
        assert dX is not None
        np.testing.assert_array_equal(dX, masks[-1])
    assert (masks[0] != masks[1]).mean() > 0.4
    assert (masks[0][0] != masks[0][1]).any()  # each sample has a mask of its own


@pytest.mark.parametrize("dropout", [Dropout(0.5), Dropout(0.0)], ids=repr)
def test_dropout_is_the_identity_when_the_network_answers(dropout: Dropout) -> None:
    network = Network([dropout], dtype=np.float64)
    X = normal(6, FEATURES)
    network.forward(X, training=True)  # the mask of a training step is forgotten
    np.testing.assert_array_equal(network.forward(X), X)
    dX = network.backward(np.ones((6, FEATURES)), need_dX=True)
    np.testing.assert_array_equal(np.asarray(dX), 1)


def test_dropout_with_a_generator_of_its_own() -> None:
    def forward(dropout: Dropout, seed: int) -> Array:
        return Network([dropout], rng=seed).forward(np.ones((3, 50)), training=True).copy()

    own = [forward(Dropout(0.5, np.random.default_rng(7)), seed) for seed in (0, 1)]
    np.testing.assert_array_equal(own[0], own[1])
    handed = [forward(Dropout(0.5), seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(handed[0], handed[1])
    assert (handed[0] != handed[2]).any()


# words of errors --------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], Layer], str]] = {
    "no-inputs": (
        lambda: Dense(0, 3),
        "The number of inputs of a Dense layer must be a whole number ≥ 1, but got 0.",
    ),
    "half-an-output": (
        lambda: Dense(3, 2.5),  # type: ignore[arg-type]
        "The number of outputs of a Dense layer must be a whole number ≥ 1, but got 2.5.",
    ),
    "true-as-size": (
        lambda: Dense(True, 2),
        "The number of inputs of a Dense layer must be a whole number ≥ 1, but got True.",
    ),
    "scaling-of-nothing": (
        lambda: Scaling(0),
        "The number of features of Scaling must be a whole number ≥ 1, but got 0.",
    ),
    "unknown-activation": (
        lambda: Parametric(3, "mash"),
        "There is no activation 'mash' (did you mean 'mish'?); there are relu, leaky-relu, "
        "sigmoid, tanh, silu, gelu, selu, mish.",
    ),
    "slope-above-1": (
        lambda: LeakyReLU(1.5),
        "The slope of LeakyReLU must be a number in [0, 1], but got 1.5.",
    ),
    "slope-nan": (
        lambda: LeakyReLU(float("nan")),
        "The slope of LeakyReLU must be a number in [0, 1], but got nan.",
    ),
    "rate-1": (
        lambda: Dropout(1),
        "The rate of Dropout, the share of features left out, must be a number in [0, 1), "
        "but got 1.",
    ),
    "rate-negative": (
        lambda: Dropout(-0.1),
        "The rate of Dropout, the share of features left out, must be a number in [0, 1), "
        "but got -0.1.",
    ),
    "rate-as-word": (
        lambda: Dropout("half"),  # type: ignore[arg-type]
        "The rate of Dropout, the share of features left out, must be a number in [0, 1), "
        "but got 'half'.",
    ),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED)
def test_settings_out_of_range_are_refused(make: Callable[[], Layer], words: str) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert str(caught.value) == words


def test_the_contract_has_no_formula_of_its_own() -> None:
    with pytest.raises(NotImplementedError):
        Layer().forward(np.ones((1, 1)))
    with pytest.raises(NotImplementedError):
        Layer().backward(np.ones((1, 1)))
