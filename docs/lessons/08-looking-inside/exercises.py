"""The checkers of lesson 8."""

import numpy as np

from plainnet.lessons.checking import case


def input_gradient(f):
    x = np.array([1.0, 2.0])
    W1 = np.array([[1.0, -2.0, 0.5], [0.5, 1.0, -1.0]])
    b1, W2 = np.array([0.0, 0.5, 0.0]), np.array([[1.0], [-1.0], [2.0]])
    hint = (
        "Go back as in lesson 3, but to x: a unit that is 0 lets nothing through.",
        "像第 3 课那样往回走，只是要走到 x：等于 0 的单元什么也不放过去。",
    )
    case(f, x, W1, b1, W2, gives=np.array([3.0, -0.5]), hint=hint)
    case(f, -x, W1, b1, W2, gives=np.array([3.0, -3.0]), hint=hint)


def occlusion(f):
    def total(picture):
        return float(np.sum(picture))

    def first(picture):
        return 3 * float(picture[0, 0, 0])

    picture = np.arange(16.0).reshape(4, 4, 1)
    hint = (
        "A fall is the score of the whole picture minus that of the covered one.",
        "下降量是原图的得分减去遮住之后的得分。",
    )
    case(f, total, picture, 2, gives=np.array([[10.0, 18.0], [42.0, 50.0]]), hint=hint)
    case(f, first, picture + 1, 2, gives=np.array([[3.0, 0.0], [0.0, 0.0]]), hint=hint)


def as_bytes(f):
    hint = (
        "0 becomes 128 in every picture, or two pictures cannot be compared.",
        "每张图里 0 都要变成 128，否则两张图没法比较。",
    )
    case(f, np.array([[0.0, 2.0], [-2.0, 1.0]]), gives=np.array([[128, 255], [1, 192]]), hint=hint)
    case(f, np.array([[0.0, -4.0, 1.0]]), gives=np.array([[128, 1, 160]]), hint=hint)


def surest_mistakes(f):
    p = np.array([0.9, 0.8, 0.4, 0.05, 0.6, 0.99])
    y = np.array([1, 0, 1, 1, 0, 1])
    hint = (
        "The surest is farthest from ½, on the wrong side; right answers do not count.",
        "最自信的错误离 ½ 最远，而且站错了边；答对的不算。",
    )
    case(f, p, y, 2, gives=np.array([3, 1]), hint=hint)
    case(f, p, y, 4, gives=np.array([3, 1, 2, 4]), hint=hint)
    case(f, p, y, 9, gives=np.array([3, 1, 2, 4]))
