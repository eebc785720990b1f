"""When a training goes on in the compiled loops of `loops.py`, and what they are given.

They take over after about a second's work, for a short training should not wait for numba's
import (half a second), nor a machine's first one for the compiler (some three). That second is
counted in steps and parameters, not by the clock: the last digits of a loop and of NumPy differ,
and the same training has to come out the same, to the last bit, each time.

A loop runs on one thread: a second pool of threads would fight that of the matrix products, and the
update of a large network waits for memory, not for the processor.
"""

import logging
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from plainnet.network.arrays import Array

log = logging.getLogger(__name__)

Update = Callable[..., None]
"""`update(theta, grad, s, *slots)`, as in `Optimizer`."""

AFTER = 1.0
"""Seconds of work that the loops wait for."""


def pays(steps: int, parameters: int) -> bool:
    """Whether so many steps on so many parameters have been about a second's work."""
    return steps * (5e-5 + 4e-9 * parameters) >= AFTER


def update(name: str, dtype: np.dtype[Any], *settings: float) -> Update | None:
    """The loop of an optimizer with these settings; None where there is no numba."""
    module = loops()
    if module is None:
        return None
    loop = getattr(module, name)
    numbers = [dtype.type(x) for x in settings]

    def run(theta: Array, grad: Array, s: Array, *slots: Array) -> None:  # noqa: ARG001
        loop(theta, grad, *slots, *numbers)

    return run


@cache
def loops() -> ModuleType | None:
    """`loops.py`; None where its libraries are missing or do not work."""
    return compiled_module("plainnet.training.loops", "numba", "scipy")


def compiled_module(name: str, *libraries: str) -> ModuleType | None:
    """A module that numba compiles; None where one of its libraries is missing or does not work."""
    if any(find_spec(library) is None for library in libraries):
        return None
    try:
        return import_module(name)
    except Exception as error:  # a numba that is broken, or has no place to keep its code
        log.info("NumPy does the work of %s, for numba does not work here: %s", name, error)
        return None
