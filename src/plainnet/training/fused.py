"""Adam's update as one loop that numba compiles: the extra `fast`.

Nothing here is new: it is the formula of `Adam.update`, which is the one to read, and the reference
that `tests/test_fused.py` holds it to. NumPy goes through the vectors once for every operation, a
loop once for all of them, which takes a third to a fifth of the time. The other optimizers have
too few operations to gain.

It runs on one thread, for a second pool of threads would fight that of the matrix products, and
the compiled code is kept on the disk, so that a machine compiles it once.
"""

import logging
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from plainnet.network.arrays import Array

log = logging.getLogger(__name__)

Update = Callable[..., None]
"""`update(theta, grad, s, *slots)`, as in `Optimizer`."""

AFTER = 100
"""Steps before the loop takes over: a short training does not wait for numba's import, some 0.3 s,
nor a machine's first one for the compiler."""


def adam(dtype: np.dtype[Any], *settings: float) -> Update | None:
    """One step of Adam as a loop; None where numba is not installed.

    Args:
        dtype: of θ.
        settings: β₁, 1−β₁, β₂, 1−β₂, α / (1−β₁ᵗ), 1 / √(1−β₂ᵗ), ε.
    """
    loop = _adam_loop()
    if loop is None:
        return None
    numbers = [dtype.type(x) for x in settings]  # a float64 would make a float32 loop float64

    def update(theta: Array, grad: Array, s: Array, m: Array, v: Array) -> None:  # noqa: ARG001
        loop(theta, grad, m, v, *numbers)

    return update


@cache
def _adam_loop() -> Any:
    if find_spec("numba") is None:
        return None
    try:
        import numba

        return numba.njit(cache=True, error_model="numpy")(_adam)
    except Exception as error:  # a numba that is broken, or has no place to keep its code
        log.info("Adam goes on in NumPy, for numba does not work here: %s", error)
        return None


def _adam(
    theta: Any, g: Any, m: Any, v: Any, b1: Any, c1: Any, b2: Any, c2: Any, a: Any, r: Any, e: Any
) -> None:
    for i in range(theta.size):
        m[i] = b1 * m[i] + c1 * g[i]  # m ← β₁ m + (1−β₁) g
        v[i] = b2 * v[i] + c2 * (g[i] * g[i])  # v ← β₂ v + (1−β₂) g²
        theta[i] -= a * (m[i] / (np.sqrt(v[i]) * r + e))  # θ ← θ − α m̂ / (√v̂ + ε)
