"""The passes of Dense layers, as parts of the compiled steps.

The formulas are those of `network/layers.py`. Read them there; `tests/test_compiled.py` compares
the kernels with them. NumPy passes over its arrays once for each operation and returns to Python
after it; a kernel completes all operations on a number while it has it.

The network is Dense layers with an activation, and perhaps Dropout, between them. N samples are
rows. Some columns may enter through a piecewise-linear encoding: `X` holds the other ones, `bins`
the sorted samples of `piecewise.py`, and the first W has the rows of X before those of the bins.
Behind the first layer, k members of an ensemble in one network are N·k rows: see `members.py`.

`net` are the sizes (the input features, the units of each hidden layer, and the outputs), the kinds
of the activations, the rates of Dropout, and k (1: no ensemble). `theta` and `grad` are two vectors
each: all W, and all b. `memory` are vectors:

- `U`: the random numbers of Dropout, for the outputs of all layers, one after another; they are
  drawn with `state` of `pcg64.py`, or where it is empty, before the steps;
- `A`, `S`, `dA`: these outputs, the slopes of smooth activations, and the gradients;
- `T`: Wᵀ of all layers but the first, and behind them that of the first for inputs that are
  learned;
- `J`: the loss of each row; `ones`, `zeros`, `s`: constants, and scratch memory;
- `wide`: the first layer of all members, see `members.py`.

In numba a whole number turns float32 into float64 (`1 - x`), so every constant has its dtype.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.activations import drop_out, hold_back, multiply, relu, silu
from plainnet.training.compiled.jit import inlined, part
from plainnet.training.compiled.members import wide_gradient, wide_layer, width
from plainnet.training.compiled.pcg64 import draw
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
    sizes, kinds, rates, k = net
    U, A, S, _, _, _, _, _, _, _, state = memory
    rows, last, a, inputs = len(X) * k, len(sizes) - 2, 0, X
    for i in range(last + 1):
        W, b = layer(i, theta, net, memory)
        n_in, n_out, parts = inputs.shape[1], W.shape[1], parts_of(i, net)
        here = slice(a, a + rows * sizes[i + 1])
        Y = A[here].reshape(len(inputs), n_out)
        if parts == 1 and (is_large(len(Y), n_in, n_out) or (i > 0 and n_out <= NARROW)):
            np.dot(inputs, W[:n_in], Y)
            add(Y, b)
        else:
            for m in range(parts):  # Y = X W + b
                of_W, of_b = slice(m * n_in, (m + 1) * n_in), slice(m * n_out, (m + 1) * n_out)
                product(inputs[m::parts], W[of_W], Y[m::parts], b[of_b])
        if i == 0:
            add_encoded(Y, W[n_in:], bins)
        if i < last:
            if rates[i] > 0 and len(state) > 0:
                draw(U[here], state)
            if kinds[i] == RELU:
                relu(A[here])
            else:
                silu(A[here], S[here])
                if rates[i] > 0:
                    drop_out(S[here], U[here], rates[i])
            if rates[i] > 0:
                drop_out(A[here], U[here], rates[i])
        inputs, a = A[here].reshape(rows, sizes[i + 1]), a + rows * sizes[i + 1]
    return inputs


@inlined
def backward(n: Any, net: Any, memory: Any) -> None:
    """Write dA of n samples; `A` ends with dZ instead of Z."""
    sizes, kinds, rates, k = net
    _, A, S, dA, _, _, _, _, _, _, _ = memory
    rows, last = n * k, len(sizes) - 2
    a = rows * units_before(sizes, last)
    for j in range(a, a + rows * sizes[-1]):
        dA[j] = A[j]
    for i in range(last, 0, -1):
        n_in, n_out = sizes[i], sizes[i + 1]
        dY = dA[a : a + rows * n_out].reshape(rows, n_out)
        a -= rows * n_in
        here = slice(a, a + rows * n_in)
        input_gradient(i, dY, dA[here].reshape(rows, n_in), net, memory)
        if kinds[i - 1] == RELU:
            hold_back(dA[here], A[here], rates[i - 1])
        else:
            multiply(dA[here], S[here])


@part
def input_gradient(i: Any, dY: Any, dX: Any, net: Any, memory: Any) -> None:
    """Write dX of layer i."""
    turned, zeros, parts = turned_weights(i, net, memory), memory[7], parts_of(i, net)
    n_out = dY.shape[1]
    if parts == 1 and is_large(len(dY), dX.shape[1], n_out):
        np.dot(dY, turned, dX)
    else:
        for m in range(parts):  # dX = dY Wᵀ
            of_turned = slice(m * n_out, (m + 1) * n_out)
            product(dY[m::parts], turned[of_turned], dX[m::parts], zeros)


@part
def output_gradient(i: Any, n: Any, net: Any, memory: Any) -> Any:
    """Return dY of layer i for n samples, as a vector."""
    sizes, dA, rows = net[0], memory[3], n * net[3]
    before = units_before(sizes, i)
    return dA[rows * before : rows * (before + sizes[i + 1])]


@inlined
def weight_gradient(
    i: Any, X: Any, bins: Any, grad: Any, net: Any, memory: Any, start: Any, stop: Any
) -> None:
    """Write rows of dW of layer i, from `start` to `stop`; of members their wide dW."""
    sizes, n, parts, n_out = net[0], len(X), parts_of(i, net), width(i, net)
    _, A, _, _, _, _, _, zeros, s, wide, _ = memory
    before, rows, n_in = units_before(sizes, i - 1), n * net[3], sizes[i]
    dW = wide_gradient(wide, net) if i == 0 and net[3] > 1 else matrix_of(i, grad[0], net)
    dY = output_gradient(i, n, net, memory)
    dY = dY.reshape(len(dY) // n_out, n_out)
    inputs = X if i == 0 else A[rows * before : rows * (before + n_in)].reshape(rows, n_in)
    plain = inputs.shape[1]
    if parts == 1 and is_large(len(dY), plain, n_out) and start == 0 and stop == n_in:
        np.dot(inputs.T, dY, dW[:plain])
    elif start < plain:
        last = min(stop, plain)
        for m in range(parts):  # dW = Xᵀ dY
            of_dW = dW[m * n_in + start : m * n_in + last]
            product_of_transposed(inputs[m::parts, start:last], dY[m::parts], of_dW, zeros, s)
    if i == 0 and stop > plain:
        encoded_gradient(dY, dW[plain:], bins)


@inlined
def bias_gradient(i: Any, n: Any, grad: Any, net: Any, memory: Any) -> None:
    """Write db of layer i."""
    sizes, ones, zeros = net[0], memory[6], memory[7]
    b, n_out, dY = units_before(sizes, i), sizes[i + 1], output_gradient(i, n, net, memory)
    n_out *= parts_of(i, net)
    rows, db = len(dY) // n_out, grad[1][b : b + n_out].reshape(1, n_out)
    # db = Σ_N dY
    product(ones[:rows].reshape(1, rows), dY.reshape(rows, n_out), db, zeros)


@part
def layer(i: Any, theta: Any, net: Any, memory: Any) -> Any:
    """Return W and b of layer i; of the first one of members, side by side."""
    sizes, k, wide = net[0], net[3], memory[9]
    if i == 0 and k > 1:
        return wide_layer(wide, net)
    b = units_before(sizes, i)
    return matrix_of(i, theta[0], net), theta[1][b : b + sizes[i + 1] * parts_of(i, net)]


@part
def matrix_of(i: Any, weights: Any, net: Any) -> Any:
    """Return W of layer i, or its gradient; of the heads of members, one below the other."""
    sizes = net[0]
    w, rows, n_out = first_weight(sizes, i), sizes[i] * parts_of(i, net), sizes[i + 1]
    return weights[w : w + rows * n_out].reshape(rows, n_out)


@part
def parts_of(i: Any, net: Any) -> Any:
    """Return how many W layer i has: the last one has one for each member."""
    return net[3] if i == len(net[0]) - 2 else 1


@part
def turned_weights(i: Any, net: Any, memory: Any) -> Any:
    """Return the memory of Wᵀ of layer i."""
    sizes, T, last = net[0], memory[4], len(net[0]) - 2
    n_in, n_out = sizes[i], width(i, net) * parts_of(i, net)
    w = first_weight(sizes, i) - first_weight(sizes, 1)
    if i == 0:
        w += first_weight(sizes, last) + sizes[last] * sizes[last + 1] * parts_of(last, net)
        n_in = (len(T) - w) // n_out
    return T[w : w + n_in * n_out].reshape(n_out, n_in)


@part
def turn_rows(i: Any, rows: Any, theta: Any, net: Any, memory: Any) -> None:
    """Write some rows of W into Wᵀ; of the first W of members into that of one member."""
    turned, n_in, n_out = turned_weights(i, net, memory), net[0][i], net[0][i + 1]
    W = matrix_of(i, theta[0], net)
    plain = n_in - turned.shape[1]  # the first inputs, which are not learned
    start, stop = max(rows.start, plain), max(rows.stop, plain)
    for m in range(parts_of(i, net)):
        of_W, of_turned = m * n_in, turned[m * n_out : (m + 1) * n_out]
        transpose(W[of_W + start : of_W + stop], of_turned[:, start - plain : stop - plain])


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
