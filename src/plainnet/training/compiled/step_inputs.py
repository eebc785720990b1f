"""What enters the first Dense layer of a step, as parts of the compiled steps: see `steps.py`."""

from typing import Any

from plainnet.training.compiled.blocks import own_inputs
from plainnet.training.compiled.embedding_kernels import embed
from plainnet.training.compiled.jit import inlined, part, small
from plainnet.training.compiled.loading import load_ahead
from plainnet.training.compiled.piecewise import sort_into_bins
from plainnet.training.compiled.team import own
from plainnet.training.compiled.tiles import ROWS
from plainnet.training.compiled.views import matrix, rows_of, vector

AHEAD = 16
"""How many rows before its copying the processor begins to load a row."""


@inlined
def gather(data: Any, rows: Any, batch: Any, net: Any, apart: Any, team: Any) -> Any:
    """Return X, both targets and r of a step's rows, and their number or weight.

    The weights r of all members' answers add up to 1; to 0 where all weights are 0.
    """
    X, classes, numbers, weights, _, size = data
    taken = len(rows) > 0
    n = len(rows) if taken else size
    weight = float(n) if len(weights) == 0 else 0.0
    for i in range(n if len(weights) > 0 else 0):
        weight += weights[rows[i] if taken else i]
    whole = net[3] * (1.0 if weight == 0 else weight)
    inputs, of_classes, of_numbers, r = batch[0][:n], batch[1][:n], batch[2][:n], batch[3][:n]
    if taken and apart:
        first, last = own_inputs(X.shape[1], team)
        for i in range(n):
            copy(vector(X[rows[i]], first, last), vector(inputs[i], first, last))
    start, stop = own(n, ROWS, team)
    for i in range(start, stop):
        row = rows[i] if taken else i
        r[i] = (1 if len(weights) == 0 else weights[row]) / whole
        if taken:
            if not apart:
                load_ahead(X, rows[min(i + AHEAD, n - 1)])
                copy(X[row], inputs[i])
            if len(classes) > 0:
                of_classes[i] = classes[row]
            else:
                copy(numbers[row], of_numbers[i])
    if not taken:
        return X[:n], classes[:n], numbers[:n], r, weight
    return inputs, of_classes, of_numbers, r, weight


@part
def copy(given: Any, out: Any) -> None:
    """Copy a vector."""
    for i in range(given.size):
        out[i] = given[i]


@inlined
def encode(X: Any, encoding: Any, theta: Any, plain: Any, team: Any) -> Any:
    """Return the first Dense layer's inputs and bins, and the samples sorted by their bins."""
    columns, others, lower, width, bounded, bins, length, E, _ = encoding
    firsts, of_all, f_all, stops, numbers, row = bins
    n, d, first = len(X), len(columns), len(others)
    order, parts = matrix(of_all, 0, d, n), matrix(f_all, 0, d, n)
    numbers = vector(numbers, team[0] * (len(numbers) // team[1]), len(numbers))
    row = vector(row, team[0] * (len(row) // team[1]), len(row))
    bins = firsts, order, parts, stops, numbers, row
    if d == 0:
        return X, bins, bins
    some = own(d, 1, team)
    sort_into_bins(X, columns, some, lower, width, bounded, bins)
    if length > 0:
        features = matrix(E, 0, n, first + d * length)
        embed(X, columns, some, bins, of_embedding(theta, encoding), features, first)
    else:
        features = rows_of(plain, 0, n)
    start, stop = own(n, ROWS, team)
    for i in range(start, stop):
        for j in range(first):
            features[i, j] = X[i, others[j]]
    left = vector(firsts, 0, 1 if length > 0 else len(firsts))
    return features, (left, order, parts, stops, numbers, row), bins


@small
def of_embedding(vectors: Any, encoding: Any) -> Any:
    """Return w, V and b of the embedding in θ, or its gradients in `grad`."""
    (weights, biases), d, bins, length = vectors, len(encoding[0]), len(encoding[2]), encoding[6]
    w, V = matrix(weights, 0, d, length), matrix(weights, d * length, bins, length)
    return w, V, matrix(biases, 0, d, length)
