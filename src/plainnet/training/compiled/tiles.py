"""Tiles of a matrix product in vector registers, written in the compiler's own language.

A tile of C is some rows and up to three vectors of columns. Its numbers stay in registers while k
runs: in each turn a few vectors of B and one number of each row of A are loaded, and

    C[i, j] ← C[i, j] + A[i, k] B[k, j]

is one instruction for a vector of columns. Each number of C is a sum over k in one order, whatever
tile it is in. So its bits depend neither on the tiles nor on who computes which of them.
Goto, van de Geijn: Anatomy of high-performance matrix multiplication (2008); B is packed only where
it is wide, for most products of a training step fit into a processor's own cache.

The compiler divides vectors where registers are shorter.
"""

# ruff: noqa: ARG001 - the compiler calls some functions with types

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils as untyped
from numba.core.registry import cpu_target
from numba.extending import intrinsic

LINE = 64
"""Bytes of a vector."""
cgutils: Any = untyped
BYTE, INT32, INT64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
WIDE = "+avx512f" in cpu_target.target_context.codegen().magic_tuple()[2]
"""Whether the processor has 32 registers of a whole vector."""
ROWS, VECTORS = (8, 3) if WIDE else (6, 1)
"""The largest tile: what it holds fits into the registers."""


def tile(rows: int, vectors: int) -> Callable[..., None]:
    """Return a function that computes a tile of so many rows and vectors.

    `function(A, B, C, b, i, j, n)` writes `C[i : i + rows, j : j + n] = A[i : i + rows] B[:, j : j
    + n] + b[j : j + n]`; rows of B and C are contiguous, and the last of the vectors may be longer
    than what is left of the n columns.
    """

    @intrinsic
    def of_tile(
        context: Any,
        A: Any,
        B: Any,
        C: Any,
        b: Any,
        i: Any,
        j: Any,
        n: Any,
    ) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            arrays = [
                context.make_array(kind)(context, builder, value)
                for kind, value in zip(signature.args[:4], given[:4], strict=True)
            ]
            code = _Tile(context.get_value_type(A.dtype), A.dtype.bitwidth // 8, rows, vectors)
            builder.call(code.function(builder.module), _places(builder, arrays, *given[4:]))
            return context.get_dummy_value()

        return types.void(A, B, C, b, types.intp, types.intp, types.intp), write

    return of_tile


def _places(builder: Any, arrays: Sequence[Any], i: Any, j: Any, n: Any) -> list[Any]:
    """Return the arguments of a tile's function for numbers from row i and column j on."""
    A, B, C, b = arrays
    down, right = cgutils.unpack_tuple(builder, A.strides)
    of_B, across = cgutils.unpack_tuple(builder, B.strides)
    of_C, _ = cgutils.unpack_tuple(builder, C.strides)
    _, K = cgutils.unpack_tuple(builder, A.shape)
    column = builder.mul(j, across)
    start, stop = builder.mul(i, down), builder.mul(i, of_C)
    at = [(A, start), (B, column), (C, builder.add(stop, column)), (b, column)]
    places = [
        builder.gep(builder.bitcast(array.data, BYTE.as_pointer()), [offset])
        for array, offset in at
    ]
    return [*places, down, right, of_B, of_C, K, n]


class _Tile:
    """The function of a tile.

    It is one for all arrays, so that the compiler need not write it for each place that calls it.

    Args:
        real: the type of the numbers.
        size: of a number, in bytes.
        rows: of the tile.
        vectors: of columns.
    """

    def __init__(self, real: Any, size: int, rows: int, vectors: int) -> None:
        self.real, self.size, self.rows, self.vectors = real, size, rows, vectors
        self.lanes = LINE // size
        self.vector = ir.VectorType(real, self.lanes)
        self.undefined = ir.Constant(self.vector, ir.Undefined)
        self.aligned = ir.Constant(INT32, size)

    def function(self, module: Any) -> Any:
        """Return the function in a module."""
        name = f"plainnet.tile.{self.rows}.{self.vectors}.{self.real}"
        if name in module.globals:
            return module.globals[name]
        kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer()] * 4 + [INT64] * 6)
        made = ir.Function(module, kind, name)
        made.linkage = "linkonce_odr"
        made.attributes.add("noinline")
        self.builder = ir.IRBuilder(made.append_basic_block("start"))
        self._write(*made.args)
        return made

    def _write(
        self,
        of_A: Any,
        of_B: Any,
        of_C: Any,
        of_b: Any,
        down: Any,
        right: Any,
        next_B: Any,
        next_C: Any,
        K: Any,
        n: Any,
    ) -> None:
        """Write the instructions: the first numbers of the tile, and the strides in bytes."""
        builder = self.builder
        self.mask = self._mask(builder.sub(n, _whole(self.lanes * (self.vectors - 1))))
        starts, place = [of_B], of_A
        for _ in range(self.rows):
            starts.append(place)
            place = builder.gep(place, [down])
        first = [self._load(of_b, v) for v in range(self.vectors)] * self.rows
        sums = self._loop(K, starts, [next_B] + [right] * self.rows, first)
        for r in range(self.rows):
            for v in range(self.vectors):
                self._store(sums[r * self.vectors + v], of_C, v)
            of_C = builder.gep(of_C, [next_C])
        builder.ret_void()

    def _loop(
        self, K: Any, starts: Sequence[Any], strides: Sequence[Any], first: Sequence[Any]
    ) -> list[Any]:
        """Return the sums over k; places in B and in rows of A begin at `starts`."""
        builder, before = self.builder, self.builder.block
        body, end = builder.append_basic_block("k"), builder.append_basic_block("end")
        builder.cbranch(builder.icmp_signed(">", K, _whole(0)), body, end)
        builder.position_at_end(body)
        k, places = builder.phi(INT64), [builder.phi(start.type) for start in starts]
        sums = [builder.phi(self.vector) for _ in first]
        after = self._add_products(places, sums)
        next_k = builder.add(k, _whole(1))
        moved = [builder.gep(at, [by]) for at, by in zip(places, strides, strict=True)]
        pairs = zip([k, *places, *sums], [_whole(0), *starts, *first], strict=True)
        for (phi, at_first), later in zip(pairs, [next_k, *moved, *after], strict=True):
            phi.add_incoming(at_first, before)
            phi.add_incoming(later, body)
        builder.cbranch(builder.icmp_signed("<", next_k, K), body, end)
        builder.position_at_end(end)
        results = [builder.phi(self.vector) for _ in first]
        for result, at_first, later in zip(results, first, after, strict=True):
            result.add_incoming(at_first, before)
            result.add_incoming(later, body)
        return results

    def _add_products(self, places: Sequence[Any], sums: Sequence[Any]) -> list[Any]:
        """Return the sums with the products of one k."""
        builder, (of_B, *of_A) = self.builder, places
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        multiply_add = self._function("fmuladd", "", kind)
        row = [self._load(of_B, v) for v in range(self.vectors)]
        after = []
        for r, place in enumerate(of_A):
            a = self._spread(builder.load(builder.bitcast(place, self.real.as_pointer())))
            for v, b in enumerate(row):
                after.append(builder.call(multiply_add, [a, b, sums[r * self.vectors + v]]))
        return after

    def _load(self, place: Any, v: int) -> Any:
        at, builder = self._of_vector(place, v), self.builder
        if v < self.vectors - 1:
            found = builder.load(at)
            found.align = self.size
            return found
        zeros = ir.Constant(self.vector, [0.0] * self.lanes)
        given = [at, self.aligned, self.mask, zeros]
        kind = ir.FunctionType(self.vector, [value.type for value in given])
        return builder.call(self._function("masked.load", ".p0", kind), given)

    def _store(self, value: Any, place: Any, v: int) -> None:
        at, builder = self._of_vector(place, v), self.builder
        if v < self.vectors - 1:
            builder.store(value, at).align = self.size
            return
        given = [value, at, self.aligned, self.mask]
        kind = ir.FunctionType(ir.VoidType(), [each.type for each in given])
        builder.call(self._function("masked.store", ".p0", kind), given)

    def _of_vector(self, place: Any, v: int) -> Any:
        at = self.builder.gep(place, [_whole(v * LINE)])
        return self.builder.bitcast(at, self.vector.as_pointer())

    def _function(self, name: str, ending: str, kind: Any) -> Any:
        full = f"llvm.{name}.v{self.lanes}f{self.size * 8}{ending}"
        return cgutils.get_or_insert_function(self.builder.module, kind, full)

    def _mask(self, left: Any) -> Any:
        """Return which numbers of the last vector there are."""
        numbers = ir.VectorType(INT32, self.lanes)
        limit = self._spread(self.builder.trunc(left, INT32), numbers)
        return self.builder.icmp_signed("<", ir.Constant(numbers, [*range(self.lanes)]), limit)

    def _spread(self, value: Any, kind: Any = None) -> Any:
        """Return a vector of one number."""
        undefined = ir.Constant(kind or self.vector, ir.Undefined)
        one = self.builder.insert_element(undefined, value, ir.Constant(INT32, 0))
        zeros = ir.Constant(ir.VectorType(INT32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, undefined, zeros)


def _whole(value: int) -> Any:
    return ir.Constant(INT64, value)
