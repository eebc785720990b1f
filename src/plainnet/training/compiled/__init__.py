"""The steps of a training as compiled kernels, with numba: the extra `fast`.

They take all steps of a training that has three seconds of work or more to do: a shorter one need
not wait for numba's import (a third of a second), nor the first one on a machine for the compiler
(some ten seconds). Of `train_step`, which does not know how many follow, they take those after a
second of work. These seconds are estimated from steps, samples and parameters, not from the clock:
kernels and NumPy differ in the last digits, and the same training must always give the same bits,
also where no kernel is stored yet. In an ensemble of n networks each step counts as n, as the
others take about as many, wherever and whenever they are trained.

The steps of the usual networks are taken by several threads together where they are faster, which
is measured all along; their bits do not depend on it.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from plainnet.errors import PlainnetError
from plainnet.network import Network

log = logging.getLogger(__name__)

WORK_BEFORE_COMPILING = 1.0
"""The estimated work in seconds after which the kernels take single steps."""
WORK_IN_ALL = 3.0
"""How many times as much a whole training must be at least. Of each second kernels save 0.1 to 0.8:
loading them takes a third of a second in each process, and compiling them some ten, once: with 2
the first fit of 500 rows after installing takes four times as long."""


class KernelError(PlainnetError):
    """A kernel that cannot be compiled here."""

    @classmethod
    def of(cls, error: Exception) -> "KernelError":
        """Make the error from that of the compiler."""
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        reason = f"{type(error).__name__}: {first}".strip(" :.")
        return cls(
            f"numba cannot compile a kernel here ({reason}), so NumPy computes, more slowly; "
            "update numba, or uninstall it."
        )


def worth_compiling(steps: int, network: Network, size: int) -> bool:
    """Return whether so many steps of so many samples are a second of work."""
    return _seconds(steps, network, size) >= WORK_BEFORE_COMPILING


def worth_loading(steps: int, network: Network, size: int) -> bool:
    """Return whether a training of so many steps of so many samples is worth its kernels."""
    return _seconds(steps, network, size) >= WORK_IN_ALL * WORK_BEFORE_COMPILING


def _seconds(steps: int, network: Network, size: int) -> float:
    """Return an estimate of the time that NumPy takes."""
    parameters = network.n_parameters
    products = max(parameters, sum(layer.multiply_adds for layer in network.layers))
    return steps * (5e-5 + 4e-9 * parameters + 8e-11 * products * size)


def load_kernels() -> ModuleType | None:
    """Import the kernels of a training step; None if their libraries are missing or broken."""
    return compiled_module("plainnet.training.compiled.kernels", "numba")


def load_picture_kernels() -> ModuleType | None:
    """Import the kernels of convolutions; None if their libraries are missing or broken."""
    return compiled_module("plainnet.training.compiled.picture_kernels", "numba", "scipy")


def load_answer_kernels() -> ModuleType | None:
    """Import the kernels of answers to many samples; None if their libraries are missing."""
    return compiled_module("plainnet.training.compiled.answer_kernels", "numba")


def are_installed() -> bool:
    """Return whether the library of the kernels of a training step is there."""
    return find_spec("numba") is not None


def are_loaded() -> bool:
    """Return whether a training has loaded the kernels in this process."""
    return "plainnet.training.compiled.kernels" in sys.modules


@contextmanager
def giving_up(addition: str = "") -> Iterator[None]:
    """Leave the block where a kernel cannot be compiled, and load none in this process any more.

    Args:
        addition: to the warning that is logged the first time.
    """
    try:
        yield
    except KernelError as error:
        if not _failures:
            log.warning("%s%s", error, addition)
        _failures.append(error)
        compiled_module.cache_clear()


def failures() -> list[KernelError]:
    """Return the errors that made this process give up its kernels."""
    return _failures


@cache
def compiled_module(name: str, *libraries: str) -> ModuleType | None:
    """Import a module that numba compiles; None if one of its libraries is missing or broken."""
    if _failures or any(find_spec(library) is None for library in libraries):
        return None
    try:
        return import_module(name)
    except Exception as error:  # a broken numba
        log.info("NumPy replaces %s, because numba does not work here: %s", name, error)
        return None


_failures: list[KernelError] = []
"""What made this process give up its kernels."""
