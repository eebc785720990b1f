"""The checkers of lesson 5."""

import numpy as np

from plainnet.lessons.checking import case, holds, result_of


def nesterov_step(f):
    theta, v, g = np.array([1.0, -2.0]), np.array([0.5, 0.0]), np.array([2.0, 1.0])
    hint = ("Use the new v in the second line, too.", "第二行也要用新的 v。")
    right = [1.0 - 0.1 * (2.0 + 0.9 * 2.45), -2.0 - 0.1 * (1.0 + 0.9)], [2.45, 1.0]
    case(f, theta, v, g, 0.1, 0.9, gives=right, hint=hint)
    case(f, theta, v, g, 0.1, 0.0, gives=([0.8, -2.1], [2.0, 1.0]))
    given = [theta.copy(), v.copy(), g.copy()]
    f(*given, 0.1, 0.9)
    holds(
        all(np.array_equal(one, old) for one, old in zip(given, (theta, v, g))),
        "nesterov_step should not change the arrays that it is given; `v = …` makes a new one.",
        "nesterov_step 不应改动传进来的数组；`v = …` 会新建一个。",
    )


def largest_rate(f):
    case(f, np.diag([1.0, 50.0]), gives=0.04)
    hint = ("The curvature is the largest eigenvalue of H.", "曲率就是 H 的最大特征值。")
    case(f, np.array([[2.0, 1.0], [1.0, 2.0]]), gives=2 / 3, hint=hint)


def cosine(f):
    case(f, 0.3, 100, 0, gives=0.3)
    case(f, 0.3, 100, 50, gives=0.15)
    case(f, 0.3, 120, 40, gives=0.225)
    hint = ("It stays at 0 when the steps are over.", "步数用完之后保持为 0。")
    case(f, 0.3, 100, 150, gives=0.0, hint=hint)


def clipped(f):
    case(f, np.array([3.0, 4.0]), 1.0, gives=[0.6, 0.8])
    case(f, np.array([3.0, 4.0]), 10.0, gives=[3.0, 4.0])
    hint = ("The norm of a zero gradient is 0.", "零梯度的范数是 0。")
    case(f, np.zeros(3), 1.0, gives=[0.0, 0.0, 0.0], hint=hint)
    norm = np.linalg.norm(result_of(f, (np.full(100, 7.0), 2.0)))
    holds(
        abs(norm - 2) < 1e-9,
        f"clipped(g, 2.0) should have the norm 2, but has {norm:.6f}.",
        f"clipped(g, 2.0) 的范数应为 2，实际为 {norm:.6f}。",
    )
