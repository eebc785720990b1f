"""The compiler of the kernels."""

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.runtime.nrt import rtsys

from plainnet.training.compiled.libraries import KernelCompiler, PartCompiler, SeparatePartCompiler

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function at its first call, and store it on the disk for the next process.

    Other threads run meanwhile. What is stored is used while no module of the function's folder
    changes: numba itself looks at the function's own module only, and not at those of its parts.
    """
    return _stored(function)


def alone(part: Any) -> Any:
    """Compile and store a part for Python to call."""
    return _stored(part.py_func)


def kernel(function: F) -> F:
    """Compile and store a function that is made of many parts."""
    return _stored(function, pipeline_class=KernelCompiler)


def kernel_in_given_memory(function: F) -> F:
    """Compile and store a function of many parts that allocate no array.

    Views of arrays are not counted then, which takes a part of the compiler's time.
    """
    return _stored(function, pipeline_class=KernelCompiler, _nrt=False)


def _stored(function: F, **given: Any) -> F:
    made: Any = _jit(cache=True, no_cfunc_wrapper=True, **given)(function)
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
    """Compile a function that only compiled ones call, stored with them.

    It stays a function of its own, so that the compiler optimizes it once.
    """
    return _part(function, pipeline_class=SeparatePartCompiler)


def small(function: F) -> F:
    """Compile a part that is so small that it may become a piece of those that call it."""
    return _part(function, pipeline_class=PartCompiler)


def reordered(function: F) -> F:
    """Compile a part whose sums may be in any order, but in the same one each time."""
    return _part(function, pipeline_class=SeparatePartCompiler, fastmath={"reassoc", "contract"})


def inlined(function: F) -> F:
    """Compile a function as if it were written in each place that calls it."""
    return cast(F, _jit(inline="always")(function))


def _part(function: F, **given: Any) -> F:
    return cast(F, _jit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **given)(function))


def _jit(**given: Any) -> Any:
    return numba.njit(error_model="numpy", nogil=True, **given)
