"""The one form of arrays that the kernels are compiled for."""

import numpy as np
from numpy.typing import DTypeLike

from plainnet.network import Array


def as_compiled(A: Array, dtype: DTypeLike) -> Array:
    """Convert A to the one form that the kernels are compiled for; return A if it has that form."""
    A = np.ascontiguousarray(A, dtype)
    if A.flags.behaved:
        return A
    return np.asarray(_Writable(A)) if A.flags.aligned else A.copy()


class _Writable:
    """An array as one that may be written to, in the same memory: the kernels only read it."""

    def __init__(self, A: Array) -> None:
        self.A, (place, _) = A, A.__array_interface__["data"]
        self.__array_interface__ = {**A.__array_interface__, "data": (place, False)}
