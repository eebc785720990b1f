"""The checkers of lesson 1."""

import numpy as np

from plainnet.lessons.checking import case


def stable_sigmoid(f):
    case(f, np.array([0.0, 2.0, -2.0]), gives=[0.5, 0.8807970779778823, 0.11920292202211755])
    hint = (
        "Take e to a power that is never positive, such as -|z|.",
        "只对不大于 0 的数取指数,例如 -|z|。",
    )
    case(f, np.array([-1000.0, 1000.0]), gives=[0.0, 1.0], hint=hint)


def stable_cost(f):
    half = np.log(2)
    case(f, np.array([0.0]), np.array([1.0]), gives=half)
    case(f, np.array([2.0, -1.0]), np.array([1.0, 1.0]), gives=0.7200948492305978)
    hint = (
        "ln(1 + e^z) is z + ln(1 + e^-z) where z is positive.",
        "z 为正时,ln(1 + e^z) 等于 z + ln(1 + e^-z)。",
    )
    case(f, np.array([-1000.0, 1000.0]), np.array([1.0, 1.0]), gives=500.0, hint=hint)
    case(f, np.array([1000.0, 1000.0]), np.array([0.0, 1.0]), gives=500.0, hint=hint)


def weighted_gradient(f):
    X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    a, y = np.array([0.3, 0.6, 0.9]), np.array([0.0, 1.0, 1.0])
    ones = np.ones(3)
    case(
        f, X, a, y, ones, gives=([-0.31666666666666665, 0.31666666666666665], -0.06666666666666667)
    )
    twice = np.array([0, 0, 1, 2])
    plain = X[twice].T @ (a - y)[twice] / 4, np.sum((a - y)[twice]) / 4
    hint = (
        "Divide by the sum of the weights, not by their number.",
        "应除以权重之和,而不是样本数。",
    )
    case(f, X, a, y, np.array([2.0, 1.0, 1.0]), gives=plain, hint=hint)


def baseline(f):
    case(f, np.array([1, 0, 1, 1, 0]), gives=0.6)
    hint = ("The more frequent answer can be 0, too.", "更常见的类别也可能是 0。")
    case(f, np.array([0, 0, 0, 1]), gives=0.75, hint=hint)
