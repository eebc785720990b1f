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
  learned; instead of the Wᵀ of a large layer, scratch memory;
- `J`: the loss of each row; `ones`, `zeros`, `s`: constants, and scratch memory;
- `wide`: the first layer of all members, see `members.py`; without them, the products of the
  blocks of a large first layer.

`some` are the first and the last + 1 of the samples that a thread takes, of all n: see `team.py`.

In numba a whole number turns float32 into float64 (`1 - x`), so every constant has its dtype.
"""

from typing import Any

from plainnet.training.compiled.activations import drop_out, hold_back, multiply, relu, silu
from plainnet.training.compiled.blocks import add_up, block_products, products_of
from plainnet.training.compiled.jit import inlined, part, reordered, small
from plainnet.training.compiled.members import wide_gradient, wide_layer, width
from plainnet.training.compiled.parts import NARROW
from plainnet.training.compiled.pcg64 import draw, skip
from plainnet.training.compiled.piecewise import add_encoded, encoded_gradient
from plainnet.training.compiled.products import (
    narrow_product,
    packed_product,
    product,
    product_by_transpose,
    product_of_transposed,
    transpose,
)
from plainnet.training.compiled.views import columns_of, every, matrix, rows_of, vector

RELU, SILU = 0, 1
"""The kinds of activations."""


@inlined
def forward(X: Any, some: Any, apart: Any, bins: Any, theta: Any, net: Any, memory: Any) -> Any:
    """Return Z of some samples; write A, and the slopes of smooth layers.

    `apart`: those of `first_products` have been computed.
    """
    sizes, kinds, rates, k = net
    U, A, S, _, _, _, _, _, s, _, _ = memory
    rows, last, a, inputs = len(X) * k, len(sizes) - 2, 0, rows_of(X, some[0], some[1])
    first, stop = some[0] * k, some[1] * k
    for i in range(last + 1):
        W, b = layer(i, theta, net, memory)
        n_in, n_out, parts = inputs.shape[1], W.shape[1], parts_of(i, net)
        start, end = a + first * sizes[i + 1], a + stop * sizes[i + 1]
        Y, outputs = matrix(A, start, len(inputs), n_out), vector(A, start, end)
        if i == 0 and apart:
            add_up(products_of(len(X), n_out, memory[9]), some, Y)
        elif parts == 1 and i > 0 and n_out <= NARROW:
            narrow_product(inputs, W, Y, b, s)
        else:
            for m in range(parts):  # Y = X W + b
                own, own_b = rows_of(W, m * n_in, (m + 1) * n_in), vector(b, m * n_out, len(b))
                own_X, own_Y = every(inputs, m, parts), every(Y, m, parts)
                packed_product(own_X, every(own, 0, 1), own_Y, own_b, s)
        if i == 0:
            add_encoded(Y, rows_of(W, n_in, len(W)), bins)
        if i < last:
            if kinds[i] == RELU:
                relu(outputs)
            else:
                slopes = vector(S, start, end)
                silu(outputs, slopes)
                if rates[i] > 0:
                    drop_out(slopes, vector(U, start, end), rates[i])
            if rates[i] > 0:
                drop_out(outputs, vector(U, start, end), rates[i])
        inputs, a = matrix(A, start, stop - first, sizes[i + 1]), a + rows * sizes[i + 1]
    return inputs


@small
def is_large(i: Any, n: Any, net: Any) -> Any:
    """Return whether W of layer i has more numbers than what enters and leaves it of n samples.

    Of a large first layer threads share out the inputs, so that each finds the same rows of W in
    its own cache. For dX of the other large layers dY and dX are transposed, instead of W.
    """
    n_in, n_out = net[0][i], net[0][i + 1]
    return net[3] == 1 and n_in * n_out > n * (n_in + n_out)


@small
def is_turned(i: Any, size: Any, net: Any) -> Any:
    """Return whether layer i has Wᵀ in batches of at most this size."""
    return i == 0 or not is_large(i, size, net)


@inlined
def first_products(X: Any, theta: Any, net: Any, memory: Any, team: Any) -> None:
    """Write a thread's products of the first layer: see `blocks.py`."""
    W, b = layer(0, theta, net, memory)
    products = products_of(len(X), W.shape[1], memory[9])
    block_products(X, W, b, memory[7], products, memory[8], team)


@inlined
def draw_all(n: Any, some: Any, net: Any, U: Any, state: Any) -> None:
    """Draw the random numbers of Dropout for some of n samples; `state` passes those of all."""
    sizes, _, rates, k = net
    a = 0
    for i in range(len(rates)):
        units = k * sizes[i + 1]
        if rates[i] > 0:
            skip(some[0] * units, state)
            draw(vector(U, a + some[0] * units, a + some[1] * units), state)
            skip((n - some[1]) * units, state)
        a += n * units


@inlined
def backward(n: Any, some: Any, size: Any, theta: Any, net: Any, memory: Any) -> None:
    """Write dA of some of n samples, which ends with dZ. `size`: the most samples."""
    sizes, kinds, rates, k = net
    _, A, S, dA, _, _, _, _, _, _, _ = memory
    rows, last, first, stop = n * k, len(sizes) - 2, some[0] * k, some[1] * k
    a = rows * units_before(sizes, last)
    for i in range(last, 0, -1):
        n_in, n_out = sizes[i], sizes[i + 1]
        dY = matrix(dA, a + first * n_out, stop - first, n_out)
        a -= rows * n_in
        start, end = a + first * n_in, a + stop * n_in
        dX = matrix(dA, start, stop - first, n_in)
        if is_turned(i, size, net):
            input_gradient(i, dY, dX, net, memory)
        else:
            s = start_of_turned(i, net) + first * (n_in + n_out)
            W, s_of_some = matrix_of(i, theta[0], net), vector(memory[4], s, len(memory[4]))
            product_by_transpose(dY, W, dX, memory[7], s_of_some)
        if kinds[i - 1] == RELU:
            hold_back(vector(dA, start, end), vector(A, start, end), rates[i - 1])
        else:
            multiply(vector(dA, start, end), vector(S, start, end))


@part
def input_gradient(i: Any, dY: Any, dX: Any, net: Any, memory: Any) -> None:
    """Write dX of layer i."""
    turned, zeros, parts = turned_weights(i, net, memory), memory[7], parts_of(i, net)
    n_out = dY.shape[1]
    for m in range(parts):  # dX = dY Wᵀ
        own = rows_of(turned, m * n_out, (m + 1) * n_out)
        product(every(dY, m, parts), own, every(dX, m, parts), zeros)


@inlined
def output_gradient(i: Any, n: Any, net: Any, memory: Any) -> Any:
    """Return dY of layer i for n samples, as a vector."""
    sizes, dA, rows = net[0], memory[3], n * net[3]
    before = units_before(sizes, i)
    return vector(dA, rows * before, rows * (before + sizes[i + 1]))


@inlined
def weight_gradient(
    i: Any,
    X: Any,
    bins: Any,
    grad: Any,
    net: Any,
    memory: Any,
    start: Any,
    stop: Any,
) -> None:
    """Write rows of dW of layer i, from `start` to `stop`; of members their wide dW.

    Rows of dW of the heads of members, one below the other, belong to one of them.
    """
    sizes, n, parts, n_out = net[0], len(X), parts_of(i, net), width(i, net)
    _, A, _, _, _, _, _, zeros, s, wide, _ = memory
    before, rows, n_in = units_before(sizes, i - 1), n * net[3], sizes[i]
    m = start // n_in
    dW = wide_gradient(wide, net) if i == 0 and net[3] > 1 else matrix_of(i, grad[0], net)
    dY = output_gradient(i, n, net, memory)
    dY = matrix(dY, 0, len(dY) // n_out, n_out)
    inputs = X if i == 0 else matrix(A, rows * before, rows, n_in)
    plain = inputs.shape[1]
    if start - m * n_in < plain:
        last = min(stop - m * n_in, plain)
        own = columns_of(every(inputs, m, parts), start - m * n_in, last)
        own_dW = rows_of(dW, start, m * n_in + last)
        product_of_transposed(own, every(dY, m, parts), own_dW, zeros, s)
    if i == 0 and stop > plain:
        encoded_gradient(dY, rows_of(dW, plain, len(dW)), bins)


@inlined
def bias_gradient(i: Any, n: Any, grad: Any, net: Any, memory: Any) -> None:
    """Write db of layer i."""
    sizes, ones, zeros = net[0], memory[6], memory[7]
    b, n_out, dY = units_before(sizes, i), sizes[i + 1], output_gradient(i, n, net, memory)
    n_out *= parts_of(i, net)
    rows, db = len(dY) // n_out, matrix(grad[1], b, 1, n_out)
    product(matrix(ones, 0, 1, rows), matrix(dY, 0, rows, n_out), db, zeros)  # db = Σ_N dY


@small
def layer(i: Any, theta: Any, net: Any, memory: Any) -> Any:
    """Return W and b of layer i; of the first one of members, side by side."""
    sizes, k, wide = net[0], net[3], memory[9]
    if i == 0 and k > 1:
        return wide_layer(wide, net)
    b = units_before(sizes, i)
    of_b = vector(theta[1], b, b + sizes[i + 1] * parts_of(i, net))
    return matrix_of(i, theta[0], net), of_b


@inlined
def matrix_of(i: Any, weights: Any, net: Any) -> Any:
    """Return W of layer i, or its gradient; of the heads of members, one below the other."""
    sizes = net[0]
    rows = sizes[i] * parts_of(i, net)
    return matrix(weights, first_weight(sizes, i), rows, sizes[i + 1])


@small
def parts_of(i: Any, net: Any) -> Any:
    """Return how many W layer i has: the last one has one for each member."""
    return net[3] if i == len(net[0]) - 2 else 1


@inlined
def turned_weights(i: Any, net: Any, memory: Any) -> Any:
    """Return the memory of Wᵀ of layer i."""
    sizes, T, last = net[0], memory[4], len(net[0]) - 2
    n_in, n_out = sizes[i], width(i, net) * parts_of(i, net)
    w = start_of_turned(i, net)
    if i == 0:
        w += first_weight(sizes, last) + sizes[last] * sizes[last + 1] * parts_of(last, net)
        n_in = (len(T) - w) // n_out
    return matrix(T, w, n_out, n_in)


@small
def start_of_turned(i: Any, net: Any) -> Any:
    """Return where the memory of Wᵀ of a layer but the first begins."""
    return first_weight(net[0], i) - net[0][0] * net[0][1]


@part
def turn_rows(i: Any, start: Any, stop: Any, theta: Any, net: Any, memory: Any) -> None:
    """Write some rows of W into Wᵀ; they belong to one member's."""
    turned, n_in, n_out = turned_weights(i, net, memory), net[0][i], net[0][i + 1]
    W, m = matrix_of(i, theta[0], net), start // n_in
    before = m * n_in + n_in - turned.shape[1]  # the first inputs are not learned
    start, stop = max(start, before), max(stop, before)
    of_member = rows_of(turned, m * n_out, (m + 1) * n_out)
    transpose(rows_of(W, start, stop), columns_of(of_member, start - before, stop - before))


@small
def first_weight(sizes: Any, i: Any) -> Any:
    """Return the number of the first weight of layer i."""
    w = 0
    for k in range(i):
        w += sizes[k] * sizes[k + 1]
    return w


@small
def units_before(sizes: Any, i: Any) -> Any:
    """Return how many outputs the layers before layer i have; 0 for the first."""
    units = 0
    for k in range(1, i + 1):
        units += sizes[k]
    return units


@reordered
def total(J: Any, n: Any) -> Any:
    """Return the sum of the first n numbers."""
    found = 0.0
    for i in range(n):
        found += J[i]
    return found
