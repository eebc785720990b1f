"""The losses as compiled kernels: each returns J, and replaces Z by dZ."""

from typing import Any

import numpy as np
from numba.extending import overload

from plainnet.training.compiled.jit import compiled


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
