"""The steps of a training as compiled kernels, with numba: the extra `fast`.

They take over after about a second's work, for a short training should not wait for numba's import
(half a second), nor a machine's first one for the compiler (some three). That second is counted in
steps and parameters, not by the clock: the last digits of a kernel and of NumPy differ, and the
same training has to come out the same, to the last bit, each time.

A kernel runs on one thread: a second pool of threads would fight that of the matrix products, and
the update of a large network waits for memory, not for the processor.
"""

import logging
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

log = logging.getLogger(__name__)

AFTER = 1.0
"""Seconds of work that the kernels wait for."""


def worth_compiling(steps: int, parameters: int) -> bool:
    """Whether so many steps on so many parameters are about a second's work."""
    return steps * (5e-5 + 4e-9 * parameters) >= AFTER


@cache
def load_kernels() -> ModuleType | None:
    """The kernels of a training step; None where their libraries are missing or do not work."""
    return compiled_module("plainnet.training.compiled.kernels", "numba", "scipy")


def compiled_module(name: str, *libraries: str) -> ModuleType | None:
    """A module that numba compiles; None where one of its libraries is missing or does not work."""
    if any(find_spec(library) is None for library in libraries):
        return None
    try:
        return import_module(name)
    except Exception as error:  # a numba that is broken, or has no place to keep its code
        log.info("NumPy does the work of %s, for numba does not work here: %s", name, error)
        return None
