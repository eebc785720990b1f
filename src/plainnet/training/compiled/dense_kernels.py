"""The passes of Dense layers, as parts of the compiled steps.

The formulas are those of `network/layers.py`. Read them there; `tests/test_compiled.py` compares
the kernels with them. NumPy passes over its arrays once for each operation and returns to Python
after it; a kernel completes all operations on a number while it has it.

The network is Dense layers with an activation, and perhaps Dropout, between them. N samples are
rows. Some columns may enter through a piecewise-linear encoding: `X` holds the other ones, `bins`
the sorted samples of `piecewise.py`, and the first W has the rows of X before those of the bins.

`net` are the sizes (the input features, the units of each hidden layer, and the outputs), the kinds
of the activations, and the rates of Dropout. `theta` and `grad` are two vectors each: all W, and
all b. `memory` are vectors:

- `U`: the random numbers of Dropout, for the outputs of all layers, one after another;
- `A`, `S`, `dA`: these outputs, the slopes of smooth activations, and the gradients;
- `T`: Wᵀ of all layers but the first, and of the first if its inputs are learned;
- `J`: the loss of each sample; `ones`, `zeros`, `s`: constants, and scratch memory.

In numba a whole number turns float32 into float64 (`1 - x`), so every constant has its dtype.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.activations import drop_out, hold_back, multiply, relu, silu
from plainnet.training.compiled.jit import inlined, part
from plainnet.training.compiled.piecewise import add_encoded, encoded_gradient
from plainnet.training.compiled.products import (
    NARROW,
    product,
    product_of_transposed,
    transpose,
)
from plainnet.training.threads import SMALL_PRODUCT

RELU, SILU = 0, 1
"""The kinds of activations."""


@inlined
def forward(X: Any, bins: Any, theta: Any, net: Any, memory: Any) -> Any:
    """Return Z of the samples; write A, and the slopes of smooth layers."""
    (sizes, kinds, rates), (weights, biases) = net, theta
    U, A, S, _, _, _, _, _, _ = memory
    n, last = len(X), len(sizes) - 2
    w, b, a, inputs = 0, 0, 0, X
    for i in range(last + 1):
        n_in, n_out = sizes[i], sizes[i + 1]
        W, bias = weights[w : w + n_in * n_out].reshape(n_in, n_out), biases[b : b + n_out]
        here = slice(a, a + n * n_out)
        Y = A[here].reshape(n, n_out)
        if is_large(n, inputs.shape[1], n_out) or (i > 0 and n_out <= NARROW):
            np.dot(inputs, W[: inputs.shape[1]], Y)
            add(Y, bias)
        else:
            product(inputs, W[: inputs.shape[1]], Y, bias)  # Y = X W + b
        if i == 0:
            add_encoded(Y, W[inputs.shape[1] :], bins)
        if i < last:
            if kinds[i] == RELU:
                relu(A[here])
            else:
                silu(A[here], S[here])
                if rates[i] > 0:
                    drop_out(S[here], U[here], rates[i])
            if rates[i] > 0:
                drop_out(A[here], U[here], rates[i])
        inputs, w, b, a = Y, w + n_in * n_out, b + n_out, a + n * n_out
    return inputs


@inlined
def backward(n: Any, net: Any, memory: Any) -> None:
    """Write dA of n samples; `A` ends with dZ instead of Z."""
    sizes, kinds, rates = net
    _, A, S, dA, _, _, _, _, _ = memory
    last = len(sizes) - 2
    a = n * units_before(sizes, last)
    for j in range(a, a + n * sizes[-1]):
        dA[j] = A[j]
    for i in range(last, 0, -1):
        n_in, n_out = sizes[i], sizes[i + 1]
        dY = dA[a : a + n * n_out].reshape(n, n_out)
        a -= n * n_in
        here = slice(a, a + n * n_in)
        input_gradient(i, dY, dA[here].reshape(n, n_in), net, memory)
        if kinds[i - 1] == RELU:
            hold_back(dA[here], A[here], rates[i - 1])
        else:
            multiply(dA[here], S[here])


@part
def input_gradient(i: Any, dY: Any, dX: Any, net: Any, memory: Any) -> None:
    """Write dX of layer i."""
    turned, zeros = turned_weights(i, net, memory), memory[7]
    if is_large(len(dY), dX.shape[1], dY.shape[1]):
        np.dot(dY, turned, dX)
    else:
        product(dY, turned, dX, zeros)  # dX = dY Wᵀ


@part
def output_gradient(i: Any, n: Any, net: Any, memory: Any) -> Any:
    """Return dY `(n, n_out)` of layer i."""
    sizes, dA = net[0], memory[3]
    before, n_out = units_before(sizes, i), sizes[i + 1]
    return dA[n * before : n * (before + n_out)].reshape(n, n_out)


@inlined
def weight_gradient(
    i: Any, X: Any, bins: Any, grad: Any, net: Any, memory: Any, start: Any, stop: Any
) -> None:
    """Write rows of dW of layer i, from `start` to `stop`."""
    sizes, n = net[0], len(X)
    _, A, _, _, _, _, _, zeros, s = memory
    w, before, here = first_weight(sizes, i), units_before(sizes, i - 1), units_before(sizes, i)
    n_in, n_out = sizes[i], sizes[i + 1]
    dW = grad[0][w : w + n_in * n_out].reshape(n_in, n_out)
    dY = output_gradient(i, n, net, memory)
    inputs = X if i == 0 else A[n * before : n * here].reshape(n, n_in)
    plain = inputs.shape[1]
    if is_large(n, plain, n_out) and start == 0 and stop == n_in:
        np.dot(inputs.T, dY, dW[:plain])
    elif start < plain:
        last = min(stop, plain)
        product_of_transposed(inputs[:, start:last], dY, dW[start:last], zeros, s)  # dW = Xᵀ dY
    if i == 0 and stop > plain:
        encoded_gradient(dY, dW[plain:], bins)


@inlined
def bias_gradient(i: Any, n: Any, grad: Any, net: Any, memory: Any) -> None:
    """Write db of layer i."""
    sizes, ones, zeros = net[0], memory[6], memory[7]
    b, n_out = units_before(sizes, i), sizes[i + 1]
    db = grad[1][b : b + n_out].reshape(1, n_out)
    # db = Σ_N dY
    product(ones[:n].reshape(1, n), output_gradient(i, n, net, memory), db, zeros)


@part
def turned_weights(i: Any, net: Any, memory: Any) -> Any:
    """Return the memory of Wᵀ of layer i."""
    sizes, T = net[0], memory[4]
    n_in, n_out = sizes[i], sizes[i + 1]
    w = len(T) - first_weight(sizes, len(sizes) - 1) + first_weight(sizes, i)
    return T[w : w + n_in * n_out].reshape(n_out, n_in)


@inlined
def turn_weights(first: Any, theta: Any, net: Any, memory: Any) -> None:
    """Write Wᵀ from the first layer on that has it."""
    sizes = net[0]
    for i in range(first, len(sizes) - 1):
        turn_rows(i, 0, sizes[i], theta, net, memory)


@part
def turn_rows(i: Any, start: Any, stop: Any, theta: Any, net: Any, memory: Any) -> None:
    """Write some rows of W into Wᵀ."""
    sizes = net[0]
    w, n_in, n_out = first_weight(sizes, i), sizes[i], sizes[i + 1]
    W = theta[0][w : w + n_in * n_out].reshape(n_in, n_out)
    transpose(W[start:stop], turned_weights(i, net, memory)[:, start:stop])


@part
def is_large(n: Any, n_in: Any, n_out: Any) -> Any:
    """Return whether a product is one for the threads of a BLAS library."""
    return n * n_in * n_out > SMALL_PRODUCT


@part
def add(Y: Any, b: Any) -> None:
    """Add the bias."""
    for i in range(Y.shape[0]):
        for j in range(Y.shape[1]):
            Y[i, j] += b[j]


@part
def first_weight(sizes: Any, i: Any) -> Any:
    """Return the number of the first weight of layer i."""
    w = 0
    for k in range(i):
        w += sizes[k] * sizes[k + 1]
    return w


@part
def units_before(sizes: Any, i: Any) -> Any:
    """Return how many outputs the layers before layer i have; 0 for the first."""
    units = 0
    for k in range(1, i + 1):
        units += sizes[k]
    return units


@part
def total(J: Any, n: Any) -> Any:
    """Return the sum of the first n numbers."""
    found = 0.0
    for i in range(n):
        found += J[i]
    return found
