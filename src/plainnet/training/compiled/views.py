"""Views of arrays that take a few instructions, at places that the caller has computed.

A slice of NumPy is limited to its array, and `reshape` checks the sizes: in kernels that is most of
what there is to compile. These views check nothing. So they are for memory whose size follows from
the sizes of the network.
"""

# ruff: noqa: ARG001 - the compiler calls some functions with types

from collections.abc import Callable, Sequence
from typing import Any

from numba import types
from numba.core import cgutils as of_pointers
from numba.extending import intrinsic

cgutils: Any = of_pointers
Place = tuple[Any, Sequence[Any], Sequence[Any]]
"""How many bytes a view is behind its array, its shape, and its strides in bytes."""
View = Callable[[Any, Sequence[Any], Sequence[Any], Sequence[Any]], Place]
"""`view(builder, shape, strides, given)` returns the place of a view, from those of its array."""


def _typed(A: Any, layout: Any, dimensions: int, view: View, *given: Any) -> Any:
    """Return the type of a view of A by whole numbers, and what writes its instructions."""
    returned: Any = types.Array(A.dtype, dimensions, layout)

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        from numba.np import arrayobj  # only if something is compiled

        arrays: Any = arrayobj
        array = context.make_array(A)(context, builder, values[0])
        sizes, bytes_apart = (
            cgutils.unpack_tuple(builder, each) for each in (array.shape, array.strides)
        )
        offset, shape, strides = view(builder, sizes, bytes_apart, values[1:])
        data = cgutils.pointer_add(builder, array.data, offset)
        made = context.make_array(returned)(context, builder)
        arrays.populate_array(made, data, shape, strides, array.itemsize, None)
        return made._getvalue()

    return returned(A, *[types.intp for _ in given]), write


def _vector(context: Any, A: Any, start: Any, stop: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        first, last = given
        return builder.mul(first, strides[0]), [builder.sub(last, first)], strides

    return _typed(A, "C", 1, view, start, stop)


def _matrix(context: Any, A: Any, start: Any, rows: Any, columns: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        (right,), (first, n, m) = strides, given
        return builder.mul(first, right), [n, m], [builder.mul(m, right), right]

    return _typed(A, "C", 2, view, start, rows, columns)


def _rows(context: Any, A: Any, start: Any, stop: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        first, last = given
        return builder.mul(first, strides[0]), [builder.sub(last, first), shape[1]], strides

    return _typed(A, A.layout, 2, view, start, stop)


def _columns(context: Any, A: Any, start: Any, stop: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        first, last = given
        return builder.mul(first, strides[1]), [shape[0], builder.sub(last, first)], strides

    return _typed(A, "A", 2, view, start, stop)


def _column(context: Any, A: Any, j: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        return builder.mul(given[0], strides[1]), shape[:1], strides[:1]

    return _typed(A, "A", 1, view, j)


def _flat(context: Any, A: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        rows, columns = shape
        return columns.type(0), [builder.mul(rows, columns)], strides[1:]

    return _typed(A, "C", 1, view)


def _row(context: Any, A: Any, i: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        return builder.mul(given[0], strides[0]), shape[1:], strides[1:]

    return _typed(A, "C", 1, view, i)


def _every(context: Any, A: Any, start: Any, step: Any) -> Any:
    def view(builder: Any, shape: Any, strides: Any, given: Any) -> Place:
        (rows, columns), (down, right), (first, by) = shape, strides, given
        n = builder.sdiv(rows, by)
        return builder.mul(first, down), [n, columns], [builder.mul(by, down), right]

    return _typed(A, "A", 2, view, start, step)


vector: Any = intrinsic(_vector)
"""`vector(A, start, stop)` returns a part of a contiguous vector."""
matrix: Any = intrinsic(_matrix)
"""`matrix(A, start, rows, columns)` returns numbers of a contiguous vector as a matrix."""
rows_of: Any = intrinsic(_rows)
"""`rows_of(A, start, stop)` returns rows of a matrix."""
columns_of: Any = intrinsic(_columns)
"""`columns_of(A, start, stop)` returns columns of a matrix."""
column: Any = intrinsic(_column)
"""`column(A, j)` returns a column of a matrix."""
flat: Any = intrinsic(_flat)
"""`flat(A)` returns all numbers of a contiguous matrix as a vector."""
row: Any = intrinsic(_row)
"""`row(A, i)` returns a row of a matrix, whose rows are contiguous."""
every: Any = intrinsic(_every)
"""`every(A, start, step)` returns each `step`-th row of a matrix, which has a multiple of them."""
