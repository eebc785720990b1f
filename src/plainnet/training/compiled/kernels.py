"""A training step as compiled kernels, with numba, and SciPy for the products.

The formulas are those of `network/layers.py`, `network/losses.py` and `optimizers.py`. Read them
there; `tests/test_compiled.py` compares the kernels with them. NumPy passes over its arrays once
for each operation and returns to Python after it; a kernel completes all operations on a number
while it has it.

The network is Dense layers with an activation, and perhaps Dropout, between them. N samples are
rows. Some columns may enter through a piecewise-linear encoding: `X` holds the other ones, `bins`
the sorted samples of `piecewise.py`, and the first W has the rows of X before those of the bins.

`sizes` are the input features, the units of each hidden layer, and the outputs. `theta` and `grad`
are two vectors each: all W, and all b. `A` holds the outputs of all layers, one after another, and
`dA` their gradients; `rates` are the rates of Dropout, and `U` its random numbers.

In numba a whole number turns float32 into float64 (`1 - x`), so every constant has its dtype.
"""

from typing import Any

import numpy as np

# imported early, so that its threads exist before they are limited
import scipy.linalg.cython_blas  # type: ignore[import-untyped]  # noqa: F401

from plainnet.training.compiled.embedding_kernels import (
    embed,
    embedding_gradient,
    product_with_transposed,
)
from plainnet.training.compiled.exponential import exponential
from plainnet.training.compiled.jit import compiled
from plainnet.training.compiled.losses import loss
from plainnet.training.compiled.member_kernels import (
    activate,
    activate_gradient,
    answer,
    answer_gradient,
    scale,
    scale_gradient,
)
from plainnet.training.compiled.piecewise import (
    add_encoded,
    are_connected,
    encoded_gradient,
    sort_into_bins,
)
from plainnet.training.compiled.updates import adam, mix, momentum

__all__ = [
    "activate",
    "activate_gradient",
    "adam",
    "answer",
    "answer_gradient",
    "are_connected",
    "embed",
    "embedding_gradient",
    "forward",
    "gradient",
    "mix",
    "momentum",
    "product_with_transposed",
    "scale",
    "scale_gradient",
    "sort_into_bins",
]

RELU, SILU = 0, 1
"""The kinds of activations."""


@compiled
def gradient(
    X: Any,
    bins: Any,
    y: Any,
    r: Any,
    squared: Any,
    smoothing: Any,
    theta: Any,
    grad: Any,
    sizes: Any,
    kinds: Any,
    rates: Any,
    U: Any,
    A: Any,
    S: Any,
    dA: Any,
) -> Any:
    """Write `grad` and return J; `r` is the share of each sample in the mean.

    The loss is softmax cross-entropy for class numbers y `(N,)`, and for y `(N, K)` the mean
    squared error, if `squared`, or else sigmoid cross-entropy.
    """
    Z = forward(X, bins, theta, sizes, kinds, rates, U, A, S)
    J = loss(Z, y, r, squared, smoothing)
    backward(X, bins, theta, grad, sizes, kinds, rates, A, S, dA)
    return J


@compiled
def forward(
    X: Any, bins: Any, theta: Any, sizes: Any, kinds: Any, rates: Any, U: Any, A: Any, S: Any
) -> Any:
    """Return Z; write the outputs of all layers into A, and the slopes of smooth ones into S."""
    n, last = len(X), len(sizes) - 2
    weights, biases = theta
    w, b, a = 0, 0, 0
    for i in range(last + 1):
        n_in, n_out = sizes[i], sizes[i + 1]
        W = weights[w : w + n_in * n_out].reshape(n_in, n_out)
        Y = A[a : a + n * n_out].reshape(n, n_out)
        if i == 0:
            first_product(X, bins, W, Y)
        else:
            np.dot(X, W, Y)  # Y = X W
        bias, drawn = biases[b : b + n_out], U[a : a + n * n_out].reshape(n, n_out)
        if i == last:
            add(Y, bias)
        elif kinds[i] == RELU:
            relu(Y, bias)
        else:
            slope = S[a : a + n * n_out].reshape(n, n_out)
            silu(Y, bias, slope)
            if rates[i] > 0:
                drop_out(slope, drawn, rates[i])
        if i < last and rates[i] > 0:
            drop_out(Y, drawn, rates[i])
        X, w, b, a = Y, w + n_in * n_out, b + n_out, a + n * n_out
    return X


@compiled
def backward(
    X: Any,
    bins: Any,
    theta: Any,
    grad: Any,
    sizes: Any,
    kinds: Any,
    rates: Any,
    A: Any,
    S: Any,
    dA: Any,
) -> None:
    """Write `grad`; on entry `A` ends with dZ instead of Z."""
    n, last = len(X), len(sizes) - 2
    (weights, _), (dweights, dbiases) = theta, grad
    w, b = len(weights), len(dbiases)
    a = n * sizes[1:].sum()
    dY = A[a - n * sizes[-1] : a].reshape(n, sizes[-1])
    a -= n * sizes[-1]
    for i in range(last, -1, -1):
        n_in, n_out = sizes[i], sizes[i + 1]
        w, b = w - n_in * n_out, b - n_out
        dW = dweights[w : w + n_in * n_out].reshape(n_in, n_out)
        sum_rows(dY, dbiases[b : b + n_out])  # db = Σ_N dY
        if i == 0:
            first_gradient(X, bins, dY, dW)
        else:
            a -= n * n_in
            Y = A[a : a + n * n_in].reshape(n, n_in)
            np.dot(Y.T, dY, dW)  # dW = Xᵀ dY
            W = weights[w : w + n_in * n_out].reshape(n_in, n_out)
            dX = dA[a : a + n * n_in].reshape(n, n_in)
            np.dot(dY, W.T, dX)  # dX = dY Wᵀ
            if kinds[i - 1] == RELU:
                hold_back(dX, Y, rates[i - 1])
            else:
                multiply(dX, S[a : a + n * n_in].reshape(n, n_in))
            dY = dX


@compiled
def first_product(X: Any, bins: Any, W: Any, Y: Any) -> None:
    """Compute Y = [X | P] W."""
    n_plain = X.shape[1]
    if n_plain > 0:
        np.dot(X, W[:n_plain], Y)
    else:
        Y[:] = 0
    add_encoded(Y, W[n_plain:], bins)


@compiled
def first_gradient(X: Any, bins: Any, dY: Any, dW: Any) -> None:
    """Compute dW = [X | P]ᵀ dY."""
    n_plain = X.shape[1]
    if n_plain > 0:
        np.dot(X.T, dY, dW[:n_plain])
    encoded_gradient(dY, dW[n_plain:], bins)


@compiled
def add(Y: Any, b: Any) -> None:
    """Add the bias."""
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] += b[j]  # Y = X W + b


@compiled
def relu(Y: Any, b: Any) -> None:
    """Add the bias and apply ReLU."""
    zero = Y.dtype.type(0)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            z = Y[i, j] + b[j]
            Y[i, j] = zero if z <= zero else z  # max(0, z), and NaN where z is


@compiled
def silu(Y: Any, b: Any, slope: Any) -> None:
    """Add the bias and apply SiLU; write its derivative into `slope`."""
    one = Y.dtype.type(1)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            z = Y[i, j] + b[j]
            s = one / (one + exponential(-z))  # σ
            y = z * s
            Y[i, j] = y
            slope[i, j] = s + y * (one - s)  # σ + Y (1 − σ)


@compiled
def multiply(dY: Any, slope: Any) -> None:
    """Go back through a smooth activation, and Dropout, whose factors the slope contains."""
    for i in range(dY.shape[0]):
        for j in range(dY.shape[1]):
            dY[i, j] *= slope[i, j]


@compiled
def drop_out(Y: Any, U: Any, rate: Any) -> None:
    """Apply Dropout."""
    zero, one = Y.dtype.type(0), Y.dtype.type(1)
    gain = one / (one - rate)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] = Y[i, j] * gain if U[i, j] >= rate else zero


@compiled
def hold_back(dY: Any, Y: Any, rate: Any) -> None:
    """Go back through Dropout and ReLU: Y > 0 only where both let the value pass."""
    zero, one = Y.dtype.type(0), Y.dtype.type(1)
    gain = one / (one - rate)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            dY[i, j] = dY[i, j] * gain if Y[i, j] > zero else zero


@compiled
def sum_rows(dY: Any, db: Any) -> None:
    """Compute the gradient of the bias."""
    db[:] = 0
    for i in range(dY.shape[0]):
        for j in range(dY.shape[1]):
            db[j] += dY[i, j]
