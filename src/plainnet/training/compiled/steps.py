"""Many training steps in one call.

A step gathers its samples, passes forward and backward, and updates the parameters, a few rows of W
at a time, while their gradient is in the processor's cache. The arguments are tuples:

- `data`: X, y and the weights (or none) of samples; the rows of them that the steps take, in this
  order (none: all, as they are); and how many a step takes, of which the last one may have fewer;
- `batch`: memory for the X, y and r of a step, and for the columns that are not encoded;
- `encoding`: the columns that a piecewise-linear encoding takes (none: there is no encoding), the
  others, the lower ends and widths of the bins, whether they are bounded, and memory for `bins`;
- `how`: whether the loss is the squared error, and its label smoothing;
- `vectors`: θ, its gradient, the two vectors that the optimizer remembers, and the mean of θ, each
  as weights and biases; those that are not used are empty;
- `optimizer`: its number in `updates.py`, its settings, and the steps it has taken;
- `each`: the learning rate of each step, and the share of θ in the mean (none: no mean);
- `net`, `memory`: see `kernels.py`; `U` holds the random numbers of all steps.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.jit import compiled, part
from plainnet.training.compiled.kernels import (
    backward,
    bias_gradient,
    first_weight,
    forward,
    is_large,
    total,
    turn_weights,
    units_before,
    weight_gradient,
)
from plainnet.training.compiled.losses import loss
from plainnet.training.compiled.piecewise import are_connected, sort_into_bins
from plainnet.training.compiled.products import transpose
from plainnet.training.compiled.tiles import ROWS
from plainnet.training.compiled.updates import mix, numbers_of_step, update

__all__ = ["are_connected", "steps"]

PANEL = 4096
"""Numbers of W that are updated together."""


@compiled
def steps(
    data: Any,
    batch: Any,
    encoding: Any,
    how: Any,
    vectors: Any,
    optimizer: Any,
    each: Any,
    net: Any,
    memory: Any,
    sums: Any,
) -> Any:
    """Take steps until a loss is not finite; return how many, and add to `sums`.

    `sums` are Σ n J and Σ n over the steps, where n is the samples of a step or their weight; and
    the latest J.
    """
    _, _, _, rows, size = data
    U, A, S, dA, T, J, ones, zeros, s = memory
    theta, (rates, _), drawn = vectors[0], each, size * units_before(net[0], len(net[0]) - 1)
    turn_weights(theta, net, memory)
    for step in range(len(rates)):
        here = rows[step * size : (step + 1) * size]
        X, y, r, n = gather(data, here, batch)
        X, bins = encode(X, encoding, batch[3])
        own = U[step * drawn : (step + 1) * drawn], A, S, dA, T, J, ones, zeros, s
        Z = forward(X, bins, theta, net, own, 0, len(X))
        loss(Z, y, r, how[0], how[1], J)
        sums[2] = total(J, len(X))
        if not np.isfinite(sums[2]):
            return step
        backward(len(X), net, own, 0, len(X))
        learn(step, X, bins, vectors, optimizer, each, net, own)
        sums[0] += n * sums[2]
        sums[1] += n
    return len(rates)


@part
def gather(data: Any, rows: Any, batch: Any) -> Any:
    """Return X, y and r of a step's rows, and their number or weight."""
    X, y, weights, _, size = data
    n, weight = len(rows) if len(rows) > 0 else size, 0.0
    inputs, targets, r = batch[0][:n], batch[1][:n], batch[2][:n]
    if len(rows) == 0:
        inputs, targets = X[:n], y[:n]
    for i in range(len(rows)):
        copy(X[rows[i]], inputs[i])
        copy(y[rows[i] : rows[i] + 1].reshape(-1), targets[i : i + 1].reshape(-1))
    for i in range(n):
        r[i] = 1 if len(weights) == 0 else weights[rows[i] if len(rows) > 0 else i]
        weight += r[i]
    for i in range(n):
        r[i] = r[i] / weight
    return inputs, targets, r, weight


@part
def copy(given: Any, out: Any) -> None:
    """Copy a vector."""
    for i in range(given.size):
        out[i] = given[i]


@part
def encode(X: Any, encoding: Any, plain: Any) -> Any:
    """Return the columns of X that are not encoded, and the samples sorted by their bins."""
    columns, others, lower, width, bounded, (firsts, order, parts, stops, numbers, row) = encoding
    n, d = len(X), len(columns)
    bins = (
        firsts,
        order[: d * n].reshape(d, n),
        parts[: d * n].reshape(d, n),
        stops,
        numbers,
        row,
    )
    if d == 0:
        return X, bins
    sort_into_bins(X, columns, lower, width, bounded, bins)
    kept = plain[:n]
    for i in range(n):
        for j in range(len(others)):
            kept[i, j] = X[i, others[j]]
    return kept, bins


@part
def learn(
    step: Any,
    X: Any,
    bins: Any,
    vectors: Any,
    optimizer: Any,
    each: Any,
    net: Any,
    memory: Any,
) -> None:
    """Write the gradient of a step, and update θ and its mean."""
    sizes, grad = net[0], vectors[1]
    numbers = numbers_of_step(optimizer, step, each[0][step])
    share = each[1][step] if len(each[1]) > 0 else 0.0
    for i in range(len(sizes) - 1):
        bias_gradient(i, len(X), grad, net, memory)
        n_in, n_out, first = sizes[i], sizes[i + 1], first_weight(sizes, i)
        encoded, plain = i == 0 and len(bins[0]) > 1, X.shape[1] if i == 0 else n_in
        whole = encoded or is_large(len(X), plain, n_out)
        rows = n_in if whole else max(PANEL // n_out // ROWS, 1) * ROWS
        for start in range(0, n_in, rows):
            stop = min(start + rows, n_in)
            weight_gradient(i, X, bins, grad, net, memory, start, stop)
            part = slice(first + start * n_out, first + stop * n_out)
            change(part, 0, vectors, numbers, share)
            if i > 0:
                turn_rows(i, start, stop, vectors[0], net, memory)
    change(slice(0, len(grad[1])), 1, vectors, numbers, share)


@part
def change(part: Any, of: Any, vectors: Any, numbers: Any, share: Any) -> None:
    """Update a part of the weights (`of` = 0) or biases (1), and their mean if there is one."""
    theta, grad, m, v, mean = vectors
    here = theta[of][part]
    update(numbers, of == 0, here, grad[of][part], (m[of][part], v[of][part]))
    if len(mean[of]) > 0:
        mix(mean[of][part], here, here.dtype.type(share))


@part
def turn_rows(i: Any, start: Any, stop: Any, theta: Any, net: Any, memory: Any) -> None:
    """Write some rows of W into Wᵀ."""
    sizes = net[0]
    w, n_in, n_out = first_weight(sizes, i), sizes[i], sizes[i + 1]
    W = theta[0][w : w + n_in * n_out].reshape(n_in, n_out)
    w -= first_weight(sizes, 1)
    turned = memory[4][w : w + n_in * n_out].reshape(n_out, n_in)
    transpose(W[start:stop], turned[:, start:stop])
