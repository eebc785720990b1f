"""Activations and Dropout as compiled kernels, on vectors: outputs of a layer for some samples."""

from typing import Any

from plainnet.training.compiled.exponential import sigmoid
from plainnet.training.compiled.jit import part


@part
def relu(Y: Any) -> None:
    """Apply ReLU."""
    zero = Y.dtype.type(0)
    for i in range(Y.size):
        Y[i] = zero if Y[i] <= zero else Y[i]  # max(0, y), and NaN where y is


@part
def silu(Y: Any, slope: Any) -> None:
    """Apply SiLU; write its derivative into `slope`."""
    one = Y.dtype.type(1)
    for i in range(Y.size):
        z = Y[i]
        s = sigmoid(z)
        y = z * s
        Y[i] = y
        slope[i] = s + y * (one - s)  # σ + Y (1 − σ)


@part
def multiply(dY: Any, slope: Any) -> None:
    """Go back through a smooth activation, and Dropout, whose factors the slope contains."""
    for i in range(dY.size):
        dY[i] *= slope[i]


@part
def drop_out(Y: Any, U: Any, rate: Any) -> None:
    """Apply Dropout."""
    zero, one = Y.dtype.type(0), Y.dtype.type(1)
    gain = one / (one - rate)
    for i in range(Y.size):
        Y[i] = Y[i] * gain if U[i] >= rate else zero


@part
def hold_back(dY: Any, Y: Any, rate: Any) -> None:
    """Go back through Dropout and ReLU: Y > 0 only where both let the value pass."""
    zero, one = Y.dtype.type(0), Y.dtype.type(1)
    gain = one / (one - rate)
    for i in range(dY.size):
        dY[i] = dY[i] * gain if Y[i] > zero else zero
