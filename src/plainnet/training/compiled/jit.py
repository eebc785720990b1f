"""The compiler of the kernels."""

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.runtime.nrt import rtsys

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function at its first call, and store it on the disk for the next process.

    Other threads run meanwhile. What is stored is used while no module of the function's folder
    changes: numba itself looks at the function's own module only, and not at those of its parts.
    """
    made: Any = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    store: Any = getattr(made, "_cache", None)
    stored = getattr(store, "_cache_file", None)
    if stored is not None and (stamp := stamp_of(Path(function.__code__.co_filename).parent)):
        stored._source_stamp = stamp
        store.load_overload = partial(_load, store)
    return cast(F, made)


def _load(store: Any, signature: Any, context: Any) -> Any:
    """Load a kernel from numba's cache; return None if it is not there.

    numba itself first imports all that it could compile, which takes 130 ms and 10 MB; what is
    compiled already needs only its runtime.
    """
    try:
        rtsys.initialize(context)
        return store._load_overload(signature, context)
    except Exception:  # numba's own way deals with what went wrong
        return type(store).load_overload(store, signature, context)


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
