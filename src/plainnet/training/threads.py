"""How many threads the matrix products of a training get.

The libraries behind NumPy share out products that are far too small for it. What one thread has
written the others have to fetch, which takes longer than it saves; and beside other programs they
wait for each other, and a step takes many times as long.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

from plainnet.network import Network

SMALL = 3e6
"""Multiply-adds of a step's largest product up to which one thread is the right number."""


@contextmanager
def suited_threads(network: Network, n: int) -> Iterator[None]:
    """One thread where the products of n rows with this network are small, else all there are."""
    if n * max(layer.multiply_adds for layer in network.layers) > SMALL:
        yield
        return
    with one_thread():
        yield


def one_thread() -> AbstractContextManager[object]:
    """Within it matrix products get one thread."""
    limits: AbstractContextManager[object] = _libraries("scipy.linalg" in sys.modules).limit(
        limits=1, user_api="blas"
    )
    return limits


@cache
def _libraries(with_scipy: bool) -> Any:  # noqa: ARG001 - SciPy brings its own
    """The thread pools in this process."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()
