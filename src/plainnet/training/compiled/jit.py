"""The compiler of the kernels."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import numba

from plainnet.training.compiled import KernelError
from plainnet.training.compiled.libraries import KernelCompiler, PartCompiler, SeparatePartCompiler
from plainnet.training.compiled.storage import Store

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
    made = _jit(no_cfunc_wrapper=True, **given)(function)
    if hasattr(made, "_compiler"):  # with NUMBA_DISABLE_JIT it is the plain function
        Store(made)
        made._compile_for_args = partial(_compile_for, made)
    return cast(F, made)


def _compile_for(dispatcher: Any, *given: Any) -> Any:
    """Compile for the types of some arguments, and return what is to be called.

    Raises:
        KernelError: it fails.
    """
    try:
        return type(dispatcher)._compile_for_args(dispatcher, *given)
    except Exception as error:
        raise KernelError.of(error) from error


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
