"""The checkers of lesson 7."""

import numpy as np

from plainnet.lessons.checking import case, holds, result_of


def dropout(f):
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    U = np.array([[0.1, 0.3], [0.2, 0.9]])
    hint = (
        "What stays is divided by 1 − rate, and U ≥ rate stays.",
        "U ≥ rate 的留下，留下的要除以 1 − rate。",
    )
    case(f, X, 0.2, U, gives=np.array([[0.0, 2.5], [3.75, 5.0]]), hint=hint)
    case(f, X, 0.5, U, gives=np.array([[0.0, 0.0], [0.0, 8.0]]), hint=hint)


def step_with_decay(f):
    W, dW = np.array([[2.0, -1.0]]), np.array([[0.5, 0.0]])
    case(f, W, dW, 0.1, 0.0, gives=np.array([[1.95, -1.0]]))
    hint = (
        "The decay takes α λ of each weight, also where the gradient is 0.",
        "衰减取走每个权重的 α λ 倍，梯度为 0 的地方也一样。",
    )
    case(f, W, dW, 0.1, 0.2, gives=np.array([[1.91, -0.98]]), hint=hint)


def shifted(f):
    picture = np.arange(9.0).reshape(3, 3, 1)
    case(f, picture, 0, 0, gives=picture)
    down = np.array([[0, 1, 2], [0, 1, 2], [3, 4, 5]]).reshape(3, 3, 1)
    hint = (
        "What comes in at an edge repeats that edge; nothing comes round from the other side.",
        "移进来的地方重复边上的像素，不能从另一侧绕过来。",
    )
    case(f, picture, 1, 0, gives=down, hint=hint)
    left = np.array([[1, 2, 2], [4, 5, 5], [7, 8, 8]]).reshape(3, 3, 1)
    case(f, picture, 0, -1, gives=left, hint=hint)
    case(f, picture, 5, 5, gives=np.zeros((3, 3, 1)), hint=hint)


def normalized_backward(f):
    rng = np.random.default_rng(3)
    X, dY = rng.standard_normal((5, 2)), rng.standard_normal((5, 2))

    def forward(X):
        s = 1 / np.sqrt(X.var(axis=0) + 1e-5)
        return (X - X.mean(axis=0)) * s, s

    dX = np.asarray(result_of(f, (dY, *forward(X))), np.float64)
    holds(
        dX.shape == X.shape,
        f"normalized_backward should return the shape {X.shape}, but returned {dX.shape}.",
        f"normalized_backward 应返回形状 {X.shape}，实际为 {dX.shape}。",
    )
    for i, j in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[i, j] = 1e-6
        up, down = (np.sum(dY * forward(X + one)[0]) for one in (step, -step))
        tried = (up - down) / 2e-6
        holds(
            bool(np.isclose(dX[i, j], tried, atol=1e-4)),
            f"normalized_backward gives {dX[i, j]:.4f} at {i, j}, where trying gives {tried:.4f}. "
            "X acts on Y in three ways: directly, through the mean, through the variance.",
            f"normalized_backward 在 {i, j} 处得 {dX[i, j]:.4f}，动手试得 {tried:.4f}。"
            "X 通过三条路影响 Y：直接、经过均值、经过方差。",
        )
