"""A training step as compiled kernels, with numba, and SciPy for the products.

The formulas are those of `network/layers.py`, `network/losses.py` and `optimizers.py`. Read them
there; `tests/test_compiled.py` compares the kernels with them. NumPy passes over its arrays once
for each operation and returns to Python after it; a kernel completes all operations on a number
while it has it.

The network is Dense layers with ReLU, and perhaps Dropout, between them. N samples are rows;
`sizes` are the input features, the units of each hidden layer, and the outputs. `theta` and `grad`
hold all W, then all b; `A` holds the outputs of all layers, one after another, and `dA` their
gradients; `rates` are the rates of Dropout, and `U` its random numbers.

In numba a whole number turns float32 into float64 (`1 - x`), so every constant has its dtype.
"""

from typing import Any

import numpy as np

# imported early, so that its threads exist before they are limited
import scipy.linalg.cython_blas  # type: ignore[import-untyped]  # noqa: F401
from numba.extending import overload

from plainnet.training.compiled.exponential import exponential
from plainnet.training.compiled.jit import compiled

RELU, SILU = 0, 1
"""The kinds of activations."""


@compiled
def gradient(
    X: Any,
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
    Z = forward(X, theta, sizes, kinds, rates, U, A, S)
    J = loss(Z, y, r, squared, smoothing)
    backward(X, theta, grad, sizes, kinds, rates, A, S, dA)
    return J


@compiled
def forward(X: Any, theta: Any, sizes: Any, kinds: Any, rates: Any, U: Any, A: Any, S: Any) -> Any:
    """Return Z; write the outputs of all layers into A, and the slopes of smooth ones into S."""
    n, last = len(X), len(sizes) - 2
    w, b, a = 0, first_bias(sizes), 0
    for i in range(last + 1):
        n_in, n_out = sizes[i], sizes[i + 1]
        W = theta[w : w + n_in * n_out].reshape(n_in, n_out)
        Y = A[a : a + n * n_out].reshape(n, n_out)
        np.dot(X, W, Y)  # Y = X W
        bias, drawn = theta[b : b + n_out], U[a : a + n * n_out].reshape(n, n_out)
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
    w, b = first_bias(sizes), first_bias(sizes) + sizes[1:].sum()
    a = n * sizes[1:].sum()
    dY = A[a - n * sizes[-1] : a].reshape(n, sizes[-1])
    a -= n * sizes[-1]
    for i in range(last, -1, -1):
        n_in, n_out = sizes[i], sizes[i + 1]
        w, b = w - n_in * n_out, b - n_out
        dW = grad[w : w + n_in * n_out].reshape(n_in, n_out)
        sum_rows(dY, grad[b : b + n_out])  # db = Σ_N dY
        if i == 0:
            np.dot(X.T, dY, dW)  # dW = Xᵀ dY
        else:
            a -= n * n_in
            Y = A[a : a + n * n_in].reshape(n, n_in)
            np.dot(Y.T, dY, dW)
            W = theta[w : w + n_in * n_out].reshape(n_in, n_out)
            dX = dA[a : a + n * n_in].reshape(n, n_in)
            np.dot(dY, W.T, dX)  # dX = dY Wᵀ
            if kinds[i - 1] == RELU:
                hold_back(dX, Y, rates[i - 1])
            else:
                multiply(dX, S[a : a + n * n_in].reshape(n, n_in))
            dY = dX


@compiled
def first_bias(sizes: Any) -> Any:
    """Return the index of the first bias in theta."""
    return (sizes[:-1] * sizes[1:]).sum()


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


@compiled
def softmax_cross_entropy(Z: Any, y: Any, r: Any, s: Any) -> Any:
    """Return J, and replace Z by dZ; `s` is the label smoothing."""
    J, one, K = 0.0, Z.dtype.type(1), Z.dtype.type(Z.shape[1])
    for i in range(Z.shape[0]):
        if not 0 <= y[i] < Z.shape[1]:
            raise IndexError("A class number lies outside of the network's outputs.")
        top = Z[i].max()
        right, total, logits = Z[i, y[i]] - top, Z.dtype.type(0), Z.dtype.type(0)
        for k in range(Z.shape[1]):
            logits += Z[i, k] - top
            Z[i, k] = np.exp(Z[i, k] - top)
            total += Z[i, k]
        J += r[i] * (np.log(total) - right)  # −ln P[i, y_i] = ln Σ e^Z − Z[i, y_i]
        if s > 0:
            J += r[i] * s * (right - logits / K)  # of the share s the mean over all classes
        share, spread = r[i] / total, r[i] * s / K
        for k in range(Z.shape[1]):
            Z[i, k] = Z[i, k] * share - spread  # P / N, less the smoothed part of y
        Z[i, y[i]] -= r[i] * (one - s)  # dZ = (P − [one-hot y]) / N
    return J


@compiled
def sigmoid_cross_entropy(Z: Any, y: Any, r: Any, s: Any) -> Any:
    """Return J, and replace Z by dZ; `s` is the label smoothing."""
    J, zero, one, half = 0.0, Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(0.5)
    for i in range(Z.shape[0]):
        share = r[i] / Z.dtype.type(Z.shape[1])
        for k in range(Z.shape[1]):
            z, t = Z[i, k], (one - s) * y[i, k] + half * s
            e = np.exp(-abs(z))
            J += share * (max(z, zero) - t * z + np.log1p(e))
            p = (one if z >= zero else e) / (one + e)
            Z[i, k] = share * (p - t)  # dZ = (p − y) / (N K)
    return J


@compiled
def squared_error(Z: Any, y: Any, r: Any) -> Any:
    """Return J, and replace Z by dZ."""
    J, K, two = 0.0, Z.dtype.type(Z.shape[1]), Z.dtype.type(2)
    for i in range(Z.shape[0]):
        for k in range(Z.shape[1]):
            error, share = Z[i, k] - y[i, k], r[i] / K
            J += share * error * error  # J = 1/(N K) Σ (Z − y)²
            Z[i, k] = two * share * error  # dZ = 2 (Z − y) / (N K)
    return J


def loss(Z: Any, y: Any, r: Any, squared: Any, s: Any) -> Any:
    """Return J, and replace Z by dZ; the compiler chooses softmax by the shape of y."""
    raise NotImplementedError


@overload(loss, strict=False)
def _loss(Z: Any, y: Any, r: Any, squared: Any, s: Any) -> Any:  # noqa: ARG001 - these are types
    if y.ndim == 1:
        return lambda Z, y, r, squared, s: softmax_cross_entropy(Z, y, r, s)  # noqa: ARG005
    return lambda Z, y, r, squared, s: (
        squared_error(Z, y, r) if squared else sigmoid_cross_entropy(Z, y, r, s)
    )


@compiled
def momentum(theta: Any, g: Any, v: Any, mu: Any, a: Any) -> None:
    """Take a step of Momentum."""
    for i in range(theta.size):
        v[i] = mu * v[i] + g[i]  # v ← μ v + g
        theta[i] -= a * v[i]  # θ ← θ − α v


@compiled
def adam(
    theta: Any, g: Any, m: Any, v: Any, b1: Any, c1: Any, b2: Any, c2: Any, a: Any, r: Any, e: Any
) -> None:
    """Take a step of Adam, with c = 1−β, a = α / (1−β₁ᵗ), r = 1 / √(1−β₂ᵗ)."""
    for i in range(theta.size):
        m[i] = b1 * m[i] + c1 * g[i]  # m ← β₁ m + (1−β₁) g
        v[i] = b2 * v[i] + c2 * (g[i] * g[i])  # v ← β₂ v + (1−β₂) g²
        theta[i] -= a * (m[i] / (np.sqrt(v[i]) * r + e))  # θ ← θ − α m̂ / (√v̂ + ε)
