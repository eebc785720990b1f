"""Loads numbers into the processor's cache before they are needed."""

# ruff: noqa: ARG001 - the compiler calls some functions with types

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils as of_pointers
from numba.extending import intrinsic

from plainnet.network.arrays import CACHE_LINE

cgutils: Any = of_pointers
MOST_LINES = 4
"""The most lines of a row: the processor itself finds the others."""


def _load_ahead(context: Any, X: Any, i: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(X)(context, builder, given[0])
        down, _ = cgutils.unpack_tuple(builder, array.strides)
        place = cgutils.pointer_add(builder, array.data, builder.mul(given[1], down))
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, *[number] * 3])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        how = [ir.Constant(number, value) for value in (0, 3, 1)]  # to read, often, numbers
        for line in range(MOST_LINES):
            at = cgutils.pointer_add(builder, place, ir.Constant(down.type, line * CACHE_LINE))
            builder.call(prefetch, [at, *how])
        return context.get_dummy_value()

    return types.void(X, types.intp), write


load_ahead: Any = intrinsic(_load_ahead)
"""`load_ahead(X, i)` begins to load the first lines of row i of a matrix."""
