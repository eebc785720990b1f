"""The compiler of the kernels."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function at its first call, and store it on the disk for the next process.

    Other threads run meanwhile.
    """
    return cast(F, numba.njit(cache=True, error_model="numpy", nogil=True)(function))


def part(function: F) -> F:
    """Compile a function that only compiled ones call, as a part of them, stored with them."""
    given: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(F, numba.njit(error_model="numpy", nogil=True, **given)(function))


def reordered(function: F) -> F:
    """Compile a part whose sums may be in any order, but in the same one each time."""
    given: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    given["fastmath"] = {"reassoc", "contract"}
    return cast(F, numba.njit(error_model="numpy", nogil=True, **given)(function))


def inlined(function: F) -> F:
    """Compile a function that is called in one place as if it were written there.

    The compiler optimizes all that a part calls with each part again, so few parts take less time.
    """
    return cast(F, numba.njit(error_model="numpy", nogil=True, inline="always")(function))


def summing(function: F) -> F:
    """Compile a part whose sums may be in any order, so that vector instructions compute them."""
    given: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "fastmath": {"reassoc"}}
    return cast(F, numba.njit(error_model="numpy", nogil=True, **given)(function))
