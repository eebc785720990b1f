"""The checkers of lesson 4."""

import numpy as np

from plainnet.lessons.checking import case, holds, result_of


def leaky_size(f):
    case(f, 50, 0.0, gives=0.2, hint=("At s = 0 it is He's √(2/n).", "s = 0 时就是 He 的 √(2/n)。"))
    case(f, 100, 1.0, gives=0.1, hint=("At s = 1 nothing is lost.", "s = 1 时什么也没有损失。"))
    hint = (
        "Half of the inputs keep their square, half have it times s².",
        "一半输入的平方不变，另一半要乘上 s²。",
    )
    case(f, 40, 0.5, gives=0.2, hint=hint)


def glorot_limit(f):
    hint = ("Solve a² / 3 = 2 / (n_in + n_out).", "解方程 a² / 3 = 2 / (n_in + n_out)。")
    case(f, 4, 2, gives=1.0, hint=hint)
    case(f, 300, 300, gives=0.1, hint=hint)


def dead_units(f):
    Z = np.array([[-1.0, 2.0, 0.0, -3.0], [-2.0, -1.0, 0.0, 0.5]])
    hint = (
        "A unit is a column, and what is exactly 0 stays 0.",
        "一列是一个单元；恰好等于 0 的也算。",
    )
    case(f, Z, gives=2, hint=hint)
    case(f, np.ones((3, 5)), gives=0)


def orthogonal(f):
    A = np.random.default_rng(2).standard_normal((5, 5))
    W = np.asarray(result_of(f, (A,)), np.float64)
    holds(
        W.shape == (5, 5) and np.allclose(W.T @ W, np.eye(5)),
        "orthogonal(A): Wᵀ W should be 1.",
        "orthogonal(A)：Wᵀ W 应为单位矩阵。",
    )
    R = W.T @ A
    holds(
        np.allclose(np.tril(R, -1), 0, atol=1e-9) and (np.diag(R) > 0).all(),
        "orthogonal(A): Wᵀ A should be an upper triangle with a positive diagonal.",
        "orthogonal(A)：Wᵀ A 应为对角线全正的上三角矩阵。",
    )
