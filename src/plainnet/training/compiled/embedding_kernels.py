"""A learned piecewise-linear encoding in front of the first Dense layer, without the encoding P.

The formulas are those of `PiecewiseLinearEmbedding`, `Y = x w + b + P V` for each column, and
`bins` are the sorted samples of `piecewise.py`: `P V` is a running sum over the rows of V, and its
gradient a running sum from above. So a column takes N additions of a short row, whatever the
number of its bins.

`parameters` are w `(d, length)`, V `(bins of all columns, length)` and b `(d, length)`; `gradients`
have their shapes. The features of column j are those from `first + j · length` on. They are taken
as a view: at a place that is computed the compiler expects negative numbers, too, which count from
the end, and loads each number by itself.
"""

from typing import Any

from plainnet.training.compiled.jit import part
from plainnet.training.compiled.views import vector


@part
def embed(X: Any, columns: Any, some: Any, bins: Any, parameters: Any, E: Any, first: Any) -> None:
    """Write Y of some columns into those of E `(N, …)` from `first` on."""
    firsts, order, parts, stops, _, total = bins
    w, V, b = parameters
    length = w.shape[1]
    for j in range(some[0], some[1]):
        start, place = 0, first + j * length
        for h in range(length):
            total[h] = b[j, h]
        for k in range(firsts[j], firsts[j + 1]):
            for s in range(start, stops[k]):
                i, f = order[j, s], parts[j, s]
                x, y = X[i, columns[j]], vector(E[i], place, place + length)
                for h in range(length):
                    y[h] = x * w[j, h] + total[h] + f * V[k, h]  # x w + b + P V
            start = stops[k]
            for h in range(length):
                total[h] += V[k, h]  # the features of lower bins are 1


@part
def embedding_gradient(X: Any, columns: Any, some: Any, bins: Any, dE: Any, gradients: Any) -> None:
    """Write the gradients of some columns from dE, which is dY of their features."""
    firsts, order, parts, stops, _, total = bins
    dw, dV, db = gradients
    length = dw.shape[1]
    for j in range(some[0], some[1]):
        for h in range(length):
            total[h] = dw[j, h] = 0
        place = j * length
        for k in range(firsts[j + 1] - 1, firsts[j] - 1, -1):
            for h in range(length):
                dV[k, h] = total[h]  # Σ dY of the samples in higher bins
            start = stops[k - 1] if k > firsts[j] else 0
            for s in range(start, stops[k]):
                i, f = order[j, s], parts[j, s]
                x, dy = X[i, columns[j]], vector(dE[i], place, place + length)
                for h in range(length):
                    dV[k, h] += f * dy[h]  # dV = Pᵀ dY
                    dw[j, h] += x * dy[h]  # dw = Σ_N dY · x
                    total[h] += dy[h]
        for h in range(length):
            db[j, h] = total[h]  # db = Σ_N dY
