"""The losses as compiled kernels: each writes the losses of the rows, and replaces Z by dZ.

A sample has as many rows of Z, one after another, as an ensemble in one network has members, which
share its target. `r` are the weights of the samples.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.exponential import exponential
from plainnet.training.compiled.jit import inlined, part


@part
def softmax_cross_entropy(Z: Any, y: Any, r: Any, members: Any, s: Any, J: Any) -> None:
    """Write J `(rows,)`, and replace Z by dZ; `s` is the label smoothing."""
    one, K = Z.dtype.type(1), Z.dtype.type(Z.shape[1])
    for i in range(Z.shape[0]):
        right_class, weight = y[i // members], r[i // members]
        if not 0 <= right_class < Z.shape[1]:  # an error would leave other threads waiting
            J[i] = np.nan
            continue
        top = Z[i, 0]
        for k in range(1, Z.shape[1]):
            top = max(top, Z[i, k])
        right, total, logits = Z[i, right_class] - top, Z.dtype.type(0), Z.dtype.type(0)
        for k in range(Z.shape[1]):
            logits += Z[i, k] - top
            Z[i, k] = exponential(Z[i, k] - top)
            total += Z[i, k]
        J[i] = weight * (np.log(total) - right)  # −ln P[i, y_i] = ln Σ e^Z − Z[i, y_i]
        if s > 0:
            J[i] += weight * s * (right - logits / K)  # of the share s the mean over all classes
        share, spread = weight / total, weight * s / K
        for k in range(Z.shape[1]):
            Z[i, k] = Z[i, k] * share - spread  # P / N, less the smoothed part of y
        Z[i, right_class] -= weight * (one - s)  # dZ = (P − [one-hot y]) / N


@part
def sigmoid_cross_entropy(Z: Any, y: Any, r: Any, members: Any, s: Any, J: Any) -> None:
    """Write J `(rows,)`, and replace Z by dZ; `s` is the label smoothing."""
    zero, one, half = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(0.5)
    for i in range(Z.shape[0]):
        J[i], sample = 0, i // members
        share = r[sample] / Z.dtype.type(Z.shape[1])
        for k in range(Z.shape[1]):
            z, t = Z[i, k], (one - s) * y[sample, k] + half * s
            e = exponential(-abs(z))
            J[i] += share * (max(z, zero) - t * z + np.log1p(e))
            p = (one if z >= zero else e) / (one + e)
            Z[i, k] = share * (p - t)  # dZ = (p − y) / (N K)


@part
def squared_error(Z: Any, y: Any, r: Any, members: Any, J: Any) -> None:
    """Write J `(rows,)`, and replace Z by dZ."""
    K, two = Z.dtype.type(Z.shape[1]), Z.dtype.type(2)
    for i in range(Z.shape[0]):
        J[i], sample = 0, i // members
        share = r[sample] / K
        for k in range(Z.shape[1]):
            error = Z[i, k] - y[sample, k]
            J[i] += share * error * error  # J = 1/(N K) Σ (Z − y)²
            Z[i, k] = two * share * error  # dZ = 2 (Z − y) / (N K)


SOFTMAX, SIGMOID, SQUARED = 0, 1, 2
"""The numbers of the losses."""


@inlined
def loss(
    Z: Any, classes: Any, numbers: Any, r: Any, members: Any, kind: Any, s: Any, J: Any
) -> None:
    """Write J, and replace Z by dZ; targets are class numbers for softmax, else numbers."""
    if kind == SOFTMAX:
        softmax_cross_entropy(Z, classes, r, members, s, J)
    elif kind == SIGMOID:
        sigmoid_cross_entropy(Z, numbers, r, members, s, J)
    else:
        squared_error(Z, numbers, r, members, J)
