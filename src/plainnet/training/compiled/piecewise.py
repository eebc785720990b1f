"""A first Dense layer behind a piecewise-linear encoding, without a product with the encoding.

For a number x in bin b of its column the features of the bins below b are 1, that of b is the
fraction f of the bin that lies below x, and those above are 0. So a column adds to a row of Z = P W

    Σ_{lower bins} W + f W[b],

a running sum over the rows of W, and on the way back the gradient is a running sum from above:

    dW[b] = Σ_{samples in b} f dZ + Σ_{samples in higher bins} dZ.

This takes N additions of a row for each column, instead of N times the number of its bins.

The samples are sorted by their bins, column by column. `bins` are these arrays:

- `firsts`: the bins of column j are numbers `firsts[j]` to `firsts[j + 1]`;
- `order`, `parts`: `order[j, start:stop]` are the samples in a bin of column j, and
  `parts[j, start:stop]` their f;
- `stops`: the stop of each bin, which is the start of the next one of the column;
- `numbers`, `total`: scratch memory for N whole numbers, and for a row of W.
"""

from typing import Any

from plainnet.training.compiled.jit import part, small


@part
def sort_into_bins(
    X: Any, columns: Any, some: Any, lower: Any, width: Any, bounded: Any, bins: Any
) -> None:
    """Write `order`, `parts` and `stops` of `bins` for some of the columns of X `(N, n_in)`."""
    firsts, order, parts, stops, numbers, _ = bins
    for j in range(some[0], some[1]):
        first, last = firsts[j], firsts[j + 1] - 1
        find_bins(X, columns[j], lower, first, last + 1 - first, parts[j], numbers)
        for b in range(first, last + 1):
            stops[b] = 0
        for i in range(len(X)):
            stops[numbers[i]] += 1
        start = 0
        for b in range(first, last + 1):
            start, stops[b] = start + stops[b], start
        for i in range(len(X)):
            b, x = numbers[i], X[i, columns[j]]
            f = (x - lower[b]) / width[b]
            order[j, stops[b]] = i
            parts[j, stops[b]] = clip(f) if bounded else f
            stops[b] += 1


@small
def find_bins(X: Any, column: Any, lower: Any, first: Any, n: Any, x: Any, numbers: Any) -> None:
    """Write the bin of each sample, one of n, by binary search; NaN is in the first bin.

    All samples take a step of the search together, which is one loop of vector instructions. `x` is
    scratch memory for the column.
    """
    for i in range(len(X)):
        x[i], numbers[i] = X[i, column], first
    while n > 1:
        half = n // 2
        for i in range(len(X)):
            numbers[i] += half * (x[i] >= lower[numbers[i] + half])
        n -= half


@small
def clip(f: Any) -> Any:
    """Limit f to 0 … 1; NaN stays."""
    zero, one = type(f)(0), type(f)(1)
    return zero if f < zero else one if f > one else f


@part
def add_encoded(Y: Any, W: Any, bins: Any) -> None:
    """Add P W to Y."""
    firsts, order, parts, stops, _, total = bins
    for j in range(len(firsts) - 1):
        for h in range(Y.shape[1]):
            total[h] = 0
        start = 0
        for b in range(firsts[j], firsts[j + 1]):
            for k in range(start, stops[b]):
                i, f = order[j, k], parts[j, k]
                for h in range(Y.shape[1]):
                    Y[i, h] += total[h] + f * W[b, h]  # Σ_{lower bins} W + f W[b]
            start = stops[b]
            if start == len(Y):
                break
            for h in range(Y.shape[1]):
                total[h] += W[b, h]


@part
def encoded_gradient(dY: Any, dW: Any, bins: Any) -> None:
    """Write dW = Pᵀ dY."""
    firsts, order, parts, stops, _, total = bins
    for j in range(len(firsts) - 1):
        for h in range(dY.shape[1]):
            total[h] = 0
        for b in range(firsts[j + 1] - 1, firsts[j] - 1, -1):
            for h in range(dY.shape[1]):
                dW[b, h] = total[h]  # Σ dY of the samples in higher bins
            start = stops[b - 1] if b > firsts[j] else 0
            for k in range(start, stops[b]):
                i, f = order[j, k], parts[j, k]
                for h in range(dY.shape[1]):
                    dW[b, h] += f * dY[i, h]
                    total[h] += dY[i, h]
