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
  length of the features that are learned of a column (0: none are, the bins enter themselves),
  memory for these features behind the other columns, and for the gradient of these;
- `how`: the number of the loss in `losses.py`, and its label smoothing;
- `vectors`: θ, its gradient, the two vectors that the optimizer remembers, and the mean of θ (those
  that are not used are empty), first of the weights, then of the biases;
- `optimizer`: its number in `updates.py`, its settings, and the steps it has taken;
- `each`: the learning rate of each step, and the share of θ in the mean (none: no mean);
- `net`, `memory`: see `dense_kernels.py`; a `U` drawn before the steps holds those of all steps.
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
    parts_of,
    total,
    turn_rows,
    turned_weights,
    units_before,
    weight_gradient,
)
from plainnet.training.compiled.embedding_kernels import embed, embedding_gradient
from plainnet.training.compiled.jit import compiled, inlined, part
from plainnet.training.compiled.losses import loss
from plainnet.training.compiled.members import (
    factors,
    fold_rows,
    widen,
    widen_turned,
    width,
)
from plainnet.training.compiled.piecewise import sort_into_bins
from plainnet.training.compiled.tiles import ROWS
from plainnet.training.compiled.updates import (
    ANSWER,
    mix,
    numbers_of_step,
    update,
    without_decay,
)

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
    U, A, S, dA, T, J, ones, zeros, s, wide, state = memory
    theta = vectors[0][0], vectors[1][0]
    dense, r_of_members = of_dense(theta, encoding, net)
    rows, size, sizes, k = data[4], data[5], net[0], net[3]
    drawn = size * k * units_before(sizes, len(sizes) - 1)
    first = 0 if encoding[6] > 0 else 1  # the first layer whose inputs have a gradient
    for step in range(len(each[0])):
        X, classes, numbers, r, n = gather(data, rows[step * size : (step + 1) * size], batch, k)
        if k > 1:
            widen(dense, r_of_members, net, wide)
        if optimizer[0] != ANSWER:
            turn_weights(first, step, dense, r_of_members, net, memory)
        features, bins, sorted_bins = encode(X, encoding, theta, batch[4])
        own_U = U[step * drawn : (step + 1) * drawn] if len(state) == 0 else U
        own = own_U, A, S, dA, T, J, ones, zeros, s, wide, state
        Z = forward(features, bins, dense, net, own)
        if optimizer[0] == ANSWER:
            break
        loss(Z, classes, numbers, r, k, how[0], how[1], J)
        sums[2] = total(J, len(Z))
        if not np.isfinite(sums[2]):
            return step
        backward(len(X), net, own)
        now = numbers_of_step(optimizer, step, each[0][step])
        share = each[1][step] if len(each[1]) > 0 else 0.0
        if first == 0:
            learn_embedding(first, X, sorted_bins, encoding, vectors, now, share, net, own)
        learn(features, bins, encoding, vectors, now, share, net, own)
        sums[0] += n * sums[2]
        sums[1] += n
    return len(each[0])


@inlined
def turn_weights(first: Any, step: Any, theta: Any, r: Any, net: Any, memory: Any) -> None:
    """Write Wᵀ from layer `first` on; after the first step only that of the members' first one."""
    stop = len(net[0]) - 1 if step == 0 else 1 if net[3] > 1 else 0
    for i in range(first, stop):
        turn_rows(i, slice(0, net[0][i]), theta, net, memory)
    if net[3] > 1 and first == 0:
        widen_turned(turned_weights(first, net, memory), r)


@inlined
def gather(data: Any, rows: Any, batch: Any, members: Any) -> Any:
    """Return X, both targets and r of a step's rows, and their number or weight.

    The weights r of all members' answers add up to 1.
    """
    X, classes, numbers, weights, _, size = data
    if len(rows) == 0:
        r, weight = batch[3][:size], 0.0
        for i in range(size):
            r[i] = 1 if len(weights) == 0 else weights[i]
            weight += r[i]
        share(r, weight * members)
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
    share(r, weight * members)
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
def of_dense(vectors: Any, encoding: Any, net: Any) -> Any:
    """Return the weights and biases of the Dense layers, and the r of members, or dr."""
    d, bins, length = len(encoding[0]), len(encoding[2]), encoding[6]
    weights, biases = vectors[0][(d + bins) * length :], vectors[1][d * length :]
    r = factors(biases, net)
    return (weights, biases[r.size :]), r


@inlined
def learn_embedding(
    i: Any,
    X: Any,
    bins: Any,
    encoding: Any,
    vectors: Any,
    numbers: Any,
    share: Any,
    net: Any,
    memory: Any,
) -> None:
    """Write the gradients of the embedding, and update its weights; the biases come last.

    The features are the inputs of layer i.
    """
    grad, n, dY = (vectors[0][1], vectors[1][1]), len(X), output_gradient(i, len(X), net, memory)
    features = len(encoding[0]) * encoding[6]
    dE = encoding[8][: n * features].reshape(n, features)
    input_gradient(i, dY.reshape(n, len(dY) // n), dE, net, memory)
    embedding_gradient(X, encoding[0], bins, dE, of_embedding(grad, encoding))
    n_weights = len(grad[0]) - len(of_dense(grad, encoding, net)[0][0])
    change(slice(0, n_weights), vectors[0], numbers, share)


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
    sizes, k = net[0], net[3]
    theta, r = of_dense((vectors[0][0], vectors[1][0]), encoding, net)
    grad, dr = of_dense((vectors[0][1], vectors[1][1]), encoding, net)
    before = len(vectors[0][0]) - len(theta[0])
    for i in range(len(sizes) - 1):
        bias_gradient(i, len(X), grad, net, memory)
        n_in, n_out, first = sizes[i], sizes[i + 1], before + first_weight(sizes, i)
        parts, n = parts_of(i, net), len(X) if i == 0 else len(X) * k
        encoded, plain = i == 0 and len(bins[0]) > 1, X.shape[1] if i == 0 else n_in
        whole = encoded or parts > 1 or is_large(n, plain, width(i, net))
        rows = n_in if whole else max(PANEL // width(i, net) // ROWS, 1) * ROWS
        for start in range(0, n_in, rows):
            stop = min(start + rows, n_in)
            weight_gradient(i, X, bins, grad, net, memory, start, stop)
            if i == 0 and k > 1:
                fold_rows(start, stop, theta, grad, r, dr, net, memory[9])
            part = slice(first + start * n_out, first + stop * n_out * parts)
            change(part, vectors[0], numbers, share)
            if i > 0 or (encoding[6] > 0 and k == 1):
                turn_rows(i, slice(start, stop), theta, net, memory)
    change(slice(0, len(vectors[1][0])), vectors[1], without_decay(numbers), share)


@part
def change(part: Any, vectors: Any, numbers: Any, share: Any) -> None:
    """Update a part of the weights or biases, and their mean if there is one."""
    theta, grad, m, v, mean = vectors
    here = theta[part]
    update(numbers, here, grad[part], (m[part], v[part]))
    if len(mean) > 0:
        mix(mean[part], here, here.dtype.type(share))
