"""Many training steps in one call, or one pass.

A step gathers its samples, passes forward and backward, and updates the parameters, a few rows of W
at a time, while their gradient is in the processor's cache. The arguments are tuples, the same for
all networks, losses and optimizers, so that one dtype is compiled once:

- `data`: X of samples, their class numbers or target numbers `(N, K)` (the other is empty), and the
  weights (or none); the rows of them that the steps take, in this order (none: all, as they are);
  and how many a step takes; the last one may have fewer;
- `batch`: memory for the X, both targets and r of a step, and for the columns that are not encoded;
- `encoding`: the columns that a piecewise-linear encoding takes (none: there is no encoding), the
  others, the lower ends and widths of the bins, whether they are bounded, memory for `bins`, the
  length of the features that are learned of a column (0: none are, the bins enter themselves), and
  memory for all features and for their gradient;
- `how`: the number of the loss in `losses.py`, and its label smoothing;
- `vectors`: θ, its gradient, the two vectors that the optimizer remembers, and the mean of θ, each
  as weights and biases; those that are not used are empty;
- `optimizer`: its number in `updates.py`, its settings, and the steps it has taken;
- `each`: the learning rate of each step, and the share of θ in the mean (none: no mean);
- `net`, `memory`: see `dense_kernels.py`; `U` holds the random numbers of all steps.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.dense_kernels import (
    backward,
    bias_gradient,
    first_weight,
    forward,
    input_gradient,
    is_large,
    output_gradient,
    total,
    turn_rows,
    turn_weights,
    units_before,
    weight_gradient,
)
from plainnet.training.compiled.embedding_kernels import embed, embedding_gradient
from plainnet.training.compiled.jit import compiled, inlined, part
from plainnet.training.compiled.losses import loss
from plainnet.training.compiled.piecewise import sort_into_bins
from plainnet.training.compiled.tiles import ROWS
from plainnet.training.compiled.updates import ANSWER, mix, numbers_of_step, update

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
    the latest J. With the optimizer GRADIENT a step writes the gradient of its samples, and with
    ANSWER it ends with the outputs in A.
    """
    U, A, S, dA, T, J, ones, zeros, s = memory
    theta, learned = of_dense(vectors[0], encoding), encoding[6] > 0
    rows, size, drawn = data[4], data[5], data[5] * units_before(net[0], len(net[0]) - 1)
    if optimizer[0] != ANSWER:
        turn_weights(0 if learned else 1, theta, net, memory)
    for step in range(len(each[0])):
        X, classes, numbers, r, n = gather(data, rows[step * size : (step + 1) * size], batch)
        features, bins, sorted_bins = encode(X, encoding, vectors[0], batch[4])
        own = U[step * drawn : (step + 1) * drawn], A, S, dA, T, J, ones, zeros, s
        Z = forward(features, bins, theta, net, own)
        if optimizer[0] == ANSWER:
            break
        loss(Z, classes, numbers, r, how[0], how[1], J)
        sums[2] = total(J, len(X))
        if not np.isfinite(sums[2]):
            return step
        backward(len(X), net, own)
        now = numbers_of_step(optimizer, step, each[0][step])
        share = each[1][step] if len(each[1]) > 0 else 0.0
        if learned:
            learn_embedding(X, sorted_bins, encoding, vectors, now, share, net, own)
        learn(features, bins, encoding, vectors, now, share, net, own)
        sums[0] += n * sums[2]
        sums[1] += n
    return len(each[0])


@inlined
def gather(data: Any, rows: Any, batch: Any) -> Any:
    """Return X, both targets and r of a step's rows, and their number or weight."""
    X, classes, numbers, weights, _, size = data
    if len(rows) == 0:
        r, weight = batch[3][:size], 0.0
        for i in range(size):
            r[i] = 1 if len(weights) == 0 else weights[i]
            weight += r[i]
        share(r, weight)
        return X[:size], classes[:size], numbers[:size], r, weight
    n, weight = len(rows), 0.0
    inputs, of_classes, of_numbers, r = batch[0][:n], batch[1][:n], batch[2][:n], batch[3][:n]
    for i in range(n):
        copy(X[rows[i]], inputs[i])
        if len(classes) > 0:
            of_classes[i] = classes[rows[i]]
        else:
            copy(numbers[rows[i]], of_numbers[i])
        r[i] = 1 if len(weights) == 0 else weights[rows[i]]
        weight += r[i]
    share(r, weight)
    return inputs, of_classes, of_numbers, r, weight


@part
def share(r: Any, weight: Any) -> None:
    """Divide the weights by their sum."""
    for i in range(len(r)):
        r[i] = r[i] / weight


@part
def copy(given: Any, out: Any) -> None:
    """Copy a vector."""
    for i in range(given.size):
        out[i] = given[i]


@inlined
def encode(X: Any, encoding: Any, theta: Any, plain: Any) -> Any:
    """Return the first Dense layer's inputs and bins, and the samples sorted by their bins."""
    columns, others, lower, width, bounded, bins, length, E, _ = encoding
    firsts, of_all, f_all, stops, numbers, row = bins
    n, d, first = len(X), len(columns), len(others)
    order, parts = of_all[: d * n].reshape(d, n), f_all[: d * n].reshape(d, n)
    bins = firsts, order, parts, stops, numbers, row
    if d == 0:
        return X, bins, bins
    sort_into_bins(X, columns, lower, width, bounded, bins)
    if length > 0:
        features = E[: n * (first + d * length)].reshape(n, first + d * length)
        embed(X, columns, bins, of_embedding(theta, encoding), features, first)
    else:
        features = plain[:n]
    for i in range(n):
        for j in range(first):
            features[i, j] = X[i, others[j]]
    left = firsts[:1] if length > 0 else firsts
    return features, (left, order, parts, stops, numbers, row), bins


@part
def of_embedding(vectors: Any, encoding: Any) -> Any:
    """Return w, V and b of the embedding in θ, or its gradients in `grad`."""
    (weights, biases), d, bins, length = vectors, len(encoding[0]), len(encoding[2]), encoding[6]
    lines, bends = d * length, bins * length
    w, V = weights[:lines], weights[lines : lines + bends]
    return w.reshape(d, length), V.reshape(bins, length), biases[:lines].reshape(d, length)


@part
def of_dense(vectors: Any, encoding: Any) -> Any:
    """Return the weights and biases behind those of the embedding."""
    d, bins, length = len(encoding[0]), len(encoding[2]), encoding[6]
    return vectors[0][(d + bins) * length :], vectors[1][d * length :]


@inlined
def learn_embedding(
    X: Any,
    bins: Any,
    encoding: Any,
    vectors: Any,
    numbers: Any,
    share: Any,
    net: Any,
    memory: Any,
) -> None:
    """Write the gradients of the embedding, and update its weights; the biases come last."""
    (theta, grad, _, _, _), n, width = vectors, len(X), net[0][0]
    dE = encoding[8][: n * width].reshape(n, width)
    input_gradient(0, output_gradient(0, n, net, memory), dE, net, memory)
    embedding_gradient(X, encoding[0], bins, dE, of_embedding(grad, encoding))
    n_weights = len(theta[0]) - len(of_dense(theta, encoding)[0])
    change(slice(0, n_weights), 0, vectors, numbers, share)


@inlined
def learn(
    X: Any,
    bins: Any,
    encoding: Any,
    vectors: Any,
    numbers: Any,
    share: Any,
    net: Any,
    memory: Any,
) -> None:
    """Write the gradient of the Dense layers, and update θ and its mean."""
    sizes = net[0]
    theta, grad = of_dense(vectors[0], encoding), of_dense(vectors[1], encoding)
    before = len(vectors[0][0]) - len(theta[0])
    for i in range(len(sizes) - 1):
        bias_gradient(i, len(X), grad, net, memory)
        n_in, n_out, first = sizes[i], sizes[i + 1], first_weight(sizes, i)
        encoded, plain = i == 0 and len(bins[0]) > 1, X.shape[1] if i == 0 else n_in
        whole = encoded or is_large(len(X), plain, n_out)
        rows = n_in if whole else max(PANEL // n_out // ROWS, 1) * ROWS
        for start in range(0, n_in, rows):
            stop = min(start + rows, n_in)
            weight_gradient(i, X, bins, grad, net, memory, start, stop)
            part = slice(before + first + start * n_out, before + first + stop * n_out)
            change(part, 0, vectors, numbers, share)
            if i > 0 or encoding[6] > 0:
                turn_rows(i, start, stop, theta, net, memory)
    change(slice(0, len(vectors[1][1])), 1, vectors, numbers, share)


@part
def change(part: Any, of: Any, vectors: Any, numbers: Any, share: Any) -> None:
    """Update a part of the weights (`of` = 0) or biases (1), and their mean if there is one."""
    theta, grad, m, v, mean = vectors
    here = theta[of][part]
    update(numbers, of == 0, here, grad[of][part], (m[of][part], v[of][part]))
    if len(mean[of]) > 0:
        mix(mean[of][part], here, here.dtype.type(share))
