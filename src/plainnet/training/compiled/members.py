"""An ensemble in one network, TabM-mini, as parts of the compiled steps.

The formulas are those of `MemberScaling`, of the first `Dense` behind it, and of `MemberDense`; the
backward passes are derived in `docs/derivations.md`. Member m sees X · r_m, and

    (X · r_m) W = X (r_m · W),

where row h of r_m · W is r[m, h] W[h]. So the first layer of all k members is one Dense layer: its
W is the k matrices r_m · W side by side, and its Y `(N, k·n_out)` is `(N·k, n_out)` in memory, a
row for each sample and member. dX = Σ_k dY · r is its dX, and with its dW, the matrices D_m,

    dW = Σ_k r_m · D_m,    dr[m, h] = Σ_j W[h, j] D_m[h, j].

The layers behind share W as `PerMember` does, and the last one has a W and b for each member.

`wide` are the W `(n_in, k·n_out)`, b and dW of that layer, one after another; empty where k is 1.
"""

from typing import Any

from plainnet.training.compiled.jit import inlined, part, reordered, small
from plainnet.training.compiled.products import transpose
from plainnet.training.compiled.team import own
from plainnet.training.compiled.views import column, columns_of, matrix, rows_of, vector


@small
def width(i: Any, net: Any) -> Any:
    """Return how many columns W of layer i has: the first one of all members side by side."""
    return net[0][i + 1] * (net[3] if i == 0 else 1)


@small
def wide_layer(wide: Any, net: Any) -> Any:
    """Return W and b of the first layer of all members."""
    n_in, n_out = net[0][0], net[0][1] * net[3]
    size = n_in * n_out
    return matrix(wide, 0, n_in, n_out), vector(wide, size, size + n_out)


@inlined
def wide_gradient(wide: Any, net: Any) -> Any:
    """Return the memory of its dW."""
    n_in, n_out = net[0][0], net[0][1] * net[3]
    return matrix(wide, (n_in + 1) * n_out, n_in, n_out)


@inlined
def factors(biases: Any, net: Any) -> Any:
    """Return r `(k, n_in)`, or dr: the first of the biases behind an embedding."""
    k, n = net[3], net[0][0] if net[3] > 1 else 0
    return matrix(biases, 0, k, n)


@inlined
def widen(theta: Any, r: Any, net: Any, wide: Any, team: Any) -> None:
    """Write W and b of the first layer of all members."""
    n_in, n_out, k = net[0][0], net[0][1], net[3]
    W, (all_W, all_b) = matrix(theta[0], 0, n_in, n_out), wide_layer(wide, net)
    start, stop = own(n_in, 1, team)
    for m in range(k):
        first = m * n_out
        for h in range(start, stop):
            own_W = vector(all_W[h], first, first + n_out)
            for j in range(n_out):
                own_W[j] = r[m, h] * W[h, j]  # r · W
        own_b = vector(all_b, first, first + n_out)
        for j in range(n_out):
            own_b[j] = theta[1][j]


@part
def widen_turned(theta: Any, r: Any, turned: Any, net: Any, team: Any) -> None:
    """Write Wᵀ of that layer for the last inputs."""
    n_in, n_out = net[0][0], net[0][1]
    W, plain = matrix(theta[0], 0, n_in, n_out), n_in - turned.shape[1]
    start, stop = own(n_out, 1, team)
    of_W = columns_of(rows_of(W, plain, n_in), start, stop)
    transpose(of_W, rows_of(turned, start, stop))
    for m in range(len(r) - 1, -1, -1):
        own_r = vector(r[m], plain, n_in)
        for j in range(start, stop):
            for h in range(turned.shape[1]):
                turned[m * n_out + j, h] = own_r[h] * turned[j, h]


@inlined
def fold_rows(
    start: Any, stop: Any, theta: Any, grad: Any, r: Any, dr: Any, net: Any, wide: Any
) -> None:
    """Write some rows of dW of the first layer, and columns of dr, from its wide dW."""
    n_in, n_out = net[0][0], net[0][1]
    W, dW = matrix(theta[0], 0, n_in, n_out), matrix(grad[0], 0, n_in, n_out)
    D = wide_gradient(wide, net)
    for h in range(start, stop):
        fold(W[h], column(r, h), D[h], dW[h], column(dr, h))


@reordered
def fold(W: Any, r: Any, D: Any, dW: Any, dr: Any) -> None:
    """Write a row of dW and a column of dr from a row of D."""
    n_out, zero = len(W), W.dtype.type(0)
    for j in range(n_out):
        dW[j] = zero
    for m in range(len(r)):
        total, own_D = zero, vector(D, m * n_out, (m + 1) * n_out)
        for j in range(n_out):
            dW[j] += r[m] * own_D[j]  # dW = Σ_k r · D
            total += W[j] * own_D[j]
        dr[m] = total  # dr = Σ_j W · D
