"""The compiler of the kernels."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function at its first call, and store it on the disk for the next process.

    Other threads run meanwhile. What is stored is used while no module of the function's folder
    changes: numba itself looks at the function's own module only, and not at those of its parts.
    """
    made: Any = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    stored = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if stored is not None and (stamp := stamp_of(Path(function.__code__.co_filename).parent)):
        stored._source_stamp = stamp
    return cast(F, made)


@cache
def stamp_of(folder: Path) -> str:
    """Return a hash of all modules in a folder; "" if there are none, as within an archive."""
    modules = [module.read_bytes() for module in sorted(folder.glob("*.py"))]
    return hashlib.sha256(b"\0".join(modules)).hexdigest() if modules else ""


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
