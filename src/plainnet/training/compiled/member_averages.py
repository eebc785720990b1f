"""The mean of an ensemble's members, as compiled kernels: the formulas are in `member_mean.py`.

X `(k, n, K)` are the outputs of the members for some samples, and are overwritten. The mean of
probabilities is taken as it is. Only where it is so small that it may have lost digits, it is
computed from logarithms, as everywhere in `member_mean.py`.
"""

import math
from typing import Any

import numpy as np

from plainnet.training.compiled.exponential import exponential
from plainnet.training.compiled.jit import inlined, part, small

NUMBERS, SOFTMAX, SIGMOID = 0, 1, 2
"""What is averaged: outputs, or probabilities of classes, or of yes."""
SMALL = 1e-30
"""The probability below which logarithms are used."""


@inlined
def average(X: Any, kind: Any, Y: Any) -> None:
    """Write Y `(n, K)`."""
    if kind == NUMBERS:
        mean(X, Y)
    elif kind == SOFTMAX:
        mean_of_softmax(X, Y)
    else:
        mean_of_sigmoid(X, Y)


@part
def mean(X: Any, Y: Any) -> None:
    """Write Y = 1/k Σ_k X."""
    k = X.dtype.type(len(X))
    for i in range(len(Y)):
        for j in range(Y.shape[1]):
            total = X[0, i, j]
            for m in range(1, len(X)):
                total += X[m, i, j]
            Y[i, j] = total / k


@part
def mean_of_softmax(X: Any, Y: Any) -> None:
    """Write Y = ln (1/k Σ_k P), P = softmax(X)."""
    n, K = Y.shape
    E, real = np.empty(n * K, X.dtype), X.dtype.type
    Y[:] = 0
    for m in range(len(X)):
        for i in range(n):
            top = X[m, i].max()
            for j in range(K):
                X[m, i, j] -= top
        exponentials(X[m].reshape(-1), E)
        for i in range(n):
            total = real(0)
            for j in range(K):
                total += E[i * K + j]
            log_total = real(math.log(total))
            for j in range(K):
                X[m, i, j] -= log_total  # ln P
                Y[i, j] += E[i * K + j] / total  # Σ_k P
    for i in range(n):
        for j in range(K):
            p = Y[i, j] / real(len(X))
            Y[i, j] = log_mean(X[:, i, j]) if p < SMALL else real(math.log(p))


@part
def mean_of_sigmoid(X: Any, Y: Any) -> None:
    """Write Y = ln (p / (1 − p)), p = 1/k Σ_k σ(X)."""
    n, K = Y.shape
    E, one, zero = np.empty(X.size, X.dtype), X.dtype.type(1), X.dtype.type(0)
    exponentials(X.reshape(-1), E)
    E, least = E.reshape(X.shape), len(X) * SMALL
    for i in range(n):
        for j in range(K):
            yes, no = zero, zero
            for m in range(len(X)):
                yes += E[m, i, j] / (one + E[m, i, j])  # Σ_k σ
                no += one / (one + E[m, i, j])  # Σ_k (1 − σ)
            if yes > least and no > least:
                Y[i, j] = math.log(yes / no)
                continue
            for m in range(len(X)):
                x = X[m, i, j]
                X[m, i, j] = min(x, zero) - X.dtype.type(math.log1p(exponential(-abs(x))))  # ln σ
                E[m, i, j] = X[m, i, j] - x  # ln (1 − σ)
            Y[i, j] = log_mean(X[:, i, j]) - log_mean(E[:, i, j])


@small
def exponentials(x: Any, e: Any) -> None:
    """Write e^x for the first numbers of x."""
    for i in range(e.size):
        e[i] = exponential(x[i])


@small
def log_mean(L: Any) -> Any:
    """Return ln (1/k Σ_k e^L)."""
    top, total = L.max(), L.dtype.type(0)  # so that no e^L is 0 for all members
    for m in range(len(L)):
        total += exponential(L[m] - top)
    return L.dtype.type(math.log(total) - math.log(len(L))) + top
