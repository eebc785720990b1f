"""What a step of an ensemble in one network does besides its matrix products, as kernels.

The formulas are those of `MemberScaling`, `ReLU`, `Dropout` and `MemberDense`. N samples with k
members are N·k rows, member by member; `T` and `t` are scratch memory for the rows of one member.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.jit import compiled


@compiled
def scale(X: Any, r: Any, Y: Any) -> None:
    """Write Y `(N·k, n)`, the features of X `(N, n)` times the factors r `(k, n)`."""
    k = len(r)
    for i in range(len(X)):
        for m in range(k):
            for h in range(X.shape[1]):
                Y[i * k + m, h] = X[i, h] * r[m, h]  # Y = X · r


@compiled
def scale_gradient(dY: Any, X: Any, r: Any, dr: Any, dX: Any) -> None:
    """Write dr, and overwrite dX, from dY `(N·k, n)`."""
    k = len(r)
    dr[:], dX[:] = 0, 0
    for i in range(len(X)):
        for m in range(k):
            for h in range(X.shape[1]):
                dr[m, h] += dY[i * k + m, h] * X[i, h]  # dr = Σ_N dY · X
                dX[i, h] += dY[i * k + m, h] * r[m, h]  # dX = Σ_k dY · r


@compiled
def activate(X: Any, U: Any, rate: Any, Y: Any) -> None:
    """Apply ReLU, and Dropout with the random numbers U."""
    zero, one = Y.dtype.type(0), Y.dtype.type(1)
    gain = one / (one - rate)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            x = zero if X[i, j] <= zero else X[i, j]  # max(0, X), and NaN where X is
            if rate > zero:
                x = x * gain if U[i, j] >= rate else zero
            Y[i, j] = x


@compiled
def activate_gradient(dY: Any, Y: Any, rate: Any) -> None:
    """Go back through Dropout and ReLU: Y > 0 only where both let the value pass."""
    zero, one = Y.dtype.type(0), Y.dtype.type(1)
    gain = one / (one - rate)
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            dY[i, j] = dY[i, j] * gain if Y[i, j] > zero else zero


@compiled
def answer(X: Any, W: Any, b: Any, T: Any, t: Any, Y: Any) -> None:
    """Write Y `(N·k, K)`: each member's rows of X `(N·k, n)` times its own W `(n, K)`, and b."""
    k = len(W)
    for m in range(k):
        T[:] = X[m::k]
        np.dot(T, W[m], t)  # Y = X W
        for i in range(len(t)):
            for j in range(t.shape[1]):
                Y[i * k + m, j] = t[i, j] + b[m, j]  # Y = X W + b


@compiled
def answer_gradient(dY: Any, X: Any, W: Any, T: Any, t: Any, dW: Any, db: Any, dX: Any) -> None:
    """Write dW, db and dX from dY `(N·k, K)`."""
    k = len(W)
    db[:] = 0
    for m in range(k):
        T[:], t[:] = X[m::k], dY[m::k]
        np.dot(T.T, t, dW[m])  # dW = Xᵀ dY
        for i in range(len(t)):
            for j in range(t.shape[1]):
                db[m, j] += t[i, j]  # db = Σ_N dY
        np.dot(t, W[m].T, T)  # dX = dY Wᵀ
        dX[m::k] = T
