"""One thread or all for the large products of a training, by measurement.

Where other programs use the processors, the threads of a large product wait for each other: a step
takes twice as long on two threads as on one, or longer. The number of threads changes the last
digits of a product, so it is chosen once, before the first step, and stored with the training.
Networks that compiled kernels take need no choice: their steps before the kernels use one thread.
"""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from math import isqrt

import numpy as np

from plainnet.network import Array, Network
from plainnet.network.products import SMALL_PRODUCT
from plainnet.training.threads import allowed_threads, is_limited, one_thread, processors

log = logging.getLogger(__name__)

MOST_WIDTH, MOST_ROWS = 1024, 256
"""The largest matrices that are multiplied: as many rows and columns as give the result soon."""
ROUNDS, FEWEST = 8, 2
"""The rounds of a measurement, and those after which it may already be clear."""
SECONDS = 0.01
"""The time of one and of all threads in a round, at least."""
CLEAR = 0.75
"""It is clear if the faster one takes less than this share of the other's time."""


def choose_threads(network: Network, n: int) -> int:
    """Return the number of threads for the products of n rows with this network: 1, or all.

    All are chosen without a measurement where products are small, as these get one thread in any
    case, and where somebody has set the number.
    """
    largest = max(layer.multiply_adds for layer in network.layers)
    if n * largest <= SMALL_PRODUCT or allowed_threads() is not None or is_limited():
        return processors()
    one, several = _measured(min(n, MOST_ROWS), min(isqrt(largest), MOST_WIDTH), network.dtype)
    if one >= several:
        return processors()
    log.info(
        "The training uses one thread for each product, because all of them take %.1f times as "
        "long while other programs use the processors.",
        several / one,
    )
    return 1


def _measured(rows: int, width: int, dtype: np.dtype) -> tuple[float, float]:
    """Return the seconds of a product on one thread, and on all, measured in turn."""
    X, W = np.ones((rows, width), dtype), np.ones((width, width), dtype)
    Y = X @ W  # its memory and the library are in use from here on
    seconds, products = [0.0, 0.0], [0, 0]
    for i in range(ROUNDS):
        limits: tuple[AbstractContextManager[None], ...] = one_thread(), nullcontext()
        for j, limit in enumerate(limits):
            spent, done = _timed(limit, X, W, Y)
            seconds[j], products[j] = seconds[j] + spent, products[j] + done
        one, several = (total / done for total, done in zip(seconds, products, strict=True))
        if i + 1 >= FEWEST and min(one, several) < CLEAR * max(one, several):
            break
    return one, several


def _timed(limit: AbstractContextManager[None], X: Array, W: Array, Y: Array) -> tuple[float, int]:
    """Compute Y = X W for a while; return the seconds and the number of products."""
    with limit:
        start, done, spent = time.perf_counter(), 0, 0.0
        while spent < SECONDS:
            np.matmul(X, W, out=Y)
            done, spent = done + 1, time.perf_counter() - start
    return spent, done
