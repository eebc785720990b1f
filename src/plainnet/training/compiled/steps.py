"""Many training steps in one call, or one pass.

A step gathers its samples, passes forward and backward, and updates the parameters, a few rows of W
at a time, while their gradient is in the processor's cache. Each thread of `team.py` does its share
of these phases. The arguments are tuples, the same for
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
- `team`: see `team.py`;
- `net`, `memory`: see `dense_kernels.py`; a `U` drawn before the steps holds those of all steps,
  and there is a `state` for each thread.
"""

from typing import Any

import numpy as np

from plainnet.training.compiled.blocks import own_inputs
from plainnet.training.compiled.dense_kernels import (
    backward,
    bias_gradient,
    draw_all,
    first_products,
    first_weight,
    forward,
    input_gradient,
    is_large,
    is_turned,
    output_gradient,
    parts_of,
    total,
    turn_rows,
    turned_weights,
    units_before,
    weight_gradient,
)
from plainnet.training.compiled.embedding_kernels import embedding_gradient
from plainnet.training.compiled.jit import inlined, kernel_in_given_memory, small
from plainnet.training.compiled.losses import loss
from plainnet.training.compiled.members import (
    factors,
    fold_rows,
    widen,
    widen_turned,
    width,
)
from plainnet.training.compiled.pcg64 import LENGTH
from plainnet.training.compiled.step_inputs import encode, gather, of_embedding
from plainnet.training.compiled.team import own, wait
from plainnet.training.compiled.tiles import LINE, ROWS
from plainnet.training.compiled.updates import (
    ANSWER,
    change,
    numbers_of_step,
    without_decay,
)
from plainnet.training.compiled.views import matrix, rows_of, vector

PANEL, FEWEST = 4096, 8
"""Numbers of W that are updated together, and at least so many tiles one below the other, as they
use the same columns of dY."""


@kernel_in_given_memory
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
    team: Any,
) -> Any:
    """Take steps until a loss is not finite; return how many, and add to `sums`.

    `sums` are Σ n J and Σ n over the steps, where n is the samples of a step or their weight; and
    the latest J. With the optimizer GRADIENT a step writes the gradient of its samples, and with
    ANSWER it ends with the outputs in A.
    """
    dense, _ = of_dense((vectors[0][0], vectors[1][0]), encoding, net)
    k, first, J, phase = net[3], first_learned(encoding), memory[5], 0
    for step in range(len(each[0])):
        of_step = memory_of_step(step, data[5], net, memory, team)
        given = enter(step, data, batch, encoding, vectors, optimizer, net, of_step, team, phase)
        apart, X, classes, numbers, r, n, features, bins, sorted_bins, phase = given
        some = start, stop = own(len(X), ROWS, team)
        Z = forward(features, some, apart, bins, dense, net, of_step)
        if optimizer[0] == ANSWER:
            break
        dZ = last_gradient(len(X), start * k, Z, net, of_step)
        y, t = vector(classes, start, stop), rows_of(numbers, start, stop)
        loss(Z, dZ, y, t, vector(r, start, stop), k, how[0], how[1], vector(J, start * k, stop * k))
        backward(len(X), some, data[5], dense, net, of_step)
        if first == 0:
            embedded_gradient(first, len(X), some, encoding, net, of_step)
        phase = wait(team, phase)
        J_of_step = total(J, len(X) * k)
        if team[0] == 0:
            sums[2] = J_of_step
        if not np.isfinite(J_of_step):
            return step
        now = numbers_of_step(optimizer, step, each[0][step])
        share = each[1][step] if len(each[1]) > 0 else 0.0
        if first == 0:
            learn_embedding(X, sorted_bins, encoding, vectors, now, share, team)
        learn(features, data[5], apart, bins, encoding, vectors, now, share, net, of_step, team)
        phase = wait(team, phase)
        change(own(len(vectors[1][0]), LINE, team), vectors[1], without_decay(now), share)
        if team[0] == 0:
            sums[0], sums[1] = sums[0] + n * J_of_step, sums[1] + n
    return len(each[0])


@inlined
def memory_of_step(step: Any, size: Any, net: Any, memory: Any, team: Any) -> Any:
    """Return the memory with the random numbers of a step, and what is a thread's own."""
    U, A, S, dA, T, J, ones, zeros, s, wide, state = memory
    drawn = size * net[3] * units_before(net[0], len(net[0]) - 1)
    own_U = U[step * drawn : (step + 1) * drawn] if len(state) == 0 else U
    share = len(s) // team[1]
    own_s = vector(s, team[0] * share, (team[0] + 1) * share)
    first = min(team[0] * LENGTH, len(state))
    own_state = vector(state, first, min(first + LENGTH, len(state)))
    return own_U, A, S, dA, T, J, ones, zeros, own_s, wide, own_state


@inlined
def last_gradient(n: Any, first: Any, Z: Any, net: Any, memory: Any) -> Any:
    """Return the memory of dZ, where Z are rows of the outputs for n samples, from `first` on."""
    dZ = output_gradient(len(net[0]) - 2, n, net, memory)
    return matrix(dZ, first * Z.shape[1], len(Z), Z.shape[1])


@small
def first_learned(encoding: Any) -> Any:
    """Return the number of the first layer whose inputs have a gradient."""
    return 0 if encoding[6] > 0 else 1


@inlined
def enter(
    step: Any,
    data: Any,
    batch: Any,
    encoding: Any,
    vectors: Any,
    optimizer: Any,
    net: Any,
    memory: Any,
    team: Any,
    phase: Any,
) -> Any:
    """Prepare a step, up to where each sample goes its own way.

    Returns:
        Whether the first layer is shared out by inputs, what `gather` and `encode` return, and the
        number of the next phase.
    """
    theta, rows, size, state = (vectors[0][0], vectors[1][0]), data[4], data[5], memory[10]
    dense, r_of_members = of_dense(theta, encoding, net)
    some_rows = rows[step * size : (step + 1) * size]
    apart = len(encoding[0]) == 0 and is_large(0, len(some_rows) if len(rows) > 0 else size, net)
    X, classes, numbers, r, n = gather(data, some_rows, batch, net, apart, team)
    phase = wait(team, phase)
    if net[3] > 1:
        widen(dense, r_of_members, net, memory[9], team)
    if optimizer[0] != ANSWER:
        turn_weights(first_learned(encoding), step, size, dense, r_of_members, net, memory, team)
    features, bins, sorted_bins = encode(X, encoding, theta, batch[4], team)
    if len(state) > 0:
        draw_all(len(X), own(len(X), ROWS, team), net, memory[0], state)
    if step == 0 or net[3] > 1 or len(encoding[0]) > 0:
        phase = wait(team, phase)
    if apart:
        first_products(X, dense, net, memory, team)
        phase = wait(team, phase)
    return apart, X, classes, numbers, r, n, features, bins, sorted_bins, phase


@inlined
def turn_weights(
    first: Any, step: Any, size: Any, theta: Any, r: Any, net: Any, memory: Any, team: Any
) -> None:
    """Write Wᵀ from layer `first` on; after the first step only that of the members' first one."""
    sizes, wide = net[0], net[3] > 1 and first == 0
    if step == 0 and team[0] == 0:
        for i in range(1 if wide else first, len(sizes) - 1):
            for m in range(parts_of(i, net) if is_turned(i, size, net) else 0):
                turn_rows(i, m * sizes[i], (m + 1) * sizes[i], theta, net, memory)
    if wide:
        widen_turned(theta, r, turned_weights(first, net, memory), net, team)


@small
def of_dense(vectors: Any, encoding: Any, net: Any) -> Any:
    """Return the weights and biases of the Dense layers, and the r of members, or dr."""
    d, bins, length = len(encoding[0]), len(encoding[2]), encoding[6]
    weights, biases = vectors
    weights = vector(weights, (d + bins) * length, len(weights))
    biases = vector(biases, d * length, len(biases))
    r = factors(biases, net)
    return (weights, vector(biases, r.size, len(biases))), r


@inlined
def embedded_gradient(i: Any, n: Any, some: Any, encoding: Any, net: Any, memory: Any) -> None:
    """Write dE of some of n samples; the features are the inputs of layer i."""
    dY, dE = output_gradient(i, n, net, memory), of_features(n, encoding)
    dY = rows_of(matrix(dY, 0, n, len(dY) // n), some[0], some[1])
    input_gradient(i, dY, rows_of(dE, some[0], some[1]), net, memory)


@inlined
def of_features(n: Any, encoding: Any) -> Any:
    """Return the memory of the gradient of what is learned of n samples."""
    features = len(encoding[0]) * encoding[6]
    return matrix(encoding[8], 0, n, features)


@inlined
def learn_embedding(
    X: Any,
    bins: Any,
    encoding: Any,
    vectors: Any,
    numbers: Any,
    share: Any,
    team: Any,
) -> None:
    """Write the gradients of the embedding, and update its weights; the biases come last."""
    grad, dE = (vectors[0][1], vectors[1][1]), of_features(len(X), encoding)
    d, length, firsts = len(encoding[0]), encoding[6], bins[0]
    start, stop = own(d, 1, team)
    embedding_gradient(X, encoding[0], (start, stop), bins, dE, of_embedding(grad, encoding))
    change((start * length, stop * length), vectors[0], numbers, share)
    start, stop = d + firsts[start], d + firsts[stop]
    change((start * length, stop * length), vectors[0], numbers, share)


@inlined
def learn(
    X: Any,
    size: Any,
    apart: Any,
    bins: Any,
    encoding: Any,
    vectors: Any,
    numbers: Any,
    share: Any,
    net: Any,
    memory: Any,
    team: Any,
) -> None:
    """Write the gradient of the Dense layers, and update their weights and the mean of these."""
    sizes, k = net[0], net[3]
    theta, r = of_dense((vectors[0][0], vectors[1][0]), encoding, net)
    grad, dr = of_dense((vectors[0][1], vectors[1][1]), encoding, net)
    before = len(vectors[0][0]) - len(theta[0])
    for i in range(len(sizes) - 1):
        if i % team[1] == team[0]:
            bias_gradient(i, len(X), grad, net, memory)
        n_in, n_out, first = sizes[i], sizes[i + 1], before + first_weight(sizes, i)
        parts, encoded = parts_of(i, net), i == 0 and len(bins[0]) > 1
        whole = encoded or parts > 1
        rows = n_in if whole else max(PANEL // width(i, net) // ROWS, FEWEST) * ROWS
        some = own(n_in * parts, rows if whole else ROWS, team)
        if apart and i == 0:
            some = own_inputs(n_in, team)
        for start in range(some[0], some[1], rows):
            stop = min(start + rows, some[1])
            weight_gradient(i, X, bins, grad, net, memory, start, stop)
            if i == 0 and k > 1:
                fold_rows(start, stop, theta, grad, r, dr, net, memory[9])
            change((first + start * n_out, first + stop * n_out), vectors[0], numbers, share)
            if is_turned(i, size, net) and (i > 0 or (encoding[6] > 0 and k == 1)):
                turn_rows(i, start, stop, theta, net, memory)
