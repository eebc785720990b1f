"""L-BFGS: every step uses all samples, and the curvature estimated from the last gradients.

For a small network on few samples it often reaches a lower loss than a stochastic optimizer, in
less time. Liu, Nocedal: On the limited memory BFGS method for large scale optimization (1989). The
implementation is SciPy's.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from plainnet.errors import DivergedError, MissingExtraError
from plainnet.files.rows import MemoryMappedRows
from plainnet.network import Array, Loss, Network
from plainnet.network.arguments import check_part
from plainnet.network.contract import check_gradient
from plainnet.training.arguments import checked_samples
from plainnet.training.l2 import add_l2
from plainnet.training.position import count
from plainnet.training.threads import suited_threads

BLOCK_BYTES = 2**25
"""The largest block of memory-mapped samples that is read at once, in bytes."""


@dataclass(frozen=True)
class Minimum:
    """The end of a minimization; the network has its parameters."""

    loss: float
    """The loss with its penalty."""
    iterations: int
    """The number of iterations."""
    converged: bool
    """Whether the gradient became flat."""
    message: str
    """SciPy's reason for the end."""


def minimize(
    network: Network,
    loss: Loss,
    X: Array,
    y: Array,
    *,
    weights: Array | None = None,
    l2: float = 0.0,
    iterations: int = 200,
    evaluations: int = 15000,
    tolerance: float = 1e-4,
    each: Callable[[float], None] = lambda J: None,  # noqa: ARG005
) -> Minimum:
    """Train in place until the gradient is flat.

    The loss must be deterministic: no layer may draw at random.

    Args:
        network: changed in place; in float32 its parameters are rounded, but not the search.
        loss: the loss to minimize.
        X: inputs `(N, n_in)`.
        y: targets, as the loss takes them.
        weights: sample weights `(N,)`.
        l2: α of the penalty α/2 ‖W‖² / N, as in `train`.
        iterations: the largest number of iterations.
        evaluations: the largest number of evaluations of the loss and its gradient.
        tolerance: the search ends when the largest entry of the gradient is below this.
        each: called with the loss after each iteration; an error it raises ends the search.

    Raises:
        ShapeError, DataError: the data do not fit the network or the loss.
        DivergedError: the loss is not finite.
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy import optimize  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError.of("L-BFGS", "scipy", extra="fast") from None
    check_part("network", network, Network, "Network.dense([2, 16, 1])", "network, loss, X, y")
    check_part("loss", loss, Loss, "SoftmaxCrossEntropy()", "network, loss, X, y")
    X, y, weights = checked_samples(network, loss, X, y, weights)
    value_and_grad = _objective(network, loss, X.astype(network.dtype, copy=False), y, weights, l2)
    options = {"maxiter": iterations, "maxfun": evaluations, "gtol": tolerance}
    start = network.theta.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"), suited_threads(network, len(X)):
        found = optimize.minimize(
            value_and_grad,
            start,
            jac=True,
            method="L-BFGS-B",
            options=options,
            callback=lambda intermediate_result: each(float(intermediate_result.fun)),
        )
    network.theta[...] = found.x
    if not math.isfinite(found.fun):
        raise DivergedError(
            f"The loss became {found.fun} after {found.nit} iterations; try inputs scaled to a "
            "mean of 0 and a standard deviation of 1."
        )
    return Minimum(float(found.fun), int(found.nit), found.status == 0, str(found.message))


def _objective(
    network: Network, loss: Loss, X: Array, y: Array, weights: Array | None, l2: float
) -> Callable[[Array], tuple[float, Array]]:
    """Return the function from θ to the loss of all samples with its penalty, and its gradient."""
    total = count(X, weights)

    def value_and_grad(theta: Array) -> tuple[float, Array]:
        network.theta[...] = theta
        J, summed = 0.0, np.zeros(len(theta))
        for part in _parts(X):
            w = None if weights is None else weights[part]
            batch = np.asarray(X[part])
            share = count(batch, w) / total
            Z = network.forward(batch, training=True)
            value, dZ = loss.value_and_grad(Z, y[part], w)
            check_gradient(loss, value, dZ, Z)
            network.backward(dZ)
            J += share * float(value)
            summed += share * network.grad
        network.grad[...] = 0
        J += add_l2(network, l2 / total)
        summed += network.grad
        return J, summed

    return value_and_grad


def _parts(X: Array) -> Iterator[slice]:
    """Yield all samples at once, or block by block where they are memory-mapped."""
    step = (
        max(BLOCK_BYTES // (X.shape[1] * X.dtype.itemsize), 1)
        if isinstance(X, MemoryMappedRows)
        else len(X)
    )
    yield from (slice(start, start + step) for start in range(0, len(X), step))
