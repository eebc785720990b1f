"""The checkers of lesson 9."""

import numpy as np

from plainnet.lessons.checking import case, holds, result_of


def overall(f):
    hint = (
        "Add up the new times of both parts, and divide the old time by them.",
        "把两部分的新时间加起来，再用原来的时间去除以它。",
    )
    case(f, 0.5, 2.0, gives=4 / 3, hint=hint)
    case(f, 0.9, 10.0, gives=100 / 19, hint=hint)
    case(f, 0.0, 50.0, gives=1.0, hint=hint)


def fewest_rows(f):
    hint = (
        "Solve 2 N k n / (4 (N k + k n + N n)) = peak / bandwidth for N, and round up.",
        "从 2 N k n / (4 (N k + k n + N n)) = peak / bandwidth 解出 N，再向上取整。",
    )
    case(f, 784, 256, 160e9, 20e9, gives=18, hint=hint)
    case(f, 300, 500, 40e9, 20e9, gives=5, hint=hint)
    never = (
        "For large N the intensity approaches k n / (2 (k + n)), which may lie below the ridge.",
        "N 很大时，算术强度趋近 k n / (2 (k + n))，它可能到不了屋脊。",
    )
    case(f, 16, 16, 160e9, 20e9, gives=0, hint=never)


class Watched(np.ndarray):
    """An array that records the sides of the matrices that are multiplied."""

    largest = 0

    def __array_ufunc__(self, ufunc, method, *given, out=(), **settings):
        plain = [np.asarray(one) for one in given]
        if ufunc is np.matmul:
            Watched.largest = max(Watched.largest, *(max(one.shape) for one in plain))
        if out:
            settings["out"] = tuple(np.asarray(one) for one in out)
        return getattr(ufunc, method)(*plain, **settings)


def product(f):
    A, B = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) - 5
    right = [[5.0, 8.0, 11.0, 14.0], [-4.0, 8.0, 20.0, 32.0]]
    hint = (
        "Add up the products along the inner side; the last tile of a side may be smaller.",
        "沿内侧那条边把乘积加起来；每条边的最后一块可以小一些。",
    )
    for tile in (1, 2, 5):
        case(f, A, B, tile, gives=right, hint=hint)
    Watched.largest = 0
    result_of(f, (A.view(Watched), B.view(Watched), 2))
    holds(
        Watched.largest <= 2,
        "product(A, B, 2) should multiply tiles of at most 2 × 2.",
        "product(A, B, 2) 每次相乘的块最大是 2 × 2。",
    )


def back(f):
    Q = np.array([[0.6, 0.0], [0.8, 0.0], [0.0, 1.0]])
    W0 = np.array([[1.0], [2.0], [3.0]])
    hint = (
        "Only the coordinates in the span have changed; what W0 has outside of it stays.",
        "变的只是张成空间里的坐标；W0 在它外面的部分原样保留。",
    )
    case(f, W0, Q, Q.T @ W0, gives=W0, hint=hint)
    case(f, W0, Q, np.array([[0.0], [5.0]]), gives=[[-0.32], [0.24], [5.0]], hint=hint)
