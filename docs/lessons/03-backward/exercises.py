"""The checkers of lesson 3: which compare with finite differences."""

import math

import numpy as np

from plainnet.lessons.checking import case


def tried(f, x):
    """Return the gradient of the number f() with respect to the array x, by trying."""
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        held = x[place]
        x[place] = held + 1e-5
        up = f()
        x[place] = held - 1e-5
        gradient[place] = (up - f()) / 2e-5
        x[place] = held
    return gradient


def slope(f):
    def J(x):
        return x * x * math.sin(x) + 5 * x

    hint = (
        "Four arrows leave x: two into x², one into the sine, one into 5 x.",
        "x² 用了两次 x，sin 和 5 x 各用了一次。",
    )
    for x in (0.0, 1.0, -2.5):
        numeric = (J(x + 1e-5) - J(x - 1e-5)) / 2e-5
        case(f, x, gives=numeric, hint=hint, tolerance=1e-7)


def add_backward(f):
    dY = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]])
    hint = (
        "c has the shape (N, 1): keepdims=True keeps it.",
        "c 的形状是 (N, 1)，求和时用 keepdims=True。",
    )
    case(f, dY, gives=(dY, [0.0, 2.5, 7.0], [[6.0], [3.5]]), hint=hint)


def shares_backward(f):
    rng = np.random.default_rng(0)
    X, dY = rng.uniform(1, 2, (4, 3)), rng.standard_normal((4, 3))
    right = tried(lambda: (dY * X / X.sum(axis=1, keepdims=True)).sum(), X)
    hint = (
        "ds of a row is the sum of what all of its entries send to s.",
        "一行的 ds，是这一行所有元素传给 s 的梯度之和。",
    )
    case(f, X, dY, gives=right, hint=hint, tolerance=1e-7)


def gradients(f):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    parameters = [rng.standard_normal(shape) for shape in [(3, 4), (4,), (4, 2), (2,)]]
    W1, b1, W2, b2 = parameters

    def J():
        return np.mean((np.tanh(X @ W1 + b1) @ W2 + b2 - y) ** 2)

    right = tuple(tried(J, parameter) for parameter in parameters)
    hint = (
        "The mean is over all entries of Z, not only over the samples.",
        "平均是对 Z 的所有元素，而不只是对样本。",
    )
    case(f, X, y, *parameters, gives=right, hint=hint, tolerance=1e-7)
