"""The losses as compiled kernels: each writes the losses of the rows and dZ; Z is overwritten.

A sample has as many rows of Z, one after another, as an ensemble in one network has members, which
share its target. `r` are the weights of the samples. Logarithms and powers of e are computed for
all numbers in one loop, which becomes vector instructions for any number of outputs.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.exponential import exponential, logarithm, logarithm_of_1_plus
from plainnet.training.compiled.jit import inlined, part, small
from plainnet.training.compiled.views import flat


@part
def softmax_cross_entropy(Z: Any, dZ: Any, y: Any, r: Any, members: Any, s: Any, J: Any) -> None:
    """Write J `(rows,)` and dZ; `s` is the label smoothing."""
    one, K = Z.dtype.type(1), Z.dtype.type(Z.shape[1])
    for i in range(len(Z)):
        top = Z[i, 0]
        for k in range(1, Z.shape[1]):
            top = max(top, Z[i, k])
        for k in range(Z.shape[1]):
            Z[i, k] -= top
    exponentials(flat(Z), flat(dZ))
    for i in range(len(Z)):
        total = Z.dtype.type(0)
        for k in range(Z.shape[1]):
            total += dZ[i, k]
        J[i], share = total, one / total
        for k in range(Z.shape[1]):
            dZ[i, k] *= share  # P
    for i in range(len(Z)):
        J[i] = logarithm(type(one)(J[i]))
    for sample in range(len(r)):
        right, weight = y[sample], r[sample]
        spread = weight * s / K
        for i in range(sample * members, (sample + 1) * members):
            if not 0 <= right < Z.shape[1]:  # an error would leave other threads waiting
                J[i] = np.nan
                continue
            loss = J[i] - Z[i, right]  # −ln P[i, y_i] = ln Σ e^Z − Z[i, y_i]
            if s > 0:  # of the share s the mean over all classes
                logits = Z.dtype.type(0)
                for k in range(Z.shape[1]):
                    logits += Z[i, k]
                loss += s * (Z[i, right] - logits / K)
            J[i] = weight * loss
            for k in range(Z.shape[1]):
                dZ[i, k] = weight * dZ[i, k] - spread  # P / N, less the smoothed part of y
            dZ[i, right] -= weight * (one - s)  # dZ = (P − [one-hot y]) / N


@part
def sigmoid_cross_entropy(Z: Any, dZ: Any, y: Any, r: Any, members: Any, s: Any, J: Any) -> None:
    """Write J `(rows,)` and dZ; `s` is the label smoothing."""
    zero, one, half = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(0.5)
    for sample in range(len(r)):
        for i in range(sample * members, (sample + 1) * members):
            for k in range(Z.shape[1]):
                dZ[i, k] = (one - s) * y[sample, k] + half * s  # the smoothed target
    of_Z, of_dZ = flat(Z), flat(dZ)
    for i in range(len(of_Z)):
        z, t = of_Z[i], of_dZ[i]
        e = exponential(-abs(z))
        p = (one if z >= zero else e) / (one + e)
        of_Z[i] = max(z, zero) - t * z + logarithm_of_1_plus(e)
        of_dZ[i] = p - t
    for sample in range(len(r)):
        share = r[sample] / Z.dtype.type(Z.shape[1])
        for i in range(sample * members, (sample + 1) * members):
            J[i] = 0
            for k in range(Z.shape[1]):
                J[i] += share * Z[i, k]
                dZ[i, k] *= share  # dZ = (p − y) / (N K)


@part
def squared_error(Z: Any, dZ: Any, y: Any, r: Any, members: Any, J: Any) -> None:
    """Write J `(rows,)` and dZ."""
    K, two = Z.dtype.type(Z.shape[1]), Z.dtype.type(2)
    for sample in range(len(r)):
        share = r[sample] / K
        for i in range(sample * members, (sample + 1) * members):
            J[i] = 0
            for k in range(Z.shape[1]):
                error = Z[i, k] - y[sample, k]
                J[i] += share * (error * error)  # J = 1/(N K) Σ (Z − y)²
                dZ[i, k] = two * share * error  # dZ = 2 (Z − y) / (N K)


@small
def exponentials(Z: Any, E: Any) -> None:
    """Write e^Z."""
    for i in range(len(Z)):
        E[i] = exponential(Z[i])


SOFTMAX, SIGMOID, SQUARED = 0, 1, 2
"""The numbers of the losses."""


@inlined
def loss(
    Z: Any, dZ: Any, classes: Any, numbers: Any, r: Any, members: Any, kind: Any, s: Any, J: Any
) -> None:
    """Write J and dZ; targets are class numbers for softmax, else numbers."""
    if kind == SOFTMAX:
        softmax_cross_entropy(Z, dZ, classes, r, members, s, J)
    elif kind == SIGMOID:
        sigmoid_cross_entropy(Z, dZ, numbers, r, members, s, J)
    else:
        squared_error(Z, dZ, numbers, r, members, J)
