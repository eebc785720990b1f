"""The checkers of lesson 2."""

import numpy as np

from plainnet.lessons.checking import case


def count_parameters(f):
    case(f, [3, 1], gives=4, hint=("Every unit has a bias, too.", "每个单元还有一个偏置。"))
    case(f, [2, 4, 3], gives=27)
    case(f, [12288, 100, 20, 1], gives=1230941)


def linear_backward_rows(f):
    dZ = np.array([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]])
    X = np.array([[1.0, 2.0, 0.0, -1.0], [0.0, 1.0, 3.0, 1.0], [2.0, 2.0, 1.0, 0.0]])
    W = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0], [1.0, 1.0]])
    dX = [[1.0, 1.0, 1.0, 0.0], [0.5, 3.0, -2.0, 2.5], [0.0, 1.0, -1.0, 1.0]]
    dW = [[1.0, 1.0], [2.5, 2.0], [1.5, 7.0], [-0.5, 3.0]]
    hint = (
        "The three are dX, dW, db, in this order; dZ has been divided by N already.",
        "按 dX、dW、db 的次序返回；dZ 已经除过 N。",
    )
    case(f, dZ, X, W, gives=(dX, dW, [1.5, 2.0]), hint=hint)


def balanced_accuracy(f):
    y = np.array([1, 1, 1, 0, 0])
    case(f, np.array([True, True, False, False, False]), y, gives=5 / 6)
    hint = ("Each class counts one half.", "每个类别各占一半。")
    case(f, np.array([True] * 5), y, gives=0.5, hint=hint)
    case(f, np.array([False, False, False, True, True]), y, gives=0.0)


def pairs_in_order(f):
    case(f, np.array([0.9, 0.2, 0.1]), np.array([1, 0, 0]), gives=1.0)
    case(f, np.array([0.9, 0.2, 0.5, 0.3]), np.array([1, 1, 0, 0]), gives=0.5)
    hint = ("A tie counts one half.", "相等的算半对。")
    case(f, np.array([0.4, 0.4, 0.4]), np.array([1, 0, 0]), gives=0.5, hint=hint)
